// What is promised of a native peer's store: a kill at any moment loses nothing that was acknowledged, and
// a full disk nothing at all. KILLS=500 SEED=n plays as many kills (`./dev soak kills`).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { scratchFolder, sleep, until } from './lib/cleanup.mjs';
import { Child, join, newLink, program, serve } from './lib/program.mjs';
import { finish } from './lib/socket.mjs';

const KILLS = Number(process.env.KILLS ?? 24);
const SEED = Number(process.env.SEED ?? 1);

const server = await serve({ after });
const at = scratchFolder({ after });
const file = (name) => path.join(at, name);
const read = (name) => (fs.existsSync(file(name)) ? fs.readFileSync(file(name), 'utf8') : '');
const lines = (name) => read(name).split('\n');
const storeOf = (folder, link) => path.join(folder, `${link.split('#/')[1].split('?')[0]}.db`);
/** The same room by way of a server that is not there. */
const unserved = (link) => `http://127.0.0.1:9/#${link.split('#')[1]}`;

/** Save like an editor; a line more, before those that are there or after them. */
function add(name, line, { first = false } = {}) {
    const text = read(name);
    fs.writeFileSync(file(`${name}~`), first ? `${line}\n${text}` : `${text}${line}\n`);
    fs.renameSync(file(`${name}~`), file(name));
}
const shows = (name, line) =>
    until(`${name} to show "${line}"`, () => lines(name).includes(line), 30_000);

/** Numbers from 0 to below `end` that a seed decides. */
function dice(seed) {
    let state = seed >>> 0;
    return (end) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * end);
    };
}

test(`${KILLS} kills lose no acknowledged edit`, { timeout: 60_000 + KILLS * 5_000 }, async (t) => {
    t.diagnostic(`SEED=${SEED} KILLS=${KILLS}`);
    const roll = dice(SEED);
    const link = newLink(server.url);
    fs.writeFileSync(file('a'), '');
    const data = file('b.data');
    const a = join(t, link, file('a'), { data: file('a.data') });
    let b = join(t, link, file('b'), { data });
    await Promise.all([a.line(/^synced$/), b.line(/^synced$/)]);
    const acknowledged = [];
    let leaving = 0;
    for (let round = 0; round < KILLS; round++) {
        // B has told A that it has the one, and A has the other from B: B must not forget either.
        const from = a.lines.length;
        add('a', `${round}, from a`);
        await shows('b', `${round}, from a`);
        await a.line(/^synced$/, { from });
        add('b', `${round}, from b`, { first: true });
        await shows('a', `${round}, from b`);
        acknowledged.push(`${round}, from a`, `${round}, from b`);

        // And now it dies while there are edits from both sides, or while it leaves.
        if (roll(2)) add('a', `${round}, from a to the dying`);
        if (roll(2)) add('b', `${round}, from the dying`, { first: true });
        await sleep(roll(40));
        const leaves = round % 4 === 3;
        if (leaves) b.process.kill('SIGTERM');
        if (leaves) await sleep(roll(30));
        leaving += leaves;
        await b.stop('SIGKILL');

        const found = await finish('doctor', storeOf(data, link));
        assert.equal(found.code, 0, found.stdout + found.stderr);
        if (round % 10 === 9 || round === KILLS - 1) {
            const lonely = join(t, unserved(link), file(`alone${round}`), { data });
            await shows(`alone${round}`, acknowledged.at(-1));
            const shown = new Set(lines(`alone${round}`));
            assert.deepEqual(acknowledged.filter((line) => !shown.has(line)), []);
            await lonely.stop('SIGKILL');
        }
        b = join(t, link, file('b'), { data });
        await b.line(/^synced$/);
    }
    await until('both files to agree', () => read('a') === read('b'), 30_000);
    for (const line of acknowledged)
        assert.equal(lines('a').filter((other) => other === line).length, 1, line);
    await Promise.all([a.stop(), b.stop()]);
    t.diagnostic(`${KILLS} kills, ${leaving} of them on the way out; ${acknowledged.length} edits kept`);
});

/** A small disk of its own, which only those see who run on it; fill() it and make room() again. */
class Disk {
    constructor(t) {
        this.folder = file('disk');
        fs.mkdirSync(this.folder, { recursive: true });
        const mount = 'mount -t tmpfs -o size=1m none "$0" && echo mounted && exec sleep 600';
        this.t = t;
        this.holder = new Child(t, 'unshare', ['--mount', 'sh', '-c', mount, this.folder]);
    }
    async ready() {
        await this.holder.line(/^mounted$/);
        // The file system as those see it who run on it.
        this.seen = `/proc/${this.holder.process.pid}/root${this.folder}`;
    }
    run(...args) {
        return new Child(this.t, 'nsenter', ['-m', '-t', this.holder.process.pid, program, ...args]);
    }
    fill() {
        const ballast = fs.openSync(`${this.seen}/ballast`, 'w');
        try {
            for (;;) fs.writeSync(ballast, Buffer.alloc(4096));
        } catch (error) {
            assert.equal(error.code, 'ENOSPC');
        } finally {
            fs.closeSync(ballast);
        }
    }
    room() {
        fs.rmSync(`${this.seen}/ballast`);
    }
}
function mountRefusal() {
    try {
        execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'pipe' });
        return false;
    } catch {
        return 'no mount namespaces here: tests of a full disk skipped';
    }
}
const noMounts = mountRefusal();

test('a full disk: no edit is lost, and all goes on once there is room', { skip: noMounts }, async (t) => {
    const disk = new Disk(t);
    await disk.ready();
    const link = newLink(server.url);
    fs.writeFileSync(file('c'), 'begun\n');
    const c = join(t, link, file('c'), { data: file('c.data') });
    let d = disk.run('join', link, file('d'), '--data', disk.folder);
    await shows('d', 'begun');
    await Promise.all([c.line(/^synced$/), d.line(/^synced$/)]);

    disk.fill();
    let from = c.lines.length;
    add('c', 'while it is full');
    await until('D to complain', () => /until this is mended: \S+: database or disk is full/.test(d.errors));
    add('d', 'saved while it is full', { first: true });
    await sleep(500);
    assert.deepEqual(c.lines.slice(from), [], 'what D could not store it has not acknowledged');
    assert.equal(read('c').includes('saved while'), false, 'nor do others hear what D may forget');
    disk.room();
    await shows('d', 'while it is full');
    await shows('c', 'saved while it is full');
    await c.line(/^synced$/, { from });

    // Killed again and again while it is full.
    disk.fill();
    for (let round = 0; round < 5; round++) {
        add('c', `round ${round}`);
        await until('D to complain', () => /disk is full/.test(d.errors));
        await sleep(round * 7);
        await d.stop('SIGKILL');
        d = disk.run('join', link, file('d'), '--data', disk.folder);
    }
    await until('D to complain', () => /disk is full/.test(d.errors));
    assert.deepEqual(await d.stop(), { code: 3, signal: null }, 'it left with what it could not store');
    const doctor = disk.run('doctor', storeOf(disk.folder, link));
    assert.equal((await doctor.ended).code, 0, doctor.errors);
    disk.room();
    from = c.lines.length;
    d = disk.run('join', link, file('d'), '--data', disk.folder);
    await shows('d', 'round 4');
    await c.line(/^synced$/, { from });
    assert.equal(read('c'), read('d'));
    assert.deepEqual(lines('c').sort(), ['', 'begun', ...[0, 1, 2, 3, 4].map((n) => `round ${n}`),
        'saved while it is full', 'while it is full'].sort());
    await Promise.all([c.stop(), d.stop()]);
});

test('a file on a full disk follows once there is room', { skip: noMounts }, async (t) => {
    const disk = new Disk(t);
    await disk.ready();
    const link = newLink(server.url);
    fs.writeFileSync(file('e'), 'begun\n');
    const e = join(t, link, file('e'), { data: file('e.data') });
    const f = disk.run('join', link, `${disk.folder}/f`, '--data', file('f.data'));
    const shown = (text) =>
        until('F to show it', () => fs.readFileSync(`${disk.seen}/f`, 'utf8') === text, 20_000);
    await shown('begun\n');
    disk.fill();
    add('e', 'while it is full');
    await until('F to complain', () => /No space left on device/.test(f.errors));
    assert.equal(fs.readFileSync(`${disk.seen}/f`, 'utf8'), 'begun\n', 'what is there stays whole');
    disk.room();
    await shown('begun\nwhile it is full\n');
    await Promise.all([e.stop(), f.stop()]);
});
