// The order of operations and of events, which is loro-crdt's: the same histories, operation by operation.
import assert from "node:assert/strict";
import test from "node:test";
import { randomSource } from "../../../test/conform/history.mjs";
import { doc, isContainer, ours, plain, same, theirs } from "./both.mjs";

/** All operations since a version, as loro-crdt reads them. */
function opsSince(made, version) {
  const reader = new theirs.LoroDoc();
  reader.import(made.export({ mode: "update" }));
  const { changes } = reader.exportJsonUpdates(theirs.VersionVector.decode(version.encode()));
  return plain(changes.flatMap((change) => change.ops));
}

/** Which containers each batch tells of. */
function targetsOf(made) {
  const told = [];
  made.subscribe(({ by, events }) => told.push([by, ...events.map(({ target }) => target)]));
  return told;
}

class Desk {
  constructor(library, kinds) {
    this.library = library;
    this.kinds = kinds;
    this.doc = doc(library);
    this.roots = Array.from({ length: 9 }, (_, i) =>
      this.doc[`get${kinds[i % kinds.length]}`](`root ${i}`),
    );
    this.told = targetsOf(this.doc);
    this.undo = new library.UndoManager(this.doc, { mergeInterval: 0 });
  }

  containers() {
    const found = [...this.roots];
    for (let i = 0; i < found.length && found.length < 60; i++) {
      if (found[i].kind() === "Map") {
        const keys = [...found[i].keys()].sort();
        found.push(...keys.map((key) => found[i].get(key)).filter(isContainer));
      } else if (found[i].kind() === "List") found.push(...found[i].toArray().filter(isContainer));
    }
    return found;
  }

  edit(random) {
    const at = random.pick(this.containers());
    const child = new this.library[`Loro${random.pick(this.kinds)}`]();
    const place = random.below((at.length ?? 0) + 1);
    const roll = random.below(10);
    const goes = roll < 3 && at.length > 0;
    switch (at.kind()) {
      case "Map": {
        const key = `key ${random.below(14)}`;
        if (roll < 2) return at.delete(key);
        return roll < 4 ? at.setContainer(key, child) : at.set(key, random.below(3));
      }
      case "List":
        if (goes) return at.delete(place % at.length, 1);
        return roll < 5 ? at.insertContainer(place, child) : at.insert(place, roll);
      case "Text":
        return goes ? at.delete(place % at.length, 1) : at.insert(place, "abc".slice(roll % 3));
      default:
        return at.increment(1 + roll);
    }
  }

  step(random) {
    const version = this.doc.version();
    const roll = random.below(20);
    if (roll < 12) {
      for (let left = 1 + random.below(6); left > 0; left--) this.edit(random);
    } else if (roll < 16) this.undo.undo();
    else if (roll < 18) this.undo.redo();
    else {
      const [{ peer, counter } = {}] = this.doc.frontiers();
      if (counter > 0) this.doc.revertTo([{ peer, counter: random.below(counter) }]);
    }
    this.doc.commit();
    return opsSince(this.doc, version);
  }
}

for (const kinds of [
  ["Map"],
  ["Map", "List", "Counter"],
  ["Map", "List", "Text"],
])
  test(`undo and revert edit ${kinds} in loro-crdt's order, and events tell in it`, () => {
    for (let seed = 1; seed <= 12; seed++) {
      const desks = [ours, theirs].map((library) => new Desk(library, kinds));
      const random = randomSource(seed);
      for (let step = 0; step < 25; step++) {
        const next = random.next();
        const [mine, loros] = desks.map((desk) => desk.step(randomSource(next)));
        assert.deepEqual(mine, loros, `seed ${seed}, step ${step}`);
        assert.deepEqual(desks[0].told.splice(0), desks[1].told.splice(0), `seed ${seed}`);
      }
    }
  });

test("what goes goes before what comes, unless a diff that was handed out has both", () => {
  const deltas = [
    [{ retain: 2 }, { delete: 2 }, { insert: "ab" }],
    [{ retain: 2 }, { insert: "ab" }, { delete: 2 }, { insert: "cd" }, { delete: 1 }],
    [{ retain: 2 }, { delete: 2 }, { insert: "ab" }, { delete: 1 }],
  ];
  const acts = [
    ...deltas.map((diff) => (made) => made.applyDiff([["cid:root-t:Text", { type: "text", diff }]])),
    (made) => {
      const before = made.frontiers();
      made.getText("t").delete(4, 3);
      made.getText("t").insert(4, "ABC");
      made.getText("t").delete(3, 2);
      made.commit();
      made.revertTo(before);
    },
  ];
  for (const act of acts) {
    const [mine, loros] = [ours, theirs].map((library) => {
      const made = doc(library);
      made.getText("t").insert(0, "0123456789");
      made.commit();
      const version = made.version();
      act(made);
      made.commit();
      return opsSince(made, version);
    });
    assert.deepEqual(mine, loros);
  }
});

test("a counter that is made anew begins with an operation that adds nothing", () => {
  for (const kind of ["List", "MovableList", "Map"]) {
    const [mine, loros] = [ours, theirs].map((library) => {
      const made = doc(library);
      const parent = made[`get${kind}`]("parent");
      if (kind === "Map") parent.setContainer("c", new library.LoroCounter());
      else parent.insertContainer(0, new library.LoroCounter());
      made.commit();
      const undo = new library.UndoManager(made, { mergeInterval: 0 });
      if (kind === "Map") parent.delete("c");
      else parent.delete(0, 1);
      made.commit();
      const version = made.version();
      undo.undo();
      made.commit();
      return opsSince(made, version);
    });
    assert.deepEqual(mine, loros);
  }
});

test("texts are updated by loro-crdt's edits", () => {
  const pieces = ["a", "b", "c", "\n", " ", "é", "🦜", "ab\n", "xyz"];
  const updates = [
    (text, to) => text.update(to),
    (text, to) => text.update(to, { useRefinedDiff: false }),
    (text, to) => text.updateByLine(to),
    (text, to) => text.updateByLine(to, { useRefinedDiff: false }),
  ];
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomSource(seed);
    const letters = 2 + random.below(pieces.length - 1);
    const make = (most) =>
      Array.from({ length: random.below(most) }, () => pieces[random.below(letters)]);
    const from = make(seed % 6 === 0 ? 600 : 60);
    const to = random.below(3) === 0 ? make(80) : [...from];
    for (let left = random.below(6); left > 0; left--)
      to.splice(random.below(to.length + 1), random.below(8), ...make(6));
    for (const update of updates) {
      const [mine, loros] = [ours, theirs].map((library) => {
        const made = doc(library);
        made.getText("t").insert(0, from.join(""));
        made.commit();
        const version = made.version();
        update(made.getText("t"), to.join(""));
        made.commit();
        assert.equal(made.getText("t").toString(), to.join(""));
        return opsSince(made, version);
      });
      assert.deepEqual(mine, loros, `seed ${seed}`);
    }
  }
});

// ---- trees: a step is taken back operation by operation ----

function editTree(tree, nodes, random) {
  const living = nodes.filter((node) => !node.isDeleted());
  const pick = () => living[random(living.length)];
  const what = living.length < 2 ? 0 : random(4);
  if (what < 2) nodes.push(living.length > 0 && random(3) > 0 ? pick().createNode() : tree.createNode());
  else if (what === 3) tree.delete(pick().id);
  else {
    const [node, parent] = [pick(), random(2) ? pick() : undefined];
    try {
      node.move(parent);
    } catch {
      // below itself: refused
    }
  }
}

test("undone and redone, trees make the operations that Loro makes", () => {
  for (let seed = 1; seed <= 60; seed++) {
    same((library) => {
      const source = randomSource(seed);
      const random = (below) => source.below(below);
      const d = doc(library);
      const undo = new library.UndoManager(d, { mergeInterval: 0 });
      const tree = d.getTree("tree");
      const nodes = [];
      for (const edits of [4, 2 + random(4)]) {
        for (let i = 0; i < edits; i++) editTree(tree, nodes, random);
        d.commit();
      }
      const from = d.oplogVersion();
      undo.undo();
      undo.redo();
      undo.undo();
      const { changes } = d.exportJsonUpdates(from);
      return changes.flatMap(({ ops }) => ops.map(({ content }) => content));
    });
  }
});

test("a tree that comes or goes within a step comes back and goes as a whole", () => {
  const made = (map, library) => map.setContainer("tree", new library.LoroTree());
  const steps = [
    (map, library) => made(map, library).createNode().createNode(),
    (map) => {
      map.get("tree").roots()[0].createNode();
      map.delete("tree");
    },
  ];
  for (const before of [0, 1]) {
    same((library) => {
      const d = doc(library);
      const undo = new library.UndoManager(d, { mergeInterval: 0 });
      const map = d.getMap("map");
      map.set("x", 1);
      if (before > 0) made(map, library).createNode().data.set("q", 1);
      d.commit();
      steps[before](map, library);
      d.commit();
      const from = d.oplogVersion();
      const shown = ["undo", "redo", "undo", "redo"].map((way) => [undo[way](), d.toJSON()]);
      const { changes } = d.exportJsonUpdates(from);
      return [shown, changes.flatMap(({ ops }) => ops.map(({ content }) => content))];
    });
  }
});

/** A text of one, in which others insert and delete at the same time; what the import of both tells. */
async function imported(library, where) {
  const [one, two, three] = [1, 2, 3].map((peer) => doc(library, peer));
  one.getText("t").insert(0, "abc");
  one.commit();
  for (const made of [two, three]) made.import(one.export({ mode: "update" }));
  two.getText("t").insert(where, "XY");
  three.getText("t").delete(1, 1);
  one.getText("t").insert(3, "!");
  for (const made of [one, two, three]) made.commit();
  three.import(two.export({ mode: "update" }));
  const told = [];
  one.subscribe(({ events }) => told.push(events.map(({ diff }) => diff.diff)));
  one.import(three.export({ mode: "update" }));
  await Promise.resolve();
  return told;
}

test("what an import brings to a text stands on its side of what it takes there", async () => {
  for (const where of [1, 2]) {
    const [mine, loros] = [await imported(ours, where), await imported(theirs, where)];
    assert.equal(mine.length, 1);
    assert.deepEqual(mine, loros);
  }
});
