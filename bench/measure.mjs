// Every work on every library, in turn, and one table of medians.
//
// usage: [TRACES=folder] [PASSES=n] [WORK=part of a name] node measure.mjs
//
// Each pair of a work and a library runs in a process of its own: once to warm up, then ROUNDS
// times. The passes go over all pairs, so that a busy minute of the machine falls on all of them.
// What is counted is CPU time. Also writes build/bench/results.json.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { absent, libraries } from './peers.mjs';
import { works } from './works.mjs';

const ROUNDS = 3;
const OURS = 'Lorikeet';
const TIME_LIMIT_MS = 300_000;
const passes = Number(process.env.PASSES ?? 3);
const wanted = process.env.WORK ?? '';

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** In the child: the figures of all rounds. */
async function play(work, name) {
    const library = await libraries[name].load();
    const [fits, make] = works[work];
    if (!fits(library)) return {};
    const act = make();
    const figures = {};
    for (let round = 0; round <= ROUNDS; round++) {
        for (const [figure, [value, unit]] of Object.entries(act(library))) {
            if (round > 0) (figures[figure] ??= { unit, values: [] }).values.push(value);
        }
    }
    return figures;
}

/** {} if it took too long or failed, and why, on the error output. */
function playApart(work, name) {
    const file = fileURLToPath(import.meta.url);
    const child = spawn(process.execPath, [file, '--play', work, name], {
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: TIME_LIMIT_MS,
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    return new Promise((resolve) => {
        child.on('close', (code) => {
            if (code !== 0) console.error(`bench: ${name} did not finish: ${work}`);
            resolve(code === 0 ? JSON.parse(output) : {});
        });
    });
}

async function measure() {
    const table = new Map(); // "work: figure" -> { unit, by library: values }
    const names = Object.keys(libraries);
    const chosen = Object.keys(works).filter((work) => work.includes(wanted));
    for (let pass = 1; pass <= passes; pass++) {
        for (const [at, work] of chosen.entries()) {
            console.error(`bench: pass ${pass} of ${passes}, ${at + 1} of ${chosen.length}: ${work}`);
            for (const name of names) {
                for (const [figure, { unit, values }] of Object.entries(await playApart(work, name))) {
                    const key = `${work}: ${figure}`;
                    if (!table.has(key)) table.set(key, { unit, by: {} });
                    (table.get(key).by[name] ??= []).push(...values);
                }
            }
        }
    }
    return [...table].map(([work, { unit, by }]) => {
        const peers = Object.fromEntries(Object.entries(by).map(([name, all]) => [name, median(all)]));
        const ours = peers[OURS];
        delete peers[OURS];
        return { work, build: 'wasm', unit, ours, peers };
    });
}

const shown = (value) => (value === undefined ? '-' : value < 10 ? value.toFixed(2) : value.toFixed(0));

function print(results) {
    const peers = Object.keys(libraries).filter((name) => name !== OURS);
    const width = Math.max(...results.map(({ work }) => work.length), 4);
    const line = (cells) => cells.map((cell, i) => (i ? cell.padStart(20) : cell.padEnd(width))).join('');
    const label = (name) => `${name} ${libraries[name].version}`;
    console.log(line(['work', OURS, ...peers.map(label)]));
    for (const { work, unit, ours, peers: theirs } of results) {
        const cells = peers.map((name) => {
            if (theirs[name] === undefined) return '-';
            return `${shown(theirs[name])} (${(theirs[name] / ours).toFixed(1)}x)`;
        });
        console.log(line([work, `${shown(ours)} ${unit}`, ...cells]));
    }
    console.log('In brackets: theirs divided by ours; above 1, ours is smaller.');
    for (const [name, why] of Object.entries(absent)) console.log(`absent: ${name}: ${why}`);
    const slower = results.filter(({ ours, peers: theirs }) => Object.values(theirs).some((t) => t < ours));
    console.log(`${results.length} rows, ${slower.length} in which some peer is better`);
}

if (process.argv[2] === '--play') {
    process.stdout.write(JSON.stringify(await play(process.argv[3], process.argv[4])));
} else {
    const results = await measure();
    const out = new URL('../build/bench/', import.meta.url);
    mkdirSync(out, { recursive: true });
    writeFileSync(new URL('results.json', out), `${JSON.stringify(results, null, 1)}\n`);
    print(results);
}
