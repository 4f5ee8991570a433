// SPDX-License-Identifier: MIT
// The way through the server, for peers that no packet passes between: a WebSocket to the room that
// the server keeps sealed (docs/PROTOCOL.md section 3). Open while it is wanted.

import { Backoff } from "./backoff";
import { Turns } from "./turns";

export interface UplinkEvents {
  open(): void;
  message(bytes: Uint8Array): void;
  closed(): void;
}

// The protocol's heartbeat: a connection that died with the network says nothing by itself.
const PING_EVERY_MS = 8_000;
const ANSWER_WITHIN_MS = 4_000;
// Given to the connection ahead of what it has sent. It does not tell when that has gone: one looks.
const HIGH_WATER = 512 * 1024;
const LOOK_AGAIN_MS = 20;

export class Uplink {
  private wanted = false;
  private socket: WebSocket | null = null;
  private isOpen = false;
  private readonly backoff = new Backoff();
  private retryTimer = 0;
  private pingTimer = 0;
  private drainTimer = 0;
  private waiting = new Turns();

  constructor(
    private readonly url: string,
    private readonly on: UplinkEvents,
  ) {}

  want(wanted: boolean): void {
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    this.backoff.reset();
    if (wanted) this.connect();
    else this.drop();
  }

  send(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    this.waiting.put(bytes);
    this.drain();
  }

  /** Has not all left that was sent? */
  get holds(): boolean {
    return !this.waiting.empty || (this.socket?.bufferedAmount ?? 0) > 0;
  }

  /** Gives this connection up; if it is wanted, another one follows. */
  hangUp(): void {
    this.drop();
    if (this.wanted) this.retryTimer = setTimeout(() => this.connect(), this.backoff.next());
  }

  private connect(): void {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.isOpen = true;
      this.heard();
      this.on.open();
    };
    socket.onmessage = ({ data }) => {
      this.heard();
      if (!(data instanceof ArrayBuffer)) return;
      this.backoff.reset();
      this.drain(); // timers of a page that is hidden are late
      this.on.message(new Uint8Array(data));
    };
    socket.onclose = () => this.hangUp();
    this.pingTimer = setTimeout(() => this.hangUp(), ANSWER_WITHIN_MS);
  }

  private drain(): void {
    clearTimeout(this.drainTimer);
    const { socket, waiting } = this;
    while (socket && !waiting.empty && socket.bufferedAmount < HIGH_WATER) {
      socket.send(waiting.take() as Uint8Array<ArrayBuffer>); // never shared memory
    }
    if (!waiting.empty) this.drainTimer = setTimeout(() => this.drain(), LOOK_AGAIN_MS);
  }

  /** Asks for a sign of life when none has come for a while. */
  private heard(): void {
    clearTimeout(this.pingTimer);
    this.pingTimer = setTimeout(() => {
      this.socket?.send("ping");
      this.pingTimer = setTimeout(() => this.hangUp(), ANSWER_WITHIN_MS);
    }, PING_EVERY_MS);
  }

  private drop(): void {
    clearTimeout(this.retryTimer);
    clearTimeout(this.pingTimer);
    clearTimeout(this.drainTimer);
    this.waiting = new Turns();
    const { socket, isOpen } = this;
    this.socket = null;
    this.isOpen = false;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    if (isOpen) this.on.closed();
  }
}
