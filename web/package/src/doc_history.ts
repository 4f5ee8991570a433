// SPDX-License-Identifier: MIT
// What a document knows of its history: changes, and JSON updates.

import { check, outBytes, outRead, outString, put, putString } from "./call.js";
import type { ContainerID } from "./container.js";
import { EMISSING } from "./errors.js";
import {
  type Change,
  changeOut,
  idSpans,
  type IdSpan,
  type JsonChange,
  type JsonOp,
  type JsonSchema,
  jsonText,
  nullsUndefined,
  type VersionVectorDiff,
} from "./history.js";
import { engine } from "./module.js";
import { writeFrontiers } from "./past.js";
import type { Store } from "./store.js";
import type { Frontiers, OpId, PeerID, Reader } from "./value.js";
import type { VersionVector } from "./version.js";

type Spans = Map<PeerID, { start: number; end: number }>;

export interface ImportStatus {
  success: Spans;
  /** Waiting inside the document for what they build on; null: none. */
  pending: Spans | null;
}

/** As Loro says it. */
const LEFT_OUT =
  "Import Failed: The dependencies of the importing updates are not included in the shallow history of the doc.";

/** Throws if some was left out: the rest was imported all the same, as in Loro. */
export function readImportStatus(r: Reader): ImportStatus {
  const success = r.spans();
  const pending = r.spans();
  if (r.spans().size > 0) throw new EMISSING(LEFT_OUT);
  return { success, pending: pending.size === 0 ? null : pending };
}

export abstract class DocHistory {
  /** @internal */
  abstract readonly store: Store;

  // ---- changes ----

  /** The change that holds the operation. */
  getChangeAt(id: OpId): Change {
    const { peer, counter } = id;
    const change = changeOut(engine().w_change_at(this.store.handle, BigInt(peer), counter));
    if (change === undefined) throw new EMISSING(`Change ${counter}@${peer} not found`);
    return change;
  }

  /** The last one of `peer` that begins at that Lamport time or before. */
  getChangeAtLamport(peer: string, lamport: number): Change | undefined {
    return changeOut(engine().w_change_at_lamport(this.store.handle, BigInt(peer), lamport));
  }

  /** By author, in order, without what is not committed. */
  getAllChanges(): Map<PeerID, Change[]> {
    const all = new Map<PeerID, Change[]>();
    check(engine().w_log_version(this.store.handle));
    for (const peer of outRead((r) => r.version()).keys()) {
      const changes: Change[] = [];
      for (let at = 0; ; ) {
        const status = engine().w_change_after(this.store.handle, BigInt(peer), at);
        const change = changeOut(status);
        if (change === undefined) break;
        changes.push(change);
        at = change.counter + change.length;
      }
      if (changes.length > 0) all.set(peer, changes);
    }
    return all;
  }

  getOpsInChange(id: OpId): JsonOp[] {
    const { peer, counter, length } = this.getChangeAt(id);
    return this._span(peer, counter, length).flatMap(({ ops }) => ops);
  }

  /** Call `visit` with every change in the past of `ids`, latest first, until it returns false. */
  travelChangeAncestors(ids: Frontiers, visit: (change: Change) => boolean): void {
    this.store.transact(() => {
      check(engine().w_travel(this.store.handle, put((w) => writeFrontiers(w, ids))));
      for (;;) {
        const change = changeOut(engine().w_travel_next(this.store.handle));
        if (change === undefined || visit(change) === false) break;
      }
    });
  }

  /** What has to be undone and done to get from one version to another. */
  findIdSpansBetween(from: Frontiers, to: Frontiers): VersionVectorDiff {
    const len = put((w) => {
      writeFrontiers(w, from);
      writeFrontiers(w, to);
    });
    check(engine().w_spans_between(this.store.handle, len));
    return outRead((r) => ({ retreat: idSpans(r.spans()), forward: idSpans(r.spans()) }));
  }

  getChangedContainersIn(id: OpId, len: number): ContainerID[] {
    return this.store.transact(() => {
      const { peer, counter } = id;
      const peerId = BigInt(peer);
      check(
        engine().w_changed_containers(this.store.handle, peerId, counter, counter + len),
      );
      return outRead((r) => r.many(() => r.uleb())).map((ref) => this.store.id(ref));
    });
  }

  /** Seconds within which commits that follow each other are one change. */
  setChangeMergeInterval(interval: number): void {
    engine().w_merge_interval(this.store.handle, interval);
  }

  // ---- JSON updates ----

  exportJsonUpdates(
    start?: VersionVector,
    end?: VersionVector,
    withPeerCompression = true,
  ): JsonSchema {
    return this.store.transact(() => {
      const len = put((w) => {
        w.ids(start?.toJSON() ?? []);
        if (end !== undefined) w.ids(end.toJSON());
      });
      check(engine().w_json_updates(this.store.handle, withPeerCompression ? 1 : 0, len));
      return JSON.parse(outString()) as JsonSchema;
    });
  }

  private _span(peer: PeerID, start: number, length: number): JsonChange[] {
    const end = Math.max(start, start + length);
    check(
      engine().w_json_span(this.store.handle, BigInt(peer), Math.min(start, end), end),
    );
    return nullsUndefined(JSON.parse(outString()) as JsonChange[]);
  }

  exportJsonInIdSpan(span: IdSpan): JsonChange[] {
    return this.store.transact(() => this._span(span.peer, span.counter, span.length));
  }

  getUncommittedOpsAsJson(): JsonSchema | undefined {
    check(engine().w_json_open(this.store.handle));
    const text = outString();
    return text === "" ? undefined : (JSON.parse(text) as JsonSchema);
  }

  importJsonUpdates(json: string | JsonSchema): ImportStatus {
    return this.store.transact(() => {
      check(engine().w_json_import(this.store.handle, putString(jsonText(json))));
      return outRead(readImportStatus);
    });
  }

  // ---- parts ----

  /** @internal */
  exportSpans(spans: { id: OpId; len: number }[]): Uint8Array {
    return this.store.transact(() => {
      const len = put((w) => {
        w.spans(spans.map(({ id, len }) => [id.peer, id.counter, id.counter + len]));
      });
      check(engine().w_export_spans(this.store.handle, len));
      return outBytes();
    });
  }

  /** What waits inside the document for its past, as an update; undefined: nothing. */
  exportPendingUpdates(): Uint8Array | undefined {
    check(engine().w_export_pending(this.store.handle));
    const bytes = outBytes();
    return bytes.length === 0 ? undefined : bytes;
  }
}
