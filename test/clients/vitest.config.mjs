// Tests of others on the package under test: where they or what they use import loro-crdt, or a
// folder that its build would have made, they get LORO_UNDER_TEST. Packages of their own workspace
// come from their sources. Nothing else is replaced.
//
//     cd loro-mirror/packages/core      # a copy of anybody's repository, with what it depends on installed
//     node .../test/clients/node_modules/vitest/vitest.mjs run --config .../test/clients/vitest.config.mjs
//
//   "loro-crdt/base64", "../bundler/index"  ──►  ./base64, ./nodejs of the package's exports map
//   "loro-protocol", of the same workspace  ──►  packages/loro-protocol/src/index.ts
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { loadConfigFromFile, mergeConfig } from "vite";

const folder = process.env.LORO_UNDER_TEST ?? fileURLToPath(new URL("../../web/package", import.meta.url));
const root = process.cwd();
const packageOf = (at) => JSON.parse(readFileSync(`${at}/package.json`, "utf8"));
const { exports } = packageOf(folder);

/** The file that Node would import for one of the package's entries. */
function entry(name) {
  let target = exports[name];
  while (typeof target === "object") target = target.node ?? target.import ?? target.default;
  return path.join(folder, target);
}

/** The entry that an import means, or undefined. */
function meant(source, importer) {
  const bare = /^loro-crdt(\/(?<name>\w+))?$/.exec(source);
  if (bare !== null) return bare.groups.name ?? ".";
  if (!source.startsWith(".") || importer === undefined) return undefined;
  const at = path.relative(root, path.resolve(path.dirname(importer), source));
  const built = /^(?<name>bundler|nodejs|base64|web|browser|)(\/?index(\.js)?)?$/.exec(at);
  if (built !== null) return built.groups.name.replace("bundler", "nodejs") || ".";
  return at === "package.json" ? at : undefined;
}

/** Of packages beside the one that is tested: their sources. */
const workspace = new Map();
for (const name of readdirSync(path.dirname(root))) {
  const at = path.join(path.dirname(root), name);
  if (existsSync(`${at}/package.json`)) workspace.set(packageOf(at).name, `${at}/src`);
}

/** The source behind an import of a package of the workspace, or undefined. */
function sourceOf(source) {
  const [, name, inside = ""] = /^((?:@[^/]+\/)?[^/]+)(?:\/(.*))?$/.exec(source) ?? [];
  const src = workspace.get(name);
  if (src === undefined) return undefined;
  const within = inside.replace(/^src\/?/, "");
  const files = [`${within}.ts`, `${within}/index.ts`, within];
  return files.map((file) => path.join(src, file)).find((file) => file.includes(".") && existsSync(file));
}

const redirect = {
  name: "package under test",
  enforce: "pre",
  resolveId(source, importer) {
    const name = meant(source, importer);
    if (name === "package.json") return `${folder}/package.json`;
    if (name === undefined) return sourceOf(source);
    return entry(name === "." ? name : `./${name}`);
  },
};

const ours = {
  plugins: [redirect],
  root,
  test: {
    pool: "forks",
    poolOptions: { forks: { minForks: 1, maxForks: 1, execArgv: ["--expose-gc"] } },
    retry: 0,
  },
};
const own = path.join(root, "vitest.config.ts");
const loaded = existsSync(own) ? await loadConfigFromFile({ command: "serve", mode: "test" }, own) : null;
export default mergeConfig(loaded?.config ?? {}, ours);
