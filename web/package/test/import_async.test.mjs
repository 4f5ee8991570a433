// importAsync() comes to what import() comes to, piece by piece, whatever else happens meanwhile.
import assert from "node:assert/strict";
import test from "node:test";
import { doc, ours, theirs } from "./both.mjs";
import { mended } from "./mended.mjs";

/** A linear congruential generator: the same numbers in each run. */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function edit(made, next, times) {
  const text = made.getText("text");
  for (let i = 0; i < times; i++) {
    const at = next(text.length + 1);
    if (next(5) === 0 && at < text.length) text.delete(at, 1);
    else text.insert(at, "words"[next(5)]);
    if (next(8) === 0) made.getMap("map").set(`k${next(9)}`, next(100));
    if (next(8) === 0) made.getList("list").insert(0, next(100));
    if (next(20) === 0) made.getMovableList("movable").push(i);
    if (next(20) === 0) made.getTree("tree").createNode();
  }
  made.commit();
}

const send = (from, to) => to.import(from.export({ mode: "update", from: to.oplogVersion() }));

const BURSTS = { "in turns": 300, live: 10, apart: 100 };

/** What three peers wrote, from `peer` on: in turns, at once, or apart from each other. */
function history(library, kind, edits = 5000, peer = 1) {
  const next = random(edits);
  const docs = [0, 1, 2].map((i) => doc(library, peer + i));
  const burst = BURSTS[kind];
  for (let turn = 0; turn * burst < edits; turn++) {
    edit(docs[turn % 3], next, burst);
    if (kind === "in turns") send(docs[turn % 3], docs[(turn + 1) % 3]);
    if (kind === "live") send(docs[turn % 3], docs[next(3)]);
  }
  for (const other of docs.slice(1)) send(other, docs[0]);
  return docs[0];
}

const plain = (status) => [[...status.success].sort(), status.pending && [...status.pending].sort()];
const shown = (made) => [
  made.toJSON(),
  made.version().toJSON(),
  made.frontiers().sort((a, b) => (a.peer < b.peer ? -1 : 1)),
  made.opCount(),
];

/** Meets `blob` at once and in slices of one piece; `prepare` makes the documents. */
async function alike(blob, prepare = () => doc(ours, 9)) {
  const [whole, pieces] = [prepare(), prepare()];
  const wanted = whole.import(blob);
  assert.deepEqual(plain(await pieces.importAsync(blob, { budget: 0 })), plain(wanted));
  assert.deepEqual(shown(pieces), shown(whole));
  return pieces;
}

for (const kind of Object.keys(BURSTS)) {
  for (const [name, library] of Object.entries({ ours, theirs })) {
    test(`what ${name} wrote ${kind} is the same in pieces`, async () => {
      const written = history(library, kind);
      const update = written.export({ mode: "update" });
      await alike(update);
      written.getMap("untouched");
      await alike(written.export({ mode: "snapshot" }));
      await alike(update, () => history(ours, "live", 600, 11)); // peers who wrote something else there
      await alike(update, () => {
        const made = doc(ours, 9);
        made.import(update);
        return made;
      });
    });
  }
}

test("what lacks its past waits, and says so in the same words", async () => {
  const written = history(ours, "in turns");
  const [{ peer }] = written.frontiers();
  const from = new ours.VersionVector(new Map([[peer, 1000]]));
  await alike(written.export({ mode: "update", from }));
  const early = written.export({
    mode: "updates-in-range",
    spans: [1, 2].map((p) => ({ id: { peer: `${p}`, counter: 0 }, len: 1500 })),
  });
  const made = await alike(early);
  assert.ok(made.import(early).pending !== null);
  assert.equal((await made.importAsync(written.export({ mode: "update" }))).pending, null);
  assert.deepEqual(made.toJSON(), written.toJSON());
});

test("small blobs, empty ones, shallow ones, and documents that show their past", async () => {
  const written = history(ours, "in turns", 100);
  await alike(written.export({ mode: "update" }));
  await alike(doc(ours).export({ mode: "update" }));
  const seen = [];
  const blob = written.export({ mode: "update" });
  await doc(ours).importAsync(blob, { onProgress: (progress) => seen.push(progress) });
  assert.deepEqual(seen, [{ done: blob.length, total: blob.length }]);
  const long = history(ours, "in turns");
  await alike(long.export({ mode: "shallow-snapshot", frontiers: long.frontiers() }));
  const made = await alike(long.export({ mode: "update" }), () => {
    const past = doc(ours, 9);
    past.getText("text").insert(0, "mine");
    past.commit();
    past.detach();
    return past;
  });
  assert.equal(made.getText("text").toString(), "mine");
});

test("no slice does more than a piece, and progress says how far it is", async () => {
  const written = history(ours, "in turns", 20000);
  const blob = written.export({ mode: "update" });
  const made = doc(ours, 9);
  const steps = [];
  let turns = 0;
  const count = () => (made.toJSON().text === written.toJSON().text ? 0 : (turns++, setImmediate(count)));
  setImmediate(count);
  await made.importAsync(blob, {
    budget: 0,
    onProgress: ({ done, total }) => steps.push({ done, total, ops: made.opCount() }),
  });
  let last = { done: 0, ops: 0 };
  for (const step of steps) {
    assert.equal(step.total, blob.length);
    assert.ok(step.done > last.done && step.done - last.done < 24 * 1024, JSON.stringify(step));
    assert.ok(step.ops - last.ops < 3 * 2048, JSON.stringify(step));
    last = step;
  }
  assert.equal(last.done, blob.length);
  assert.ok(steps.length > 10);
  assert.ok(turns >= steps.length - 2, "others had their turns");
});

test("a budget makes slices of several pieces", async () => {
  const blob = history(ours, "in turns", 20000).export({ mode: "update" });
  let slices = 0;
  await doc(ours).importAsync(blob, { budget: Infinity, onProgress: () => slices++ });
  assert.equal(slices, 1);
});

test("damage rejects as import() throws, and nothing was imported", async () => {
  const next = random(3);
  const blob = history(ours, "live").export({ mode: "update" });
  const [whole, pieces] = [doc(ours), doc(ours)];
  let refused = 0;
  for (let i = 0; i < 60; i++) {
    const bad = blob.slice(0, i % 4 === 0 ? next(blob.length) : blob.length);
    if (i % 4 > 0) bad[22 + next(bad.length - 22)] ^= 1 << next(8);
    if (i % 4 > 1) mended(bad);
    let error;
    try {
      whole.fork().import(bad);
    } catch (thrown) {
      error = thrown;
    }
    if (!(error?.offset > 0)) continue; // what shows only when changes meet a document
    refused++;
    await assert.rejects(pieces.importAsync(bad, { budget: 0 }), (thrown) => {
      assert.deepEqual([thrown.constructor, thrown.message], [error.constructor, error.message]);
      return true;
    });
    assert.deepEqual(shown(pieces), shown(whole));
  }
  assert.ok(refused > 30);
  await assert.rejects(pieces.importAsync("no bytes"), TypeError);
});

test("an abort stops it; importing again goes on", async () => {
  const written = history(ours, "live");
  const blob = written.export({ mode: "update" });
  const made = doc(ours, 9);
  const stop = new AbortController();
  const reason = new Error("enough");
  const options = {
    budget: 0,
    signal: stop.signal,
    onProgress: () => made.opCount() > 2000 && stop.abort(reason),
  };
  await assert.rejects(made.importAsync(blob, options), reason);
  assert.ok(made.opCount() > 2000 && made.opCount() < written.opCount());
  await assert.rejects(made.importAsync(blob, options), reason);
  await made.importAsync(blob);
  assert.deepEqual(shown(made), shown(written));
});

test("edits, imports and checkouts in between", async () => {
  const written = history(ours, "live");
  const other = doc(ours, 8);
  edit(other, random(4), 50);
  const made = doc(ours, 9);
  const heard = [];
  made.subscribeLocalUpdates((bytes) => heard.push(bytes));
  let at = 0;
  const onProgress = () => {
    if (at % 3 === 0 && !made.isDetached()) made.getText("text").insert(0, `${at},`);
    if (at === 6) send(other, made);
    if (at === 8) made.checkout([]);
    if (at === 10) made.attach();
    at++;
  };
  const blobs = [written, history(theirs, "apart", 3000, 11), history(ours, "live", 4000, 21)];
  await Promise.all(
    blobs.map((of) => made.importAsync(of.export({ mode: "update" }), { budget: 0, onProgress })),
  );
  made.attach();
  made.commit();
  assert.ok(at > 12 && heard.length > 1, `${at} slices, ${heard.length} commits`);
  const again = doc(ours, 7);
  again.import(made.export({ mode: "update" }));
  assert.deepEqual(shown(again), shown(made));
  made.free();
  again.free();
});

test("subscribers hear of each piece", async () => {
  const written = history(ours, "live");
  const made = doc(ours, 9);
  let text = [];
  let batches = 0;
  made.subscribe(({ by, events }) => {
    assert.equal(by, "import");
    batches++;
    for (const { path, diff } of events) {
      if (path[0] !== "text") continue;
      let at = 0;
      for (const step of diff.diff) {
        if (step.insert !== undefined) text.splice(at, 0, ...step.insert);
        at += step.retain ?? step.insert?.length ?? 0;
        if (step.delete !== undefined) text.splice(at, step.delete);
      }
    }
  });
  await made.importAsync(written.export({ mode: "update" }), { budget: 0 });
  assert.ok(batches > 3);
  assert.equal(text.join(""), written.getText("text").toString());
});

test("a document freed meanwhile", async () => {
  const made = doc(ours, 9);
  const blob = history(ours, "live").export({ mode: "update" });
  const end = made.importAsync(blob, { budget: 0 });
  made.free();
  await assert.rejects(end, ours.ESTATE);
});
