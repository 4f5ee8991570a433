/* SPDX-License-Identifier: MIT
 * state_value.c - postcard's LoroValue and ContainerID. Recursion is bounded by LIMIT_DEPTH, and
 * memory by the bytes: an item of a list costs at least one, an entry of a map two. */
#include "codec/state_value.h"

#include "base/limits.h"
#include "base/sort.h"

typedef enum state_value_tag {
    STATE_NULL,
    STATE_BOOL,
    STATE_F64,
    STATE_I64,
    STATE_STRING,
    STATE_LIST,
    STATE_MAP,
    STATE_CONTAINER,
    STATE_BINARY,
} state_value_tag;

/* The numbers postcard container ids have for kinds, by ours; others stand for themselves. */
static const uint8_t state_kinds[] = {
    [LK_TEXT] = 0,         [LK_MAP] = 1,  [LK_LIST] = 2,
    [LK_MOVABLE_LIST] = 3, [LK_TREE] = 4, [LK_COUNTER] = 5,
};

static container_kind state_kind_read(reader *r) {
    uint8_t number = reader_u8(r);
    for (size_t i = 0; i < countof(state_kinds); i++)
        if (state_kinds[i] == number) return (container_kind)i;
    if (number > 127) reader_fail(r, LK_ECORRUPT, "container kind is out of range");
    return number;
}

/* ---- reading ---- */

peer_ix state_peer_add(reader *r, state_names *names, uint64_t peer) {
    uint64_t *added = reader_need(r, arena_vec_push(names->scratch, &names->peers));
    if (added == NULL) return 0;
    *added = peer;
    return (peer_ix)(names->peers.len - 1);
}

uint32_t state_cid_add(reader *r, state_names *names, const container_id *id) {
    container_id *added = reader_need(r, arena_vec_push(names->scratch, &names->cids));
    if (added == NULL) return 0;
    *added = *id;
    return (uint32_t)(names->cids.len - 1);
}

uint32_t state_cid_read(reader *r, state_names *names) {
    container_id id = {.root = reader_uleb(r, 1) == 0};
    if (id.root) {
        id.name = reader_str(r);
    } else {
        id.peer = state_peer_add(r, names, reader_uleb(r, UINT64_MAX));
        int64_t counter = reader_zigzag(r);
        if (counter < 0 || counter > LIMIT_COUNTER)
            reader_fail(r, LK_ECORRUPT, "counter is out of range");
        id.counter = (int32_t)counter;
    }
    id.kind = state_kind_read(r);
    return state_cid_add(r, names, &id);
}

static void state_value_read_at(reader *r, state_names *names, unsigned depth, lk_value *out);

static void state_value_read_list(reader *r, state_names *names, unsigned depth, lk_value *out) {
    size_t len = (size_t)reader_uleb(r, reader_left(r));
    lk_value *values = reader_need(r, arena_new(names->scratch, lk_value, len));
    if (values == NULL) return;
    for (size_t i = 0; i < len; i++) state_value_read_at(r, names, depth, &values[i]);
    *out = (lk_value){.type = LK_VALUES, .len = (uint32_t)len, .as.values = values};
}

static int state_entry_order(const void *a, const void *b) {
    return sort_str(((const lk_entry *)a)->key, ((const lk_entry *)b)->key);
}

static void state_value_read_map(reader *r, state_names *names, unsigned depth, lk_value *out) {
    size_t len = (size_t)reader_uleb(r, reader_left(r) / 2);
    lk_entry *entries = reader_need(r, arena_new(names->scratch, lk_entry, len));
    if (entries == NULL) return;
    for (size_t i = 0; i < len; i++) {
        entries[i].key = reader_str(r);
        state_value_read_at(r, names, depth, &entries[i].value);
    }
    sort_items(entries, len, sizeof *entries, state_entry_order);
    for (size_t i = 1; i < len; i++)
        if (state_entry_order(&entries[i - 1], &entries[i]) == 0)
            reader_fail(r, LK_ECORRUPT, "key appears twice in a map");
    *out = (lk_value){.type = LK_ENTRIES, .len = (uint32_t)len, .as.entries = entries};
}

static void state_value_read_bytes(reader *r, lk_type type, lk_value *out) {
    lk_bytes bytes = reader_bytes(r);
    *out = (lk_value){.type = type, .len = (uint32_t)bytes.len, .as.bytes = bytes.at};
}

static void state_value_read_string(reader *r, lk_value *out) {
    lk_str text = reader_str(r);
    *out = (lk_value){
        .type = LK_STRING, .len = (uint32_t)text.len, .as.bytes = (const uint8_t *)text.at};
}

static void state_value_read_at(reader *r, state_names *names, unsigned depth, lk_value *out) {
    *out = (lk_value){.type = LK_NULL};
    if (depth == LIMIT_DEPTH) {
        reader_fail(r, LK_ELIMIT, "value is nested too deep");
        return;
    }
    switch (reader_uleb(r, UINT64_MAX)) {
    case STATE_NULL: return;
    case STATE_BOOL:
        *out = (lk_value){.type = LK_BOOL, .as.boolean = reader_uleb(r, 1) == 1};
        return;
    case STATE_F64: *out = (lk_value){.type = LK_F64, .as.f64 = reader_f64le(r)}; return;
    case STATE_I64: *out = (lk_value){.type = LK_I64, .as.i64 = reader_zigzag(r)}; return;
    case STATE_STRING: state_value_read_string(r, out); return;
    case STATE_LIST: state_value_read_list(r, names, depth + 1, out); return;
    case STATE_MAP: state_value_read_map(r, names, depth + 1, out); return;
    case STATE_CONTAINER:
        *out = (lk_value){.type = LK_CONTAINER, .as.container = {state_cid_read(r, names)}};
        return;
    case STATE_BINARY: state_value_read_bytes(r, LK_BINARY, out); return;
    default: reader_fail(r, LK_ECORRUPT, "kind of value is not known"); return;
    }
}

void state_value_read(reader *r, state_names *names, lk_value *out) {
    state_value_read_at(r, names, 0, out);
}

/* ---- writing ---- */

void state_cid_write(writer *w, const state_tables *tables, uint32_t cid) {
    const container_id *id = &tables->cids[cid];
    writer_uleb(w, !id->root);
    if (id->root) {
        writer_bytes(w, id->name.at, id->name.len);
    } else {
        writer_uleb(w, tables->peers[id->peer]);
        writer_zigzag(w, id->counter);
    }
    writer_u8(w, id->kind < countof(state_kinds) ? state_kinds[id->kind] : id->kind);
}

static void state_value_write_map(writer *w, const state_tables *tables, const lk_value *value) {
    writer_uleb(w, STATE_MAP);
    writer_uleb(w, value->len);
    for (uint32_t i = 0; i < value->len; i++) {
        const lk_entry *entry = &value->as.entries[i];
        writer_bytes(w, entry->key.at, entry->key.len);
        state_value_write(w, tables, &entry->value);
    }
}

void state_value_write(writer *w, const state_tables *tables, const lk_value *value) {
    switch (value->type) {
    case LK_NULL: writer_uleb(w, STATE_NULL); return;
    case LK_BOOL:
        writer_uleb(w, STATE_BOOL);
        writer_u8(w, value->as.boolean);
        return;
    case LK_I64:
        writer_uleb(w, STATE_I64);
        writer_zigzag(w, value->as.i64);
        return;
    case LK_F64:
        writer_uleb(w, STATE_F64);
        writer_f64le(w, value->as.f64);
        return;
    case LK_STRING:
    case LK_BINARY:
        writer_uleb(w, value->type == LK_STRING ? STATE_STRING : STATE_BINARY);
        writer_bytes(w, value->as.bytes, value->len);
        return;
    case LK_VALUES:
        writer_uleb(w, STATE_LIST);
        writer_uleb(w, value->len);
        for (uint32_t i = 0; i < value->len; i++)
            state_value_write(w, tables, &value->as.values[i]);
        return;
    case LK_ENTRIES: state_value_write_map(w, tables, value); return;
    case LK_CONTAINER:
        writer_uleb(w, STATE_CONTAINER);
        state_cid_write(w, tables, value->as.container.index);
        return;
    }
}
