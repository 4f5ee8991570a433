// Documents of all kinds go through our codec and back into the published loro-crdt: what it reads
// from the bytes we wrote is what it wrote.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { LoroDoc } from "loro-crdt";
import { makeDocument } from "./make.mjs";

const PROGRAM = process.env.REWRITE ?? fileURLToPath(new URL("../../build/test/rewrite", import.meta.url));
const COUNT = Number(process.env.COUNT ?? 100);
const SEED = Number(process.env.SEED ?? 1);

// Keys of maps come in no order, and bytes as an object of numbers.
function sorted(value) {
    if (Array.isArray(value)) return value.map(sorted);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

function describe(doc) {
    const history = doc.exportJsonUpdates(undefined, undefined, false);
    return {
        state: sorted(doc.toJSON()),
        delta: sorted(doc.getText("text").toDelta()),
        version: [...doc.version().toJSON()].sort(),
        frontiers: doc.frontiers(),
        changes: sorted(history.changes.sort((a, b) => (a.id < b.id ? -1 : 1))),
    };
}

function open(bytes) {
    const doc = new LoroDoc();
    doc.configTextStyle({ bold: { expand: "after" }, link: { expand: "none" } });
    doc.import(bytes);
    return doc;
}

test("what we rewrite, loro-crdt reads as what it wrote", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lorikeet-vectors-"));
    try {
        const files = [];
        for (let i = 0; i < COUNT; i++) {
            const doc = makeDocument(SEED + i);
            for (const mode of ["update", "snapshot"]) {
                const name = path.join(folder, `${i}.${mode}`);
                fs.writeFileSync(name, doc.export({ mode }));
                files.push(name, `${name}.again`);
            }
        }
        execFileSync(PROGRAM, files);
        for (let i = 0; i < files.length; i += 2) {
            const [before, after] = [files[i], files[i + 1]].map((name) => fs.readFileSync(name));
            assert.deepEqual(describe(open(after)), describe(open(before)), `seed ${SEED + (i >> 2)}`);
        }
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
});
