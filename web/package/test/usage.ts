// SPDX-License-Identifier: MIT
// Not run: it must compile against the declarations that ship. Whoever names the types of their
// document gets them back; whoever does not can do without.

import init, {
  type Container,
  type ContainerID,
  type Delta,
  type Diff,
  ECORRUPT,
  type ExportMode,
  getType,
  type ImportStatus,
  isContainer,
  type JsonDiff,
  Loro,
  LoroDoc,
  type LoroEventBatch,
  LoroList,
  LoroMap,
  LoroText,
  type PeerID,
  type Value,
  VersionVector,
} from "../dist/types/browser.js";
import { LoroDoc as LiteDoc } from "../dist/types/lite.js";
import { LoroDoc as RoomDoc, Room, type RoomOut } from "../dist/types/room_web.js";
import { type EngineWorker, type Remote, startWorker } from "../dist/types/worker.js";

type Note = LoroMap<{ title: string; done: boolean; body: LoroText }>;

export async function typed(): Promise<void> {
  await init("/lorikeet.wasm");
  await init(new Uint8Array(8));
  const doc = new LoroDoc<{ notes: LoroList<Note>; settings: LoroMap<{ size: number }> }>();
  const first: Note = doc.getList("notes").get(0);
  const done: boolean = first.get("done");
  const body: LoroText = first.get("body");
  doc.getMap("settings").set("size", 12);
  // @ts-expect-error: a size is a number
  doc.getMap("settings").set("size", done);
  body.insert(0, "x");
}

/** As precise as loro-crdt's. */
export function precise(doc: LoroDoc<{ notes: LoroList<Note> }>, container: Container): void {
  const kind: "Text" = getType(new LoroText());
  const none: "Json" = getType(1);
  const stored: [ContainerID, JsonDiff][] = doc.diff([], doc.frontiers());
  const live: [ContainerID, Diff][] = doc.diff([], doc.frontiers(), false);
  doc.applyDiff([...stored, ...live]);
  const note: Note = doc.getList("notes").insertContainer(0, new LoroMap());
  const steps: Delta<string>[] = note.get("body").toContainerTree({ text: "delta" }).value;
  const text: string = note.get("body").toContainerTree().value;
  const { notes } = doc.toContainerTree({ roots: ["notes"] });
  if (notes?.type === "List") console.log(notes.value.length, kind, none, steps, text);
  if (container.kind() === "Map" && isContainer(container)) console.log(container.parent()?.id);
}

export function untyped(): [ImportStatus, PeerID, Value[]] {
  const doc: LoroDoc = new Loro();
  const map: LoroMap = doc.getMap("m");
  map.set("k", { any: [1, null, new Uint8Array(1)] });
  const text: LoroText = map.setContainer("t", new LoroText());
  const list: LoroList = map.getOrCreateContainer("l", new LoroList());
  const stop: () => void = doc.subscribe((batch: LoroEventBatch) => {
    for (const { diff } of batch.events) {
      if (diff.type === "text") for (const step of diff.diff) text.applyDelta([step]);
      if (diff.type === "map") console.log(diff.updated["k"]);
    }
  });
  stop();
  const delta: Delta<string>[] = [{ retain: 1 }, { insert: "x" }, { delete: 2 }];
  text.applyDelta(delta);
  const mode: ExportMode = { mode: "update", from: new VersionVector(null) };
  return [doc.import(doc.export(mode)), doc.peerIdStr, list.getShallowValue()];
}

export function room(doc: RoomDoc): number {
  const made = new Room(doc, { id: "room", unixOffset: performance.timeOrigin });
  for (let out: RoomOut | undefined; (out = made.poll());) {
    if (out.kind === "send") return out.link + out.bytes.length;
    if (out.kind === "error") console.log(out.what);
  }
  return new ECORRUPT("why", 3).offset ?? 0;
}

/** The smallest engine's documents are typed like the others, and lack what it lacks. */
export function lite(): string {
  const doc = new LiteDoc<{ notes: LoroList<Note> }>();
  const copy: LiteDoc<{ notes: LoroList<Note> }> = doc.fork();
  // @ts-expect-error: not in this engine
  copy.JSONPath("$.notes");
  return doc.getList("notes").get(0).get("title");
}

/** An engine in a worker has the same names; what they give is promised. */
export async function remote(worker: EngineWorker = startWorker()): Promise<void> {
  const doc: Remote<LoroDoc> = new worker.loro.LoroDoc();
  const text: Remote<LoroText> = await doc.getText("t");
  const length: number = await text.length;
  const string: string = await doc.getText("t").toString();
  const bytes: Uint8Array = await doc.export({ mode: "update", from: await doc.version() });
  const status: ImportStatus = await doc.import(bytes);
  const stop = await doc.subscribe((batch: LoroEventBatch) => console.log(batch.by));
  await stop();
  const undo = new worker.loro.UndoManager(doc, { maxUndoSteps: 3 });
  const undone: boolean = await undo.undo();
  const made = await doc.getMap("m").setContainer("k", new worker.loro.LoroText());
  await made.insert(0, string);
  const meta = await worker.loro.decodeImportBlobMeta(bytes);
  const end: number | undefined = await meta.partialEndVersionVector.get("1");
  // @ts-expect-error: a promise is no number
  const wrong: number = text.length;
  console.log(length, status, undone, end, wrong);
  worker.terminate();
}

/** An import with progress. */
export async function sliced(doc: LoroDoc, bytes: Uint8Array, signal: AbortSignal): Promise<ImportStatus> {
  const onProgress = ({ done, total }: { done: number; total: number }) => console.log(done / total);
  return doc.importAsync(bytes, { onProgress, signal, budget: 4 });
}
