// The commands that need no network: documents out of files of Loro bytes, and back into one.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { LoroDoc, LoroList, LoroMap } from 'loro-crdt';
import { scratchFolder } from './lib/cleanup.mjs';
import { program } from './lib/program.mjs';
import { finish } from './lib/socket.mjs';

const at = scratchFolder({ after });
const file = (name) => path.join(at, name);
function put(name, bytes) {
    writeFileSync(file(name), bytes);
    return file(name);
}

/** A document of all that these commands should carry, in three blobs. */
const doc = new LoroDoc();
doc.setPeerId('11');
doc.getText('editor-buffer').insert(0, 'hello wörld 😀\n');
doc.commit();
const first = put('first', doc.export({ mode: 'update' }));
const afterFirst = doc.version();
doc.getMap('metadata').set('title', 'quo"tes \\ and \u0001');
const list = doc.getMap('nested').setContainer('list', new LoroList());
list.insert(0, null);
list.insert(1, 2.5);
list.insertContainer(2, new LoroMap()).set('deep', [1, { a: false }]);
doc.commit();
const second = put('second', doc.export({ mode: 'update', from: afterFirst }));
const snapshot = put('snapshot', doc.export({ mode: 'snapshot' }));

const json = async (...files) => {
    const run = await finish('cat', '--json', ...files);
    assert.deepEqual([run.code, run.stderr], [0, '']);
    assert.equal(run.stdout.at(-1), '\n');
    assert.equal(run.stdout.split('\n').length, 2);
    return JSON.parse(run.stdout);
};

test('cat prints what loro-crdt has, in whatever blobs and order it comes', async () => {
    const want = doc.toJSON();
    assert.deepEqual(await json(first, second), want);
    assert.deepEqual(await json(second, first), want);
    assert.deepEqual(await json(snapshot), want);
    assert.deepEqual(await json(snapshot, first, snapshot), want);
    // For people: the text, if there is nothing else; else JSON on many lines.
    assert.equal((await finish('cat', first)).stdout, 'hello wörld 😀\n');
    const pretty = await finish('cat', snapshot);
    assert.deepEqual(JSON.parse(pretty.stdout), want);
    assert.match(pretty.stdout, /^\{\n {2}"/);
    const piped = spawnSync(program, ['cat', '-', '--json'], { input: readFileSync(snapshot) });
    assert.deepEqual(JSON.parse(piped.stdout.toString()), want);
});

test('export makes blobs that loro-crdt imports', async () => {
    const out = file('out');
    const exported = async (...args) => {
        const run = await finish('export', ...args, '-o', out);
        assert.deepEqual([run.code, run.stdout, run.stderr], [0, '', '']);
        return readFileSync(out);
    };
    for (const mode of ['update', 'snapshot']) {
        const there = new LoroDoc();
        there.import(await exported(first, second, '--mode', mode));
        assert.deepEqual(there.toJSON(), doc.toJSON());
        assert.deepEqual(there.version().toJSON(), doc.version().toJSON());
    }
    const counter = afterFirst.toJSON().get('11');
    const part = await exported(snapshot, `--from=${counter}@11`);
    assert.ok(part.length < (await exported(snapshot)).length);
    const there = new LoroDoc();
    there.import(readFileSync(first));
    there.import(part);
    assert.deepEqual(there.toJSON(), doc.toJSON());
    const other = await exported(snapshot, '--from', `3@99,${counter}@11,0@7`);
    assert.deepEqual(other, part);
    const piped = spawnSync(program, ['export', first, '-o', '-']);
    assert.deepEqual(piped.stdout, await exported(first));
});

test('damage: status 2 and one line with the file, the byte and the reason', async () => {
    const good = readFileSync(snapshot);
    const damaged = async (name, bytes) => {
        const bad = put(name, bytes);
        for (const args of [['cat', first, bad], ['export', bad, '-o', file('never')]]) {
            const run = await finish(...args);
            assert.equal(run.code, 2);
            assert.equal(run.stdout, '');
            const [line, ...rest] = run.stderr.split('\n');
            assert.deepEqual(rest, ['']);
            assert.match(line, new RegExp(`${bad}: byte \\d+: \\S`));
        }
    };
    await damaged('empty', Buffer.alloc(0));
    await damaged('text', Buffer.from('this is no document'));
    for (const cut of [5, 22, 60, good.length - 1])
        await damaged(`cut${cut}`, good.subarray(0, cut));
    for (let i = 0; i < good.length; i += 37) {
        const bytes = Buffer.from(good);
        bytes[i] ^= 0x55;
        await damaged(`flip${i}`, bytes);
    }
});

test('wrong use and files that are not there', async () => {
    const code = async (want, ...args) => {
        const run = await finish(...args);
        assert.equal(run.code, want, args.join(' '));
        assert.equal(run.stderr.split('\n').length, 2, run.stderr);
    };
    await code(64, 'cat');
    await code(64, 'cat', '--jsn', first);
    await code(64, 'export', first);
    await code(64, 'export', first, '-o');
    await code(64, 'export', '-o', file('x'));
    await code(64, 'export', first, '--mode', 'all', '-o', file('x'));
    await code(64, 'export', first, '--mode', 'snapshot', '--from', '1@1', '-o', file('x'));
    for (const bad of ['1', '@', '1@', '@1', '1@1,', '1@1,2@1', 'x@1', '2147483648@1', '-1@1'])
        await code(64, 'export', first, '--from', bad, '-o', file('x'));
    await code(1, 'cat', file('none'));
    await code(1, 'cat', at);
    await code(1, 'export', first, '-o', '/no/such/folder/x');
});
