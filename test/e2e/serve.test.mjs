// The server as its users meet it: files, both signalling dialects, and people who mean harm. After
// everything, it must still answer.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, test } from 'node:test';
import { scratchFolder } from './lib/cleanup.mjs';
import { Child, program, serve } from './lib/program.mjs';
import { finish, peerName, socket } from './lib/socket.mjs';

const server = await serve(
    { after },
    { args: ['--stun', 'stun.example:3478', '--stun', '127.0.0.1:3479'] },
);

const join = async (room, n) => {
    const s = await socket(server.url);
    s.say({ type: 'join', v: 1, room, peer: peerName(n) });
    return s;
};

test('files: types, validation, nothing outside the folder', async (t) => {
    const at = scratchFolder(t);
    mkdirSync(path.join(at, 'web/assets'), { recursive: true });
    writeFileSync(path.join(at, 'secret'), 'secret');
    writeFileSync(path.join(at, 'web/.hidden'), 'hidden');
    writeFileSync(path.join(at, 'web/index.html'), '<p>here');
    const types = {
        'assets/a.js': 'text/javascript; charset=utf-8',
        'assets/a.mjs': 'text/javascript; charset=utf-8',
        'assets/a.wasm': 'application/wasm',
        'assets/a.css': 'text/css; charset=utf-8',
        'app.webmanifest': 'application/manifest+json',
        'icon.svg': 'image/svg+xml',
    };
    for (const name of Object.keys(types)) writeFileSync(path.join(at, 'web', name), name);
    const big = Buffer.alloc(3_000_000, 'lorikeet');
    writeFileSync(path.join(at, 'web/big.bin'), big);
    const site = await serve(t, { args: ['--web', path.join(at, 'web')] });

    for (const [name, type] of Object.entries(types)) {
        const reply = await fetch(`${site.url}/${name}?v=1`);
        assert.equal(reply.status, 200);
        assert.equal(reply.headers.get('content-type'), type);
        assert.equal(await reply.text(), name);
    }
    assert.equal(await (await fetch(site.url + '/')).text(), '<p>here');
    assert.deepEqual(Buffer.from(await (await fetch(site.url + '/big.bin')).arrayBuffer()), big);

    const first = await fetch(site.url + '/assets/a.wasm');
    const etag = first.headers.get('etag');
    const again = await fetch(site.url + '/assets/a.wasm', { headers: { 'if-none-match': etag } });
    assert.equal(again.status, 304);
    const head = await fetch(site.url + '/big.bin', { method: 'HEAD' });
    assert.equal(head.headers.get('content-length'), '3000000');
    assert.equal((await fetch(site.url + '/', { method: 'POST', body: 'x' })).status, 405);

    const outside = ['/../secret', '/%2e%2e/secret', '/assets/../../secret', '/..%2fsecret'];
    const none = ['/.hidden', '//secret', '/assets', '/none', '/a%00.js', '/\\secret'];
    for (const bad of [...outside, ...none])
        assert.equal(await rawStatus(site.port, bad), 404, bad);
});

/** The status of a GET whose path no client library has cleaned up. */
function rawStatus(port, target) {
    return new Promise((resolve, reject) => {
        const connection = net.connect(port, '127.0.0.1', () =>
            connection.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
        );
        let reply = '';
        connection.on('data', (data) => (reply += data));
        // Paths that break HTTP itself are refused with 400 or 403, or not answered.
        connection.on('close', () => {
            const status = Number(reply.slice(9, 12));
            resolve([0, 400, 403].includes(status) ? 404 : status);
        });
        connection.on('error', reject);
    });
}

test('members meet, talk and part', async () => {
    const a = await join('meet', 1);
    assert.deepEqual(await a.hear(), {
        type: 'welcome',
        peer: peerName(1),
        peers: [],
        ice: [{ urls: 'stun:stun.example:3478' }, { urls: 'stun:127.0.0.1:3479' }],
    });
    const b = await join('meet', 2);
    assert.deepEqual((await b.hear()).peers, [peerName(1)]);
    assert.deepEqual(await a.hear(), { type: 'peer-joined', peer: peerName(2) });
    const c = await join('meet', 3);
    assert.deepEqual((await c.hear()).peers, [peerName(1), peerName(2)]);
    for (const s of [a, b])
        assert.deepEqual(await s.hear(), { type: 'peer-joined', peer: peerName(3) });

    const nested = { kind: 'offer', sdp: 'v=0\r\n', deep: [1, [2, { x: null }]] };
    for (const data of [nested, 'é😀\u0000', 7.5, null, false, []]) {
        a.say({ type: 'signal', to: peerName(3), data });
        assert.deepEqual(await c.hear(), { type: 'signal', from: peerName(1), data });
    }
    b.ws.terminate();
    for (const s of [a, c])
        assert.deepEqual(await s.hear(), { type: 'peer-left', peer: peerName(2) });
    a.raw('ping');
    assert.equal(await a.hearText(), 'pong');
    await a.close();
    await c.close();
});

test('rooms do not hear each other, on any path', async () => {
    const a = await socket(server.url, '/');
    const b = await socket(server.url, '/some/where?x=1');
    a.say({ type: 'join', v: 1, room: 'one', peer: peerName(1) });
    b.say({ type: 'join', v: 1, room: 'two', peer: peerName(2) });
    assert.deepEqual((await a.hear()).peers, []);
    assert.deepEqual((await b.hear()).peers, []);
    a.say({ type: 'signal', to: peerName(2), data: 1 });
    assert.equal((await a.hear()).code, 'no-such-peer');
    await a.close();
    await b.close();
});

test('each mistake has its code, and the connection stays', async () => {
    const s = await socket(server.url);
    const wrong = async (message, code) => {
        s.raw(typeof message === 'string' ? message : JSON.stringify(message));
        const reply = await s.hear();
        assert.equal(reply.type, 'error');
        assert.equal(reply.code, code, JSON.stringify(message));
        assert.equal(typeof reply.message, 'string');
    };
    const me = peerName(1);
    const noJson = ['', '{', 'nonsense', '['.repeat(60000), '{"type":"join"', "{'type':1}"];
    const noObject = ['[]', 'null', '1', '"x"'];
    const noType = ['{"type":1}', '{"type":"sing"}', '{"type":"join"}', '{"type":null}'];
    for (const bad of [...noJson, ...noObject, ...noType])
        await wrong(bad, 'bad-message');
    await wrong({ type: 'join', v: 2, room: 'errors', peer: me }, 'bad-message');
    for (const room of ['', 'a b', 'é', 'x'.repeat(129), 7, null])
        await wrong({ type: 'join', v: 1, room, peer: me }, 'bad-room');
    for (const peer of ['', 'short', 'x'.repeat(23), 'x'.repeat(21) + '+', 7])
        await wrong({ type: 'join', v: 1, room: 'errors', peer }, 'bad-peer');
    await wrong({ type: 'signal', to: me, data: 1 }, 'not-joined');
    await wrong({ roomId: '' }, 'bad-room');
    await wrong({ roomId: 7 }, 'bad-room');
    await wrong({ hello: 1 }, 'bad-room');
    await wrong('x'.repeat(65537), 'too-large');
    await wrong(`"${'x'.repeat(1_000_000)}"`, 'too-large');
    s.ws.send(Buffer.from([1, 2, 3]));
    assert.equal((await s.hear()).code, 'bad-message');

    s.say({ type: 'join', v: 1, room: 'x'.repeat(128), peer: me });
    assert.equal((await s.hear()).type, 'welcome');
    await wrong({ type: 'join', v: 1, room: 'errors', peer: me }, 'bad-message');
    await wrong({ type: 'signal', to: peerName(9), data: 1 }, 'no-such-peer');
    await wrong({ type: 'signal', to: me, data: 1 }, 'no-such-peer');
    await wrong({ type: 'signal', to: me }, 'bad-message');
    await wrong({ roomId: 'plain' }, 'bad-message');
    const twin = await join('x'.repeat(128), 1);
    assert.equal((await twin.hear()).code, 'peer-taken');
    // The largest message that is allowed.
    const other = await join('x'.repeat(128), 2);
    await other.hear();
    const frame = JSON.stringify({ type: 'signal', to: me, data: '' });
    assert.equal((await s.hear()).type, 'peer-joined');
    other.raw(frame.replace('""', `"${'d'.repeat(65536 - frame.length)}"`));
    const got = await s.hear();
    assert.equal(got.data.length, 65536 - frame.length);
    await Promise.all([s.close(), twin.close(), other.close()]);
});

test('a room has so many members and no more', async () => {
    const members = [];
    for (let n = 0; n < 1024; n++) {
        members.push(await join('full', n));
        assert.equal((await members[n].hear()).peers.length, n);
    }
    const late = await join('full', 1024);
    assert.equal((await late.hear()).code, 'too-many');
    await members[5].close();
    assert.deepEqual(await members[1023].hear(), { type: 'peer-left', peer: peerName(5) });
    late.say({ type: 'join', v: 1, room: 'full', peer: peerName(1024) });
    const reply = await late.hear();
    assert.equal(reply.type, 'welcome');
    await Promise.all([...members, late].map((s) => s.close()));
});

test('the plain dialect is relayed byte for byte', async () => {
    const [a, b, c] = await Promise.all(['/', '/a', '/'].map((at) => socket(server.url, at)));
    b.say({ roomId: 'plain' });
    c.say({ roomId: 'plain' });
    await b.settle();
    await c.settle();
    const text =
        '{ "roomId" : "plain",\n "offer": {"type":"offer","sdp":"v=0\\r\\n"}, "n": 1.50, "n": 2 }';
    a.raw(text);
    assert.equal(await b.hearText(), text);
    assert.equal(await c.hearText(), text);
    c.say({ roomId: 'plain', answer: 1 });
    assert.deepEqual(await a.hear(), { roomId: 'plain', answer: 1 });
    assert.deepEqual(await b.hear(), { roomId: 'plain', answer: 1 });
    // The other dialect has a room of that name, too, and it is another room.
    const typed = await join('plain', 1);
    assert.deepEqual((await typed.hear()).peers, []);
    a.say({ roomId: 'plain', candidate: 1 });
    assert.deepEqual(await b.hear(), { roomId: 'plain', candidate: 1 });
    await typed.settle();
    await Promise.all([a, b, c, typed].map((s) => s.close()));
});

test('garbage costs its sender, never the server', { timeout: 60000 }, async () => {
    const witness = await join('witness', 1);
    await witness.hear();
    let seed = 7;
    const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
    const good = [
        JSON.stringify({ type: 'join', v: 1, room: 'fuzz', peer: peerName(5) }),
        JSON.stringify({ type: 'signal', to: peerName(5), data: { kind: 'offer' } }),
        JSON.stringify({ roomId: 'fuzz', offer: { sdp: 'x' } }),
    ];
    for (let round = 0; round < 40; round++) {
        const s = await socket(server.url);
        for (let i = 0; i < 40 && s.ws.readyState === 1; i++) {
            const bytes = Buffer.from(good[random(3)]);
            for (let flips = random(6); flips > 0; flips--)
                bytes[random(bytes.length)] = random(256);
            s.ws.send(bytes.subarray(0, 1 + random(bytes.length)), { binary: random(10) === 0 });
        }
        if (round % 2) s.ws.terminate();
        else await s.close();
    }
    // Below WebSocket: HTTP that is none, upgrades that are none, frames that lie about themselves.
    const upgrade =
        'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n';
    for (let round = 0; round < 60; round++) {
        const noise = Buffer.from(Array.from({ length: 1 + random(400) }, () => random(256)));
        await new Promise((resolve) => {
            const connection = net.connect(server.port, '127.0.0.1', () => {
                if (round % 3) connection.write(upgrade);
                connection.write(noise, () => setTimeout(() => connection.destroy(), 5));
            });
            connection.on('close', resolve);
            connection.on('error', () => {});
            connection.resume();
        });
    }
    await witness.settle();
    await witness.close();
});

test('invalid UTF-8 ends the connection', async () => {
    const s = await socket(server.url);
    s.ws.send(Buffer.from([0x22, 0xff, 0xfe, 0x22]), { binary: false });
    assert.equal(await s.closed, 1007);
});

test('a flood ends the connection that makes it', { timeout: 60000 }, async () => {
    const s = await socket(server.url);
    const flood = setInterval(() => {
        for (let i = 0; i < 500 && s.ws.readyState === 1; i++) s.say({ type: 'noise' });
    }, 1);
    await s.closed;
    clearInterval(flood);
    const huge = await socket(server.url);
    huge.ws.send(Buffer.alloc(64 << 20, 'x'), { binary: false });
    await huge.closed;
});

test('a reader that does not read is cut off, and others go on', { timeout: 60000 }, async () => {
    const [a, b, slow] = await Promise.all([1, 2, 3].map(() => socket(server.url)));
    slow.say({ roomId: 'slow' });
    await slow.settle();
    slow.ws._socket.pause();
    b.say({ roomId: 'slow' });
    await b.settle();
    const message = JSON.stringify({ roomId: 'slow', offer: 'x'.repeat(60000) });
    // Stay below the flood limit: what piles up comes from two senders over some seconds.
    for (let i = 0; i < 60; i++) {
        for (const [from, to] of [[a, b], [b, a]]) {
            from.raw(message);
            if (i > 0 || from === a) assert.equal(await to.hearText(), message);
        }
        await new Promise((resolve) => setTimeout(resolve, 60));
    }
    slow.ws._socket.resume();
    await slow.closed;
    await a.close();
    await b.close();
});

test('the command line', async (t) => {
    assert.equal((await finish('serve')).code, 64);
    assert.equal((await finish('serve', '--listen', 'nonsense')).code, 64);
    assert.equal((await finish('serve', '--listen', '127.0.0.1:0', '--sturn', 'x')).code, 64);
    const taken = await finish('serve', '--listen', `127.0.0.1:${server.port}`);
    assert.equal(taken.code, 1);
    assert.match(taken.stderr, /cannot listen on .*: Address already in use\n$/);
    const unknown = await finish('sreve');
    assert.equal(unknown.code, 64);
    assert.match(unknown.stderr, /did you mean "serve"/);
    assert.equal((await finish('serve', '--help')).code, 0);
    assert.match((await finish('--version')).stdout, /^lorikeet \d+\.\d+\.\d+\n$/);

    const link = await finish('link', '--server', 'http://127.0.0.1:8080');
    assert.equal(link.code, 0);
    const form = /^http:\/\/127\.0\.0\.1:8080\/#\/[A-Za-z0-9_-]{22}\?k=[A-Za-z0-9_-]{43}\n$/;
    assert.match(link.stdout, form);
    const next = await finish('link', '--server', 'http://127.0.0.1:8080');
    assert.notEqual(next.stdout, link.stdout);
    assert.equal((await finish('link', '--server', 'ftp://x')).code, 64);
    assert.equal((await finish('link')).code, 64);

    const localhost = new Child(t, program, ['serve', '--listen', 'localhost:0']);
    await localhost.line(/^listening on http:\/\/localhost:\d+$/);
    assert.deepEqual(await localhost.stop('SIGINT'), { code: 0, signal: null });
});

test('SIGTERM with connections open is a clean end', async (t) => {
    const brief = await serve(t);
    const s = await socket(brief.url);
    s.say({ type: 'join', v: 1, room: 'r', peer: peerName(1) });
    await s.hear();
    assert.deepEqual(await brief.child.stop(), { code: 0, signal: null });
    await s.closed;
});

test('after all that, the server answers and ends', async () => {
    const health = await fetch(server.url + '/healthz');
    assert.equal(health.status, 200);
    assert.deepEqual(await server.child.stop(), { code: 0, signal: null });
    assert.equal(server.child.errors, '');
});
