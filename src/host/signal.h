/* SPDX-License-Identifier: MIT
 * signal.h - the signalling rooms: who is in which, and who hears what (docs/PROTOCOL.md section
 * 1). Messages in, messages out through two functions; no sockets, no clock. */
#ifndef HOST_SIGNAL_H
#define HOST_SIGNAL_H

#include "base/mem.h"

typedef struct signal_hub signal_hub;
typedef struct signal_member signal_member;

typedef struct signal_options {
    const lk_str *stun; /* "HOST:PORT", told to those who join */
    size_t stun_len;
    const lk_str *turn; /* likewise, or URLs (RFC 7065); must stay */
    size_t turn_len;
    lk_str turn_secret;      /* what their credentials are made with (turn_secret.h) */
    int64_t (*unix_s)(void); /* needed for that */
    uint64_t seed;           /* of the hash of room names; random in programs */
    /* Both are called from within signal_feed() and signal_leave() with the `conn` of some member,
     * and must not call back into the hub. `close` ends it after what was sent before. */
    void (*send)(void *conn, lk_bytes text);
    void (*close)(void *conn);
} signal_options;

signal_hub *signal_hub_new(const signal_options *options);
/* Every member must have left. */
void signal_hub_free(signal_hub *hub);

/* A connection came; it is in no room yet. */
signal_member *signal_enter(signal_hub *hub, void *conn, uint64_t now_ms);
/* It is gone: the room hears of it. */
void signal_leave(signal_member *member);

typedef enum signal_feed_kind {
    SIGNAL_TEXT,
    SIGNAL_BINARY, /* a message that is not text; `message` is not looked at */
    SIGNAL_HUGE,   /* a message over the limit; `message.at` is not looked at */
} signal_feed_kind;
/* It said something. Whatever it is costs an answer or that connection, nothing else. */
void signal_feed(signal_member *member, signal_feed_kind kind, lk_bytes message, uint64_t now_ms);

typedef struct signal_stats {
    size_t members, rooms;
} signal_stats;
signal_stats signal_stats_read(const signal_hub *hub);

#endif
