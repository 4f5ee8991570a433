/* SPDX-License-Identifier: MIT
 * candidate.h - ICE candidates and how signalling spells them (RFC 8839 section 5.1). */
#ifndef RTC_CANDIDATE_H
#define RTC_CANDIDATE_H

#include "base/hidden_name.h"
#include "base/mem.h"
#include "base/str.h"
#include "lorikeet_rtc.h"

typedef enum candidate_kind {
    CANDIDATE_HOST,
    CANDIDATE_SRFLX, /* how a STUN server sees us */
    CANDIDATE_PRFLX, /* how the peer sees us */
    CANDIDATE_RELAY,
} candidate_kind;

typedef struct candidate {
    candidate_kind kind;
    uint32_t priority;
    bool hidden; /* behind a name, the only ones looked up: addr.ip is its UUID, family 0 */
    lk_addr addr;
    lk_addr base; /* local ones: the socket behind it */
    uint32_t foundation;
} candidate;

/* RFC 8445 section 5.1.2.1, for component 1; `index` orders the addresses of this host. */
uint32_t candidate_priority(candidate_kind kind, size_t index);

/* Read "candidate:..." with or without "a=" in front. LK_EVALUE: well formed but of no use here
 * (TCP, another name instead of an address, another component). `ufrag` is empty unless the line
 * names one. */
lk_status candidate_read(lk_str line, candidate *out, lk_str *ufrag, lk_fault *fault_or_null);
/* Append "candidate:...". */
bool candidate_write(const candidate *c, lk_buf *out);

/* ---- words of a line, for the readers of SDP ---- */

/* Cut the next word (up to a space) off `line`; empty at the end. */
lk_str word_next(lk_str *line);
bool word_starts(lk_str word, const char *literal);
/* A decimal number no larger than `max`; false for anything else. */
bool word_number(lk_str word, uint64_t max, uint64_t *out);
bool text_append(lk_buf *out, const char *literal);
bool text_append_number(lk_buf *out, uint64_t v);

#endif
