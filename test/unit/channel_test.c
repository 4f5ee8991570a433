/* SPDX-License-Identifier: MIT
 * channel_test.c - channels against a peer that does as it likes: two SCTP associations back to
 * back, without ICE and DTLS, one under the channels and one in the hands of the test. */
#include "check.h"

#include "rtc/channel.h"
#include "rtc/dcep.h"

#define MESSAGE_MAX 20000
#define STREAMS 16
#define BUFFER_MAX 100000
#define SEEN 64

static uint64_t clock_ms = 1000;

typedef struct bench {
    channels channels; /* of the DTLS client: the other side opens odd streams */
    queue out;
    assoc *other;
    bool up, down;
    uint32_t resets; /* streams that our side ended, one bit each */
    uint32_t ppid;   /* of the last message to the other side */
    uint16_t stream; /* and where it came */
    size_t other_got;
    lk_rtc_channel opened[SEEN], shut[SEEN];
    size_t opens, shuts, drains;
    const char *why;
    lk_rtc_out last; /* message */
    size_t got, got_bytes;
} bench;

static void bench_read_other(bench *b) {
    assoc_event e;
    while (assoc_receive(b->other, &e)) {
        if (e.kind == ASSOC_UP)
            b->up = true;
        else if (e.kind == ASSOC_DOWN)
            b->down = true;
        else if (e.kind == ASSOC_RESET)
            b->resets |= 1u << e.stream;
        else if (e.kind == ASSOC_MESSAGE) {
            b->ppid = e.ppid;
            b->stream = e.stream;
            b->other_got++;
        }
    }
}

static void bench_event(bench *b, const queue_item *item) {
    if (item->kind == LK_RTC_OPEN) b->opened[b->opens++ % SEEN] = item->channel;
    if (item->kind == LK_RTC_DRAINED) b->drains++;
    if (item->kind != LK_RTC_SHUT) return;
    b->shut[b->shuts++ % SEEN] = item->channel;
    b->why = item->what;
}

static void bench_read(bench *b) {
    const queue_item *item;
    for (;;) {
        for (; (item = queue_first(&b->out)) != NULL; queue_pop(&b->out)) bench_event(b, item);
        if (!assoc_readable(b->channels.assoc)) return;
        if (!channel_receive(&b->channels, &b->last)) continue;
        b->got++;
        b->got_bytes += b->last.bytes.len;
    }
}

static void bench_carry(queue *packets, assoc *to) {
    for (const queue_item *item; (item = queue_first(packets)) != NULL; queue_pop(packets)) {
        uint8_t packet[2048];
        CHECK(item->len <= sizeof packet);
        memcpy(packet, queue_bytes(packets, item).at, item->len);
        assoc_feed(to, packet, item->len);
    }
}

static void bench_run(bench *b, int ms) {
    while (ms-- > 0) {
        assoc_global_tick(++clock_ms);
        queue *mine = assoc_packets(b->channels.assoc), *theirs = assoc_packets(b->other);
        bench_carry(mine, b->other);
        bench_carry(theirs, b->channels.assoc);
        bench_read(b);
        channel_pump(&b->channels, clock_ms);
        bench_read_other(b);
    }
}

/* Both are there, but have not met. */
static void bench_prepare(bench *b, uint16_t their_streams) {
    *b = (bench){.up = false};
    queue_init(&b->out, &mem_default);
    CHECK(channel_init(&b->channels, STREAMS, BUFFER_MAX, &mem_default, &b->out));
    CHECK(channel_start(&b->channels, true, MESSAGE_MAX, ASSOC_PORT));
    b->other = assoc_new(&mem_default, 1 << 20, their_streams, ASSOC_PORT);
    CHECK(b->other != NULL);
}

static void bench_init(bench *b) {
    bench_prepare(b, STREAMS);
    bench_run(b, 20);
    CHECK(b->up && b->opens == 0);
}

static void bench_drop(bench *b) {
    channel_drop(&b->channels);
    assoc_free(b->other);
    queue_drop(&b->out);
}

static void bench_say(bench *b, uint16_t stream, uint32_t ppid, lk_bytes bytes) {
    assoc_message m = {.stream = stream, .ppid = ppid, .bytes = bytes};
    CHECK(bytes.len > 0 && assoc_send(b->other, &m));
    bench_run(b, 60);
}

static void bench_say_zeros(bench *b, uint16_t stream, uint32_t ppid, size_t len) {
    static const uint8_t zeros[MESSAGE_MAX + 1];
    bench_say(b, stream, ppid, (lk_bytes){zeros, len});
}

static void bench_they_open(bench *b, uint16_t stream) {
    dcep_message m = {.kind = DCEP_OPEN, .label = {"theirs", 6}};
    lk_buf bytes = {0};
    CHECK_EQ(dcep_write(&m, &bytes), LK_OK);
    bench_say(b, stream, DCEP_CONTROL, (lk_bytes){bytes.at, bytes.len});
    lk_buf_free(&bytes);
}

static lk_rtc_channel bench_open(bench *b, lk_status want) {
    static const lk_rtc_channel_options options = {.label = {"ours", 4}};
    lk_rtc_channel number = 0;
    CHECK_EQ(channel_open(&b->channels, &options, &number), want);
    return number;
}

static lk_status bench_send(bench *b, lk_rtc_channel number, size_t len) {
    static const uint8_t zeros[MESSAGE_MAX];
    lk_bytes bytes = {zeros, len};
    return channel_send(&b->channels, channel_find(&b->channels, number), false, bytes, clock_ms);
}

/* What the other side may not open is refused by resetting it, and nobody is told. */
static void test_their_opens(void) {
    bench b;
    bench_init(&b);
    bench_they_open(&b, 4); /* our parity */
    CHECK_EQ(b.resets, 1u << 4);
    bench_say_zeros(&b, 5, DCEP_CONTROL, 40); /* zeros are no DCEP message */
    CHECK_EQ(b.resets, 1u << 4 | 1u << 5);
    CHECK_EQ(b.opens, 0);
    bench_they_open(&b, 7);
    CHECK_EQ(b.opens, 1);
    CHECK_EQ(b.ppid, DCEP_CONTROL); /* the ACK */
    CHECK_EQ(b.stream, 7);
    bench_they_open(&b, 15);
    CHECK_EQ(b.opens, 2);
    CHECK(b.opened[0] != b.opened[1]);
    CHECK_EQ(b.resets, 1u << 4 | 1u << 5);
    bench_they_open(&b, 7); /* twice */
    CHECK_EQ(b.opens, 2);
    CHECK_EQ(b.resets, 1u << 4 | 1u << 5 | 1u << 7);
    CHECK_EQ(b.shuts, 0);
    b.channels.by_stream[9] = CHANNEL_KEPT; /* as if they had not let it end */
    bench_they_open(&b, 9);
    CHECK_EQ(b.opens, 2);
    CHECK_EQ(b.channels.by_stream[9], CHANNEL_KEPT);
    bench_drop(&b);
}

/* Ours take the even streams, half of them all. */
static void test_our_opens(void) {
    bench b;
    bench_prepare(&b, STREAMS);
    lk_rtc_channel early = bench_open(&b, LK_OK);
    CHECK_EQ(b.opens, 0);
    CHECK(queue_len(&channel_find(&b.channels, early)->pending) > 0);
    CHECK_EQ(channel_waiting(channel_find(&b.channels, early)), 0);
    bench_run(&b, 20);
    CHECK(b.opens == 1 && b.opened[0] == early);
    for (size_t i = 1; i < STREAMS / 2; i++) bench_open(&b, LK_OK);
    bench_open(&b, LK_ELIMIT);
    bench_run(&b, 60);
    CHECK_EQ(b.opens, STREAMS / 2);
    CHECK_EQ(b.other_got, STREAMS / 2);
    CHECK_EQ(b.stream, STREAMS - 2);
    lk_rtc_channel_options agreed = {.negotiated = true, .stream = 3};
    lk_rtc_channel number;
    CHECK_EQ(channel_open(&b.channels, &agreed, &number), LK_OK);
    CHECK_EQ(channel_open(&b.channels, &agreed, &number), LK_ESTATE);
    agreed.stream = STREAMS;
    CHECK_EQ(channel_open(&b.channels, &agreed, &number), LK_ELIMIT);
    bench_say_zeros(&b, 3, DCEP_BINARY, 10);
    CHECK(b.got == 1 && b.last.channel == number);
    bench_drop(&b);
}

/* The other side has fewer streams than we opened channels before we knew. */
static void test_few_streams(void) {
    bench b;
    bench_prepare(&b, 4);
    lk_rtc_channel numbers[STREAMS / 2];
    for (size_t i = 0; i < STREAMS / 2; i++) numbers[i] = bench_open(&b, LK_OK);
    bench_open(&b, LK_ELIMIT);
    bench_run(&b, 60);
    CHECK(b.opens == 2 && b.shuts == STREAMS / 2 - 2);
    CHECK(channel_find(&b.channels, numbers[1]) != NULL);
    CHECK(channel_find(&b.channels, numbers[2]) == NULL);
    bench_open(&b, LK_ELIMIT);
    bench_drop(&b);
}

static void test_messages(void) {
    bench b;
    bench_init(&b);
    bench_say_zeros(&b, 1, DCEP_BINARY, 10); /* nobody opened it */
    bench_they_open(&b, 1);
    CHECK_EQ(b.got, 0);
    bench_say_zeros(&b, 1, DCEP_STRING, 10);
    CHECK(b.last.text && b.last.channel == b.opened[0] && b.last.bytes.len == 10);
    bench_say_zeros(&b, 1, DCEP_BINARY, MESSAGE_MAX);
    CHECK(!b.last.text && b.got == 2 && b.got_bytes == MESSAGE_MAX + 10);
    bench_say_zeros(&b, 1, DCEP_STRING_EMPTY, 1);
    CHECK(b.last.text && b.last.bytes.len == 0);
    bench_say_zeros(&b, 1, DCEP_BINARY_EMPTY, 1);
    CHECK(!b.last.text && b.got == 4 && b.got_bytes == MESSAGE_MAX + 10);
    bench_say_zeros(&b, 2, DCEP_BINARY, 10); /* another stream */
    CHECK_EQ(b.got, 4);
    CHECK_EQ(bench_send(&b, b.opened[0], 0), LK_OK);
    bench_run(&b, 10);
    CHECK_EQ(b.ppid, DCEP_BINARY_EMPTY);
    bench_drop(&b);
}

/* A message of an unknown kind, or a longer one than announced, ends its channel and no other. */
static void test_bad_messages(void) {
    bench b;
    bench_init(&b);
    for (uint16_t stream = 1; stream < 7; stream += 2) bench_they_open(&b, stream);
    bench_say_zeros(&b, 1, 99, 10);
    CHECK_EQ(b.resets, 1u << 1);
    bench_say_zeros(&b, 3, DCEP_BINARY, MESSAGE_MAX + 1);
    CHECK(b.resets == (1u << 1 | 1u << 3) && b.got == 0);
    bench_say_zeros(&b, 3, DCEP_BINARY, 10); /* it is closing */
    CHECK_EQ(b.got, 0);
    bench_say_zeros(&b, 5, DCEP_BINARY, MESSAGE_MAX);
    CHECK_EQ(b.got, 1);
    const uint16_t streams[] = {1, 3};
    CHECK(assoc_reset(b.other, streams, 2));
    bench_run(&b, 60);
    CHECK(b.shuts == 2 && b.shut[0] == b.opened[0] && b.shut[1] == b.opened[1]);
    CHECK(strcmp(b.why, "a message is longer than announced") == 0);
    bench_drop(&b);
}

/* The other side ends a channel: ours follows, and the stream can be used again. */
static void test_closed_by_them(void) {
    bench b;
    bench_init(&b);
    const uint16_t stream = 1;
    for (uint32_t round = 0; round < 3; round++) {
        bench_they_open(&b, stream);
        CHECK_EQ(b.opens, round + 1);
        CHECK(assoc_reset(b.other, &stream, 1));
        bench_run(&b, 60);
        CHECK_EQ(b.resets, 1u << 1);
        CHECK(b.shuts == round + 1 && b.shut[round] == b.opened[round]);
        CHECK(strcmp(b.why, "the other side closed the channel") == 0);
        b.resets = 0;
    }
    CHECK(b.opened[0] != b.opened[1] && b.opened[1] != b.opened[2]);
    CHECK(assoc_reset(b.other, &stream, 1)); /* of no channel: nobody follows */
    bench_run(&b, 60);
    CHECK_EQ(b.resets, 0);
    bench_drop(&b);
}

/* We end one: its stream is taken until the other side has ended its direction, too. */
static void test_closed_by_us(void) {
    bench b;
    bench_init(&b);
    lk_rtc_channel first = bench_open(&b, LK_OK);
    CHECK_EQ(bench_send(&b, first, 5000), LK_OK);
    channel_shut(&b.channels, channel_find(&b.channels, first), "test");
    bench_run(&b, 60);
    CHECK(b.other_got == 2 && b.resets == 1u << 0 && b.shuts == 0);
    bench_open(&b, LK_OK);
    bench_run(&b, 60);
    CHECK_EQ(b.stream, 2);
    const uint16_t stream = 0;
    CHECK(assoc_reset(b.other, &stream, 1));
    bench_run(&b, 60);
    CHECK(b.shuts == 1 && b.shut[0] == first && strcmp(b.why, "test") == 0);
    CHECK(channel_find(&b.channels, first) == NULL);
    lk_rtc_channel again = bench_open(&b, LK_OK);
    bench_run(&b, 60);
    CHECK(b.stream == 0 && again != first);
    bench_drop(&b);
}

/* A hundred streams end in a few requests. */
static void test_close_many(void) {
    bench b;
    bench_init(&b);
    for (size_t i = 0; i < STREAMS / 2; i++) bench_open(&b, LK_OK);
    bench_run(&b, 10);
    for (size_t i = 0; i < STREAMS / 2; i++)
        channel_shut(&b.channels, channel_find(&b.channels, b.opened[i]), "test");
    bench_run(&b, 60);
    CHECK_EQ(b.resets, 0x5555);
    bench_drop(&b);
}

/* The other side never answers our reset: closing everything ends all the same. */
static void test_close_unanswered(void) {
    bench b;
    bench_init(&b);
    bench_they_open(&b, 1);
    channel_close(&b.channels, clock_ms);
    bench_open(&b, LK_ESTATE);
    bench_run(&b, 1900);
    CHECK_EQ(b.channels.state, CHANNELS_CLOSING);
    bench_run(&b, 200);
    CHECK_EQ(b.channels.state, CHANNELS_OVER);
    CHECK(strcmp(b.channels.why, "closed") == 0);
    bench_drop(&b);
}

/* What SCTP does not take waits, up to the bound, and each channel tells when it has sent enough.
 */
static void test_backpressure(void) {
    bench b;
    bench_init(&b);
    lk_rtc_channel one = bench_open(&b, LK_OK), two = bench_open(&b, LK_OK);
    size_t sent = 0;
    while (channel_waiting(channel_find(&b.channels, one)) == 0) {
        CHECK_EQ(bench_send(&b, one, MESSAGE_MAX), LK_OK);
        sent++;
    }
    for (; bench_send(&b, one, MESSAGE_MAX) == LK_OK; sent++) {}
    CHECK_EQ(channel_waiting(channel_find(&b.channels, one)), BUFFER_MAX);
    CHECK_EQ(bench_send(&b, two, MESSAGE_MAX), LK_OK); /* the bound is of one channel */
    channel_find(&b.channels, two)->low = MESSAGE_MAX;
    CHECK_EQ(b.drains, 0);
    bench_run(&b, 1000);
    CHECK_EQ(b.other_got, sent + 1 + 2);
    CHECK_EQ(b.drains, 2);
    bench_drop(&b);
}

/* RFC 3720 appendix B.4: 32 bytes of zeros, and of ones, and counting up; here as they lie in a
 * packet, lowest byte first. */
static void test_crc(void) {
    uint8_t bytes[33] = {0};
    CHECK_EQ(assoc_crc(bytes, 32), 0x8a9136aa);
    for (size_t i = 0; i < 32; i++) bytes[i] = (uint8_t)i;
    CHECK_EQ(assoc_crc(bytes, 32), 0x46dd794e);
    memset(bytes, 0xff, 32);
    CHECK_EQ(assoc_crc(bytes, 32), 0x62a8ab43);
    CHECK_EQ(assoc_crc((uint8_t *)"123456789", 9), 0xe3069283);
}

int main(void) {
    CHECK_EQ(assoc_global_init(), LK_OK);
    test_crc();
    test_their_opens();
    test_our_opens();
    test_few_streams();
    test_messages();
    test_bad_messages();
    test_closed_by_them();
    test_closed_by_us();
    test_close_many();
    test_close_unanswered();
    test_backpressure();
    assoc_global_drop();
    printf("channel_test: ok\n");
    return 0;
}
