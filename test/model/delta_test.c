/* SPDX-License-Identifier: MIT
 * delta_test.c - the accumulator beside two arrays of characters, before and after: what survived
 * says what the delta must be. */
#include "state/delta.h"

#include "check.h"
#include "meter.h"

#define CHARS_MAX 4000u
#define OLD_LEN 700u

typedef struct character {
    uint32_t len[3];
    bool old;
} character;

typedef struct world {
    delta delta;
    character now[CHARS_MAX];
    uint32_t len;
    character before[OLD_LEN];
    bool gone[OLD_LEN];
    rng r;
} world;

static meter heap;
static const lk_memory test_heap = {&heap, meter_resize};

static character test_char(rng *r) {
    static const uint32_t widths[4][3] = {{1, 1, 1}, {2, 1, 1}, {3, 1, 1}, {4, 1, 2}};
    character c = {.old = false};
    memcpy(c.len, widths[rng_below(r, 4)], sizeof c.len);
    return c;
}

static void world_start(world *w) {
    w->len = OLD_LEN;
    for (uint32_t i = 0; i < OLD_LEN; i++) {
        w->before[i] = w->now[i] = test_char(&w->r);
        w->now[i].old = true;
        w->gone[i] = false;
    }
}

static void world_sum(const character *at, uint32_t len, uint32_t out[3]) {
    memset(out, 0, 3 * sizeof *out);
    for (uint32_t i = 0; i < len; i++)
        for (unsigned u = 0; u < 3; u++) out[u] += at[i].len[u];
}

static void world_edit(world *w, uint32_t pos, uint32_t remove, uint32_t insert) {
    uint32_t at[3], removed[3], inserted[3], old = 0;
    world_sum(w->now, pos, at);
    world_sum(w->now + pos, remove, removed);
    /* The k-th survivor in `now` is the k-th not gone in `before`. */
    for (uint32_t i = 0; i < pos; i++) old += w->now[i].old;
    uint32_t b = 0;
    for (uint32_t skip = 0; b < OLD_LEN && (w->gone[b] || skip < old); b++) skip += !w->gone[b];
    for (uint32_t i = pos; i < pos + remove; i++) {
        if (!w->now[i].old) continue;
        while (w->gone[b]) b++;
        w->gone[b] = true;
    }
    memmove(&w->now[pos + insert], &w->now[pos + remove], (w->len - pos - remove) * sizeof *w->now);
    for (uint32_t i = 0; i < insert; i++) w->now[pos + i] = test_char(&w->r);
    w->len += insert - remove;
    world_sum(w->now + pos, insert, inserted);
    CHECK(delta_reserve(&w->delta, 1));
    heap.closed = true;
    delta_edit(&w->delta, at, removed, inserted);
    heap.closed = false;
}

static void test_step(delta_walk *walk, lk_delta_kind kind, const uint32_t len[3],
                      const uint32_t at[3]) {
    delta_step step;
    if (len[0] == 0) return;
    CHECK(delta_next(walk, &step));
    CHECK_EQ(step.kind, kind);
    for (unsigned u = 0; u < 3; u++) {
        CHECK_EQ(step.len[u], len[u]);
        CHECK_EQ(step.at[u], at[u]);
    }
}

static void test_compare(const world *w) {
    delta_check(&w->delta);
    delta_walk walk = delta_start(&w->delta);
    uint32_t b = 0, n = 0, at[3] = {0}, kept[3] = {0};
    size_t steps = 0;
    delta_step step;
    for (delta_walk count = walk; delta_next(&count, &step);) steps++;
    CHECK(steps <= delta_count_max(&w->delta));
    while (b < OLD_LEN || n < w->len) {
        uint32_t n_start = n, b_start = b, inserted[3], removed[3];
        while (n < w->len && !w->now[n].old) n++;
        while (b < OLD_LEN && w->gone[b]) b++;
        world_sum(w->now + n_start, n - n_start, inserted);
        world_sum(w->before + b_start, b - b_start, removed);
        if (n > n_start || b > b_start) {
            test_step(&walk, LK_RETAIN, kept, at);
            for (unsigned u = 0; u < 3; u++) at[u] += kept[u], kept[u] = 0;
            test_step(&walk, LK_INSERT, inserted, at);
            for (unsigned u = 0; u < 3; u++) at[u] += inserted[u];
            test_step(&walk, LK_DELETE, removed, at);
        }
        if (n == w->len) break;
        CHECK(b < OLD_LEN);
        for (unsigned u = 0; u < 3; u++) kept[u] += w->now[n].len[u];
        n++, b++;
    }
    CHECK(!delta_next(&walk, &step));
}

static void world_edit_random(world *w, uint32_t reach) {
    uint32_t pos = rng_below(&w->r, (w->len < reach ? w->len : reach) + 1);
    uint32_t remove = rng_below(&w->r, 2) * rng_below(&w->r, rng_below(&w->r, 12) ? 6 : 120);
    uint32_t insert = rng_below(&w->r, 2) * rng_below(&w->r, 6);
    if (remove > w->len - pos) remove = w->len - pos;
    if (w->len + insert > CHARS_MAX) insert = 0;
    world_edit(w, pos, remove, insert);
}

static void test_random(uint64_t seed) {
    world *w = calloc(1, sizeof *w);
    w->r.state = seed;
    delta_init(&w->delta, &test_heap);
    for (uint32_t batch = 0; batch < 300; batch++) {
        world_start(w);
        CHECK(delta_empty(&w->delta));
        test_compare(w);
        uint32_t edits = batch < 200 ? 1 + rng_below(&w->r, 10) : 100;
        uint32_t reach = rng_below(&w->r, 2) ? CHARS_MAX : 30;
        for (uint32_t n = 0; n < edits; n++) {
            world_edit_random(w, reach);
            if (batch < 200 || n % 9 == 0) test_compare(w);
        }
        test_compare(w);
        delta_reset(&w->delta);
    }
    delta_drop(&w->delta);
    CHECK_EQ(heap.blocks, 0);
    free(w);
}

/* A keystroke taken back leaves nothing; a reset keeps the memory for the next. */
static void test_small(void) {
    delta d;
    delta_init(&d, &test_heap);
    CHECK(delta_reserve(&d, 3));
    heap.closed = true;
    uint32_t at[3] = {7, 5, 6}, one[3] = {4, 1, 2}, none[3] = {0};
    delta_edit(&d, at, none, none);
    CHECK(delta_empty(&d));
    delta_edit(&d, at, none, one);
    CHECK(!delta_empty(&d));
    delta_edit(&d, at, one, none);
    CHECK(delta_empty(&d));
    delta_reset(&d);
    CHECK(delta_reserve(&d, 1));
    heap.closed = false;
    delta_drop(&d);
    CHECK_EQ(heap.blocks, 0);
}

int main(void) {
    for (uint64_t seed = 1; seed <= 4; seed++) test_random(seed);
    test_small();
    puts("delta: 4 x 300 random batches of edits equal the difference of before and after");
    return 0;
}
