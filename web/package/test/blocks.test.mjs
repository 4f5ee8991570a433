// Where changes end: Loro keeps them in blocks of about 4 kB, which no change crosses. Beside the
// published loro-crdt, for each kind of operation, written here and received.
import assert from "node:assert/strict";
import test from "node:test";
import { ours, theirs } from "./both.mjs";

const BOLD = { bold: { expand: "after" } };
const text = (doc) => doc.getText("text");

function growText(doc, len) {
  if (text(doc).length < len) text(doc).insert(0, "x".repeat(len));
}

/** Each is one transaction, made again and again. */
const edits = {
  "text in front": (doc) => text(doc).insert(0, "abcdefghij"),
  "text of several bytes": (doc) => text(doc).insert(0, "é😀".repeat(4)),
  "text at the end": (doc) => text(doc).push("abc"),
  "large text": (doc) => text(doc).insert(0, "x".repeat(5000)),
  deletions(doc, i) {
    growText(doc, 3000);
    text(doc).delete((i * 7) % 2000, 1);
  },
  marks(doc, i) {
    growText(doc, 10);
    text(doc).mark({ start: 0, end: 3 }, "bold", i);
  },
  "map sets": (doc, i) => doc.getMap("map").set("k", `${i}`.repeat(5)),
  "map sets and deletions"(doc, i) {
    if (i % 2) doc.getMap("map").delete("k");
    else doc.getMap("map").set("k", i);
  },
  "list in front": (doc, i) => doc.getList("list").insert(0, i),
  "list at the end": (doc, i) => doc.getList("list").push(i),
  "movable sets"(doc, i) {
    const list = doc.getMovableList("movable");
    if (list.length === 0) list.push(0);
    else list.set(0, i);
  },
  "movable moves"(doc) {
    const list = doc.getMovableList("movable");
    if (list.length < 2) list.push(0);
    else list.move(0, 1);
  },
  "tree nodes": (doc) => doc.getTree("tree").createNode(),
  counts: (doc) => doc.getCounter("counter").increment(1),
  "hundreds of operations at once"(doc, i) {
    for (let k = 0; k < 700; k++) doc.getMap("map").set(`k${k % 5}`, i * 1000 + k);
    growText(doc, 3000);
    for (let k = 0; k < 700; k++) text(doc).delete((k * 7) % 1000, 1);
  },
};

/** Do the same with both libraries, and compare what it makes. */
function both(make) {
  const [a, b] = [ours, theirs].map(make);
  assert.deepEqual(a, b);
  assert.ok(JSON.stringify(a).length > 2);
}

function start({ LoroDoc }) {
  const doc = new LoroDoc();
  doc.setPeerId("1");
  doc.configTextStyle(BOLD);
  return doc;
}

function write(doc, edit, count, options = () => undefined) {
  for (let i = 0; i < count; i++) {
    edit(doc, i);
    doc.commit(options(i));
  }
  return doc;
}

const lengths = (doc) =>
  [...doc.getAllChanges()]
    .map(([peer, changes]) => [peer, changes.map(({ length }) => length)])
    .sort(([a], [b]) => a - b);

for (const [name, edit] of Object.entries(edits)) {
  const count = name.startsWith("hundreds") ? 3 : 1500;
  test(`${name}: changes end where Loro has them end`, () => {
    both((library) => lengths(write(start(library), edit, count)));
    both((library) => {
      const said = (i) => ({ message: `${i % 3 === 0}` });
      return lengths(write(start(library), edit, count, said));
    });
  });
  test(`${name}: and where they are received, and gone on from`, () => {
    both((library) => {
      const made = write(start(theirs), edit, count);
      return ["update", "snapshot"].map((mode) => {
        const copy = new library.LoroDoc();
        copy.configTextStyle(BOLD);
        copy.import(made.export({ mode }));
        const received = lengths(copy);
        copy.setPeerId("1");
        return [received, lengths(write(copy, edits["text in front"], 600))];
      });
    });
  });
}

test("a change on several others takes more of a block", () => {
  both((library) => {
    const doc = start(library);
    text(doc).insert(0, "x".repeat(3000));
    doc.commit();
    for (let i = 0; i < 20; i++) {
      for (let k = 0; k < i % 4; k++) {
        const other = new library.LoroDoc();
        other.setPeerId(BigInt(100 + i * 4 + k));
        other.getMap("map").set("k", i);
        doc.import(other.export({ mode: "update" }));
      }
      text(doc).insert(0, "q");
      doc.commit();
    }
    return lengths(write(doc, (at) => text(at).insert(0, "y"), 1200));
  });
});
