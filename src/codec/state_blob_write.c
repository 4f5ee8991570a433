/* SPDX-License-Identifier: MIT
 * state_blob_write.c - states as a snapshot keeps them:
 *
 *     kind, depth, parent, then
 *     text      text | peers | spans (columns) | keys of styles | marks
 *     list      values | peers | ids (columns)
 *     map       live entries | deleted keys | peers | per key, sorted: peer, lamport
 *     counter   f64le
 *
 * Peers are numbered per state, in order of first use. */
#include "base/sort.h"
#include "codec/columnar.h"
#include "codec/op_value.h"
#include "codec/state_value.h"

typedef struct state_writer {
    writer w;
    const state_tables *tables;
    arena *scratch;
    uint32_t *numbers; /* of the document's peers in this state, plus one; 0: not used yet */
    VEC(peer_ix) peers;
} state_writer;

static bool state_number_peers(state_writer *s) {
    s->numbers = arena_new(s->scratch, uint32_t, s->tables->peer_len);
    if (s->numbers == NULL) return false;
    __builtin_memset(s->numbers, 0, s->tables->peer_len * sizeof *s->numbers);
    return true;
}

/* The number of `peer` in this state. */
static uint32_t state_number(state_writer *s, peer_ix peer) {
    if (s->numbers[peer] == 0) {
        peer_ix *added = arena_vec_push(s->scratch, &s->peers);
        if (added == NULL) {
            s->w.failed = true;
            return 0;
        }
        *added = peer;
        s->numbers[peer] = (uint32_t)s->peers.len;
    }
    return s->numbers[peer] - 1;
}

static void state_write_peers(state_writer *s) {
    writer_uleb(&s->w, s->peers.len);
    for (size_t i = 0; i < s->peers.len; i++) writer_u64le(&s->w, s->tables->peers[s->peers.at[i]]);
}

static void state_write_column(state_writer *s, const int64_t *rows, size_t len) {
    size_t start = s->w.out->len;
    columnar_write_delta(&s->w, rows, len);
    writer_wrap(&s->w, start);
}

/* Columns of ids: peer, counter, lamport minus counter; and one more for spans. */
enum { ID_PEER, ID_COUNTER, ID_LAMPORT, ID_LEN, ID_COLUMNS };

static bool state_new_columns(state_writer *s, int64_t *columns[ID_COLUMNS], size_t len) {
    for (size_t i = 0; i < ID_COLUMNS; i++)
        if ((columns[i] = arena_new(s->scratch, int64_t, len)) == NULL) return false;
    return true;
}

static void state_set_id(state_writer *s, int64_t *columns[ID_COLUMNS], size_t row, op_id id,
                         uint32_t lamport) {
    columns[ID_PEER][row] = state_number(s, id.peer);
    columns[ID_COUNTER][row] = id.counter;
    columns[ID_LAMPORT][row] = (int64_t)lamport - id.counter;
}

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
    if (!state_new_columns(s, columns, text->span_len)) return false;
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
    if (!state_new_columns(s, columns, list->len)) return false;
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
    switch (s->tables->cids[state->cid].kind) {
    case LK_TEXT: return state_write_text(s, &state->as.text);
    case LK_LIST: return state_write_list(s, &state->as.list);
    case LK_MAP: return state_write_map(s, &state->as.map);
    case LK_COUNTER: writer_f64le(&s->w, state->as.counter); return true;
    default: writer_raw(&s->w, state->as.opaque.at, state->as.opaque.len); return true;
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
