// SPDX-License-Identifier: MIT
// Diffs on their way back into the engine: see web/wasm_diff.c.

import { check, position, putBytes } from "./call.js";
import { type Container, type ContainerID, isContainerId, KINDS, LoroContainer } from "./container.js";
import { EVALUE } from "./errors.js";
import { type Delta, type Diff, type JsonDiff, type TreeDiffItem, writeTextStep } from "./event.js";
import { engine } from "./module.js";
import type { Store } from "./store.js";
import { parseNode } from "./tree.js";
import { type Value, Writer } from "./value.js";

type Item = Value | Container;

/** A container inside a value, as JSON spells it. */
const PARROT = "\u{1F99C}:";

/** A container inside a value, as its id. */
export function spell(store: Store): (ref: number) => string {
  return (ref) => PARROT + store.id(ref);
}

class DiffWriter extends Writer {
  readonly named = new Map<string, number>();

  container(id: string): void {
    const known = this.named.get(id) ?? this.named.size;
    this.named.set(id, known);
    this.uleb(known);
  }

  item(item: Item): void {
    const id = item instanceof LoroContainer ? item.id : spelled(item);
    this.u8(id === undefined ? 0 : 1);
    if (id === undefined) this.value(item);
    else this.container(id);
  }

  many<T>(items: readonly T[], write: (item: T) => void): void {
    if (!Array.isArray(items)) throw new EVALUE("Expected an array");
    this.uleb(items.length);
    items.forEach(write);
  }
}

/** The id that a string of JSON spells. */
function spelled(item: Item): string | undefined {
  if (typeof item !== "string" || !item.startsWith(PARROT)) return undefined;
  const id = item.slice(PARROT.length);
  return isContainerId(id) ? id : undefined;
}

const [RETAIN, INSERT, DELETE] = [0, 1, 2];

function writeStep(w: DiffWriter, step: Delta<Item[]>): void {
  if (step?.insert !== undefined) {
    w.u8(INSERT);
    w.many(step.insert, (item) => w.item(item));
    return;
  }
  const len = step?.retain ?? step?.delete;
  if (!Number.isInteger(len)) throw new EVALUE("Invalid delta item");
  w.u8(step.retain === undefined ? DELETE : RETAIN);
  w.uleb(position(len!));
}

function hexBytes(hex: string): Uint8Array {
  if (typeof hex !== "string" || !/^([0-9a-fA-F]{2})+$/.test(hex)) {
    throw new EVALUE(`no fractional index: ${String(hex)}`);
  }
  return Uint8Array.from(hex.match(/../g)!, (byte) => parseInt(byte, 16));
}

const ACTIONS = ["create", "move", "delete"];

function writeNode(w: Writer, item: TreeDiffItem): void {
  const action = ACTIONS.indexOf(item?.action);
  if (action < 0) throw new EVALUE(`no step of a tree: ${item?.action}`);
  w.u8(action);
  w.id(...parseNode(item.target));
  if (item.action === "delete") return;
  w.u8(item.parent == null ? 0 : 1);
  if (item.parent != null) w.id(...parseNode(item.parent));
  w.raw(hexBytes(item.fractionalIndex));
}

function writeDiff(w: DiffWriter, id: string, diff: Diff): void {
  if (typeof id !== "string") throw new EVALUE("Expected string key");
  if (!isContainerId(id)) throw new EVALUE("Failed to convert key");
  const kind = (type: string) => w.u8(KINDS.indexOf(type as (typeof KINDS)[number]));
  w.container(id);
  switch (diff?.type) {
    case "text":
      kind("Text");
      return w.many(diff.diff, (step) => writeTextStep(w, step));
    case "list":
      kind(id.endsWith(":MovableList") ? "MovableList" : "List");
      return w.many(diff.diff, (step) => writeStep(w, step));
    case "map":
      kind("Map");
      return w.many(Object.entries(diff.updated), ([key, item]) => {
        w.string(key);
        w.u8(item === undefined ? 0 : 1);
        if (item !== undefined) w.item(item);
      });
    case "tree":
      kind("Tree");
      return w.many(diff.diff, (item) => writeNode(w, item));
    case "counter":
      kind("Counter");
      return w.f64(diff.increment);
    default:
      throw new EVALUE(`Unknown diff type: ${String((diff as { type?: string } | null)?.type)}`);
  }
}

export function applyDiff(store: Store, diff: [ContainerID, Diff | JsonDiff][], full: boolean): void {
  const w = new DiffWriter();
  w.many(diff, (entry) => writeDiff(w, entry[0], entry[1]));
  w.many([...w.named.keys()], (id) => w.string(id));
  check(engine().w_apply_diff(store.handle, full ? 1 : 0, putBytes(w.done())));
}
