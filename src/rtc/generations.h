/* SPDX-License-Identifier: MIT
 * generations.h - ICE and its restarts (RFC 8445 section 9): the agent in use, and beside it the
 * one that is to follow, or the one that it has followed. */
#ifndef RTC_GENERATIONS_H
#define RTC_GENERATIONS_H

#include "rtc/ice.h"

typedef enum generations_other {
    GENERATIONS_NONE,
    GENERATIONS_COMING, /* looks for a path, and follows once it has one */
    GENERATIONS_GOING,  /* is still answered and heard: the other side may change over later */
} generations_other;

typedef struct generations {
    ice now, other;
    generations_other is; /* what `other` is */
    uint64_t gone_ms;     /* GENERATIONS_GOING: until then */
    uint32_t restarts;
} generations;

/* False when memory is out; generations_drop() is due in either case. */
bool generations_init(generations *g, const ice_options *options, const lk_memory *heap, queue *out,
                      uint64_t now_ms);
void generations_drop(generations *g);
/* Begin one that is to follow; one that was coming already is given up. Role, tie-breaker and
 * randomness are kept, whatever the options say. False when memory is out: all is as it was. */
bool generations_restart(generations *g, const ice_options *options, uint64_t now_ms);
/* The one that was begun last. */
ice *generations_newest(generations *g);
/* Does the other side of one of them go by `ufrag`? */
bool generations_knows(const generations *g, lk_str ufrag);
/* The one whose other side goes by `ufrag` (empty: the newest that has another side), or NULL. */
ice *generations_of(generations *g, lk_str ufrag);
/* Tell of a relay (ice.h). Does anyone use it? */
bool generations_relay(generations *g, const lk_addr *relayed_or_null, const lk_addr *mapped);
/* As ice_resolved(), for those that still look for a path. */
lk_status generations_resolved(generations *g, const uint8_t uuid[HIDDEN_UUID], const lk_addr *addr,
                               uint64_t now_ms);
void generations_feed(generations *g, const lk_addr *to, const lk_addr *from, lk_bytes datagram,
                      uint64_t now_ms);
void generations_tick(generations *g, uint64_t now_ms);
uint64_t generations_wake_at(const generations *g);
/* The pair to send on, and the agent it belongs to; NULL: there is none. */
const ice_pair *generations_path(const generations *g, const ice **agent);
/* Has the other side proved itself on these addresses? */
bool generations_proved(const generations *g, const lk_addr *to, const lk_addr *from);
/* Why all is lost, or NULL. */
const char *generations_failure(const generations *g);

#endif
