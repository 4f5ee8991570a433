// Bytes that were cut or changed: an error that says where, and a document as it was.
import assert from "node:assert/strict";
import test from "node:test";
import { doc, ours, theirs } from "./both.mjs";
import { mended } from "./mended.mjs";

function source(library) {
  const made = doc(library, 3);
  made.getText("t").insert(0, "text with 😀 and more text, so that it compresses, more text");
  const map = made.getMap("m");
  map.set("k", [1, null, { a: "b" }]);
  map.setContainer("l", new library.LoroList()).push(1.5);
  made.commit({ message: "a message" });
  made.getText("t").delete(3, 7);
  made.commit();
  return made;
}

function target() {
  const made = doc(ours, 4);
  made.getText("t").insert(0, "mine");
  made.getMap("m").set("k", "mine");
  made.commit();
  return made;
}

const state = (made) => [made.toJSON(), made.version().toJSON(), made.frontiers(), made.opCount()];

for (const [name, library] of Object.entries({ ours, theirs })) {
  for (const mode of ["update", "snapshot"]) {
    const blob = source(library).export({ mode });

    test(`every truncation of an ${mode} by ${name} throws and changes nothing`, () => {
      const made = target();
      const before = state(made);
      for (let len = 0; len < blob.length; len++) {
        assert.throws(() => made.import(blob.slice(0, len)), ours.LorikeetError, `${len} bytes`);
      }
      assert.deepEqual(state(made), before);
      made.import(blob);
      assert.notDeepEqual(state(made), before);
    });

    test(`every flipped bit of an ${mode} by ${name} throws and changes nothing`, () => {
      const made = target();
      const before = state(made);
      for (let bit = 0; bit < blob.length * 8; bit++) {
        const bad = blob.slice();
        bad[bit >> 3] ^= 1 << (bit & 7);
        // the checksum covers all but itself, the magic and the 12 reserved bytes
        if (bit >> 3 >= 4 && bit >> 3 < 16) continue;
        assert.throws(() => made.import(bad), ours.LorikeetError, `bit ${bit}`);
      }
      assert.deepEqual(state(made), before);
    });
  }
}

// Loro takes these; of the second it cannot tell the JSON, whose node holds what holds its tree.
const created = (value) => ({ container: "cid:root-m:Map", content: { type: "insert", key: "k", value } });
const moved = (container, target) => ({
  container,
  content: { type: "move", target, parent: null, fractional_index: "80" },
});
const STRANGE = {
  "a node that was never made": [moved("cid:root-tree:Tree", "7@0")],
  "a map that holds the tree": [
    created("🦜:cid:0@0:Map"),
    { container: "cid:0@0:Map", content: { type: "insert", key: "x", value: "🦜:cid:1@0:Tree" } },
    moved("cid:1@0:Tree", "0@0"),
  ],
  "a node of another tree": [
    { container: "cid:root-a:Tree", content: { ...moved("", "0@0").content, type: "create" } },
    moved("cid:root-b:Tree", "0@0"),
  ],
};

for (const [name, ops] of Object.entries(STRANGE)) {
  test(`a tree does not move ${name}`, () => {
    const change = { id: "0@0", timestamp: 0, deps: [], lamport: 0, msg: null };
    const numbered = ops.map((op, counter) => ({ ...op, counter }));
    const json = { schema_version: 1, start_version: {}, peers: ["9"], changes: [{ ...change, ops: numbered }] };
    const other = new theirs.LoroDoc();
    other.importJsonUpdates(JSON.stringify(json));
    const made = target();
    const before = state(made);
    assert.throws(() => made.importJsonUpdates(JSON.stringify(json)), /node is not of the tree/);
    for (const mode of ["update", "snapshot"]) {
      assert.throws(() => made.import(other.export({ mode })), /node is not of the tree/);
    }
    assert.deepEqual(state(made), before);
  });
}

/** A document with a container of every kind, and containers in those that hold any. */
function varied(peer) {
  const made = doc(ours, peer);
  const text = made.getText("t");
  text.insert(0, "hello wörld");
  text.mark({ start: 1, end: 4 }, "bold", true);
  text.delete(2, 3);
  made.getMap("m").set("a", [1, null, { x: 1.5 }]);
  made.getMap("m").setContainer("c", new ours.LoroText()).insert(0, "in");
  made.getList("l").insert(0, "two");
  made.getList("l").insertContainer(0, new ours.LoroMap()).set("k", 9);
  const movable = made.getMovableList("ml");
  for (let i = 0; i < 4; i++) movable.push(i);
  movable.move(0, 2);
  movable.insertContainer(1, new ours.LoroList()).push(3);
  const node = made.getTree("tr").createNode();
  node.createNode().data.set("n", 1);
  made.getCounter("n").increment(2);
  made.commit({ message: "a message" });
  return made;
}

/** Every way to read a document and to take something out of it. */
const READS = [
  (made) => made.toJSON(),
  (made) => made.getDeepValueWithID(),
  (made) => made.toContainerTree(),
  (made) => made.toJsonWithReplacer((_, value) => value),
  (made) => Object.values(made.getShallowValue()).map((id) => made.getPathToContainer(id)),
  (made) => made.JSONPath("$..*"),
  (made) => made.exportJsonUpdates(),
  (made) => made.diff([], made.frontiers()),
  (made) => made.fork().free(),
  (made) => made.export({ mode: "shallow-snapshot", frontiers: made.frontiers() }),
  (made) => new ours.LoroDoc().import(made.export({ mode: "update" })),
  (made) => ours.LoroDoc.fromSnapshot(made.export({ mode: "snapshot" })).toJSON(),
  (made) => made.checkout([]),
  (made) => made.checkoutToLatest(),
];

test("what is taken of changed bytes with a right checksum can be read in every way", () => {
  let seed = 1;
  const random = (below) => ((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 8) % below;
  const both = varied(1);
  both.import(varied(2).export({ mode: "update" }));
  const blobs = [varied(1).export({ mode: "update" }), both.export({ mode: "snapshot" })];
  let taken = 0;
  for (let i = 0; i < 1000; i++) {
    const blob = blobs[i % blobs.length].slice();
    blob[22 + random(blob.length - 22)] = random(3) > 0 ? random(16) : random(256);
    const made = target();
    let told = 0;
    made.subscribe(({ events }) => (told += events.length));
    try {
      made.import(mended(blob));
    } catch (error) {
      assert.ok(error instanceof ours.LorikeetError, `${i}: ${error.stack}`);
      assert.equal(error instanceof ours.EKIND, false, `${i}: ${error.stack}`);
      continue;
    }
    for (const read of READS) assert.doesNotThrow(() => read(made), `${i}: ${read}`);
    taken += told > 0;
    made.free();
  }
  assert.ok(taken > 200, `${taken} were taken`);
});

test("the error says which byte", () => {
  const blob = source(ours).export({ mode: "update" });
  blob[blob.length - 1] ^= 1;
  try {
    target().import(blob);
    assert.fail("accepted");
  } catch (error) {
    assert.ok(error instanceof ours.ECORRUPT);
    assert.equal(typeof error.offset, "number");
    assert.match(error.message, /at byte \d+/);
  }
});
