// An engine in a worker is the engine here, but that everything takes a promise.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as client from "lorikeet-crdt/worker";
import { build } from "esbuild";
import { ours } from "./both.mjs";

/** `run` gets the package in a worker. */
function remote(name, run) {
  test(name, async () => {
    const worker = client.startWorker();
    try {
      await run(worker.loro, worker);
    } finally {
      worker.terminate();
    }
  });
}

remote("edits, reads and versions", async (loro) => {
  const doc = new loro.LoroDoc();
  await doc.setPeerId("7");
  const text = await doc.getText("t");
  await text.insert(0, "hello");
  assert.equal(await text.length, 5);
  assert.equal(await text.toString(), "hello");
  assert.equal(await doc.peerIdStr, "7");
  assert.equal(await doc.peerId, 7n);
  await doc.commit();
  assert.deepEqual(await doc.frontiers(), [{ peer: "7", counter: 4 }]);
  assert.deepEqual(await doc.version().toJSON(), new Map([["7", 5]]));
  assert.deepEqual((await doc.getAllChanges()).get("7").length, 1);
  assert.equal(await doc.getMap("m").get("nothing"), undefined);
});

remote("results are called on before they are here", async (loro) => {
  const doc = new loro.LoroDoc();
  const map = doc.getMap("m");
  map.set("k", [1, { a: new Uint8Array([1, 2]) }, null]);
  const list = map.setContainer("l", new loro.LoroList());
  list.push("x");
  doc.getTree("tree").createNode().data.set("title", "T");
  doc.getText("t").insert(0, "typed");
  const shown = await doc.toJSON();
  assert.deepEqual(shown.m, { k: [1, { a: new Uint8Array([1, 2]) }, null], l: ["x"] });
  assert.equal(shown.tree[0].meta.title, "T");
  assert.equal(shown.t, "typed");
  assert.equal(await doc.getByPath("m/l").get(0), "x");
});

remote("bytes go both ways; what is exported here is imported there", async (loro) => {
  const here = new ours.LoroDoc();
  here.getText("t").insert(0, "from here");
  here.commit();
  const there = new loro.LoroDoc();
  const bytes = here.export({ mode: "update" });
  const status = await there.import(bytes);
  assert.deepEqual([...status.success.keys()], [here.peerIdStr]);
  assert.ok(bytes.length > 0, "the caller keeps what it passes");
  there.getText("t").insert(0, "and there: ");
  const from = there.oplogVersion();
  here.import(await there.export({ mode: "snapshot" }));
  assert.deepEqual(here.toJSON(), await there.toJSON());
  const nothing = await there.export({ mode: "update", from });
  assert.equal(here.import(nothing).success.size, 0);
  const meta = await loro.decodeImportBlobMeta(bytes, true);
  assert.equal(meta.changeNum, 1);
  assert.equal(await meta.partialEndVersionVector.get(here.peerIdStr), 9);
  assert.deepEqual(await loro.LoroDoc.fromSnapshot(here.export({ mode: "snapshot" })).toJSON(), here.toJSON());
});

remote("events come over, with the containers in them", async (loro) => {
  const doc = new loro.LoroDoc();
  const heard = [];
  const sent = [];
  const stop = await doc.subscribe((batch) => heard.push(batch));
  doc.subscribeLocalUpdates((bytes) => sent.push(bytes));
  doc.getList("l").insertContainer(0, new loro.LoroText()).insert(0, "inside");
  await doc.commit();
  assert.equal(heard.length, 1);
  assert.equal(heard[0].by, "local");
  const child = heard[0].events[0].diff.diff[0].insert[0];
  assert.equal(await child.toString(), "inside");
  await child.insert(0, "still ");
  await stop();
  await doc.commit();
  assert.equal(heard.length, 1);
  const copy = new ours.LoroDoc();
  copy.importBatch(sent);
  assert.deepEqual(copy.toJSON(), { l: ["still inside"] });
});

remote("undo, cursors, presence and import in slices", async (loro) => {
  const doc = new loro.LoroDoc();
  const undo = new loro.UndoManager(doc, { mergeInterval: 0 });
  const text = doc.getText("t");
  text.insert(0, "one");
  doc.commit();
  const cursor = await text.getCursor(1);
  text.insert(0, "two ");
  await doc.commit();
  assert.equal((await doc.getCursorPos(cursor)).offset, 5);
  assert.equal(await undo.undo(), true);
  assert.equal(await text.toString(), "one");
  assert.equal(await undo.canRedo(), true);
  const store = new loro.EphemeralStore(1000);
  await store.set("who", { cursor: await cursor.encode() });
  assert.deepEqual(await store.keys(), ["who"]);
  const big = new ours.LoroDoc();
  for (let i = 0; i < 20000; i++) big.getText("t").insert((i * 7919) % (i + 1), "x");
  const seen = [];
  const onProgress = ({ done, total }) => seen.push(done / total);
  await doc.importAsync(big.export({ mode: "update" }), { budget: 0, onProgress });
  assert.equal(await text.length, 20003);
  assert.equal(seen.at(-1), 1);
  await doc.free();
  await assert.rejects(doc.toJSON(), client.ESTATE);
});

remote("errors cross with their class", async (loro) => {
  const doc = new loro.LoroDoc();
  const text = await doc.getText("t");
  await assert.rejects(text.insert(9, "x"), (error) => {
    assert.ok(error instanceof client.ERANGE && error instanceof client.LorikeetError);
    assert.equal(error.status, "ERANGE");
    assert.throws(() => new ours.LoroDoc().getText("t").insert(9, "x"), { message: error.message });
    return true;
  });
  await assert.rejects(doc.import(new Uint8Array(40)), (error) => {
    assert.ok(error instanceof client.ECORRUPT && typeof error.offset === "number");
    return true;
  });
  await assert.rejects(doc.import("text"), TypeError);
  await assert.rejects(doc.nothing(), /nothing is not a function/);
  await assert.rejects(doc.getText("a/b").insert(0, "x"), client.EVALUE); // the first failure
  await assert.rejects(new loro.UndoManager(3).undo());
  await assert.rejects(text.insert(0, "x", Symbol()), { name: "DataCloneError" });
  assert.equal(await text.toString(), "");
});

test("after the end, and before", async () => {
  const worker = client.startWorker();
  const doc = new worker.loro.LoroDoc();
  const waits = doc.toJSON();
  worker.terminate();
  await assert.rejects(waits, client.ESTATE);
  await assert.rejects(doc.toJSON(), client.ESTATE);
});

test("require", async () => {
  const worker = createRequire(import.meta.url)("lorikeet-crdt/worker").startWorker();
  assert.equal(await new worker.loro.LoroDoc().opCount(), 0);
  worker.terminate();
});

test("a worker that cannot start", async () => {
  const { Worker } = await import("node:worker_threads");
  const worker = client.startWorker(new Worker("throw new Error('broken')", { eval: true }));
  await assert.rejects(new worker.loro.LoroDoc().toJSON(), /broken/);
  worker.terminate();
});

/** Both sides in this thread, where the garbage collector can be called. */
async function both() {
  const options = { bundle: true, write: false, format: "esm", platform: "node", logLevel: "error" };
  const load = async (contents) => {
    const stdin = { contents, resolveDir: new URL("../src", import.meta.url).pathname };
    const { outputFiles } = await build({ ...options, stdin });
    return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
  };
  const { connect, serve } = await load('export * from "./remote.ts"; export * from "./remote_serve.ts"');
  const { port1, port2 } = new MessageChannel();
  const kept = serve(port2, ours);
  return { kept, port1, ...connect(port1) };
}

test("what nothing stands for any more is given back", async () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc");
  const { loro, kept, port1 } = await both();
  try {
    const text = await new loro.LoroDoc().getText("t");
    for (let i = 0; i < 200; i++) {
      const doc = new loro.LoroDoc();
      await doc.getText(`t${i}`).insert(0, "x");
      await assert.rejects(text.insert(-1, "x"));
      (await doc.subscribe(() => {}))();
    }
    assert.equal(await text.length, 0);
    const before = kept.size;
    for (let i = 0; i < 50 && kept.size > 10; i++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.ok(before > 100 && kept.size <= 10, `${before} things were kept, and ${kept.size} are`);
    assert.equal(await text.toString(), "");
  } finally {
    port1.close();
  }
});
