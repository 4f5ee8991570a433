/* SPDX-License-Identifier: MIT
 * stun.h - STUN messages (RFC 8489) as far as ICE (RFC 8445) and TURN (RFC 8656) need them: bytes
 * <-> stun_message. */
#ifndef RTC_STUN_H
#define RTC_STUN_H

#include "base/mem.h"
#include "lorikeet_rtc.h"

#define STUN_ID 12    /* bytes of a transaction id */
#define STUN_MAX 2048 /* the largest message we write: a datagram for a relay fits */

typedef enum stun_type {
    STUN_REQUEST = 0x0001,    /* Binding, as are the next ones */
    STUN_INDICATION = 0x0011, /* keepalives of older peers */
    STUN_SUCCESS = 0x0101,
    STUN_ERROR = 0x0111,
    STUN_ALLOCATE = 0x0003, /* TURN: requests */
    STUN_REFRESH = 0x0004,
    STUN_PERMIT = 0x0008,
    STUN_SEND = 0x0016, /* TURN: indications, ours and the server's */
    STUN_DATA = 0x0017,
} stun_type;
#define STUN_SUCCEEDS 0x0100 /* added to a request's type: the answer */
#define STUN_FAILS 0x0110

typedef struct stun_message { /* views of the datagram */
    uint16_t type;
    const uint8_t *id;
    lk_str username;
    bool has_priority, use_candidate, controlling, controlled;
    uint32_t priority;
    uint64_t tie_breaker;
    lk_addr mapped; /* family 0: none, as of the next ones */
    lk_addr relayed, peer;
    lk_str realm, nonce;
    uint32_t lifetime_s;
    lk_bytes data;
    uint16_t error;   /* 0: none */
    uint16_t unknown; /* a comprehension-required attribute that we do not know; 0: none */
    size_t integrity; /* offset of MESSAGE-INTEGRITY; 0: none */
    lk_bytes integrity_value;
} stun_message;

/* The cheap look at the header that tells STUN from DTLS (RFC 7983). */
bool stun_is(lk_bytes datagram);
/* Take it apart. LK_ECORRUPT if lengths do not fit or the FINGERPRINT is wrong. Says nothing about
 * who sent it: that is stun_verify(). */
lk_status stun_read(lk_bytes datagram, stun_message *out, lk_fault *fault_or_null);
/* Was it signed with `key`? */
bool stun_verify(lk_bytes datagram, const stun_message *message, lk_str key);

typedef struct stun_writer {
    uint8_t at[STUN_MAX];
    size_t len;
} stun_writer;

/* One message: begin, attributes, then seal, which adds FINGERPRINT and before it, unless the key
 * is empty, MESSAGE-INTEGRITY. */
void stun_begin(stun_writer *w, stun_type type, const uint8_t *id);
void stun_username(stun_writer *w, lk_str theirs, lk_str ours);
void stun_priority(stun_writer *w, uint32_t priority);
void stun_role(stun_writer *w, bool controlling, uint64_t tie_breaker);
void stun_use_candidate(stun_writer *w);
void stun_mapped(stun_writer *w, const lk_addr *addr);
void stun_peer(stun_writer *w, const lk_addr *addr);
void stun_transport_udp(stun_writer *w);
void stun_lifetime(stun_writer *w, uint32_t seconds);
/* Who we are for a TURN server (RFC 8489 section 9.2). */
void stun_credentials(stun_writer *w, lk_str username, lk_str realm, lk_str nonce);
void stun_data(stun_writer *w, lk_bytes data);
void stun_error(stun_writer *w, uint16_t code, lk_str reason);
void stun_unknown(stun_writer *w, uint16_t attribute);
lk_bytes stun_seal(stun_writer *w, lk_str key);
/* The message without either. */
lk_bytes stun_plain(stun_writer *w);

#endif
