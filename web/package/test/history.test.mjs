// Changes, commits and JSON updates: the same questions here and to loro-crdt.
import assert from "node:assert/strict";
import test from "node:test";
import { blobOf } from "../../../test/conform/bytes.mjs";
import { doc, ours, plain, same, theirs, told } from "./both.mjs";

const byPeer = (a, b) => (a.peer < b.peer ? -1 : 1);
const change = (c) => c && { ...c, deps: [...c.deps].sort(byPeer), message: c.message };
const changes = (made) =>
  plain(new Map([...made.getAllChanges()].map(([peer, all]) => [peer, all.map(change)])));

/** Two peers who write at once, with messages and times, and what neither has committed. */
function two(library) {
  const [a, b] = [doc(library, 1), doc(library, "18446744073709551614")];
  a.getText("t").insert(0, "abc");
  a.commit({ message: "one", timestamp: 5 });
  b.import(a.export({ mode: "update" }));
  b.getText("t").insert(0, "E");
  b.commit({ message: "e1" });
  b.getList("l").push({ k: [1.5, null, "x"] });
  b.commit({ message: "e2" });
  a.getText("t").insert(3, "d\"\\\n\u0001é😀");
  a.commit({ message: "two" });
  const map = a.getMap("m").setContainer("x", new library.LoroMap());
  map.set("k", 2 ** 40);
  a.getText("t").delete(1, 3);
  a.commit({ message: "three", timestamp: 9 });
  a.import(b.export({ mode: "update" }));
  a.getText("t").insert(0, "!");
  return a;
}

test("all changes, without what is not committed", () =>
  same((library) => {
    const made = two(library);
    return [changes(made), made.changeCount(), made.opCount(), made.getPendingTxnLength()];
  }));

test("a change by operation and by Lamport time", () => {
  for (const counter of [0, 2, 3, 11, 99]) {
    same((library) => change(two(library).getChangeAt({ peer: "1", counter })));
  }
  same((library) => change(two(library).getChangeAt({ peer: "7", counter: 0 })));
  for (const lamport of [0, 2, 3, 4, 12, 50]) {
    for (const peer of ["1", "18446744073709551614", "7"]) {
      same((library) => change(two(library).getChangeAtLamport(peer, lamport)));
    }
  }
});

test("a walk to the past", () => {
  const walk = (start, until) => (library) => {
    const made = two(library);
    const met = [];
    made.travelChangeAncestors(start ?? made.frontiers(), (c) => {
      met.push(change(c));
      return met.length < until;
    });
    return met;
  };
  for (const until of [1, 3, 100]) same(walk(undefined, until));
  same(walk([{ peer: "1", counter: 4 }], 100));
  same(walk([{ peer: "9", counter: 0 }], 100));
  same(walk([], 100));
});

test("what lies between versions, and what it touched", () => {
  const b = "18446744073709551614";
  const versions = [
    [],
    [{ peer: "1", counter: 1 }],
    [{ peer: "1", counter: 4 }],
    [{ peer: b, counter: 0 }],
    [
      { peer: b, counter: 1 },
      { peer: "1", counter: 8 },
    ],
    [{ peer: "5", counter: 0 }],
  ];
  for (const from of versions) {
    for (const to of versions) {
      same((library) => {
        const { retreat, forward } = two(library).findIdSpansBetween(from, to);
        return [retreat.sort(byPeer), forward.sort(byPeer)];
      });
    }
  }
  for (const [peer, counter, len] of [
    ["1", 0, 3],
    ["1", 0, 100],
    ["1", 9, 2],
    ["7", 0, 5],
  ]) {
    same((library) => two(library).getChangedContainersIn({ peer, counter }, len).sort());
  }
});

test("JSON of spans and of what is not committed", () => {
  for (const [peer, counter, length] of [
    ["1", 0, 3],
    ["1", 1, 100],
    ["1", 4, 2],
    ["1", 8, 100],
    ["7", 0, 5],
    ["1", 50, 5],
  ]) {
    same((library) => two(library).exportJsonInIdSpan({ peer, counter, length }));
  }
  same((library) => two(library).getUncommittedOpsAsJson());
  same((library) => doc(library).getUncommittedOpsAsJson());
});

/** Which number a peer has, and the order of deps and of changes at one time, is taste. */
function schema({ peers, changes, ...rest }) {
  const spelled = (text) => text.replace(/@(\d+)/g, (_, at) => `@${peers[at]}`);
  const named = peers ? JSON.parse(spelled(JSON.stringify(changes))) : changes;
  for (const { deps } of named) deps.sort();
  named.sort((a, b) => (a.id < b.id ? -1 : 1));
  return plain({ ...rest, peers: peers && [...peers].sort(), changes: named });
}

test("JSON updates, whole and in part, with a table of peers and without", () => {
  const b = "18446744073709551614";
  for (const compressed of [undefined, true, false]) {
    same((library) => schema(two(library).exportJsonUpdates(undefined, undefined, compressed)));
    for (const start of [{ 1: 2 }, { 1: 9 }, { 1: 100, [b]: 1 }, { 7: 3 }]) {
      same((library) => {
        const vv = new library.VersionVector(new Map(Object.entries(start)));
        return schema(two(library).exportJsonUpdates(vv, undefined, compressed));
      });
      same((library) => {
        const vv = new library.VersionVector(new Map(Object.entries(start)));
        return schema(two(library).exportJsonUpdates(undefined, vv, compressed));
      });
    }
  }
});

test("JSON updates cross over, and wait for their past", () => {
  for (const [from, to] of [
    [ours, theirs],
    [theirs, ours],
    [ours, ours],
  ]) {
    const made = two(from);
    const [copy, text] = [doc(to, 3), doc(to, 4)];
    copy.importJsonUpdates(made.exportJsonUpdates());
    text.importJsonUpdates(JSON.stringify(made.exportJsonUpdates(undefined, undefined, false)));
    for (const other of [copy, text]) {
      assert.deepEqual(plain(other.toJSON()), plain(made.toJSON()));
      assert.deepEqual(changes(other), changes(made));
    }
  }
  const late = two(theirs).exportJsonUpdates(new theirs.VersionVector(new Map([["1", 3]])));
  const all = two(theirs).exportJsonUpdates();
  same((library) => {
    const made = doc(library, 3);
    return [late, all, all].map((json) => plain(made.importJsonUpdates(json)));
  });
});

test("JSON that is refused changes nothing", () => {
  const good = two(theirs).exportJsonUpdates();
  const spoil = [
    (j) => void (j.schema_version = 2),
    (j) => void delete j.schema_version,
    (j) => void delete j.changes[0].timestamp,
    (j) => void (j.changes[0].ops = []),
    (j) => void (j.changes[1].ops[0].counter += 1),
    (j) => void (j.changes[0].ops[0].content.pos = 9),
    (j) => void (j.changes[0].id = "0@9"),
    (j) => void (j.changes[0].ops[0].container = "cid:root-t:Txt"),
    (j) => void (j.changes[0].ops[0].content.type = "inset"),
    () => "{",
  ];
  for (const act of spoil) {
    same((library) => {
      const json = structuredClone(good);
      const text = act(json) ?? JSON.stringify(json);
      const made = doc(library, 3);
      try {
        made.importJsonUpdates(text);
        return "taken";
      } catch {
        return made.toJSON();
      }
    });
  }
});

test("redaction", () => {
  for (const range of [
    {},
    { 1: [0, 2] },
    { 1: [1, 5], "18446744073709551614": [0, 2] },
    { 1: [0, 1000] },
    { "18446744073709551614": [1, 2] },
  ]) {
    same((library) => schema(library.redactJsonUpdates(two(library).exportJsonUpdates(), range)));
  }
});

test("options of commits: explicit, set before, kept by commits that come of themselves", () => {
  const steps = [
    (d) => d.commit({ message: "m", timestamp: 7, origin: "o" }),
    (d) => (d.setNextCommitMessage("next"), d.setNextCommitTimestamp(8), d.commit()),
    (d) => (d.setNextCommitMessage("kept"), d.export({ mode: "update" }), d.commit()),
    (d) => (d.setNextCommitMessage("gone"), d.clearNextCommitOptions(), d.commit()),
    (d) => {
      d.setNextCommitOptions({ message: "a", origin: "x" });
      d.setNextCommitOptions({ timestamp: 99 });
      d.commit();
    },
    (d) => (d.setNextCommitOptions({ message: "a", timestamp: 200 }), d.commit({ message: "b" })),
    (d) => d.commit({ timestamp: 3 }),
  ];
  for (const before of [false, true]) {
    same((library) => {
      const made = doc(library);
      const origins = [];
      made.subscribe(({ by, origin }) => origins.push([by, origin ?? ""]));
      for (const step of steps) {
        if (before) step(made); // with nothing to commit
        made.getText("t").insert(0, "x");
        step(made);
      }
      made.commit();
      return [changes(made), origins];
    });
  }
});

test("changes are told apart by the merge interval, here and elsewhere", () => {
  for (const interval of [undefined, 0, 5, 10]) {
    same((library) => {
      const [made, copy, late] = [doc(library), doc(library, 2), doc(library, 3)];
      const blobs = [];
      made.subscribeLocalUpdates((bytes) => blobs.push(bytes));
      if (interval !== undefined) made.setChangeMergeInterval(interval);
      for (const timestamp of [10, 10, 13, 18, 29, 5000]) {
        made.getText("t").insert(0, "a");
        made.commit({ timestamp });
      }
      copy.import(made.export({ mode: "update" }));
      for (const bytes of blobs) late.import(bytes);
      return [made, copy, late].map((d) => [changes(d), d.changeCount()]);
    });
  }
});

test("who hears of a commit, in which order", () =>
  same((library) => {
    const made = doc(library);
    const said = [];
    made.subscribePreCommit(({ changeMeta, origin, modifier }) => {
      said.push(["pre", change(changeMeta), origin]);
      said.push(made.exportJsonInIdSpan(changeMeta));
      modifier.setMessage(`${changeMeta.message ?? ""}!`).setTimestamp(changeMeta.lamport + 3);
    });
    made.subscribeFirstCommitFromPeer((e) => said.push(["first", e.peer]));
    const stop = made.subscribeLocalUpdates(() => said.push(["local"]));
    made.subscribe((e) => said.push(["event", e.origin ?? ""]));
    made.getText("t").insert(0, "x");
    made.commit({ origin: "o", message: "said" });
    made.getText("t").insert(0, "y");
    made.export({ mode: "update" });
    stop();
    made.setPeerId(9);
    made.getText("t").insert(0, "z");
    made.commit();
    made.setPeerId(1);
    made.getText("t").insert(0, "z");
    made.commit();
    return [said.filter(([what]) => what !== undefined), changes(made)];
  }));

test("updates in ranges, and what waits", () => {
  const b = "18446744073709551614";
  const span = (peer, counter, len) => ({ id: { peer, counter }, len });
  for (const spans of [
    [],
    [span("1", 1, 2)],
    [span("1", 2, 99), span(b, 0, 1)],
    [span("1", 0, 2), span("1", 1, 4), span("1", 9, 1)],
    [span("7", 0, 5)],
  ]) {
    same((library) => {
      const bytes = two(library).export({ mode: "updates-in-range", spans });
      const meta = library.decodeImportBlobMeta(bytes, true);
      const made = doc(library, 3);
      const status = made.import(bytes);
      const waits = made.exportPendingUpdates();
      const again = doc(library, 4);
      if (waits !== undefined) again.import(waits);
      made.import(two(library).export({ mode: "update" }));
      return [
        meta.partialStartVersionVector.toJSON(),
        meta.partialEndVersionVector.toJSON(),
        [meta.mode, meta.startFrontiers.sort(byPeer), meta.startTimestamp, meta.endTimestamp],
        status,
        waits === undefined,
        again.toJSON(),
        made.toJSON(),
        made.exportPendingUpdates(),
      ].map(plain);
    });
  }
});

test("several blobs at once: one event, all or none", () => {
  const source = (library) => {
    const blobs = [];
    const made = doc(library, 1);
    made.subscribeLocalUpdates((bytes) => blobs.push(bytes));
    for (const text of ["a", "b", "c"]) {
      made.getText("t").push(text);
      made.commit();
    }
    made.getText("t").delete(0, 1);
    made.commit();
    return { blobs, all: made.export({ mode: "snapshot" }) };
  };
  for (const pick of [
    ({ blobs }) => [blobs[1], blobs[0], blobs[3], blobs[2]],
    ({ blobs }) => [blobs[0], blobs[1], blobs[0]],
    ({ blobs }) => [blobs[1], blobs[2]],
    ({ blobs }) => [blobs[0]],
    () => [],
    ({ blobs, all }) => [all, blobs[0]],
    ({ blobs }) => [blobs[0], new Uint8Array([1, 2, 3]), blobs[1]],
    ({ blobs }) => [blobs[0], blobs[1].slice(0, -3)],
  ]) {
    for (const before of ["", "mine"]) {
      same((library) => {
        const from = source(library);
        const [made, said] = [doc(library, 2), []];
        made.getText("t").insert(0, before);
        made.commit();
        made.subscribe((batch) => said.push(told(batch)));
        for (const blobs of [pick(from), [from.blobs[0]]]) {
          try {
            said.push(plain(made.importBatch(blobs)));
          } catch {
            said.push("refused");
          }
          said.push(plain(made.toJSON()), plain(made.version().toJSON()));
        }
        return said;
      });
    }
  }
});

test("what blobs say of themselves", () => {
  const b = "18446744073709551614";
  for (const from of [undefined, { 1: 2 }, { 1: 9, [b]: 1 }, { [b]: 2 }]) {
    for (const mode of ["update", "snapshot"]) {
      same((library) => {
        const version = from && new library.VersionVector(new Map(Object.entries(from)));
        const blob = two(library).export({ mode, from: version });
        const meta = library.decodeImportBlobMeta(blob, true);
        const starts = [...meta.partialStartVersionVector.toJSON()].filter(([, at]) => at > 0);
        return plain({
          ...meta,
          partialStartVersionVector: new Map(starts),
          partialEndVersionVector: meta.partialEndVersionVector.toJSON(),
          startFrontiers: meta.startFrontiers.sort(byPeer),
        });
      });
    }
  }
});

test("of a batch all that waits is told, by whichever blob", () => {
  same((library) => {
    const from = doc(library);
    const blobs = ["a", "b", "c"].map((key) => {
      const before = from.version();
      from.getMap("map").set(key, 1);
      from.commit();
      return from.export({ mode: "update", from: before });
    });
    const nothing = doc(library, 9);
    const [empty, blank] = ["update", "snapshot"].map((mode) => nothing.export({ mode }));
    const said = [];
    for (const batch of [[empty], [empty, empty], [blobs[2], empty], [blank, blobs[0]], blobs]) {
      const made = doc(library, 2);
      made.subscribe(({ by }) => said.push(by));
      made.import(blobs[1]);
      const { success, pending } = made.importBatch(batch);
      said.push(plain(success), plain(pending));
    }
    return said;
  });
});

test("a run that arrives in pieces is written as one", () => {
  const read = (library) => {
    const [a, b, made] = [1, 2, 3].map((peer) => doc(library, peer));
    const pieces = [
      () => a.getText("t").insert(0, "abcdef"),
      () => a.getText("t").delete(0, 1),
      () => a.getText("t").delete(0, 2),
    ].map((act) => {
      const before = a.version();
      act();
      return a.export({ mode: "update", from: before });
    });
    b.getMap("m").set("k", 1);
    const apart = b.export({ mode: "update" });
    for (const bytes of [pieces[0], pieces[1], apart, pieces[2]]) made.import(bytes);
    return blobOf(made.export({ mode: "update" })).blocks;
  };
  assert.deepEqual(read(ours), read(theirs));
  assert.deepEqual(
    read(ours)[0].ops.map(([, , , length]) => length),
    [6, 3],
  );
});
