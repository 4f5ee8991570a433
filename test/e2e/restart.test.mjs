// The address that a channel uses goes away in the middle of a transfer, and another one comes: ICE
// restarts within the session, which is not opened again, and all arrives.
//
//     a ── eth0 ──┐                    ┌── eth0 ── b      the hub, for signalling: it does not pass
//       └─ eth1 ──┼────── data ────────┼── eth1 ─┘        on what one says to the other
//                 └── lorikeet serve ──┘
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { chromiumTab, noChromium } from './lib/chromium.mjs';
import { until } from './lib/cleanup.mjs';
import { Lab, noNamespaces } from './lib/namespace.mjs';
import { noise } from './lib/noise.mjs';
import { filePeer, newLink, noProgram, serve } from './lib/program.mjs';

const skip = noProgram || noNamespaces;
const run = (file, ...args) => execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Carries 1 MB/s from a to b, so that there is time in the middle. */
async function twoRoads(t) {
    const lab = new Lab(t);
    for (const port of ['ba', 'bb']) run('bridge', '-n', lab.hub, 'link', 'set', 'dev', port, 'isolated', 'on');
    run('ip', 'link', 'add', 'eth1', 'netns', lab.a, 'type', 'veth', 'peer', 'name', 'eth1', 'netns', lab.b);
    for (const [ns, address] of [[lab.a, '10.99.0.2'], [lab.b, '10.99.0.3']]) {
        run('ip', '-n', ns, 'addr', 'add', `${address}/24`, 'dev', 'eth1');
        run('ip', '-n', ns, 'link', 'set', 'eth1', 'up');
    }
    run('tc', '-n', lab.a, ...'qdisc add dev eth1 root tbf rate 8mbit burst 32kb latency 100ms'.split(' '));
    const server = await serve(t, { host: lab.hubIp, ns: lab.hub });
    return { lab, server, link: newLink(server.url) };
}

const sent = (ns) => JSON.parse(run('ip', '-n', ns, '-j', '-s', 'link', 'show', 'eth1'))[0].stats64.tx.bytes;
const move = (ns, from, to) => {
    run('ip', '-n', ns, 'addr', 'del', `${from}/24`, 'dev', 'eth1');
    run('ip', '-n', ns, 'addr', 'add', `${to}/24`, 'dev', 'eth1');
};

const count = (child, pattern) => child.errors.match(new RegExp(pattern, 'g'))?.length ?? 0;

for (const who of ['sends', 'receives'])
    test(`two terminals, and the one that ${who} moves`, { skip }, async (t) => {
        const { lab, link } = await twoRoads(t);
        const text = noise(64_000);
        const b = filePeer(t, link, undefined, { ns: lab.b });
        await b.says(/in the room/);
        const a = filePeer(t, link, text, { ns: lab.a });
        const before = sent(lab.a);
        await until('a third of the text to leave', () => sent(lab.a) - before > text.length / 3);
        if (who === 'sends') move(lab.a, '10.99.0.2', '10.99.0.22');
        else move(lab.b, '10.99.0.3', '10.99.0.33');
        assert.notEqual(b.text(), text, 'it was in the middle');
        await until('all of the text', () => b.text() === text);
        for (const { child } of [a, b]) {
            assert.equal(count(child, ': connected'), 1, child.errors);
            assert.ok(count(child, 'looking for a path anew') >= 1, child.errors);
        }
        assert.ok(sent(lab.a) - before < text.length * 1.5, 'nothing was sent all over again');
    });

test('a tab and a terminal move, one after the other', { skip: skip || noChromium }, async (t) => {
    const { lab, server, link } = await twoRoads(t);
    const args = [`--unsafely-treat-insecure-origin-as-secure=${server.url}`];
    const tab = await chromiumTab(t, link.replace('/#', '/?editor=textarea#'), { ns: lab.a, args });
    const b = filePeer(t, link, undefined, { ns: lab.b });
    await until('two in the room', async () => (await tab.text('peers')) === '1');
    await tab.click('textarea');
    await tab.type('one ');
    await until('the text', () => b.text() === 'one ');
    move(lab.b, '10.99.0.3', '10.99.0.33');
    await tab.type('two ');
    await until('the text', () => b.text() === 'one two ');
    move(lab.a, '10.99.0.2', '10.99.0.22');
    await tab.type('three');
    await until('the text', () => b.text() === 'one two three');
    assert.equal(count(b.child, ': connected'), 1, b.child.errors);
    assert.ok(count(b.child, 'looking for a path anew') >= 2, b.child.errors);
});
