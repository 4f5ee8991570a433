/* SPDX-License-Identifier: MIT
 * sdp.h - session descriptions of one data channel section (RFC 8866, 8839, 8841, 8842). */
#ifndef RTC_SDP_H
#define RTC_SDP_H

#include "rtc/candidate.h"

#define SDP_FINGERPRINT 32 /* bytes of SHA-256 */
#define SDP_FINGERPRINTS 4 /* a peer may announce several certificates */
#define SDP_CANDIDATES 64

typedef enum sdp_setup { SDP_NONE, SDP_ACTPASS, SDP_ACTIVE, SDP_PASSIVE } sdp_setup;

typedef struct sdp_session { /* strings are views */
    lk_str ufrag, pwd, mid;
    uint64_t id;      /* of our own: o= */
    uint32_t version; /* of our own: o=; how often ICE was restarted */
    uint8_t fingerprints[SDP_FINGERPRINTS][SDP_FINGERPRINT];
    size_t fingerprint_len;
    sdp_setup setup;
    uint16_t sctp_port;
    uint64_t message_max; /* 0: any length */
    bool lite;            /* a=ice-lite */
    bool complete;        /* a=end-of-candidates */
    candidate candidates[SDP_CANDIDATES];
    size_t candidate_len;
} sdp_session;

/* Read a description. Unknown lines, and candidates that are of no use or too many, are skipped.
 * LK_ECORRUPT names the byte; LK_ELIMIT when it is longer than LIMIT_SDP_BYTES. */
lk_status sdp_read(lk_str text, sdp_session *out, lk_fault *fault_or_null);
/* Append a description. */
lk_status sdp_write(const sdp_session *session, lk_buf *out);

#endif
