// SPDX-License-Identifier: MIT
// The conversation with the server (docs/PROTOCOL.md section 1.1): enter a room, learn who is
// there, pass words on to one of them. The socket is opened again whenever it ends, and also when
// it has fallen silent: a connection that died with the network says nothing by itself.

import { Backoff } from "./backoff";
import { randomText } from "./link";

export interface SignallingEvents {
  welcome(self: string, peers: string[], ice: RTCIceServer[]): void;
  joined(peer: string): void;
  left(peer: string): void;
  signal(from: string, data: unknown): void;
  /** `reachable` changed, or a connection ended. */
  changed(): void;
}

type Incoming =
  | { type: "welcome"; peers: string[]; ice?: RTCIceServer[] }
  | { type: "peer-joined" | "peer-left"; peer: string }
  | { type: "signal"; from: string; data: unknown }
  | { type: "error"; code: string; message: string };

const PING_EVERY_MS = 8_000;
const ANSWER_WITHIN_MS = 4_000;
// What the server may say: a burst, refilled as time goes by, and a charge for each message. An honest one needs a
// tenth of that when we enter a full room.
const BURST = 8 << 20;
const REFILL_PER_MS = 1049;
const CHARGE = 512;

export class Signalling {
  /** `trying` until the first attempt has ended, then `up` while in the room and `down` while not. */
  state: "trying" | "up" | "down" = "trying";

  private socket: WebSocket | null = null;
  private readonly backoff = new Backoff();
  private retryTimer = 0;
  private pingTimer = 0;
  private silenceTimer = 0;
  private allowance = BURST;
  private refilled = 0;
  /** Our name in this connection. The server does not choose it: what is sealed is bound to it. */
  private self = "";

  constructor(
    private readonly url: string,
    private readonly room: string,
    private readonly on: SignallingEvents,
  ) {
    addEventListener("online", this.probe);
    addEventListener("offline", this.probe);
    document.addEventListener("visibilitychange", this.probe);
    this.connect();
  }

  say(to: string, data: unknown): void {
    if (this.state === "up") this.socket?.send(JSON.stringify({ type: "signal", to, data }));
  }

  private connect(): void {
    clearTimeout(this.retryTimer);
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.onopen = () => {
      this.allowance = BURST;
      this.self = randomText(16);
      const join = { type: "join", v: 1, room: this.room, peer: this.self };
      socket.send(JSON.stringify(join));
    };
    socket.onmessage = (event) => this.heard(event.data);
    socket.onclose = () => this.lost();
    this.expectAnswer();
  }

  private heard(text: unknown): void {
    clearTimeout(this.silenceTimer);
    if (this.state === "up") this.schedulePing();
    if (!this.bears(typeof text === "string" ? text.length : BURST)) return;
    if (typeof text !== "string" || text === "pong") return;
    const message = parse(text);
    switch (message?.type) {
      case "welcome":
        this.backoff.reset();
        this.state = "up";
        this.schedulePing();
        this.on.welcome(this.self, message.peers, message.ice ?? []);
        return this.on.changed();
      case "peer-joined":
        return this.on.joined(message.peer);
      case "peer-left":
        return this.on.left(message.peer);
      case "signal":
        return this.on.signal(message.from, message.data);
      case "error":
        // Refused at the door: try again later. Once inside, an error is about one message to a
        // peer who has just left, and `left` is on its way.
        if (this.state !== "up") this.lost();
    }
  }

  /** A server that floods is left alone for as long as possible; those whom it introduced stay. */
  private bears(bytes: number): boolean {
    const now = performance.now();
    this.allowance = Math.min(BURST, this.allowance + (now - this.refilled) * REFILL_PER_MS);
    this.refilled = now;
    this.allowance -= bytes + CHARGE;
    if (this.allowance >= 0) return true;
    this.backoff.longest();
    this.lost();
    return false;
  }

  private schedulePing(): void {
    clearTimeout(this.pingTimer);
    this.pingTimer = setTimeout(() => this.ping(), PING_EVERY_MS);
  }

  private ping(): void {
    this.socket?.send("ping");
    this.expectAnswer();
  }

  private expectAnswer(): void {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => this.lost(), ANSWER_WITHIN_MS);
  }

  /** The world may have changed: ask now instead of when the timer says so. */
  private readonly probe = (): void => {
    if (document.visibilityState === "hidden") return;
    if (this.state === "up") {
      this.ping();
    } else if (!this.socket) {
      this.backoff.reset();
      this.connect();
    }
  };

  private lost(): void {
    this.drop();
    this.state = "down";
    this.retryTimer = setTimeout(() => this.connect(), this.backoff.next());
    this.on.changed();
  }

  private drop(): void {
    clearTimeout(this.retryTimer);
    clearTimeout(this.pingTimer);
    clearTimeout(this.silenceTimer);
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}

/** What the server says is its own business, but it must not stop the page. */
function parse(text: string): Incoming | null {
  try {
    return JSON.parse(text) as Incoming;
  } catch {
    return null;
  }
}
