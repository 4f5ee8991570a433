// Messages that wait for a channel: order within a document, turns between them, and of several large
// updates one after the other. The program's are tested in test/unit/turns_test.c.
import assert from 'node:assert/strict';
import test from 'node:test';
import { FRAGMENT, indexOf, loadWithEngine, message, nameOf } from './messages.mjs';

const { Turns } = await loadWithEngine('turns');

test('keys of others go between the pieces of a large update', () => {
    const turns = new Turns();
    for (let i = 0; i < 64; i++) turns.put(message('large', i, FRAGMENT));
    assert.equal(nameOf(turns.take()), 'large');
    for (let key = 0; key < 16; key++) {
        turns.put(message('a', key, 1));
        turns.put(message('b', key, 1));
        const next = Array.from({ length: 4 }, () => nameOf(turns.take()));
        assert.equal(next.filter((name) => name === 'large').length, 2, String(next));
    }
});

test('large ones follow each other, and none waits for ever', () => {
    const turns = new Turns();
    for (const name of ['a', 'b', 'c'])
        for (let i = 0; i < 32; i++) turns.put(message(name, i, FRAGMENT));
    const order = [];
    for (let bytes; (bytes = turns.take()); ) order.push(nameOf(bytes));
    assert.equal(order.length, 96);
    assert.equal(order.filter((name, i) => name !== order[i - 1]).length, 3);

    const counts = { a: 0, b: 0 };
    const put = { a: 0, b: 0 };
    for (let i = 0; i < 200; i++) {
        for (const name of ['a', 'b'])
            for (let more = 0; more < 4; more++) turns.put(message(name, put[name]++, FRAGMENT));
        counts[nameOf(turns.take())] += 1;
    }
    assert.ok(counts.a > 50 && counts.b > 50, JSON.stringify(counts));
});

test('what is of one document keeps its order', () => {
    const turns = new Turns();
    const put = {};
    const taken = {};
    let seed = 1;
    const below = (n) => (seed = (seed * 48271) % 2147483647) % n;
    const check = (bytes) => {
        const name = nameOf(bytes);
        assert.equal(indexOf(bytes), taken[name] ?? 0);
        taken[name] = (taken[name] ?? 0) + 1;
    };
    for (let step = 0; step < 3000; step++) {
        const name = 'abcdef'[below(6)];
        const large = name === 'a' && below(8) === 0;
        for (let more = large ? 1 + below(40) : 1; more > 0; more--) {
            turns.put(message(name, put[name] ?? 0, large ? FRAGMENT : 1 + below(100)));
            put[name] = (put[name] ?? 0) + 1;
        }
        for (let some = below(4); some > 0 && !turns.empty; some--) check(turns.take());
    }
    while (!turns.empty) check(turns.take());
    assert.deepEqual(taken, put);
    assert.equal(turns.take(), undefined);
});
