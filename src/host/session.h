/* SPDX-License-Identifier: MIT
 * session.h - one attempt at a DataChannel: a lk_rtc with sockets of its own, on the loop.
 *
 *     UDP sockets ─► lk_rtc_feed ─► lk_rtc_poll ─┬► datagrams, sent at once
 *                                                └► events: candidate, opened, message, closed
 *     messages ─► turns ─► lk_rtc_send, as it takes them */
#ifndef HOST_SESSION_H
#define HOST_SESSION_H

#include "host/loop.h"

typedef struct session session;

typedef struct session_events { /* session_free() may be called from all of them */
    void *context;
    void (*candidate)(void *context, lk_str line); /* for the other side */
    void (*opened)(void *context);
    void (*message)(void *context, lk_bytes message);
    void (*closed)(void *context, const char *why); /* nothing follows */
    void (*drained)(void *context); /* more can be sent than is held now; may be NULL */
} session_events;

typedef struct session_options {
    bool offerer, loopback;
    const lk_rtc_identity *identity;
    const lk_addr *stun;
    size_t stun_len;
    const lk_rtc_turn *turn;
    const char *const *tls_names; /* of each of them; NULL: it does not speak TLS */
    size_t turn_len;
    uint32_t patience_ms; /* for the other side to be found; 0: 20 s */
} session_options;

/* A session with a socket on every local address. Descriptions and candidates are for the caller to
 * carry. */
session *session_new(loop *l, const session_options *options, const session_events *events);
/* Says goodbye to the other side first, if it can be reached. */
void session_free(session *s);

lk_status session_describe(session *s, lk_buf *sdp);
lk_status session_remote(session *s, lk_str sdp);
void session_remote_candidate(session *s, lk_str line);
/* Queue a message of a room (lorikeet_room.h) and send what can be sent. Rooms take turns; those of
 * one keep their order. */
void session_send(session *s, lk_bytes message);
/* Bytes that wait to be taken by SCTP. */
size_t session_queued(const session *s);
/* Does something wait to be sent, or to be acknowledged by the other side's SCTP? */
bool session_holds(const session *s);
/* Let time pass; every 10 ms or so, after lk_rtc_global_tick(). */
void session_tick(session *s, uint64_t now_ms);
/* Does it look as if nobody were at the other end any more? Its address refuses what we send, or
 * nothing has come for longer than two of ICE's checks take. By itself that is no reason to give
 * up: it may be the network. */
bool session_deserted(const session *s, uint64_t now_ms);
/* Does ICE have to find a path anew? Its checks are not answered, though it is too early to give
 * up; or this host, whose addresses are `found`, has one that the session does not use, or has lost
 * the one that it does use. */
bool session_failing(const session *s, uint64_t now_ms);
bool session_moved(const session *s, const lk_addr *found, size_t found_len);
/* Take the sockets and servers of now for the restart that follows, ours or the other side's. */
void session_renew(session *s, const session_options *options);
/* Restart ICE: session_describe() gives the offer. */
lk_status session_restart(session *s);
/* The addresses in use, for people to read: "10.0.0.1 - 10.0.0.2". */
void session_path(const session *s, lk_buf *out);

#endif
