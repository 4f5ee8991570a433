// Links with relays: keys and records that are the program's, a relay that lies, and members who only read. That
// the records are those of the protocol's own packages is seen in test/clients.
import assert from 'node:assert/strict';
import test from 'node:test';
import * as engine from 'lorikeet-crdt/room';
import { load } from './load.mjs';

// The engine is Node's own copy, so that documents made here are the bundle's, too.
globalThis.engine = engine;
const names = Object.keys(engine).filter((name) => name !== 'default');
const shared = {
    name: 'shared',
    setup({ onResolve, onLoad }) {
        onResolve({ filter: /^lorikeet-crdt/ }, () => ({ path: 'engine', namespace: 'shared' }));
        onLoad({ filter: /.*/, namespace: 'shared' }, () => ({
            contents: `export const {${names}} = globalThis.engine;`,
        }));
    },
};
const { EloLink } = await load('elo_link', [shared]);
const { documentKey, joinWord, presenceKey, relayKey } = await load('seal');
const { recordsOf, container } = await load('elo');
const { guardOf, readersLink, roomKey } = await load('rights', [shared]);
const { Guard, LoroDoc, Room } = engine;

const key = Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('base64url');
const link = { room: 'a-room', key };
const writes = new Guard({ head: 'a-room', seed: new Uint8Array(32).fill(7) });
const reads = new Guard({ head: 'a-room', key: writes.key });
// HKDF of the key, as test/unit/seal_test.c has it
const DOCUMENT = '479e475001498556015e640c938c1cd77fcf63e6b80afed38a7d90e9d40ae207';
const PRESENCE = '98ed904d959b45b78e2084c06da8651e0a1a8b125025c4d1151aca6c459b19e4';
const WORD = '70361af6357c4f6bb419c409544edef6bcb1bb891b6a11d8646bf66de526767b';
const RELAY = '0e540e667b4b84d063fe2702c2ff2c5d507e2d2f10ebb8a21bc68799dfa568fe';
const hex = (bytes) => Buffer.from(bytes).toString('hex');

/** A document with its room and link; what goes out is in `said`. */
function side(peer, guard = writes) {
    const doc = new LoroDoc();
    doc.setPeerId(peer);
    const room = new Room(doc, { id: link.room, guard });
    const side = { doc, room, said: [], refused: 0, whole: 0 };
    side.eloLink = new EloLink(doc, link, guard, 65536, {
        out: (message) => side.said.push(message),
        in: (message) => room.feed(1, message, 0),
        refused: () => (side.refused += 1),
        whole: () => (side.whole += 1),
    });
    side.pump = () => {
        for (let out = room.poll(); out; out = room.poll()) {
            if (out.kind === 'send') side.eloLink.seal(out.bytes);
            if (out.kind === 'store') room.stored(out.token);
        }
    };
    side.write = (text) => {
        doc.getText('t').insert(0, text);
        room.edited(0);
        side.pump();
    };
    side.hear = (message) => {
        const good = side.eloLink.open(message);
        side.pump();
        return good;
    };
    room.open(1, 0);
    side.pump();
    return side;
}
const bytes = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const text = (what) => Buffer.from(what);
const head = (kind, magic = '%ELO') => bytes(text(magic), [6], text('a-room'), [kind]);
/** "Come in; here is nothing yet." */
const welcome = (version = [0]) => bytes(head(1), [5], text('write'), [version.length], version, [0]);
const update = (box, magic) => bytes(head(3, magic), [1], lengthOf(box), box, [0, 0, 0, 0, 0, 0, 0, 9]);
function lengthOf(box) {
    const out = [];
    for (let n = box.length; ; n >>>= 7) {
        if (n < 128) return [...out, n];
        out.push((n & 127) | 128);
    }
}
/** The records that were said, without their messages. */
function records(side) {
    const at = head(3).length + 1;
    return side.said
        .filter((message) => message[head(3).length - 1] === 3)
        .flatMap((message) => {
            let start = at;
            while (message[start++] & 128);
            return [...recordsOf(message.subarray(start, -8))];
        });
}

test('keys are those of the program', () => {
    assert.equal(hex(documentKey(link)), DOCUMENT);
    assert.equal(hex(presenceKey(link)), PRESENCE);
    assert.equal(hex(joinWord(link)), hex(text('lorikeet\x01')) + WORD);
    assert.equal(hex(Buffer.from(relayKey(link), 'base64url')), RELAY);
});

test('what is written reaches another link, and nobody between can read it', () => {
    const [a, b] = [side(1), side(2)];
    a.hear(welcome());
    a.write('secret');
    const found = records(a);
    assert.equal(found.length, 1);
    assert.ok(!Buffer.concat(a.said).includes('secret'));
    b.hear(welcome());
    assert.ok(b.hear(update(container(found))));
    assert.equal(b.doc.getText('t').toString(), 'secret');
    assert.equal(b.refused, 0);
});

test('after 64 records comes one that holds them', () => {
    const a = side(1);
    a.hear(welcome());
    for (let i = 0; i < 64; i += 1) a.write('x');
    const found = records(a);
    assert.equal(found.length, 65);
    const b = side(2);
    b.hear(welcome());
    b.hear(update(container([found[64]])));
    assert.equal(b.doc.getText('t').toString(), 'x'.repeat(64));
});

test('a relay that changes, repeats, reorders or invents is believed in nothing, and costs nothing', () => {
    const a = side(1);
    a.hear(welcome());
    for (let i = 0; i < 3; i += 1) a.write('secret');
    const found = records(a);
    const changed = (at) => found.map((record) => record.map((byte, i) => byte ^ (i === at(record))));
    const fromEnd = (distance) => changed((record) => record.length - distance);
    for (const [what, kept, refused] of [
        [[...found].reverse(), 18, 0],
        [[...found, ...found], 18, 0],
        [fromEnd(1), 0, 1],
        [fromEnd(30), 0, 1],
        [changed(() => 3), 0, 1],
        [[new Uint8Array(3)], 0, 1],
    ]) {
        const b = side(2);
        b.hear(welcome());
        assert.ok(b.hear(update(container(what))));
        assert.equal(b.doc.getText('t').length, kept);
        assert.equal(b.refused, refused);
        b.hear(update(container(found)));
        assert.equal(b.doc.getText('t').length, 18);
    }
    const [b, c] = [side(2), side(3)];
    const all = a.doc.oplogVersion().encode();
    b.hear(welcome(all));
    b.hear(update(container(found.slice(0, 2))));
    assert.equal(b.whole, 0);
    b.hear(update(container([found[2]])));
    assert.equal(b.whole, 1);
    c.hear(welcome(all));
    c.hear(update(container(fromEnd(1))));
    c.hear(update(container(found)));
    assert.deepEqual([c.refused, c.whole], [1, 0]);
    assert.ok(!b.hear(Uint8Array.of(1, 2)));
    assert.ok(!b.hear(update(Uint8Array.of(9, 9))));
});

test('links to write and to read give the keys that they give the program', () => {
    // as test/unit/room_url_test.c has them
    const SIGNATURE =
        'd1daf3a193125139716a01fb4ab1bb9ee442cef3ae8f306057391100abc90eda' +
        'b4e2d4de90afbefb3d0e468aed9b34220558b0f90fd10ccd5c71edddd5e20c05';
    const READS = 'wCRYSQTS05syDRfcIjqeagV9yzpEirT44jClXnftPqNSJT2FM2oD1YCcoMpSxyVhFnBcMUfzLl97TiP8EkbgXg';
    const guard = guardOf(link);
    const second = readersLink(link, guard);
    assert.equal(second.key, READS);
    assert.deepEqual(roomKey(second), roomKey(link));
    assert.deepEqual(readersLink(second, guardOf(second)), second);
    const blob = new LoroDoc().export({ mode: 'update' });
    const signed = guard.sign(blob);
    assert.ok(guardOf(second).verify(signed));
    assert.equal(hex(guard.sign(text('blob')).subarray(5, 69)), SIGNATURE);
    assert.throws(() => guardOf(second).sign(blob), engine.ESTATE);
    assert.ok(!guardOf({ ...link, room: 'b-room' }).verify(signed));
});

test('who only reads gives on what others signed, and nothing of its own is believed', () => {
    const [a, b, c] = [side(1), side(2, reads), side(3, reads)];
    a.hear(welcome());
    a.write('one');
    b.hear(welcome());
    b.hear(update(container(records(a))));
    assert.equal(b.doc.getText('t').toString(), 'one');
    const given = records(b);
    assert.equal(given.length, 0); // it came from there
    const next = side(4, reads);
    next.room.restore(a.room.whole(), 0);
    next.hear(welcome());
    assert.equal(records(next).length, 1);
    c.hear(welcome());
    c.hear(update(container(records(next))));
    assert.equal(c.doc.getText('t').toString(), 'one');
    assert.equal(c.refused, 0);
    const liar = side(5, new Guard({ head: 'a-room', seed: new Uint8Array(32).fill(8) }));
    liar.hear(welcome());
    liar.write('two');
    for (const honest of [a, c]) {
        honest.hear(update(container(records(liar))));
        assert.equal(honest.doc.getText('t').toString(), 'one');
        assert.equal(honest.refused, 1);
    }
});

test('what others signed is given on once; again only if something was refused', () => {
    const [a, b, reader] = [side(1), side(2), side(3, reads)];
    for (const one of [a, b, reader]) one.hear(welcome());
    a.write('one');
    b.hear(update(container(records(a))));
    b.write('two');
    const said = (room) => update(room.whole(), '%LOR');
    /** How many records go, in how many messages. */
    const given = (message) => {
        reader.said.length = 0;
        reader.eloLink.seal(message);
        return [records(reader).length, reader.said.length];
    };
    assert.deepEqual(given(said(a.room)), [1, 1]);
    assert.deepEqual(given(said(a.room)), [0, 1]); // to be acknowledged
    assert.deepEqual(given(said(b.room)), [1, 1]); // what is new in it
    assert.deepEqual(given(said(b.room)), [0, 1]);
    assert.ok(reader.hear(bytes(head(8), [0, 0, 0, 0, 0, 0, 0, 9], [0])));
    assert.deepEqual(given(said(b.room)), [0, 1]);
    assert.ok(reader.hear(bytes(head(8), [0, 0, 0, 0, 0, 0, 0, 9], [1])));
    assert.deepEqual(given(said(b.room)), [1, 1]);
    reader.hear(welcome(b.doc.oplogVersion().encode()));
    assert.deepEqual(given(said(b.room)), [0, 1]);
});

test('what a writer cannot export yet, for its past is not here, is given on as it was signed', () => {
    const [a, b, c, d] = [side(1), side(2), side(3), side(4)];
    for (const one of [a, b, c, d]) one.hear(welcome());
    a.write('one');
    const past = records(a);
    const from = a.doc.oplogVersion();
    b.hear(update(container(past)));
    b.write('two');
    a.hear(update(container(records(b))));
    a.write('three');
    const blob = a.doc.export({ mode: 'update', from });
    c.doc.import(blob);
    c.eloLink.seal(update(writes.sign(blob), '%LOR'));
    assert.equal(c.doc.getText('t').toString(), '');
    d.hear(update(container([...past, ...records(c)])));
    assert.equal(d.doc.getText('t').toString(), a.doc.getText('t').toString());
});

// ---- presence ----

const EPH = text('%EPH');
const isShown = (message) => Buffer.from(message.subarray(0, 4)).equals(EPH);
const shownHead = (kind) => bytes(EPH, [6], text('a-room'), [kind]);
/** "Come in" to presence, after which the room says what it shows. */
const letShow = (side) => side.hear(bytes(shownHead(1), [5], text('write'), [0, 0]));
/** Messages with what `side` shows, once they went. */
async function shown(side) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return side.said.splice(0).filter((message) => isShown(message) && message[shownHead(3).length - 1] === 3);
}
function present(side, key, value) {
    side.room.setPresence(key, value, 0);
    side.pump();
}

test('who writes and who reads are shown to one another, sealed; only the last of several changes goes', async () => {
    const [a, b] = [side(1), side(2, reads)];
    for (const one of [a, b]) one.hear(welcome()), letShow(one);
    const join = a.said.find(isShown);
    assert.ok(Buffer.from(join).includes(Buffer.from(joinWord(link))));
    for (let i = 0; i <= 9; i += 1) present(a, 'me', { name: 'secret', nested: [i, null, true, 1.5, { a: 'b' }] });
    present(a, 'more', new Uint8Array(3));
    const found = await shown(a);
    assert.equal(found.length, 1);
    assert.ok(!Buffer.concat(found).includes('secret') && !Buffer.concat(found).includes('more'));
    assert.ok(b.hear(found[0]));
    const seen = { me: { name: 'secret', nested: [9, null, true, 1.5, { a: 'b' }] }, more: [0, 0, 0] };
    assert.deepEqual(b.room.presence(), seen);
    present(b, 'reader', 1);
    for (const message of await shown(b)) a.hear(message);
    assert.deepEqual(a.room.presence(), { ...seen, reader: 1 });
    present(a, 'me', null);
    for (const message of await shown(a)) b.hear(message);
    assert.deepEqual(b.room.presence(), { more: [0, 0, 0], reader: 1 });
    assert.equal(a.refused + b.refused, 0);
});

test('entries go in updates that receivers take, and what is too large stays', async () => {
    const [a, b] = [side(1), side(2)];
    for (const one of [a, b]) one.hear(welcome()), letShow(one);
    for (let i = 0; i < 300; i += 1) present(a, `key ${i}`, i === 150 ? 'x'.repeat(20_000) : i);
    const found = await shown(a);
    assert.ok(found.length > 5 && found.every((message) => message.length < 4096));
    for (const message of found) b.hear(message);
    assert.equal(Object.keys(b.room.presence()).length, 299);
});

test('what is said in place of presence is nothing and costs nothing, and neither is what is old', async (t) => {
    const [a, b] = [side(1), side(2)];
    for (const one of [a, b]) one.hear(welcome()), letShow(one);
    present(a, 'me', 'here');
    const [message] = await shown(a);
    for (let at = shownHead(3).length; at < message.length - 8; at += 1) {
        const changed = message.map((byte, i) => byte ^ Number(i === at));
        b.eloLink.open(changed);
        b.pump();
        assert.deepEqual(b.room.presence(), {}, `byte ${at}`);
    }
    for (const minutes of [-6, 6]) {
        const now = Date.now() + minutes * 60_000;
        const clock = t.mock.method(Date, 'now', () => now);
        assert.ok(b.hear(message));
        assert.deepEqual(b.room.presence(), {});
        clock.mock.restore();
    }
    assert.ok(b.hear(message));
    assert.deepEqual(b.room.presence(), { me: 'here' });
});

test('a member who shows what is no update does not break the link', async () => {
    const [a, b] = [side(1), side(2)];
    for (const one of [a, b]) one.hear(welcome()), letShow(one);
    const errors = [];
    const poll = b.room.poll.bind(b.room);
    b.room.poll = () => {
        const out = poll();
        if (out?.kind === 'error') errors.push(out);
        return out;
    };
    // an update of the room whose key is not UTF-8, as the link's own room would never say it
    const broken = bytes([1, 2, 0xff, 0xff, 1, 0, 2]);
    a.eloLink.seal(bytes(shownHead(3), [1], [broken.length], broken, [0, 0, 0, 0, 0, 0, 0, 1]));
    const [message] = await shown(a);
    assert.ok(b.hear(message));
    assert.deepEqual([errors, b.room.presence()], [[], {}]);
});

test('what the program shows opens here', (t) => {
    // by src/host/presence_link.c, at that time
    const SHOWN =
        '0110676950732d507254326164704862483101082a9f530b412eddc742a0775b6fbcbd0bcec113148e1648efc57204' +
        '085729b0e6d7442c09313036cd048f3080a0abfef962';
    t.mock.method(Date, 'now', () => 1_700_000_000_000);
    const b = side(2);
    b.hear(welcome());
    const update = Buffer.from(SHOWN, 'hex');
    b.hear(bytes(shownHead(3), [1], [update.length], update, [0, 0, 0, 0, 0, 0, 0, 1]));
    assert.deepEqual(b.room.presence(), { me: 'here' });
});
