// SPDX-License-Identifier: MIT
// Who is here, as one tells it the others (docs/PROTOCOL.md section 2.3). What comes is text of others: it
// may be anything, and what is not of this shape is nobody.

import type { Value } from "lorikeet-crdt/room";

export interface Person {
  /** Of their session, drawn at random. */
  key: string;
  name: string;
  /** Which of COLOURS, see style.css. */
  colour: number;
  /** Encoded cursors: where they are, and where what they have selected begins or ends. */
  cursor?: Uint8Array;
  anchor?: Uint8Array;
}

export const COLOURS = 8;
export const NAME_MAX = 40;
const CURSOR_MAX = 256;
// Letters may have a few marks above and below, not a tower.
const MARKS = /(\p{M}{3})\p{M}+/gu;
// What is not seen, or turns the direction of what stands beside it; emoji and Persian need two of them.
const UNSEEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;
const SEEN = /[^\s\u200c\u200d\p{M}]/u;

/** Empty: that is no name. */
export function cleanName(said: unknown): string {
  if (typeof said !== "string") return "";
  const line = said.slice(0, 256).replace(/\s+/g, " ").replace(UNSEEN, "").normalize("NFC");
  const name = [...line.replace(MARKS, "$1").trim()].slice(0, NAME_MAX).join("").trim();
  return SEEN.test(name) ? name : "";
}

/** Those who tell their name, but `own`. */
export function peopleOf(presence: Record<string, Value>, own: string): Person[] {
  const people: Person[] = [];
  for (const [key, value] of Object.entries(presence)) {
    const said = (value ?? {}) as Record<string, unknown>;
    const name = key === own ? "" : cleanName(said.name);
    if (!name) continue;
    const { cursor, anchor } = said;
    people.push({
      key,
      name,
      colour: colourOf(said.colour),
      cursor: bytesOf(cursor),
      anchor: bytesOf(anchor),
    });
  }
  return people;
}

/** The first letters of the first and the last word. */
export function initials(name: string): string {
  const words = name.split(" ");
  const ends = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return ends.map((word) => [...word][0].toUpperCase()).join("");
}

/** For who has not said a name yet. */
export function inventName(): string {
  const [one, other] = crypto.getRandomValues(new Uint8Array(2));
  return `${MANNERS[one % MANNERS.length]} ${BIRDS[other % BIRDS.length]}`;
}

const MANNERS = (
  "Brave Bright Calm Cheerful Clever Curious Eager Gentle Happy Kind Lively Merry Patient Quick " +
  "Quiet Sunny"
).split(" ");
const BIRDS = (
  "Crane Finch Heron Hoopoe Kestrel Lark Magpie Martin Oriole Owl Plover Puffin Robin Starling " +
  "Swift Wren"
).split(" ");

function colourOf(said: unknown): number {
  return Number.isInteger(said) && Number(said) >= 0 && Number(said) < COLOURS ? Number(said) : 0;
}

/** Presence is read as JSON, where bytes are numbers. */
function bytesOf(said: unknown): Uint8Array | undefined {
  if (!Array.isArray(said) || said.length > CURSOR_MAX) return undefined;
  const isByte = (byte: unknown) => Number.isInteger(byte) && Number(byte) === (Number(byte) & 255);
  return said.every(isByte) ? Uint8Array.from(said as number[]) : undefined;
}
