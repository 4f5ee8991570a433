// What is measured natively: pairs of a work and a library for native_bench, and traces in the form
// that it reads (native/plain_trace.h).
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { concurrentTraces, readTrace, sequentialTraces } from './work.mjs';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const program = path('../build/bench/native_bench');
const peers = path('../build/bench/peers/release/libpeers.so');
const folder = path('../build/bench/traces/');

const crates = readFileSync(path('peers/Cargo.toml'), 'utf8');
const crate = (name) => ({ version: crates.match(new RegExp(`^${name} = "=(.*)"`, 'm'))[1], peer: true });

export const nativeLibraries = {
    Lorikeet: { version: 'this tree' },
    loro: crate('loro'),
    'diamond-types': crate('diamond-types'),
    yrs: crate('yrs'),
    automerge: crate('automerge'),
    'gap buffer': { version: '(floor)' },
};
/** Why the crates are not measured, or undefined. */
export const absence = existsSync(peers) ? undefined : 'no cargo that could build bench/peers';

function writeTrace(name) {
    const { numAgents, txns, endContent } = readTrace(name);
    const added = [];
    const words = [numAgents ?? 1, txns.length, 0];
    for (const { agent = 0, parents = [], patches } of txns) {
        words.push(agent, parents.length, patches.length, ...parents);
        for (const [pos, removed, text] of patches) {
            added.push(Buffer.from(text));
            words.push(pos, removed, added.at(-1).length);
        }
    }
    const inserted = Buffer.concat(added);
    words[2] = inserted.length;
    mkdirSync(folder, { recursive: true });
    const head = Buffer.from(Uint32Array.from(words).buffer);
    writeFileSync(`${folder}${name}`, Buffer.concat([head, inserted, Buffer.from(endContent)]));
}

/** On what a work is played: names of traces, or nothing. */
const tracesFor = {
    nothing: [undefined],
    trace: sequentialTraces,
    concurrent: concurrentTraces,
    paper: sequentialTraces.filter((name) => name === 'automerge-paper'),
};

/** Of each work and library: what both are called, and how it is played. */
export function nativePairs() {
    if (!existsSync(program)) return [];
    for (const name of [...sequentialTraces, ...concurrentTraces]) writeTrace(name);
    const pairs = [];
    for (const line of execFileSync(program, { encoding: 'utf8' }).trim().split('\n')) {
        const [on, template] = line.split('\t');
        for (const trace of tracesFor[on])
            for (const [name, { peer }] of Object.entries(nativeLibraries)) {
                if (peer && absence) continue;
                const args = [name, template, trace ? folder + trace : '-', peers];
                pairs.push({ work: template.replace('%s', trace), name, program, args });
            }
    }
    return pairs;
}
