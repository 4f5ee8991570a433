// Movable lists, trees and counters: every method here and in loro-crdt, on the same content.
import assert from "node:assert/strict";
import test from "node:test";
import { doc, ours, same, told } from "./both.mjs";

const filled = (library) => {
  const made = doc(library);
  const movable = made.getMovableList("movable");
  for (const value of [1, "two", null]) movable.push(value);
  movable.pushContainer(new library.LoroText()).insert(0, "deep");
  const tree = made.getTree("tree");
  const a = tree.createNode();
  const [b, c] = [a.createNode(), a.createNode(0)];
  const d = tree.createNode(undefined, 0);
  c.data.set("key", [1.5]);
  const counter = made.getCounter("counter");
  counter.increment(2.5);
  return { made, movable, tree, a, b, c, d, counter };
};
const on = (act) => () => same((library) => act({ ...filled(library), library }));
const ids = (nodes) => nodes?.map(({ id }) => id);

const MOVABLE = {
  insert: ({ movable }) => (movable.insert(1, true), movable.toJSON()),
  "insert past the end": ({ movable }) => movable.insert(5, 1),
  insertContainer: ({ movable, library }) => {
    const list = movable.insertContainer(0, new library.LoroMovableList());
    list.push(1);
    return [list.id, movable.toJSON()];
  },
  set: ({ movable }) => (movable.set(1, { x: [1] }), movable.toJSON()),
  "set past the end": ({ movable }) => movable.set(4, 1),
  setContainer: ({ movable, library }) => {
    movable.setContainer(3, new library.LoroMap()).set("x", 1);
    return [movable.toJSON(), movable.getShallowValue()];
  },
  move: ({ movable }) => (movable.move(0, 3), movable.move(2, 1), movable.toJSON()),
  "move past the end": ({ movable }) => movable.move(0, 4),
  "move to itself": ({ movable, made }) => (movable.move(9, 9), made.opCount()),
  delete: ({ movable }) => (movable.delete(1, 2), movable.toJSON()),
  "delete nothing": ({ movable }) => (movable.delete(9, 0), movable.toJSON()),
  "delete past the end": ({ movable }) => movable.delete(3, 2),
  pop: ({ movable }) => [movable.pop(), movable.pop(), movable.toJSON()],
  clear: ({ movable }) => (movable.clear(), [movable.length, movable.pop()]),
  get: ({ movable }) => [movable.get(1), movable.get(3).toString(), movable.get(4), movable.get(-1)],
  writers: ({ movable, made }) => {
    made.setPeerId(2);
    movable.move(0, 1);
    made.setPeerId(3);
    movable.set(1, "new");
    return [movable.getCreatorAt(1), movable.getLastMoverAt(1), movable.getLastEditorAt(1)];
  },
  kind: ({ movable }) => [movable.kind(), movable.id, movable.isAttached(), movable.parent()?.id],
  detached: ({ made, library }) => {
    const list = new library.LoroMovableList();
    list.push(1);
    list.insertContainer(0, new library.LoroMap()).set("x", 1);
    list.set(1, 5);
    list.move(0, 1);
    const put = made.getMap("map").setContainer("list", list);
    return [put.id, put.toJSON(), list.getAttached().id, list.isAttached(), made.opCount()];
  },
};

const TREE = {
  shapes: ({ tree }) => [tree.toJSON(), tree.getShallowValue(), tree.toArray()],
  createNode: ({ tree, a }) => (tree.createNode(a.id, 1), a.createNode(2), tree.toJSON()),
  "createNode past the end": ({ a }) => a.createNode(3),
  "createNode below nobody": ({ tree }) => tree.createNode("9@9"),
  "createNode of nonsense": ({ tree }) => tree.createNode("nonsense"),
  ...Object.fromEntries(
    // the last id there can be, and what only looks like one
    ["0@1", "2147483647@18446744073709551614", "2147483648@1", "1@18446744073709551616", "1@184467440737095516150"]
      .concat("@1", "1@", "1@2@3", "-1@1", "1@x", "")
      .map((id) => [`has "${id}"`, ({ tree }) => [tree.has(id), tree.getNodeByID(id)?.id]]),
  ),
  move: ({ tree, a, b, d }) => (tree.move(b.id), a.move(d), tree.toJSON()),
  "move past the end": ({ tree, a }) => tree.move(a.id, undefined, 2),
  "move below itself": ({ tree, a, b }) => tree.move(a.id, b.id),
  "move to where it is": ({ tree, a, d, made }) => (
    tree.move(d.id, undefined, 0), tree.move(a.id), made.opCount()
  ),
  moveAfter: ({ tree, a, b, c, d }) => (d.moveAfter(c), a.moveAfter(a), b.moveBefore(c), tree.toJSON()),
  "move what was deleted": ({ tree, b }) => (tree.delete(b.id), tree.move(b.id)),
  "move out of what was deleted": ({ tree, a, b }) => (tree.delete(a.id), tree.move(b.id), tree.toJSON()),
  delete: ({ tree, a, b }) => {
    tree.delete(a.id);
    return [a, b].map((node) => [
      [node.isDeleted(), tree.has(node.id), tree.isNodeDeleted(node.id), node.data.isDeleted()],
      [node.index(), node.fractionalIndex(), node.parent()?.id, ids(node.children())],
      tree.getNodeByID(node.id)?.id,
    ]);
  },
  "delete twice": ({ tree, a }) => (tree.delete(a.id), tree.delete(a.id)),
  "edit the data of what was deleted": ({ tree, a }) => (tree.delete(a.id), a.data.set("x", 1)),
  nobody: ({ tree }) => [tree.has("9@9"), tree.getNodeByID("9@9")],
  "nobody deleted": ({ tree }) => tree.isNodeDeleted("9@9"),
  getNodes: ({ tree, b, d }) => {
    for (let i = 0; i < 4; i++) [b, d][i % 2].createNode();
    tree.delete(b.id);
    const options = [undefined, {}, { withDeleted: false }, { withDeleted: true }];
    return [...options.map((each) => ids(tree.getNodes(each))), ids(tree.nodes()).sort()];
  },
  roots: ({ tree, a, b }) => [ids(tree.roots()), ids(a.children()), b.children()],
  node: ({ a, c, d }) =>
    [a, c, d].map((node) => [
      [node.id, node.index(), node.fractionalIndex(), node.parent()?.id, node.data.id],
      [node.creator(), node.creationId(), node.getLastMoveId(), node.toJSON(), node.isDeleted()],
    ]),
  positions: ({ tree, d, made }) => {
    tree.disableFractionalIndex();
    tree.createNode();
    const off = tree.isFractionalIndexEnabled();
    tree.enableFractionalIndex(0);
    for (let i = 1; i < 4; i++) tree.createNode(undefined, i);
    return [off, tree.isFractionalIndexEnabled(), tree.toJSON(), made.opCount(), d.index()];
  },
  "an index without positions": ({ tree }) => (tree.disableFractionalIndex(), tree.createNode(undefined, 0)),
  detached: ({ made, library }) => {
    const tree = new library.LoroTree();
    const root = tree.createNode();
    root.data.set("x", 1);
    root.createNode().data.set("y", 2);
    const put = made.getMap("map").setContainer("tree", tree);
    return [put.toJSON(), tree.getAttached().id, tree.isAttached(), made.opCount()];
  },
};

const COUNTER = {
  value: ({ counter }) => (counter.decrement(4), [counter.value, counter.toJSON()]),
  shallow: ({ counter }) => [counter.getShallowValue(), counter.kind(), counter.id],
  detached: ({ made, library }) => {
    const counters = [new library.LoroCounter(), new library.LoroCounter()];
    counters[0].increment(2);
    const put = counters.map((each, i) => made.getMap("map").setContainer(`${i}`, each));
    return [put.map((each) => each.value), put[0].parent().id, made.opCount()];
  },
};

for (const [kind, cases] of Object.entries({ MOVABLE, TREE, COUNTER })) {
  test(kind.toLowerCase(), async (t) => {
    for (const [name, act] of Object.entries(cases)) await t.test(name, on(act));
  });
}

test("lists tell ids, maps their editors", () => {
  same((library) => {
    const made = doc(library);
    const list = made.getList("list");
    list.push(1);
    made.setPeerId(2);
    list.insert(0, 2);
    const map = made.getMap("map");
    map.set("a", 1);
    map.set("b", 1);
    map.delete("b");
    const editors = ["a", "b", "c"].map((key) => map.getLastEditor(key));
    return [list.getIdAt(0), list.getIdAt(1), list.getIdAt(2), editors];
  });
});

test("events of local edits", () => {
  same((library) => {
    const batches = [];
    const { made, movable, tree, a, b, c, d, counter } = filled(library);
    made.commit();
    made.subscribe((batch) => batches.push(told(batch)));
    movable.move(0, 3);
    made.commit();
    movable.set(0, "set");
    made.commit();
    tree.move(b.id, d.id);
    tree.createNode(b.id).data.set("x", 1);
    tree.delete(c.id);
    made.commit();
    tree.delete(d.id);
    made.commit();
    counter.increment(0.5);
    counter.decrement(1);
    made.commit();
    a.move(undefined, 0);
    return batches;
  });
});

test("a node that comes back is told whole", () => {
  const [mine, yours] = [doc(ours, 1), doc(ours, 2)];
  const pass = (from, to) => to.import(from.export({ mode: "update", from: to.version() }));
  const tree = mine.getTree("tree");
  const a = tree.createNode();
  const b = a.createNode();
  b.data.set("key", "value");
  pass(mine, yours);
  tree.delete(a.id);
  mine.commit();
  yours.getTree("tree").move(b.id);
  const events = [];
  mine.subscribe((batch) => events.push(...batch.events.map(({ path, diff }) => [path, diff])));
  pass(yours, mine);
  assert.deepEqual(events, [
    [
      ["tree"],
      {
        type: "tree",
        diff: [
          { target: b.id, action: "create", parent: undefined, index: 0, fractionalIndex: "8180" },
        ],
      },
    ],
    [["tree", b.id], { type: "map", updated: { key: "value" } }],
  ]);
});
