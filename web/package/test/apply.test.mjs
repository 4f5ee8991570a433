// Diffs as edits, and going back by editing, here and in loro-crdt.
import assert from "node:assert/strict";
import test from "node:test";
import { doc, joined, ours, same, theirs } from "./both.mjs";

/** Some of every kind, in one another. */
function filled(library, peer = 1) {
  const made = doc(library, peer);
  made.configTextStyle({ bold: { expand: "after" } });
  const { LoroList, LoroText, LoroMap, LoroMovableList } = library;
  const map = made.getMap("map");
  const list = map.setContainer("list", new LoroList());
  list.push(1);
  list.insertContainer(1, new LoroText()).insert(0, "hi 🦜");
  list.insertContainer(2, new LoroMap()).set("deep", [1, { x: null }]);
  map.set("bytes", new Uint8Array([1, 2]));
  made.getText("text").insert(0, "hello");
  made.getText("text").mark({ start: 0, end: 2 }, "bold", true);
  made.getMovableList("row").push("a");
  made.getMovableList("row").insertContainer(0, new LoroText()).insert(0, "in a row");
  made.getCounter("count").increment(2.5);
  const root = made.getTree("tree").createNode();
  root.data.set("name", "root");
  root.createNode().data.setContainer("text", new LoroText()).insert(0, "leaf");
  made.commit();
  return made;
}

/** A shared text that was marked after a version, and is gone. */
function markedAside(library) {
  const made = doc(library);
  made.configTextStyle({ bold: { expand: "after" }, link: { expand: "none" } });
  const text = made.getMap("map").ensureMergeableText("k");
  text.insert(0, "hello world");
  text.mark({ start: 0, end: 5 }, "bold", 1);
  made.commit();
  const then = made.frontiers();
  text.insert(5, "!");
  text.mark({ start: 2, end: 8 }, "link", "x");
  text.mark({ start: 1, end: 3 }, "bold", 2);
  text.unmark({ start: 4, end: 6 }, "bold");
  made.getMap("map").delete("k");
  made.commit();
  return [made, then];
}

/** An operation without its values: neighbours that insert may be one operation or several. */
const bare = ({ container, content: { type, pos, len, key } }) => ({ container, type, pos, len, key });

/** What it holds, and the operations since a version. */
const told = (made, since) => {
  made.commit();
  return [made.toJSON(), made.exportJsonUpdates(since).changes.flatMap(({ ops }) => ops.map(bare))];
};

/** With entries of each map diff in order of their keys: loro-crdt has none. */
const ordered = (diff) =>
  diff.map(([id, change]) => [
    id,
    change.type !== "map"
      ? change
      : { ...change, updated: Object.fromEntries(Object.entries(change.updated).sort()) },
  ]);

/** Nodes of trees that are made anew have ids that depend on what is told first. */
const withoutIds = (json) =>
  JSON.parse(JSON.stringify(json, (key, value) => (key === "id" || key === "parent" ? 0 : value)));

const on = (id, diff) => [[`cid:root-${id}`, diff]];
const text = (...diff) => on("text:Text", { type: "text", diff });
const list = (...diff) => on("list:List", { type: "list", diff });
const map = (updated) => on("map:Map", { type: "map", updated });

const BOLD = { bold: true };
const NONE = { bold: null };

function applied(library, ...diffs) {
  const made = doc(library);
  made.configTextStyle({ bold: { expand: "after" } });
  made.getText("text").insert(0, "a🦜c");
  for (const item of "abcdef") made.getList("list").push(item);
  made.getMap("map").set("k", 1);
  made.commit();
  const before = made.version();
  for (const diff of diffs) made.applyDiff(diff);
  return told(made, before);
}

const SCENES = {
  "to another document": (library) => {
    const from = filled(library);
    const to = doc(library, 2);
    to.configTextStyle({ bold: { expand: "after" } });
    to.applyDiff(ordered(from.diff([], from.frontiers())));
    return withoutIds(to.toJSON());
  },
  "to another document, with containers": (library) => {
    const from = filled(library);
    const to = doc(library, 2);
    to.configTextStyle({ bold: { expand: "after" } });
    to.applyDiff(ordered(from.diff([], from.frontiers(), false)));
    return withoutIds(to.toJSON());
  },
  replaced: (library) => applied(library, text({ retain: 1 }, { insert: "XY" }, { delete: 2 })),
  "replaced, told the other way": (library) =>
    applied(library, list({ retain: 1 }, { delete: 2 }, { insert: ["X", "Y"] })),
  "written again": (library) => applied(library, map({ k: 1 })),
  "deleted, though it is not there": (library) => applied(library, map({ nothing: undefined })),
  nothing: (library) => applied(library, [], text(), list({ retain: 3 })),
  "twice the same": (library) => applied(library, text({ insert: "1" }), text({ insert: "2" })),
  "past the end of a text": (library) => applied(library, text({ retain: 9 }, { insert: "x" })),
  "past the end of a list": (library) => applied(library, list({ retain: 5 }, { delete: 2 })),
  "marked behind the end of a text": (library) =>
    applied(library, text({ retain: 20 }, { retain: 1, attributes: BOLD }, { retain: 1, attributes: NONE })),
  "marked over the end of a text": (library) => applied(library, text({ retain: 2 }, { retain: 20, attributes: BOLD })),
  "marked behind the end of a text, too far": (library) =>
    applied(library, text({ retain: 20 }, { retain: 2, attributes: BOLD })),
  "marked behind the end of a text, and written there": (library) =>
    applied(library, text({ retain: 20 }, { retain: 1, attributes: BOLD }, { insert: "x" })),
  "marked behind the end of a text, and written there later": (library) =>
    applied(library, text({ retain: 20 }, { retain: 1, attributes: BOLD }), text({ retain: 21 }, { insert: "x" })),
  "inside a character": (library) => applied(library, text({ retain: 2 }, { insert: "x" })),
  "the wrong kind": (library) => applied(library, on("text:Text", { type: "list", diff: [] })),
  "no container": (library) =>
    applied(library, [["cid:5@77:Text", { type: "text", diff: [{ insert: "x" }] }]]),
  "one that was deleted": (library) => {
    const made = doc(library);
    const child = made.getMap("map").setContainer("k", new library.LoroText());
    made.getMap("map").delete("k");
    made.commit();
    made.applyDiff([[child.id, { type: "text", diff: [{ insert: "x" }] }], ...text({ insert: "y" })]);
    return told(made);
  },
  "moved containers stay": (library) => {
    const made = doc(library);
    const row = made.getMovableList("row");
    const id = row.insertContainer(0, new library.LoroText()).id;
    row.push("b");
    made.commit();
    made.applyDiff(
      on("row:MovableList", { type: "list", diff: [{ delete: 1 }, { retain: 1 }, { insert: [`🦜:${id}`] }] }),
    );
    return [made.toJSON(), row.get(1).id === id];
  },
  "no edits while detached": (library) => {
    const made = filled(library);
    made.checkout([]);
    made.applyDiff(text({ insert: "x" }));
  },
  "back to the beginning": (library) => {
    const made = filled(library);
    made.revertTo([]);
    const pending = made.getPendingTxnLength();
    made.commit();
    return [made.toJSON(), pending];
  },
  "back and forth": (library) => {
    const made = filled(library);
    const then = made.frontiers();
    made.getMap("map").delete("list");
    made.getText("text").delete(1, 3);
    made.getText("text").insert(0, "X");
    made.getMovableList("row").move(0, 1);
    made.getCounter("count").increment(1);
    const tree = made.getTree("tree");
    tree.delete(tree.roots()[0].id);
    tree.createNode();
    made.commit();
    const later = made.frontiers();
    made.revertTo(then);
    made.commit();
    const first = made.toJSON();
    made.revertTo(later);
    made.commit();
    return [withoutIds(first), withoutIds(made.toJSON())];
  },
  "back to where a text stood that went on": (library) => {
    const made = filled(library);
    const row = made.getMovableList("row");
    const { id } = row.get(0);
    const then = made.frontiers();
    row.move(0, 1);
    row.get(1).insert(0, "still ");
    made.commit();
    const later = made.frontiers();
    made.revertTo(then);
    made.commit();
    const first = [row.toJSON(), row.get(0).id === id];
    made.applyDiff(made.diff(then, later, false));
    return [first, row.toJSON(), row.get(1).id === id];
  },
  "back to a shared text that was marked aside": (library) => {
    const [made, then] = markedAside(library);
    made.revertTo(then);
    return joined({ type: "text", diff: made.getMap("map").get("k").toDelta() });
  },
  "back to shared children that were edited and are gone": (library) => {
    const made = doc(library);
    const map = made.getMap("map");
    const text = map.ensureMergeableText("text");
    const list = map.ensureMergeableList("list");
    text.insert(0, "abcdef");
    for (const item of [1, 2, 3, 4, 5]) list.push(item);
    made.commit();
    const then = made.frontiers();
    text.delete(1, 1);
    text.insert(1, "b");
    text.insert(4, "X");
    list.delete(1, 1);
    list.delete(2, 1);
    for (const key of ["text", "list"]) map.delete(key);
    made.commit();
    const before = made.version();
    made.revertTo(then);
    made.commit();
    const ops = made.exportJsonUpdates(before, undefined, false).changes[0].ops.map(bare);
    return [made.toJSON(), ops.map((op) => JSON.stringify(op)).sort()];
  },
  "what a shared text that was marked aside is marked with": (library) => {
    const [made, then] = markedAside(library);
    const before = made.version();
    made.applyDiff(made.diff(made.frontiers(), then), { fullState: true });
    made.commit();
    return made.exportJsonUpdates(before, undefined, false);
  },
  "back to what is not here": (library) => filled(library).revertTo([{ peer: "9", counter: 1 }]),
};
for (const [name, scene] of Object.entries(SCENES)) {
  test(`apply: ${name}`, () => same(scene));
}

test("apply: what fails changes nothing", () => {
  const made = filled(ours);
  const before = [made.toJSON(), made.opCount()];
  const bad = [...text({ insert: "x" }), ...on("list:List", { type: "list", diff: [{ delete: 1 }] })];
  assert.throws(() => made.applyDiff(bad));
  assert.throws(() => made.applyDiff([["no id", text()[0][1]]]));
  assert.throws(() => made.applyDiff([...text({ insert: "x" }), ["cid:root-x:Map", { type: "odd" }]]));
  made.commit();
  assert.deepEqual([made.toJSON(), made.opCount()], before);
});

test("apply: diffs go from one library to the other", () => {
  const from = filled(theirs);
  const diff = from.diff([], from.frontiers(), true);
  const to = doc(ours, 2);
  to.configTextStyle({ bold: { expand: "after" } });
  to.applyDiff(JSON.parse(JSON.stringify(diff)));
  assert.deepEqual(to.getText("text").toDelta(), from.getText("text").toDelta());
  assert.equal(to.getMap("map").get("list").length, 3);
});
