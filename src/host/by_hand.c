/* SPDX-License-Identifier: MIT
 * by_hand.c - a session for each slip that went out.
 *
 *     described ─► gathered, or not within 3 s: the slip goes out ─► (minutes) ─► open ─► over
 *
 * Who answers does not look for the other one, who cannot answer yet and may be behind a filter
 * that takes offence; who puts the answer in looks for us, and so is found. */
#include "host/by_hand.h"

#include <string.h>

#include "host/heap.h"
#include "host/random.h"
#include "host/servers.h"
#include "host/session.h"
#include "host/slip.h"

#define BY_HAND_TICK_MS 10
/* A STUN server that does not answer shall not keep anybody waiting. */
#define BY_HAND_GATHER_MS 3000
/* How long people may take to carry an offer and an answer. */
#define BY_HAND_PATIENCE_MS (60 * 60 * 1000)

typedef struct attempt {
    by_hand *by_hand;
    session *session;
    slip slip;     /* of ours; the description until it went out */
    bool told;     /* it went out */
    uint32_t link; /* 0: not open */
    uint64_t begun_ms;
} attempt;

struct by_hand {
    by_hand_options options;
    by_hand_events events;
    lk_rtc_identity *identity;
    loop_handle *tick;
    servers *servers;
    bool ready; /* they are looked up */
    VEC(attempt *) attempts;
    attempt *offered; /* waits for its answer */
    uint32_t last_link;
};

static slip_key by_hand_key(const by_hand *b) {
    return (slip_key){b->options.room, b->options.key.at};
}

static void by_hand_note(by_hand *b, const char *text) { b->events.note(b->events.context, text); }

/* The session ends; what is left goes with the next tick. */
static void by_hand_drop(attempt *a) {
    by_hand *b = a->by_hand;
    session *s = a->session;
    uint32_t link = a->link;
    a->session = NULL, a->link = 0;
    if (b->offered == a) b->offered = NULL;
    if (s != NULL) session_free(s);
    if (link != 0) b->events.closed(b->events.context, link);
}

static void by_hand_sweep(by_hand *b) {
    size_t kept = 0;
    for (size_t i = 0; i < b->attempts.len; i++) {
        attempt *a = b->attempts.at[i];
        if (a->session != NULL) {
            b->attempts.at[kept++] = a;
            continue;
        }
        lk_buf_free(&a->slip.sdp);
        heap_free(attempt, a);
    }
    b->attempts.len = kept;
}

/* ---- what a session tells ---- */

static void by_hand_tell(attempt *a) {
    by_hand *b = a->by_hand;
    slip_key key = by_hand_key(b);
    lk_buf text = HEAP_BUF;
    if (a->told) return;
    a->told = true;
    if (slip_write(&key, &a->slip, &text))
        b->events.slip(b->events.context, a->slip.answer, heap_str(&text));
    lk_buf_free(&text);
}

static void by_hand_candidate(void *context, lk_str line) {
    attempt *a = context;
    if (line.len == 0)
        by_hand_tell(a);
    else
        heap_print(&a->slip.sdp, "a=%.*s\r\n", (int)line.len, line.at);
}

static void by_hand_opened(void *context) {
    attempt *a = context;
    by_hand *b = a->by_hand;
    lk_buf note = HEAP_BUF;
    heap_print(&note, "connected by hand, ");
    session_path(a->session, &note);
    by_hand_note(b, heap_str(&note));
    lk_buf_free(&note);
    a->link = ++b->last_link;
    b->events.opened(b->events.context, a->link);
}

static void by_hand_message(void *context, lk_bytes message) {
    attempt *a = context;
    if (a->link != 0) a->by_hand->events.message(a->by_hand->events.context, a->link, message);
}

static void by_hand_closed(void *context, const char *why) {
    attempt *a = context;
    lk_buf note = HEAP_BUF;
    heap_print(&note, "%s: %s", a->link != 0 ? "the connection by hand ended" : "nobody came", why);
    by_hand_note(a->by_hand, heap_str(&note));
    lk_buf_free(&note);
    by_hand_drop(a);
}

/* ---- slips ---- */

static attempt *by_hand_attempt(by_hand *b, bool answer) {
    attempt *a = heap_new(attempt);
    a->by_hand = b, a->begun_ms = loop_now_ms();
    a->slip = (slip){.answer = answer, .sdp = HEAP_BUF};
    session_options options = {.offerer = !answer,
                               .loopback = b->options.loopback,
                               .identity = b->identity,
                               .stun = b->servers->stun,
                               .stun_len = b->servers->stun_len,
                               .patience_ms = answer ? BY_HAND_PATIENCE_MS : 0};
    session_events events = {
        a, by_hand_candidate, by_hand_opened, by_hand_message, by_hand_closed, NULL};
    a->session = session_new(b->options.loop, &options, &events);
    *vec_push(&heap_memory, &b->attempts) = a;
    return a;
}

static void by_hand_describe(attempt *a) {
    if (session_describe(a->session, &a->slip.sdp) != LK_OK) return;
    if (a->by_hand->servers->stun_len == 0) by_hand_tell(a);
}

void by_hand_offer(by_hand *b) {
    if (b->offered != NULL) by_hand_drop(b->offered);
    attempt *a = b->offered = by_hand_attempt(b, false);
    random_bytes(a->slip.session, SLIP_SESSION);
    by_hand_describe(a);
}

/* The description without the lines of candidates. */
static void by_hand_strip(lk_buf *sdp) {
    static const char name[] = "a=candidate:";
    size_t kept = 0;
    for (size_t at = 0, end; at < sdp->len; at = end) {
        const uint8_t *feed = memchr(sdp->at + at, '\n', sdp->len - at);
        end = feed == NULL ? sdp->len : (size_t)(feed - sdp->at) + 1;
        if (end - at >= sizeof name - 1 && memcmp(sdp->at + at, name, sizeof name - 1) == 0)
            continue;
        memmove(sdp->at + kept, sdp->at + at, end - at);
        kept += end - at;
    }
    sdp->len = kept;
}

static void by_hand_answer(by_hand *b, slip *offer) {
    attempt *a = by_hand_attempt(b, true);
    memcpy(a->slip.session, offer->session, SLIP_SESSION);
    by_hand_strip(&offer->sdp);
    lk_status status =
        session_remote(a->session, (lk_str){(const char *)offer->sdp.at, offer->sdp.len});
    if (status == LK_OK)
        by_hand_describe(a);
    else
        by_hand_drop(a);
}

static void by_hand_answered(by_hand *b, const slip *answer) {
    attempt *a = b->offered;
    if (a == NULL || memcmp(a->slip.session, answer->session, SLIP_SESSION) != 0) {
        by_hand_note(b, "this does not answer the last offer");
        return;
    }
    b->offered = NULL;
    if (session_remote(a->session, (lk_str){(const char *)answer->sdp.at, answer->sdp.len}) !=
        LK_OK)
        by_hand_drop(a);
}

void by_hand_hear(by_hand *b, lk_str text) {
    slip_key key = by_hand_key(b);
    slip heard;
    if (!slip_read(&key, text, &heard)) {
        by_hand_note(b, "this is not for this room, or a part of it is missing");
        return;
    }
    if (heard.answer)
        by_hand_answered(b, &heard);
    else
        by_hand_answer(b, &heard);
    lk_buf_free(&heard.sdp);
}

/* ---- time, and the rest ---- */

static void by_hand_tick(void *context) {
    by_hand *b = context;
    uint64_t now_ms = loop_now_ms();
    lk_rtc_global_tick(now_ms);
    if (!b->ready && b->servers->asked == 0) {
        b->ready = true;
        b->events.ready(b->events.context);
    }
    for (size_t i = 0; i < b->attempts.len; i++) {
        attempt *a = b->attempts.at[i];
        if (a->session != NULL) session_tick(a->session, now_ms);
        if (a->session == NULL) continue;
        if (now_ms > a->begun_ms + BY_HAND_GATHER_MS) by_hand_tell(a);
        if (a->link == 0 && now_ms > a->begun_ms + BY_HAND_PATIENCE_MS) by_hand_drop(a);
    }
    by_hand_sweep(b);
    loop_timer_start(b->tick, BY_HAND_TICK_MS);
}

by_hand *by_hand_new(const by_hand_options *options, const by_hand_events *events) {
    by_hand *b = heap_new(by_hand);
    b->options = *options, b->events = *events;
    b->identity = lk_rtc_identity_new(&heap_memory);
    LK_ASSERT(b->identity != NULL);
    b->servers = servers_new(options->loop, NULL, NULL);
    for (size_t i = 0; i < options->stun_len; i++) servers_add_stun(b->servers, &options->stun[i]);
    b->tick = loop_timer(options->loop, by_hand_tick, b);
    loop_timer_start(b->tick, BY_HAND_TICK_MS);
    return b;
}

void by_hand_free(by_hand *b) {
    loop_close(b->tick);
    for (size_t i = 0; i < b->attempts.len; i++) by_hand_drop(b->attempts.at[i]);
    by_hand_sweep(b);
    vec_drop(&heap_memory, &b->attempts);
    servers_free(b->servers);
    lk_rtc_identity_free(b->identity);
    heap_free(by_hand, b);
}

static attempt *by_hand_by_link(const by_hand *b, uint32_t link) {
    for (size_t i = 0; link != 0 && i < b->attempts.len; i++)
        if (b->attempts.at[i]->link == link) return b->attempts.at[i];
    return NULL;
}

void by_hand_send(by_hand *b, uint32_t link, lk_bytes message) {
    attempt *a = by_hand_by_link(b, link);
    if (a != NULL) session_send(a->session, message);
}

bool by_hand_holds(const by_hand *b, uint32_t link) {
    const attempt *a = by_hand_by_link(b, link);
    return a != NULL && session_holds(a->session);
}

void by_hand_hang_up(by_hand *b, uint32_t link) {
    attempt *a = by_hand_by_link(b, link);
    if (a != NULL) by_hand_drop(a);
}
