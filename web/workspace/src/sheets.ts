// SPDX-License-Identifier: MIT
// The documents of the room in this page. All are open: who looks at one keeps all of them. One is shown
// at a time, and editors of those that were shown stay as they were.
//
//   name ─► session ─► sheet: its title and its text, in the page while it is shown

import { openCodeMirror } from "./codemirror";
import { Documents } from "./documents";
import type { Editor } from "./editing";
import { element } from "./element";
import type { Link } from "./link";
import type { Presence } from "./presence";
import type { Session } from "./session";
import { openTextarea } from "./textarea";
import { bindTitle } from "./title";

interface Sheet {
  session: Session;
  text: HTMLElement;
  title: HTMLInputElement;
  /** What else the title does when it is shown. */
  shown(): void;
  editor: Editor;
}

const HINT = "Write something. Share the link, and write it together.";
const READERS_HINT = "Nothing is written here yet.";
/** As LIMIT_DOCUMENTS in src/base/limits.h. */
const DOCUMENTS_MAX = 24;

export class Sheets {
  private readonly sessions: Map<string, Promise<Session>>;
  private readonly sheets = new Map<string, Sheet>();
  private readonly documents: Documents;
  /** The name that was asked for last. */
  private wanted = "";

  constructor(
    private readonly first: Session,
    link: Link,
    private readonly presence: Presence,
    private readonly showState: (session: Session) => void,
  ) {
    this.sessions = new Map([["", Promise.resolve(first)]]);
    this.documents = new Documents(first, link, (name) => this.has(name) && void this.open(name));
  }

  /** Is that document open, or is there room for it? */
  has(name: string): boolean {
    return this.sessions.has(name) || this.sessions.size < DOCUMENTS_MAX;
  }

  async show(name: string): Promise<void> {
    this.wanted = name;
    const session = await this.open(name);
    if (this.wanted !== name) return; // another one was asked for meanwhile
    const sheet = this.sheets.get(name) ?? openSheet(session, name);
    this.sheets.set(name, sheet);
    this.put(sheet);
    this.documents.show(name);
  }

  private open(name: string): Promise<Session> {
    const session = this.sessions.get(name) ?? this.first.another(name);
    this.sessions.set(name, session);
    return session;
  }

  private put({ session, text, title, shown, editor }: Sheet): void {
    for (const other of element("page").children) (other as HTMLElement).hidden = other !== text;
    element("title").replaceWith(title);
    window.lorikeet = { doc: session.doc, session };
    shown();
    this.showState(session);
    this.presence.show(session, editor);
    element("invited").dispatchEvent(new Event("change"));
    editor.focus();
  }
}

function openSheet(session: Session, name: string): Sheet {
  const text = document.createElement("div");
  const title = element("title").cloneNode() as HTMLInputElement;
  const shown = bindTitle(title, session, name);
  element("page").append(text);
  return { session, text, title, shown, editor: openEditor(text, session) };
}

function openEditor(sheet: HTMLElement, session: Session): Editor {
  const hint = session.reads ? READERS_HINT : HINT;
  if (new URLSearchParams(location.search).get("editor") !== "textarea") {
    return openCodeMirror(sheet, session, hint);
  }
  const area = document.createElement("textarea");
  area.dataset.testid = "textarea";
  area.ariaLabel = "Document text";
  sheet.append(area);
  return openTextarea(area, session, hint);
}
