/* SPDX-License-Identifier: MIT
 * table_test.c - the hash table beside a list of pairs, with few hashes so that chains are long. */
#include "base/table.h"

#include "check.h"
#include "meter.h"

enum { PAIRS_MAX = 3000 };

typedef struct twin {
    uint32_t hashes[PAIRS_MAX]; /* of value i */
    uint32_t len;
} twin;

static meter heap;
static const lk_memory test_heap = {.context = &heap, .resize = meter_resize};

/* Every value of a hash is found once, and no other. */
static void test_find(const table *t, const twin *w, uint32_t hash) {
    static bool seen[PAIRS_MAX];
    uint32_t found = 0, want = 0;
    table_probe probe;
    for (uint32_t i = table_first(t, hash, &probe); i != TABLE_NONE; i = table_next(&probe)) {
        CHECK(i < w->len && w->hashes[i] == hash && !seen[i]);
        seen[i] = true;
        found++;
    }
    for (uint32_t i = 0; i < w->len; i++) {
        want += w->hashes[i] == hash;
        seen[i] = false;
    }
    CHECK_EQ(found, want);
}

/* Hashes that meet in the low bits, at the end of the slots too, where probing wraps around. */
static uint32_t test_hash(rng *r, uint32_t spread) {
    uint32_t low = rng_below(r, spread);
    return (rng_below(r, 2) ? low : ~low) ^ rng_below(r, 3) << 20;
}

static void test_random(uint64_t seed, uint32_t spread) {
    rng r = {seed};
    twin *w = calloc(1, sizeof *w);
    table t = {0};
    test_find(&t, w, 7);
    for (uint32_t n = 0; n < 300; n++) {
        uint32_t more = rng_below(&r, 20);
        if (w->len + more <= PAIRS_MAX) {
            CHECK(table_reserve(&t, &test_heap, more));
            heap.closed = true;
            for (; more > 0; more--) {
                w->hashes[w->len] = test_hash(&r, spread);
                table_add(&t, w->hashes[w->len], w->len);
                w->len++;
            }
            heap.closed = false;
        }
        if (n % 10 == 9) {
            w->len = rng_below(&r, w->len + 1);
            table_rewind(&t, w->len);
        }
        CHECK_EQ(t.len, w->len);
        for (uint32_t k = 0; k < 10; k++) test_find(&t, w, test_hash(&r, spread));
        if (w->len > 0) test_find(&t, w, w->hashes[rng_below(&r, w->len)]);
    }
    table_drop(&t, &test_heap);
    CHECK_EQ(heap.blocks, 0);
    free(w);
}

/* A reserve that fails leaves the table as it was. */
static void test_memory(void) {
    table t = {0};
    twin *w = calloc(1, sizeof *w);
    CHECK(table_reserve(&t, &test_heap, 1));
    table_add(&t, 5, 0);
    w->hashes[w->len++] = 5;
    heap.closed = true;
    CHECK(!table_reserve(&t, &test_heap, 1000));
    CHECK(!table_reserve(&t, &test_heap, UINT32_MAX));
    heap.closed = false;
    test_find(&t, w, 5);
    test_find(&t, w, 6);
    table_drop(&t, &test_heap);
    CHECK_EQ(heap.blocks, 0);
    free(w);
}

int main(void) {
    for (uint64_t seed = 1; seed <= 4; seed++) {
        test_random(seed, 1);
        test_random(seed, 12);
        test_random(seed, 1u << 30);
    }
    test_memory();
    puts("table: 12 x 300 random rounds of adding and rewinding equal a list");
    return 0;
}
