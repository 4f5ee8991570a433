// Cursors, here and in loro-crdt: the bytes they have, and where they stand after edits.
import assert from "node:assert/strict";
import test from "node:test";
import { makeText, randomSource } from "../../../test/conform/history.mjs";
import { doc, ours, same, theirs } from "./both.mjs";

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const bytes = (text) => new Uint8Array(Buffer.from(text, "hex"));
function shown(cursor) {
  if (cursor === undefined) return undefined;
  const { peer, counter } = cursor.pos() ?? {};
  return [hex(cursor.encode()), cursor.side(), cursor.containerId(), cursor.kind(), peer, counter];
}
function placed(made, cursor) {
  const place = made.getCursorPos(cursor);
  return place && { ...place, update: shown(place.update) };
}

const KINDS = ["Text", "List"].filter((kind) => `get${kind}` in ours.LoroDoc.prototype);
const open = (made, kind) => made[`get${kind}`]("root");
const put = (inside, pos, n) => inside.insert(pos, inside.kind() === "Text" ? makeText(n) : n);

for (const kind of KINDS) {
  test(`made in a ${kind}`, () => {
    same((library) => {
      const made = doc(library);
      const inside = open(made, kind);
      const told = [];
      const look = () => {
        for (const side of [-1, 0, 1, undefined])
          for (let pos = -1; pos <= inside.length + 2; pos++) {
            let cursor;
            try {
              cursor = inside.getCursor(pos, side);
            } catch (error) {
              assert.match(String(error), /Cursor/); // no detail
            }
            told.push(shown(cursor), cursor && placed(made, cursor));
          }
      };
      look();
      for (let i = 0; i < 4; i++) put(inside, 0, i);
      look();
      inside.delete(1, 2);
      look();
      return told;
    });
  });
}

test("sides", () => {
  same((library) => {
    const text = doc(library).getText("t");
    text.insert(0, "abc");
    return text.getCursor(1, 2);
  });
});

test("in no document", () => {
  same((library) => new library.LoroText().getCursor(0));
});

const BYTES = [
  "010706000174000203",
  "0107060001740002",
  "0107060001740003",
  "01070600017406",
  "02",
  "",
  "00000174000205",
  "00000174000005",
  "00000174010105",
  "0001070a000105",
  "0107060000000002",
  "01ffffffffffffffffff01fcffffff0f000174000200",
];
test("bytes", () => {
  for (const text of BYTES) {
    same((library) => shown(library.Cursor.decode(bytes(text))));
    same((library) => {
      const made = doc(library);
      made.getText("t").insert(0, "abc");
      made.getMap("m").setContainer("x", new library.LoroText()).insert(0, "abc");
      return placed(made, library.Cursor.decode(bytes(text)));
    });
  }
});

test("what is no cursor", () => {
  same((library) => doc(library).getCursorPos({}));
});

test("a container that was deleted", () => {
  same((library) => {
    const made = doc(library);
    const text = made.getMap("m").setContainer("x", new library.LoroText());
    text.insert(0, "abc");
    const cursor = text.getCursor(1);
    made.getMap("m").delete("x");
    return [placed(made, cursor), shown(text.getCursor(1))];
  });
});

/** Three peers edit; cursors made on the way are looked up on each of them at the end. */
function play(library, kind, seed) {
  const random = randomSource(seed);
  const docs = [1, 2, 3].map((peer) => doc(library, peer));
  const cursors = [];
  for (let i = 0; i < 80; i++) {
    const made = random.pick(docs);
    const inside = open(made, kind);
    const [pos, n] = [random.below(inside.length + 1), random.next()];
    try {
      const roll = random.below(12);
      if (roll < 5) put(inside, pos, n);
      else if (roll < 8) inside.delete(pos, Math.min(n % 4, inside.length - pos));
      else if (roll === 8) inside[kind === "MovableList" ? "move" : "delete"](pos, n % 3);
      else if (roll < 11) cursors.push(inside.getCursor(pos, (n % 3) - 1).encode());
      else random.pick(docs).import(made.export({ mode: "update" }));
    } catch {
      // inside a surrogate pair, or past the end
    }
  }
  const all = cursors.map((cursor) => library.Cursor.decode(cursor));
  const told = docs.map((made) => all.map((cursor) => placed(made, cursor)));
  for (const a of docs) for (const b of docs) if (a !== b) a.import(b.export({ mode: "update" }));
  told.push(...docs.map((made) => all.map((cursor) => placed(made, cursor))));
  return { cursors: cursors.map(hex), told };
}

for (const kind of KINDS) {
  test(`three peers, at random, in a ${kind}`, () => {
    for (let seed = 1; seed <= 60; seed++) {
      const [a, b] = [play(ours, kind, seed), play(theirs, kind, seed)];
      assert.deepEqual(a.cursors, b.cursors, `seed ${seed}: bytes`);
      assert.deepEqual(a.told, b.told, `seed ${seed}: places`);
    }
  });
}
