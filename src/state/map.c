/* SPDX-License-Identifier: MIT
 * map.c - an array of entries in order of first write, and a hash table from keys to its indices.
 * Most maps are small: up to SCAN_MAX entries are found by looking at all of them, and such a map
 * has no table. */
#include "state/map.h"

#ifdef LK_STRESS
#define SCAN_MAX 2u
#else
#define SCAN_MAX 8u
#endif

void map_init(map *m, const lk_memory *heap) { *m = (map){.heap = heap}; }

void map_drop(map *m) {
    table_drop(&m->by_key, m->heap);
    vec_drop(m->heap, &m->entries);
    m->live = 0;
}

static uint32_t map_index(const map *m, uint32_t key) {
    if (m->by_key.len == 0) {
        for (uint32_t i = 0; i < m->entries.len; i++)
            if (m->entries.at[i].key == key) return i;
        return TABLE_NONE;
    }
    table_probe probe;
    uint32_t i = table_first(&m->by_key, keyed_hash_u64(m->heap->hash_key, key), &probe);
    while (i != TABLE_NONE && m->entries.at[i].key != key) i = table_next(&probe);
    return i;
}

bool map_reserve(map *m, uint32_t sets) {
    if (!vec_reserve(m->heap, &m->entries, sets)) return false;
    size_t most = m->entries.len + sets;
    if (most <= SCAN_MAX) return true;
    if (most > UINT32_MAX) return false;
    if (!table_reserve(&m->by_key, m->heap, (uint32_t)(most - m->by_key.len))) return false;
    for (uint32_t i = m->by_key.len; i < m->entries.len; i++)
        table_add(&m->by_key, keyed_hash_u64(m->heap->hash_key, m->entries.at[i].key), i);
    return true;
}

static bool map_newer(const map_entry *a, const map_entry *b) {
    if (b->peer == STEP_UNWRITTEN) return true;
    if (a->lamport != b->lamport) return a->lamport > b->lamport;
    return a->peer_wide > b->peer_wide;
}

/* `i`: the index of its key, or TABLE_NONE. */
static void map_put(map *m, uint32_t i, const map_entry *entry) {
    if (i != TABLE_NONE) {
        map_entry *old = &m->entries.at[i];
        m->live += (size_t)(entry->value != NULL) - (size_t)(old->value != NULL);
        *old = *entry;
        return;
    }
    LK_ASSERT(m->entries.len < m->entries.cap);
    i = (uint32_t)m->entries.len++;
    m->entries.at[i] = *entry;
    m->live += entry->value != NULL;
    /* The table is there once a reserve went beyond SCAN_MAX. */
    if (m->by_key.cap > 0) table_add(&m->by_key, keyed_hash_u64(m->heap->hash_key, entry->key), i);
}

bool map_set(map *m, const map_entry *entry) {
    uint32_t i = map_index(m, entry->key);
    if (i != TABLE_NONE && !map_newer(entry, &m->entries.at[i])) return false;
    map_put(m, i, entry);
    return true;
}

void map_force(map *m, const map_entry *entry) { map_put(m, map_index(m, entry->key), entry); }

const map_entry *map_find(const map *m, uint32_t key) {
    uint32_t i = map_index(m, key);
    return i == TABLE_NONE || m->entries.at[i].peer == STEP_UNWRITTEN ? NULL : &m->entries.at[i];
}

const map_entry *map_next_any(const map *m, size_t *cursor) {
    while (*cursor < m->entries.len) {
        const map_entry *entry = &m->entries.at[(*cursor)++];
        if (entry->peer != STEP_UNWRITTEN) return entry;
    }
    return NULL;
}

const map_entry *map_next(const map *m, size_t *cursor) {
    const map_entry *entry = map_next_any(m, cursor);
    while (entry != NULL && entry->value == NULL) entry = map_next_any(m, cursor);
    return entry;
}
