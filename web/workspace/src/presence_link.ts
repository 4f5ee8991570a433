// SPDX-License-Identifier: MIT
// What a room shows, between it and somebody who keeps it without reading it (docs/PROTOCOL.md section
// 3.3): each entry goes out as an entry, sealed, under a name that this link alone uses; of several
// changes in a row the last one goes. The program's is src/host/presence_link.c, and says more.
//
//   update    count | entry ...
//   entry     key | some (1) | value, if there is some | stamp, zigzag

import { EphemeralStoreWasm } from "lorikeet-crdt/room";
import { concat, Reader, varBytes, varString, varUint } from "./frame";
import { type RoomKey, toBase64url } from "./link";
import { closeBox, hash, openBox, presenceKey } from "./seal";

const EVERY_MS = 250;
/** An entry that is larger stays here; and what is more than so much goes in another update. */
const ENTRY_MAX = 8 * 1024;
const UPDATE_BYTES = 2 * 1024;
const NAME_LENGTH = 12;
/** Clocks may differ by this. What is older may be said again by who kept it. */
const AGE_MS = 300_000;
const IV_LENGTH = 12;

/** Kinds of values, and how deep they nest at most. */
const VALUE = { null: 0, bool: 1, f64: 2, i64: 3, string: 4, list: 5, map: 6, binary: 8 } as const;
const DEPTH_MAX = 128;

interface Entry {
  key: Uint8Array;
  value: Uint8Array;
  stamp: number;
  /** All of it. */
  bytes: Uint8Array;
}

export class PresenceLink {
  private readonly key: Uint8Array;
  /** Names are made of it. */
  private readonly secret = crypto.getRandomValues(new Uint8Array(32));
  /** Not sent yet, by key. */
  private readonly showing = new Map<string, Entry>();
  private timer = 0;
  private shown = -EVERY_MS;
  private stamp = 0;

  constructor(
    link: RoomKey,
    private readonly send: (update: Uint8Array) => void,
  ) {
    this.key = presenceKey(link);
  }

  /** An update of the room's. */
  show(update: Uint8Array): void {
    let leaves = false;
    for (const entry of entriesOf(update)) {
      this.showing.set(toBase64url(entry.key), entry);
      leaves ||= entry.value.length === 0;
    }
    if (leaves) return this.seal(); // who leaves cannot wait
    const due = this.shown + EVERY_MS - performance.now();
    this.timer ||= setTimeout(() => this.seal(), Math.max(0, due));
  }

  /** The updates for the room that open in a sealed one. */
  open(update: Uint8Array): Uint8Array[] {
    try {
      const now = Date.now();
      const fresh = [...entriesOf(update)].filter(({ stamp }) => Math.abs(stamp - now) <= AGE_MS);
      return fresh.flatMap((entry) => this.openEntry(entry) ?? []);
    } catch {
      return []; // no update
    }
  }

  private seal(): void {
    clearTimeout(this.timer);
    this.timer = 0;
    this.shown = performance.now();
    this.stamp = Math.max(Date.now(), this.stamp + 1);
    let sealed: Uint8Array[] = [];
    let bytes = 0;
    for (const entry of this.showing.values()) {
      if (entry.bytes.length > ENTRY_MAX) continue;
      sealed.push(this.sealEntry(entry));
      bytes += sealed[sealed.length - 1].length;
      if (bytes < UPDATE_BYTES) continue;
      this.send(updateOf(sealed));
      sealed = [];
      bytes = 0;
    }
    this.showing.clear();
    if (sealed.length > 0) this.send(updateOf(sealed));
  }

  private sealEntry({ key, bytes }: Entry): Uint8Array {
    const { stamp } = this;
    const name = toBase64url(hash(concat(this.secret, key)).subarray(0, NAME_LENGTH));
    const iv = crypto.getRandomValues(new Uint8Array(IV_LENGTH));
    const box = closeBox(this.key, iv, headerOf(name, stamp), updateOf([bytes]));
    const value = concat(Uint8Array.of(1, VALUE.binary), varBytes(concat(iv, box)));
    return concat(varString(name), value, varUint(2 * stamp));
  }

  private openEntry({ key, value, stamp }: Entry): Uint8Array | null {
    if (value[0] !== VALUE.binary) return null;
    const sealed = new Reader(value.subarray(1)).varBytes();
    const header = headerOf(new TextDecoder().decode(key), stamp);
    const judge = new EphemeralStoreWasm(0);
    try {
      const iv = sealed.subarray(0, IV_LENGTH);
      const plain = openBox(this.key, iv, header, sealed.subarray(IV_LENGTH));
      // The room would blame the link for what a member made up.
      judge.apply(plain);
      return plain;
    } catch {
      return null;
    } finally {
      judge.free();
    }
  }
}

/** What a box is bound to. */
function headerOf(name: string, stamp: number): Uint8Array {
  return new TextEncoder().encode(`${name}/${stamp}`);
}

function updateOf(entries: Uint8Array[]): Uint8Array {
  return concat(varUint(entries.length), ...entries);
}

/** Throws for what is no update. */
function* entriesOf(update: Uint8Array): Generator<Entry> {
  const r = new Reader(update);
  for (let count = r.varUint(); count > 0; count -= 1) {
    const start = r.at;
    const key = r.varBytes();
    const some = r.byte() === 1;
    const from = r.at;
    if (some) skipValue(r, 1);
    const value = r.past.subarray(from);
    const stamp = readStamp(r);
    yield { key, value, stamp, bytes: r.past.subarray(start) };
  }
}

function skipValue(r: Reader, depth: number): void {
  const tag = r.byte();
  if (tag === VALUE.bool) r.byte();
  else if (tag === VALUE.f64) r.take(8);
  else if (tag === VALUE.i64) readStamp(r);
  else if (tag === VALUE.string || tag === VALUE.binary) r.varBytes();
  else if (tag === VALUE.list || tag === VALUE.map) {
    if (depth >= DEPTH_MAX) throw new RangeError("value is nested too deep");
    for (let count = r.varUint(); count > 0; count -= 1) {
      if (tag === VALUE.map) r.varBytes();
      skipValue(r, depth + 1);
    }
  } else if (tag !== VALUE.null) throw new RangeError("value is of an unknown kind");
}

/** Of more than 53 bits about so many. */
function readStamp(r: Reader): number {
  let zigzag = 0;
  for (let unit = 1, more = true; more; unit *= 128) {
    const byte = r.byte();
    zigzag += (byte & 0x7f) * unit;
    more = byte > 0x7f;
  }
  return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
}
