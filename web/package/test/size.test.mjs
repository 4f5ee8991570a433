// What a browser downloads, at brotli's best, may not grow unnoticed: whoever makes it larger says so
// here, and whoever makes it smaller lowers the bound. The README states the sums.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { brotliCompressSync } from "node:zlib";

const MOST = {
  "lorikeet.wasm": 134_750,
  "browser.js": 16_600,
  "lorikeet_lite.wasm": 105_700,
  "lite.js": 14_650,
  "lorikeet_room.wasm": 146_200,
  "room.js": 23_650,
};

for (const [name, most] of Object.entries(MOST)) {
  test(`${name} downloads as at most ${most} bytes`, () => {
    const { length } = brotliCompressSync(readFileSync(new URL(`../dist/${name}`, import.meta.url)));
    assert.ok(length <= most, `${length} bytes`);
  });
}
