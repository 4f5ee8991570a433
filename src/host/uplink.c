/* SPDX-License-Identifier: MIT
 * uplink.c - one attempt after the other, as in signal_client.c: each is a record of its own, so
 * that what an abandoned one still has to say finds nobody listening. That the other end is alive
 * the WebSocket sees to itself (web.h). */
#include "host/uplink.h"

#include "host/heap.h"
#include "host/signal_client.h"
#include "host/turns.h"

/* Given to the connection ahead of what it has sent. */
#define UPLINK_HIGH_BYTES (128u << 10)

typedef struct uplink_attempt {
    uplink *uplink; /* NULL: abandoned */
    web_conn *conn;
} uplink_attempt;

struct uplink {
    uplink_options options;
    uplink_events events;
    uplink_attempt *attempt; /* NULL: not wanted, or waiting to try again */
    loop_handle *retry;
    uint32_t failures;
    bool wanted, open;
    lk_buf authority; /* as a C string */
    turns turns;      /* what the connection is not given yet */
};

static void uplink_again(uplink *u) {
    if (u->wanted) loop_timer_start(u->retry, signal_client_backoff_ms(u->failures++));
}

/* No more of this attempt. */
static void uplink_abandon(uplink *u) {
    uplink_attempt *a = u->attempt;
    bool open = u->open;
    u->attempt = NULL, u->open = false;
    turns_drop(&u->turns);
    u->turns = (turns){0};
    if (a != NULL) {
        a->uplink = NULL;
        if (a->conn != NULL) web_close(a->conn);
    }
    if (open) u->events.closed(u->events.context);
}

static void *uplink_opened(void *context, web_conn *conn) {
    uplink_attempt *a = context;
    uplink *u = a->uplink;
    a->conn = conn;
    if (u == NULL) return a;
    u->open = true;
    u->events.opened(u->events.context);
    return a;
}

static void uplink_message(void *user, web_message_kind kind, lk_bytes message) {
    uplink *u = ((uplink_attempt *)user)->uplink;
    if (u == NULL || kind != WEB_BINARY) return;
    u->failures = 0;
    u->events.message(u->events.context, message);
}

static void uplink_give(uplink *u) {
    lk_bytes message;
    while (u->open && web_queued(u->attempt->conn) < UPLINK_HIGH_BYTES &&
           turns_take(&u->turns, &message))
        web_send_binary(u->attempt->conn, message);
}

static void uplink_drained(void *user) {
    uplink *u = ((uplink_attempt *)user)->uplink;
    if (u != NULL) uplink_give(u);
}

static void uplink_closed(void *user) {
    uplink_attempt *a = user;
    uplink *u = a->uplink;
    heap_free(uplink_attempt, a);
    if (u == NULL) return;
    u->attempt = NULL;
    uplink_abandon(u);
    uplink_again(u);
}

static void uplink_found(void *context, lk_addr found) {
    uplink_attempt *a = context;
    uplink *u = a->uplink;
    web_conn *conn = NULL;
    if (u != NULL && found.family != 0) {
        web_target target = {.addr = found,
                             .host = heap_str(&u->authority),
                             .path = "/rooms",
                             .tls = u->options.server.tls};
        web_events events = {a, uplink_opened, uplink_message, uplink_closed, uplink_drained};
        conn = web_connect(u->options.web, &target, &events);
    }
    a->conn = conn;
    if (conn != NULL) return;
    heap_free(uplink_attempt, a);
    if (u == NULL) return;
    u->attempt = NULL;
    uplink_again(u);
}

static void uplink_try(void *context) {
    uplink *u = context;
    if (u->attempt != NULL || !u->wanted) return;
    u->attempt = heap_new(uplink_attempt);
    u->attempt->uplink = u;
    loop_find(u->options.loop, &u->options.server.at, uplink_found, u->attempt);
}

void uplink_want(uplink *u, bool wanted) {
    if (u->wanted == wanted) return;
    u->wanted = wanted, u->failures = 0;
    if (wanted)
        loop_timer_start(u->retry, 0);
    else
        uplink_abandon(u);
}

void uplink_send(uplink *u, lk_bytes message) {
    if (!u->open) return;
    turns_put(&u->turns, message);
    uplink_give(u);
}

bool uplink_holds(const uplink *u) {
    return u->open && (!turns_empty(&u->turns) || web_queued(u->attempt->conn) > 0);
}

void uplink_hang_up(uplink *u) {
    uplink_abandon(u);
    uplink_again(u);
}

uplink *uplink_new(const uplink_options *options, const uplink_events *events) {
    uplink *u = heap_new(uplink);
    u->options = *options, u->events = *events;
    u->authority = (lk_buf)HEAP_BUF;
    heap_print(&u->authority, "%.*s", (int)options->server.authority.len,
               options->server.authority.at);
    u->retry = loop_timer(options->loop, uplink_try, u);
    return u;
}

void uplink_free(uplink *u) {
    u->wanted = false;
    uplink_abandon(u);
    loop_close(u->retry);
    lk_buf_free(&u->authority);
    heap_free(uplink, u);
}
