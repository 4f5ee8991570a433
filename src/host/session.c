/* SPDX-License-Identifier: MIT
 * session.c - lk_rtc between sockets and events.
 *
 * Every way in (a datagram, a message to send, a tick) ends in session_pump(), which polls until
 * nothing is left. An event may lead back in: then the pump that runs already goes on, and the
 * inner call returns at once. A session freed from within is freed when the outermost pump returns.
 */
#include "host/session.h"

#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/str.h"
#include "host/address.h"
#include "host/heap.h"
#include "host/mdns.h"
#include "host/socket.h"
#include "host/stream.h"
#include "host/turns.h"

/* Datagrams taken from one socket before others get their turn. */
#define SESSION_DRAIN 64
/* Consent is checked every 4 to 6 s (RFC 7675, section 5.1). */
#define SESSION_SILENCE_MS 13000
/* By docs/PROTOCOL.md: whoever offers opens the one channel of this name. */
#define SESSION_LABEL "loro-sync"
#define SESSION_STREAMS 16 /* to refuse others on */
/* What is given to the channel is sent in that order. SCTP's own buffer keeps the network busy, so
 * little more is given than it takes, and what is put in later may still come before what waits. */
#define SESSION_HIGH_BYTES (128u << 10)
#define SESSION_LOW_BYTES (64u << 10)

typedef struct session_socket {
    session *session;
    int fd;
    lk_addr addr;
    bool here; /* the host has that address still */
    loop_handle *readable;
} session_socket;

typedef struct session_stream { /* to a TURN server */
    session *session;
    lk_addr server;
    lk_buf tls_name; /* empty: TCP alone */
    stream *stream;  /* NULL: not now */
} session_stream;

typedef struct session_ear { /* for answers to questions for names */
    session *session;
    int fd;
    loop_handle *readable;
} session_ear;

struct session {
    loop *loop;
    lk_rtc *rtc;
    session_events events;
    session_socket sockets[LIMIT_ICE_LOCALS];
    session_stream streams[LIMIT_ICE_SERVERS];
    size_t stream_len;
    mdns mdns;
    session_ear ears[MDNS_SOCKETS]; /* one for each of its sockets */
    size_t ear_len;
    size_t socket_len, missed; /* addresses of this host without a socket */
    uint64_t heard_ms;         /* when the last datagram came */
    bool refused;              /* and since then the other side's address has refused one of ours */
    lk_rtc_channel channel;    /* 0: not yet */
    turns turns;               /* what the channel is not given yet */
    bool pumping, dead, over;
    bool told; /* that it is closed */
};

/* ---- sockets ---- */

static void session_readable(void *context);

static bool session_is_at(const session_socket *socket, const lk_addr *host) {
    lk_addr at = socket->addr;
    at.port = 0;
    return address_equal(&at, host);
}

static bool session_has(const session *s, const lk_addr *host) {
    for (size_t i = 0; i < s->socket_len; i++)
        if (session_is_at(&s->sockets[i], host)) return true;
    return false;
}

static void session_unbind(session_socket *socket) {
    loop_close(socket->readable);
    close(socket->fd);
}

/* Addresses come and go. A socket is kept while its address is away, for it may come back; until
 * there is need of its place. */
static session_socket *session_place(session *s) {
    if (s->socket_len < LIMIT_ICE_LOCALS) return &s->sockets[s->socket_len++];
    for (size_t i = 0; i < s->socket_len; i++) {
        if (s->sockets[i].here) continue;
        session_unbind(&s->sockets[i]);
        return &s->sockets[i];
    }
    return NULL;
}

static bool session_bind(session *s, const lk_addr *host) {
    lk_addr addr;
    int fd = socket_udp(host, &addr);
    session_socket *socket = fd < 0 ? NULL : session_place(s);
    if (socket == NULL) {
        if (fd >= 0) close(fd);
        return false;
    }
    *socket = (session_socket){s, fd, addr, true, NULL};
    socket->readable = loop_readable(s->loop, fd, session_readable, socket);
    return true;
}

/* A socket on every address of this host. */
static void session_bind_all(session *s, bool loopback) {
    lk_addr found[LIMIT_ICE_LOCALS * 4];
    size_t found_len = socket_interfaces(loopback, found, countof(found));
    for (size_t i = 0; i < s->socket_len; i++) {
        session_socket *socket = &s->sockets[i];
        socket->here = false;
        for (size_t k = 0; k < found_len; k++) socket->here |= session_is_at(socket, &found[k]);
    }
    s->missed = 0;
    for (size_t i = 0; i < found_len; i++)
        if (!session_has(s, &found[i])) s->missed += !session_bind(s, &found[i]);
}

static session_stream *session_stream_to(session *s, const lk_addr *server) {
    for (size_t i = 0; i < s->stream_len; i++)
        if (address_equal(&s->streams[i].server, server)) return &s->streams[i];
    return NULL;
}

/* Remember how to reach the servers that want a connection. */
static void session_know_streams(session *s, const session_options *options) {
    for (size_t i = 0; i < options->turn_len && s->stream_len < LIMIT_ICE_SERVERS; i++) {
        const lk_rtc_turn *turn = &options->turn[i];
        if (!turn->stream || session_stream_to(s, &turn->server) != NULL) continue;
        session_stream *to = &s->streams[s->stream_len++];
        *to = (session_stream){s, turn->server, HEAP_BUF, NULL};
        if (options->tls_names[i] != NULL) heap_print(&to->tls_name, "%s", options->tls_names[i]);
    }
}

static lk_rtc_options session_rtc_options(session *s, const session_options *options,
                                          lk_addr locals[LIMIT_ICE_LOCALS]) {
    size_t local_len = 0;
    session_bind_all(s, options->loopback);
    session_know_streams(s, options);
    for (size_t i = 0; i < s->socket_len; i++)
        if (s->sockets[i].here) locals[local_len++] = s->sockets[i].addr;
    return (lk_rtc_options){.offerer = options->offerer,
                            .locals = locals,
                            .local_len = local_len,
                            .stun = options->stun,
                            .stun_len = options->stun_len,
                            .turn = options->turn,
                            .turn_len = options->turn_len,
                            .allow_loopback = options->loopback,
                            .patience_ms = options->patience_ms,
                            .identity = options->identity,
                            .streams = SESSION_STREAMS,
                            .buffer_max = SIZE_MAX};
}

session *session_new(loop *l, const session_options *options, const session_events *events) {
    session *s = heap_new(session);
    s->loop = l;
    s->events = *events;
    s->heard_ms = loop_now_ms();
    lk_addr locals[LIMIT_ICE_LOCALS];
    lk_rtc_options rtc = session_rtc_options(s, options, locals);
    s->rtc = lk_rtc_new(&rtc, loop_now_ms(), &heap_memory);
    LK_ASSERT(s->rtc != NULL);
    lk_rtc_channel_options channel = {.label = {SESSION_LABEL, sizeof SESSION_LABEL - 1}};
    if (options->offerer)
        LK_ASSERT(lk_rtc_open(s->rtc, &channel, &s->channel, loop_now_ms()) == LK_OK);
    return s;
}

/* Of whichever session is being pumped. */
static socket_batch session_batch;

static void session_send_datagram(session *s, const lk_rtc_out *out) {
    for (size_t i = 0; i < s->socket_len; i++)
        if (address_equal(&s->sockets[i].addr, &out->local)) {
            socket_batch_add(&session_batch, s->sockets[i].fd, &out->remote, out->bytes);
            return;
        }
}

/* ---- connections ---- */

static bool session_pump(session *s);

static void session_stream_heard(void *context, lk_bytes bytes) {
    session_stream *to = context;
    session *s = to->session;
    s->heard_ms = loop_now_ms();
    lk_rtc_stream_feed(s->rtc, &to->server, bytes, s->heard_ms);
    session_pump(s);
}

static void session_stream_close(session_stream *to) {
    if (to->stream != NULL) stream_close(to->stream);
    to->stream = NULL;
}

static void session_stream_ended(void *context) {
    session_stream *to = context;
    session *s = to->session;
    session_stream_close(to);
    lk_rtc_stream_ended(s->rtc, &to->server, loop_now_ms());
    session_pump(s);
}

static void session_send_stream(session *s, const lk_rtc_out *out) {
    session_stream *to = session_stream_to(s, &out->remote);
    if (to == NULL) return;
    if (out->bytes.len == 0) {
        session_stream_close(to);
        return;
    }
    stream_events events = {to, session_stream_heard, session_stream_ended};
    const char *tls_name = to->tls_name.len > 0 ? heap_str(&to->tls_name) : NULL;
    if (to->stream == NULL) to->stream = stream_new(s->loop, &to->server, tls_name, &events);
    stream_send(to->stream, out->bytes);
}

/* ---- names ---- */

/* What is read is used up before anything else is read. */
static uint8_t session_datagrams[SOCKET_BATCH_BYTES];

static void session_hear_names(void *context) {
    const session_ear *ear = context;
    session *s = ear->session;
    mdns_inbox inbox = {0};
    mdns_answer a;
    while (mdns_read(&s->mdns, ear->fd, session_datagrams, &inbox, &a))
        (void)lk_rtc_resolved(s->rtc, (lk_str){a.name, HIDDEN_NAME}, &a.addr, loop_now_ms());
    session_pump(s);
}

static void session_ask(session *s, lk_str name) {
    mdns_ask(&s->mdns, name, loop_now_ms());
    for (; s->ear_len < s->mdns.socket_len; s->ear_len++) {
        session_ear *ear = &s->ears[s->ear_len];
        *ear = (session_ear){s, s->mdns.sockets[s->ear_len], NULL};
        ear->readable = loop_readable(s->loop, ear->fd, session_hear_names, ear);
    }
}

static void session_ask_no_more(session *s) {
    for (size_t i = 0; i < s->ear_len; i++) loop_close(s->ears[i].readable);
    s->ear_len = 0;
    mdns_drop(&s->mdns);
}

/* ---- the pump ---- */

static void session_destroy(session *s) {
    session_ask_no_more(s);
    turns_drop(&s->turns);
    for (size_t i = 0; i < s->socket_len; i++) session_unbind(&s->sockets[i]);
    for (size_t i = 0; i < s->stream_len; i++) {
        session_stream_close(&s->streams[i]);
        lk_buf_free(&s->streams[i].tls_name);
    }
    lk_rtc_free(s->rtc);
    heap_free(session, s);
}

static void session_opened(session *s, const lk_rtc_out *out) {
    bool ours = out->channel == s->channel;
    bool wanted = s->channel == 0 && str_is(out->opened->label, SESSION_LABEL) &&
                  !out->opened->unordered && out->opened->reliability == LK_RTC_RELIABLE;
    if (wanted) s->channel = out->channel;
    if (ours || wanted) {
        (void)lk_rtc_set_low(s->rtc, s->channel, SESSION_LOW_BYTES);
        s->events.opened(s->events.context);
    } else {
        lk_rtc_shut(s->rtc, out->channel, loop_now_ms());
    }
}

static bool session_takes(const session *s) {
    return lk_rtc_buffered(s->rtc, s->channel) < SESSION_HIGH_BYTES;
}

/* What cannot be sent is on a session that is over; its end is on the way. */
static void session_give(session *s, lk_bytes message) {
    (void)lk_rtc_send(s->rtc, s->channel, false, message, loop_now_ms());
}

static void session_give_more(session *s) {
    lk_bytes message;
    while (session_takes(s) && turns_take(&s->turns, &message)) session_give(s, message);
    if (session_takes(s) && s->events.drained != NULL) s->events.drained(s->events.context);
}

static void session_closed(session *s, const char *why) {
    if (s->told) return;
    s->told = true;
    s->events.closed(s->events.context, why);
}

static void session_event(session *s, const lk_rtc_out *out) {
    lk_str text = {(const char *)out->bytes.at, out->bytes.len};
    switch (out->kind) {
    case LK_RTC_DATAGRAM: session_send_datagram(s, out); break;
    case LK_RTC_STREAM: session_send_stream(s, out); break;
    case LK_RTC_CANDIDATE: s->events.candidate(s->events.context, text); break;
    case LK_RTC_RESOLVE: session_ask(s, text); break;
    case LK_RTC_OPEN: session_opened(s, out); break;
    case LK_RTC_MESSAGE:
        if (out->channel == s->channel) s->events.message(s->events.context, out->bytes);
        break;
    case LK_RTC_DRAINED: session_give_more(s); break;
    case LK_RTC_SHUT:
        if (out->channel == s->channel) session_closed(s, out->what);
        break;
    case LK_RTC_CLOSED:
        s->over = true;
        session_closed(s, out->what);
        break;
    }
}

/* False when this freed the session. */
static bool session_pump(session *s) {
    if (s->pumping) return true;
    s->pumping = true;
    const lk_rtc_out *out;
    while (!s->dead && !s->told && (out = lk_rtc_poll(s->rtc, loop_now_ms())) != NULL)
        session_event(s, out);
    socket_batch_send(&session_batch);
    s->pumping = false;
    if (!s->dead) return true;
    session_free(s);
    return false;
}

void session_free(session *s) {
    s->dead = true;
    if (s->pumping) return;
    uint64_t now_ms = loop_now_ms();
    if (!s->over) lk_rtc_close(s->rtc, now_ms);
    const lk_rtc_out *out;
    while (!s->over && (out = lk_rtc_poll(s->rtc, now_ms)) != NULL) {
        if (out->kind == LK_RTC_DATAGRAM) session_send_datagram(s, out);
        if (out->kind == LK_RTC_STREAM) session_send_stream(s, out);
        s->over = out->kind == LK_RTC_CLOSED;
    }
    socket_batch_send(&session_batch);
    session_destroy(s);
}

static void session_read_errors(session *s, int fd) {
    lk_addr who, remote = lk_rtc_stats_read(s->rtc).remote;
    while (socket_refused(fd, &who))
        if (address_equal(&who, &remote)) s->refused = true;
}

bool session_deserted(const session *s, uint64_t now_ms) {
    return s->refused || now_ms > s->heard_ms + SESSION_SILENCE_MS;
}

bool session_failing(const session *s, uint64_t now_ms) {
    lk_rtc_stats stats = lk_rtc_stats_read(s->rtc);
    return stats.state == LK_RTC_CONNECTED && now_ms > stats.answered_ms + SESSION_SILENCE_MS;
}

bool session_moved(const session *s, const lk_addr *found, size_t found_len) {
    lk_addr used = lk_rtc_stats_read(s->rtc).local;
    bool lost = false, stays = false;
    size_t more = 0;
    for (size_t i = 0; i < s->socket_len; i++) lost |= address_equal(&s->sockets[i].addr, &used);
    used.port = 0;
    for (size_t i = 0; i < found_len; i++) {
        stays |= address_equal(&found[i], &used);
        more += !session_has(s, &found[i]);
    }
    return more > s->missed || (lost && !stays && found_len > 0);
}

void session_renew(session *s, const session_options *options) {
    lk_addr locals[LIMIT_ICE_LOCALS];
    lk_rtc_options rtc = session_rtc_options(s, options, locals);
    lk_rtc_network(s->rtc, &rtc, loop_now_ms());
}

lk_status session_restart(session *s) { return lk_rtc_restart(s->rtc, loop_now_ms()); }

static void session_readable(void *context) {
    session_socket *socket = context;
    session *s = socket->session;
    session_read_errors(s, socket->fd);
    for (int i = 0; i < SESSION_DRAIN; i++) {
        lk_addr from;
        size_t each;
        int64_t len =
            socket_receive(socket->fd, session_datagrams, sizeof session_datagrams, &from, &each);
        if (len < 0) break;
        uint64_t now_ms = loop_now_ms();
        s->heard_ms = now_ms;
        s->refused = false;
        for (size_t at = 0; at < (size_t)len; at += each) {
            size_t left = (size_t)len - at;
            lk_bytes datagram = {session_datagrams + at, left < each ? left : each};
            lk_rtc_feed(s->rtc, &socket->addr, &from, datagram, now_ms);
        }
    }
    session_pump(s);
}

void session_tick(session *s, uint64_t now_ms) {
    if (lk_rtc_wake_at(s->rtc) <= now_ms) lk_rtc_tick(s->rtc, now_ms);
    mdns_tick(&s->mdns, now_ms);
    if (mdns_over(&s->mdns)) session_ask_no_more(s);
    session_pump(s);
}

/* ---- what the caller carries ---- */

lk_status session_describe(session *s, lk_buf *sdp) {
    return lk_rtc_local_description(s->rtc, sdp);
}

lk_status session_remote(session *s, lk_str sdp) {
    lk_status status = lk_rtc_remote_description(s->rtc, sdp, loop_now_ms(), NULL);
    if (status == LK_OK) session_pump(s);
    return status;
}

void session_remote_candidate(session *s, lk_str line) {
    /* A candidate that is refused is one that is not tried. */
    (void)lk_rtc_remote_candidate(s->rtc, line, loop_now_ms());
    session_pump(s);
}

void session_send(session *s, lk_bytes message) {
    if (turns_empty(&s->turns) && session_takes(s))
        session_give(s, message);
    else
        turns_put(&s->turns, message);
    session_pump(s);
}

size_t session_queued(const session *s) {
    return lanes_bytes(&s->turns.lanes) + lk_rtc_buffered(s->rtc, s->channel);
}

bool session_holds(const session *s) { return session_queued(s) > 0 || !lk_rtc_idle(s->rtc); }

void session_path(const session *s, lk_buf *out) {
    lk_rtc_stats stats = lk_rtc_stats_read(s->rtc);
    char local[64], remote[64];
    address_write(&stats.local, local);
    address_write(&stats.remote, remote);
    heap_print(out, "%s - %s", local, remote);
}
