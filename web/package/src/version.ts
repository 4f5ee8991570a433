// SPDX-License-Identifier: MIT

import { check, outBytes, outRead, put, putBytes } from "./call.js";
import { engine } from "./module.js";
import type { Frontiers, OpId, PeerID } from "./value.js";

type Ends = Map<PeerID, number>;

function spell(peer: number | bigint | PeerID): PeerID {
  return BigInt(peer).toString() as PeerID;
}

/** What someone has: for each peer, the counter after its last operation. */
export class VersionVector {
  private readonly _ends: Ends;

  constructor(value?: ReadonlyMap<PeerID, number> | Uint8Array | VersionVector | null) {
    if (value instanceof Uint8Array) this._ends = VersionVector.decode(value)._ends;
    else if (value instanceof VersionVector) this._ends = new Map(value._ends);
    else this._ends = new Map(value ?? []);
  }

  static parseJSON(version: ReadonlyMap<PeerID, number>): VersionVector {
    return new VersionVector(version);
  }

  static decode(bytes: Uint8Array): VersionVector {
    check(engine().w_vv_decode(putBytes(bytes)));
    return outRead((r) => new VersionVector(r.version()));
  }

  encode(): Uint8Array {
    check(engine().w_vv_encode(put((w) => w.ids(this._ends))));
    return outBytes();
  }

  toJSON(): Map<PeerID, number> {
    return new Map(this._ends);
  }

  get(peer: number | bigint | PeerID): number | undefined {
    return this._ends.get(spell(peer));
  }

  /** The last operation of that peer. */
  setLast(id: OpId): void {
    this.setEnd({ peer: id.peer, counter: id.counter + 1 });
  }

  /** The counter after the last operation of that peer. */
  setEnd(id: OpId): void {
    if (id.counter > 0) this._ends.set(spell(id.peer), id.counter);
    else this.remove(id.peer);
  }

  remove(peer: PeerID): void {
    this._ends.delete(spell(peer));
  }

  length(): number {
    return this._ends.size;
  }

  private _covers(other: VersionVector): boolean {
    for (const [peer, end] of other._ends) if ((this._ends.get(peer) ?? 0) < end) return false;
    return true;
  }

  /** -1: less than `other`, 0: equal, 1: more, undefined: each has what the other lacks. */
  compare(other: VersionVector): -1 | 0 | 1 | undefined {
    const more = this._covers(other);
    const less = other._covers(this);
    if (more && less) return 0;
    return more ? 1 : less ? -1 : undefined;
  }

  /** Nothing to free; here because loro-crdt has it. */
  free(): void {}
}

export function encodeFrontiers(frontiers: Frontiers): Uint8Array {
  const ids = frontiers.map(({ peer, counter }) => [peer, counter] as const);
  check(engine().w_frontiers_encode(put((w) => w.ids(ids))));
  return outBytes();
}

export function decodeFrontiers(bytes: Uint8Array): Frontiers {
  check(engine().w_frontiers_decode(putBytes(bytes)));
  return outRead((r) => r.frontiers());
}
