// Documents of every kind of container, made by the published loro-crdt from a seed.
//
//   node make.mjs DIR [COUNT] [SEED]   write N.update and N.snapshot for N = 0 .. COUNT-1
//   node make.mjs --header             print the document of test/loro_vectors.h as C arrays
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { LoroDoc, LoroList, LoroMap, LoroText } from "loro-crdt";

// splitmix64, as in test/check.h: the same seed, the same documents.
export class Random {
    constructor(seed) {
        this.state = BigInt(seed);
    }
    u64() {
        this.state = BigInt.asUintN(64, this.state + 0x9e3779b97f4a7c15n);
        let z = this.state;
        z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
        z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
        return z ^ (z >> 31n);
    }
    below(n) {
        return Number(this.u64() % BigInt(n));
    }
    pick(list) {
        return list[this.below(list.length)];
    }
}

const WORDS = ["a", "hello ", "naïve", "\u{10400}", "👩‍👩‍👧", "\n", "日本語", "e\u0301"];
const LEAVES = [null, true, false, 0, -1, 2 ** 40, 0.5, -1e300, "s", "", new Uint8Array([0, 255])];

function value(random, depth = 0) {
    const kind = random.below(depth < 3 ? 8 : 6);
    if (kind < 6) return random.pick(LEAVES);
    const items = Array.from({ length: random.below(4) }, () => value(random, depth + 1));
    return kind === 6 ? items : Object.fromEntries(items.map((item, i) => [`k${i}`, item]));
}

function editText(random, text) {
    const length = text.toString().length;
    const points = [...text.toString()];
    const at = points.slice(0, random.below(points.length + 1)).join("").length;
    if (random.below(3) < 2 || length === 0) text.insert(at, random.pick(WORDS));
    else if (random.below(2)) text.delete(0, points[0].length);
    else text.mark({ start: 0, end: length }, random.pick(["bold", "link"]), value(random));
}

function editList(random, list, movable) {
    const at = random.below(list.length + 1);
    const kind = random.below(movable ? 6 : 4);
    if (kind < 2 || list.length === 0) list.insert(at, value(random));
    else if (kind === 2) list.delete(at - (at === list.length ? 1 : 0), 1);
    else if (kind === 3) list.insertContainer(at, new LoroText()).insert(0, "in a list");
    else if (kind === 4) list.move(random.below(list.length), random.below(list.length));
    else list.set(random.below(list.length), value(random));
}

function editMap(random, map) {
    const key = random.pick(["a", "b", "\u{e000}", "\u{10000}", "long key"]);
    const kind = random.below(5);
    if (kind < 2) map.set(key, value(random));
    else if (kind === 2) map.delete(key);
    else if (kind === 3) map.setContainer(key, new LoroMap()).set("x", value(random));
    else map.setContainer(key, new LoroList()).insert(0, value(random));
}

function editTree(random, tree) {
    const nodes = tree.getNodes({ withDeleted: false });
    const kind = random.below(4);
    if (kind < 2 || nodes.length < 2) tree.createNode(kind ? nodes[0]?.id : undefined);
    else if (kind === 2) tree.delete(random.pick(nodes).id);
    else {
        const [node, parent] = [random.pick(nodes), random.pick(nodes)];
        try {
            tree.move(node.id, parent.id);
        } catch {
            tree.move(node.id, undefined, 0); // it would have been below itself
        }
    }
}

function edit(random, doc) {
    [
        () => editText(random, doc.getText("text")),
        () => editText(random, doc.getText("text")),
        () => editList(random, doc.getList("list"), false),
        () => editList(random, doc.getMovableList("movable"), true),
        () => editMap(random, doc.getMap("map")),
        () => editTree(random, doc.getTree("tree")),
        () => doc.getCounter("counter").increment(random.pick([1, -3, 0.25, 2 ** 30])),
    ][random.below(7)]();
}

function commit(random, doc) {
    const message = random.pick([undefined, "m", "ünïcode"]);
    const timestamp = random.pick([undefined, 0, 1700000000 + random.below(1e6)]);
    doc.commit({ message, timestamp });
}

// One document that three peers wrote, apart and together.
export function makeDocument(seed) {
    const random = new Random(seed);
    const docs = ["1", String(2 ** 32), "18446744073709551614"].map((peer) => {
        const doc = new LoroDoc();
        doc.setPeerId(peer);
        doc.configTextStyle({ bold: { expand: "after" }, link: { expand: "none" } });
        return doc;
    });
    const rounds = 3 + random.below(12);
    for (let round = 0; round < rounds; round++) {
        const doc = random.pick(docs);
        for (let n = random.below(12); n >= 0; n--) edit(random, doc);
        commit(random, doc);
        const from = random.pick(docs);
        if (random.below(2)) doc.import(from.export({ mode: "update", from: doc.version() }));
    }
    for (const doc of docs.slice(1)) docs[0].import(doc.export({ mode: "update" }));
    return docs[0];
}

// The document of test/loro_vectors.h: at least one operation of each kind.
function makeSmall() {
    const doc = new LoroDoc();
    doc.setPeerId("1");
    doc.configTextStyle({ bold: { expand: "after" } });
    const text = doc.getText("t");
    text.insert(0, "hé\u{10400}");
    text.mark({ start: 0, end: 2 }, "bold", true);
    text.delete(0, 1);
    doc.commit({ message: "text", timestamp: 1700000000 });

    const other = new LoroDoc();
    other.setPeerId("18446744073709551614");
    other.import(doc.export({ mode: "update" }));
    const list = other.getList("l");
    for (const item of [null, true, -5, 0.5, "s"]) list.push(item);
    list.insert(1, new Uint8Array([1, 2]));
    list.delete(2, 2);
    list.insert(0, { k: [1] });
    const map = other.getMap("m");
    map.set("a", 1);
    map.setContainer("c", new LoroText()).insert(0, "x");
    map.delete("a");
    other.commit({ timestamp: 1700000000 });
    const movable = other.getMovableList("ml");
    movable.insert(0, 1);
    movable.insert(1, 2);
    movable.move(0, 1);
    movable.set(0, "v");
    other.commit({ message: "ml", timestamp: 1700000000 });

    doc.import(other.export({ mode: "update", from: doc.version() }));
    const tree = doc.getTree("tr");
    const above = tree.createNode();
    const below = above.createNode();
    tree.move(below.id, undefined, 0);
    tree.delete(above.id);
    doc.getCounter("n").increment(2);
    doc.getCounter("n").increment(-0.5);
    doc.commit({ timestamp: 1700000000 });
    return doc;
}

function printArray(name, bytes) {
    const rows = [];
    for (let i = 0; i < bytes.length; i += 16)
        rows.push([...bytes.slice(i, i + 16)].map((b) => `0x${b.toString(16).padStart(2, "0")}`));
    const body = rows.map((row) => `    ${row.join(", ")}`).join(",\n");
    console.log(`static const uint8_t ${name}[${bytes.length}] = {\n${body}};\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const [folder, count = "20", seed = "1"] = process.argv.slice(2);
    if (folder === "--header") {
        const doc = makeSmall();
        printArray("loro_updates", doc.export({ mode: "update" }));
        printArray("loro_snapshot", doc.export({ mode: "snapshot" }));
    } else {
        fs.mkdirSync(folder, { recursive: true });
        for (let i = 0; i < Number(count); i++) {
            const doc = makeDocument(Number(seed) + i);
            fs.writeFileSync(path.join(folder, `${i}.update`), doc.export({ mode: "update" }));
            fs.writeFileSync(path.join(folder, `${i}.snapshot`), doc.export({ mode: "snapshot" }));
        }
    }
}
