// SPDX-License-Identifier: MIT
// What is said to one peer by way of the server, sealed so that nobody between can read or change it
// (docs/PROTOCOL.md section 1.3). Not by WebCrypto: a page that came over plain HTTP has none.

import { gcm } from "@noble/ciphers/aes.js";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { fromBase64url, type RoomKey, toBase64url } from "./link";

export interface Sealed {
  n: number;
  box: string;
}

const NONCE = 12;

export class Seal {
  private readonly out: Uint8Array;
  private readonly in: Uint8Array;
  /** Numbers of the last words. */
  private said = 0;
  private heard = 0;

  /** `self` and `peer` are the names that signalling knows, new for each connection. */
  constructor(link: RoomKey, self: string, peer: string) {
    this.out = derive(link, "signal", self, peer);
    this.in = derive(link, "signal", peer, self);
  }

  close(word: unknown): Sealed {
    const n = ++this.said;
    const text = new TextEncoder().encode(JSON.stringify(word));
    return { n, box: toBase64url(chacha20poly1305(this.out, nonce(n)).encrypt(text)) };
  }

  /** The word; undefined if that peer did not seal it for us, or it comes too late. */
  open(data: unknown): unknown {
    const { n, box } = (data ?? {}) as Partial<Record<keyof Sealed, unknown>>;
    if (!Number.isSafeInteger(n) || typeof box !== "string") return undefined;
    const number = n as number;
    if (number <= this.heard) return undefined;
    try {
      const text = chacha20poly1305(this.in, nonce(number)).decrypt(fromBase64url(box));
      const word: unknown = JSON.parse(new TextDecoder().decode(text));
      this.heard = number;
      return word;
    } catch {
      return undefined;
    }
  }
}

/** 32 bytes that a key makes for one use and these names. No name has a slash. */
export function derive({ room, key }: RoomKey, use: string, ...names: string[]): Uint8Array {
  const info = new TextEncoder().encode([`lorikeet ${use} 1`, room, ...names].join("/"));
  return hkdf(sha256, fromBase64url(key), undefined, info, 32);
}

/** A slip (slip.ts) may be opened at any time, and more than once: it has a random nonce, in front. */
export function closeSlip(link: RoomKey, words: Uint8Array): Uint8Array {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
  const box = chacha20poly1305(slipKey(link), nonce).encrypt(words);
  return Uint8Array.from([...nonce, ...box]);
}

/** Throws if it was sealed otherwise. */
export function openSlip(link: RoomKey, sealed: Uint8Array): Uint8Array {
  const cipher = chacha20poly1305(slipKey(link), sealed.subarray(0, NONCE));
  return cipher.decrypt(sealed.subarray(NONCE));
}

function slipKey(link: RoomKey): Uint8Array {
  return derive(link, "slip");
}

/** What a relay of the room is given: enough to be met, and no way back to the key. */
export function relayKey(link: RoomKey): string {
  return toBase64url(derive(link, "relay"));
}

/** What records of the document are sealed with. */
export function documentKey(link: RoomKey): Uint8Array {
  return derive(link, "document");
}

/** What the document's members show one another is sealed with it, where it is kept. */
export function presenceKey(link: RoomKey): Uint8Array {
  return derive(link, "presence");
}

/** What the room's members say when they join it where it is kept. */
export function joinWord(link: RoomKey): Uint8Array {
  const magic = new TextEncoder().encode("lorikeet\x01");
  return Uint8Array.of(...magic, ...derive(link, "word"));
}

/** SHA-256. */
export function hash(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}

/** Records of %ELO (elo.ts), and entries of %EPH (presence_link.ts): AES-256-GCM, the header bound to it. */
export function closeBox(
  key: Uint8Array,
  iv: Uint8Array,
  header: Uint8Array,
  plain: Uint8Array,
): Uint8Array {
  return gcm(key, iv, header).encrypt(plain);
}

/** Throws if it was not closed so. */
export function openBox(
  key: Uint8Array,
  iv: Uint8Array,
  header: Uint8Array,
  box: Uint8Array,
): Uint8Array {
  return gcm(key, iv, header).decrypt(box);
}

/** The number in the last eight of twelve bytes, the highest first. */
function nonce(number: number): Uint8Array {
  const bytes = new Uint8Array(NONCE);
  new DataView(bytes.buffer).setBigUint64(4, BigInt(number));
  return bytes;
}
