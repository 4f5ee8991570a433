// SPDX-License-Identifier: MIT
// Bytes of the Loro syncing protocol v1, as far as elo_link.ts looks into them: the room (src/room) makes
// and reads the messages themselves.
//
//   magic (4) | room id (varString) | kind (1) | what the kind asks for

const MAGIC_LENGTH = 4;
/** As LIMIT_BATCH_BYTES in src/base/limits.h. */
const BATCH_MAX = 512 * 1024 * 1024;
const BATCH_LENGTH = 8;
/** The largest message of the protocol, and what fits into one beside its envelope. */
const MESSAGE_MAX = 256 * 1024;
const ENVELOPE_MAX = 4 + 2 + 128 + 1 + 8 + 5 + 5;

export const KIND = {
  joinRequest: 0,
  joinOk: 1,
  joinError: 2,
  update: 3,
  header: 4,
  fragment: 5,
  roomError: 6,
  leave: 7,
  ack: 8,
} as const;

export function concat(...parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function varUint(value: number): Uint8Array {
  const bytes = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return Uint8Array.of(...bytes, value);
}

export function varBytes(bytes: Uint8Array): Uint8Array {
  return concat(varUint(bytes.length), bytes);
}

export function varString(text: string): Uint8Array {
  return varBytes(new TextEncoder().encode(text));
}

/** Throws where the bytes end too early or say too much. */
export class Reader {
  at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** All that was read so far. */
  get past(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }

  take(length: number): Uint8Array {
    if (length > this.left) throw new RangeError("bytes end too early");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  byte(): number {
    return this.take(1)[0];
  }

  varUint(): number {
    let value = 0;
    for (let unit = 1; unit <= 2 ** 28; unit *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
    }
    throw new RangeError("number is too large");
  }

  varBytes(): Uint8Array {
    return this.take(this.varUint());
  }

  varString(): string {
    return new TextDecoder().decode(this.varBytes());
  }

  batch(): Uint8Array {
    return this.take(BATCH_LENGTH);
  }
}

export interface Frame {
  magic: string;
  room: string;
  kind: number;
  body: Reader;
}

/** Throws for what is no message. */
export function readFrame(bytes: Uint8Array): Frame {
  const body = new Reader(bytes);
  const magic = new TextDecoder().decode(body.take(MAGIC_LENGTH));
  const room = body.varString();
  return { magic, room, kind: body.byte(), body };
}

export function writeFrame(magic: string, room: string, kind: number, ...rest: Uint8Array[]) {
  return concat(new TextEncoder().encode(magic), varString(room), Uint8Array.of(kind), ...rest);
}

/** The same message about the other kind of room. */
export function withMagic(magic: string, bytes: Uint8Array): Uint8Array {
  return concat(new TextEncoder().encode(magic), bytes.subarray(MAGIC_LENGTH));
}

/** An update as one message, or in fragments, in messages of at most `max` bytes. */
export function* updateFrames(
  magic: string,
  room: string,
  batch: Uint8Array,
  update: Uint8Array,
  max = MESSAGE_MAX,
): Generator<Uint8Array> {
  const each = max - ENVELOPE_MAX;
  if (update.length <= each) {
    yield writeFrame(magic, room, KIND.update, varUint(1), varBytes(update), batch);
    return;
  }
  const count = Math.ceil(update.length / each);
  yield writeFrame(magic, room, KIND.header, batch, varUint(count), varUint(update.length));
  for (let i = 0; i < count; i += 1) {
    const part = update.subarray(i * each, (i + 1) * each);
    yield writeFrame(magic, room, KIND.fragment, batch, varUint(i), varBytes(part));
  }
}

/** Puts an update together that comes in fragments, in their order. */
export class Assembly {
  private batch: Uint8Array | null = null;
  private parts: Uint8Array[] = [];
  private missing = 0;

  begin(body: Reader): void {
    this.batch = body.batch().slice();
    body.varUint();
    this.missing = body.varUint();
    if (this.missing > BATCH_MAX) throw new RangeError("a batch is too large");
    this.parts = [];
  }

  /** The update, once it is whole. Throws if there is more of it than was announced. */
  add(body: Reader): { batch: Uint8Array; update: Uint8Array } | null {
    const { batch } = this;
    const of = body.batch();
    if (!batch || of.some((byte, i) => byte !== batch[i])) return null;
    body.varUint();
    const part = body.varBytes();
    this.missing -= part.length;
    if (this.missing < 0 || part.length === 0) throw new RangeError("fragments do not add up");
    this.parts.push(part);
    if (this.missing > 0) return null;
    this.batch = null;
    return { batch, update: concat(...this.parts.splice(0)) };
  }
}
