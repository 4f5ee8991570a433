// SPDX-License-Identifier: MIT
// Presence: keys with values that are never history, in the bytes of loro-crdt's EphemeralStore and
// of its older Awareness.

import {
  check,
  fail,
  failAt,
  found,
  outBytes,
  outRead,
  put,
  putBytes,
  putString,
  STATUS,
} from "./call.js";
import { Queue } from "./event.js";
import { engine, handleOf, own, type Owned, release } from "./module.js";
import { parsePeer } from "./store.js";
import type { PeerID, Value } from "./value.js";

export interface EphemeralStoreEvent {
  by: "local" | "import" | "timeout";
  added: string[];
  updated: string[];
  removed: string[];
}
export type EphemeralListener = (event: EphemeralStoreEvent) => void;
export type EphemeralLocalListener = (bytes: Uint8Array) => void;

const WHAT = ["added", "updated", "removed"] as const;
type Changes = Record<(typeof WHAT)[number], string[]>;

/** The entries of one store or awareness in the engine. */
class Entries {
  private readonly _owned: Owned;

  constructor(
    timeout: number,
    readonly awareness = false,
  ) {
    const handle = engine().w_ephemeral_new(timeout, awareness ? 1 : 0);
    if (handle === 0) fail(STATUS.ENOMEM);
    this._owned = own(this, handle, (entries) => engine().w_ephemeral_free(entries));
  }

  get handle(): number {
    return handleOf(this._owned, "store");
  }

  free(): void {
    release(this._owned);
  }

  /** Without a value: delete. The update that tells others of it. */
  set(key: string, value?: [Value]): Uint8Array {
    const len = put((w) => {
      w.string(key);
      w.u8(value === undefined ? 0 : 1);
      if (value !== undefined) w.value(value[0]);
    });
    check(engine().w_ephemeral_set(this.handle, len, Date.now()));
    return outBytes();
  }

  apply(data: Uint8Array): void {
    const status = engine().w_ephemeral_apply(this.handle, putBytes(data), Date.now());
    const what = this.awareness ? "awareness data" : "data";
    if (status === STATUS.ECORRUPT) failAt(status, `Failed to decode ${what}`);
    check(status);
  }

  expire(): void {
    engine().w_ephemeral_expire(this.handle, Date.now());
  }

  /** What the last set(), apply() or expire() did. */
  changes(): Changes {
    const changes: Changes = { added: [], updated: [], removed: [] };
    check(engine().w_ephemeral_changes(this.handle));
    outRead((r) => r.many(() => changes[WHAT[r.u8()]!].push(r.string())));
    return changes;
  }

  encode(keys?: readonly string[]): Uint8Array {
    const len = put((w) => {
      w.u8(keys === undefined ? 0 : 1);
      if (keys === undefined) return;
      w.uleb(keys.length);
      for (const key of keys) w.string(key);
    });
    check(engine().w_ephemeral_encode(this.handle, len, Date.now()));
    return outBytes();
  }

  get(key: string): { updated: number; value: Value } | undefined {
    if (found(engine().w_ephemeral_get(this.handle, putString(key))) === undefined) return undefined;
    return outRead((r) => ({ updated: r.f64(), value: r.value() as Value }));
  }

  states(): Record<string, Value> {
    check(engine().w_ephemeral_states(this.handle));
    return outRead((r) => r.value()) as Record<string, Value>;
  }

  get size(): number {
    return engine().w_ephemeral_len(this.handle);
  }
}

/** Keys with values; of two writes of one key the later stays, and what nobody repeats within
 *  `timeout` milliseconds goes when removeOutdated() is called. */
export class EphemeralStoreWasm<T extends Value = Value> {
  private readonly _entries: Entries;
  private readonly _listeners = new Set<{ listener: EphemeralListener }>();
  private readonly _local = new Set<{ listener: EphemeralLocalListener }>();
  private readonly _queue = new Queue();

  constructor(timeout: number) {
    this._entries = new Entries(timeout);
  }

  /** Tell of what was done last; of nothing, too, unless it was done here. */
  private _tell(by: EphemeralStoreEvent["by"]): void {
    if (this._listeners.size > 0) {
      const changes = this._entries.changes();
      if (by !== "local" || WHAT.some((what) => changes[what].length > 0))
        for (const entry of this._listeners)
          this._queue.add(() => this._listeners.has(entry) && entry.listener({ by, ...changes }));
    }
    this._queue.flush();
  }

  private _write(key: string, value?: [Value]): void {
    const update = this._entries.set(key, value);
    for (const entry of this._local) {
      this._queue.add(() => this._local.has(entry) && entry.listener(update));
    }
    this._tell("local");
  }

  set(key: string, value: T): void {
    this._write(key, [value]);
  }

  delete(key: string): void {
    this._write(key);
  }

  get(key: string): T | undefined {
    return this._entries.get(key)?.value as T | undefined;
  }

  getAllStates(): Record<string, T> {
    return this._entries.states() as Record<string, T>;
  }

  keys(): string[] {
    return Object.keys(this.getAllStates());
  }

  /** Take in what another store encoded. */
  apply(data: Uint8Array): void {
    this._entries.apply(data);
    this._tell("import");
  }

  encode(key: string): Uint8Array {
    return this._entries.encode([key]);
  }

  encodeAll(): Uint8Array {
    return this._entries.encode();
  }

  removeOutdated(): void {
    this._entries.expire();
    this._tell("timeout");
  }

  isEmpty(): boolean {
    return this._entries.size === 0;
  }

  subscribe(listener: EphemeralListener): () => void {
    const entry = { listener };
    this._listeners.add(entry);
    return () => void this._listeners.delete(entry);
  }

  /** Get the bytes of every write made here, to send to other peers. */
  subscribeLocalUpdates(listener: EphemeralLocalListener): () => void {
    const entry = { listener };
    this._local.add(entry);
    return () => void this._local.delete(entry);
  }

  free(): void {
    this._entries.free();
  }

  [Symbol.dispose](): void {
    this.free();
  }
}

/** Calls `expire` while there is something to expire. */
class Timer {
  private _timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    readonly timeout: number,
    readonly isEmpty: () => boolean,
    readonly expire: () => void,
  ) {}

  start(): void {
    if (this._timer !== undefined || this.isEmpty()) return;
    this._timer = setInterval(() => {
      this.expire();
      if (this.isEmpty()) this.stop();
    }, this.timeout / 2);
  }

  stop(): void {
    clearInterval(this._timer);
    this._timer = undefined;
  }
}

/** The same, with a timer that removes what is outdated. */
export class EphemeralStore<T extends Record<string, Value> = Record<string, Value>> {
  inner: EphemeralStoreWasm;
  private readonly _timer: Timer;

  constructor(timeout = 30_000) {
    const inner = (this.inner = new EphemeralStoreWasm(timeout));
    this._timer = new Timer(
      timeout,
      () => inner.isEmpty(),
      () => inner.removeOutdated(),
    );
  }

  apply(bytes: Uint8Array): void {
    this.inner.apply(bytes);
    this._timer.start();
  }

  set<K extends keyof T>(key: K, value: T[K]): void {
    this.inner.set(key as string, value);
    this._timer.start();
  }

  delete<K extends keyof T>(key: K): void {
    this.inner.delete(key as string);
  }

  get<K extends keyof T>(key: K): T[K] | undefined {
    return this.inner.get(key as string) as T[K] | undefined;
  }

  getAllStates(): Partial<T> {
    return this.inner.getAllStates() as Partial<T>;
  }

  encode<K extends keyof T>(key: K): Uint8Array {
    return this.inner.encode(key as string);
  }

  encodeAll(): Uint8Array {
    return this.inner.encodeAll();
  }

  keys(): string[] {
    return this.inner.keys();
  }

  /** Stop the timer. */
  destroy(): void {
    this._timer.stop();
  }

  subscribe(listener: EphemeralListener): () => void {
    return this.inner.subscribe(listener);
  }

  subscribeLocalUpdates(listener: EphemeralLocalListener): () => void {
    return this.inner.subscribeLocalUpdates(listener);
  }
}

/** @deprecated Use EphemeralStoreWasm. */
export class AwarenessWasm<T extends Value = Value> {
  private readonly _entries: Entries;
  private readonly _peer: PeerID;

  constructor(peer: number | bigint | PeerID, timeout: number) {
    this._peer = parsePeer(peer).toString() as PeerID;
    this._entries = new Entries(timeout, true);
  }

  peer(): PeerID {
    return this._peer;
  }

  setLocalState(value: T): void {
    this._entries.set(this._peer, [value]);
  }

  getState(peer: number | bigint | PeerID): T | undefined {
    return this._entries.get(String(peer))?.value as T | undefined;
  }

  /** When the state of that peer came here. */
  getTimestamp(peer: number | bigint | PeerID): number | undefined {
    return this._entries.get(String(peer))?.updated;
  }

  getAllStates(): Record<PeerID, T> {
    return this._entries.states() as Record<PeerID, T>;
  }

  apply(data: Uint8Array): { updated: PeerID[]; added: PeerID[] } {
    this._entries.apply(data);
    const { updated, added } = this._entries.changes();
    return { updated, added } as { updated: PeerID[]; added: PeerID[] };
  }

  /** The own peer first. */
  peers(): PeerID[] {
    const all = Object.keys(this.getAllStates()) as PeerID[];
    return all.sort((a, b) => Number(b === this._peer) - Number(a === this._peer));
  }

  encode(peers: readonly PeerID[]): Uint8Array {
    return this._entries.encode(peers.map(String));
  }

  encodeAll(): Uint8Array {
    return this._entries.encode();
  }

  removeOutdated(): PeerID[] {
    this._entries.expire();
    return this._entries.changes().removed as PeerID[];
  }

  length(): number {
    return this._entries.size;
  }

  isEmpty(): boolean {
    return this.length() === 0;
  }

  free(): void {
    this._entries.free();
  }

  [Symbol.dispose](): void {
    this.free();
  }
}

export type AwarenessListener = (
  arg: { updated: PeerID[]; added: PeerID[]; removed: PeerID[] },
  origin: "local" | "timeout" | "remote" | string,
) => void;

/** @deprecated Use EphemeralStore. */
export class Awareness<T extends Value = Value> {
  inner: AwarenessWasm<T>;
  private readonly _timer: Timer;
  private readonly _listeners = new Set<AwarenessListener>();

  constructor(peer: PeerID, timeout = 30_000) {
    const inner = (this.inner = new AwarenessWasm<T>(peer, timeout));
    this._timer = new Timer(
      timeout,
      () => inner.isEmpty(),
      () => {
        const removed = inner.removeOutdated();
        if (removed.length > 0) this._tell({ removed }, "timeout");
      },
    );
  }

  private _tell(changes: Partial<Parameters<AwarenessListener>[0]>, origin: string): void {
    const all = { updated: [], added: [], removed: [], ...changes };
    for (const listener of [...this._listeners]) listener(all, origin);
    this._timer.start();
  }

  apply(bytes: Uint8Array, origin = "remote"): void {
    this._tell(this.inner.apply(bytes), origin);
  }

  setLocalState(state: T): void {
    const fresh = this.getLocalState() == null;
    this.inner.setLocalState(state);
    this._tell({ [fresh ? "added" : "updated"]: [this.inner.peer()] }, "local");
  }

  getLocalState(): T | undefined {
    return this.inner.getState(this.inner.peer());
  }

  getAllStates(): Record<PeerID, T> {
    return this.inner.getAllStates();
  }

  encode(peers: PeerID[]): Uint8Array {
    return this.inner.encode(peers);
  }

  encodeAll(): Uint8Array {
    return this.inner.encodeAll();
  }

  addListener(listener: AwarenessListener): void {
    this._listeners.add(listener);
  }

  removeListener(listener: AwarenessListener): void {
    this._listeners.delete(listener);
  }

  peers(): PeerID[] {
    return this.inner.peers();
  }

  /** Stop the timer, and forget the listeners. */
  destroy(): void {
    this._timer.stop();
    this._listeners.clear();
  }
}
