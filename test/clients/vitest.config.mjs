// Tests of others on the package under test: where they or what they use import loro-crdt, or a
// folder that its build would have made, they get LORO_UNDER_TEST. Nothing else is replaced.
//
//   "loro-crdt/base64", "../bundler/index"  ──►  ./base64, ./nodejs of the package's exports map
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import path from "node:path";

const folder = process.env.LORO_UNDER_TEST ?? fileURLToPath(new URL("../../web/package", import.meta.url));
const root = process.cwd();
const { exports } = createRequire(import.meta.url)(`${folder}/package.json`);

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

const redirect = {
  name: "package under test",
  enforce: "pre",
  resolveId(source, importer) {
    const name = meant(source, importer);
    if (name === "package.json") return `${folder}/package.json`;
    return name === undefined ? undefined : entry(name === "." ? name : `./${name}`);
  },
};

export default {
  plugins: [redirect],
  root,
  test: {
    include: ["tests/**/*.test.ts"],
    pool: "forks",
    poolOptions: { forks: { singleFork: true, execArgv: ["--expose-gc"] } },
  },
};
