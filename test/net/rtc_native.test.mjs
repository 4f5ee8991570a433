// Two native peers over real UDP on loopback.
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { until } from '../e2e/lib/cleanup.mjs';
import { coturn, noCoturn } from '../e2e/lib/coturn.mjs';
import { stun } from '../e2e/lib/stun.mjs';
import { NativePeer } from './rtc_peers.mjs';

async function connect(t, hosts) {
    const options = hosts.flatMap((host) => ['--host', host]);
    const a = new NativePeer(t, 'offer', ...options);
    const b = new NativePeer(t, 'answer', ...options);
    a.onSignal = (message) => b.say(message);
    b.onSignal = (message) => a.say(message);
    await Promise.all([a.wait('open'), b.wait('open')]);
    return [a, b];
}

async function close(a, b) {
    a.say({ type: 'close' });
    assert.equal((await a.wait('closed')).why, 'closed');
    assert.equal((await b.wait('shut')).why, 'the other side closed the channel');
    assert.equal((await b.wait('closed')).why, 'the SCTP association ended');
    assert.deepEqual(await Promise.all([a.ended, b.ended]), [0, 0]);
}

for (const hosts of [['127.0.0.1'], ['::1'], ['::1', '127.0.0.1']]) {
    test(`messages of all lengths come back over ${hosts.join(' and ')}`, async (t) => {
        const [a, b] = await connect(t, hosts);
        await b.echo(false);
        for (const len of [0, 1, 1200, 65536, 262144]) {
            b.say({ type: 'send', len, count: 1 });
            assert.equal((await b.wait('sent')).status, 0);
            assert.equal((await b.wait('message')).len, len);
        }
        await close(a, b);
    });
}

test('round trips and bulk', async (t) => {
    const [a, b] = await connect(t, ['127.0.0.1']);
    a.say({ type: 'ping', len: 100, count: 3000 });
    const { p50_us, p99_us } = await a.wait('pinged');
    t.diagnostic(`100 bytes: p50 ${p50_us.toFixed(0)} us, p99 ${p99_us.toFixed(0)} us`);
    await b.echo(false);
    const started = performance.now();
    a.say({ type: 'send', len: 65536, count: 500 });
    assert.equal((await a.wait('sent')).status, 0);
    for (let i = 0; i < 500; i++) assert.equal((await b.wait('message')).len, 65536);
    const seconds = (performance.now() - started) / 1000;
    t.diagnostic(`32 MB in messages of 64 KiB: ${(32.768 / seconds).toFixed(1)} MB/s`);
    await close(a, b);
});

// usrsctp, asked in the usual way and as root, opens raw sockets and takes SCTP from the network.
test('no raw socket is opened', async (t) => {
    const [a, b] = await connect(t, ['127.0.0.1']);
    for (const table of ['/proc/net/raw', '/proc/net/raw6'])
        assert.doesNotMatch(readFileSync(table, 'utf8'), /:0084 /);
    await close(a, b);
});

test('one moves in the middle of a transfer, and all arrives', async (t) => {
    const [a, b] = await connect(t, ['127.0.0.1']);
    await b.echo(false);
    a.say({ type: 'send', len: 65536, count: 400 });
    for (const [mover, host] of [[a, '127.0.0.2'], [b, '127.0.0.3'], [a, '127.0.0.1']]) {
        mover.say({ type: 'restart', host });
        for (let i = 0; i < 100; i++) assert.equal((await b.wait('message')).len, 65536);
    }
    for (let i = 0; i < 100; i++) assert.equal((await b.wait('message')).len, 65536);
    await close(a, b);
});

test('a STUN server tells the server-reflexive candidate, which is trickled', async (t) => {
    const server = await stun(t, 7777, { lost: 1 }); // it must be sent again
    const peer = new NativePeer(t, 'offer', '--stun', server.address);
    const candidates = [];
    await new Promise((resolve) => {
        peer.onSignal = ({ type, candidate }) => {
            if (type !== 'candidate') return;
            candidates.push(candidate);
            if (candidate === '') resolve();
        };
    });
    assert.equal(candidates.length, 2);
    const reflexive =
        /^candidate:\d+ 1 udp \d+ 192\.0\.2\.7 7777 typ srflx raddr 127\.0\.0\.1 rport \d+ ufrag \S{8}$/;
    assert.match(candidates[0], reflexive);
    assert.ok(server.requests() >= 2);
});

test('two who know each other by their relays alone meet there', { skip: noCoturn }, async (t) => {
    const server = await coturn(t);
    const a = new NativePeer(t, 'offer', '--turn', server.address);
    const b = new NativePeer(t, 'answer', '--turn', server.address);
    const isRelay = (line) => / typ relay /.test(line);
    const told = [];
    const tell = (to) => (message) => {
        if (message.type === 'candidate') {
            if (isRelay(message.candidate)) told.push(message.candidate);
            else if (message.candidate !== '') return;
        } else {
            const lines = message.sdp.split('\r\n');
            told.push(...lines.filter(isRelay));
            message.sdp = lines.filter((line) => !/^a=candidate/.test(line) || isRelay(line)).join('\r\n');
        }
        to.say(message);
    };
    a.onSignal = tell(b);
    b.onSignal = tell(a);
    await Promise.all([a.wait('open'), b.wait('open')]);
    await b.echo(false);
    for (const len of [0, 1, 1200, 65536, 262144]) {
        b.say({ type: 'send', len, count: 1 });
        assert.equal((await b.wait('sent')).status, 0);
        assert.equal((await b.wait('message')).len, len);
    }
    assert.equal(told.length, 2);
    await close(a, b);
    // they give their addresses back
    await until('no allocation', () => (server.log().match(/delete: realm/g) ?? []).length >= 2, 10_000);
});

test('a TURN server that refuses costs its candidate and nothing else', { skip: noCoturn }, async (t) => {
    const server = await coturn(t, { secret: 'of another kind' });
    const a = new NativePeer(t, 'offer', '--turn', server.address);
    const b = new NativePeer(t, 'answer');
    const candidates = [];
    a.onSignal = (message) => {
        if (message.type === 'candidate') candidates.push(message.candidate);
        b.say(message);
    };
    b.onSignal = (message) => a.say(message);
    await Promise.all([a.wait('open'), b.wait('open')]);
    await until('the last candidate', () => candidates.includes(''), 10_000);
    assert.deepEqual(candidates, ['']);
    await close(a, b);
});
