// Documents of all kinds, written by the published loro-crdt: `lorikeet cat` prints them as it does, and
// what `lorikeet export` writes, it reads as what it wrote, text styles and past included.
//
//   their blob ─► lorikeet cat --json ─► their toJSON()
//              └► lorikeet export ─► LoroDoc ─► the same state, delta, version, changes
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { LoroDoc } from "loro-crdt";
import { makeDocument } from "./make.mjs";

const PROGRAM =
    process.env.LORIKEET ?? fileURLToPath(new URL("../../build/lorikeet", import.meta.url));
const COUNT = Number(process.env.COUNT ?? 60);
const SEED = Number(process.env.SEED ?? 1);

const lorikeet = (...args) => execFileSync(PROGRAM, args, { maxBuffer: 1 << 28 });

// What JSON makes of a value: bytes are numbers, keys come in order.
function plain(value) {
    if (value instanceof Uint8Array) return [...value];
    if (Array.isArray(value)) return value.map(plain);
    if (value === null || typeof value !== "object") return value;
    const keys = Object.keys(value).sort();
    return Object.fromEntries(keys.map((key) => [key, plain(value[key])]));
}

function open(...blobs) {
    const doc = new LoroDoc();
    doc.configTextStyle({ bold: { expand: "after" }, link: { expand: "none" } });
    for (const blob of blobs) doc.import(blob);
    return doc;
}

function describe(doc) {
    const { changes } = doc.exportJsonUpdates(undefined, undefined, false);
    return {
        state: plain(doc.toJSON()),
        delta: plain(doc.getText("text").toDelta()),
        version: [...doc.version().toJSON()].sort(),
        ops: plain(changes.flatMap((change) => change.ops)).sort((a, b) => a.counter - b.counter).length,
    };
}

// One blob per change, in an order of no meaning: most wait for their past.
function pieces(doc, seed) {
    const blobs = [];
    for (const [peer, changes] of doc.getAllChanges())
        for (const { counter, length } of changes)
            blobs.push(doc.export({ mode: "updates-in-range", spans: [{ id: { peer, counter }, len: length }] }));
    return blobs.sort((a, b) => ((a.length * 7919 + seed) % 13) - ((b.length * 7919 + seed) % 13));
}

let folder;
test.before(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "lorikeet-document-"))));
test.after(() => fs.rmSync(folder, { recursive: true }));

function write(name, bytes) {
    const file = path.join(folder, name);
    fs.writeFileSync(file, bytes);
    return file;
}

test("what loro-crdt wrote, cat prints as it does", () => {
    for (let seed = SEED; seed < SEED + COUNT; seed++) {
        const doc = makeDocument(seed);
        const want = plain(open(doc.export({ mode: "update" })).toJSON());
        const updates = write("updates", doc.export({ mode: "update" }));
        const snapshot = write("snapshot", doc.export({ mode: "snapshot" }));
        const parts = pieces(doc, seed).map((blob, i) => write(`part-${i}`, blob));
        for (const files of [[updates], [snapshot], parts])
            assert.deepEqual(JSON.parse(lorikeet("cat", ...files, "--json")), want, `seed ${seed}`);
    }
});

test("what export writes, loro-crdt reads as what it wrote", () => {
    for (let seed = SEED; seed < SEED + COUNT; seed++) {
        const doc = makeDocument(seed);
        const file = write("updates", doc.export({ mode: "update" }));
        const want = describe(open(fs.readFileSync(file)));
        for (const mode of ["update", "snapshot"]) {
            const out = path.join(folder, `out.${mode}`);
            lorikeet("export", file, "--mode", mode, "-o", out);
            assert.deepEqual(describe(open(fs.readFileSync(out))), want, `seed ${seed}, ${mode}`);
        }
    }
});

test("after a snapshot of ours, loro-crdt edits on and we follow", () => {
    for (let seed = SEED; seed < SEED + COUNT / 4; seed++) {
        const doc = makeDocument(seed);
        const file = write("updates", doc.export({ mode: "update" }));
        const out = path.join(folder, "out.snapshot");
        lorikeet("export", file, "--mode", "snapshot", "-o", out);
        const next = open(fs.readFileSync(out));
        const tree = next.getTree("tree");
        next.getText("text").insert(0, "on ");
        next.getMovableList("movable").push("on");
        if (next.getMovableList("movable").length > 1) next.getMovableList("movable").move(0, 1);
        tree.createNode(tree.roots()[0]?.id).data.set("on", true);
        next.getCounter("counter").increment(0.5);
        next.commit();
        const more = write("more", next.export({ mode: "update", from: doc.version() }));
        const printed = JSON.parse(lorikeet("cat", out, more, "--json"));
        assert.deepEqual(printed, plain(next.toJSON()), `seed ${seed}`);
    }
});
