/* SPDX-License-Identifier: MIT
 * btree_test.c - the B-tree beside a plain array, under random edits in phases that grow, shrink,
 * append and thrash. The heap refuses everything between a reserve and the edits it pays for. */
#include "base/btree.h"

#include "check.h"
#include "meter.h"

#define ITEMS_MAX 4000u

typedef struct item {
    uint32_t id;
    btree_sums len;
} item;

typedef struct twin {
    item items[ITEMS_MAX];
    uint32_t len;
    btree_leaf *where[1u << 20]; /* by id, as told by moved() */
    uint32_t ids;
} twin;

static meter heap;
static const lk_memory test_heap = {.context = &heap, .resize = meter_resize};

static btree_sums test_measure(const void *at) { return ((const item *)at)->len; }

static void test_moved(void *context, const void *at, btree_leaf *leaf) {
    ((twin *)context)->where[((const item *)at)->id] = leaf;
}

static const btree_class test_class = {sizeof(item), test_moved};

/* Lengths with zeroes in every metric but the last. */
static btree_sums test_len(rng *r) {
    uint32_t base = rng_below(r, 4);
    return (btree_sums){{base, base == 0 ? 0 : 1 + rng_below(r, base), base * 2, 1}};
}

static btree_sums twin_rank(const twin *w, uint32_t index) {
    btree_sums rank = {0};
    for (uint32_t i = 0; i < index; i++)
        for (unsigned m = 0; m < BTREE_METRICS; m++) rank.by[m] += w->items[i].len.by[m];
    return rank;
}

static void test_same_rank(btree_sums got, btree_sums want) {
    for (unsigned m = 0; m < BTREE_METRICS; m++) CHECK_EQ(got.by[m], want.by[m]);
}

/* The position of item `index`, found by metric 3, which counts items. */
static btree_pos test_pos(btree *t, uint32_t index, bool near) {
    btree_sums rank;
    uint32_t offset;
    btree_pos pos = near ? btree_find_near(t, 3, index, &rank) : btree_find(t, 3, index, &offset);
    if (near) test_same_rank(rank, btree_rank(t, pos));
    return pos;
}

static void test_insert(btree *t, twin *w, rng *r, uint32_t index) {
    item fresh = {w->ids++, test_len(r)};
    btree_pos pos = btree_insert(t, test_pos(t, index, rng_below(r, 2)), &fresh, fresh.len);
    CHECK_EQ(((item *)btree_item(t, pos))->id, fresh.id);
    memmove(&w->items[index + 1], &w->items[index], (w->len - index) * sizeof(item));
    w->items[index] = fresh;
    w->len++;
    CHECK(w->where[fresh.id] == pos.leaf);
}

static void test_remove(btree *t, twin *w, rng *r, uint32_t index) {
    btree_pos next = btree_remove(t, test_pos(t, index, rng_below(r, 2)));
    w->len--;
    memmove(&w->items[index], &w->items[index + 1], (w->len - index) * sizeof(item));
    CHECK_EQ(btree_at_end(t, next), index == w->len);
    if (index < w->len) CHECK_EQ(((item *)btree_item(t, next))->id, w->items[index].id);
}

static void test_change(btree *t, twin *w, rng *r, uint32_t index) {
    btree_pos pos = test_pos(t, index, rng_below(r, 2));
    item *at = btree_item(t, pos);
    btree_sums before = at->len;
    at->len = w->items[index].len = test_len(r);
    if (rng_below(r, 2) == 0) {
        btree_changed(t, pos, at->len);
        return;
    }
    btree_sums more;
    for (unsigned m = 0; m < BTREE_METRICS; m++) more.by[m] = at->len.by[m] - before.by[m];
    btree_grew(t, pos, &more);
}

/* Every position of every metric finds what a walk finds. */
static void test_find_all(btree *t, const twin *w) {
    btree_sums rank = {0}, got;
    uint32_t offset;
    for (uint32_t i = 0; i < w->len; i++) {
        for (unsigned m = 0; m < BTREE_METRICS; m++)
            for (uint32_t k = 0; k < w->items[i].len.by[m]; k++) {
                btree_pos pos = btree_find(t, m, rank.by[m] + k, &offset);
                CHECK_EQ(((item *)btree_item(t, pos))->id, w->items[i].id);
                CHECK_EQ(offset, k);
                btree_find_rank(t, m, rank.by[m] + k, &got);
                test_same_rank(got, rank);
            }
        for (unsigned m = 0; m < BTREE_METRICS; m++) rank.by[m] += w->items[i].len.by[m];
    }
    test_same_rank(t->total, rank);
    CHECK(btree_at_end(t, btree_find(t, 0, rank.by[0], &offset)));
    CHECK_EQ(offset, 0);
    CHECK(btree_at_end(t, btree_find(t, 0, rank.by[0] + 7, &offset)));
    CHECK_EQ(offset, 7);
}

static void test_walk(btree *t, const twin *w) {
    btree_pos pos = btree_first(t);
    for (uint32_t i = 0; i < w->len; i++) {
        item *at = btree_item(t, pos);
        CHECK_EQ(at->id, w->items[i].id);
        test_same_rank(*btree_sums_of(pos), at->len);
        CHECK(w->where[at->id] == pos.leaf);
        CHECK_EQ(btree_next(t, &pos), i + 1 < w->len);
    }
    CHECK(btree_at_end(t, pos) && !btree_next(t, &pos));
    for (uint32_t i = w->len; i > 0; i--) {
        CHECK(btree_prev(t, &pos));
        CHECK_EQ(((item *)btree_item(t, pos))->id, w->items[i - 1].id);
    }
    CHECK(!btree_prev(t, &pos));
}

static void test_compare(btree *t, const twin *w, rng *r) {
    btree_check(t, test_measure);
    test_walk(t, w);
    test_find_all(t, w);
    for (uint32_t n = 0; n < 20 && w->len > 0; n++) {
        uint32_t index = rng_below(r, w->len);
        test_same_rank(btree_rank(t, test_pos(t, index, false)), twin_rank(w, index));
    }
}

/* One batch: reserve for its inserts, then mix them with removals that nobody counted. */
static void test_batch(btree *t, twin *w, rng *r, uint32_t phase) {
    uint32_t inserts = rng_below(r, 8) == 0 ? rng_below(r, 300) : 1 + rng_below(r, 3);
    CHECK(btree_reserve(t, inserts));
    heap.closed = true;
    uint32_t near = w->len == 0 ? 0 : rng_below(r, w->len);
    while (inserts > 0) {
        bool grow = phase == 3 ? rng_below(r, 2) : rng_below(r, 10) < (phase == 1 ? 2 : 8);
        bool ends = phase == 2 || phase == 3;
        uint32_t any = ends ? w->len - (w->len == 0 ? 0 : rng_below(r, w->len < 6 ? w->len : 6))
                       : rng_below(r, 3) == 0 ? near
                                              : rng_below(r, w->len + 1);
        if (any > w->len) any = w->len;
        if (w->len > 0 && rng_below(r, 4) == 0) test_change(t, w, r, any % w->len);
        if (grow && w->len < ITEMS_MAX) {
            test_insert(t, w, r, any);
            inserts--;
        } else if (w->len > 0) {
            test_remove(t, w, r, any % w->len);
            if (w->len == ITEMS_MAX - 1) inserts--;
        } else {
            inserts--;
        }
    }
    heap.closed = false;
}

/* An empty tree, made of items in order. */
static void test_build(btree *t, twin *w, rng *r, uint32_t len) {
    CHECK(btree_reserve_appends(t, len));
    heap.closed = true;
    for (uint32_t i = 0; i < len; i++) {
        w->items[i] = (item){w->ids++, test_len(r)};
        btree_append(t, &w->items[i], w->items[i].len);
    }
    btree_raise(t);
    heap.closed = false;
    w->len = len;
    test_compare(t, w, r);
}

static void test_random(uint64_t seed) {
    rng r = {seed};
    twin *w = calloc(1, sizeof *w);
    btree t;
    btree_init(&t, &test_class, &test_heap, w);
    CHECK_EQ(heap.blocks, 0);
    for (uint32_t n = 0; n < 600; n++) {
        test_batch(&t, w, &r, n / 60 % 4);
        if (n % 20 == 0 || n < 40) test_compare(&t, w, &r);
        if (n % 50 == 49) {
            btree_settle(&t, 1);
            CHECK(t.spare_leaves <= 2 + 4 && t.spare_nodes <= 2 * (t.height + 1) + 4);
        }
        if (n % 250 == 249) {
            btree_clear(&t);
            w->len = 0;
            test_compare(&t, w, &r);
            test_build(&t, w, &r, rng_below(&r, 1200));
        }
    }
    while (w->len > 0) test_remove(&t, w, &r, rng_below(&r, w->len));
    test_compare(&t, w, &r);
    btree_drop(&t);
    CHECK_EQ(heap.blocks, 0);
    free(w);
}

/* Trees of every size up to three levels of the small nodes, built with nothing to spare. */
static void test_sizes(void) {
    rng r = {7};
    twin *w = calloc(1, sizeof *w);
    for (uint32_t len = 0; len < 1100; len += 1 + len / 70) {
        btree t;
        btree_init(&t, &test_class, &test_heap, w);
        test_build(&t, w, &r, len);
        CHECK_EQ(t.spare_leaves + t.spare_nodes, 0);
        btree_drop(&t);
        CHECK_EQ(heap.blocks, 0);
    }
    free(w);
}

static void test_reserve_modest(void) {
    twin *w = calloc(1, sizeof *w);
    btree t;
    btree_init(&t, &test_class, &test_heap, w);
    CHECK(btree_reserve(&t, 1));
    CHECK_EQ(heap.blocks, 1);
    rng r = {1};
    for (uint32_t n = 0; n < ITEMS_MAX; n++) {
        CHECK(btree_reserve(&t, 1));
        test_insert(&t, w, &r, n / 2);
    }
    /* One key more needs at most a leaf and a node of each level, and a new root. */
    CHECK(btree_reserve(&t, 1));
    CHECK(t.spare_leaves <= 1 && t.spare_nodes <= t.height + 1);
    /* What is set aside stays: nothing more is asked for. */
    heap.closed = true;
    CHECK(btree_reserve(&t, 1));
    CHECK(!btree_reserve(&t, 1u << 20));
    heap.closed = false;
    /* A smaller reserve takes nothing away from a larger one; settling does. */
    CHECK(btree_reserve(&t, 1000));
    size_t blocks = heap.blocks;
    CHECK(btree_reserve(&t, 1));
    CHECK_EQ(heap.blocks, blocks);
    btree_settle(&t, 1);
    CHECK(heap.blocks < blocks);
    btree_check(&t, test_measure);
    btree_drop(&t);
    CHECK_EQ(heap.blocks, 0);
    free(w);
}

int main(void) {
    for (uint64_t seed = 1; seed <= 6; seed++) test_random(seed);
    test_sizes();
    test_reserve_modest();
    puts("btree: 6 x 600 random batches equal an array; reserves hold");
    return 0;
}
