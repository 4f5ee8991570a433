// Sealed words of signalling: those of the program (test/unit/seal_test.c has the same vector), and what
// a server may try with them.
import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './load.mjs';

const { Seal } = await load('seal');

const key = Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('base64url');
const link = { room: 'a-room', key };
const [one, two, three] = ['A', 'B', 'C'].map((letter) => letter.repeat(22));
const word = { kind: 'again' };
const BOX = '8iIQFkIj5BssA7_w89XFwpIa7T0-jlhC5hRBKOm-7fE';

test('the program seals the same', () => {
    assert.deepEqual(new Seal(link, one, two).close(word), { n: 1, box: BOX });
    assert.deepEqual(new Seal(link, two, one).open({ n: 1, box: BOX }), word);
});

test('what was sealed for another one, elsewhere or with another key does not open', () => {
    const other = Buffer.alloc(32, 9).toString('base64url');
    for (const [where, self, peer] of [
        [link, two, three],
        [link, one, two],
        [{ room: 'b-room', key }, two, one],
        [{ room: 'a-room', key: other }, two, one],
    ])
        assert.equal(new Seal(where, self, peer).open({ n: 1, box: BOX }), undefined);
});

test('a server that changes, repeats or reorders is noticed, and nothing is lost by it', () => {
    const from = new Seal(link, one, two);
    const to = new Seal(link, two, one);
    const boxes = [1, 2, 3].map((i) => from.close({ i }));
    for (const lie of [
        null,
        'word',
        {},
        word,
        { n: 1 },
        { n: '1', box: boxes[0].box },
        { n: 2, box: boxes[0].box },
        { n: 1.5, box: boxes[0].box },
        { n: -1, box: boxes[0].box },
        { n: 2 ** 60, box: boxes[0].box },
        { n: 1, box: `${boxes[0].box}A` },
        { n: 1, box: boxes[0].box.slice(4) },
        { n: 1, box: '!' },
        { n: 1, box: '' },
    ])
        assert.equal(to.open(lie), undefined, JSON.stringify(lie));
    assert.deepEqual(to.open(boxes[0]), { i: 1 });
    assert.equal(to.open(boxes[0]), undefined);
    assert.deepEqual(to.open(boxes[2]), { i: 3 });
    assert.equal(to.open(boxes[1]), undefined); // held back
});
