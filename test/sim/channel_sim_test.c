/* SPDX-License-Identifier: MIT
 * channel_sim_test.c - many channels between two peers on bad networks: both open and close them
 * as they like, streams are used again and again, and every message that had to arrive did, whole,
 * once, and in order where there is one. Without arguments it runs the whole list; with a number,
 * that seed alone.
 *
 *     talk: its number is the label ─┬─ ends[0]: channel of side 0, what it sent and got
 *                                    └─ ends[1]: of side 1 */
#define _POSIX_C_SOURCE 200809L
#include "rtc_world.h"

enum { TALKS = 150, MESSAGES_MAX = 40, STREAMS = 8 };

typedef struct talk_end {
    lk_rtc_channel channel;
    bool open, shut;
    uint32_t sent, got;
    bool seen[MESSAGES_MAX];
} talk_end;

typedef struct talk {
    int opener, closer;
    bool closed;
    lk_rtc_channel_options options;
    char label[8];
    talk_end ends[2];
} talk;

typedef struct gathering {
    talk talks[TALKS + STREAMS];
    uint32_t len;
} gathering;

static talk *talk_of(gathering *g, int who, lk_rtc_channel channel) {
    for (uint32_t i = 0; i < g->len; i++) {
        const talk_end *e = &g->talks[i].ends[who];
        if (e->channel == channel && !e->shut) return &g->talks[i];
    }
    return NULL;
}

static void talk_opened(gathering *g, int who, const lk_rtc_out *out) {
    const lk_rtc_channel_options *o = out->opened;
    if (o == NULL) {
        talk_of(g, who, out->channel)->ends[who].open = true;
        return;
    }
    CHECK(talk_of(g, who, out->channel) == NULL);
    uint32_t number = (uint32_t)strtoul(o->label.at, NULL, 10);
    CHECK(number < g->len && o->protocol.len == 2);
    talk *t = &g->talks[number];
    CHECK_BYTES(o->label.at, o->label.len, t->label, strlen(t->label));
    CHECK(t->opener != who && !t->ends[who].open);
    CHECK(o->unordered == t->options.unordered && o->limit == t->options.limit);
    CHECK_EQ(o->reliability, t->options.reliability);
    t->ends[who].channel = out->channel;
    t->ends[who].open = true;
}

static void talk_message(talk *t, int who, const lk_rtc_out *out) {
    uint32_t number;
    talk_end *e = &t->ends[who];
    CHECK(out->bytes.len >= sizeof number);
    memcpy(&number, out->bytes.at, sizeof number);
    CHECK(number < t->ends[1 - who].sent && !e->seen[number]);
    CHECK_EQ(out->text, number % 2);
    for (size_t i = sizeof number; i < out->bytes.len; i++) CHECK_EQ(out->bytes.at[i], 'a');
    e->seen[number] = true;
    e->got++;
    if (t->options.unordered) return;
    for (uint32_t later = number + 1; later < MESSAGES_MAX; later++) CHECK(!e->seen[later]);
}

static void talk_shut(talk *t, int who, const char *why) {
    const talk_end *e = &t->ends[who];
    CHECK_EQ(strcmp(why, "closed") == 0, t->closed && t->closer == who);
    /* all that the closer said came before its end */
    if (t->closer != who && t->options.reliability == LK_RTC_RELIABLE)
        CHECK_EQ(e->got, t->ends[1 - who].sent);
    t->ends[who].shut = true;
}

static void gathering_event(world *w, int index, const lk_rtc_out *out) {
    gathering *g = w->context;
    talk *t = talk_of(g, index, out->channel);
    if (out->kind == LK_RTC_OPEN)
        talk_opened(g, index, out);
    else if (out->kind == LK_RTC_MESSAGE)
        talk_message(t, index, out);
    else if (out->kind == LK_RTC_SHUT)
        talk_shut(t, index, out->what);
}

static void talk_begin(world *w, gathering *g, int who) {
    talk *t = &g->talks[g->len];
    *t = (talk){.opener = who, .closer = (int)rng_below(&w->random, 2)};
    snprintf(t->label, sizeof t->label, "%u", (unsigned)g->len);
    t->options.label = (lk_str){t->label, strlen(t->label)};
    t->options.protocol = (lk_str){"v1", 2};
    t->options.unordered = rng_below(&w->random, 3) == 0;
    if (rng_below(&w->random, 3) == 0) {
        t->options.reliability = 1 + rng_below(&w->random, 2);
        t->options.limit = rng_below(&w->random, 100);
    }
    lk_status status = lk_rtc_open(w->sides[who].rtc, &t->options, &t->ends[who].channel, clock_ms);
    if (status != LK_OK) CHECK_EQ(status, LK_ELIMIT); /* then all streams are taken */
    if (status == LK_OK) g->len++;
}

static void talk_say(world *w, talk *t, int who) {
    talk_end *e = &t->ends[who];
    uint8_t bytes[3000];
    if (!e->open || e->shut || t->closed || e->sent == MESSAGES_MAX) return;
    uint32_t number = e->sent, len = 4 + rng_below(&w->random, sizeof bytes - 4);
    memset(bytes, 'a', sizeof bytes);
    memcpy(bytes, &number, sizeof number);
    lk_bytes message = {bytes, len};
    CHECK_EQ(lk_rtc_send(w->sides[who].rtc, e->channel, number % 2, message, clock_ms), LK_OK);
    e->sent++;
}

static void talk_close(world *w, talk *t) {
    const talk_end *e = &t->ends[t->closer];
    if (!e->open || t->closed) return;
    t->closed = true;
    lk_rtc_shut(w->sides[t->closer].rtc, e->channel, clock_ms);
    lk_bytes message = {(const uint8_t *)"late", 4};
    CHECK_EQ(lk_rtc_send(w->sides[t->closer].rtc, e->channel, false, message, clock_ms), LK_ESTATE);
}

static bool talks_are_over(const gathering *g) {
    for (uint32_t i = 0; i < g->len; i++)
        if (!g->talks[i].ends[0].shut || !g->talks[i].ends[1].shut) return false;
    return true;
}

/* Returns how often a stream was used again. */
static uint32_t check_talks(uint64_t seed, conditions now) {
    static gathering g;
    g.len = 0;
    world w;
    world_init_streams(&w, seed, now, STREAMS);
    w.event = gathering_event, w.context = &g, w.lazy = seed % 2 == 0;
    for (int i = 0; i < 3; i++) talk_begin(&w, &g, i % 2); /* before there is a connection */
    world_connect(&w);
    for (int step = 0; g.len < TALKS && step < 200000; step++) {
        if (rng_below(&w.random, 4) == 0) talk_begin(&w, &g, (int)rng_below(&w.random, 2));
        talk *t = &g.talks[g.len - 1 - rng_below(&w.random, g.len < 12 ? g.len : 12)];
        if (rng_below(&w.random, 6) == 0)
            talk_close(&w, t);
        else
            talk_say(&w, t, (int)rng_below(&w.random, 2));
        world_run(&w, rng_below(&w.random, 8));
    }
    CHECK_EQ(g.len, TALKS);
    for (int i = 0; i < 60000 && !talks_are_over(&g); i++) {
        for (uint32_t k = 0; k < g.len; k++) talk_close(&w, &g.talks[k]);
        world_step(&w);
    }
    CHECK(talks_are_over(&g));
    CHECK(w.sides[0].closed == NULL && w.sides[1].closed == NULL);
    world_run(&w, 5000);
    for (int i = 0; i < STREAMS; i++) talk_begin(&w, &g, 0); /* all streams are free again */
    CHECK_EQ(g.len, TALKS + STREAMS / 2);
    world_drop(&w);
    return TALKS - STREAMS;
}

/* It is under way until the other side's SCTP has acknowledged it, though ours took it at once. */
static void check_idle(void) {
    static gathering g;
    g.len = 0;
    world w;
    world_init(&w, 1, (conditions){.delay_ms = 100});
    w.event = gathering_event, w.context = &g;
    talk_begin(&w, &g, 0);
    CHECK(lk_rtc_idle(w.sides[0].rtc));
    world_connect(&w);
    world_run(&w, 1000);
    CHECK(g.talks[0].ends[0].open && lk_rtc_idle(w.sides[0].rtc));
    talk_say(&w, &g.talks[0], 0);
    CHECK_EQ(lk_rtc_buffered(w.sides[0].rtc, g.talks[0].ends[0].channel), 0);
    world_run(&w, 150);
    CHECK_EQ(g.talks[0].ends[1].got, 1);
    CHECK(!lk_rtc_idle(w.sides[0].rtc) && lk_rtc_idle(w.sides[1].rtc));
    world_run(&w, 1000);
    CHECK(lk_rtc_idle(w.sides[0].rtc));
    world_drop(&w);
}

int main(int argc, char **argv) {
    clock_ms = START_MS;
    CHECK_EQ(lk_rtc_global_init(), LK_OK);
    conditions bad = {.loss = 10, .copies = 3, .delay_ms = 10, .jitter_ms = 20};
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, last = argc > 1 ? first : 12;
    uint32_t again = 0;
    check_idle();
    for (uint64_t seed = first; seed <= last; seed++) again += check_talks(seed, bad);
    for (uint64_t seed = 101; argc == 1 && seed <= 104; seed++)
        again += check_talks(seed, (conditions){.loss = 15, .delay_ms = 3, .jitter_ms = 2});
    lk_rtc_global_drop();
    printf("channel_sim_test: ok, streams were used again at least %u times\n", (unsigned)again);
    return 0;
}
