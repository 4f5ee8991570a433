// Plays histories; as a thread, those of the seeds it is told of.
import { isMainThread, parentPort } from 'node:worker_threads';
import { makeHistory } from './history.mjs';
import { whyKnown } from './known.mjs';
import { play } from './play.mjs';
import { makeUndoHistory, playUndo } from './undo.mjs';

const theirs = await import('loro-crdt');
const ours = await import(process.env.OURS ?? '../../web/package/dist/node.js');

/** One history in four is of undo. */
export const historyOf = (seed) =>
    seed % 4 === 0 ? makeUndoHistory(seed, 2 + ((seed >> 3) % 4)) : makeHistory(seed);

/** What goes wrong in a history, if anything. */
export function fault(history) {
    try {
        (history.undo === undefined ? play : playUndo)({ ours, theirs }, history);
        return undefined;
    } catch (error) {
        return error instanceof Error ? error : new Error(String(error));
    }
}

if (!isMainThread)
    parentPort.on('message', ({ from, end }) => {
        const done = [];
        for (let seed = from; seed < end; seed++) {
            const history = historyOf(seed);
            const error = fault(history);
            done.push({ seed, error: error?.message, known: error && whyKnown(error, history) });
        }
        parentPort.postMessage(done);
    });
