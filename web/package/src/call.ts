// SPDX-License-Identifier: MIT
// The border: the only file that touches the engine's memory. Arguments that are not numbers are
// written to one region, results that are not numbers are read from another, and a status below
// zero becomes an exception. Views of the memory die when it grows, so nobody else holds one.

import { type Engine, engine } from "./module.js";
import { ERANGE, LorikeetError, STATUSES } from "./errors.js";
import { isBytes, Reader, type Value, Writer } from "./value.js";

/** Those of lorikeet.h that somebody here looks for. */
export const STATUS = { EVERSION: -4, ECORRUPT: -5, ENOMEM: -7, EMISSING: -10, ESPENT: -90 } as const;

const encoder = new TextEncoder();
// A byte order mark is a character of the text like any other.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

let bytes = new Uint8Array(0);
let view = new DataView(bytes.buffer);
let region = 0; // of arguments, `room` bytes long
let room = 0;

function memory(e: Engine): Uint8Array {
  // a view of what has grown since is empty; to ask the engine costs more than a character
  if (bytes.length === 0) {
    bytes = new Uint8Array(e.memory.buffer);
    view = new DataView(e.memory.buffer);
  }
  return bytes;
}

function reserve(e: Engine, len: number): void {
  if (len <= room && room <= 1 << 20) return;
  region = e.w_args(len);
  room = region === 0 ? 0 : len;
  if (region === 0) fail(STATUS.ENOMEM);
}

/** Bytes of the engine's, until its memory grows. */
export function peek(start: number, len: number): Uint8Array {
  return memory(engine()).subarray(start, start + len);
}

/** Write `text` as UTF-8 arguments; its length in bytes. Lone surrogates become U+FFFD. */
export function putString(text: string): number {
  if (typeof text !== "string") throw new TypeError(`not a string: ${String(text)}`);
  const e = engine();
  reserve(e, Math.max(64, text.length * 3));
  const view = memory(e);
  if (text.length < 16) {
    // typing: for a few ASCII characters the encoder's own overhead is the larger part
    let i = 0;
    for (; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) break;
      view[region + i] = unit;
    }
    if (i === text.length) return i;
  }
  return encoder.encodeInto(text, view.subarray(region, region + room)).written;
}

/** Write arguments that are bytes already. */
export function putBytes(data: Uint8Array): number {
  if (!isBytes(data)) throw new TypeError("not a Uint8Array");
  const e = engine();
  reserve(e, data.length);
  memory(e).set(data, region);
  return data.length;
}

let writer: Writer | undefined = new Writer(); // not while it is in use

/** Write arguments in the encoding of web/wire.h. */
export function put(write: (w: Writer) => void): number {
  const w = writer ?? new Writer();
  writer = undefined;
  try {
    write(w);
    const e = engine();
    reserve(e, w.len);
    w.copy(memory(e), region);
    return w.len;
  } finally {
    w.reset();
    writer = w;
  }
}

export function outBytes(): Uint8Array {
  const e = engine();
  const start = e.w_out();
  return memory(e).slice(start, start + e.w_out_len());
}

export function outString(): string {
  const e = engine();
  const start = e.w_out();
  return decoder.decode(memory(e).subarray(start, start + e.w_out_len()));
}

/** Read a result, before the next call; `container` makes the handle of a container in it. */
export function outRead<T>(read: (r: Reader) => T, container?: Reader["container"]): T {
  const e = engine();
  const start = e.w_out();
  return read(new Reader(memory(e), container, start, start + e.w_out_len(), view));
}

export function outValue(container?: Reader["container"]): Value {
  return outRead((r) => r.value(), container) as Value;
}

/** Throw what `status` stands for. */
export function fail(status: number): never {
  if (status === STATUS.ECORRUPT || status === STATUS.EVERSION) failAt(status);
  engine().w_status_text(status);
  throw new (STATUSES.get(status) ?? LorikeetError)(outString());
}

/** The same, and say which byte of what was passed it is about. */
export function failAt(status: number, message?: string): never {
  const e = engine();
  e.w_status_text(status);
  message ??= outString();
  const failure = STATUSES.get(status) ?? LorikeetError;
  e.w_fault_text();
  const offset = e.w_fault_offset();
  throw new failure(`${message}: ${outString()} (at byte ${offset})`, offset);
}

/** The result of a call that may fail. */
export function check(result: number): number {
  return result < 0 ? fail(result) : result;
}

/** The same for a call that may find nothing: undefined then. */
export function found(result: number): number | undefined {
  return result === STATUS.EMISSING ? undefined : check(result);
}

/** A position as the engine takes it: numbers beyond 32 bits must not wrap into range. */
export function position(value: number): number {
  const whole = Math.trunc(value);
  if (!(whole >= 0 && whole <= 0xffffffff)) throw new ERANGE(`no position: ${value}`);
  return whole;
}
