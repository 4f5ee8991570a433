// Memory comes back, and running out of it changes nothing.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { doc, ours } from "./both.mjs";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
// The entry for browsers, loaded from bytes, so that the test knows the instance.
const bytes = readFileSync(new URL("../dist/lorikeet.wasm", import.meta.url));
let engine;
const Instance = WebAssembly.Instance;
WebAssembly.Instance = function (...args) {
  const instance = new Instance(...args);
  engine = instance.exports;
  return instance;
};
const library = await import(new URL("../dist/web.js?memory", import.meta.url).href);
library.initSync(bytes);
WebAssembly.Instance = Instance;

function work() {
  const made = doc(library);
  made.subscribe(() => {});
  made.getText("t").insert(0, "some text");
  made
    .getMap("m")
    .setContainer("l", new library.LoroList())
    .push([1, "two", { three: 3 }]);
  made.commit();
  const copy = made.fork();
  copy.getText("t").delete(0, 4);
  made.import(copy.export({ mode: "update", from: made.version() }));
  assert.equal(made.getText("t").toString(), " text");
  return [made, copy];
}

test("10,000 documents leave nothing behind", () => {
  for (let i = 0; i < 100; i++) work().forEach((made) => made.free());
  const [used, size] = [engine.w_used(), engine.memory.buffer.byteLength];
  for (let i = 0; i < 5000; i++) work().forEach((made) => made.free());
  assert.equal(engine.w_used(), used);
  assert.equal(engine.memory.buffer.byteLength, size);
});

test("documents nobody holds are collected", async () => {
  const used = engine.w_used();
  for (let i = 0; i < 300; i++) work();
  for (let i = 0; i < 50 && engine.w_used() > used; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(engine.w_used() <= used, `${engine.w_used()} bytes in use, ${used} before`);
});

/** The module with room for `pages` more than it begins with: its memory section, rewritten. */
function limited(pages) {
  const uleb = (at) => {
    let [value, shift] = [0, 0];
    for (; bytes[at] > 0x7f; shift += 7) value |= (bytes[at++] & 0x7f) << shift;
    return [value | (bytes[at] << shift), at + 1];
  };
  const encode = (value) =>
    value > 0x7f ? [(value & 0x7f) | 0x80, ...encode(value >> 7)] : [value];
  for (let at = 8; at < bytes.length;) {
    const [len, body] = uleb(at + 1);
    if (bytes[at] === 5) {
      const [least] = uleb(body + 2);
      const section = [1, 1, ...encode(least), ...encode(least + pages)];
      const head = bytes.subarray(0, at + 1);
      return Buffer.concat([
        head,
        Buffer.from([section.length, ...section]),
        bytes.subarray(body + len),
      ]);
    }
    at = body + len;
  }
  throw new Error("no memory section");
}

test("when memory is out, calls throw ENOMEM and change nothing", async () => {
  const small = await import(new URL("../dist/web.js?limited", import.meta.url).href);
  small.initSync(limited(64));
  const made = doc(small);
  const text = made.getText("t");
  const chunk = "0123456789abcdef".repeat(1024);
  let length = 0;
  const fill = () => {
    for (; ; length += chunk.length) text.insert(length, chunk);
  };
  assert.throws(fill, small.ENOMEM);
  assert.ok(length > 500_000, `only ${length} characters fit`);
  assert.equal(text.length, length);
  assert.equal(text.slice(length - 16, length), "0123456789abcdef");

  assert.throws(() => made.import(new Uint8Array(64 << 16)), small.ENOMEM);
  text.delete(0, length);
  text.insert(0, "still here");
  assert.equal(text.toString(), "still here");
  made.free();
  const again = doc(small, 2);
  again.getText("t").insert(0, chunk);
  assert.equal(again.getText("t").length, chunk.length);
});

test("a large blob does not stay in the argument and result regions", () => {
  const made = doc(library);
  made.getText("t").insert(0, "x");
  made.commit();
  const used = engine.w_used();
  const big = doc(library, 2);
  big.getText("t").insert(0, "large ".repeat(1 << 20));
  big.free();
  made.toJSON();
  made.getText("t").insert(0, "x");
  assert.ok(engine.w_used() < used + (1 << 21));
  made.free();
});

test("a freed document says so", () => {
  const made = doc(ours);
  const text = made.getText("t");
  made.free();
  made.free();
  assert.throws(() => made.toJSON(), ours.ESTATE);
  assert.throws(() => text.insert(0, "x"), ours.ESTATE);
});

test("using disposes", () => {
  const made = doc(ours);
  made[Symbol.dispose]();
  assert.throws(() => made.toJSON(), ours.ESTATE);
});
