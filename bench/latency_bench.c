/* SPDX-License-Identifier: MIT
 * latency_bench.c - from a key typed in one document to the text of another, native to native, over
 * real UDP on loopback: engine, room, SCTP, DTLS, ICE and two sockets.
 *
 *   lk_text_insert ─► room ─► rtc ─► socket ~~~ socket ─► rtc ─► room ─► lk_import        */
#define _GNU_SOURCE
#include "check.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lorikeet_room.h"
#include "lorikeet_rtc.h"

enum { BENCH_KEYS = 2000, BENCH_LINK = 1 };

typedef struct end {
    lk_doc *doc;
    lk_ref text;
    lk_room *room;
    lk_rtc *rtc;
    lk_rtc_channel channel;
    lk_addr local;
    int socket;
    bool open;
    struct end *other;
} end;

static uint64_t bench_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
static uint64_t bench_now_ms(void) { return bench_now_ns() / 1000000; }

static struct sockaddr_in bench_sockaddr(const lk_addr *a) {
    struct sockaddr_in s = {.sin_family = AF_INET, .sin_port = htons(a->port)};
    memcpy(&s.sin_addr, a->ip, 4);
    return s;
}
static lk_addr bench_addr(const struct sockaddr_in *s) {
    lk_addr a = {.family = 4, .port = ntohs(s->sin_port)};
    memcpy(a.ip, &s->sin_addr, 4);
    return a;
}

static void end_init(end *e, uint64_t peer, bool offerer) {
    e->doc = lk_new(peer, NULL);
    CHECK(e->doc != NULL);
    CHECK_EQ(lk_root(e->doc, LK_TEXT, (lk_str){"text", 4}, &e->text), LK_OK);
    e->room = lk_room_new(e->doc, &(lk_room_options){.room_id = {"bench", 5}, .seed = peer}, NULL);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    e->socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    CHECK(e->socket >= 0 && bind(e->socket, (struct sockaddr *)&at, len) == 0);
    CHECK(getsockname(e->socket, (struct sockaddr *)&at, &len) == 0);
    e->local = bench_addr(&at);
    lk_rtc_options options = {
        .offerer = offerer, .locals = &e->local, .local_len = 1, .allow_loopback = true};
    e->rtc = lk_rtc_new(&options, bench_now_ms(), NULL);
    CHECK(e->room != NULL && e->rtc != NULL);
    lk_rtc_channel_options channel = {.label = {"bench", 5}};
    if (offerer) CHECK_EQ(lk_rtc_open(e->rtc, &channel, &e->channel, bench_now_ms()), LK_OK);
}

static void end_drain_room(end *e, uint64_t now_ms) {
    for (const lk_room_out *out; (out = lk_room_poll(e->room)) != NULL;) switch (out->kind) {
        case LK_ROOM_SEND:
            CHECK_EQ(lk_rtc_send(e->rtc, e->channel, false, out->bytes, now_ms), LK_OK);
            break;
        case LK_ROOM_STORE: lk_room_stored(e->room, out->token); break;
        case LK_ROOM_ERROR: CHECK(false); break;
        default: break;
        }
}

static void end_drain(end *e, uint64_t now_ms) {
    end_drain_room(e, now_ms);
    for (const lk_rtc_out *out; (out = lk_rtc_poll(e->rtc, now_ms)) != NULL;) {
        struct sockaddr_in to = bench_sockaddr(&out->remote);
        lk_str line = {(const char *)out->bytes.at, out->bytes.len};
        switch (out->kind) {
        case LK_RTC_DATAGRAM:
            (void)sendto(e->socket, out->bytes.at, out->bytes.len, 0, (struct sockaddr *)&to,
                         sizeof to);
            break;
        case LK_RTC_CANDIDATE: lk_rtc_remote_candidate(e->other->rtc, line, now_ms); break;
        case LK_RTC_OPEN:
            e->open = true;
            e->channel = out->channel;
            CHECK_EQ(lk_room_open(e->room, BENCH_LINK, now_ms), LK_OK);
            break;
        case LK_RTC_MESSAGE:
            CHECK_EQ(lk_room_feed(e->room, BENCH_LINK, out->bytes, now_ms), LK_OK);
            break;
        case LK_RTC_CLOSED: CHECK(false); break;
        default: break;
        }
        end_drain_room(e, now_ms);
    }
}

static void end_receive(end *e, uint64_t now_ms) {
    uint8_t datagram[2048];
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    for (ssize_t n; (n = recvfrom(e->socket, datagram, sizeof datagram, 0, (struct sockaddr *)&from,
                                  &len)) >= 0;) {
        lk_addr at = bench_addr(&from);
        lk_rtc_feed(e->rtc, &e->local, &at, (lk_bytes){datagram, (size_t)n}, now_ms);
    }
}

/* One turn of the loop both ends share: sleep until a datagram or the next tick. */
static void bench_turn(end ends[2]) {
    struct pollfd waiting[] = {{ends[0].socket, POLLIN, 0}, {ends[1].socket, POLLIN, 0}};
    poll(waiting, 2, 5);
    uint64_t now_ms = bench_now_ms();
    lk_rtc_global_tick(now_ms);
    for (int i = 0; i < 2; i++) {
        end_receive(&ends[i], now_ms);
        lk_rtc_tick(ends[i].rtc, now_ms);
        lk_room_tick(ends[i].room, now_ms);
        end_drain(&ends[i], now_ms);
    }
}

static void bench_describe(const end *from, const end *to) {
    lk_buf sdp = {0};
    CHECK_EQ(lk_rtc_local_description(from->rtc, &sdp), LK_OK);
    lk_str text = {(const char *)sdp.at, sdp.len};
    CHECK_EQ(lk_rtc_remote_description(to->rtc, text, bench_now_ms(), NULL), LK_OK);
    lk_buf_free(&sdp);
}

static int bench_order(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

int main(void) {
    static uint64_t samples[BENCH_KEYS];
    CHECK_EQ(lk_rtc_global_init(), LK_OK);
    end ends[2] = {{.other = &ends[1]}, {.other = &ends[0]}};
    end_init(&ends[0], 1, true);
    end_init(&ends[1], 2, false);
    bench_describe(&ends[0], &ends[1]);
    bench_describe(&ends[1], &ends[0]);
    while (!ends[0].open || !ends[1].open || !lk_room_stats_read(ends[0].room).synced)
        bench_turn(ends);
    for (size_t i = 0; i < BENCH_KEYS; i++) {
        uint64_t start = bench_now_ns();
        CHECK_EQ(lk_text_insert(ends[0].doc, ends[0].text, i, LK_UTF16, (lk_str){"k", 1}), LK_OK);
        CHECK_EQ(lk_room_edited(ends[0].room, bench_now_ms()), LK_OK);
        end_drain(&ends[0], bench_now_ms());
        while (lk_text_len(ends[1].doc, ends[1].text, LK_UTF16) <= i) bench_turn(ends);
        samples[i] = bench_now_ns() - start;
        while (!lk_room_stats_read(ends[0].room).synced) bench_turn(ends);
    }
    qsort(samples, BENCH_KEYS, sizeof *samples, bench_order);
    printf("key to remote document, native to native, loopback: p50\t%.3f\t\tms\n",
           (double)samples[BENCH_KEYS / 2] / 1e6);
    printf("key to remote document, native to native, loopback: p99\t%.3f\t\tms\n",
           (double)samples[BENCH_KEYS * 99 / 100] / 1e6);
    for (int i = 0; i < 2; i++) {
        lk_rtc_free(ends[i].rtc);
        lk_room_free(ends[i].room);
        lk_free(ends[i].doc);
        close(ends[i].socket);
    }
    lk_rtc_global_drop();
    return 0;
}
