// SPDX-License-Identifier: MIT
// A link names a room and holds a key: `#/ROOM?k=KEY` to write, `#/ROOM?v=KEYS` to read; `&d=NAME`
// behind that is another document of the room than the first. All of it is fragment, which browsers
// never send: signalling tells the server the room, and nothing tells it the key.

export interface Link {
  room: string;
  /** As it stands there. */
  key: string;
  /** It is one to read. */
  reads?: boolean;
  /** Of the document, if it is not the first one. */
  name?: string;
}

/** What members of a room share, in base64url: what they seal, they seal with keys made of it. */
export interface RoomKey {
  room: string;
  key: string;
}

const SHAPE =
  /^#\/([A-Za-z0-9_-]{1,128})\?(?:k=([A-Za-z0-9_-]{43})|v=([A-Za-z0-9_-]{86}))(?:&d=([^&]+))?$/;
/** As LIMIT_ROOM_ID_BYTES and LIMIT_DOCUMENT_NAME in src/base/limits.h. */
const ID_MAX = 128;
const NAME_MAX = 64;

export function parseLink(fragment: string): Link | null {
  const found = SHAPE.exec(fragment);
  if (!found) return null;
  const [, room, key, keys, coded] = found;
  const link: Link = key ? { room, key } : { room, key: keys, reads: true };
  if (coded === undefined) return link;
  const name = decoded(coded);
  return isName(room, name) ? { ...link, name } : null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/** May a document of the room have this name (docs/PROTOCOL.md section 2.2)? */
export function isName(room: string, name: string): boolean {
  const bytes = new TextEncoder().encode(name).length;
  const fits = bytes > 0 && bytes <= NAME_MAX && room.length + 1 + bytes <= ID_MAX;
  return fits && !/[\0-\x1f\x7f/]/.test(name);
}

/** What messages, and the storage, know a document by. */
export function documentId({ room, name }: Pick<Link, "room" | "name">): string {
  return name ? `${room}/${name}` : room;
}

export function newLink(): Link {
  return { room: randomText(16), key: randomText(32) };
}

export function linkFragment({ room, key, reads, name }: Link): string {
  const document = name ? `&d=${encodeURIComponent(name)}` : "";
  return `#/${room}?${reads ? "v" : "k"}=${key}${document}`;
}

/** A link with an offer at its end that was carried by hand (docs/PROTOCOL.md section 1.6). */
export function offerFragment(link: Link, slip: string): string {
  return `${linkFragment(link)}&o=${slip}`;
}

/** Such a link's fragment without its offer, and the offer. */
export function takeOffer(fragment: string): [link: string, slip: string | null] {
  const found = /^(.*)&o=([A-Za-z0-9_-]+)$/.exec(fragment);
  return found ? [found[1], found[2]] : [fragment, null];
}

/** That many random bytes as base64url. */
export function randomText(bytes: number): string {
  return toBase64url(crypto.getRandomValues(new Uint8Array(bytes)));
}

/** Base64url has no padding here. */
export function toBase64url(bytes: Uint8Array): string {
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Throws for what is none. */
export function fromBase64url(text: string): Uint8Array {
  const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(bytes, (byte) => byte.charCodeAt(0));
}
