// Whom a member of a large room keeps a channel to: the places are those of the program
// (test/unit/neighbours_test.c has the same), and both ends of each channel want it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './load.mjs';

const { choose, place } = await load('neighbours');

const key = Buffer.from([1, 2, 3, ...new Array(29).fill(0)]).toString('base64url');
const member = (n) => place({ room: 'room', key }, `member-${String(n).padStart(15, '0')}`);
const room = (size) => Array.from({ length: size }, (_, n) => member(n));

/** For each member the numbers of those it wants. */
function wants(members) {
    return members.map((self) => {
        choose(self, members.filter((other) => other !== self));
        return members.flatMap((other, n) => (other !== self && other.wanted ? [n] : []));
    });
}

test('the program has the same places', () => {
    assert.deepEqual(member(0).at, [3134774126, 1308863369, 1514868109]);
    assert.deepEqual(member(1).at, [3126918302, 3818096367, 3489128876]);
});

test('in a small room everybody, in a large one six at most', () => {
    for (const chosen of wants(room(13))) assert.equal(chosen.length, 12);
    for (const chosen of wants(room(14))) assert.ok(chosen.length <= 6);
    const all = wants(room(200));
    all.forEach((chosen, n) => {
        assert.ok(chosen.length >= 2 && chosen.length <= 6);
        for (const other of chosen) assert.ok(all[other].includes(n));
    });
});

test('who cannot be reached is passed, and stays wanted', () => {
    const members = room(100);
    const [first] = wants(members);
    members[first[0]].unreached = true;
    const [then] = wants(members);
    for (const one of first) assert.ok(then.includes(one));
    assert.ok(then.length > first.length && then.length <= first.length + 2);
});
