// SPDX-License-Identifier: MIT
// A slip: an offer or an answer that people carry themselves, where no server does (docs/PROTOCOL.md
// section 1.6). It says no more than is needed to write the description again, sealed with the
// link's key, so that it is short enough for a QR code and nobody between can read or change it.
//
//   description ─► ufrag, password, fingerprint, setup, candidates ─► bytes ─► sealed ─► base64url

import { Reader } from "./frame";
import { fromBase64url, type RoomKey, toBase64url } from "./link";
import { closeSlip, openSlip } from "./seal";

export interface Slip {
  kind: "offer" | "answer";
  /** Which offer it is, or which one it answers: 8 bytes as base64url. */
  session: string;
  sdp: string;
}

export const SESSION_BYTES = 8;
const FINGERPRINT = 32;
/** What the other end may be in DTLS, by the first byte. */
const SETUP = ["actpass", "active", "passive"];
const TYPES = ["host", "srflx", "relay"];
// RFC 8445 section 5.1.2.2: what they are preferred by.
const PREFERENCE = [126, 100, 0];
const FAMILY = { v4: 0, v6: 1, mdns: 2 };
const ADDRESS_BYTES = [4, 16, 16];
// More paths than that make a code that is hard to scan.
const CANDIDATES_MAX = 10;

export function writeSlip(link: RoomKey, slip: Slip): string {
  return toBase64url(closeSlip(link, packDescription(slip)));
}

/** null: it was not sealed with this link's key, or is no slip at all. */
export function readSlip(link: RoomKey, text: string): Slip | null {
  try {
    return unpackDescription(openSlip(link, fromBase64url(text)));
  } catch {
    return null;
  }
}

// ---- bytes ----

function packDescription({ kind, session, sdp }: Slip): Uint8Array {
  const value = (name: string) => new RegExp(`^a=${name}(.*?)\r?$`, "m").exec(sdp)?.[1] ?? "";
  const setup = kind === "offer" ? 0 : SETUP.indexOf(value("setup:"));
  const fingerprint = value("fingerprint:sha-256 ").split(":");
  const text = (s: string) => [s.length, ...new TextEncoder().encode(s)];
  return Uint8Array.from([
    setup,
    ...fromBase64url(session),
    ...fingerprint.map((hex) => Number.parseInt(hex, 16)),
    ...text(value("ice-ufrag:")),
    ...text(value("ice-pwd:")),
    ...[...sdp.matchAll(/^a=(candidate:.*?)\r?$/gm)]
      .map(([, line]) => packCandidate(line))
      .filter((packed) => packed !== null)
      .slice(0, CANDIDATES_MAX)
      .flat(),
  ]);
}

/** Throws for what is no description. */
function unpackDescription(bytes: Uint8Array): Slip {
  const read = new Reader(bytes);
  const setup = known(SETUP, read.byte());
  const session = toBase64url(read.take(SESSION_BYTES));
  const fingerprint = hexPairs(read.take(FINGERPRINT)).join(":").toUpperCase();
  const [ufrag, pwd] = [readWord(read), readWord(read)];
  const lines = [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    "a=mid:0",
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${pwd}`,
    "a=ice-options:trickle",
    `a=fingerprint:sha-256 ${fingerprint}`,
    `a=setup:${setup}`,
    "a=sctp-port:5000",
    "a=max-message-size:262144",
  ];
  for (let i = 0; read.left > 0 && i < CANDIDATES_MAX; i += 1) lines.push(`a=${readCandidate(read, i)}`);
  const kind = setup === SETUP[0] ? "offer" : "answer";
  return { kind, session, sdp: `${lines.join("\r\n")}\r\n` };
}

/** Whoever sealed it has the key; all the same a line stays a line. */
function readWord(read: Reader): string {
  const bytes = read.take(read.byte());
  if (bytes.some((byte) => byte <= 32 || byte > 126)) throw new RangeError("not printable");
  return new TextDecoder().decode(bytes);
}

function known<T>(all: T[], index: number): T {
  if (index >= all.length) throw new RangeError("of an unknown kind");
  return all[index];
}

// ---- candidates: type and family, port, address ----

function packCandidate(line: string): number[] | null {
  const words = line.split(" ");
  const [, component, transport, , address, port, , type] = words;
  const packed = packAddress(address);
  const kind = TYPES.indexOf(type);
  if (component !== "1" || transport.toLowerCase() !== "udp" || !packed || kind < 0) return null;
  const [family, bytes] = packed;
  return [family | (kind << 2), Number(port) >> 8, Number(port) & 255, ...bytes];
}

function readCandidate(read: Reader, i: number): string {
  const kinds = read.byte();
  const type = known(TYPES, kinds >> 2);
  const port = read.byte() * 256 + read.byte();
  const address = unpackAddress(kinds & 3, read.take(known(ADDRESS_BYTES, kinds & 3)));
  const priority = PREFERENCE[kinds >> 2] * 2 ** 24 + (65535 - i) * 2 ** 8 + 255;
  const related = type === "host" ? "" : " raddr 0.0.0.0 rport 0";
  return `candidate:${i + 1} 1 udp ${priority} ${address} ${port} typ ${type}${related}`;
}

function packAddress(text: string): [family: number, bytes: number[]] | null {
  const uuid = /^([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\.local$/i.exec(text);
  if (uuid) return [FAMILY.mdns, fromHex(uuid[1].replaceAll("-", ""))];
  if (/^\d+(\.\d+){3}$/.test(text)) return [FAMILY.v4, text.split(".").map(Number)];
  const [front, back] = text.split("::").map((part) => part.split(":").filter(Boolean));
  const gap = 8 - front.length - (back?.length ?? 0);
  if (!/^[\da-f:]+$/i.test(text) || gap < 0 || (gap > 0 && !back)) return null;
  const groups = [...front, ...Array<string>(gap).fill("0"), ...(back ?? [])];
  return [FAMILY.v6, fromHex(groups.map((group) => group.padStart(4, "0")).join(""))];
}

function unpackAddress(family: number, bytes: Uint8Array): string {
  if (family === FAMILY.v4) return bytes.join(".");
  const hex = hexPairs(bytes).join("");
  if (family === FAMILY.v6) return (hex.match(/..../g) ?? []).join(":");
  return `${hex.replace(/^(.{8})(....)(....)(....)(.{12})$/, "$1-$2-$3-$4-$5")}.local`;
}

function fromHex(hex: string): number[] {
  return (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
}

function hexPairs(bytes: Uint8Array): string[] {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
}
