// Who may write in a room is told by signatures: those of RFC 8032, section 7.1, and what OpenSSL makes
// and takes, beside it. In the build for pages and in the one for Node.
import assert from "node:assert/strict";
import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import test from "node:test";
import { Point } from "@noble/ed25519";
import * as inNode from "lorikeet-crdt/room";

const dist = (name) => new URL(`../dist/${name}`, import.meta.url);
const inPage = await import(dist("room.js").href);
await inPage.default(readFileSync(dist("lorikeet_room.wasm")));
const builds = { inPage, inNode };

const ORDER = Point.CURVE().n;
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (data) => Buffer.from(data).toString("hex");
const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const number = (data) => BigInt(`0x${hex(Uint8Array.from(data).reverse())}`);
const scalar = (n) => bytes(n.toString(16).padStart(64, "0")).reverse();
const hash = (...parts) => createHash("sha512").update(join(...parts)).digest();

let state = 1;
const random = () => (state = (state * 1103515245 + 12345) & 0x7fffffff) >> 8;
const some = (len) => Uint8Array.from({ length: len }, random);

// What node:crypto wants keys to look like: RFC 8410, section 10.
const secret = (seed) =>
  createPrivateKey({
    key: Buffer.from(join(bytes("302e020100300506032b657004220420"), seed)),
    format: "der",
    type: "pkcs8",
  });
const open = (key) =>
  createPublicKey({
    key: Buffer.from(join(bytes("302a300506032b6570032100"), key)),
    format: "der",
    type: "spki",
  });

/** The signature of a blob of less than 16 KiB, without the envelope; and with it. */
const AROUND = bytes("6c6b736701");
const bare = (update) => update.subarray(5, 69);
function envelope(signature, blob) {
  const { length: n } = blob;
  return join(AROUND, signature, n < 128 ? [n] : [(n & 127) | 128, n >> 7], blob);
}

/** Does a guard with this key take it? It must be as OpenSSL says. */
function takes(key, signature, blob, head = "") {
  const wanted = verify(null, join(Buffer.from(head), blob), open(key), signature);
  for (const [name, { Guard }] of Object.entries(builds))
    assert.equal(new Guard({ head, key }).verify(envelope(signature, blob)), wanted, name);
  return wanted;
}

const VECTORS = [
  [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b" +
      "d25bf5f0595bbe24655141438e7a100b",
  ],
  [
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c" +
      "387b2eaeb4302aeeb00d291612bb0c00",
  ],
  [
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659" +
      "4a7c15e9716ed28dc027beceea1ec40a",
  ],
];

for (const [name, { Guard }] of Object.entries(builds)) {
  test(`the vectors, ${name}`, () => {
    for (const [seed, key, message, signature] of VECTORS) {
      const guard = new Guard({ head: "", seed: bytes(seed) });
      assert.equal(hex(guard.key), key);
      assert.equal(hex(bare(guard.sign(bytes(message)))), signature);
    }
    const [seed, , message, signature] = VECTORS[1]; // the head is signed like what is behind it
    const guard = new Guard({ head: String(Buffer.from(message, "hex")), seed: bytes(seed) });
    assert.equal(hex(bare(guard.sign(new Uint8Array()))), signature);
  });

  test(`what is made is OpenSSL's, and what is not is refused, ${name}`, () => {
    const head = "lorikeet update 1/a-room/";
    for (let n = 0; n < 300; n++) {
      const seed = some(32);
      const blob = some(n);
      const guard = new Guard({ head, seed });
      const update = guard.sign(blob);
      assert.equal(hex(bare(update)), hex(sign(null, join(Buffer.from(head), blob), secret(seed))));
      assert.ok(guard.verify(update), `${n} bytes`);
      const changed = update.slice();
      changed[5 + (random() % (changed.length - 5))] ^= 1 << random() % 8;
      assert.ok(!guard.verify(changed), `${n} bytes`);
    }
  });

  test(`many bytes, for which the memory grows, ${name}`, () => {
    const guard = new Guard({ head: "room", seed: some(32) });
    const update = guard.sign(new Uint8Array(5e6));
    assert.ok(guard.verify(update));
    update[4e6] ^= 1;
    assert.ok(!guard.verify(update));
  });

  test(`keys and updates of other lengths, ${name}`, () => {
    const seed = some(32);
    const guard = new Guard({ head: "room", seed });
    const update = guard.sign(some(20));
    for (let n = 0; n < update.length; n++) assert.ok(!guard.verify(update.subarray(0, n)), `${n} bytes`);
    assert.ok(!guard.verify(join(update, [0])));
    assert.ok(guard.verify(join(update, update)));
    const { ESTATE } = builds[name];
    for (const n of [0, 31, 33, 64]) {
      assert.throws(() => new Guard({ head: "room", seed: some(n) }), ESTATE);
      assert.throws(() => new Guard({ head: "room", key: some(n) }), ESTATE);
    }
    assert.throws(() => new Guard({ head: "room" }), ESTATE);
  });

  test(`a signature that cannot be made is an error, and the engine goes on, ${name}`, () => {
    const { ENOMEM, LoroDoc, Room } = builds[name];
    const doc = new LoroDoc();
    const guard = new Guard({ head: "room", seed: some(32) });
    const room = new Room(doc, { id: "room", guard });
    doc.getText("t").insert(0, "one");
    guard.free();
    assert.throws(() => room.edited(0), ENOMEM);
    assert.throws(() => room.edited(0), ENOMEM);
    doc.getText("t").insert(3, " and more");
    assert.equal(doc.getText("t").toString(), "one and more");
    room.free();
  });
}

test("each bit of a signature and a key counts", () => {
  const seed = some(32);
  const { key } = new inNode.Guard({ head: "", seed });
  const blob = some(10);
  const signature = sign(null, blob, secret(seed));
  assert.ok(takes(key, signature, blob));
  for (let bit = 0; bit < 512; bit++) {
    const other = signature.slice();
    other[bit >> 3] ^= 1 << (bit & 7);
    assert.ok(!takes(key, other, blob), `bit ${bit}`);
    if (bit >= 256) continue;
    const changed = key.slice();
    changed[bit >> 3] ^= 1 << (bit & 7);
    assert.ok(!takes(changed, signature, blob), `bit ${bit} of the key`);
  }
});

test("the number of a signature is below the order, else there would be a second one of each", () => {
  const seed = some(32);
  const { key } = new inNode.Guard({ head: "", seed });
  for (let i = 0; i < 20; i++) {
    const blob = some(i);
    const signature = sign(null, blob, secret(seed));
    const second = scalar(number(signature.subarray(32)) + ORDER);
    assert.ok(takes(key, signature, blob));
    assert.ok(!takes(key, join(signature.subarray(0, 32), second), blob));
  }
});

// Points of order 1, 2, 4 and 8, also written as no program writes them: y not below p, or minus zero.
const SMALL = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "0100000000000000000000000000000000000000000000000000000000000080",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].map(bytes);

test("keys and signatures with points of small order are judged as OpenSSL judges them", () => {
  const verdicts = new Set();
  for (const key of SMALL)
    for (const r of [...SMALL, Point.BASE.toBytes()])
      for (const s of [0n, 1n])
        for (let i = 0; i < 4; i++) verdicts.add(takes(key, join(r, scalar(s)), some(i)));
  assert.deepEqual([...verdicts].sort(), [false, true]);
});

test("what holds only with the cofactor multiplied in is refused", () => {
  const torsion = Point.fromBytes(SMALL[4]);
  const a = number(some(31));
  const r = number(some(31));
  const verdicts = { key: new Set(), r: new Set() };
  for (let i = 0; i < 64; i++) {
    const blob = some(i);
    const made = (key, point) => {
      const k = number(hash(point, key, blob)) % ORDER;
      return join(point, scalar((r + k * a) % ORDER));
    };
    const [key, point] = [Point.BASE.multiply(a), Point.BASE.multiply(r)];
    assert.ok(takes(key.toBytes(), made(key.toBytes(), point.toBytes()), blob));
    const moved = point.add(torsion).toBytes();
    verdicts.r.add(takes(key.toBytes(), made(key.toBytes(), moved), blob));
    const mixed = key.add(torsion).toBytes();
    verdicts.key.add(takes(mixed, made(mixed, point.toBytes()), blob));
  }
  assert.deepEqual([...verdicts.r], [false]);
  assert.deepEqual([...verdicts.key].sort(), [false, true]); // it holds where the hash is divided by 8
});

test("a key that is no point signs nothing", () => {
  let refused = 0;
  for (let i = 0; i < 40; i++) {
    const key = some(32);
    try {
      Point.fromBytes(key, true);
    } catch {
      refused += 1;
    }
    assert.ok(!takes(key, some(64), some(3)));
  }
  assert.ok(refused > 5, `${refused} were none`);
});
