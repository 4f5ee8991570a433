/* SPDX-License-Identifier: MIT
 * have.h - what someone holds: a version vector that can be raised one peer at a time.
 * Sorted by peer, so that reading is a binary search and comparing is a walk. A peer that is not
 * in it counts as 0, and entries of 0 are not kept. */
#ifndef ROOM_HAVE_H
#define ROOM_HAVE_H

#include "base/mem.h"

typedef struct have {
    VEC(lk_id) ids; /* sorted by peer; counter: exclusive end */
} have;

void have_drop(have *h, const lk_memory *heap);
static inline lk_ids have_view(const have *h) { return (lk_ids){h->ids.at, h->ids.len}; }
int32_t have_end(const have *h, uint64_t peer);
/* Sum of all ends: how many operations that is. O(peers). */
uint64_t have_total(const have *h);
/* Make the end of `peer` at least `end`. False when memory is out. */
bool have_raise(have *h, const lk_memory *heap, uint64_t peer, int32_t end);
/* Make it at most `end`. */
void have_lower(have *h, uint64_t peer, int32_t end);
/* Become `ids`, in any order and with doubles (the larger end counts). False when memory is out,
 * with nothing changed. */
bool have_assign(have *h, const lk_memory *heap, lk_ids ids);

typedef struct have_gap { /* how two versions differ, in peers */
    uint32_t less, more;  /* peers of which the first holds less than the second, and more */
} have_gap;
have_gap have_compare(const have *a, const have *b);
/* How the comparison changes when one peer's end goes from `before` to `after` in `a`, or in `b`.
 */
void have_gap_move(have_gap *gap, int32_t a_before, int32_t b_before, int32_t a, int32_t b);

#endif
