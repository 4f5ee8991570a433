/* SPDX-License-Identifier: MIT
 * remap.c - the table of what became which. */
#include "doc/remap.h"

void remap_init(remap *r, const lk_memory *heap) { *r = (remap){.heap = heap}; }

void remap_drop(remap *r) {
    vec_drop(r->heap, &r->pairs);
    table_drop(&r->by_from, r->heap);
}

bool remap_reserve(remap *r, uint32_t more) {
    return vec_reserve(r->heap, &r->pairs, more) && table_reserve(&r->by_from, r->heap, more);
}

static uint32_t remap_hash(const remap *r, uint64_t from) {
    return keyed_hash_u64(r->heap->hash_key, from);
}

static remap_pair *remap_pair_of(const remap *r, uint64_t from) {
    table_probe probe;
    uint32_t i = table_first(&r->by_from, remap_hash(r, from), &probe);
    while (i != TABLE_NONE && r->pairs.at[i].from != from) i = table_next(&probe);
    return i == TABLE_NONE ? NULL : &r->pairs.at[i];
}

void remap_put(remap *r, uint64_t from, uint64_t to) {
    remap_pair *known = remap_pair_of(r, from);
    if (known != NULL) {
        known->to = to;
        return;
    }
    LK_ASSERT(r->pairs.len < r->pairs.cap);
    table_add(&r->by_from, remap_hash(r, from), (uint32_t)r->pairs.len);
    r->pairs.at[r->pairs.len++] = (remap_pair){from, to};
}

bool remap_find(const remap *r, uint64_t from, uint64_t *to) {
    const remap_pair *known = remap_pair_of(r, from);
    if (known != NULL) *to = known->to;
    return known != NULL;
}

/* A circle has to end, too: it is left after as many steps as there are pairs. */
uint64_t remap_follow(const remap *r, uint64_t from) {
    uint64_t to;
    for (size_t left = r->pairs.len; left > 0 && remap_find(r, from, &to) && to != from; left--)
        from = to;
    return from;
}
