// What is measured. A work is given a library, and answers with figures by name: CPU time in
// milliseconds or microseconds, or bytes; smaller is better. It checks what it made. `cpu(act)`
// is the CPU time of `act`, in milliseconds. A library that cannot do a work is not asked.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

export function cpu(act) {
    const start = process.cpuUsage();
    act();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
}

const folder = process.env.TRACES;
const files = folder ? readdirSync(folder).filter((name) => name.endsWith('.json.gz')) : [];
const readTrace = (file) => JSON.parse(gunzipSync(readFileSync(join(folder, file))));
const nameOf = (file) => file.replace('.json.gz', '');

/** The same numbers on every run and for every library. */
function numbers(seed) {
    return (below) => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
        return (seed >>> 8) % below;
    };
}

// ---- traces of one writer ----

function edit(doc, patches) {
    for (const [pos, removed, added] of patches) {
        if (removed > 0) doc.remove(pos, removed);
        if (added) doc.insert(pos, added);
    }
}

function replay(Text, trace, each) {
    const doc = new Text(1);
    for (const { patches } of trace.txns) {
        edit(doc, patches);
        if (each) doc.commit();
    }
    doc.commit();
    return doc;
}

/** Save in one form, open that, read it, and write a first character. */
function saveAndOpen({ Text }, doc, form, trace) {
    let bytes, copy;
    const save = cpu(() => (bytes = doc.save(form)));
    if (bytes === undefined) return {};
    const open = cpu(() => {
        copy = new Text(2);
        copy.open(bytes);
        assert.equal(copy.text(), trace.endContent);
    });
    const first = cpu(() => {
        copy.insert(3, 'x');
        copy.commit();
    });
    copy.free();
    return {
        [`${form}, save`]: [save, 'ms'],
        [`${form}, open and read`]: [open, 'ms'],
        [`${form}, first edit after`]: [first, 'ms'],
        [`${form}, open to first edit`]: [open + first, 'ms'],
        [`${form}, size`]: [bytes.length, 'bytes'],
    };
}

function sequential(file) {
    const trace = readTrace(file);
    return (library) => {
        let doc;
        const each = cpu(() => (doc = replay(library.Text, trace, true)));
        assert.equal(doc.text(), trace.endContent);
        let one;
        const once = cpu(() => (one = replay(library.Text, trace, false)));
        assert.equal(one.text(), trace.endContent);
        one.free();
        const figures = {
            'a commit per transaction': [each, 'ms'],
            'one commit': [once, 'ms'],
            ...saveAndOpen(library, doc, 'update', trace),
            ...saveAndOpen(library, doc, 'snapshot', trace),
        };
        doc.free();
        return figures;
    };
}

// ---- traces of several writers ----

/** Every peer has a document, and gets what a transaction builds on before it makes it. */
function live(Text, trace) {
    const docs = Array.from({ length: trace.numAgents }, (_, i) => new Text(i + 1, true));
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
    return { docs, updates };
}

function concurrent(file) {
    const trace = readTrace(file);
    return ({ Text, loro }) => {
        let all;
        const figures = { 'live, all peers': [cpu(() => (all = live(Text, trace))), 'ms'] };
        const streamed = new Text(90);
        const stream = cpu(() => {
            for (const update of all.updates) streamed.receive(update);
        });
        figures['every update, one by one, to a newcomer'] = [stream, 'ms'];
        if (loro) assert.equal(streamed.text(), trace.endContent);
        const blob = streamed.save('update');
        if (blob === undefined) return figures;
        const copy = new Text(91);
        figures['one update with everything, to a newcomer'] = [
            cpu(() => {
                copy.receive(blob);
                copy.text();
            }),
            'ms',
        ];
        assert.equal(copy.text(), streamed.text());
        figures['one update with everything, size'] = [blob.length, 'bytes'];
        return figures;
    };
}

// ---- live keystrokes ----

const SAMPLE = 200;
/** Whoever needs more than this for the 10,000 rounds does not finish them. */
const PATIENCE_MS = 30_000;

/** Both type a character, then each gets the other's. */
function bothType({ Text }) {
    const a = new Text(1, true);
    const b = new Text(2, true);
    const figures = {};
    let length = 0;
    let spent = 0;
    let total = 0;
    for (let round = 1; round <= 10_000; round++) {
        a.insert(length >> 1, 'x');
        const fromA = a.commit();
        b.insert(length >> 2, 'y');
        const fromB = b.commit();
        length += 2;
        const exchange = cpu(() => {
            a.receive(fromB);
            b.receive(fromA);
        });
        spent += exchange;
        total += exchange;
        if (total > PATIENCE_MS) break;
        if (round % SAMPLE === 0) {
            if (round === 1_000 || round === 4_000 || round === 10_000)
                figures[`an arriving key, round ${round}`] = [(spent / SAMPLE / 2) * 1000, 'us'];
            spent = 0;
        }
    }
    assert.equal(a.text(), b.text());
    return figures;
}

/** One has written 10,000 characters offline; the other's arrive one by one. */
function stalePeer({ Text }) {
    const stale = new Text(1, true);
    const other = new Text(2, true);
    for (let i = 0; i < 10_000; i++) {
        stale.insert(i >> 1, 'x');
        stale.commit();
    }
    const updates = [];
    for (let i = 0; i < 500; i++) {
        other.insert(i >> 1, 'y');
        updates.push(other.commit());
    }
    const first = cpu(() => stale.receive(updates[0]));
    const rest = cpu(() => {
        for (const update of updates.slice(1)) stale.receive(update);
    });
    return {
        'the first arriving key': [first, 'ms'],
        'an arriving key after that': [(rest / 499) * 1000, 'us'],
    };
}

function keystrokes(size) {
    return ({ Text }) => {
        const random = numbers(1);
        const a = new Text(1, true);
        const b = new Text(2);
        for (let i = 0; i < size; i += 1_000) {
            a.insert(random(i + 1), 'lorem ipsum dolor sit amet '.repeat(38).slice(0, 1_000));
            b.receive(a.commit());
        }
        const updates = [];
        let pos = 0;
        const typed = cpu(() => {
            for (let i = 0; i < 10_000; i++) {
                if (i % 20 === 0) pos = random(size - 100) + 50;
                if (i % 9 === 8) a.remove(--pos, 1);
                else a.insert(pos++, 'x');
                updates.push(a.commit());
            }
        });
        const arrived = cpu(() => {
            for (const update of updates) b.receive(update);
        });
        assert.equal(a.text(), b.text());
        return {
            'typed, with its update': [typed / 10, 'us'],
            arrived: [arrived / 10, 'us'],
            'bytes of an update': [updates.reduce((sum, u) => sum + u.length, 0) / 10_000, 'bytes'],
        };
    };
}

// ---- other containers, the past, undo: what has Loro's API, and Yjs where it has the like ----

function maps({ loro, yjs }) {
    const count = 100_000;
    const doc = loro ? new loro.LoroDoc() : new yjs.Doc();
    const map = doc.getMap('map');
    const fill = () => {
        for (let i = 0; i < count; i++) map.set(`k${i}`, i);
    };
    const set = cpu(() => {
        if (yjs) doc.transact(fill);
        else fill();
        if (loro) doc.commit();
    });
    const get = cpu(() => {
        for (let i = 0; i < count; i++) assert.equal(map.get(`k${i}`), i);
    });
    return { '100,000 sets': [set, 'ms'], '100,000 gets': [get, 'ms'] };
}

function movableLists({ loro }) {
    const random = numbers(2);
    const doc = new loro.LoroDoc();
    const list = doc.getMovableList('list');
    for (let i = 0; i < 1_000; i++) list.push(i);
    doc.commit();
    const moves = cpu(() => {
        for (let i = 0; i < 10_000; i++) list.move(random(1_000), random(1_000));
        doc.commit();
    });
    const sets = cpu(() => {
        for (let i = 0; i < 10_000; i++) list.set(random(1_000), i);
        doc.commit();
    });
    const other = new loro.LoroDoc();
    other.import(doc.export({ mode: 'update' }));
    const version = other.oplogVersion();
    for (const at of [doc, other]) {
        for (let i = 0; i < 5_000; i++)
            at.getMovableList('list').move(random(1_000), random(1_000));
        at.commit();
    }
    const update = other.export({ mode: 'update', from: version });
    const merge = cpu(() => doc.import(update));
    return {
        '10,000 moves': [moves, 'ms'],
        '10,000 sets': [sets, 'ms'],
        'merge of 5,000 moves by each of two': [merge, 'ms'],
    };
}

function tree({ loro }) {
    const random = numbers(3);
    const doc = new loro.LoroDoc();
    const nodes = [];
    const create = cpu(() => {
        const shared = doc.getTree('tree');
        for (let i = 0; i < 10_000; i++)
            nodes.push(i % 3 ? nodes[random(i)].createNode() : shared.createNode());
        doc.commit();
    });
    const ids = nodes.map(({ id }) => id);
    const move = (at, count) => {
        const shared = at.getTree('tree');
        for (let i = 0; i < count; i++) {
            try {
                shared.move(ids[random(10_000)], ids[random(10_000)]);
            } catch {
                // below itself: refused
            }
        }
        at.commit();
    };
    const moves = cpu(() => move(doc, 10_000));
    const other = new loro.LoroDoc();
    other.import(doc.export({ mode: 'update' }));
    const version = other.oplogVersion();
    move(doc, 5_000);
    move(other, 5_000);
    const update = other.export({ mode: 'update', from: version });
    return {
        '10,000 creates': [create, 'ms'],
        '10,000 moves': [moves, 'ms'],
        'merge of 5,000 moves by each of two': [cpu(() => doc.import(update)), 'ms'],
    };
}

function pastOf(file) {
    const trace = readTrace(file);
    return ({ Text }) => {
        const random = numbers(4);
        const { doc } = replay(Text, trace, true);
        const end = doc.opCount();
        const at = (counter) => [{ peer: '1', counter }];
        const visits = (where, count) =>
            cpu(() => {
                for (let i = 0; i < count; i++) doc.checkout(at(where(i)));
            }) / count;
        const far = visits(() => random(end), 20);
        doc.checkout(at(end >> 1));
        const near = visits((i) => (end >> 1) + (i % 2 ? 0 : 50), 20);
        return {
            'checkout of a random version': [far, 'ms'],
            'checkout of one 50 operations away': [near, 'ms'],
            'back to the newest': [cpu(() => doc.checkoutToLatest()), 'ms'],
        };
    };
}

const UNDO_STEPS = 300;

function undo({ loro, yjs }) {
    const doc = loro ? new loro.LoroDoc() : new yjs.Doc();
    const text = doc.getText('text');
    const manager = loro
        ? new loro.UndoManager(doc, { mergeInterval: 0, maxUndoSteps: 10_000 })
        : new yjs.UndoManager(text, { captureTimeout: 0 });
    const edits = cpu(() => {
        for (let i = 0; i < UNDO_STEPS; i++) {
            text.insert((i * 7919) % (i + 1), 'ab');
            if (loro) doc.commit();
        }
    });
    const back = cpu(() => {
        for (let i = 0; i < UNDO_STEPS; i++) manager.undo();
    });
    assert.equal(text.toString(), '');
    const again = cpu(() => {
        for (let i = 0; i < UNDO_STEPS; i++) manager.redo();
    });
    assert.equal(text.length, 2 * UNDO_STEPS);
    const each = 1000 / UNDO_STEPS;
    return {
        'an edit that is watched': [edits * each, 'us'],
        'undo of a step': [back * each, 'us'],
        'redo of a step': [again * each, 'us'],
    };
}

function presence({ loro, yjs, awareness }) {
    const user = (i) => ({ name: `user ${i}`, color: '#30bced', at: i });
    if (loro) {
        const all = new loro.EphemeralStore(30_000);
        const one = new loro.EphemeralStore(30_000);
        const updates = [];
        for (let i = 0; i < 1_000; i++) {
            all.set(`p${i}`, user(i));
            updates.push(all.encode(`p${i}`));
        }
        const apply = cpu(() => {
            for (const update of updates) one.apply(update);
        });
        assert.equal(one.keys().length, 1_000);
        all.destroy();
        one.destroy();
        return { '1,000 peers, applied one by one': [apply, 'ms'] };
    }
    const updates = [];
    for (let i = 0; i < 1_000; i++) {
        const doc = new yjs.Doc();
        const own = new awareness.Awareness(doc);
        own.setLocalState(user(i));
        updates.push(awareness.encodeAwarenessUpdate(own, [doc.clientID]));
        own.destroy();
    }
    const one = new awareness.Awareness(new yjs.Doc());
    const apply = cpu(() => {
        for (const update of updates) awareness.applyAwarenessUpdate(one, update, null);
    });
    one.destroy();
    return { '1,000 peers, applied one by one': [apply, 'ms'] };
}

// ---- all ----

const isTrace = (file) => !nameOf(file).endsWith('_concurrent');
const anyText = (library) => library.Text !== undefined;
const loroOnly = (library) => library.loro !== undefined;
const loroOrYjs = (library) => library.loro !== undefined || library.yjs !== undefined;

/** By name: what it is played on, and how it is made. */
export const works = {
    'both type': [anyText, () => bothType],
    'a peer comes back with 10,000 offline edits': [anyText, () => stalePeer],
    'keys in 100 kB': [anyText, () => keystrokes(100_000)],
    'keys in 1 MB': [anyText, () => keystrokes(1_000_000)],
    map: [loroOrYjs, () => maps],
    'movable list': [loroOnly, () => movableLists],
    tree: [loroOnly, () => tree],
    undo: [loroOrYjs, () => undo],
    presence: [loroOrYjs, () => presence],
};
for (const file of files) {
    const name = nameOf(file);
    works[name] = isTrace(file) ? [anyText, () => sequential(file)] : [anyText, () => concurrent(file)];
    if (isTrace(file)) works[`the past of ${name}`] = [loroOnly, () => pastOf(file)];
}
