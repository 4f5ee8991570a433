// Undo managers, here and in loro-crdt.
import assert from "node:assert/strict";
import test from "node:test";
import { doc, ours, same } from "./both.mjs";

/** A document, what is in it, and its undo manager; every commit is a step. */
function desk(library, config = {}) {
  const made = doc(library);
  const undo = new library.UndoManager(made, { mergeInterval: 0, ...config });
  return { library, made, undo, text: made.getText("text") };
}

/** Type and commit. */
function type({ made, text }, pos, what, options) {
  text.insert(pos, what);
  made.commit(options);
}

/** What another peer does with all that is there, merged back. */
function elsewhere({ library, made }, act) {
  const other = doc(library, 2);
  other.import(made.export({ mode: "update" }));
  act(other);
  made.import(other.export({ mode: "update", from: made.version() }));
}

const stacks = ({ undo }) => [undo.canUndo(), undo.canRedo()];
const now = (at) => [at.made.toJSON(), stacks(at), at.made.opCount()];

/** Everything there is to undo, then to redo, step by step. */
function swing(at) {
  const seen = [now(at)];
  while (at.undo.canUndo()) seen.push([at.undo.undo(), now(at)]);
  while (at.undo.canRedo()) seen.push([at.undo.redo(), now(at)]);
  return seen;
}

/** A movable list "abcde" that is no step. */
function row(at) {
  const list = at.made.getMovableList("row");
  for (const item of "abcde") list.push(item);
  at.made.commit();
  at.undo.clear();
  return list;
}

/** Children that peers share, edited and hidden in one step; and what undoing that makes. */
function hidden(at) {
  const map = at.made.getMap("m");
  const [text, list, row, inner] = ["Text", "List", "MovableList", "Map"].map((kind) =>
    map[`ensureMergeable${kind}`](kind),
  );
  text.insert(0, "abc");
  for (const item of [1, 2, 3]) list.push(item), row.push(item);
  inner.set("k", 1);
  at.made.commit();
  text.delete(1, 1);
  text.insert(1, "b");
  list.delete(1, 1);
  list.insert(1, 2);
  row.set(1, 5);
  inner.set("k", 2);
  for (const kind of map.keys()) map.delete(kind);
  at.made.commit();
  const before = at.made.version();
  at.undo.undo();
  const back = at.made.exportJsonUpdates(before, undefined, false).changes[0].ops;
  const inside = back.filter(({ container }) => container.includes(">")).map(({ content }) => content);
  return [at.made.toJSON(), back.length, inside.map((op) => JSON.stringify(op)).sort()];
}

const SCENES = {
  "children that are hidden": hidden,
  nothing: (at) => [at.undo.undo(), at.undo.redo(), stacks(at), at.undo.topUndoValue()],
  "there and back": (at) => (type(at, 0, "hello"), type(at, 5, " world"), swing(at)),
  "not committed yet": (at) => (at.text.insert(0, "a"), [stacks(at), at.undo.undo(), now(at)]),
  "a new edit ends redoing": (at) => {
    type(at, 0, "a");
    at.undo.undo();
    type(at, 0, "b");
    return stacks(at);
  },
  "what was there before": (at) => {
    const made = doc(at.library);
    made.getText("text").insert(0, "old");
    const undo = new at.library.UndoManager(made, {});
    made.commit();
    return [undo.canUndo(), undo.undo()];
  },
  "others stay": (at) => {
    type(at, 0, "abc");
    type(at, 3, "def");
    elsewhere(at, (other) => (other.getText("text").insert(1, "X"), other.getMap("m").set("k", 1)));
    return swing(at);
  },
  "a step that others undid": (at) => {
    type(at, 0, "abc");
    type(at, 3, "d");
    elsewhere(at, (other) => other.getText("text").delete(3, 1));
    return [at.undo.undo(), now(at)];
  },
  "a key that others wrote": (at) => {
    at.made.getMap("map").set("k", 1);
    at.made.commit();
    elsewhere(at, (other) => other.getMap("map").set("k", 2));
    return [at.undo.undo(), now(at)];
  },
  "a key that was never there": (at) => {
    at.made.getMap("map").delete("k");
    at.made.commit();
    at.made.getMap("map").delete("k");
    at.made.commit();
    return [at.undo.undo(), stacks(at)];
  },
  "a child made anew": (at) => {
    const map = at.made.getMap("map");
    const child = map.setContainer("k", new at.library.LoroText());
    child.insert(0, "in");
    at.made.commit();
    child.insert(2, "side");
    at.made.commit();
    map.delete("k");
    at.made.commit();
    return [swing(at), swing(at)];
  },
  counters: (at) => {
    at.made.getCounter("count").increment(3);
    at.made.commit();
    elsewhere(at, (other) => other.getCounter("count").increment(10));
    return swing(at);
  },
  trees: (at) => {
    const tree = at.made.getTree("tree");
    const root = tree.createNode();
    root.data.set("k", 1);
    root.createNode().data.set("k", 2);
    at.made.commit();
    const second = tree.createNode();
    at.made.commit();
    tree.move(second.id, root.id, 0);
    at.made.commit();
    tree.delete(root.id);
    at.made.commit();
    return swing(at);
  },
  "others' origins": (at) => {
    at.undo.addExcludeOriginPrefix("sys:");
    type(at, 0, "hello");
    type(at, 1, "1", { origin: "sys:test" });
    type(at, 6, " world");
    return swing(at);
  },
  "the newest steps": (at) => {
    at.undo.setMaxUndoSteps(3);
    for (let i = 0; i < 5; i++) type(at, i, String(i));
    return swing(at);
  },
  "within the interval": (at) => {
    at.undo.setMergeInterval(60_000);
    for (let i = 0; i < 5; i++) type(at, i, String(i));
    return swing(at);
  },
  groups: (at) => {
    at.undo.groupStart();
    type(at, 0, "a");
    type(at, 1, "b");
    at.undo.groupEnd();
    type(at, 2, "c");
    return swing(at);
  },
  "two groups": (at) => (at.undo.groupStart(), at.undo.groupStart()),
  "a group and others": (at) => {
    at.undo.groupStart();
    type(at, 0, "a");
    elsewhere(at, (other) => other.getText("other").insert(0, "x"));
    type(at, 1, "b");
    elsewhere(at, (other) => other.getText("text").insert(0, "x"));
    type(at, 1, "c");
    return swing(at);
  },
  "the past forgets": (at) => {
    type(at, 0, "a");
    at.made.checkout([]);
    at.made.attach();
    const first = stacks(at);
    type(at, 0, "b");
    type(at, 0, "c");
    return [first, swing(at)];
  },
  "a pause": (at) => {
    type(at, 0, "abc");
    at.undo.pause();
    at.made.checkout([]);
    at.made.attach();
    type(at, 1, "P");
    const paused = [at.undo.isPaused(), at.undo.undo(), stacks(at)];
    at.undo.resume();
    type(at, 0, "X");
    return [paused, swing(at)];
  },
  "another peer": (at) => {
    type(at, 0, "a");
    at.made.setPeerId(9);
    const first = [stacks(at), at.undo.peer()];
    type(at, 0, "b");
    return [first, swing(at)];
  },
  clearing: (at) => {
    type(at, 0, "a");
    type(at, 0, "b");
    at.undo.undo();
    at.undo.clearRedo();
    const first = stacks(at);
    at.undo.clearUndo();
    return [first, stacks(at), now(at)];
  },
  "who moved what": (at) => {
    const list = row(at);
    list.move(0, 4);
    list.set(0, "B");
    list.insert(2, "N");
    list.delete(3, 1);
    at.made.commit();
    return swing(at);
  },
  "moved to and fro": (at) => {
    const list = row(at);
    list.move(0, 4);
    list.move(4, 2);
    list.move(1, 0);
    at.made.commit();
    return swing(at);
  },
  "moved where others moved": (at) => {
    row(at).move(0, 3);
    at.made.commit();
    elsewhere(at, (other) => (other.getMovableList("row").move(3, 1), other.commit()));
    return swing(at);
  },
  "gone with its neighbours": (at) => {
    row(at).delete(2, 1);
    at.made.commit();
    elsewhere(at, (other) => {
      other.getMovableList("row").delete(0, 2);
      other.getMovableList("row").insert(0, "R");
    });
    return swing(at);
  },
  callbacks: ({ library }) => {
    const log = [];
    const made = doc(library);
    made.subscribe((batch) => log.push(["heard", batch.origin]));
    const undo = new library.UndoManager(made, { mergeInterval: 0 });
    const at = { made, undo, text: made.getText("text") };
    at.undo.setOnPush((isUndo, range, event) => {
      log.push(["push", isUndo, range, event && [event.by, event.origin]]);
      return { value: log.length, cursors: [] };
    });
    at.undo.setOnPop((isUndo, note, range) => log.push(["pop", isUndo, note, range]));
    type(at, 0, "a", { origin: "typing" });
    at.undo.setMergeInterval(60_000);
    type(at, 1, "b");
    log.push(at.undo.topUndoValue(), at.undo.topRedoValue());
    at.undo.undo();
    log.push(at.undo.topRedoValue());
    at.undo.redo();
    at.undo.setOnPush();
    at.undo.setOnPop(undefined);
    type(at, 0, "c");
    return log;
  },
  "cursors come back": (at) => {
    const places = [];
    let cursors = [];
    at.undo.setOnPush(() => ({ value: null, cursors }));
    at.undo.setOnPop((_, note) => {
      places.push(note.cursors.map((cursor) => at.made.getCursorPos(cursor)?.offset));
    });
    type(at, 0, "hello world");
    cursors = [0, 5, 100].map((pos) => at.text.getCursor(pos));
    at.text.delete(0, 6);
    at.made.commit();
    elsewhere(at, (other) => other.getText("text").insert(0, "XY"));
    at.undo.undo();
    at.undo.redo();
    return places;
  },
};
for (const [name, scene] of Object.entries(SCENES)) {
  test(`undo: ${name}`, () => same((library) => scene(desk(library))));
}

// Loro takes back only what was written after others' operations arrived.
test("undo: a key written before and after others' operations", () => {
  const at = desk(ours);
  const map = at.made.getMap("map");
  map.set("k", 0);
  at.made.commit();
  at.undo.groupStart();
  map.set("k", 1);
  at.made.commit();
  elsewhere(at, (other) => other.getText("other").insert(0, "x"));
  map.set("k", 2);
  at.made.commit();
  assert.equal(at.undo.undo(), true);
  assert.equal(map.get("k"), 0);
});

test("undo: local updates are sent", () => {
  const at = desk(ours);
  const other = new ours.LoroDoc();
  at.made.subscribeLocalUpdates((bytes) => other.import(bytes));
  type(at, 0, "abc");
  at.undo.undo();
  assert.deepEqual(other.toJSON(), at.made.toJSON());
  assert.deepEqual(other.version().toJSON(), at.made.version().toJSON());
});

test("undo: managers end with their document, or before it", () => {
  const at = desk(ours);
  const second = new ours.UndoManager(at.made);
  second.free();
  second.free();
  assert.throws(() => second.undo());
  type(at, 0, "a");
  at.made.free();
  assert.throws(() => at.undo.canUndo());
});
