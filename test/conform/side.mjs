// One implementation's document, and the edits that a step of a history means to it.
import { equal, eventsOf, isContainer } from './compare.mjs';
import { makeKey, makeNumber, makeText, makeValue } from './history.mjs';
import { Mirror } from './mirror.mjs';

const ROOTS = [
    ['Text', 'text'],
    ['Map', 'map'],
    ['List', 'list'],
    ['MovableList', 'movable'],
    ['Tree', 'tree'],
    ['Counter', 'counter'],
];
const WRITTEN = ROOTS.filter(([kind]) => kind !== 'Counter');
const KINDS = ['Map', 'List', 'Text', 'MovableList', 'Tree', 'Counter'];
const MOST_CONTAINERS = 40;

// Expanding after, not, before, both ways; two keys of one configuration.
const STYLES = ['bold', 'link', 'before', 'both', 'link:a', 'link:b'];
const EXPANDS = {
    bold: { expand: 'after' },
    link: { expand: 'none' },
    before: { expand: 'before' },
    both: { expand: 'both' },
};

/** What a container holds directly, in an order both sides agree on. */
function insideOf(container) {
    switch (container.kind()) {
        case 'Map':
            return [...container.keys()].sort().map((key) => container.get(key));
        case 'List':
        case 'MovableList':
            return container.toArray();
        case 'Tree':
            return container.getNodes().map((node) => node.data);
        default:
            return [];
    }
}

/** The live containers in an order both sides agree on, roots first. */
export function containersOf(doc, roots = ROOTS) {
    const found = roots.map(([kind, name]) => doc[`get${kind}`](name));
    for (let i = 0; i < found.length && found.length < MOST_CONTAINERS; i++)
        found.push(...insideOf(found[i]).filter(isContainer));
    return found;
}

/** What its texts hold, with styles. */
export const deltasOf = (doc) =>
    containersOf(doc, WRITTEN)
        .filter((at) => at.kind() === 'Text')
        .map((at) => at.toDelta());

/** A counter at 0 that nobody counted in is there for whoever asked for it, and in snapshots. */
export function shown(doc) {
    const json = doc.toJSON();
    if (!json.counter) delete json.counter;
    return json;
}

/** Where code points begin in `text`, in UTF-16, and its end. */
function boundaries(text) {
    const out = [0];
    for (const character of text) out.push(out[out.length - 1] + character.length);
    return out;
}

export class Side {
    constructor(library, peer, late) {
        this.library = library;
        this.doc = new library.LoroDoc();
        this.doc.setPeerId(peer);
        this.doc.configTextStyle(EXPANDS);
        // A root shows from when it is first asked for. (In theirs, a document that has a counter does
        // not begin late.)
        for (const [kind, name] of late ? WRITTEN : ROOTS) this.doc[`get${kind}`](name);
        this.batches = [];
        this.local = [];
        this.mirror = library.LorikeetError && new Mirror(this.doc);
        this.doc.subscribe((batch) => {
            this.batches.push(batch);
            this.mirror?.follow(batch);
        });
        this.doc.subscribeLocalUpdates((bytes) => this.local.push(bytes));
    }
    make(kind) {
        return new this.library[`Loro${kind}`]();
    }
    /** What was told since this was asked last. */
    events() {
        const batches = this.batches;
        this.batches = [];
        return eventsOf(batches);
    }
    /** A cursor in the container `at`, as bytes, and which that is; nothing if it has no positions. */
    cursor(at, { where, size }) {
        const container = containersOf(this.doc)[at];
        if (container.getCursor === undefined) return undefined;
        const place = where % (container.length + 1);
        const bytes = container.getCursor(place, (size % 3) - 1)?.encode();
        return bytes && { bytes, container: String(container.id) };
    }
    /** Where a cursor is now, and what it becomes. */
    find({ bytes, container }) {
        const cursor = this.library.Cursor.decode(bytes);
        const found = this.doc.getCursorPos(cursor);
        if (found === undefined) return undefined;
        // Of one whose container is gone theirs says at times that it becomes what it is, though now made elsewhere.
        const places = (at) => [at.containerId(), at.pos(), at.side()];
        const same = found.update === undefined || equal(places(found.update), places(cursor));
        // In the past, theirs finds some behind the end.
        const end = this.mirror ? Infinity : this.doc.getContainerById(container).length;
        const offset = Math.min(found.offset, end);
        return { offset, side: found.side, update: same ? undefined : found.update.encode() };
    }

    edit(at, step) {
        const container = containersOf(this.doc)[at];
        const kind = container.kind();
        if (kind === 'Text') return this.editText(container, step);
        if (kind === 'Map') return this.editMap(container, step);
        if (kind === 'Tree') return this.editTree(container, step);
        if (kind === 'Counter') return container.increment(makeNumber(step.size));
        if (kind === 'MovableList' && step.what % 3 > 0) return this.editMovable(container, step);
        return this.editList(container, step);
    }
    share({ at, what, where, size }) {
        const maps = containersOf(this.doc).filter((container) => container.kind() === 'Map');
        const kind = KINDS[what % KINDS.length];
        const child = maps[at % maps.length][`ensureMergeable${kind}`](makeKey(where));
        if (kind === 'Text') child.insert(size % (child.length + 1), makeText(size));
        else if (kind === 'Counter') child.increment(makeNumber(size));
        else if (kind === 'Map') child.set(makeKey(size), makeValue(size));
        else if (kind === 'Tree') child.createNode();
        else child.insert(size % (child.length + 1), makeValue(size));
    }
    child(size) {
        return this.make(KINDS[size % KINDS.length]);
    }
    editMovable(list, { what, where, size }) {
        const at = where % (list.length + 1);
        switch (what % 4) {
            case 0:
                return list.set(at, makeValue(size));
            case 1:
                // theirs takes the length for an index
                return at < list.length && list.setContainer(at, this.child(size)) && undefined;
            default:
                return list.move(at, size % (list.length + 1));
        }
    }
    editTree(tree, { what, where, size }) {
        // what happens below deleted nodes theirs tells of, too
        const living = tree.getNodes();
        const nodes = what % 7 === 0 ? tree.getNodes({ withDeleted: true }) : living;
        const node = nodes[where % (nodes.length + 1)];
        const other = living[size % (living.length + 1)];
        const index = what % 5 === 0 ? undefined : (size >> 8) % 4;
        switch ((what >> 3) % 6) {
            case 0:
                return node && tree.delete(node.id);
            case 1:
                return node && tree.move(node.id, other?.id, index);
            case 2:
                return node && other && node[size % 2 ? 'moveAfter' : 'moveBefore'](other);
            case 3:
                return node && node.data.set('k', makeValue(size));
            default:
                return tree.createNode(other?.id, index).id;
        }
    }
    editText(text, { what, where, size }) {
        const ends = boundaries(text.toString());
        const start = where % ends.length;
        if (what % 5 === 0) {
            const end = start + (size % (ends.length - start));
            const range = { start: ends[start], end: ends[end] };
            const key = STYLES[size % STYLES.length];
            if (what % 3 === 0) return text.unmark(range, key);
            return text.mark(range, key, makeValue(what));
        }
        if (what % 3 === 0 && ends.length > 1) {
            const end = Math.min(start + 1 + (size % 6), ends.length - 1);
            if (end > start) text.delete(ends[start], ends[end] - ends[start]);
        } else text.insert(ends[start], makeText(size));
    }
    editMap(map, { what, where, size }) {
        const key = makeKey(where);
        switch (what % 6) {
            case 0:
                return map.delete(key);
            case 1:
                return map.setContainer(key, this.make('Text')).insert(0, makeText(size));
            case 2:
                return map.setContainer(key, this.child(size)) && undefined;
            default:
                return map.set(key, makeValue(size));
        }
    }
    editList(list, { what, where, size }) {
        const at = where % (list.length + 1);
        const kind = what % 8;
        if (kind < 2 && at < list.length)
            return list.delete(at, Math.min(1 + (size % 3), list.length - at));
        if (kind === 2)
            return list.insertContainer(at, this.make('Text')).insert(0, makeText(size));
        if (kind === 3)
            return list.insertContainer(at, this.child(size)) && undefined;
        return list.insert(at, makeValue(size));
    }
}
