/* SPDX-License-Identifier: MIT
 * ice_test.c - two ICE agents on a switch without delay: roles, nomination, peer-reflexive
 * addresses behind a NAT, consent, and what strangers can make an agent do. */
#include "check.h"

#include "rtc/addr.h"
#include "rtc/ice.h"

typedef struct side {
    ice agent;
    queue out;
    size_t sent; /* datagrams */
} side;

typedef struct world {
    side sides[2];
    uint64_t now_ms;
    bool nat;    /* side 0 is seen as 192.0.2.1, and nothing comes in that it did not ask for */
    bool opened; /* the NAT let something out */
    bool cut;
} world;

static lk_addr addr_of(uint8_t host) {
    return (lk_addr){.family = 4, .port = (uint16_t)(4000 + host), .ip = {10, 0, 0, host}};
}
static const lk_addr nat_addr = {.family = 4, .port = 7777, .ip = {192, 0, 2, 1}};

static void world_init(world *w, bool first_controls, bool second_controls, uint64_t seed) {
    *w = (world){.now_ms = 1000};
    for (int i = 0; i < 2; i++) {
        side *s = &w->sides[i];
        lk_addr host = addr_of((uint8_t)(i + 1));
        ice_options options = {.controlling = i == 0 ? first_controls : second_controls,
                               .hosts = &host,
                               .host_len = 1,
                               .seed = seed * 2 + (uint64_t)i};
        queue_init(&s->out, &mem_default);
        CHECK(ice_init(&s->agent, &options, &mem_default, &s->out, w->now_ms));
    }
}

static void world_drop(world *w) {
    for (int i = 0; i < 2; i++) {
        ice_drop(&w->sides[i].agent);
        queue_drop(&w->sides[i].out);
    }
}

/* Side `to` learns the other's credentials, and its host candidate if `candidates`. */
static void world_tell(world *w, int to, bool candidates) {
    const ice *other = &w->sides[1 - to].agent;
    ice *own = &w->sides[to].agent;
    if (candidates) CHECK_EQ(ice_add_remote(own, &other->locals.at[0], w->now_ms), LK_OK);
    ice_set_remote(own, ice_ufrag(other), ice_pwd(other), false, w->now_ms);
}

static void world_carry(world *w, int from, const queue_item *item) {
    side *to = &w->sides[1 - from];
    lk_addr source = item->local, target = item->remote;
    lk_bytes bytes = queue_bytes(&w->sides[from].out, item);
    if (w->cut) return;
    if (w->nat && from == 0) {
        source = nat_addr;
        w->opened = true;
    }
    if (w->nat && from == 1) {
        if (!addr_equal(&target, &nat_addr) || !w->opened) return;
        target = addr_of(1);
    }
    if (!addr_equal(&target, &to->agent.locals.at[0].addr)) return;
    ice_feed(&to->agent, &target, &source, bytes, w->now_ms);
    ice_tick(&to->agent, w->now_ms);
}

/* Let time pass in steps of 5 ms. */
static void world_run(world *w, uint64_t ms) {
    for (uint64_t end = w->now_ms + ms; w->now_ms < end; w->now_ms += 5) {
        for (int i = 0; i < 2; i++) {
            side *s = &w->sides[i];
            if (w->now_ms >= ice_wake_at(&s->agent)) ice_tick(&s->agent, w->now_ms);
        }
        for (int i = 0;
             queue_first(&w->sides[0].out) != NULL || queue_first(&w->sides[1].out) != NULL;
             i = 1 - i) {
            const queue_item *item = queue_first(&w->sides[i].out);
            if (item == NULL) continue;
            w->sides[i].sent++;
            world_carry(w, i, item);
            queue_pop(&w->sides[i].out);
        }
    }
}

static void test_selected(const world *w, const lk_addr *first_seen_as) {
    for (int i = 0; i < 2; i++) {
        const ice *a = &w->sides[i].agent;
        CHECK(a->path != SIZE_MAX && a->failure == NULL);
        CHECK_EQ(a->pairs.at[a->path].state, PAIR_VALID);
    }
    lk_addr second = addr_of(2);
    const ice *a = &w->sides[0].agent, *b = &w->sides[1].agent;
    CHECK(addr_equal(ice_pair_remote(a, ice_path(a)), &second));
    CHECK(addr_equal(ice_pair_remote(b, ice_path(b)), first_seen_as));
}

static void test_connect(void) {
    world w;
    lk_addr first = addr_of(1);
    world_init(&w, true, false, 1);
    world_tell(&w, 0, true);
    world_tell(&w, 1, true);
    world_run(&w, 50);
    test_selected(&w, &first);
    CHECK(w.sides[0].sent + w.sides[1].sent < 12);
    world_drop(&w);
}

/* Both think that they control, or that the other does: the tie-breakers decide. */
static void test_conflict(bool control) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        world w;
        lk_addr first = addr_of(1);
        world_init(&w, control, control, seed);
        world_tell(&w, 0, true);
        world_tell(&w, 1, true);
        world_run(&w, 1000);
        test_selected(&w, &first);
        const ice *a = &w.sides[0].agent, *b = &w.sides[1].agent;
        CHECK(a->controlling != b->controlling);
        CHECK_EQ(a->controlling, a->tie_breaker > b->tie_breaker);
        world_drop(&w);
    }
}

/* Only one side has a candidate of the other, or the answer is late: peer-reflexive ones do. */
static void test_peer_reflexive(bool nat) {
    world w;
    lk_addr first = nat ? nat_addr : addr_of(1);
    world_init(&w, true, false, 3);
    w.nat = nat;
    world_tell(&w, 0, true);
    world_run(&w, 300);
    CHECK(ice_path(&w.sides[1].agent) == NULL);
    world_tell(&w, 1, false);
    world_run(&w, 1000);
    test_selected(&w, &first);
    const ice *b = &w.sides[1].agent;
    CHECK_EQ(b->remotes.at[ice_path(b)->remote].kind, CANDIDATE_PRFLX);
    world_drop(&w);
}

static void test_consent(void) {
    world w;
    world_init(&w, true, false, 4);
    world_tell(&w, 0, true);
    world_tell(&w, 1, true);
    world_run(&w, 1000);
    size_t before = w.sides[0].sent;
    world_run(&w, 60000);
    size_t checks = w.sides[0].sent - before; /* ours, and answers to theirs */
    CHECK(checks >= 20 && checks <= 30);
    w.cut = true;
    world_run(&w, 24000);
    CHECK(w.sides[0].agent.failure == NULL && w.sides[1].agent.failure == NULL);
    world_run(&w, 6100);
    CHECK(w.sides[0].agent.failure != NULL && w.sides[1].agent.failure != NULL);
    before = w.sides[0].sent;
    world_run(&w, 60000);
    CHECK_EQ(w.sides[0].sent, before); /* nothing more is sent */
    world_drop(&w);
}

static void test_no_path(void) {
    world w;
    world_init(&w, true, false, 5);
    w.cut = true;
    world_tell(&w, 0, true);
    world_run(&w, 19000);
    CHECK(w.sides[0].agent.failure == NULL);
    CHECK_EQ(w.sides[0].sent, 7);
    world_run(&w, 2000);
    CHECK(w.sides[0].agent.failure != NULL);
    world_drop(&w);
}

/* One side was told of the other, but not where it is, and waits for minutes to be found. */
static void test_patience(void) {
    lk_addr host = addr_of(1);
    ice_options options = {.hosts = &host, .host_len = 1, .patience_ms = 300000, .seed = 21};
    for (int late = 0; late < 2; late++) {
        world w;
        world_init(&w, false, true, 7);
        ice *a = &w.sides[0].agent;
        ice_drop(a);
        CHECK(ice_init(a, &options, &mem_default, &w.sides[0].out, w.now_ms));
        world_tell(&w, 0, false);
        world_run(&w, 299000);
        CHECK(a->failure == NULL && w.sides[0].sent == 0);
        if (late) world_run(&w, 2000);
        CHECK((a->failure != NULL) == late);
        world_tell(&w, 1, true);
        world_run(&w, 500);
        CHECK(late || a->path != SIZE_MAX);
        world_drop(&w);
    }
}

/* Signalling says a thousand addresses: few of them get datagrams, and few each. */
static void test_flood(void) {
    world w;
    world_init(&w, true, false, 6);
    w.cut = true;
    ice *a = &w.sides[0].agent;
    world_tell(&w, 0, false);
    for (int i = 0; i < 1000; i++) {
        candidate c = {.addr = {.family = 4, .port = 5, .ip = {10, 1, (uint8_t)(i >> 8)}}};
        c.addr.ip[3] = (uint8_t)i;
        CHECK_EQ(ice_add_remote(a, &c, w.now_ms), LK_OK);
    }
    CHECK_EQ(a->remotes.len, LIMIT_ICE_REMOTES);
    CHECK_EQ(a->pairs.len, LIMIT_ICE_REMOTES);
    world_run(&w, 1000);
    CHECK(w.sides[0].sent <= 1000 / ICE_PACE_MS * 4 + 4); /* each again after 100, 200, 400 ms */
    world_run(&w, 30000);
    CHECK_EQ(w.sides[0].sent, LIMIT_ICE_REMOTES * 7);
    world_drop(&w);
}

static void test_useless_candidates(void) {
    world w;
    world_init(&w, true, false, 7);
    ice *a = &w.sides[0].agent;
    static const lk_addr useless[] = {
        {.family = 4, .port = 5, .ip = {127, 0, 0, 1}},
        {.family = 4, .port = 5, .ip = {224, 0, 0, 1}},
        {.family = 4, .port = 0, .ip = {10, 0, 0, 2}},
        {.family = 6, .port = 5, .ip = {0xfe, 0x80, [15] = 1}},
    };
    for (size_t i = 0; i < countof(useless); i++) {
        candidate c = {.addr = useless[i]};
        CHECK_EQ(ice_add_remote(a, &c, 0), LK_OK);
    }
    CHECK_EQ(a->remotes.len, 0);
    world_drop(&w);
}

/* A request that is not signed, or signed with another password, gets no answer and teaches
 * nothing. */
static void test_strangers(void) {
    world w;
    world_init(&w, true, false, 8);
    ice *a = &w.sides[0].agent;
    lk_addr to = addr_of(1), from = addr_of(66);
    const uint8_t id[STUN_ID] = {1};
    world_tell(&w, 0, false);
    for (int i = 0; i < 4; i++) {
        stun_writer m;
        stun_begin(&m, STUN_REQUEST, id);
        lk_str theirs = i == 2 ? (lk_str){"somebody", 8} : ice_remote_ufrag(a);
        stun_username(&m, i == 1 ? (lk_str){"nobody", 6} : ice_ufrag(a), theirs);
        stun_priority(&m, 1);
        stun_role(&m, false, 1);
        lk_str key = i == 0 ? (lk_str){"", 0} : i == 3 ? ice_remote_pwd(a) : ice_pwd(a);
        ice_feed(a, &to, &from, stun_seal(&m, key), w.now_ms);
    }
    ice_tick(a, w.now_ms);
    CHECK_EQ(a->remotes.len, 0);
    CHECK(queue_first(&w.sides[0].out) == NULL);
    CHECK(!ice_proved(a, &to, &from));
    world_drop(&w);
}

/* Two sockets and two remote addresses, of which one works: it is found and nominated. */
static void test_several(void) {
    lk_addr hosts[2] = {addr_of(1), addr_of(3)};
    ice_options options = {.controlling = true, .hosts = hosts, .host_len = 2, .seed = 20};
    world w;
    world_init(&w, true, false, 9);
    ice_drop(&w.sides[0].agent);
    CHECK(ice_init(&w.sides[0].agent, &options, &mem_default, &w.sides[0].out, w.now_ms));
    candidate dead = {.addr = addr_of(9), .priority = UINT32_MAX};
    CHECK_EQ(ice_add_remote(&w.sides[0].agent, &dead, w.now_ms), LK_OK);
    world_tell(&w, 0, true);
    world_tell(&w, 1, false);
    CHECK_EQ(w.sides[0].agent.pairs.len, 4);
    world_run(&w, 300);
    for (int i = 0; i < 2; i++) CHECK(w.sides[i].agent.path != SIZE_MAX);
    lk_addr second = addr_of(2);
    CHECK(addr_equal(ice_pair_remote(&w.sides[0].agent, ice_path(&w.sides[0].agent)), &second));
    world_drop(&w);
}

int main(void) {
    test_connect();
    test_conflict(true);
    test_conflict(false);
    test_peer_reflexive(false);
    test_peer_reflexive(true);
    test_consent();
    test_no_path();
    test_patience();
    test_flood();
    test_useless_candidates();
    test_strangers();
    test_several();
    printf("ice_test: ok\n");
    return 0;
}
