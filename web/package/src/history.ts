// SPDX-License-Identifier: MIT
// Changes and JSON updates: their shapes, and how they are read from the engine.

import { check, found, outRead, outString, put } from "./call.js";
import type { ContainerID } from "./container.js";
import { engine } from "./module.js";
import type { OpId, PeerID, Reader } from "./value.js";

export interface Change {
  peer: PeerID;
  counter: number;
  lamport: number;
  length: number;
  /** Unix seconds. */
  timestamp: number;
  deps: OpId[];
  message: string | undefined;
}

export type IdSpan = { peer: PeerID; counter: number; length: number };

export interface VersionVectorDiff {
  /** In `from`, not in `to`. */
  retreat: IdSpan[];
  /** In `to`, not in `from`. */
  forward: IdSpan[];
}

export type JsonOpID = `${number}@${PeerID}`;
export type JsonContainerID = `🦜:${ContainerID}`;
export type JsonValue =
  | JsonContainerID
  | string
  | number
  | boolean
  | null
  | { [key: string]: JsonValue }
  | Uint8Array
  | JsonValue[];

type Insert = { type: "insert"; pos: number };
type Delete = { type: "delete"; pos: number; len: number; start_id: JsonOpID };
export type ListOp = (Insert & { value: JsonValue }) | Delete;
export type MovableListOp =
  | ListOp
  | { type: "move"; from: number; to: number; elem_id: JsonOpID }
  | { type: "set"; elem_id: JsonOpID; value: JsonValue };
export type TextOp =
  | (Insert & { text: string })
  | Delete
  | {
      type: "mark";
      start: number;
      end: number;
      style_key: string;
      style_value: JsonValue;
      info: number;
    }
  | { type: "mark_end" };
export type MapOp =
  { type: "insert"; key: string; value: JsonValue } | { type: "delete"; key: string };
type TreePlace = { target: JsonOpID; parent: JsonOpID | undefined; fractional_index: string };
export type TreeOp =
  | ({ type: "create" } & TreePlace)
  | ({ type: "move" } & TreePlace)
  | { type: "delete"; target: JsonOpID };
export type UnknownOp = {
  type: "unknown";
  prop: number;
  value_type: "unknown";
  value: { kind: number; data: Uint8Array };
};

export interface JsonOp {
  container: ContainerID;
  counter: number;
  content: ListOp | TextOp | MapOp | TreeOp | MovableListOp | UnknownOp;
}

export interface JsonChange {
  id: JsonOpID;
  timestamp: number;
  deps: JsonOpID[];
  lamport: number;
  msg: string | null;
  ops: JsonOp[];
}

export interface JsonSchema {
  schema_version: number;
  start_version: Map<string, number>;
  peers: PeerID[];
  changes: JsonChange[];
}

/** Peers, and where in what they wrote to begin and end. */
export type VersionRange = ReadonlyMap<PeerID, readonly number[]> | Record<PeerID, readonly number[]>;

function readChange(r: Reader): Change {
  const peer = r.peer();
  const counter = r.uleb();
  const length = r.uleb();
  const lamport = r.uleb();
  const timestamp = r.f64();
  const message = r.string() || undefined;
  return { lamport, length, peer, counter, deps: r.frontiers(), timestamp, message };
}

/** The change that a call left in the result region, if it found one. */
export function changeOut(status: number): Change | undefined {
  return found(status) === undefined ? undefined : outRead(readChange);
}

/** Like Object.entries() of a map or an object. */
function ranges(range: VersionRange): [PeerID, readonly [number, number]][] {
  const entries = range instanceof Map ? [...range] : Object.entries(range);
  return entries as [PeerID, readonly [number, number]][];
}

export function jsonText(json: string | JsonSchema): string {
  return typeof json === "string" ? json : JSON.stringify(json);
}

/** `json` without what was written in those ranges: text becomes U+FFFD, values become null. */
export function redactJsonUpdates(json: string | JsonSchema, range: VersionRange): JsonSchema {
  const len = put((w) => {
    w.string(jsonText(json));
    w.spans(ranges(range).map(([peer, [start, end]]) => [peer, start, end]));
  });
  check(engine().w_json_redact(len));
  return JSON.parse(outString()) as JsonSchema;
}

/** What is null in JSON, undefined: so loro-crdt hands out changes that are not in a document. */
export function nullsUndefined<T>(json: T): T {
  if (json === null) return undefined as T;
  if (typeof json === "object") {
    const items = json as Record<string, unknown>;
    for (const key of Object.keys(items)) items[key] = nullsUndefined(items[key]);
  }
  return json;
}

export function idSpans(spans: Map<PeerID, { start: number; end: number }>): IdSpan[] {
  return [...spans].map(([peer, { start, end }]) => {
    return { peer, counter: start, length: end - start };
  });
}
