// SPDX-License-Identifier: MIT
// The encoding of web/wire.h, from the JavaScript side.

import { EVALUE } from "./errors.js";

export type PeerID = `${number}`;
/** A node of a tree: the operation that made it, counter first. */
export type TreeID = `${number}@${PeerID}`;
export type OpId = { peer: PeerID; counter: number };
export type Frontiers = OpId[];
export type CounterSpan = { start: number; end: number };

/** What a document can hold beside containers. `undefined` is stored as `null`. */
export type Value =
  string | number | boolean | null | undefined | Uint8Array | Value[] | { [key: string]: Value };

const enum Tag {
  Null,
  False,
  True,
  Int,
  Float,
  String,
  Binary,
  List,
  Map,
  Container,
  Node,
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

let lastLow = 0;
let lastHigh = 0;
let lastPeer: PeerID | undefined;

const noContainer = () => null;

export class Reader {
  constructor(
    readonly bytes: Uint8Array,
    /** Makes the handle of a container met in a value. */
    readonly container: (ref: number, kind: number) => unknown = noContainer,
    /** What is read: this part of `bytes`. */
    at = 0,
    readonly end = bytes.length,
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  ) {
    this.#at = at;
    this.#view = view;
  }

  #at: number;
  readonly #view: DataView;

  u8(): number {
    return this.bytes[this.#at++]!;
  }

  uleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes[this.#at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  f64(): number {
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8, true);
  }

  u32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  u64(): bigint {
    this.#at += 8;
    return this.#view.getBigUint64(this.#at - 8, true);
  }

  get more(): boolean {
    return this.#at < this.end;
  }

  /** A view of the next bytes. */
  take(len: number): Uint8Array {
    this.#at += len;
    return this.bytes.subarray(this.#at - len, this.#at);
  }

  string(): string {
    const len = this.uleb();
    if (len > 24) return decoder.decode(this.take(len));
    // most keys are a few ASCII characters, which are read faster than a decoder is called
    let text = "";
    for (let i = 0; i < len; i++) {
      const byte = this.bytes[this.#at + i]!;
      if (byte > 0x7f) return decoder.decode(this.take(len));
      text += String.fromCharCode(byte);
    }
    this.#at += len;
    return text;
  }

  blob(): Uint8Array {
    return this.take(this.uleb()).slice();
  }

  rest(): Uint8Array {
    return this.bytes.slice(this.#at, this.end);
  }

  many<T>(read: () => T): T[] {
    const items: T[] = [];
    for (let left = this.uleb(); left > 0; left--) items.push(read());
    return items;
  }

  /** The text of the last one is kept: most results are about one peer. */
  peer(): PeerID {
    const low = this.u32();
    const high = this.u32();
    if (low !== lastLow || high !== lastHigh || lastPeer === undefined) {
      lastLow = low;
      lastHigh = high;
      lastPeer = ((BigInt(high) << 32n) | BigInt(low)).toString() as PeerID;
    }
    return lastPeer;
  }

  node(): TreeID {
    const peer = this.peer();
    return `${this.uleb()}@${peer}`;
  }

  /** Bytes as hexadecimal digits. */
  hex(): string {
    const bytes = [...this.take(this.uleb())];
    return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase();
  }

  /** A version vector: ends by peer. */
  version(): Map<PeerID, number> {
    return new Map(this.many(() => [this.peer(), this.uleb()]));
  }

  id(): OpId {
    return { peer: this.peer(), counter: this.uleb() };
  }

  frontiers(): Frontiers {
    return this.many(() => this.id());
  }

  spans(): Map<PeerID, CounterSpan> {
    const spans = new Map<PeerID, CounterSpan>();
    for (let left = this.uleb(); left > 0; left--) {
      spans.set(this.peer(), { start: this.uleb(), end: this.uleb() });
    }
    return spans;
  }

  entries(): [string, unknown][] {
    return this.many(() => [this.string(), this.value()]);
  }

  value(): unknown {
    const tag: Tag = this.u8();
    switch (tag) {
      case Tag.Null:
        return null;
      case Tag.False:
        return false;
      case Tag.True:
        return true;
      case Tag.Int:
      case Tag.Float:
        return this.f64();
      case Tag.String:
        return this.string();
      case Tag.Binary:
        return this.blob();
      case Tag.List:
        return this.many(() => this.value());
      case Tag.Map:
        return object(this.entries());
      case Tag.Container:
        return this.container(this.uleb(), this.u8());
      case Tag.Node:
        return this.node();
    }
  }
}

/** Own properties only, so that a key like `__proto__` stays data. */
export function object<T>(entries: Iterable<[string, T]>): Record<string, T> {
  return Object.fromEntries(entries);
}

/** Integers that no other integer rounds to are stored as such, as loro-crdt does; -0 is 0. */
function isInteger(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) <= 2 ** 53;
}

/** Also one of another realm, which `instanceof` does not know. */
export function isBytes(value: unknown): value is Uint8Array {
  return (
    value instanceof Uint8Array ||
    (ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === "[object Uint8Array]")
  );
}

/** Buffers larger than this are made again for each use. */
const KEPT = 1 << 20;

export class Writer {
  #bytes!: Uint8Array<ArrayBuffer>;
  #view!: DataView;
  #len = 0;

  constructor() {
    this.#hold(128);
  }

  #hold(room: number): void {
    this.#bytes = new Uint8Array(room);
    this.#view = new DataView(this.#bytes.buffer);
  }

  reset(): void {
    this.#len = 0;
    if (this.#bytes.length > KEPT) this.#hold(128);
  }

  get len(): number {
    return this.#len;
  }

  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#len);
  }

  /** Copy what was written. A few bytes go faster one by one than a view of them is made. */
  copy(into: Uint8Array, at: number): void {
    if (this.#len > 64) into.set(this.done(), at);
    else for (let i = 0; i < this.#len; i++) into[at + i] = this.#bytes[i]!;
  }

  #reserve(more: number): void {
    if (this.#len + more <= this.#bytes.length) return;
    const written = this.done();
    this.#hold(Math.max(this.#bytes.length * 2, this.#len + more));
    this.#bytes.set(written);
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#len++] = value;
  }

  uleb(value: number): void {
    for (; value > 0x7f; value = Math.floor(value / 128)) this.u8((value % 128) | 0x80);
    this.u8(value);
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#len, value, true);
    this.#len += 8;
  }

  peer(peer: PeerID): void {
    this.#reserve(8);
    if (peer === lastPeer) {
      this.#view.setUint32(this.#len, lastLow, true);
      this.#view.setUint32(this.#len + 4, lastHigh, true);
    } else this.#view.setBigUint64(this.#len, BigInt(peer), true);
    this.#len += 8;
  }

  raw(bytes: Uint8Array): void {
    this.uleb(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#len);
    this.#len += bytes.length;
  }

  string(text: string): void {
    if (text.length <= 24 && this.#ascii(text)) return;
    const most = text.length * 3;
    if (most > KEPT) return this.raw(encoder.encode(text));
    // its length in bytes stands before it, and is known when it is written: then it moves there
    this.#reserve(most + 5);
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(this.#len + 5));
    const start = this.#len + 5;
    this.uleb(written);
    this.#bytes.copyWithin(this.#len, start, start + written);
    this.#len += written;
  }

  /** Most keys are a few ASCII characters, which are written faster than an encoder is called. */
  #ascii(text: string): boolean {
    const len = text.length;
    this.#reserve(len + 1);
    const bytes = this.#bytes;
    let at = this.#len;
    bytes[at++] = len;
    for (let i = 0; i < len; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return false;
      bytes[at++] = unit;
    }
    this.#len = at;
    return true;
  }

  id(peer: PeerID, counter: number): void {
    this.peer(peer);
    this.uleb(counter);
  }

  /** A version vector or frontiers. */
  ids(ids: Iterable<readonly [peer: PeerID, counter: number]>): void {
    const all = [...ids];
    this.uleb(all.length);
    for (const [peer, counter] of all) this.id(peer, counter);
  }

  spans(spans: Iterable<readonly [peer: PeerID, start: number, end: number]>): void {
    const all = [...spans];
    this.uleb(all.length);
    for (const [peer, start, end] of all) {
      this.peer(peer);
      this.uleb(start);
      this.uleb(end);
    }
  }

  value(value: unknown): void {
    if (value === undefined || value === null) this.u8(Tag.Null);
    else if (typeof value === "boolean") this.u8(value ? Tag.True : Tag.False);
    else if (typeof value === "number") {
      this.u8(isInteger(value) ? Tag.Int : Tag.Float);
      this.f64(value);
    } else if (typeof value === "string") {
      this.u8(Tag.String);
      this.string(value);
    } else if (isBytes(value)) {
      this.u8(Tag.Binary);
      this.raw(value);
    } else if (Array.isArray(value)) {
      this.u8(Tag.List);
      this.uleb(value.length);
      for (const item of value) this.value(item);
    } else if (typeof value === "object" && !isHandle(value)) {
      const entries = Object.entries(value);
      if (Object.getOwnPropertySymbols(value).length > 0) throw new EVALUE("Object keys must be strings");
      this.u8(Tag.Map);
      this.uleb(entries.length);
      for (const [key, item] of entries) {
        this.string(key);
        this.value(item);
      }
    } else throw new EVALUE(`no value of a document: ${String(value)}`);
  }
}

/** Containers carry this mark: they are put in with setContainer() and its like, not as values. */
export const HANDLE = Symbol("lorikeet container");

function isHandle(value: object): boolean {
  return HANDLE in value;
}
