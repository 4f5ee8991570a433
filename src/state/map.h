/* SPDX-License-Identifier: MIT
 * map.h - the derived state of one map: per key the write with the largest (lamport, peer), and a
 * deletion is a write of nothing that stays as a tombstone. Keys are small integers interned by the
 * owner; values lie in the document's log. */
#ifndef STATE_MAP_H
#define STATE_MAP_H

#include "base/table.h"
#include "model/step.h"

typedef struct map_entry {
    const lk_value *value; /* NULL: deleted */
    uint64_t peer_wide;    /* orders writes with one lamport */
    uint32_t key;
    uint32_t lamport;
    peer_ix peer; /* STEP_UNWRITTEN: an entry that was, and never was written at this version */
} map_entry;

typedef struct map {
    const lk_memory *heap;
    table by_key;           /* key to index in entries; made when there are enough of them */
    VEC(map_entry) entries; /* in order of first write; never removed */
    size_t live;
} map;

void map_init(map *m, const lk_memory *heap);
void map_drop(map *m);
/* Make room so that the next `sets` calls of map_set() cannot fail. */
bool map_reserve(map *m, uint32_t sets);
/* Take the write over unless one at least as new is there; whether it was taken. Needs a reserve.
 * Writing again what is there (same lamport and peer) changes nothing. */
bool map_set(map *m, const map_entry *entry);
/* Let the entry be exactly that, whatever is there. Needs a reserve. */
void map_force(map *m, const map_entry *entry);
/* What was written last to `key`, a tombstone too; NULL if nothing ever was. Good until map_set. */
const map_entry *map_find(const map *m, uint32_t key);
static inline size_t map_len(const map *m) { return m->live; }
/* Walk the live entries, or all with the tombstones, from *cursor = 0; NULL at the end. */
const map_entry *map_next(const map *m, size_t *cursor);
const map_entry *map_next_any(const map *m, size_t *cursor);

#endif
