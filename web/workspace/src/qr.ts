// SPDX-License-Identifier: MIT
// QR codes: as a picture, and before a camera. The only door to the library that knows them; a script
// of its own, which most visits never need.

import encodeQR from "qr";
import decodeQR from "qr/decode.js";

const SVG = "http://www.w3.org/2000/svg";
const LOOK_EVERY_MS = 150;
// More pixels cost time and tell no more.
const LOOK_AT = 640;

/** Dark on light, as cameras expect it, whatever the page looks like. */
export function qrPicture(text: string): SVGSVGElement {
  const rows = encodeQR(text, "raw", { ecc: "low", border: 3 });
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", `0 0 ${rows.length} ${rows.length}`);
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", "QR code of the text beside it");
  const dots = document.createElementNS(SVG, "path");
  const dot = (dark: boolean, x: number, y: number) => (dark ? `M${x} ${y}h1v1h-1z` : "");
  dots.setAttribute("d", rows.map((row, y) => row.map((dark, x) => dot(dark, x, y)).join("")).join(""));
  picture.append(dots);
  return picture;
}

/** Shows what the camera sees until there is a code in it, and gives its text; "" if stopped before. */
export async function readQr(screen: HTMLVideoElement, stop: AbortSignal): Promise<string> {
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment" },
  });
  try {
    screen.srcObject = stream;
    await screen.play();
    while (!stop.aborted) {
      const text = look(screen);
      if (text) return text;
      await new Promise((wake) => setTimeout(wake, LOOK_EVERY_MS));
    }
    return "";
  } finally {
    screen.srcObject = null;
    for (const track of stream.getTracks()) track.stop();
  }
}

function look(screen: HTMLVideoElement): string {
  const scale = Math.min(1, LOOK_AT / Math.max(screen.videoWidth, screen.videoHeight, 1));
  const width = Math.round(screen.videoWidth * scale);
  const height = Math.round(screen.videoHeight * scale);
  if (width === 0) return "";
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context?.drawImage(screen, 0, 0, width, height);
  try {
    return context ? decodeQR(context.getImageData(0, 0, width, height)) : "";
  } catch {
    return ""; // no code in this frame
  }
}
