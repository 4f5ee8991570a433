/* SPDX-License-Identifier: MIT
 * delta_test.c - the accumulator beside an array of characters, in which those that go stay, as
 * gone. */
#include "state/delta.h"

#include "check.h"
#include "meter.h"

#define CHARS_MAX 4000u
#define OLD_LEN 700u

typedef struct character {
    uint32_t len[3];
    bool old, gone;
} character;

typedef struct world {
    delta delta;
    character line[CHARS_MAX]; /* what is there, and what was there and is gone */
    uint32_t len;
    bool pairs; /* edits remove and insert in one, and are read in pairs */
    bool mixed; /* each insert says on which side of what is gone it stands */
    rng r;
} world;

static meter heap;
static const lk_memory test_heap = {.context = &heap, .resize = meter_resize};

static character test_char(rng *r) {
    static const uint32_t widths[4][3] = {{1, 1, 1}, {2, 1, 1}, {3, 1, 1}, {4, 1, 2}};
    character c = {.old = false};
    memcpy(c.len, widths[rng_below(r, 4)], sizeof c.len);
    return c;
}

static void world_start(world *w) {
    w->len = OLD_LEN;
    for (uint32_t i = 0; i < OLD_LEN; i++) {
        w->line[i] = test_char(&w->r);
        w->line[i].old = true;
    }
    w->pairs = rng_below(&w->r, 2);
    w->delta.gap = (delta_gap)rng_below(&w->r, 3);
    w->mixed = w->delta.gap != DELTA_BEHIND_NOT_LAST && rng_below(&w->r, 2) == 0;
}

/* Behind `pos` characters that are there; their length. */
static uint32_t world_seek(const world *w, uint32_t pos, uint32_t out[3]) {
    uint32_t i = 0;
    memset(out, 0, 3 * sizeof *out);
    for (; pos > 0; i++) {
        pos -= !w->line[i].gone;
        for (unsigned u = 0; u < 3 && !w->line[i].gone; u++) out[u] += w->line[i].len[u];
    }
    return i;
}

/* Those that were inserted leave no trace. */
static void world_remove(world *w, uint32_t i, uint32_t count, uint32_t removed[3]) {
    for (; count > 0;) {
        count -= !w->line[i].gone;
        for (unsigned u = 0; u < 3 && !w->line[i].gone; u++) removed[u] += w->line[i].len[u];
        w->line[i].gone = true;
        if (w->line[i].old)
            i++;
        else
            memmove(&w->line[i], &w->line[i + 1], (--w->len - i) * sizeof *w->line);
    }
}

static void world_insert(world *w, uint32_t i, uint32_t count, uint32_t inserted[3]) {
    uint32_t behind = i, end = i;
    while (end < w->len && w->line[end].gone) end++;
    if (w->delta.gap == DELTA_BEHIND_NOT_LAST)
        for (i = behind = end; i < w->len && w->line[i].old && !w->line[i].gone;) i++;
    if (w->delta.gap == DELTA_BEHIND_NOT_LAST && i == w->len)
        while (behind > 0 && w->line[behind - 1].gone) behind--;
    if (w->delta.gap == DELTA_BEHIND) behind = end;
    memmove(&w->line[behind + count], &w->line[behind], (w->len - behind) * sizeof *w->line);
    for (uint32_t k = 0; k < count; k++) {
        w->line[behind + k] = test_char(&w->r);
        for (unsigned u = 0; u < 3; u++) inserted[u] += w->line[behind + k].len[u];
    }
    w->len += count;
}

static void world_edit(world *w, uint32_t pos, uint32_t remove, uint32_t insert) {
    uint32_t at[3], removed[3] = {0}, inserted[3] = {0};
    if (w->mixed) w->delta.gap = rng_below(&w->r, 2) ? DELTA_BEHIND : DELTA_BEFORE;
    world_remove(w, world_seek(w, pos, at), remove, removed);
    world_insert(w, world_seek(w, pos, at), insert, inserted);
    CHECK(delta_reserve(&w->delta, 2));
    heap.closed = true;
    delta_edit(&w->delta, at, removed, inserted);
    heap.closed = false;
}

/* What must be read: as long as a run goes on, and in pairs as long as nothing is retained. */
static void test_compare(const world *w) {
    static const lk_delta_kind kinds[3] = {LK_RETAIN, LK_INSERT, LK_DELETE};
    delta_check(&w->delta);
    delta_walk walk = delta_start(&w->delta, w->pairs);
    uint32_t at[3] = {0}, i = 0;
    size_t steps = 0;
    for (delta_step step; delta_next(&walk, &step); steps++) {
        uint32_t len[3] = {0}, end = i;
        for (; end < w->len; end++) {
            const character *c = &w->line[end];
            lk_delta_kind kind = kinds[c->gone ? 2 : !c->old];
            if (kind != step.kind && (!w->pairs || kind == LK_RETAIN || step.kind == LK_RETAIN))
                break;
            for (unsigned u = 0; u < 3 && kind == step.kind; u++) len[u] += c->len[u];
        }
        for (unsigned u = 0; u < 3; u++) {
            CHECK_EQ(step.len[u], len[u]);
            CHECK_EQ(step.at[u], at[u]);
            at[u] += step.kind == LK_DELETE ? 0 : len[u];
        }
        delta_walk behind = walk;
        delta_step next;
        bool pair = w->pairs && step.kind == LK_INSERT && delta_next(&behind, &next) &&
                    next.kind == LK_DELETE;
        if (!pair) i = end;
    }
    for (; i < w->len; i++) CHECK(w->line[i].old && !w->line[i].gone);
    CHECK(steps <= delta_count_max(&w->delta));
    uint32_t point = 0;
    for (uint32_t k = 0; k < w->len; k++) {
        if (w->line[k].gone) continue;
        CHECK_EQ(delta_inserted(&w->delta, point), !w->line[k].old);
        point += w->line[k].len[LK_CODEPOINT];
    }
}

static void world_edit_random(world *w, uint32_t reach) {
    uint32_t there = 0;
    for (uint32_t i = 0; i < w->len; i++) there += !w->line[i].gone;
    uint32_t pos = rng_below(&w->r, (there < reach ? there : reach) + 1),
             what = rng_below(&w->r, 4);
    uint32_t remove = rng_below(&w->r, rng_below(&w->r, 12) ? 6 : 120);
    uint32_t insert = rng_below(&w->r, 6);
    if (remove > there - pos || what == 0) remove = what == 0 ? 0 : there - pos;
    if (w->len + insert > CHARS_MAX || what == 1 || (!w->pairs && what > 0)) insert = 0;
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
