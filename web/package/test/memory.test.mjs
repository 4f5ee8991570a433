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
const library = await import(new URL("../dist/browser.js?memory", import.meta.url).href);
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
