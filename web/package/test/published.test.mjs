// Every class, member, function and type that the published declarations name is here: in ours, and
// when the program runs.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import test from "node:test";
import { ours } from "./both.mjs";

const require = createRequire(new URL("../package.json", import.meta.url));
const ts = require("typescript");
const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const PRIVATE = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;

/** What is set by constructors, not on prototypes. */
const OWN = ["Awareness.inner", "EphemeralStore.inner", "LoroTreeNode.id"];

function names(symbols) {
  const open = (symbol) => (ts.getCombinedModifierFlags(symbol.declarations[0]) & PRIVATE) === 0;
  const plain = symbols.filter(({ name, declarations }) => declarations && !name.startsWith("__"));
  return plain.filter(open).map(({ name }) => name);
}

/** "class LoroDoc.import", "static LoroDoc.fromSnapshot", "function getType", "type Delta"... */
function declared(file) {
  const options = { module: 99, moduleResolution: 100, target: 9, skipLibCheck: true };
  const program = ts.createProgram([file], options);
  const checker = program.getTypeChecker();
  const all = [];
  for (const item of checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)))) {
    const symbol = item.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(item) : item;
    const is = (flag) => (symbol.flags & flag) !== 0;
    if (is(ts.SymbolFlags.Function)) all.push(`function ${item.name}`);
    else if (!is(ts.SymbolFlags.Class)) all.push(`type ${item.name}`);
    else {
      const statics = checker.getTypeOfSymbol(symbol).getProperties();
      all.push(`class ${item.name}`);
      for (const name of names(checker.getDeclaredTypeOfSymbol(symbol).getProperties())) {
        all.push(`member ${item.name}.${name}`);
      }
      for (const name of names(statics)) all.push(`static ${item.name}.${name}`);
    }
  }
  return all;
}

const published = declared(at("../../../test/node_modules/loro-crdt/bundler/index.d.ts"));

test("the published declarations were read", () => {
  const calls = published.filter((name) => !name.startsWith("type ") && !name.startsWith("class "));
  assert.ok(calls.length > 370, `${calls.length} members and functions`);
});

test("declared", () => {
  const here = new Set(declared(at("../dist/types/browser.d.ts")));
  assert.deepEqual(
    published.filter((name) => !here.has(name)),
    [],
  );
});

test("there when the program runs", () => {
  const lacking = published.filter((name) => {
    const [kind, path] = name.split(" ");
    const [owner, member] = path.split(".");
    if (kind === "type" || OWN.includes(path)) return false;
    if (kind === "member") return !(member in ours[owner].prototype);
    if (kind === "static") return member !== "prototype" && !(member in ours[owner]);
    return typeof ours[owner] !== "function";
  });
  assert.deepEqual(lacking, []);
});
