// Presence here and in loro-crdt: the same answers, the same events, and bytes that both read.
import assert from "node:assert/strict";
import test from "node:test";
import { randomSource, makeValue } from "../../../test/conform/history.mjs";
import { ours, plain, same, theirs } from "./both.mjs";

const LONG = 1e9;
const VALUES = [1, null, undefined, "é", -1.5, [1, [null]], { a: { b: true } }, new Uint8Array([7])];
const sorted = (list) => [...list].sort();
const event = ({ by, added, updated, removed }) => [by, added, updated, removed].map((x) => x);

function watched(library, timeout = LONG) {
  const store = new library.EphemeralStoreWasm(timeout);
  const told = [];
  store.subscribe((batch) => told.push(event(batch)));
  store.subscribeLocalUpdates((bytes) => told.push(["bytes", bytes.length]));
  return { store, told };
}
const state = (store) => [store.getAllStates(), sorted(store.keys()), store.isEmpty()];

test("what a store holds and tells", () => {
  same((library) => {
    const { store, told } = watched(library);
    const seen = [state(store), store.encodeAll(), store.get("none"), store.encode("none")];
    for (const [i, value] of VALUES.entries()) {
      store.set(`k${i % 5}`, value);
      seen.push(store.get(`k${i % 5}`), state(store));
    }
    for (const key of ["k0", "k0", "none", "k1"]) {
      store.delete(key);
      seen.push(store.get(key), state(store));
    }
    store.set("k0", "again");
    return [seen, state(store), told];
  });
});

test("subscribers that leave, and that write themselves", () => {
  same((library) => {
    const store = new library.EphemeralStoreWasm(LONG);
    const told = [];
    const stop = store.subscribe(() => told.push("never"));
    stop();
    store.subscribe((batch) => {
      told.push(event(batch));
      if (store.get("b") === undefined) store.set("b", 1);
    });
    store.set("a", 1);
    store.set("a", 2);
    return told;
  });
});

test("damaged bytes", () => {
  for (const bytes of [[], [1], [1, 2], [255, 255, 255, 255], [1, 1, 97, 1, 9, 0]]) {
    for (const name of ["EphemeralStoreWasm", "AwarenessWasm"]) {
      same((library) => {
        const store = new library[name]("1", LONG);
        store.apply(new Uint8Array(bytes));
      });
    }
  }
});

/** Runs `act` at times that it moves on itself, without waiting. */
function timed(act) {
  const now = Date.now;
  let at = now.call(Date);
  Date.now = () => at;
  try {
    return act((ms) => (at += ms));
  } finally {
    Date.now = now;
  }
}

/** `from` writes, `to` reads and comes to hold the same. (Within one millisecond loro-crdt stamps two
 *  writes alike, and readers keep the first.) */
function exchange(from, to, seed, pass) {
  const random = randomSource(seed);
  const [a, b] = [watched(from), watched(to)];
  for (let i = 0; i < 20; i++) {
    const key = `k${random.below(4)}`;
    pass(1);
    if (random.below(4) === 0) a.store.delete(key);
    else a.store.set(key, makeValue(random.next()));
    const bytes = random.below(3) === 0 ? a.store.encode(key) : a.store.encodeAll();
    if (random.below(2) === 0) b.store.apply(bytes);
  }
  b.store.apply(a.store.encodeAll());
  assert.deepEqual(state(b.store), state(a.store));
  return plain(state(b.store));
}

test("bytes, both ways", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const x = timed((pass) => exchange(ours, theirs, seed, pass));
    assert.deepEqual(x, timed((pass) => exchange(theirs, ours, seed, pass)), `seed ${seed}`);
  }
});

test("what is too old goes", () => {
  same((library) =>
    timed((pass) => {
      const { store, told } = watched(library, 50);
      const other = watched(library, 50);
      store.set("a", 1);
      store.delete("none");
      const bytes = store.encodeAll();
      pass(50);
      other.store.apply(bytes);
      const seen = [state(store), state(other.store), store.encodeAll().length];
      pass(1);
      seen.push(state(store), store.encodeAll().length);
      store.removeOutdated();
      other.store.removeOutdated();
      other.store.apply(bytes);
      return [seen, state(store), state(other.store), told, other.told];
    }),
  );
});

test("the timer of a store", async () => {
  const run = async (library) => {
    const told = [];
    const store = new library.EphemeralStore(20);
    const gone = new Promise((resolve) => {
      store.subscribe((batch) => {
        if (batch.removed.length > 0 || batch.by !== "timeout") told.push(event(batch));
        if (batch.removed.length > 0) resolve();
      });
    });
    store.set("a", 1);
    store.delete("none");
    await gone;
    store.destroy();
    return [told, store.getAllStates(), store.keys()];
  };
  assert.deepEqual(await run(ours), await run(theirs));
});

test("awareness", () => {
  same((library) =>
    timed((pass) => {
      const [a, b] = ["7", 18446744073709551614n].map((peer) => new library.AwarenessWasm(peer, 50));
      const look = (aware) => [
        [aware.peer(), aware.getAllStates(), aware.length(), aware.isEmpty(), sorted(aware.peers())],
        [aware.encodeAll().length, aware.getState("7"), aware.getTimestamp("7") === Date.now()],
      ];
      const seen = [look(a), a.getState("7"), a.encode([]), a.encode(["7", "8"])];
      for (const value of VALUES) {
        a.setLocalState(value);
        const old = a.encode(["7"]);
        seen.push(look(a), b.apply(old), b.apply(old), look(b), a.getState(7), a.getState(7n));
        b.setLocalState("mine");
        seen.push(a.apply(b.encodeAll()), b.apply(a.encodeAll()));
      }
      pass(51);
      seen.push(a.encodeAll(), look(a), sorted(a.removeOutdated()), look(a), b.apply(a.encodeAll()));
      return seen;
    }),
  );
  same((library) => new library.AwarenessWasm("abc", 1));
});

test("bytes of awareness, both ways", () => {
  for (const [from, to] of [[ours, theirs], [theirs, ours]]) {
    const [a, b] = [new from.AwarenessWasm("1", LONG), new to.AwarenessWasm("2", LONG)];
    for (const value of VALUES) {
      a.setLocalState(value);
      b.apply(a.encodeAll());
      assert.deepEqual(b.getState("1"), value ?? null);
    }
    b.setLocalState(0);
    assert.deepEqual(b.peers(), ["2", "1"]);
  }
});

test("listeners of awareness", () => {
  same((library) => {
    const told = [];
    const [a, b] = ["1", "2"].map((peer) => new library.Awareness(peer, LONG));
    const listener = (changes, origin) => told.push([origin, changes]);
    a.addListener(listener);
    a.setLocalState("x");
    a.setLocalState("y");
    b.setLocalState("z");
    a.apply(b.encodeAll());
    a.apply(b.encode(["2"]), "elsewhere");
    a.removeListener(listener);
    a.setLocalState("w");
    for (const aware of [a, b]) aware.destroy();
    return [told, a.getLocalState(), a.getAllStates(), sorted(a.peers())];
  });
});
