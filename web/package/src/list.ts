// SPDX-License-Identifier: MIT

import { check, outRead, outValue, position, put } from "./call.js";
import { byId, type Container, enroll, isContainer, LoroContainer, shallow } from "./container.js";
import { type Cursor, cursorIn, type Side } from "./cursor.js";
import { engine } from "./module.js";
import {
  type ContainerTreeOptions,
  type ContainerTreeSlice,
  type ContainerTreeText,
  rangeOf,
  sliceOf,
  type ValueWithContainerID,
} from "./reading.js";
import type { OpId, PeerID, Value } from "./value.js";

type Item = Value | Container;

/** What lists and movable lists have in common. */
abstract class Sequence<T> extends LoroContainer {
  protected fill(from: this): void {
    for (const value of from.toArray()) {
      if (isContainer(value)) this.pushContainer(value);
      else this.push(value as Exclude<T, Container>);
    }
  }

  get length(): number {
    return engine().w_list_len(this.doc, this.ref);
  }

  insert<V extends T>(pos: number, value: Exclude<V, Container>): void {
    const { doc, ref } = this;
    const len = put((w) => w.value([value]));
    check(engine().w_list_insert(doc, ref, position(pos), len));
  }

  push<V extends T>(value: Exclude<V, Container>): void {
    this.insert(this.length, value);
  }

  /** Put a new container there, holding what `child` holds; the handle to go on with. */
  insertContainer<C extends Container>(pos: number, child: C): T extends C ? T : C {
    const { doc, ref } = this;
    const kind = this.kindOf(child);
    const made = check(engine().w_list_insert_container(doc, ref, position(pos), kind));
    return this.adopt(child, made) as T extends C ? T : C;
  }

  pushContainer<C extends Container>(child: C): T extends C ? T : C {
    return this.insertContainer(this.length, child);
  }

  delete(pos: number, len: number): void {
    check(engine().w_list_delete(this.doc, this.ref, position(pos), position(len)));
  }

  /** Remove the last item and return it; a container as its id. */
  pop(): Value | undefined {
    const last = this.length - 1;
    if (last < 0) return undefined;
    const value = shallow(this.get(last) as Item);
    this.delete(last, 1);
    return value;
  }

  clear(): void {
    this.delete(0, this.length);
  }

  /** A cursor that stays at what is there while others edit; past the end it stays at the end. */
  getCursor(pos: number, side: Side = 0): Cursor | undefined {
    return cursorIn(this as unknown as Container, pos, side);
  }

  /** undefined when there is none. */
  get(index: number): T {
    const { doc, ref, store } = this;
    if (!(index >= 0 && index < this.length)) return undefined as T;
    check(engine().w_list_get(doc, ref, index));
    return outValue(store.wrap) as T;
  }

  toArray(): T[] {
    const { doc, ref, store } = this;
    check(engine().w_list_values(doc, ref));
    return outValue(store.wrap) as T[];
  }

  /** Items [start, end), containers resolved. */
  getRangeValue(start: number, end: number): Value[] {
    return rangeOf(this, start, end, false);
  }

  /** The same, containers with their ids. */
  getRangeDeepValueWithID(start: number, end: number): (Value | ValueWithContainerID)[] {
    return rangeOf(this, start, end, true);
  }

  /** Items [start, end) as nodes that say what they are. */
  toContainerTreeSlice<A extends [options?: ContainerTreeOptions | null]>(
    start: number,
    end: number,
    ...[options]: A
  ): ContainerTreeSlice<ContainerTreeText<A[0]>> {
    return sliceOf(this, (id) => byId(this.store, id), [start, end], options);
  }

  getShallowValue(): Value[] {
    return this.toArray().map((value) => shallow(value as Item));
  }
}

export class LoroList<T = unknown> extends Sequence<T> {
  kind(): "List" {
    return "List";
  }

  /** The operation that inserted what is there. */
  getIdAt(pos: number): OpId | undefined {
    const { doc, ref } = this;
    if (!(pos >= 0 && pos < this.length)) return undefined;
    check(engine().w_list_id(doc, ref, pos));
    return outRead((r) => r.id());
  }
}

/** A list whose items keep who they are when they move, and when their value changes. */
export class LoroMovableList<T = unknown> extends Sequence<T> {
  kind(): "MovableList" {
    return "MovableList";
  }

  set<V extends T>(pos: number, value: Exclude<V, Container>): void {
    const { doc, ref } = this;
    const len = put((w) => w.value(value));
    check(engine().w_movable_set(doc, ref, position(pos), len));
  }

  /** Put a new container in place of what is there, holding what `child` holds. */
  setContainer<C extends Container>(pos: number, child: C): T extends C ? T : C {
    const { doc, ref } = this;
    const kind = this.kindOf(child);
    const made = check(engine().w_movable_set_container(doc, ref, position(pos), kind));
    return this.adopt(child, made) as T extends C ? T : C;
  }

  /** What is at `from` will be at `to`. */
  move(from: number, to: number): void {
    check(engine().w_movable_move(this.doc, this.ref, position(from), position(to)));
  }

  private _who(pos: number): PeerID[] | undefined {
    const { doc, ref } = this;
    if (!this.isAttached() || !(pos >= 0 && pos < this.length)) return undefined;
    check(engine().w_movable_who(doc, ref, pos));
    return outRead((r) => [r.peer(), r.peer(), r.peer()]);
  }

  getCreatorAt(pos: number): PeerID | undefined {
    return this._who(pos)?.[0];
  }

  getLastMoverAt(pos: number): PeerID | undefined {
    return this._who(pos)?.[1];
  }

  getLastEditorAt(pos: number): PeerID | undefined {
    return this._who(pos)?.[2];
  }
}

enroll("List", LoroList);
enroll("MovableList", LoroMovableList);
