/* SPDX-License-Identifier: MIT
 * signal_client.c - one attempt after the other.
 *
 *     wait ─► look the name up ─► connect ─► join ─► in the room ─┐
 *      ▲                                                          │
 *      └───────── any failure, any end, any silence ◄─────────────┘
 *
 * Each attempt is a record of its own, so that what an abandoned one still has to say (an address,
 * a close) finds nobody listening. */
#include "host/signal_client.h"

#include "base/str.h"

#include <string.h>

#include "host/allowance.h"
#include "host/heap.h"
#include "host/random.h"

#define SIGNAL_CLIENT_FIRST_MS 500
#define SIGNAL_CLIENT_LONGEST_MS 15000
/* A socket that died with the network says nothing by itself: ask, and expect an answer. */
#define SIGNAL_CLIENT_PING_MS 8000
#define SIGNAL_CLIENT_ANSWER_MS 5000
/* So many failures in a row lead to the longest wait. */
#define SIGNAL_CLIENT_DOUBLINGS 5

typedef struct attempt {
    signal_client *client; /* NULL: abandoned */
    web_conn *conn;
} attempt;

struct signal_client {
    signal_client_options options;
    signal_client_events events;
    attempt *attempt; /* NULL: waiting to try again */
    loop_handle *retry, *ping, *silence;
    uint32_t failures;
    allowance allowance; /* what the server may still say */
    bool in, told;
    char self[RANDOM_NAME_LEN + 1];
    lk_buf authority; /* as a C string */
};

uint64_t signal_client_backoff_ms(uint32_t failures) {
    uint64_t full = SIGNAL_CLIENT_LONGEST_MS;
    if (failures < SIGNAL_CLIENT_DOUBLINGS) full = (uint64_t)SIGNAL_CLIENT_FIRST_MS << failures;
    return full - random_u64() % (full / 2);
}

/* ---- ends ---- */

static void signal_client_abandon(signal_client *c) {
    attempt *a = c->attempt;
    loop_timer_stop(c->ping);
    loop_timer_stop(c->silence);
    c->attempt = NULL, c->in = false;
    if (a == NULL) return;
    a->client = NULL;
    if (a->conn != NULL) web_close(a->conn);
}

static void signal_client_lost(signal_client *c, const char *why) {
    signal_client_abandon(c);
    loop_timer_start(c->retry, signal_client_backoff_ms(c->failures++));
    if (c->told) return;
    c->told = true;
    c->events.lost(c->events.context, why);
}

static void signal_client_silent(void *context) {
    signal_client_lost(context, "the server does not answer");
}

static void signal_client_closed(void *user) {
    attempt *a = user;
    signal_client *c = a->client;
    heap_free(attempt, a);
    if (c == NULL) return;
    c->attempt = NULL;
    signal_client_lost(c, c->in ? "the server closed the connection" : "the server is not there");
}

/* ---- in the room ---- */

static void signal_client_ping(void *context) {
    signal_client *c = context;
    web_send(c->attempt->conn, (lk_bytes){(const uint8_t *)"ping", 4});
    loop_timer_start(c->silence, SIGNAL_CLIENT_ANSWER_MS);
}

static void signal_client_welcome(signal_client *c, const signal_message *m) {
    c->failures = 0, c->in = true, c->told = false;
    c->events.welcome(c->events.context, (lk_str){c->self, RANDOM_NAME_LEN}, m);
    lk_str peer;
    for (size_t i = 0; signal_message_peer(m, i, &peer); i++)
        if (peer.len == SIGNAL_PEER_LEN) c->events.joined(c->events.context, peer);
}

static void signal_client_heard(signal_client *c, const signal_message *m) {
    bool named = m->peer.len == SIGNAL_PEER_LEN;
    if (str_is(m->type, "welcome") && !c->in)
        signal_client_welcome(c, m);
    else if (str_is(m->type, "peer-joined") && named)
        c->events.joined(c->events.context, m->peer);
    else if (str_is(m->type, "peer-left") && named)
        c->events.left(c->events.context, m->peer);
    else if (str_is(m->type, "signal") && m->from.len == SIGNAL_PEER_LEN)
        c->events.signal(c->events.context, m->from, m);
    else if (str_is(m->type, "error") && !c->in)
        /* Inside, an error is about one message to somebody who has just left. */
        signal_client_lost(c, "the server does not let us into the room");
}

/* A server that floods is left alone for as long as possible; those whom it introduced stay. What
 * an honest one says when we enter a full room is a tenth of the allowance. */
static bool signal_client_bears(signal_client *c, lk_bytes said) {
    uint64_t cost = said.len + LIMIT_SIGNAL_MESSAGE_CHARGE;
    if (allowance_take(&c->allowance, cost, loop_now_ms())) return true;
    c->failures = SIGNAL_CLIENT_DOUBLINGS;
    signal_client_lost(c, "the server says more than an honest one would: leaving it alone for a "
                          "while");
    return false;
}

static void signal_client_message(void *user, web_message_kind kind, lk_bytes text) {
    attempt *a = user;
    signal_client *c = a->client;
    if (c == NULL) return;
    if (kind != WEB_TEXT) {
        (void)signal_client_bears(c, text);
        return;
    }
    loop_timer_stop(c->silence);
    loop_timer_start(c->ping, SIGNAL_CLIENT_PING_MS);
    if (!signal_client_bears(c, text)) return;
    signal_message m;
    const char *why;
    if (!signal_message_read(text, &m, &why)) return; /* "pong", for one */
    signal_client_heard(c, &m);
    signal_message_drop(&m);
}

void signal_client_say(signal_client *c, lk_str to, const lk_buf *data) {
    if (!c->in) return;
    lk_buf out = HEAP_BUF;
    heap_print(&out, "{\"type\":\"signal\",\"to\":\"%.*s\",\"data\":%.*s}", (int)to.len, to.at,
               (int)data->len, (const char *)data->at);
    web_send(c->attempt->conn, (lk_bytes){out.at, out.len});
    lk_buf_free(&out);
}

/* ---- connecting ---- */

static void *signal_client_opened(void *context, web_conn *conn) {
    attempt *a = context;
    signal_client *c = a->client;
    if (c == NULL) return a;
    a->conn = conn;
    c->allowance = allowance_new(loop_now_ms());
    random_name(c->self);
    if (c->options.relay) memcpy(c->self, SIGNAL_RELAY, sizeof SIGNAL_RELAY - 1);
    lk_buf out = HEAP_BUF;
    heap_print(&out, "{\"type\":\"join\",\"v\":1,\"room\":\"%.*s\",\"peer\":\"%s\"}",
               (int)c->options.room.len, c->options.room.at, c->self);
    web_send(conn, (lk_bytes){out.at, out.len});
    lk_buf_free(&out);
    return a;
}

static void signal_client_connect(void *context, lk_addr found) {
    attempt *a = context;
    signal_client *c = a->client;
    web_conn *conn = NULL;
    if (c != NULL && found.family != 0) {
        web_target target = {.addr = found,
                             .host = heap_str(&c->authority),
                             .path = "/signal",
                             .tls = c->options.server.tls};
        web_events events = {a, signal_client_opened, signal_client_message, signal_client_closed,
                             NULL};
        conn = web_connect(c->options.web, &target, &events);
    }
    a->conn = conn;
    if (conn != NULL) return;
    heap_free(attempt, a);
    if (c == NULL) return;
    c->attempt = NULL;
    signal_client_lost(c, found.family == 0 ? "no address is known for the server"
                                            : "the server is not there");
}

static void signal_client_try(void *context) {
    signal_client *c = context;
    attempt *a = heap_new(attempt);
    a->client = c;
    c->attempt = a;
    loop_timer_start(c->silence, SIGNAL_CLIENT_ANSWER_MS + SIGNAL_CLIENT_PING_MS);
    loop_find(c->options.loop, &c->options.server.at, signal_client_connect, a);
}

signal_client *signal_client_new(const signal_client_options *options,
                                 const signal_client_events *events) {
    signal_client *c = heap_new(signal_client);
    c->options = *options, c->events = *events;
    c->authority = (lk_buf)HEAP_BUF;
    const address_url *server = &options->server;
    heap_print(&c->authority, "%.*s", (int)server->authority.len, server->authority.at);
    c->retry = loop_timer(options->loop, signal_client_try, c);
    c->ping = loop_timer(options->loop, signal_client_ping, c);
    c->silence = loop_timer(options->loop, signal_client_silent, c);
    loop_timer_start(c->retry, 0);
    return c;
}

void signal_client_free(signal_client *c) {
    signal_client_abandon(c);
    loop_close(c->retry);
    loop_close(c->ping);
    loop_close(c->silence);
    lk_buf_free(&c->authority);
    heap_free(signal_client, c);
}
