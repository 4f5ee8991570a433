// The published clients of the Loro syncing protocol, unmodified, with `lorikeet serve` as their
// server: documents, presence, what is kept of it, and documents that the server cannot read.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test as plainTest } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { EphemeralStore, LoroDoc } from "loro-crdt";
import { LoroWebsocketClient } from "loro-websocket";
import { EloAdaptor, LoroAdaptor, LoroEphemeralAdaptor, LoroPersistentStoreAdaptor } from "loro-adaptors/loro";
import * as protocol from "loro-protocol";
import { WebSocket } from "ws";
import { scratchFolder, until } from "../e2e/lib/cleanup.mjs";
import { memoryHolds } from "../e2e/lib/memory.mjs";
import { haveProgram, serve } from "../e2e/lib/program.mjs";
import { finish } from "../e2e/lib/socket.mjs";

globalThis.WebSocket = WebSocket;
const test = (name, body) =>
  plainTest(name, { skip: haveProgram ? false : "not built: run ./dev build", timeout: 120_000 }, body);
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i);
const getPrivateKey = async () => ({ keyId: "k1", key: KEY });
const sealed = (doc = new LoroDoc()) => new EloAdaptor(doc, { getPrivateKey });
const wsUrl = (server) => server.url.replace("http", "ws");

/** What `lorikeet doctor` says of a file that the server kept. */
async function diagnosis(data, name) {
  const { code, stdout, stderr } = await finish("doctor", path.join(data, name));
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout;
}

/** A client of the server, in one room. */
async function enter(t, server, roomId, crdtAdaptor, auth) {
  const client = new LoroWebsocketClient({ url: wsUrl(server), onError: (error) => errors.push(error) });
  const errors = [];
  t.after(() => client.destroy());
  await client.waitConnected();
  const room = await client.join({ roomId, crdtAdaptor, auth });
  return { client, room, errors, doc: crdtAdaptor.getDoc?.() };
}
const text = (doc) => doc.getText("t").toString();
const shows = (doc, wanted) => until(wanted.slice(0, 40), () => text(doc) === wanted);
function write(doc, at, what) {
  doc.getText("t").insert(at, what);
  doc.commit();
}
async function leave({ client, room }) {
  await room.destroy();
  client.destroy();
}

/** A bare WebSocket that says and hears messages of the protocol. */
async function bare(t, server) {
  const ws = new WebSocket(wsUrl(server));
  const heard = [];
  ws.binaryType = "arraybuffer";
  ws.on("message", (data, binary) => heard.push(binary ? protocol.decode(new Uint8Array(data)) : String(data)));
  const closed = new Promise((resolve) => ws.on("close", resolve));
  await new Promise((resolve) => ws.on("open", resolve));
  t.after(() => ws.terminate());
  const of = (type) => heard.filter((message) => message.type === type);
  return {
    ws,
    heard,
    closed,
    say: (message) => ws.send(protocol.encode(message)),
    hear: (type, count = 1) => until(`message ${type}`, () => of(type)[count - 1]),
  };
}
const { MessageType, CrdtType } = protocol;
const joinOf = (crdt, roomId, auth = new Uint8Array()) => ({
  type: MessageType.JoinRequest,
  crdt,
  roomId,
  auth,
  version: new Uint8Array(),
});

test("documents: two clients, one that comes later, a large update, a server that restarts", async (t) => {
  const data = scratchFolder(t);
  const args = ["--data", data, "--plain"];
  const server = await serve(t, { args });
  const a = await enter(t, server, "a room/é", new LoroAdaptor());
  const b = await enter(t, server, "a room/é", new LoroAdaptor());
  write(a.doc, 0, "hello");
  await shows(b.doc, "hello");
  write(b.doc, 5, " world");
  await shows(a.doc, "hello world");
  const long = "x".repeat(1_000_000);
  write(a.doc, 0, long);
  await shows(b.doc, `${long}hello world`);
  const late = await enter(t, server, "a room/é", new LoroAdaptor());
  await late.room.waitForReachingServerVersion();
  await shows(late.doc, `${long}hello world`);
  await until("an answer to each update", () => a.client.sentUpdateBatches.size === 0);
  assert.ok(memoryHolds(server.child, "x".repeat(64)), "what a server can read is found in its memory");
  for (const peer of [a, b, late]) {
    assert.deepEqual(peer.errors, []);
    await leave(peer);
  }
  await server.child.stop();
  const [document] = readdirSync(data);
  assert.match(await diagnosis(data, document), /: well, .* operations of 2 peers$/m);
  const again = await serve(t, { args });
  const c = await enter(t, again, "a room/é", new LoroAdaptor());
  await shows(c.doc, `${long}hello world`);
  const other = await enter(t, again, "a room", new LoroAdaptor());
  await other.room.waitForReachingServerVersion();
  assert.equal(text(other.doc), "");
});

test("documents are not taken unless asked for, and others are not known at all", async (t) => {
  const server = await serve(t);
  const s = await bare(t, server);
  for (const crdt of [CrdtType.Loro, CrdtType.LoroEphemeralStore, CrdtType.LoroEphemeralStorePersisted])
    s.say(joinOf(crdt, "room"));
  s.say(joinOf(CrdtType.Yjs, "room"));
  const refusal = await s.hear(MessageType.JoinError, 4);
  assert.deepEqual([refusal.code, refusal.appCode], [protocol.JoinErrorCode.AppError, "not_here"]);
  s.say(joinOf(CrdtType.Elo, "room"));
  assert.equal((await s.hear(MessageType.JoinResponseOk)).permission, "write");
});

test("a small document comes early, though a large one of the same connection was asked for first", async (t) => {
  const server = await serve(t, { args: ["--plain"] });
  const [large, small] = [0, 1].map(() => new LoroDoc());
  const noise = Array.from({ length: 500_000 }, () => Math.random().toString(36).slice(2));
  const writers = [await enter(t, server, "room", new LoroAdaptor(large))];
  writers.push(await enter(t, server, "room/small", new LoroAdaptor(small)));
  write(large, 0, noise.join("").slice(0, 5_000_000));
  write(small, 0, "small");
  await until("answers", () => writers.every(({ client }) => client.sentUpdateBatches.size === 0));
  const s = await bare(t, server);
  let bytes = 0;
  const early = new Promise((resolve) =>
    s.ws.on("message", (data) => {
      const { type, roomId } = protocol.decode(new Uint8Array(data));
      if (type === MessageType.DocUpdate && roomId === "room/small") resolve(bytes);
      bytes += data.byteLength;
    }),
  );
  s.ws._socket.cork(); // one packet, so that the server has both before it has sent much
  for (const roomId of ["room", "room/small"]) s.say(joinOf(CrdtType.Loro, roomId));
  s.ws._socket.uncork();
  assert.ok((await early) < 500_000, `after ${await early} bytes`);
  await until("the large one", () => bytes > 5_000_000);
});

test("presence reaches others, and what is kept of it reaches who comes later", async (t) => {
  const data = scratchFolder(t);
  const args = ["--data", data, "--plain"];
  const server = await serve(t, { args });
  const stores = [0, 1, 2, 3].map(() => new EphemeralStore(60_000));
  t.after(() => stores.forEach((store) => store.destroy()));
  await enter(t, server, "room", new LoroEphemeralAdaptor(stores[0]));
  await enter(t, server, "room", new LoroEphemeralAdaptor(stores[1]));
  stores[0].set("cursor", 7);
  await until("presence", () => stores[1].get("cursor") === 7);
  const keeper = await enter(t, server, "room", new LoroPersistentStoreAdaptor(stores[2]));
  stores[2].set("name", "somebody");
  await until("an answer", () => keeper.client.sentUpdateBatches.size === 0);
  await leave(keeper);
  await server.child.stop();
  assert.match(await diagnosis(data, "room.entries"), /: well, \d+ blobs? of \d+ bytes, which hold 1 entry$/m);
  await enter(t, await serve(t, { args }), "room", new LoroPersistentStoreAdaptor(stores[3]));
  await until("what was kept", () => stores[3].get("name") === "somebody");
});

for (const kept of [false, true])
  test(`sealed documents: the server cannot read them, ${kept ? "on disk" : "in memory"}`, async (t) => {
    const data = scratchFolder(t);
    const args = kept ? ["--data", data] : [];
    let server = await serve(t, { args });
    const a = await enter(t, server, "room", sealed());
    write(a.doc, 0, "a secret");
    const b = await enter(t, server, "room", sealed());
    await shows(b.doc, "a secret");
    write(b.doc, 8, " between two");
    await shows(a.doc, "a secret between two");
    const long = "tell nobody ".repeat(50_000);
    write(a.doc, 20, long);
    await shows(b.doc, `a secret between two${long}`);
    await until("an answer to each update", () => a.client.sentUpdateBatches.size === 0);
    for (const peer of [a, b]) await leave(peer);
    assert.ok(!memoryHolds(server.child, "tell nobody tell"));
    if (kept) {
      await server.child.stop();
      for (const name of readdirSync(data))
        assert.ok(!readFileSync(path.join(data, name)).includes("secret"), name);
      assert.deepEqual(readdirSync(data), ["room.sealed"]);
      assert.match(await diagnosis(data, "room.sealed"), /of 2 peers, sealed; without a word/);
      server = await serve(t, { args });
    }
    const late = await enter(t, server, "room", sealed());
    await shows(late.doc, `a secret between two${long}`);
    const stranger = new EloAdaptor(new LoroDoc(), {
      getPrivateKey: async () => ({ keyId: "k1", key: new Uint8Array(32) }),
      onDecryptError: () => (refused = true),
    });
    let refused = false;
    const { doc } = await enter(t, server, "room", stranger);
    await until("refusal", () => refused);
    assert.equal(text(doc), "");
  });

test("records of the workspace are those of the published package, in both directions", async () => {
  const source = new URL("../../web/workspace/src/elo.ts", import.meta.url);
  const entryPoints = [fileURLToPath(source)];
  const { outputFiles } = await build({ entryPoints, bundle: true, format: "esm", write: false });
  const script = Buffer.from(outputFiles[0].contents).toString("base64");
  const ours = await import(`data:text/javascript;base64,${script}`);
  const plain = Uint8Array.from({ length: 300 }, (_, i) => i);
  const keyOf = async (keyId) => {
    assert.equal(keyId, "lorikeet-1");
    return KEY;
  };
  const span = await protocol.decryptEloRecord(ours.spanRecord(KEY, { peer: "17", start: 3, end: 900 }, plain), keyOf);
  assert.deepEqual(span.plaintext, plain);
  assert.deepEqual([span.header.start, span.header.end, String(Buffer.from(span.header.peerId))], [3, 900, "17"]);
  const version = new Map([["9", 5], ["17", 300], ["10", 1]]);
  const snapshot = await protocol.decryptEloRecord(ours.snapshotRecord(KEY, version, plain), keyOf);
  assert.deepEqual(snapshot.plaintext, plain);
  const named = snapshot.header.vv.map(({ peerId, counter }) => [String(Buffer.from(peerId)), counter]);
  assert.deepEqual(named, [["10", 1], ["17", 300], ["9", 5]]);
  const keyId = "lorikeet-1";
  const peerId = Buffer.from("17");
  const { record } = await protocol.encryptDeltaSpan(plain, { peerId, start: 3, end: 900, keyId }, KEY);
  assert.deepEqual(ours.openRecord(KEY, record), plain);
  const vv = [{ peerId, counter: 4 }];
  const theirs = await protocol.encryptSnapshot(plain, { vv, keyId }, KEY);
  assert.deepEqual(ours.openRecord(KEY, theirs.record), plain);
  const both = protocol.encodeEloContainer([record, theirs.record]);
  assert.deepEqual([...ours.recordsOf(both)], [record, theirs.record]);
  assert.deepEqual(ours.container([record, theirs.record]), both);
});

test("what breaks the protocol is answered, or ends the connection that says it", async (t) => {
  const server = await serve(t, { args: ["--plain"] });
  const [s, witness] = [await bare(t, server), await bare(t, server)];
  const update = { type: MessageType.DocUpdate, crdt: CrdtType.Elo, roomId: "room" };
  const ack = async (count, batchId, status) => {
    const heard = await s.hear(MessageType.Ack, count);
    assert.deepEqual([heard.refId, heard.status], [batchId, status]);
  };
  const batch = (n) => `0x${String(n).padStart(16, "0")}`;
  const { UpdateStatusCode } = protocol;
  s.say({ ...update, updates: [Uint8Array.of(0)], batchId: batch(1) });
  await ack(1, batch(1), UpdateStatusCode.PermissionDenied);
  for (const one of [s, witness]) one.say(joinOf(CrdtType.Elo, "room"));
  await s.hear(MessageType.JoinResponseOk);
  await witness.hear(MessageType.JoinResponseOk);
  s.say({ ...update, updates: [Uint8Array.of(1, 9, 1, 2)], batchId: batch(2) });
  await ack(2, batch(2), UpdateStatusCode.InvalidUpdate);
  const fragments = { ...update, type: MessageType.DocUpdateFragmentHeader };
  s.say({ ...fragments, batchId: batch(3), fragmentCount: 2, totalSizeBytes: 1 << 30 });
  await ack(3, batch(3), UpdateStatusCode.PayloadTooLarge);
  s.say({ ...fragments, batchId: batch(4), fragmentCount: 2, totalSizeBytes: 10 });
  const fragment = { ...update, type: MessageType.DocUpdateFragment, fragment: new Uint8Array(5) };
  s.say({ ...fragment, batchId: batch(4), index: 1 });
  await ack(4, batch(4), UpdateStatusCode.FragmentTimeout);
  s.say({ ...fragments, batchId: batch(5), fragmentCount: 2, totalSizeBytes: 10 });
  s.say({ ...fragment, batchId: batch(5), index: 0 });
  await ack(5, batch(5), UpdateStatusCode.FragmentTimeout);
  s.ws.send("ping");
  await until("pong", () => s.heard.includes("pong"));
  s.ws.send(Uint8Array.of(1, 2, 3));
  await s.closed;
  const huge = await bare(t, server);
  huge.say(joinOf(CrdtType.Elo, "room"));
  huge.ws.send(new Uint8Array(256 * 1024 + 1));
  await huge.closed;
  const { record } = await protocol.encryptDeltaSpan(
    Uint8Array.of(1),
    { peerId: new TextEncoder().encode("7"), start: 0, end: 1, keyId: "k" },
    KEY,
  );
  const late = await bare(t, server);
  late.say(joinOf(CrdtType.Elo, "room"));
  late.say({ ...update, updates: [protocol.encodeEloContainer([record])], batchId: batch(6) });
  await late.hear(MessageType.Ack);
  assert.equal((await witness.hear(MessageType.DocUpdate)).batchId, batch(6));
});

test("a room that was founded with a word is closed to who does not know it", async (t) => {
  const data = scratchFolder(t);
  const word = (byte) => Uint8Array.from([...Buffer.from("lorikeet\u0001"), ...new Uint8Array(32).fill(byte)]);
  const answers = async (server, auth) => {
    const s = await bare(t, server);
    s.say(joinOf(CrdtType.Elo, "room", auth));
    return until("an answer", () => s.heard[0]);
  };
  let server = await serve(t, { args: ["--data", data] });
  for (let round = 0; round < 2; round += 1) {
    assert.equal((await answers(server, word(1))).type, MessageType.JoinResponseOk);
    for (const auth of [word(2), new Uint8Array(), Uint8Array.of(1)])
      assert.equal((await answers(server, auth)).code, protocol.JoinErrorCode.AuthFailed);
    await server.child.stop();
    server = await serve(t, { args: ["--data", data] });
  }
});
