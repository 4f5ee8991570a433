/* SPDX-License-Identifier: MIT
 * remap.h - which number became which: containers and elements of lists that were made anew. */
#ifndef DOC_REMAP_H
#define DOC_REMAP_H

#include "base/table.h"

typedef struct remap_pair {
    uint64_t from, to;
} remap_pair;

typedef struct remap {
    const lk_memory *heap;
    VEC(remap_pair) pairs;
    table by_from;
} remap;

void remap_init(remap *r, const lk_memory *heap);
void remap_drop(remap *r);
/* Make room for so many more numbers. */
bool remap_reserve(remap *r, uint32_t more);
/* `from` is `to` from now on; the number itself: as if nothing had been said. Needs a reserve. */
void remap_put(remap *r, uint64_t from, uint64_t to);
/* What it is now; false if nothing was said. */
bool remap_find(const remap *r, uint64_t from, uint64_t *to);
/* What became of it in the end, through all that followed; itself if nothing was said. */
uint64_t remap_follow(const remap *r, uint64_t from);

#endif
