// The lists that say the same thing in several places are held together here.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import test from "node:test";
import * as package_ from "lorikeet-crdt";

const at = (path) => new URL(`../${path}`, import.meta.url);
const read = (path) => readFileSync(at(path), "utf8");
// Each module, and the words of exports.txt it takes.
const MODULES = { lorikeet: ["full"], lorikeet_lite: [], lorikeet_room: ["full", "room"] };
const modules = Object.entries(MODULES).map(([name, words]) => ({
  module_: new WebAssembly.Module(readFileSync(at(`dist/${name}.wasm`))),
  words,
}));
const listed = read("../exports.txt").split("\n");
const exports = listed.filter((line) => line.startsWith("w_")).map((line) => line.split(" "));

test("the modules import nothing, but that with rooms whoever signs", () => {
  for (const { module_, words } of modules) {
    const imported = WebAssembly.Module.imports(module_).map(({ module, name }) => `${module}.${name}`);
    assert.deepEqual(imported, words.includes("room") ? ["guard.sign", "guard.verify"] : []);
  }
});

test("the modules export what exports.txt lists", () => {
  for (const { module_, words } of modules) {
    const exported = WebAssembly.Module.exports(module_).map(({ name }) => name);
    const wanted = exports.filter(([, word]) => !word || words.includes(word)).map(([name]) => name);
    assert.deepEqual(exported.sort(), [...wanted, "memory"].sort());
  }
});

test("call.ts and its like call nothing else, and everything", () => {
  const declared = read("src/module.ts").match(/\bw_\w+(?=\()/g);
  assert.deepEqual([...declared].sort(), exports.map(([name]) => name).sort());
});

test("every function of the C headers is spelled in numbers, or left out with a reason", () => {
  const code = (path) => read(path).replace(/\/\*[^]*?\*\//g, "");
  const headers = ["lorikeet.h", "lorikeet_room.h"].map((name) => code(`../../include/${name}`));
  const functions = headers.join("\n").match(/\blk_\w+(?=\()/g);
  const shim = readdirSync(at(".."))
    .filter((name) => name.endsWith(".c"))
    .map((name) => code(`../${name}`))
    .join("\n");
  const left = listed.filter((line) => line.startsWith("- ")).map((line) => line.slice(2));
  for (const name of new Set(functions)) {
    const called = shim.includes(`${name}(`);
    const excused = left.some((line) => line.startsWith(`${name}: `));
    assert.ok(called !== excused, `${name} is ${called ? "called and excused" : "missing"}`);
  }
});

test("error classes are those of LK_STATUS_MAP", () => {
  const header = read("../../include/lorikeet.h");
  const wanted = [...header.matchAll(/X\((E\w+),\s*(-\d+),/g)].map(([, name, code]) => [
    Number(code),
    name,
  ]);
  assert.deepEqual(
    [...package_.STATUSES].map(([code, { name }]) => [code, name]),
    wanted,
  );
  for (const [, name] of wanted) {
    const error = new package_[name]("why");
    assert.ok(error instanceof package_.LorikeetError && error instanceof Error);
    assert.equal(error.status, name);
  }
});
