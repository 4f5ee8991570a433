/* SPDX-License-Identifier: MIT
 * parcel.h - bytes that many may hold at once: kept here, on their way there. They never change,
 * and go with the last who holds them. */
#ifndef HOST_PARCEL_H
#define HOST_PARCEL_H

#include <string.h>

#include "host/heap.h"

typedef struct parcel {
    uint32_t holders;
    bool gone;   /* who kept it does not need it any more */
    int64_t row; /* where it is in a store; 0: nowhere yet */
    size_t len;
    uint8_t at[];
} parcel;

/* A copy, held once. */
static inline parcel *parcel_new(lk_bytes bytes) {
    parcel *p = mem_zalloc(&heap_memory, sizeof *p + bytes.len);
    p->holders = 1, p->len = bytes.len;
    if (bytes.len > 0) memcpy(p->at, bytes.at, bytes.len);
    return p;
}

static inline parcel *parcel_hold(parcel *p) {
    p->holders++;
    return p;
}

static inline void parcel_drop(parcel *p) {
    if (--p->holders == 0) mem_free(&heap_memory, p, sizeof *p + p->len);
}

static inline lk_bytes parcel_view(const parcel *p) { return (lk_bytes){p->at, p->len}; }

typedef VEC(parcel *) parcels;

static inline void parcels_drop(parcels *p) {
    for (size_t i = 0; i < p->len; i++) parcel_drop(p->at[i]);
    vec_drop(&heap_memory, p);
}

#endif
