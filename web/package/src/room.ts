// SPDX-License-Identifier: MIT
// lorikeet_room.h for JavaScript: feed it messages and the time, and do what poll() says. It sends,
// stores and sleeps nothing itself.

import { check, fail, outBytes, outRead, outString, put, putBytes, putString, STATUS } from "./call.js";
import type { LoroDoc } from "./doc.js";
import { ESTATE } from "./errors.js";
import type { Guard } from "./guard.js";
import { engine, handleOf, own, type Owned, randomU64, release } from "./module.js";
import type { Store } from "./store.js";
import type { Value } from "./value.js";

export interface RoomOptions {
  /** At most 128 bytes of UTF-8. */
  id: string;
  /** The largest message the transport takes, if that is less than 256 KiB. */
  messageMax?: number;
  /** Unix time minus the clock whose times go in as `now`: `performance.timeOrigin` if that is
   *  `performance.now()`. */
  unixOffset?: number;
  /** Who may write; without it everybody may. It stays yours, and must not be freed before. */
  guard?: Guard;
}

/** What to do next. */
export type RoomOut =
  /** Send as one binary message. */
  | { kind: "send"; link: number; bytes: Uint8Array }
  /** Make durable, then call stored(token). partsOf() says what is in it. */
  | { kind: "store"; token: bigint; bytes: Uint8Array }
  /** The other end of the link let us in. */
  | { kind: "joined"; link: number }
  | { kind: "changed" }
  | { kind: "presence" }
  /** All ends hold the same / that ended: something is on its way again. */
  | { kind: "synced" }
  | { kind: "behind" }
  /** The link broke the protocol or refused us: close it. */
  | { kind: "error"; link: number; what: string }
  /** The link sent what nobody signed who may write. It was left out. */
  | { kind: "denied"; link: number }
  /** Changes came that cannot be merged into this document, which began with a shallow
   *  snapshot: they were left out. Told once. */
  | { kind: "left out" };

export interface RoomStats {
  links: number;
  joined: number;
  /** Links whose other end has not got this room, or not yet. */
  absent: number;
  unackedBytes: number;
  unstored: number;
  synced: boolean;
}

const KINDS = [
  "send",
  "store",
  "joined",
  "changed",
  "presence",
  "synced",
  "behind",
  "error",
  "denied",
  "left out",
] as const;

/** A part of what a room wanted stored. */
export interface Part {
  /** As it was signed, in a guarded room. */
  bytes: Uint8Array;
  blob: Uint8Array;
}

/** The parts of what a room wanted stored. There is one, but in a guarded room there may be more. */
export function partsOf(stored: Uint8Array): Part[] {
  check(engine().w_room_parts(putBytes(stored)));
  return outRead((r) => {
    const parts: Part[] = [];
    for (let at = 0; r.more; ) {
      const bytes = stored.subarray(at, (at += r.uleb()));
      parts.push({ bytes, blob: r.blob() });
    }
    return parts;
  });
}

/** The room that a message is for, if it is one: several may share links. What is for none of yours
 *  goes to any of them, which answers. Give them turns on the links: of one room messages keep their
 *  order. */
export function roomOf(message: Uint8Array): string | undefined {
  if (engine().w_room_of(putBytes(message)) !== 0) return undefined;
  return outString();
}

/** One document, bound to any number of links to other peers. */
export class Room {
  private readonly _store: Store;
  private readonly _owned: Owned;

  constructor(doc: LoroDoc<any>, { id, messageMax = 0, unixOffset = 0, guard }: RoomOptions) {
    this._store = doc.store;
    const { handle } = this._store;
    const len = putString(id);
    const room = engine().w_room_new(
      handle,
      len,
      randomU64(),
      messageMax,
      unixOffset,
      guard?.handle ?? 0,
      Number(guard?.writes ?? false),
    );
    if (room === 0) throw new ESTATE("no room: its id is too long, or memory is out");
    this._store.dependents.add(this);
    const keeps = [this._store, guard];
    this._owned = own(this, room, (room) => engine().w_room_free(room), keeps);
  }

  private get _handle(): number {
    return handleOf(this._owned, "room");
  }

  free(): void {
    this._store.dependents.delete(this);
    release(this._owned);
  }

  [Symbol.dispose](): void {
    this.free();
  }

  /** A link opened. Links are numbers of your choosing, times milliseconds of a steady clock. */
  open(link: number, now: number): void {
    this._store.transact(() => check(engine().w_room_open(this._handle, link, now)));
  }

  close(link: number): void {
    engine().w_room_close(this._handle, link);
  }

  /** What was to be sent on the link has not all left yet, whatever room it is of: what answers it is
   *  not missed before it has. Say so every second or so while that is so. */
  held(link: number, now: number): void {
    engine().w_room_held(this._handle, link, now);
  }

  /** Not everyone in the room is linked with everyone: what comes goes on at once, presence too. */
  sparse(on: boolean, now: number): void {
    engine().w_room_sparse(this._handle, Number(on), now);
  }

  /** One whole message from a link. A bad one makes an "error" for that link, not an exception. */
  feed(link: number, message: Uint8Array, now: number): void {
    if (this._store.pending > 0) this.edited(now);
    this._store.transact(() => {
      const status = engine().w_room_feed(this._handle, link, putBytes(message), now);
      if (status === STATUS.ENOMEM || status === STATUS.ESPENT) fail(status); // not the link's fault
    });
  }

  /** The document was edited here: commit, and send the edit on. `first`, which may poll(), is
   *  called before anyone is told of the edit. */
  edited(now: number, first?: () => void): void {
    this._store.transact(() => {
      check(engine().w_room_edited(this._handle, now));
      first?.();
    });
  }

  /** Of who only reads: give the room what it wanted stored before, or what another tab's did. Says
   *  whether some of it waits for its past. Throws if it is damaged, or nobody signed it. */
  restore(stored: Uint8Array, now: number): boolean {
    return this._store.transact(
      () => check(engine().w_room_restore(this._handle, putBytes(stored), now)) === 1,
    );
  }

  /** All there is, to store in place of what was. */
  whole(): Uint8Array {
    return this._store.transact(() => {
      check(engine().w_room_whole(this._handle));
      return outBytes();
    });
  }

  stored(token: bigint): void {
    engine().w_room_stored(this._handle, token);
  }

  tick(now: number): void {
    this._store.transact(() => engine().w_room_tick(this._handle, now));
  }

  /** When tick() is wanted next; Infinity: not at all. */
  wakeAt(): number {
    return engine().w_room_wake_at(this._handle);
  }

  /** Tell the others something that is never history; null takes it back. */
  setPresence(key: string, value: Value, now: number): void {
    const len = put((w) => {
      w.string(key);
      w.value(value);
    });
    check(engine().w_room_presence_set(this._handle, len, now));
  }

  presence(): Record<string, Value> {
    check(engine().w_room_presence_json(this._handle));
    return JSON.parse(outString());
  }

  /** The next thing to do, oldest first; undefined: nothing. */
  poll(): RoomOut | undefined {
    if (check(engine().w_room_poll(this._handle)) === 0) return undefined;
    return outRead((r) => ({
      kind: KINDS[r.u8()]!,
      link: r.uleb(),
      token: r.u64(),
      what: r.string(),
      bytes: r.rest(),
    })) as RoomOut;
  }

  stats(): RoomStats {
    check(engine().w_room_stats(this._handle));
    return outRead((r) => ({
      links: r.f64(),
      joined: r.f64(),
      absent: r.f64(),
      unackedBytes: r.f64(),
      unstored: r.f64(),
      synced: r.u8() === 1,
    }));
  }
}
