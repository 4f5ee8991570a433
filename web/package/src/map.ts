// SPDX-License-Identifier: MIT

import { check, found, outBytes, outRead, outValue, put, putString } from "./call.js";
import {
  type Container,
  type ContainerType,
  enroll,
  isContainer,
  KINDS,
  LoroContainer,
  shallow,
  wrap,
} from "./container.js";
import { ESTATE } from "./errors.js";
import type { LoroCounter } from "./counter.js";
import type { LoroList, LoroMovableList } from "./list.js";
import { engine } from "./module.js";
import type { LoroText } from "./text.js";
import type { LoroTree } from "./tree.js";
import { object, type PeerID, type Value } from "./value.js";

type Item = Value | Container;

export class LoroMap<T extends Record<string, unknown> = Record<string, unknown>> extends LoroContainer {
  kind(): "Map" {
    return "Map";
  }

  protected fill(from: this): void {
    for (const [key, value] of from.entries()) {
      if (isContainer(value)) this.setContainer(key, value);
      else this.set(key, value as Exclude<T[string], Container>);
    }
  }

  get size(): number {
    return engine().w_map_len(this.doc, this.ref);
  }

  set<K extends keyof T, V extends T[K]>(key: K, value: Exclude<V, Container>): void {
    const { doc, ref } = this;
    const len = put((w) => {
      w.string(String(key));
      w.value(value);
    });
    check(engine().w_map_set(doc, ref, len));
  }

  get<K extends keyof T>(key: K): T[K] {
    const { doc, ref, store } = this;
    const status = found(engine().w_map_get(doc, ref, putString(String(key))));
    return (status === undefined ? undefined : outValue(store.wrap)) as T[K];
  }

  delete(key: string): void {
    const { doc, ref } = this;
    found(engine().w_map_delete(doc, ref, putString(key)));
  }

  /** Put a new container there, holding what `child` holds; the handle to go on with. */
  setContainer<C extends Container, K extends keyof T>(
    key: K,
    child: C,
  ): NonNullable<T[K]> extends C ? NonNullable<T[K]> : C {
    const { doc, ref } = this;
    const kind = this.kindOf(child);
    const made = check(engine().w_map_set_container(doc, ref, kind, putString(String(key))));
    return this.adopt(child, made) as NonNullable<T[K]> extends C ? NonNullable<T[K]> : C;
  }

  getOrCreateContainer<C extends Container>(key: string, child: C): C {
    const there: unknown = this.get(key);
    return isContainer(there) ? (there as C) : (this.setContainer(key, child) as C);
  }

  private _ensure(key: string, kind: ContainerType): Container {
    if (!this.isAttached()) throw new ESTATE("only a map in a document has mergeable children");
    const { doc, ref, store } = this;
    const number = KINDS.indexOf(kind);
    return wrap(store, check(engine().w_map_ensure(doc, ref, number, putString(key))), number);
  }

  /** The child of that kind which every peer that asks for it shares; it comes to exist. An error if
   *  the key holds anything but null or such a child. */
  ensureMergeableMap(key: string): LoroMap {
    return this._ensure(key, "Map") as LoroMap;
  }

  ensureMergeableList(key: string): LoroList {
    return this._ensure(key, "List") as LoroList;
  }

  ensureMergeableMovableList(key: string): LoroMovableList {
    return this._ensure(key, "MovableList") as LoroMovableList;
  }

  ensureMergeableTree(key: string): LoroTree {
    return this._ensure(key, "Tree") as LoroTree;
  }

  ensureMergeableCounter(key: string): LoroCounter {
    return this._ensure(key, "Counter") as LoroCounter;
  }

  ensureMergeableText(key: string): LoroText {
    return this._ensure(key, "Text") as LoroText;
  }

  /** The peer that wrote what is there. */
  getLastEditor(key: string): PeerID | undefined {
    const { doc, ref } = this;
    if (!this.isAttached()) return undefined;
    const status = found(engine().w_map_editor(doc, ref, putString(key)));
    return status === undefined ? undefined : outRead((r) => r.peer());
  }

  clear(): void {
    check(engine().w_map_clear(this.doc, this.ref));
  }

  /** Sorted by key, so that equal maps read the same everywhere. */
  entries(): [string, Item][] {
    const { doc, ref, store } = this;
    check(engine().w_map_entries(doc, ref));
    const entries = outRead((r) => (r.u8(), r.entries()), store.wrap) as [string, Item][];
    return entries.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  keys(): string[] {
    return this.entries().map(([key]) => key);
  }

  values(): any[] {
    return this.entries().map(([, value]) => value);
  }

  /** What stands for a mergeable child in the map itself. */
  private _marker(key: string): Uint8Array | undefined {
    const { doc, ref } = this;
    return found(engine().w_map_marker(doc, ref, putString(key))) === undefined
      ? undefined
      : outBytes();
  }

  getShallowValue(): Record<string, Value> {
    return object(this.entries().map(([key, value]) => [key, this._marker(key) ?? shallow(value)]));
  }
}

enroll("Map", LoroMap);
