/* SPDX-License-Identifier: MIT
 * network.h - UDP in virtual time: datagrams get lost, come twice, late, and in another order, as
 * the conditions of now say.
 *
 *     network_send ─► lost? twice? when? ─► heap, by time ─► network_take, when it is due
 *
 * The same random numbers give the same losses. */
#ifndef TEST_NETWORK_H
#define TEST_NETWORK_H

#include "check.h"

#include "base/mem.h"
#include "lorikeet_rtc.h"
#include "virtual_clock.h"

typedef struct packet {
    uint64_t at_ms, order;
    lk_addr from, to;
    uint8_t *bytes;
    size_t len;
} packet;

typedef struct conditions { /* percentages and milliseconds */
    uint32_t loss, copies, delay_ms, jitter_ms;
} conditions;

typedef struct network {
    rng *random;
    conditions now;
    VEC(packet) heap; /* the one that is due first is the first */
    uint64_t order, dropped;
} network;

static inline bool network_before(const packet *a, const packet *b) {
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static inline void network_swap(network *n, size_t i, size_t k) {
    packet p = n->heap.at[i];
    n->heap.at[i] = n->heap.at[k];
    n->heap.at[k] = p;
}

static inline void network_put(network *n, const lk_addr *from, const lk_addr *to, lk_bytes bytes) {
    uint32_t jitter = n->now.jitter_ms == 0 ? 0 : rng_below(n->random, n->now.jitter_ms);
    packet *p = vec_push(&mem_default, &n->heap);
    CHECK(p != NULL);
    *p = (packet){.at_ms = clock_ms + n->now.delay_ms + jitter,
                  .order = n->order++,
                  .from = *from,
                  .to = *to,
                  .bytes = malloc(bytes.len),
                  .len = bytes.len};
    CHECK(p->bytes != NULL);
    memcpy(p->bytes, bytes.at, bytes.len);
    for (size_t i = n->heap.len - 1; i > 0; i = (i - 1) / 2) {
        if (!network_before(&n->heap.at[i], &n->heap.at[(i - 1) / 2])) break;
        network_swap(n, i, (i - 1) / 2);
    }
}

static inline void network_send(network *n, const lk_addr *from, const lk_addr *to,
                                lk_bytes bytes) {
    CHECK(bytes.len <= 1252); /* IPv6's minimum MTU, with its headers */
    if (rng_below(n->random, 100) < n->now.loss) {
        n->dropped++;
        return;
    }
    network_put(n, from, to, bytes);
    if (rng_below(n->random, 100) < n->now.copies) network_put(n, from, to, bytes);
}

/* When the next datagram arrives, or UINT64_MAX. */
static inline uint64_t network_next(const network *n) {
    return n->heap.len == 0 ? UINT64_MAX : n->heap.at[0].at_ms;
}

/* The next datagram that has arrived by now; its bytes are for the caller to free. */
static inline bool network_take(network *n, packet *out) {
    if (network_next(n) > clock_ms) return false;
    *out = n->heap.at[0];
    n->heap.at[0] = n->heap.at[--n->heap.len];
    for (size_t i = 0, least;; i = least) {
        least = i;
        for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < n->heap.len; k++)
            if (network_before(&n->heap.at[k], &n->heap.at[least])) least = k;
        if (least == i) return true;
        network_swap(n, i, least);
    }
}

static inline void network_drop(network *n) {
    for (size_t i = 0; i < n->heap.len; i++) free(n->heap.at[i].bytes);
    vec_drop(&mem_default, &n->heap);
}

#endif
