/* SPDX-License-Identifier: MIT
 * dcep.h - messages of the Data Channel Establishment Protocol (RFC 8832). */
#ifndef RTC_DCEP_H
#define RTC_DCEP_H

#include "base/mem.h"
#include "lorikeet_rtc.h"

/* What a message is, in SCTP's payload protocol identifier (RFC 8831 section 8). An empty message
 * travels as one zero byte, since SCTP has no empty ones. */
typedef enum dcep_ppid {
    DCEP_CONTROL = 50,
    DCEP_STRING = 51,
    DCEP_BINARY = 53,
    DCEP_STRING_EMPTY = 56,
    DCEP_BINARY_EMPTY = 57,
} dcep_ppid;

typedef enum dcep_kind { DCEP_ACK = 2, DCEP_OPEN = 3 } dcep_kind;

typedef struct dcep_message { /* views of the bytes */
    dcep_kind kind;
    bool unordered;
    lk_rtc_reliability reliability;
    uint32_t limit; /* of what is not reliable: retransmissions, or ms */
    uint16_t priority;
    lk_str label, protocol;
} dcep_message;

lk_status dcep_read(lk_bytes bytes, dcep_message *out, lk_fault *fault_or_null);
/* Append it. LK_ENOMEM. */
lk_status dcep_write(const dcep_message *message, lk_buf *out);

#endif
