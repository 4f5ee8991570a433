// SPDX-License-Identifier: MIT
// Between the room and somebody who shall keep its document without reading it (docs/PROTOCOL.md
// section 3): what the room says in %LOR goes out in %ELO, sealed, and the other way round; what it
// shows goes in %EPH, sealed likewise (presence_link.ts). The room takes the other end for a peer like
// any other. One for each such link; the program's is src/host/elo_link.c, and says more about why.

import {
  decodeImportBlobMeta,
  type Guard,
  type LoroDoc,
  type Part,
  partsOf,
  VersionVector,
} from "lorikeet-crdt/room";
import { container, openRecord, recordsOf, type Span, snapshotRecord, spanRecord } from "./elo";
import { Assembly, type Frame, KIND, readFrame, updateFrames, varBytes, varUint, withMagic, writeFrame } from "./frame";
import type { RoomKey } from "./link";
import { PresenceLink } from "./presence_link";
import { documentKey, joinWord } from "./seal";

const PLAIN = "%LOR";
const SEALED = "%ELO";
const SHOWN = "%EPH";
/** Peers in one update beyond which it goes out as a snapshot. */
const SPANS_MAX = 32;
/** So many records in a row are followed by one that holds them, and so many of those again. */
const GROUP = 64;
const LEVELS = 4;
/** Records to begin with that are too many. */
const CROWD = 512;

export interface EloLinkEvents {
  /** Send it. */
  out(message: Uint8Array): void;
  /** Feed it to the room. */
  in(message: Uint8Array): void;
  /** Something was not sealed with this key, or not signed, or changed. It is left out; told once. */
  refused(): void;
  /** All that the other end claimed to have is here, and nothing was left out. */
  whole(): void;
}

export class EloLink {
  private readonly key: Uint8Array;
  private readonly leaving = new Assembly();
  private readonly coming = new Assembly();
  private readonly presence: PresenceLink;
  /** Where the newest record of what is written here ends, and how many there were in a row. */
  private run = { peer: "", end: 0, count: 0, started: [] as number[] };
  /** What the other end had when we joined, until we have that, too; and what it gave us since. */
  private claimed: VersionVector | null = null;
  private given = 0;
  /** Where what the other end had when we joined, or was given on since, ends; by peer. */
  private holds = new Map<string, number>();
  private refusedOnce = false;

  constructor(
    private readonly doc: LoroDoc,
    private readonly link: RoomKey,
    private readonly guard: Guard,
    private readonly messageMax: number,
    private readonly on: EloLinkEvents,
  ) {
    this.key = documentKey(link);
    this.presence = new PresenceLink(link, (update) => this.say(SHOWN, randomBatch(), update));
  }

  /** A message that the room wants sent. */
  seal(message: Uint8Array): void {
    const { magic, room, kind, body } = readFrame(message);
    if (magic !== PLAIN && magic !== SHOWN) return;
    const to = magic === PLAIN ? SEALED : SHOWN;
    if (kind === KIND.joinRequest) {
      body.varBytes();
      const word = varBytes(joinWord(this.link));
      return this.on.out(writeFrame(to, room, kind, word, varBytes(body.varBytes())));
    }
    if (kind === KIND.update) {
      for (let count = body.varUint(); count > 0; count -= 1) {
        this.leave(magic, body.varBytes(), message.slice(-8));
      }
    } else if (kind === KIND.header) {
      this.leaving.begin(body);
    } else if (kind === KIND.fragment) {
      const whole = this.leaving.add(body);
      if (whole) this.leave(magic, whole.update, whole.batch);
    } else if (kind === KIND.leave) {
      this.on.out(withMagic(to, message));
    } else if (kind === KIND.ack && magic === PLAIN && message[message.length - 1] !== 0) {
      this.on.out(withMagic(to, message)); // receivers of the protocol do not want others
    }
  }

  private leave(magic: string, update: Uint8Array, batch: Uint8Array): void {
    if (magic === PLAIN) this.sealUpdate(update, batch);
    else this.presence.show(update);
  }

  /** A message that came. Says false if it is none: hang up. */
  open(message: Uint8Array): boolean {
    try {
      const frame = readFrame(message);
      const { magic, room, kind, body } = frame;
      if (room !== this.link.room) return true;
      if (magic === SHOWN) this.openPresence(frame, message);
      if (magic !== SEALED) return true;
      if (kind === KIND.update) {
        const batch = message.slice(-8);
        for (let count = body.varUint(); count > 0; count -= 1) {
          this.openContainer(body.varBytes(), batch);
        }
      } else if (kind === KIND.header) {
        this.coming.begin(body);
      } else if (kind === KIND.fragment) {
        const whole = this.coming.add(body);
        if (whole) this.openContainer(whole.update, whole.batch);
      } else if (kind !== KIND.joinRequest && kind !== KIND.leave) {
        if (kind === KIND.joinOk) this.joined(body.varString(), body.varBytes());
        if (kind === KIND.ack && message[message.length - 1] !== 0) this.holds.clear();
        this.on.in(withMagic(PLAIN, message));
      }
      return true;
    } catch {
      return false;
    }
  }

  /** A message about presence: it comes in no fragments. */
  private openPresence({ room, kind, body }: Frame, message: Uint8Array): void {
    if (kind === KIND.joinOk || kind === KIND.joinError) return this.on.in(message);
    if (kind !== KIND.update) return;
    const shown: Uint8Array[] = [];
    for (let count = body.varUint(); count > 0; count -= 1)
      shown.push(...this.presence.open(body.varBytes()));
    const updates = [varUint(shown.length), ...shown.map(varBytes)];
    if (shown.length > 0) this.on.in(writeFrame(SHOWN, room, kind, ...updates, message.slice(-8)));
  }

  private joined(_permission: string, version: Uint8Array): void {
    this.claimed = version.length > 0 ? VersionVector.decode(version) : null;
    this.holds = new Map(this.claimed?.toJSON());
    this.given = 0;
    this.measure();
  }

  /** Is there anything of what was claimed that is not here yet? */
  private measure(): void {
    if (!this.claimed || (this.doc.oplogVersion().compare(this.claimed) ?? -1) < 0) return;
    this.claimed = null;
    if (!this.refusedOnce) this.on.whole();
    if (this.given >= CROWD && this.guard.writes) this.send([this.snapshot()], randomBatch());
  }

  private send(records: Uint8Array[], batch: Uint8Array): void {
    this.say(SEALED, batch, container(records));
  }

  private say(magic: string, batch: Uint8Array, update: Uint8Array): void {
    const frames = updateFrames(magic, this.link.room, batch, update, this.messageMax);
    for (const frame of frames) this.on.out(frame);
  }

  private sealUpdate(update: Uint8Array, batch: Uint8Array): void {
    const parts = partsOf(update);
    const spans = parts.flatMap(({ blob }) => spansOf(blob));
    if (!this.guard.writes || !this.isIntegrated(spans)) return this.giveOn(parts, batch);
    if (spans.length > SPANS_MAX) return this.send([this.snapshot()], batch);
    const alone = spans.length === 1;
    this.send(
      spans.map((span) => spanRecord(this.key, span, alone ? update : this.exportSpan(span))),
      batch,
    );
    if (alone) this.follow(spans[0]);
  }

  /** Does the document hold all of them, rather than wait for what came before? */
  private isIntegrated(spans: Span[]): boolean {
    const version = this.doc.oplogVersion().toJSON();
    return spans.every(({ peer, end }) => (version.get(peer as `${number}`) ?? 0) >= end);
  }

  /**
   * What others signed, as it is: said to be each of its spans that the other end lacks, or everything
   * up to its end. If it lacks none an empty update goes, to be acknowledged after those before it.
   */
  private giveOn(parts: Part[], batch: Uint8Array): void {
    const records = parts.flatMap(({ bytes, blob }) => {
      const spans = spansOf(blob);
      const lacking = spans.filter((span) => !this.isGiven(span));
      if (lacking.length === 0 || spans.length === 1 || spans.some(({ start }) => start > 0))
        return lacking.map((span) => spanRecord(this.key, span, bytes));
      const version = new Map(spans.map(({ peer, end }) => [peer, end]));
      return [snapshotRecord(this.key, version, bytes)];
    });
    this.send(records, batch);
  }

  /**
   * Does the other end hold it, unless it refused what it was given? If not it will, but not what lies
   * before it.
   */
  private isGiven({ peer, start, end }: Span): boolean {
    const held = this.holds.get(peer) ?? 0;
    if (held >= start) this.holds.set(peer, Math.max(held, end));
    return held >= end;
  }

  /** One more record of what is written here. If it fills a group, one for all of that follows. */
  private follow(span: Span): void {
    const { run } = this;
    if (run.count === 0 || run.peer !== span.peer || run.end !== span.start) {
      run.count = 0;
      run.started = Array<number>(LEVELS).fill(span.start);
    }
    run.peer = span.peer;
    run.end = span.end;
    run.count += 1;
    let level = -1;
    for (let n = run.count; level + 1 < LEVELS && n % GROUP === 0; n /= GROUP) level += 1;
    if (level < 0) return;
    const whole = { ...span, start: run.started[level] };
    run.started.fill(span.end, 0, level + 1);
    this.send([spanRecord(this.key, whole, this.exportSpan(whole))], randomBatch());
  }

  private exportSpan({ peer, start, end }: Span): Uint8Array {
    const id = { peer: peer as `${number}`, counter: start };
    const spans = [{ id, len: end - start }];
    return this.guard.sign(this.doc.export({ mode: "updates-in-range", spans }));
  }

  private snapshot(): Uint8Array {
    const plain = this.guard.sign(this.doc.export({ mode: "snapshot" }));
    return snapshotRecord(this.key, this.doc.oplogVersion().toJSON(), plain);
  }

  private openContainer(bytes: Uint8Array, batch: Uint8Array): void {
    for (const record of recordsOf(bytes)) {
      this.given += 1;
      const plain = this.openOrRefuse(record);
      if (!plain) continue;
      for (const frame of updateFrames(PLAIN, this.link.room, batch, plain)) this.on.in(frame);
    }
    this.measure();
  }

  private openOrRefuse(record: Uint8Array): Uint8Array | null {
    try {
      const plain = openRecord(this.key, record);
      if (this.guard.verify(plain)) return plain;
    } catch {
      // As if nobody had signed it.
    }
    if (!this.refusedOnce) this.on.refused();
    this.refusedOnce = true;
    return null;
  }
}

function randomBatch(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(8));
}

/** The operations of the blob, peer by peer. */
function spansOf(blob: Uint8Array): Span[] {
  const { partialStartVersionVector, partialEndVersionVector } = decodeImportBlobMeta(blob);
  const starts = partialStartVersionVector.toJSON();
  return [...partialEndVersionVector.toJSON()].map(([peer, end]) => ({
    peer,
    start: starts.get(peer) ?? 0,
    end,
  }));
}
