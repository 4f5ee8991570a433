/* SPDX-License-Identifier: MIT
 * check.h - the test harness: checks that print both sides, and a seeded random source. */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)
#define CHECK_EQ(got, want)                                                                        \
    do {                                                                                           \
        int64_t check_got = (int64_t)(got), check_want = (int64_t)(want);                          \
        if (check_got != check_want) {                                                             \
            fprintf(stderr, "%s:%d: %s: got %" PRId64 ", want %" PRId64 "\n", __FILE__, __LINE__,  \
                    #got, check_got, check_want);                                                  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)
#define CHECK_BYTES(got, got_len, want, want_len)                                                  \
    check_bytes(__FILE__, __LINE__, (got), (got_len), (want), (want_len))

static inline void check_bytes(const char *file, int line, const void *got, size_t got_len,
                               const void *want, size_t want_len) {
    if (got_len == want_len && (got_len == 0 || memcmp(got, want, got_len) == 0)) return;
    fprintf(stderr, "%s:%d: got %zu bytes, want %zu\n got: ", file, line, got_len, want_len);
    for (size_t i = 0; i < got_len && i < 200; i++)
        fprintf(stderr, "%02x", ((const uint8_t *)got)[i]);
    fprintf(stderr, "\nwant: ");
    for (size_t i = 0; i < want_len && i < 200; i++)
        fprintf(stderr, "%02x", ((const uint8_t *)want)[i]);
    fprintf(stderr, "\n");
    abort();
}

/* splitmix64: the same seed, the same run. */
typedef struct rng {
    uint64_t state;
} rng;

static inline uint64_t rng_u64(rng *r) {
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}
/* 0 .. n-1 */
static inline uint32_t rng_below(rng *r, uint32_t n) { return (uint32_t)(rng_u64(r) % n); }

#endif
