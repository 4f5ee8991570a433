// SPDX-License-Identifier: MIT

import { check, found, outBytes, outRead, putBytes } from "./call.js";
import type { Container, ContainerID } from "./container.js";
import { EVALUE } from "./errors.js";
import { engine } from "./module.js";
import type { OpId, Reader } from "./value.js";

/** How a cursor clings to what it stands at: before it, at it, or behind it. */
export type Side = -1 | 0 | 1;

function readSide(r: Reader): Side {
  return (r.u8() - 1) as Side;
}

/** A place in a text or list that stays where it is while others edit. */
export class Cursor {
  private readonly _bytes: Uint8Array;
  private readonly _side: Side;
  private readonly _pos: OpId | undefined;
  private readonly _container: ContainerID;

  /** @internal Use getCursor() or decode(). */
  constructor(bytes: Uint8Array) {
    check(engine().w_cursor_read(putBytes(bytes)));
    this._bytes = bytes;
    [this._side, this._pos, this._container] = outRead((r) => {
      const [side, atom] = [readSide(r), r.u8() === 1];
      const id = { peer: r.peer(), counter: r.uleb() };
      return [side, atom ? id : undefined, r.string() as ContainerID];
    });
  }

  static decode(data: Uint8Array): Cursor {
    return new Cursor(data.slice());
  }

  encode(): Uint8Array {
    return this._bytes.slice();
  }

  containerId(): ContainerID {
    return this._container;
  }

  /** What it stands at; undefined: an end of the container. */
  pos(): OpId | undefined {
    return this._pos && { ...this._pos };
  }

  side(): Side {
    return this._side;
  }

  kind(): "Cursor" {
    return "Cursor";
  }

  /** Nothing to free; here because loro-crdt has it. */
  free(): void {}
}

const RANGE = -1;

export type CursorPlace = { update?: Cursor; offset: number; side: Side };

/** @internal A cursor in `container`; none between the halves of a surrogate pair. */
export function cursorIn(container: Container, pos: number, side: Side): Cursor | undefined {
  if (![-1, 0, 1].includes(side)) throw new EVALUE("Side must be -1 | 0 | 1");
  if (!container.isAttached()) return undefined;
  const { handle } = container.store;
  const status = engine().w_cursor_new(handle, container.ref, pos >>> 0, side);
  return status === RANGE ? undefined : (check(status), new Cursor(outBytes()));
}

/** @internal */
export function placeOf(doc: number, cursor: Cursor): CursorPlace | undefined {
  if (!(cursor instanceof Cursor)) throw new EVALUE("expected instance of Cursor");
  const offset = found(engine().w_cursor_resolve(doc, putBytes(cursor.encode())));
  if (offset === undefined) return undefined;
  const [side, bytes] = outRead((r) => [readSide(r), r.rest()] as const);
  const place: CursorPlace = { offset, side };
  if (bytes.length > 0) place.update = new Cursor(bytes);
  return place;
}
