// The native peer with the other WebRTC stacks that run in Node: libwebrtc, libdatachannel and werift,
// which offer and answer, close and are closed.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { later, until } from '../e2e/lib/cleanup.mjs';
import { NativePeer } from './rtc_peers.mjs';

/** Two of them are machine code, which a machine or a version of Node may not be able to load. */
async function load(module) {
    try {
        const found = await import(module);
        return (found.default ?? found).RTCPeerConnection;
    } catch (error) {
        return `${module} does not load here: ${error.message.split('\n')[0]}`;
    }
}
const libwebrtc = await load('@roamhq/wrtc');
const libdatachannel = await load('node-datachannel/polyfill');
const werift = await load('werift');

const bytesOf = (data) => Buffer.from(data instanceof Uint8Array ? data.slice() : data);
const when = (target, name) => new Promise((resolve) => (target[`on${name}`] = resolve));

/** A connection of that stack whose words go to the native peer, and the other way round. */
function introduce(t, Connection, native, role) {
    const pc = new Connection({ iceServers: [] });
    later(t, () => pc.close());
    pc.onicecandidate = ({ candidate }) =>
        native.say({ type: 'candidate', candidate: candidate?.candidate ?? '' });
    const describe = async (description) => {
        await pc.setLocalDescription(description);
        native.say({ type: role, sdp: pc.localDescription.sdp });
    };
    let early = [];
    const add = ({ candidate }) => candidate && pc.addIceCandidate({ candidate, sdpMid: '0', sdpMLineIndex: 0 });
    native.onSignal = async (message) => {
        if (message.type === 'candidate') return early ? early.push(message) : add(message);
        await pc.setRemoteDescription(message);
        if (role === 'answer') await describe(await pc.createAnswer());
        early.forEach(add);
        early = undefined;
    };
    return { pc, describe };
}

async function connect(t, Connection, role) {
    const native = new NativePeer(t, role === 'offer' ? 'answer' : 'offer');
    const { pc, describe } = introduce(t, Connection, native, role);
    let channel;
    if (role === 'offer') {
        channel = pc.createDataChannel('loro-sync');
        await describe(await pc.createOffer());
    } else {
        channel = (await when(pc, 'datachannel')).channel;
    }
    const heard = [];
    channel.binaryType = 'arraybuffer';
    channel.onmessage = ({ data }) => heard.push(bytesOf(data));
    await native.wait('open');
    await until('the channel', () => channel.readyState === 'open', 15_000);
    const next = async () => {
        await until('a message', () => heard.length > 0, 15_000);
        return heard.shift();
    };
    return { native, pc, channel, next };
}

/** `most`: the longest message that the stack takes. */
async function check(t, Connection, { role, closer, most, empty = true }) {
    const { native, channel, next } = await connect(t, Connection, role);
    for (const len of [1, 3, 1200, 65535, most]) {
        const sent = Buffer.alloc(len, (i) => i).fill('lorikeet');
        channel.send(sent);
        assert.deepEqual(await next(), sent, `echo of ${len}`);
    }
    channel.send('text');
    assert.equal((await next()).toString(), 'text');
    for (const nothing of empty ? ['', Buffer.alloc(0)] : []) {
        channel.send(nothing);
        assert.equal((await next()).length, 0);
    }
    for (let i = 0; i < 300; i++) channel.send(Buffer.from(`${i} `.repeat(1 + (i % 300))));
    for (let i = 0; i < 300; i++) assert.equal((await next()).toString(), `${i} `.repeat(1 + (i % 300)));
    if (closer === 'native') native.say({ type: 'close' });
    else channel.close();
    const { why } = await native.wait('closed');
    assert.equal(why, closer === 'native' ? 'closed' : 'the other side closed the channel');
    await until('the channel to close', () => channel.readyState === 'closed', 15_000);
}

// werift 0.25.2: an empty message does not leave, and as an offerer it throws when SCTP is up before it has
// started it itself (dataChannelFlush), as it is with a peer that is quick.
const stacks = [
    ['libwebrtc', libwebrtc, { most: 262_144 }],
    ['libdatachannel', libdatachannel, { most: 262_144 }],
    ['werift', werift, { most: 65_536, empty: false }, 'it throws when its peer is quick'],
];
for (const [name, Connection, options, fault = false] of stacks) {
    const skip = typeof Connection === 'string' && Connection;
    test(`${name} answers, and closes`, { skip }, (t) =>
        check(t, Connection, { role: 'answer', closer: 'stack', ...options }));
    test(`${name} offers, and is closed`, { skip: skip || fault }, (t) =>
        check(t, Connection, { role: 'offer', closer: 'native', ...options }));
}
