// Documents read as plain trees in several ways, here and in loro-crdt.
import test from "node:test";
import { doc, isContainer, ours, same } from "./both.mjs";

const HAS = (kind) => `get${kind}` in ours.LoroDoc.prototype && `Loro${kind}` in ours;

function filled(library) {
  const made = doc(library);
  const [text, map, list] = ["Text", "Map", "List"].map((kind) => made[`get${kind}`](kind));
  text.insert(0, "héy😀");
  map.set("a", 1);
  map.set("o", { x: [1, { y: 2 }], k: "v" });
  map.set("bytes", new Uint8Array([1, 2]));
  map.setContainer("map", new library.LoroMap()).set("z", null);
  map.ensureMergeableMap("shared").set("in", 1);
  list.insertContainer(0, new library.LoroText()).insert(0, "q");
  list.push(5);
  list.push([1, 2]);
  list.pushContainer(new library.LoroList()).pushContainer(new library.LoroMap()).set("d", 1);
  made.getText("empty");
  if (HAS("MovableList")) {
    made.getMovableList("MovableList").push("e");
    made.getMovableList("MovableList").pushContainer(new library.LoroList()).push(3);
  }
  if (HAS("Counter")) made.getCounter("Counter").increment(2.5);
  if (HAS("Tree")) {
    const node = made.getTree("Tree").createNode();
    node.data.set("k", "v");
    node.createNode().data.setContainer("t", new library.LoroText()).insert(0, "in");
    made.getTree("Tree").createNode();
  }
  made.commit();
  return made;
}
const ids = (made) => Object.values(made.getShallowValue()).sort();
const on = (name, act) => test(name, () => same((library) => act(filled(library), library)));

const PATHS = [
  ...["", "/", "none", "Map", "Map/", "/Map", "Map/a", "Map//a", "Map/map", "Map/map/z", "Map/o"],
  ...["Map/o/x", "Map/none", "Map/shared", "Map/shared/in", "List/0", "List/1", "List/-1", "List/x"],
  ...["List/2", "List/2/0", "List/9", "List/00", "List/3/0/d", "Text", "Text/0", "Text/1", "Text/99"],
  ...["Text/x", "MovableList/0", "MovableList/1/0", "Counter", "Counter/0", "Tree", "Tree/0"],
  ...["Tree/0/0", "Tree/0/k", "Tree/0/0/t", "Tree/1", "Tree/9", "Tree/9/k"],
];
for (const path of PATHS) {
  on(`at ${path}`, (made) => {
    const found = made.getByPath(path);
    return isContainer(found) ? [found.kind(), found.id] : found;
  });
}

if (HAS("Tree")) {
  on("at nodes by their ids", (made) => {
    const [{ id }] = made.getTree("Tree").roots();
    return [made.getByPath(`Tree/${id}`).id, made.getByPath(`Tree/${id}/k`)];
  });
}

const RANGES = [[0, 2], [-1, 99], [2, 1], [1, 3], [9, 10], [0.5, 1.5]];
for (const kind of ["List", "MovableList"].filter(HAS)) {
  for (const [start, end] of RANGES) {
    on(`${kind} from ${start} to ${end}`, (made) => {
      const list = made[`get${kind}`](kind);
      return [list.getRangeValue(start, end), list.getRangeDeepValueWithID(start, end)];
    });
    on(`nodes of a ${kind} from ${start} to ${end}`, (made) =>
      made[`get${kind}`](kind).toContainerTreeSlice(start, end, { text: "delta" }),
    );
  }
}

on("values with ids", (made) => made.getDeepValueWithID());
on("values of containers with ids", (made) =>
  ids(made).map((id) => {
    const container = made.getContainerById(id);
    return container.kind() === "Counter" ? id : container.getDeepValueWithID();
  }),
);
test("a container of no document has no id", () => {
  same((library) => new library.LoroMap().getDeepValueWithID());
});

on("nodes", (made) => made.toContainerTree());
on("nodes without empty roots", (made) => {
  made.setHideEmptyRootContainers(true);
  return made.toContainerTree();
});
on("nodes of containers", (made) =>
  ids(made).map((id) => made.getContainerById(id).toContainerTree()),
);
const OPTIONS = [
  ...[undefined, null, {}, { text: "plain" }, { text: "delta" }, { text: undefined }, { text: "x" }],
  ...[{ roots: ["Map", "none"] }, { roots: [] }, { roots: [1] }, { roots: "Map" }, { other: 1 }, 5],
];
for (const options of OPTIONS) {
  on(`nodes with ${JSON.stringify(options)}`, (made) => made.toContainerTree(options));
}
on("nodes as JSON", (made) => {
  made.getMap("Map").delete("bytes");
  return JSON.parse(made.toContainerTreeJson({ text: "delta" }));
});
on("no JSON of bytes", (made) => made.toContainerTreeJson());
test("nodes of no document", () => same((library) => new library.LoroMap().toContainerTree()));

const REPLACERS = {
  nothing: (_, value) => value,
  "texts by deltas": (_, value) => (value?.kind?.() === "Text" ? value.toDelta() : value),
  "left out": (key, value) => (key === "a" || key === 1 ? undefined : value),
  "numbers doubled": (_, value) => (typeof value === "number" ? value * 2 : value),
  "containers by kinds": (_, value) => (isContainer(value) ? value.kind() : value),
  "by ids": (_, value) => (isContainer(value) ? value.id : value),
};
for (const [name, replacer] of Object.entries(REPLACERS)) {
  on(`replaced: ${name}`, (made) => made.toJsonWithReplacer(replacer));
}
on("replaced by another container", (made, library) =>
  made.toJsonWithReplacer(() => new library.LoroMap()),
);
