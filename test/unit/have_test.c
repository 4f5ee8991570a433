/* SPDX-License-Identifier: MIT
 * have_test.c - version vectors beside a dumb twin: an array indexed by peer. */
#include "check.h"

#include "room/have.h"

#define PEERS 24

typedef struct twin {
    have clever;
    int32_t dumb[PEERS];
} twin;

static void twin_raise(twin *t, uint32_t peer, int32_t end) {
    CHECK(have_raise(&t->clever, &mem_default, peer, end));
    if (t->dumb[peer] < end) t->dumb[peer] = end;
}

static void twin_assign(twin *t, rng *r) {
    lk_id ids[40];
    uint32_t len = rng_below(r, 41);
    memset(t->dumb, 0, sizeof t->dumb);
    for (uint32_t i = 0; i < len; i++) {
        ids[i] = (lk_id){rng_below(r, PEERS), (int32_t)rng_below(r, 8) - 2};
        int32_t *end = &t->dumb[ids[i].peer];
        if (*end < ids[i].counter) *end = ids[i].counter;
    }
    CHECK(have_assign(&t->clever, &mem_default, (lk_ids){ids, len}));
}

static void twin_check(const twin *t) {
    uint64_t total = 0;
    size_t present = 0;
    for (uint32_t peer = 0; peer < PEERS; peer++) {
        CHECK_EQ(have_end(&t->clever, peer), t->dumb[peer]);
        total += (uint64_t)t->dumb[peer];
        present += t->dumb[peer] > 0;
    }
    CHECK_EQ(have_total(&t->clever), total);
    CHECK_EQ(t->clever.ids.len, present);
    for (size_t i = 1; i < present; i++)
        CHECK(t->clever.ids.at[i - 1].peer < t->clever.ids.at[i].peer);
}

static have_gap twin_compare(const twin *a, const twin *b) {
    have_gap gap = {0, 0};
    for (uint32_t peer = 0; peer < PEERS; peer++) {
        gap.less += a->dumb[peer] < b->dumb[peer];
        gap.more += a->dumb[peer] > b->dumb[peer];
    }
    return gap;
}

/* Raise a peer of one of two versions and keep the comparison by moving it. */
static void move(twin *t, twin *moved, have_gap *gap, rng *r) {
    uint32_t peer = rng_below(r, PEERS);
    int32_t a = t[0].dumb[peer], b = t[1].dumb[peer];
    twin_raise(moved, peer, (int32_t)rng_below(r, 30));
    have_gap_move(gap, a, b, t[0].dumb[peer], t[1].dumb[peer]);
}

int main(void) {
    rng r = {11};
    twin t[2] = {0};
    have_gap gap = {0, 0};
    for (int round = 0; round < 20000; round++) {
        if (rng_below(&r, 20) == 0) {
            twin_assign(&t[rng_below(&r, 2)], &r);
            gap = have_compare(&t[0].clever, &t[1].clever);
        } else {
            move(t, &t[rng_below(&r, 2)], &gap, &r);
        }
        twin_check(&t[0]);
        twin_check(&t[1]);
        have_gap want = twin_compare(&t[0], &t[1]);
        have_gap fresh = have_compare(&t[0].clever, &t[1].clever);
        CHECK(gap.less == want.less && gap.more == want.more);
        CHECK(fresh.less == want.less && fresh.more == want.more);
    }
    have_drop(&t[0].clever, &mem_default);
    have_drop(&t[1].clever, &mem_default);
    printf("have: 20000 steps beside a plain array\n");
    return 0;
}
