/* SPDX-License-Identifier: MIT
 * shared_bytes.h - bytes that many may hold at once: kept here, on their way there. They never
 * change, and go with the last who holds them. */
#ifndef HOST_SHARED_BYTES_H
#define HOST_SHARED_BYTES_H

#include <string.h>

#include "host/heap.h"

typedef struct shared_bytes {
    uint32_t holders;
    bool gone;   /* who kept it does not need it any more */
    int64_t row; /* where it is in a store; 0: nowhere yet */
    size_t len;
    uint8_t at[];
} shared_bytes;

/* A copy, held once. */
static inline shared_bytes *shared_bytes_new(lk_bytes bytes) {
    shared_bytes *p = mem_zalloc(&heap_memory, sizeof *p + bytes.len);
    p->holders = 1, p->len = bytes.len;
    if (bytes.len > 0) memcpy(p->at, bytes.at, bytes.len);
    return p;
}

static inline shared_bytes *shared_bytes_hold(shared_bytes *p) {
    p->holders++;
    return p;
}

static inline void shared_bytes_drop(shared_bytes *p) {
    if (--p->holders == 0) mem_free(&heap_memory, p, sizeof *p + p->len);
}

static inline lk_bytes shared_bytes_view(const shared_bytes *p) {
    return (lk_bytes){p->at, p->len};
}

typedef VEC(shared_bytes *) shared_bytes_list;

static inline void shared_bytes_drop_all(shared_bytes_list *p) {
    for (size_t i = 0; i < p->len; i++) shared_bytes_drop(p->at[i]);
    vec_drop(&heap_memory, p);
}

#endif
