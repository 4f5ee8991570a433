/* SPDX-License-Identifier: MIT
 * rtc_loop_test.c - several pairs of peers on one loop, over real sockets on loopback. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <poll.h>
#include <unistd.h>

#include "lorikeet_rtc_loop.h"

enum { PAIRS = 4, MESSAGES = 50, LEN = 40000 };

typedef struct end {
    lk_rtc *rtc;
    lk_rtc_channel channel;
    uint32_t sent, got;
    bool closed;
} end;

typedef struct party {
    lk_rtc_loop *loop;
    end ends[PAIRS][2];
} party;

static end *end_of(party *p, const lk_rtc *rtc, end **other) {
    for (int i = 0; i < PAIRS; i++)
        for (int k = 0; k < 2; k++)
            if (p->ends[i][k].rtc == rtc) {
                *other = &p->ends[i][1 - k];
                return &p->ends[i][k];
            }
    CHECK(!"a peer of ours");
    return NULL;
}

static void end_say(end *e) {
    static uint8_t bytes[LEN];
    memset(bytes, (int)e->sent, sizeof bytes);
    lk_bytes message = {bytes, sizeof bytes};
    CHECK_EQ(lk_rtc_send(e->rtc, e->channel, false, message, lk_rtc_loop_now_ms()), LK_OK);
    e->sent++;
}

static void party_event(party *p, lk_rtc *rtc, const lk_rtc_out *out) {
    end *other, *e = end_of(p, rtc, &other);
    lk_str line = {(const char *)out->bytes.at, out->bytes.len};
    switch (out->kind) {
    case LK_RTC_DATAGRAM: CHECK(!"for us to send"); break;
    case LK_RTC_CANDIDATE:
        CHECK_EQ(lk_rtc_remote_candidate(other->rtc, line, lk_rtc_loop_now_ms()), LK_OK);
        break;
    case LK_RTC_OPEN:
        e->channel = out->channel;
        while (e->sent < MESSAGES) end_say(e);
        break;
    case LK_RTC_MESSAGE:
        CHECK_EQ(out->bytes.len, LEN);
        CHECK_EQ(out->bytes.at[LEN - 1], (uint8_t)e->got++);
        break;
    case LK_RTC_CLOSED: e->closed = true; break;
    default: break;
    }
}

static void party_describe(party *p, int i, int from) {
    lk_buf sdp = {0};
    end *e = &p->ends[i][from], *other = &p->ends[i][1 - from];
    if (lk_rtc_owes(e->rtc) == LK_RTC_NO_SDP) return;
    CHECK_EQ(lk_rtc_local_description(e->rtc, &sdp), LK_OK);
    lk_str text = {(const char *)sdp.at, sdp.len};
    CHECK_EQ(lk_rtc_remote_description(other->rtc, text, lk_rtc_loop_now_ms(), NULL), LK_OK);
    lk_buf_free(&sdp);
}

static void party_turn(party *p) {
    lk_rtc *rtc;
    const lk_rtc_out *out;
    for (int i = 0; i < PAIRS; i++)
        for (int k = 0; k < 2; k++) party_describe(p, i, k);
    while ((out = lk_rtc_loop_next(p->loop, &rtc)) != NULL) party_event(p, rtc, out);
    lk_rtc_loop_wait(p->loop, NULL, 0, 1000);
}

static bool party_heard_all(const party *p) {
    for (int i = 0; i < PAIRS; i++)
        if (p->ends[i][0].got < MESSAGES || p->ends[i][1].got < MESSAGES) return false;
    return true;
}

static void check_party(void) {
    party p = {.loop = lk_rtc_loop_new(NULL)};
    CHECK(p.loop != NULL);
    CHECK(lk_rtc_loop_new(NULL) == NULL); /* one is enough */
    lk_addr loopback = {.family = 4, .ip = {127, 0, 0, 1}};
    static const lk_rtc_channel_options named = {.label = {"party", 5}};
    for (int i = 0; i < PAIRS; i++)
        for (int k = 0; k < 2; k++) {
            lk_rtc_options options = {.offerer = k == 0,
                                      .allow_loopback = true,
                                      .locals = &loopback,
                                      .local_len = i % 2 == 0}; /* or all addresses */
            end *e = &p.ends[i][k];
            e->rtc = lk_rtc_loop_add(p.loop, &options);
            CHECK(e->rtc != NULL);
            if (k == 0)
                CHECK_EQ(lk_rtc_open(e->rtc, &named, &e->channel, lk_rtc_loop_now_ms()), LK_OK);
        }
    for (int turns = 0; turns < 100000 && !party_heard_all(&p); turns++) party_turn(&p);
    CHECK(party_heard_all(&p));
    lk_rtc_close(p.ends[0][0].rtc, lk_rtc_loop_now_ms());
    for (int turns = 0; turns < 100000 && !p.ends[0][1].closed; turns++) party_turn(&p);
    CHECK(p.ends[0][1].closed);
    lk_rtc_loop_remove(p.loop, p.ends[1][0].rtc);
    lk_rtc_loop_free(p.loop);
}

/* The program's own descriptors wake it, and are told apart from the peers'. */
static void check_descriptors(void) {
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    lk_rtc_loop *loop = lk_rtc_loop_new(NULL);
    lk_addr loopback = {.family = 4, .ip = {127, 0, 0, 1}};
    lk_rtc_options options = {.locals = &loopback, .local_len = 1, .allow_loopback = true};
    CHECK(loop != NULL && lk_rtc_loop_add(loop, &options) != NULL);
    struct pollfd fds[] = {{.fd = ends[0], .events = POLLIN}, {.fd = ends[1], .events = POLLOUT}};
    lk_rtc_loop_wait(loop, fds, 2, -1);
    CHECK(fds[0].revents == 0 && fds[1].revents == POLLOUT);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    lk_rtc_loop_wait(loop, fds, 1, -1);
    CHECK_EQ(fds[0].revents, POLLIN);
    lk_rtc_loop_free(loop);
    close(ends[0]);
    close(ends[1]);
}

int main(void) {
    check_party();
    check_descriptors();
    printf("rtc_loop_test: ok\n");
    return 0;
}
