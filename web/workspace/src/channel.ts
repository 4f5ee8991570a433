// SPDX-License-Identifier: MIT
// One attempt at a DataChannel with one peer: a session of docs/PROTOCOL.md section 1.2, from its
// offer to its end. It ends once and for good; whether another one follows is the mesh's business.
//
//   offer ─► answer ─► candidates both ways ─► open ─► messages ─► ended

export type Word =
  | { kind: "offer" | "answer"; session: string; sdp: string }
  | { kind: "candidate"; session: string; candidate: string; mid: string };

export interface ChannelEvents {
  say(word: Word): void;
  open(): void;
  message(bytes: Uint8Array): void;
  /** Not called when it was us who closed. */
  ended(): void;
}

export interface ChannelConfig {
  ice: RTCIceServer[];
  certificates: RTCCertificate[];
}

const LABEL = "loro-sync";
// A session that has not opened by then never will: an answer was lost, or no path exists.
const OPEN_WITHIN_MS = 15_000;
// Long enough for Wi-Fi to change its access point, much shorter than ICE's own verdict.
const DISCONNECTED_FOR_MS = 4_000;
// The browser closes a channel on which 16 MiB wait. Half of one MiB keeps the network busy.
const HIGH_WATER = 1024 * 1024;
const LOW_WATER = 512 * 1024;

export class Channel {
  isOpen = false;

  private readonly pc: RTCPeerConnection;
  private data: RTCDataChannel | null = null;
  private done = false;
  private timer = 0;
  /** Candidates that came before the description they belong to. */
  private early: RTCIceCandidateInit[] = [];
  private waiting: Uint8Array[] = [];

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
    this.pc.onconnectionstatechange = () => this.watch();
    this.timer = setTimeout(() => this.end(), OPEN_WITHIN_MS);
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

  async hear(word: Word): Promise<void> {
    if (word.kind === "answer") await this.accept({ type: "answer", sdp: word.sdp });
    if (word.kind !== "candidate") return;
    const candidate = { candidate: word.candidate, sdpMid: word.mid };
    if (this.pc.remoteDescription) this.addCandidate(candidate);
    else this.early.push(candidate);
  }

  /** Who is at the other end, proven by DTLS: the same for all sessions with one tab or program. */
  get fingerprint(): string {
    return /^a=fingerprint:(.+)$/m.exec(this.pc.remoteDescription?.sdp ?? "")?.[1].trim() ?? "";
  }

  send(bytes: Uint8Array): void {
    this.waiting.push(bytes);
    this.drain();
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
      if (sdp) this.on.say({ kind, session: this.session, sdp });
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
    let sent = 0;
    try {
      while (sent < this.waiting.length && data.bufferedAmount < HIGH_WATER) {
        data.send(this.waiting[sent] as Uint8Array<ArrayBuffer>); // never shared memory
        sent += 1;
      }
    } catch {
      // The message is beyond what the other end takes. What it misses it is given by the join of
      // the next session.
      return this.end();
    }
    this.waiting.splice(0, sent);
  }

  private watch(): void {
    const state = this.pc.connectionState;
    if (state === "failed" || state === "closed") return this.end();
    if (!this.isOpen) return;
    clearTimeout(this.timer);
    if (state === "disconnected") this.timer = setTimeout(() => this.end(), DISCONNECTED_FOR_MS);
  }

  private end(): void {
    if (this.done) return;
    this.close();
    this.on.ended();
  }
}
