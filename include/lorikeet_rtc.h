/* SPDX-License-Identifier: MIT
 * lorikeet_rtc.h - a WebRTC DataChannel peer: datagrams and time in, datagrams and messages out.
 *
 *     network ─► lk_rtc_feed ─► ice ─┬► dtls ─► sctp ─► dcep ─► MESSAGE        lk_rtc_poll() hands
 *                                    └► stun (checks, consent)                 everything out
 *     lk_rtc_send ─► sctp ─► dtls ─► ice ─► DATAGRAM ─► network
 *
 * One ordered, reliable, binary channel labelled "loro-sync" (W3C WebRTC, RFC 8831/8832) per peer.
 * The peer opens no sockets and reads no clock: you own one UDP socket per local address, hand in
 * what it receives and send what is polled. The rules of lorikeet.h hold; all peers of a process
 * live on one thread, because the SCTP library keeps global state. */
#ifndef LORIKEET_RTC_H
#define LORIKEET_RTC_H

#include "lorikeet.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lk_rtc lk_rtc;

typedef struct lk_addr { /* an IP endpoint */
    uint8_t family;      /* 4 or 6; 0: none */
    uint16_t port;       /* host order */
    uint32_t scope;      /* IPv6 link-local interface index, else 0 */
    uint8_t ip[16];      /* network order; IPv4 uses the first 4 */
} lk_addr;

/* Once per process, before the first peer and after the last. LK_ESTATE: it is done already. */
lk_status lk_rtc_global_init(void);
void lk_rtc_global_drop(void);
/* Drives the SCTP timers of all peers: call every 10 ms or so, and once before lk_rtc_poll(). */
void lk_rtc_global_tick(uint64_t now_ms);

/* A key and its certificate. Sessions that share one can be seen to belong together: the
 * fingerprint in their descriptions is the same. It may be freed before them. */
typedef struct lk_rtc_identity lk_rtc_identity;
/* A fresh one, or NULL when memory is out. */
lk_rtc_identity *lk_rtc_identity_new(const lk_memory *memory_or_null);
void lk_rtc_identity_free(lk_rtc_identity *identity);

typedef struct lk_rtc_turn { /* a TURN server (RFC 8656) that is asked over UDP */
    lk_addr server;
    lk_str username, password; /* at most 256 bytes each */
} lk_rtc_turn;

typedef struct lk_rtc_options {
    bool offerer;          /* true: makes the offer and opens the channel */
    const lk_addr *locals; /* addresses of your sockets: host candidates */
    size_t local_len;
    const lk_addr *stun; /* servers asked for server-reflexive candidates */
    size_t stun_len;
    const lk_rtc_turn *turn; /* servers asked for relayed candidates, from each address */
    size_t turn_len;
    bool allow_loopback;  /* accept and gather 127.0.0.0/8 and ::1 (tests, one-machine use) */
    uint32_t message_max; /* bytes; 0: 262144; at most 2^28 */
    uint64_t seed; /* 0: OpenSSL's random; else deterministic ICE credentials and timers (tests) */
    const lk_rtc_identity *identity; /* NULL: one of its own */
} lk_rtc_options;

lk_rtc *lk_rtc_new(const lk_rtc_options *options, uint64_t now_ms, const lk_memory *memory_or_null);
void lk_rtc_free(lk_rtc *rtc);

/* Append our SDP: an offer, or, once the remote offer is in, an answer. Trickle: candidates known
 * now are included, later ones come as LK_RTC_CANDIDATE. */
lk_status lk_rtc_local_description(lk_rtc *rtc, lk_buf *out);
/* The other side's SDP. Unknown lines are ignored; LK_ECORRUPT names the byte of a broken one. One
 * that comes later restarts ICE, or answers our restart: it has new credentials and the same
 * certificate (LK_ECORRUPT: another one), or is refused with LK_ESTATE. If it was an offer,
 * describe yourself again. */
lk_status lk_rtc_remote_description(lk_rtc *rtc, lk_str sdp, uint64_t now_ms,
                                    lk_fault *fault_or_null);
/* One trickled "candidate:..." line; empty means the end of candidates. Candidates that cannot be
 * used (TCP, mDNS names, over the limit) are ignored and return LK_OK. */
lk_status lk_rtc_remote_candidate(lk_rtc *rtc, lk_str line, uint64_t now_ms);

/* A datagram that arrived at local address `to` from `from`. Anything may be in it. */
void lk_rtc_feed(lk_rtc *rtc, const lk_addr *to, const lk_addr *from, lk_bytes datagram,
                 uint64_t now_ms);
/* Queue one message. LK_ELIMIT: longer than both sides allow. LK_ESTATE: not open. */
lk_status lk_rtc_send(lk_rtc *rtc, lk_bytes message, uint64_t now_ms);
/* Bytes queued and not yet handed to SCTP; pause above a mark of your own. */
size_t lk_rtc_buffered(const lk_rtc *rtc);
uint32_t lk_rtc_message_max(const lk_rtc *rtc);
/* Close the channel and the association politely; LK_RTC_CLOSED follows. */
void lk_rtc_close(lk_rtc *rtc, uint64_t now_ms);

/* Look for a path anew (an ICE restart, RFC 8445 section 9), because this one fails or because the
 * network is another one: describe yourself afterwards; that is an offer, whoever made the first
 * one. Messages go over the old path until there is a new one, and none is lost. An offer of the
 * other side takes the place of ours that it has not answered. LK_ESTATE: its first description has
 * not come, or all is over. */
lk_status lk_rtc_restart(lk_rtc *rtc, uint64_t now_ms);
/* Your sockets or servers are others now: the next restart, ours or theirs, which should follow at
 * once, takes `locals`, `stun` and `turn` of `options`. Nothing leaves from other sockets any more.
 */
void lk_rtc_network(lk_rtc *rtc, const lk_rtc_options *options, uint64_t now_ms);

void lk_rtc_tick(lk_rtc *rtc, uint64_t now_ms);
uint64_t lk_rtc_wake_at(const lk_rtc *rtc);

typedef enum lk_rtc_out_kind {
    LK_RTC_DATAGRAM,  /* send `bytes` from local address `local` to `remote` */
    LK_RTC_CANDIDATE, /* trickle `bytes` ("candidate:..." text; empty: end) to the other side */
    LK_RTC_OPEN,      /* the channel is open */
    LK_RTC_MESSAGE,   /* `bytes` arrived, whole */
    LK_RTC_DRAINED,   /* lk_rtc_buffered() fell below its low mark */
    LK_RTC_CLOSED,    /* over; `what` is a literal saying why. Only lk_rtc_free() is left */
} lk_rtc_out_kind;

typedef struct lk_rtc_out {
    lk_rtc_out_kind kind;
    lk_addr local, remote;
    lk_bytes bytes;
    const char *what;
} lk_rtc_out;

/* The next thing to do, oldest first, or NULL; a view until the next call on this peer. */
const lk_rtc_out *lk_rtc_poll(lk_rtc *rtc, uint64_t now_ms);

typedef enum lk_rtc_state {
    LK_RTC_NEW,
    LK_RTC_CONNECTING,
    LK_RTC_CONNECTED,
    LK_RTC_OVER
} lk_rtc_state;
typedef struct lk_rtc_stats {
    lk_rtc_state state;
    lk_addr local, remote; /* the selected pair */
    uint32_t rtt_ms;       /* of the last consent check */
    uint64_t answered_ms;  /* when the other side last answered one: they go every 4 to 6 s */
    uint32_t restarts;     /* of ICE, so far */
} lk_rtc_stats;
lk_rtc_stats lk_rtc_stats_read(const lk_rtc *rtc);

#ifdef __cplusplus
}
#endif
#endif
