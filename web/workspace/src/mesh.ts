// SPDX-License-Identifier: MIT
// Everyone in the room, or in a large one some (neighbours.ts), each on a DataChannel of their own. Of
// two peers the one whose name is smaller offers (docs/PROTOCOL.md section 1.2); the other one may ask
// for it `again`.
//
// Signalling gives a peer a new name each time it connects, and a channel outlives the connection
// that introduced it. So a channel may belong to a name that is no longer known; it is given up when
// the same peer, recognised by its certificate, has been reached under its new name.
//
// What is said by way of the server is sealed, certificates first of all: who can open it and be
// understood has the room's key. Relays have a key made of that, and names that say so.

import { Backoff } from "./backoff";
import { Channel, type ChannelConfig, type Word } from "./channel";
import { type RoomKey, randomText } from "./link";
import { ALL, choose, LINKS, type Neighbour, place } from "./neighbours";
import { relayKey, Seal } from "./seal";

export interface MeshEvents {
  say(to: string, data: unknown): void;
  /**
   * `relay`: it keeps the room without its key, and only understands %ELO. `fingerprint`: whose
   * channel it is.
   */
  open(link: number, relay: boolean, fingerprint: string): void;
  message(link: number, bytes: Uint8Array): void;
  closed(link: number): void;
  /** Not everybody is linked with everybody any more, or all are again. */
  sparse(on: boolean): void;
  /** Somebody is here, or nobody any more, in whose name something came that could not be opened. */
  refused(any: boolean): void;
}

interface Peer extends Neighbour {
  name: string;
  /** Made for the first word: of most in a large room there is none. */
  seal: Seal | null;
  refused: boolean;
  relay: boolean;
  /** We make the offers. */
  offers: boolean;
  channel: Channel | null;
  link: number;
  backoff: Backoff;
  timer: number;
  /** When the last session began. */
  begun: number;
  /** Without a channel since then. */
  apart: number;
}

// Who is not reached by now is apart.
const APART_AFTER_MS = 10_000;
const RELAY_NAME = /^relay-/;
// The offer should come at once. If nothing has come by now, ask for it.
const OFFER_WITHIN_MS = 10_000;
// An `again` that comes sooner was about the session before and has been done already.
const AGAIN_AFTER_MS = 1_000;
// A channel that lived this long was not at fault: its successor need not wait.
const SETTLED_AFTER_MS = 10_000;
// The server keeps rooms smaller than this; another server may not.
const MOST_PEERS = 1024;
const CHOOSE_WITHIN_MS = 50;

export class Mesh {
  private self = "";
  private ring: Neighbour = { at: [], unreached: false, wanted: false };
  private sparse = false;
  private choosing = 0;
  private lastLink = 0;
  /** Those that signalling knows, by name. */
  private readonly known = new Map<string, Peer>();
  private readonly open = new Map<number, Peer>();
  readonly config: ChannelConfig;
  /** The room as its relays know it. */
  private readonly relayLink: RoomKey;

  constructor(
    private readonly link: RoomKey,
    /** null: this browser has no WebRTC, and nobody can be reached. */
    certificate: RTCCertificate | null,
    private readonly on: MeshEvents,
  ) {
    this.relayLink = { ...link, key: relayKey(link) };
    this.config = { ice: [], certificates: certificate ? [certificate] : [] };
  }

  /** Peers that can be talked to, and peers that signalling knows. */
  get connected(): number {
    return this.open.size;
  }
  get present(): number {
    return this.known.size;
  }

  private get refusing(): boolean {
    return [...this.known.values()].some((peer) => peer.refused);
  }

  /** Has somebody been here for a while whom no channel leads to? */
  get apart(): boolean {
    const before = performance.now() - APART_AFTER_MS;
    return [...this.known.values()].some(
      (peer) => peer.wanted && !peer.refused && !this.open.has(peer.link) && peer.apart < before,
    );
  }

  welcome(self: string, names: string[], ice: RTCIceServer[]): void {
    this.forgetAll();
    this.self = self;
    this.config.ice = ice;
    this.ring = place(this.relayLink, self);
    for (const name of names) this.met(name);
    this.choose();
  }

  joined(name: string): void {
    this.met(name);
    this.chooseSoon();
  }

  private met(name: string): void {
    this.forget(name);
    if (this.known.size >= MOST_PEERS) return;
    this.known.set(name, {
      ...place(this.relayLink, name),
      name,
      seal: null,
      refused: false,
      relay: RELAY_NAME.test(name),
      offers: this.self < name,
      channel: null,
      link: 0,
      backoff: new Backoff(),
      timer: 0,
      begun: 0,
      apart: performance.now(),
    });
  }

  /** Begins with those who are wanted now and were not before. */
  private choose(): void {
    clearTimeout(this.choosing);
    this.choosing = 0;
    const others = [...this.known.values()];
    const before = others.filter((peer) => peer.wanted);
    choose(this.ring, others);
    const sparse = others.length > ALL;
    if (sparse !== this.sparse) this.on.sparse(sparse);
    this.sparse = sparse;
    if (this.config.certificates.length === 0) return;
    for (const peer of others) {
      if (!peer.wanted || peer.channel || before.includes(peer)) continue;
      peer.apart = performance.now();
      if (peer.offers) this.begin(peer);
      else this.retryIn(peer, OFFER_WITHIN_MS);
    }
  }

  left(name: string): void {
    this.forget(name);
    this.chooseSoon();
  }

  /** In a large room many come and go at once. */
  private chooseSoon(): void {
    if (this.known.size <= 2 * ALL) return this.choose();
    this.choosing ||= setTimeout(() => this.choose(), CHOOSE_WITHIN_MS);
  }

  private forget(name: string): void {
    const peer = this.known.get(name);
    if (!peer) return;
    this.known.delete(name);
    if (peer.refused && !this.refusing) this.on.refused(false);
    clearTimeout(peer.timer);
    if (!peer.channel?.isOpen) peer.channel?.close();
  }

  signal(from: string, data: unknown): void {
    const peer = this.known.get(from);
    if (!peer || this.config.certificates.length === 0) return;
    const opened = this.sealOf(peer).open(data);
    if (opened === undefined) return this.refuse(peer);
    const word = parseWord(opened);
    if (!word || (word.kind !== "candidate" && !this.admits(peer))) return;
    if (word.kind === "again") {
      const done = peer.channel && performance.now() - peer.begun < AGAIN_AFTER_MS;
      if (peer.offers && !done) this.begin(peer);
    } else if (word.kind === "restart") {
      if (peer.offers && peer.channel?.session === word.session) peer.channel.restart();
    } else if (word.kind === "offer" && peer.channel?.session !== word.session) {
      if (!peer.offers) void this.attempt(peer, word.session).answer(word.sdp);
    } else if (peer.channel?.session === word.session && !(word.kind === "offer" && peer.offers)) {
      void peer.channel.hear(word);
    }
  }

  send(link: number, bytes: Uint8Array): void {
    this.open.get(link)?.channel?.send(bytes);
  }

  /** Has not all left that was sent on it? */
  holds(link: number): boolean {
    return this.open.get(link)?.channel?.holds ?? false;
  }

  /** Gives a link up; if its peer is still around, another session follows. */
  hangUp(link: number): void {
    const peer = this.open.get(link);
    if (!peer) return;
    this.drop(peer);
    this.retry(peer);
  }

  /** The network is another one: channels that its addresses belonged to may be as good as dead. */
  moved(): void {
    for (const peer of this.open.values()) this.restart(peer);
  }

  /** The same side offers as ever, so that offers do not cross; the other one asks it to. */
  private restart(peer: Peer): boolean {
    const channel = peer.channel;
    if (!channel || this.known.get(peer.name) !== peer) return false;
    if (peer.offers) channel.restart();
    else this.say(peer, { kind: "restart", session: channel.session });
    return true;
  }

  private say(peer: Peer, word: Word | { kind: "again" }): void {
    this.on.say(peer.name, this.sealOf(peer).close(word));
  }

  private sealOf(peer: Peer): Seal {
    peer.seal ??= new Seal(peer.relay ? this.relayLink : this.link, this.self, peer.name);
    return peer.seal;
  }

  /** Others may see the room otherwise and want a channel that we did not think of; up to a bound. */
  private admits(peer: Peer): boolean {
    if (peer.wanted || peer.channel) return true;
    const sessions = [...this.known.values()].filter(({ channel }) => channel);
    return sessions.length < 2 * LINKS;
  }

  /** Says so once, here and there: the other side cannot open our answer either. */
  private refuse(peer: Peer): void {
    if (peer.refused) return;
    peer.refused = true;
    this.on.refused(true);
    peer.unreached = true;
    this.chooseSoon();
    this.say(peer, { kind: "again" });
  }

  private forgetAll(): void {
    for (const name of [...this.known.keys()]) this.forget(name);
  }

  private begin(peer: Peer): void {
    this.attempt(peer, randomText(12)).offer();
  }

  private attempt(peer: Peer, session: string): Channel {
    this.drop(peer);
    clearTimeout(peer.timer);
    peer.begun = performance.now();
    const channel: Channel = new Channel(session, this.config, {
      say: (word) => {
        if (this.known.get(peer.name) === peer) this.say(peer, word);
      },
      open: () => this.opened(peer),
      message: (bytes) => this.on.message(peer.link, bytes),
      failing: () => this.restart(peer),
      ended: () => {
        this.drop(peer);
        peer.unreached = true;
        this.retry(peer);
        this.chooseSoon();
      },
    });
    peer.channel = channel;
    return channel;
  }

  private opened(peer: Peer): void {
    peer.unreached = false;
    peer.link = ++this.lastLink;
    this.open.set(peer.link, peer);
    const fingerprint = peer.channel?.fingerprint ?? "";
    this.on.open(peer.link, peer.relay, fingerprint);
    for (const other of [...this.open.values()]) {
      if (other !== peer && other.channel?.fingerprint === fingerprint) this.drop(other);
    }
    // Of too many let go those that nobody has to keep, the oldest first.
    for (const other of [...this.open.values()]) {
      const kept = other.wanted && this.known.get(other.name) === other;
      if (!kept && this.open.size > LINKS) this.drop(other);
    }
    this.chooseSoon();
  }

  private drop(peer: Peer): void {
    const channel = peer.channel;
    peer.channel = null;
    channel?.close();
    const age = performance.now() - peer.begun;
    if (channel?.isOpen && age > SETTLED_AFTER_MS) peer.backoff.reset();
    if (!this.open.delete(peer.link)) return;
    peer.apart = performance.now();
    this.on.closed(peer.link);
  }

  private retry(peer: Peer): void {
    if (this.known.get(peer.name) !== peer || !peer.wanted) return;
    this.retryIn(peer, peer.backoff.next());
  }

  private retryIn(peer: Peer, ms: number): void {
    clearTimeout(peer.timer);
    peer.timer = setTimeout(() => {
      if (!peer.wanted) return;
      if (peer.offers) return this.begin(peer);
      this.say(peer, { kind: "again" });
      this.retryIn(peer, peer.backoff.next());
    }, ms);
  }
}

/** What a peer says came through a server from a stranger: anything at all may stand here. */
function parseWord(data: unknown): Word | { kind: "again" } | null {
  if (typeof data !== "object" || data === null) return null;
  const { kind, session, sdp, candidate, mid, restart } = data as Record<string, unknown>;
  if (kind === "again") return { kind };
  if (typeof session !== "string") return null;
  if ((kind === "offer" || kind === "answer") && typeof sdp === "string") {
    return { kind, session, sdp, restart: typeof restart === "number" ? restart : 0 };
  }
  if (kind === "restart") return { kind, session };
  if (kind === "candidate" && typeof candidate === "string") {
    return { kind, session, candidate, mid: typeof mid === "string" ? mid : "0" };
  }
  return null;
}
