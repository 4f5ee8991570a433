// The parts of the page that need no browser: what an edit was, how it meets the edits of others, and
// how it is taken back. Each random walk is replayed by its seed.
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import test from 'node:test';
import { build } from 'esbuild';

globalThis.crypto ??= webcrypto; // Node 18 has it, but not by that name

const source = ['backoff', 'bridge', 'link', 'people', 'replacement', 'undo']
    .map((name) => `export * from './src/${name}';`)
    .join('\n');
const bundle = await build({
    stdin: {
        contents: `${source}\nexport { ChangeSet, Text } from '@codemirror/state';`,
        resolveDir: fileURLToPath(new URL('..', import.meta.url)),
    },
    bundle: true,
    format: 'esm',
    write: false,
});
const script = Buffer.from(bundle.outputFiles[0].contents).toString('base64');
const page = await import(`data:text/javascript;base64,${script}`);
const { Backoff, Bridge, ChangeSet, OwnUndo, Text } = page;
const { cleanName, initials, inventName, peopleOf } = page;
const { findReplacement, linkFragment, newLink, parseLink } = page;

/** Numbers below `end`, the same for the same seed (xorshift32). */
function numbers(seed) {
    let state = (seed * 2654435761) | 1;
    return (end) => {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return (state >>> 0) % end;
    };
}

/** A change of `length` units: something replaced by something of `letters`. */
function randomChange(random, length, letters) {
    const from = random(length + 1);
    const to = random(2) ? from : Math.min(length, from + random(4));
    const insert = Array.from({ length: random(4) }, () => letters[random(letters.length)]).join(
        '',
    );
    return ChangeSet.of({ from, to, insert }, length);
}

function apply(change, text) {
    let result = '';
    let at = 0;
    change.iterChanges((fromA, toA, _fromB, _toB, inserted) => {
        result += text.slice(at, fromA) + inserted.toString();
        at = toA;
    });
    return result + text.slice(at);
}

function deltaOf(change) {
    const delta = [];
    let at = 0;
    change.iterChanges((fromA, toA, _fromB, _toB, inserted) => {
        if (fromA > at) delta.push({ retain: fromA - at });
        if (inserted.length > 0) delta.push({ insert: inserted.toString() });
        if (toA > fromA) delta.push({ delete: toA - fromA });
        at = toA;
    });
    return delta;
}

test('a link says its room and its key, and nothing else is a link', () => {
    const link = newLink();
    assert.deepEqual(parseLink(linkFragment(link)), link);
    assert.match(link.room, /^[\w-]{22}$/);
    assert.match(link.key, /^[\w-]{43}$/);
    const key = 'k'.repeat(43);
    assert.deepEqual(parseLink(`#/${'r'.repeat(128)}?k=${key}`), { room: 'r'.repeat(128), key });
    const reader = { room: 'room', key: 'v'.repeat(86), reads: true };
    assert.deepEqual(parseLink(linkFragment(reader)), reader);
    for (const damaged of [
        '',
        '#/',
        `#/?k=${key}`,
        `#/${'r'.repeat(129)}?k=${key}`,
        `#/room?k=${key}k`,
        `#/room?k=${key.slice(1)}`,
        `#/room?k=${key}&x=1`,
        `#/room?k=${reader.key}`,
        `#/room?v=${key}`,
        `#/room?v=${reader.key}v`,
        `#/room?r=${key}`,
        `#/ro om?k=${key}`,
        `/room?k=${key}`,
    ])
        assert.equal(parseLink(damaged), null, damaged);
});

test('waits grow to 15 s and start again after success', () => {
    const backoff = new Backoff();
    for (const full of [500, 1000, 2000, 4000, 8000, 15_000, 15_000]) {
        const wait = backoff.next();
        assert.ok(wait >= full / 2 && wait <= full, `${wait} of ${full}`);
    }
    backoff.reset();
    assert.ok(backoff.next() <= 500);
});

test('a replacement makes one text of the other, and is small', () => {
    const letters = ['a', 'b', '\n', '😀', '😁'];
    for (let seed = 1; seed <= 20_000; seed += 1) {
        const random = numbers(seed);
        const word = () => Array.from({ length: random(8) }, () => letters[random(5)]).join('');
        const [head, removed, inserted, tail] = [word(), word(), word(), word()];
        const [before, after] = [head + removed + tail, head + inserted + tail];
        const caret = head.length + inserted.length;
        const found = findReplacement(before, after, caret);
        if (before === after) {
            assert.equal(found, null);
            continue;
        }
        const made = before.slice(0, found.from) + found.insert + before.slice(found.to);
        assert.equal(made, after, `seed ${seed}`);
        assert.ok(
            found.to - found.from <= removed.length && found.insert.length <= inserted.length,
        );
        assert.ok(found.insert.isWellFormed?.() ?? true, `seed ${seed}: half a character`);
    }
});

test('of equal letters the one at the caret was typed or deleted', () => {
    assert.deepEqual(findReplacement('aaa', 'aaaa', 2), { from: 1, to: 1, insert: 'a' });
    assert.deepEqual(findReplacement('aaaa', 'aaa', 2), { from: 2, to: 3, insert: '' });
    assert.deepEqual(findReplacement('x😀y', 'x😁y', 3), { from: 1, to: 3, insert: '😁' });
});

/** A Loro text as far as the bridge knows it. */
class PlainText {
    value = '';
    insert(at, text) {
        this.value = this.value.slice(0, at) + text + this.value.slice(at);
    }
    delete(at, length) {
        assert.ok(at + length <= this.value.length);
        this.value = this.value.slice(0, at) + this.value.slice(at + length);
    }
}

test('editor and document agree after any held back edits of others', () => {
    for (let seed = 1; seed <= 2_000; seed += 1) {
        const random = numbers(seed);
        const text = new PlainText();
        let shown = '';
        const bridge = new Bridge(
            text,
            (edit) => edit(),
            (changes) => (shown = apply(changes, shown)),
            () => shown.length,
        );
        for (let step = 0; step < 30; step += 1) {
            if (random(2)) {
                const typed = randomChange(random, shown.length, 'abc');
                shown = apply(typed, shown);
                bridge.local(typed);
            } else {
                const change = randomChange(random, text.value.length, 'XYZ');
                text.value = apply(change, text.value);
                bridge.remote(deltaOf(change), random(3) > 0);
            }
            if (random(5) === 0) {
                bridge.release();
                assert.equal(shown, text.value, `seed ${seed}, step ${step}`);
            }
        }
    }
});

test('editor and document agree after keys that were foreseen, rightly or not', () => {
    for (let seed = 1; seed <= 2_000; seed += 1) {
        const random = numbers(seed);
        const text = new PlainText();
        let shown = '';
        let commits = 0;
        const bridge = new Bridge(
            text,
            (edit) => (edit(), (commits += 1)),
            (changes) => (shown = apply(changes, shown)),
            () => shown.length,
        );
        for (let step = 0; step < 30; step += 1) {
            const typed = randomChange(random, shown.length, 'abc');
            const foreseen = random(3) ? typed : randomChange(random, shown.length, 'abc');
            bridge.foresee(foreseen, Text.of([shown]));
            assert.equal(text.value, apply(foreseen, shown), `seed ${seed}, step ${step}`);
            if (random(4) === 0) {
                const change = randomChange(random, text.value.length, 'XYZ');
                text.value = apply(change, text.value);
                bridge.remote(deltaOf(change), false);
            } else {
                shown = apply(typed, shown);
                const before = commits;
                bridge.local(typed);
                if (typed === foreseen) assert.equal(commits, before, 'nothing is left to do');
            }
            assert.equal(shown, text.value, `seed ${seed}, step ${step}`);
        }
    }
});

test('undoing everything leaves exactly what others wrote', () => {
    for (let seed = 1; seed <= 2_000; seed += 1) {
        const random = numbers(seed);
        const undo = new OwnUndo();
        let content = '';
        for (let step = 0; step < 20; step += 1) {
            const own = random(2) === 0;
            const at = random(content.length + 1);
            const insert = own ? 'abc'[random(3)] : 'XYZ'[random(3)];
            const change = ChangeSet.of({ from: at, insert }, content.length);
            if (own) undo.record(change, content, random(4) === 0);
            else undo.moveBy(change);
            content = apply(change, content);
        }
        const complete = content;
        const others = content.replaceAll(/[abc]/g, '');
        let steps = 0;
        for (let change; (change = undo.undo(content)); steps += 1)
            content = apply(change, content);
        assert.equal(content, others, `seed ${seed}`);
        for (; steps > 0; steps -= 1) content = apply(undo.redo(content), content);
        assert.equal(content, complete, `seed ${seed}: redone`);
        assert.equal(undo.redo(content), null);
    }
});

test('an edit after undo makes redo impossible', () => {
    const undo = new OwnUndo();
    undo.record(ChangeSet.of({ from: 0, insert: 'a' }, 0), '', false);
    undo.undo('a');
    undo.record(ChangeSet.of({ from: 0, insert: 'b' }, 0), '', false);
    assert.equal(undo.redo('b'), null);
});

test('names are what can be seen of them', () => {
    assert.equal(cleanName('  Ada \t\n Lovelace '), 'Ada Lovelace');
    assert.equal(cleanName('\u202eEve\u2066\ufeff\u0007\u{e0041}\ue000'), 'Eve');
    assert.equal(cleanName('a\u0300\u0300\u0300\u0300\u0300b').normalize('NFD'), 'a\u0300\u0300\u0300\u0300b');
    assert.equal(cleanName('\ud83eAda\udd9c'), 'Ada');
    assert.equal(cleanName('\u{1f468}\u200d\u{1f33e}'), '\u{1f468}\u200d\u{1f33e}');
    assert.equal([...cleanName('\u{1f99c}'.repeat(60_000))].length, 40);
    for (const none of ['', ' \n', '\u200d\u200c', '\u0301', 7, null, undefined, ['Ada'], {}])
        assert.equal(cleanName(none), '');
    assert.deepEqual(['ada', 'Ada King Lovelace', '\u{1f99c} x'].map(initials), ['A', 'AL', '\u{1f99c}X']);
    for (let i = 0; i < 50; i += 1) assert.match(inventName(), /^[A-Z][a-z]+ [A-Z][a-z]+$/);
});

test('who is here is told by what has the shape of it', () => {
    const said = {
        me: { name: 'I' },
        a: { name: 'Ada', colour: 3, cursor: [1, 255], anchor: [256] },
        b: { name: 'Bob', colour: 8, cursor: 'text', anchor: Array(1000).fill(0) },
        c: { name: 7 }, d: null, e: 'Eve', f: [{ name: 'Eve' }], g: {},
    };
    const none = { cursor: undefined, anchor: undefined };
    assert.deepEqual(peopleOf(said, 'me'), [
        { key: 'a', name: 'Ada', colour: 3, ...none, cursor: Uint8Array.of(1, 255) },
        { key: 'b', name: 'Bob', colour: 0, ...none },
    ]);
});
