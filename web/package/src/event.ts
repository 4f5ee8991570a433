// SPDX-License-Identifier: MIT
// What subscribers are told. Events are read from the engine after a call has returned, queued, and
// delivered one after the other before the method that caused them returns. A subscriber may edit:
// what that causes joins the end of the queue.

import { position } from "./call.js";
import type { Container, ContainerID } from "./container.js";
import { EVALUE } from "./errors.js";
import type { JsonContainerID } from "./history.js";
import { type Frontiers, object, type Reader, type TreeID, type Value, type Writer } from "./value.js";

/** Styles by key; in what is retained, those that changed, where null takes one away. */
export type Attributes = { [key in string]: Value };
export type Delta<T> =
  | { insert: T; attributes?: Attributes; retain?: undefined; delete?: undefined }
  | { retain: number; attributes?: Attributes; insert?: undefined; delete?: undefined }
  | { delete: number; attributes?: undefined; insert?: undefined; retain?: undefined };

/** Lengths are UTF-16 code units. */
export type TextDiff = { type: "text"; diff: Delta<string>[] };
export type ListDiff = { type: "list"; diff: Delta<(Value | Container)[]>[] };
/** undefined: the key was deleted. */
export type MapDiff = {
  type: "map";
  updated: Record<string, Value | Container | undefined>;
};
/** undefined as a parent: among the roots. */
export type TreeDiffItem =
  | {
      target: TreeID;
      action: "create";
      parent: TreeID | undefined;
      index: number;
      fractionalIndex: string;
    }
  | {
      target: TreeID;
      action: "move";
      parent: TreeID | undefined;
      index: number;
      fractionalIndex: string;
      oldParent: TreeID | undefined;
      oldIndex: number;
    }
  | { target: TreeID; action: "delete"; oldParent: TreeID | undefined; oldIndex: number };
/** Each item is true when its turn comes. */
export type TreeDiff = { type: "tree"; diff: TreeDiffItem[] };
export type CounterDiff = { type: "counter"; increment: number };
export type Diff = TextDiff | ListDiff | MapDiff | TreeDiff | CounterDiff;
/** As doc.diff() tells it: containers by their ids, so that it can be stored and sent. */
export type ListJsonDiff = { type: "list"; diff: Delta<(Value | JsonContainerID)[]>[] };
export type MapJsonDiff = {
  type: "map";
  updated: Record<string, Value | JsonContainerID | undefined>;
};
export type JsonDiff = TextDiff | ListJsonDiff | MapJsonDiff | TreeDiff | CounterDiff;
/** Keys and positions from a root container's name on. */
export type Path = (string | number)[];

export interface LoroEvent {
  target: ContainerID;
  path: Path;
  diff: Diff;
}

/** All that one commit or import did. */
export interface LoroEventBatch {
  by: "local" | "import" | "checkout";
  origin: string;
  from: Frontiers;
  to: Frontiers;
  /** The container subscribed to; undefined when that is the document. */
  currentTarget?: ContainerID;
  events: LoroEvent[];
}

export type Listener = (batch: LoroEventBatch) => void;
export type Subscription = () => void;

/** One container's part of a batch, with the reference it is known by. */
export interface RawEvent extends LoroEvent {
  ref: number;
}
export interface RawBatch extends LoroEventBatch {
  events: RawEvent[];
}

const BY = ["local", "import", "checkout"] as const;
const MAP = 0;
const TEXT = 2;
const TREE = 3;
const COUNTER = 5;
const enum Step {
  Retain,
  Insert,
  Delete,
}

function readListStep(r: Reader): Delta<(Value | Container)[]> {
  const step: Step = r.u8();
  if (step === Step.Insert) return { insert: r.many(() => r.value() as Value | Container) };
  return step === Step.Retain ? { retain: r.uleb() } : { delete: r.uleb() };
}

function readTextStep(r: Reader): Delta<string> {
  const step: Step = r.u8();
  if (step === Step.Delete) return { delete: r.uleb() };
  const told = step === Step.Insert ? { insert: r.string() } : { retain: r.uleb() };
  const attributes = r.entries() as [string, Value][];
  return attributes.length === 0 ? told : { ...told, attributes: object(attributes) };
}

export function readTextDelta(r: Reader): Delta<string>[] {
  return r.many(() => readTextStep(r));
}

function writeAttributes(w: Writer, attributes: Attributes | null | undefined): void {
  const entries = Object.entries(attributes ?? {});
  w.uleb(entries.length);
  for (const [key, value] of entries) {
    w.string(key);
    w.value(value);
  }
}

function writeLength(w: Writer, step: Step, len: number): void {
  if (!Number.isInteger(len)) throw new EVALUE(`no length of a step: ${len}`);
  w.u8(step);
  w.uleb(position(len));
}

export function writeTextStep(w: Writer, step: Delta<string>): void {
  if (step.retain !== undefined) writeLength(w, Step.Retain, step.retain);
  else if (typeof step.insert === "string") {
    w.u8(Step.Insert);
    w.string(step.insert);
  } else return writeLength(w, Step.Delete, step.delete!);
  writeAttributes(w, step.attributes);
}

export function writeTextDelta(w: Writer, delta: readonly Delta<string>[]): void {
  w.uleb(delta.length);
  for (const step of delta) writeTextStep(w, step);
}

function readChange(r: Reader): [string, Value | Container | undefined] {
  const key = r.string();
  return [key, r.u8() === 1 ? (r.value() as Value | Container) : undefined];
}

const ACTIONS = ["create", "move", "delete"] as const;

function readNode(r: Reader): TreeDiffItem {
  const action = ACTIONS[r.u8()]!;
  const target = r.node();
  const parent = () => (r.u8() === 1 ? r.node() : undefined);
  const place = () => ({ parent: parent(), index: r.uleb(), fractionalIndex: r.hex() });
  const old = () => ({ oldParent: parent(), oldIndex: r.uleb() });
  if (action === "create") return { target, action, ...place() };
  return action === "move" ? { target, action, ...place(), ...old() } : { target, action, ...old() };
}

function readDiff(r: Reader, kind: number): Diff {
  if (kind === TREE) return { type: "tree", diff: r.many(() => readNode(r)) };
  if (kind === COUNTER) return { type: "counter", increment: r.f64() };
  if (kind === MAP) return { type: "map", updated: object(r.many(() => readChange(r))) };
  if (kind === TEXT) {
    return { type: "text", diff: readTextDelta(r) };
  }
  return { type: "list", diff: r.many(() => readListStep(r)) };
}

/** Where a container is and what it is called. */
export interface Places {
  id(ref: number): ContainerID;
  path(ref: number): Path | undefined;
}

export function readBatch(r: Reader, places: Places): RawBatch {
  const by = BY[r.u8()]!;
  const origin = r.string();
  const from = r.frontiers();
  const to = r.frontiers();
  const events = r.many(() => {
    const ref = r.uleb();
    const kind = r.u8();
    // its id and path are asked for later: asking now would overwrite what is being read
    return { ref, target: "" as ContainerID, diff: readDiff(r, kind), path: [] as Path };
  });
  for (const event of events) {
    event.target = places.id(event.ref);
    event.path = places.path(event.ref) ?? []; // gone again in the same transaction
  }
  return { by, origin, from, to, events };
}

function publish({ ref: _, ...event }: RawEvent): LoroEvent {
  return event;
}

/** A subscriber that throws is reported and disturbs nobody else. */
export function run(deliver: () => void): void {
  try {
    deliver();
  } catch (error) {
    console.error(error);
  }
}

/** Deliveries in order, however deep the calls that cause them are nested. */
export class Queue {
  private _waiting: (() => void)[] = [];
  private _busy = false;

  add(deliver: () => void): void {
    this._waiting.push(deliver);
  }

  flush(): void {
    if (this._busy || this._waiting.length === 0) return;
    this._busy = true;
    for (let next; (next = this._waiting.shift()) !== undefined;) run(next);
    this._busy = false;
  }
}

export class Listeners {
  private _document = new Set<{ listener: Listener }>();
  private _containers = new Map<number, Set<{ listener: Listener }>>();

  get empty(): boolean {
    return this._document.size === 0 && this._containers.size === 0;
  }

  /** To the whole document, or to the container `ref` and everything in it. */
  add(listener: Listener, ref?: number): Subscription {
    const entry = { listener }; // the same function may subscribe twice
    if (ref === undefined) {
      this._document.add(entry);
      return () => this._document.delete(entry);
    }
    const set = this._containers.get(ref) ?? new Set();
    this._containers.set(ref, set.add(entry));
    return () => {
      set.delete(entry);
      if (set.size === 0 && this._containers.get(ref) === set) this._containers.delete(ref);
    };
  }

  /** Queue `batch` for all it concerns: containers first, then the document. */
  queue(
    batch: RawBatch,
    queue: Queue,
    within: (ref: number, ancestor: number) => boolean,
    places: Places,
  ): void {
    for (const [ref, set] of this._containers) {
      const events = batch.events.filter((event) => within(event.ref, ref)).map(publish);
      if (events.length === 0) continue;
      const told = { ...batch, events, currentTarget: places.id(ref) };
      this._queue(set, told, queue);
    }
    this._queue(this._document, { ...batch, events: batch.events.map(publish) }, queue);
  }

  private _queue(set: Set<{ listener: Listener }>, batch: LoroEventBatch, queue: Queue): void {
    for (const entry of set) {
      queue.add(() => {
        if (set.has(entry)) entry.listener(batch);
      });
    }
  }
}
