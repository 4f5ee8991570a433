// Every method, called on the same content here and in loro-crdt.
import assert from "node:assert/strict";
import test from "node:test";
import { doc, isContainer, ours, same } from "./both.mjs";

const filled = (library) => {
  const made = doc(library);
  made.getText("text").insert(0, "aé€😀b");
  const map = made.getMap("map");
  map.set("n", 1.5);
  map.set("key", "value");
  const list = map.setContainer("list", new library.LoroList());
  list.push(1);
  list.push(null);
  list.pushContainer(new library.LoroText()).insert(0, "deep");
  list.pushContainer(new library.LoroMap()).set("in", true);
  return { made, text: made.getText("text"), map, list };
};
const on = (act) => () => same((library) => act({ ...filled(library), library }));

const TEXT = {
  insert: ({ text }) => (text.insert(1, "x"), text.insert(5, "y"), text.toString()),
  "insert past the end": ({ text }) => text.insert(7, "x"),
  "insert before the start": ({ text }) => text.insert(-1, "x"),
  "insert far away": ({ text }) => text.insert(2 ** 31, "x"),
  "insert between surrogates": ({ text }) => text.insert(4, "x"),
  "insert half a pair": ({ text }) => (text.insert(0, "a\ud83d"), text.toString()),
  "insert a long text": ({ text }) => (text.insert(0, "ab😀é".repeat(5000)), text.toString()),
  "insert a byte order mark": ({ text }) => (text.insert(0, "\ufeff\0"), text.toString()),
  insertUtf8: ({ text }) => (text.insertUtf8(3, "x"), text.toString()),
  "insertUtf8 inside a character": ({ text }) => text.insertUtf8(2, "x"),
  delete: ({ text }) => (text.delete(1, 1), text.delete(2, 2), text.toString()),
  "delete nothing": ({ text }) => (text.delete(3, 0), text.toString()),
  "delete half a pair": ({ text }) => text.delete(3, 1),
  "delete past the end": ({ text }) => text.delete(0, 7),
  deleteUtf8: ({ text }) => (text.deleteUtf8(1, 2), text.toString()),
  push: ({ text }) => (text.push("!"), text.toString()),
  splice: ({ text }) => [text.splice(1, 2, "XY"), text.toString()],
  update: ({ text }) => (text.update("aé€b and more 😀"), text.toString()),
  slice: ({ text }) => [text.slice(0, 0), text.slice(1, 3), text.slice(3, 5), text.slice(0, 6)],
  "slice backwards": ({ text }) => text.slice(3, 1),
  "slice past the end": ({ text }) => text.slice(3, 9),
  charAt: ({ text }) => [text.charAt(0), text.charAt(1), text.charAt(5)],
  "charAt the end": ({ text }) => text.charAt(6),
  length: ({ text }) => text.length,
  convertPos: ({ text }) =>
    [0, 1, 3, 5, 6, 7].map((pos) => [
      text.convertPos(pos, "utf16", "utf8"),
      text.convertPos(pos, "utf16", "unicode"),
      text.convertPos(pos, "unicode", "utf16"),
    ]),
  iter: ({ text, made }) => {
    const read = [];
    const pieces = (go = true) => text.iter((part) => (read.push(part), go));
    pieces();
    text.insert(3, "in");
    text.delete(1, 1);
    made.getText("empty").iter(() => read.push("nothing"));
    pieces();
    pieces(false);
    pieces(null);
    return read;
  },
  toDelta: ({ text, made }) => [text.toDelta(), made.getText("empty").toDelta()],
  applyDelta: ({ text }) => {
    text.applyDelta([{ retain: 1 }, { insert: "QQ" }, { delete: 1 }, { retain: 3 }]);
    return text.toString();
  },
  "a deleted one": ({ list }) => {
    const text = list.get(2);
    list.delete(2, 1);
    text.insert(0, "x");
  },
};

const MAP = {
  values: ({ map }) => {
    const values = [
      ...[0, -0, 1, -1, 2 ** 31, 2 ** 53, 2 ** 60, -(2 ** 60), 0.1, 1e300, NaN, Infinity],
      ...[true, false, null, undefined, "", "é😀", "\ud800", new Uint8Array([0, 255])],
      ...[[], [1, [2, [3]]], {}, { a: { b: [null] }, u: undefined }, new Date(0)],
    ];
    values.forEach((value, i) => map.set(`${i}`, value));
    return values.map((_, i) => map.get(`${i}`));
  },
  "a bigint": ({ map }) => map.set("k", 1n),
  "a function": ({ map }) => map.set("k", () => 1),
  "odd keys": ({ map }) => {
    for (const key of ["", "a/b", "é😀", "\0", "constructor"]) map.set(key, key);
    return [map.keys(), map.get(""), map.get("constructor"), map.toJSON()];
  },
  "get what is not there": ({ map }) => [map.get("none"), map.get("toString")],
  "delete what is not there": ({ map }) => (map.delete("none"), map.toJSON()),
  delete: ({ map }) => (map.delete("n"), [map.toJSON(), map.size, map.get("n")]),
  size: ({ map, made }) => [map.size, made.getMap("empty").size],
  keys: ({ map }) => map.keys(),
  values_: ({ map }) => map.values(),
  entries: ({ map }) => map.entries(),
  clear: ({ map }) => (map.clear(), map.toJSON()),
  "clear what was deleted, too": ({ map, made }) => {
    for (const key of ["b", "10", "é"]) map.set(key, 2 ** 53 + 2);
    map.delete("10");
    map.clear();
    return made.exportJsonUpdates().changes.map(({ ops }) => ops);
  },
  getShallowValue: ({ map }) => map.getShallowValue(),
  "write to a deleted one": ({ map }) => {
    const list = map.get("list");
    map.delete("list");
    list.push(1);
  },
  "getOrCreateContainer, there": ({ map, library }) =>
    map.getOrCreateContainer("list", new library.LoroList()).id,
  "getOrCreateContainer, not there": ({ map, library }) => {
    map.getOrCreateContainer("new", new library.LoroText()).insert(0, "n");
    return map.toJSON();
  },
  "a filled container": ({ map, library }) => {
    const inner = new library.LoroMap();
    inner.set("a", 1);
    const text = new library.LoroText();
    text.insert(0, "xyz");
    const nested = inner.setContainer("t", text);
    const before = [inner.isAttached(), nested.isAttached(), inner.toJSON(), inner.id, text.id];
    const attached = map.setContainer("k", inner);
    return [
      ...before,
      ...[inner.isAttached(), attached.isAttached(), attached.toJSON(), map.toJSON()],
      ...[inner.getAttached().id, text.getAttached().toString(), attached.getAttached().id],
    ];
  },
  "a container of its own": ({ library }) => {
    const list = new library.LoroList();
    list.push(1);
    list.insertContainer(0, new library.LoroMap()).set("a", "b");
    return [list.toJSON(), list.length, list.kind(), list.parent(), list.getAttached()];
  },
  "containers of their own stay in what they were put into": ({ map, library }) => {
    const [list, inner, text] = [new library.LoroList(), new library.LoroMap(), new library.LoroText()];
    inner.set("early", 1);
    list.insertContainer(0, inner).set("returned", 2);
    inner.set("late", 3);
    inner.setContainer("t", text).insert(0, "b");
    text.insert(0, "a");
    list.get(0).set("read", 4);
    const movable = list.pushContainer(new library.LoroMovableList());
    movable.push(0);
    const replaced = new library.LoroMap();
    movable.setContainer(0, replaced);
    replaced.getOrCreateContainer("c", new library.LoroCounter()).increment(3);
    const node = list.pushContainer(new library.LoroTree()).createNode();
    const data = new library.LoroText();
    node.data.setContainer("text", data);
    data.insert(0, "in a node");
    const before = [list.toJSON().slice(0, 2), inner.toJSON(), text.toString(), data.toString()];
    map.setContainer("all", list);
    text.insert(0, "not there: ");
    text.getAttached().insert(0, "there: ");
    const [, , [{ meta }]] = map.get("all").toJSON();
    return [before, map.get("all").toJSON().slice(0, 2), meta, text.toString(), data.getAttached().id];
  },
  "a container of another document": ({ map, library }) =>
    map.setContainer("k", doc(library, 5).getText("t")),
  "a container of the same document": ({ map, list, text }) => [
    map.setContainer("k", text).id,
    map.setContainer("l", list).toJSON(),
    map.toJSON(),
  ],
  "keys that are no strings": ({ map }) => map.set("k", { a: { [Symbol("s")]: 1 } }),
  "a deleted one": ({ map, made }) => {
    const list = map.get("list");
    map.delete("list");
    return [list.isDeleted(), map.isDeleted(), made.getPathToContainer(list.id)];
  },
};

const LIST = {
  insert: ({ list }) => (list.insert(0, "a"), list.insert(5, [1]), list.toJSON()),
  "insert past the end": ({ list }) => list.insert(5, "a"),
  push: ({ list }) => (list.push({ a: 1 }), list.toJSON()),
  delete: ({ list }) => (list.delete(1, 2), list.toJSON()),
  "delete past the end": ({ list }) => list.delete(3, 2),
  pop: ({ list }) => [list.pop(), list.pop(), list.pop(), list.toJSON()],
  "pop of nothing": ({ made }) => made.getList("empty").pop(),
  get: ({ list }) => [list.get(0), list.get(1), list.get(2), list.get(4), list.get(-1)],
  toArray: ({ list }) => list.toArray(),
  length: ({ list }) => list.length,
  clear: ({ list }) => (list.clear(), list.toJSON()),
  getShallowValue: ({ list }) => list.getShallowValue(),
  "a filled container": ({ list, library }) => {
    const text = new library.LoroText();
    text.insert(0, "filled");
    return [list.insertContainer(1, text).toJSON(), list.toJSON(), text.getAttached().id];
  },
};

const DOC = {
  toJSON: ({ made }) => made.toJSON(),
  "root by id": ({ made }) => made.getText("cid:root-text:Text").toString(),
  "child by id": ({ made, list }) => made.getList(list.id).toJSON(),
  "root by the id of another kind": ({ made }) => made.getText("cid:root-map:Map"),
  "two kinds of one name": ({ made }) => made.getMap("text").id,
  "no name": ({ made }) => made.getText(""),
  "a name with a slash": ({ made }) => made.getText("a/b"),
  getContainerById: ({ made, list }) => [
    made.getContainerById(list.id),
    made.getContainerById("cid:root-new:Map"),
    made.getContainerById("cid:77@77:Map"),
  ],
  hasContainer: ({ made, list }) => [list.id, "cid:9@9:Map"].map((id) => made.hasContainer(id)),
  getPathToContainer: ({ made, list, text }) =>
    [list.id, list.get(3).id, text.id, "cid:9@9:Map"].map((id) => made.getPathToContainer(id)),
  getByPath: ({ made }) =>
    ["map/list/0", "map/list/3/in", "map", "map/n", "none", "map/none", "text/0/1"].map((path) => {
      const there = made.getByPath(path);
      return path === "text/0/1" && isContainer(there) ? undefined : there;
    }),
  getShallowValue: ({ made }) => made.getShallowValue(),
  parents: ({ list, text }) => [list.parent(), list.get(2).parent(), text.parent()],
  kinds: ({ list, map, text }) => [list.kind(), map.kind(), text.kind()],
  isContainer: ({ library, list }) => [
    library.isContainer(list),
    library.isContainer({}),
    library.isContainer(1),
    library.isContainerId(list.id),
    library.isContainerId("x"),
    library.getType(list),
    library.getType("x"),
  ],
  versions: ({ made }) => [
    made.version().toJSON(),
    made.frontiers(),
    made.oplogFrontiers(),
    made.peerId,
    made.peerIdStr,
  ],
  "a version vector": ({ library, made }) => {
    const a = made.version();
    const b = new library.VersionVector(new Map([["1", 3]]));
    const c = new library.VersionVector(new Map([["18446744073709551614", 3]]));
    return [
      ...[a.compare(b), b.compare(a), a.compare(a), a.compare(c), c.compare(b)],
      ...[a.get(1), a.get("1"), a.get(1n), a.get(7), a.length()],
      ...[c.encode(), library.VersionVector.decode(c.encode()).toJSON()],
      library.VersionVector.parseJSON(new Map([["5", 6]])).toJSON(),
      new library.VersionVector(null).length(),
      new library.VersionVector(b.encode()).toJSON(),
    ];
  },
  "bytes that are no version vector": ({ library }) =>
    library.VersionVector.decode(new Uint8Array([9])),
  frontiers: ({ library, made }) => {
    made.commit();
    const bytes = library.encodeFrontiers(made.frontiers());
    return [bytes, library.decodeFrontiers(bytes)];
  },
  "peer ids": ({ made }) =>
    [7, 8n, "9", "18446744073709551614"].map((id) => (made.setPeerId(id), made.peerIdStr)),
  "a peer id that is no number": ({ made }) => made.setPeerId("x"),
  "the reserved peer id": ({ made }) => made.setPeerId("18446744073709551615"),
  "import of nothing": ({ made }) => made.import(new Uint8Array(0)),
  fork: ({ made }) => {
    const fork = made.fork();
    return [fork.toJSON(), fork.version().toJSON(), fork.peerId === made.peerId];
  },
  fromSnapshot: ({ made, library }) =>
    library.LoroDoc.fromSnapshot(made.export({ mode: "snapshot" })).toJSON(),
  "metadata of a blob": ({ made, library }) =>
    ["update", "snapshot"].map((mode) => {
      const meta = library.decodeImportBlobMeta(made.export({ mode }), false);
      const start = [...meta.partialStartVersionVector.toJSON()].filter(([, end]) => end > 0);
      return [meta.mode, meta.changeNum, start, meta.partialEndVersionVector.toJSON()];
    }),
  counts: ({ made }) => (made.commit(), [made.opCount(), made.changeCount()]),
};

for (const [kind, cases] of Object.entries({ TEXT, MAP, LIST, DOC })) {
  for (const [name, act] of Object.entries(cases)) test(`${kind.toLowerCase()}: ${name}`, on(act));
}

test("handles work through proxies, as state frameworks hand them out", () => {
  same((library) => {
    const through = (object) => new Proxy(object, {});
    const made = through(doc(library));
    const [text, map] = [through(made.getText("text")), through(made.getMap("map"))];
    const told = [];
    const stop = text.subscribe(() => told.push(text.toString()));
    text.insert(0, "by proxy");
    map.setContainer("child", through(new library.LoroList())).push(1);
    const node = through(made.getTree("tree").createNode());
    through(node.data).set("k", through(made.version()).get("1"));
    made.commit();
    stop();
    const undo = through(new library.UndoManager(made, {}));
    const cursor = through(text.getCursor(3));
    const seen = [made.toJSON(), told, undo.canUndo(), cursor.pos(), library.isContainer(map)];
    undo.free();
    made.free();
    return seen;
  });
});

test("versions are equal to whoever compares what they hold", () => {
  const made = doc(ours);
  const before = made.version();
  made.getText("t").insert(0, "x");
  assert.notDeepEqual(made.version(), before);
  assert.deepEqual(made.version(), made.fork().version());
});

test("arguments of another type are refused before they do harm", () => {
  const { made, text, map } = filled(ours);
  const before = made.toJSON();
  const wrong = [
    () => text.insert(0, 5),
    () => text.insert(NaN, "x"),
    () => text.insert(2 ** 32, "x"),
    () => text.update(undefined),
    () => made.import("bytes"),
    () => made.import([1, 2, 3]),
    () => made.import(new Uint16Array(40)),
    () => made.getText(undefined),
    () => made.export({ mode: "no such mode" }),
    () => map.set("k", Symbol("s")),
    () => map.set("k", map),
  ];
  for (const act of wrong) assert.throws(act, `${act}`);
  assert.deepEqual(made.toJSON(), before);
});
