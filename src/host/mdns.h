/* SPDX-License-Identifier: MIT
 * mdns.h - asks this network for the addresses of names that browsers hide theirs behind: those of
 * LK_RTC_RESOLVE, and no others (RFC 6762; draft-ietf-mmusic-mdns-ice-candidates).
 *
 *     mdns_ask ─► a socket on each interface ─► now, after 1 s, after 3 s ─► over after 5 s
 *                         └► mdns_read ─► addresses
 *
 * Nothing waits, and nothing is kept. */
#ifndef HOST_MDNS_H
#define HOST_MDNS_H

#include "host/mdns_message.h"

#define MDNS_NAMES 16 /* at once; more are not asked for */
#define MDNS_SOCKETS 16

typedef struct mdns_query {
    char name[HIDDEN_NAME];
    uint8_t tries;
    bool answered; /* and perhaps with more than one address */
    uint64_t next_ms;
} mdns_query;

typedef struct mdns { /* zeroed: nothing is asked */
    mdns_query queries[MDNS_NAMES];
    size_t query_len;
    int sockets[MDNS_SOCKETS]; /* to be watched */
    size_t socket_len;
} mdns;

typedef struct mdns_inbox { /* of a socket that can be read; zeroed to begin with */
    mdns_answers answers;
    int datagrams;
} mdns_inbox;

/* Ask for a name, unless that goes on already. Opens the sockets, if there are none. */
void mdns_ask(mdns *m, lk_str name, uint64_t now_ms);
/* The next answer to a question of ours. `room` has SOCKET_BATCH_BYTES. */
bool mdns_read(mdns *m, int fd, uint8_t *room, mdns_inbox *inbox, mdns_answer *out);
void mdns_tick(mdns *m, uint64_t now_ms);
uint64_t mdns_wake_at(const mdns *m);
/* Nothing is asked any more: mdns_drop() is due. */
static inline bool mdns_over(const mdns *m) { return m->query_len == 0 && m->socket_len > 0; }
/* Give everything up, and close the sockets. */
void mdns_drop(mdns *m);
/* On how many interfaces could be asked, by IPv4 and by IPv6? */
size_t mdns_reach(void);

#endif
