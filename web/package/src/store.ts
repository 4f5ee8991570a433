// SPDX-License-Identifier: MIT
// One document of the engine: its handle, its life, its transactions, and who listens to it.
//
// The engine commits by itself where it must (import, export, a new peer id). The options for the
// next commit live here, so every call that may commit goes through transact(), which commits with
// them first. Afterwards, whatever happened is queued and delivered.

import { check, found, outBytes, outRead, outString, outValue, put, putString } from "./call.js";
import { type ContainerID } from "./container.js";
import { ESTATE, EVALUE } from "./errors.js";
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
import { engine, randomU64 } from "./module.js";
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

const registry = new FinalizationRegistry((handle: number) => engine().w_free(handle));

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
  readonly #ids = new Map<number, ContainerID>();
  readonly #listeners = new Listeners();
  readonly #local = new Set<(bytes: Uint8Array) => void>();
  readonly #preCommit = new Set<PreCommitListener>();
  readonly #firstCommit = new Set<(e: { peer: PeerID }) => void>();
  readonly #queue = new Queue();
  /** What has to end before the document does. */
  readonly dependents = new Set<{ free(): void }>();
  readonly managers = new Set<Manager>();
  #handle: number;
  #committed = 0; // own operations below this counter are in changes
  #next: CommitOptions | undefined;
  #committing = false;
  recordTimestamp = false;
  /** Editing is allowed while the past is shown. */
  editsPast = false;

  constructor(
    /** false: the content of a container that no document holds yet. */
    readonly attached: boolean,
    /** Makes handles of containers. */
    readonly wrap: Reader["container"],
    make: (peer: bigint) => number = (peer) => engine().w_new(peer),
  ) {
    this.#handle = make(randomPeer());
    if (this.#handle === 0) check(-7);
    registry.register(this, this.#handle, this);
  }

  /** The engine's handle; throws after free(). */
  get handle(): number {
    if (this.#handle === 0) throw new ESTATE("the document was freed");
    return this.#handle;
  }

  free(): void {
    if (this.#handle === 0) return;
    for (const dependent of [...this.dependents, ...this.managers]) dependent.free();
    registry.unregister(this);
    engine().w_free(this.#handle);
    this.#handle = 0;
  }

  // ---- containers ----

  id(ref: number): ContainerID {
    let id = this.#ids.get(ref);
    if (id === undefined) {
      check(engine().w_container_id(this.handle, ref));
      id = outString() as ContainerID;
      this.#ids.set(ref, id);
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

  #within(ref: number, ancestor: number): boolean {
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
    return engine().w_own_end(this.handle) - this.#committed;
  }

  setNext(options: CommitOptions): void {
    this.#next = { ...this.#next, ...options };
  }

  clearNext(): void {
    this.#next = undefined;
  }

  /** An explicit commit uses up its options, even if there is nothing to commit. */
  commit(options?: CommitOptions | null): void {
    if (options) this.setNext(options);
    try {
      if (!this.#committing) this.#commitPending();
    } finally {
      this.#tell();
    }
    this.clearNext();
  }

  /** Run a call that commits, and tell everyone what it and the commit before it did. */
  transact<T>(call: () => T): T {
    try {
      if (this.#committing) return call();
      this.#commitPending();
      const result = call();
      this.#committed = engine().w_own_end(this.handle);
      return result;
    } finally {
      this.#tell();
    }
  }

  #tell(): void {
    this.#collect();
    this.#queue.flush();
  }

  /** Ask those who want to know before; calls of theirs that would commit do not. */
  #beforeCommit(options: CommitOptions): void {
    check(
      engine().w_describe(
        this.handle,
        putString(options.message ?? ""),
        options.timestamp ?? 0,
      ),
    );
    const changeMeta = changeOut(engine().w_change_open(this.handle))!;
    const modifier = new ChangeModifier(options);
    this.#committing = true;
    for (const listener of this.#preCommit) {
      run(() => listener({ changeMeta, origin: options.origin ?? "", modifier }));
    }
    this.#committing = false;
  }

  #commitPending(): void {
    if (this.pending === 0) return;
    const start = this.#committed;
    const options: CommitOptions = { ...this.#next };
    if (this.recordTimestamp) options.timestamp ??= Math.floor(Date.now() / 1000);
    if (start === 0) this.#announce(this.#firstCommit, { peer: `${this.peer}` as PeerID });
    if (this.#preCommit.size > 0) this.#beforeCommit(options);
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
    this.#committed = engine().w_own_end(this.handle);
    if (this.#local.size + this.managers.size === 0) return; // transact() collects
    this.#collect();
    this.#collectLocal(start);
    for (const manager of this.managers) this.#queueAll([manager.committed()]);
  }

  #queueAll(calls: readonly ((() => void) | undefined)[]): void {
    for (const call of calls) if (call !== undefined) this.#queue.add(call);
  }

  /** Run a call that edits and commits: its result, and what to do when everybody has been told. */
  edit<T>(call: () => [T, readonly ((() => void) | undefined)[]]): T {
    try {
      this.#commitPending();
      const [result, after] = call();
      const start = this.#committed;
      this.#committed = engine().w_own_end(this.handle);
      this.#collect();
      if (this.#committed > start) this.#collectLocal(start);
      this.#queueAll(after);
      return result;
    } finally {
      this.#queue.flush();
    }
  }

  // ---- subscribers ----

  #collect(): void {
    if (this.#listeners.empty) return;
    while (check(engine().w_poll(this.handle)) !== 0) {
      const batch = outRead((r) => readBatch(r, this), this.wrap);
      this.#listeners.queue(batch, this.#queue, (ref, above) => this.#within(ref, above), this);
    }
  }

  /** Queue `what` for all of `listeners` who still listen when their turn comes. */
  #announce<A>(listeners: Set<(a: A) => void>, what: A): void {
    for (const listener of listeners) {
      this.#queue.add(() => {
        if (listeners.has(listener)) listener(what);
      });
    }
  }

  #collectLocal(start: number): void {
    if (this.#local.size === 0) return;
    check(engine().w_export_own(this.handle, start));
    this.#announce(this.#local, outBytes());
  }

  subscribe(listener: Listener, ref?: number): Subscription {
    if (this.#listeners.empty) check(engine().w_watch(this.handle, 1));
    const remove = this.#listeners.add(listener, ref);
    return () => {
      remove();
      if (this.#listeners.empty && this.#handle !== 0) engine().w_watch(this.#handle, 0);
    };
  }

  subscribeLocal(listener: (bytes: Uint8Array) => void): Subscription {
    return subscribeTo(this.#local, listener);
  }

  subscribePreCommit(listener: PreCommitListener): Subscription {
    return subscribeTo(this.#preCommit, listener);
  }

  subscribeFirstCommit(listener: (e: { peer: PeerID }) => void): Subscription {
    return subscribeTo(this.#firstCommit, listener);
  }
}
