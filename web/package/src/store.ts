// SPDX-License-Identifier: MIT
// One document of the engine: its handle, its life, its transactions, and who listens to it.
//
// The engine commits by itself where it must (import, export, a new peer id). The options for the
// next commit live here, so every call that may commit goes through transact(), which commits with
// them first. Afterwards, whatever happened is queued and delivered.

import {
  check,
  fail,
  found,
  outBytes,
  outRead,
  outString,
  outValue,
  put,
  putString,
  STATUS,
} from "./call.js";
import { type ContainerID } from "./container.js";
import { EVALUE } from "./errors.js";
import {
  type Listener,
  Listeners,
  type Path,
  Queue,
  readBatch,
  run,
  type Subscription,
} from "./event.js";
import { type Change, changeOut } from "./history.js";
import { engine, handleOf, own, type Owned, randomU64, release } from "./module.js";
import type { PeerID, Reader } from "./value.js";

export interface CommitOptions {
  /** Handed to the event, not stored. */
  origin?: string | undefined;
  /** Stored with the change. */
  message?: string | undefined;
  /** Unix seconds. */
  timestamp?: number | undefined;
}

/** Lets those who hear of a commit beforehand have a say in it. */
export class ChangeModifier {
  /** @internal */
  constructor(readonly options: CommitOptions) {}

  setMessage(message: string): this {
    this.options.message = message;
    return this;
  }

  setTimestamp(timestamp: number): this {
    this.options.timestamp = timestamp;
    return this;
  }

  free(): void {}
}

export type PreCommitListener = (e: {
  changeMeta: Change;
  origin: string;
  modifier: ChangeModifier;
}) => void;

/** Add a listener of its own, so that one function may be added twice. */
function subscribeTo<A>(set: Set<(a: A) => void>, listener: (a: A) => void): Subscription {
  const own = (a: A) => listener(a);
  set.add(own);
  return () => set.delete(own);
}

/** An undo manager, as the document sees it. */
interface Manager {
  tick(): void;
  committed(): (() => void) | undefined;
  free(): void;
}

const PEER_MAX = 2n ** 64n - 1n;

function randomPeer(): bigint {
  const peer = randomU64();
  return peer === PEER_MAX ? randomPeer() : peer;
}

/** Peer ids come as numbers, BigInts and decimal strings. */
export function parsePeer(peer: number | bigint | string): bigint {
  const valid = typeof peer === "string" ? /^\d+$/.test(peer) : Number.isInteger(Number(peer));
  if (!valid || BigInt(peer) < 0n || BigInt(peer) >= PEER_MAX) {
    throw new EVALUE(`a peer id is an integer from 0 to 2^64-2, not ${peer}`);
  }
  return BigInt(peer);
}

export class Store {
  /** Of containers here that were copied into another document: where they are now. */
  readonly moved = new Map<number, unknown>();
  private readonly _ids = new Map<number, ContainerID>();
  private readonly _listeners = new Listeners();
  private readonly _local = new Set<(bytes: Uint8Array) => void>();
  private readonly _preCommit = new Set<PreCommitListener>();
  private readonly _firstCommit = new Set<(e: { peer: PeerID }) => void>();
  private readonly _queue = new Queue();
  /** What has to end before the document does. */
  readonly dependents = new Set<{ free(): void }>();
  readonly managers = new Set<Manager>();
  private readonly _owned: Owned;
  private _committed = 0; // own operations below this counter are in changes
  private _next: CommitOptions | undefined;
  private _committing = false;
  recordTimestamp = false;
  /** Editing is allowed while the past is shown. */
  editsPast = false;

  constructor(
    /** false: the content of a container that no document holds yet. */
    readonly attached: boolean,
    /** Makes handles of containers. */
    readonly wrap: Reader["container"],
    make: (peer: bigint) => number = (peer) => engine().w_new(peer, randomPeer()),
  ) {
    const handle = make(randomPeer());
    if (handle === 0) fail(STATUS.ENOMEM);
    this._owned = own(this, handle, (doc) => engine().w_free(doc));
  }

  /** The engine's handle; throws after free(). */
  get handle(): number {
    return handleOf(this._owned, "document");
  }

  free(): void {
    for (const dependent of [...this.dependents, ...this.managers]) dependent.free();
    release(this._owned);
  }

  // ---- containers ----

  id(ref: number): ContainerID {
    let id = this._ids.get(ref);
    if (id === undefined) {
      check(engine().w_container_id(this.handle, ref));
      id = outString() as ContainerID;
      this._ids.set(ref, id);
    }
    return id;
  }

  /** Keys and positions from its root on; undefined if it was deleted. */
  path(ref: number): Path | undefined {
    if (found(engine().w_container_path(this.handle, ref)) === undefined) return undefined;
    return outValue() as Path;
  }

  parent(ref: number): number | undefined {
    return found(engine().w_container_parent(this.handle, ref));
  }

  private _within(ref: number, ancestor: number): boolean {
    for (let at: number | undefined = ref; at !== undefined; at = this.parent(at)) {
      if (at === ancestor) return true;
    }
    return false;
  }

  // ---- transactions ----

  get peer(): bigint {
    return BigInt.asUintN(64, engine().w_peer(this.handle));
  }

  setPeer(peer: number | bigint | string): void {
    const id = parsePeer(peer);
    this.transact(() => check(engine().w_set_peer(this.handle, id)));
  }

  renewPeer(): void {
    check(engine().w_set_peer(this.handle, randomPeer()));
  }

  /** Own operations not committed yet. */
  get pending(): number {
    return engine().w_own_end(this.handle) - this._committed;
  }

  setNext(options: CommitOptions): void {
    this._next = { ...this._next, ...options };
  }

  clearNext(): void {
    this._next = undefined;
  }

  /** An explicit commit uses up its options, even if there is nothing to commit. */
  commit(options?: CommitOptions | null): void {
    if (options) this.setNext(options);
    try {
      if (!this._committing) this._commitPending();
    } finally {
      this._tell();
    }
    this.clearNext();
  }

  /** Run a call that commits, and tell everyone what it and the commit before it did. */
  transact<T>(call: () => T): T {
    try {
      if (this._committing) return call();
      this._commitPending();
      const result = call();
      this._committed = engine().w_own_end(this.handle);
      return result;
    } finally {
      this._tell();
    }
  }

  private _tell(): void {
    this._collect();
    this._queue.flush();
  }

  /** Ask those who want to know before; calls of theirs that would commit do not. */
  private _beforeCommit(options: CommitOptions): void {
    check(
      engine().w_describe(
        this.handle,
        putString(options.message ?? ""),
        options.timestamp ?? 0,
      ),
    );
    const changeMeta = changeOut(engine().w_change_open(this.handle))!;
    const modifier = new ChangeModifier(options);
    this._committing = true;
    for (const listener of this._preCommit) {
      run(() => listener({ changeMeta, origin: options.origin ?? "", modifier }));
    }
    this._committing = false;
  }

  private _commitPending(): void {
    if (this.pending === 0) return;
    const start = this._committed;
    const options: CommitOptions = { ...this._next };
    if (this.recordTimestamp) options.timestamp ??= Math.floor(Date.now() / 1000);
    if (start === 0) this._announce(this._firstCommit, { peer: `${this.peer}` as PeerID });
    if (this._preCommit.size > 0) this._beforeCommit(options);
    const len =
      options.origin || options.message
        ? put((w) => {
            w.string(options.origin ?? "");
            w.string(options.message ?? "");
          })
        : 0;
    for (const manager of this.managers) manager.tick();
    check(engine().w_commit(this.handle, len, options.timestamp ?? 0));
    this.clearNext();
    this._committed = engine().w_own_end(this.handle);
    if (this._local.size + this.managers.size === 0) return; // transact() collects
    this._collect();
    this._collectLocal(start);
    for (const manager of this.managers) this._queueAll([manager.committed()]);
  }

  private _queueAll(calls: readonly ((() => void) | undefined)[]): void {
    for (const call of calls) if (call !== undefined) this._queue.add(call);
  }

  /** Run a call that edits and commits: its result, and what to do when everybody has been told. */
  edit<T>(call: () => [T, readonly ((() => void) | undefined)[]]): T {
    try {
      this._commitPending();
      const [result, after] = call();
      const start = this._committed;
      this._committed = engine().w_own_end(this.handle);
      this._collect();
      if (this._committed > start) this._collectLocal(start);
      this._queueAll(after);
      return result;
    } finally {
      this._queue.flush();
    }
  }

  // ---- subscribers ----

  private _collect(): void {
    if (this._listeners.empty) return;
    while (check(engine().w_poll(this.handle)) !== 0) {
      const batch = outRead((r) => readBatch(r, this), this.wrap);
      this._listeners.queue(batch, this._queue, (ref, above) => this._within(ref, above), this);
    }
  }

  /** Queue `what` for all of `listeners` who still listen when their turn comes. */
  private _announce<A>(listeners: Set<(a: A) => void>, what: A): void {
    for (const listener of listeners) {
      this._queue.add(() => {
        if (listeners.has(listener)) listener(what);
      });
    }
  }

  private _collectLocal(start: number): void {
    if (this._local.size === 0) return;
    check(engine().w_export_own(this.handle, start));
    this._announce(this._local, outBytes());
  }

  subscribe(listener: Listener, ref?: number): Subscription {
    if (this._listeners.empty) check(engine().w_watch(this.handle, 1));
    const remove = this._listeners.add(listener, ref);
    return () => {
      remove();
      if (this._listeners.empty && this._owned.handle !== 0) engine().w_watch(this.handle, 0);
    };
  }

  subscribeLocal(listener: (bytes: Uint8Array) => void): Subscription {
    return subscribeTo(this._local, listener);
  }

  subscribePreCommit(listener: PreCommitListener): Subscription {
    return subscribeTo(this._preCommit, listener);
  }

  subscribeFirstCommit(listener: (e: { peer: PeerID }) => void): Subscription {
    return subscribeTo(this._firstCommit, listener);
  }
}
