// SPDX-License-Identifier: MIT
// An import that lets the page live: the engine takes the blob apart, and its pieces are checked and
// then imported, as many as fit into a slice of time.

import { outBytes, putBytes } from "./call.js";
import type { LoroDoc } from "./doc.js";
import type { ImportStatus } from "./doc_history.js";
import { EMISSING } from "./errors.js";
import { engine } from "./module.js";
import { Reader } from "./value.js";

export interface ImportAsyncOptions {
  /** Called after each slice: bytes of the blob dealt with, of all. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Stops between two slices: the promise rejects with its reason. */
  signal?: AbortSignal;
  /** Milliseconds of a slice; 8 if nothing is said. */
  budget?: number;
}

/** Bytes that are imported without looking at the clock. */
const PIECE = 8192;

/** The last byte of a blob's mode, and what it is: docs/FORMAT.md section 2. */
const MODE = 21;
const SNAPSHOT = 3;

/** What a blob is made of; undefined: import() knows what is wrong with it. */
function split(blob: Uint8Array): Uint8Array[] | undefined {
  if (engine().w_blob_split(PIECE, putBytes(blob)) < 0) return undefined;
  const pieces = outBytes();
  const r = new Reader(pieces);
  const all = [];
  while (r.more) all.push(r.take(r.u32()));
  return all;
}

declare const scheduler: { yield?: () => Promise<void> } | undefined;

/** Let everybody else have a turn: timers, input, frames. */
function turn(): Promise<void> {
  if (typeof scheduler !== "undefined" && scheduler.yield) return scheduler.yield();
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

type Spans = ImportStatus["success"];

/** One span for each peer: from where the first began to where the last ends. */
function join(all: Spans, more: Spans | null): void {
  for (const [peer, { start, end }] of more ?? []) {
    const span = all.get(peer);
    all.set(peer, {
      start: Math.min(start, span?.start ?? start),
      end: Math.max(end, span?.end ?? end),
    });
  }
}

/** What is still missing of what waited at one time or another. */
function missing(doc: LoroDoc, waited: Spans): Spans | null {
  const known = doc.oplogVersion();
  for (const [peer, span] of waited) {
    span.start = Math.max(span.start, known.get(peer) ?? 0);
    if (span.start >= span.end) waited.delete(peer);
  }
  return waited.size === 0 ? null : waited;
}

/** What is called for all pieces, twice in all: when the time of a slice is over it says how far it is,
 *  of `total`, and lets everybody else have their turn. */
function inSlices(
  pieces: Uint8Array[],
  total: number,
  { onProgress, signal, budget = 8 }: ImportAsyncOptions,
): (deal: (piece: Uint8Array) => unknown) => Promise<void> {
  const work = 2 * pieces.reduce((sum, { length }) => sum + length, 0);
  let done = 0;
  let end = performance.now() + budget;
  return async (deal) => {
    for (const piece of pieces) {
      deal(piece);
      done += piece.length;
      if (performance.now() < end && done < work) continue;
      onProgress?.({ done: Math.round((done / work) * total), total });
      if (done === work) return;
      await turn();
      signal?.throwIfAborted();
      end = performance.now() + budget;
    }
  };
}

export async function importAsync(
  doc: LoroDoc,
  blob: Uint8Array,
  options: ImportAsyncOptions = {},
): Promise<ImportStatus> {
  options.signal?.throwIfAborted();
  const total = blob.length;
  const atOnce = () => {
    const status = doc.import(blob);
    options.onProgress?.({ done: total, total });
    return status;
  };
  // a document that shows its past would find out with each piece how to get from there to the end,
  // and one that is empty takes the state of a snapshot as it stands
  const whole = doc.isDetached() || (doc.opCount() === 0 && blob[MODE] === SNAPSHOT);
  const pieces = whole ? undefined : split(blob);
  if (pieces === undefined || pieces.length < 2) return atOnce();
  const each = inSlices(pieces, total, options);
  let sound = true;
  await each((piece) => (sound &&= engine().w_blob_check(putBytes(piece)) >= 0));
  if (!sound) return atOnce();
  const success: Spans = new Map();
  const waited: Spans = new Map();
  let leftOut: EMISSING | undefined;
  await each((piece) => {
    try {
      const status = doc.import(piece);
      join(success, status.success);
      join(waited, status.pending);
    } catch (error) {
      if (!(error instanceof EMISSING)) throw error;
      leftOut = error;
    }
  });
  if (leftOut !== undefined) throw leftOut;
  return { success, pending: missing(doc, waited) };
}
