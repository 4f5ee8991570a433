// SPDX-License-Identifier: MIT
// Makes ../../build/web out of src: the script and the style bundled, every file but the page and the
// service worker named after its content, and the names put where `%file%` asks for them.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const source = fileURLToPath(new URL("src/", import.meta.url));
const target =
  process.env.LORIKEET_WEB ?? fileURLToPath(new URL("../../build/web/", import.meta.url));
const engine = createRequire(import.meta.url).resolve("lorikeet-crdt/lorikeet_room.wasm");
const names = new Map();

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });

function emit(name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
  const hashed = `${basename(name, extname(name))}-${hash}${extname(name)}`;
  writeFileSync(join(target, hashed), content);
  names.set(name, hashed);
}

function fill(name) {
  const text = readFileSync(join(source, name), "utf8");
  return text.replaceAll(/%([\w.]+)%/g, (_, wanted) => names.get(wanted));
}

async function bundle(entry, define) {
  const result = await build({
    entryPoints: [join(source, entry)],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    define,
  });
  return result.outputFiles[0].contents;
}

emit("icon.svg", readFileSync(join(source, "icon.svg")));
emit("manifest.webmanifest", fill("manifest.webmanifest"));
emit("lorikeet.wasm", readFileSync(engine));
emit("style.css", await bundle("style.css"));
emit("main.js", await bundle("main.ts"));
emit("qr.js", await bundle("qr.ts"));
const page = fill("index.html");
writeFileSync(join(target, "index.html"), page);

const files = [...names.values()];
const version = createHash("sha256").update(page).digest("hex").slice(0, 12);
const worker = await bundle("sw.ts", {
  FILES: JSON.stringify(files),
  VERSION: JSON.stringify(version),
});
writeFileSync(join(target, "sw.js"), worker);
