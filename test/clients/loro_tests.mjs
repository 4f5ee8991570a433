// loro_tests.mjs CHECKOUT [FILE...]: Loro's own tests of its JavaScript package, on the package under
// test. CHECKOUT is a copy of github.com/loro-dev/loro at 6844fc7 (1.13.8; the tests of what was
// published since are not public). Published loro-crdt 1.17.1 passes 331.
//
//     git clone https://github.com/loro-dev/loro && git -C loro checkout 6844fc7
//     ./dev wasm && node test/clients/loro_tests.mjs loro
//
// What fails must stand in DIFFERENCES, and what stands there must fail.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const DIFFERENCES = {
  "can revert with child container recreation":
    "counts bytes of a snapshot: ours holds the same in three less, since its LZ4 finds a longer match",
  "handlers should still be usable after doc is dropped":
    "free() gives a document's memory back at once, whoever still holds a container of it",
};

const here = path.dirname(fileURLToPath(import.meta.url));
const [checkout, ...files] = process.argv.slice(2);
if (checkout === undefined) throw new Error("usage: loro_tests.mjs CHECKOUT [FILE...]");

const root = path.resolve(checkout, "crates/loro-wasm");
const report = path.join(root, `lorikeet-${process.pid}.json`);
const vitest = path.join(here, "node_modules/vitest/vitest.mjs");
const config = ["--dir", "tests", "--config", path.join(here, "vitest.config.mjs")];
const options = [...config, "--reporter=json", `--outputFile=${report}`];
try {
  execFileSync(process.execPath, [vitest, "run", ...options, ...files], { cwd: root, stdio: "ignore" });
} catch {
  // the report says what failed
}
const { testResults } = JSON.parse(readFileSync(report, "utf8"));
rmSync(report);

const counts = { passed: 0, failed: 0, known: 0 };
for (const { name, status, message, assertionResults } of testResults) {
  if (status === "failed" && assertionResults.length === 0) {
    counts.failed++;
    console.log(`failed: ${name}\n${message}`);
  }
  for (const test of assertionResults) {
    const why = DIFFERENCES[test.title];
    if (test.status === "passed" && why === undefined) counts.passed++;
    if (test.status === "passed" && why !== undefined) {
      counts.failed++;
      console.log(`failed: "${test.title}" passes and is no difference any more`);
    }
    if (test.status !== "failed") continue;
    counts[why === undefined ? "failed" : "known"]++;
    if (why === undefined) console.log(`failed: ${test.fullName}\n${test.failureMessages.join("\n")}\n`);
    else console.log(`differs: ${test.title}: ${why}`);
  }
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.known} differ`);
process.exitCode = counts.failed === 0 ? 0 : 1;
