// Which root containers there are and show, ids, and the small functions, here and in loro-crdt.
import test from "node:test";
import { doc, isContainer, plain, same } from "./both.mjs";

const kinds = (made) => ["Text", "Map", "List"].map((kind) => made[`get${kind}`](kind));
const state = (made) => plain([made.toJSON(), made.getShallowValue()]);

test("empty roots", () => {
  same((library) => {
    const made = doc(library);
    const [text, map, list] = kinds(made);
    const seen = [state(made)];
    made.setHideEmptyRootContainers(true);
    seen.push(state(made));
    text.insert(0, "a");
    map.set("k", null);
    list.push(0);
    seen.push(state(made));
    text.delete(0, 1);
    map.delete("k");
    list.delete(0, 1);
    seen.push(state(made));
    made.setHideEmptyRootContainers(false);
    seen.push(state(made));
    const other = doc(library, 2);
    other.import(made.export({ mode: "update" }));
    return [...seen, state(other)];
  });
});

test("roots that are deleted", () => {
  same((library) => {
    const made = doc(library);
    const [text, map, list] = kinds(made);
    text.insert(0, "abc");
    map.setContainer("k", new library.LoroText()).insert(0, "x");
    list.pushContainer(new library.LoroMap());
    const seen = [];
    for (const id of [text.id, map.id, list.id, list.id, "cid:root-none:Map", list.get(0)?.id]) {
      if (id !== undefined) made.deleteRootContainer(id);
      seen.push(state(made), made.hasContainer(text.id), text.toString());
    }
    map.set("back", 1);
    made.getText("Text");
    const other = doc(library, 2);
    other.import(made.export({ mode: "update" }));
    return [...seen, state(made), state(other)];
  });
  same((library) => doc(library).deleteRootContainer("none"));
});

test("roots in snapshots", () => {
  const copies = (made, library) =>
    ["snapshot", "update", "shallow-snapshot"].map((mode) => {
      const [fresh, other] = [doc(library, 2), doc(library, 3)];
      other.getText("own").insert(0, "x");
      const bytes = made.export({ mode, frontiers: made.frontiers() });
      for (const copy of [fresh, other]) copy.import(bytes);
      return [state(fresh), state(other)];
    });
  same((library) => {
    const made = doc(library);
    const [text, map] = kinds(made);
    made.getTree("another");
    text.insert(0, "abc");
    made.commit();
    const seen = [copies(made, library)];
    made.deleteRootContainer(map.id);
    return [...seen, ...copies(made, library), made.export({ mode: "snapshot" }).length];
  });
});

const IDS = [
  ...["cid:root-a:Map", "cid:root-:Map", "cid:root-a:Foo", "cid:1@2:Text", "cid:1@2", "cid:", "x"],
  ...["cid:-1@2:Map", "cid:1@x:Map", "cid:root-a:b:List", "cid:root-a\n:Map", "cid:root-Text:Text"],
];
test("ids of containers", () => {
  for (const id of IDS) {
    same((library) => [library.isContainerId(id), library.isValidContainerId(id)]);
    same((library) => doc(library).hasContainer(id));
    same((library) => {
      const found = doc(library).getContainerById(id);
      return found && [isContainer(found), found.id, found.kind()];
    });
    same((library) => doc(library).getPathToContainer(id));
  }
  same((library) => {
    const made = doc(library);
    made.hasContainer("cid:root-a:Map");
    return made.toJSON();
  });
});

test("small functions", () => {
  same((library) => [
    library.LORO_VERSION(),
    library.run(),
    library.setDebug(),
    library.callPendingEvents(),
    library.idStrToId("5@7"),
    library.newContainerID({ peer: "1", counter: 2 }, "Map"),
    library.newRootContainerID("a", "Text"),
  ]);
  same((library) => {
    const made = doc(library);
    const before = made.getDecodedValueCacheLimit();
    made.setDecodedValueCacheLimit(5);
    return [before, made.getDecodedValueCacheLimit()];
  });
});

test("empty roots show in copies", () => {
  same((library) => {
    const d = doc(library);
    d.getText("t");
    d.getCounter("c");
    d.getMap("m").set("a", 1);
    d.commit();
    const before = d.frontiers();
    d.getList("l").insert(0, 1);
    d.commit();
    return [d.fork().toJSON(), d.forkAt(before).toJSON(), d.forkAt([]).toJSON()];
  });
});
