// SPDX-License-Identifier: MIT

import { check, found, outRead, put } from "./call.js";
import { enroll, KINDS, LoroContainer, wrap } from "./container.js";
import { ERANGE, EVALUE } from "./errors.js";
import type { LoroMap } from "./map.js";
import { engine } from "./module.js";
import type { OpId, PeerID, Reader, TreeID, Writer } from "./value.js";

/** A node with what is below it; `meta` is its map. */
export type TreeNodeValue = {
  id: TreeID;
  parent: TreeID | undefined;
  index: number;
  fractionalIndex: string;
  meta: LoroMap;
  children: TreeNodeValue[];
};

/** The same with the id of the map. */
export type TreeNodeShallowValue = {
  id: TreeID;
  parent: TreeID | null;
  index: number;
  fractional_index: string;
  meta: string;
  children: TreeNodeShallowValue[];
};

/** The same with what the map holds. */
export type TreeNodeJSON<T = any> = {
  id: TreeID;
  parent: TreeID | undefined;
  index: number;
  fractionalIndex: string;
  meta: T;
  children: TreeNodeJSON<T>[];
};

interface Place {
  deleted: boolean;
  parent: TreeID | undefined;
  index: number;
  fractionalIndex: string;
  lastMove: OpId;
  data: number;
}

/** What everything that was deleted hangs below. */
const BIN: TreeID = "2147483647@18446744073709551615";
/** Where nodes without a position of their own are. */
const MIDDLE = "80";

/** The largest peer id. */
const PEER_MAX = "18446744073709551615";

/** Its peer and counter; undefined if it is no id. */
function splitNode(id: unknown): [PeerID, number] | undefined {
  if (typeof id !== "string" || !/^\d{1,10}@\d{1,20}$/.test(id)) return undefined;
  const at = id.indexOf("@");
  const counter = Number(id.slice(0, at));
  const peer = id.slice(at + 1) as PeerID;
  const beyond = counter > 0x7fffffff || (peer.length === 20 && peer > PEER_MAX);
  return beyond ? undefined : [peer, counter];
}

/** @internal */
export function parseNode(id: TreeID): [PeerID, number] {
  const parts = splitNode(id);
  if (parts === undefined) throw new EVALUE(`no id of a tree node: ${String(id)}`);
  return parts;
}

function putNode(w: Writer, id: TreeID): void {
  w.id(...parseNode(id));
}

function putParent(w: Writer, id: TreeID | null | undefined): void {
  w.u8(id == null ? 0 : 1);
  if (id != null) putNode(w, id);
}

/** An index as the engine takes it; -1: at the end. */
function place(index: number | null | undefined): number {
  if (index == null) return -1;
  const whole = Math.trunc(index);
  if (!(whole >= 0 && whole <= 0x7fffffff)) throw new ERANGE(`no index: ${index}`);
  return whole;
}

function readPlace(r: Reader): Place {
  return {
    deleted: r.u8() === 1,
    parent: r.u8() === 1 ? r.node() : undefined,
    index: r.uleb(),
    fractionalIndex: r.hex(),
    lastMove: r.id(),
    data: r.uleb(),
  };
}

export class LoroTree<T extends Record<string, unknown> = Record<string, unknown>> extends LoroContainer {
  kind(): "Tree" {
    return "Tree";
  }

  protected fill(from: this): void {
    const copy = (to: LoroTreeNode<T>, old: LoroTreeNode<T>) => {
      to.data.take(old.data);
      for (const child of old.children() ?? []) copy(to.createNode(), child);
    };
    for (const root of from.roots()) copy(this.createNode(), root);
  }

  /** @internal Where a node is; undefined if it was never made. */
  place(node: TreeID): Place | undefined {
    const { doc, ref } = this;
    const status = found(engine().w_tree_get(doc, ref, put((w) => putNode(w, node))));
    return status === undefined ? undefined : outRead(readPlace);
  }

  /** @internal */
  below(parent: TreeID | undefined): LoroTreeNode<T>[] {
    const { doc, ref } = this;
    check(engine().w_tree_children(doc, ref, put((w) => putParent(w, parent))));
    return outRead((r) => r.many(() => r.node())).map((id) => new LoroTreeNode(this, id));
  }

  /** @internal Beside another one, which is on the same level then. */
  moveBeside(node: TreeID, other: TreeID, after: boolean): void {
    const { doc, ref } = this;
    const len = put((w) => {
      putNode(w, node);
      putNode(w, other);
    });
    check(engine().w_tree_move_beside(doc, ref, after ? 1 : 0, len));
  }

  /** Make a node as child `index` of a parent, or among the roots; without an index at the end. */
  createNode(parent?: TreeID, index?: number): LoroTreeNode<T> {
    const { doc, ref } = this;
    check(engine().w_tree_create(doc, ref, place(index), put((w) => putParent(w, parent))));
    return new LoroTreeNode(
      this,
      outRead((r) => r.node()),
    );
  }

  /** Hang a node, with all below it, somewhere else. */
  move(target: TreeID, parent?: TreeID, index?: number): void {
    const { doc, ref } = this;
    const len = put((w) => {
      putNode(w, target);
      putParent(w, parent);
    });
    check(engine().w_tree_move(doc, ref, place(index), len));
  }

  delete(target: TreeID): void {
    const { doc, ref } = this;
    check(engine().w_tree_delete(doc, ref, put((w) => putNode(w, target))));
  }

  /** Was it ever made? It may have been deleted. Nothing that is no id was. */
  has(target: TreeID): boolean {
    return splitNode(target) !== undefined && this.place(target) !== undefined;
  }

  isNodeDeleted(target: TreeID): boolean {
    const at = this.place(target);
    if (at === undefined) throw new EVALUE(`no node ${target}`);
    return at.deleted;
  }

  getNodeByID(target: TreeID): LoroTreeNode<T> | undefined {
    return this.has(target) ? new LoroTreeNode(this, target) : undefined;
  }

  private _all(): { gone: boolean; id: TreeID }[] {
    check(engine().w_tree_nodes(this.doc, this.ref));
    return outRead((r) => r.many(() => ({ gone: r.u8() === 1, id: r.node() })));
  }

  /** Every node that was ever made. */
  nodes(): LoroTreeNode<T>[] {
    return this._all().map(({ id }) => new LoroTreeNode(this, id));
  }

  /** Level by level; with those deleted behind the others. */
  getNodes(options: { withDeleted?: boolean } = {}): LoroTreeNode<T>[] {
    const level = (nodes: LoroTreeNode<T>[]) => {
      for (let done = 0; done < nodes.length; done++) nodes.push(...this.below(nodes[done]!.id));
      return nodes;
    };
    const alive = level(this.roots());
    if (options.withDeleted !== true) return alive;
    const gone = this._all().filter((node) => node.gone);
    return [...alive, ...level(gone.map(({ id }) => new LoroTreeNode(this, id)))];
  }

  roots(): LoroTreeNode<T>[] {
    return this.below(undefined);
  }

  toArray(): TreeNodeValue[] {
    const value = (node: LoroTreeNode<T>): TreeNodeValue => ({
      ...node.shape(),
      meta: node.data,
      children: (node.children() ?? []).map(value),
    });
    return this.roots().map(value);
  }

  getShallowValue(): TreeNodeShallowValue[] {
    const value = (node: LoroTreeNode<T>): TreeNodeShallowValue => {
      const { id, parent, index, fractionalIndex } = node.shape();
      const children = (node.children() ?? []).map(value);
      const meta = node.data.id;
      return { parent: parent ?? null, index, meta, id, fractional_index: fractionalIndex, children };
    };
    return this.roots().map(value);
  }

  /** Keep siblings in order, as at first. `jitter`: random bytes added to the position of what moves,
   *  against peers that move something to the same place. */
  enableFractionalIndex(jitter: number): void {
    check(engine().w_tree_positions(this.doc, this.ref, 1, jitter));
  }

  /** Give all nodes the same position from now on; indexes cannot be said any more. */
  disableFractionalIndex(): void {
    check(engine().w_tree_positions(this.doc, this.ref, 0, 0));
  }

  isFractionalIndexEnabled(): boolean {
    return engine().w_tree_positioned(this.doc, this.ref) !== 0;
  }
}

/** A node of a tree, by its id. */
export class LoroTreeNode<T extends Record<string, unknown> = Record<string, unknown>> {
  private readonly _tree: LoroTree<T>;

  constructor(
    tree: LoroTree<T>,
    readonly id: TreeID,
  ) {
    this._tree = tree;
  }

  private _place(): Place {
    const at = this._tree.place(this.id);
    if (at === undefined) throw new EVALUE(`no node ${this.id}`);
    return at;
  }

  /** Its map. */
  get data(): LoroMap<T> {
    return wrap(this._tree.store, this._place().data, KINDS.indexOf("Map")) as LoroMap<T>;
  }

  createNode(index?: number): LoroTreeNode<T> {
    return this._tree.createNode(this.id, index);
  }

  move(parent?: LoroTreeNode<T>, index?: number): void {
    this._tree.move(this.id, parent?.id, index);
  }

  moveAfter(target: LoroTreeNode<T>): void {
    this._tree.moveBeside(this.id, target.id, true);
  }

  moveBefore(target: LoroTreeNode<T>): void {
    this._tree.moveBeside(this.id, target.id, false);
  }

  /** @internal Was it deleted itself, not with something above it? */
  private _binned(at: Place): boolean {
    return at.deleted && at.parent === undefined;
  }

  /** undefined among the roots. */
  parent(): LoroTreeNode<T> | undefined {
    const at = this._place();
    const parent = this._binned(at) ? BIN : at.parent;
    return parent === undefined ? undefined : new LoroTreeNode(this._tree, parent);
  }

  /** undefined when there are none. */
  children(): LoroTreeNode<T>[] | undefined {
    const children = this._tree.below(this.id);
    return children.length > 0 ? children : undefined;
  }

  /** Its place among its siblings; undefined if it was deleted. */
  index(): number | undefined {
    const at = this._place();
    return this._binned(at) ? undefined : at.index;
  }

  fractionalIndex(): string | undefined {
    const at = this._place();
    return this._binned(at) ? undefined : at.fractionalIndex;
  }

  isDeleted(): boolean {
    return this._place().deleted;
  }

  creator(): PeerID {
    return parseNode(this.id)[0];
  }

  creationId(): OpId {
    const [peer, counter] = parseNode(this.id);
    return { peer, counter };
  }

  /** The operation that brought it where it is. */
  getLastMoveId(): OpId | undefined {
    return this._tree.isAttached() ? this._place().lastMove : undefined;
  }

  /** @internal */
  shape(): Pick<TreeNodeValue, "id" | "parent" | "index" | "fractionalIndex"> {
    const at = this._place();
    const parent = this._binned(at) ? BIN : at.parent;
    return { id: this.id, parent, index: at.index, fractionalIndex: at.fractionalIndex || MIDDLE };
  }

  toJSON(): TreeNodeJSON<T> {
    const children = (this.children() ?? []).map((child) => child.toJSON());
    return { ...this.shape(), meta: this.data.toJSON(), children };
  }

  __getClassname(): string {
    return "LoroTreeNode";
  }

  /** Nothing to free; here because loro-crdt has it. */
  free(): void {}
}

enroll("Tree", LoroTree);
