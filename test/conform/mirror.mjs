// A copy of a document made of nothing but its events: whoever follows them must end with what it holds.
import { isContainer, plain, same } from './compare.mjs';

const EMPTY = {
    text: () => '',
    list: () => [],
    map: () => ({}),
    tree: () => new Map([[undefined, []]]),
    counter: () => 0,
};

/** What a delta makes of `before`, an array. */
function follow(before, delta) {
    const after = [];
    let at = 0;
    const pass = (count, keep) => {
        if (at + count > before.length) throw new Error('a delta reaches past the end');
        if (keep) after.push(...before.slice(at, at + count));
        at += count;
    };
    for (const step of delta) {
        if (step.retain !== undefined) pass(step.retain, true);
        else if (step.delete !== undefined) pass(step.delete, false);
        else if (typeof step.insert === 'string') after.push(...step.insert.split(''));
        else after.push(...step.insert.map(plain));
    }
    return [...after, ...before.slice(at)];
}

/** Whether a node hangs in the tree; the root does. */
const lives = (tree, node) =>
    node === undefined || [...tree.values()].some((nodes) => nodes.includes(node));

/** An item that leads below a deleted node, or out from there, cannot be followed: what hangs there
 *  imports do not tell. */
const leadsAstray = (tree, { action, parent, oldParent }) =>
    (action !== 'create' && !lives(tree, oldParent)) || (action !== 'delete' && !lives(tree, parent));

/** A child of a map that peers make together. What it holds stays while the map does not show it. */
const isShared = (id) => id.startsWith('cid:root-🤝:');

export class Mirror {
    #doc;
    #held = new Map();
    #astray = new Set(); // trees
    #loaded = new Set(); // what the batch does not tell, or not from the start

    constructor(doc) {
        this.#doc = doc;
    }

    #at(id, type) {
        if (!this.#held.has(id)) this.#held.set(id, EMPTY[type]());
        return this.#held.get(id);
    }

    #children(tree, parent) {
        if (!tree.has(parent)) tree.set(parent, []);
        return tree.get(parent);
    }

    #take(tree, { target, oldParent, oldIndex }) {
        const from = this.#children(tree, oldParent);
        if (from[oldIndex] !== target) throw new Error(`${target} is not where it was`);
        from.splice(oldIndex, 1);
    }

    /** A node went: what is below it goes too, and their data. */
    #drop(tree, node) {
        for (const child of tree.get(node) ?? []) this.#drop(tree, child);
        tree.delete(node);
        this.#forget(`cid:${node}:Map`);
    }

    #forget(id) {
        const held = this.#held.get(id);
        this.#held.delete(id);
        if (held instanceof Map) for (const node of [...held.keys()]) this.#drop(held, node);
        else if (typeof held === 'object')
            for (const value of Object.values(held)) if (value?.container) this.#forget(value.container);
    }

    #node(tree, item) {
        if (item.action !== 'create') this.#take(tree, item);
        if (item.action === 'delete') this.#drop(tree, item.target);
        else this.#children(tree, item.parent).splice(item.index, 0, item.target);
    }

    #follow(id, tree, by, items) {
        for (const item of items) {
            if (by === 'local' && leadsAstray(tree, item)) this.#astray.add(id);
            if (!this.#astray.has(id)) this.#node(tree, item);
        }
    }

    /** What a container holds, and all in it, as it is now. */
    #load(container) {
        const id = String(container.id);
        this.#loaded.add(id);
        const kind = container.kind();
        const inside = (value) => isContainer(value) && this.#load(value);
        if (kind === 'Text') this.#held.set(id, container.toString());
        else if (kind === 'Counter') this.#held.set(id, container.value);
        else if (kind === 'Map') {
            this.#held.set(id, plain(Object.fromEntries(container.entries())));
            container.values().forEach(inside);
        } else if (kind !== 'Tree') {
            this.#held.set(id, container.toArray().map(plain));
            container.toArray().forEach(inside);
        } else {
            const tree = new Map([[undefined, container.roots().map((node) => node.id)]]);
            for (const node of container.getNodes()) {
                tree.set(node.id, (node.children() ?? []).map((child) => child.id));
                this.#load(node.data);
            }
            this.#held.set(id, tree);
        }
    }

    /**
     * Of a shared child that an edit here shows, what it held while it was hidden its map alone tells;
     * one that comes from elsewhere comes whole, though it was there.
     */
    #value(value, { by }) {
        const id = value?.container;
        if (id === undefined || !isShared(id)) return value;
        if (by !== 'local') this.#forget(id);
        else if (!this.#held.has(id)) this.#load(this.#doc.getContainerById(id));
        return value;
    }

    follow(batch) {
        for (const { target, diff } of batch.events) {
            if (this.#loaded.has(target)) continue;
            const held = this.#at(target, diff.type);
            if (diff.type === 'text')
                this.#held.set(target, follow(held.split(''), diff.diff).join(''));
            else if (diff.type === 'list') this.#held.set(target, follow(held, diff.diff));
            else if (diff.type === 'counter') this.#held.set(target, held + diff.increment);
            else if (diff.type === 'tree') this.#follow(target, held, batch.by, diff.diff);
            else
                for (const [key, value] of Object.entries(diff.updated))
                    if (value === undefined) delete held[key];
                    else held[key] = this.#value(plain(value), batch);
        }
        this.#loaded.clear();
        this.#sweep();
    }

    /** What hangs nowhere any more comes whole when it comes back. */
    #sweep() {
        const seen = new Set();
        const visit = (id) => {
            if (seen.has(id)) return;
            seen.add(id);
            const held = this.#held.get(id);
            if (held instanceof Map)
                for (const nodes of held.values()) for (const node of nodes) visit(`cid:${node}:Map`);
            else if (typeof held === 'object')
                for (const value of Object.values(held)) if (value?.container) visit(value.container);
        };
        for (const id of this.#held.keys())
            if (id.startsWith('cid:root-') && !isShared(id)) visit(id);
        for (const id of [...this.#held.keys()]) if (!seen.has(id)) this.#held.delete(id);
    }

    compare(what) {
        for (const id of this.#astray) {
            const tree = this.#doc.getContainerById(id);
            if (tree !== undefined) this.#load(tree);
        }
        this.#astray.clear();
        this.#loaded.clear();
        const visit = (container) => {
            const kind = container.kind();
            const type = kind === 'MovableList' ? 'list' : kind.toLowerCase();
            const held = this.#held.get(String(container.id)) ?? EMPTY[type]();
            const where = `${what}: mirror of ${container.id}`;
            const inside = (value) => isContainer(value) && visit(value);
            if (type === 'text') same(where, held, container.toString());
            else if (type === 'counter') same(where, held.toFixed(6), container.value.toFixed(6));
            else if (type === 'list') {
                same(where, held, container.toArray().map(plain));
                container.toArray().forEach(inside);
            } else if (type === 'map') {
                same(where, plain(held), plain(Object.fromEntries(container.entries())));
                container.values().forEach(inside);
            } else {
                const shape = (nodes) => nodes.map((n) => [n.id, shape(n.children() ?? [])]);
                const copy = (id) => (held.get(id) ?? []).map((node) => [node, copy(node)]);
                same(where, copy(undefined), shape(container.roots()));
                for (const node of container.getNodes()) visit(node.data);
            }
        };
        for (const id of Object.values(this.#doc.getShallowValue()))
            visit(this.#doc.getContainerById(id));
    }
}
