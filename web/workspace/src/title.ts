// SPDX-License-Identifier: MIT
// The title of the document: one value that is replaced as a whole, the last writer's stays.

import { type Session, TITLE_KEY, TITLE_MAP } from "./session";

/** Returns what puts the title into the window, too, when the document is shown. */
export function bindTitle(input: HTMLInputElement, session: Session, name: string): () => void {
  const map = session.doc.getMap(TITLE_MAP);
  let composing = false;
  input.readOnly = session.reads;
  if (name) input.placeholder = name;

  const show = () => {
    const { title } = session;
    const called = title || name;
    if (input.isConnected) document.title = called === "" ? "Lorikeet" : `${called} - Lorikeet`;
    if (composing || input.value === title) return;
    const { selectionStart, selectionEnd } = input;
    input.value = title;
    input.setSelectionRange(selectionStart, selectionEnd);
  };

  input.addEventListener("input", () => {
    if (!composing) session.edit(() => map.set(TITLE_KEY, input.value));
    show();
  });
  input.addEventListener("compositionstart", () => {
    composing = true;
  });
  input.addEventListener("compositionend", () => {
    composing = false;
    session.edit(() => map.set(TITLE_KEY, input.value));
    show();
  });
  session.subscribe((batch) => {
    if (batch.events.some((event) => event.target === map.id)) show();
  });
  show();
  return show;
}
