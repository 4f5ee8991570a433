// What users build with: each tool builds one page on the installed package, as its manual says, and
// Chromium opens what came out. The page uses the engine beside it, inside it and in a worker.
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import test, { after } from "node:test";
import resolve from "@rollup/plugin-node-resolve";
import * as esbuild from "esbuild";
import { rollup } from "rollup";
import * as vite from "vite";
import webpack from "webpack";
import { chromium } from "../node_modules/playwright-core/index.mjs";
import { findChromium, noChromium, patient } from "../e2e/lib/chromium.mjs";
import { APP, installed, SHOWN } from "./installed.mjs";

const { home, folder } = installed("lorikeet-crdt");
const entry = path.join(home, "app.js");
writeFileSync(entry, `${APP}document.title = shown;\n`);
const page = (head) => `<!doctype html><title>loading</title>${head}`;
const SCRIPT = '<script type="module" src="./app.js"></script>';

/** Copy what a tool that knows no assets leaves where it was. */
function copyAssets(out) {
  for (const name of ["lorikeet.wasm", "worker_engine.js"]) {
    copyFileSync(path.join(folder, "dist", name), path.join(out, name));
  }
}

/** By tool: builds into `out`, which has a page already; may return the address of its own server. */
const tools = {
  async "no tool"(out) {
    const at = (file) => `/node_modules/lorikeet-crdt/dist/${file}`;
    const imports = {
      "lorikeet-crdt": at("browser.js"),
      "lorikeet-crdt/inline": at("inline.js"),
      "lorikeet-crdt/worker": at("worker.js"),
    };
    const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
    writeFileSync(path.join(out, "index.html"), page(map + SCRIPT));
    copyFileSync(entry, path.join(out, "app.js"));
  },

  async esbuild(out) {
    const options = { bundle: true, format: "esm", minify: true, target: "es2022", logLevel: "error" };
    await esbuild.build({ ...options, entryPoints: [entry], outfile: path.join(out, "app.js") });
    copyAssets(out);
  },

  async rollup(out) {
    const build = await rollup({ input: entry, plugins: [resolve({ browser: true })] });
    await build.write({ file: path.join(out, "app.js"), format: "es" });
    await build.close();
    copyAssets(out);
  },

  async webpack(out) {
    const built = webpack({
      ...{ mode: "production", context: home, entry },
      output: { path: out, filename: "app.js", module: true },
      experiments: { outputModule: true },
      optimization: { minimize: false }, // takes long
      performance: { hints: false },
    });
    const stats = await new Promise((done, fail) => {
      built.run((error, ran) => (error ? fail(error) : done(ran)));
    });
    assert.deepEqual(stats.toJson({ all: false, errors: true, warnings: true }), { errors: [], warnings: [] });
    await new Promise((done) => built.close(done));
  },

  async "Vite, built"(out) {
    const root = path.join(out, "source");
    await vite.build({
      ...viteConfig(root),
      build: { outDir: path.join(out, "built"), target: "es2022" },
    });
    return "built/index.html";
  },

  async "Vite, developing"(out) {
    const server = await vite.createServer({
      ...viteConfig(path.join(out, "source")),
      optimizeDeps: { exclude: ["lorikeet-crdt"] },
      server: { host: "127.0.0.1", port: 0, hmr: false, fs: { allow: [home] } },
    });
    after(() => server.close());
    await server.listen();
    return server.resolvedUrls.local[0];
  },
};

function viteConfig(root) {
  mkdirSync(root);
  writeFileSync(path.join(root, "index.html"), page(SCRIPT));
  copyFileSync(entry, path.join(root, "app.js"));
  return { root, configFile: false, base: "./", logLevel: "error", cacheDir: path.join(root, "cache") };
}

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
const files = createServer((request, response) => {
  const name = decodeURIComponent(new URL(request.url, "http://x").pathname);
  try {
    const bytes = readFileSync(path.join(home, name));
    response.writeHead(200, { "content-type": TYPES[path.extname(name)] ?? "text/plain" }).end(bytes);
  } catch {
    response.writeHead(404).end();
  }
});
let browser;
after(async () => {
  files.close();
  await browser?.close();
});

/** What went wrong, and what the page calls itself in the end. */
async function opened(url) {
  const context = await browser.newContext();
  const tab = await context.newPage();
  const errors = [];
  tab.on("pageerror", (error) => errors.push(String(error)));
  tab.on("response", (answer) => answer.status() >= 400 && errors.push(`${answer.status()} ${answer.url()}`));
  await tab.goto(url);
  const wait = { timeout: 60_000, polling: 50 };
  await tab.waitForFunction(() => document.title !== "loading", null, wait).catch(() => {});
  const title = await tab.title();
  await context.close();
  return [...errors.filter((error) => !error.includes("favicon")), title].join("\n");
}

/** A folder that is served, its name without what addresses have no room for. */
async function served(name) {
  browser ??= await chromium.launch({
    ...patient,
    executablePath: findChromium(),
    chromiumSandbox: process.getuid?.() !== 0,
  });
  if (!files.listening) await new Promise((done) => files.listen(0, "127.0.0.1", done));
  const place = name.replace(/\W/g, "");
  const out = path.join(home, place);
  mkdirSync(out);
  writeFileSync(path.join(out, "index.html"), page(SCRIPT));
  return { out, base: `http://127.0.0.1:${files.address().port}/${place}/` };
}

for (const [name, build] of Object.entries(tools)) {
  test(name, { skip: noChromium }, async () => {
    const { out, base } = await served(name);
    const at = (await build(out)) ?? "index.html";
    assert.equal(await opened(new URL(at, base).href), SHOWN);
  });
}

test("a worker that lacks its engine says so", { skip: noChromium }, async () => {
  const { out, base } = await served("lacking");
  copyFileSync(path.join(folder, "dist/worker_engine.js"), path.join(out, "worker_engine.js"));
  const script = `
    import { startWorker } from "/node_modules/lorikeet-crdt/dist/worker.js";
    for (const name of ["worker_engine", "nothing"]) {
      const { loro } = startWorker(new Worker("./" + name + ".js", { type: "module" }));
      const said = await new loro.LoroDoc().toJSON().catch((error) => error.message);
      document.body.textContent += said + " ";
    }
    document.title = document.body.textContent;`;
  writeFileSync(path.join(out, "app.js"), script);
  const said = await opened(new URL("index.html", base).href);
  assert.match(said.split("\n").at(-1), /lorikeet.wasm answers 404 *the worker does not start/);
});
