// The package under test and the published loro-crdt, in one process.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";
import * as ours from "lorikeet-crdt";
import { isContainer, plain } from "../../../test/conform/compare.mjs";

const theirs = createRequire(new URL("../../../test/package.json", import.meta.url))("loro-crdt");

export { isContainer, ours, plain, theirs };

/** Errors are equal when both sides make one. */
function outcome(act, library) {
  try {
    return show(act(library));
  } catch (error) {
    if (error instanceof TypeError || error instanceof ReferenceError) throw error;
    return "an error";
  }
}

/** Containers by id, bytes told from lists, version vectors as maps. */
function show(value) {
  if (typeof value?.toJSON === "function" && !isContainer(value)) return plain(value.toJSON());
  return plain(value);
}

/** `act` gets each library in turn and must come to the same result, or the same lack of one. */
export function same(act) {
  assert.deepEqual(outcome(act, ours), outcome(act, theirs));
}

/** A document of each kind with the same peer id. */
export function doc(library, peer = 1) {
  const made = new library.LoroDoc();
  made.setPeerId(peer);
  return made;
}

const byPeer = (a, b) => (a.peer < b.peer ? -1 : 1);

function alike(a, b) {
  return isDeepStrictEqual(a?.attributes ?? {}, b.attributes ?? {});
}

/** Neighbours that do the same as one: how many there are tells how a side stores text, no more. */
export function joined(diff) {
  if (diff.type !== "text") return diff;
  const steps = [];
  for (const step of diff.diff) {
    const last = steps.at(-1);
    const does = ["insert", "retain"].find((what) => step[what] !== undefined);
    if (last?.[does] !== undefined && alike(last, step)) last[does] += step[does];
    else steps.push({ ...step });
  }
  return { ...diff, diff: steps };
}

/** What subscribers were told, as plain data. */
export function told({ by, origin, from, to, currentTarget, events }) {
  return plain({
    ...{ by, origin, currentTarget },
    from: [...from].sort(byPeer),
    to: [...to].sort(byPeer),
    events: events.map((event) => ({ ...event, diff: joined(event.diff) })),
  });
}
