// The package as npm would publish it, in a folder of its own, as if somebody had installed it.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { after } from "node:test";

export const source = fileURLToPath(new URL("../../web/package", import.meta.url));

/** Installed as `name` in `home`, which goes when the tests of the file are over. */
export function installed(name) {
  const home = mkdtempSync(path.join(tmpdir(), "lorikeet-"));
  after(() => rmSync(home, { recursive: true }));
  const pack = ["pack", "--json", "--pack-destination", home];
  const [{ filename, files, version }] = JSON.parse(execFileSync("npm", pack, { cwd: source, stdio: "pipe" }));
  const folder = path.join(home, "node_modules", name);
  mkdirSync(folder, { recursive: true });
  execFileSync("tar", ["xzf", path.join(home, filename), "-C", folder, "--strip-components=1"]);
  writeFileSync(path.join(home, "package.json"), '{ "name": "app", "private": true }');
  return { home, folder, files, version };
}

/** Runs anywhere: here, in a worker, and with the engine inside. Ends with what `shown` expects. */
export const APP = `
import { LoroDoc } from "lorikeet-crdt";
import * as inline from "lorikeet-crdt/inline";
import { startWorker } from "lorikeet-crdt/worker";

const doc = new LoroDoc();
for (let i = 0; i < 5000; i++) doc.getList("l").insert((i * 7919) % (i + 1), i);
doc.getText("t").insert(0, "here");
const blob = doc.export({ mode: "update" });
const inside = new inline.LoroDoc();
let slices = 0;
await inside.importAsync(blob, { budget: 0, onProgress: () => slices++ });
const { loro, terminate } = startWorker();
const there = new loro.LoroDoc();
let events = 0;
await there.subscribe(() => events++);
await there.import(blob);
there.getText("t").insert(4, " and there");
await there.commit();
const refused = await there.import(new Uint8Array(3)).catch((error) => error.status);
const texts = [doc, inside, there].map((made) => made.getText("t").toString());
const same = JSON.stringify(inside.toJSON()) === JSON.stringify(doc.toJSON());
const shown = JSON.stringify([await Promise.all(texts), same, slices > 2, events, refused]);
terminate();
`;
export const SHOWN = JSON.stringify([["here", "here", "here and there"], true, true, 2, "ECORRUPT"]);
