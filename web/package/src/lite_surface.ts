// SPDX-License-Identifier: MIT
// What the smallest engine can do: edit, merge, tell of it, go back in time. Its module exports what
// ../../exports.txt lists without a word; the methods that call anything else are not here.

import type { Container } from "./container.js";
import { LoroDoc as Whole } from "./doc.js";

export {
  type Container,
  type ContainerID,
  type ContainerType,
  getType,
  isContainer,
  isContainerId,
  newContainerID,
  newRootContainerID,
} from "./container.js";
export { LoroCounter } from "./counter.js";
export { Cursor, type Side } from "./cursor.js";
export {
  decodeImportBlobMeta,
  type ExportMode,
  type ImportBlobMetadata,
  type TextStyle,
} from "./doc.js";
export * from "./errors.js";
export type * from "./event.js";
export type { ImportStatus } from "./doc_history.js";
export { LoroList, LoroMovableList } from "./list.js";
export { LoroMap } from "./map.js";
export { type EngineSource, initSync } from "./module.js";
export { LoroText, type TextPosType, type TextUpdateOptions } from "./text.js";
export {
  LoroTree,
  LoroTreeNode,
  type TreeNodeJSON,
  type TreeNodeShallowValue,
  type TreeNodeValue,
} from "./tree.js";
export type { CounterSpan, Frontiers, OpId, PeerID, TreeID, Value } from "./value.js";
export { decodeFrontiers, encodeFrontiers, VersionVector } from "./version.js";

const LEFT_OUT = [
  "JSONPath",
  "applyDiff",
  "diff",
  "exportJsonInIdSpan",
  "exportJsonUpdates",
  "exportPendingUpdates",
  "findIdSpansBetween",
  "getAllChanges",
  "getChangeAt",
  "getChangeAtLamport",
  "getChangedContainersIn",
  "getOpsInChange",
  "getUncommittedOpsAsJson",
  "importAsync",
  "importJsonUpdates",
  "revertTo",
  "subscribeJsonpath",
  "subscribePreCommit",
  "travelChangeAncestors",
] as const;

type Roots = Record<string, Container>;

export type LoroDoc<T extends Roots = Roots> = Omit<
  Whole<T>,
  (typeof LEFT_OUT)[number] | "fork" | "forkAt"
> & {
  fork(): LoroDoc<T>;
  forkAt(...at: Parameters<Whole<T>["forkAt"]>): LoroDoc<T>;
};

export const LoroDoc = Whole as {
  new <T extends Roots = Roots>(): LoroDoc<T>;
  fromSnapshot(snapshot: Uint8Array): LoroDoc;
};

for (const name of LEFT_OUT) {
  for (let at = Whole.prototype; at !== null; at = Object.getPrototypeOf(at)) {
    Reflect.deleteProperty(at, name);
  }
}
