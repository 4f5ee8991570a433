// Documents whose history begins late, beside loro-crdt.
import assert from "node:assert/strict";
import test from "node:test";
import { blobOf } from "../../../test/conform/bytes.mjs";
import { doc, ours, same, theirs } from "./both.mjs";

function filled(library) {
  const d = doc(library);
  d.getText("text").insert(0, "Hello 🦜");
  d.getText("text").delete(1, 2);
  d.getList("list").insert(0, ["a", 1, null]);
  d.getMap("map").set("k", { deep: [true] });
  d.getMap("map").setContainer("child", new library.LoroText()).insert(0, "below");
  d.getMap("map").delete("k");
  d.commit();
  return d;
}

const shallow = (d) => d.export({ mode: "shallow-snapshot", frontiers: d.oplogFrontiers() });
const where = (d) => [
  d.isShallow(),
  d.shallowSinceVV().toJSON(),
  d.shallowSinceFrontiers(),
  d.version().toJSON(),
  d.frontiers().map(({ counter, peer }) => `${counter}@${peer}`).sort(),
  d.opCount(),
  d.changeCount(),
  d.toJSON(),
];

/** A document that began late. */
function late(library, from = filled(library)) {
  const d = doc(library, 2);
  d.import(shallow(from));
  return d;
}

test("a document begins with a shallow snapshot", () => {
  same((library) => where(filled(library)));
  same((library) => where(late(library)));
  same((library) => library.decodeImportBlobMeta(shallow(filled(library)), true).mode);
  same((library) => where(library.LoroDoc.fromSnapshot(shallow(filled(library)))));
  same((library) => where(late(library).fork()));
  same((library) => {
    const d = doc(library);
    const told = [];
    d.subscribe(({ by, events }) => told.push(by, events.map(({ target }) => target).sort()));
    const { success, pending } = d.import(shallow(filled(library)));
    return [told, success, pending];
  });
});

test("it goes on, with others", () => {
  same((library) => {
    const full = filled(library);
    const d = late(library, full);
    d.getText("text").insert(3, "late");
    full.getText("text").insert(3, "full");
    full.getMap("map").set("k", 2);
    d.import(full.export({ mode: "update", from: d.version() }));
    full.import(d.export({ mode: "update", from: full.version() }));
    return [where(d), where(full)];
  });
});

/** What it says to each, and what it holds in the end. */
function taking(d, blobs) {
  const told = [];
  d.subscribe(({ by, events }) => told.push([by, events.map(({ diff }) => diff)]));
  for (const bytes of blobs) {
    try {
      told.push(d.import(bytes));
    } catch (error) {
      told.push(String(error.message ?? error).replace(/^Error: /, ""));
    }
  }
  return [told, where(d)];
}

/** A document, and another that wrote something beside the end of it: what comes of both. */
function beside(library, edits = 1) {
  const full = filled(library);
  const other = doc(library, 3);
  other.import(full.export({ mode: "snapshot" }));
  full.getText("text").insert(0, "later");
  full.commit();
  const begun = late(library, full);
  for (let i = 0; i < edits; i++) other.getText("text").insert(0, `meanwhile ${i} `);
  full.import(other.export({ mode: "update" }));
  return { full, other, begun };
}

test("what does not know its beginning cannot be merged, and the rest is", () => {
  same((library) => {
    const { full, other, begun } = beside(library);
    const third = doc(library, 4);
    third.import(shallow(begun));
    third.getText("text").insert(0, "on ");
    full.import(third.export({ mode: "update" }));
    return taking(begun, [
      other.export({ mode: "update" }),
      full.export({ mode: "update" }),
      third.export({ mode: "update" }),
    ]);
  });
  for (const frontiers of [[], [{ peer: "1", counter: 0 }], [{ peer: "9", counter: 0 }]]) {
    same((library) => late(library).export({ mode: "shallow-snapshot", frontiers }) && "bytes");
  }
  same((library) => filled(library).export({ mode: "shallow-snapshot", frontiers: [] }) && "bytes");
});

test("documents that hold something take its changes only", () => {
  same((library) => {
    const full = filled(library);
    const early = full.export({ mode: "snapshot" });
    full.getText("text").insert(0, "later");
    const blob = shallow(full);
    const behind = doc(library, 4);
    behind.import(early);
    behind.import(blob);
    const stranger = doc(library, 5);
    stranger.getText("text").insert(0, "own");
    const status = stranger.import(blob);
    return [where(behind), where(stranger), status];
  });
});

test("each begins with what the other makes", () => {
  for (const [from, to] of [
    [ours, theirs],
    [theirs, ours],
  ]) {
    const d = filled(from);
    const begun = doc(to, 6);
    begun.import(shallow(d));
    assert.deepEqual(begun.toJSON(), d.toJSON());
    begun.getText("text").insert(0, "on ");
    d.import(begun.export({ mode: "update", from: new to.VersionVector(d.version().toJSON()) }));
    assert.deepEqual(begun.toJSON(), d.toJSON());
    const again = doc(from, 7);
    again.import(begun.export({ mode: "snapshot" }));
    assert.deepEqual(where(again).slice(0, 3), where(begun).slice(0, 3));
    assert.deepEqual(again.toJSON(), d.toJSON());
  }
});

test("so it is piece by piece", async () => {
  const { full, other, begun } = beside(ours, 3000);
  const third = doc(ours, 4);
  third.import(shallow(begun));
  for (let i = 0; i < 3000; i++) third.getText("text").insert(0, "on ");
  full.import(third.export({ mode: "update" }));
  const blob = full.export({ mode: "update", from: begun.version() });
  await assert.rejects(begun.importAsync(blob), { status: "EMISSING" });
  assert.deepEqual(begun.toJSON(), third.toJSON());
  assert.notDeepEqual(begun.toJSON(), full.toJSON());
  assert.throws(() => begun.import(other.export({ mode: "update" })), { status: "EMISSING" });
});

test("what builds on what is left out is, too, whatever else it waits for", () => {
  same((library) => {
    const old = doc(library, 3);
    const full = filled(library);
    old.import(full.export({ mode: "updates-in-range", spans: [{ id: { peer: "1", counter: 0 }, len: 1 }] }));
    const unknown = doc(library, 4);
    unknown.getMap("map").set("u", 1);
    old.import(unknown.export({ mode: "update" }));
    const before = old.version();
    old.getMap("map").set("o", 1);
    const both = old.export({ mode: "update", from: before });
    unknown.import(full.export({ mode: "update" }));
    const later = unknown.version();
    unknown.getMap("map").set("v", 1);
    const waits = unknown.export({ mode: "update", from: later });
    return taking(late(library, full), [waits, both]);
  });
});

test("a document with a counter does not begin late", () => {
  for (const kind of ["Counter", "Text", "Tree"])
    same((library) => {
      const d = doc(library, 2);
      d[`get${kind}`]("asked");
      const status = d.import(shallow(filled(library)));
      return [status, d.isShallow(), d.version().toJSON()];
    });
});

test("where a history begins late, no value is left of styles that no text can have", () => {
  const read = (library) => {
    const d = doc(library);
    const text = d.getText("text");
    d.configTextStyle({ gone: { expand: "after" }, kept: { expand: "both" } });
    text.insert(0, "abcdef");
    text.mark({ start: 1, end: 3 }, "gone", "secret");
    text.mark({ start: 1, end: 3 }, "kept", "told");
    text.delete(1, 2);
    const tree = d.getTree("tree");
    tree.delete(tree.createNode().id);
    d.commit();
    return blobOf(shallow(d));
  };
  assert.deepEqual(read(ours), read(theirs));
  assert.deepEqual(
    Object.values(read(ours).root).flatMap(({ state }) => state?.marks ?? []),
    [
      ["kept", "told", 134],
      ["gone", null, 132],
    ],
  );
});

test("nodes that were deleted before and after the beginning are written in one order", () => {
  same((library) => {
    const first = doc(library);
    const tree = first.getTree("tree");
    const [one] = [tree.createNode(), tree.createNode()];
    tree.delete(one.id);
    first.commit();
    const d = late(library, first);
    const [two] = d.getTree("tree").roots();
    d.getTree("tree").delete(two.id);
    d.commit();
    const { root, state } = blobOf(shallow(d));
    return [root, state];
  });
});
