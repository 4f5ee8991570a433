/* SPDX-License-Identifier: MIT
 * meter.h - an allocator that counts, and that can be told to refuse. */
#ifndef TEST_METER_H
#define TEST_METER_H

#include <stdlib.h>

#include "lorikeet.h"

typedef struct meter {
    uint64_t requests, fail_at; /* the request that fails; 0: none */
    bool closed;                /* all fail */
    size_t blocks, bytes;       /* live */
    size_t peak;                /* of bytes */
} meter;

/* lk_memory.resize, with a meter as its context. */
static inline void *meter_resize(void *context, void *at, size_t old_len, size_t new_len) {
    meter *m = context;
    if (new_len > 0 && (m->closed || ++m->requests == m->fail_at)) return NULL;
    m->bytes += new_len - (at == NULL ? 0 : old_len);
    m->blocks += at == NULL;
    if (m->bytes > m->peak) m->peak = m->bytes;
    if (new_len > 0) return realloc(at, new_len);
    m->blocks--;
    free(at);
    return NULL;
}

#endif
