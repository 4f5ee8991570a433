// SPDX-License-Identifier: MIT
// Loading the engine: once per page, from bytes that are here or from a URL. It imports nothing, but the
// one with rooms asks guard.ts about signatures.

import { ESTATE } from "./errors.js";

/** The calls of web/wasm.c, by name. Handles, references and statuses are numbers. */
export interface Engine {
  memory: WebAssembly.Memory;
  w_args(len: number): number;
  w_out(): number;
  w_out_len(): number;
  w_used(): number;
  w_status_text(status: number): number;
  w_fault_text(): number;
  w_fault_offset(): number;

  w_new(peer: bigint, secret: bigint): number;
  w_free(doc: number): void;
  w_peer(doc: number): bigint;
  w_set_peer(doc: number, peer: bigint): number;
  w_op_count(doc: number): number;
  w_change_count(doc: number): number;
  w_version(doc: number): number;
  w_frontiers(doc: number): number;
  w_log_version(doc: number): number;
  w_log_frontiers(doc: number): number;
  w_vv_of(doc: number, len: number): number;
  w_frontiers_of(doc: number, len: number): number;
  w_compare(doc: number, len: number): number;
  w_checkout(doc: number, len: number): number;
  w_attach(doc: number): number;
  w_detach(doc: number): number;
  w_is_detached(doc: number): number;
  w_edit_detached(doc: number, allowed: number): number;
  w_fork(doc: number, peer: bigint, len: number): number;
  w_diff_between(doc: number, len: number): number;
  w_shallow_vv(doc: number): number;
  w_shallow_frontiers(doc: number): number;
  w_apply_diff(doc: number, full: number, len: number): number;
  w_revert_to(doc: number, len: number): number;
  w_undo_new(doc: number): number;
  w_undo_free(undo: number): void;
  w_undo_set_interval(undo: number, interval: number): void;
  w_undo_set_max(undo: number, steps: number): void;
  w_undo_time(undo: number, now: number): void;
  w_undo_exclude(undo: number, len: number): number;
  w_undo_group_start(undo: number): number;
  w_undo_group_end(undo: number): void;
  w_undo_pause(undo: number, paused: number): void;
  w_undo_is_paused(undo: number): number;
  w_undo_count(undo: number, which: number): number;
  w_undo_clear(undo: number, which: number): void;
  w_undo_step(undo: number, which: number): number;
  w_undo_pushed(undo: number): number;
  w_undo_note(undo: number, which: number, len: number): number;
  w_undo_top(undo: number, which: number): number;
  w_undo_cursor(undo: number, len: number): number;
  w_own_end(doc: number): number;
  w_vv_encode(len: number): number;
  w_vv_decode(len: number): number;
  w_frontiers_encode(len: number): number;
  w_frontiers_decode(len: number): number;

  w_root(doc: number, kind: number, len: number): number;
  w_roots(doc: number, deep: number): number;
  w_hide_empty_roots(doc: number, hide: number): void;
  w_hide_empty_root(doc: number, ref: number): number;
  w_container_by_id(doc: number, len: number): number;
  w_container_parent(doc: number, ref: number): number;
  w_container_id(doc: number, ref: number): number;
  w_container_path(doc: number, ref: number): number;
  w_container_deep(doc: number, ref: number): number;
  w_container_shows(doc: number, ref: number): number;
  w_ref_kind(doc: number, ref: number): number;

  w_text_insert(doc: number, ref: number, pos: number, unit: number, len: number): number;
  w_text_delete(doc: number, ref: number, pos: number, len: number, unit: number): number;
  w_text_update(doc: number, ref: number, len: number, shortest: number): number;
  w_text_update_lines(doc: number, ref: number, len: number, shortest: number): number;
  w_text_len(doc: number, ref: number): number;
  w_text_string(doc: number, ref: number): number;
  w_text_next(doc: number, ref: number, cursor: number): number;
  w_text_slice(doc: number, ref: number, pos: number, len: number): number;
  w_text_convert(doc: number, ref: number, pos: number, from: number, to: number): number;
  w_text_mark(doc: number, ref: number, start: number, end: number, len: number): number;
  w_text_unmark(doc: number, ref: number, start: number, end: number, len: number): number;
  w_text_delta(doc: number, ref: number): number;
  w_text_slice_delta(doc: number, ref: number, pos: number, len: number, unit: number): number;
  w_text_apply_delta(doc: number, ref: number, len: number): number;
  w_style_config(doc: number, len: number): number;
  w_style_default(doc: number, expand: number): void;

  w_list_insert(doc: number, ref: number, pos: number, len: number): number;
  w_list_insert_container(doc: number, ref: number, pos: number, kind: number): number;
  w_list_delete(doc: number, ref: number, pos: number, len: number): number;
  w_list_len(doc: number, ref: number): number;
  w_list_get(doc: number, ref: number, pos: number): number;
  w_list_values(doc: number, ref: number): number;
  w_list_id(doc: number, ref: number, pos: number): number;

  w_movable_set(doc: number, ref: number, pos: number, len: number): number;
  w_movable_set_container(doc: number, ref: number, pos: number, kind: number): number;
  w_movable_move(doc: number, ref: number, from: number, to: number): number;
  w_movable_who(doc: number, ref: number, pos: number): number;

  w_tree_create(doc: number, ref: number, index: number, len: number): number;
  w_tree_move(doc: number, ref: number, index: number, len: number): number;
  w_tree_move_beside(doc: number, ref: number, after: number, len: number): number;
  w_tree_delete(doc: number, ref: number, len: number): number;
  w_tree_positions(doc: number, ref: number, on: number, jitter: number): number;
  w_tree_positioned(doc: number, ref: number): number;
  w_tree_get(doc: number, ref: number, len: number): number;
  w_tree_children(doc: number, ref: number, len: number): number;
  w_tree_nodes(doc: number, ref: number): number;

  w_counter_add(doc: number, ref: number, by: number): number;
  w_counter_value(doc: number, ref: number): number;

  w_map_set(doc: number, ref: number, len: number): number;
  w_map_set_container(doc: number, ref: number, kind: number, len: number): number;
  w_map_ensure(doc: number, ref: number, kind: number, len: number): number;
  w_map_marker(doc: number, ref: number, len: number): number;
  w_map_clear(doc: number, ref: number): number;
  w_map_delete(doc: number, ref: number, len: number): number;
  w_map_len(doc: number, ref: number): number;
  w_map_get(doc: number, ref: number, len: number): number;
  w_map_entries(doc: number, ref: number): number;
  w_map_editor(doc: number, ref: number, len: number): number;

  w_jsonpath(doc: number, len: number): number;
  w_jsonpath_match(doc: number, len: number): number;
  w_cursor_new(doc: number, ref: number, pos: number, side: number): number;
  w_cursor_resolve(doc: number, len: number): number;
  w_cursor_read(len: number): number;

  w_commit(doc: number, len: number, timestamp: number): number;
  w_import(doc: number, len: number): number;
  w_export(doc: number, mode: number, len: number): number;
  w_export_own(doc: number, start: number): number;
  w_blob_meta(len: number): number;
  w_blob_split(pieceLen: number, len: number): number;
  w_blob_check(len: number): number;
  w_change_at(doc: number, peer: bigint, counter: number): number;
  w_change_after(doc: number, peer: bigint, counter: number): number;
  w_change_at_lamport(doc: number, peer: bigint, lamport: number): number;
  w_change_open(doc: number): number;
  w_describe(doc: number, len: number, timestamp: number): number;
  w_merge_interval(doc: number, seconds: number): void;
  w_travel(doc: number, len: number): number;
  w_travel_next(doc: number): number;
  w_spans_between(doc: number, len: number): number;
  w_changed_containers(doc: number, peer: bigint, start: number, end: number): number;
  w_json_updates(doc: number, numbered: number, len: number): number;
  w_json_span(doc: number, peer: bigint, start: number, end: number): number;
  w_json_open(doc: number): number;
  w_json_import(doc: number, len: number): number;
  w_json_redact(len: number): number;
  w_export_spans(doc: number, len: number): number;
  w_export_pending(doc: number): number;
  w_import_batch(doc: number, len: number): number;
  w_watch(doc: number, on: number): number;
  w_poll(doc: number): number;

  w_room_new(
    doc: number,
    len: number,
    seed: bigint,
    messageMax: number,
    offset: number,
    guard: number,
    writes: number,
  ): number;
  w_room_free(room: number): void;
  w_room_open(room: number, link: number, now: number): number;
  w_room_held(room: number, link: number, now: number): void;
  w_room_sparse(room: number, sparse: number, now: number): void;
  w_room_close(room: number, link: number): void;
  w_room_of(len: number): number;
  w_room_feed(room: number, link: number, len: number, now: number): number;
  w_room_edited(room: number, now: number): number;
  w_room_stored(room: number, token: bigint): void;
  w_room_tick(room: number, now: number): void;
  w_room_wake_at(room: number): number;
  w_room_presence_set(room: number, len: number, now: number): number;
  w_room_presence_json(room: number): number;
  w_room_poll(room: number): number;
  w_room_stats(room: number): number;
  w_room_restore(room: number, len: number, now: number): number;
  w_room_whole(room: number): number;
  w_room_parts(len: number): number;

  w_guard_sign(guard: number, len: number): number;
  w_guard_verify(guard: number, len: number): number;

  w_ephemeral_new(timeout: number, awareness: number): number;
  w_ephemeral_free(entries: number): void;
  w_ephemeral_set(entries: number, len: number, now: number): number;
  w_ephemeral_apply(entries: number, len: number, now: number): number;
  w_ephemeral_expire(entries: number, now: number): void;
  w_ephemeral_changes(entries: number): number;
  w_ephemeral_encode(entries: number, len: number, now: number): number;
  w_ephemeral_get(entries: number, len: number): number;
  w_ephemeral_states(entries: number): number;
  w_ephemeral_len(entries: number): number;
}

let loaded: Engine | undefined;
const imports: WebAssembly.Imports = {};
let random: Pick<Crypto, "getRandomValues"> = globalThis.crypto;

/** Where there is no global `crypto` (Node 18): take this one. */
export function useCrypto(source: Pick<Crypto, "getRandomValues">): void {
  random ??= source;
}

export function randomU64(): bigint {
  return random.getRandomValues(new BigUint64Array(1))[0]!;
}

/** What the engine may call, before it is loaded. */
export function provide(module: string, calls: WebAssembly.ModuleImports): void {
  imports[module] = calls;
}

/** The engine, or an error that says what to do. */
export function engine(): Engine {
  if (loaded === undefined) throw new Error("lorikeet-crdt: call `await init()` first");
  return loaded;
}

function adopt(instance: WebAssembly.Instance): void {
  loaded ??= instance.exports as unknown as Engine;
}

/** Load from bytes at hand, without waiting. Loading again does nothing. */
export function initSync(source: BufferSource | WebAssembly.Module): void {
  if (loaded !== undefined) return;
  const module = source instanceof WebAssembly.Module ? source : new WebAssembly.Module(source);
  adopt(new WebAssembly.Instance(module, imports));
}

/** Where the engine may come from: its address, an answer to a request for it, or itself. */
export type EngineSource =
  string | URL | Response | Promise<Response> | BufferSource | WebAssembly.Module;

async function instantiate(source: EngineSource): Promise<WebAssembly.Instance> {
  if (typeof source === "string" || source instanceof URL) source = fetch(source);
  if (source instanceof WebAssembly.Module) return WebAssembly.instantiate(source, imports);
  if (source instanceof Promise || source instanceof Response) {
    const response = await source;
    if (!response.ok) throw new Error(`lorikeet-crdt: ${response.url} answers ${response.status}`);
    // streaming compilation insists on the content type, which not every server knows
    const streams = response.headers.get("content-type")?.startsWith("application/wasm");
    if (streams) return (await WebAssembly.instantiateStreaming(response, imports)).instance;
    source = await response.arrayBuffer();
  }
  return (await WebAssembly.instantiate(source as BufferSource, imports)).instance;
}

/** Load from `source`. Loading again does nothing. */
export async function load(source: EngineSource): Promise<void> {
  if (loaded === undefined) adopt(await instantiate(source));
}

/** Something of the engine's: freed by release(), or when whoever owns it is collected. Its owner
 *  may be seen through a proxy, which a registry would not know; so this box says what was freed. */
export interface Owned {
  handle: number;
  readonly free: (handle: number) => void;
  /** What must not be collected before. */
  readonly keeps: unknown;
}

const registry = new FinalizationRegistry(release);

export function own(owner: object, handle: number, free: Owned["free"], keeps?: unknown): Owned {
  const owned = { handle, free, keeps };
  registry.register(owner, owned);
  return owned;
}

/** What the engine knows it by; `what` it was that was freed, if it was. */
export function handleOf({ handle }: Owned, what: string): number {
  if (handle === 0) throw new ESTATE(`the ${what} was freed`);
  return handle;
}

/** Once only. */
export function release(owned: Owned): void {
  const { handle } = owned;
  owned.handle = 0;
  if (handle !== 0) owned.free(handle);
}
