// The native peer with the other WebRTC stacks that run in Node: libwebrtc, libdatachannel and werift,
// which offer and answer, open channels and are opened some, close them and see them closed.
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

const when = (target, name) => new Promise((resolve) => (target[`on${name}`] = resolve));
const LK_ELIMIT = -6;

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

/** What comes over a channel: strings, or Buffers. */
function reader(channel) {
    const heard = [];
    channel.binaryType = 'arraybuffer';
    channel.onmessage = ({ data }) => {
        const bytes = () => Buffer.from(data instanceof Uint8Array ? data.slice() : data);
        heard.push(typeof data === 'string' ? data : bytes());
    };
    return async () => {
        await until('a message', () => heard.length > 0, 15_000);
        return heard.shift();
    };
}

async function connect(t, Connection, { role, ids }) {
    const native = new NativePeer(t, role === 'offer' ? 'answer' : 'offer');
    const { pc, describe } = introduce(t, Connection, native, role);
    let channel;
    if (role === 'offer') {
        channel = pc.createDataChannel('loro-sync', ids && { id: 1 });
        await describe(await pc.createOffer());
    } else {
        channel = (await when(pc, 'datachannel')).channel;
    }
    const next = reader(channel);
    await native.wait('open');
    await until('the channel', () => channel.readyState === 'open', 15_000);
    const id = ids && (role === 'offer' ? 3 : 2);
    return { native, pc, channel, next, more: { id } };
}

/** Text and bytes of all lengths come back as what they were, and we send none that is too long. */
async function checkMessages({ native, channel, next }, { most, empty }) {
    for (const len of [1, 3, 1200, 65535, most]) {
        const sent = Buffer.alloc(len, (i) => i).fill('lorikeet');
        channel.send(sent);
        assert.deepEqual(await next(), sent, `echo of ${len}`);
    }
    channel.send('text \u{1f99c}');
    assert.equal(await next(), 'text \u{1f99c}');
    for (const nothing of empty ? ['', Buffer.alloc(0)] : []) {
        channel.send(nothing);
        assert.deepEqual(await next(), nothing);
    }
    for (let i = 0; i < 300; i++) channel.send(Buffer.from(`${i} `.repeat(1 + (i % 300))));
    for (let i = 0; i < 300; i++) assert.equal((await next()).toString(), `${i} `.repeat(1 + (i % 300)));
    native.say({ type: 'send', len: most + 1, count: 1 });
    assert.equal((await native.wait('sent')).status, LK_ELIMIT);
}

/** The stack refuses to send what is too long, or the channel ends. */
async function checkTooLong({ native, pc, more }, { tells }) {
    const channel = pc.createDataChannel('too long', more);
    const { channel: number } = await native.wait('open');
    await until('the channel', () => channel.readyState === 'open', 15_000);
    let refused = false;
    try {
        channel.send(Buffer.alloc(262_145));
    } catch {
        refused = true;
        channel.close();
    }
    if (tells || refused) {
        const shut = await native.wait('shut');
        const why = refused ? 'the other side closed the channel' : 'a message is longer than announced';
        assert.deepEqual([shut.channel, shut.why], [number, why]);
    }
    await until('the channel to close', () => channel.readyState === 'closed', 15_000);
}

/** The stack opens one more, and closes it. */
async function checkTheirs({ native, pc, more }, { forgets = false }) {
    const options = { ...more, ordered: false, maxRetransmits: 2, protocol: 'chess' };
    const channel = pc.createDataChannel('theirs', options);
    const next = reader(channel);
    const opened = await native.wait('open');
    assert.equal(opened.label, 'theirs');
    assert.equal(opened.protocol, 'chess');
    assert.deepEqual([opened.unordered, opened.kind, opened.limit], [!forgets, 1, 2]);
    await until('the channel', () => channel.readyState === 'open', 15_000);
    channel.send('over here');
    assert.equal(await next(), 'over here');
    channel.close();
    const { channel: shut, why } = await native.wait('shut');
    assert.equal(shut, opened.channel);
    assert.equal(why, 'the other side closed the channel');
    await until('the channel to close', () => channel.readyState === 'closed', 15_000);
}

/** We open one more, and close it. */
async function checkOurs({ native, pc }, { shows }) {
    const offered = when(pc, 'datachannel');
    native.say({ type: 'open', label: 'ours', protocol: 'go', unordered: true, kind: 2, limit: 500 });
    const { channel: number, status } = await native.wait('opening');
    assert.equal(status, 0);
    const { channel } = await offered;
    const next = reader(channel);
    assert.equal(channel.label, 'ours');
    assert.equal(channel.protocol, 'go');
    if (shows) assert.deepEqual([channel.ordered, channel.maxPacketLifeTime], [false, 500]);
    assert.equal((await native.wait('open')).channel, number);
    await native.echo(false);
    native.say({ type: 'send', channel: number, len: 5, count: 1, text: true });
    assert.equal(await next(), '\0'.repeat(5));
    await native.echo(true);
    channel.send('and back');
    assert.equal(await next(), 'and back');
    native.say({ type: 'shut', channel: number });
    const shut = await native.wait('shut');
    assert.deepEqual([shut.channel, shut.why], [number, 'closed']);
    await until('the channel to close', () => channel.readyState === 'closed', 15_000);
}

async function check(t, Connection, { closer, ...options }) {
    const all = await connect(t, Connection, options);
    const { native, pc, channel, next } = all;
    await checkMessages(all, options);
    for (let i = 0; i < 3; i++) {
        await checkTheirs(all, options); // on the same streams again
        await checkOurs(all, options);
    }
    await checkTooLong(all, options);
    channel.send('still here');
    assert.equal(await next(), 'still here');
    if (closer === 'native') native.say({ type: 'close' });
    else pc.close();
    await native.wait('closed');
    await until('the channel to close', () => channel.readyState === 'closed', 15_000);
}

// What they do differently:
// - @roamhq/wrtc 0.10.0 neither refuses a message that is too long nor tells the other side that it has
//   given the channel up.
// - node-datachannel 0.33.4 does not show how channels of the other side were opened.
// - werift 0.25.2 does not send empty messages, and finds no stream for a channel (dataChannelFlush) if SCTP
//   was up before it had started it itself, as it is with a peer that is quick: so it is given one. It
//   forgets to say that a channel is unordered if it is not reliable.
const stacks = [
    ['libwebrtc', libwebrtc, { most: 262_144, empty: true, shows: true, tells: false }],
    ['libdatachannel', libdatachannel, { most: 262_144, empty: true, shows: false, tells: true }],
    ['werift', werift, { most: 65_536, empty: false, shows: true, tells: true, ids: true, forgets: true }],
];
for (const [name, Connection, options] of stacks) {
    const skip = typeof Connection === 'string' && Connection;
    test(`${name} answers, and closes`, { skip }, (t) =>
        check(t, Connection, { role: 'answer', closer: 'stack', ...options }));
    test(`${name} offers, and is closed`, { skip }, (t) =>
        check(t, Connection, { role: 'offer', closer: 'native', ...options }));
}
