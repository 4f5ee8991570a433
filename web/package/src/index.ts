// SPDX-License-Identifier: MIT
// The surface, whichever way the engine is loaded. Names are those of loro-crdt.

export { callPendingEvents, idStrToId, LORO_VERSION, run, setDebug } from "./compat.js";
export {
  type Container,
  type ContainerID,
  type ContainerType,
  getType,
  isContainer,
  isContainerId,
  isContainerId as isValidContainerId,
  newContainerID,
  newRootContainerID,
} from "./container.js";
export { Cursor, type Side } from "./cursor.js";
export {
  type ApplyDiffOptions,
  decodeImportBlobMeta,
  type ExportMode,
  type ImportBlobMetadata,
  Loro,
  LoroDoc,
  type TextStyle,
} from "./doc.js";
export {
  Awareness,
  type AwarenessListener,
  AwarenessWasm,
  type EphemeralListener,
  type EphemeralLocalListener,
  EphemeralStore,
  type EphemeralStoreEvent,
  EphemeralStoreWasm,
} from "./ephemeral.js";
export * from "./errors.js";
export type {
  CounterDiff,
  Delta,
  Diff,
  JsonDiff,
  Listener,
  ListDiff,
  ListJsonDiff,
  LoroEvent,
  LoroEventBatch,
  MapDiff,
  MapJsonDiff,
  Path,
  Subscription,
  TextDiff,
  TreeDiff,
  TreeDiffItem,
} from "./event.js";
export { LoroCounter } from "./counter.js";
export {
  type Change,
  type IdSpan,
  type JsonChange,
  type JsonContainerID,
  type JsonOp,
  type JsonOpID,
  type JsonSchema,
  type JsonValue,
  type ListOp,
  type MapOp,
  type MovableListOp,
  redactJsonUpdates,
  type TextOp,
  type TreeOp,
  type UnknownOp,
  type VersionVectorDiff,
} from "./history.js";
export { LoroList, LoroMovableList } from "./list.js";
export { LoroMap } from "./map.js";
export { type EngineSource, initSync } from "./module.js";
export type { ImportStatus } from "./doc_history.js";
export type { ImportAsyncOptions } from "./import_async.js";
export type {
  ContainerNode,
  ContainerTreeNode,
  ContainerTreeOptions,
  ContainerTreeSlice,
  ContainerTreeText,
  ContainerTreeTextFormat,
  DocumentContainerTree,
  DocumentContainerTreeOptions,
  TreeNodeSnapshot,
  ValueNode,
  ValueWithContainerID,
} from "./reading.js";
export { ChangeModifier, type CommitOptions } from "./store.js";
export { type OnPop, type OnPush, type UndoConfig, UndoManager, type UndoNote } from "./undo_manager.js";
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
export type NonNullableType<T> = Exclude<T, null | undefined>;

import { nameAll } from "./compat.js";
import * as surface from "./index.js";

nameAll(surface);
