// Differences that are known: how to tell them, and why they are. Each has a case in regressions.jsonl
// that must differ; this list only shrinks.
import { equal, LEFT_OUT } from './compare.mjs';

const LISTS = 0;
const NESTED = 2;
const STYLED = 6;
const TREES = 7;
const GROUPS = 8;
const SHARED = 10;

/** What an undo history shows, but for the order of what texts and lists hold. */
const unordered = ([answer, desks]) => [
    answer,
    desks.map(([{ text = '', list = [], styled, ...rest }, ...can]) => [
        [...text].sort(),
        [...list].sort(),
        rest,
        ...can,
    ]),
];

/** What was told, each difference as `look` sees it, but for those that are `nothing` then. */
const retold = (batches, look, nothing) =>
    batches
        .map(({ by, changes }) => [
            by,
            Object.entries(changes)
                .map(([id, diff]) => [id, look(by, id, diff)])
                .filter(([, diff]) => !nothing(diff)),
        ])
        .filter(([, changes]) => changes.length > 0);

/** What was told, but of what imports and checkouts did to movable lists only how much longer these became. */
const outlined = (batches) => {
    const longer = (by, id, diff) =>
        by !== 'local' && id.endsWith(':MovableList')
            ? diff.reduce((sum, { insert, deleted }) => sum + insert.length - deleted, 0)
            : diff;
    return retold(batches, longer, (diff) => diff === 0);
};

/** Theirs keeps waiting what ours took, and took nothing. */
const waits = ({ what, ours, theirs }) =>
    what?.endsWith(': status') &&
    [ours, theirs].every((seen) => seen !== LEFT_OUT) &&
    Object.keys(ours.success).length > 0 &&
    equal(theirs.success, {}) &&
    Object.keys(theirs.pending).every((peer) => peer in ours.success);

/** What a difference made, without the ids of nodes and without trees that are empty. */
const nameless = ([{ tree = [], ...json }, deltas]) => [
    JSON.parse(
        JSON.stringify({ tree, ...json }, (key, value) => (['id', 'parent'].includes(key) ? undefined : value)),
    ),
    deltas,
];

/** Theirs made some nodes of a difference and deleted them: other ids for all after them. Or it
 *  deleted some, which are not in the new document, to make them again. */
function madeForNothing({ what, ours, theirs, only, message }) {
    if (only === 'theirs') return / \(apply by/.test(what) && /not found in the doc|doesn't exist/.test(message);
    if (!Array.isArray(ours) || !Array.isArray(theirs)) return false;
    const [some, more] = [ours, theirs].map((seen) => seen?.[2]);
    const fits = / \(revert by/.test(what) || (/ \(apply by/.test(what) && more > some);
    return fits && equal(nameless(ours), nameless(theirs));
}

/** Both made the same, but marks in more pieces, or roots in another order, in which Loro's own copies
 *  of a document differ: ids differ. */
const countsOthers = ({ what, ours, theirs }) =>
    / \(apply by/.test(what) && Array.isArray(ours) && ours[2] === theirs[2] && equal(nameless(ours), nameless(theirs));

/** Theirs took less, where an import before left some out. */
const forgetsWaiting = ({ what, ours, theirs }) => {
    if (!what?.endsWith(': status, once some was left out')) return false;
    const [mine, loros] = [ours, theirs].map((seen) => seen.success ?? seen);
    return Object.entries(loros).every(([peer, { end }]) => end <= mine[peer]?.end);
};

/** What theirs took is part of what ours did. */
const takesLess = ({ ours, theirs }) => Object.entries(theirs).every(([peer, end]) => end <= ours[peer]);

const isShallow = ({ what }) => what === 'export (shallow-snapshot): bytes';
const isSnapshot = (error) => isShallow(error) || error.what === 'export (snapshot): bytes';

/** How the states of others name the container of a state as their parent, if it is no root. */
const nameOf = (key, states) => {
    const id = Buffer.from(key, 'hex');
    return id.length === 13 && `${id.readInt32LE(9)}@${id.readBigUInt64LE(1)}:${states[key].kind}`;
};

/** One side has more states of shared children, and of what hangs below them, or knows where they hung. */
function keepsShared(error) {
    if (!isSnapshot(error)) return false;
    const hangs = (states) => (key) => {
        const { parent } = states[key] ?? {};
        if (key.includes('f09fa49d3a') || parent?.startsWith('🤝')) return true;
        const above = Object.keys(states).find((id) => parent !== undefined && nameOf(id, states) === parent);
        return above !== undefined && hangs(states)(above);
    };
    const few = (states, kept) =>
        Object.entries(states)
            .filter(([key]) => key in kept || !hangs(states)(key))
            .map(([key, { depth, ...rest }]) => [key, hangs(states)(key) ? rest.state : rest]);
    const bare = ({ history, root, state }, other) => [
        history,
        few(root, other.root),
        typeof state === 'string' ? state : few(state, other.state),
    ];
    return equal(bare(error.ours, error.theirs), bare(error.theirs, error.ours));
}

/** Theirs took values of elements for those they were inserted with. */
function forgetsWriters(error) {
    const filled = (theirs, ours, key) => {
        if (key === 'writer' && theirs === true) return ours;
        if (Array.isArray(theirs)) return theirs.map((value, i) => filled(value, ours?.[i]));
        if (theirs?.constructor !== Object) return theirs;
        const entries = Object.entries(theirs);
        return Object.fromEntries(entries.map(([k, value]) => [k, filled(value, ours?.[k], k)]));
    };
    return isShallow(error) && equal(error.ours, filled(error.theirs, error.ours));
}

const MARK = 12;
const MARK_END = 0;
/** What updates say of texts, but for marks and for positions, which count them. */
const unmarked = ({ blocks }) =>
    blocks.map(({ peer, ops }) => [
        peer,
        ops.filter((op) => op[2] !== MARK && op[2] !== MARK_END).map(([name, , ...op]) => [name, ...op]),
    ]);

/** What was told, but for the indexes of what was done here to trees. */
const placeless = (batches) => {
    const bare = ({ index, oldIndex, ...item }) => item;
    return batches.map(({ by, changes }) => [
        by,
        Object.entries(changes).map(([id, items]) =>
            by === 'local' && id.endsWith(':Tree') ? [id, items.map(bare)] : [id, items],
        ),
    ]);
};

const KNOWN = [
    {
        why: 'where siblings must move to make room, Loro tells the indexes that are meant, we those that are',
        is: ({ what, ours, theirs }) =>
            what?.endsWith(': events') && equal(placeless(ours.flat()), placeless(theirs.flat())),
    },
    {
        why: 'which hidden shared children stand in a snapshot, and where they hung, each side takes from its memory',
        is: keepsShared,
    },
    {
        why: 'Loro forgets who wrote an element that moved, on its way to the beginning of a shallow snapshot',
        is: forgetsWriters,
    },
    {
        why: 'where a mark goes, Loro takes its style from all text before it, too, which may not be there',
        is: ({ what, only, message }) =>
            only === 'theirs' && / \(apply by/.test(what) && /Index out of bound/.test(message),
    },
    {
        why: 'Loro throws where it undoes moves of nodes that hang below each other by now',
        is: ({ message }, { undo }) => undo === TREES && /^Movable Tree Error: `Cycle move`/.test(message),
    },
    {
        why: 'Loro attaches a document that shows its newest version, when a snapshot of it is exported',
        is: ({ what, ours, theirs }) => /^export .*: detached$/.test(what) && ours && !theirs,
    },
    {
        why: 'a shallow snapshot, where other changes wait already, Loro lets wait, too',
        is: waits,
    },
    {
        why: 'a document that took a snapshot of nothing but roots, Loro does not let begin late any more',
        is: ({ what, ours, theirs }) => what?.endsWith(': shallow') && ours && !theirs,
    },
    {
        why: 'of an update of which it leaves some out Loro forgets what waits',
        is: forgetsWaiting,
    },
    {
        why: 'while it shows the past, Loro takes nothing of an update of which it leaves some out',
        is: (error) => error.what?.endsWith(': the rest in the past') && takesLess(error),
    },
    {
        why: 'cursors in texts with styles make Loro panic at times, when it shows the past',
        is: ({ what, only, message }) =>
            only === 'theirs' && /(in the past|, there): cursor/.test(what) && /unreachable/.test(message),
    },
    {
        why: 'Loro makes nodes of a difference anew, or for nothing, that ours leaves',
        is: madeForNothing,
    },
    {
        why: 'ids count what was made before: Loro marks in pieces, and orders roots by how it came to know them',
        is: countsOthers,
    },
    {
        why: 'an undone insert where an end of a mark, or much else, is gone lands on its other side',
        is: ({ what, ours, theirs }, { undo }) =>
            what === 'undo' && [LISTS, STYLED, GROUPS].includes(undo) && equal(unordered(ours), unordered(theirs)),
    },
    {
        why: 'what an import takes from a text where more was gone ours tells elsewhere, and undoing lands there',
        is: ({ what, ours, theirs, disordered }) =>
            what === 'undo' && disordered && equal(unordered(ours), unordered(theirs)),
    },
    {
        why: 'styled text that comes back in pieces Loro marks piece by piece',
        is: ({ what, ours, theirs }, { undo }) =>
            undo === STYLED &&
            (what === 'undo: versions' || (what === 'undo: bytes' && equal(unmarked(ours), unmarked(theirs)))),
    },
    {
        why: 'Loro forgets what a node became that an undo made anew, when it tells of the old one once more',
        is: ({ what, misled }, { undo }) => what?.startsWith('undo') && undo === TREES && misled,
    },
    {
        why: 'what others do in a text that an undo made anew Loro forgets, undoing edits of the old one',
        is: ({ what, strayed }, { undo }) => what?.startsWith('undo') && undo === NESTED && strayed,
    },
    {
        // Both lead there. An element that others moved, too, is told of if it passes what shows, or goes left (see
        // movable_hush): ours looks edit by edit, Loro when all places came and went, element by element in the
        // order of hashes of ids.
        why: 'of a movable list ours tells what each edit of an import did, and Loro what comes of all of them',
        is: ({ what, ours, theirs }) => {
            if (what === 'undo: events')
                return ours.every((desk, i) => equal(outlined(desk), outlined(theirs[i])));
            return what?.endsWith(': events') && equal(outlined(ours), outlined(theirs));
        },
    },
    {
        why: 'undoing edits of a shared child that was hidden meanwhile, Loro forgets what others did, or throws',
        is: ({ what, message, unseen }, { undo }) =>
            undo === SHARED &&
            ((unseen && what?.startsWith('undo')) || /^Index out of bound\. The given pos /.test(message)),
    },
];

/** Why a history may fail like that, if it may. */
export const whyKnown = (error, history) => KNOWN.find(({ is }) => is(error, history))?.why;
