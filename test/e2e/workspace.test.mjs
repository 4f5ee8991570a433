// The workspace as a person meets it in Chromium, beyond what defects.test.mjs covers: links, words
// about the state of things, the textarea's finer points, trouble.
import assert from 'node:assert/strict';
import { after, test as plainTest } from 'node:test';
import { noChromium } from './lib/chromium.mjs';
import { until } from './lib/cleanup.mjs';
import { openBed } from './lib/pages.mjs';
import { havePage, haveProgram } from './lib/program.mjs';

const skip = noChromium || (!(havePage && haveProgram) && 'not built: run ./dev build');
const test = (name, body) => plainTest(name, { skip, timeout: 180_000 }, body);
const bed = skip ? undefined : await openBed({ after });
const area = `document.querySelector('[data-testid="textarea"]')`;
const text = `window.lorikeet.doc.getText('editor-buffer')`;

/** Edits the document of `tab` past its editor. */
const edit = (tab, source) => tab.evaluate(`void lorikeet.session.edit(() => ${source})`);

test('without a link there is a new one, to be copied', async (t) => {
    const tab = await bed.open(t, `${bed.url}/`);
    assert.match(new URL(tab.page.url()).hash, /^#\/[\w-]{22}\?k=[\w-]{43}$/);
    await tab.says('status', 'live');
    assert.equal(await tab.text('peers'), '0');
    await tab.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await tab.click('copy');
    await tab.page.getByRole('button', { name: 'Copied' }).waitFor();
    assert.equal(await tab.evaluate('navigator.clipboard.readText()'), tab.page.url());
    const other = await bed.open(t, `${bed.url}/`);
    assert.notEqual(other.page.url(), tab.page.url());
    await tab.reload();
    const copy = tab.page.getByRole('button', { name: 'Copy link' });
    assert.equal(await copy.isVisible(), false, 'it is no longer new');
    await tab.page.getByRole('button', { name: 'Share' }).click();
    assert.equal(await copy.isVisible(), true);
});

test('a damaged link opens nothing and says so', async (t) => {
    const tab = await bed.open(t, bed.link());
    await tab.page.goto('about:blank');
    await tab.page.goto(bed.link().slice(0, -1));
    await tab.page.getByText('This link is damaged').waitFor();
    assert.equal(await tab.page.locator('[data-testid="editor"]').count(), 0);
    assert.equal(await tab.evaluate('window.lorikeet === undefined'), true);
});

test('the title is one for all, and the caret in it stays', async (t) => {
    const [a, b] = await bed.pair(t);
    const title = (tab) => tab.page.locator('[data-testid="title"]');
    await title(a).fill('Shopping');
    await b.says('title', 'Shopping');
    await until(
        'the name of the tab',
        async () => (await b.page.title()) === 'Shopping - Lorikeet',
    );
    await title(b).focus();
    await b.press('Home');
    await title(a).fill('Shopping list');
    await b.says('title', 'Shopping list');
    await b.type('My ');
    await a.says('title', 'My Shopping list');
});

test('documents of this device are listed by title', async (t) => {
    const first = await bed.open(t, bed.link());
    await first.page.locator('[data-testid="title"]').fill('Kept for later');
    await first.write('text');
    const second = await bed.open(t, bed.link(), 'editor', { beside: first });
    const entry = second.page.getByRole('link', { name: 'Kept for later' });
    await second.page.locator('#menu summary').click();
    await entry.click();
    await second.shows('text');
});

test('what nobody else has is counted, also after a reload', async (t) => {
    const link = bed.link();
    const a = await bed.open(t, link);
    await a.says('unsynced', 'all changes synced');
    await a.write('ab');
    await a.says('unsynced', '2 changes not yet with anyone');
    await a.reload();
    await a.says('unsynced', '2 changes not yet with anyone');
    const b = await bed.open(t, link);
    await b.shows('ab');
    await a.says('unsynced', 'all changes synced');
    await a.reload();
    await a.shows('ab');
    await a.says('unsynced', 'all changes synced');
});

test('a tab that is closed right after a key loses nothing', async (t) => {
    const link = bed.link();
    const first = await bed.open(t, link);
    await first.write('and the last key');
    await first.page.close();
    const second = await bed.open(t, link, 'editor', { beside: first });
    await second.shows('and the last key');
});

test('two tabs of one browser share a document and its storage', async (t) => {
    const link = bed.link();
    const a = await bed.open(t, link);
    const b = await bed.open(t, link, 'editor', { beside: a });
    await b.says('peers', '1');
    await a.write('one');
    await b.shows('one');
    for (let i = 0; i < 300; i += 1) await edit(i % 2 ? a : b, `${text}.insert(0, "x")`);
    for (const tab of [a, b]) await tab.shows(`${'x'.repeat(300)}one`);
    const rows = `new Promise((resolve) => {
        indexedDB.open('lorikeet').onsuccess = ({ target: { result } }) => {
            result.transaction('rows').objectStore('rows').count().onsuccess = (event) =>
                resolve(event.target.result);
        };
    })`;
    await until('rows to be folded', async () => (await a.evaluate(rows)) < 600);
    await a.page.close();
    await b.reload();
    await b.shows(`${'x'.repeat(300)}one`);
});

test('two tabs of one browser hear each other without any network', async (t) => {
    const link = bed.link();
    const a = await bed.open(t, link);
    const b = await bed.open(t, link, 'textarea', { beside: a });
    await bed.stop();
    for (const tab of [a, b]) {
        await tab.reload();
        await tab.says('status', 'offline');
    }
    try {
        await a.write('from a');
        await b.shows('from a');
        await b.says('unsynced', '6 changes not yet with anyone');
        await b.focus();
        await b.press('Control+End');
        await b.type(' and b');
        await a.shows('from a and b');
        await a.evaluate(`{
            window.own = BroadcastChannel.prototype.postMessage;
            BroadcastChannel.prototype.postMessage = () => {};
        }`);
        await a.caret(0);
        await a.type('unheard, ');
        await a.evaluate('void (BroadcastChannel.prototype.postMessage = window.own)');
        await a.type('heard, ');
        for (const tab of [a, b]) await tab.shows('unheard, heard, from a and b');
    } finally {
        await bed.start();
    }
    for (const tab of [a, b]) await tab.says('peers', '1');
    await a.says('unsynced', 'all changes synced');
});

test('a textarea keeps selection and scroll through edits around and inside them', async (t) => {
    const [a, b] = await bed.pair(t, ['textarea', 'textarea']);
    const lines = Array.from({ length: 200 }, (_, i) => `line ${i}`).join('\n');
    await a.paste(lines);
    await b.shows(lines);
    const selection = () => a.evaluate(`[${area}.selectionStart, ${area}.selectionEnd]`);
    await a.evaluate(`${area}.setSelectionRange(10, 20, 'backward')`);
    await a.evaluate(`void (${area}.scrollTop = 700)`);
    const scroll = await a.evaluate(`${area}.scrollTop`);
    await edit(b, `${text}.insert(0, 'four')`);
    await until('an edit before', async () => (await selection()).join() === '14,24');
    await edit(b, `${text}.insert(24, 'at the end of it')`);
    await edit(b, `${text}.insert(18, '--')`);
    await until('an edit inside', async () => (await selection()).join() === '14,26');
    await edit(b, `${text}.delete(10, 8)`);
    await until('an edit across its start', async () => (await selection()).join() === '10,18');
    assert.equal(await a.evaluate(`${area}.selectionDirection`), 'backward');
    assert.equal(await a.evaluate(`${area}.scrollTop`), scroll);
});

test('a textarea tells equal letters apart by the caret', async (t) => {
    const [a, b] = await bed.pair(t, ['textarea', 'textarea']);
    await a.write('aaaa');
    await b.shows('aaaa');
    await b.evaluate(`${area}.setSelectionRange(2, 2)`);
    await a.caret(1);
    await a.type('a');
    await b.shows('aaaaa');
    assert.equal(await b.evaluate(`${area}.selectionStart`), 3, 'it came before the other caret');
    await a.caret(4);
    await a.type('a');
    await b.shows('aaaaaa');
    assert.equal(await b.evaluate(`${area}.selectionStart`), 3, 'and now after it');
});

for (const kind of ['editor', 'textarea']) {
    test(`others get a key before the page is laid out with it (${kind})`, async (t) => {
        const [a, b] = await bed.pair(t, [kind, kind]);
        await a.write('x');
        await b.shows('x');
        await a.page.waitForTimeout(300); // until it is told where the caret is, too
        await a.evaluate(`addEventListener('input', () => {
            window.sentBefore = window.seen.sent.length;
        }, true)`);
        const before = await a.seen('sent.length');
        await a.type('y');
        assert.equal(await a.evaluate('window.sentBefore'), before + 1);
        await b.shows('xy');
    });
}

test('a key that comes out otherwise than foreseen is put right', async (t) => {
    const [a, b] = await bed.pair(t, ['textarea', 'editor']);
    await a.write('one ');
    await a.evaluate(`addEventListener('input', () => {
        ${area}.value = ${area}.value.toUpperCase();
    }, true)`);
    await a.type('two');
    for (const tab of [a, b]) await tab.shows('ONE TWO');
    await a.evaluate(`void (${area}.maxLength = 8)`);
    await a.type('345');
    await a.press('Backspace');
    for (const tab of [a, b]) await tab.shows('ONE TWO');
});

test('characters beyond 16 bits stay whole', async (t) => {
    const [a, b] = await bed.pair(t, ['textarea', 'editor']);
    await a.paste('x😀y');
    await b.shows('x😀y');
    await a.caret(1);
    await a.select(1);
    await a.paste('😁');
    await b.shows('x😁y');
    await b.caret(2);
    await b.press('Backspace');
    for (const tab of [a, b]) await tab.shows('xy');
});

for (const kind of ['editor', 'textarea'])
    test(`line ends of other systems are kept, and positions fit (${kind})`, async (t) => {
        const tab = await bed.open(t, bed.link(), kind);
        await edit(tab, `${text}.insert(0, 'one\\r\\ntwo\\r\\nthree')`);
        await tab.focus();
        await tab.press('Control+End');
        await tab.type('!');
        await tab.press('Control+Home');
        await tab.type('?');
        assert.equal(await tab.evaluate(`${text}.toString()`), '?one\r\ntwo\r\nthree!');
        await tab.press('Control+z');
        await tab.press('Control+z');
        await until('undo', async () =>
            ['one\r\ntwo\r\nthree', ''].includes(await tab.evaluate(`${text}.toString()`)),
        );
    });

test('a composition survives the deletion of everything around it', async (t) => {
    const [a, b] = await bed.pair(t, ['textarea', 'textarea']);
    const devtools = await a.devtools();
    const compose = (text) =>
        devtools.send('Input.imeSetComposition', { text, selectionStart: 1, selectionEnd: 1 });
    await a.write('12');
    await a.caret(1);
    await compose('x');
    await b.shows('1x2');
    await edit(b, `${text}.delete(2, 1)`);
    await edit(b, `${text}.delete(0, 1)`);
    await edit(b, `${text}.insert(0, 'new ')`);
    await b.shows('new x');
    assert.equal(await a.read(), '1x2', 'left alone');
    await compose('y');
    await devtools.send('Input.insertText', { text: 'z' });
    for (const tab of [a, b]) await tab.shows('new z');
});

test('a commit made by hand reaches the editor and everyone', async (t) => {
    const [a, b] = await bed.pair(t);
    await a.evaluate(`{ ${text}.insert(0, 'by hand'); lorikeet.doc.commit(); }`);
    for (const tab of [a, b]) await tab.shows('by hand');
});

test('the server dies: those who talk go on, newcomers wait for it', async (t) => {
    const [a, b, link] = await bed.pair(t);
    await bed.stop();
    await a.write('without a server');
    await b.shows('without a server');
    await a.says('status', 'live');
    await bed.start();
    const c = await bed.open(t, link);
    await c.shows('without a server');
    for (const tab of [a, b, c]) await tab.says('peers', '2');
    await c.write('c ');
    for (const tab of [a, b, c]) await tab.shows('c without a server');
});

test('a channel that dies without a word is replaced', async (t) => {
    const [a, b] = await bed.pair(t);
    await a.write('before');
    await b.shows('before');
    await b.evaluate('seen.channels.at(-1).close()');
    await a.caret(0);
    await a.type('and after, ');
    await b.shows('and after, before');
    for (const tab of [a, b]) await tab.says('peers', '1');
});

test('without a database the page says so and goes on', async (t) => {
    const [a, , link] = await bed.pair(t);
    const context = a.page.context();
    await context.addInitScript(() => {
        IDBFactory.prototype.open = () => {
            throw new DOMException('not in this window', 'SecurityError');
        };
    });
    await a.reload();
    await a.page.getByText('does not let the page keep documents').waitFor();
    await a.says('peers', '1');
    await a.write('still here');
    const c = await bed.open(t, link);
    await c.shows('still here');
});

test('a damaged row costs its content, not the document', async (t) => {
    const tab = await bed.open(t, bed.link());
    await tab.write('whole');
    await tab.evaluate(`new Promise((resolve) => {
        indexedDB.open('lorikeet').onsuccess = ({ target: { result } }) => {
            const transaction = result.transaction('rows', 'readwrite');
            const room = location.hash.slice(2).split('?')[0];
            transaction.objectStore('rows').add({ room, bytes: new Uint8Array([1, 2, 3]) });
            transaction.oncomplete = () => resolve();
        };
    })`);
    await tab.reload();
    await tab.page.getByText('is damaged').waitFor();
    await tab.shows('whole');
});

test('without WebRTC one writes alone, and is told so', async (t) => {
    const [a, b] = await bed.pair(t);
    await a.page.context().addInitScript(() => delete window.RTCPeerConnection);
    await a.reload();
    await a.page.getByText('WebRTC is turned off').waitFor();
    await a.says('status', 'connecting');
    await a.write('alone');
    await a.says('unsynced', '5 changes not yet with anyone');
    await b.says('peers', '0');
    assert.deepEqual(a.errors, []);
});

test('when storage is full the page says so, and writes it all once there is room', async (t) => {
    const tab = await bed.open(t, bed.link());
    await tab.write('stored');
    await tab.evaluate(`{
        window.own = IDBObjectStore.prototype.add;
        IDBObjectStore.prototype.add = () => {
            throw new DOMException('no room', 'QuotaExceededError');
        };
    }`);
    await tab.type(' not stored');
    await tab.page.getByText('no room left').waitFor();
    await tab.evaluate(`void (IDBObjectStore.prototype.add = window.own)`);
    await tab.type('!');
    await tab.reload();
    await tab.shows('stored not stored!');
});
