// Containers of a kind that nobody knows yet: what they hold is kept, and what is around them works.
import assert from "node:assert/strict";
import test from "node:test";
import { doc, ours, same, told } from "./both.mjs";
import { mended } from "./mended.mjs";

/** The updates that `make(doc, kind)` writes, with the kind of its child made one to come. */
function later(make) {
  const [text, list] = ["LoroText", "LoroList"].map((kind) => {
    const made = doc(ours, 5);
    make(made, new ours[kind]());
    return made.export({ mode: "update" });
  });
  const at = text.findIndex((byte, i) => i >= 20 && byte !== list[i]);
  assert.deepEqual(text.slice(at + 1), list.slice(at + 1), "the kind is the only difference");
  text[at] = 9;
  return mended(text);
}

// A map "text" with one entry, made a root of kind 9.
const root = Uint8Array.from(
  Buffer.from(
    "6c6f726f0000000000000000000000000000000000044200010001011001050000000000000001010000000000" +
      "050100000100060104010900020701610474657874000e010402010002010002010b020101000505037a7a7a",
    "hex",
  ),
);
const blobs = {
  root: mended(root),
  "child of a map": later((d, child) => d.getMap("m").setContainer("c", child)),
  "child of a list": later((d, child) => {
    d.getList("l").insert(0, "before");
    d.getList("l").insertContainer(1, child);
  }),
};

function filled(library) {
  const made = doc(library, 1);
  made.getText("text").insert(0, "hello");
  made.getMap("m").set("k", 1);
  made.getMap("z").set("k", 2);
  return made;
}

for (const [name, blob] of Object.entries(blobs)) {
  const received = (library) => {
    const made = filled(library);
    made.import(blob);
    return made;
  };
  test(`${name}: the rest of the document reads as in loro-crdt`, () => {
    if (name === "root") {
      // two roots share a name; loro-crdt shows the one that its hash map has last
      const { z, m } = received(ours).toJSON();
      assert.deepEqual({ z, m }, { z: { k: 2 }, m: { k: 1 } });
    } else {
      same((library) => received(library).toJSON());
      same((library) => received(library).getShallowValue());
    }
    same((library) => received(library).getByPath("z/k"));
    same((library) => received(library).getText("text").toString());
  });
  test(`${name}: it goes on to others`, () => {
    same((library) => {
      const other = new library.LoroDoc();
      other.import(received(library).export({ mode: "snapshot" }));
      return [other.getMap("z").toJSON(), other.opCount(), other.version().toJSON()];
    });
  });
  test(`${name}: an import tells of it`, () => {
    const made = filled(ours);
    made.commit();
    const heard = [];
    made.subscribe((batch) => heard.push(told(batch)));
    made.import(blob);
    assert.deepEqual(heard.length, name === "root" ? 0 : 1);
  });
}

test("it has an id and a kind, and cannot be copied", () => {
  const made = doc(ours, 1);
  made.import(blobs["child of a map"]);
  const child = made.getMap("m").get("c");
  assert.equal(child.id, "cid:0@5:Unknown(9)");
  assert.equal(child.kind(), "Unknown(9)");
  assert.equal(child.toJSON(), null);
  assert.equal(child.parent().id, "cid:root-m:Map");
  assert.throws(() => made.getMap("m").setContainer("d", child), ours.EKIND);
  assert.deepEqual(made.getDeepValueWithID().m, {
    cid: "cid:root-m:Map",
    value: { c: { cid: child.id, value: null } },
  });
});
