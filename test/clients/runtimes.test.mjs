// Node, Deno and Bun run one program on the installed package.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import test from "node:test";
import { APP, installed, SHOWN } from "./installed.mjs";

const { home } = installed("lorikeet-crdt");
writeFileSync(path.join(home, "app.mjs"), `${APP}console.log(shown);\n`);
writeFileSync(
  path.join(home, "app.cjs"),
  `const { LoroDoc } = require("lorikeet-crdt");
  const doc = new LoroDoc();
  doc.getText("t").insert(0, "required");
  console.log(doc.getText("t").toString());\n`,
);

const bin = (name) => fileURLToPath(new URL(`node_modules/.bin/${name}`, import.meta.url));
const runtimes = {
  Node: [process.execPath],
  Deno: [bin("deno"), "run", "--allow-read", "--allow-env", "--no-lock"],
  Bun: [bin("bun")],
};

for (const [name, [program, ...options]] of Object.entries(runtimes)) {
  test(name, () => {
    const env = { ...process.env, DENO_DIR: path.join(home, "deno"), DENO_NO_UPDATE_CHECK: "1" };
    const run = (file) =>
      execFileSync(program, [...options, file], { cwd: home, env, timeout: 60_000 }).toString().trim();
    assert.equal(run("app.mjs"), SHOWN);
    assert.equal(run("app.cjs"), "required");
  });
}
