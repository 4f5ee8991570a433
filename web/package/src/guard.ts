// SPDX-License-Identifier: MIT
// Who may write in a room: what is not signed with a key that belongs to this one is not taken there.
//
// The engine knows a guard by a number, and asks here for a signature, and whether one is good, in the
// middle of a call: nothing may go through it as an exception then, nor call it again.

import { check, outBytes, peek, putBytes } from "./call.js";
import * as ed25519 from "./ed25519.js";
import { ESTATE } from "./errors.js";
import { engine, handleOf, own, type Owned, provide, release } from "./module.js";

export interface GuardOptions {
  /** What is signed begins so: say what it is, and for which room. */
  head: string;
  /** Of who may write: 32 random bytes. */
  seed?: Uint8Array;
  /** Of who only reads: the `key` of somebody who may write. */
  key?: Uint8Array;
}

interface Signer {
  head: Uint8Array;
  seed: Uint8Array | undefined;
  key: Uint8Array;
}

const signers = new Map<number, Signer>();
let made = 0;

/** 0: it could not be made, for which only memory can be the reason. */
function sign(guard: number, blob: number, len: number, out: number): number {
  try {
    const { seed, head } = signers.get(guard)!;
    peek(out, ed25519.SIGNATURE).set(ed25519.sign(seed!, head, peek(blob, len)));
    return 1;
  } catch {
    return 0;
  }
}

function verify(guard: number, blob: number, len: number, signature: number): number {
  const signer = signers.get(guard);
  if (signer === undefined) return 0;
  const { key, head } = signer;
  return Number(ed25519.verify(key, head, peek(blob, len), peek(signature, ed25519.SIGNATURE)));
}

provide("guard", { sign, verify });

/** Ed25519 signatures (RFC 8032) for the updates of a room. */
export class Guard {
  /** Checks what was signed; 32 bytes. */
  readonly key: Uint8Array;
  readonly writes: boolean;
  private readonly _owned: Owned;

  constructor({ head, seed, key }: GuardOptions) {
    const given = seed ?? key;
    if (given?.length !== ed25519.KEY) throw new ESTATE("no guard: its key has not 32 bytes");
    this.writes = seed !== undefined;
    this.key = seed ? ed25519.publicKey(seed) : given.slice();
    const signer = { head: new TextEncoder().encode(head), seed: seed?.slice(), key: this.key };
    signers.set(++made, signer);
    this._owned = own(this, made, (guard) => signers.delete(guard));
  }

  /** @internal */
  get handle(): number {
    return handleOf(this._owned, "guard");
  }

  /** Only when no room uses it any more. */
  free(): void {
    release(this._owned);
  }

  /** A blob as an update of the room. */
  sign(blob: Uint8Array): Uint8Array {
    if (!this.writes) throw new ESTATE("the guard only reads");
    check(engine().w_guard_sign(this.handle, putBytes(blob)));
    return outBytes();
  }

  /** Is all of the update signed? */
  verify(update: Uint8Array): boolean {
    return engine().w_guard_verify(this.handle, putBytes(update)) === 1;
  }
}
