// Random histories on Lorikeet and on the published loro-crdt, side by side. See play.mjs.
//
// usage: [SEED=n] [COUNT=n] [STEPS=n] [OURS=package] node conform.mjs
// Ends with "N passed, N failed". A failing history is cut down before it is shown.
import { readFileSync } from 'node:fs';
import { makeHistory, randomSource } from './history.mjs';
import { play } from './play.mjs';
import { makeUndoHistory, playUndo, UNDO_EDITS } from './undo.mjs';

const PEERS = 3;
const seed = Number(process.env.SEED ?? 1);
const count = Number(process.env.COUNT ?? 300);
const steps = Number(process.env.STEPS ?? 0);

const theirs = await import('loro-crdt');
const ours = await import(process.env.OURS ?? '../../web/package/dist/node.js');
const libraries = { ours, theirs };

/** Seeds that are known to fail, one a line, those of undo histories after "undo"; the list only
 * shrinks. */
const listed = readFileSync(new URL('known_failures.txt', import.meta.url), 'utf8').split('\n');
const knownBy = (pattern) =>
    new Set(listed.flatMap((line) => pattern.exec(line)?.[1] ?? []).map(Number));
const known = knownBy(/^(\d+):/);
const knownUndo = knownBy(/^undo (\d+):/);

function shuffled(seed) {
    return (length) => {
        const random = randomSource(seed);
        const order = Array.from({ length }, (_, i) => i);
        for (let i = length - 1; i > 0; i--) {
            const j = random.below(i + 1);
            [order[i], order[j]] = [order[j], order[i]];
        }
        return order;
    };
}

async function fault(history, seed) {
    try {
        await play(libraries, history, PEERS, shuffled(seed));
        return undefined;
    } catch (error) {
        return error;
    }
}

/** What sort of failure it is: "events differs", "Every op id should be unique", ... */
const sortOf = (error) => error?.message.split('\n')[0].split(': ').pop().slice(0, 24);

/** Drop chunks of a failing history, ever smaller ones, while it still fails in the same way. */
async function cutDown(history, seed) {
    const end = Date.now() + 20_000;
    let error = await fault(history, seed);
    for (let chunk = history.length >> 1; chunk >= 1 && Date.now() < end;) {
        let dropped = false;
        for (let at = 0; at < history.length && Date.now() < end;) {
            const shorter = [...history.slice(0, at), ...history.slice(at + chunk)];
            const still = await fault(shorter, seed);
            if (still && sortOf(still) === sortOf(error))
                [history, error, dropped] = [shorter, still, true];
            else at += chunk;
        }
        if (!dropped || chunk > 1) chunk >>= 1;
    }
    return { history, error };
}

let passed = 0;
let failed = 0;
console.log(`conform: seeds ${seed} to ${seed + count - 1}, ${PEERS} peers`);
for (let at = seed; at < seed + count; at++) {
    const history = makeHistory(at, PEERS, steps || 20 + (at % 9) * 20);
    const error = await fault(history, at);
    if (Boolean(error) === known.has(at)) {
        passed++;
        continue;
    }
    failed++;
    if (!error) {
        console.log(`seed ${at} passes now: take it out of known_failures.txt`);
        continue;
    }
    console.log(`failed: SEED=${at} COUNT=1: ${error.message}`);
    if (failed > 3) continue;
    const small = await cutDown(history, at);
    console.log(`cut down to ${small.history.length} steps: ${small.error.stack}`);
    for (const step of small.history) console.log(`    ${JSON.stringify(step)}`);
}
for (let at = seed; at < seed + count; at++) {
    const edits = UNDO_EDITS[at % UNDO_EDITS.length];
    let error;
    try {
        playUndo(libraries, makeUndoHistory(at), edits);
    } catch (caught) {
        error = caught;
    }
    if (Boolean(error) === knownUndo.has(at)) {
        passed++;
        continue;
    }
    failed++;
    const what = error ? error.message : 'passes now: take it out of known_failures.txt';
    console.log(`failed: SEED=${at} COUNT=1, undo of ${edits.names}: ${what}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
