// Networks that let no UDP through: people meet in the room that the server keeps sealed, and directly
// again once they can.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { chromiumTab, noChromium } from './lib/chromium.mjs';
import { scratchFolder, until } from './lib/cleanup.mjs';
import { memoryHolds } from './lib/memory.mjs';
import { Lab, noNamespaces } from './lib/namespace.mjs';
import { join, newLink, noProgram, serve } from './lib/program.mjs';

function noFilter() {
    try {
        execFileSync('nft', ['--version'], { stdio: 'ignore' });
        return false;
    } catch {
        return 'no nft here: tests of networks without UDP skipped';
    }
}
const skip = noProgram || noNamespaces || noFilter();

/** Lets no UDP pass in the namespace, and counts what wanted to. */
class Filter {
    constructor(ns) {
        this.ns = ns;
        this.nft('add', 'table', 'inet', 'block');
        for (const hook of ['input', 'output']) {
            this.nft('add', 'chain', 'inet', 'block', hook, `{ type filter hook ${hook} priority 0; }`);
            const rule = ['oifname', 'lo', 'accept'];
            if (hook === 'output') this.nft('add', 'rule', 'inet', 'block', hook, ...rule);
            this.nft('add', 'rule', 'inet', 'block', hook, 'meta', 'l4proto', 'udp', 'counter', 'drop');
        }
    }
    nft(...args) {
        const all = ['netns', 'exec', this.ns, 'nft', ...args];
        return execFileSync('ip', all, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
    }
    get dropped() {
        const found = [...this.nft('list', 'table', 'inet', 'block').matchAll(/counter packets (\d+)/g)];
        return found.reduce((sum, [, packets]) => sum + Number(packets), 0);
    }
    lift() {
        this.nft('delete', 'table', 'inet', 'block');
    }
}

/** Two namespaces, one of them without UDP, and a server that both reach. */
async function network(t) {
    const lab = new Lab(t);
    const filter = new Filter(lab.a);
    const server = await serve(t, { host: lab.hubIp, ns: lab.hub });
    return { lab, filter, server, link: newLink(server.url) };
}

function peer(t, link, ns, text) {
    const at = scratchFolder(t);
    const file = path.join(at, 'file');
    if (text !== undefined) writeFileSync(file, text);
    const child = join(t, link, file, { data: path.join(at, 'data'), ns });
    const read = () => existsSync(file) && readFileSync(file, 'utf8');
    return { child, file, shows: (wanted) => until('the text', () => read() === wanted) };
}
const says = ({ child }, what) => until(`${what}`, () => what.test(child.errors));

test('two terminals', { skip, timeout: 120_000 }, async (t) => {
    const { lab, filter, server, link } = await network(t);
    const a = peer(t, link, lab.a, 'private words');
    const b = peer(t, link, lab.b);
    await b.shows('private words');
    await says(a, /going through the server, sealed/);
    assert.ok(filter.dropped > 0);
    assert.ok(!memoryHolds(server.child, 'private words'));
    assert.ok(memoryHolds(b.child, 'private words'), 'what is there is found');
    appendFileSync(b.file, ', answered');
    await a.shows('private words, answered');
    await b.child.line(/^synced$/);
    filter.lift();
    await says(a, /reached without the server again/);
    appendFileSync(a.file, ' directly');
    await b.shows('private words, answered directly');
});

test('a page and a terminal', { skip: skip || noChromium, timeout: 180_000 }, async (t) => {
    const { lab, filter, server, link } = await network(t);
    const args = [`--unsafely-treat-insecure-origin-as-secure=${server.url}`];
    const a = await chromiumTab(t, link.replace('/#', '/?editor=textarea#'), { ns: lab.a, args });
    const b = peer(t, link, lab.b, 'private words');
    const way = (wanted) => until(`way ${wanted}`, async () => (await a.text('way')) === wanted);
    await way('through the server, sealed');
    assert.equal(await a.text('status'), 'live');
    await until('the text', async () => (await a.text('textarea')) === 'private words');
    assert.ok(filter.dropped > 0);
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
