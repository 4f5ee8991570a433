// Nobody in the middle is trusted: other keys, and servers that read, change, repeat or exchange what
// peers say to one another.
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { after, test as plainTest } from 'node:test';
import { noChromium } from './lib/chromium.mjs';
import { sleep, until } from './lib/cleanup.mjs';
import { liar } from './lib/liar.mjs';
import { openBed } from './lib/pages.mjs';
import { filePeer, havePage, haveProgram, newLink } from './lib/program.mjs';

const skip = noChromium || (!(havePage && haveProgram) && 'not built: run ./dev build');
const test = (name, body) => plainTest(name, { skip, timeout: 180_000 }, body);
const bed = skip ? undefined : await openBed({ after });
const REFUSED = /another key/;
const refuses = ({ child }) => until('refusal', () => REFUSED.test(child.errors));
const trouble = (tab) => tab.page.getByText(REFUSED).waitFor({ timeout: 60_000 });
const otherKey = (link) => link.replace(/k=.*/, `k=${Buffer.alloc(32, 7).toString('base64url')}`);
const isWord = (message) => message.type === 'signal';

test('two keys for one room: both sides are told while they meet, and no text crosses', async (t) => {
    const link = bed.link();
    const tab = await bed.open(t, link);
    await tab.write('private');
    const stranger = filePeer(t, otherKey(link));
    await Promise.all([refuses(stranger), trouble(tab)]);
    const strange = await bed.open(t, otherKey(link));
    await Promise.all([trouble(strange), stranger.child.line(/^synced$/)]);
    await sleep(1000);
    assert.equal(await tab.text('peers'), '0');
    assert.notEqual(fs.existsSync(stranger.file) && fs.readFileSync(stranger.file, 'utf8'), 'private');
    stranger.child.stop();
    await strange.page.close();
    await tab.page.getByText(REFUSED).waitFor({ state: 'hidden', timeout: 60_000 });
});

test('a server cannot read what peers say', async (t) => {
    const said = [];
    const url = await liar(t, bed.url, (message) => {
        if (isWord(message)) said.push(message.data);
        return [message];
    });
    const link = newLink(url);
    const tab = await bed.open(t, link);
    await tab.write('seen by two');
    await filePeer(t, link).shows('seen by two');
    assert.ok(said.length >= 2);
    for (const data of said) assert.deepEqual(Object.keys(data).sort(), ['box', 'n']);
    assert.doesNotMatch(JSON.stringify(said), /fingerprint|candidate|127\.0\.0\.1/);
});

test('a server that changes what peers say connects nobody', async (t) => {
    const flip = (box) => box.slice(0, 40) + (box[40] === 'A' ? 'B' : 'A') + box.slice(41);
    const url = await liar(t, bed.url, (message) => {
        if (isWord(message)) message.data.box = flip(message.data.box);
        return [message];
    });
    const link = newLink(url);
    const tab = await bed.open(t, link);
    await tab.write('private');
    const other = filePeer(t, link);
    await Promise.all([refuses(other), trouble(tab)]);
    assert.equal(await tab.text('peers'), '0');
});

test('a server that repeats, exchanges and invents is noticed, and peers meet all the same', async (t) => {
    let last;
    const url = await liar(t, bed.url, (message) => {
        if (!isWord(message)) return [message];
        const told = [message, message];
        if (last) told.push({ ...last, from: message.from });
        told.push({ ...message, data: { kind: 'offer', session: 'x', sdp: 'v=0' } });
        last = message;
        return told;
    });
    const link = newLink(url);
    const tab = await bed.open(t, link);
    await tab.write('all the same');
    const other = filePeer(t, link);
    await other.shows('all the same');
    await Promise.all([refuses(other), trouble(tab)]);
    await tab.says('peers', '1');
});
