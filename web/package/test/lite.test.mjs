// The smallest engine: whatever its documents offer works, and understands what the whole one says.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import * as lite from "lorikeet-crdt/lite";
import { doc, ours } from "./both.mjs";

const kinds = ["Text", "Map", "List", "MovableList", "Tree", "Counter"];

function fill(made) {
  const { LoroText } = made instanceof lite.LoroDoc ? lite : ours;
  const text = made.getText("Text");
  text.insert(0, "one two");
  text.mark({ start: 0, end: 3 }, "bold", true);
  text.update("one three");
  made.getMap("Map").setContainer("child", new LoroText()).insert(0, "inner");
  made.getMap("Map").set("k", [1, null, { deep: true }]);
  made.getList("List").insert(0, "a");
  made.getMovableList("MovableList").push(1);
  made.getMovableList("MovableList").push(2);
  made.getMovableList("MovableList").move(0, 1);
  const root = made.getTree("Tree").createNode();
  root.data.set("name", "n");
  root.createNode();
  made.getCounter("Counter").increment(2.5);
  made.commit();
}

test("both engines make the same document, and read each other's bytes", () => {
  const [a, b] = [doc(lite, 1), doc(ours, 2)];
  for (const made of [a, b]) made.configTextStyle({ bold: { expand: "after" } });
  fill(a);
  fill(b);
  for (const mode of ["update", "snapshot"]) {
    const copy = doc(lite, 3);
    copy.import(b.export({ mode }));
    assert.deepEqual(copy.toJSON(), b.toJSON());
    copy.import(a.export({ mode }));
    const whole = doc(ours, 4);
    whole.import(copy.export({ mode }));
    assert.deepEqual(whole.toJSON(), copy.toJSON());
    assert.deepEqual(whole.getText("Text").toDelta(), copy.getText("Text").toDelta());
  }
});

test("events, the past, cursors and ranges", () => {
  const made = doc(lite);
  const seen = [];
  made.subscribe(({ by, events }) => seen.push([by, ...events.map(({ diff }) => diff.type)]));
  fill(made);
  assert.equal(seen.length, 1);
  assert.equal(seen[0][0], "local");
  const then = made.frontiers();
  const cursor = made.getText("Text").getCursor(4);
  made.getText("Text").insert(0, "> ");
  made.commit();
  assert.equal(made.getCursorPos(lite.Cursor.decode(cursor.encode())).offset, 6);
  made.checkout(then);
  assert.equal(made.getText("Text").toString(), "one three");
  assert.equal(made.forkAt(then).getText("Text").toString(), "one three");
  made.checkoutToLatest();
  assert.equal(made.fork().getText("Text").toString(), "> one three");
  const first = made.export({ mode: "updates-in-range", spans: [{ id: { peer: "1", counter: 0 }, len: 3 }] });
  assert.deepEqual(lite.decodeImportBlobMeta(first).partialEndVersionVector.toJSON(), new Map([["1", 3]]));
  const shallow = new lite.LoroDoc();
  shallow.importBatch([made.export({ mode: "shallow-snapshot", frontiers: made.frontiers() })]);
  assert.ok(shallow.isShallow());
  assert.deepEqual(shallow.toJSON(), made.toJSON());
});

test("no method calls what the module lacks", () => {
  const engine = new WebAssembly.Module(readFileSync(new URL("../dist/lorikeet_lite.wasm", import.meta.url)));
  const exported = new Set(WebAssembly.Module.exports(engine).map(({ name }) => name));
  const offered = (of) => {
    const found = [];
    for (let at = of.prototype; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
      const { constructor, ...own } = Object.getOwnPropertyDescriptors(at);
      for (const [name, { value, get }] of Object.entries(own)) {
        if (!name.startsWith("_")) found.push([name, String(value ?? get)]);
      }
    }
    return found;
  };
  const classes = Object.values(lite).filter((value) => typeof value === "function" && value.prototype);
  assert.ok(classes.includes(lite.LoroDoc));
  for (const each of classes) {
    for (const [name, code] of offered(each)) {
      for (const call of code.match(/\bw_\w+/g) ?? []) {
        assert.ok(exported.has(call), `${each.name}.${name}() calls ${call}`);
      }
    }
  }
  for (const name of ["JSONPath", "applyDiff", "getAllChanges", "importAsync", "exportJsonUpdates"]) {
    assert.ok(name in ours.LoroDoc.prototype && !(name in lite.LoroDoc.prototype), name);
  }
  assert.ok(kinds.every((kind) => `Loro${kind}` in lite));
});
