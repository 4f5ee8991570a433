// SPDX-License-Identifier: MIT
// What an editor binding needs to know of the session, and what the page needs of a binding.

import type { Delta } from "lorikeet-crdt/room";
import type { Person } from "./people";
import { type Session, TEXT } from "./session";

export interface Editor {
  focus(): void;
  /** If it can show where others are. */
  carets?: Carets;
}

/** A place in the text, as encoded cursors. */
export interface Place {
  cursor: Uint8Array;
  /** The other end of what is selected. */
  anchor?: Uint8Array;
  /** What both stand at. Two encoded cursors may differ and stand at the same. */
  at: string;
}

export interface Carets {
  /** None without the focus. */
  readonly own: Place | undefined;
  /** Somebody is at a place that is not here yet: it may be there once the text has changed. */
  readonly waits: boolean;
  /** Called when `own` or the text may be different; it must be quick. */
  moved: () => void;
  show(people: Person[]): void;
}

/** Calls back with every change of the text but those that `editor` made. */
export function watchText(
  session: Session,
  editor: object,
  onDelta: (delta: Delta<string>[]) => void,
): void {
  const id = session.doc.getText(TEXT).id;
  session.subscribe((batch) => {
    for (const event of batch.events) {
      if (event.target === id && event.diff.type === "text") onDelta(event.diff.diff);
    }
  }, editor);
}
