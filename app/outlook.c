/* SPDX-License-Identifier: MIT
 * outlook.c - join a room that nobody else is in, and begin a session with nobody.
 *
 *     welcome ─► the servers it names are looked up ─► session ─► candidates, until the last
 *
 * The last candidate comes when every STUN and TURN server has answered from each address; one that
 * is silent is waited for until patience ends. */
#include "outlook.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "host/heap.h"
#include "host/mdns.h"
#include "host/random.h"
#include "host/servers.h"
#include "host/session.h"
#include "host/signal_client.h"

#define OUTLOOK_PATIENCE_MS 8000
#define OUTLOOK_TICK_MS 10

typedef struct outlook_view { /* one of our sockets, as a STUN server sees it */
    char base[64], seen[64];
    unsigned base_port, seen_port;
} outlook_view;

typedef struct outlook {
    loop *loop;
    web *web;
    lk_buf *report;
    bool loopback, well;
    char room[RANDOM_NAME_LEN + 1];
    signal_client *client;
    loop_handle *tick, *patience;
    servers *servers;
    bool named; /* all servers are, that will be */
    lk_rtc_identity *identity;
    session *session;
    VEC(outlook_view) views;
    size_t relays; /* that gave an address */
} outlook;

static void outlook_ill(outlook *o, const char *what) {
    o->well = false;
    heap_print(o->report, "%s\n", what);
}

/* ---- addresses ---- */

/* A line of SDP or of signalling; false if it is no candidate of that kind. */
static bool outlook_read(const char *line, const char *kind, outlook_view *out) {
    char type[16] = "";
    int read = sscanf(line, "candidate:%*s %*u %*s %*u %63s %u typ %15s raddr %63s rport %u",
                      out->seen, &out->seen_port, type, out->base, &out->base_port);
    return read >= 3 && strcmp(type, kind) == 0;
}

static void outlook_print_hosts(outlook *o, const char *sdp) {
    outlook_view view;
    bool any = false;
    for (const char *at = sdp; (at = strstr(at, "a=candidate:")) != NULL; at += 2) {
        if (!outlook_read(at + 2, "host", &view)) continue;
        heap_print(o->report, "%s %s", any ? "," : "addresses here:", view.seen);
        any = true;
    }
    if (any)
        heap_print(o->report, "\n");
    else
        outlook_ill(o, "no address here: is there any network?");
}

static void outlook_symmetric(outlook *o) {
    heap_print(o->report, "and differently by each who looks (a symmetric NAT)\n");
    if (o->servers->relay_len == 0)
        outlook_ill(o, "no relay is named: peers behind another such NAT cannot be met");
}

static void outlook_print_view(outlook *o, const outlook_view *view) {
    heap_print(o->report, "%s is seen from outside as %s, port %u\n", view->base, view->seen,
               view->seen_port);
    for (size_t i = 0; i < o->views.len; i++) {
        const outlook_view *other = &o->views.at[i];
        if (strcmp(other->base, view->base) == 0 && other->base_port == view->base_port)
            outlook_symmetric(o);
    }
    *vec_push(&heap_memory, &o->views) = *view;
}

/* ---- the session ---- */

static void outlook_candidate(void *context, lk_str line) {
    outlook *o = context;
    outlook_view view;
    char text[256];
    if (line.len == 0) {
        heap_print(o->report, "every server that was asked answers\n");
        if (o->servers->relay_len > 0 && o->relays == 0) outlook_ill(o, "no relay lets us in");
        loop_stop(o->loop);
        return;
    }
    snprintf(text, sizeof text, "%.*s", (int)line.len, line.at);
    if (outlook_read(text, "srflx", &view)) outlook_print_view(o, &view);
    if (!outlook_read(text, "relay", &view)) return;
    heap_print(o->report, "a relay gives %s, port %u\n", view.seen, view.seen_port);
    o->relays++;
}

static void outlook_none(void *context) { (void)context; }
static void outlook_message(void *context, lk_bytes message) { (void)context, (void)message; }
static void outlook_closed(void *context, const char *why) { (void)context, (void)why; }

static void outlook_begin(void *context) {
    outlook *o = context;
    if (!o->named || o->servers->asked > 0 || o->session != NULL) return;
    if (o->servers->unknown) outlook_ill(o, "the name of a STUN or TURN server is not known");
    lk_rtc_turn turn[LIMIT_ICE_SERVERS];
    const char *tls_names[LIMIT_ICE_SERVERS];
    session_options options = {.offerer = true,
                               .loopback = o->loopback,
                               .identity = o->identity,
                               .stun = o->servers->stun,
                               .stun_len = o->servers->stun_len,
                               .turn = turn,
                               .tls_names = tls_names,
                               .turn_len = servers_turn(o->servers, turn, tls_names)};
    session_events events = {o,   outlook_candidate, outlook_none, outlook_message, outlook_closed,
                             NULL};
    lk_buf sdp = HEAP_BUF;
    o->session = session_new(o->loop, &options, &events);
    LK_ASSERT(session_describe(o->session, &sdp) == LK_OK);
    outlook_print_hosts(o, heap_str(&sdp));
    if (mdns_reach() == 0)
        heap_print(o->report, "no multicast DNS here: browsers that hide their addresses have to "
                              "reach this host by themselves\n");
    if (o->servers->stun_len == 0)
        heap_print(o->report, "no STUN server is named: only peers of this network can be met\n");
    if (strstr(heap_str(&sdp), "a=end-of-candidates") != NULL) loop_stop(o->loop);
    lk_buf_free(&sdp);
}

/* ---- what it is asked ---- */

static void outlook_welcome(void *context, lk_str self, const signal_message *message) {
    outlook *o = context;
    (void)self;
    if (o->session != NULL) return;
    heap_print(o->report, "the server answers\n");
    servers_take(o->servers, message);
    o->named = true;
    outlook_begin(o);
}

static void outlook_lost(void *context, const char *why) {
    outlook *o = context;
    outlook_ill(o, why);
    o->named = true;
    outlook_begin(o);
}

static void outlook_name(void *context, lk_str peer) { (void)context, (void)peer; }
static void outlook_signal(void *context, lk_str from, const signal_message *message) {
    (void)context, (void)from, (void)message;
}

/* ---- time ---- */

static void outlook_tick(void *context) {
    outlook *o = context;
    lk_rtc_global_tick(loop_now_ms());
    if (o->session != NULL) session_tick(o->session, loop_now_ms());
    loop_timer_start(o->tick, OUTLOOK_TICK_MS);
}

static void outlook_tire(void *context) {
    outlook *o = context;
    outlook_ill(o, o->session == NULL ? "the server does not answer"
                                      : "a STUN or TURN server does not answer: does this network "
                                        "let UDP through?");
    loop_stop(o->loop);
}

static void outlook_run(outlook *o, const address_url *server, const cli_list *stun) {
    signal_client_options options = {o->loop, o->web, *server, {o->room, RANDOM_NAME_LEN}, false};
    signal_client_events events = {
        o, outlook_welcome, outlook_name, outlook_name, outlook_signal, outlook_lost};
    address at;
    random_name(o->room);
    o->servers = servers_new(o->loop, outlook_begin, o);
    for (size_t i = 0; i < stun->len; i++)
        if (address_read((lk_str){stun->at[i], strlen(stun->at[i])}, 3478, &at))
            servers_add_stun(o->servers, &at);
    o->client = signal_client_new(&options, &events);
    o->tick = loop_timer(o->loop, outlook_tick, o);
    o->patience = loop_timer(o->loop, outlook_tire, o);
    loop_timer_start(o->tick, OUTLOOK_TICK_MS);
    loop_timer_start(o->patience, OUTLOOK_PATIENCE_MS);
    loop_run(o->loop);
    signal_client_free(o->client);
    loop_close(o->tick);
    loop_close(o->patience);
    if (o->session != NULL) session_free(o->session);
    servers_free(o->servers);
}

bool outlook_tell(const address_url *server, const cli_list *stun, bool loopback, lk_buf *report) {
    outlook o = {.loop = loop_new(), .report = report, .loopback = loopback, .well = true};
    o.web = web_new(o.loop);
    LK_ASSERT(lk_rtc_global_init() == LK_OK);
    o.identity = lk_rtc_identity_new(&heap_memory);
    LK_ASSERT(o.identity != NULL);
    if (o.web != NULL)
        outlook_run(&o, server, stun);
    else
        outlook_ill(&o, "libwebsockets does not start; is its libuv plugin installed?");
    lk_rtc_identity_free(o.identity);
    lk_rtc_global_drop();
    if (o.web != NULL) web_free(o.web);
    loop_free(o.loop);
    vec_drop(&heap_memory, &o.views);
    return o.well;
}
