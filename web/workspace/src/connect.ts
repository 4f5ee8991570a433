// SPDX-License-Identifier: MIT
// The dialog in which two people connect without a server: a text to send to the other one, which a
// phone's camera can read, too, and a place for what they send back.

import { element } from "./element";
import { type Link, offerFragment, takeOffer } from "./link";
import type { Session } from "./session";

export function bindConnect(session: Session, link: Link, copy: Copy, offered: string | null): void {
  const dialog = element<HTMLDialogElement>("by-hand");
  const ours = element<HTMLTextAreaElement>("slip");
  const theirs = element<HTMLTextAreaElement>("their-slip");
  const copyButton = element("copy-slip");

  const say = (text: string) => {
    element("by-hand-state").textContent = text;
  };
  const show = async (text: string, purpose: string) => {
    ours.value = text;
    element("slip-purpose").textContent = purpose;
    element("qr").replaceChildren();
    if (text) element("qr").append((await qrCodes(dialog)).qrPicture(text));
  };
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      say((error as Error).message);
    }
  };
  const offer = () =>
    attempt(async () => {
      say("");
      void show("", "One moment…");
      const fragment = offerFragment(link, await session.byHand.offer());
      const page = new URL(fragment, location.href).href;
      await show(page, "Send this to the other one, or let their phone’s camera read it:");
    });
  const hear = (text: string) =>
    attempt(async () => {
      const answer = await session.byHand.hear(slipIn(text));
      if (!answer) return say("Connecting…");
      element("their-part").hidden = true;
      say("Waiting until they have put it in.");
      await show(answer, "Send this answer back, and leave this page open:");
    });

  const scan = element("scan");
  const camera = element<HTMLVideoElement>("camera");
  let looking = new AbortController();
  // Pages that did not come over TLS may not look.
  scan.hidden = !navigator.mediaDevices;
  scan.addEventListener("click", () =>
    attempt(async () => {
      looking.abort();
      looking = new AbortController();
      camera.hidden = false;
      try {
        theirs.value = await (await qrCodes(dialog)).readQr(camera, looking.signal);
      } catch {
        throw new Error("The camera cannot be used. Copy the text instead.");
      } finally {
        camera.hidden = true;
      }
      if (theirs.value) await hear(theirs.value);
    }),
  );
  dialog.addEventListener("close", () => looking.abort());

  const open = () => {
    element<HTMLDetailsElement>("menu").open = false;
    theirs.value = "";
    element("their-part").hidden = false;
    dialog.showModal();
  };
  element("connect").addEventListener("click", () => {
    open();
    void offer();
  });
  element("close-by-hand").addEventListener("click", () => dialog.close());
  theirs.addEventListener("input", () => {
    if (theirs.value.trim()) void hear(theirs.value);
  });
  ours.addEventListener("focus", () => ours.select());
  copyButton.addEventListener("click", () => void copy(ours, copyButton));
  session.byHand.met = (reached) => {
    say(reached ? "Connected." : UNREACHED);
    if (!reached) return;
    if (dialog.open) setTimeout(() => dialog.close(), CLOSE_AFTER_MS);
  };
  if (!offered) return;
  open();
  void hear(offered);
}

export type Copy = (field: HTMLTextAreaElement, button: HTMLElement) => Promise<void>;

const CLOSE_AFTER_MS = 1_500;
const UNREACHED =
  "They could not be reached. Without a server this works in one network, and not through every " +
  "firewall: close this and try again, the other way round.";

/** They are a script of their own, which most visits never need. */
function qrCodes(dialog: HTMLElement): Promise<typeof import("./qr")> {
  return import(new URL(dialog.dataset.qr ?? "", document.baseURI).href);
}

/** The slip in what was pasted: alone, at the end of a link, or behind what `lorikeet join` calls it. */
function slipIn(text: string): string {
  const whole = text.replace(/^\s*(answer|offer)\s+/, "").replaceAll(/\s/g, "");
  return takeOffer(whole)[1] ?? whole;
}
