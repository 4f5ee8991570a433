/* SPDX-License-Identifier: MIT
 * lorikeet_rtc.h - a WebRTC DataChannel peer: datagrams and time in, datagrams and messages out.
 *
 *     network ─► lk_rtc_feed ─► ice ─┬► dtls ─► sctp ─► dcep ─► MESSAGE        lk_rtc_poll() hands
 *                                    └► stun (checks, consent)                 everything out
 *     lk_rtc_send ─► sctp ─► dtls ─► ice ─► DATAGRAM ─► network
 *
 * The peer opens no sockets and reads no clock: you own one UDP socket per local address, hand in
 * what it receives and send what is polled (lorikeet_rtc_loop.h does that for you). It is driven
 * so, after whatever else you called:
 *
 *     until lk_rtc_poll() gives NULL: do what it says
 *     sleep until a datagram comes (lk_rtc_feed), or lk_rtc_wake_at() (lk_rtc_tick), or 10 ms are
 *     over (lk_rtc_global_tick)
 *
 * The rules of lorikeet.h hold. All peers of a process live on one thread, because the SCTP library
 * keeps global state. `now_ms` is any clock in milliseconds that never goes back. A call costs what
 * it hands over; a peer about 90 KB and 100 bytes a stream, and what you queue on its channels. A
 * peer speaks DTLS 1.2 (RFC 6347) over one path of ICE (RFC 8445) that is proved again every 4 to
 * 6 s (RFC 7675), SCTP over that (RFC 8261, 9260), and channels over its streams (RFC 8831). */
#ifndef LORIKEET_RTC_H
#define LORIKEET_RTC_H

#include "lorikeet.h"

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__ /* what is declared here is all that the shared library exports */
#pragma GCC visibility push(default)
#endif

typedef struct lk_rtc lk_rtc;

typedef struct lk_addr { /* an IP endpoint */
    uint8_t family;      /* 4 or 6; 0: none */
    uint16_t port;       /* host order */
    uint32_t scope;      /* IPv6 link-local interface index, else 0 */
    uint8_t ip[16];      /* network order; IPv4 uses the first 4 */
} lk_addr;

/* Once per process, before the first peer and after the last. LK_ESTATE: it is done already;
 * LK_ENOMEM. */
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

typedef struct lk_rtc_turn { /* a TURN server (RFC 8656) */
    lk_addr server;
    lk_str username, password; /* at most 256 bytes each */
    bool stream; /* asked over a connection, TCP or TLS, that you make: LK_RTC_STREAM */
} lk_rtc_turn;

typedef struct lk_rtc_options {
    bool offerer;          /* true: makes an offer at first; both sides may */
    bool impolite;         /* when offers cross, ours stands: true on exactly one side */
    const lk_addr *locals; /* addresses of your sockets: host candidates */
    size_t local_len;
    const lk_addr *stun; /* servers asked for server-reflexive candidates */
    size_t stun_len;
    const lk_rtc_turn *turn; /* servers asked for relayed candidates, from each address, or once */
    size_t turn_len;
    bool allow_loopback;  /* accept and gather 127.0.0.0/8 and ::1 (tests, one-machine use) */
    uint32_t message_max; /* bytes; 0: 262144; at most 2^28 */
    uint16_t streams;  /* 0: 256; at most 2048. Either side can have half as many channels open */
    size_t buffer_max; /* bytes that may wait on a channel; 0: 16 MiB, or one message */
    uint32_t patience_ms; /* without any path to the other side; 0: 20 s */
    uint64_t seed; /* 0: OpenSSL's random; else deterministic ICE credentials and timers (tests) */
    const lk_rtc_identity *identity; /* NULL: one of its own */
} lk_rtc_options;

/* What `options` points at is copied. NULL: memory is out. */
lk_rtc *lk_rtc_new(const lk_rtc_options *options, uint64_t now_ms, const lk_memory *memory_or_null);
/* Without a word to the other side, which would wait 30 s for one: lk_rtc_close() first. */
void lk_rtc_free(lk_rtc *rtc);

/* ---- negotiation ----
 * Descriptions and candidates go to the other side by whatever way you have, in order:
 *
 *     if (lk_rtc_owes(rtc)) lk_rtc_local_description(rtc, &sdp), send it;     whenever that is so
 *     on what they send: lk_rtc_remote_description(rtc, ...) or lk_rtc_remote_candidate(rtc, ...)
 *
 * Both sides may offer, at any time: of two offers that cross the impolite side's stands, and the
 * other side gives its own up and answers (W3C WebRTC section 10.7, "perfect negotiation"). */
typedef enum lk_rtc_sdp { LK_RTC_NO_SDP, LK_RTC_OFFER, LK_RTC_ANSWER } lk_rtc_sdp;
/* What is due to the other side. */
lk_rtc_sdp lk_rtc_owes(const lk_rtc *rtc);
/* Append our description: an offer or an answer (RFC 8839, 8841, 8842), as lk_rtc_owes() said; or
 * when nothing is due, the last one again. Trickle (RFC 8838): candidates known now are included,
 * later ones come as LK_RTC_CANDIDATE. LK_ESTATE: there is none yet, or all is over. */
lk_status lk_rtc_local_description(lk_rtc *rtc, lk_buf *out);
/* The other side's description. Unknown lines are ignored; LK_ECORRUPT names the byte of a broken
 * one. Later ones restart ICE or answer our restart: they have new credentials and the same
 * certificate (LK_ECORRUPT: another one). LK_ESTATE: an answer that nobody asked for, one that has
 * come before, or all is over. LK_OK also for an offer that is to be ignored: see lk_rtc_owes(). */
lk_status lk_rtc_remote_description(lk_rtc *rtc, lk_str sdp, uint64_t now_ms,
                                    lk_fault *fault_or_null);
/* One trickled "candidate:..." line; empty means the end of candidates. Candidates that cannot be
 * used (TCP, over the limit) are ignored and return LK_OK. */
lk_status lk_rtc_remote_candidate(lk_rtc *rtc, lk_str line, uint64_t now_ms);
/* The address that LK_RTC_RESOLVE asked for; one call for each, if there are several. Its port does
 * not matter. Nothing happens for names that were not asked for. LK_EVALUE: it is no such name. */
lk_status lk_rtc_resolved(lk_rtc *rtc, lk_str name, const lk_addr *addr, uint64_t now_ms);

/* A datagram that arrived at local address `to` from `from`. Anything may be in it: what is not
 * proved to be of the other side changes nothing. */
void lk_rtc_feed(lk_rtc *rtc, const lk_addr *to, const lk_addr *from, lk_bytes datagram,
                 uint64_t now_ms);
/* What came over the connection with the TURN server `server`, in pieces of any length; and that it
 * could not be made, or has ended. */
void lk_rtc_stream_feed(lk_rtc *rtc, const lk_addr *server, lk_bytes bytes, uint64_t now_ms);
void lk_rtc_stream_ended(lk_rtc *rtc, const lk_addr *server, uint64_t now_ms);

/* ---- channels ----
 * Streams of messages, side by side: what waits on one does not hold up another. Either side opens
 * them at any time, also before there is a connection, and each is a stream of SCTP in both
 * directions (RFC 8831). A number stands for a channel of one peer; it never stands for another one
 * while you could still mean the first. A call with a channel that is gone is LK_ESTATE. */
typedef uint32_t lk_rtc_channel; /* 0: none */

/* Numbered as in RFC 8832 section 5.1; RFC 3758. */
typedef enum lk_rtc_reliability {
    LK_RTC_RELIABLE,
    LK_RTC_RETRANSMITS, /* a message is sent again at most `limit` times (maxRetransmits) */
    LK_RTC_LIFETIME,    /* and at most until it is `limit` ms old (maxPacketLifeTime) */
} lk_rtc_reliability;

typedef struct lk_rtc_channel_options { /* all zero: ordered, reliable, without a name */
    lk_str label, protocol; /* UTF-8, at most 65535 bytes each; the other side is told */
    bool unordered;         /* messages may overtake one another */
    lk_rtc_reliability reliability;
    uint32_t limit;
    bool negotiated; /* both sides open it, with the same `stream`, and nothing is said about it */
    uint16_t stream;
} lk_rtc_channel_options;

/* Open a channel; LK_RTC_OPEN follows when messages may be sent, which is before the other side has
 * agreed (RFC 8832 section 6). LK_EVALUE: a name that is not UTF-8 or is too long. LK_ELIMIT: no
 * stream is left, see lk_rtc_options.streams. LK_ESTATE: that stream is taken, or the peer is over.
 */
lk_status lk_rtc_open(lk_rtc *rtc, const lk_rtc_channel_options *options, lk_rtc_channel *out,
                      uint64_t now_ms);
/* Queue one message, of text (UTF-8) or of bytes; it may be empty. LK_ESTATE: not open. LK_ELIMIT:
 * longer than lk_rtc_message_max(). LK_EVALUE: text that is none. LK_ENOMEM: also when others wait
 * and with this one they would be more than lk_rtc_options.buffer_max: wait for LK_RTC_DRAINED.
 * Copies the message once or, if SCTP does not take it yet, twice. */
lk_status lk_rtc_send(lk_rtc *rtc, lk_rtc_channel channel, bool text, lk_bytes message,
                      uint64_t now_ms);
/* Bytes of messages that SCTP has not taken yet (W3C: bufferedAmount). */
size_t lk_rtc_buffered(const lk_rtc *rtc, lk_rtc_channel channel);
/* Has the other side's SCTP acknowledged all messages that ours has taken, of all channels? */
bool lk_rtc_idle(const lk_rtc *rtc);
/* Tell with LK_RTC_DRAINED when that falls to `bytes` from above; 0 at first. */
lk_status lk_rtc_set_low(lk_rtc *rtc, lk_rtc_channel channel, size_t bytes);
/* Close a channel in both directions (RFC 8831 section 6.7): what is queued goes first, and nothing
 * comes out of it any more but LK_RTC_SHUT, when the other side has followed. */
void lk_rtc_shut(lk_rtc *rtc, lk_rtc_channel channel, uint64_t now_ms);
/* The longest message, in bytes, that both sides allow (RFC 8841 section 6). What the other side
 * sends above our own `message_max` closes that channel. */
uint32_t lk_rtc_message_max(const lk_rtc *rtc);
/* While it is on no messages come out, and the other side has to wait when the window of 1 MiB is
 * full. For who reads slower than a network writes. What has arrived is not lost when the other
 * side closes or is gone meanwhile: LK_RTC_CLOSED comes behind it, once the pause is over. */
void lk_rtc_pause(lk_rtc *rtc, bool on);

/* Send what is queued, close all channels and the association, for at most 2 s; LK_RTC_CLOSED
 * follows. */
void lk_rtc_close(lk_rtc *rtc, uint64_t now_ms);

/* Look for a path anew (an ICE restart, RFC 8445 section 9), because this one fails or because the
 * network is another one: an offer is due then, whoever made the first one. Messages go over the
 * old path until there is a new one, and none is lost. It takes the place of an offer that waits
 * for its answer: an answer does not say to which offer, so whoever carries them must not hand in
 * one to an earlier offer (number them). LK_ESTATE: the other side's first description has not
 * come, an answer is due, or all is over. */
lk_status lk_rtc_restart(lk_rtc *rtc, uint64_t now_ms);
/* Your sockets or servers are others now: the next restart, ours or theirs, which should follow at
 * once, takes `locals`, `stun` and `turn` of `options`. Nothing leaves from other sockets any more.
 */
void lk_rtc_network(lk_rtc *rtc, const lk_rtc_options *options, uint64_t now_ms);

/* Let time pass: due at lk_rtc_wake_at() (UINT64_MAX: never), which any call may change. */
void lk_rtc_tick(lk_rtc *rtc, uint64_t now_ms);
uint64_t lk_rtc_wake_at(const lk_rtc *rtc);

typedef enum lk_rtc_out_kind {
    LK_RTC_DATAGRAM,  /* send `bytes` from local address `local` to `remote` */
    LK_RTC_STREAM,    /* send `bytes` over the connection with the TURN server `remote`, which you
                         make if there is none; no bytes: end it. It may lose `bytes` if too many
                         wait, but all of them */
    LK_RTC_CANDIDATE, /* trickle `bytes` ("candidate:..." text; empty: end) to the other side */
    LK_RTC_RESOLVE,   /* `bytes` is a name that the other side's browser has put in the place of an
                         address of its local network: 8-4-4-4-12 hexadecimal digits and ".local",
                         at most 8 for each of its descriptions. Ask for it by multicast DNS
                         (RFC 6762), nowhere else: lk_rtc_resolved(). Without that they may meet
                         all the same, if it can reach you */
    LK_RTC_OPEN,      /* `channel` is open; if the other side did that, `opened` says how */
    LK_RTC_MESSAGE,   /* `bytes` arrived on `channel`, whole; `text` if they were sent as such */
    LK_RTC_DRAINED,   /* lk_rtc_buffered() of `channel` fell to its low mark */
    LK_RTC_SHUT,      /* `channel` is gone; `what` is a literal saying why */
    LK_RTC_CLOSED,    /* over, with all channels; `what` says why. Only lk_rtc_free() is left */
} lk_rtc_out_kind;

typedef struct lk_rtc_out {
    lk_rtc_out_kind kind;
    lk_addr local, remote;
    lk_bytes bytes;
    const char *what;
    lk_rtc_channel channel;
    bool text; /* the other side says that it is UTF-8: check it if it matters */
    const lk_rtc_channel_options *opened; /* NULL: by us */
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

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
