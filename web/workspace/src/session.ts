// SPDX-License-Identifier: MIT
// One document open in this tab: the document, its room and the store, wired together, and to the
// connection that all documents of a room share. The room decides; this file carries out what it
// says and is the only one that calls it.
//
//   edit ─────────────► room ─► send ──► connection ─► peers
//                           └─► store ─► other tabs, while there are no peers
//                           └─► send ──► eloLink ─► relays, and the server where no packet passes
//                                                to peers: those cannot read it
//   connection ───────► room ─► store ─► IndexedDB ─► room.stored() ─► acknowledgement ─► peers

import {
  decodeImportBlobMeta,
  EVALUE,
  type Guard,
  LoroDoc,
  type LoroEventBatch,
  partsOf,
  Room,
  type RoomOut,
  type Value,
} from "lorikeet-crdt/room";
import { type Carried, Connection, newCertificate, type Status } from "./connection";
import { documentId, type Link, linkFragment, type RoomKey } from "./link";
import { guardOf, readersLink, roomKey } from "./rights";
import { type DocumentNote, type Row, Store, type StoreEvents } from "./storage";
import { type News, Tabs } from "./tabs";
import { EloLink } from "./elo_link";

export const TITLE_MAP = "metadata";
export const TITLE_KEY = "title";
export const TEXT = "editor-buffer";

export interface SessionEvents extends StoreEvents {
  /** Status, peers or what is not yet with anyone may be different now. */
  changed(): void;
}

// RFC 8841 section 6.1: without max-message-size in its description, a peer takes 64 KiB. Larger
// messages carry no more per second, so all peers get what every peer takes.
const MESSAGE_MAX = 64 * 1024;
// With peers, a key is on its way to them, or on the screen, before anything else is done about it:
// on a busy machine that is half of the time it takes. Without peers the disk comes first.
const SETTLE_WITHIN_MS = 10;
const NOTE_WITHIN_MS = 300;
// What the storage would not take is offered to it again.
const RETRY_AFTER_MS = 2_000;

const DAMAGED =
  "Some of what this browser kept of the document is damaged. That is set aside, the rest is here, and " +
  "what is missing comes back once someone is here who has it.";
// Who gave something wrong is asked again after this, ever later.
const ASK_AGAIN_MS = 10_000;

const CHANGED_AT_RELAY =
  "Something that is kept for this document was not sealed with its key, or was changed. It is left out.";
const DENIED =
  "Someone who may only read tried to change this document. Nothing of that was taken.";
const LEFT_OUT =
  "Changes came that cannot be taken in here, as the beginning of this document is missing. They were left out.";
const ONLY_READS =
  "With this link you can only read. What was just changed here stays in this tab, and is gone with it.";

export class Session implements Carried {
  readonly id: string;
  readonly joined = new Set<number>();
  private readonly room: Room;
  private readonly key: RoomKey;
  private connection!: Connection;
  private readonly tabs: Tabs;
  /** Of links to those who keep the room without its key. */
  private readonly eloLinks = new Map<number, EloLink>();
  private refusals = 0;
  /** The links that something was refused from. */
  private readonly liars = new Set<number>();
  /** Who is in `edit` now. */
  private author: object | null = null;
  private readonly watchers: (() => void)[] = [];
  private readingNews = false;
  /** What the storage has not been given yet, and the tokens that wait for it. */
  private unkept: Uint8Array[] = [];
  private owed: bigint[] = [];
  private settleTimer = 0;
  private noteTimer = 0;
  private retryTimer = 0;
  private timer = 0;

  private constructor(
    readonly doc: LoroDoc,
    /** Changes made here that no other peer is known to have. */
    public alone: number,
    private readonly link: Link,
    private readonly guard: Guard,
    /** What to list the document by. */
    private readonly listed: Link,
    private readonly store: Store,
    private readonly on: SessionEvents,
  ) {
    this.id = documentId(link);
    this.key = { ...roomKey(link), room: this.id };
    this.room = new Room(this.doc, {
      id: this.id,
      messageMax: MESSAGE_MAX,
      unixOffset: performance.timeOrigin,
      guard,
    });
    this.tabs = new Tabs(this.id, (news) => void this.hear(news));
    this.doc.subscribe((batch) => this.committed(batch));
    addEventListener("pagehide", () => {
      if (this.unkept.length > 0 || this.noteTimer !== 0) void this.keep(true);
    });
  }

  /** The first document of a room, with a connection. `server`: as new Connection() takes it. */
  static async open(link: Link, server: string, on: SessionEvents): Promise<Session> {
    const first = { ...link, name: undefined };
    const [certificate, session] = await Promise.all([newCertificate(on), Session.load(first, on)]);
    session.connection = new Connection(link, server, certificate, session, on);
    return session;
  }

  /** Another document of this room, over the same connection. */
  async another(name: string): Promise<Session> {
    const session = await Session.load({ ...this.link, name }, this.on);
    session.connection = this.connection;
    this.connection.carry(session);
    return session;
  }

  private static async load(link: Link, on: SessionEvents): Promise<Session> {
    const store = await Store.open(documentId(link), on);
    const [rows, note] = await Promise.all([store.load(), store.note()]);
    const doc = new LoroDoc();
    const guard = guardOf(link);
    // Before there is a room: it would take what is there later for an edit. Who only reads keeps it
    // there, to give it on.
    const damaged = guard.writes ? unreadable(rows, (stored) => importStored(doc, stored)) : [];
    // Who may write here is not to lose that by a look at what others see.
    const listed = link.reads && note && !note.reads ? note : link;
    const session = new Session(doc, note?.alone ?? 0, link, guard, listed, store, on);
    if (session.reads) damaged.push(...unreadable(rows, (stored) => session.take(stored)));
    if (damaged.length > 0) {
      on.trouble(DAMAGED);
      await store.setAside(damaged);
    }
    return session;
  }

  /** Only to read: what is written here reaches nobody. */
  get reads(): boolean {
    return !this.guard.writes;
  }

  /** Empty: it has none. */
  get title(): string {
    const title = this.doc.getMap(TITLE_MAP).get(TITLE_KEY);
    return typeof title === "string" ? title : "";
  }

  /** The fragment of a link for others: to write, or to read. */
  invitation(reads: boolean): string {
    return linkFragment(reads ? readersLink(this.link, this.guard) : this.link);
  }

  get status(): Status {
    return this.connection.status;
  }

  get byHand(): Connection["byHand"] {
    return this.connection.byHand;
  }

  /** Other peers connected by a channel. */
  get peers(): number {
    return this.joined.size - this.keepers;
  }

  /** Those connected who keep the document sealed. */
  get keepers(): number {
    return [...this.eloLinks.keys()].filter((id) => this.joined.has(id)).length;
  }

  /** Is the server a way to others, because there is none to some of them? */
  get throughServer(): boolean {
    return [...this.joined].some((link) => this.connection.isServer(link));
  }

  /**
   * Does `edit` to the document, commits it, and has it on its way to everyone on return. An
   * `author` that shows its edits already is not told of them.
   */
  edit(edit: () => void, author: object = this): void {
    if (this.reads) return this.on.trouble(ONLY_READS);
    this.author = author;
    try {
      this.step(() => {
        edit();
        this.alone += 1;
        this.room.edited(now(), () => this.obeyAll());
      });
    } finally {
      this.author = null;
    }
  }

  /** Shows everyone who is here something that is not of the document, under a key; null: no more. */
  present(key: string, value: Value): void {
    this.step(() => this.room.setPresence(key, value, now()));
  }

  /** What those who are here show, by key. */
  get presence(): Record<string, Value> {
    return this.room.presence();
  }

  /** Calls back when what others show may be different. */
  watchPresence(listener: () => void): void {
    this.watchers.push(listener);
  }

  /** Calls back for each change of the document, those by `author` left out. */
  subscribe(listener: (batch: LoroEventBatch) => void, author?: object): void {
    this.doc.subscribe((batch) => {
      if (batch.by !== "local" || !author || this.author !== author) listener(batch);
    });
  }

  documents(): Promise<DocumentNote[]> {
    return this.store.list();
  }

  /** Someone committed to `doc` without `edit`: that goes to everyone, too. */
  private committed(batch: LoroEventBatch): void {
    if (batch.by !== "local" || this.author) return;
    queueMicrotask(() => this.edit(() => undefined));
  }

  private async hear(news: News): Promise<void> {
    this.alone = Math.max(this.alone, news.alone);
    let waits = false;
    this.importNews(() => {
      waits = this.take(news.bytes);
    });
    if (!waits) return;
    const rows = await this.store.load();
    this.importNews(() => unreadable(rows, (stored) => this.take(stored)));
  }

  /** Takes in what was stored. Says whether some of it waits for its past. */
  private take(stored: Uint8Array): boolean {
    if (!this.reads) return importStored(this.doc, stored);
    try {
      return this.room.restore(stored, now());
    } catch (error) {
      // Signed with another key: of another document that bears the same name.
      if (error instanceof EVALUE) return false;
      throw error;
    }
  }

  /** Is all of what was stored in the document, and in what stands for it once rows are folded? */
  private holds(stored: Uint8Array): boolean {
    try {
      return partsOf(stored).every((part) => {
        const end = decodeImportBlobMeta(part.blob).partialEndVersionVector;
        const here = (this.doc.oplogVersion().compare(end) ?? -1) >= 0;
        return here && (!this.reads || part.bytes.length > part.blob.length);
      });
    } catch {
      return false;
    }
  }

  private importNews(read: () => void): void {
    this.readingNews = true;
    try {
      this.step(() => {
        read();
        if (!this.reads) this.room.edited(now());
      });
    } finally {
      this.readingNews = false;
    }
  }

  opened(id: number, sealed: boolean): void {
    if (sealed) {
      const eloLink = new EloLink(this.doc, this.key, this.guard, MESSAGE_MAX, {
        out: (message) => this.connection.send(id, message),
        in: (message) => this.room.feed(id, message, now()),
        refused: () => this.refused(id),
        whole: () => this.liars.size === 0 && this.on.relief(CHANGED_AT_RELAY),
      });
      this.eloLinks.set(id, eloLink);
    }
    this.step(() => this.room.open(id, now()));
  }

  heard(id: number, bytes: Uint8Array): void {
    const eloLink = this.eloLinks.get(id);
    let good = true;
    this.step(() => {
      if (eloLink) good = eloLink.open(bytes);
      else this.room.feed(id, bytes, now());
    });
    if (!good) this.connection.hangUp(id);
  }

  held(link: number): void {
    this.room.held(link, now());
  }

  sparse(on: boolean): void {
    this.step(() => this.room.sparse(on, now()));
  }

  /** What was left out may be had later: from an honest relay, or one that was mended. */
  private refused(id: number): void {
    this.liars.add(id);
    this.on.trouble(CHANGED_AT_RELAY);
    setTimeout(() => this.connection.hangUp(id), ASK_AGAIN_MS * 2 ** Math.min(this.refusals++, 6));
  }

  private send(id: number, bytes: Uint8Array): void {
    const eloLink = this.eloLinks.get(id);
    // Sealing takes its time, and may ask the document: peers come first.
    if (eloLink) queueMicrotask(() => eloLink.seal(bytes));
    else this.connection.send(id, bytes);
  }

  closed(id: number): void {
    this.joined.delete(id);
    this.eloLinks.delete(id);
    this.liars.delete(id);
    this.step(() => this.room.close(id));
  }

  /** Every call of the room goes through here, so that what it asks for is done. */
  private step(call: () => void): void {
    call();
    this.obeyAll();
    // Timers of a page that nobody sees are slow, and nobody types there.
    if (this.joined.size === 0 || document.hidden) return this.settle();
    this.settleTimer ||= setTimeout(() => this.settle(), SETTLE_WITHIN_MS);
  }

  /** What is left to do once the editors and the peers know. */
  private settle(): void {
    clearTimeout(this.settleTimer);
    this.settleTimer = 0;
    if (this.unkept.length > 0) void this.keep(this.joined.size === 0);
    this.schedule();
    this.on.changed();
  }

  private obeyAll(): void {
    for (let out = this.room.poll(); out; out = this.room.poll()) this.obey(out);
  }

  private obey(out: RoomOut): void {
    switch (out.kind) {
      case "send":
        return this.send(out.link, out.bytes);
      case "store":
        this.unkept.push(out.bytes);
        this.owed.push(out.token);
        if (this.joined.size > 0 || this.readingNews) return;
        return this.tabs.tell({ bytes: out.bytes, alone: this.alone });
      case "joined":
        this.joined.add(out.link);
        return;
      case "presence":
        for (const listener of this.watchers) listener();
        return;
      case "synced":
        if (this.alone === 0) return;
        this.alone = 0;
        return this.noteSoon();
      case "error":
        return this.connection.hangUp(out.link);
      case "denied":
        return this.on.trouble(DENIED);
      case "left out":
        return this.on.trouble(LEFT_OUT);
    }
  }

  /** Stores what is not stored yet, and the note about the document if asked to or else soon. */
  private async keep(noteToo: boolean): Promise<void> {
    if (noteToo) {
      clearTimeout(this.noteTimer);
      this.noteTimer = 0;
    } else {
      this.noteSoon();
    }
    const note = noteToo ? this.note() : null;
    const blobs = this.unkept.splice(0);
    const tokens = this.owed.splice(0);
    const written = await this.store.append(blobs, note);
    if (!written) {
      this.owed = tokens.concat(this.owed);
      this.retryTimer ||= setTimeout(() => {
        this.retryTimer = 0;
        void this.keep(false);
      }, RETRY_AFTER_MS);
      return;
    }
    this.step(() => {
      for (const token of tokens) this.room.stored(token);
    });
    await this.store.fold(
      () => this.room.whole(),
      (bytes) => this.holds(bytes),
    );
  }

  private noteSoon(): void {
    this.noteTimer ||= setTimeout(() => void this.keep(true), NOTE_WITHIN_MS);
  }

  private note(): DocumentNote {
    return {
      room: this.id,
      key: this.listed.key,
      reads: this.listed.reads,
      title: this.title,
      changed: Date.now(),
      alone: this.alone,
    };
  }

  private schedule(): void {
    clearTimeout(this.timer);
    const at = this.room.wakeAt();
    if (at === Infinity) return;
    this.timer = setTimeout(() => this.step(() => this.room.tick(now())), Math.max(0, at - now()));
  }
}

function now(): number {
  return Math.round(performance.now());
}

/** Says whether some of it waits for its past. */
function importStored(doc: LoroDoc, stored: Uint8Array): boolean {
  const imported = partsOf(stored).map(({ blob }) => doc.import(blob));
  return imported.some(({ pending }) => pending !== null);
}

/** Those that `take` throws at: each blob has a checksum. */
function unreadable(rows: Row[], take: (stored: Uint8Array) => void): Row[] {
  return rows.filter(({ bytes }) => {
    try {
      take(bytes);
      return false;
    } catch {
      return true;
    }
  });
}
