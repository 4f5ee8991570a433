// Two rooms over a perfect wire: what one types, the other shows.
import assert from "node:assert/strict";
import test from "node:test";
import * as ours from "lorikeet-crdt/room";
import { doc } from "./both.mjs";

/** A document in a room, with its outbox. */
class Member {
  constructor(peer, room = "room", guard = undefined) {
    this.doc = doc(ours, peer);
    this.room = new ours.Room(this.doc, { id: room, guard });
    this.said = [];
    this.stores = [];
  }
  drain(deliver, now) {
    let any = false;
    for (let out; (out = this.room.poll()) !== undefined; any = true) {
      if (out.kind === "send") deliver(out.bytes);
      else if (out.kind === "store") {
        this.stores.push(out.bytes);
        this.room.stored(out.token);
      } else this.said.push(out.kind);
    }
    this.room.tick(now);
    return any;
  }
}

/** Carry messages until nobody has any left. */
function settle(a, b, now) {
  for (let busy = true; busy;) {
    busy = a.drain((bytes) => b.room.feed(1, bytes, now), now);
    busy = b.drain((bytes) => a.room.feed(1, bytes, now), now) || busy;
  }
}

test("two members exchange what each lacks, then every edit", () => {
  const [a, b] = [new Member(1), new Member(2)];
  a.doc.getText("t").insert(0, "from a");
  b.doc.getMap("m").set("k", "from b");
  a.room.open(1, 0);
  b.room.open(1, 0);
  settle(a, b, 0);
  assert.deepEqual(a.doc.toJSON(), { t: "from a", m: { k: "from b" } });
  assert.deepEqual(b.doc.toJSON(), a.doc.toJSON());
  assert.ok(a.said.includes("joined") && b.said.includes("joined"));

  const heard = [];
  b.doc.subscribe((batch) => heard.push(batch.by));
  for (let i = 0; i < 20; i++) {
    a.doc.getText("t").insert(0, "x");
    a.room.edited(i);
    settle(a, b, i);
  }
  assert.equal(b.doc.getText("t").toString(), a.doc.getText("t").toString());
  assert.deepEqual(heard, Array(20).fill("import"));
  assert.ok(a.room.stats().synced && b.room.stats().synced);
  assert.equal(a.said.at(-1), "synced");
});

test("what a member stored makes a document", () => {
  const [a, b] = [new Member(1), new Member(2)];
  a.room.open(1, 0);
  b.room.open(1, 0);
  settle(a, b, 0);
  a.doc.getText("t").insert(0, "kept");
  a.room.edited(1);
  settle(a, b, 1);
  for (const member of [a, b]) {
    const again = doc(ours, 9);
    again.importBatch(member.stores);
    assert.deepEqual(again.toJSON(), { t: "kept" });
  }
});

test("an edit not yet told goes out before a message comes in", () => {
  const [a, b] = [new Member(1), new Member(2)];
  a.room.open(1, 0);
  b.room.open(1, 0);
  settle(a, b, 0);
  a.doc.getText("t").insert(0, "a");
  b.doc.getText("t").insert(0, "b");
  b.room.edited(1);
  settle(a, b, 1);
  assert.deepEqual(a.doc.toJSON(), b.doc.toJSON());
  assert.equal(a.doc.getText("t").length, 2);
});

test("an edit can be on its way before anyone here is told of it", () => {
  const [a, b] = [new Member(1), new Member(2)];
  a.room.open(1, 0);
  b.room.open(1, 0);
  settle(a, b, 0);
  const order = [];
  a.doc.subscribe(() => order.push("told"));
  a.doc.getText("t").insert(0, "a");
  a.room.edited(1, () => a.drain(() => order.push("sent"), 1));
  assert.deepEqual(order, ["sent", "told"]);
});

test("presence crosses over and is taken back", () => {
  const [a, b] = [new Member(1), new Member(2)];
  a.room.open(1, 0);
  b.room.open(1, 0);
  settle(a, b, 0);
  a.room.setPresence("cursor", { at: [1, 2], name: "é" }, 1);
  settle(a, b, 1);
  assert.deepEqual(b.room.presence(), { cursor: { at: [1, 2], name: "é" } });
  a.room.setPresence("cursor", null, 2);
  settle(a, b, 2);
  assert.deepEqual(b.room.presence(), {});
});

test("a link that talks nonsense is told off, and nothing else happens", () => {
  const a = new Member(1);
  a.doc.getText("t").insert(0, "a");
  a.room.open(1, 0);
  a.room.feed(1, new Uint8Array([1, 2, 3]), 0);
  a.drain(() => {}, 0);
  assert.ok(a.said.includes("error"));
  assert.deepEqual(a.doc.toJSON(), { t: "a" });
});

test("a room ends before its document", () => {
  const a = new Member(1);
  a.doc.free();
  assert.throws(() => a.room.tick(0), ours.ESTATE);
  a.room.free();
});

test("what has not left yet is not missed", () => {
  const [a, b] = [new Member(1), new Member(2)];
  a.room.open(1, 0);
  b.room.open(1, 0);
  settle(a, b, 0);
  a.doc.getText("t").insert(0, "x");
  a.room.edited(0);
  let sent = 0;
  const count = () => a.drain(() => sent++, now);
  let now = 0;
  for (; now < 60_000; now += 1000) {
    a.room.held(1, now);
    count();
  }
  assert.equal(sent, 1);
  for (; sent === 1; now += 1000) count();
  assert.ok(now > 69_000 && now < 75_000, `again after ${now} ms`);
});

test("a room id that is too long is refused", () => {
  assert.throws(() => new ours.Room(doc(ours), { id: "x".repeat(129) }), ours.ESTATE);
});

test("in a guarded room only what is signed is taken, and who reads gives on what others signed", () => {
  const head = "a room's updates";
  const writes = new ours.Guard({ head, seed: new Uint8Array(32).fill(1) });
  const reads = new ours.Guard({ head, key: writes.key });
  assert.ok(writes.writes && !reads.writes);
  const [writer, reader, next, stranger] = [
    new Member(1, "room", writes),
    new Member(2, "room", reads),
    new Member(3, "room", reads),
    new Member(4, "room", new ours.Guard({ head, seed: new Uint8Array(32).fill(2) })),
  ];
  writer.room.open(1, 0);
  reader.room.open(1, 0);
  writer.doc.getText("t").insert(0, "signed");
  writer.room.edited(0);
  settle(writer, reader, 0);
  assert.equal(reader.doc.getText("t").toString(), "signed");
  assert.throws(() => {
    reader.doc.getText("t").insert(0, "not ");
    reader.room.edited(1);
  }, ours.ESTATE);

  const [{ bytes, blob }] = ours.partsOf(reader.stores[0]);
  assert.deepEqual(bytes, reader.stores[0]);
  assert.deepEqual(ours.partsOf(blob), [{ bytes: blob, blob }]);
  assert.throws(() => ours.partsOf(bytes.subarray(0, 50)), ours.ECORRUPT);
  assert.equal(next.room.restore(reader.room.whole(), 2), false);
  assert.equal(next.doc.getText("t").toString(), "signed");
  const changed = reader.stores[0].slice();
  changed[20] ^= 1;
  assert.throws(() => next.room.restore(changed, 2), ours.EVALUE);
  assert.throws(() => next.room.restore(new Uint8Array(), 2), ours.ECORRUPT);
  assert.deepEqual(ours.partsOf(new Uint8Array()), [{ bytes: new Uint8Array(), blob: new Uint8Array() }]);
  assert.throws(() => writer.room.restore(changed, 2), ours.ESTATE);
  assert.throws(() => reads.sign(blob), ours.ESTATE);
  assert.throws(() => new ours.Guard({ head, key: new Uint8Array(31) }), ours.ESTATE);

  stranger.doc.getText("t").insert(0, "forged");
  stranger.room.open(1, 3);
  next.room.open(1, 3);
  settle(stranger, next, 3);
  assert.equal(next.doc.getText("t").toString(), "signed");
  assert.ok(next.said.includes("denied"));
});
