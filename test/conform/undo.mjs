// Undo and redo among two to five peers, on Lorikeet and on loro-crdt side by side: after every step the
// documents, the answers, the stacks, events and versions are the same, and in the end what is exported.
//
// Marks are made and taken away aside, in edits that are not undone: taking one back Loro clears the
// style from the text in front, too.
import { equal, eventsOf, runs, same, sameBytes, versionOf } from './compare.mjs';
import { randomSource } from './history.mjs';

const LENGTH = 40;
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

class Desk {
    constructor(library, peer) {
        this.library = library;
        this.doc = new library.LoroDoc();
        this.doc.setPeerId(peer);
        this.undo = new library.UndoManager(this.doc, {
            mergeInterval: 0,
            maxUndoSteps: 20,
            excludeOriginPrefixes: ['sys:'],
        });
        this.batches = [];
        this.misled = false; // see known.mjs
        this.strayed = false; // likewise
        this.unseen = false; // likewise
        this.shared = new Set(); // children that peers share and that showed once
        this.remade = new Set(); // containers that an undo made
        this.grouping = false;
        this.merged = []; // what imports did to texts
        this.doc.subscribe((batch) => {
            this.batches.push(batch);
            if (batch.by === 'import')
                for (const { diff } of batch.events) if (diff.type === 'text') this.merged.push(bare(diff));
            this.misled ||= batch.by === 'import' && this.#tellsOfGone(batch);
            if (batch.origin === 'undo') for (const { target } of batch.events) this.remade.add(target);
            else if (batch.by === 'import' || batch.origin === 'sys:')
                this.strayed ||= batch.events.some(({ target }) => this.#isRemade(target));
        });
    }
    #isRemade(target) {
        return !target.startsWith('cid:root-') && this.remade.has(target);
    }
    /** Nodes that came and went once more while theirs merged. */
    #tellsOfGone({ events }) {
        return events.some(
            ({ target, diff }) =>
                diff.type === 'tree' &&
                diff.diff.some(
                    ({ action, target: node }) =>
                        action === 'create' && this.doc.getTree(target).isNodeDeleted(node),
                ),
        );
    }
    group() {
        if (this.grouping) this.undo.groupEnd();
        else this.undo.groupStart();
        this.grouping = !this.grouping;
        return 'grouped';
    }
    events() {
        const batches = this.batches;
        this.batches = [];
        return eventsOf(batches);
    }

    /** Theirs merges; was or is a child hidden that peers share? */
    import(bytes) {
        const hides = () => [...this.shared].some((key) => this.doc.getMap('shares').get(key) === undefined);
        const hid = hides();
        this.doc.import(bytes);
        this.unseen ||= hid || hides();
    }
    free() {
        this.undo.free();
        this.doc.free();
    }
    state() {
        const json = this.doc.toJSON();
        for (const key in json.shares) this.shared.add(key);
        if (json.text) json.styled = runs(this.doc.getText('text').toDelta());
        return [json, this.undo.canUndo(), this.undo.canRedo()];
    }
}

/** A delta of a text without its styles: in what order things go and come. */
const bare = ({ diff }) =>
    diff.reduce((steps, { retain, delete: gone, insert }) => {
        const last = steps[steps.length - 1];
        if (insert !== undefined && typeof last === 'string') steps[steps.length - 1] = last + insert;
        else steps.push(insert ?? { retain, gone });
        return steps;
    }, []);

function rangeIn(text, r) {
    const start = r.below(text.length);
    return { start, end: start + 1 + r.below(text.length - start) };
}

const EDITS = {
    listed(desk, r) {
        const list = desk.doc.getList('list');
        list.insert(r.below(list.length + 1), r.below(100));
    },
    unlisted(desk, r) {
        const list = desk.doc.getList('list');
        if (list.length > 0) list.delete(r.below(list.length), 1);
    },
    set(desk, r) {
        desk.doc.getMap('map').set('abc'[r.below(3)], r.below(100));
    },
    unset(desk, r) {
        desk.doc.getMap('map').delete('abc'[r.below(3)]);
    },
    nested(desk, r) {
        const { LoroText } = desk.library;
        desk.doc.getMap('map').setContainer('xy'[r.below(2)], new LoroText()).insert(0, 'in');
    },
    nestedTyped(desk, r) {
        const child = desk.doc.getMap('map').get('xy'[r.below(2)]);
        if (child !== undefined) child.insert(r.below(child.length + 1), 'z');
    },
    unnested(desk, r) {
        desk.doc.getMap('map').delete('xy'[r.below(2)]);
    },
    typed(desk, r) {
        const text = desk.doc.getText('text');
        const letters = LETTERS.slice(r.below(LETTERS.length - 3));
        text.insert(r.below(text.length + 1), letters.slice(0, 1 + r.below(3)));
    },
    erased(desk, r) {
        const text = desk.doc.getText('text');
        const start = r.below(text.length);
        if (text.length > 0) text.delete(start, 1 + r.below(Math.min(3, text.length - start)));
    },
    marked(desk, r) {
        const text = desk.doc.getText('text');
        const range = rangeIn(text, r);
        if (text.length > 0) text.mark(range, r.pick(['bold', 'link']), r.below(3));
    },
    unmarked(desk, r) {
        const text = desk.doc.getText('text');
        const range = rangeIn(text, r);
        if (text.length > 0) text.unmark(range, r.pick(['bold', 'link']));
    },
    grown(desk, r) {
        const tree = desk.doc.getTree('tree');
        const nodes = tree.getNodes();
        const parent = nodes[r.below(nodes.length + 1)];
        const below = parent === undefined ? tree.roots() : (parent.children() ?? []);
        tree.createNode(parent?.id, r.below(below.length + 1)).data.set('a', r.below(100));
    },
    replanted(desk, r) {
        const tree = desk.doc.getTree('tree');
        const nodes = tree.getNodes();
        const node = nodes[r.below(nodes.length)];
        const parent = nodes[r.below(nodes.length + 1)];
        for (let at = parent; at !== undefined; at = at.parent()) if (at.id === node.id) return;
        if (node !== undefined) tree.move(node.id, parent?.id);
    },
    felled(desk, r) {
        const tree = desk.doc.getTree('tree');
        const nodes = tree.getNodes();
        if (nodes.length > 0) tree.delete(nodes[r.below(nodes.length)].id);
    },
    labelled(desk, r) {
        const nodes = desk.doc.getTree('tree').getNodes();
        if (nodes.length > 0) nodes[r.below(nodes.length)].data.set('ab'[r.below(2)], r.below(100));
    },
    counted(desk, r) {
        desk.doc.getCounter('count').increment(1 + r.below(5));
    },
    moved(desk, r) {
        const list = desk.doc.getMovableList('moves');
        if (list.length > 0) list.move(r.below(list.length), r.below(list.length));
    },
    moveListed(desk, r) {
        const list = desk.doc.getMovableList('moves');
        list.insert(r.below(list.length + 1), r.below(100));
    },
    moveSet(desk, r) {
        const list = desk.doc.getMovableList('moves');
        if (list.length > 0) list.set(r.below(list.length), r.below(100));
    },
    moveUnlisted(desk, r) {
        const list = desk.doc.getMovableList('moves');
        if (list.length > 0) list.delete(r.below(list.length), 1);
    },
    sharedTyped(desk, r) {
        const text = shared(desk, 'Text');
        text.insert(r.below(text.length + 1), r.pick(['a', 'bc', 'def']));
    },
    sharedErased(desk, r) {
        const text = shared(desk, 'Text');
        if (text.length > 0) text.delete(r.below(text.length), 1);
    },
    sharedListed(desk, r) {
        const list = shared(desk, 'MovableList');
        list.insert(r.below(list.length + 1), r.below(100));
    },
    sharedMoved(desk, r) {
        const list = shared(desk, 'MovableList');
        if (list.length > 0) list.move(r.below(list.length), r.below(list.length));
    },
    sharedSet(desk, r) {
        shared(desk, 'Map').set('ab'[r.below(2)], r.below(100));
    },
    hidden(desk, r) {
        desk.doc.getMap('shares').delete(r.pick(['Text', 'MovableList', 'Map']));
    },
};

/** A child that is the same whoever makes it, under the name of its kind. */
const shared = ({ doc }, kind) => doc.getMap('shares')[`ensureMergeable${kind}`](kind);

function step(desks, r, { names, most, aside, groups }) {
    const desk = desks[r.below(desks.length)];
    const roll = r.below(20);
    if (roll < 10) {
        const apart = aside !== undefined && r.below(4) === 0;
        for (let left = r.below(most); left >= 0; left--) EDITS[r.pick(apart ? aside : names)](desk, r);
        desk.doc.commit(apart || r.below(8) === 0 ? { origin: 'sys:' } : undefined);
        return 'edited';
    }
    if (roll < 14) return desk.undo.undo();
    if (roll < 16) return desk.undo.redo();
    if (groups && roll === 16) return desk.group();
    const other = desks[r.below(desks.length)];
    if (other === desk) return 'alone';
    desk.import(other.doc.export({ mode: 'update', from: desk.doc.version() }));
    return 'synced';
}

/**
 * What is edited, what aside, and how many edits at most are one step: Loro undoes several keys of a map,
 * and parts of one text, in an order of its own, which shows when others write them at the same time.
 */
const UNDO_EDITS = [
    { names: ['listed', 'listed', 'unlisted'], most: 3 },
    { names: ['set', 'unset', 'counted'], most: 1 },
    { names: ['nested', 'nestedTyped', 'nestedTyped', 'unnested'], most: 1 },
    { names: ['moved', 'moveListed', 'moveSet', 'moveUnlisted'], most: 3 },
    { names: ['counted', 'set', 'listed', 'moveListed', 'moved'], most: 1 },
    { names: ['typed', 'typed', 'erased'], most: 1 },
    { names: ['typed', 'typed', 'erased'], most: 1, aside: ['marked', 'marked', 'unmarked'] },
    { names: ['grown', 'replanted', 'felled', 'labelled'], most: 1 },
    { names: ['typed', 'erased', 'listed', 'unlisted', 'counted'], most: 1, groups: true },
    { names: ['moved', 'moveListed', 'moveSet', 'moveUnlisted'], most: 2, groups: true },
    { names: ['sharedTyped', 'sharedErased', 'sharedListed', 'sharedMoved', 'sharedSet', 'hidden'], most: 3 },
];

/** Its steps are seeds, so that any part of it is one, too. */
export function makeUndoHistory(seed, peers) {
    const random = randomSource(seed);
    return {
        seed,
        peers,
        undo: random.below(UNDO_EDITS.length),
        steps: Array.from({ length: LENGTH }, () => random.next()),
    };
}

export function playUndo(libraries, { peers, undo, steps }) {
    let disordered = false; // see known.mjs
    const worlds = [libraries.ours, libraries.theirs].map((library) =>
        Array.from({ length: peers }, (_, i) => new Desk(library, i + 1)),
    );
    try {
        for (const seed of steps) {
            const [ours, theirs] = worlds.map((desks) => [
                step(desks, randomSource(seed), UNDO_EDITS[undo]),
                desks.map((desk) => desk.state()),
            ]);
            same('undo', ours, theirs);
            const [some, others] = worlds.map((desks) => desks.map(({ merged }) => merged));
            disordered ||= !equal(some, others);
            const [told, said] = worlds.map((desks) => desks.map((desk) => desk.events()));
            same('undo: events', told, said);
            const [here, there] = worlds.map((desks) => desks.map(({ doc }) => versionOf(doc)));
            same('undo: versions', here, there);
        }
        worlds[0].forEach(({ doc }, i) => {
            const other = worlds[1][i].doc;
            sameBytes('undo', doc.export({ mode: 'update' }), other.export({ mode: 'update' }));
        });
    } catch (thrown) {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        for (const flag of ['misled', 'strayed', 'unseen'])
            error[flag] = worlds[1].some((desk) => desk[flag]);
        error.disordered = disordered;
        throw error;
    } finally {
        for (const desk of worlds.flat()) desk.free();
    }
}
