// Random histories on Lorikeet and on the published loro-crdt, side by side. See play.mjs.
//
//   regressions.jsonl ──► play                  histories that failed once; first
//   SEED, SEED+1, ... ──► two workers ──► play   fresh ones, unless SEED says which
//
// usage: [SEED=n] [COUNT=n] [WORKERS=n] [OURS=package] node conform.mjs
// Ends with "N passed, N failed". A failing history is cut down before it is shown.
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { whyKnown } from './known.mjs';
import { fault, historyOf } from './player.mjs';
import { cutDown } from './shrink.mjs';

const SHOWN = 3; // failures that are cut down
const CHUNK = 20; // histories a worker plays at a time
const LIFE = 1000; // histories after which a worker, whose memory only grows, is replaced
const REPORT = 5000;

const number = (name, otherwise) => Number(process.env[name] ?? otherwise);
const seed = number('SEED', randomInt(2 ** 31));
const count = number('COUNT', process.env.SEED === undefined ? 2000 : 1);
const workers = number('WORKERS', count > CHUNK ? 2 : 1);

let passed = 0;
const failures = []; // [{ history, error }]
const known = new Map(); // why => seeds

/** Cases of the past, one a line. What is known to fail must fail, until it is mended. */
function replay() {
    const lines = readFileSync(new URL('regressions.jsonl', import.meta.url), 'utf8').split('\n');
    for (const line of lines.filter((line) => line !== '')) {
        const { why, known, ...history } = JSON.parse(line);
        const error = fault(history);
        const expected = known ? error && whyKnown(error, history) !== undefined : !error;
        if (expected) passed++;
        else if (error) failures.push({ history, error: `${why}: ${error.message}` });
        else failures.push({ history, error: `passes now, it is known no more: ${why}` });
    }
}

/** Play all seeds on several threads. */
async function playAll() {
    let next = 0;
    const finished = (done) => {
        for (const { seed, error, known: why } of done) {
            if (why !== undefined) known.set(why, [...(known.get(why) ?? []), seed]);
            if (error === undefined || why !== undefined) {
                passed++;
                if (passed % REPORT === 0)
                    console.log(`... ${passed} passed, ${failures.length} failed`);
            } else {
                failures.push({ history: historyOf(seed), error });
                console.log(`failed: SEED=${seed} node test/conform/conform.mjs\n${error}`);
            }
        }
    };
    const thread = () =>
        new Promise((resolve, reject) => {
            const worker = new Worker(new URL('player.mjs', import.meta.url));
            let left = LIFE / CHUNK;
            const give = () => {
                if (next >= count || left-- === 0) return worker.terminate();
                const from = seed + next;
                next = Math.min(count, next + CHUNK);
                worker.postMessage({ from, end: seed + next });
            };
            worker.on('message', (done) => {
                finished(done);
                give();
            });
            worker.on('error', reject);
            worker.on('exit', resolve);
            give();
        });
    const lane = async () => {
        while (next < count) await thread();
    };
    await Promise.all(Array.from({ length: workers }, lane));
}

/** What is left of a failing history, as a line for regressions.jsonl. */
function explain({ history, error }) {
    const small = cutDown(history);
    if (small.error === undefined) return console.log(`seed ${history.seed}: ${error}`);
    console.log(`seed ${history.seed}, cut down to ${small.history.steps.length} steps:`);
    console.log(small.error.stack ?? small.error);
    console.log(JSON.stringify({ why: '', ...small.history }));
}

console.log(`conform: SEED=${seed} COUNT=${count}`);
replay();
await playAll();
failures.slice(0, SHOWN).forEach(explain);
for (const [why, seeds] of known) console.log(`known: ${seeds.length} times, as ${seeds[0]}: ${why}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length > 0 ? 1 : 0;
