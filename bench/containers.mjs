// Maps, lists whose elements move, trees; the past, undo, presence: by name, as in works.mjs.
import assert from 'node:assert/strict';
import { assertSame, cpu, each, numbers, readTrace, replay } from './work.mjs';
import { saveAndOpen, sequentialTraces } from './work.mjs';

// ---- maps ----

const SETS = 100_000;

function maps(keys) {
    return ({ Document }) => {
        const doc = new Document(1);
        const set = cpu(() => {
            for (let i = 0; i < SETS; i++) doc.put(`k${i % keys}`, i);
            doc.commit();
        });
        const get = cpu(() => {
            for (let i = 0; i < SETS; i++) assert.equal(doc.get(`k${i % keys}`) % keys, i % keys);
        });
        const figures = {
            '100,000 sets': [set, 'ms'],
            '100,000 gets': [get, 'ms'],
            ...saveAndOpen(Document, doc),
        };
        doc.free();
        return figures;
    };
}

/** Each set is a transaction, and goes to another peer. */
function mapsInSync({ Document }) {
    const a = new Document(1, true);
    const b = new Document(2);
    const [set] = each(10_000, (i) => {
        a.put(`k${i % 100}`, i);
        b.receive(a.commit());
    });
    assertSame(a, b);
    a.free();
    b.free();
    return { 'a set, sent and received': [set * 1000, 'us'] };
}

/** Two write words all over, a transaction each; then each gets all of the other's at once. */
function twoWrite({ Document }) {
    const docs = [new Document(1, true), new Document(2, true)];
    const written = docs.map((doc, at) => {
        const random = numbers(10 + at);
        return Array.from({ length: 20_000 }, (_, i) => {
            doc.insert(random(5 * i + 1), at ? 'hello' : 'world');
            return doc.commit();
        });
    });
    const merge = cpu(() => docs.forEach((doc, at) => doc.receiveAll(written[1 - at])));
    assertSame(...docs);
    for (const doc of docs) doc.free();
    return { 'merge at both': [merge, 'ms'] };
}

// ---- movable lists and trees: what has Loro's API ----

/** `act(doc)` by each of two who begin alike: what merging it into one of them costs. */
function mergeOf(doc, { LoroDoc }, act) {
    const other = new LoroDoc();
    other.setPeerId(2n);
    other.import(doc.export({ mode: 'update' }));
    const version = other.oplogVersion();
    act(doc);
    act(other);
    const update = other.export({ mode: 'update', from: version });
    const merge = cpu(() => doc.import(update));
    other.import(doc.export({ mode: 'update', from: other.oplogVersion() }));
    assert.deepEqual(other.toJSON(), doc.toJSON());
    other.free();
    return [merge, 'ms'];
}

/** The forms of a document that is not behind the calls of peers.mjs. */
function savedFigures(loro, doc) {
    const figures = {};
    for (const mode of ['update', 'snapshot']) {
        let bytes;
        const save = cpu(() => (bytes = doc.export({ mode })));
        const copy = new loro.LoroDoc();
        let json;
        const open = cpu(() => {
            copy.import(bytes);
            json = copy.toJSON();
        });
        assert.deepEqual(json, doc.toJSON());
        copy.free();
        figures[`${mode}, save`] = [save, 'ms'];
        figures[`${mode}, open and read`] = [open, 'ms'];
        figures[`${mode}, size`] = [bytes.length, 'bytes'];
    }
    return figures;
}

function loroDoc({ LoroDoc }) {
    const doc = new LoroDoc();
    doc.setPeerId(1n);
    return doc;
}

function movableLists({ loro }) {
    const random = numbers(2);
    const doc = loroDoc(loro);
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
    const figures = {
        '10,000 moves': [moves, 'ms'],
        '10,000 sets': [sets, 'ms'],
        ...savedFigures(loro, doc),
    };
    figures['merge of 5,000 moves by each of two'] = mergeOf(doc, loro, (at) => {
        const moved = at.getMovableList('list');
        for (let i = 0; i < 5_000; i++) moved.move(random(1_000), random(1_000));
        at.commit();
    });
    doc.free();
    return figures;
}

function tree({ loro }) {
    const random = numbers(3);
    const doc = loroDoc(loro);
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
    const figures = {
        '10,000 creates': [create, 'ms'],
        '10,000 moves': [cpu(() => move(doc, 10_000)), 'ms'],
        ...savedFigures(loro, doc),
    };
    figures['merge of 5,000 moves by each of two'] = mergeOf(doc, loro, (at) => move(at, 5_000));
    doc.free();
    return figures;
}

// ---- the past ----

function pastOf(name) {
    const trace = readTrace(name);
    return ({ Document }) => {
        const random = numbers(4);
        const { doc } = replay(Document, trace, true);
        const end = doc.opCount();
        const half = [{ peer: '1', counter: end >> 1 }];
        const visits = (where) =>
            each(20, (i) => doc.checkout([{ peer: '1', counter: where(i) }]))[0];
        const far = visits(() => random(end));
        doc.checkout(half);
        const near = visits((i) => (end >> 1) + (i % 2 ? 0 : 50));
        const back = cpu(() => doc.checkoutToLatest());
        assert.equal(doc.getText('text').toString(), trace.endContent);
        const fork = cpu(() => doc.forkAt(half).free());
        const diff = cpu(() => doc.diff(half, doc.frontiers()));
        const revert = cpu(() => doc.revertTo(half));
        doc.free();
        return {
            'checkout of a random version': [far, 'ms'],
            'checkout of one 50 operations away': [near, 'ms'],
            'back to the newest': [back, 'ms'],
            'fork at the half': [fork, 'ms'],
            'diff from the half': [diff, 'ms'],
            'revert to the half': [revert, 'ms'],
        };
    };
}

/** A text that becomes another one: the difference is found inside. */
function updateText({ loro }) {
    const random = numbers(8);
    const doc = loroDoc(loro);
    const text = doc.getText('text');
    let value = 'lorem ipsum dolor sit amet '.repeat(100_000 / 27);
    text.insert(0, value);
    const [update] = each(200, () => {
        const at = random(value.length);
        value = value.slice(0, at) + 'x' + value.slice(at);
        text.update(value);
        doc.commit();
    });
    assert.equal(text.toString(), value);
    doc.free();
    return { 'a character more': [update * 1000, 'us'] };
}

// ---- undo ----

function undo(steps) {
    return ({ loro, yjs }) => {
        const doc = loro ? loroDoc(loro) : new yjs.Doc();
        const text = doc.getText('text');
        const manager = loro
            ? new loro.UndoManager(doc, { mergeInterval: 0, maxUndoSteps: 10_000 })
            : new yjs.UndoManager(text, { captureTimeout: 0 });
        const edits = cpu(() => {
            for (let i = 0; i < steps; i++) {
                text.insert((i * 7919) % (i + 1), 'ab');
                if (loro) doc.commit();
            }
        });
        const back = cpu(() => {
            for (let i = 0; i < steps; i++) manager.undo();
        });
        assert.equal(text.toString(), '');
        const again = cpu(() => {
            for (let i = 0; i < steps; i++) manager.redo();
        });
        assert.equal(text.length, 2 * steps);
        const one = 1000 / steps;
        return {
            'an edit that is watched': [edits * one, 'us'],
            'undo of a step': [back * one, 'us'],
            'redo of a step': [again * one, 'us'],
        };
    };
}

// ---- presence ----

const PEERS = 1_000;
const user = (i) => ({ name: `user ${i}`, color: '#30bced', at: i });

function loroPresence({ EphemeralStore }) {
    const [all, one, other] = [0, 0, 0].map(() => new EphemeralStore(30_000));
    const updates = [];
    const set = cpu(() => {
        for (let i = 0; i < PEERS; i++) {
            all.set(`p${i}`, user(i));
            updates.push(all.encode(`p${i}`));
        }
    });
    let bytes;
    const encode = cpu(() => (bytes = all.encodeAll()));
    const applyAll = cpu(() => other.apply(bytes));
    const apply = cpu(() => {
        for (const update of updates) one.apply(update);
    });
    for (const store of [one, other]) assert.equal(store.keys().length, PEERS);
    for (const store of [all, one, other]) store.destroy();
    return [set, encode, applyAll, apply, bytes];
}

function yjsPresence(yjs, awareness) {
    const updates = [];
    const set = cpu(() => {
        for (let i = 0; i < PEERS; i++) {
            const doc = new yjs.Doc();
            const own = new awareness.Awareness(doc);
            own.setLocalState(user(i));
            updates.push(awareness.encodeAwarenessUpdate(own, [doc.clientID]));
            own.destroy();
        }
    });
    const [one, other] = [0, 0].map(() => new awareness.Awareness(new yjs.Doc()));
    const take = (store, update) => awareness.applyAwarenessUpdate(store, update, null);
    const apply = cpu(() => {
        for (const update of updates) take(one, update);
    });
    let bytes;
    const peers = [...one.getStates().keys()].filter((peer) => peer !== one.clientID);
    const encode = cpu(() => (bytes = awareness.encodeAwarenessUpdate(one, peers)));
    const applyAll = cpu(() => take(other, bytes));
    for (const store of [one, other]) {
        assert.equal(store.getStates().size, PEERS + 1);
        store.destroy();
    }
    return [set, encode, applyAll, apply, bytes];
}

function presence({ loro, yjs, awareness }) {
    const [set, encode, applyAll, apply, bytes] = loro
        ? loroPresence(loro)
        : yjsPresence(yjs, awareness);
    return {
        '1,000 peers, each set and sent': [set, 'ms'],
        '1,000 peers, saved': [encode, 'ms'],
        '1,000 peers, applied at once': [applyAll, 'ms'],
        '1,000 peers, applied one by one': [apply, 'ms'],
        '1,000 peers, size': [bytes.length, 'bytes'],
    };
}

// ---- all ----

const everyone = (library) => library.Document !== undefined;
const loroOnly = (library) => library.loro !== undefined;
const loroOrYjs = (library) => library.loro !== undefined || library.yjs !== undefined;

export const containers = {
    'map of 100,000 keys': { fits: everyone, make: () => maps(SETS) },
    'map of 1,000 keys': { fits: everyone, make: () => maps(1_000) },
    'map in sync': { fits: everyone, make: () => mapsInSync },
    'two write 20,000 words': { fits: everyone, make: () => twoWrite },
    'movable list': { fits: loroOnly, make: () => movableLists },
    tree: { fits: loroOnly, make: () => tree },
    'text.update() in 100 kB': { fits: loroOnly, make: () => updateText },
    presence: { fits: loroOrYjs, make: () => presence },
};
for (const steps of [100, 300, 1_000])
    containers[`undo of ${steps} edits`] = { fits: loroOrYjs, make: () => undo(steps) };
for (const name of sequentialTraces)
    containers[`the past of ${name}`] = { fits: loroOnly, make: () => pastOf(name) };
