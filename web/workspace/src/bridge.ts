// SPDX-License-Identifier: MIT
// Between the text of the document and an editor that shows it. While an input method composes, the
// editor must be left alone; what others do in the meantime waits, and what is typed is moved past
// it:
//
//   shown ──── typed ───► shown'
//     │                     │
//   waiting              waiting'        both ways around give the same text
//     ▼                     ▼
//   document ─ moved ───► document'

import { ChangeSet, type Text as EditorText } from "@codemirror/state";
import type { Delta, LoroText } from "lorikeet-crdt/room";

export class Bridge {
  private waiting: ChangeSet | null = null;
  /** What the document has already of what the editor is about to show, and the text before it. */
  private foreseen: { typed: ChangeSet; before: EditorText } | null = null;

  constructor(
    private readonly text: LoroText,
    /** Commits what `edit` did to the document, without telling the editor about it. */
    private readonly commit: (edit: () => void) => void,
    private readonly show: (changes: ChangeSet) => void,
    /** How long what the editor shows is, in UTF-16 units. */
    private readonly length: () => number,
  ) {}

  /**
   * The editor is about to change what it shows, `before`, by `typed`. Typed text is on its way to
   * others before the browser draws it, which takes longer than all else here. If it comes out
   * differently, local() puts that right.
   */
  foresee(typed: ChangeSet, before: EditorText): void {
    if (this.waiting || this.foreseen) return;
    this.foreseen = { typed, before };
    this.commit(() => applyToText(this.text, typed));
  }

  /** The editor changed what it shows by `typed`. */
  local(typed: ChangeSet): void {
    if (this.foreseen) {
      const { typed: done, before } = this.foreseen;
      this.foreseen = null;
      if (!isSame(done, typed)) this.local(done.invert(before).compose(typed));
      return;
    }
    const moved = this.waiting ? typed.map(this.waiting, true) : typed;
    if (this.waiting) this.waiting = this.waiting.map(typed);
    this.commit(() => applyToText(this.text, moved));
  }

  /** The document changed under the editor; `hold` if it must not be touched now. */
  remote(delta: Delta<string>[], hold: boolean): void {
    if (this.foreseen) {
      this.waiting = this.foreseen.typed;
      this.foreseen = null;
    }
    const changes = changesOfDelta(delta, this.waiting?.newLength ?? this.length());
    this.waiting = this.waiting?.compose(changes) ?? changes;
    if (!hold) this.release();
  }

  release(): void {
    const changes = this.waiting;
    this.waiting = null;
    if (changes) this.show(changes);
  }
}

/** `delta` as a change of a text that is `length` UTF-16 units long. */
function changesOfDelta(delta: Delta<string>[], length: number): ChangeSet {
  const specs: { from: number; to?: number; insert?: string }[] = [];
  let at = 0;
  for (const part of delta) {
    if (part.insert !== undefined) {
      specs.push({ from: at, insert: part.insert });
    } else if (part.delete !== undefined) {
      specs.push({ from: at, to: at + part.delete });
      at += part.delete;
    } else {
      at += part.retain ?? 0;
    }
  }
  return ChangeSet.of(specs, length, "\n");
}

function isSame(a: ChangeSet, b: ChangeSet): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function applyToText(text: LoroText, changes: ChangeSet): void {
  changes.iterChanges((fromA, toA, fromB, _toB, inserted: EditorText) => {
    if (toA > fromA) text.delete(fromB, toA - fromA);
    if (inserted.length > 0) text.insert(fromB, inserted.sliceString(0, undefined, "\n"));
  }, true);
}
