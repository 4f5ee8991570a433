// Differences that are known: how to tell them, and why they are. Each has a case in regressions.jsonl
// that must differ; this list only shrinks.
import { equal } from './compare.mjs';

/** Whether the same was told but for what `rest(batch, other)` leaves out of a batch. */
const toldAlike = ({ what, ours, theirs }, rest) => {
    if (!what?.endsWith(': events')) return false;
    const filled = (batches) => batches.filter(({ changes }) => Object.keys(changes).length > 0);
    const few = filled(ours.map((batch) => ({ by: batch.by, changes: rest(batch, batch) })));
    const other = (i) => ours[i] ?? { changes: {} };
    const many = filled(theirs.map((batch, i) => ({ by: batch.by, changes: rest(batch, other(i)) })));
    return equal(few, many);
};

const only = (object, keep) =>
    Object.fromEntries(Object.entries(object).filter(([key, value]) => keep(key, value)));

/** Of maps, the keys that `other` tells of, too. (That ours tells enough its mirror shows.) */
function toldByBoth({ by, changes }, other) {
    if (by !== 'import') return changes;
    const kept = only(changes, (id) => id in other.changes || !id.endsWith(':Map'));
    for (const id of Object.keys(kept))
        if (id.endsWith(':Map'))
            kept[id] = only(kept[id], (key) => key in other.changes[id]);
    return kept;
}
const withoutTrees = ({ by, changes }) =>
    by === 'local' ? only(changes, (id) => !id.endsWith(':Tree')) : changes;

const KNOWN = [
    {
        why: 'of an import that leaves the value of a key Loro tells or not by what else wrote to that map',
        is: (error) => toldAlike(error, toldByBoth),
    },
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
