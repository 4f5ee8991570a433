// Differences that are known: how to tell them, and why they are. Each has a case in regressions.jsonl
// that must differ; this list only shrinks.
import { equal } from './compare.mjs';

/** What an undo history shows, but for the order of what lists hold. */
const unordered = ([answer, desks]) => [
    answer,
    desks.map(([{ list = [], ...rest }, ...can]) => [[...list].sort(), rest, ...can]),
];

const KNOWN = [
    {
        why: 'an undone insert between elements that are gone lands on the other side of another one',
        is: ({ what, ours, theirs }, { undo }) =>
            what === 'undo' && undo === 0 && equal(unordered(ours), unordered(theirs)),
    },
];

/** Why a history may fail like that, if it may. */
export const whyKnown = (error, history) => KNOWN.find(({ is }) => is(error, history))?.why;
