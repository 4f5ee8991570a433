// Each way of loading the engine gives a working document.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import test from "node:test";
import { doc, ours } from "./both.mjs";

const dist = (name) => new URL(`../dist/${name}`, import.meta.url);

function works(library) {
  const made = doc(library);
  made.getText("t").insert(0, "works");
  assert.deepEqual(made.toJSON(), { t: "works" });
  made.free();
}

test("import in Node", async () => {
  const library = await import("lorikeet-crdt");
  works(library);
  await library.default();
});

test("require in Node, by name and by folder", () => {
  const require = createRequire(import.meta.url);
  works(require("lorikeet-crdt"));
  works(require(".."));
});

test("the engine inside", async () => works(await import("lorikeet-crdt/inline")));

test("import and require are one library", () => {
  const require = createRequire(import.meta.url);
  assert.equal(require("lorikeet-crdt").LoroDoc, ours.LoroDoc);
  assert.equal(require("lorikeet-crdt/nodejs").LoroDoc, ours.LoroDoc);
});

test("the names under which loro-crdt offers its entries", async () => {
  works(await import("lorikeet-crdt/nodejs"));
  works(await import("lorikeet-crdt/base64"));
});

/** Node's fetch() reads no files. */
function fetchFiles() {
  const { fetch } = globalThis;
  globalThis.fetch = async (url) => new Response(readFileSync(url));
  return () => (globalThis.fetch = fetch);
}

test("the browser entry loads the engine itself", async () => {
  const restore = fetchFiles();
  const library = await import(dist("browser.js").href);
  works(library);
  await library.default();
  works(library);
  restore();
});

test("an engine to load explicitly, from bytes, a response and a module", async () => {
  const bytes = readFileSync(dist("lorikeet.wasm"));
  const answers = (type) =>
    new Response(bytes, type === undefined ? {} : { headers: { "content-type": type } });
  const sources = {
    bytes,
    module: new WebAssembly.Module(bytes),
    streamed: Promise.resolve(answers("application/wasm")),
    untyped: answers(),
  };
  for (const [name, source] of Object.entries(sources)) {
    const library = await import(`${dist("web.js").href}?${name}`);
    assert.throws(() => new library.LoroDoc(), /init/, name);
    await library.default(source);
    await library.default(source);
    works(library);
  }
});

test("a missing engine is an error that says so", async () => {
  const library = await import(`${dist("web.js").href}?missing`);
  const missing = new Response("", { status: 404 });
  await assert.rejects(() => library.default(missing), /404/);
});
