// The native peer with its file and its store: edits both ways, editors of every manner, servers that
// come and go.
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { scratchFolder, sleep, until } from './lib/cleanup.mjs';
import { join, newLink, serve } from './lib/program.mjs';
import { finish } from './lib/socket.mjs';

const server = await serve({ after });
const at = scratchFolder({ after });
let names = 0;
const newName = (kind) => path.join(at, `${kind}${++names}`);
const read = (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : null);
// Who saves less than 8 ms after we wrote has not seen it, as far as src/host/mirror.c knows. Nobody is as fast.
const SEEN_MS = 25;
const isShown = async (file, text) => {
    await until('the text', () => read(file) === text, 15_000).catch((error) => {
        error.message += `, ${JSON.stringify(read(file)?.slice(-500))} instead of `;
        error.message += JSON.stringify(text.slice(-500));
        throw error;
    });
    await sleep(SEEN_MS);
};

/** As vim and most others do it: write beside, rename over. */
function replace(file, text) {
    fs.writeFileSync(`${file}~new`, text);
    fs.renameSync(`${file}~new`, file);
}
function peer(t, link, { file = newName('file'), data = newName('data'), text, args } = {}) {
    if (text !== undefined) fs.writeFileSync(file, text);
    const child = join(t, link, file, { data, args });
    return { child, file, data, synced: (from = 0) => child.line(/^synced$/, { from }) };
}
test('two files become one document', async (t) => {
    const link = newLink(server.url);
    const a = peer(t, link, { text: 'one\ntwo\n' });
    await sleep(300);
    const b = peer(t, link);
    await Promise.all([a.synced(), b.synced()]);
    await isShown(b.file, 'one\ntwo\n');

    replace(b.file, 'one\ntwo 😀\nthree\n');
    await isShown(a.file, 'one\ntwo 😀\nthree\n');
    fs.writeFileSync(a.file, 'ONE\ntwo 😀\nthree\n');
    await isShown(b.file, 'ONE\ntwo 😀\nthree\n');
    fs.appendFileSync(b.file, 'no newline at the end');
    await isShown(a.file, 'ONE\ntwo 😀\nthree\nno newline at the end');
    fs.writeFileSync(a.file, '');
    await isShown(b.file, '');
    replace(b.file, '\u0000\r\n\tplain bytes stay\r\n');
    await isShown(a.file, '\u0000\r\n\tplain bytes stay\r\n');

    assert.deepEqual(await a.child.stop(), { code: 0, signal: null });
    assert.deepEqual(await b.child.stop('SIGINT'), { code: 0, signal: null });
    assert.equal(a.child.errors.includes('runtime error'), false);
});

test('the mode of a file and a symbolic link to it stay', async (t) => {
    const link = newLink(server.url);
    const target = newName('target');
    fs.writeFileSync(target, 'x', { mode: 0o600 });
    const symbolic = newName('symbolic');
    fs.symlinkSync(target, symbolic);
    const a = peer(t, link, { file: symbolic });
    await sleep(300);
    const b = peer(t, link);
    await isShown(b.file, 'x');
    replace(b.file, 'xy');
    await isShown(target, 'xy');
    assert.equal(fs.lstatSync(symbolic).isSymbolicLink(), true);
    assert.equal(fs.statSync(target).mode & 0o777, 0o600);
    fs.writeFileSync(target, 'xyz'); // no event in the folder of the link
    await isShown(b.file, 'xyz');
    await Promise.all([a.child.stop(), b.child.stop()]);
});

test('both sides save at the same time, again and again: nothing is lost or doubled', async (t) => {
    const link = newLink(server.url);
    const a = peer(t, link, { text: 'top\nbottom\n' });
    await sleep(300);
    const b = peer(t, link);
    await isShown(b.file, 'top\nbottom\n');
    // An editor that looks again before it saves, as they do, and asks to reload if need be.
    const add = (file, mark) => {
        const before = fs.statSync(file, { bigint: true });
        const lines = read(file).split('\n');
        lines.splice(mark[0] === 'a' ? 1 : lines.length - 2, 0, mark);
        fs.writeFileSync(`${file}~new`, lines.join('\n'));
        const now = fs.statSync(file, { bigint: true });
        if (now.ino !== before.ino || now.mtimeNs !== before.mtimeNs) return false;
        fs.renameSync(`${file}~new`, file);
        return true;
    };
    const save = async (p, mark) => {
        for (let i = 0; i < 40; i++) {
            while (!add(p.file, `${mark}${i}`));
            await sleep(5 + ((i * 7) % 30));
        }
    };
    // words that nobody takes for corrections of one another
    const [above, below] = ['above it ', 'below '];
    await Promise.all([save(a, above), save(b, below)]);
    await until('both files to agree', () => {
        const text = read(a.file);
        return text === read(b.file) && text.includes(`${above}39\n`) && text.includes(`${below}39\n`);
    });
    await sleep(300);
    const lines = read(a.file).split('\n');
    assert.equal(read(b.file), lines.join('\n'));
    for (const mark of [above, below])
        for (let i = 0; i < 40; i++)
            assert.equal(lines.filter((line) => line === `${mark}${i}`).length, 1, `${mark}${i}`);
    assert.equal(lines.length, 83);
    await Promise.all([a.child.stop(), b.child.stop()]);
});

test('both sides append in place at the same time', async (t) => {
    const link = newLink(server.url);
    const a = peer(t, link, { text: 'top\n' });
    await sleep(300);
    const b = peer(t, link);
    await isShown(b.file, 'top\n');
    const append = async (p, letters) => {
        for (let i = 0; i < 200; i++) {
            fs.appendFileSync(p.file, letters[i % letters.length]);
            await sleep(3 + ((i * 7) % 20));
        }
    };
    await Promise.all([append(a, 'abcdefgh'), append(b, '01234567')]);
    await until('both files to hold all', () => {
        const text = read(a.file);
        return text === read(b.file) && text.length >= 404;
    });
    const text = read(a.file);
    assert.equal(text.replace(/[^a-h]/g, ''), 'abcdefgh'.repeat(25));
    assert.equal(text.replace(/[^0-7]/g, ''), '01234567'.repeat(25));
    await Promise.all([a.child.stop(), b.child.stop()]);
});

test('a restart finds what was edited meanwhile, here and there', async (t) => {
    const link = newLink(server.url);
    const a = peer(t, link, { text: 'one\ntwo\nthree\n' });
    await sleep(300);
    const b = peer(t, link);
    await isShown(b.file, 'one\ntwo\nthree\n');
    await b.synced();
    await b.child.stop();
    fs.writeFileSync(b.file, 'one\ntwo\nthree, edited while away\n');
    replace(a.file, 'one, edited here\ntwo\nthree\n');
    await sleep(200);
    const again = peer(t, link, b);
    const both = 'one, edited here\ntwo\nthree, edited while away\n';
    await isShown(again.file, both);
    await isShown(a.file, both);
    await again.child.stop('SIGKILL');
    replace(a.file, both + 'four\n');
    const third = peer(t, link, b);
    await isShown(third.file, both + 'four\n');
    // Deleting the file is not deleting the text.
    await third.child.stop();
    fs.rmSync(third.file);
    const fourth = peer(t, link, b);
    await isShown(fourth.file, both + 'four\n');
    assert.equal(read(a.file), both + 'four\n');
    await Promise.all([a.child.stop(), fourth.child.stop()]);
});

test('a file with text of its own is kept aside', async (t) => {
    const link = newLink(server.url);
    const a = peer(t, link, { text: 'the document\n' });
    await sleep(300);
    const b = peer(t, link, { text: 'something else\n' });
    await isShown(b.file, 'the document\n');
    assert.equal(read(b.file + '.orig'), 'something else\n');
    assert.match(b.child.errors, /kept as .*\.orig/);
    const c = peer(t, link, { text: 'the document\n' });
    await c.synced();
    assert.equal(read(c.file), 'the document\n');
    assert.equal(read(c.file + '.orig'), null);
    assert.equal(read(a.file), 'the document\n');
    await Promise.all([a, b, c].map((p) => p.child.stop()));
});

test('channels outlive the server, and peers meet again when it is back', async (t) => {
    const first = await serve(t);
    const link = newLink(first.url);
    const a = peer(t, link, { text: 'x' });
    await sleep(300);
    const b = peer(t, link);
    await Promise.all([a.synced(), b.synced()]);
    await first.child.stop('SIGKILL');
    replace(a.file, 'x, no server');
    await isShown(b.file, 'x, no server');
    await serve(t, { port: first.port });
    const c = peer(t, link);
    await isShown(c.file, 'x, no server');
    replace(c.file, 'x, server back');
    await isShown(a.file, 'x, server back');
    await isShown(b.file, 'x, server back');
    await Promise.all([a, b, c].map((p) => p.child.stop()));
});

test('a peer without a file keeps the document for others', async (t) => {
    const link = newLink(server.url);
    const keeper = join(t, link, undefined, { data: newName('data') });
    await sleep(200);
    const a = peer(t, link, { text: 'kept' });
    await a.synced();
    await a.child.stop();
    const b = peer(t, link);
    await isShown(b.file, 'kept');
    assert.deepEqual(await keeper.stop(), { code: 0, signal: null });
    await b.child.stop();
});

test('a document of some megabytes', async (t) => {
    const link = newLink(server.url);
    const text = Array.from({ length: 60_000 }, (_, i) => `line ${i} of a long document\n`).join('');
    const a = peer(t, link, { text });
    await sleep(300);
    const b = peer(t, link);
    await isShown(b.file, text);
    replace(b.file, 'new first line\n' + text);
    await isShown(a.file, 'new first line\n' + text);
    await Promise.all([a.child.stop(), b.child.stop()]);
});

test('what cannot be used is refused in one line', async (t) => {
    const link = newLink(server.url);
    const refused = async (code, pattern, ...args) => {
        const run = await finish('join', ...args);
        assert.equal(run.code, code, run.stderr);
        assert.match(run.stderr, pattern);
        assert.equal(run.stderr.trimEnd().split('\n').length, 1);
    };
    await refused(64, /usage/);
    await refused(64, /form http/, 'nonsense');
    await refused(64, /form http/, link.slice(0, -1));
    await refused(64, /form http/, link.replace('#/', '#/%20'));
    await refused(1, /No such file/, link, '/no/such/folder/file', '--data', newName('data'));
    const binary = newName('binary');
    fs.writeFileSync(binary, Buffer.from([0x66, 0xff]));
    await refused(2, /not UTF-8/, link, binary, '--data', newName('data'));
    assert.deepEqual(fs.readFileSync(binary), Buffer.from([0x66, 0xff]));

    const a = peer(t, link, { text: 'x' });
    const store = path.join(a.data, link.split('#/')[1].split('?')[0] + '.db');
    await until('the store', () => fs.existsSync(store));
    await sleep(300);
    await refused(3, /another process has it open/, link, newName('file'), '--data', a.data);
    await a.child.stop();
    fs.writeFileSync(store, 'no database at all '.repeat(100));
    await refused(3, /not a database/, link, newName('file'), '--data', a.data);
});
