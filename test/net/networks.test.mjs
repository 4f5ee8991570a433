// Native peers on the networks that people meet. Each test says, by what the network counted or by
// the round trips, that it was as bad as it should be.
import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sleep, until } from '../e2e/lib/cleanup.mjs';
import { coturn, noCoturn } from '../e2e/lib/coturn.mjs';
import { noFilter, noNamespaces } from '../e2e/lib/namespace.mjs';
import { filePeer, newLink, serve } from '../e2e/lib/program.mjs';
import { badCable, cable, ip, nats } from './networks.mjs';
import { NativePeer } from './rtc_peers.mjs';

/** `a` and `b`: {ns, options}. */
async function connect(t, a, b) {
    const one = new NativePeer(t, 'offer', { ns: a.ns }, ...a.options);
    const other = new NativePeer(t, 'answer', { ns: b.ns }, ...b.options);
    one.onSignal = (message) => other.say(message);
    other.onSignal = (message) => one.say(message);
    await Promise.all([one.wait('open'), other.wait('open')]);
    return [one, other];
}

/** Messages of all lengths one way, and an echo the other way: what is sent arrives. */
async function check(a, b) {
    a.say({ type: 'ping', len: 100, count: 20 });
    const { p50_us } = await a.wait('pinged', 180_000); // SCTP waits ever longer for what is lost
    await b.echo(false);
    for (const len of [1, 1200, 65536, 262144]) {
        a.say({ type: 'send', len, count: 1 });
        assert.equal((await b.wait('message')).len, len);
    }
    await b.echo(true);
    return p50_us / 1000;
}

const at = (ns, host, ...options) => ({ ns, options: ['--host', host, ...options] });
const V4 = [['10.77.0.1/24'], ['10.77.0.2/24']];
const V6 = [['fd77::1/64'], ['fd77::2/64']];

describe('networks', { concurrency: 4, skip: noNamespaces }, () => {
    test('one cable', async (t) => {
        const { a, b } = cable(t, V4);
        const peers = await connect(t, at(a, '10.77.0.1'), at(b, '10.77.0.2'));
        assert.ok((await check(...peers)) < 1000);
        assert.equal((await peers[0].path()).remote, '10.77.0.2');
    });

    test('IPv6 alone', async (t) => {
        const { a, b } = cable(t, V6);
        const peers = await connect(t, at(a, 'fd77::1'), at(b, 'fd77::2'));
        await check(...peers);
        assert.equal((await peers[0].path()).remote, 'fd77::2');
    });

    test('addresses behind names, which the ready loop looks up', async (t) => {
        const { a } = cable(t, V4);
        const names = process.env.RTC_NAMES ?? fileURLToPath(new URL('../../build/test/rtc_names', import.meta.url));
        t.diagnostic(ip('netns', 'exec', a, names, '10.77.0.1'));
    });

    for (const [kind, relayed] of [['cone', false], ['symmetric', true]])
        test(`two ${kind} NATs`, { skip: noCoturn || noFilter }, async (t) => {
            const net = nats(t, kind);
            const { address } = await coturn(t, { host: '203.0.113.1', ns: net.wan, port: 3478 });
            const servers = ['--stun', address, ...(relayed ? ['--turn', address] : [])];
            const [a, b] = [at(net.a, '192.168.51.2', ...servers), at(net.b, '192.168.52.2', ...servers)];
            const peers = await connect(t, a, b);
            await check(...peers);
            const { local, remote } = await peers[0].path();
            if (relayed) assert.ok([local, remote].includes('203.0.113.1'), `${local} - ${remote}`);
            else assert.equal(remote, '203.0.113.52');
            const before = net.dropped();
            net.knock();
            const refused = () => net.dropped().every((count, i) => count > before[i]);
            await until('both NATs to refuse who comes unasked', refused);
        });

    for (const loss of [1, 5, 10, 20])
        test(`${loss} % loss, 20 ms, out of order and twice`, async (t) => {
            const bad = { delay: 10, jitter: 10, loss, copies: 5, seed: loss };
            const { a, b, tell } = await badCable(t, V4, bad);
            const peers = await connect(t, at(a, '10.77.0.1'), at(b, '10.77.0.2'));
            const ms = await check(...peers);
            const { carried, lost, copied, overtook } = await tell('count');
            assert.ok(ms >= 20, `round trip ${ms} ms`);
            assert.ok(lost > 0 && copied > 0 && overtook > 0 && lost < (carried * (loss + 10)) / 100);
            t.diagnostic(`round trip ${ms.toFixed(1)} ms, ${carried} packets carried, ${lost} lost`);
        });

    test('MTU 1280 over IPv6', async (t) => {
        const { a, b, tell } = await badCable(t, V6, { mtu: 1280, delay: 1 });
        const peers = await connect(t, at(a, 'fd77::1'), at(b, 'fd77::2'));
        await check(...peers);
        assert.ok((await tell('count')).carried > 300);
    });

    test('25 s of darkness are survived', { timeout: 120_000 }, async (t) => {
        const { a, b, tell } = await badCable(t, V4, { delay: 5 });
        const [one, other] = await connect(t, at(a, '10.77.0.1'), at(b, '10.77.0.2'));
        await check(one, other);
        await other.echo(false);
        const before = await tell('down');
        one.say({ type: 'send', len: 50_000, count: 3 });
        await sleep(25_000);
        assert.deepEqual([...one.heard, ...other.heard], one.heard.filter(({ type }) => type === 'sent'));
        assert.ok((await tell('up')).lost > before.lost, 'packets were lost');
        for (let i = 0; i < 3; i++) assert.equal((await other.wait('message')).len, 50_000);
        for (const { heard } of [one, other]) assert.ok(heard.every(({ type }) => type !== 'closed'));
    });

    test('35 s of darkness, and two terminals that find each other again', { timeout: 240_000 }, async (t) => {
        const { a, b, tell } = await badCable(t, V4, { delay: 5 });
        const server = await serve(t, { host: '10.77.0.1', ns: a });
        const link = newLink(server.url);
        const [one, other] = [a, b].map((ns) => filePeer(t, link, undefined, { ns }));
        for (const peer of [one, other]) await peer.says(/connected/);
        await sleep(500);
        writeFileSync(one.file, 'middle\n');
        await until('the first line', () => other.text() === 'middle\n');
        const before = await tell('down');
        writeFileSync(one.file, 'from a\nmiddle\n');
        writeFileSync(other.file, 'middle\nfrom b\n');
        await sleep(35_000);
        assert.equal(other.text(), 'middle\nfrom b\n');
        assert.ok((await tell('up')).lost > before.lost, 'packets were lost');
        const both = 'from a\nmiddle\nfrom b\n';
        await until('both to hold both', () => one.text() === both && other.text() === both, 90_000);
    });
});
