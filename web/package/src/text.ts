// SPDX-License-Identifier: MIT

import { check, found, outRead, outString, position, put, putString } from "./call.js";
import { type ContainerType, enroll, LoroContainer } from "./container.js";
import { type Cursor, cursorIn, type Side } from "./cursor.js";
import { EMISSING, ERANGE } from "./errors.js";
import { type Delta, readTextDelta, writeTextDelta } from "./event.js";
import { engine } from "./module.js";
import type { PeerID, Value } from "./value.js";

export type TextPosType = "utf8" | "unicode" | "utf16";

const UNITS: readonly TextPosType[] = ["utf8", "unicode", "utf16"];
const UTF8 = 0;
const UTF16 = 2;

function isHighSurrogate(text: string): boolean {
  return text >= "\ud800" && text < "\udc00";
}

export interface TextUpdateOptions {
  /** Taken for loro-crdt's sake: an update is always quick, and as fine as that allows. */
  timeoutMs?: number;
  /** Unless false: few runs of edits, which read well, rather than few characters. */
  useRefinedDiff?: boolean;
}

export type TextRange = { start: number; end: number };

function bounds({ start, end }: TextRange): [number, number] {
  if (!Number.isInteger(start) || !Number.isInteger(end)) {
    throw new ERANGE(`no range: ${start} to ${end}`);
  }
  return [position(start), position(end)];
}

function sliced(start: number, end: number): [pos: number, len: number] {
  if (end < start) throw new ERANGE(`slice ends at ${end}, before it starts at ${start}`);
  return [position(start), position(end - start)];
}

/** Positions and lengths are UTF-16 code units, as in JavaScript's strings. A position between the
 *  two halves of a surrogate pair is an error, half a pair in text becomes U+FFFD. */
export class LoroText extends LoroContainer {
  kind(): "Text" {
    return "Text";
  }

  protected fill(from: this): void {
    this.applyDelta(from.toDelta());
  }

  get length(): number {
    return engine().w_text_len(this.doc, this.ref);
  }

  insert(pos: number, text: string): void {
    this._insert(pos, text, UTF16);
  }

  /** `pos` in bytes. */
  insertUtf8(pos: number, text: string): void {
    this._insert(pos, text, UTF8);
  }

  private _insert(pos: number, text: string, unit: number): void {
    const { doc, ref } = this;
    check(engine().w_text_insert(doc, ref, position(pos), unit, putString(text)));
  }

  delete(pos: number, len: number): void {
    this._delete(pos, len, UTF16);
  }

  /** Position and length in bytes. */
  deleteUtf8(pos: number, len: number): void {
    this._delete(pos, len, UTF8);
  }

  private _delete(pos: number, len: number, unit: number): void {
    check(engine().w_text_delete(this.doc, this.ref, position(pos), position(len), unit));
  }

  push(text: string): void {
    this.insert(this.length, text);
  }

  /** Delete, insert, and return what was deleted. */
  splice(pos: number, len: number, text: string): string {
    const deleted = this.slice(pos, pos + len);
    this.delete(pos, len);
    this.insert(pos, text);
    return deleted;
  }

  /** Make it equal `text` by a small edit, so that what others do elsewhere stays. */
  update(text: string, options?: TextUpdateOptions): void {
    const { doc, ref } = this;
    const shortest = Number(options?.useRefinedDiff === false);
    check(engine().w_text_update(doc, ref, putString(text), shortest));
  }

  /** The same by whole lines. */
  updateByLine(text: string, options?: TextUpdateOptions): void {
    const { doc, ref } = this;
    const shortest = Number(options?.useRefinedDiff === false);
    check(engine().w_text_update_lines(doc, ref, putString(text), shortest));
  }

  slice(start: number, end: number): string {
    const { doc, ref } = this;
    check(engine().w_text_slice(doc, ref, ...sliced(start, end)));
    return outString();
  }

  /** A cursor that stays at what is there while others edit; past the end it stays at the end. */
  getCursor(pos: number, side: Side = 0): Cursor | undefined {
    return cursorIn(this, pos, side);
  }

  /** The character there: both halves of a surrogate pair. */
  charAt(pos: number): string {
    const text = this.toString();
    if (!(pos >= 0 && pos < text.length)) throw new ERANGE(`no character at ${pos}`);
    const start = isHighSurrogate(text.charAt(pos - 1)) ? pos - 1 : pos;
    return String.fromCodePoint(text.codePointAt(start)!);
  }

  /** `index` of one unit, told in another; undefined if it lies outside. */
  convertPos(index: number, from: TextPosType, to: TextPosType): number | undefined {
    const units = [UNITS.indexOf(from), UNITS.indexOf(to)] as const;
    if (units.includes(-1)) return undefined;
    if (from === to) return index; // whatever it is, as in loro-crdt
    const pos = engine().w_text_convert(this.doc, this.ref, position(index), ...units);
    return pos < 0 ? undefined : pos;
  }

  /** Call back with the text, in pieces as they were written, until it answers false. */
  iter(callback: (text: string) => boolean | void): void {
    for (let at = 0; (at = check(engine().w_text_next(this.doc, this.ref, at))) > 0; ) {
      if (callback(outString()) === false) return;
    }
  }

  /** Give a range a style. How its edges grow is what configTextStyle() said of the key. */
  mark(range: TextRange, key: string, value: Value): void {
    const { doc, ref } = this;
    const [start, end] = bounds(range);
    const len = put((w) => {
      w.string(key);
      w.value(value);
    });
    this._marked(engine().w_text_mark(doc, ref, start, end, len), key);
  }

  /** Take the style away. */
  unmark(range: TextRange, key: string): void {
    const { doc, ref } = this;
    const [start, end] = bounds(range);
    this._marked(engine().w_text_unmark(doc, ref, start, end, putString(key)), key);
  }

  private _marked(status: number, key: string): void {
    if (found(status) === undefined) throw new EMISSING(`configTextStyle() was not told of ${key}`);
  }

  /** The text in pieces of one style each. */
  toDelta(): Delta<string>[] {
    check(engine().w_text_delta(this.doc, this.ref));
    return outRead(readTextDelta);
  }

  sliceDelta(start: number, end: number): Delta<string>[] {
    return this._sliceDelta(start, end, UTF16);
  }

  /** `start` and `end` in bytes. */
  sliceDeltaUtf8(start: number, end: number): Delta<string>[] {
    return this._sliceDelta(start, end, UTF8);
  }

  private _sliceDelta(start: number, end: number, unit: number): Delta<string>[] {
    const { doc, ref } = this;
    const [pos, len] = sliced(start, end);
    check(engine().w_text_slice_delta(doc, ref, pos, len, unit));
    return outRead(readTextDelta);
  }

  /** Carry out the steps; an insert gets its attributes and none of the text around it. */
  applyDelta(delta: readonly Delta<string>[]): void {
    const { doc, ref } = this;
    const len = put((w) => writeTextDelta(w, delta));
    check(engine().w_text_apply_delta(doc, ref, len));
  }

  /** Who wrote the character there. */
  getEditorOf(pos: number): PeerID | undefined {
    return this.getCursor(pos)?.pos()?.peer;
  }

  override toString(): string {
    check(engine().w_text_string(this.doc, this.ref));
    return outString();
  }

  override toJSON(): string {
    return this.toString();
  }

  getShallowValue(): string {
    return this.toString();
  }
}

enroll("Text" satisfies ContainerType, LoroText);
