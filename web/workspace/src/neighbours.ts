// SPDX-License-Identifier: MIT
// With whom of a room a member keeps a channel (docs/PROTOCOL.md section 1.5; src/host/neighbours.c is
// the same). In a small room with everybody. In a larger one the room's key puts each name at a place
// on each of three rings, and a member keeps a channel to those next to it, on both sides.

import type { RoomKey } from "./link";
import { derive } from "./seal";

const RINGS = 3;
/** So many others are all wanted. */
export const ALL = 12;
// On a ring, past those that cannot be reached.
const TRIES = 4;
/** So many channels are kept, those that are not wanted any more among them. */
export const LINKS = 16;

export interface Neighbour {
  at: number[];
  /** The last attempt failed. */
  unreached: boolean;
  wanted: boolean;
}

export function place(link: RoomKey, name: string): Neighbour {
  const hash = derive(link, "ring", name);
  const view = new DataView(hash.buffer, hash.byteOffset);
  const at = Array.from({ length: RINGS }, (_, ring) => view.getUint32(4 * ring));
  return { at, unreached: false, wanted: false };
}

/** Says of each of the others whether it is wanted. */
export function choose(self: Neighbour, others: Neighbour[]): void {
  for (const other of others) other.wanted = others.length <= ALL;
  if (others.length <= ALL) return;
  for (let ring = 0; ring < RINGS; ring += 1) {
    for (const side of [1, -1]) walk(self, others, ring, side);
  }
}

/** Wants those next to `self` on one side of a ring, up to the first that can be reached. */
function walk(self: Neighbour, others: Neighbour[], ring: number, side: number): void {
  let passed = -1;
  for (let tries = 0; tries < TRIES; tries += 1) {
    let next: Neighbour | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const other of others) {
      const far = (side * (other.at[ring] - self.at[ring])) >>> 0;
      if (far > passed && far < least) [next, least] = [other, far];
    }
    if (!next) return;
    next.wanted = true;
    if (!next.unreached) return;
    passed = least;
  }
}
