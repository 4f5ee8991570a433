/* SPDX-License-Identifier: MIT
 * rtc_fault_test.c - memory runs out at the N-th request of one peer, for every N, or from then on.
 * The peer may lose datagrams, fail to begin or end; it must not crash, leak or garble a message.
 */
#include "check.h"

#include "base/mem.h"
#include "lorikeet_rtc.h"

typedef struct fault { /* which request fails */
    uint64_t requests, at;
    bool forever;
} fault;

static void *fault_resize(void *context, void *at, size_t old_len, size_t new_len) {
    fault *f = context;
    bool now = new_len > 0 && f->requests++ >= f->at && (f->forever || f->requests == f->at + 1);
    if (now) return NULL;
    return mem_default.resize(mem_default.context, at, old_len, new_len);
}

static uint64_t clock_ms = 1000;
static lk_addr addrs[2] = {{.family = 4, .port = 1, .ip = {10, 0, 0, 1}},
                           {.family = 4, .port = 2, .ip = {10, 0, 0, 2}}};

typedef struct pair {
    lk_rtc *rtc[2];
    lk_rtc_channel channel[2];
    bool closed[2];
    uint32_t got;
} pair;

#define HIDDEN "candidate:1 1 udp 2113937151 4a9a58c8-34a1-4e9c-8a9a-f2a34a9a58c8.local 5 typ host"

static void pair_poll(pair *p, int i) {
    const lk_rtc_out *out;
    lk_addr other = {.family = 4, .ip = {10, 0, 0, 9}};
    while ((out = lk_rtc_poll(p->rtc[i], clock_ms)) != NULL) {
        if (out->kind == LK_RTC_DATAGRAM)
            lk_rtc_feed(p->rtc[1 - i], &out->remote, &out->local, out->bytes, clock_ms);
        else if (out->kind == LK_RTC_RESOLVE) {
            lk_str name = {(const char *)out->bytes.at, out->bytes.len};
            (void)lk_rtc_resolved(p->rtc[i], name, &other, clock_ms);
        } else if (out->kind == LK_RTC_OPEN)
            p->channel[i] = out->channel;
        else if (out->kind == LK_RTC_CLOSED)
            p->closed[i] = true;
        else if (out->kind == LK_RTC_MESSAGE) {
            CHECK_EQ(out->bytes.len, 20000);
            CHECK_EQ(out->bytes.at[0], p->got);
            CHECK_EQ(out->bytes.at[19999], p->got++);
        }
    }
}

static void pair_run(pair *p, int ms) {
    while (ms-- > 0) {
        clock_ms++;
        if (clock_ms % 10 == 0) lk_rtc_global_tick(clock_ms);
        for (int i = 0; i < 2; i++) lk_rtc_tick(p->rtc[i], clock_ms);
        for (int i = 0; i < 6; i++) pair_poll(p, i % 2);
    }
}

static bool pair_signal(pair *p, int from) {
    lk_buf sdp = {0};
    bool ok = lk_rtc_local_description(p->rtc[from], &sdp) == LK_OK;
    lk_str text = {(const char *)sdp.at, sdp.len};
    ok = ok && lk_rtc_remote_description(p->rtc[1 - from], text, clock_ms, NULL) == LK_OK;
    lk_buf_free(&sdp);
    return ok;
}

/* Each of them begins one once; what it comes to is all the same. */
static void pair_restart(pair *p) {
    for (int i = 0; i < 2; i++) {
        if (lk_rtc_restart(p->rtc[i], clock_ms) != LK_OK) continue;
        if (pair_signal(p, i)) pair_signal(p, 1 - i);
        pair_run(p, 200);
    }
}

static void pair_talk(pair *p) {
    uint8_t bytes[20000];
    int sent = 0;
    for (int i = 0; i < 5; i++) {
        memset(bytes, sent, sizeof bytes);
        lk_bytes message = {bytes, sizeof bytes};
        if (lk_rtc_send(p->rtc[0], p->channel[0], false, message, clock_ms) == LK_OK) sent++;
        pair_run(p, 2);
    }
    pair_run(p, 300);
    lk_rtc_close(p->rtc[0], clock_ms);
    pair_run(p, 100);
}

/* One life of two peers; true if nothing went wrong. */
static bool pair_live(fault *f, int faulty) {
    lk_memory memory = {.context = f, .resize = fault_resize};
    pair p = {.got = 0};
    for (int i = 0; i < 2; i++) {
        lk_rtc_options options = {
            .offerer = i == 0, .locals = &addrs[i], .local_len = 1, .seed = 5 + (uint64_t)i};
        p.rtc[i] = lk_rtc_new(&options, clock_ms, i == faulty ? &memory : NULL);
    }
    bool alive = p.rtc[0] != NULL && p.rtc[1] != NULL;
    lk_rtc_channel_options options = {.label = {"label", 5}};
    alive = alive && lk_rtc_open(p.rtc[0], &options, &p.channel[0], clock_ms) == LK_OK;
    lk_str hidden = {HIDDEN, sizeof HIDDEN - 1};
    alive = alive && lk_rtc_remote_candidate(p.rtc[0], hidden, clock_ms) == LK_OK &&
            lk_rtc_remote_candidate(p.rtc[1], hidden, clock_ms) == LK_OK;
    if (alive && pair_signal(&p, 0) && pair_signal(&p, 1)) {
        pair_run(&p, 100);
        pair_restart(&p);
        pair_talk(&p);
    }
    for (int i = 0; i < 2; i++) lk_rtc_free(p.rtc[i]);
    return p.got == 5 && p.closed[0] && p.closed[1];
}

int main(void) {
    CHECK_EQ(lk_rtc_global_init(), LK_OK);
    for (int kind = 0; kind < 4; kind++) {
        fault f = {.requests = 0};
        uint64_t unharmed = 0, next = 0;
        do {
            f = (fault){.at = next++, .forever = kind >= 2};
            if (pair_live(&f, kind % 2)) unharmed++;
        } while (f.requests > f.at);
        CHECK(unharmed > 0);
        printf("peer %d, %s: %" PRIu64 " requests, %" PRIu64 " lives unharmed\n", kind % 2,
               kind >= 2 ? "from then on" : "once", f.at, unharmed);
    }
    lk_rtc_global_drop();
    printf("rtc_fault_test: ok\n");
    return 0;
}
