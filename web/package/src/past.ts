// SPDX-License-Identifier: MIT
// Versions told in other ways, and documents that show their past.

import { check, found, outRead, put } from "./call.js";
import type { ContainerID } from "./container.js";
import { spell } from "./diff.js";
import { type Diff, readBatch } from "./event.js";
import { engine } from "./module.js";
import type { Store } from "./store.js";
import type { Frontiers, Writer } from "./value.js";
import { VersionVector } from "./version.js";

export function writeFrontiers(w: Writer, frontiers: Frontiers): void {
  w.ids(frontiers.map(({ peer, counter }) => [peer, counter] as const));
}

function putFrontiers(...versions: Frontiers[]): number {
  return put((w) => versions.forEach((version) => writeFrontiers(w, version)));
}

export function frontiersToVV({ handle }: Store, frontiers: Frontiers): VersionVector {
  check(engine().w_vv_of(handle, putFrontiers(frontiers)));
  return outRead((r) => new VersionVector(r.version()));
}

export function vvToFrontiers({ handle }: Store, vv: VersionVector): Frontiers {
  check(engine().w_frontiers_of(handle, put((w) => w.ids(vv.toJSON()))));
  return outRead((r) => r.frontiers());
}

/** -1: `a` is in the past of `b`, 0: equal, 1: the other way round, undefined: neither. */
export function compareFrontiers(
  { handle }: Store,
  a: Frontiers,
  b: Frontiers,
): -1 | 0 | 1 | undefined {
  check(engine().w_compare(handle, putFrontiers(a, b)));
  return ([-1, 0, 1, undefined] as const)[outRead((r) => r.u8())];
}

/** -1: the history lacks something of `frontiers`, 0: equal, 1: it has all that, and more. */
export function compareWith(store: Store, all: Frontiers, frontiers: Frontiers): -1 | 0 | 1 {
  const result = engine().w_compare(store.handle, putFrontiers(all, frontiers));
  if (found(result) === undefined) return -1;
  return ([-1, 0, 1, -1] as const)[outRead((r) => r.u8())]!;
}

/** While the past may be edited, whoever edits a version of it does so under a new peer id. */
function renewPeer(store: Store): void {
  if (store.editsPast) store.renewPeer();
}

export function checkout(store: Store, frontiers: Frontiers): void {
  store.transact(() => {
    check(engine().w_checkout(store.handle, putFrontiers(frontiers)));
    renewPeer(store);
  });
}

export function attach(store: Store): void {
  store.transact(() => {
    if (engine().w_is_detached(store.handle) === 0) return;
    check(engine().w_attach(store.handle));
    renewPeer(store);
  });
}

export function editDetached(store: Store, allowed: boolean): void {
  store.transact(() => {
    check(engine().w_edit_detached(store.handle, allowed ? 1 : 0));
    store.editsPast = allowed;
    if (engine().w_is_detached(store.handle) === 1) renewPeer(store);
  });
}

/** The handle of a new document with what `frontiers` hold. */
export function fork(store: Store, peer: bigint, frontiers: Frontiers): number {
  return store.transact(() => {
    check(engine().w_fork(store.handle, peer, putFrontiers(frontiers)));
    return outRead((r) => r.u32());
  });
}

/** `json`: containers are told by their ids, so that the answer can be stored and sent. */
export function diff(
  store: Store,
  from: Frontiers,
  to: Frontiers,
  json: boolean,
): [ContainerID, Diff][] {
  return store.transact(() => {
    check(engine().w_diff_between(store.handle, putFrontiers(from, to)));
    const { events } = outRead((r) => readBatch(r, store), json ? spell(store) : store.wrap);
    return events.map(({ target, diff: change }) => [target, change]);
  });
}

/** Edit what is shown until it is what `frontiers` showed. */
export function revertTo(store: Store, frontiers: Frontiers): void {
  store.transact(() => {});
  check(engine().w_revert_to(store.handle, putFrontiers(frontiers)));
}
