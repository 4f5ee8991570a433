// What npm would publish: everything a program needs, nothing else, and entries that tools agree on.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { publint } from "publint";
import { installed, source } from "./installed.mjs";

const { home, folder, files, version } = installed("loro-crdt");
const described = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));

test("the files", () => {
  const names = files.map((file) => file.path);
  const plain = names.filter((name) => !name.startsWith("dist/types/")).sort();
  const engines = ["browser.js", "inline.js", "node.cjs", "web.js", "lite.cjs", "lite.js", "room.cjs", "room.js"];
  const scripts = [...engines, "worker.cjs", "worker.js", "worker_engine.cjs", "worker_engine.js"];
  const modules = ["lorikeet.wasm", "lorikeet_lite.wasm", "lorikeet_room.wasm"];
  const others = [...modules, "lite_node.js", "node.js", "room_node.js", "worker_node.js"];
  const built = [...scripts, ...scripts.map((name) => `${name}.map`), ...others];
  const wanted = [...built.map((name) => `dist/${name}`), "LICENSE", "README.md", "package.json"];
  assert.deepEqual(plain, wanted.sort());
  const types = names.filter((name) => name.startsWith("dist/types/"));
  assert.ok(types.length > 40 && types.every((name) => /\.d\.c?ts$/.test(name)));
  for (const name of scripts) {
    const { sources, sourcesContent } = JSON.parse(readFileSync(`${folder}/dist/${name}.map`, "utf8"));
    assert.equal(sources.length, sourcesContent.length, name);
  }
});

test("every entry is there, with types", () => {
  const targets = (entry) => (typeof entry === "string" ? [entry] : Object.values(entry).flatMap(targets));
  for (const target of targets(described.exports)) assert.ok(existsSync(path.join(folder, target)), target);
  for (const [name, entry] of Object.entries(described.exports)) {
    if (typeof entry === "object") assert.ok(JSON.stringify(entry).includes('"types"'), name);
  }
});

test("publint finds nothing", async () => {
  const { messages } = await publint({ pkgDir: folder, strict: true });
  assert.deepEqual(messages, []);
});

/** Run a script beside the installed package. */
const run = (script, kind) =>
  execFileSync(process.execPath, [`--input-type=${kind}`, "-e", script], { cwd: home }).toString().trim();
const USE = 'const made = new LoroDoc(); made.getText("t").insert(0, "hi"); console.log(made.getText("t").toString())';

test("installed under the name it stands in for", () => {
  assert.equal(run(`import { LoroDoc } from "loro-crdt"; ${USE}`, "module"), "hi");
  assert.equal(run(`import { LoroDoc } from "loro-crdt/base64"; ${USE}`, "module"), "hi");
  assert.equal(run(`const { LoroDoc } = require("loro-crdt"); ${USE}`, "commonjs"), "hi");
  const far = `const worker = startWorker(); const made = new worker.loro.LoroDoc();
    made.getText("t").insert(0, "hi");
    made.toJSON().then(({ t }) => { console.log(t); worker.terminate(); });`;
  assert.equal(run(`import { startWorker } from "loro-crdt/worker"; ${far}`, "module"), "hi");
  const say = 'import { LORO_VERSION } from "loro-crdt"; console.log(LORO_VERSION())';
  assert.equal(run(say, "module"), version);
});

/** tsc as users of each kind of module resolution run it. */
test("types resolve for import and require", () => {
  const tsc = path.join(source, "node_modules/typescript/bin/tsc");
  const use = 'export const text: string = new LoroDoc().getText("t").toString();';
  const far = "export const promised: Promise<string> = new loro.LoroDoc().getText('t').toString();";
  const text = `import { LoroDoc } from "loro-crdt";\nimport { startWorker } from "loro-crdt/worker";
const { loro } = startWorker();\n${use}\n${far}\n`;
  for (const name of ["esm.mts", "cjs.cts"]) writeFileSync(path.join(home, name), text);
  const lib = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom,esnext.disposable"];
  const said = (...options) => {
    try {
      return `${execFileSync(process.execPath, [tsc, ...lib, ...options], { cwd: home, stdio: "pipe" })}`;
    } catch (error) {
      return `${error.stdout}`;
    }
  };
  assert.equal(said("--module", "nodenext", "esm.mts", "cjs.cts"), "");
  assert.equal(said("--module", "esnext", "--moduleResolution", "bundler", "esm.mts"), "");
});
