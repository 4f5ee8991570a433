// People who are never there at the same time, and a relay that keeps for them what it cannot read.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import path from 'node:path';
import { after, test as plainTest } from 'node:test';
import { noChromium } from './lib/chromium.mjs';
import { scratchFolder, until } from './lib/cleanup.mjs';
import { memoryHolds, memoryPeak } from './lib/memory.mjs';
import { liar } from './lib/liar.mjs';
import { openBed } from './lib/pages.mjs';
import { Child, filePeer, havePage, haveProgram, newLink, program } from './lib/program.mjs';
import { finish } from './lib/socket.mjs';

const skip = noChromium || (!(havePage && haveProgram) && 'not built: run ./dev build');
const test = (name, body) => plainTest(name, { skip, timeout: 180_000 }, body);
const bed = skip ? undefined : await openBed({ after });
const at = scratchFolder({ after });
let names = 0;

/** `lorikeet join --relay` with the folder it keeps. */
async function relay(t, link, data = path.join(at, `relay${++names}`)) {
    const given = execFileSync(program, ['link', '--relay', link], { encoding: 'utf8' }).trim();
    assert.doesNotMatch(given, /k=/);
    const child = new Child(t, program, ['join', '--relay', given, '--data', data]);
    await child.line(/^keeping the room$/);
    const stop = async () => assert.deepEqual(await child.stop(), { code: 0, signal: null });
    return { child, data, stop };
}
const kept = (folder) =>
    Buffer.concat(fs.readdirSync(folder).map((name) => fs.readFileSync(path.join(folder, name))));

test('programs that are never there together converge, over a relay that restarts', async (t) => {
    const link = bed.link();
    const text = 'a very private text\n'.repeat(20_000);
    const keeper = await relay(t, link);
    const a = filePeer(t, link, text);
    await a.synced();
    await a.child.stop();
    assert.ok(!memoryHolds(keeper.child, 'very private'));
    await keeper.stop();
    assert.ok(kept(keeper.data).length > 1000);
    for (const word of ['very private', 'editor-buffer']) assert.ok(!kept(keeper.data).includes(word));
    const again = await relay(t, link, keeper.data);
    const b = filePeer(t, link);
    await b.shows(text);
    await b.synced();
    assert.ok(memoryHolds(b.child, 'very private'), 'what is there is found');
    fs.appendFileSync(b.file, 'and more');
    await b.shows(`${text}and more`);
    await b.synced(1);
    await b.child.stop();
    const c = filePeer(t, link);
    await c.shows(`${text}and more`);
    assert.ok(!memoryHolds(again.child, 'very private'));
    await again.stop();
});

test('what a relay was not given it does not take', async () => {
    const link = bed.link();
    const { code, stderr } = await finish('join', '--relay', link, 'file');
    assert.equal(code, 64);
    assert.match(stderr, /a relay has no file/);
    const [given] = (await finish('link', '--relay', link)).stdout.split('\n');
    assert.match((await finish('join', given)).stderr, /not of the form .*k=KEY/);
    assert.equal((await finish('link', '--relay', given)).code, 64);
    assert.equal((await finish('link', '--relay', link, '--server', bed.url)).code, 64);
});

test('what several clients lack a relay holds once', async (t) => {
    const link = bed.link();
    const line = () => Array.from({ length: 6 }, () => Math.random().toString(36).slice(2, 12)).join('');
    const text = Array.from({ length: 320_000 }, line).join('\n');
    const keeper = await relay(t, link);
    const a = filePeer(t, link, text);
    await a.synced();
    await a.child.stop();
    await keeper.stop();
    const again = await relay(t, link, keeper.data);
    const others = [1, 2, 3, 4].map(() => filePeer(t, link));
    for (const other of others) await other.shows(text); // they may be synced with each other before
    const peak = memoryPeak(again.child);
    assert.ok(peak < 4 * text.length, `${peak} bytes for ${text.length}`); // a copy each took 6 times as much
    await again.stop();
});

test('a page and a program that are never there together converge, in both directions', async (t) => {
    const link = bed.link();
    const keeper = await relay(t, link);
    const tab = await bed.open(t, link);
    await tab.says('way', 'kept by a relay');
    await tab.says('status', 'live');
    await tab.says('peers', '0');
    await tab.write('typed in a page');
    await tab.says('unsynced', 'all changes synced');
    await tab.page.context().close();
    const b = filePeer(t, link);
    await b.shows('typed in a page');
    await b.synced();
    fs.appendFileSync(b.file, ', then in a file');
    await b.shows('typed in a page, then in a file');
    await b.synced(1);
    await b.child.stop();
    const late = await bed.open(t, link);
    await late.shows('typed in a page, then in a file');
    assert.ok(!memoryHolds(keeper.child, 'typed in a page'));
    assert.equal(await late.page.getByText(/not sealed with its key/).count(), 0);
    await keeper.stop();
    assert.ok(!kept(keeper.data).includes('typed'));
});

test('a long paste and many keys reach who comes later, over a relay that restarts', async (t) => {
    const link = bed.link();
    const keeper = await relay(t, link);
    const tab = await bed.open(t, link, 'textarea');
    await tab.says('way', 'kept by a relay');
    const long = 'a long text '.repeat(33_000);
    await tab.paste(long);
    for (let i = 0; i < 150; i += 1) await tab.page.keyboard.insertText('x');
    await tab.says('unsynced', 'all changes synced');
    await tab.page.context().close();
    await keeper.stop();
    await relay(t, link, keeper.data);
    const late = await bed.open(t, link, 'textarea');
    await late.shows(long + 'x'.repeat(150));
});

test('a browser without WebRTC goes through the server, which may lie for as long as it likes', async (t) => {
    let lying = true;
    const UPDATE = 3;
    // the kind of a message stands behind its magic and the room's name
    const changed = (bytes) => {
        if (!lying || bytes[5 + bytes[4]] !== UPDATE) return [bytes];
        const copy = Buffer.from(bytes);
        copy[copy.length - 12] ^= 1;
        return [copy];
    };
    const link = newLink(await liar(t, bed.url, (message) => [message], changed));
    const a = filePeer(t, link, 'as it was written');
    const tab = await bed.open(t, link, 'textarea', { before: withoutWebRtc });
    await tab.says('way', 'through the server, sealed');
    const banner = tab.page.getByText(/was not sealed with its key, or was changed/);
    await banner.waitFor();
    await tab.write('mine, ');
    await until('refusal', () => /was not sealed with the room's key/.test(a.child.errors));
    assert.equal(await tab.read(), 'mine, ');
    assert.equal(fs.readFileSync(a.file, 'utf8'), 'as it was written');
    lying = false;
    await until('both', async () => (await tab.read()).length === 23);
    await banner.waitFor({ state: 'hidden' });
    await until('both', async () => fs.readFileSync(a.file, 'utf8') === (await tab.read()));
});

function withoutWebRtc() {
    RTCPeerConnection.generateCertificate = () => Promise.reject(new Error('turned off'));
}
