// One file per way of loading the engine. Nothing is shared between them: a program uses one. And the
// declarations again for those who require().
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

const common = { bundle: true, target: "es2022", sourcemap: true, logLevel: "warning" };
const entry = (name, options) =>
  build({ ...common, entryPoints: [`src/${name}.ts`], outfile: `dist/${name}.js`, ...options });
const node = { format: "cjs", platform: "node", external: ["./node.cjs"] };
const small = { format: "esm", minify: true, mangleProps: /^_[a-z]/ };

await Promise.all([
  entry("browser", small),
  entry("web", small),
  entry("inline", { ...small, loader: { ".wasm": "binary" } }),
  entry("room_web", { ...small, outfile: "dist/room.js" }),
  entry("lite", small),
  entry("worker", small),
  entry("worker_engine", small),
  entry("node", { ...node, outfile: "dist/node.cjs" }),
  entry("room_node", { ...node, outfile: "dist/room.cjs" }),
  entry("lite_node", { ...node, outfile: "dist/lite.cjs" }),
  entry("worker_node", { ...node, outfile: "dist/worker.cjs" }),
  entry("worker_engine_node", { ...node, outfile: "dist/worker_engine.cjs" }),
]);
for (const name of ["node", "room", "lite"]) {
  const wrapper = name === "node" ? name : `${name}_node`;
  writeFileSync(
    `dist/${wrapper}.js`,
    `export * from "./${name}.cjs";\nexport default async function init() {}\n`,
  );
}
writeFileSync("dist/worker_node.js", 'export * from "./worker.cjs";\n');

for (const name of readdirSync("dist/types").filter((name) => name.endsWith(".d.ts"))) {
  // what is private would make types nominal, which loro-crdt's are not
  const text = readFileSync(`dist/types/${name}`, "utf8").replace(/^ +private .*;\n/gm, "");
  writeFileSync(`dist/types/${name}`, text);
  writeFileSync(`dist/types/${name.replace(".ts", ".cts")}`, text.replace(/(from "\.\/\w+)\.js"/g, '$1.cjs"'));
}

for (const name of ["lorikeet.wasm", "browser.js", "lorikeet_lite.wasm", "lite.js", "worker.js"]) {
  const bytes = readFileSync(`dist/${name}`);
  const sizes = [bytes.length, gzipSync(bytes, { level: 9 }).length];
  console.log(`${name}: ${[...sizes, brotliCompressSync(bytes).length].join(" / ")} bytes`);
}
