/* SPDX-License-Identifier: MIT
 * keep.h - signed envelopes that somebody holds who cannot sign, to give them on as they are. One
 * goes when another one holds all that it holds. */
#ifndef ROOM_KEEP_H
#define ROOM_KEEP_H

#include "room/have.h"

typedef struct keep_entry {
    VEC(lk_span) spans; /* what it holds, sorted by peer */
    uint8_t *at;        /* the envelope */
    size_t len;
} keep_entry;

typedef struct keep_list {
    VEC(keep_entry) list; /* in the order they came */
    have ends;    /* of each peer, how far they reach from the first operation without a hole */
    bool holes;   /* something is beyond a hole */
    size_t bytes; /* of all envelopes */
    size_t most;  /* of the largest */
} keep_list;

void keep_drop(keep_list *k, const lk_memory *heap);
/* Take in an envelope with these operations, unless one is there that holds them all: *taken tells.
 * False when memory is out; the ends may then be less than there is. Cost: if it continues what is
 * there, its own size; else a look at each of the others. */
bool keep_add(keep_list *k, const lk_memory *heap, const lk_span *spans, size_t span_len,
              lk_bytes whole, bool *taken);
/* Append all envelopes with something beyond `from`. False when memory is out. */
bool keep_beyond(const keep_list *k, const have *from, lk_buf *out);
/* Has it grown so large beside the largest that one envelope for all would pay? */
bool keep_loose(const keep_list *k);

#endif
