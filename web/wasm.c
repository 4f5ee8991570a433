/* SPDX-License-Identifier: MIT
 * wasm.c - lorikeet.h spelled in numbers. Each w_call is one lk_call; package/src/call.ts is the
 * only caller. A module is one thread's, so the regions shared with JavaScript are static. */
#include "alloc.h"
#include "shim.h"

/* Regions larger than this are given back once the call that needed them is over. */
#define REGION_KEEP (1u << 20)

shim web;

/* ---- regions ---- */

static void shim_trim(lk_buf *region) {
    if (region->cap > REGION_KEEP) lk_buf_free(region);
    region->len = 0;
}

writer shim_result(void) {
    shim_trim(&web.out);
    return writer_new(&web.out);
}

lk_status shim_written(const writer *w) { return w->failed ? LK_ENOMEM : LK_OK; }

lk_bytes shim_bytes(size_t len) {
    LK_ASSERT(len <= web.args.cap);
    return (lk_bytes){web.args.at, len};
}

lk_str shim_str(size_t len) {
    lk_bytes bytes = shim_bytes(len);
    return (lk_str){(const char *)bytes.at, bytes.len};
}

arena *shim_scratch(void) {
    if (web.scratch.heap == NULL) arena_init(&web.scratch, &mem_default);
    arena_reset(&web.scratch);
    return &web.scratch;
}

lk_status shim_value(reader *r, lk_value *out) {
    shim_scratch();
    wire_value_read(r, &web.scratch, out);
    return r->fault.code;
}

lk_status shim_ids(size_t len, lk_ids *out) {
    shim_scratch();
    reader r = reader_new(shim_bytes(len));
    *out = wire_ids_read(&r, &web.scratch);
    return r.fault.code;
}

/* Room for `len` bytes of arguments; NULL when memory is out. */
uint8_t *WEB(w_args)(size_t len) {
    if (len < REGION_KEEP) shim_trim(&web.args);
    web.args.len = 0;
    return buf_reserve(&web.args, len) ? web.args.at : NULL;
}

const uint8_t *WEB(w_out)(void) { return web.out.at; }
size_t WEB(w_out_len)(void) { return web.out.len; }
/* Bytes allocated, for the tests that look for leaks. */
size_t WEB(w_used)(void) { return alloc_used(); }

static lk_status shim_literal(const char *text) {
    writer w = shim_result();
    writer_raw(&w, text, __builtin_strlen(text));
    return shim_written(&w);
}

lk_status WEB(w_status_text)(int status) { return shim_literal(lk_status_text((lk_status)status)); }
lk_status WEB(w_fault_text)(void) {
    return shim_literal(web.fault.what == NULL ? "" : web.fault.what);
}
size_t WEB(w_fault_offset)(void) { return web.fault.offset; }

/* ---- documents, versions ---- */

/* Others come to know the peer, so it is not what hash tables are keyed with. */
lk_doc *WEB(w_new)(uint64_t peer, uint64_t secret) {
    lk_doc *doc = lk_new(secret, NULL);
    if (doc == NULL) return NULL;
    LK_ASSERT(lk_set_peer(doc, peer) == LK_OK);
    lk_open_lazily(doc, true);
    return doc;
}
void WEB(w_free)(lk_doc *doc) { lk_free(doc); }
uint64_t WEB(w_peer)(const lk_doc *doc) { return lk_peer(doc); }
lk_status WEB(w_set_peer)(lk_doc *doc, uint64_t peer) { return lk_set_peer(doc, peer); }
size_t WEB(w_op_count)(const lk_doc *doc) { return lk_op_count(doc); }
/* Result: a number. */
lk_status WEB(w_change_count)(lk_doc *doc) {
    size_t count;
    lk_status status = lk_change_count(doc, &count);
    if (status != LK_OK) return status;
    writer w = shim_result();
    writer_uleb(&w, count);
    return shim_written(&w);
}

static lk_status shim_ids_out(lk_ids ids) {
    writer w = shim_result();
    wire_ids_write(&w, ids);
    return shim_written(&w);
}

lk_status WEB(w_version)(lk_doc *doc) { return shim_ids_out(lk_version(doc)); }
lk_status WEB(w_frontiers)(lk_doc *doc) { return shim_ids_out(lk_frontiers(doc)); }
lk_status WEB(w_log_version)(lk_doc *doc) { return shim_ids_out(lk_log_version(doc)); }
lk_status WEB(w_log_frontiers)(lk_doc *doc) { return shim_ids_out(lk_log_frontiers(doc)); }

/* Arguments: frontiers. */
lk_status WEB(w_vv_of)(lk_doc *doc, size_t len) {
    lk_ids ids;
    lk_status status = shim_ids(len, &ids);
    if (status == LK_OK) status = lk_vv_of(doc, ids, &ids);
    return status == LK_OK ? shim_ids_out(ids) : status;
}

/* Arguments: a version vector. */
lk_status WEB(w_frontiers_of)(lk_doc *doc, size_t len) {
    lk_ids ids;
    lk_status status = shim_ids(len, &ids);
    if (status == LK_OK) status = lk_frontiers_of(doc, ids, &ids);
    return status == LK_OK ? shim_ids_out(ids) : status;
}

/* Arguments: two frontiers. Result: how the first stands to the second. */
lk_status WEB(w_compare)(lk_doc *doc, size_t len) {
    shim_scratch();
    reader r = reader_new(shim_bytes(len));
    lk_ids a = wire_ids_read(&r, &web.scratch), b = wire_ids_read(&r, &web.scratch);
    lk_order order;
    lk_status status = r.fault.code;
    if (status == LK_OK) status = lk_compare(doc, a, b, &order);
    if (status != LK_OK) return status;
    writer w = shim_result();
    writer_u8(&w, (uint8_t)(order + 1));
    return shim_written(&w);
}

/* ---- the past ---- */

/* Arguments: frontiers. */
lk_status WEB(w_checkout)(lk_doc *doc, size_t len) {
    lk_ids ids;
    lk_status status = shim_ids(len, &ids);
    return status == LK_OK ? lk_checkout(doc, ids) : status;
}
lk_status WEB(w_attach)(lk_doc *doc) { return lk_attach(doc); }
lk_status WEB(w_detach)(lk_doc *doc) { return lk_detach(doc); }
bool WEB(w_is_detached)(const lk_doc *doc) { return lk_is_detached(doc); }
lk_status WEB(w_edit_detached)(lk_doc *doc, bool allowed) { return lk_edit_detached(doc, allowed); }

/* Arguments: frontiers. Result: the address of the new document. */
lk_status WEB(w_fork)(lk_doc *doc, uint64_t peer, size_t len) {
    lk_ids ids;
    lk_doc *copy;
    lk_status status = shim_ids(len, &ids);
    if (status == LK_OK) status = lk_fork(doc, peer, &ids, &copy);
    if (status != LK_OK) return status;
    writer w = shim_result();
    writer_u32le(&w, (uint32_t)(uintptr_t)copy);
    return shim_written(&w);
}

/* Arguments: two frontiers. Result: an event. */
lk_status WEB(w_diff_between)(lk_doc *doc, size_t len) {
    shim_scratch();
    reader r = reader_new(shim_bytes(len));
    lk_ids from = wire_ids_read(&r, &web.scratch), to = wire_ids_read(&r, &web.scratch);
    const lk_event *event;
    lk_status status = r.fault.code;
    if (status == LK_OK) status = lk_diff_between(doc, from, to, &event);
    if (status != LK_OK) return status;
    writer w = shim_result();
    wire_event_write(&w, doc, event);
    return shim_written(&w);
}
lk_status WEB(w_shallow_vv)(lk_doc *doc) { return shim_ids_out(lk_shallow_vv(doc)); }
lk_status WEB(w_shallow_frontiers)(lk_doc *doc) { return shim_ids_out(lk_shallow_frontiers(doc)); }

lk_status WEB(w_revert_to)(lk_doc *doc, size_t len) {
    lk_ids ids;
    lk_status status = shim_ids(len, &ids);
    return status == LK_OK ? lk_revert_to(doc, ids) : status;
}

int32_t WEB(w_own_end)(const lk_doc *doc) { return lk_own_end(doc); }

lk_status WEB(w_vv_encode)(size_t len) {
    lk_ids ids;
    lk_status status = shim_ids(len, &ids);
    shim_trim(&web.out);
    return status == LK_OK ? lk_vv_encode(ids, &web.out) : status;
}

lk_status WEB(w_frontiers_encode)(size_t len) {
    lk_ids ids;
    lk_status status = shim_ids(len, &ids);
    shim_trim(&web.out);
    return status == LK_OK ? lk_frontiers_encode(ids, &web.out) : status;
}

static lk_status shim_decoded(lk_status status, lk_buf *ids) {
    if (status == LK_OK) {
        const lk_id *at = (const lk_id *)(const void *)ids->at;
        status = shim_ids_out((lk_ids){at, ids->len / sizeof *at});
    }
    lk_buf_free(ids);
    return status;
}

lk_status WEB(w_vv_decode)(size_t len) {
    lk_buf ids = {0};
    return shim_decoded(lk_vv_decode(shim_bytes(len), &ids, &web.fault), &ids);
}

lk_status WEB(w_frontiers_decode)(size_t len) {
    lk_buf ids = {0};
    return shim_decoded(lk_frontiers_decode(shim_bytes(len), &ids, &web.fault), &ids);
}

/* ---- containers ---- */

/* References are small indices: they and statuses share an int. */
static int32_t shim_ref(lk_status status, lk_ref ref) {
    return status == LK_OK ? (int32_t)ref.index : (int32_t)status;
}

int32_t WEB(w_root)(lk_doc *doc, lk_kind kind, size_t len) {
    lk_ref ref = {0};
    lk_status status = lk_root(doc, kind, shim_str(len), &ref);
    return shim_ref(status, ref);
}

int32_t WEB(w_container_by_id)(lk_doc *doc, size_t len) {
    lk_ref ref = {0};
    lk_status status = lk_container_by_id(doc, shim_str(len), &ref);
    return shim_ref(status, ref);
}

int32_t WEB(w_container_parent)(const lk_doc *doc, lk_ref ref) {
    lk_ref parent = {0};
    return shim_ref(lk_container_parent(doc, ref, &parent) ? LK_OK : LK_EMISSING, parent);
}

bool WEB(w_container_shows)(const lk_doc *doc, lk_ref ref) { return lk_container_shows(doc, ref); }

lk_kind WEB(w_ref_kind)(const lk_doc *doc, lk_ref ref) { return lk_ref_kind(doc, ref); }

lk_status WEB(w_container_id)(const lk_doc *doc, lk_ref ref) {
    shim_trim(&web.out);
    return lk_container_id(doc, ref, &web.out);
}

lk_status WEB(w_container_path)(lk_doc *doc, lk_ref ref) {
    const lk_path_item *path;
    size_t len;
    lk_status status = lk_container_path(doc, ref, &path, &len);
    if (status != LK_OK) return status;
    writer w = shim_result();
    wire_path_write(&w, path, len);
    return shim_written(&w);
}

lk_status WEB(w_container_deep)(const lk_doc *doc, lk_ref ref) {
    writer w = shim_result();
    wire_deep_write(&w, doc, ref);
    return shim_written(&w);
}

/* The next root; of those that show when `deep`. */
static bool shim_root(const lk_doc *doc, bool deep, size_t *cursor, lk_ref *out) {
    while (lk_root_next(doc, cursor, out))
        if (!deep || lk_root_shows(doc, *out)) return true;
    return false;
}

/* The document as a MAP: root names with `deep` values, or with the containers themselves. */
lk_status WEB(w_roots)(const lk_doc *doc, bool deep) {
    writer w = shim_result();
    lk_ref ref;
    size_t count = 0;
    for (size_t cursor = 0; shim_root(doc, deep, &cursor, &ref);) count++;
    writer_u8(&w, WIRE_MAP);
    writer_uleb(&w, count);
    for (size_t cursor = 0; shim_root(doc, deep, &cursor, &ref);) {
        wire_root_name_write(&w, doc, ref);
        lk_value value = {.type = LK_CONTAINER, .as.container = ref};
        if (deep)
            wire_deep_write(&w, doc, ref);
        else
            wire_value_write(&w, doc, &value);
    }
    return shim_written(&w);
}

void WEB(w_hide_empty_roots)(lk_doc *doc, bool hide) { lk_hide_empty_roots(doc, hide); }
lk_status WEB(w_hide_empty_root)(lk_doc *doc, lk_ref root) { return lk_hide_empty_root(doc, root); }

/* ---- text ---- */

lk_status WEB(w_text_insert)(lk_doc *doc, lk_ref text, size_t pos, lk_unit unit, size_t len) {
    return lk_text_insert(doc, text, pos, unit, shim_str(len));
}

lk_status WEB(w_text_delete)(lk_doc *doc, lk_ref text, size_t pos, size_t len, lk_unit unit) {
    return lk_text_delete(doc, text, pos, len, unit);
}

lk_status WEB(w_text_update)(lk_doc *doc, lk_ref text, size_t len, bool shortest) {
    return lk_text_update(doc, text, shim_str(len), shortest);
}

lk_status WEB(w_text_update_lines)(lk_doc *doc, lk_ref text, size_t len, bool shortest) {
    return lk_text_update_lines(doc, text, shim_str(len), shortest);
}

size_t WEB(w_text_len)(const lk_doc *doc, lk_ref text) { return lk_text_len(doc, text, LK_UTF16); }

lk_status WEB(w_text_string)(const lk_doc *doc, lk_ref text) {
    shim_trim(&web.out);
    return lk_text_string(doc, text, &web.out);
}

/* The piece at `cursor`, and the cursor of the next one; 0: there is none. */
int32_t WEB(w_text_next)(const lk_doc *doc, lk_ref text, size_t cursor) {
    lk_str piece;
    shim_trim(&web.out);
    if (!lk_text_next(doc, text, &cursor, &piece)) return 0;
    return buf_append(&web.out, piece.at, piece.len) ? (int32_t)cursor : LK_ENOMEM;
}

lk_status WEB(w_text_slice)(const lk_doc *doc, lk_ref text, size_t pos, size_t len) {
    shim_trim(&web.out);
    return lk_text_slice(doc, text, pos, len, LK_UTF16, &web.out);
}

int32_t WEB(w_text_convert)(const lk_doc *doc, lk_ref text, size_t pos, lk_unit from, lk_unit to) {
    size_t out = 0;
    lk_status status = lk_text_convert(doc, text, pos, from, to, &out);
    return status == LK_OK ? (int32_t)out : (int32_t)status;
}

/* ---- lists, movable or not ---- */

static bool shim_movable(const lk_doc *doc, lk_ref list) {
    return lk_ref_kind(doc, list) == LK_MOVABLE_LIST;
}

/* Arguments: a LIST of the values. */
lk_status WEB(w_list_insert)(lk_doc *doc, lk_ref list, size_t pos, size_t len) {
    reader r = reader_new(shim_bytes(len));
    lk_value values;
    lk_status status = shim_value(&r, &values);
    if (status != LK_OK) return status;
    return shim_movable(doc, list) ? lk_movable_insert(doc, list, pos, values.as.values, values.len)
                                   : lk_list_insert(doc, list, pos, values.as.values, values.len);
}

int32_t WEB(w_list_insert_container)(lk_doc *doc, lk_ref list, size_t pos, lk_kind kind) {
    lk_ref ref = {0};
    lk_status status = shim_movable(doc, list)
                           ? lk_movable_insert_container(doc, list, pos, kind, &ref)
                           : lk_list_insert_container(doc, list, pos, kind, &ref);
    return shim_ref(status, ref);
}

lk_status WEB(w_list_delete)(lk_doc *doc, lk_ref list, size_t pos, size_t len) {
    return shim_movable(doc, list) ? lk_movable_delete(doc, list, pos, len)
                                   : lk_list_delete(doc, list, pos, len);
}

size_t WEB(w_list_len)(const lk_doc *doc, lk_ref list) { return wire_list_len(doc, list); }

lk_status WEB(w_list_get)(const lk_doc *doc, lk_ref list, size_t pos) {
    lk_value value;
    lk_status status = wire_list_get(doc, list, pos, &value);
    if (status != LK_OK) return status;
    writer w = shim_result();
    wire_value_write(&w, doc, &value);
    return shim_written(&w);
}

lk_status WEB(w_list_id)(const lk_doc *doc, lk_ref list, size_t pos) {
    lk_id id;
    lk_status status = lk_list_id(doc, list, pos, &id);
    if (status != LK_OK) return status;
    writer w = shim_result();
    wire_id_write(&w, id);
    return shim_written(&w);
}

lk_status WEB(w_list_values)(const lk_doc *doc, lk_ref list) {
    writer w = shim_result();
    wire_list_write(&w, doc, list, false);
    return shim_written(&w);
}

/* Arguments: the value. */
lk_status WEB(w_movable_set)(lk_doc *doc, lk_ref list, size_t pos, size_t len) {
    reader r = reader_new(shim_bytes(len));
    lk_value value;
    lk_status status = shim_value(&r, &value);
    return status == LK_OK ? lk_movable_set(doc, list, pos, &value) : status;
}

int32_t WEB(w_movable_set_container)(lk_doc *doc, lk_ref list, size_t pos, lk_kind kind) {
    lk_ref ref = {0};
    lk_status status = lk_movable_set_container(doc, list, pos, kind, &ref);
    return shim_ref(status, ref);
}

lk_status WEB(w_movable_move)(lk_doc *doc, lk_ref list, size_t from, size_t to) {
    return lk_movable_move(doc, list, from, to);
}

/* Result: the peers of creator, mover, editor, as u64le. */
lk_status WEB(w_movable_who)(const lk_doc *doc, lk_ref list, size_t pos) {
    lk_movable_writers who;
    lk_status status = lk_movable_who(doc, list, pos, &who);
    if (status != LK_OK) return status;
    writer w = shim_result();
    writer_u64le(&w, who.creator);
    writer_u64le(&w, who.mover);
    writer_u64le(&w, who.editor);
    return shim_written(&w);
}

/* ---- map ---- */

/* Arguments: the key as a string, the value. */
lk_status WEB(w_map_set)(lk_doc *doc, lk_ref map, size_t len) {
    reader r = reader_new(shim_bytes(len));
    lk_bytes key = reader_bytes(&r);
    lk_value value;
    lk_status status = shim_value(&r, &value);
    if (status != LK_OK) return status;
    return lk_map_set(doc, map, (lk_str){(const char *)key.at, key.len}, &value);
}

int32_t WEB(w_map_set_container)(lk_doc *doc, lk_ref map, lk_kind kind, size_t len) {
    lk_ref ref = {0};
    lk_status status = lk_map_set_container(doc, map, shim_str(len), kind, &ref);
    return shim_ref(status, ref);
}

int32_t WEB(w_map_ensure)(lk_doc *doc, lk_ref map, lk_kind kind, size_t len) {
    lk_ref ref = {0};
    lk_status status = lk_map_ensure(doc, map, shim_str(len), kind, &ref);
    return shim_ref(status, ref);
}

lk_status WEB(w_map_marker)(const lk_doc *doc, lk_ref map, size_t len) {
    shim_trim(&web.out);
    return lk_map_marker(doc, map, shim_str(len), &web.out);
}

lk_status WEB(w_map_delete)(lk_doc *doc, lk_ref map, size_t len) {
    return lk_map_delete(doc, map, shim_str(len));
}

lk_status WEB(w_map_clear)(lk_doc *doc, lk_ref map) { return lk_map_clear(doc, map); }

size_t WEB(w_map_len)(const lk_doc *doc, lk_ref map) { return lk_map_len(doc, map); }

lk_status WEB(w_map_get)(const lk_doc *doc, lk_ref map, size_t len) {
    lk_value value;
    lk_status status = lk_map_get(doc, map, shim_str(len), &value);
    if (status != LK_OK) return status;
    writer w = shim_result();
    wire_value_write(&w, doc, &value);
    return shim_written(&w);
}

/* Result: the peer, as u64le. */
lk_status WEB(w_map_editor)(const lk_doc *doc, lk_ref map, size_t len) {
    uint64_t peer;
    lk_status status = lk_map_editor(doc, map, shim_str(len), &peer);
    if (status != LK_OK) return status;
    writer w = shim_result();
    writer_u64le(&w, peer);
    return shim_written(&w);
}

lk_status WEB(w_map_entries)(const lk_doc *doc, lk_ref map) {
    writer w = shim_result();
    wire_map_write(&w, doc, map, false);
    return shim_written(&w);
}

/* Result: a LIST of what it finds. */
lk_status WEB(w_jsonpath)(lk_doc *doc, size_t len) {
    lk_value found = {.type = LK_VALUES};
    size_t count;
    lk_status status = lk_jsonpath(doc, shim_str(len), &found.as.values, &count, &web.fault);
    if (status != LK_OK) return status;
    found.len = (uint32_t)count;
    writer w = shim_result();
    wire_value_write(&w, doc, &found);
    return shim_written(&w);
}

/* Arguments: the query as a string, uleb count, (0 and a string, 1 and an uleb index, 2: any). */
int32_t WEB(w_jsonpath_match)(lk_doc *doc, size_t len) {
    reader r = reader_new(shim_bytes(len));
    lk_str query = reader_str(&r);
    size_t count = (size_t)reader_uleb(&r, reader_left(&r));
    lk_path_item *path = arena_new(shim_scratch(), lk_path_item, count);
    unsigned match = 0;
    if (path == NULL) return LK_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        uint8_t kind = reader_u8(&r);
        path[i] = (lk_path_item){.is_key = kind == 0, .index = SIZE_MAX};
        if (kind == 0) path[i].key = reader_str(&r);
        if (kind == 1) path[i].index = (size_t)reader_uleb(&r, SIZE_MAX - 1);
    }
    lk_status status = lk_jsonpath_match(doc, query, path, count, &match);
    return status == LK_OK ? (int32_t)match : (int32_t)status;
}

/* ---- cursors ---- */

lk_status WEB(w_cursor_new)(lk_doc *doc, lk_ref ref, size_t pos, lk_side side) {
    shim_trim(&web.out);
    return lk_cursor_new(doc, ref, pos, LK_UTF16, side, &web.out);
}

/* The position; result: the side plus one as a byte, and the bytes of a better cursor, if any. */
int32_t WEB(w_cursor_resolve)(lk_doc *doc, size_t len) {
    lk_cursor_place place;
    lk_buf update = {0};
    lk_status status = lk_cursor_resolve(doc, shim_bytes(len), LK_UTF16, &place, &update);
    if (status == LK_OK) {
        writer w = shim_result();
        writer_u8(&w, (uint8_t)(place.side - LK_LEFT));
        writer_raw(&w, update.at, update.len);
        status = shim_written(&w);
    }
    lk_buf_free(&update);
    return status == LK_OK ? (int32_t)place.pos : (int32_t)status;
}

/* Result: the side plus one as a byte, whether it stands at an atom, peer, uleb counter, and the
 * spelling of the container's id as the rest. */
lk_status WEB(w_cursor_read)(size_t len) {
    lk_cursor cursor;
    lk_buf id = {0};
    lk_status status = lk_cursor_read(shim_bytes(len), &cursor, &id, &web.fault);
    if (status == LK_OK) {
        writer w = shim_result();
        writer_u8(&w, (uint8_t)(cursor.side - LK_LEFT));
        writer_u8(&w, !cursor.at_end);
        writer_u64le(&w, cursor.atom.peer);
        writer_uleb(&w, (uint32_t)cursor.atom.counter);
        writer_bytes(&w, id.at, id.len);
        status = shim_written(&w);
    }
    lk_buf_free(&id);
    return status;
}

/* ---- tree: nodes as ids ---- */

/* A parent: 0, or 1 and its id. */
static const lk_id *shim_parent(reader *r, lk_id *room) {
    if (reader_u8(r) == 0) return NULL;
    *room = wire_id_read(r);
    return room;
}

/* An index below zero: at the end. Arguments: the parent. Result: the id. */
lk_status WEB(w_tree_create)(lk_doc *doc, lk_ref tree, int32_t index, size_t len) {
    reader r = reader_new(shim_bytes(len));
    lk_id room, made;
    const lk_id *parent = shim_parent(&r, &room);
    lk_status status =
        lk_tree_create(doc, tree, parent, index < 0 ? LK_TREE_END : (size_t)index, &made);
    if (status != LK_OK) return status;
    writer w = shim_result();
    wire_id_write(&w, made);
    return shim_written(&w);
}

/* Arguments: the node, its parent. */
lk_status WEB(w_tree_move)(lk_doc *doc, lk_ref tree, int32_t index, size_t len) {
    reader r = reader_new(shim_bytes(len));
    lk_id node = wire_id_read(&r), room;
    const lk_id *parent = shim_parent(&r, &room);
    return lk_tree_move(doc, tree, node, parent, index < 0 ? LK_TREE_END : (size_t)index);
}

/* Arguments: the node, the other one. */
lk_status WEB(w_tree_move_beside)(lk_doc *doc, lk_ref tree, bool after, size_t len) {
    reader r = reader_new(shim_bytes(len));
    lk_id node = wire_id_read(&r), other = wire_id_read(&r);
    return lk_tree_move_beside(doc, tree, node, other, after);
}

/* Arguments: the node. */
lk_status WEB(w_tree_delete)(lk_doc *doc, lk_ref tree, size_t len) {
    reader r = reader_new(shim_bytes(len));
    return lk_tree_delete(doc, tree, wire_id_read(&r));
}

lk_status WEB(w_tree_positions)(lk_doc *doc, lk_ref tree, bool on, unsigned jitter) {
    return lk_tree_positions(doc, tree, on, jitter);
}

bool WEB(w_tree_positioned)(const lk_doc *doc, lk_ref tree) {
    return lk_tree_positioned(doc, tree);
}

/* Arguments: the node. Result: deleted byte, parent, uleb index, bytes of the fractional index, id
 * of the last move, uleb ref of the data. */
lk_status WEB(w_tree_get)(const lk_doc *doc, lk_ref tree, size_t len) {
    reader r = reader_new(shim_bytes(len));
    lk_node node;
    lk_status status = lk_tree_get(doc, tree, wire_id_read(&r), &node);
    if (status != LK_OK) return status;
    writer w = shim_result();
    writer_u8(&w, node.deleted);
    writer_u8(&w, node.has_parent);
    if (node.has_parent) wire_id_write(&w, node.parent);
    writer_uleb(&w, node.index);
    writer_bytes(&w, node.fractional_index.at, node.fractional_index.len);
    wire_id_write(&w, node.last_move);
    writer_uleb(&w, node.data.index);
    return shim_written(&w);
}

/* Arguments: the parent. Result: ids. */
lk_status WEB(w_tree_children)(const lk_doc *doc, lk_ref tree, size_t len) {
    reader r = reader_new(shim_bytes(len));
    lk_id room;
    const lk_id *parent = shim_parent(&r, &room);
    lk_node node = {.children = lk_tree_roots(doc, tree)};
    lk_status status = parent == NULL ? LK_OK : lk_tree_get(doc, tree, *parent, &node);
    if (status != LK_OK) return status;
    size_t count = node.children;
    writer w = shim_result();
    writer_uleb(&w, count);
    for (size_t i = 0; i < count; i++)
        if (lk_tree_child(doc, tree, parent, i, &node) == LK_OK) wire_id_write(&w, node.id);
    return shim_written(&w);
}

/* Result: ids of all nodes, each after a byte: it was deleted itself. */
lk_status WEB(w_tree_nodes)(const lk_doc *doc, lk_ref tree) {
    lk_node node;
    size_t count = 0;
    writer w = shim_result();
    for (size_t cursor = 0; lk_tree_next(doc, tree, &cursor, &node);) count++;
    writer_uleb(&w, count);
    for (size_t cursor = 0; lk_tree_next(doc, tree, &cursor, &node);) {
        writer_u8(&w, node.deleted && !node.has_parent);
        wire_id_write(&w, node.id);
    }
    return shim_written(&w);
}

/* ---- counter ---- */

lk_status WEB(w_counter_add)(lk_doc *doc, lk_ref counter, double by) {
    return lk_counter_add(doc, counter, by);
}

double WEB(w_counter_value)(const lk_doc *doc, lk_ref counter) {
    return lk_counter_value(doc, counter);
}

/* ---- commit, import, export, events ---- */

/* Arguments: origin and message as strings; or nothing, if there is neither. */
lk_status WEB(w_commit)(lk_doc *doc, size_t len, double timestamp_s) {
    reader r = reader_new(shim_bytes(len));
    lk_bytes origin = {0}, message = {0};
    if (len > 0) {
        origin = reader_bytes(&r);
        message = reader_bytes(&r);
    }
    lk_commit_options options = {
        .origin = {(const char *)origin.at, origin.len},
        .message = {(const char *)message.at, message.len},
        .timestamp_s = (int64_t)timestamp_s,
    };
    return lk_commit(doc, &options);
}

lk_status shim_imported(lk_status status, const lk_import_status *got) {
    if (status != LK_OK) return status;
    writer w = shim_result();
    wire_spans_write(&w, got->success, got->success_len);
    wire_spans_write(&w, got->pending, got->pending_len);
    wire_spans_write(&w, got->left_out, got->left_out_len);
    return shim_written(&w);
}

lk_status WEB(w_import)(lk_doc *doc, size_t len) {
    lk_import_status got;
    lk_status status = lk_import(doc, shim_bytes(len), &got, &web.fault);
    return shim_imported(status, &got);
}

/* Arguments: the version vector to start from, as ids. */
lk_status WEB(w_export)(lk_doc *doc, lk_export_mode mode, size_t len) {
    lk_ids from;
    lk_status status = shim_ids(len, &from);
    shim_trim(&web.out);
    return status == LK_OK ? lk_export(doc, mode, from, &web.out) : status;
}

/* What this peer wrote since its counter `start`: the present version, set back there. (Not
 * lk_export_local(): that belongs to the room, and each of the two may be at another place.) */
lk_status WEB(w_export_own)(lk_doc *doc, int32_t start) {
    shim_scratch();
    uint64_t peer = lk_peer(doc);
    lk_ids version = lk_log_version(doc);
    lk_id *ids = arena_new(&web.scratch, lk_id, version.len);
    if (ids == NULL) return LK_ENOMEM;
    size_t len = 0;
    for (size_t i = 0; i < version.len; i++) {
        lk_id id = version.at[i];
        if (id.peer == peer) id.counter = start;
        if (id.counter > 0) ids[len++] = id;
    }
    shim_trim(&web.out);
    return lk_export(doc, LK_UPDATES, (lk_ids){ids, len}, &web.out);
}

/* Result: a byte (0 an update, 1 a snapshot, 2 a shallow one), uleb changes, ids of the start,
 * of the end, and of what it builds on, f64le times of the first change and the last. */
lk_status WEB(w_blob_meta)(size_t len) {
    lk_blob_meta meta = {0};
    lk_status status = lk_blob_meta_read(shim_bytes(len), &meta, &web.fault);
    if (status == LK_OK) {
        writer w = shim_result();
        writer_u8(&w, (uint8_t)(meta.snapshot + meta.shallow));
        writer_uleb(&w, meta.change_count);
        wire_ids_write(&w, meta.start_vv);
        wire_ids_write(&w, meta.end_vv);
        wire_ids_write(&w, meta.start_frontiers);
        writer_f64le(&w, (double)meta.start_timestamp_s);
        writer_f64le(&w, (double)meta.end_timestamp_s);
        status = shim_written(&w);
    }
    lk_buf_free(&meta.ids);
    return status;
}

/* Result: the pieces, each behind its length as u32le. */
lk_status WEB(w_blob_split)(size_t piece_len, size_t len) {
    shim_trim(&web.out);
    return lk_blob_split(shim_bytes(len), piece_len, &web.out, &web.fault);
}
lk_status WEB(w_blob_check)(size_t len) { return lk_blob_check(shim_bytes(len), NULL, &web.fault); }

lk_status WEB(w_watch)(lk_doc *doc, bool on) { return lk_watch(doc, on); }

/* 1 with an event in the result region, 0 when there is none. */
int32_t WEB(w_poll)(lk_doc *doc) {
    const lk_event *event = lk_poll(doc);
    if (event == NULL) return 0;
    writer w = shim_result();
    wire_event_write(&w, doc, event);
    return w.failed ? LK_ENOMEM : 1;
}
