// The declarations that ship, seen by a user's compiler at its strictest.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import test from "node:test";

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

test("usage.ts compiles", () => {
  const options = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--skipLibCheck"];
  const lib = ["--target", "es2022", "--lib", "es2022,dom,esnext.disposable"];
  const module_ = ["--module", "esnext", "--moduleResolution", "bundler"];
  const tsc = [at("node_modules/typescript/bin/tsc"), ...options, ...lib, ...module_];
  try {
    execFileSync(process.execPath, [...tsc, at("test/usage.ts")]);
  } catch (error) {
    assert.fail(String(error.stdout));
  }
});
