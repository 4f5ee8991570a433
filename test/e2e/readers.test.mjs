// Links to read: who has one follows and gives on what others wrote, and whatever it does, pages, programs
// and other readers have nothing of it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import path from 'node:path';
import { after, test as plainTest } from 'node:test';
import { noChromium } from './lib/chromium.mjs';
import { scratchFolder, sleep, until } from './lib/cleanup.mjs';
import { openBed } from './lib/pages.mjs';
import { Child, filePeer, havePage, haveProgram, join, program } from './lib/program.mjs';
import { finish } from './lib/socket.mjs';

const skip = noChromium || (!(havePage && haveProgram) && 'not built: run ./dev build');
const test = (name, body) => plainTest(name, { skip, timeout: 180_000 }, body);
const bed = skip ? undefined : await openBed({ after });
const toRead = (link) => execFileSync(program, ['link', '--read', link], { encoding: 'utf8' }).trim();
const orig = (peer) => fs.readFileSync(`${peer.file}.orig`, 'utf8');
const DENIED = /may only read tried to change/;

test('who may read follows live in a page and a file, and cannot write in either', async (t) => {
    const link = bed.link();
    const writer = await bed.open(t, link);
    await writer.write('one');
    const file = filePeer(t, toRead(link));
    const tab = await bed.open(t, toRead(link));
    await tab.says('rights', 'Read only');
    await Promise.all([tab.shows('one'), file.shows('one')]);
    assert.match(file.child.errors, /this link only reads/);
    await tab.write('mine');
    await tab.press('Control+z');
    await tab.page.fill('[data-testid="title"]', 'mine', { timeout: 500, force: true }).catch(() => {});
    await tab.evaluate(`lorikeet.doc.getText('editor-buffer').insert(0, 'by hand'), lorikeet.doc.commit()`);
    await tab.page.getByText(/you can only read/).waitFor();
    fs.writeFileSync(file.file, 'saved');
    await until('the file kept aside', () => /kept as .*\.orig/.test(file.child.errors));
    await writer.write(', two');
    await Promise.all([file.shows('one, two'), until('two', async () => /two/.test(await tab.read()))]);
    await writer.shows('one, two');
    assert.equal(orig(file), 'saved');
    assert.equal(await writer.evaluate('document.title'), 'Lorikeet');
    assert.equal(await writer.page.getByText(DENIED).count(), 0, 'an honest reader tries nothing');
    await tab.reload();
    await tab.shows('one, two');
});

test('the page and the program give the same links to read', async (t) => {
    const link = bed.link();
    const tab = await bed.open(t, link);
    await tab.page.click('#share');
    const field = () => tab.page.inputValue('[data-testid="link"]');
    assert.equal(await field(), link);
    await tab.page.check('[data-testid="may-read"]');
    assert.equal(await field(), toRead(link));
    assert.equal(toRead(toRead(link)), toRead(link));
    const relay = (of) => execFileSync(program, ['link', '--relay', of], { encoding: 'utf8' });
    assert.equal(relay(toRead(link)), relay(link));
    assert.equal((await finish('link', '--read', relay(link).trim())).code, 64);
    await tab.page.goto('about:blank');
    const reader = await bed.open(t, toRead(link));
    await reader.page.click('#share');
    assert.equal(await reader.page.inputValue('[data-testid="link"]'), toRead(link));
    assert.equal(await reader.page.isVisible('[data-testid="may-read"]'), false);
});

/** Runs in the page of a reader: sends everyone what it may not, in every way there is. */
async function forge(elsewhere) {
    const { doc } = window.lorikeet;
    const own = new doc.constructor();
    own.getText('editor-buffer').insert(0, 'forged');
    const blob = [...own.export({ mode: 'update' })];
    const database = await new Promise((resolve) => {
        const request = indexedDB.open('lorikeet');
        request.onsuccess = () => resolve(request.result);
    });
    const stored = await new Promise((resolve) => {
        const request = database.transaction('rows').objectStore('rows').getAll();
        request.onsuccess = () => resolve(request.result.map(({ bytes }) => [...bytes]));
    });
    const real = stored.find((bytes) => String.fromCharCode(...bytes.slice(0, 4)) === 'lksg');
    const uint = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...uint(n >> 7)]);
    const sized = (bytes) => [...uint(bytes.length), ...bytes];
    const noise = [...crypto.getRandomValues(new Uint8Array(64))];
    const around = (signature) => [...real.slice(0, 5), ...signature, ...sized(blob)];
    const room = [...new TextEncoder().encode(location.hash.slice(2).split('?')[0])];
    const magic = [...new TextEncoder().encode('%LOR')];
    const say = (kind, ...body) => {
        const bytes = Uint8Array.from([...magic, ...sized(room), kind, ...body]);
        for (const channel of window.seen.channels) {
            if (channel.readyState === 'open') channel.send(bytes);
        }
    };
    const batch = (n) => [0, 0, 0, 0, 0, 0, 0, n];
    const lies = [
        blob, // unsigned
        around(noise),
        around(real.slice(5, 69)), // another one's signature
        real.slice(0, -1),
        real.slice(0, 69),
        [...real, ...around(noise)],
        elsewhere, // signed by the same writer, for another room
        real, // again, which changes nothing
    ];
    lies.forEach((lie, i) => say(3, 1, ...sized(lie), ...batch(i)));
    say(4, ...batch(99), 2, ...uint(blob.length));
    say(5, ...batch(99), 0, ...sized(blob.slice(0, 9)));
    say(5, ...batch(99), 1, ...sized(blob.slice(9)));
    return window.seen.channels.filter((channel) => channel.readyState === 'open').length;
}

/** What a page's document was stored as, first. */
const firstRow = (tab) =>
    tab.evaluate(`new Promise((resolve) => {
        indexedDB.open('lorikeet').onsuccess = ({ target }) => {
            const rows = target.result.transaction('rows').objectStore('rows');
            rows.getAll().onsuccess = (event) => resolve([...event.target.result[0].bytes]);
        };
    })`);

test('what a reader makes up, in every way, is refused by pages, programs and readers', async (t) => {
    const link = bed.link();
    const writer = await bed.open(t, link);
    await writer.write('honest');
    const file = filePeer(t, link);
    const follower = filePeer(t, toRead(link));
    const reader = await bed.open(t, toRead(link));
    const liar = await bed.open(t, toRead(link));
    // the same keys, in a room of another name
    const other = await bed.open(t, link.replace(/#\/[^?]+/, '#/another-room'));
    await other.write('elsewhere');
    await until('a row', async () => (await firstRow(other)).length > 0);
    const elsewhere = await firstRow(other);
    await Promise.all([file, follower].map((peer) => peer.shows('honest')));
    await Promise.all([liar.says('peers', '4'), reader.says('peers', '4')]);
    await Promise.all([liar.shows('honest'), reader.shows('honest')]);
    await until('something stored', async () => (await firstRow(liar)).length > 0);
    assert.equal(await liar.page.evaluate(forge, elsewhere), 4);
    await Promise.all([
        writer.page.getByText(DENIED).waitFor(),
        reader.page.getByText(DENIED).waitFor(),
        file.says(DENIED),
        follower.says(DENIED),
    ]);
    await writer.write(', still');
    const want = 'honest, still';
    await Promise.all([writer, reader, liar, file, follower].map((peer) => peer.shows(want)));
    await sleep(1000);
    for (const tab of [writer, reader, liar]) assert.equal(await tab.read(), want);
    for (const peer of [file, follower]) assert.equal(peer.text(), want);
    await writer.says('peers', '4');
});

test('readers give on what they have while nobody is there who may write', async (t) => {
    const link = bed.link();
    const at = scratchFolder(t);
    const writer = filePeer(t, link, 'written once');
    const open = (name) => join(t, toRead(link), path.join(at, name), { data: path.join(at, `${name}.data`) });
    const first = open('first');
    await until('the text', () => fs.existsSync(path.join(at, 'first')));
    await writer.shows('written once');
    await first.line(/^synced$/);
    await writer.child.stop();
    await first.stop();
    // it comes back with what it stored, and then a page has it, and then another file
    const again = open('first');
    const tab = await bed.open(t, toRead(link));
    await tab.shows('written once');
    await again.stop();
    await tab.reload();
    const last = filePeer(t, toRead(link));
    await last.shows('written once');
    const back = filePeer(t, link);
    await back.shows('written once');
    fs.appendFileSync(back.file, ', and again');
    await Promise.all([tab.shows('written once, and again'), last.shows('written once, and again')]);
    assert.doesNotMatch(back.child.errors + last.child.errors, DENIED);
});

test('from a writer who is gone to a reader, over a relay', async (t) => {
    const link = bed.link();
    const data = path.join(scratchFolder(t), 'relay');
    const relay = new Child(t, program, ['join', '--relay', toRead(link), '--data', data]);
    await relay.line(/^keeping the room$/);
    const writer = filePeer(t, link, 'for later');
    await writer.synced();
    fs.appendFileSync(writer.file, ', and more');
    await writer.synced(1);
    await writer.child.stop();
    const file = filePeer(t, toRead(link));
    const tab = await bed.open(t, toRead(link));
    await Promise.all([file.shows('for later, and more'), tab.shows('for later, and more')]);
    await file.synced();
    assert.equal(await tab.page.getByText(/not sealed with its key/).count(), 0);
});

test('a reader without WebRTC follows through the server', async (t) => {
    const link = bed.link();
    const writer = filePeer(t, link, 'far away');
    const before = () => {
        RTCPeerConnection.generateCertificate = () => Promise.reject(new Error('turned off'));
    };
    const tab = await bed.open(t, toRead(link), 'textarea', { before });
    await tab.says('way', 'through the server, sealed');
    await tab.shows('far away');
    await tab.write('mine');
    fs.appendFileSync(writer.file, ', and near');
    await tab.shows('far away, and near');
    assert.equal(writer.text(), 'far away, and near');
});
