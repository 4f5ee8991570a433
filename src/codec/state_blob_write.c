/* SPDX-License-Identifier: MIT
 * state_blob_write.c - states as a snapshot keeps them:
 *
 *     kind, depth, parent, then
 *     text      text | peers | spans (columns) | keys of styles | marks
 *     list      values | peers | ids (columns)
 *     map       live entries | deleted keys | peers | per key, sorted: peer, lamport
 *     counter   f64le
 *     movable list, tree: state_move_write.c */
#include "base/sort.h"
#include "codec/op_value.h"
#include "codec/state_writer.h"

/* ---- text ---- */

static void state_write_marks(state_writer *s, const state_text *text) {
    key_table keys = {.heap = s->scratch->heap};
    for (size_t i = 0; i < text->mark_len; i++) key_table_index(&keys, text->marks[i].key);
    writer_uleb(&s->w, keys.keys.len);
    for (size_t i = 0; i < keys.keys.len; i++)
        writer_bytes(&s->w, keys.keys.at[i].at, keys.keys.at[i].len);
    writer_uleb(&s->w, text->mark_len);
    for (size_t i = 0; i < text->mark_len; i++) {
        const state_mark *mark = &text->marks[i];
        writer_uleb(&s->w, 3);
        writer_uleb(&s->w, key_table_index(&keys, mark->key));
        state_value_write(&s->w, s->tables, &mark->value);
        writer_u8(&s->w, mark->info);
    }
    s->w.failed |= keys.failed;
    key_table_drop(&keys);
}

static bool state_write_text(state_writer *s, const state_text *text) {
    int64_t *columns[ID_COLUMNS];
    if (!state_new_columns(s, columns, ID_COLUMNS, text->span_len)) return false;
    for (size_t i = 0; i < text->span_len; i++) {
        const state_span *span = &text->spans[i];
        state_set_id(s, columns, i, span->id, span->lamport);
        columns[ID_LEN][i] = span->len;
    }
    writer_bytes(&s->w, text->text.at, text->text.len);
    state_write_peers(s);
    writer_uleb(&s->w, 3);
    writer_uleb(&s->w, ID_COLUMNS);
    for (size_t i = 0; i < ID_COLUMNS; i++) state_write_column(s, columns[i], text->span_len);
    state_write_marks(s, text);
    return true;
}

/* ---- list ---- */

static bool state_write_list(state_writer *s, const state_list *list) {
    int64_t *columns[ID_COLUMNS];
    if (!state_new_columns(s, columns, ID_COLUMNS, list->len)) return false;
    writer_uleb(&s->w, list->len);
    for (size_t i = 0; i < list->len; i++) {
        state_set_id(s, columns, i, list->items[i].id, list->items[i].lamport);
        state_value_write(&s->w, s->tables, &list->items[i].value);
    }
    state_write_peers(s);
    writer_uleb(&s->w, 1);
    writer_uleb(&s->w, ID_LEN);
    for (size_t i = 0; i < ID_LEN; i++) state_write_column(s, columns[i], list->len);
    return true;
}

/* ---- map ---- */

static int state_key_order(const void *a, const void *b) {
    return sort_str((*(const state_entry *const *)a)->key, (*(const state_entry *const *)b)->key);
}

/* Keys in byte order, which readers count on for the last part only. */
static bool state_write_map(state_writer *s, const state_map *map) {
    const state_entry **sorted = arena_new(s->scratch, const state_entry *, map->len);
    if (sorted == NULL) return false;
    size_t deleted = 0;
    for (size_t i = 0; i < map->len; i++) {
        sorted[i] = &map->entries[i];
        deleted += sorted[i]->deleted;
    }
    sort_items(sorted, map->len, sizeof *sorted, state_key_order);
    writer_uleb(&s->w, map->len - deleted);
    for (size_t i = 0; i < map->len; i++) {
        if (sorted[i]->deleted) continue;
        writer_bytes(&s->w, sorted[i]->key.at, sorted[i]->key.len);
        state_value_write(&s->w, s->tables, &sorted[i]->value);
    }
    writer_uleb(&s->w, deleted);
    for (size_t i = 0; i < map->len; i++)
        if (sorted[i]->deleted) writer_bytes(&s->w, sorted[i]->key.at, sorted[i]->key.len);
    for (size_t i = 0; i < map->len; i++) state_number(s, sorted[i]->peer);
    state_write_peers(s);
    for (size_t i = 0; i < map->len; i++) {
        writer_uleb(&s->w, state_number(s, sorted[i]->peer));
        writer_uleb(&s->w, sorted[i]->lamport);
    }
    return true;
}

/* ---- any ---- */

void state_blob_write_key(const state_tables *tables, uint32_t cid, writer *w) {
    const container_id *id = &tables->cids[cid];
    writer_u8(w, (uint8_t)(id->kind | (id->root ? STATE_ROOT : 0)));
    if (id->root) {
        writer_bytes(w, id->name.at, id->name.len);
    } else {
        writer_u64le(w, tables->peers[id->peer]);
        writer_u32le(w, (uint32_t)id->counter);
    }
}

static bool state_write_content(state_writer *s, const state_container *state) {
    if (state->opaque) {
        writer_raw(&s->w, state->as.opaque.at, state->as.opaque.len);
        return true;
    }
    switch (s->tables->cids[state->cid].kind) {
    case LK_TEXT: return state_write_text(s, &state->as.text);
    case LK_LIST: return state_write_list(s, &state->as.list);
    case LK_MAP: return state_write_map(s, &state->as.map);
    case LK_COUNTER: writer_f64le(&s->w, state->as.counter); return true;
    case LK_MOVABLE_LIST: return state_write_movable(s, &state->as.movable);
    case LK_TREE: return state_write_tree(s, &state->as.tree);
    default: return false;
    }
}

lk_status state_blob_write(const state_tables *tables, const state_container *state, arena *scratch,
                           lk_buf *out) {
    arena_mark mark = arena_save(scratch);
    size_t start = out->len;
    state_writer s = {.w = writer_new(out), .tables = tables, .scratch = scratch};
    writer_u8(&s.w, tables->cids[state->cid].kind);
    writer_uleb(&s.w, state->depth);
    writer_uleb(&s.w, state->has_parent);
    if (state->has_parent) state_cid_write(&s.w, tables, state->parent);
    bool written = state_number_peers(&s) && state_write_content(&s, state) && !s.w.failed;
    if (!written) out->len = start;
    arena_rewind(scratch, mark);
    return written ? LK_OK : LK_ENOMEM;
}
