// Networks that let no UDP through: people meet in the room that the server keeps sealed, and directly
// again once they can.
import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { chromiumTab, noChromium } from './lib/chromium.mjs';
import { until } from './lib/cleanup.mjs';
import { memoryHolds } from './lib/memory.mjs';
import { Lab, dropUdp, noFilter, noNamespaces } from './lib/namespace.mjs';
import { noise } from './lib/noise.mjs';
import { filePeer, newLink, noProgram, serve } from './lib/program.mjs';

const skip = noProgram || noNamespaces || noFilter;

/** Two namespaces, one of them without UDP, and a server that both reach. */
async function network(t) {
    const lab = new Lab(t);
    const filter = dropUdp(lab.a);
    const server = await serve(t, { host: lab.hubIp, ns: lab.hub });
    return { lab, filter, server, link: newLink(server.url) };
}

test('two terminals', { skip, timeout: 120_000 }, async (t) => {
    const { lab, filter, server, link } = await network(t);
    const a = filePeer(t, link, 'private words', { ns: lab.a });
    const b = filePeer(t, link, undefined, { ns: lab.b });
    await b.shows('private words');
    await a.says(/going through the server, sealed/);
    assert.ok(filter.dropped() > 0);
    assert.ok(!memoryHolds(server.child, 'private words'));
    assert.ok(memoryHolds(b.child, 'private words'), 'what is there is found');
    appendFileSync(b.file, ', answered');
    await a.shows('private words, answered');
    await b.synced();
    filter.lift();
    await a.says(/reached without the server again/);
    appendFileSync(a.file, ' directly');
    await b.shows('private words, answered directly');
});

test('a document larger than what the server lets wait for a reader', { skip, timeout: 180_000 }, async (t) => {
    const { lab, link } = await network(t);
    const text = noise(80_000);
    assert.ok(text.length > 5_000_000);
    const a = filePeer(t, link, text, { ns: lab.a });
    const b = filePeer(t, link, undefined, { ns: lab.b });
    await b.shows(text);
    await a.says(/going through the server, sealed/);
    writeFileSync(b.file, `${text}answered`);
    await a.shows(`${text}answered`);
});

test('a page and a terminal', { skip: skip || noChromium, timeout: 180_000 }, async (t) => {
    const { lab, filter, server, link } = await network(t);
    const args = [`--unsafely-treat-insecure-origin-as-secure=${server.url}`];
    const a = await chromiumTab(t, link.replace('/#', '/?editor=textarea#'), { ns: lab.a, args });
    const b = filePeer(t, link, 'private words', { ns: lab.b });
    const way = (wanted) => until(`way ${wanted}`, async () => (await a.text('way')) === wanted);
    await way('through the server, sealed');
    assert.equal(await a.text('status'), 'live');
    await until('the text', async () => (await a.text('textarea')) === 'private words');
    assert.ok(filter.dropped() > 0);
    assert.ok(!memoryHolds(server.child, 'private words'));
    await a.click('textarea');
    await a.press('End');
    await a.type(', answered');
    await b.shows('private words, answered');
    await until('synced', async () => (await a.text('unsynced')) === 'all changes synced');
    filter.lift();
    await way('');
    await until('a peer', async () => (await a.text('peers')) === '1');
    await a.type(' directly');
    await b.shows('private words, answered directly');
});
