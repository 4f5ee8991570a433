/* SPDX-License-Identifier: MIT
 * value.c - recursion is as deep as values are, and those LIMIT_DEPTH bounds. */
#include "model/value.h"
#include "base/str.h"

/* Each key of one map is looked for through all of the other up to this many. */
#define SEARCH_MAX 32u

static const lk_value *value_find(const lk_value *map, lk_str key) {
    for (uint32_t i = 0; i < map->len && i < SEARCH_MAX; i++)
        if (str_equal(map->as.entries[i].key, key)) return &map->as.entries[i].value;
    return NULL;
}

static bool value_entries_equal(const lk_value *a, const lk_value *b) {
    for (uint32_t i = 0; i < a->len; i++) {
        const lk_entry *entry = &a->as.entries[i], *beside = &b->as.entries[i];
        const lk_value *other =
            str_equal(entry->key, beside->key) ? &beside->value : value_find(b, entry->key);
        if (other == NULL || !value_equal(&entry->value, other)) return false;
    }
    return true;
}

bool value_equal(const lk_value *a, const lk_value *b) {
    if (a->type != b->type || a->len != b->len) return false;
    switch (a->type) {
    case LK_NULL: return true;
    case LK_BOOL: return a->as.boolean == b->as.boolean;
    case LK_I64: return a->as.i64 == b->as.i64;
    case LK_F64:
        return a->as.f64 == b->as.f64 || (a->as.f64 != a->as.f64 && b->as.f64 != b->as.f64);
    case LK_STRING:
    case LK_BINARY: return a->len == 0 || __builtin_memcmp(a->as.bytes, b->as.bytes, a->len) == 0;
    case LK_VALUES:
        for (uint32_t i = 0; i < a->len; i++)
            if (!value_equal(&a->as.values[i], &b->as.values[i])) return false;
        return true;
    case LK_ENTRIES: return value_entries_equal(a, b);
    case LK_CONTAINER: return a->as.container.index == b->as.container.index;
    }
    return false;
}
