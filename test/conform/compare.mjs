// What the two sides show, in a form in which equal means the same.
import { inspect } from 'node:util';
import { blobOf } from './bytes.mjs';

export const isContainer = (value) =>
    typeof value === 'object' && value !== null && typeof value.kind === 'function';

/** Whether two values are the same, in whatever order their keys come; containers are what their ids say. */
export function equal(a, b) {
    if (Object.is(a, b)) return true;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
    if (Array.isArray(a) || a instanceof Uint8Array) {
        if (a.length !== b.length || a.constructor !== b.constructor) return false;
        for (let i = 0; i < a.length; i++) if (!equal(a[i], b[i])) return false;
        return true;
    }
    if (isContainer(a)) return isContainer(b) && String(a.id) === String(b.id);
    if (a instanceof Map) return b instanceof Map && equal([...a].sort(), [...b].sort());
    const keys = Object.keys(a);
    return (
        keys.length === Object.keys(b).length &&
        keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]))
    );
}

/** Values with containers told by id, byte arrays told from lists, and keys in order. */
export function plain(value) {
    if (isContainer(value)) return { container: String(value.id) };
    if (value instanceof Uint8Array) return { bytes: [...value] };
    if (value instanceof Map) return plain(Object.fromEntries(value));
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value === 'object' && value !== null)
        return Object.fromEntries(
            Object.keys(value)
                .sort()
                .map((key) => [key, plain(value[key])]),
        );
    return value;
}

/** Attributes in order, without those that take away what is not there. */
const shown = (attributes = {}) =>
    plain(Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null)));

/** Text with its style behind the other inserts of a run: neighbours of one style are one. */
function addText(insert, text, attributes) {
    const last = insert[insert.length - 1];
    const style = shown(attributes);
    if (last !== undefined && equal(last.style, style)) last.text += text;
    else insert.push({ text, style });
}

/**
 * A delta as runs between retains: what is deleted there, what is inserted. Whether an insertion is
 * told before or after the deletion beside it is taste.
 */
export function runs(delta) {
    const out = [];
    let run = { at: 0, insert: [], deleted: 0 };
    const close = () => {
        if (run.insert.length > 0 || run.deleted > 0) out.push(run);
    };
    for (const step of delta) {
        if (step.retain !== undefined) {
            if (run.insert.length > 0 || run.deleted > 0) {
                close();
                run = { at: 0, insert: [], deleted: 0 };
            }
            run.at += step.retain;
        } else if (step.delete !== undefined) run.deleted += step.delete;
        else if (typeof step.insert === 'string')
            addText(run.insert, step.insert, step.attributes);
        else run.insert.push(...step.insert.map(plain));
    }
    close();
    return out;
}

function diffOf(diff) {
    switch (diff.type) {
        case 'text':
        case 'list':
            return runs(diff.diff);
        case 'map':
            return Object.fromEntries(
                Object.keys(diff.updated)
                    .sort()
                    .map((key) => {
                        const value = diff.updated[key];
                        return [key, value === undefined ? { deleted: true } : plain(value)];
                    }),
            );
        case 'counter':
            // whether theirs tells of nothing added is chance
            return diff.increment === 0 ? {} : { increment: diff.increment };
        case 'tree':
            return diff.diff.map(plain);
        default:
            throw new Error(`no such diff: ${diff.type}`);
    }
}

const isEmpty = (diff) =>
    Array.isArray(diff) ? diff.length === 0 : Object.keys(diff).length === 0;

/** Ids of the containers that a plain value, or what holds such values, names. */
function named(value, into = new Set()) {
    if (typeof value !== 'object' || value === null) return into;
    if (typeof value.container === 'string') into.add(value.container);
    if (value.action === 'create') into.add(`cid:${value.target}:Map`);
    for (const inner of Object.values(value)) named(inner, into);
    return into;
}

/**
 * What an import does to a tree can be told in many ways: theirs takes moves back and does them again,
 * and sends what hangs on the nodes anew. Mirrors see to that.
 */
const isTold = (batch, { diff, path }) =>
    batch.by === 'local' || !(diff.type === 'tree' || path.some((step) => /^\d+@\d+$/.test(step)));

/**
 * One batch as {by, order: [rank], changes: {container id: diff}}. Containers are told by the length of
 * their path, then by the counter they were made at. What is equal by that, roots above all, comes in
 * the order of theirs' hash tables, which also hold what the two versions have in common; that is left
 * out. Theirs also tells which keys a map that has just
 * appeared does not have; that says nothing and is left out.
 */
function eventOf(batch) {
    const changes = {};
    const ranks = {};
    for (const event of batch.events)
        if (isTold(batch, event)) {
            const id = String(event.target);
            changes[id] = diffOf(event.diff);
            ranks[id] = [event.path.length, Number(/^cid:(\d+)@/.exec(id)?.[1] ?? -1)];
        }
    for (const id of named(changes)) {
        const diff = changes[id];
        for (const key of Object.keys(diff ?? {}))
            if (diff[key]?.deleted === true) delete diff[key];
    }
    for (const id of Object.keys(changes)) if (isEmpty(changes[id])) delete changes[id];
    return { by: batch.by, order: Object.keys(changes).map((id) => ranks[id]), changes: plain(changes) };
}

/** What was told of, without batches that say nothing. */
export const eventsOf = (batches) =>
    batches.map(eventOf).filter((batch) => Object.keys(batch.changes).length > 0);

const byPeer = (a, b) => (a.peer < b.peer ? -1 : a.peer > b.peer ? 1 : a.counter - b.counter);
export const frontiersOf = (doc) =>
    doc
        .frontiers()
        .map(({ peer, counter }) => ({ peer: String(peer), counter }))
        .sort(byPeer);
/** All changes by author, without the order of what they build on. */
export const historyOf = (doc) =>
    plain(
        new Map(
            [...doc.getAllChanges()].map(([peer, changes]) => [
                peer,
                changes.map((change) => ({ ...change, deps: [...change.deps].sort(byPeer) })),
            ]),
        ),
    );
/** Operations of JSON updates; inserts that go on where the last one ended are one. */
function joined(ops) {
    const out = [];
    for (const { container, counter, content } of ops) {
        const last = out[out.length - 1];
        const what = content.text ?? content.value;
        const begins = last?.content.text ?? last?.content.value;
        const goes =
            content.type === 'insert' &&
            last?.content.type === 'insert' &&
            last.container === container &&
            content.pos !== undefined &&
            last.content.pos + counter - last.counter === content.pos;
        if (!goes) out.push({ container, counter, content: { ...content } });
        else last.content[content.text === undefined ? 'value' : 'text'] = begins.concat(what);
    }
    return out;
}

/** JSON updates, without the order of what changes build on. */
export function jsonUpdatesOf(doc) {
    const { changes, ...rest } = doc.exportJsonUpdates(undefined, undefined, false);
    return {
        ...rest,
        changes: Object.fromEntries(
            changes.map(({ deps, ops, ...change }) => [
                change.id,
                { ...change, deps: deps.sort(), ops: joined(ops) },
            ]),
        ),
    };
}
export function versionOf(doc, version = doc.version()) {
    const entries = [...version.toJSON()].map(([peer, end]) => [String(peer), end]);
    return Object.fromEntries(entries.filter(([, end]) => end > 0).sort());
}
/** What an import that leaves changes out throws, when it has the rest. */
export const LEFT_OUT = 'left out';

/** What an import says: {success, pending} with ranges by peer, or that it left some out. */
export function statusOf(take) {
    try {
        const { success, pending } = take();
        return { success: plain(success ?? new Map()), pending: plain(pending ?? new Map()) };
    } catch (error) {
        if (!String(error).includes('not included in the shallow history')) throw error;
        return LEFT_OUT;
    }
}

/** What was compared, as it is on both sides. */
export class Mismatch extends Error {
    constructor(what, ours, theirs) {
        const show = (value) =>
            inspect(plain(value), { depth: 12, breakLength: 110, maxStringLength: 2000 });
        super(`${what} differs\n  ours:   ${show(ours)}\n  theirs: ${show(theirs)}`);
        Object.assign(this, { what, ours, theirs });
    }
}

export function same(what, ours, theirs) {
    if (!equal(ours, theirs)) throw new Mismatch(what, ours, theirs);
}

/** A snapshot that is shallow and leaves nothing out may as well be a whole one. */
const leavesNothing = ({ history }) => history?.sv && Object.keys(history.sv).length === 0;
const withoutStates = ({ history: { sv, sf, ...history } }) => history;

/** Does a shallow snapshot begin before another one of the same? */
const beginsEarlier = ({ history: a }, { history: b }) =>
    !equal(a.sf, b.sf) && Object.entries(a.sv).every(([peer, end]) => end <= (b.sv[peer] ?? 0));

/**
 * Two blobs must say the same, where they are not the same bytes. False if theirs begins earlier than it
 * must: where the history after a shallow root forks at once, Loro at times goes further back.
 */
export function sameBytes(what, ours, theirs) {
    if (Buffer.compare(ours, theirs) === 0) return true;
    const [one, other] = [ours, theirs].map(blobOf);
    if (one.history?.sv && other.history?.sv && beginsEarlier(other, one)) return false;
    if (leavesNothing(one) || leavesNothing(other))
        same(`${what}: bytes`, withoutStates(one), withoutStates(other));
    else same(`${what}: bytes`, one, other);
    return true;
}
