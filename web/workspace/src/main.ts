// SPDX-License-Identifier: MIT
// The page: finds out which document the link means, and has it shown.
//
// For tests and the curious, `window.lorikeet` is {doc, session}: the document shown as the engine's
// LoroDoc, and the session of session.ts. A commit made on `doc` by hand reaches everyone.

import init, { type LoroDoc } from "lorikeet-crdt/room";
import { bindConnect } from "./connect";
import { element } from "./element";
import { type Link, linkFragment, newLink, parseLink, takeOffer } from "./link";
import { Presence } from "./presence";
import { Session } from "./session";
import { Sheets } from "./sheets";

declare global {
  interface Window {
    lorikeet?: { doc: LoroDoc; session: Session };
  }
}

async function start(): Promise<void> {
  element<HTMLAnchorElement>("new").href = `./${location.search}`;
  const isNew = ["", "#", "#/"].includes(location.hash);
  if (isNew) history.replaceState(null, "", location.search + linkFragment(newLink()));
  const [fragment, offer] = takeOffer(location.hash);
  // An offer is good for one answer: the address is the document's again.
  if (offer) history.replaceState(null, "", location.search + fragment);
  const link = parseLink(fragment);
  if (!link) return showDamagedLink();

  await init(fetch(element<HTMLLinkElement>("engine").href));
  const server = new URL("./", document.baseURI.replace(/^http/, "ws"));
  const first = await Session.open(link, server.href, {
    changed: () => window.lorikeet && showState(window.lorikeet.session),
    trouble: showTrouble,
    relief: hideTrouble,
  });
  setText("rights", first.reads ? "Read only" : "");
  const sheets = new Sheets(first, link, new Presence(), showState);
  await sheets.show(link.name ?? "");
  bindInvitation(isNew);
  bindMenu();
  bindConnect(first, link, copyField, offer);
  void listDocuments(first, link.room);
  followAddress(link, sheets);
  keepForOffline();
}

/** The address may name another document of the room; any other one is a page of its own. */
function followAddress(link: Link, sheets: Sheets): void {
  addEventListener("hashchange", () => {
    const to = parseLink(location.hash);
    const here = to && linkFragment({ ...to, name: "" }) === linkFragment({ ...link, name: "" });
    if (here && sheets.has(to.name ?? "")) void sheets.show(to.name ?? "");
    else location.reload();
  });
}

function showState(session: Session): void {
  const { status, peers } = session;
  if (document.body.dataset.status !== status) document.body.dataset.status = status;
  setText("status", status);
  setText("peers", String(peers));
  setText("others-word", peers === 1 ? "other" : "others");
  setText("way", wayOf(session));
  showUnsynced(session);
}

function wayOf({ peers, keepers, throughServer }: Session): string {
  if (throughServer) return "through the server, sealed";
  return peers === 0 && keepers > 0 ? "kept by a relay" : "";
}

let onTheWay = 0;

/** What is on its way is mentioned only when it takes long, or the words would blink with each key. */
function showUnsynced(session: Session): void {
  if (session.reads) return;
  const { alone, peers, keepers } = session;
  if (alone > 0 && peers + keepers > 0) {
    onTheWay ||= setTimeout(() => setText("unsynced", "changes on the way"), 500);
    return;
  }
  clearTimeout(onTheWay);
  onTheWay = 0;
  const changes = alone === 1 ? "1 change" : `${alone} changes`;
  setText("unsynced", alone === 0 ? "all changes synced" : `${changes} not yet with anyone`);
}

/** Text that is written only if it differs: this runs for each key and must not cause layout. */
function setText(id: string, text: string): void {
  const target = element(id);
  if (target.textContent !== text) target.textContent = text;
}

function showTrouble(text: string): void {
  setText("trouble", text);
  element("trouble").hidden = false;
}

function hideTrouble(text: string): void {
  if (element("trouble").textContent === text) element("trouble").hidden = true;
}

function showDamagedLink(): void {
  const message = document.createElement("p");
  message.className = "message";
  message.append("This link is damaged: a part of it is missing. Ask for it again, or ");
  const fresh = document.createElement("a");
  fresh.href = `./${location.search}`;
  fresh.textContent = "start a new document";
  message.append(fresh, ".");
  element("page").append(message);
  for (const id of ["title", "presence", "share"]) element(id).hidden = true;
}

function bindInvitation(open: boolean): void {
  const invitation = element("invitation");
  const share = element("share");
  const address = element<HTMLInputElement>("link");
  const copy = element("copy");
  const mayRead = element<HTMLInputElement>("may-read");
  const reads = window.lorikeet?.session.reads;
  if (reads) setText("invited", "Who has this link can only read.");
  const fill = () => {
    const fragment = window.lorikeet?.session.invitation(mayRead.checked) ?? "";
    address.value = new URL(fragment, location.href).href;
  };
  element("invited").addEventListener("change", fill);
  fill();
  address.addEventListener("focus", () => address.select());
  const show = (visible: boolean) => {
    invitation.hidden = !visible;
    share.ariaExpanded = String(visible);
  };
  show(open);
  share.addEventListener("click", () => {
    show(invitation.hidden);
    if (!invitation.hidden) copy.focus();
  });
  copy.addEventListener("click", () => void copyField(address, copy));
}

async function copyField(
  field: HTMLInputElement | HTMLTextAreaElement,
  button: HTMLElement,
): Promise<void> {
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // Pages that did not come over TLS have no clipboard of their own.
    field.select();
    document.execCommand("copy");
  }
  const { textContent } = button;
  button.textContent = "Copied";
  if (textContent !== "Copied") setTimeout(() => (button.textContent = textContent), 2000);
}

/** The menu closes when the user turns to something else. */
function bindMenu(): void {
  const menu = element<HTMLDetailsElement>("menu");
  document.addEventListener("pointerdown", (event) => {
    if (!menu.contains(event.target as Node)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") menu.open = false;
  });
}

async function listDocuments(session: Session, current: string): Promise<void> {
  const notes = await session.documents();
  // Those with a name are found by way of their room's first one.
  const others = notes.filter(({ room }) => room !== current && !room.includes("/"));
  element("recent-label").hidden = others.length === 0;
  for (const note of others.slice(0, 50)) {
    const entry = document.createElement("a");
    entry.href = `./${location.search}${linkFragment(note)}`;
    const title = document.createElement("span");
    title.textContent = note.title || "Untitled";
    const time = document.createElement("time");
    time.dateTime = new Date(note.changed).toISOString();
    time.textContent = new Date(note.changed).toLocaleDateString();
    entry.append(title, time);
    const item = document.createElement("li");
    item.append(entry);
    element("recent").append(item);
  }
}

/** Plain HTTP to another machine has no service worker; everything else works there, too. */
function keepForOffline(): void {
  navigator.serviceWorker?.register("sw.js").catch(() => undefined);
}

// Without a stack it is no fault of a script, but the browser's word on something harmless.
addEventListener("error", (event) => {
  if (!event.error) return;
  showTrouble("Something went wrong here. What you wrote is kept: please load the page again.");
});
start().catch((error: unknown) => {
  showTrouble(`The document could not be opened: ${String(error)}`);
});
