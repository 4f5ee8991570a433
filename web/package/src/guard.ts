// SPDX-License-Identifier: MIT
// Who may write in a room: what is not signed with a key that belongs to this one is not taken there.

import { check, outBytes, put, putBytes } from "./call.js";
import { ESTATE } from "./errors.js";
import { engine, handleOf, own, type Owned, release } from "./module.js";

export interface GuardOptions {
  /** What is signed begins so: say what it is, and for which room. */
  head: string;
  /** Of who may write: 32 random bytes. */
  seed?: Uint8Array;
  /** Of who only reads: the `key` of somebody who may write. */
  key?: Uint8Array;
}

/** Ed25519 signatures (RFC 8032) for the updates of a room. */
export class Guard {
  /** Checks what was signed; 32 bytes. */
  readonly key: Uint8Array;
  readonly writes: boolean;
  private readonly _owned: Owned;

  constructor({ head, seed, key }: GuardOptions) {
    const len = put((w) => {
      const own = seed ?? key ?? new Uint8Array();
      w.raw(own);
      w.string(head);
    });
    const guard = engine().w_guard_new(Number(seed !== undefined), len);
    if (guard === 0) throw new ESTATE("no guard: its key has not 32 bytes, or memory is out");
    this._owned = own(this, guard, (guard) => engine().w_guard_free(guard));
    check(engine().w_guard_key(guard));
    this.key = outBytes();
    this.writes = seed !== undefined;
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
    check(engine().w_guard_sign(this.handle, putBytes(blob)));
    return outBytes();
  }

  /** Is all of the update signed? */
  verify(update: Uint8Array): boolean {
    return engine().w_guard_verify(this.handle, putBytes(update)) === 1;
  }
}
