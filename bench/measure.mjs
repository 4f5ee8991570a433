// Every work on every library, in turn, and one table of medians.
//
// usage: [TRACES=folder] [PASSES=n] [WORK=part of a name] [LIMIT_S=n] node measure.mjs
//
// Each pair of a work and a library runs in a process of its own: for WARM_MS to warm up, for before
// that most of it is compiling, then ROUNDS times, unless the first takes so long that it has to do.
// The passes go over all pairs, so that a busy minute of the machine falls on all of them. What is
// counted is CPU time.
//
// Also writes build/bench/results.json. With WORK, rows of other works stay there as they were.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { absence, nativeLibraries, nativePairs } from './native.mjs';
import { libraries } from './peers.mjs';
import { cpu } from './work.mjs';
import { saveTrace, works } from './works.mjs';

const ROUNDS = 3;
const WARM_MS = 1_000;
const LONG_MS = 3_000;
const OURS = 'Lorikeet';
const passes = Number(process.env.PASSES ?? 3);
const wanted = process.env.WORK ?? '';
const limitMs = Number(process.env.LIMIT_S ?? 240) * 1000;

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const load = async (name) => ({ name, ...(await libraries[name].load()) });

/** In the child: the figures of each round, a line each. */
async function play(work, name) {
    const library = await load(name);
    const { fits, make, once } = works[work];
    if (!fits(library)) return;
    const act = make();
    const round = () => {
        let figures;
        const spent = cpu(() => (figures = act(library)));
        return [spent, figures];
    };
    const [spent, first] = round();
    for (let warm = spent; warm < WARM_MS && !once;) warm += round()[0];
    const all = once || spent > LONG_MS ? [first] : Array.from({ length: ROUNDS }, () => round()[1]);
    for (const figures of all)
        for (const [figure, [value, unit]] of Object.entries(figures))
            console.log([figure, value, unit].join('\t'));
}

/** Figures as [name, value, unit]; none if it failed or took too long, which is said. */
function playApart(what, program, args) {
    const child = spawn(program, args, {
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: limitMs,
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    return new Promise((resolve) => {
        child.on('close', (code) => {
            if (code !== 0) console.error(`bench: did not finish: ${what}`);
            const lines = code === 0 ? output.split('\n').slice(0, -1) : [];
            resolve(lines.map((line) => line.split('\t')));
        });
    });
}

/** All pairs there are, work by work: of which build, who, and how it is played. */
function pairs() {
    const script = fileURLToPath(import.meta.url);
    const all = [];
    for (const work of Object.keys(works))
        for (const name of Object.keys(libraries)) {
            const args = ['--expose-gc', script, '--play', work, name];
            all.push({ build: 'wasm', work, name, program: process.execPath, args });
        }
    all.push(...nativePairs().map((pair) => ({ build: 'native', ...pair })));
    const order = Object.keys(works);
    return all
        .filter(({ work }) => work.includes(wanted))
        .sort((a, b) => order.indexOf(a.work) - order.indexOf(b.work));
}

/** One row of the results per figure. */
const rowsOf = (table) =>
    [...table.values()].map(({ work, build, unit, by }) => {
        const peers = Object.fromEntries(Object.entries(by).map(([name, all]) => [name, median(all)]));
        const ours = peers[OURS] ?? null; // did not finish
        delete peers[OURS];
        return { work, build, unit, ours, peers };
    });

/** Results are written after every work, so that a run that is stopped has told of something. */
function writer() {
    const out = new URL('../build/bench/', import.meta.url);
    const file = new URL('results.json', out);
    mkdirSync(out, { recursive: true });
    const earlier = wanted && existsSync(file) ? JSON.parse(readFileSync(file)) : [];
    const kept = earlier.filter(({ work }) => !work.split(': ')[0].includes(wanted));
    return (results) => writeFileSync(file, `${JSON.stringify([...kept, ...results], null, 1)}\n`);
}

async function measure() {
    const table = new Map(); // build and "work: figure" -> { build, work, unit, by library: values }
    const chosen = pairs();
    const write = writer();
    for (let pass = 1; pass <= passes; pass++) {
        let last = '';
        for (const { build, work, name, program, args } of chosen) {
            if (last !== work) {
                console.error(`bench: pass ${pass} of ${passes}: ${work}`);
                write(rowsOf(table));
                last = work;
            }
            for (const [figure, value, unit] of await playApart(`${name}, ${work}`, program, args)) {
                const key = `${build} ${work}: ${figure}`;
                if (!table.has(key))
                    table.set(key, { work: `${work}: ${figure}`, build, unit, by: {} });
                (table.get(key).by[name] ??= []).push(Number(value));
            }
        }
    }
    write(rowsOf(table));
    return rowsOf(table);
}

// ---- the table ----

const shown = (value) => (value === null ? '-' : value < 10 ? value.toFixed(2) : value.toFixed(0));

function print(results, build, versions) {
    const rows = results.filter((row) => row.build === build);
    if (rows.length === 0) return;
    const peers = Object.keys(versions).filter((name) => name !== OURS);
    const width = Math.max(...rows.map(({ work }) => work.length), build.length);
    const line = (cells) => cells.map((cell, i) => (i ? cell.padStart(22) : cell.padEnd(width))).join('');
    console.log(line([build, OURS, ...peers.map((name) => `${name} ${versions[name]}`)]));
    for (const { work, unit, ours, peers: theirs } of rows) {
        const cells = peers.map((name) => {
            if (theirs[name] === undefined) return '-';
            const ratio = ours === null ? '' : ` (${(theirs[name] / ours).toFixed(1)}x)`;
            return `${shown(theirs[name])}${ratio}`;
        });
        console.log(line([work, `${shown(ours)} ${unit}`, ...cells]));
    }
    const slower = rows.filter(({ ours, peers: theirs }) => Object.values(theirs).some((t) => t < ours));
    console.log(`${rows.length} rows, ${slower.length} in which some peer is better\n`);
}

const versionsOf = (all) =>
    Object.fromEntries(Object.entries(all).map(([name, { version }]) => [name, version]));

async function main() {
    const results = await measure();
    print(results, 'wasm', versionsOf(libraries));
    print(results, 'native', versionsOf(nativeLibraries));
    console.log('In brackets: theirs divided by ours; above 1, ours is smaller.');
    for (const [name, { peer }] of Object.entries(nativeLibraries))
        if (peer && absence) console.log(`absent: ${name} (native): ${absence}`);
}

const [mode, ...args] = process.argv.slice(2);
if (mode === '--play') await play(...args);
else if (mode === '--save') process.stdout.write(saveTrace(args[0], await load(args[1])));
else await main();
