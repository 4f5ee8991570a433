// SPDX-License-Identifier: MIT
// What a link gives: the room's key to everyone, and to some what signs (docs/PROTOCOL.md section 2.1).

import { Guard } from "lorikeet-crdt/room";
import { fromBase64url, type Link, type RoomKey, toBase64url } from "./link";
import { derive } from "./seal";

const KEY = 32;

export function roomKey({ room, key, reads }: Link): RoomKey {
  const own = reads ? fromBase64url(key).slice(0, KEY) : derive({ room, key }, "read");
  return { room, key: toBase64url(own) };
}

/** The engine must be loaded. */
export function guardOf({ room, key, reads, name }: Link): Guard {
  const head = name ? `lorikeet named 1/${room}/${name}/` : `lorikeet update 1/${room}/`;
  if (reads) return new Guard({ head, key: fromBase64url(key).slice(KEY) });
  return new Guard({ head, seed: derive({ room, key }, "write") });
}

/** The link for those who shall only read. */
export function readersLink(link: Link, guard: Guard): Link {
  if (link.reads) return link;
  const { room, key } = roomKey(link);
  const keys = toBase64url(Uint8Array.of(...fromBase64url(key), ...guard.key));
  return { room, key: keys, reads: true, name: link.name };
}
