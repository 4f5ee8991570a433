/* SPDX-License-Identifier: MIT
 * signal_test.c - rooms without a network: who hears what, limits from both sides, and noise. */
#include "host/signal.h"

#include "base/limits.h"
#include "check.h"
#include "host/heap.h"

typedef struct conn { /* what one connection heard since it was last asked */
    lk_buf heard;
    uint32_t count;
    bool closed;
    signal_member *member;
} conn;

static void conn_send(void *context, lk_bytes text) {
    conn *c = context;
    CHECK(!c->closed);
    c->heard.len = 0;
    buf_append(&c->heard, text.at, text.len);
    c->count++;
}
static void conn_close(void *context) { ((conn *)context)->closed = true; }

static signal_hub *hub_new(void) {
    static const lk_str stun[] = {{"a:1", 3}, {"b:2", 3}};
    return signal_hub_new(&(signal_options){
        .stun = stun, .stun_len = 2, .seed = 9, .send = conn_send, .close = conn_close});
}

static void enter(signal_hub *hub, conn *c) {
    *c = (conn){.heard = HEAP_BUF};
    c->member = signal_enter(hub, c, 0);
}
static void leave(conn *c) {
    signal_leave(c->member);
    lk_buf_free(&c->heard);
}

static void say(conn *c, const char *text) {
    signal_feed(c->member, SIGNAL_TEXT, (lk_bytes){(const uint8_t *)text, strlen(text)}, 0);
}
/* `c` heard exactly one thing since the last time, and it is this. */
static void heard(conn *c, const char *text) {
    CHECK_BYTES(c->heard.at, c->heard.len, text, strlen(text));
    CHECK_EQ(c->count, 1);
    c->count = 0;
}
static void heard_code(conn *c, const char *code) {
    char start[64];
    snprintf(start, sizeof start, "{\"type\":\"error\",\"code\":\"%s\"", code);
    CHECK(c->heard.len > strlen(start));
    CHECK_BYTES(c->heard.at, strlen(start), start, strlen(start));
    CHECK_EQ(c->count, 1);
    c->count = 0;
}

static void join(conn *c, const char *room, unsigned n) {
    char text[400];
    snprintf(text, sizeof text, "{\"type\":\"join\",\"v\":1,\"room\":\"%s\",\"peer\":\"%022u\"}",
             room, n);
    say(c, text);
}

static void introduces(void) {
    signal_hub *hub = hub_new();
    conn a, b, other;
    enter(hub, &a), enter(hub, &b), enter(hub, &other);
    join(&a, "r", 1);
    heard(&a, "{\"type\":\"welcome\",\"peer\":\"0000000000000000000001\",\"peers\":[],"
              "\"ice\":[{\"urls\":\"stun:a:1\"},{\"urls\":\"stun:b:2\"}]}");
    join(&other, "other", 1);
    other.count = 0;
    join(&b, "r", 2);
    heard(&a, "{\"type\":\"peer-joined\",\"peer\":\"0000000000000000000002\"}");
    b.count = 0;
    say(&a, "{\"type\":\"signal\",\"to\":\"0000000000000000000002\",\"data\":{\"b\":[1.5,"
            "\"\\u00e9\"]}}");
    heard(&b,
          "{\"type\":\"signal\",\"from\":\"0000000000000000000001\",\"data\":{\"b\":[1.5,\"é\"]}}");
    CHECK_EQ(a.count, 0);
    CHECK_EQ(signal_stats_read(hub).rooms, 2);
    leave(&a);
    heard(&b, "{\"type\":\"peer-left\",\"peer\":\"0000000000000000000001\"}");
    CHECK_EQ(other.count, 0);
    leave(&b), leave(&other);
    CHECK_EQ(signal_stats_read(hub).rooms, 0);
    CHECK_EQ(signal_stats_read(hub).members, 0);
    signal_hub_free(hub);
}

static void plain_rooms(void) {
    signal_hub *hub = hub_new();
    conn a, b, typed;
    enter(hub, &a), enter(hub, &b), enter(hub, &typed);
    join(&typed, "r", 1);
    typed.count = 0;
    say(&a, "{\"roomId\":\"r\"}");
    say(&b, "{\"roomId\":\"r\"}");
    CHECK_EQ(a.count, 0); /* entering is not relayed */
    const char *odd = " {\"roomId\":\"\\u0072\", \"offer\" : 1e2}";
    say(&b, odd);
    heard(&a, odd);
    say(&a, "{\"roomId\":\"s\",\"offer\":1}"); /* moves to another room */
    say(&b, odd);
    CHECK_EQ(a.count, 0);
    CHECK_EQ(typed.count, 0);
    CHECK_EQ(signal_stats_read(hub).rooms, 3);
    leave(&a), leave(&b), leave(&typed);
    signal_hub_free(hub);
}

static void limits_members_and_rooms(void) {
    signal_hub *hub = hub_new();
    static conn members[LIMIT_SIGNAL_MEMBERS + 1], rooms[LIMIT_SIGNAL_ROOMS];
    for (unsigned i = 0; i <= LIMIT_SIGNAL_MEMBERS; i++) {
        enter(hub, &members[i]);
        join(&members[i], "full", i);
    }
    CHECK(memcmp(members[LIMIT_SIGNAL_MEMBERS - 1].heard.at, "{\"type\":\"welcome\"", 17) == 0);
    heard_code(&members[LIMIT_SIGNAL_MEMBERS], "too-many");
    for (unsigned i = 0; i < LIMIT_SIGNAL_ROOMS; i++) {
        char name[16];
        snprintf(name, sizeof name, "r%u", i);
        enter(hub, &rooms[i]);
        join(&rooms[i], name, 1);
    }
    CHECK_EQ(signal_stats_read(hub).rooms, LIMIT_SIGNAL_ROOMS);
    heard_code(&rooms[LIMIT_SIGNAL_ROOMS - 1], "too-many"); /* "full" took one place */
    CHECK(memcmp(rooms[LIMIT_SIGNAL_ROOMS - 2].heard.at, "{\"type\":\"welcome\"", 17) == 0);
    for (unsigned i = 0; i <= LIMIT_SIGNAL_MEMBERS; i++) leave(&members[i]);
    for (unsigned i = 0; i < LIMIT_SIGNAL_ROOMS; i++) leave(&rooms[i]);
    signal_hub_free(hub);
}

static void limits_sizes_and_rates(void) {
    signal_hub *hub = hub_new();
    conn a;
    enter(hub, &a);
    static uint8_t text[LIMIT_SIGNAL_MESSAGE_BYTES + 1];
    memset(text, ' ', sizeof text);
    signal_feed(a.member, SIGNAL_TEXT, (lk_bytes){text, sizeof text - 1}, 0);
    heard_code(&a, "bad-message");
    signal_feed(a.member, SIGNAL_TEXT, (lk_bytes){text, sizeof text}, 0);
    heard_code(&a, "too-large");
    signal_feed(a.member, SIGNAL_HUGE, (lk_bytes){NULL, 1000000}, 0);
    heard_code(&a, "too-large");
    signal_feed(a.member, SIGNAL_BINARY, (lk_bytes){text, 5}, 0);
    heard_code(&a, "bad-message");
    leave(&a);

    /* Exactly the burst is allowed, and after a second a second's worth. */
    enter(hub, &a);
    uint32_t charge = LIMIT_SIGNAL_MESSAGE_CHARGE + 4;
    for (uint32_t i = 0; i < LIMIT_SIGNAL_BURST / charge; i++) {
        CHECK(!a.closed);
        say(&a, "ping");
    }
    for (uint32_t i = 0; i < LIMIT_SIGNAL_PER_SECOND / charge; i++) {
        signal_feed(a.member, SIGNAL_TEXT, (lk_bytes){(const uint8_t *)"ping", 4}, 1000);
        CHECK(!a.closed);
    }
    a.count = 0;
    for (int i = 0; i < 2; i++)
        signal_feed(a.member, SIGNAL_TEXT, (lk_bytes){(const uint8_t *)"ping", 4}, 1000);
    CHECK(a.closed);
    leave(&a);
    signal_hub_free(hub);
}

/* Mutations of good messages: nobody but the sender hears of it, and the hub stays whole. */
static void hears_noise(void) {
    static const char *const good[] = {
        "{\"type\":\"join\",\"v\":1,\"room\":\"r\",\"peer\":\"0000000000000000000001\"}",
        "{\"type\":\"signal\",\"to\":\"0000000000000000000002\",\"data\":{\"kind\":\"offer\"}}",
        "{\"roomId\":\"r\",\"offer\":{\"sdp\":\"v=0\"}}",
        "{\"type\":\"join\",\"v\":1,\"room\":\"r\",\"peer\":\"0000000000000000000002\"}",
    };
    rng r = {7};
    signal_hub *hub = hub_new();
    conn conns[8];
    for (int i = 0; i < 8; i++) enter(hub, &conns[i]);
    for (uint64_t round = 0; round < 100000; round++) {
        conn *c = &conns[rng_below(&r, 8)];
        if (rng_below(&r, 50) == 0) {
            leave(c);
            enter(hub, c);
        }
        uint8_t bytes[128];
        const char *from = good[rng_below(&r, 4)];
        size_t len = strlen(from);
        memcpy(bytes, from, len);
        for (uint32_t flips = rng_below(&r, 5); flips > 0; flips--)
            bytes[rng_below(&r, (uint32_t)len)] = (uint8_t)rng_u64(&r);
        if (rng_below(&r, 10) == 0) len = rng_below(&r, (uint32_t)len + 1);
        signal_feed(c->member, SIGNAL_TEXT, (lk_bytes){bytes, len}, round * 10);
        CHECK(!c->closed);
    }
    CHECK_EQ(signal_stats_read(hub).members, 8);
    for (int i = 0; i < 8; i++) leave(&conns[i]);
    CHECK_EQ(signal_stats_read(hub).rooms, 0);
    signal_hub_free(hub);
}

int main(void) {
    introduces();
    plain_rooms();
    limits_members_and_rooms();
    limits_sizes_and_rates();
    hears_noise();
    printf("signalling rooms: who hears what, limits, 100000 mutated messages\n");
    return 0;
}
