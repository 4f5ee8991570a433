// What is measured, by name: who can do it (`fits` a library), the work (`make()`), and whether it
// is done only once (`once`: the process is new, and nothing warms up). A work is given a library
// and answers with figures by name: CPU time in milliseconds or microseconds, or bytes; smaller is
// better. It checks what it made.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { containers } from './containers.mjs';
import { crdtBenchmarks } from './crdt_benchmarks.mjs';
import { concurrentTraces, cpu, each, edit, numbers, PATIENCE_MS } from './work.mjs';
import { readTrace, replay, saveAndOpen, sequentialTraces, stored } from './work.mjs';

// ---- traces of one writer ----

/** What the first edit after opening costs, one's own or one that arrives. */
function firstEdits(Document, doc) {
    const figures = {};
    for (const form of ['update', 'snapshot']) {
        const bytes = doc.save(form);
        if (bytes === undefined) continue;
        const [own, other] = [new Document(2, true), new Document(3)];
        const open = cpu(() => own.open(bytes, form));
        let update;
        const first = cpu(() => {
            own.insert(3, 'x');
            update = own.commit();
        });
        other.open(bytes, form);
        const arrives = cpu(() => other.receive(update));
        own.free();
        other.free();
        figures[`${form}, first edit after opening`] = [first, 'ms'];
        figures[`${form}, first edit that arrives`] = [arrives, 'ms'];
        figures[`${form}, open to first edit`] = [open + first, 'ms'];
    }
    return figures;
}

function sequential(name) {
    const trace = readTrace(name);
    return ({ Document }) => {
        let doc;
        const commits = cpu(() => (doc = replay(Document, trace, true)));
        assert.equal(doc.text(), trace.endContent);
        const figures = {
            'a commit per transaction': [commits, 'ms'],
            ...saveAndOpen(Document, doc, ['update', 'snapshot', 'shallow snapshot']),
            ...firstEdits(Document, doc),
        };
        doc.free();
        return figures;
    };
}

/** To some libraries a long transaction is much worse, so that it is a work of its own. */
function inOneCommit(name) {
    const trace = readTrace(name);
    return ({ Document }) => {
        let doc;
        const time = cpu(() => (doc = replay(Document, trace, false)));
        assert.equal(doc.text(), trace.endContent);
        doc.free();
        return { 'all of it': [time, 'ms'] };
    };
}

// ---- traces of several writers ----

/** Every peer has a document, and gets what a transaction builds on before it makes it. */
function live(Document, trace) {
    const docs = Array.from({ length: trace.numAgents }, (_, i) => new Document(i + 1, true));
    const has = docs.map(() => new Set());
    const updates = [];
    trace.txns.forEach(({ agent, parents, patches }, at) => {
        const missing = [];
        for (const ahead = [...parents]; ahead.length > 0;) {
            const parent = ahead.pop();
            if (has[agent].has(parent)) continue;
            has[agent].add(parent);
            missing.push(parent);
            ahead.push(...trace.txns[parent].parents);
        }
        for (const parent of missing.sort((a, b) => a - b)) docs[agent].receive(updates[parent]);
        edit(docs[agent], patches);
        updates[at] = docs[agent].commit();
        has[agent].add(at);
    });
    for (const doc of docs) doc.free();
    return updates;
}

function concurrent(name) {
    const trace = readTrace(name);
    return ({ Document, loro }) => {
        let updates;
        const all = cpu(() => (updates = live(Document, trace)));
        const [streamed, batched, copy] = [90, 91, 92].map((peer) => new Document(peer));
        const stream = cpu(() => {
            for (const update of updates) streamed.receive(update);
        });
        const batch = cpu(() => batched.receiveAll(updates));
        const text = streamed.text();
        if (loro) assert.equal(text, trace.endContent);
        assert.equal(batched.text(), text);
        const [blob, form] = stored(streamed, ['update', 'snapshot']);
        const open = cpu(() => {
            copy.open(blob, form);
            assert.equal(copy.text(), text);
        });
        for (const doc of [streamed, batched, copy]) doc.free();
        return {
            'live, all peers': [all, 'ms'],
            'every update, one by one, to a newcomer': [stream, 'ms'],
            'every update, in a batch, to a newcomer': [batch, 'ms'],
            'everything in one, to a newcomer': [open, 'ms'],
            'everything in one, size': [blob.length, 'bytes'],
        };
    };
}

// ---- live keystrokes ----

const MARKS = [100, 300, 1_000, 2_000, 4_000, 10_000];
const SAMPLE = 100;
/** Both type a character, then each gets the other's: what an arriving key costs, up to each mark. */
function bothType({ Document }) {
    const a = new Document(1, true);
    const b = new Document(2, true);
    const figures = {};
    let [length, spent, total] = [0, 0, 0];
    for (let round = 1; round <= MARKS.at(-1) && total < 3 * PATIENCE_MS; round++) {
        a.insert(length >> 1, 'x');
        const fromA = a.commit();
        b.insert(length >> 2, 'y');
        const fromB = b.commit();
        length += 2;
        const exchange = cpu(() => {
            a.receive(fromB);
            b.receive(fromA);
        });
        spent += exchange - cpu(() => {}); // what asking for the time costs
        total += exchange;
        if (round % SAMPLE !== 0) continue;
        const arrives = (spent / SAMPLE / 2) * 1000;
        if (MARKS.includes(round)) figures[`an arriving key, round ${round}`] = [arrives, 'us'];
        spent = 0;
    }
    assert.equal(a.text(), b.text());
    a.free();
    b.free();
    return figures;
}

/** One has written so many characters offline; the other's arrive one by one. */
function stalePeer(offline) {
    return ({ Document }) => {
        const stale = new Document(1, true);
        const other = new Document(2, true);
        for (let i = 0; i < offline; i++) {
            stale.insert(i >> 1, 'x');
            stale.commit();
        }
        const updates = Array.from({ length: 500 }, (_, i) => {
            other.insert(i >> 1, 'y');
            return other.commit();
        });
        const first = cpu(() => stale.receive(updates[0]));
        const [rest] = each(499, (i) => stale.receive(updates[i + 1]));
        stale.free();
        other.free();
        return {
            'the first arriving key': [first, 'ms'],
            'an arriving key after that': [rest * 1000, 'us'],
        };
    };
}

function keystrokes(size) {
    return ({ Document }) => {
        const random = numbers(1);
        const a = new Document(1, true);
        const b = new Document(2);
        for (let i = 0; i < size; i += 1_000) {
            a.insert(random(i + 1), 'lorem ipsum dolor sit amet '.repeat(38).slice(0, 1_000));
            b.receive(a.commit());
        }
        const updates = [];
        let pos = 0;
        const [typed, keys] = each(10_000, (i) => {
            if (i % 20 === 0) pos = random(size - 100) + 50;
            if (i % 9 === 8) a.remove(--pos, 1);
            else a.insert(pos++, 'x');
            updates.push(a.commit());
        });
        const [arrived, done] = each(keys, (i) => b.receive(updates[i]));
        if (done === keys) assert.equal(a.text(), b.text());
        a.free();
        b.free();
        return {
            'typed, with its update': [typed * 1000, 'us'],
            arrived: [arrived * 1000, 'us'],
            'bytes of an update': [updates.reduce((sum, u) => sum + u.length, 0) / keys, 'bytes'],
        };
    };
}

/** What a <textarea> without a diff does: everything is deleted and written again, and all sent. */
function naive(size) {
    return ({ Document }) => {
        const a = new Document(1);
        const b = new Document(2);
        let text = 'lorem ipsum '.repeat(size / 12);
        a.insert(0, text);
        a.commit();
        let bytes, form;
        const [key] = each(200, () => {
            a.remove(0, text.length);
            a.insert(0, (text += 'x'));
            a.commit();
            [bytes, form] = stored(a, ['update', 'snapshot']);
            b.open(bytes, form);
        });
        assert.equal(b.text(), a.text());
        a.free();
        b.free();
        return { 'a key': [key * 1000, 'us'], 'bytes of the 200th': [bytes.length, 'bytes'] };
    };
}

// ---- memory ----

const OPEN = 100;

/** What a library saves a trace as, made by another process, so that this one's memory is new. */
function savedApart(name, library) {
    const options = { maxBuffer: 1 << 30, env: process.env };
    const script = fileURLToPath(new URL('measure.mjs', import.meta.url));
    return execFileSync(process.execPath, [script, '--save', name, library], options);
}
export const saveTrace = (name, { Document }) =>
    stored(replay(Document, readTrace(name), true))[0];

function resident() {
    for (let i = 0; i < 3; i++) global.gc();
    return process.memoryUsage.rss();
}

/** So many documents, each opened, read and edited. */
function memory(name) {
    return ({ Document, name: library }) => {
        const bytes = savedApart(name, library);
        const open = () => {
            const doc = new Document(2, true);
            doc.open(bytes, 'snapshot');
            const text = doc.text();
            doc.insert(3, 'x');
            doc.commit();
            return [doc, text.length];
        };
        const first = open();
        const before = resident();
        const docs = Array.from({ length: OPEN }, open);
        const used = resident() - before;
        assert.ok(docs.every(([, length]) => length === first[1]));
        return { 'resident, each': [used / OPEN, 'bytes'] };
    };
}

// ---- all ----

const everyone = (library) => library.Document !== undefined;

export const works = {};
const add = (name, make, once = false) => (works[name] = { fits: everyone, make, once });
for (const name of sequentialTraces) {
    add(name, () => sequential(name));
    add(`${name} in one commit`, () => inOneCommit(name));
}
for (const name of concurrentTraces) add(`${name}, merged`, () => concurrent(name));
add('both type', () => bothType);
for (const offline of [100, 1_000, 10_000])
    add(`a peer comes back with ${offline} offline edits`, () => stalePeer(offline));
for (const [label, size] of [
    ['100 kB', 100_000],
    ['1 MB', 1_000_000],
    ['10 MB', 10_000_000],
])
    add(`keys in ${label}`, () => keystrokes(size));
for (const size of [1_200, 12_000])
    add(`everything written and sent again, ${size} characters`, () => naive(size));
Object.assign(works, containers, crdtBenchmarks);
for (const name of sequentialTraces) add(`${OPEN} open documents of ${name}`, () => memory(name), true);
