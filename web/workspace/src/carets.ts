// SPDX-License-Identifier: MIT
// Where others are in the text, in CodeMirror: a caret with the name of who writes there, and what they
// have selected. Every transaction moves them along; what they say themselves is looked at now and then.
//
//   presence ─► Cursor ─► position ─► a caret ─► moved by each change ─► decorations

import {
  type Extension,
  type Range,
  StateEffect,
  StateField,
  Transaction,
} from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, WidgetType } from "@codemirror/view";
import { Cursor, type LoroDoc, type LoroText } from "lorikeet-crdt/room";
import type { Carets, Place } from "./editing";
import type { Person } from "./people";

/** More people than this are not looked for in the text. */
const CARETS_MAX = 50;
// A name that moves on with each key is shown anew this often: less than it stays.
const SHOW_AGAIN_MS = 1_000;

interface Caret {
  person: Person;
  /** Where they said that they are, to see whether they say anything new. */
  said: string;
  head: number;
  anchor: number;
  /** When the name was shown last. */
  shown: number;
}

class Name extends WidgetType {
  constructor(private readonly caret: Caret) {
    super();
  }
  override eq({ caret }: Name): boolean {
    const { person, shown } = this.caret;
    const { key, name, colour } = caret.person;
    return (
      key === person.key &&
      name === person.name &&
      colour === person.colour &&
      caret.shown === shown
    );
  }
  toDOM(): HTMLElement {
    const { name, colour } = this.caret.person;
    const dom = document.createElement("span");
    dom.className = `caret named who-${colour}`;
    dom.addEventListener("animationend", () => dom.classList.remove("named"));
    // Shown by the style sheet: it is no part of the text, for whoever selects or reads that.
    dom.dataset.name = name;
    dom.ariaHidden = "true";
    return dom;
  }
  override ignoreEvent(): boolean {
    return false;
  }
}

interface Others {
  carets: readonly Caret[];
  decorations: DecorationSet;
}

const NOBODY: Others = { carets: [], decorations: Decoration.none };
const setCarets = StateEffect.define<readonly Caret[]>();

const others = StateField.define<Others>({
  create: () => NOBODY,
  update(value, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setCarets)) return decorated(effect.value);
    }
    if (!transaction.docChanged || value.carets.length === 0) return value;
    return decorated(value.carets.map((caret) => moved(caret, transaction)));
  },
  provide: (field) => EditorView.decorations.from(field, ({ decorations }) => decorations),
});

/** What one types oneself where others are leaves them in front of it, as their own editors do. */
function moved(caret: Caret, transaction: Transaction): Caret {
  const { changes } = transaction;
  const remote = transaction.annotation(Transaction.remote) ?? false;
  const head = changes.mapPos(caret.head, remote ? 1 : -1);
  const anchor = changes.mapPos(caret.anchor, remote ? 1 : -1);
  const writes = remote && changes.touchesRange(caret.head) !== false;
  const now = performance.now();
  const shown = writes && now - caret.shown > SHOW_AGAIN_MS ? now : caret.shown;
  return { ...caret, head, anchor, shown };
}

function decorated(carets: readonly Caret[]): Others {
  const ranges: Range<Decoration>[] = [];
  for (const caret of carets) {
    const { head, anchor, person } = caret;
    const chosen = Decoration.mark({ class: `chosen who-${person.colour}` });
    if (anchor !== head) ranges.push(chosen.range(Math.min(head, anchor), Math.max(head, anchor)));
    ranges.push(Decoration.widget({ widget: new Name(caret), side: 1 }).range(head));
  }
  return { carets, decorations: Decoration.set(ranges, true) };
}

export class EditorCarets implements Carets {
  moved = (): void => undefined;
  waits = false;
  readonly extension: Extension = [
    others,
    EditorView.updateListener.of((update) => {
      if (update.docChanged || update.selectionSet || update.focusChanged) this.moved();
    }),
  ];
  view!: EditorView;

  constructor(
    private readonly doc: LoroDoc,
    private readonly text: LoroText,
  ) {}

  get own(): Place | undefined {
    if (!this.view.hasFocus) return undefined;
    const { head, anchor, empty } = this.view.state.selection.main;
    const cursor = this.cursorAt(head);
    const other = empty ? undefined : this.cursorAt(anchor);
    const at = `${nameOf(cursor)} ${nameOf(other)}`;
    return cursor && { cursor: cursor.encode(), anchor: other?.encode(), at };
  }

  show(people: Person[]): void {
    const { carets } = this.view.state.field(others);
    const known = new Map(carets.map((caret) => [caret.person.key, caret]));
    this.waits = false;
    const next = people
      .slice(0, CARETS_MAX)
      .map((person) => this.caretOf(person, known.get(person.key)))
      .filter((caret): caret is Caret => caret !== undefined);
    if (next.length === carets.length && next.every((caret, i) => caret === carets[i])) return;
    this.view.dispatch({ effects: setCarets.of(next) });
    this.view.requestMeasure({ key: this, read: farOnes, write: turnNames });
  }

  private caretOf(person: Person, known: Caret | undefined): Caret | undefined {
    const said = `${person.cursor} ${person.anchor}`;
    if (known?.said === said) {
      const { name, colour } = known.person;
      const same = name === person.name && colour === person.colour;
      return same ? known : { ...known, person };
    }
    const head = person.cursor && this.positionOf(person.cursor);
    if (head === undefined) return undefined;
    const anchor = (person.anchor && this.positionOf(person.anchor)) ?? head;
    return { person, said, head, anchor, shown: performance.now() };
  }

  /** There is none between the halves of a surrogate pair. */
  private cursorAt(at: number): Cursor | undefined {
    return this.text.getCursor(at) ?? this.text.getCursor(at - 1);
  }

  /** undefined: nowhere in this text, or what it stands at is not here yet. */
  private positionOf(encoded: Uint8Array): number | undefined {
    try {
      const cursor = Cursor.decode(encoded);
      if (cursor.containerId() !== this.text.id) return undefined;
      const place = this.doc.getCursorPos(cursor);
      this.waits ||= !place;
      return place && Math.min(place.offset, this.view.state.doc.length);
    } catch {
      return undefined;
    }
  }
}

function nameOf(cursor: Cursor | undefined): string {
  const pos = cursor?.pos();
  return pos ? `${pos.counter}@${pos.peer}` : `${cursor?.side()}`;
}

/** The carets in the right half of the text, whose names would not fit on their right. */
function farOnes(view: EditorView): Set<Element> {
  const { left, width } = view.contentDOM.getBoundingClientRect();
  const carets = [...view.contentDOM.querySelectorAll(".caret")];
  return new Set(carets.filter((it) => it.getBoundingClientRect().left > left + width / 2));
}

function turnNames(far: Set<Element>, view: EditorView): void {
  for (const caret of view.contentDOM.querySelectorAll(".caret")) {
    caret.classList.toggle("far", far.has(caret));
  }
}
