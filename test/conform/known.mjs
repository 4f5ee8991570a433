// Differences that are known: how to tell them, and why they are. Each has a case in regressions.jsonl
// that must differ; this list only shrinks.
import { equal } from './compare.mjs';

/** Whether the same was told but for what `rest(batch)` leaves out of a batch. */
const toldAlike = ({ what, ours, theirs }, rest) => {
    if (!what?.endsWith(': events')) return false;
    const filled = (batches) => batches.filter(({ changes }) => Object.keys(changes).length > 0);
    const rested = (batches) => batches.map((batch) => ({ by: batch.by, changes: rest(batch) }));
    return equal(filled(rested(ours)), filled(rested(theirs)));
};

const only = (object, keep) =>
    Object.fromEntries(Object.entries(object).filter(([key, value]) => keep(key, value)));

const withoutTrees = ({ by, changes }) =>
    by === 'local' ? only(changes, (id) => !id.endsWith(':Tree')) : changes;

const KNOWN = [
    {
        why: 'of local creates and moves below a deleted node Loro tells and we do not',
        is: (error) => toldAlike(error, withoutTrees),
    },
    {
        why: 'an undone insert between elements that are gone lands on the other side of another one',
        is: ({ what }, { undo }) => what === 'undo' && (undo === 0 || undo === 3),
    },
];

/** Why a history may fail like that, if it may. */
export const whyKnown = (error, history) => KNOWN.find(({ is }) => is(error, history))?.why;
