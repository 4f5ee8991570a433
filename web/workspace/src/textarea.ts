// SPDX-License-Identifier: MIT
// The text of the document in a plain <textarea>. The element says only that it changed; what was
// done is found by comparing. Setting its value throws away caret and undo, so both are kept here.
//
// A textarea shows every line end as one unit, whatever the document has. `content` is the document's
// text and `shown` is the element's, and positions are converted between the two.

import { ChangeSet } from "@codemirror/state";
import { Bridge } from "./bridge";
import { type Editor, watchText } from "./editing";
import { findReplacement, type Replacement } from "./replacement";
import { type Session, TEXT } from "./session";
import { OwnUndo } from "./undo";

export function openTextarea(area: HTMLTextAreaElement, session: Session, hint: string): Editor {
  const binding = new TextareaBinding(area, session, hint);
  return { focus: () => binding.area.focus() };
}

class TextareaBinding {
  private content: string;
  private shown: string;
  private composing = false;
  /** An edit of this composition is in the last undo step. */
  private recorded = false;
  private readonly undo = new OwnUndo();
  private readonly bridge: Bridge;

  constructor(
    readonly area: HTMLTextAreaElement,
    session: Session,
    private readonly hint: string,
  ) {
    const text = session.doc.getText(TEXT);
    this.content = text.toString();
    this.shown = unixLines(this.content);
    area.value = this.shown;
    area.readOnly = session.reads;
    this.showHint();
    this.bridge = new Bridge(
      text,
      (edit) => session.edit(edit, this),
      (changes) => this.showRemote(changes),
      () => this.content.length,
    );
    watchText(session, this, (delta) => this.bridge.remote(delta, this.composing));
    // Browsers tell what a key would have inserted, though nothing is inserted here.
    if (session.reads) return;
    area.addEventListener("beforeinput", (event) => this.beforeInput(event));
    area.addEventListener("input", () => this.read());
    area.addEventListener("keydown", (event) => this.keyDown(event));
    area.addEventListener("compositionstart", () => this.beginComposition());
    area.addEventListener("compositionend", () => this.endComposition());
  }

  /** Finds out what the user did, and does it to the document. */
  private read(): void {
    const after = this.area.value;
    const found = findReplacement(this.shown, after, this.area.selectionEnd);
    if (found) this.replace(found);
  }

  private beforeInput(event: InputEvent): void {
    if (event.inputType === "historyUndo") this.travel(event, "undo");
    else if (event.inputType === "historyRedo") this.travel(event, "redo");
    else if (event.inputType === "insertText") this.foresee(event);
  }

  /** As Bridge.foresee(), but read() puts right what comes out differently. */
  private foresee({ data, isComposing }: InputEvent): void {
    const { selectionStart: from, selectionEnd: to } = this.area;
    if (!data || isComposing || this.composing || to > this.shown.length) return;
    this.replace({ from, to, insert: data });
  }

  /** The user replaces something of what is shown. */
  private replace(shown: Replacement): void {
    const before = this.content;
    const { insert } = shown;
    const from = toContent(before, shown.from);
    const to = toContent(before, shown.to);
    const change = ChangeSet.of({ from, to, insert }, before.length, "\n");
    this.content = before.slice(0, from) + insert + before.slice(to);
    this.shown = this.shown.slice(0, shown.from) + insert + this.shown.slice(shown.to);
    this.bridge.local(change);
    this.showHint();
    this.undo.record(change, before, this.composing && this.recorded);
    this.recorded = this.composing;
  }

  private keyDown(event: KeyboardEvent): void {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.isComposing) return;
    const key = event.key.toLowerCase();
    if (key === "z") this.travel(event, event.shiftKey ? "redo" : "undo");
    else if (key === "y" && !event.shiftKey) this.travel(event, "redo");
  }

  private travel(event: Event, way: "undo" | "redo"): void {
    event.preventDefault();
    const change = this.undo[way](this.content);
    if (!change) return;
    this.bridge.local(change);
    this.show(change, endOf(change));
  }

  private beginComposition(): void {
    this.composing = true;
    this.recorded = false;
  }

  private endComposition(): void {
    // Some browsers report the final text only after this event; it must be read before the text
    // of others is mixed in.
    this.read();
    this.composing = false;
    this.bridge.release();
  }

  private showRemote(changes: ChangeSet): void {
    this.show(changes, null);
    this.undo.moveBy(changes);
  }

  /** Browsers restyle a placeholder with each key, also where it is not seen. */
  private showHint(): void {
    const wanted = this.shown === "";
    if (this.area.hasAttribute("placeholder") === wanted) return;
    if (wanted) this.area.placeholder = this.hint;
    else this.area.removeAttribute("placeholder");
  }

  /** Shows `changes`; the selection stays on its text, or collapses at `caret` if given. */
  private show(changes: ChangeSet, caret: number | null): void {
    const { area } = this;
    const { selectionDirection } = area;
    const start = changes.mapPos(toContent(this.content, area.selectionStart));
    const end = changes.mapPos(toContent(this.content, area.selectionEnd));
    this.content = applyToString(changes, this.content);
    this.shown = unixLines(this.content);
    area.value = this.shown;
    area.setSelectionRange(
      toShown(this.content, caret ?? start),
      toShown(this.content, caret ?? end),
      selectionDirection,
    );
    this.showHint();
  }
}

function applyToString(changes: ChangeSet, content: string): string {
  let result = "";
  let at = 0;
  changes.iterChanges((fromA, toA, _fromB, _toB, inserted) => {
    result += content.slice(at, fromA) + inserted.sliceString(0, undefined, "\n");
    at = toA;
  });
  return result + content.slice(at);
}

/** Where the last thing that `changes` inserts or deletes ends. */
function endOf(changes: ChangeSet): number {
  let end = 0;
  changes.iterChangedRanges((_fromA, _toA, _fromB, toB) => {
    end = toB;
  });
  return end;
}

function unixLines(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}

function toShown(content: string, at: number): number {
  return unixLines(content.slice(0, at)).length;
}

function toContent(content: string, at: number): number {
  if (!content.includes("\r")) return at;
  let index = 0;
  for (let passed = 0; passed < at; passed += 1) index += content.startsWith("\r\n", index) ? 2 : 1;
  return index;
}
