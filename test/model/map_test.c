/* SPDX-License-Identifier: MIT
 * map_test.c - the map beside an array indexed by key; writes arrive in any order and twice, and
 * are taken back. */
#include "state/map.h"

#include "check.h"
#include "meter.h"

#define KEYS 300u

static meter heap;
static const lk_memory test_heap = {.context = &heap, .resize = meter_resize};

typedef struct twin {
    map_entry at[KEYS];
    bool there[KEYS];
} twin;

static bool twin_set(twin *w, const map_entry *e) {
    map_entry *old = &w->at[e->key];
    if (w->there[e->key] && (old->lamport > e->lamport ||
                             (old->lamport == e->lamport && old->peer_wide >= e->peer_wide)))
        return false;
    *old = *e;
    w->there[e->key] = true;
    return true;
}

static void test_same(const map_entry *got, const map_entry *want) {
    CHECK(got->value == want->value);
    CHECK_EQ(got->key, want->key);
    CHECK_EQ(got->lamport, want->lamport);
    CHECK(got->peer_wide == want->peer_wide && got->peer == want->peer);
}

static void test_compare(const map *m, const twin *w) {
    size_t any = 0, live = 0, cursor = 0;
    for (uint32_t key = 0; key < KEYS; key++) {
        const map_entry *got = map_find(m, key);
        CHECK_EQ(got != NULL, w->there[key]);
        if (got != NULL) test_same(got, &w->at[key]);
        any += w->there[key];
        live += w->there[key] && w->at[key].value != NULL;
    }
    CHECK_EQ(map_len(m), live);
    for (const map_entry *e; (e = map_next(m, &cursor)) != NULL; live--) {
        CHECK(e->value != NULL);
        test_same(e, &w->at[e->key]);
    }
    cursor = 0;
    for (const map_entry *e; (e = map_next_any(m, &cursor)) != NULL; any--)
        test_same(e, &w->at[e->key]);
    CHECK(live == 0 && any == 0);
}

static void test_random(uint64_t seed, uint32_t keys) {
    static const lk_value values[4];
    static const uint64_t peers[4] = {1, 2, UINT64_C(1) << 63, UINT64_MAX - 1};
    rng r = {seed};
    twin *w = calloc(1, sizeof *w);
    map m;
    map_init(&m, &test_heap);
    test_compare(&m, w);
    for (uint32_t n = 0; n < 400; n++) {
        uint32_t sets = rng_below(&r, 6);
        CHECK(map_reserve(&m, sets));
        heap.closed = true;
        for (uint32_t i = 0; i < sets; i++) {
            map_entry e = {.key = rng_below(&r, keys), .lamport = rng_below(&r, 5 + n / 4)};
            e.peer = rng_below(&r, 4);
            e.peer_wide = peers[e.peer];
            e.value = rng_below(&r, 3) == 0 ? NULL : &values[rng_below(&r, 4)];
            if (rng_below(&r, 5) > 0) {
                CHECK_EQ(map_set(&m, &e), twin_set(w, &e));
                CHECK(!map_set(&m, &e));
                continue;
            }
            w->there[e.key] = rng_below(&r, 3) > 0;
            if (!w->there[e.key]) e = (map_entry){.key = e.key, .peer = STEP_UNWRITTEN};
            w->at[e.key] = e;
            map_force(&m, &e);
        }
        heap.closed = false;
        test_compare(&m, w);
    }
    map_drop(&m);
    free(w);
}

int main(void) {
    for (uint64_t seed = 1; seed <= 5; seed++) {
        test_random(seed, KEYS);
        test_random(seed, 9);
        test_random(seed, 2);
    }
    puts("map: 15 x 400 random batches of writes equal an array");
    return 0;
}
