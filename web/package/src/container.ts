// SPDX-License-Identifier: MIT
// What text, maps and lists have in common: a place in a document, or, before they are put into
// one, a small document of their own, so that every method works the same.

import { check, found, outRead, putString } from "./call.js";
import type { LoroCounter } from "./counter.js";
import { EKIND, EVALUE } from "./errors.js";
import type { Listener, Subscription } from "./event.js";
import type { LoroList, LoroMovableList } from "./list.js";
import type { LoroMap } from "./map.js";
import { engine } from "./module.js";
import {
  type ContainerTreeOptions,
  type ContainerTreeText,
  nodeOf,
  type NodeOfKind,
  treeOptions,
  type ValueWithContainerID,
  withId,
} from "./reading.js";
import { Store } from "./store.js";
import type { LoroText } from "./text.js";
import type { LoroTree } from "./tree.js";
import { HANDLE, type OpId, type PeerID, type Value } from "./value.js";

/** Whichever kind it is. */
export type Container = LoroList | LoroMap | LoroText | LoroTree | LoroMovableList | LoroCounter;
export type ContainerType = "Text" | "Map" | "List" | "Tree" | "MovableList" | "Counter";
export type ContainerID =
  `cid:root-${string}:${ContainerType}` | `cid:${number}@${PeerID}:${ContainerType}`;

/** Kinds as the engine numbers them. */
export const KINDS: readonly ContainerType[] = [
  "Map",
  "List",
  "Text",
  "Tree",
  "MovableList",
  "Counter",
];

/** LK_EVALUE */
export const UNSPEAKABLE = -8;

/** lk_expand: text typed behind a marked range gets the style. */
const EXPAND_AFTER = 4;

type Constructor = new (store: Store, ref: number) => Container;
const classes: Partial<Record<ContainerType, Constructor>> = {};

/** Tell which class stands for a kind. */
export function enroll(kind: ContainerType, constructor: Constructor): void {
  classes[kind] = constructor;
}

/** A handle for container `ref` of `store`. */
export function wrap(store: Store, ref: number, kind: number): Container {
  const constructor = classes[KINDS[kind]!] ?? (UnknownContainer as unknown as Constructor);
  return new constructor(store, ref);
}

/** @internal The container of that id. */
export function byId(store: Store, id: ContainerID): Container | undefined {
  const ref = found(engine().w_container_by_id(store.handle, putString(id)));
  return ref === undefined ? undefined : wrap(store, ref, engine().w_ref_kind(store.handle, ref));
}

/** A document for `attached` content, or for that of one container on its own. */
export function openStore(attached: boolean, make?: (peer: bigint) => number): Store {
  const store: Store = new Store(attached, (ref, kind) => wrap(store, ref, kind), make);
  return store;
}

/** The root container of that name. */
export function openRoot(store: Store, kind: ContainerType, name: string): number {
  const ref = engine().w_root(store.handle, KINDS.indexOf(kind), putString(name));
  if (ref === UNSPEAKABLE) throw new EVALUE(`Invalid root container name: ${JSON.stringify(name)}`);
  return check(ref);
}

export abstract class LoroContainer {
  /** @internal */
  readonly [HANDLE] = true;
  private _store: Store | undefined;
  private _ref: number;
  private _moved: LoroContainer | undefined;

  /** Without arguments: a container that belongs to no document yet. */
  constructor(store?: Store, ref = 0) {
    this._store = store;
    this._ref = ref;
  }

  abstract kind(): ContainerType;
  /** Copy everything out of `from`, into this, which is empty. */
  protected abstract fill(from: this): void;

  /** @internal */
  get store(): Store {
    if (this._store?.attached === true) return this._store;
    this._follow();
    if (this._store === undefined) {
      this._store = openStore(false);
      engine().w_style_default(this._store.handle, EXPAND_AFTER); // as loro-crdt has it: any key
      this._ref = openRoot(this._store, this.kind(), "content");
    }
    return this._store;
  }

  /** What became of it when it was put into another container. */
  private get _next(): LoroContainer | undefined {
    return this._moved ?? (this._store?.moved.get(this._ref) as LoroContainer | undefined);
  }

  /** In one that no document holds yet, it is what that one holds from then on. */
  private _follow(): void {
    const next = this._next;
    if (next === undefined || next.isAttached()) return;
    this._store = next.store;
    this._ref = next._ref;
    this._moved = undefined;
  }

  /** @internal The document's handle in the engine. */
  protected get doc(): number {
    return this.store.handle;
  }

  /** @internal */
  get ref(): number {
    if (this._store?.attached !== true) void this.store;
    return this._ref;
  }

  /** @internal The kind of `child`, which is about to be put in, as the engine numbers it. */
  protected kindOf(child: LoroContainer): number {
    if (this.isAttached() && child.isAttached() && child.store !== this.store) {
      throw new EVALUE("Cannot insert a container attached to another LoroDoc");
    }
    const kind = child.kind();
    if (classes[kind] === undefined) throw new EKIND(`containers of kind ${kind} cannot be made here`);
    return KINDS.indexOf(kind);
  }

  /** @internal The handle of `child` now that it was put in as `ref`, with what it held. */
  protected adopt<C extends LoroContainer>(child: C, ref: number): C {
    const made = wrap(this.store, ref, KINDS.indexOf(child.kind())) as unknown as C;
    made.take(child);
    if (!child.isAttached()) {
      child._moved = made;
      child._store?.moved.set(child._ref, made);
    }
    return made;
  }

  /** @internal Copy everything out of `from`, if there is anything. */
  take(from: this): void {
    from._follow();
    if (from._store !== undefined) this.fill(from);
  }

  get id(): ContainerID {
    const own = `cid:0@18446744073709551615:${this.kind()}` as const;
    return this.isAttached() ? this.store.id(this.ref) : own;
  }

  /** Does a document hold it (or did, before it was deleted)? */
  isAttached(): boolean {
    return this._store !== undefined && this._store.attached;
  }

  /** Itself, or what became of it when it was put into a document. */
  getAttached(): this | undefined {
    let at: LoroContainer | undefined = this;
    while (at !== undefined && !at.isAttached()) {
      at = at._next;
    }
    return at as this | undefined;
  }

  isDeleted(): boolean {
    return engine().w_container_shows(this.doc, this.ref) === 0;
  }

  parent(): Container | undefined {
    const store = this.store;
    const ref = store.parent(this.ref);
    return ref === undefined ? undefined : wrap(store, ref, engine().w_ref_kind(this.doc, ref));
  }

  /** Hear of every commit and import that changes it or what it holds. */
  subscribe(listener: Listener): Subscription {
    return this.store.subscribe(listener, this.ref);
  }

  /** Everything in it, containers resolved. */
  toJSON(): any {
    check(engine().w_container_deep(this.doc, this.ref));
    return outRead((r) => r.value());
  }

  /** Its id, and everything in it, containers again with their ids. */
  getDeepValueWithID(): ValueWithContainerID {
    return withId(this as unknown as Container);
  }

  /** Everything in it as nodes that say what they are. */
  toContainerTree<A extends [options?: ContainerTreeOptions | null]>(
    ...[options]: A
  ): NodeOfKind<ContainerTreeText<A[0]>, ReturnType<this["kind"]>> {
    return nodeOf(this, (id) => byId(this.store, id), treeOptions(options, ["text"]));
  }

  /** Nothing to free; here because loro-crdt has it. */
  free(): void {}

  toString(): string {
    return `[${this.kind()} ${this.id}]`;
  }
}

/** One of a kind that is not here, made by a version to come: it has an id and a place. */
class UnknownContainer extends LoroContainer {
  kind(): ContainerType {
    const id = this.store.id(this.ref);
    return id.slice(id.lastIndexOf(":") + 1) as ContainerType;
  }

  protected fill(): void {} // kindOf() refuses it

  getShallowValue(): null {
    return null;
  }
}

/** A value as it is, a container as its id. */
export function shallow(value: Value | Container): Value {
  return value instanceof LoroContainer ? value.id : value;
}

export function isContainer(value: any): value is Container {
  return value instanceof LoroContainer;
}

const ID = /^cid:(root-[^]+|-?\d+@\d+):(Map|List|Text|Tree|MovableList|Counter|Unknown\(\d+\))$/;

export function isContainerId(text: string): text is ContainerID {
  return ID.test(text);
}

/** @internal The id of a root container, which is there when it is asked for. */
export function isRootId(id: ContainerID): boolean {
  return id.startsWith("cid:root-") && !id.startsWith("cid:root-\u{1f91d}:");
}

/** @internal */
export function requireId(id: string): void {
  if (!isContainerId(id)) throw new EVALUE(`not a valid ContainerID: ${id}`);
}

export function newContainerID(id: OpId, type: ContainerType): ContainerID {
  return `cid:${id.counter}@${id.peer}:${type}`;
}

export function newRootContainerID(name: string, type: ContainerType): ContainerID {
  return `cid:root-${name}:${type}`;
}

/** The kind of a container, "Json" for everything else. */
export function getType<T>(value: T): T extends Container ? ReturnType<T["kind"]> : "Json" {
  return (isContainer(value) ? value.kind() : "Json") as any;
}
