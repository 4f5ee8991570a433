// Several documents of one room over one connection: two programs, a relay that is told no names, a
// reader, and people who open a document later than others.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import path from 'node:path';
import { after, test as plainTest } from 'node:test';
import { scratchFolder, sleep, until } from './lib/cleanup.mjs';
import { memoryHolds } from './lib/memory.mjs';
import { Child, haveProgram, join, newLink, program, serve } from './lib/program.mjs';

const skip = !haveProgram && 'not built: run ./dev build';
const test = (name, body) => plainTest(name, { skip, timeout: 120_000 }, body);
const server = skip ? undefined : await serve({ after });
const at = scratchFolder({ after });
let count = 0;

/** `lorikeet join` with documents of these names, a file each; '': the one without a name. */
function member(t, link, names, { data, args = [] } = {}) {
    const folder = path.join(at, `member${++count}`);
    fs.mkdirSync(folder);
    const file = (name) => path.join(folder, name || 'first');
    const docs = names.filter((name) => name).flatMap((name) => ['--doc', `${name}=${file(name)}`]);
    const start = (more = []) =>
        join(t, link, file(''), { data: data ?? path.join(folder, 'data'), args: [...docs, ...more] });
    const read = (name) => (fs.existsSync(file(name)) ? fs.readFileSync(file(name), 'utf8') : '');
    const me = {
        folder,
        file,
        read,
        write: (name, text) => fs.writeFileSync(file(name), text),
        shows: (name, text) => until(`"${text.slice(0, 20)}" in ${name}`, () => read(name) === text),
        begin: () => (me.child = start(args)),
        synced: (from = 0) => me.child.line(/^synced$/, { from }),
        channels: () => (me.child.errors.match(/: connected, /g) ?? []).length,
        stop: async () => assert.deepEqual(await me.child.stop(), { code: 0, signal: null }),
    };
    return me;
}

test('three documents over one channel, stored each by itself', async (t) => {
    const link = newLink(server.url);
    const names = ['', 'to do', 'größe'];
    const [a, b] = [member(t, link, names), member(t, link, names)];
    for (const name of names) a.write(name, `${name}: from a\n`);
    a.begin();
    await sleep(300);
    b.begin();
    await Promise.all([a.synced(), b.synced()]);
    for (const name of names) await b.shows(name, `${name}: from a\n`);
    for (const name of names) fs.appendFileSync(b.file(name), `${name}: from b\n`);
    for (const name of names) await a.shows(name, `${name}: from a\n${name}: from b\n`);
    assert.deepEqual([a.channels(), b.channels()], [1, 1]);
    // Who only introduces them knows the room, and no name in it.
    const room = /#\/([^?]+)/.exec(link)[1];
    assert.deepEqual([room, names[2]].map((text) => memoryHolds(server.child, text)), [true, false]);
    await Promise.all([a.stop(), b.stop()]);
    const stores = fs.readdirSync(path.join(b.folder, 'data')).filter((name) => name.endsWith('.db'));
    assert.equal(stores.length, 3);
    for (const name of stores) execFileSync(program, ['doctor', path.join(b.folder, 'data', name)]);
    // What was written with nobody there is given to others when they are.
    fs.appendFileSync(a.file('to do'), 'while away\n');
    a.begin(), b.begin();
    await b.shows('to do', 'to do: from a\nto do: from b\nwhile away\n');
    await Promise.all([a.stop(), b.stop()]);
});

test('who has fewer documents is level with the rest, and may open one later', async (t) => {
    const link = newLink(server.url);
    const a = member(t, link, ['', 'one', 'two']);
    a.write('', 'first'), a.write('one', 'uno'), a.write('two', 'dos');
    a.begin();
    await sleep(300);
    const b = member(t, link, ['', 'two']);
    b.begin();
    await Promise.all([a.synced(), b.synced()]);
    await b.shows('two', 'dos');
    await until('the name', () => b.child.errors.includes('another document, --doc "one=FILE"'));
    assert.ok(!b.child.errors.includes('--doc "two='));
    const c = member(t, link, ['one', '']);
    c.begin();
    await c.synced();
    await c.shows('one', 'uno');
    fs.appendFileSync(c.file('one'), ', due');
    await a.shows('one', 'uno, due');
    assert.deepEqual([a.channels(), b.channels(), c.channels()], [2, 2, 2]);
    for (const m of [a, b, c]) assert.doesNotMatch(m.child.errors, /let us join|no such room/);
    await Promise.all([a.stop(), b.stop(), c.stop()]);
});

test('typing in one document does not wait for much in another', async (t) => {
    const link = newLink(server.url);
    const [a, b] = [member(t, link, ['', 'much']), member(t, link, ['', 'much'])];
    a.begin(), b.begin();
    await Promise.all([a.synced(), b.synced()]);
    const text = 'much of it, and then more\n'.repeat(600_000);
    a.write('much', text);
    await until('it to be under way', () => fs.existsSync(b.file('much')) || a.read('much') === text);
    for (let i = 0, line = ''; i < 10; i++) {
        line += `${i}\n`;
        a.write('', line);
        await b.shows('', line);
    }
    await b.shows('much', text);
    await Promise.all([a.stop(), b.stop()]);
});

test('a relay keeps all documents without being told their names', async (t) => {
    const link = newLink(server.url);
    const keep = execFileSync(program, ['link', '--relay', link], { encoding: 'utf8' }).trim();
    const data = path.join(at, `relay${++count}`);
    const relay = new Child(t, program, ['join', '--relay', keep, '--data', data]);
    await relay.line(/^keeping the room$/);
    const a = member(t, link, ['', 'secret plans']);
    a.write('', 'hello'), a.write('secret plans', 'very private');
    a.begin();
    await a.synced();
    await a.stop();
    const kept = fs.readdirSync(data).filter((name) => name.endsWith('.sealed'));
    assert.equal(kept.length, 2);
    const bytes = Buffer.concat(fs.readdirSync(data).map((f) => fs.readFileSync(path.join(data, f))));
    assert.ok(!bytes.includes('very private'));
    const b = member(t, link, ['', 'secret plans']);
    b.begin();
    await b.shows('secret plans', 'very private');
    await b.shows('', 'hello');
    await Promise.all([b.stop(), relay.stop()]);
});

test('who may only read follows all documents and changes none', async (t) => {
    const link = newLink(server.url);
    const readers = execFileSync(program, ['link', '--read', link], { encoding: 'utf8' }).trim();
    const a = member(t, link, ['', 'notes']);
    a.write('', 'first'), a.write('notes', 'noted');
    a.begin();
    await sleep(300);
    const r = member(t, readers, ['', 'notes']);
    r.begin();
    await r.shows('notes', 'noted');
    await r.shows('', 'first');
    r.write('notes', 'mine');
    await r.shows('notes', 'noted');
    await a.stop();
    // And gives on what others signed, to who comes later.
    const b = member(t, link, ['', 'notes']);
    b.begin();
    await b.shows('notes', 'noted');
    await Promise.all([b.stop(), r.stop()]);
});

test('what cannot be a document is refused', () => {
    const link = newLink(server.url);
    const tried = (...args) => {
        try {
            execFileSync(program, ['join', link, ...args], { encoding: 'utf8', stdio: 'pipe' });
        } catch ({ status, stderr }) {
            return [status, stderr];
        }
    };
    for (const bad of ['=x', 'a/b=x', `${'n'.repeat(65)}=x`, 'a\tb=x'])
        assert.match(String(tried('--doc', bad)), /^64,.*not of the form NAME=FILE/);
    assert.match(String(tried('--doc', 'a=x', '--doc', 'a=y')), /^64,.*another NAME/);
    const many = Array.from({ length: 24 }, (_, i) => ['--doc', `n${i}`]).flat();
    assert.match(String(tried(...many)), /^64,.*at most 23/);
    assert.match(String(tried('--relay', '--doc', 'a')), /^64,/);
});
