// SPDX-License-Identifier: MIT
// Who is here: tells others the own name and where one writes, and shows theirs, of the document that is
// shown. It takes its time, so that no key waits for it.

import { type Editor, type Place } from "./editing";
import { element } from "./element";
import { cleanName, COLOURS, initials, inventName, type Person, peopleOf } from "./people";
import type { Session } from "./session";

// Apart from each other at least, what is told and what is shown.
const TELL_MS = 100;
const SHOW_MS = 60;
const SHOWN_MAX = 5;
const STORED = "lorikeet name";

export class Presence {
  private readonly key: string;
  private readonly colour: number;
  private name = storedName();
  private session: Session | undefined;
  private editor: Editor | undefined;
  private readonly watched = new Set<Session>();
  /** What was told last, and the row as it is. */
  private told = "";
  private row = "";
  private tellTimer = 0;
  private showTimer = 0;

  constructor() {
    const bytes = crypto.getRandomValues(new Uint8Array(8));
    this.key = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    this.colour = bytes[7] % COLOURS;
    this.bindName();
    addEventListener("pagehide", () => this.leave());
    addEventListener("pageshow", () => this.tellSoon());
  }

  /** That document is shown now, in that editor. */
  show(session: Session, editor: Editor): void {
    if (this.session !== session) this.leave();
    this.session = session;
    this.editor = editor;
    if (!this.watched.has(session)) {
      this.watched.add(session);
      session.watchPresence(() => this.session === session && this.showSoon());
    }
    if (editor.carets) editor.carets.moved = () => this.editor === editor && this.moved();
    this.tellSoon();
    this.showSoon();
  }

  private moved(): void {
    this.tellSoon();
    if (this.editor?.carets?.waits) this.showSoon();
  }

  private tellSoon(): void {
    this.tellTimer ||= setTimeout(() => {
      this.tellTimer = 0;
      this.tell(this.editor?.carets?.own);
    }, TELL_MS);
  }

  private tell({ cursor, anchor, at }: Partial<Place> = {}): void {
    const said = `${this.name}/${at}`;
    if (!this.session || said === this.told) return;
    this.told = said;
    const place = { ...(cursor && { cursor }), ...(anchor && { anchor }) };
    this.session.present(this.key, { name: this.name, colour: this.colour, ...place });
  }

  private leave(): void {
    if (this.told !== "") this.session?.present(this.key, null);
    this.told = "";
  }

  private showSoon(): void {
    this.showTimer ||= setTimeout(() => {
      this.showTimer = 0;
      const people = peopleOf(this.session?.presence ?? {}, this.key);
      this.showRow(people);
      this.editor?.carets?.show(people);
    }, SHOW_MS);
  }

  private showRow(people: Person[]): void {
    const row = JSON.stringify(people.map(({ name, colour }) => [name, colour]));
    if (row === this.row) return;
    this.row = row;
    const shown = people.slice(0, people.length > SHOWN_MAX ? SHOWN_MAX - 1 : SHOWN_MAX);
    const chips = shown.map(({ name, colour }) => chip(initials(name), name, `who-${colour}`));
    const rest = people.slice(shown.length, shown.length + 50).map(({ name }) => name);
    if (rest.length > 0) chips.push(chip(`+${people.length - shown.length}`, rest.join(", "), ""));
    element("here").replaceChildren(...chips);
    element("here").hidden = people.length === 0;
  }

  private bindName(): void {
    const field = element<HTMLInputElement>("own-name");
    field.value = this.name;
    field.addEventListener("change", () => {
      this.name = cleanName(field.value) || inventName();
      field.value = this.name;
      storeName(this.name);
      this.tellSoon();
    });
  }
}

function chip(text: string, name: string, colour: string): HTMLElement {
  const face = document.createElement("span");
  face.className = colour;
  face.role = "img";
  face.title = face.ariaLabel = name;
  face.textContent = text;
  const item = document.createElement("li");
  item.append(face);
  return item;
}

/** As it was last time; the first time it is invented. */
function storedName(): string {
  const name = cleanName(localStorage.getItem(STORED)) || inventName();
  storeName(name);
  return name;
}

function storeName(name: string): void {
  localStorage.setItem(STORED, name);
}
