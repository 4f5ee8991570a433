/* SPDX-License-Identifier: MIT
 * rtc_loop.c - lorikeet_rtc_loop.h.
 *
 *     poll(2) ─► sockets ─► lk_rtc_feed ─┐
 *     time ────► lk_rtc_tick ────────────┼─► lk_rtc_poll ─┬► datagrams ─► batch ─► socket
 *     the program's calls ───────────────┘                ├► names ─► mdns, lk_rtc_resolved()
 *                                                         └► everything else: lk_rtc_loop_next()
 */
#include "lorikeet_rtc_loop.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "host/mdns.h"
#include "host/socket.h"

/* How often SCTP's timers are looked at: its acknowledgements wait at most 20 ms. */
#define RTC_LOOP_TICK_MS 10
/* Bursts taken from one socket before others get their turn. */
#define RTC_LOOP_DRAIN 16

typedef struct loop_peer {
    lk_rtc *rtc;
    lk_addr locals[LIMIT_ICE_LOCALS];
    int sockets[LIMIT_ICE_LOCALS];
    size_t len;
    mdns mdns; /* for the names in the other side's candidates */
} loop_peer;

struct lk_rtc_loop {
    lk_memory heap;
    VEC(loop_peer *) peers;
    VEC(struct pollfd) waiting;
    size_t turn; /* the peer that lk_rtc_loop_next() asks first */
    uint64_t ticked_ms;
    socket_batch batch;
    uint8_t datagrams[SOCKET_BATCH_BYTES];
};

uint64_t lk_rtc_loop_now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

lk_rtc_loop *lk_rtc_loop_new(const lk_memory *memory) {
    if (memory == NULL) memory = &mem_default;
    if (lk_rtc_global_init() != LK_OK) return NULL;
    lk_rtc_loop *l = mem_zalloc(memory, sizeof *l);
    if (l == NULL) {
        lk_rtc_global_drop();
        return NULL;
    }
    l->heap = *memory;
    return l;
}

/* ---- peers ---- */

static bool rtc_loop_bind(loop_peer *p, const lk_addr *at) {
    if (p->len == LIMIT_ICE_LOCALS) return false;
    int fd = socket_udp(at, &p->locals[p->len]);
    if (fd < 0) return false;
    p->sockets[p->len++] = fd;
    return true;
}

/* A socket on every address. */
static void rtc_loop_bind_all(loop_peer *p, bool loopback) {
    lk_addr found[LIMIT_ICE_LOCALS * 4];
    size_t len = socket_interfaces(loopback, found, countof(found));
    for (size_t i = 0; i < len; i++) rtc_loop_bind(p, &found[i]);
}

static void rtc_loop_free_peer(lk_rtc_loop *l, loop_peer *p) {
    lk_rtc_free(p->rtc);
    for (size_t i = 0; i < p->len; i++) close(p->sockets[i]);
    mdns_drop(&p->mdns);
    mem_free(&l->heap, p, sizeof *p);
}

lk_rtc *lk_rtc_loop_add(lk_rtc_loop *l, const lk_rtc_options *options) {
    lk_rtc_options o = *options;
    if (!vec_reserve(&l->heap, &l->peers, 1)) return NULL;
    loop_peer *p = mem_zalloc(&l->heap, sizeof *p);
    if (p == NULL) return NULL;
    for (size_t i = 0; i < o.local_len; i++) rtc_loop_bind(p, &o.locals[i]);
    if (o.local_len == 0) rtc_loop_bind_all(p, o.allow_loopback);
    o.locals = p->locals;
    o.local_len = p->len;
    p->rtc = p->len == 0 ? NULL : lk_rtc_new(&o, lk_rtc_loop_now_ms(), &l->heap);
    if (p->rtc == NULL) {
        rtc_loop_free_peer(l, p);
        return NULL;
    }
    l->peers.at[l->peers.len++] = p;
    return p->rtc;
}

void lk_rtc_loop_remove(lk_rtc_loop *l, lk_rtc *rtc) {
    size_t at = 0;
    while (at < l->peers.len && l->peers.at[at]->rtc != rtc) at++;
    LK_ASSERT(at < l->peers.len);
    socket_batch_send(&l->batch);
    rtc_loop_free_peer(l, l->peers.at[at]);
    l->peers.at[at] = l->peers.at[--l->peers.len];
}

void lk_rtc_loop_free(lk_rtc_loop *l) {
    if (l == NULL) return;
    socket_batch_send(&l->batch);
    for (size_t i = 0; i < l->peers.len; i++) rtc_loop_free_peer(l, l->peers.at[i]);
    vec_drop(&l->heap, &l->peers);
    vec_drop(&l->heap, &l->waiting);
    lk_memory heap = l->heap;
    mem_free(&heap, l, sizeof *l);
    lk_rtc_global_drop();
}

/* ---- what comes out ---- */

static void rtc_loop_send(lk_rtc_loop *l, const loop_peer *p, const lk_rtc_out *out) {
    for (size_t i = 0; i < p->len; i++) {
        if (__builtin_memcmp(&p->locals[i], &out->local, sizeof out->local) != 0) continue;
        socket_batch_add(&l->batch, p->sockets[i], &out->remote, out->bytes);
        return;
    }
}

const lk_rtc_out *lk_rtc_loop_next(lk_rtc_loop *l, lk_rtc **rtc) {
    uint64_t now_ms = lk_rtc_loop_now_ms();
    for (size_t asked = 0; asked < l->peers.len; asked++, l->turn++) {
        loop_peer *p = l->peers.at[l->turn % l->peers.len];
        const lk_rtc_out *out;
        while ((out = lk_rtc_poll(p->rtc, now_ms)) != NULL) {
            *rtc = p->rtc;
            if (out->kind == LK_RTC_DATAGRAM)
                rtc_loop_send(l, p, out);
            else if (out->kind == LK_RTC_RESOLVE)
                mdns_ask(&p->mdns, (lk_str){(const char *)out->bytes.at, out->bytes.len}, now_ms);
            else
                return out;
        }
    }
    socket_batch_send(&l->batch);
    return NULL;
}

/* ---- waiting ---- */

static void rtc_loop_read(lk_rtc_loop *l, loop_peer *p, size_t socket) {
    lk_addr from, refused;
    size_t each;
    while (socket_refused(p->sockets[socket], &refused)) {} /* or poll(2) tells of it for ever */
    for (int i = 0; i < RTC_LOOP_DRAIN; i++) {
        int64_t len =
            socket_receive(p->sockets[socket], l->datagrams, sizeof l->datagrams, &from, &each);
        if (len < 0) return;
        uint64_t now_ms = lk_rtc_loop_now_ms();
        for (size_t at = 0; at < (size_t)len; at += each) {
            size_t left = (size_t)len - at;
            lk_bytes datagram = {l->datagrams + at, left < each ? left : each};
            lk_rtc_feed(p->rtc, &p->locals[socket], &from, datagram, now_ms);
        }
    }
}

static void rtc_loop_read_names(lk_rtc_loop *l, loop_peer *p, size_t socket) {
    mdns_inbox inbox = {0};
    mdns_answer a;
    while (mdns_read(&p->mdns, p->mdns.sockets[socket], l->datagrams, &inbox, &a))
        (void)lk_rtc_resolved(p->rtc, (lk_str){a.name, HIDDEN_NAME}, &a.addr, lk_rtc_loop_now_ms());
}

/* Until when may it sleep? */
static uint64_t rtc_loop_wake_at(const lk_rtc_loop *l) {
    uint64_t wake_ms = l->peers.len > 0 ? l->ticked_ms + RTC_LOOP_TICK_MS : UINT64_MAX;
    for (size_t i = 0; i < l->peers.len; i++) {
        uint64_t peer_ms = lk_rtc_wake_at(l->peers.at[i]->rtc);
        uint64_t name_ms = mdns_wake_at(&l->peers.at[i]->mdns);
        if (peer_ms < wake_ms) wake_ms = peer_ms;
        if (name_ms < wake_ms) wake_ms = name_ms;
    }
    return wake_ms;
}

static int rtc_loop_timeout(const lk_rtc_loop *l, int timeout_ms) {
    uint64_t now_ms = lk_rtc_loop_now_ms(), wake_ms = rtc_loop_wake_at(l);
    uint64_t sleep_ms = wake_ms > now_ms ? wake_ms - now_ms : 0;
    if (timeout_ms < 0) return sleep_ms > INT32_MAX ? -1 : (int)sleep_ms;
    return sleep_ms < (uint64_t)timeout_ms ? (int)sleep_ms : timeout_ms;
}

static void rtc_loop_tick(lk_rtc_loop *l) {
    uint64_t now_ms = lk_rtc_loop_now_ms();
    if (now_ms >= l->ticked_ms + RTC_LOOP_TICK_MS) lk_rtc_global_tick(l->ticked_ms = now_ms);
    for (size_t i = 0; i < l->peers.len; i++) {
        loop_peer *p = l->peers.at[i];
        if (lk_rtc_wake_at(p->rtc) <= now_ms) lk_rtc_tick(p->rtc, now_ms);
        mdns_tick(&p->mdns, now_ms);
        if (mdns_over(&p->mdns)) mdns_drop(&p->mdns);
    }
}

static void rtc_loop_watch(lk_rtc_loop *l, const int *sockets, size_t len) {
    for (size_t i = 0; i < len; i++)
        l->waiting.at[l->waiting.len++] = (struct pollfd){.fd = sockets[i], .events = POLLIN};
}

/* The program's descriptors, and behind them those of the peers. False when memory is out. */
static bool rtc_loop_collect(lk_rtc_loop *l, const struct pollfd *fds, size_t len) {
    size_t all = len;
    for (size_t i = 0; i < l->peers.len; i++)
        all += l->peers.at[i]->len + l->peers.at[i]->mdns.socket_len;
    l->waiting.len = 0;
    if (!vec_reserve(&l->heap, &l->waiting, all)) return false;
    for (size_t i = 0; i < len; i++) l->waiting.at[l->waiting.len++] = fds[i];
    for (size_t i = 0; i < l->peers.len; i++) {
        const loop_peer *p = l->peers.at[i];
        rtc_loop_watch(l, p->sockets, p->len);
        rtc_loop_watch(l, p->mdns.sockets, p->mdns.socket_len);
    }
    return true;
}

void lk_rtc_loop_wait(lk_rtc_loop *l, struct pollfd *fds, size_t len, int timeout_ms) {
    socket_batch_send(&l->batch);
    for (size_t i = 0; i < len; i++) fds[i].revents = 0;
    bool all = rtc_loop_collect(l, fds, len);
    /* without memory for the list it is time that passes: a little, and all is tried again */
    int ready = poll(l->waiting.at, all ? l->waiting.len : 0,
                     all ? rtc_loop_timeout(l, timeout_ms) : RTC_LOOP_TICK_MS);
    if (all && ready > 0) {
        const struct pollfd *at = l->waiting.at;
        for (size_t i = 0; i < len; i++) fds[i].revents = at++->revents;
        for (size_t i = 0; i < l->peers.len; i++) {
            loop_peer *p = l->peers.at[i];
            for (size_t k = 0; k < p->len; k++)
                if (at++->revents != 0) rtc_loop_read(l, p, k);
            for (size_t k = 0; k < p->mdns.socket_len; k++)
                if (at++->revents != 0) rtc_loop_read_names(l, p, k);
        }
    }
    rtc_loop_tick(l);
}
