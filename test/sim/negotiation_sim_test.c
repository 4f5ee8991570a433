/* SPDX-License-Identifier: MIT
 * negotiation_sim_test.c - both sides may offer, at the start and for restarts, and descriptions
 * take their time: every order in which they can be made and arrive is played, in virtual time. In
 * the end both are connected, and messages go both ways.
 *
 *     choices 0 2 1 0 ... ─► play ─► how many choices there were at each step ─► the next choices
 */
#define _POSIX_C_SOURCE 200809L
#include "rtc_world.h"

enum { STEPS_MAX = 40, QUEUE_MAX = 16 };

typedef struct plan { /* which of the possible actions is taken at each step */
    uint8_t chosen[STEPS_MAX], possible[STEPS_MAX];
    size_t len;
} plan;

typedef struct table {
    world world;
    bool may_restart[2];
    lk_buf on_the_way[2][QUEUE_MAX]; /* to that side */
    size_t sent[2], taken[2];
    size_t ignored;
} table;

static void table_describe(table *t, int i) {
    CHECK(t->sent[1 - i] < QUEUE_MAX);
    lk_buf *sdp = &t->on_the_way[1 - i][t->sent[1 - i]++];
    CHECK_EQ(lk_rtc_local_description(t->world.sides[i].rtc, sdp), LK_OK);
    CHECK_EQ(lk_rtc_owes(t->world.sides[i].rtc), LK_RTC_NO_SDP);
    CHECK(buf_append(sdp, "", 1));
}

static void table_deliver(table *t, int i) {
    const lk_buf *sdp = &t->on_the_way[i][t->taken[i]++];
    lk_str text = {(const char *)sdp->at, sdp->len - 1};
    bool offer = strstr(text.at, "a=setup:actpass") != NULL;
    lk_fault fault = {0};
    lk_rtc *rtc = t->world.sides[i].rtc;
    CHECK_EQ(lk_rtc_remote_description(rtc, text, clock_ms, &fault), LK_OK);
    if (offer && lk_rtc_owes(rtc) != LK_RTC_ANSWER) t->ignored++;
}

/* Do the `chosen`th thing that can be done, or only count: describe, take, restart. */
static uint8_t table_act(table *t, int chosen) {
    uint8_t possible = 0;
    for (int i = 0; i < 2; i++) {
        lk_rtc *rtc = t->world.sides[i].rtc;
        lk_rtc_state state = lk_rtc_stats_read(rtc).state;
        if (lk_rtc_owes(rtc) != LK_RTC_NO_SDP && possible++ == chosen) table_describe(t, i);
        if (t->taken[i] < t->sent[i] && possible++ == chosen) table_deliver(t, i);
        if (t->may_restart[i] && state != LK_RTC_NEW && lk_rtc_owes(rtc) != LK_RTC_ANSWER &&
            possible++ == chosen) {
            t->may_restart[i] = false;
            CHECK_EQ(lk_rtc_restart(rtc, clock_ms), LK_OK);
        }
    }
    return possible;
}

static void table_begin(table *t, const bool offers[2], int impolite) {
    *t = (table){.ignored = 0};
    world *w = &t->world;
    world_init(w, 7, (conditions){.delay_ms = 5});
    for (int i = 0; i < 2; i++) {
        lk_rtc_free(w->sides[i].rtc);
        lk_rtc_options options = {.offerer = offers[i],
                                  .impolite = i == impolite,
                                  .locals = &w->sides[i].addr,
                                  .local_len = 1,
                                  .seed = 100 + (uint64_t)i};
        w->sides[i].rtc = lk_rtc_new(&options, clock_ms, NULL);
        CHECK(w->sides[i].rtc != NULL);
    }
    side_open(&w->sides[0]);
}

static void table_check(table *t) {
    world *w = &t->world;
    for (int i = 0; i < 2000 && !world_is_open(w); i++) world_step(w);
    CHECK(world_is_open(w));
    world_run(w, 300);
    for (int i = 0; i < 2; i++) side_send(&w->sides[i], 0, 100);
    world_run(w, 300);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(w->sides[i].got, 1);
        CHECK(w->sides[i].closed == NULL);
        CHECK_EQ(lk_rtc_owes(w->sides[i].rtc), LK_RTC_NO_SDP);
    }
    world_run(w, 15000); /* what was given up does no harm later */
    for (int i = 0; i < 2; i++) side_send(&w->sides[i], 1, 100);
    world_run(w, 300);
    for (int i = 0; i < 2; i++) CHECK_EQ(w->sides[i].got, 2);
}

static void table_drop(table *t) {
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < t->sent[i]; k++) lk_buf_free(&t->on_the_way[i][k]);
    world_drop(&t->world);
}

/* Returns how many offers were ignored. */
static size_t play(plan *p, const bool offers[2], int impolite, bool restarts) {
    static table t;
    table_begin(&t, offers, impolite);
    t.may_restart[0] = t.may_restart[1] = restarts;
    for (p->len = 0; table_act(&t, -1) > 0; p->len++) {
        CHECK(p->len < STEPS_MAX);
        p->possible[p->len] = table_act(&t, -1);
        table_act(&t, p->chosen[p->len]);
        world_run(&t.world, 1);
    }
    table_check(&t);
    table_drop(&t);
    return t.ignored;
}

/* Go on to the next order; false after the last. */
static bool plan_next(plan *p) {
    size_t at = p->len;
    while (at > 0 && p->chosen[at - 1] + 1 == p->possible[at - 1]) at--;
    if (at == 0) return false;
    p->chosen[at - 1]++;
    memset(p->chosen + at, 0, sizeof p->chosen - at);
    return true;
}

static void check_orders(bool first, bool second, int impolite, bool restarts, bool crosses) {
    plan p = {.len = 0};
    size_t orders = 0, ignored = 0;
    bool offers[2] = {first, second};
    do {
        ignored += play(&p, offers, impolite, restarts);
        orders++;
    } while (plan_next(&p));
    CHECK_EQ(ignored > 0, crosses);
    printf("offers %d %d, impolite %d, restarts %d: %zu orders, %zu offers ignored\n", first,
           second, impolite, restarts, orders, ignored);
}

int main(void) {
    clock_ms = START_MS;
    CHECK_EQ(lk_rtc_global_init(), LK_OK);
    for (int impolite = 0; impolite < 2; impolite++) {
        check_orders(true, true, impolite, false, true);
        check_orders(true, false, impolite, false, false);
        check_orders(true, false, impolite, true, true);
    }
    lk_rtc_global_drop();
    printf("negotiation_sim_test: ok\n");
    return 0;
}
