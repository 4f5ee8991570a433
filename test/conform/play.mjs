// Plays one history on twins: every peer is two documents, ours and theirs, that make the same
// edits and exchange each other's bytes.
//
//     peer 0: ours ═ theirs      `═` must always show the same: JSON, version, frontiers, events
//               ╲ ╱              every blob crosses over: ours imports what theirs exported
//     peer 1: ours ═ theirs
import {
    Mismatch,
    eventsOf,
    frontiersOf,
    historyOf,
    isContainer,
    plain,
    same,
    statusOf,
    versionOf,
} from './compare.mjs';
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

// Expanding after, not, before, both ways; two keys of one configuration.
const STYLES = ['bold', 'link', 'before', 'both', 'link:a', 'link:b'];
const EXPANDS = {
    bold: { expand: 'after' },
    link: { expand: 'none' },
    before: { expand: 'before' },
    both: { expand: 'both' },
};

/** The live containers in an order both sides agree on, roots first. */
function containersOf(doc, roots = ROOTS) {
    const found = roots.map(([kind, name]) => doc[`get${kind}`](name));
    for (let i = 0; i < found.length && found.length < 40; i++)
        found.push(...insideOf(found[i]).filter(isContainer));
    return found;
}

/** What its texts hold, with styles. */
const deltasOf = (doc) =>
    containersOf(doc, WRITTEN)
        .filter((at) => at.kind() === 'Text')
        .map((at) => plain(at.toDelta()));

/** A counter at 0 that nobody counted in is there for whoever asked for it, and in snapshots. */
function shown(doc) {
    const { counter, ...rest } = plain(doc.toJSON());
    return counter ? { counter, ...rest } : rest;
}

/** An error of either side: theirs may be a plain string. */
const show = (error) => error?.stack ?? String(error);

/** Where code points begin in `text`, in UTF-16, and its end. */
function boundaries(text) {
    const out = [0];
    for (const character of text) out.push(out[out.length - 1] + character.length);
    return out;
}

/** One of the two implementations' documents. */
class Side {
    constructor(library, peer, late) {
        this.library = library;
        this.doc = new library.LoroDoc();
        this.doc.setPeerId(peer);
        this.doc.configTextStyle(EXPANDS);
        // A root shows from when it is first asked for. (In theirs, a document that has a counter does
        // not begin late.)
        containersOf(this.doc, late ? WRITTEN : ROOTS);
        this.batches = [];
        this.local = [];
        this.mirror = new Mirror();
        this.doc.subscribe((batch) => this.batches.push(batch));
        if (library.LorikeetError) this.doc.subscribe((batch) => this.mirror.follow(batch));
        this.doc.subscribeLocalUpdates((bytes) => this.local.push(bytes));
    }
    make(kind) {
        return new this.library[`Loro${kind}`]();
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
    async events() {
        await Promise.resolve(); // theirs come with the next microtask
        const batches = this.batches;
        this.batches = [];
        return eventsOf(batches);
    }
}

class Twin {
    constructor(libraries, peer, late) {
        this.libraries = libraries;
        this.ours = new Side(libraries.ours, peer, late);
        this.theirs = new Side(libraries.theirs, peer, late);
        this.notes = []; // versions it had, as frontiers
        this.published = { ours: this.ours.doc.version(), theirs: this.theirs.doc.version() };
    }
    both(act) {
        const outcome = [this.ours, this.theirs].map((side) => {
            try {
                return { value: act(side) };
            } catch (error) {
                return { error };
            }
        });
        const [ours, theirs] = outcome;
        if (ours.error && theirs.error) return outcome;
        if (ours.error || theirs.error) {
            const who = ours.error ? 'ours' : 'theirs';
            throw new Mismatch(`only ${who} failed: ${show(ours.error ?? theirs.error)}`);
        }
        return outcome;
    }
    async compare(what) {
        const { ours, theirs } = this;
        same(`${what}: JSON`, shown(ours.doc), shown(theirs.doc));
        same(`${what}: deltas`, deltasOf(ours.doc), deltasOf(theirs.doc));
        same(`${what}: version`, versionOf(ours.doc), versionOf(theirs.doc));
        same(`${what}: frontiers`, frontiersOf(ours.doc), frontiersOf(theirs.doc));
        same(`${what}: events`, await ours.events(), await theirs.events());
        ours.mirror.compare(ours.doc, what);
    }
    commit() {
        this.both((side) => side.doc.commit());
    }
    /** Both exports of the same thing, as [ours, theirs]. */
    export(options) {
        this.commit();
        const [ours, theirs] = this.both((side) => side.doc.export(options(side)));
        return { ours: ours.value, theirs: theirs.value };
    }
    note() {
        this.notes.push(frontiersOf(this.ours.doc));
    }
    /** Show versions of the past, get news there, tell how versions differ, and come back. */
    async lookBack({ at, what, where, size }, news, name) {
        this.commit();
        await this.compare(`${name}, before it`);
        this.note();
        const pick = (n) => this.notes[n % this.notes.length];
        for (const n of size % 2 ? [at] : [at, where]) {
            this.both((side) => side.doc.checkout(pick(n)));
            await this.compare(`${name}, in the past`);
        }
        if (what % 3 === 0 && news) await this.import(news, size % 4 > 0, `${name}, unseen`);
        const [ours, theirs] = this.both((side) =>
            changesOf(side.doc.diff(pick(what), pick(at), false)),
        );
        same(`${name}: diff`, ours.value, theirs.value);
        this.both((side) => side.doc.attach());
        await this.compare(`${name}, back`);
    }
    /** Import one message on both sides; `crossed`: each from the other's bytes. */
    async import(message, crossed, what, told = true) {
        this.commit();
        await this.compare(`${what}, before it`);
        const bytes = (side) => (crossed === (side === this.ours) ? message.theirs : message.ours);
        const [ours, theirs] = this.both((side) => side.doc.import(bytes(side)));
        if (ours.error) return; // both refuse it
        same(`${what}: status`, statusOf(ours.value), statusOf(theirs.value));
        if (!told) for (const side of [this.ours, this.theirs]) await side.events();
        await this.compare(what);
    }
}

/** The difference of two versions in the form of events. */
const changesOf = (diff) =>
    eventsOf([{ by: 'diff', events: diff.map(([target, change]) => ({ target, diff: change })) }]);

const from = (version) => ({ mode: 'update', from: version });

class Group {
    constructor(libraries, peers) {
        this.libraries = libraries;
        this.born = 0;
        this.twins = Array.from({ length: peers }, () => this.birth());
        this.pool = [];
    }
    birth(late = false) {
        // Small, large, and beyond what a double holds.
        const n = BigInt(++this.born);
        return new Twin(
            this.libraries,
            n % 3n === 0n ? 2n ** 63n + n : n % 3n === 1n ? n : n << 40n,
            late,
        );
    }
    async step(step, name) {
        const twin = this.twins[step.peer];
        const other = this.twins[step.other];
        switch (step.kind) {
            case 'edit': {
                const ids = twin.both((side) => containersOf(side.doc).map((at) => String(at.id)));
                same(`${name}: containers`, ids[0].value, ids[1].value);
                twin.both((side) => side.edit(step.at % ids[0].value.length, step));
                return;
            }
            case 'commit':
                twin.commit();
                return twin.compare(name);
            case 'publish':
                this.publish(twin);
                return;
            case 'deliver':
                if (this.pool.length > 0)
                    await twin.import(
                        this.pool[step.at % this.pool.length],
                        step.size % 4 > 0,
                        name,
                    );
                return;
            case 'sync': {
                const known = other.export((side) => from(side.doc.version())) && other;
                const message = twin.export((side) =>
                    from(
                        side === twin.ours ? known.ours.doc.version() : known.theirs.doc.version(),
                    ),
                );
                this.pool.push(message);
                return other.import(message, step.size % 4 > 0, name);
            }
            case 'snapshot': {
                const message = twin.export(() => ({ mode: 'snapshot' }));
                this.pool.push(message);
                return other.import(message, step.size % 4 > 0, name);
            }
            case 'look back':
                return twin.lookBack(step, this.pool[step.at % (this.pool.length || 1)], name);
            case 'reload': {
                const message = twin.export(() => ({
                    mode: step.size % 2 ? 'snapshot' : 'update',
                }));
                this.publish(twin);
                const next = (this.twins[step.peer] = this.birth());
                return next.import(message, true, name);
            }
        }
    }
    publish(twin) {
        const message = twin.export((side) =>
            from(side === twin.ours ? twin.published.ours : twin.published.theirs),
        );
        twin.published = { ours: twin.ours.doc.version(), theirs: twin.theirs.doc.version() };
        this.pool.push(message);
    }
    async sync(twin, other, name, told) {
        const known = (side) => (side === twin.ours ? other.ours : other.theirs).doc.version();
        other.commit();
        await other.import(
            twin.export((side) => from(known(side))),
            true,
            name,
            told,
        );
    }
    /** Who begins with a shallow snapshot goes on with the others like anybody else. */
    async beginLate(first, edits) {
        const late = this.birth(true);
        const message = first.export((side) => ({
            mode: 'shallow-snapshot',
            frontiers: side.doc.frontiers(),
        }));
        await late.import(message, true, 'a newcomer, shallow');
        late.both((side) => containersOf(side.doc));
        for (let i = 0; i + 1 < edits.length; i += 2) {
            for (const [twin, step] of [
                [late, edits[i]],
                [first, edits[i + 1]],
            ]) {
                const [{ value: count }] = twin.both((side) => containersOf(side.doc).length);
                twin.both((side) => side.edit(step.at % count, step));
            }
            if (i % 4 > 0) continue; // sometimes more than one before they hear of each other
            await this.sync(late, first, `from who began late, edit ${i}`, false);
            await this.sync(first, late, `to who began late, edit ${i}`);
        }
        await this.sync(late, first, 'from who began late', false);
        await this.sync(first, late, 'to who began late');
        const { theirs } = late;
        same('who began late: JSON', plain(first.ours.doc.toJSON()), plain(theirs.doc.toJSON()));
        const again = late.export(() => ({ mode: 'snapshot' }));
        await this.birth(true).import(again, true, 'a newcomer, as late');
    }
    /** Both tell of the same changes; and who gets them as JSON has what the others have. */
    async throughJson(first) {
        first.commit();
        const [told, also] = first.both((side) => historyOf(side.doc));
        same('changes', told.value, also.value);
        const [ours, theirs] = first.both((side) => side.doc.exportJsonUpdates());
        const newcomer = this.birth();
        const status = newcomer.both((side) =>
            side.doc.importJsonUpdates(side === newcomer.ours ? theirs.value : ours.value),
        );
        same('JSON updates: status', statusOf(status[0].value), statusOf(status[1].value));
        await newcomer.compare('a newcomer, JSON updates');
        same('JSON updates: version', versionOf(newcomer.ours.doc), versionOf(first.ours.doc));
    }
    /** Everybody gets everything; then all are the same, and so is who starts from any one blob. */
    async settle(order, edits) {
        for (const twin of this.twins) this.publish(twin);
        for (const twin of this.twins)
            for (const index of order(this.pool.length))
                await twin.import(this.pool[index], index % 2 === 0, `settling with blob ${index}`);
        const [first, ...rest] = this.twins;
        for (const twin of rest) {
            const what = 'two peers after everything was delivered';
            same(`${what}: JSON`, plain(twin.ours.doc.toJSON()), plain(first.ours.doc.toJSON()));
            same(`${what}: version`, versionOf(twin.ours.doc), versionOf(first.ours.doc));
            same(`${what}: frontiers`, frontiersOf(twin.ours.doc), frontiersOf(first.ours.doc));
        }
        for (const mode of ['update', 'snapshot'])
            await this.birth().import(
                first.export(() => ({ mode })),
                true,
                `a newcomer, ${mode}`,
            );
        const newcomer = this.birth();
        for (const side of [newcomer.ours, newcomer.theirs])
            for (const twin of this.twins)
                for (const bytes of (side === newcomer.ours ? twin.theirs : twin.ours).local)
                    side.doc.import(bytes);
        await newcomer.compare('a newcomer, from local updates');
        await this.throughJson(first);
        await this.beginLate(first, edits);
    }
}

/** Throws Mismatch where the two sides part. Gives the number of blobs that were exchanged. */
export async function play(libraries, history, peers, order) {
    const group = new Group(libraries, peers);
    for (let i = 0; i < history.length; i++) {
        const { kind, peer } = history[i];
        await group.step(history[i], `step ${i} (${kind} by peer ${peer})`);
    }
    // No deletions of keys: of one that is repeated, Loro tells or not by what else is about.
    const edits = history.filter(({ kind, what }) => kind === 'edit' && what % 6 > 0).slice(0, 12);
    await group.settle(order, edits);
    return group.pool.length;
}
