/* SPDX-License-Identifier: MIT
 * state_blob_read.c - the bytes that state_blob_write.c draws, read strictly: ids as many as
 * values, spans as long as the text, every mark used, every style that ends begun. */
#include "base/limits.h"
#include "base/sort.h"
#include "base/utf8.h"
#include "codec/state_reader.h"

void state_read_peers(state_reader *s) {
    size_t len = (size_t)reader_uleb(&s->r, reader_left(&s->r) / 8);
    s->peer_base = s->names->peers.len;
    for (size_t i = 0; i < len && reader_ok(&s->r); i++)
        state_peer_add(&s->r, s->names, reader_u64le(&s->r));
    s->peer_len = len;
}

/* ---- ids in columns ---- */

void state_open_columns(state_reader *s, state_columns *c, size_t len) {
    c->len = len;
    for (size_t i = 0; i < len; i++) {
        c->bytes[i] = columnar_column(&s->r);
        c->at[i] = column_new(&c->bytes[i]);
    }
}

bool state_columns_ok(state_reader *s, const state_columns *c) {
    for (size_t i = 0; i < c->len; i++) reader_adopt(&s->r, &c->bytes[i]);
    return reader_ok(&s->r);
}

void state_close_columns(state_reader *s, state_columns *c) {
    for (size_t i = 0; i < c->len; i++) {
        column_finish(&c->at[i]);
        reader_finish(&c->bytes[i], "column has too many rows");
    }
    state_columns_ok(s, c);
}

peer_ix state_read_peer(state_reader *s, column *c) {
    return (peer_ix)(s->peer_base + (size_t)column_delta(c, 0, (int64_t)s->peer_len - 1));
}

op_id state_read_id(state_reader *s, state_columns *c, uint32_t *lamport) {
    op_id id = {.peer = state_read_peer(s, &c->at[ID_PEER])};
    id.counter = (int32_t)column_delta(&c->at[ID_COUNTER], 0, LIMIT_COUNTER);
    int64_t ahead = column_delta(&c->at[ID_LAMPORT], INT32_MIN, INT32_MAX);
    if (id.counter + ahead < 0 || id.counter + ahead > LIMIT_COUNTER)
        reader_fail(&c->bytes[ID_LAMPORT], LK_ECORRUPT, "Lamport time is out of range");
    *lamport = (uint32_t)(id.counter + ahead);
    return id;
}

void state_limit_rows(state_reader *s, size_t len) {
    if (len < s->bytes_len) return;
    if (s->names->free_rows++ >= LIMIT_BLOCK_OPS)
        reader_fail(&s->r, LK_ELIMIT, "states have too many parts");
}

/* ---- text ---- */

#define STATE_ROWS 128u /* of spans, read at once */

/* As state_read_id(), for rows that are read already. */
static bool state_make_span(const state_reader *s, int32_t rows[ID_COLUMNS][STATE_ROWS], size_t at,
                            state_span *out) {
    int64_t lamport = (int64_t)rows[ID_COUNTER][at] + rows[ID_LAMPORT][at];
    *out = (state_span){
        .id = {(peer_ix)(s->peer_base + (size_t)rows[ID_PEER][at]), rows[ID_COUNTER][at]},
        .lamport = (uint32_t)lamport,
        .len = rows[ID_LEN][at]};
    return lamport >= 0 && lamport <= LIMIT_COUNTER;
}

/* The next rows of all columns; how many. The length of a span says that there is one. */
static size_t state_read_rows(state_reader *s, state_columns *c,
                              int32_t rows[ID_COLUMNS][STATE_ROWS]) {
    size_t len = column_deltas(&c->at[ID_LEN], -1, INT32_MAX, rows[ID_LEN], STATE_ROWS);
    int32_t last_peer = (int32_t)s->peer_len - 1;
    bool all =
        column_deltas(&c->at[ID_PEER], 0, last_peer, rows[ID_PEER], len) == len &&
        column_deltas(&c->at[ID_COUNTER], 0, LIMIT_COUNTER, rows[ID_COUNTER], len) == len &&
        column_deltas(&c->at[ID_LAMPORT], INT32_MIN, INT32_MAX, rows[ID_LAMPORT], len) == len;
    if (!state_columns_ok(s, c)) return 0;
    if (!all) reader_fail(&s->r, LK_ECORRUPT, "column has too few rows");
    return all ? len : 0;
}

static void state_read_spans(state_reader *s, state_columns *c, state_text *out) {
    VEC(state_span) spans = {0};
    int32_t rows[ID_COLUMNS][STATE_ROWS];
    size_t len;
    while ((len = state_read_rows(s, c, rows)) > 0)
        for (size_t i = 0; i < len; i++) {
            state_limit_rows(s, spans.len);
            state_span *span = reader_need(&s->r, arena_vec_push(s->scratch, &spans));
            if (span == NULL) return;
            if (!state_make_span(s, rows, i, span))
                reader_fail(&s->r, LK_ECORRUPT, "Lamport time is out of range");
            if (!reader_ok(&s->r)) return;
        }
    state_close_columns(s, c);
    out->spans = spans.at;
    out->span_len = spans.len;
}

static void state_read_marks(state_reader *s, state_text *out) {
    size_t key_len = (size_t)reader_uleb(&s->r, reader_left(&s->r));
    lk_str *keys = reader_need(&s->r, arena_new(s->scratch, lk_str, key_len));
    if (keys == NULL) return;
    for (size_t i = 0; i < key_len; i++) keys[i] = reader_str(&s->r);
    size_t len = (size_t)reader_uleb(&s->r, reader_left(&s->r) / 4);
    state_mark *marks = reader_need(&s->r, arena_new(s->scratch, state_mark, len));
    if (marks == NULL) return;
    for (size_t i = 0; i < len && reader_ok(&s->r); i++) {
        columnar_expect(&s->r, 3);
        uint64_t key = reader_uleb(&s->r, UINT64_MAX);
        if (key < key_len)
            marks[i].key = keys[key];
        else
            reader_fail(&s->r, LK_ECORRUPT, "key is not in the table");
        state_value_read(&s->r, s->names, &marks[i].value);
        marks[i].info = reader_u8(&s->r);
    }
    out->marks = marks;
    out->mark_len = len;
}

/* Text is used up by spans, marks by starts. A style may stay open: snapshots taken between its two
 * operations exist. */
static void state_check_text(state_reader *s, const state_text *text) {
    uint64_t points = 0, starts = 0;
    for (size_t i = 0; i < text->span_len; i++) {
        if (text->spans[i].len > 0) points += (uint32_t)text->spans[i].len;
        starts += text->spans[i].len == 0;
    }
    size_t len = utf8_measure((const uint8_t *)text->text.at, text->text.len).unit[LK_CODEPOINT];
    if (points != len) reader_fail(&s->r, LK_ECORRUPT, "spans do not cover the text");
    if (starts != text->mark_len) reader_fail(&s->r, LK_ECORRUPT, "styles and marks differ");
}

static void state_read_text(state_reader *s, state_text *out) {
    state_columns columns;
    out->text = reader_str(&s->r);
    state_read_peers(s);
    columnar_expect(&s->r, 3);
    columnar_expect(&s->r, ID_COLUMNS);
    state_open_columns(s, &columns, ID_COLUMNS);
    state_read_marks(s, out);
    out->asleep = s->names->lazily && out->mark_len == 0 && out->text.len > 0;
    if (out->asleep) return;
    if (reader_ok(&s->r)) state_read_spans(s, &columns, out);
    if (reader_ok(&s->r)) state_check_text(s, out);
}

/* ---- list ---- */

static void state_read_list(state_reader *s, state_list *out) {
    state_columns columns;
    size_t len = (size_t)reader_uleb(&s->r, reader_left(&s->r));
    state_item *items = reader_need(&s->r, arena_new(s->scratch, state_item, len));
    if (items == NULL) return;
    for (size_t i = 0; i < len; i++) state_value_read(&s->r, s->names, &items[i].value);
    state_read_peers(s);
    columnar_expect(&s->r, 1);
    columnar_expect(&s->r, ID_LEN);
    state_open_columns(s, &columns, ID_LEN);
    for (size_t i = 0; i < len && reader_ok(&s->r) && state_columns_ok(s, &columns); i++)
        items[i].id = state_read_id(s, &columns, &items[i].lamport);
    if (reader_ok(&s->r)) state_close_columns(s, &columns);
    *out = (state_list){items, len};
}

/* ---- map ---- */

static int state_entry_order(const void *a, const void *b) {
    return sort_str(((const state_entry *)a)->key, ((const state_entry *)b)->key);
}

typedef VEC(state_entry) state_entries;

static state_entry *state_add_entry(state_reader *s, state_entries *entries) {
    state_entry *entry = reader_need(&s->r, arena_vec_push(s->scratch, entries));
    if (entry == NULL) return NULL;
    *entry = (state_entry){.key = reader_str(&s->r)};
    return entry;
}

static void state_read_map(state_reader *s, state_map *out) {
    state_entries entries = {0};
    uint64_t live = reader_uleb(&s->r, reader_left(&s->r));
    for (uint64_t i = 0; i < live && reader_ok(&s->r); i++) {
        state_entry *entry = state_add_entry(s, &entries);
        if (entry != NULL) state_value_read(&s->r, s->names, &entry->value);
    }
    uint64_t deleted = reader_uleb(&s->r, reader_left(&s->r));
    for (uint64_t i = 0; i < deleted && reader_ok(&s->r); i++) {
        state_entry *entry = state_add_entry(s, &entries);
        if (entry != NULL) entry->deleted = true;
    }
    sort_items(entries.at, entries.len, sizeof *entries.at, state_entry_order);
    state_read_peers(s);
    for (size_t i = 0; i < entries.len && reader_ok(&s->r); i++) {
        state_entry *entry = &entries.at[i];
        if (i > 0 && state_entry_order(entry - 1, entry) == 0)
            reader_fail(&s->r, LK_ECORRUPT, "key appears twice in a map");
        uint64_t peer = reader_uleb(&s->r, UINT64_MAX);
        if (peer >= s->peer_len) reader_fail(&s->r, LK_ECORRUPT, "peer is not in the table");
        entry->peer = (peer_ix)(s->peer_base + peer);
        entry->lamport = (uint32_t)reader_uleb(&s->r, LIMIT_COUNTER);
    }
    *out = (state_map){entries.at, entries.len};
}

/* ---- any ---- */

bool state_blob_root(lk_bytes key, container_id *out) {
    reader r = reader_new(key);
    uint8_t kind = reader_u8(&r);
    if ((kind & STATE_ROOT) == 0) return false;
    *out = (container_id){.kind = kind & (uint8_t)~STATE_ROOT, .root = true};
    out->name = reader_str(&r);
    reader_finish(&r, "bytes follow the id of a container");
    return reader_ok(&r);
}

static uint32_t state_read_key(state_reader *s, lk_bytes key) {
    reader r = reader_new(key);
    uint8_t kind = reader_u8(&r);
    container_id id = {.kind = kind & (uint8_t)~STATE_ROOT, .root = (kind & STATE_ROOT) != 0};
    if (id.root) {
        id.name = reader_str(&r);
    } else {
        id.peer = state_peer_add(&r, s->names, reader_u64le(&r));
        uint32_t counter = reader_u32le(&r);
        if (counter > LIMIT_COUNTER) reader_fail(&r, LK_ECORRUPT, "counter is out of range");
        id.counter = (int32_t)counter;
    }
    reader_finish(&r, "bytes follow the id of a container");
    if (!reader_ok(&r)) reader_fail(&s->r, r.fault.code, r.fault.what);
    return state_cid_add(&s->r, s->names, &id);
}

static void state_read_content(state_reader *s, container_kind kind, state_container *out) {
    switch (kind) {
    case LK_TEXT: state_read_text(s, &out->as.text); return;
    case LK_LIST: state_read_list(s, &out->as.list); return;
    case LK_MAP: state_read_map(s, &out->as.map); return;
    case LK_COUNTER:
        /* Loro leaves it out where a build without counters wrote the state again. */
        if (reader_left(&s->r) > 0) out->as.counter = reader_f64le(&s->r);
        return;
    case LK_MOVABLE_LIST: state_read_movable(s, &out->as.movable); return;
    case LK_TREE: state_read_tree(s, &out->as.tree); return;
    default:
        out->opaque = true;
        out->as.opaque = reader_take(&s->r, reader_left(&s->r));
        return;
    }
}

lk_status state_blob_read(const sstable_pair *pair, state_names *names, state_container *out,
                          lk_fault *fault) {
    state_reader s = {.r = reader_new(pair->value),
                      .names = names,
                      .scratch = names->scratch,
                      .bytes_len = pair->value.len};
    *out = (state_container){.cid = state_read_key(&s, pair->key)};
    container_kind kind = reader_u8(&s.r);
    if (reader_ok(&s.r) && kind != names->cids.at[out->cid].kind)
        reader_fail(&s.r, LK_ECORRUPT, "container is not of the kind its key says");
    out->depth = (uint32_t)reader_uleb(&s.r, UINT32_MAX);
    out->has_parent = reader_uleb(&s.r, 1) == 1;
    if (out->has_parent) out->parent = state_cid_read(&s.r, names);
    if (reader_ok(&s.r)) state_read_content(&s, kind, out);
    reader_finish(&s.r, "bytes follow the state of a container");
    /* Offsets inside a compressed block mean nothing to anyone: say where that block is. */
    *fault = s.r.fault;
    fault->offset = pair->offset;
    return fault->code;
}

state_tables state_names_tables(const state_names *names) {
    return (state_tables){names->peers.at, names->peers.len, names->cids.at, names->cids.len};
}
