// SPDX-License-Identifier: MIT
// Records of %ELO, the protocol's extension for updates that are encrypted end to end
// (protocol-e2ee.md): whose operations they hold stands in the clear, the operations do not.
//
//   container  count | record (varBytes) ...
//   span       0 | peer | start | end | key id | iv | box        header: all before the box
//   snapshot   1 | count | (peer, end) ... | key id | iv | box

import { concat, Reader, varBytes, varString, varUint } from "./frame";
import { closeBox, openBox } from "./seal";

const KEY_ID = "lorikeet-1";
const IV_LENGTH = 12;

export interface Span {
  peer: string;
  start: number;
  end: number;
}

function close(key: Uint8Array, before: Uint8Array, plain: Uint8Array): Uint8Array {
  const iv = crypto.getRandomValues(new Uint8Array(IV_LENGTH));
  const header = concat(before, varString(KEY_ID), varBytes(iv));
  return concat(header, varBytes(closeBox(key, iv, header, plain)));
}

export function spanRecord(key: Uint8Array, span: Span, plain: Uint8Array): Uint8Array {
  const { peer, start, end } = span;
  const before = concat(Uint8Array.of(0), varString(peer), varUint(start), varUint(end));
  return close(key, before, plain);
}

/** Peers are digits, so that their order is that of their bytes. */
export function snapshotRecord(
  key: Uint8Array,
  version: Map<string, number>,
  plain: Uint8Array,
): Uint8Array {
  const entries = [...version].sort(([a], [b]) => (a < b ? -1 : 1));
  const ends = entries.map(([peer, end]) => concat(varString(peer), varUint(end)));
  return close(key, concat(Uint8Array.of(1), varUint(entries.length), ...ends), plain);
}

/** What is in the record. Throws if it was not closed with this key, or was changed. */
export function openRecord(key: Uint8Array, record: Uint8Array): Uint8Array {
  const r = new Reader(record);
  const kind = r.byte();
  if (kind > 1) throw new RangeError("record is of an unknown kind");
  for (let peers = kind === 1 ? r.varUint() : 1; peers > 0; peers -= 1) {
    r.varBytes();
    r.varUint();
  }
  if (kind === 0) r.varUint();
  if (r.varString() !== KEY_ID) throw new RangeError("record has another key");
  const iv = r.varBytes();
  const header = r.past;
  return openBox(key, iv, header, r.varBytes());
}

export function container(records: Uint8Array[]): Uint8Array {
  return concat(varUint(records.length), ...records.map(varBytes));
}

export function* recordsOf(bytes: Uint8Array): Generator<Uint8Array> {
  const r = new Reader(bytes);
  for (let count = r.varUint(); count > 0; count -= 1) yield r.varBytes();
}
