// Children that several peers make at once and that are one child, here and in loro-crdt.
import assert from "node:assert/strict";
import test from "node:test";
import { randomSource } from "../../../test/conform/history.mjs";
import { eventsOf } from "../../../test/conform/compare.mjs";
import { doc, ours, plain, same, theirs } from "./both.mjs";

const KEYS = ["k", "a>b", "\\", "/", "\0", "🤝:", ""];

/** Everything a map and its mergeable children can be asked. */
function asked(made, map) {
  return plain({
    json: made.toJSON(),
    shallow: map.getShallowValue(),
    roots: made.getShallowValue(),
    children: map.entries().map(([key, value]) => [
      key,
      value?.id,
      value?.parent?.()?.id,
      value?.id && made.getPathToContainer(value.id),
      value?.kind?.() !== "Counter" && value?.isDeleted?.(),
    ]),
  });
}

test("names and markers", () => {
  same((library) => {
    const made = doc(library, "18446744073709551614");
    const root = made.getMap("ro>ot\\");
    const inner = root.setContainer("inner", new library.LoroMap());
    const told = [];
    for (const map of [root, inner, root.ensureMergeableMap("deep").ensureMergeableMap("er")]) {
      for (const key of KEYS) map.ensureMergeableText(key).insert(0, key);
      told.push(asked(made, map));
    }
    return told;
  });
});

test("in JSON the marker is a list of numbers, so that it is lost", () => {
  same((library) => {
    const made = doc(library);
    made.getMap("map").ensureMergeableList("k").push(1);
    const json = made.exportJsonUpdates();
    const other = doc(library, 2);
    other.importJsonUpdates(json);
    return [json, other.toJSON()];
  });
});

test("shallow snapshots keep what hidden children hold", () => {
  same((library) => {
    const made = doc(library);
    const map = made.getMap("map");
    map.ensureMergeableMap("k").setContainer("list", new library.LoroList()).push(1);
    map.delete("k");
    made.commit();
    const other = doc(library, 2);
    other.import(made.export({ mode: "shallow-snapshot", frontiers: made.frontiers() }));
    const hidden = other.toJSON();
    other.getMap("map").ensureMergeableMap("k");
    return [hidden, other.toJSON()];
  });
});

const CASES = {
  "over null": (map) => (map.set("k", null), map.ensureMergeableList("k").id),
  "over a number": (map) => (map.set("k", 1), map.ensureMergeableList("k")),
  "over a string": (map) => (map.set("k", "Map"), map.ensureMergeableMap("k")),
  "over binary": (map) => (map.set("k", new Uint8Array(8)), map.ensureMergeableMap("k")),
  "over a child": (map, library) => {
    map.setContainer("k", new library.LoroMap());
    return map.ensureMergeableMap("k");
  },
  "twice is no edit": (map, library, made) => {
    map.ensureMergeableMap("k");
    map.ensureMergeableMap("k");
    return made.opCount();
  },
  "another kind": (map) => {
    map.ensureMergeableMap("k").set("in", 1);
    const seen = [map.ensureMergeableText("k").id];
    return [...seen, map.toJSON(), map.ensureMergeableMap("k").toJSON()];
  },
  "hidden and shown again": (map, library, made) => {
    const list = map.ensureMergeableList("k");
    list.push(1);
    map.delete("k");
    const hidden = [map.toJSON(), list.isDeleted(), made.hasContainer(list.id), list.parent().id];
    hidden.push(made.getContainerById(list.id)?.id, made.getPathToContainer(list.id));
    return [...hidden, map.ensureMergeableList("k").toJSON(), list.isDeleted()];
  },
  "edits while hidden": (map) => {
    const list = map.ensureMergeableList("k");
    map.delete("k");
    list.push(1);
  },
  "a marker moved elsewhere is bytes": (map, library, made) => {
    map.ensureMergeableMap("k");
    map.set("other", map.getShallowValue().k);
    return [asked(made, map), map.get("other") instanceof Uint8Array];
  },
  "one never made": (map, library, made) => {
    const id = map.ensureMergeableMap("k").id.replace("k:Map", "q:Map");
    return [made.hasContainer(id), made.getContainerById(id), made.getPathToContainer(id)];
  },
  "a root of that name": (map, library, made) => made.getMap("🤝:$map>k"),
  "a map of no document": (map, library) => new library.LoroMap().ensureMergeableMap("k"),
};
for (const [name, act] of Object.entries(CASES)) {
  test(name, () => {
    same((library) => {
      const made = doc(library);
      return act(made.getMap("map"), library, made);
    });
  });
}

const KINDS = ["Map", "List", "Text", "MovableList", "Counter", "Tree"];
function editChild(child, n) {
  const kind = child.kind();
  if (kind === "Text") child.insert(0, String(n % 10));
  else if (kind === "Map") child.set(KEYS[n % 3], n);
  else if (kind === "Counter") child.increment(n % 10);
  else if (kind === "Tree") child.createNode().data.set("k", n);
  else child.insert(0, n);
}

/** What was told, but for the order in a batch: that goes by paths, and what is gone again by the end
 *  of its batch has none here. */
const toldOf = (batches) => eventsOf(batches).map(({ order, ...batch }) => batch);

/** The same steps on three peers of one library; what they hold and what they were told. */
function play(library, seed) {
  const random = randomSource(seed);
  const docs = [1, 2, 3].map((peer) => doc(library, peer));
  const told = docs.map((made) => {
    const batches = [];
    made.subscribe((batch) => batches.push(batch));
    return batches;
  });
  const states = [];
  for (let i = 0; i < 60; i++) {
    const made = random.pick(docs);
    let map = made.getMap("map");
    const below = map.get("k");
    if (random.below(3) === 0 && below?.kind?.() === "Map") map = below;
    const [key, kind, n] = [KEYS[random.below(3)], random.pick(KINDS), random.next() % 1000];
    const roll = random.below(10);
    if (roll < 5) {
      try {
        editChild(map[`ensureMergeable${kind}`](key), n);
      } catch {
        map.set(key, null);
      }
    } else if (roll === 5) map.delete(key);
    else if (roll === 6) map.set(key, n % 2 === 0 ? null : n);
    else if (roll === 7) made.commit();
    else {
      const other = random.pick(docs);
      const mode = roll === 8 ? "update" : "snapshot";
      if (other !== made) other.import(made.export({ mode }));
    }
  }
  for (const a of docs) for (const b of docs) if (a !== b) a.import(b.export({ mode: "update" }));
  for (const made of docs) states.push(asked(made, made.getMap("map")));
  return { states, told: told.map(toldOf), blob: docs[0].export({ mode: "snapshot" }) };
}

test("three peers, at random", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const [a, b] = [play(ours, seed), play(theirs, seed)];
    assert.deepEqual(a.states, b.states, `seed ${seed}`);
    assert.deepEqual(a.told, b.told, `seed ${seed}: events`);
    for (const library of [ours, theirs]) {
      for (const blob of [a.blob, b.blob]) {
        const made = doc(library, 9);
        made.import(blob);
        assert.deepEqual(asked(made, made.getMap("map")), b.states[0], `seed ${seed}: snapshot`);
      }
    }
  }
});
