// What a browser keeps of a document: read again with care, whatever became of it, and never acknowledged
// before it is kept. CRASHES=n kills each browser so often (`./dev soak kills`).
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import path from 'node:path';
import { after, test as plainTest } from 'node:test';
import { chromiumTab, noChromium } from './lib/chromium.mjs';
import { scratchFolder, sleep, until } from './lib/cleanup.mjs';
import { firefoxTab, noFirefox } from './lib/firefox.mjs';
import { havePage, haveProgram, join, newLink, serve } from './lib/program.mjs';

const CRASHES = Number(process.env.CRASHES ?? 3);
const browsers = [
    ['Chromium', noChromium, chromiumTab],
    ['Firefox', noFirefox, firefoxTab],
];
const notBuilt = !(havePage && haveProgram) && 'not built: run ./dev build';
const test = (name, skip, body) =>
    plainTest(name, { skip: skip || notBuilt, timeout: 180_000 + CRASHES * 30_000 }, body);
const server = notBuilt ? undefined : await serve({ after });
const at = scratchFolder({ after });

/** An expression: `body`, which has `rows`, the room's rows as {id, room, bytes}, done in one transaction. */
const withRows = (body) => `new Promise((resolve, reject) => {
    const room = location.hash.slice(2).split('?')[0];
    indexedDB.open('lorikeet').onsuccess = ({ target: { result: database } }) => {
        const transaction = database.transaction('rows', 'readwrite');
        const store = transaction.objectStore('rows');
        const rows = [];
        let value;
        store.openCursor().onsuccess = ({ target: { result: cursor } }) => {
            if (cursor) {
                if (cursor.value.room.endsWith(room)) rows.push({ id: cursor.key, ...cursor.value });
                return cursor.continue();
            }
            value = (() => { ${body} })();
        };
        transaction.oncomplete = () => { database.close(); resolve(value); };
        transaction.onabort = () => reject(transaction.error);
    };
})`;
const aside = withRows(`return rows.filter((row) => row.room === 'damaged/' + room).length`);
const kept = withRows(`return rows.filter((row) => row.room === room).length`);
const setText = (text) =>
    `void lorikeet.session.edit(() => lorikeet.doc.getText('editor-buffer').update(${JSON.stringify(text)}))`;
const docText = `lorikeet.doc.getText('editor-buffer').toString()`;
const trouble = `document.getElementById('trouble').hidden
    ? '' : document.getElementById('trouble').textContent`;

const opened = (tab) => until('the page', () => tab.evaluate('!!window.lorikeet'));
const says = (tab, text) => until(text, async () => (await tab.evaluate(docText)) === text);
async function again(tab) {
    await tab.evaluate('void (window.lorikeet = null)');
    await tab.evaluate('void location.reload()').catch(() => {});
    await opened(tab);
}

for (const [name, skip, open] of browsers) {
    test(`damaged rows are set aside, and what they held comes back (${name})`, skip, async (t) => {
        const link = newLink(server.url);
        const data = path.join(at, `${name}.data`);
        const tab = await open(t, link);
        await opened(tab);
        // A row for each; each is by a writer of its own, which knows those before.
        const texts = ['one ', 'one two ', 'one two three ', 'one two three four '];
        for (const text of texts) {
            await tab.evaluate(setText(text));
            await until('a row', async () => (await tab.evaluate(kept)) >= texts.indexOf(text) + 1);
            await again(tab);
        }
        const keeper = join(t, link, undefined, { data });
        await keeper.line(/^synced$/);
        await keeper.stop();

        await tab.evaluate(withRows(`
            rows[2].bytes[rows[2].bytes.length - 1] ^= 1;
            store.put({ room, bytes: rows[2].bytes }, rows[2].id);
            store.add({ room, bytes: 'no bytes' });
            store.add({ room, bytes: new Uint8Array(0) });
        `));
        await again(tab);
        assert.match(await tab.evaluate(trouble), /is damaged.*set aside.*comes back/);
        assert.equal(await tab.evaluate(docText), 'one two ', 'what can be read');
        await until('rows to be set aside', async () => (await tab.evaluate(aside)) === 3);
        // What waits for its past outlives a folding of all other rows.
        for (let i = 0; i < 300; i++)
            await tab.evaluate(`void lorikeet.session.edit(() => lorikeet.doc.getMap('m').set('i', ${i}))`);
        await until('rows to be folded', async () => (await tab.evaluate(kept)) < 260);
        await again(tab);
        assert.equal(await tab.evaluate(trouble), '', 'what is aside is in nobody\'s way');
        assert.equal(await tab.evaluate(docText), 'one two ');

        const helper = join(t, link, undefined, { data });
        await says(tab, texts[3]);
        await helper.line(/^synced$/);
        await helper.stop();
        await again(tab);
        await says(tab, texts[3]);
        assert.equal(await tab.evaluate(`lorikeet.doc.getMap('m').get('i')`), 299);
        assert.equal(await tab.evaluate(aside), 3);
    });

    test(`a browser that is killed has kept what it acknowledged (${name})`, skip, async (t) => {
        const link = newLink(server.url);
        const profile = scratchFolder(t);
        const file = path.join(at, `${name}.txt`);
        fs.writeFileSync(file, 'begun\n');
        const a = join(t, link, file, { data: path.join(at, `${name}.kills`) });
        let tab = await open(t, link, { profile });
        await opened(tab);
        await says(tab, 'begun\n');
        for (let round = 0; round < CRASHES; round++) {
            const from = a.lines.length;
            fs.writeFileSync(file, `${fs.readFileSync(file, 'utf8')}round ${round}\n`);
            const acknowledged = fs.readFileSync(file, 'utf8');
            await says(tab, acknowledged);
            await a.line(/^synced$/, { from });
            // Many rows at once, so that they are folded, again and again, while it dies.
            tab.evaluate(`(async () => {
                for (let i = 0; i < 5000; i++) {
                    lorikeet.session.edit(() => lorikeet.doc.getMap('m').set('i', i));
                    if (i % 20 === 0) await new Promise((wake) => setTimeout(wake));
                }
            })()`).catch(() => {});
            await sleep(100 + ((round * 137) % 400));
            await tab.kill();

            a.process.kill('SIGSTOP'); // nobody is there to give it back
            tab = await open(t, link, { profile });
            await opened(tab);
            const said = await tab.evaluate(trouble);
            // Chromium throws its whole database away where a write was torn. Then the page says so.
            const lost = name === 'Chromium' && /has lost what it kept/.test(said);
            if (lost) t.diagnostic(`round ${round}: the browser threw its database away`);
            else assert.equal(said, '');
            assert.equal(await tab.evaluate(docText), lost ? '' : acknowledged);
            a.process.kill('SIGCONT');
            if (lost) await says(tab, acknowledged);
        }
        await until('all to be synced', async () => (await tab.text('unsynced')) === 'all changes synced');
        await a.stop();
    });
}

test('no room: the page says so, keeps on, and stores it all once there is (Chromium)', noChromium, async (t) => {
    const link = newLink(server.url);
    const tab = await chromiumTab(t);
    const devtools = await tab.page.context().newCDPSession(tab.page);
    const quota = (quotaSize) =>
        devtools.send('Storage.overrideQuotaForOrigin', { origin: server.url, quotaSize });
    // From the beginning: Chromium remembers for half a minute how much room there was.
    await quota(1);
    await tab.goto(link);
    await opened(tab);
    await tab.evaluate(setText('there is no room\n'));
    await until('the page to say so', async () => /no room left/.test(await tab.evaluate(trouble)));
    const b = join(t, link, undefined, { data: path.join(at, 'quota.data') });
    await b.line(/^synced$/); // what a peer acknowledges is safe with it
    await quota();
    await until('the page to be content', async () => (await tab.evaluate(trouble)) === '');
    await b.stop();
    await again(tab);
    await says(tab, 'there is no room\n');
});
