// lorikeet_rtc beside libdatachannel, on loopback: rounds in turn, one table of medians.
//
// usage: [LIBDATACHANNEL=prefix] [ROUNDS=n] [WORK=name] node bench/rtc/rtc_compare.mjs
//
// LIBDATACHANNEL is where it is installed (include/, lib/); without it its column is empty.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const rounds = Number(process.env.ROUNDS ?? 7);
const prefix = process.env.LIBDATACHANNEL;
const works = ['setup', 'rtt', 'bulk', 'memory'].filter((work) => [undefined, work].includes(process.env.WORK));
const programs = { 'lorikeet_rtc': `${root}build/bench/rtc_bench` };
mkdirSync(`${root}build/bench`, { recursive: true });
if (prefix) {
    programs.libdatachannel = `${root}build/bench/rtc_bench_libdatachannel`;
    const sources = ['rtc_work.c', 'rtc_libdatachannel.c'].map((name) => `${root}bench/rtc/${name}`);
    const link = [`-I${prefix}/include`, `-L${prefix}/lib`, '-ldatachannel', `-Wl,-rpath,${prefix}/lib`];
    execFileSync('cc', ['-O2', ...sources, ...link, '-o', programs.libdatachannel], { stdio: 'inherit' });
}

const figures = new Map(); // name -> { unit, library -> values }
function play(library, work) {
    const { stdout, status } = spawnSync(programs[library], [work], { encoding: 'utf8', timeout: 120_000 });
    if (status !== 0) console.error(`bench: did not finish: ${library} ${work}`);
    for (const line of stdout.split('\n').slice(0, -1)) {
        const [name, value, unit] = line.split('\t');
        if (!figures.has(name)) figures.set(name, { unit });
        const row = figures.get(name);
        (row[library] ??= []).push(Number(value));
    }
}
for (let i = 0; i < rounds; i++)
    for (const work of works) for (const library of Object.keys(programs)) play(library, work);

const median = (values) => values && [...values].sort((a, b) => a - b)[values.length >> 1];
const show = (value) => (value === undefined ? '-' : value.toPrecision(3)).padStart(16);
const heads = ['lorikeet_rtc', 'libdatachannel'].map((head) => head.padStart(16));
console.log(`medians of ${rounds} rounds`.padEnd(40) + heads.join(''));
const rows = [...figures].map(([name, row]) => {
    const [ours, theirs] = [median(row.lorikeet_rtc), median(row.libdatachannel)];
    console.log(`${name.padEnd(40)}${show(ours)}${show(theirs)}  ${row.unit}`);
    return { work: name, unit: row.unit, ours, theirs };
});
writeFileSync(`${root}build/bench/rtc.json`, `${JSON.stringify(rows, null, 4)}\n`);
