// SPDX-License-Identifier: MIT
// Functions of loro-crdt that have nothing to do here, or next to nothing.

import type { OpId, PeerID } from "./value.js";

/** The version of loro-crdt whose interface and bytes these are. */
export function LORO_VERSION(): string {
  return "1.17.1";
}

/** Errors say what went wrong as it is. */
export function setDebug(): void {}

/** The module needs no start. */
export function run(): void {}

/** Events were delivered before the call that caused them returned. */
export function callPendingEvents(): void {}

/** "counter@peer", in two. */
export function idStrToId(id: `${number}@${PeerID}`): OpId {
  const [counter, peer] = id.split("@") as [string, PeerID];
  return { counter: parseInt(counter), peer };
}

/** Whoever reads `constructor.name` finds it, however short the bundle makes the names. */
export function nameAll(surface: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(surface)) {
    if (typeof value === "function") Object.defineProperty(value, "name", { value: name });
  }
}
