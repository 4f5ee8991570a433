/* SPDX-License-Identifier: MIT
 * turn.h - an address on a TURN server (RFC 8656): what is sent from there the server
 * sends, and it passes on what comes there from those whom we have written to. To ICE it is one
 * more socket of ours. */
#ifndef RTC_TURN_H
#define RTC_TURN_H

#include "base/limits.h"
#include "rtc/entropy.h"
#include "rtc/queue.h"
#include "rtc/stun.h"

typedef enum turn_state { TURN_ASKING, TURN_READY, TURN_OVER } turn_state;

typedef struct turn_text {
    char at[LIMIT_TURN_BYTES];
    size_t len;
} turn_text;

typedef struct turn_request { /* under way, or not: retry_ms is UINT64_MAX */
    uint8_t id[STUN_ID];
    uint8_t tries;
    uint64_t retry_ms;
} turn_request;

typedef struct turn_permission { /* to hear from a host, of whatever port */
    lk_addr peer;
    turn_request request;
    bool granted, used; /* used: since it was granted last */
    uint64_t refresh_ms;
} turn_permission;

typedef struct turn {
    const lk_memory *heap;
    queue *out;
    entropy *random;
    turn_state state;
    bool stream;          /* asked over a connection: `base` is no address then */
    lk_addr base, server; /* our socket, and where we ask */
    VEC(uint8_t) pieces;  /* of what came over the connection */
    size_t shown;         /* of them, as messages */
    lk_addr relayed, mapped;
    turn_text username, password, realm, nonce;
    uint8_t key[16]; /* of the credentials and the realm */
    bool keyed;
    uint8_t refusals;     /* of credentials, in a row */
    turn_request request; /* Allocate, later Refresh */
    uint64_t refresh_ms;
    VEC(turn_permission) permissions;
} turn;

/* Ask for an address, from our socket `base` or over a connection. `server` is copied. */
void turn_init(turn *t, const lk_addr *base, const lk_rtc_turn *server, const lk_memory *heap,
               queue *out, entropy *random, uint64_t now_ms);
void turn_drop(turn *t);
/* Give the address back. */
void turn_close(turn *t);
/* There is none any more. */
void turn_end(turn *t);

/* ---- over a connection ----
 * Messages follow one another; each begins with its length (RFC 8656 section 12.6, RFC 8489 section
 * 6.2.2). Put what came; then take message after message, views until the next call, until one is
 * empty. False: memory is out, or this is no TURN server. */
bool turn_stream_put(turn *t, lk_bytes bytes);
bool turn_stream_next(turn *t, lk_bytes *message);

typedef struct turn_data { /* what somebody sent to our relayed address; no bytes: nothing */
    lk_addr peer;
    lk_bytes bytes;
} turn_data;
/* Take a datagram that came to our socket `to`; false if it is not of the server. */
bool turn_feed(turn *t, const lk_addr *to, const lk_addr *from, lk_bytes datagram, turn_data *out,
               uint64_t now_ms);
/* What has to be sent from `base` to `server`, so that `datagram` goes from the relayed address to
 * `peer`; written into `w`. Nothing until the server lets us: then the datagram is lost, as any
 * may be. */
lk_bytes turn_wrap(turn *t, const lk_addr *peer, lk_bytes datagram, stun_writer *w,
                   uint64_t now_ms);
void turn_tick(turn *t, uint64_t now_ms);
uint64_t turn_wake_at(const turn *t);

#endif
