/* SPDX-License-Identifier: MIT
 * table.h - the one hash table: from a hash to small integers, open addressing, linear probing, no
 * deletion. It stores no keys: the owner compares candidates with the records the integers name.
 *
 *     for (uint32_t i = table_first(&t, hash, &p); i != TABLE_NONE; i = table_next(&p))
 *         if (records[i] is the one) return i; */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/keyed_hash.h"
#include "base/mem.h"

#define TABLE_NONE UINT32_MAX

typedef struct table_slot {
    uint32_t hash, value; /* value TABLE_NONE: free */
} table_slot;

typedef struct table {
    table_slot *slots;
    uint32_t cap; /* a power of two, or 0 */
    uint32_t len;
} table;

typedef struct table_probe {
    const table *table;
    uint32_t hash, slot;
} table_probe;

void table_drop(table *t, const lk_memory *heap);
/* Make room for `more` additions that then cannot fail. */
bool table_reserve(table *t, const lk_memory *heap, uint32_t more);
/* Candidates with that hash, one after the other; TABLE_NONE ends them. */
uint32_t table_first(const table *t, uint32_t hash, table_probe *probe);
uint32_t table_next(table_probe *probe);
/* Add; needs a reserve. */
void table_add(table *t, uint32_t hash, uint32_t value);
/* Forget all values >= `len` (records were rewound to that length). O(table). */
void table_rewind(table *t, uint32_t len);

#endif
