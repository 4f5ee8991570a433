// What undo and redo do in one place of a text or list, where much came and went: the operations are
// loro-crdt's, in their order.
import assert from "node:assert/strict";
import test from "node:test";
import { randomSource } from "../../../test/conform/history.mjs";
import { doc, ours, theirs } from "./both.mjs";

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const KINDS = {
  text: (d) => d.getText("text"),
  list: (d) => d.getList("list"),
  "movable list": (d) => d.getMovableList("movable"),
};

function insert(at, pos, len) {
  const letters = LETTERS.slice(0, len);
  if (at.kind() === "Text") at.insert(pos, letters);
  else [...letters].forEach((letter, i) => at.insert(pos + i, letter));
}

/** A few commits over what another peer wrote, each of some edits of up to `most` characters, and
 *  `beside` others. */
function edit(d, at, random, most, beside) {
  for (let commits = 1 + random.below(3); commits > 0; commits--) {
    for (let edits = 1 + random.below(6); edits > 0; edits--) {
      const { length } = at;
      if (length > 0 && random.below(2)) {
        const pos = random.below(length);
        at.delete(pos, 1 + random.below(Math.min(most, length - pos)));
      } else insert(at, random.below(length + 1), 1 + random.below(most));
    }
    if (beside) d.getMap("map").set("key", commits);
    d.commit();
  }
}

/** Inserts that follow each other as one: how they lie in an update is not told. */
function joined(ops) {
  const out = [];
  for (const { type, pos, text, value, len, start_id } of ops) {
    const last = out.at(-1);
    const what = text ?? value;
    if (type === "insert" && last?.type === type && last.pos + last.what.length === pos)
      last.what = last.what.concat(what);
    else out.push({ type, pos, what, len, start_id });
  }
  return out;
}

/** What a peer did, first by itself and then by undo and redo. */
function play(library, kind, seed, most, beside) {
  const random = randomSource(seed);
  const other = doc(library, 4);
  insert(KINDS[kind](other), 0, 3 + random.below(most + 4));
  other.commit();
  const d = doc(library);
  d.import(other.export({ mode: "update" }));
  const undo = new library.UndoManager(d, { mergeInterval: 0 });
  edit(d, KINDS[kind](d), random, most, beside);
  for (let i = 0; i < 6; i++) {
    if (random.below(3)) undo.undo();
    else undo.redo();
  }
  const { changes, peers } = d.exportJsonUpdates();
  const own = changes.filter(({ id }) => peers[id.split("@")[1]] === d.peerIdStr);
  return joined(own.flatMap(({ ops }) => ops.map(({ content }) => content)));
}

const all = (kind, most, beside) => () => {
  for (let seed = 1; seed <= 200; seed++) {
    const [mine, loros] = [ours, theirs].map((library) => play(library, kind, seed, most, beside));
    assert.deepEqual(mine, loros, `seed ${seed}`);
  }
};

for (const kind of Object.keys(KINDS))
  for (const most of [3, 20]) {
    test(`undo in a ${kind}, edits of up to ${most}`, all(kind, most, false));
    test(`undo in a ${kind} and beside it, edits of up to ${most}`, all(kind, most, true));
  }
