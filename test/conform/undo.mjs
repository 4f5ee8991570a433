// Undo and redo among two to five peers, on Lorikeet and on loro-crdt side by side: after every step the
// documents, the answers and the stacks are the same, and in the end what is exported.
//
// Not among the edits: text that is deleted while others type in it (where all around is gone, Loro
// puts what comes back before or behind what others typed, as its deltas happen to be cut), and
// nodes of trees that come and go in one step (Loro's undo makes and deletes them once more).
import { same, sameBytes } from './compare.mjs';
import { randomSource } from './history.mjs';

const LENGTH = 40;

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
    }

    free() {
        this.undo.free();
        this.doc.free();
    }
    state() {
        return [this.doc.toJSON(), this.undo.canUndo(), this.undo.canRedo()];
    }
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
};

function step(desks, r, { names, most }) {
    const desk = desks[r.below(desks.length)];
    const roll = r.below(20);
    if (roll < 10) {
        for (let left = r.below(most); left >= 0; left--) EDITS[r.pick(names)](desk, r);
        desk.doc.commit(r.below(8) === 0 ? { origin: 'sys:' } : undefined);
        return 'edited';
    }
    if (roll < 14) return desk.undo.undo();
    if (roll < 16) return desk.undo.redo();
    const other = desks[r.below(desks.length)];
    if (other === desk) return 'alone';
    desk.doc.import(other.doc.export({ mode: 'update', from: desk.doc.version() }));
    return 'synced';
}

/** What is edited, and how many edits at most are one step: Loro undoes several keys of a map in an
 *  order of its own, which shows when others write them at the same time. */
const UNDO_EDITS = [
    { names: ['listed', 'listed', 'unlisted'], most: 3 },
    { names: ['set', 'unset', 'counted'], most: 1 },
    { names: ['nested', 'nestedTyped', 'nestedTyped', 'unnested'], most: 1 },
    { names: ['moved', 'moveListed', 'moveSet', 'moveUnlisted'], most: 3 },
    { names: ['counted', 'set', 'listed', 'moveListed', 'moved'], most: 1 },
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
        }
        worlds[0].forEach(({ doc }, i) => {
            const other = worlds[1][i].doc;
            sameBytes('undo', doc.export({ mode: 'update' }), other.export({ mode: 'update' }));
        });
    } finally {
        for (const desk of worlds.flat()) desk.free();
    }
}
