// SPDX-License-Identifier: MIT
// The text of the document in CodeMirror 6. Transactions of the user become edits of the text, and
// edits of others become transactions that neither move the selection nor enter the undo history.

import { defaultKeymap, history, historyKeymap, redo } from "@codemirror/commands";
import { EditorState, Transaction } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { Bridge } from "./bridge";
import { EditorCarets } from "./carets";
import { type Editor, watchText } from "./editing";
import { type Session, TEXT } from "./session";

const look = EditorView.theme({
  // Above the first line is room for a name at a caret.
  "&": { marginTop: "-1.2rem", color: "var(--ink)", backgroundColor: "transparent", fontSize: "inherit" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "inherit", lineHeight: "inherit" },
  ".cm-content": { padding: "1.2rem 0 0", caretColor: "var(--accent)", minHeight: "50vh" },
  ".cm-line": { padding: "0" },
  ".cm-placeholder": { color: "var(--faint)" },
});

export function openCodeMirror(parent: HTMLElement, session: Session, hint: string): Editor {
  const text = session.doc.getText(TEXT);
  const carets = new EditorCarets(session.doc, text);
  const bridge = new Bridge(
    text,
    (edit) => session.edit(edit, view),
    (changes) =>
      view.dispatch({
        changes,
        annotations: [Transaction.remote.of(true), Transaction.addToHistory.of(false)],
      }),
    () => view.state.doc.length,
  );
  const view = new EditorView({
    parent,
    // Others get what was typed before it is drawn here.
    dispatchTransactions: (transactions) => {
      for (const transaction of transactions) {
        const typed = transaction.docChanged && !transaction.annotation(Transaction.remote);
        if (typed) bridge.local(transaction.changes);
      }
      view.update(transactions);
    },
    state: EditorState.create({
      doc: text.toString(),
      extensions: [
        // Positions are those of the document, so a carriage return is a character like any other.
        EditorState.lineSeparator.of("\n"),
        EditorView.clipboardInputFilter.of((pasted) => pasted.replace(/\r\n?/g, "\n")),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({
          "aria-label": "Document text",
          "data-testid": "editor",
          autocapitalize: "sentences",
          autocorrect: "on",
          spellcheck: "true",
          // What cannot be edited has no focus of its own, for keys that scroll and select.
          tabindex: "0",
        }),
        EditorView.domEventHandlers({
          beforeinput: (event, { state }) => void foreseeKey(event, state, bridge),
        }),
        EditorState.readOnly.of(session.reads),
        EditorView.editable.of(!session.reads),
        history(),
        keymap.of([...defaultKeymap, ...historyKeymap, { key: "Mod-Shift-z", run: redo }]),
        carets.extension,
        placeholder(hint),
        look,
      ],
    }),
  });
  carets.view = view;
  watchText(session, view, (delta) => bridge.remote(delta, false));
  return { focus: () => view.focus(), carets };
}

/** Tells `bridge` of a key that will only insert something at the caret. */
function foreseeKey(event: InputEvent, state: EditorState, bridge: Bridge): void {
  const { ranges, main } = state.selection;
  if (event.inputType !== "insertText" || !event.data || event.isComposing) return;
  if (ranges.length > 1 || !main.empty) return;
  bridge.foresee(state.changes({ from: main.from, insert: event.data }), state.doc);
}
