/* SPDX-License-Identifier: MIT
 * mdns_message.h - messages of multicast DNS (RFC 6762, RFC 1035 section 4), as far as they ask for
 * the addresses of a name in ".local", and say them. */
#ifndef HOST_MDNS_MESSAGE_H
#define HOST_MDNS_MESSAGE_H

#include "base/bytes.h"
#include "base/hidden_name.h"
#include "lorikeet_rtc.h"

#define MDNS_QUERY (12 + HIDDEN_NAME + 2 + 4)

/* The question for the addresses of that family, 4 or 6. */
void mdns_query_write(lk_str name, uint8_t family, uint8_t out[MDNS_QUERY]);

typedef struct mdns_answers { /* those of a message that are still to be read */
    reader r;
    uint32_t left;
} mdns_answers;

typedef struct mdns_answer {
    char name[HIDDEN_NAME]; /* in small letters */
    lk_addr addr;           /* without a port */
} mdns_answer;

/* False: it is no response. */
bool mdns_answers_open(lk_bytes message, mdns_answers *out);
/* The next address that a name of that length has. False: there are no more, or it is damaged from
 * here on. */
bool mdns_answers_next(mdns_answers *a, mdns_answer *out);

#endif
