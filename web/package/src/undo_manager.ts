// SPDX-License-Identifier: MIT
// Undo managers. The engine has the steps; here are the callbacks, and what they annotate steps
// with: a value and cursors, kept with the step as bytes.

import { check, fail, found, outBytes, outRead, put, putBytes, putString, STATUS } from "./call.js";
import { Cursor } from "./cursor.js";
import type { LoroDoc } from "./doc.js";
import { ESTATE } from "./errors.js";
import type { LoroEventBatch, Subscription } from "./event.js";
import { engine } from "./module.js";
import type { Store } from "./store.js";
import { type CounterSpan, type PeerID, Reader, type Value } from "./value.js";

export interface UndoNote {
  value: Value;
  /** Made before the step; they come back standing where they stood then. */
  cursors: Cursor[];
}
/** A step was recorded: what is to be kept with it. Without an event it is what undo() or redo()
 *  made. */
export type OnPush = (isUndo: boolean, range: CounterSpan, event?: LoroEventBatch) => UndoNote;
/** A step was taken back. */
export type OnPop = (isUndo: boolean, note: UndoNote, range: CounterSpan) => void;

export type UndoConfig = {
  /** Commits within so many milliseconds are one step; 1000 if not given. */
  mergeInterval?: number;
  /** Of more steps the oldest are forgotten; 100 if not given. */
  maxUndoSteps?: number;
  /** Commits with an origin that begins so count as others'. */
  excludeOriginPrefixes?: string[];
  onPush?: OnPush;
  onPop?: OnPop;
};

const UNDO = 0;
const REDO = 1;

function putNote(note: Partial<UndoNote> | null | undefined): number {
  return put((w) => {
    w.value(note?.value);
    const cursors = note?.cursors ?? [];
    w.uleb(cursors.length);
    for (const cursor of cursors) w.raw(cursor.encode());
  });
}

function readNote(bytes: Uint8Array): { value: Value; cursors: Uint8Array[] } {
  if (bytes.length === 0) return { value: null, cursors: [] };
  const r = new Reader(bytes);
  return { value: r.value() as Value, cursors: r.many(() => r.blob()) };
}

function readSpan(r: Reader): CounterSpan {
  return { start: r.uleb(), end: r.uleb() };
}

/** Takes back what this document's own peer committed, and leaves what others did. */
export class UndoManager {
  private readonly _store: Store;
  private _handle: number;
  private _onPush: OnPush | undefined;
  private _onPop: OnPop | undefined;
  private _event: LoroEventBatch | undefined;
  private _unsubscribe: Subscription | undefined;

  constructor(doc: LoroDoc<any>, config: UndoConfig = {}) {
    this._store = doc.store;
    this._handle = this._store.transact(() => engine().w_undo_new(this._store.handle));
    if (this._handle === 0) fail(STATUS.ENOMEM);
    this._store.managers.add(this);
    this.setMergeInterval(config.mergeInterval ?? 1000);
    this.setMaxUndoSteps(config.maxUndoSteps ?? 100);
    for (const prefix of config.excludeOriginPrefixes ?? []) this.addExcludeOriginPrefix(prefix);
    this.setOnPush(config.onPush);
    this.setOnPop(config.onPop);
  }

  private get _own(): number {
    if (this._handle === 0) throw new ESTATE("the undo manager was freed");
    return this._handle;
  }

  /** @internal A commit comes. */
  tick(): void {
    engine().w_undo_time(this._own, Date.now());
  }

  /** @internal A commit was made: a callback to run when everybody has heard of it. */
  committed(): (() => void) | undefined {
    if (check(engine().w_undo_pushed(this._own)) === 0) return undefined;
    const [merged, span] = outRead((r) => [r.u8() === 1, readSpan(r)] as const);
    return this._push(UNDO, span, merged, () => this._event);
  }

  private _push(
    which: number,
    span: CounterSpan,
    merged: boolean,
    event?: () => LoroEventBatch | undefined,
  ): (() => void) | undefined {
    const onPush = this._onPush;
    return onPush && (() => {
      const told = event?.();
      const note = told ? onPush(which === UNDO, span, told) : onPush(which === UNDO, span);
      if (!merged && this._handle !== 0) {
        const len = putNote(note);
        check(engine().w_undo_note(this._handle, which, len));
      }
    });
  }

  /** Where cursors of a step that was just taken back are now. */
  private _restore(bytes: Uint8Array): Cursor {
    const moved = engine().w_undo_cursor(this._own, putBytes(bytes));
    return new Cursor(moved < 0 ? bytes : outBytes());
  }

  private _step(which: number): boolean {
    return this._store.edit(() => {
      check(engine().w_undo_step(this._own, which));
      const [popped, changed, span, made, bytes] = outRead(
        (r) => [r.u8() === 1, r.u8() === 1, readSpan(r), readSpan(r), r.blob()] as const,
      );
      const onPop = this._onPop;
      const after = [];
      if (popped && onPop !== undefined) {
        const { value, cursors } = readNote(bytes);
        const note = { value, cursors: cursors.map((cursor) => this._restore(cursor)) };
        after.push(() => onPop(which === UNDO, note, span));
      }
      if (changed) after.push(this._push(UNDO + REDO - which, made, false));
      return [changed, after];
    });
  }

  /** Take the newest step back; whether that made edits. A step that others undid makes none, and
   *  is used up. */
  undo(): boolean {
    return this._step(UNDO);
  }

  /** Take the newest undo back. */
  redo(): boolean {
    return this._step(REDO);
  }

  canUndo(): boolean {
    return engine().w_undo_count(this._own, UNDO) > 0;
  }

  canRedo(): boolean {
    return engine().w_undo_count(this._own, REDO) > 0;
  }

  private _topValue(which: number): Value | undefined {
    if (found(engine().w_undo_top(this._own, which)) === undefined) return undefined;
    return readNote(outBytes()).value;
  }

  /** What onPush gave for the step that undo() would take back; undefined: there is none. */
  topUndoValue(): Value | undefined {
    return this._topValue(UNDO);
  }

  topRedoValue(): Value | undefined {
    return this._topValue(REDO);
  }

  /** Commits from now on are one step. Throws if they are already. */
  groupStart(): void {
    check(engine().w_undo_group_start(this._own));
  }

  groupEnd(): void {
    engine().w_undo_group_end(this._own);
  }

  /** Until resume(), own commits count as others', and showing the past forgets nothing. */
  pause(): void {
    engine().w_undo_pause(this._own, 1);
  }

  resume(): void {
    engine().w_undo_pause(this._own, 0);
  }

  isPaused(): boolean {
    return engine().w_undo_is_paused(this._own) === 1;
  }

  clear(): void {
    this.clearUndo();
    this.clearRedo();
  }

  clearUndo(): void {
    engine().w_undo_clear(this._own, UNDO);
  }

  clearRedo(): void {
    engine().w_undo_clear(this._own, REDO);
  }

  setMaxUndoSteps(steps: number): void {
    engine().w_undo_set_max(this._own, Math.min(Math.max(0, Math.trunc(steps)), 0xffffffff));
  }

  setMergeInterval(interval: number): void {
    engine().w_undo_set_interval(this._own, interval);
  }

  addExcludeOriginPrefix(prefix: string): void {
    check(engine().w_undo_exclude(this._own, putString(prefix)));
  }

  setOnPush(listener?: OnPush): void {
    this._onPush = typeof listener === "function" ? listener : undefined;
    this._unsubscribe?.();
    this._unsubscribe = this._onPush && this._store.subscribe((batch) => (this._event = batch));
  }

  setOnPop(listener?: OnPop): void {
    this._onPop = typeof listener === "function" ? listener : undefined;
  }

  /** Whose steps these are. */
  peer(): PeerID {
    return this._store.peer.toString() as PeerID;
  }

  /** Forget everything now; otherwise that happens with the document. */
  free(): void {
    if (this._handle === 0) return;
    this._unsubscribe?.();
    this._store.managers.delete(this);
    engine().w_undo_free(this._handle);
    this._handle = 0;
  }

  [Symbol.dispose](): void {
    this.free();
  }
}
