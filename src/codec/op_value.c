/* SPDX-License-Identifier: MIT
 * op_value.c - values of operations. Recursion is bounded by LIMIT_DEPTH, and memory by the bytes:
 * an item of a list costs at least one, an entry of a map two. */
#include "codec/op_value.h"

#include "base/limits.h"
#include "base/sort.h"

enum { KEY_TABLE_FEW = 8 }; /* up to so many have no index */

typedef enum op_value_tag {
    VALUE_NULL,
    VALUE_TRUE,
    VALUE_FALSE,
    VALUE_I64,
    VALUE_F64,
    VALUE_STRING,
    VALUE_BINARY,
    VALUE_LIST,
    VALUE_MAP,
    VALUE_CONTAINER,
} op_value_tag;

static void op_value_read_at(op_value_reader *v, unsigned depth, lk_value *out);

static uint32_t op_value_read_count(op_value_reader *v, size_t item_len) {
    uint64_t count = reader_uleb(v->r, UINT64_MAX);
    if (count > LIMIT_COLLECTION)
        reader_fail(v->r, LK_ELIMIT, "value has too many items");
    else if (count > reader_left(v->r) / item_len)
        reader_fail(v->r, LK_ECORRUPT, "value has more items than bytes");
    return reader_ok(v->r) ? (uint32_t)count : 0;
}

static void op_value_read_list(op_value_reader *v, unsigned depth, lk_value *out) {
    size_t len = op_value_read_count(v, 1);
    lk_value *values = reader_need(v->r, arena_new(v->scratch, lk_value, len));
    if (values == NULL) return;
    for (size_t i = 0; i < len; i++) op_value_read_at(v, depth, &values[i]);
    *out = (lk_value){.type = LK_VALUES, .len = (uint32_t)len, .as.values = values};
}

static int op_value_order(const void *a, const void *b) {
    return sort_str(((const lk_entry *)a)->key, ((const lk_entry *)b)->key);
}

static lk_str op_value_read_key(op_value_reader *v) {
    uint64_t key = reader_uleb(v->r, UINT64_MAX);
    v->used_keys = true;
    if (key < v->key_len && reader_ok(v->r)) return v->keys[key];
    reader_fail(v->r, LK_ECORRUPT, "key is not in the table");
    return (lk_str){"", 0};
}

static void op_value_read_map(op_value_reader *v, unsigned depth, lk_value *out) {
    size_t len = op_value_read_count(v, 2);
    lk_entry *entries = reader_need(v->r, arena_new(v->scratch, lk_entry, len));
    if (entries == NULL) return;
    for (size_t i = 0; i < len; i++) {
        entries[i].key = op_value_read_key(v);
        op_value_read_at(v, depth, &entries[i].value);
    }
    sort_items(entries, len, sizeof *entries, op_value_order);
    for (size_t i = 1; i < len; i++)
        if (op_value_order(&entries[i - 1], &entries[i]) == 0)
            reader_fail(v->r, LK_ECORRUPT, "key appears twice in a map");
    *out = (lk_value){.type = LK_ENTRIES, .len = (uint32_t)len, .as.entries = entries};
}

static void op_value_read_container(op_value_reader *v, lk_value *out) {
    uint8_t kind = reader_u8(v->r);
    if (kind > 127) reader_fail(v->r, LK_ECORRUPT, "container kind is out of range");
    *out = (lk_value){.type = LK_CONTAINER, .as.container = {kind}};
}

static lk_value op_value_of_bytes(lk_type type, const void *at, size_t len) {
    return (lk_value){.type = type, .len = (uint32_t)len, .as.bytes = at};
}

static void op_value_read_at(op_value_reader *v, unsigned depth, lk_value *out) {
    *out = (lk_value){.type = LK_NULL};
    if (depth == LIMIT_DEPTH) {
        reader_fail(v->r, LK_ELIMIT, "value is nested too deep");
        return;
    }
    lk_str text;
    lk_bytes bytes;
    switch (reader_u8(v->r)) {
    case VALUE_NULL: return;
    case VALUE_TRUE: *out = (lk_value){.type = LK_BOOL, .as.boolean = true}; return;
    case VALUE_FALSE: *out = (lk_value){.type = LK_BOOL, .as.boolean = false}; return;
    case VALUE_I64: *out = (lk_value){.type = LK_I64, .as.i64 = reader_sleb(v->r)}; return;
    case VALUE_F64: *out = (lk_value){.type = LK_F64, .as.f64 = reader_f64be(v->r)}; return;
    case VALUE_STRING:
        text = reader_str(v->r);
        *out = op_value_of_bytes(LK_STRING, text.at, text.len);
        return;
    case VALUE_BINARY:
        bytes = reader_bytes(v->r);
        *out = op_value_of_bytes(LK_BINARY, bytes.at, bytes.len);
        return;
    case VALUE_LIST: op_value_read_list(v, depth + 1, out); return;
    case VALUE_MAP: op_value_read_map(v, depth + 1, out); return;
    case VALUE_CONTAINER: op_value_read_container(v, out); return;
    default: reader_fail(v->r, LK_ECORRUPT, "kind of value is not known"); return;
    }
}

void op_value_read(op_value_reader *v, lk_value *out) { op_value_read_at(v, 0, out); }

void key_table_drop(key_table *t) {
    vec_drop(t->heap, &t->keys);
    table_drop(&t->index, t->heap);
}

/* The index of `key`, or TABLE_NONE. Few keys are sooner compared than hashed. */
static uint32_t key_table_find(const key_table *t, lk_str key) {
    if (t->keys.len <= KEY_TABLE_FEW) {
        for (uint32_t i = 0; i < t->keys.len; i++)
            if (sort_str(t->keys.at[i], key) == 0) return i;
        return TABLE_NONE;
    }
    table_probe probe;
    uint32_t hash = keyed_hash(t->heap->hash_key, key.at, key.len);
    for (uint32_t i = table_first(&t->index, hash, &probe); i != TABLE_NONE; i = table_next(&probe))
        if (sort_str(t->keys.at[i], key) == 0) return i;
    return TABLE_NONE;
}

/* The first key too many enters all into the index. */
static bool key_table_enter(key_table *t) {
    size_t len = t->keys.len;
    if (len <= KEY_TABLE_FEW) return true;
    size_t from = len == KEY_TABLE_FEW + 1 ? 0 : len - 1;
    if (!table_reserve(&t->index, t->heap, (uint32_t)(len - from))) return false;
    for (size_t i = from; i < len; i++) {
        lk_str key = t->keys.at[i];
        table_add(&t->index, keyed_hash(t->heap->hash_key, key.at, key.len), (uint32_t)i);
    }
    return true;
}

uint32_t key_table_index(key_table *t, lk_str key) {
    uint32_t found = key_table_find(t, key);
    if (found != TABLE_NONE) return found;
    lk_str *fresh = t->failed ? NULL : vec_push(t->heap, &t->keys);
    if (fresh != NULL) *fresh = key;
    if (fresh == NULL || !key_table_enter(t)) {
        t->failed = true;
        return 0;
    }
    return (uint32_t)t->keys.len - 1;
}

static void op_value_write_list(writer *w, key_table *keys, const lk_value *value) {
    writer_u8(w, VALUE_LIST);
    writer_uleb(w, value->len);
    for (uint32_t i = 0; i < value->len; i++) op_value_write(w, keys, &value->as.values[i]);
}

static void op_value_write_map(writer *w, key_table *keys, const lk_value *value) {
    writer_u8(w, VALUE_MAP);
    writer_uleb(w, value->len);
    for (uint32_t i = 0; i < value->len; i++) {
        const lk_entry *entry = &value->as.entries[i];
        writer_uleb(w, key_table_index(keys, entry->key));
        op_value_write(w, keys, &entry->value);
    }
}

void op_value_write(writer *w, key_table *keys, const lk_value *value) {
    switch (value->type) {
    case LK_NULL: writer_u8(w, VALUE_NULL); return;
    case LK_BOOL: writer_u8(w, value->as.boolean ? VALUE_TRUE : VALUE_FALSE); return;
    case LK_I64:
        writer_u8(w, VALUE_I64);
        writer_sleb(w, value->as.i64);
        return;
    case LK_F64:
        writer_u8(w, VALUE_F64);
        writer_f64be(w, value->as.f64);
        return;
    case LK_STRING:
    case LK_BINARY:
        writer_u8(w, value->type == LK_STRING ? VALUE_STRING : VALUE_BINARY);
        writer_bytes(w, value->as.bytes, value->len);
        return;
    case LK_VALUES: op_value_write_list(w, keys, value); return;
    case LK_ENTRIES: op_value_write_map(w, keys, value); return;
    case LK_CONTAINER:
        writer_u8(w, VALUE_CONTAINER);
        writer_u8(w, (uint8_t)value->as.container.index);
        return;
    }
}
