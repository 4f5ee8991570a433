// A peer: two documents, ours and theirs, that make the same edits and must always show the same.
import { eventsOf, frontiersOf, LEFT_OUT, runs, same, sameBytes, statusOf, versionOf } from './compare.mjs';
import { containersOf, deltasOf, shown, Side } from './side.mjs';

/** An error of either side: theirs may be a plain string. */
const show = (error) => error?.stack ?? String(error);

/** The difference of two versions, of which the document shows the second, in the form of events. */
function changesOf(doc, from, to) {
    const events = doc
        .diff(from, to, false)
        .map(([target, diff]) => ({ target, diff, path: doc.getPathToContainer(target) ?? [] }));
    return eventsOf([{ by: 'diff', events }]).map(({ changes }) => changes);
}

/**
 * How many atoms it holds that are no marks. Theirs marks a text piece by piece, the pieces being
 * what its memory happens to hold in one, so how many marks it makes of a difference is not told
 * by the document.
 */
function atomsBesideMarks(doc, from) {
    const { changes } = doc.exportJsonUpdates(from);
    const contents = changes.flatMap(({ ops }) => ops.map(({ content }) => content));
    return doc.opCount() - contents.filter(({ type }) => /^mark/.test(type)).length;
}

/** What its texts hold, without the borders that marks which say nothing leave. */
const stylesOf = (doc) => deltasOf(doc).map(runs);

export class Twin {
    constructor(libraries, peer, late = false) {
        this.late = late;
        this.ours = new Side(libraries.ours, peer, late);
        this.theirs = new Side(libraries.theirs, peer, late);
        this.notes = []; // versions it had, as frontiers
        this.cursors = []; // [{ bytes, container }]
        this.published = { ours: undefined, theirs: undefined };
        this.leftOut = false; // did imports ever leave something out?
    }
    free() {
        for (const side of [this.ours, this.theirs])
            try {
                side.doc.free();
            } catch {
                // one that panicked cannot be freed
            }
    }
    /** What `act` gives on both sides; or that both refuse it. */
    both(act, what = '') {
        const outcome = [this.ours, this.theirs].map((side) => {
            try {
                return { value: act(side) };
            } catch (error) {
                return { error };
            }
        });
        const [ours, theirs] = outcome;
        if (Boolean(ours.error) !== Boolean(theirs.error)) {
            const only = ours.error ? 'ours' : 'theirs';
            const why = show(ours.error ?? theirs.error);
            throw Object.assign(new Error(`${what}: only ${only} failed: ${why}`), { what, only });
        }
        return outcome;
    }
    /** Both sides' answer to a question that neither may refuse must be the same. */
    ask(what, question) {
        const [ours, theirs] = this.both(question, what);
        if (ours.error) throw ours.error;
        same(what, ours.value, theirs.value);
        return ours.value;
    }
    compare(what) {
        same(`${what}: events`, this.ours.events(), this.theirs.events());
        this.ask(`${what}: frontiers`, (side) => frontiersOf(side.doc));
        this.ask(`${what}: JSON`, (side) => shown(side.doc));
    }
    /** All that can be seen. */
    examine(what) {
        this.compare(what);
        this.ask(`${what}: version`, (side) => versionOf(side.doc));
        this.ask(`${what}: deltas`, (side) => deltasOf(side.doc));
        this.ours.mirror.compare(what);
        for (const cursor of this.cursors)
            // theirs also finds the start of a container that only what waits speaks of, and may not
            // have heard of a shared one that is hidden
            if ([this.ours, this.theirs].every(({ doc }) => doc.hasContainer(cursor.container)))
                this.ask(`${what}: cursor ${cursor.bytes}`, (side) => side.find(cursor));
    }
    commit() {
        this.both((side) => side.doc.commit());
    }
    containers(what) {
        return this.ask(what, (side) => containersOf(side.doc).map((at) => String(at.id)));
    }
    edit(step, name) {
        const { length } = this.containers(`${name}: containers`);
        this.both((side) => {
            try {
                side.edit(step.at % length, step);
            } catch (error) {
                // Theirs is not edited in the past even where there is nothing to change.
                if (!side.doc.isDetached()) throw error;
            }
        }, name);
    }
    /** A child that peers make together, and an edit in it. */
    share(step, name) {
        this.containers(`${name}: containers`);
        this.both((side) => {
            if (!side.doc.isDetached()) side.share(step);
        }, name);
    }
    /** Revert a copy: in what order theirs takes things back, its hash tables say. */
    revert({ at }, name) {
        if (this.ours.doc.isDetached()) return;
        this.commit();
        this.note();
        this.ask(name, (side) => {
            const copy = side.doc.fork();
            copy.setPeerId(1n << 60n);
            const before = copy.version();
            copy.revertTo(this.noted(at));
            copy.commit();
            const seen = [shown(copy), stylesOf(copy), atomsBesideMarks(copy, before)];
            copy.free();
            return seen;
        });
    }
    /** Edit a version of the past under a name of its own, and come back. */
    wander(step, alias, name) {
        const { at, what } = step;
        this.attach();
        this.compare(`${name}, before it`);
        this.note();
        const peer = this.ours.doc.peerIdStr;
        this.both((side) => {
            side.doc.setDetachedEditing(true);
            side.doc.checkout(this.noted(at));
            side.doc.setPeerId(alias);
        }, name);
        for (let i = 0; i <= what % 3; i++) {
            const n = (number) => Math.imul(number, 2 * i + 1) >>> 0;
            this.edit({ ...step, at: n(at), where: n(step.where), size: n(step.size) }, name);
        }
        this.commit();
        this.examine(`${name}, there`);
        this.both((side) => {
            side.doc.attach();
            side.doc.setDetachedEditing(false);
            side.doc.setPeerId(peer);
        }, name);
        this.examine(`${name}, back`);
    }
    cursor(step, name) {
        this.commit();
        const { length } = this.containers(`${name}: containers`);
        const cursor = this.ask(name, (side) => side.cursor(step.at % length, step));
        if (cursor !== undefined) this.cursors.push(cursor);
    }
    /** Both exports of the same thing. */
    export(options) {
        this.commit();
        const [ours, theirs] = this.both((side) => side.doc.export(options(side)));
        const { mode } = options(this.ours);
        this.ask(`export (${mode}): detached`, (side) => side.doc.isDetached());
        if (sameBytes(`export (${mode})`, ours.value, theirs.value))
            return { ours: ours.value, theirs: theirs.value };
        return { ours: ours.value, theirs: ours.value };
    }
    /** What it wrote or got since it published last. */
    news() {
        const message = this.export((side) => ({
            mode: 'update',
            from: side === this.ours ? this.published.ours : this.published.theirs,
        }));
        this.published = { ours: this.ours.doc.version(), theirs: this.theirs.doc.version() };
        return message;
    }
    note() {
        this.notes.push(frontiersOf(this.ours.doc));
    }
    noted(n) {
        return this.notes[n % this.notes.length];
    }
    leave({ at }) {
        this.note();
        this.both((side) => side.doc.checkout(this.noted(at)));
    }
    attach() {
        this.both((side) => side.doc.attach());
    }
    /** Show versions of the past, get news there, tell how versions differ, and come back. */
    lookBack({ at, what, where, size }, news, name) {
        this.commit();
        this.compare(`${name}, before it`);
        this.note();
        for (const n of size % 2 ? [at] : [where, at]) {
            this.both((side) => side.doc.checkout(this.noted(n)));
            this.examine(`${name}, in the past`);
        }
        if (what % 3 === 0 && news) this.import(news, size % 4 > 0, `${name}, unseen`);
        this.ask(`${name}: diff`, (side) => changesOf(side.doc, this.noted(what), this.noted(at)));
        this.attach();
        this.compare(`${name}, back`);
    }
    /** Make the difference of two versions in a new document, which may lack what it is about. */
    apply({ at, where }, name) {
        this.commit();
        this.note();
        const [ours, theirs] = this.both((side) => {
            const made = new side.library.LoroDoc();
            // not one of theirs: Loro takes what it made anew for what is called so in the difference
            made.setPeerId(1n << 61n);
            made.applyDiff(side.doc.diff(this.noted(at), this.noted(where), false));
            made.commit();
            const seen = [made.toJSON(), stylesOf(made), atomsBesideMarks(made)];
            made.free();
            return seen;
        }, name);
        same(name, ours.value, theirs.value);
    }
    /** A document of its own, now or as it was. */
    fork({ at, what }, name) {
        this.commit();
        if (this.late && this.ours.doc.isDetached()) return; // theirs panics
        this.note();
        this.ask(name, (side) => {
            const { doc } = side;
            // theirs does not go back where the beginning is missing
            const fork = what % 2 || this.late ? doc.fork() : doc.forkAt(this.noted(at));
            const seen = [shown(fork), frontiersOf(fork), deltasOf(fork)];
            fork.free();
            return seen;
        });
    }
    /**
     * Import messages on both sides; `crossed`: each from the other's bytes. Of what it is given who
     * began late may leave some out.
     */
    import(messages, crossed, what, told = true) {
        this.commit();
        this.compare(`${what}, before it`);
        const list = [messages].flat();
        // Of a batch that begins with a snapshot theirs tells in two parts, ours in one.
        if (list.length > 1 && this.ours.doc.opCount() === 0) {
            for (const message of list) this.import(message, crossed, what, told);
            return;
        }
        const bytes = (side) =>
            list.map((message) =>
                crossed === (side === this.ours) ? message.theirs : message.ours,
            );
        const [ours, theirs] = this.both((side) =>
            statusOf(() =>
                list.length === 1
                    ? side.doc.import(bytes(side)[0])
                    : side.doc.importBatch(bytes(side)),
            ),
        );
        if (ours.error) throw ours.error;
        this.ask(`${what}: shallow`, (side) => side.doc.isShallow());
        // what builds on what was left out waits in theirs for ever; ours leaves it out, too
        const waits = this.leftOut && Object.keys(theirs.value.pending ?? {}).length > 0;
        const status = `${what}: status${this.leftOut ? ', once some was left out' : ''}`;
        this.leftOut ||= theirs.value === LEFT_OUT;
        if (waits && ours.value !== LEFT_OUT)
            same(status, ours.value.success, theirs.value.success);
        else if (!waits) same(status, ours.value, theirs.value);
        // of a blob among several of which some is left out theirs takes nothing: here it is alone
        const part = list.length > 1 && theirs.value === LEFT_OUT;
        for (const one of part ? bytes(this.theirs) : []) statusOf(() => this.theirs.doc.import(one));
        if (theirs.value === LEFT_OUT) {
            const past = this.ours.doc.isDetached() ? ' in the past' : '';
            this.ask(`${what}: the rest${past}`, (side) => versionOf(side.doc, side.doc.oplogVersion()));
        }
        if (part || !told) for (const side of [this.ours, this.theirs]) side.events();
        this.compare(what);
    }
}
