// Peers between whom no packet passes meet at a TURN server, with credentials that `serve` makes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { chromiumTab, noChromium } from './lib/chromium.mjs';
import { scratchFolder, sleep, until } from './lib/cleanup.mjs';
import { coturn, noCoturn } from './lib/coturn.mjs';
import { Lab, dropUdp, noFilter, noNamespaces } from './lib/namespace.mjs';
import { filePeer, newLink, noProgram, serve } from './lib/program.mjs';
import { finish } from './lib/socket.mjs';

test('a relay and its secret go together', { skip: noProgram }, async (t) => {
    const run = (...args) => finish('serve', '--listen', '127.0.0.1:0', ...args);
    const secret = path.join(scratchFolder(t), 'secret');
    writeFileSync(secret, '\n');
    assert.equal((await run('--turn', '127.0.0.1:3478')).code, 64);
    assert.equal((await run('--turn-secret', secret)).code, 64);
    assert.equal((await run('--turn', 'turn:127.0.0.1?transport=sctp', '--turn-secret', secret)).code, 64);
    assert.equal((await run('--turn', '127.0.0.1:port', '--turn-secret', secret)).code, 64);
    const empty = await run('--turn', '127.0.0.1:3478', '--turn-secret', secret);
    assert.equal(empty.code, 1);
    assert.match(empty.stderr, /no secret in it/);
});

const skip = noProgram || noNamespaces || noCoturn;
const SECRET = 'kept between serve and coturn';

/** Two namespaces that reach the hub and not each other, and a server and a relay there. */
async function apart(t, url = (address) => address) {
    const lab = new Lab(t);
    for (const port of ['ba', 'bb'])
        execFileSync('bridge', ['-n', lab.hub, 'link', 'set', 'dev', port, 'isolated', 'on']);
    // a port where nobody listens refuses, if it is reached
    const probe = (target) =>
        `require('net').connect({ host: '${target}', port: 9, timeout: 1500 })
            .on('error', (error) => console.log(error.code)).on('timeout', () => process.exit())`;
    const reached = (target) => {
        const args = ['netns', 'exec', lab.a, process.execPath, '-e', probe(target)];
        return execFileSync('ip', args, { encoding: 'utf8' }).trim() === 'ECONNREFUSED';
    };
    assert.deepEqual([reached(lab.hubIp), reached('10.88.3.3')], [true, false]);
    const relay = await coturn(t, { host: lab.hubIp, ns: lab.hub, port: 3478, secret: SECRET, tls: true });
    const secret = path.join(scratchFolder(t), 'secret');
    writeFileSync(secret, `${SECRET}\n`, { mode: 0o600 });
    const args = ['--turn', url(relay.address), '--turn-secret', secret];
    const server = await serve(t, { host: lab.hubIp, ns: lab.hub, args });
    return { lab, relay, server, link: newLink(server.url) };
}

test('two terminals', { skip }, async (t) => {
    const { lab, link, relay } = await apart(t);
    const a = filePeer(t, link, 'by way of a relay\n', { ns: lab.a });
    const b = filePeer(t, link, undefined, { ns: lab.b });
    await until('the text', () => b.text() === 'by way of a relay\n');
    assert.match(a.child.errors + b.child.errors, /connected, .*10\.88\.3\.1/);
    assert.match(relay.log(), /ALLOCATE processed, success/);
    await sleep(500); // who writes at the same moment has not seen the text, and keeps it
    writeFileSync(b.file, 'and back\n');
    await until('the answer', () => a.text() === 'and back\n');
});

for (const [name, url] of [
    ['TCP', (address) => `turn:${address}?transport=tcp`],
    ['TLS', (address) => `turns:${address.replace('3478', '3479')}`],
])
    test(`two terminals where no datagram passes, over ${name}`, { skip: skip || noFilter }, async (t) => {
        const { lab, link, relay } = await apart(t, url);
        const filters = [lab.a, lab.b].map(dropUdp);
        const env = { SSL_CERT_FILE: relay.authority };
        const text = 'by way of a connection\n'.repeat(20_000);
        const a = filePeer(t, link, text, { ns: lab.a, env });
        const b = filePeer(t, link, undefined, { ns: lab.b, env });
        await until('the text', () => b.text() === text).catch((error) => {
            throw new Error(`${error.message}\n${a.child.errors}\n${relay.log().slice(-3000)}`);
        });
        for (const filter of filters) assert.ok(filter.dropped() > 0, 'datagrams are dropped');
        assert.match(a.child.errors + b.child.errors, /connected, 10\.88\.3\.1 - 10\.88\.3\.1/);
    });

test('a relay whose certificate nobody vouches for is not used', { skip }, async (t) => {
    const { lab, link, relay } = await apart(t, (address) => `turns:${address.replace('3478', '3479')}`);
    const a = filePeer(t, link, 'secret\n', { ns: lab.a });
    const b = filePeer(t, link, undefined, { ns: lab.b });
    for (const one of [a, b]) await one.says(/in the room/);
    await until('the relay to be asked', () => /TLS|SSL/.test(relay.log().split('opened').pop()), 20_000);
    await sleep(3_000);
    assert.doesNotMatch(relay.log(), /ALLOCATE processed, success/);
    assert.notEqual(b.text(), 'secret\n');
});

test('a tab and a terminal', { skip: skip || noChromium }, async (t) => {
    const { lab, server, link } = await apart(t);
    const args = [`--unsafely-treat-insecure-origin-as-secure=${server.url}`];
    const tab = await chromiumTab(t, link.replace('/#', '/?editor=textarea#'), { ns: lab.a, args });
    const other = filePeer(t, link, undefined, { ns: lab.b });
    await until('two in the room', async () => (await tab.text('peers')) === '1');
    await tab.click('textarea');
    await tab.type('by way of a relay');
    await until('the text', () => other.text() === 'by way of a relay');
});
