// The commands that show and take apart what documents were: log, diff, cat --at, checkout, import, export, new.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { LoroDoc, LoroList, LoroMap, LoroText } from 'loro-crdt';
import { scratchFolder } from './lib/cleanup.mjs';
import { finish } from './lib/socket.mjs';

const at = scratchFolder({ after });
const file = (name) => path.join(at, name);
function put(name, bytes) {
    writeFileSync(file(name), bytes);
    return file(name);
}
/** What the program prints when all is well. */
async function says(...args) {
    const run = await finish(...args);
    assert.deepEqual([run.code, run.stderr], [0, ''], args.join(' '));
    return run.stdout;
}
const lines = (...rows) => rows.join('\n') + '\n';

// Three peers: 11 begins, all three go on at once, 11 merges, and 22 has one word more.
function peer(id, known) {
    const doc = new LoroDoc();
    doc.setPeerId(id);
    if (known) doc.import(known.export({ mode: 'snapshot' }));
    return doc;
}
const a = peer('11');
a.getText('story').insert(0, 'one\ntwo\nthree\nfour\n');
a.commit({ message: 'begin', timestamp: 1700000000 });
const begin = put('begin', a.export({ mode: 'update' }));
const b = peer('22', a);
const c = peer('33', a);
a.getText('story').insert(4, 'inserted\n');
a.getMap('meta').set('title', 'x\u001b[31m');
a.commit({ message: 'line\nbreak', timestamp: 1700000100 });
b.getText('story').delete(4, 4);
b.getList('l').push(1);
b.getList('l').push({ k: [1, null] });
b.commit({ timestamp: 1700000200 });
const onlyB = put('only-b', b.export({ mode: 'update', from: peer('1', c).version() }));
c.getMovableList('ml').push('q');
const root = c.getTree('tree').createNode();
root.data.set('name', 'root');
root.createNode();
c.getCounter('n').increment(2.5);
c.commit({ timestamp: 1700000300 });
for (const doc of [b, c]) a.import(doc.export({ mode: 'update' }));
const merged = a.frontiers();
a.getText('story').insert(0, 'zero ');
a.getMap('meta').set('title', 'new');
a.getMap('meta').setContainer('deep', new LoroList()).push('in');
a.getList('l').delete(0, 1);
a.commit({ message: 'merge', timestamp: 1700000400 });
const mergedText = a.export({ mode: 'update' });
b.import(mergedText);
b.getText('story').push('end');
b.commit();
a.import(b.export({ mode: 'update' }));
const snapshot = put('snapshot', a.export({ mode: 'snapshot' }));
const spelled = (frontiers) => frontiers.map(({ peer, counter }) => `${counter}@${peer}`).join();
const now = spelled(a.frontiers());


test('log draws the changes, newest first, and what they build on', async () => {
    const want = lines(
        '* 8@22  2023-11-14 22:20:00 UTC',
        '| 3 operations 6..8, lamport 38..40: story (text)',
        '* 37@11  2023-11-14 22:20:00 UTC  "merge"',
        '| 9 operations 29..37, lamport 29..37: story (text), meta (map), meta/deep (list), l (list)',
        '+-.-.',
        '| * | 4@33  2023-11-14 22:18:20 UTC',
        '| | | 5 operations 0..4, lamport 19..23: ml (movable list), tree (tree), tree/1@33 (map), n (counter)',
        '| | * 5@22  2023-11-14 22:16:40 UTC',
        '| | | 6 operations 0..5, lamport 19..24: story (text), l (list)',
        "| +-'",
        '* | 28@11  2023-11-14 22:15:00 UTC  "line\\nbreak"',
        '| | 10 operations 19..28, lamport 19..28: story (text), meta (map)',
        "'-+",
        '  * 18@11  2023-11-14 22:13:20 UTC  "begin"',
        '    19 operations 0..18, lamport 0..18: story (text)',
    );
    assert.equal(await says('log', snapshot), want);
    assert.equal(await says('log', begin, snapshot), want);
    const one = peer('5');
    one.getMap('a map').set('k', 1);
    assert.equal(
        await says('log', put('one', one.export({ mode: 'update' }))),
        lines('* 0@5', '  1 operation 0, lamport 0: "a map" (map)'),
    );
    const empty = put('empty', new LoroDoc().export({ mode: 'update' }));
    assert.equal(await says('log', empty), '');
});

test('log shows every change of loro-crdt once, behind those that build on it', async () => {
    const peers = ['1', '2', '3', '4'].map((id) => peer(id));
    let seed = 7;
    const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
    for (let i = 0; i < 120; i++) {
        const doc = peers[random(peers.length)];
        const other = peers[random(peers.length)];
        if (random(3) === 0) doc.import(other.export({ mode: 'update' }));
        doc.getText('t').insert(0, 'x'.repeat(1 + random(3)));
        doc.commit({ message: `${i}` });
    }
    for (const doc of peers) peers[0].import(doc.export({ mode: 'update' }));
    const changes = [...peers[0].getAllChanges().values()].flat();
    const rows = (await says('log', put('random', peers[0].export({ mode: 'snapshot' })))).split('\n');
    const places = new Map();
    rows.forEach((row, i) => {
        const found = row.match(/^[| ]*\* [| ]*(\d+)@(\d+)/);
        if (found) places.set(`${found[1]}@${found[2]}`, i);
    });
    assert.equal(places.size, changes.length);
    const place = ({ peer, counter }) => {
        const holder = changes.find(
            (c) => c.peer === peer && c.counter <= counter && counter < c.counter + c.length,
        );
        return places.get(`${holder.counter + holder.length - 1}@${peer}`);
    };
    for (const change of changes)
        for (const dep of change.deps) assert.ok(place(dep) > place(change));
});

test('diff prints what went and what came, container by container', async () => {
    assert.equal(
        await says('diff', snapshot, '--from', '18@11', '--to', spelled(merged)),
        lines(
            'meta (map)',
            '+ title: "x\\u001b[31m"',
            '',
            'n (counter)',
            '+ 2.5',
            '',
            'tree (tree)',
            '+ 1@33 at the top [0]',
            '+ 3@33 below 1@33 [0]',
            '',
            'l (list)',
            '+ [0] 1',
            '+ [1] {"k":[1,null]}',
            '',
            'ml (movable list)',
            '+ [0] "q"',
            '',
            'story (text)',
            'line 2',
            '- two',
            '+ inserted',
            '',
            'tree/1@33 (map)',
            '+ name: "root"',
        ),
    );
    const back = await says('diff', snapshot, '--from', now, '--to', '5@22,28@11,4@33');
    assert.equal(
        back,
        lines(
            'meta (map)',
            '- title: "new"',
            '+ title: "x\\u001b[31m"',
            '- deep: (list)',
            '',
            'story (text)',
            'line 1',
            '- zero one',
            '+ one',
            'line 5',
            '- end',
            '',
            'l (list)',
            '+ [0] 1',
        ),
    );
    assert.equal(await says('diff', snapshot, '--from', now, '--to', now), '');
    assert.match(await says('diff', snapshot, '--from', '', '--to', '18@11'), /^story \(text\)\nline 1\n\+ one\n/);
});

test('diff of texts prints whole lines, and only those that differ', async () => {
    const doc = peer('5');
    const text = doc.getText('t');
    const versions = [
        'a\nb\nc\n',
        'a\nnew\nb\nc\n', // a line comes
        'a\nb\nc\n', // and goes
        'a\nb\nc\nd', // at the end, without its newline
        'a\nB\nc\nd\n',
        '\n',
        '',
    ].map((content) => {
        text.update(content);
        doc.commit();
        return [content, spelled(doc.frontiers())];
    });
    const name = put('lines', doc.export({ mode: 'snapshot' }));
    const rows = (s) => s.split('\n').slice(0, s === '' || s.endsWith('\n') ? -1 : undefined);
    for (const [was, from] of versions)
        for (const [is, to] of versions) {
            const said = await says('diff', name, '--from', from, '--to', to);
            const went = said.split('\n').filter((row) => row.startsWith('- '));
            const came = said.split('\n').filter((row) => row.startsWith('+ '));
            const left = (all, gone) => gone.reduce((rest, row) => {
                const i = rest.indexOf(row.slice(2));
                assert.ok(i >= 0, `${row} in ${JSON.stringify([was, is])}:\n${said}`);
                return rest.filter((_, k) => k !== i);
            }, all);
            assert.deepEqual(left(rows(was), went), left(rows(is), came), said);
        }
    const [first, second] = versions;
    assert.equal(await says('diff', name, '--from', first[1], '--to', second[1]), lines('t (text)', 'line 2', '+ new'));
});

test('diff of rich text prints which characters have another style', async () => {
    const doc = peer('5');
    doc.configTextStyle({ bold: { expand: 'none' } });
    const text = doc.getText('t');
    text.insert(0, 'a plain text\n');
    doc.commit();
    const from = spelled(doc.frontiers());
    text.mark({ start: 2, end: 7 }, 'bold', true);
    text.insert(13, 'x'.repeat(50));
    text.mark({ start: 13, end: 63 }, 'bold', true);
    doc.commit();
    const name = put('styled', doc.export({ mode: 'snapshot' }));
    assert.equal(
        await says('diff', name, '--from', from, '--to', spelled(doc.frontiers())),
        lines(
            't (text)',
            'line 2',
            `+ ${'x'.repeat(50)}`,
            '~ 2..6 {"bold":true} "plain"',
            `~ 13..62 {"bold":true} "${'x'.repeat(40)}"...`,
        ),
    );
});

test('diff of a movable list prints where elements went and came', async () => {
    const doc = peer('5');
    const list = doc.getMovableList('ml');
    for (const value of ['a', 'b', 'c']) list.push(value);
    doc.commit();
    const from = spelled(doc.frontiers());
    list.move(2, 0);
    list.set(1, 'A');
    doc.commit();
    const name = put('movable', doc.export({ mode: 'snapshot' }));
    const to = spelled(doc.frontiers());
    const rows = (await says('diff', name, '--from', from, '--to', to)).split('\n');
    const signed = (sign) => rows.filter((row) => row.startsWith(sign));
    assert.equal(rows[0], 'ml (movable list)');
    assert.deepEqual(signed('+'), ['+ [0] "c"', '+ [1] "A"']);
    assert.deepEqual(signed('-'), ['- [0] "a"', '- [2] "c"']);
});

test('diff of a container that comes back tells all of it', async () => {
    const doc = peer('5');
    const map = doc.getMap('m');
    const child = map.setContainer('child', new LoroMap());
    child.set('k', 1);
    child.setContainer('text', new LoroText()).insert(0, 'abc');
    doc.commit();
    const held = spelled(doc.frontiers());
    map.delete('child');
    doc.commit();
    const gone = spelled(doc.frontiers());
    const name = put('back', doc.export({ mode: 'snapshot' }));
    assert.equal(await says('diff', name, '--from', held, '--to', gone), lines('m (map)', '- child: (map)'));
    assert.equal(
        await says('diff', name, '--from', gone, '--to', held),
        lines(
            'm (map)',
            '+ child: (map)',
            '',
            'm/child (map)',
            '+ k: 1',
            '+ text: (text)',
            '',
            'm/child/text (text)',
            'line 1',
            '+ abc',
        ),
    );
});

test('cat --at and checkout show what loro-crdt shows of that version', async () => {
    for (const frontiers of [[], [{ peer: '11', counter: 5 }], a.oplogFrontiers(), merged]) {
        a.checkout(frontiers);
        const want = a.toJSON();
        const version = spelled(frontiers);
        assert.deepEqual(JSON.parse(await says('cat', snapshot, '--json', '--at', version)), want);
        assert.equal(await says('checkout', snapshot, '--at', version, '-o', file('past')), '');
        const past = peer('9');
        past.import(readFileSync(file('past')));
        assert.deepEqual(past.version().toJSON(), a.version().toJSON());
        assert.deepEqual(past.toJSON().story ?? '', want.story ?? '');
        a.checkoutToLatest();
    }
});

test('export: JSON updates, and what was there at a version', async () => {
    const exported = async (...args) => {
        assert.equal(await says('export', snapshot, ...args, '-o', file('out')), '');
        return readFileSync(file('out'));
    };
    const there = peer('9');
    there.importJsonUpdates((await exported('--mode', 'json')).toString());
    assert.deepEqual(there.toJSON(), a.toJSON());
    const rest = JSON.parse((await exported('--mode=json', '--from=29@11,6@22,5@33')).toString());
    assert.deepEqual(
        rest.changes.map((change) => change.ops.length > 0 && change.id.split('@')[0]),
        ['29', '6'],
    );
    a.checkout(merged);
    for (const mode of ['update', 'snapshot', 'json']) {
        const blob = await exported('--mode', mode, '--at', spelled(merged));
        const past = peer('9');
        if (mode === 'json') past.importJsonUpdates(blob.toString());
        else past.import(blob);
        assert.deepEqual(past.toJSON(), a.toJSON());
        assert.deepEqual(past.version().toJSON(), a.version().toJSON());
    }
    a.checkoutToLatest();
});

test('export: shallow snapshots begin at a version, states end at one', async () => {
    const exported = async (...args) => {
        assert.equal(await says('export', snapshot, ...args, '-o', file('out')), '');
        const doc = peer('9');
        doc.import(readFileSync(file('out')));
        return doc;
    };
    const shallow = await exported('--mode', 'shallow', '--at', spelled(merged));
    assert.ok(shallow.isShallow());
    assert.deepEqual(shallow.toJSON(), a.toJSON());
    assert.deepEqual(shallow.version().toJSON(), a.version().toJSON());
    assert.ok(shallow.shallowSinceVV().toJSON().size > 0);
    const state = await exported('--mode', 'state', '--at', '28@11');
    a.checkout([{ peer: '11', counter: 28 }]);
    assert.deepEqual(state.toJSON().story, a.toJSON().story);
    assert.deepEqual(state.version().toJSON(), a.version().toJSON());
    a.checkoutToLatest();
    assert.deepEqual((await exported('--mode', 'state')).toJSON(), a.toJSON());
    // The program reads them, too: the log begins where they do.
    await exported('--mode', 'shallow', '--at', '28@11');
    assert.deepEqual(JSON.parse(await says('cat', '--json', file('out'))), a.toJSON());
    const log = await says('log', file('out'));
    assert.match(log, /37@11/);
    assert.ok(!log.includes(' 0..18,'), log);
});

test('import merges blobs and JSON updates, and tells what each brought', async () => {
    const json = put('updates.json', JSON.stringify(c.exportJsonUpdates(), null, 2));
    const out = file('merged');
    assert.equal(
        await says('import', onlyB, begin, json, snapshot, '-o', out),
        lines(
            `${onlyB}: nothing new; waiting for what they build on: 0..5@22`,
            `${begin}: 25 new operations: 0..18@11, 0..5@22`,
            `${json}: 5 new operations: 0..4@33`,
            `${snapshot}: 22 new operations: 19..37@11, 6..8@22`,
        ),
    );
    const there = peer('9');
    there.import(readFileSync(out));
    assert.deepEqual(there.toJSON(), a.toJSON());
    assert.equal(
        await says('import', onlyB, onlyB, '-o', out),
        lines(
            `${onlyB}: nothing new; waiting for what they build on: 0..5@22`,
            `${onlyB}: nothing new; waiting for what they build on: 0..5@22`,
            `${out}: lacks operations up to 5@22; import the files they build on together with these`,
        ),
    );
    const piped = await finish('import', begin, '-o', '-');
    assert.deepEqual([piped.code, piped.stderr], [0, `${begin}: 19 new operations: 0..18@11\n`]);
    const whole = JSON.stringify(c.exportJsonUpdates());
    for (const text of ['{', '{}', whole.slice(0, -2), whole.replace('"lamport"', '"lamp"')]) {
        const run = await finish('import', put('bad.json', text), '-o', file('never'));
        assert.deepEqual([run.code, run.stdout], [2, '']);
        assert.match(run.stderr, /^lorikeet import: .*bad\.json: byte \d+: \S.*\n$/);
    }
    assert.ok(!existsSync(file('never')));
});

test('new writes an empty document, and over nothing', async () => {
    assert.equal(await says('new', file('fresh')), '');
    const there = peer('9');
    there.import(readFileSync(file('fresh')));
    assert.deepEqual(there.toJSON(), {});
    const again = await finish('new', file('fresh'));
    assert.equal(again.code, 1);
    assert.match(again.stderr, /is there already/);
    assert.equal(await says('cat', '--json', file('fresh'), begin), '{"story":"one\\ntwo\\nthree\\nfour\\n"}\n');
});

test('wrong use says what to do', async () => {
    const code = async (want, pattern, ...args) => {
        const run = await finish(...args);
        assert.deepEqual([run.code, run.stdout], [want, ''], args.join(' '));
        assert.match(run.stderr, pattern);
        assert.equal(run.stderr.split('\n').length, 2, run.stderr);
    };
    for (const command of ['log', 'diff', 'checkout', 'import', 'new'])
        await code(64, /usage: lorikeet/, command);
    await code(64, /usage/, 'diff', snapshot, '--from', now);
    await code(64, /usage/, 'checkout', snapshot, '-o', file('x'));
    await code(64, /usage/, 'import', snapshot);
    for (const bad of ['7', '@', '1@1,', '1@1,2@1', 'x@1'])
        await code(64, /--at is of the form/, 'cat', snapshot, '--at', bad);
    await code(1, /--at: 38@11 is not in these files; "lorikeet log"/, 'cat', snapshot, '--at', '38@11');
    await code(1, /--to: 0@77 is not/, 'diff', snapshot, '--from', now, '--to', '0@77');
    await code(1, /--at: 0@77 is not/, 'export', snapshot, '--at', '0@77', '-o', file('x'));
    await code(64, /--from goes with/, 'export', snapshot, '--mode', 'snapshot', '--from', '1@1', '-o', file('x'));
    await code(2, /byte \d+/, 'log', put('damaged', readFileSync(snapshot).subarray(0, 60)));
    await code(1, /none/, 'log', file('none'));
});
