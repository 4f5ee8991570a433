// One file per way of loading the engine. Nothing is shared between them: a program uses one.
import { readFileSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

const common = { bundle: true, target: "es2022", keepNames: true, logLevel: "warning" };
const entry = (name, options) =>
  build({ ...common, entryPoints: [`src/${name}.ts`], outfile: `dist/${name}.js`, ...options });

await Promise.all([
  entry("browser", { format: "esm", minify: true }),
  entry("inline", { format: "esm", minify: true, loader: { ".wasm": "binary" } }),
  entry("node", { format: "esm", platform: "node" }),
  entry("node", {
    format: "cjs",
    platform: "node",
    outfile: "dist/node.cjs",
    define: { "import.meta.url": "here" },
    banner: { js: 'const here = require("node:url").pathToFileURL(__filename);' },
  }),
]);

for (const name of ["lorikeet.wasm", "browser.js"]) {
  const bytes = readFileSync(`dist/${name}`);
  const sizes = [bytes.length, gzipSync(bytes, { level: 9 }).length];
  console.log(`${name}: ${[...sizes, brotliCompressSync(bytes).length].join(" / ")} bytes`);
}
