// Differences that are known: how to tell them, and why they are. Each has a case in regressions.jsonl
// that must differ; this list only shrinks.
import { equal } from './compare.mjs';

/** What an undo history shows, but for the order of what lists hold. */
const unordered = ([answer, desks]) => [
    answer,
    desks.map(([{ list = [], ...rest }, ...can]) => [[...list].sort(), rest, ...can]),
];

/** Theirs keeps waiting what ours took, and took nothing. */
const waits = ({ what, ours, theirs }) =>
    what?.endsWith(': status') &&
    Object.keys(ours.success).length > 0 &&
    equal(theirs.success, {}) &&
    Object.keys(theirs.pending).every((peer) => peer in ours.success);

/** Theirs made some nodes of a difference and deleted them: other ids for all after them. */
function madeForNothing({ what, ours, theirs }) {
    const nameless = (key, value) => (key === 'id' ? undefined : value);
    const bare = ([json, deltas]) => [JSON.parse(JSON.stringify(json, nameless)), deltas];
    const [some, more] = [ours, theirs].map((seen) => seen?.[2]);
    return / \(apply by/.test(what) && more > some && (more - some) % 2 === 0 && equal(bare(ours), bare(theirs));
}

const KNOWN = [
    {
        why: 'a shallow snapshot, where other changes wait already, Loro lets wait, too',
        is: waits,
    },
    {
        why: 'cursors in texts with styles make Loro panic at times, when it shows the past',
        is: ({ what, only, message }) =>
            only === 'theirs' && /in the past: cursor/.test(what) && /unreachable/.test(message),
    },
    {
        why: "Loro's differences hold nodes that were made and deleted between the versions, ours do not",
        is: madeForNothing,
    },
    {
        why: 'an undone insert between elements that are gone lands on the other side of another one',
        is: ({ what, ours, theirs }, { undo }) =>
            what === 'undo' && undo === 0 && equal(unordered(ours), unordered(theirs)),
    },
];

/** Why a history may fail like that, if it may. */
export const whyKnown = (error, history) => KNOWN.find(({ is }) => is(error, history))?.why;
