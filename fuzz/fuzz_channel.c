/* SPDX-License-Identifier: MIT
 * fuzz_channel.c - channels whose other side opens, sends and ends streams as it likes, while ours
 * does so, too. No two channels share a stream, none is told of twice, and when all is said every
 * stream that both sides have ended is free again.
 *
 *     input: (what to do, where, how much)... as bytes */
#include "fuzz/fuzz.h"

#include "check.h"
#include "rtc/channel.h"
#include "rtc/dcep.h"

enum { STREAMS = 8, STEPS_MAX = 200, BYTES_MAX = 3000 };

typedef struct pair {
    channels channels; /* of the DTLS server: ours are odd */
    queue out;
    assoc *other;
    lk_rtc_channel live[STREAMS];
    size_t live_len;
} pair;

static uint64_t clock_ms = 1000;

uint32_t fuzz_count(void) { return 1500; }

/* 0: they open, say and end; 1: we do; 2: everything at once, and twice; 3: nonsense. */
size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    static const uint8_t seeds[4][24] = {
        {0, 2, 0, 2, 2, 100, 7, 0, 30, 3, 2, 0, 7, 0, 60, 0, 2, 0, 7, 0, 60, 3, 2, 0},
        {4, 0, 0, 4, 0, 0, 7, 0, 30, 6, 0, 200, 5, 0, 0, 7, 0, 60, 3, 1, 0, 7, 0, 90},
        {0, 0, 0, 4, 0, 0, 0, 2, 0, 3, 0, 0, 3, 2, 0, 5, 0, 0, 5, 1, 0, 0, 0, 0},
        {1, 3, 7, 2, 1, 9, 1, 0, 40, 2, 6, 0, 3, 5, 0, 0, 3, 0, 1, 2, 255, 2, 2, 255},
    };
    CHECK(cap >= sizeof seeds[0]);
    if (n < 4) memcpy(out, seeds[n], sizeof seeds[n]);
    return n < 4 ? sizeof seeds[n] : 0;
}

static size_t pair_find(const pair *p, lk_rtc_channel number) {
    size_t at = 0;
    while (at < p->live_len && p->live[at] != number) at++;
    return at;
}

static void pair_event(pair *p, const queue_item *item) {
    size_t at = pair_find(p, item->channel);
    if (item->kind == LK_RTC_OPEN) {
        CHECK(at == p->live_len && at < STREAMS);
        p->live[p->live_len++] = item->channel;
    } else if (item->kind == LK_RTC_SHUT) {
        CHECK(at < p->live_len && item->what != NULL);
        p->live[at] = p->live[--p->live_len];
    } else
        CHECK(item->kind == LK_RTC_DRAINED && at < p->live_len);
}

static void pair_read(pair *p) {
    const queue_item *item;
    lk_rtc_out out;
    do {
        for (; (item = queue_first(&p->out)) != NULL; queue_pop(&p->out)) pair_event(p, item);
        if (channel_receive(&p->channels, &out)) CHECK(pair_find(p, out.channel) < p->live_len);
    } while (queue_first(&p->out) != NULL || assoc_readable(p->channels.assoc));
}

static void pair_check(const pair *p) {
    const channels *c = &p->channels;
    size_t told = 0;
    for (size_t i = 0; i < c->slots.len; i++) {
        const channel *ch = c->slots.at[i].live;
        if (ch == NULL) continue;
        CHECK(ch->placed && c->by_stream[ch->stream] == i + 1);
        told += !ch->silent;
    }
    CHECK_EQ(told, p->live_len);
}

static void pair_carry(queue *packets, assoc *to) {
    for (const queue_item *item; (item = queue_first(packets)) != NULL; queue_pop(packets)) {
        uint8_t packet[2048];
        CHECK(item->len <= sizeof packet);
        memcpy(packet, queue_bytes(packets, item).at, item->len);
        assoc_feed(to, packet, item->len);
    }
}

static void pair_run(pair *p, int ms) {
    assoc_event event;
    while (ms-- > 0) {
        assoc_global_tick(++clock_ms);
        queue *mine = assoc_packets(p->channels.assoc), *theirs = assoc_packets(p->other);
        pair_carry(mine, p->other);
        pair_carry(theirs, p->channels.assoc);
        pair_read(p);
        channel_pump(&p->channels, clock_ms);
        while (assoc_receive(p->other, &event)) CHECK(event.kind != ASSOC_DOWN);
    }
    pair_check(p);
}

static void pair_they_say(pair *p, uint16_t stream, uint32_t ppid, lk_bytes bytes) {
    assoc_message m = {.stream = stream, .ppid = ppid, .bytes = bytes};
    assoc_send(p->other, &m);
}

static void pair_they_open(pair *p, uint16_t stream) {
    static const uint8_t open[] = {3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 'x'};
    pair_they_say(p, stream, DCEP_CONTROL, (lk_bytes){open, sizeof open});
}

static void pair_step(pair *p, const uint8_t *step) {
    static uint8_t bytes[BYTES_MAX];
    static const lk_rtc_channel_options options = {.label = {"us", 2}};
    uint16_t stream = step[1] % STREAMS;
    size_t len = 1 + step[2] * 11u;
    lk_rtc_channel number = p->live_len == 0 ? 0 : p->live[step[1] % p->live_len];
    channel *ours = channel_find(&p->channels, number);
    memset(bytes, step[2], 20);
    switch (step[0] % 8) {
    case 0: pair_they_open(p, stream); break;
    case 1: pair_they_say(p, stream, DCEP_CONTROL, (lk_bytes){bytes, len}); break;
    case 2: pair_they_say(p, stream, 50 + step[0] / 8 % 9, (lk_bytes){bytes, len}); break;
    case 3: assoc_reset(p->other, &stream, 1); break;
    case 4: channel_open(&p->channels, &options, &number); break;
    case 5:
        if (ours != NULL) channel_shut(&p->channels, ours, "test");
        break;
    case 6:
        if (ours != NULL && ours->state == CHANNEL_OPEN)
            channel_send(&p->channels, ours, false, (lk_bytes){bytes, len}, clock_ms);
        break;
    default: pair_run(p, step[2] % 64);
    }
    pair_read(p);
}

/* All channels close, whatever became of them, if the other side ends what it has not yet. */
static void pair_settle(pair *p) {
    for (size_t i = 0; i < p->live_len; i++)
        channel_shut(&p->channels, channel_find(&p->channels, p->live[i]), "test");
    for (int round = 0; round < 2; round++) {
        for (uint16_t stream = 0; stream < STREAMS; stream++) {
            if (p->channels.by_stream[stream] != 0) assoc_reset(p->other, &stream, 1);
            pair_run(p, 30);
        }
        pair_run(p, 300);
    }
    CHECK_EQ(p->live_len, 0);
    for (uint16_t stream = 0; stream < STREAMS; stream++)
        CHECK_EQ(p->channels.by_stream[stream], 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool begun;
    if (!begun) CHECK_EQ(assoc_global_init(), LK_OK);
    begun = true;
    pair p = {.live_len = 0};
    queue_init(&p.out, &mem_default);
    CHECK(channel_init(&p.channels, STREAMS, 100000, &mem_default, &p.out));
    CHECK(channel_start(&p.channels, false, 1000, ASSOC_PORT));
    p.other = assoc_new(&mem_default, 1 << 20, STREAMS, ASSOC_PORT);
    CHECK(p.other != NULL);
    pair_run(&p, 10);
    for (size_t i = 0; i + 3 <= size && i < 3 * STEPS_MAX; i += 3) pair_step(&p, data + i);
    pair_settle(&p);
    channel_drop(&p.channels);
    assoc_free(p.other);
    queue_drop(&p.out);
    return 0;
}
