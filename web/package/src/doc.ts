// SPDX-License-Identifier: MIT

import {
  check,
  failAt,
  found,
  outBytes,
  outRead,
  outValue,
  put,
  putBytes,
  putString,
} from "./call.js";
import {
  type Container,
  type ContainerID,
  type ContainerType,
  byId,
  isContainerId,
  isRootId,
  requireId,
  KINDS,
  openRoot,
  openStore,
  UNSPEAKABLE,
  wrap,
} from "./container.js";
import { type Cursor, type CursorPlace, placeOf } from "./cursor.js";
import { applyDiff } from "./diff.js";
import { EKIND, EMISSING, EVALUE } from "./errors.js";
import type { Diff, JsonDiff, Listener, LoroEvent, Path, Subscription } from "./event.js";
import { importAsync, type ImportAsyncOptions } from "./import_async.js";
import type { LoroCounter } from "./counter.js";
import type { LoroList, LoroMovableList } from "./list.js";
import type { LoroMap } from "./map.js";
import { engine } from "./module.js";
import { DocHistory, type ImportStatus, readImportStatus } from "./doc_history.js";
import * as past from "./past.js";
import {
  below,
  type DocumentContainerTree,
  type DocumentContainerTreeOptions,
  nodeOf,
  nodesToJson,
  replaced,
  type Replacer,
  treeOptions,
  withId,
} from "./reading.js";
import type { CommitOptions, PreCommitListener, Store } from "./store.js";
import type { LoroText } from "./text.js";
import type { LoroTree } from "./tree.js";
import { type Frontiers, object, type OpId, type PeerID, type Value } from "./value.js";
import { VersionVector } from "./version.js";

export type ExportMode =
  | { mode: "update"; from?: VersionVector }
  | { mode: "updates-in-range"; spans: { id: OpId; len: number }[] }
  | { mode: "snapshot" }
  | { mode: "shallow-snapshot"; frontiers: Frontiers };

export interface ImportBlobMetadata {
  mode: "update" | "snapshot" | "shallow-snapshot";
  changeNum: number;
  partialStartVersionVector: VersionVector;
  partialEndVersionVector: VersionVector;
  /** What it builds on and does not hold. */
  startFrontiers: Frontiers;
  /** Unix seconds, of the first change and the last. */
  startTimestamp: number;
  endTimestamp: number;
}

export interface ApplyDiffOptions {
  /** A child that peers share and that shows again is told with all it holds, as `diff()` does, so
   *  what it holds becomes that. Without it, diffs are what changed. */
  fullState?: boolean;
}

/** Which edges of a marked range take in what is typed there. */
export type TextStyle = { expand: "before" | "after" | "none" | "both" };

const EXPAND = ["none", "before", "after", "both"];

/** As the engine numbers it. */
function expandOf({ expand }: TextStyle): number {
  const edges = EXPAND.indexOf(expand);
  if (edges < 0) throw new EVALUE("`expand` must be one of `none`, `before`, `after`, `both`");
  return edges * 2;
}

/** By number of the engine. */
const MODES = ["update", "snapshot", "shallow-snapshot"] as const;

// lk_path_match
const FOUND = 1;
const LEADS = 2;
const LOOSE = 4;

/** Take everything out of a container. */
function empty(container: any): void {
  const kind: ContainerType = container.kind();
  if (kind === "Text") container.delete(0, container.length);
  else if (kind === "Counter") container.decrement(container.value);
  else if (kind === "Tree") for (const { id } of container.roots()) container.delete(id);
  else container.clear();
}

export class LoroDoc<T extends Record<string, Container> = Record<string, Container>> extends DocHistory {
  /** @internal */
  readonly store: Store;

  /** An empty document. (The argument is for `fork()`: it makes the engine's document.) */
  constructor(make?: (peer: bigint) => number) {
    super();
    this.store = openStore(true, make);
  }

  static fromSnapshot(snapshot: Uint8Array): LoroDoc {
    const doc = new LoroDoc();
    doc.import(snapshot);
    return doc;
  }

  private get _handle(): number {
    return this.store.handle;
  }

  // ---- who writes ----

  get peerId(): bigint {
    return this.store.peer;
  }

  get peerIdStr(): PeerID {
    return this.store.peer.toString() as PeerID;
  }

  setPeerId(peer: number | bigint | PeerID): void {
    this.store.setPeer(peer);
  }

  // ---- containers ----

  private _open(kind: ContainerType, key: string): Container {
    if (!isContainerId(key)) {
      return wrap(this.store, openRoot(this.store, kind, key), KINDS.indexOf(kind));
    }
    const container = this.getContainerById(key);
    if (container === undefined) throw new EMISSING(`no container ${key}`);
    if (container.kind() !== kind) throw new EKIND(`${key} is not a ${kind}`);
    return container;
  }

  /** The root container of that name, which comes to exist, or the container of that id. */
  getText(key: string): LoroText {
    return this._open("Text", key) as LoroText;
  }

  getMap<K extends (keyof T & string) | ContainerID>(
    key: K,
  ): T[K] extends LoroMap ? T[K] : LoroMap {
    return this._open("Map", key) as T[K] extends LoroMap ? T[K] : LoroMap;
  }

  getList<K extends (keyof T & string) | ContainerID>(
    key: K,
  ): T[K] extends LoroList ? T[K] : LoroList {
    return this._open("List", key) as T[K] extends LoroList ? T[K] : LoroList;
  }

  getMovableList<K extends (keyof T & string) | ContainerID>(
    key: K,
  ): T[K] extends LoroMovableList ? T[K] : LoroMovableList {
    return this._open("MovableList", key) as T[K] extends LoroMovableList ? T[K] : LoroMovableList;
  }

  getTree<K extends (keyof T & string) | ContainerID>(
    key: K,
  ): T[K] extends LoroTree ? T[K] : LoroTree {
    return this._open("Tree", key) as T[K] extends LoroTree ? T[K] : LoroTree;
  }

  getCounter(key: string): LoroCounter {
    return this._open("Counter", key) as LoroCounter;
  }

  getContainerById(id: ContainerID): Container | undefined {
    requireId(id);
    const ref = this._find(id);
    if (ref === undefined) return undefined;
    return wrap(this.store, ref, engine().w_ref_kind(this._handle, ref));
  }

  /** Ids the engine cannot hold, of negative counters, name nothing. */
  private _find(id: ContainerID): number | undefined {
    const ref = engine().w_container_by_id(this._handle, putString(id));
    return ref === UNSPEAKABLE ? undefined : found(ref);
  }

  hasContainer(id: ContainerID): boolean {
    if (!isContainerId(id)) return false;
    return isRootId(id) || this._find(id) !== undefined;
  }

  /** Keys and positions from its root on; undefined if it is not in the document. */
  getPathToContainer(id: ContainerID): Path | undefined {
    requireId(id);
    const container = this.hasContainer(id) ? this.getContainerById(id) : undefined;
    return container && this.store.path(container.ref);
  }

  private _roots(deep: boolean): Record<string, unknown> {
    check(engine().w_roots(this._handle, deep ? 1 : 0));
    return outRead((r) => r.value(), this.store.wrap) as Record<string, unknown>;
  }

  /** What is at "root/key/0". */
  getByPath(path: string): Value | Container | undefined {
    const [root = "", ...steps] = path.split("/");
    return below(this._roots(false)[root] as Container | undefined, steps);
  }

  /** Everything, containers with their ids. */
  getDeepValueWithID(): any {
    const roots = Object.entries(this._roots(false)) as [string, Container][];
    return object(roots.map(([name, root]) => [name, withId(root)]));
  }

  /** Everything toJSON() shows, as nodes that say what they are. */
  toContainerTree<A extends [options?: DocumentContainerTreeOptions | null]>(
    ...[options]: A
  ): DocumentContainerTree<A[0]> {
    const { roots: names, text } = treeOptions(options, ["roots", "text"]);
    const shown = Object.keys(this._roots(true)).filter((name) => !names || names.includes(name));
    const roots = this._roots(false) as Record<string, Container>;
    const find = (id: ContainerID) => byId(this.store, id);
    const nodes = shown.map((name) => [name, nodeOf(roots[name], find, { text })] as [string, any]);
    return object(nodes) as DocumentContainerTree<A[0]>;
  }

  toContainerTreeJson(options?: DocumentContainerTreeOptions | null): string {
    return nodesToJson(this.toContainerTree(options));
  }

  /** Everything, as `replacer` wants it: what it returns stands for what it was told of. */
  toJsonWithReplacer(replacer: Replacer): Value {
    return replaced(this.getShallowValue(), (id) => byId(this.store, id), replacer);
  }

  /** Let toJSON() leave out root containers that are empty. */
  setHideEmptyRootContainers(hide: boolean): void {
    engine().w_hide_empty_roots(this._handle, hide ? 1 : 0);
  }

  /** Empty a root container; toJSON() leaves it out until something is in it again. */
  deleteRootContainer(id: ContainerID): void {
    requireId(id);
    if (!isRootId(id)) return;
    const root = this.getContainerById(id);
    if (root === undefined) return;
    empty(root);
    check(engine().w_hide_empty_root(this._handle, root.ref));
  }

  /** What a JSONPath query (RFC 9535, and `contains` and `in`) finds: values, and containers as
   *  such. */
  JSONPath(query: string): any[] {
    const status = engine().w_jsonpath(this._handle, putString(query));
    if (status === UNSPEAKABLE) failAt(status);
    check(status);
    const found = outValue(this.store.wrap) as any[];
    return query === "$" ? [this.toJSON()] : found;
  }

  /** Hear that something may have changed in what a JSONPath query finds. */
  subscribeJsonpath(query: string, callback: () => void): Subscription {
    const match = (path: Path, any = false) => {
      const len = put((w) => {
        w.string(query);
        w.uleb(path.length + (any ? 1 : 0));
        for (const step of path) {
          w.u8(typeof step === "string" ? 0 : 1);
          if (typeof step === "string") w.string(step);
          else w.uleb(step);
        }
        if (any) w.u8(2);
      });
      return check(engine().w_jsonpath_match(this._handle, len));
    };
    const concerns = ({ path, diff }: LoroEvent): boolean => {
      const here = match(path);
      if (here & FOUND) return true;
      if (diff.type === "text") return false;
      if (diff.type !== "map") return (match(path, true) & LEADS) !== 0;
      const keys = Object.keys(diff.updated);
      return keys.some((key) => here & LOOSE || match([...path, key]) & LEADS);
    };
    this.JSONPath(query); // throws if it is none
    return this.store.subscribe(({ events }) => {
      if (events.some(concerns)) callback();
    });
  }

  /** Everything, containers resolved. */
  toJSON(): any {
    return this._roots(true);
  }

  getShallowValue(): Record<string, ContainerID> {
    const roots = Object.entries(this._roots(false)) as [string, Container][];
    return Object.fromEntries(roots.map(([name, root]) => [name, root.id]));
  }

  // ---- styles ----

  /** Which keys text can be marked with, and whether text typed at an edge of such a range gets the
   *  style. Replaces what was configured before; `key` also stands for `key:anything`. */
  configTextStyle(styles: Record<string, TextStyle>): void {
    const configured = Reflect.ownKeys(styles).map((key) => {
      const style = styles[key as string];
      if (style == null) throw new EVALUE("Text style config format error");
      return [String(key), expandOf(style)] as const;
    });
    const len = put((w) => {
      w.uleb(configured.length);
      for (const [key, expand] of configured) {
        w.string(key);
        w.u8(expand);
      }
    });
    check(engine().w_style_config(this._handle, len));
  }

  /** The same for all other keys; undefined: they cannot be marked with. */
  configDefaultTextStyle(style: TextStyle | undefined): void {
    engine().w_style_default(this._handle, style === undefined ? -1 : expandOf(style));
  }

  // ---- versions ----

  /** Edits not yet committed included. */
  version(): VersionVector {
    check(engine().w_version(this._handle));
    return outRead((r) => new VersionVector(r.version()));
  }

  oplogVersion(): VersionVector {
    check(engine().w_log_version(this._handle));
    return outRead((r) => new VersionVector(r.version()));
  }

  frontiers(): Frontiers {
    check(engine().w_frontiers(this._handle));
    return outRead((r) => r.frontiers());
  }

  oplogFrontiers(): Frontiers {
    check(engine().w_log_frontiers(this._handle));
    return outRead((r) => r.frontiers());
  }

  frontiersToVV(frontiers: Frontiers): VersionVector {
    return past.frontiersToVV(this.store, frontiers);
  }

  vvToFrontiers(vv: VersionVector): Frontiers {
    return past.vvToFrontiers(this.store, vv);
  }

  /** -1: `a` is in the past of `b`, 0: equal, 1: the other way round, undefined: neither. */
  cmpFrontiers(a: Frontiers, b: Frontiers): -1 | 0 | 1 | undefined {
    return past.compareFrontiers(this.store, a, b);
  }

  /** -1: the history lacks something of `frontiers`, 0: equal, 1: it has all that, and more. */
  cmpWithFrontiers(frontiers: Frontiers): -1 | 0 | 1 {
    return past.compareWith(this.store, this.oplogFrontiers(), frontiers);
  }

  /** Does the history begin late, because the document began with a shallow snapshot? */
  isShallow(): boolean {
    return this.shallowSinceFrontiers().length > 0;
  }

  /** Per peer the first operation held; empty if the history begins at the start. */
  shallowSinceVV(): VersionVector {
    check(engine().w_shallow_vv(this._handle));
    return outRead((r) => new VersionVector(r.version()));
  }

  /** The operation that everything held builds on. */
  shallowSinceFrontiers(): Frontiers {
    check(engine().w_shallow_frontiers(this._handle));
    return outRead((r) => r.frontiers());
  }

  opCount(): number {
    return engine().w_op_count(this._handle);
  }

  changeCount(): number {
    check(engine().w_change_count(this._handle));
    return outRead((r) => r.uleb());
  }

  // ---- the past ----

  /** Show that version. Imports then reach the history only, and edits throw, until `attach()`. */
  checkout(frontiers: Frontiers): void {
    past.checkout(this.store, frontiers);
  }

  /** Show everything again. */
  attach(): void {
    past.attach(this.store);
  }

  checkoutToLatest(): void {
    this.attach();
  }

  /** Go on showing what is shown now. */
  detach(): void {
    this.store.transact(() => check(engine().w_detach(this._handle)));
  }

  isDetached(): boolean {
    return engine().w_is_detached(this._handle) === 1;
  }

  /** Allow edits while the past is shown: each version is then edited under a new peer id. */
  setDetachedEditing(enable: boolean): void {
    past.editDetached(this.store, enable);
  }

  isDetachedEditingEnabled(): boolean {
    return this.store.editsPast;
  }

  /** What leads from one version to another. `for_json`: containers are told by their ids. */
  diff(from: Frontiers, to: Frontiers, for_json: false): [ContainerID, Diff][];
  diff(from: Frontiers, to: Frontiers, for_json?: true): [ContainerID, JsonDiff][];
  diff(from: Frontiers, to: Frontiers, for_json?: boolean): [ContainerID, Diff | JsonDiff][];
  diff(from: Frontiers, to: Frontiers, for_json = true): [ContainerID, any][] {
    return past.diff(this.store, from, to, for_json);
  }

  /** Make the edits that a diff tells of, of this document or another one. Not committed. */
  applyDiff(diff: [ContainerID, Diff | JsonDiff][], options?: ApplyDiffOptions | null): void {
    applyDiff(this.store, diff, options?.fullState ?? false);
  }

  /** Make the edits that lead back to what `frontiers` showed. Not committed. */
  revertTo(frontiers: Frontiers): void {
    past.revertTo(this.store, frontiers);
  }

  /** Where the cursor stands; if what it stood at was deleted, `update` is one to go on with. */
  getCursorPos(cursor: Cursor): CursorPlace | undefined {
    return placeOf(this._handle, cursor);
  }

  // ---- transactions ----

  /** Close the change being written: subscribers hear of it before this returns. */
  commit(options?: CommitOptions | null): void {
    this.store.commit(options);
  }

  getPendingTxnLength(): number {
    return this.store.pending;
  }

  setNextCommitOptions(options: CommitOptions): void {
    this.store.clearNext();
    this.store.setNext(options);
  }

  setNextCommitOrigin(origin: string): void {
    this.store.setNext({ origin });
  }

  setNextCommitMessage(message: string): void {
    this.store.setNext({ message });
  }

  setNextCommitTimestamp(timestamp: number): void {
    this.store.setNext({ timestamp });
  }

  clearNextCommitOptions(): void {
    this.store.clearNext();
  }

  /** Stamp changes with the time of their commit. */
  setRecordTimestamp(record: boolean): void {
    this.store.recordTimestamp = record;
  }

  // ---- import, export ----

  export(mode: ExportMode): Uint8Array {
    if (mode.mode === "updates-in-range") return this.exportSpans(mode.spans);
    const kind = MODES.indexOf(mode.mode);
    if (kind < 0) throw new EVALUE(`no such export mode: ${(mode as { mode: string }).mode}`);
    let from: Iterable<[PeerID, number]> = [];
    if (mode.mode === "update") from = mode.from?.toJSON() ?? [];
    if (mode.mode === "shallow-snapshot") {
      from = mode.frontiers.map(({ peer, counter }) => [peer, counter]);
    }
    return this.store.transact(() => {
      const len = put((w) => w.ids(from));
      check(engine().w_export(this._handle, kind, len));
      return outBytes();
    });
  }

  /** Merge what any Loro 1.x peer exported: all of it, or, if this throws, nothing. But EMISSING says
   *  that some changes do not know all of what a shallow snapshot left out: they can never be merged
   *  here, and were left out; the rest was imported. */
  import(bytes: Uint8Array): ImportStatus {
    return this.store.transact(() => {
      check(engine().w_import(this._handle, putBytes(bytes)));
      return outRead(readImportStatus);
    });
  }

  /** The same in slices, between which the page gets to what else it has to do: input, frames, calls
   *  of this document, too. Subscribers hear of each piece of about 8 kB. What import() finds damaged
   *  rejects with the same error, and nothing was imported; only what shows when changes meet the
   *  document may come after pieces that stay. So do those before an abort, and importing the blob
   *  again goes on from there. Imported at once are snapshots into an empty document, which takes
   *  their state as it stands, shallow ones, and whatever meets a document that shows its past. */
  importAsync(bytes: Uint8Array, options?: ImportAsyncOptions): Promise<ImportStatus> {
    return importAsync(this, bytes, options);
  }

  /** The same for several, in any order, as one event. */
  importBatch(blobs: readonly Uint8Array[]): ImportStatus {
    return this.store.transact(() => {
      const len = put((w) => {
        w.uleb(blobs.length);
        for (const blob of blobs) w.raw(blob);
      });
      check(engine().w_import_batch(this._handle, len));
      return outRead(readImportStatus);
    });
  }

  importUpdateBatch(blobs: readonly Uint8Array[]): ImportStatus {
    return this.importBatch(blobs);
  }

  /** A copy with the same history, that writes under a new peer id. */
  fork(): LoroDoc<T> {
    return this.forkAt(this.frontiers());
  }

  /** The same of what it was at that version. */
  forkAt(frontiers: Frontiers): LoroDoc<T> {
    return new LoroDoc<T>((peer) => past.fork(this.store, peer, frontiers));
  }

  // ---- subscribers ----

  /** Hear of every commit and import, before the call that caused it returns. */
  subscribe(listener: Listener): Subscription {
    return this.store.subscribe(listener);
  }

  /** Get the bytes of every commit made here, to send to other peers. */
  subscribeLocalUpdates(listener: (bytes: Uint8Array) => void): Subscription {
    return this.store.subscribeLocal(listener);
  }

  /** Hear of a change before it is committed, and change what it says of itself. */
  subscribePreCommit(listener: PreCommitListener): Subscription {
    return this.store.subscribePreCommit(listener);
  }

  /** Hear when a peer writes to this document for the first time. */
  subscribeFirstCommitFromPeer(listener: (e: { peer: PeerID }) => void): Subscription {
    return this.store.subscribeFirstCommit(listener);
  }

  // ---- loro-crdt has these ----

  /** How many decoded values are kept: none, they are read where they are. */
  getDecodedValueCacheLimit(): number {
    return this._cacheLimit;
  }

  setDecodedValueCacheLimit(limit: number): void {
    this._cacheLimit = limit;
  }
  private _cacheLimit = 2048;

  debugHistory(): void {
    console.log({ changes: this.changeCount(), operations: this.opCount() });
  }

  // ---- the end ----

  /** Give the memory back now; otherwise that happens when the garbage collector gets to it. */
  free(): void {
    this.store.free();
  }

  [Symbol.dispose](): void {
    this.free();
  }
}

/** @deprecated Its name is LoroDoc. */
export class Loro<
  T extends Record<string, Container> = Record<string, Container>,
> extends LoroDoc<T> {}

/** What a blob says of itself, without a document. Its checksum is checked in any case. */
export function decodeImportBlobMeta(blob: Uint8Array, _check?: boolean): ImportBlobMetadata {
  check(engine().w_blob_meta(putBytes(blob)));
  return outRead((r) => ({
    mode: MODES[r.u8()] ?? "update",
    changeNum: r.uleb(),
    partialStartVersionVector: new VersionVector(r.version()),
    partialEndVersionVector: new VersionVector(r.version()),
    startFrontiers: r.frontiers(),
    startTimestamp: r.f64(),
    endTimestamp: r.f64(),
  }));
}
