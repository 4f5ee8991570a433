/* SPDX-License-Identifier: MIT
 * channel_test.c - the channel against a peer that does as it likes: two SCTP associations back to
 * back, without ICE and DTLS, one under a channel and one in the hands of the test. */
#include "check.h"

#include "rtc/channel.h"
#include "rtc/dcep.h"

#define MESSAGE_MAX 20000

static uint64_t clock_ms = 1000;

typedef struct bench {
    channel channel; /* of the side that answers: DTLS client, so the other opens odd streams */
    queue out;
    assoc *other;
    bool up;
    uint32_t resets; /* streams that the channel's side ended, one bit each */
    size_t got, got_bytes, opens;
    uint32_t ppid; /* of the last message to the other side */
    bool down;
} bench;

static void bench_read(bench *b) {
    queue *events = assoc_events(b->other);
    const queue_item *item;
    for (; (item = queue_first(events)) != NULL; queue_pop(events)) {
        if (item->kind == ASSOC_UP)
            b->up = true;
        else if (item->kind == ASSOC_DOWN)
            b->down = true;
        else if (item->kind == ASSOC_RESET)
            b->resets |= 1u << item->stream;
        else
            b->ppid = item->ppid;
    }
    for (; (item = queue_first(&b->out)) != NULL; queue_pop(&b->out)) {
        if (item->kind == LK_RTC_OPEN) b->opens++;
        if (item->kind != LK_RTC_MESSAGE) continue;
        b->got++;
        b->got_bytes += item->len;
    }
}

static void bench_run(bench *b, int ms) {
    while (ms-- > 0) {
        assoc_global_tick(++clock_ms);
        queue *mine = assoc_packets(b->channel.assoc), *theirs = assoc_packets(b->other);
        const queue_item *item;
        while ((item = queue_first(mine)) != NULL) {
            assoc_feed(b->other, queue_bytes(mine, item));
            queue_pop(mine);
        }
        while ((item = queue_first(theirs)) != NULL) {
            assoc_feed(b->channel.assoc, queue_bytes(theirs, item));
            queue_pop(theirs);
        }
        channel_pump(&b->channel, clock_ms);
        bench_read(b);
    }
}

static void bench_init(bench *b) {
    *b = (bench){.up = false};
    queue_init(&b->out, &mem_default);
    channel_init(&b->channel, false, &mem_default, &b->out);
    CHECK(channel_start(&b->channel, true, MESSAGE_MAX, ASSOC_PORT, &mem_default));
    b->other = assoc_new(&mem_default, 1 << 20, ASSOC_PORT);
    CHECK(b->other != NULL);
    bench_run(b, 20);
    CHECK(b->up && b->opens == 0);
}

static void bench_drop(bench *b) {
    channel_drop(&b->channel);
    assoc_free(b->other);
    queue_drop(&b->out);
}

static void bench_open(bench *b, uint16_t stream, const char *label, uint8_t reliability) {
    dcep_message m = {
        .kind = DCEP_OPEN, .reliability = reliability, .label = {label, strlen(label)}};
    lk_buf bytes = {0};
    CHECK_EQ(dcep_write(&m, &bytes), LK_OK);
    CHECK(assoc_send(b->other, stream, DCEP_CONTROL, (lk_bytes){bytes.at, bytes.len}));
    lk_buf_free(&bytes);
    bench_run(b, 60);
}

static void bench_say(bench *b, uint16_t stream, uint32_t ppid, size_t len) {
    static uint8_t bytes[MESSAGE_MAX + 1];
    CHECK(len > 0 && assoc_send(b->other, stream, ppid, (lk_bytes){bytes, len}));
    bench_run(b, 60);
}

/* What is not the channel is refused by resetting it, and then the channel still opens, once. */
static void test_open(void) {
    bench b;
    bench_init(&b);
    bench_open(&b, 1, "other", 0);
    CHECK_EQ(b.resets, 1u << 1);
    bench_open(&b, 3, CHANNEL_LABEL, 1); /* partially reliable */
    CHECK_EQ(b.resets, 1u << 1 | 1u << 3);
    bench_open(&b, 4, CHANNEL_LABEL, 0); /* our parity */
    CHECK_EQ(b.resets, 1u << 1 | 1u << 3 | 1u << 4);
    bench_say(&b, 5, DCEP_CONTROL, 40); /* zeros are no DCEP message */
    CHECK_EQ(b.resets, 1u << 1 | 1u << 3 | 1u << 4 | 1u << 5);
    CHECK_EQ(b.opens, 0);
    bench_open(&b, 7, CHANNEL_LABEL, 0);
    CHECK_EQ(b.opens, 1);
    CHECK_EQ(b.ppid, DCEP_CONTROL); /* the ACK */
    bench_open(&b, 7, CHANNEL_LABEL, 0);
    bench_open(&b, 9, CHANNEL_LABEL, 0);
    CHECK_EQ(b.opens, 1);
    CHECK_EQ(b.resets, 1u << 1 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 9);
    CHECK_EQ(b.channel.state, CHANNEL_OPEN);
    bench_drop(&b);
}

static void test_messages(void) {
    bench b;
    bench_init(&b);
    bench_say(&b, 1, DCEP_BINARY, 10); /* nobody opened it */
    bench_open(&b, 1, CHANNEL_LABEL, 0);
    CHECK_EQ(b.got, 0);
    bench_say(&b, 1, DCEP_STRING, 10);
    bench_say(&b, 1, DCEP_BINARY, MESSAGE_MAX);
    CHECK(b.got == 2 && b.got_bytes == MESSAGE_MAX + 10);
    bench_say(&b, 1, DCEP_STRING_EMPTY, 1);
    bench_say(&b, 1, DCEP_BINARY_EMPTY, 1);
    CHECK(b.got == 4 && b.got_bytes == MESSAGE_MAX + 10);
    bench_say(&b, 2, DCEP_BINARY, 10); /* another stream */
    CHECK_EQ(b.got, 4);
    CHECK_EQ(channel_send(&b.channel, (lk_bytes){NULL, 0}), LK_OK);
    bench_run(&b, 10);
    CHECK_EQ(b.ppid, DCEP_BINARY_EMPTY);
    bench_drop(&b);
}

static void test_unknown_kind(void) {
    bench b;
    bench_init(&b);
    bench_open(&b, 1, CHANNEL_LABEL, 0);
    bench_say(&b, 1, 99, 10);
    CHECK(b.channel.state > CHANNEL_OPEN);
    CHECK(b.resets == 1u << 1 && b.got == 0);
    bench_drop(&b);
}

/* Longer than announced: the association ends, and nothing of the message comes out. */
static void test_too_long(void) {
    bench b;
    bench_init(&b);
    bench_open(&b, 1, CHANNEL_LABEL, 0);
    bench_say(&b, 1, DCEP_BINARY, MESSAGE_MAX + 1);
    CHECK_EQ(b.channel.state, CHANNEL_OVER);
    CHECK_EQ(b.got, 0);
    bench_drop(&b);
}

/* The other side ends the channel: ours follows, and the association is shut down. */
static void test_closed(void) {
    bench b;
    bench_init(&b);
    bench_open(&b, 1, CHANNEL_LABEL, 0);
    CHECK(assoc_reset(b.other, 1));
    bench_run(&b, 300);
    CHECK_EQ(b.resets, 1u << 1);
    CHECK_EQ(b.channel.state, CHANNEL_OVER);
    CHECK(b.down);
    bench_drop(&b);
}

/* The other side never answers our reset: closing ends all the same. */
static void test_close_unanswered(void) {
    bench b;
    bench_init(&b);
    bench_open(&b, 1, CHANNEL_LABEL, 0);
    channel_close(&b.channel, "test", clock_ms);
    bench_run(&b, 1900);
    CHECK_EQ(b.channel.state, CHANNEL_RESET);
    bench_run(&b, 200);
    CHECK_EQ(b.channel.state, CHANNEL_OVER);
    CHECK(strcmp(b.channel.why, "test") == 0);
    bench_drop(&b);
}

int main(void) {
    CHECK_EQ(assoc_global_init(), LK_OK);
    test_open();
    test_messages();
    test_unknown_kind();
    test_too_long();
    test_closed();
    test_close_unanswered();
    assoc_global_drop();
    printf("channel_test: ok\n");
    return 0;
}
