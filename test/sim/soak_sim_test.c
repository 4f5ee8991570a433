/* SPDX-License-Identifier: MIT
 * soak_sim_test.c - memory stays flat: many channels are opened, used and closed one after the
 * other, and much goes to a reader that is slow.
 *
 *     soak_sim_test [CHANNELS MEGABYTES]     500 and 32, if nothing is said
 *
 * Memory is what the C library's heap has given out to everybody: us, usrsctp, OpenSSL and the
 * network between. It is looked at again and again, and must not have grown since the beginning. */
#define _POSIX_C_SOURCE 200809L
#include "rtc_world.h"

#include <malloc.h>

enum {
    AT_ONCE = 20,
    SAMPLES = 10,
    PIECE = 65536,
    QUEUE_BYTES = 4 << 20,
    FLAT_BYTES = 256 << 10,
    READER_BYTES = 16 << 20, /* our queue as it doubles, SCTP's buffers, the packets between */
};

/* 0 under AddressSanitizer, whose heap is another one. */
static size_t heap_bytes(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* ---- many channels ---- */

typedef struct crowd {
    size_t opened, heard, shut; /* on both sides */
} crowd;

static void crowd_event(world *w, int index, const lk_rtc_out *out) {
    crowd *c = w->context;
    lk_rtc *rtc = w->sides[index].rtc;
    lk_bytes hello = {(const uint8_t *)"hello", 5};
    if (out->kind == LK_RTC_OPEN) {
        c->opened++;
        if (out->opened != NULL) return;
        CHECK_EQ(lk_rtc_send(rtc, out->channel, true, hello, clock_ms), LK_OK);
    } else if (out->kind == LK_RTC_MESSAGE) {
        c->heard++;
        lk_rtc_shut(rtc, out->channel, clock_ms);
    } else if (out->kind == LK_RTC_SHUT)
        c->shut++;
}

static void check_channels(size_t total) {
    world w;
    crowd c = {0};
    lk_rtc_channel number;
    static const lk_rtc_channel_options options = {.label = {"one of many", 11}};
    world_init(&w, 3, (conditions){.delay_ms = 2});
    w.event = crowd_event, w.context = &c;
    world_connect(&w);
    size_t first = 0, most = 0;
    for (size_t begun = 0; begun < total; begun += AT_ONCE) {
        for (size_t i = 0; i < AT_ONCE; i++)
            CHECK_EQ(lk_rtc_open(w.sides[i % 2].rtc, &options, &number, clock_ms), LK_OK);
        for (int ms = 0; ms < 5000 && c.shut < 2 * (begun + AT_ONCE); ms++) world_step(&w);
        CHECK_EQ(c.shut, 2 * (begun + AT_ONCE));
        size_t now = heap_bytes();
        if (begun <= total / SAMPLES) first = now > first ? now : first;
        if (now > most) most = now;
    }
    CHECK(c.opened >= 2 * total && c.heard >= total);
    printf("%zu channels: %zu KB at first, %zu KB at most\n", total, first >> 10, most >> 10);
    CHECK(most < first + FLAT_BYTES);
    world_drop(&w);
}

/* ---- a slow reader ---- */

static void check_reader(size_t total) {
    world w;
    world_init(&w, 5, (conditions){.delay_ms = 2});
    world_connect(&w);
    lk_rtc *from = w.sides[0].rtc, *to = w.sides[1].rtc;
    size_t start = heap_bytes(), early = 0, late = 0, pieces = total / PIECE;
    uint32_t sent = 0;
    for (uint64_t began_ms = clock_ms; w.sides[1].got < pieces; world_step(&w)) {
        while (sent < pieces && lk_rtc_buffered(from, w.sides[0].channel) < QUEUE_BYTES)
            side_send(&w.sides[0], sent++, PIECE);
        lk_rtc_pause(to, clock_ms % 100 < 80);
        size_t now = heap_bytes(), *most = w.sides[1].got < pieces / 4 ? &early : &late;
        if (now > *most) *most = now;
        CHECK(clock_ms < began_ms + 1000 + total / 100); /* 100 KB/s, or it stands still */
    }
    printf("%zu MB to a slow reader: %zu KB before, %zu KB at most, %zu KB at most later\n",
           total >> 20, start >> 10, early >> 10, late >> 10);
    CHECK(early < start + READER_BYTES);
    CHECK(late < early + FLAT_BYTES);
    world_drop(&w);
}

int main(int argc, char **argv) {
    size_t channels = argc == 3 ? strtoul(argv[1], NULL, 10) : 500;
    size_t megabytes = argc == 3 ? strtoul(argv[2], NULL, 10) : 32;
    clock_ms = START_MS;
    CHECK_EQ(lk_rtc_global_init(), LK_OK);
    check_channels(channels);
    check_reader(megabytes << 20);
    lk_rtc_global_drop();
    printf("soak_sim_test: ok\n");
    return 0;
}
