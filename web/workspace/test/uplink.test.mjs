// The way through the server, over real WebSockets: what waits for one that is slow.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import test from 'node:test';
import { FRAGMENT, indexOf, loadWithEngine, message, nameOf } from './messages.mjs';

const { WebSocket, WebSocketServer } = createRequire(new URL('../../../test/', import.meta.url))('ws');
globalThis.WebSocket = WebSocket;
const { Uplink } = await loadWithEngine('uplink');

/** A server that reads nothing until it is told to. `heard`: what it got. */
async function slowServer(t) {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    t.after(() => server.close());
    const heard = [];
    const peer = new Promise((resolve) =>
        server.on('connection', (socket) => {
            socket.pause();
            socket.on('message', (bytes) => heard.push(new Uint8Array(bytes)));
            resolve(socket);
        }),
    );
    await once(server, 'listening');
    return { url: `ws://127.0.0.1:${server.address().port}`, peer, heard };
}

/** An uplink that is open; `closed` counts how often it was told to be not. */
async function open(t, url) {
    const told = { closed: 0 };
    const opened = new Promise((resolve) => {
        const events = { open: resolve, message: () => {}, closed: () => told.closed++ };
        told.uplink = new Uplink(url, events);
    });
    t.after(() => told.uplink.want(false));
    told.uplink.send(message('early', 0, 10)); // is not open: goes nowhere
    told.uplink.want(true);
    await opened;
    return told;
}

const PIECES = 3000; // more than the kernel holds

test('a key in one document overtakes what waits of another', async (t) => {
    const { url, peer, heard } = await slowServer(t);
    const { uplink } = await open(t, url);
    for (let i = 0; i < PIECES; i++) uplink.send(message('large', i, FRAGMENT));
    uplink.send(message('small', 0, 10));
    assert.ok(uplink.holds);
    const socket = await peer;
    socket.resume();
    while (heard.length < PIECES + 1) await once(socket, 'message');
    const place = heard.findIndex((bytes) => nameOf(bytes) === 'small');
    assert.ok(place < PIECES / 2, `after ${place} of ${PIECES}`);
    const large = heard.filter((bytes) => nameOf(bytes) === 'large');
    assert.deepEqual(large.map(indexOf), Array.from({ length: PIECES }, (_, i) => i));
});

test('what waits for a connection that is given up goes with it', async (t) => {
    const { url, peer, heard } = await slowServer(t);
    const told = await open(t, url);
    const { uplink } = told;
    for (let i = 0; i < PIECES; i++) uplink.send(message('large', i, FRAGMENT));
    uplink.want(false);
    assert.equal(told.closed, 1);
    assert.ok(!uplink.holds);
    const socket = await peer;
    socket.resume();
    await once(socket, 'close');
    assert.ok(heard.length < PIECES);
});
