// A snapshot opens without its history, which is read when something asks for it.
import assert from "node:assert/strict";
import test from "node:test";
import { ECORRUPT, LoroDoc } from "lorikeet-crdt";
import { mended } from "./mended.mjs";

/** What two peers wrote, in part at once. */
function written(word) {
  const [one, two] = [1n, 2n].map((peer) => {
    const doc = new LoroDoc();
    doc.setPeerId(peer);
    return doc;
  });
  one.getText("text").insert(0, `${word} and more`);
  one.getMap("map").set("key", 1);
  one.commit();
  two.import(one.export({ mode: "update" }));
  two.getText("text").delete(0, 2);
  one.getText("text").insert(4, "at once");
  one.import(two.export({ mode: "update" }));
  two.import(one.export({ mode: "update" }));
  return { one, two };
}

function opened(snapshot) {
  const doc = new LoroDoc();
  doc.setPeerId(3n);
  doc.import(snapshot);
  return doc;
}

const u32 = (bytes, at) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);

/** The history of one snapshot, and the state of another. */
function grafted(from, onto) {
  const history = from.subarray(22, 26 + u32(from, 22));
  const state = onto.subarray(26 + u32(onto, 22));
  const bytes = new Uint8Array(22 + history.length + state.length);
  bytes.set(from.subarray(0, 22));
  bytes.set(history, 22);
  bytes.set(state, 22 + history.length);
  return mended(bytes);
}

test("what is opened goes on, and knows what it is asked", () => {
  const { one, two } = written("word");
  const doc = opened(one.export({ mode: "snapshot" }));
  assert.deepEqual(doc.toJSON(), one.toJSON());
  assert.equal(doc.isShallow(), false);
  assert.equal(doc.opCount(), one.opCount());
  doc.getText("text").insert(0, "third ");
  two.getText("text").insert(0, "second ");
  doc.import(two.export({ mode: "update", from: one.version() }));
  two.import(doc.export({ mode: "update", from: one.version() }));
  assert.equal(doc.getText("text").toString(), two.getText("text").toString());
  assert.equal(doc.changeCount(), two.changeCount());
  assert.deepEqual(doc.exportJsonUpdates(), two.exportJsonUpdates());
  doc.checkout([{ peer: "1", counter: 3 }]);
  assert.equal(doc.getText("text").toString(), "word");
});

test("a snapshot that nothing was added to is the same again", () => {
  const snapshot = written("word").one.export({ mode: "snapshot" });
  assert.deepEqual(opened(snapshot).export({ mode: "snapshot" }), snapshot);
});

test("a history that leads elsewhere is refused when it is asked for", () => {
  const [a, b] = ["word", "work"].map((word) => written(word).one.export({ mode: "snapshot" }));
  const doc = opened(grafted(a, b));
  const before = doc.toJSON();
  assert.equal(doc.getText("text").toString(), opened(b).getText("text").toString());
  assert.throws(() => doc.changeCount(), ECORRUPT);
  assert.throws(() => doc.export({ mode: "update" }), ECORRUPT);
  assert.throws(() => doc.checkout([{ peer: "1", counter: 3 }]), ECORRUPT);
  assert.deepEqual(doc.toJSON(), before);
  doc.getText("text").insert(0, "on");
  assert.ok(doc.getText("text").toString().startsWith("on"));
});
