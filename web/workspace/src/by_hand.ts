// SPDX-License-Identifier: MIT
// Peers that met without any server: people carried an offer one way and an answer back (slip.ts).
// Nobody can ask for a new session here; a channel that ends is over.
//
//   offer() ─► slip ─── people ──► hear() there ─► slip ─── people ──► hear() here ─► open
//
// Minutes may pass between the two. Who answers is looked for by who puts the answer in, and should
// neither give up before nor begin what the other end cannot go on with yet. Browsers differ in that:
// see LOOKS_AT_ONCE.

import { Channel, type ChannelConfig } from "./channel";
import { type RoomKey, randomText } from "./link";
import { readSlip, SESSION_BYTES, type Slip, writeSlip } from "./slip";

export interface ByHandEvents {
  open(link: number): void;
  message(link: number, bytes: Uint8Array): void;
  closed(link: number): void;
}

interface Attempt {
  channel: Channel;
  /** 0: not open. */
  link: number;
}

// The numbers of links that a mesh counts from 1 never get here.
const FIRST_LINK = 2 ** 30;
// How long people may take to carry an offer and an answer.
const PATIENCE_MS = 60 * 60_000;
// A STUN server that does not answer shall not keep anybody waiting.
const GATHER_WITHIN_MS = 3_000;

/**
 * Does this browser, when it answers, get the other one's addresses with the offer? Firefox gives up
 * 5 s after an offer without any. The others wait for ever; with them, they begin DTLS with an
 * offerer that does not know them yet, and repeat that ever less often until it does.
 */
const LOOKS_AT_ONCE = /Firefox\//.test(navigator.userAgent);

const NOT_OURS =
  "This is not for this document, or a part of it is missing. Copy all of it, and see that both of " +
  "you have the same link.";
const NOT_ASKED =
  "This does not answer what stands above. It may be the answer to an earlier one: please send the " +
  "new one.";
const NO_ADDRESS = "This browser has no address at which others could reach it.";

export class ByHand {
  private readonly attempts = new Map<string, Attempt>();
  /** Someone was reached, or could not be. */
  met: (reached: boolean) => void = () => undefined;
  private lastLink = FIRST_LINK;
  /** The offer that waits for its answer. */
  private offered = "";

  constructor(
    private readonly link: RoomKey,
    private readonly config: ChannelConfig,
    private readonly on: ByHandEvents,
  ) {}

  /** An offer to be carried to someone. One that was made before is forgotten. */
  async offer(): Promise<string> {
    this.attempts.get(this.offered)?.channel.close();
    this.attempts.delete(this.offered);
    const session = randomText(SESSION_BYTES);
    this.offered = session;
    return this.describe("offer", session, (channel) => channel.offer());
  }

  /** Someone's offer: gives the answer to be carried back. Someone's answer: gives "". */
  async hear(text: string): Promise<string> {
    const slip = readSlip(this.link, text);
    if (!slip) throw new Error(NOT_OURS);
    const { kind, session, sdp } = slip;
    if (kind === "offer" && session === this.offered) throw new Error(NOT_ASKED);
    if (kind === "offer") {
      const heard = LOOKS_AT_ONCE ? sdp : withoutCandidates(sdp);
      return this.describe("answer", session, (channel) => channel.answer(heard));
    }
    if (session !== this.offered) throw new Error(NOT_ASKED);
    this.offered = "";
    void this.attempts.get(session)?.channel.hear({ kind, session, sdp });
    return "";
  }

  has(link: number): boolean {
    return link > FIRST_LINK;
  }

  send(link: number, bytes: Uint8Array): void {
    for (const attempt of this.attempts.values()) {
      if (attempt.link === link) attempt.channel.send(bytes);
    }
  }

  holds(link: number): boolean {
    return [...this.attempts.values()].some((attempt) => attempt.link === link && attempt.channel.holds);
  }

  hangUp(link: number): void {
    for (const [session, attempt] of this.attempts) {
      if (attempt.link === link) this.drop(session, attempt);
    }
  }

  /** Gives up the channel to a peer that was met otherwise, too. */
  leave(fingerprint: string): void {
    for (const { link, channel } of this.attempts.values()) {
      if (link > 0 && channel.fingerprint === fingerprint) this.hangUp(link);
    }
  }

  private async describe(
    kind: Slip["kind"],
    session: string,
    begin: (channel: Channel) => void,
  ): Promise<string> {
    const old = this.attempts.get(session);
    old?.channel.close();
    if (old?.link) this.on.closed(old.link);
    const sdp = await new Promise<string>((resolve) => {
      let description = "";
      const candidates: string[] = [];
      const done = () => resolve(withoutCandidates(description) + candidates.join(""));
      const channel = new Channel(session, { ...this.config, openWithinMs: PATIENCE_MS }, {
        say: (word) => {
          if (word.kind === "offer" || word.kind === "answer") description = word.sdp;
          if (word.kind !== "candidate") return;
          if (word.candidate) candidates.push(`a=${word.candidate}\r\n`);
          else done();
        },
        open: () => this.opened(attempt),
        message: (bytes) => this.on.message(attempt.link, bytes),
        // Nobody carries what a restart says. The path may come back by itself.
        failing: () => true,
        ended: () => this.drop(session, attempt),
      });
      const attempt: Attempt = { channel, link: 0 };
      this.attempts.set(session, attempt);
      begin(channel);
      setTimeout(done, GATHER_WITHIN_MS);
    });
    if (!/^a=candidate/m.test(sdp)) throw new Error(NO_ADDRESS);
    return writeSlip(this.link, { kind, session, sdp });
  }

  private opened(attempt: Attempt): void {
    attempt.link = ++this.lastLink;
    this.on.open(attempt.link);
    this.met(true);
  }

  private drop(session: string, attempt: Attempt): void {
    if (this.attempts.get(session) === attempt) this.attempts.delete(session);
    attempt.channel.close();
    if (attempt.link > 0) this.on.closed(attempt.link);
    else this.met(false);
  }
}

function withoutCandidates(sdp: string): string {
  return sdp.replaceAll(/^a=(candidate|end-of-candidates).*\r?\n/gm, "");
}
