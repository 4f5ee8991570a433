// SPDX-License-Identifier: MIT
// The dialog in which two people connect without a server: a text to send to the other one, which a
// phone's camera can read, too, and a place for what they send back.

import { element } from "./element";
import { type Link, offerFragment, takeOffer } from "./link";
import type { Session } from "./session";

export type Copy = (field: HTMLTextAreaElement, button: HTMLElement) => Promise<void>;

const CLOSE_AFTER_MS = 1_500;
const UNREACHED =
  "They could not be reached. Without a server this works in one network, and not through every " +
  "firewall: close this and try again, the other way round.";

const dialog = () => element<HTMLDialogElement>("by-hand");

function say(text: string): void {
  element("by-hand-state").textContent = text;
}

async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    say((error as Error).message);
  }
}

/** What to send to the other one, or nothing yet. */
async function show(text: string, purpose: string): Promise<void> {
  element<HTMLTextAreaElement>("slip").value = text;
  element("slip-purpose").textContent = purpose;
  element("qr").replaceChildren();
  if (text) element("qr").append((await qrCodes()).qrPicture(text));
}

function open(): void {
  element<HTMLDetailsElement>("menu").open = false;
  element<HTMLTextAreaElement>("their-slip").value = "";
  element("their-part").hidden = false;
  dialog().showModal();
}

function offer({ byHand }: Session, link: Link): Promise<void> {
  return attempt(async () => {
    say("");
    void show("", "One moment…");
    const page = new URL(offerFragment(link, await byHand.offer()), location.href).href;
    await show(page, "Send this to the other one, or let their phone’s camera read it:");
  });
}

function hear({ byHand }: Session, text: string): Promise<void> {
  return attempt(async () => {
    const answer = await byHand.hear(slipIn(text));
    if (!answer) return say("Connecting…");
    element("their-part").hidden = true;
    say("Waiting until they have put it in.");
    await show(answer, "Send this answer back, and leave this page open:");
  });
}

/** The camera reads what they show, until the dialog closes. */
function bindCamera(read: (text: string) => Promise<void>): void {
  const scan = element("scan");
  const camera = element<HTMLVideoElement>("camera");
  let looking = new AbortController();
  const look = async () => {
    looking.abort();
    looking = new AbortController();
    camera.hidden = false;
    try {
      return await (await qrCodes()).readQr(camera, looking.signal);
    } catch {
      throw new Error("The camera cannot be used. Copy the text instead.");
    } finally {
      camera.hidden = true;
    }
  };
  // Pages that did not come over TLS may not look.
  scan.hidden = !navigator.mediaDevices;
  scan.addEventListener("click", () => attempt(async () => read(await look())));
  dialog().addEventListener("close", () => looking.abort());
}

export function bindConnect(session: Session, link: Link, copy: Copy, offered: string | null): void {
  const ours = element<HTMLTextAreaElement>("slip");
  const theirs = element<HTMLTextAreaElement>("their-slip");
  const copyButton = element("copy-slip");
  const read = async (text: string) => {
    if (text.trim()) await hear(session, text);
  };

  bindCamera((text) => {
    theirs.value = text;
    return read(text);
  });
  element("connect").addEventListener("click", () => {
    open();
    void offer(session, link);
  });
  element("close-by-hand").addEventListener("click", () => dialog().close());
  theirs.addEventListener("input", () => void read(theirs.value));
  ours.addEventListener("focus", () => ours.select());
  copyButton.addEventListener("click", () => void copy(ours, copyButton));
  session.byHand.met = (reached) => {
    say(reached ? "Connected." : UNREACHED);
    if (reached && dialog().open) setTimeout(() => dialog().close(), CLOSE_AFTER_MS);
  };
  if (!offered) return;
  open();
  void read(offered);
}

/** They are a script of their own, which most visits never need. */
function qrCodes(): Promise<typeof import("./qr")> {
  return import(new URL(dialog().dataset.qr ?? "", document.baseURI).href);
}

/** The slip in what was pasted: alone, at the end of a link, or behind what `lorikeet join` calls it. */
function slipIn(text: string): string {
  const whole = text.replace(/^\s*(answer|offer)\s+/, "").replaceAll(/\s/g, "");
  return takeOffer(whole)[1] ?? whole;
}
