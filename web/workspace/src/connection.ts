// SPDX-License-Identifier: MIT
// What leads to others, and the documents of the room that share it: channels to peers and relays, and
// the server as a way. Each link is opened and closed in all documents, and a message goes to the one
// it is for; what is for none of them the first one answers.
//
//   mesh, byHand, uplink ─► link ─► roomOf(message) ─► document

import { roomOf } from "lorikeet-crdt/room";
import { ByHand } from "./by_hand";
import type { Link } from "./link";
import { Mesh } from "./mesh";
import { roomKey } from "./rights";
import { Signalling } from "./signalling";
import { ADDRESS } from "./turns";
import { Uplink } from "./uplink";

/** A document, as links see it. */
export interface Carried {
  /** As messages name it. */
  readonly id: string;
  /** The links on which others let it in. */
  readonly joined: ReadonlySet<number>;
  /** `sealed`: to who keeps documents without their key. */
  opened(link: number, sealed: boolean): void;
  heard(link: number, message: Uint8Array): void;
  closed(link: number): void;
  sparse(on: boolean): void;
  /** Not all has left yet that was sent on the link. */
  held(link: number): void;
}

export interface ConnectionEvents {
  changed(): void;
  trouble(text: string): void;
  /** What `trouble` told of is over. */
  relief(text: string): void;
}

/**
 * `live`: with a peer, or in the room and nobody else is. `offline`: no peer, and no network or no
 * server. `connecting`: on the way from the one to the other.
 */
export type Status = "offline" | "connecting" | "live";

const OTHER_KEY =
  "Someone is here with another key than yours, so neither sees what the other one writes. Compare " +
  "your links: if they are the same, the server is not to be trusted.";
// How often it is looked whether the server is needed as a way, and what links hold; those of the mesh
// are small.
const LOOK_EVERY_MS = 1_000;
const UPLINKS = 2 ** 31;

export class Connection {
  private readonly mesh: Mesh;
  /** Meets peers without a server. */
  readonly byHand: ByHand;
  private readonly signalling: Signalling;
  /** The way through the server, and its link while it is open. */
  private readonly uplink: Uplink;
  private up = UPLINKS;
  /** Those open, and whether they are sealed. */
  private readonly links = new Map<number, boolean>();
  private readonly documents = new Map<string, Carried>();
  private isSparse = false;

  /** `server`: where its WebSockets are, with a slash behind. */
  constructor(
    link: Link,
    server: string,
    certificate: RTCCertificate | null,
    private readonly first: Carried,
    private readonly on: ConnectionEvents,
  ) {
    const key = roomKey(link);
    const channels = {
      open: (id: number) => this.opened(id, false),
      message: (id: number, bytes: Uint8Array) => this.heard(id, bytes),
      closed: (id: number) => this.closed(id),
    };
    this.mesh = new Mesh(key, certificate, {
      say: (to, data) => this.signalling.say(to, data),
      ...channels,
      open: (id, relay, fingerprint) => {
        this.byHand.leave(fingerprint);
        this.opened(id, relay);
      },
      sparse: (on) => this.sparse(on),
      refused: (any) => (any ? on.trouble(OTHER_KEY) : on.relief(OTHER_KEY)),
    });
    this.byHand = new ByHand(key, this.mesh.config, channels);
    this.uplink = new Uplink(new URL("rooms", server).href, {
      open: () => this.opened(++this.up, true),
      message: (bytes) => this.heard(this.up, bytes),
      closed: () => this.closed(this.up),
    });
    setInterval(() => this.look(), LOOK_EVERY_MS);
    this.signalling = new Signalling(new URL("signal", server).href, link.room, {
      welcome: (self, peers, ice) => this.mesh.welcome(self, peers, ice),
      joined: (peer) => this.mesh.joined(peer),
      left: (peer) => this.mesh.left(peer),
      signal: (from, data) => this.mesh.signal(from, data),
      changed: () => this.on.changed(),
    });
    this.carry(first);
    addEventListener("online", () => {
      this.mesh.moved();
      this.on.changed();
    });
    addEventListener("offline", () => this.on.changed());
  }

  /** One document more, on all links there are. */
  carry(document: Carried): void {
    this.documents.set(document.id, document);
    if (this.isSparse) document.sparse(true);
    for (const [link, sealed] of this.links) document.opened(link, sealed);
  }

  send(link: number, message: Uint8Array): void {
    if (link === this.up) this.uplink.send(message);
    else this.through(link).send(link, message);
  }

  hangUp(link: number): void {
    if (link === this.up) this.uplink.hangUp();
    else this.through(link).hangUp(link);
  }

  get status(): Status {
    if (this.first.joined.size > 0) return "live";
    // What answers is reachable, whatever the browser thinks of the network.
    if (this.signalling.state === "up") return this.mesh.present === 0 ? "live" : "connecting";
    return !navigator.onLine || this.signalling.state === "down" ? "offline" : "connecting";
  }

  /** Is this link the server, because no packet passes to some who are here? */
  isServer(link: number): boolean {
    return link === this.up && this.links.has(link);
  }

  private through(link: number): Mesh | ByHand {
    return this.byHand.has(link) ? this.byHand : this.mesh;
  }

  private look(): void {
    this.uplink.want(this.mesh.apart);
    for (const link of this.links.keys()) {
      const holds = link === this.up ? this.uplink.holds : this.through(link).holds(link);
      if (holds) for (const document of this.documents.values()) document.held(link);
    }
  }

  private opened(link: number, sealed: boolean): void {
    this.links.set(link, sealed);
    for (const document of this.documents.values()) document.opened(link, sealed);
  }

  private heard(link: number, message: Uint8Array): void {
    const id = roomOf(message.subarray(0, ADDRESS));
    const document = id === undefined ? undefined : this.documents.get(id);
    (document ?? this.first).heard(link, message);
  }

  private closed(link: number): void {
    this.links.delete(link);
    for (const document of this.documents.values()) document.closed(link);
  }

  private sparse(on: boolean): void {
    this.isSparse = on;
    for (const document of this.documents.values()) document.sparse(on);
  }
}

export async function newCertificate(on: ConnectionEvents): Promise<RTCCertificate | null> {
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  try {
    return await RTCPeerConnection.generateCertificate(curve);
  } catch {
    on.trouble("WebRTC is turned off in this browser: what you write goes through the server, sealed.");
    return null;
  }
}
