/* SPDX-License-Identifier: MIT
 * rtc_world.h - two DataChannel peers on a network that loses, repeats, delays and reorders, in
 * virtual time.
 *
 *     peer 0 ─► lk_rtc_poll ─► network: drop? copy? delay ─► at its time: lk_rtc_feed ─► peer 1
 *
 * The same seed gives the same losses. Included by one file of a program, because it is where the
 * program gets its time from. */
#ifndef TEST_RTC_WORLD_H
#define TEST_RTC_WORLD_H

#include "network.h"

typedef struct side {
    lk_rtc *rtc;
    lk_addr addr;
    bool open, drained;
    const char *closed; /* why */
    uint64_t open_ms, closed_ms;
    lk_rtc_channel channel;
    size_t got; /* messages, numbered */
} side;

typedef struct world {
    rng random;
    network net;
    bool lazy; /* peers are polled once in a millisecond, not after every datagram */
    /* takes what happens to channels instead of the sides, if it is there */
    void (*event)(struct world *w, int index, const lk_rtc_out *out);
    void *context;
    side sides[2];
} world;

static inline lk_addr addr_of(uint8_t host) {
    return (lk_addr){.family = 4, .port = (uint16_t)(4000 + host), .ip = {10, 0, 0, host}};
}

/* ---- the two sides ---- */

static inline void side_message(side *s, lk_bytes bytes) {
    uint32_t number;
    CHECK(bytes.len >= sizeof number);
    memcpy(&number, bytes.at, sizeof number);
    CHECK_EQ(number, s->got);
    for (size_t i = sizeof number; i < bytes.len; i++) CHECK_EQ(bytes.at[i], (uint8_t)(number + i));
    s->got++;
}

/* The one channel of a side that has no more. */
static inline void side_event(side *s, const lk_rtc_out *out) {
    CHECK(s->channel == 0 || out->channel == s->channel);
    switch (out->kind) {
    case LK_RTC_OPEN:
        CHECK(!s->open);
        CHECK_EQ(out->opened == NULL, s->channel != 0);
        s->open = true;
        s->channel = out->channel;
        s->open_ms = clock_ms;
        break;
    case LK_RTC_MESSAGE: side_message(s, out->bytes); break;
    case LK_RTC_DRAINED: s->drained = true; break;
    default: break;
    }
}

static inline void side_poll(world *w, int index) {
    side *s = &w->sides[index], *other = &w->sides[1 - index];
    const lk_rtc_out *out;
    while (s->rtc != NULL && (out = lk_rtc_poll(s->rtc, clock_ms)) != NULL) {
        CHECK(s->closed == NULL);
        switch (out->kind) {
        case LK_RTC_DATAGRAM: network_send(&w->net, &out->local, &out->remote, out->bytes); break;
        case LK_RTC_CANDIDATE: {
            lk_str line = {(const char *)out->bytes.at, out->bytes.len};
            CHECK_EQ(lk_rtc_remote_candidate(other->rtc, line, clock_ms), LK_OK);
            break;
        }
        case LK_RTC_CLOSED:
            s->closed = out->what;
            s->closed_ms = clock_ms;
            break;
        default:
            if (w->event != NULL)
                w->event(w, index, out);
            else
                side_event(s, out);
        }
    }
}

static inline void world_deliver(world *w, const packet *p) {
    for (int i = 0; i < 2; i++) {
        side *s = &w->sides[i];
        bool here = memcmp(s->addr.ip, p->to.ip, 4) == 0 && s->addr.port == p->to.port;
        if (!here || s->rtc == NULL) continue;
        lk_rtc_feed(s->rtc, &p->to, &p->from, (lk_bytes){p->bytes, p->len}, clock_ms);
        if (!w->lazy) side_poll(w, i);
    }
    free(p->bytes);
}

/* Let one millisecond pass. */
static inline void world_step(world *w) {
    clock_ms++;
    packet p;
    while (network_take(&w->net, &p)) world_deliver(w, &p);
    if (clock_ms % 10 == 0) lk_rtc_global_tick(clock_ms);
    for (int i = 0; i < 2; i++) {
        if (w->sides[i].rtc == NULL) continue;
        if (clock_ms >= lk_rtc_wake_at(w->sides[i].rtc)) {
            lk_rtc_tick(w->sides[i].rtc, clock_ms);
            CHECK(lk_rtc_wake_at(w->sides[i].rtc) > clock_ms); /* or a loop would spin */
        }
        side_poll(w, i);
    }
}

static inline void world_run(world *w, uint64_t ms) {
    for (uint64_t end = clock_ms + ms; clock_ms < end;) world_step(w);
}

static inline void world_init_streams(world *w, uint64_t seed, conditions now, uint16_t streams) {
    *w = (world){.random = {seed}, .net = {.random = &w->random, .now = now}};
    for (int i = 0; i < 2; i++) {
        side *s = &w->sides[i];
        s->addr = addr_of((uint8_t)(i + 1));
        lk_rtc_options options = {.offerer = i == 0,
                                  .locals = &s->addr,
                                  .local_len = 1,
                                  .streams = streams,
                                  .buffer_max = SIZE_MAX,
                                  .seed = seed * 2 + (uint64_t)i};
        s->rtc = lk_rtc_new(&options, clock_ms, NULL);
        CHECK(s->rtc != NULL);
    }
}

static inline void world_init(world *w, uint64_t seed, conditions now) {
    world_init_streams(w, seed, now, 0);
}

/* Let the side that offers have its channel. */
static inline void side_open(side *s) {
    lk_rtc_channel_options options = {.label = {"loro-sync", 9}};
    CHECK_EQ(lk_rtc_open(s->rtc, &options, &s->channel, clock_ms), LK_OK);
}

static inline void world_drop(world *w) {
    for (int i = 0; i < 2; i++) lk_rtc_free(w->sides[i].rtc);
    network_drop(&w->net);
}

/* Hand the description of one side to the other, which takes `delay_ms` in signalling. */
static inline void world_signal(world *w, int from, uint64_t delay_ms) {
    lk_buf sdp = {0};
    lk_fault fault;
    CHECK_EQ(lk_rtc_local_description(w->sides[from].rtc, &sdp), LK_OK);
    world_run(w, delay_ms);
    lk_str text = {(const char *)sdp.at, sdp.len};
    CHECK_EQ(lk_rtc_remote_description(w->sides[1 - from].rtc, text, clock_ms, &fault), LK_OK);
    lk_buf_free(&sdp);
}

static inline bool world_is_open(const world *w) {
    bool open = true;
    for (int i = 0; i < 2; i++)
        open &= w->event == NULL ? w->sides[i].open
                                 : lk_rtc_stats_read(w->sides[i].rtc).state == LK_RTC_CONNECTED;
    return open;
}

static inline void world_connect(world *w) {
    if (w->event == NULL) side_open(&w->sides[0]);
    world_signal(w, 0, 3);
    world_signal(w, 1, 3);
    for (int i = 0; i < 60000 && !world_is_open(w); i++) world_step(w);
    CHECK(world_is_open(w));
}

static inline void side_send(side *s, uint32_t number, size_t len) {
    uint8_t *bytes = malloc(len);
    CHECK(bytes != NULL);
    memcpy(bytes, &number, sizeof number);
    for (size_t i = sizeof number; i < len; i++) bytes[i] = (uint8_t)(number + i);
    CHECK_EQ(lk_rtc_send(s->rtc, s->channel, false, (lk_bytes){bytes, len}, clock_ms), LK_OK);
    free(bytes);
}

#endif
