// SPDX-License-Identifier: MIT

import { check, outString, position, putString } from "./call.js";
import { type ContainerType, enroll, LoroContainer } from "./container.js";
import { type Cursor, cursorIn, type Side } from "./cursor.js";
import { ERANGE } from "./errors.js";
import type { Delta } from "./event.js";
import { engine } from "./module.js";

export type TextPosType = "utf8" | "unicode" | "utf16";

const UNITS: readonly TextPosType[] = ["utf8", "unicode", "utf16"];
const UTF8 = 0;
const UTF16 = 2;

function isHighSurrogate(text: string): boolean {
  return text >= "\ud800" && text < "\udc00";
}

/** Positions and lengths are UTF-16 code units, as in JavaScript's strings. A position between the
 *  two halves of a surrogate pair is an error, half a pair in text becomes U+FFFD. */
export class LoroText extends LoroContainer {
  kind(): "Text" {
    return "Text";
  }

  protected fill(from: this): void {
    this.push(from.toString());
  }

  get length(): number {
    return engine().w_text_len(this.doc, this.ref);
  }

  insert(pos: number, text: string): void {
    this.#insert(pos, text, UTF16);
  }

  /** `pos` in bytes. */
  insertUtf8(pos: number, text: string): void {
    this.#insert(pos, text, UTF8);
  }

  #insert(pos: number, text: string, unit: number): void {
    const { doc, ref } = this;
    check(engine().w_text_insert(doc, ref, position(pos), unit, putString(text)));
  }

  delete(pos: number, len: number): void {
    this.#delete(pos, len, UTF16);
  }

  /** Position and length in bytes. */
  deleteUtf8(pos: number, len: number): void {
    this.#delete(pos, len, UTF8);
  }

  #delete(pos: number, len: number, unit: number): void {
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

  /** Make it equal `text` by a minimal edit, so that what others do elsewhere stays. */
  update(text: string): void {
    const { doc, ref } = this;
    check(engine().w_text_update(doc, ref, putString(text)));
  }

  slice(start: number, end: number): string {
    if (end < start) throw new ERANGE(`slice ends at ${end}, before it starts at ${start}`);
    check(engine().w_text_slice(this.doc, this.ref, position(start), position(end - start)));
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
    return isHighSurrogate(text.charAt(pos)) ? text.slice(pos, pos + 2) : text.charAt(pos);
  }

  /** `index` of one unit, told in another; undefined if it lies outside. */
  convertPos(index: number, from: TextPosType, to: TextPosType): number | undefined {
    const units = [UNITS.indexOf(from), UNITS.indexOf(to)] as const;
    const pos = engine().w_text_convert(this.doc, this.ref, position(index), ...units);
    return pos < 0 ? undefined : pos;
  }

  /** Call back with the text, in pieces, until it answers false. */
  iter(callback: (text: string) => boolean | void): void {
    const text = this.toString();
    if (text !== "") callback(text);
  }

  toDelta(): { insert: string }[] {
    const insert = this.toString();
    return insert === "" ? [] : [{ insert }];
  }

  applyDelta(delta: readonly Delta<string>[]): void {
    let pos = 0;
    for (const step of delta) {
      if (step.insert !== undefined) {
        this.insert(pos, step.insert);
        pos += step.insert.length;
      } else if (step.delete !== undefined) this.delete(pos, step.delete);
      else pos += step.retain;
    }
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
