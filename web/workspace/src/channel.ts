// SPDX-License-Identifier: MIT
// One attempt at a DataChannel with one peer: a session of docs/PROTOCOL.md section 1.2, from its
// offer to its end. It ends once and for good; whether another one follows is the mesh's business.
//
//   offer ─► answer ─► candidates both ways ─► open ─► messages ─► ended
//                                               │  ▲
//          the other side is silent, ICE restarts: offer and answer again

import { Turns } from "./turns";

export type Word =
  | { kind: "offer" | "answer"; session: string; sdp: string; restart?: number }
  | { kind: "restart"; session: string }
  | { kind: "candidate"; session: string; candidate: string; mid: string };

export interface ChannelEvents {
  say(word: Word): void;
  open(): void;
  message(bytes: Uint8Array): void;
  /** ICE must restart: the offering side is to call restart(). False: that cannot be told it now. */
  failing(): boolean;
  /** Not called when it was us who closed. */
  ended(): void;
}

export interface ChannelConfig {
  ice: RTCIceServer[];
  certificates: RTCCertificate[];
  /** How long it may take to open, if not OPEN_WITHIN_MS. */
  openWithinMs?: number;
}

// Chromium, when its offer is answered late, says `failed` for a moment and goes on.
const BLINK_MS = 1_000;
const LABEL = "loro-sync";
// A session that has not opened by then never will: an answer was lost, or no path exists.
const OPEN_WITHIN_MS = 15_000;
// Long enough for Wi-Fi to change its access point, much shorter than ICE's own verdict. Then ICE
// restarts, again and again, as long as consent would last (RFC 7675).
const DISCONNECTED_FOR_MS = 4_000;
const RESTART_AGAIN_MS = 5_000;
// The other side notices the same, and asks for what has just been done.
const RESTART_ONCE_MS = 1_000;
const LOST_AFTER_MS = 30_000;
// The browser closes a channel on which 16 MiB wait. Half of one MiB keeps the network busy.
const HIGH_WATER = 1024 * 1024;
const LOW_WATER = 512 * 1024;
// Candidates that come before their description; a browser has a dozen.
const MOST_EARLY = 100;

export class Channel {
  isOpen = false;

  private readonly pc: RTCPeerConnection;
  private data: RTCDataChannel | null = null;
  private done = false;
  private timer = 0;
  /** Restarts that the offering side has begun. */
  private restarts = 0;
  /** When we began the last one. */
  private restarted = Number.NEGATIVE_INFINITY;
  /** Since when the other side is silent; 0: it is not. */
  private silent = 0;
  /** Candidates that came before the description they belong to. */
  private early: RTCIceCandidateInit[] = [];
  private readonly waiting = new Turns();

  constructor(
    readonly session: string,
    config: ChannelConfig,
    private readonly on: ChannelEvents,
  ) {
    this.pc = new RTCPeerConnection({
      iceServers: config.ice,
      certificates: config.certificates,
    });
    this.pc.onicecandidate = (event) => {
      const candidate = event.candidate?.candidate ?? "";
      const mid = event.candidate?.sdpMid ?? "0";
      on.say({ kind: "candidate", session, candidate, mid });
    };
    this.pc.onconnectionstatechange = () => {
      if (config.openWithinMs) setTimeout(() => this.watch(), BLINK_MS);
      else this.watch();
    };
    this.timer = setTimeout(() => this.end(), config.openWithinMs ?? OPEN_WITHIN_MS);
  }

  offer(): void {
    this.adopt(this.pc.createDataChannel(LABEL, { ordered: true }));
    void this.describe("offer");
  }

  async answer(sdp: string): Promise<void> {
    this.pc.ondatachannel = (event) => {
      if (event.channel.label === LABEL) this.adopt(event.channel);
    };
    if (await this.accept({ type: "offer", sdp })) await this.describe("answer");
  }

  restart(): void {
    if (!this.isOpen || performance.now() - this.restarted < RESTART_ONCE_MS) return;
    this.restarted = performance.now();
    this.restarts += 1;
    this.pc.restartIce();
    void this.describe("offer");
  }

  async hear(word: Word): Promise<void> {
    if (word.kind === "offer") {
      if (!this.isOpen || (word.restart ?? 0) <= this.restarts) return;
      this.restarts = word.restart ?? 0;
      return this.answer(word.sdp);
    }
    if (word.kind === "answer") {
      if ((word.restart ?? 0) !== this.restarts) return; // to an offer that another one has replaced
      await this.accept({ type: "answer", sdp: word.sdp });
    }
    if (word.kind !== "candidate") return;
    const candidate = { candidate: word.candidate, sdpMid: word.mid };
    if (this.pc.remoteDescription) this.addCandidate(candidate);
    else if (this.early.length < MOST_EARLY) this.early.push(candidate);
  }

  /** Who is at the other end, proven by DTLS: the same for all sessions with one tab or program. */
  get fingerprint(): string {
    return /^a=fingerprint:(.+)$/m.exec(this.pc.remoteDescription?.sdp ?? "")?.[1].trim() ?? "";
  }

  send(bytes: Uint8Array): void {
    this.waiting.put(bytes);
    this.drain();
  }

  /** Has not all left that was sent? */
  get holds(): boolean {
    return !this.waiting.empty || (this.data?.bufferedAmount ?? 0) > 0;
  }

  close(): void {
    this.done = true;
    clearTimeout(this.timer);
    this.pc.close();
  }

  private async describe(kind: "offer" | "answer"): Promise<void> {
    try {
      await this.pc.setLocalDescription();
      const sdp = this.pc.localDescription?.sdp;
      const restart = this.restarts || undefined;
      if (sdp) this.on.say({ kind, session: this.session, sdp, restart });
    } catch {
      this.end();
    }
  }

  private async accept(description: RTCSessionDescriptionInit): Promise<boolean> {
    try {
      await this.pc.setRemoteDescription(description);
    } catch {
      this.end();
      return false;
    }
    for (const candidate of this.early.splice(0)) this.addCandidate(candidate);
    return true;
  }

  private addCandidate(candidate: RTCIceCandidateInit): void {
    // A candidate this browser cannot use is one path fewer, not a failure.
    this.pc.addIceCandidate(candidate).catch(() => undefined);
  }

  private adopt(data: RTCDataChannel): void {
    this.data = data;
    data.binaryType = "arraybuffer";
    data.bufferedAmountLowThreshold = LOW_WATER;
    data.onopen = () => {
      clearTimeout(this.timer);
      this.isOpen = true;
      this.on.open();
    };
    data.onmessage = (event) => {
      if (event.data instanceof ArrayBuffer) this.on.message(new Uint8Array(event.data));
    };
    data.onbufferedamountlow = () => this.drain();
    data.onclose = () => this.end();
  }

  private drain(): void {
    const data = this.data;
    if (data?.readyState !== "open") return;
    try {
      while (!this.waiting.empty && data.bufferedAmount < HIGH_WATER) {
        data.send(this.waiting.take() as Uint8Array<ArrayBuffer>); // never shared memory
      }
    } catch {
      // The message is beyond what the other end takes. What it misses it is given by the join of
      // the next session.
      this.end();
    }
  }

  private watch(): void {
    const state = this.pc.connectionState;
    if (state === "closed" || (state === "failed" && !this.isOpen)) return this.end();
    if (!this.isOpen) return;
    if (state === "connected") {
      clearTimeout(this.timer);
      this.silent = 0;
    } else if (state === "disconnected" || state === "failed") {
      if (this.silent) return;
      this.silent = performance.now();
      this.mendIn(state === "failed" ? 0 : DISCONNECTED_FOR_MS);
    }
  }

  private mendIn(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const lost = performance.now() - this.silent > LOST_AFTER_MS;
      if (lost || !this.on.failing()) return this.end();
      this.mendIn(RESTART_AGAIN_MS);
    }, ms);
  }

  private end(): void {
    if (this.done) return;
    this.close();
    this.on.ended();
  }
}
