// Slips, which people carry: the program's (test/unit/slip_test.c has the same vector), every form of
// candidate, and what is no slip of this link.
import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './load.mjs';

const { readSlip, writeSlip } = await load('slip');
const { closeSlip } = await load('seal');

const key = Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('base64url');
const link = { room: 'a-room', key };
const session = 'AQIDBAUGBwg';
const fingerprint = Array.from({ length: 32 }, (_, i) => (i * 7).toString(16).padStart(2, '0')).join(':');
const description = (setup, candidates) =>
    [
        'v=0',
        'o=- 1 1 IN IP4 127.0.0.1',
        's=-',
        't=0 0',
        'a=group:BUNDLE 0',
        'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
        'c=IN IP4 0.0.0.0',
        'a=mid:0',
        'a=ice-ufrag:abcd',
        'a=ice-pwd:0123456789abcdefghijkl',
        'a=ice-options:trickle',
        `a=fingerprint:sha-256 ${fingerprint.toUpperCase()}`,
        `a=setup:${setup}`,
        'a=sctp-port:5000',
        'a=max-message-size:262144',
        ...candidates,
        '',
    ].join('\r\n');
const CANDIDATES = [
    'a=candidate:1 1 udp 2130706431 192.0.2.7 5000 typ host',
    'a=candidate:2 1 udp 2130706175 2001:0db8:0000:0000:0000:0000:0000:0007 65535 typ host',
    'a=candidate:3 1 udp 2130705919 01234567-89ab-cdef-0123-456789abcdef.local 1 typ host',
    'a=candidate:4 1 udp 1694498047 198.51.100.9 5001 typ srflx raddr 0.0.0.0 rport 0',
    'a=candidate:5 1 udp 16776191 203.0.113.1 5002 typ relay raddr 0.0.0.0 rport 0',
];
const VECTOR =
    'INww023S6NVAoYTMg-69ceS-Nn-ioPrw6UGPp30IzAlFCMVsFA7dDQ7BvaVT8-B8YRXpX89ylVtYx7b6Z1MK5nTCqKu7LV50x97F' +
    'x7dOhzZE-AysajDBuWNUAYDMrfu-R1K2W5iND4yGLGKTYRQYUIlrhFRdNpjQxhvasLtSATpg6WSKVgfA1EYZOuDNO9RbGYPJ_7LhcbrVFb6S';

test('the program writes the same', () => {
    const sdp = description('actpass', CANDIDATES);
    assert.deepEqual(readSlip(link, VECTOR), { kind: 'offer', session, sdp });
});

test('what is written is read, and as short as it can be', () => {
    for (const [kind, setup] of [['offer', 'actpass'], ['answer', 'active'], ['answer', 'passive']])
        for (const count of [0, 1, 5]) {
            const sdp = description(setup, CANDIDATES.slice(0, count));
            const text = writeSlip(link, { kind, session, sdp });
            assert.deepEqual(readSlip(link, text), { kind, session, sdp });
            assert.notEqual(writeSlip(link, { kind, session, sdp }), text);
            if (count === 1) assert.equal(text.length, Math.ceil(((28 + 69 + 7 + 0) * 4) / 3));
        }
});

test('what browsers add is left out', () => {
    const sdp = description('active', [
        CANDIDATES[0].replace('typ host', 'typ host generation 0 ufrag abcd network-cost 999'),
        'a=candidate:9 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active',
        'a=candidate:9 2 udp 2130706430 192.0.2.7 5001 typ host',
        'a=candidate:9 1 udp 1 some.local 5001 typ host',
        'a=candidate:9 1 udp 1 ::ffff:192.0.2.7 5001 typ host',
        'a=candidate:9 1 udp 1 1:2:3 5001 typ host',
        'a=end-of-candidates',
        ...Array(12).fill('a=candidate:9 1 UDP 1 fe80::1 4 typ srflx raddr 0.0.0.0 rport 0'),
    ]);
    const read = readSlip(link, writeSlip(link, { kind: 'answer', session, sdp })).sdp;
    const candidates = read.match(/^a=candidate.*$/gm).map((line) => line.split(' ').slice(4, 8).join(' '));
    assert.deepEqual(candidates, [
        '192.0.2.7 5000 typ host',
        ...Array(9).fill('fe80:0000:0000:0000:0000:0000:0000:0001 4 typ srflx'),
    ]);
});

test('what a member seals that is no description', () => {
    const start = (setup) => [setup, ...Array(8 + 32).fill(7)];
    const words = [4, ...Buffer.from('abcd'), 2, ...Buffer.from('pw')];
    const candidate = (kinds) => [kinds, 0, 9, ...Array(16).fill(1)];
    const sealed = (bytes) => Buffer.from(closeSlip(link, Uint8Array.from(bytes))).toString('base64url');
    const read = (...bytes) => readSlip(link, sealed(bytes));
    assert.notEqual(read(...start(2), ...words, ...candidate(2 | (2 << 2))), null);
    for (const bytes of [
        [...start(3), ...words],
        [...start(0), 2, 97, 10, 1, 97],
        [...start(0), 2, 97, 127, 1, 97],
        [...start(0), ...words, ...candidate(3)],
        [...start(0), ...words, ...candidate(3 << 2)],
        [...start(0), ...words, ...candidate(1).slice(1)],
    ])
        assert.equal(read(...bytes), null, `${bytes}`);
});

test('what was not written with this link is no slip', () => {
    const other = { room: 'a-room', key: Buffer.alloc(32, 9).toString('base64url') };
    assert.equal(readSlip(other, VECTOR), null);
    assert.equal(readSlip({ room: 'b-room', key }, VECTOR), null);
    for (let i = 0; i < VECTOR.length; i += 1) {
        const changed = VECTOR[i] === 'A' ? 'B' : 'A';
        assert.equal(readSlip(link, VECTOR.slice(0, i)), null);
        // The last character has bits that count for nothing.
        if (i < VECTOR.length - 1)
            assert.equal(readSlip(link, VECTOR.slice(0, i) + changed + VECTOR.slice(i + 1)), null);
    }
    for (const nonsense of ['', '!', 'offer', `${VECTOR}AAAA`]) assert.equal(readSlip(link, nonsense), null);
});
