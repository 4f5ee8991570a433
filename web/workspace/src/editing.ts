// SPDX-License-Identifier: MIT
// What an editor binding needs to know of the session, and what the page needs of a binding.

import type { Delta } from "lorikeet-crdt/room";
import { type Session, TEXT } from "./session";

export interface Editor {
  focus(): void;
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
