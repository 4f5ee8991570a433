// Who is told what and when: the same story here and in loro-crdt.
import assert from "node:assert/strict";
import test from "node:test";
import { eventsOf } from "../../../test/conform/compare.mjs";
import { doc, ours, same, told } from "./both.mjs";

/** Run `act(library, say)`; what it said must be the same on both sides. */
const story = (act) => () =>
  same((library) => {
    const said = [];
    act(library, (...what) => said.push(what));
    return said;
  });

test(
  "nothing before the commit, everything before it returns",
  story((library, say) => {
    const made = doc(library);
    made.subscribe((batch) => say(told(batch)));
    made.getText("t").insert(0, "héy😀");
    made.getText("t").delete(1, 1);
    say("edited");
    made.commit({ origin: "here", message: "why" });
    say("committed");
    made.commit();
    say("nothing to commit");
  }),
);

/** Without the versions: loro-crdt begins to count where it was subscribed to, and tells of all
 *  heads there are even while an older version is edited. Containers of one depth in any order. */
function toldLate(batch) {
  const { from: _from, to: _to, events, ...rest } = told(batch);
  return { ...rest, events: events.sort((a, b) => (a.target < b.target ? -1 : 1)) };
}

test(
  "who subscribes while a change is written hears all of it",
  story((library, say) => {
    const made = doc(library);
    const [text, map] = [made.getText("t"), made.getMap("m")];
    const [list, movable] = [made.getList("l"), made.getMovableList("v")];
    made.configTextStyle({ bold: { expand: "after" } });
    text.insert(0, "before");
    movable.insert(0, "a");
    movable.insert(1, "b");
    made.getTree("tree").createNode();
    made.commit();
    text.insert(0, "open ");
    text.delete(7, 2);
    text.mark({ start: 0, end: 3 }, "bold", true);
    map.set("k", 1);
    map.setContainer("child", new library.LoroText()).insert(0, "x");
    list.push(1);
    movable.move(0, 1);
    made.getCounter("c").increment(2);
    made.getTree("tree").createNode();
    const stop = made.subscribe((batch) => say("document", toldLate(batch)));
    text.subscribe((batch) => say("text", toldLate(batch)));
    text.insert(0, "still ");
    map.delete("k");
    made.commit();
    stop();
    text.insert(0, "later ");
    made.commit();
    say(made.toJSON());
  }),
);

test(
  "who subscribes to a change of an older version",
  story((library, say) => {
    const made = doc(library);
    made.getText("t").insert(0, "abc");
    made.getMap("m").set("k", 1);
    made.commit();
    made.setDetachedEditing(true);
    made.checkout([{ peer: "1", counter: 1 }]);
    made.setPeerId(2);
    made.getText("t").insert(2, "new");
    made.subscribe((batch) => say(toldLate(batch)));
    made.getText("t").insert(0, "more");
    made.commit();
    say(made.toJSON(), made.isDetached());
    made.checkoutToLatest();
    say(made.toJSON());
  }),
);

test(
  "nested containers, whole and in paths",
  story((library, say) => {
    const made = doc(library);
    made.subscribe((batch) => say(told(batch)));
    const list = made.getMap("m").setContainer("l", new library.LoroList());
    list.push("first");
    const map = list.pushContainer(new library.LoroMap());
    map.set("k", [1, { a: new Uint8Array([1]) }]);
    made.commit();
    list.insert(0, "moved");
    map.delete("k");
    made.commit();
    list.delete(0, 1);
    list.push(2);
    made.commit();
  }),
);

test(
  "import, and importing it again",
  story((library, say) => {
    const [a, b] = [doc(library, 1), doc(library, 2)];
    b.subscribe((batch) => say(told(batch)));
    a.getText("t").insert(0, "abc");
    a.getMap("m").set("k", 1);
    const bytes = a.export({ mode: "update" });
    say(b.import(bytes));
    say(b.import(bytes));
    b.getText("t").insert(1, "X");
    a.getText("t").insert(1, "Y");
    say(b.import(a.export({ mode: "update", from: b.version() })));
    say(a.import(b.export({ mode: "update", from: a.version() })));
    say(a.toJSON(), b.toJSON());
  }),
);

for (const [other, meanwhile] of [
  ["a map", (made) => made.getMap("other").set("k", 1)],
  ["a list", (made) => made.getList("other").push(1)],
])
  test(
    `a key of a map that an import leaves as it is, and ${other} that both wrote to`,
    story((library, say) => {
      const [a, b] = [doc(library, 1), doc(library, 2)];
      a.getMap("m").set("k", 1);
      b.import(a.export({ mode: "update" }));
      b.subscribe((batch) => say(told(batch)));
      meanwhile(b);
      a.getMap("m").set("k", 2);
      meanwhile(a);
      a.getMap("m").set("k", 1);
      b.import(a.export({ mode: "update", from: b.version() }));
    }),
  );

test(
  "changes that wait for their past",
  story((library, say) => {
    const [a, b] = [doc(library, 1), doc(library, 2)];
    const text = a.getText("t");
    text.insert(0, "a");
    a.commit();
    const [start, first] = [new library.VersionVector(null), a.version()];
    text.insert(1, "b");
    const rest = a.export({ mode: "update", from: first });
    text.insert(2, "c");
    b.subscribe((batch) => say(batch.by, batch.to));
    say(b.import(rest), b.getText("t").toString());
    say(b.import(a.export({ mode: "update", from: start })), b.toJSON());
  }),
);

test(
  "an import that changes nothing to be seen is not told of",
  story((library, say) => {
    const values = { k: [1, { a: 2, b: [null] }], n: 1, gone: 0, nan: NaN };
    const [a, b] = [doc(library, 1), doc(library, 2)];
    for (const made of [a, b]) {
      for (const [key, value] of Object.entries(values)) made.getMap("m").set(key, value);
      made.getMap("m").delete("gone");
      made.commit();
    }
    a.subscribe((batch) => say(told(batch).events));
    a.import(b.export({ mode: "update" }));
    say("the same");
    b.getMap("m").delete("never there");
    b.getMap("m").set("n", 2);
    a.import(b.export({ mode: "update", from: a.version() }));
    const [c, d] = [doc(library, 3), doc(library, 4)];
    c.subscribe((batch) => say(told(batch).events));
    d.getText("t").insert(0, "a");
    d.getText("t").delete(0, 1);
    c.import(d.export({ mode: "update" }));
    say("nothing");
    c.getText("t").insert(0, "a");
    c.getText("t").delete(0, 1);
    c.commit();
  }),
);

test(
  "containers hear of what is in them",
  story((library, say) => {
    const made = doc(library);
    const map = made.getMap("m");
    const list = map.setContainer("l", new library.LoroList());
    const other = made.getText("t");
    made.commit();
    const stops = [
      list.subscribe((batch) => say("list", batch.currentTarget, batch.events.length)),
      other.subscribe((batch) => say("text", batch.currentTarget, batch.events.length)),
    ];
    list.push(1);
    made.commit();
    other.insert(0, "x");
    made.commit();
    map.set("k", 1);
    made.commit();
    stops[0]();
    list.push(2);
    other.insert(0, "y");
    made.commit();
  }),
);

test(
  "a container tells all that is below it",
  story((library, say) => {
    const made = doc(library);
    const map = made.getMap("m");
    const inner = map.setContainer("a", new library.LoroMap());
    made.commit();
    map.subscribe((batch) => say(told(batch)));
    inner.setContainer("b", new library.LoroText()).insert(0, "deep");
    inner.set("c", 1);
    map.set("d", 2);
    made.commit();
  }),
);

test(
  "subscribers may edit; what that causes comes after",
  story((library, say) => {
    const made = doc(library);
    let left = 2;
    made.subscribe((batch) => {
      say("first", batch.origin);
      if (left-- <= 0) return;
      made.getText("t").insert(0, "again");
      made.commit({ origin: `echo ${left}` });
      say("returned");
    });
    made.subscribe((batch) => say("second", batch.origin));
    made.subscribeLocalUpdates(() => say("bytes"));
    made.getText("t").insert(0, "x");
    made.commit({ origin: "start" });
    say(made.toJSON());
  }),
);

test(
  "local updates carry just the commit, to whoever has the rest",
  story((library, say) => {
    const [a, b] = [doc(library, 1), doc(library, 2)];
    const stop = a.subscribeLocalUpdates((bytes) => say(b.import(bytes)));
    a.getText("t").insert(0, "one");
    say("edited");
    a.commit();
    a.getText("t").insert(3, " two");
    a.export({ mode: "update" });
    b.getText("t").insert(0, "> ");
    a.import(b.export({ mode: "update" }));
    say("imported");
    a.setPeerId(9);
    a.getText("t").insert(0, "x");
    a.setPeerId(10);
    a.commit();
    say(a.toJSON(), b.toJSON());
    stop();
    a.getText("t").insert(0, "unheard");
    a.commit();
  }),
);

test(
  "options wait for something to commit, unless the commit is explicit",
  story((library, say) => {
    const made = doc(library);
    made.subscribe((batch) => say(batch.origin));
    const edit = () => made.getText("t").insert(0, "x");
    made.setNextCommitOrigin("kept by export");
    made.export({ mode: "update" });
    edit();
    made.commit();
    made.setNextCommitOrigin("used up");
    made.commit();
    edit();
    made.commit();
    made.setNextCommitOptions({ origin: "implicit" });
    edit();
    made.export({ mode: "update" });
    edit();
    made.setNextCommitOrigin("cleared");
    made.clearNextCommitOptions();
    made.commit();
  }),
);

test(
  "which calls commit",
  story((library, say) => {
    const made = doc(library);
    const source = doc(library, 5);
    source.getText("t").insert(0, "s");
    const bytes = source.export({ mode: "update" });
    made.subscribe((batch) => say(batch.by));
    const calls = {
      toJSON: () => made.toJSON(),
      version: () => made.version(),
      frontiers: () => made.frontiers(),
      export: () => made.export({ mode: "update" }),
      import: () => made.import(bytes),
      fork: () => made.fork(),
      setPeerId: () => made.setPeerId(77),
    };
    for (const [name, call] of Object.entries(calls)) {
      made.getText("t").insert(0, "x");
      call();
      say(name);
      made.commit();
    }
  }),
);

/** Both move the same element to where it then stands twice; which place is further left, the peers say. */
const beside = ([first, second]) =>
  story((library, say) => {
    const [here, there] = [doc(library, first), doc(library, second)];
    const [list, other] = [here, there].map((each) => each.getMovableList("v"));
    for (const value of ["a", "b", "c"]) list.push(value);
    there.import(here.export({ mode: "update" }));
    other.move(0, 1);
    there.commit();
    list.push("so that this move is the later one");
    list.move(0, 1);
    const before = there.frontiers();
    there.subscribe((batch) => say(eventsOf([batch])));
    there.import(here.export({ mode: "update" }));
    there.checkout(before);
    there.checkoutToLatest();
    say(there.toJSON());
  });

test("an element that goes to a place further left, but stands where it was", beside([1, 2]));
test("an element that goes to a place further right, but stands where it was", beside([2, 1]));

test("a subscriber that throws is reported and disturbs nobody", (t) => {
  const reported = t.mock.method(console, "error", () => {});
  const made = doc(ours);
  const boom = new Error("boom");
  let heard = 0;
  made.subscribe(() => {
    throw boom;
  });
  made.subscribe(() => heard++);
  made.getText("t").insert(0, "x");
  made.commit();
  assert.equal(heard, 1);
  assert.deepEqual(reported.mock.calls[0].arguments, [boom]);
});

test("unsubscribing inside a callback holds at once", () => {
  const made = doc(ours);
  const heard = [];
  const stop = made.subscribe(() => {
    heard.push("a");
    stopOther();
    stop();
  });
  const stopOther = made.subscribe(() => heard.push("b"));
  for (let i = 0; i < 2; i++) {
    made.getText("t").insert(0, "x");
    made.commit();
  }
  assert.deepEqual(heard, ["a"]);
});
