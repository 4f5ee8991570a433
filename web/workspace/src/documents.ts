// SPDX-License-Identifier: MIT
// The documents of the room: a row of links to them, and a place for the name of a new one. The first
// document lists the others (docs/PROTOCOL.md section 2.2), so the list is there offline, too, and lists
// that were changed apart merge.

import { element } from "./element";
import { isName, type Link, linkFragment } from "./link";
import { type Session, TITLE_MAP } from "./session";

const LIST = "documents";
const NAMELESS = "A name has at most 64 letters, and no “/”.";

export class Documents {
  private shown = "";

  constructor(
    private readonly first: Session,
    private readonly link: Link,
    /** It is to be open here. */
    private readonly open: (name: string) => void,
  ) {
    const list = first.doc.getMap(LIST);
    const title = first.doc.getMap(TITLE_MAP);
    first.subscribe(({ events }) => {
      if (events.some(({ target }) => target === list.id || target === title.id)) this.draw();
    });
    this.bindForm();
  }

  /** Of the list, sorted. What is no name is text of somebody who means something else. */
  get names(): string[] {
    return this.first.doc
      .getMap(LIST)
      .keys()
      .filter((name) => isName(this.link.room, name))
      .sort();
  }

  /** That document is shown now; a new one goes into the list. */
  show(name: string): void {
    this.shown = name;
    const { first } = this;
    if (name && !first.reads && !first.doc.getMap(LIST).get(name)) {
      first.edit(() => first.doc.getMap(LIST).set(name, true));
    }
    this.draw();
  }

  private draw(): void {
    const names = new Set(this.names);
    names.forEach(this.open);
    if (this.shown) names.add(this.shown);
    const entries = [this.entry("", this.first.title || "Untitled")];
    for (const name of names) entries.push(this.entry(name, name));
    element("document-list").replaceChildren(...entries);
    if (names.size > 0) element("documents").hidden = false;
  }

  private entry(name: string, text: string): HTMLElement {
    const anchor = document.createElement("a");
    anchor.href = linkFragment({ ...this.link, name });
    anchor.textContent = text;
    if (name === this.shown) anchor.ariaCurrent = "page";
    const item = document.createElement("li");
    item.append(anchor);
    return item;
  }

  private bindForm(): void {
    const form = element<HTMLFormElement>("add-document");
    const field = element<HTMLInputElement>("document-name");
    const open = element("open-document");
    form.hidden = open.hidden = this.first.reads;
    open.addEventListener("click", () => {
      element<HTMLDetailsElement>("menu").open = false;
      element("documents").hidden = false;
      field.focus();
    });
    field.addEventListener("input", () => field.setCustomValidity(""));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const name = field.value.trim();
      if (!isName(this.link.room, name)) {
        field.setCustomValidity(NAMELESS);
        field.reportValidity();
        return;
      }
      field.value = "";
      location.hash = linkFragment({ ...this.link, name });
    });
  }
}
