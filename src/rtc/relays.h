/* SPDX-License-Identifier: MIT
 * relays.h - the TURN servers of one peer: an address on each of them from each of our sockets that
 * reaches it. */
#ifndef RTC_RELAYS_H
#define RTC_RELAYS_H

#include "rtc/generations.h"
#include "rtc/turn.h"

typedef struct relays {
    const lk_memory *heap;
    queue *out;
    entropy random;
    turn at[LIMIT_TURN_RELAYS];
    size_t len;          /* of which some are over, and may be used again */
    stun_writer wrapped; /* what relays_wrap() gave last */
} relays;

void relays_init(relays *s, uint64_t seed, const lk_memory *heap, queue *out);
void relays_drop(relays *s);
/* Ask the servers of `options` that are not asked yet, and forget those that can be reached no
 * more, and tell `agents_or_null` so. */
void relays_renew(relays *s, const lk_rtc_options *options, generations *agents_or_null,
                  uint64_t now_ms);
/* How many there are: asked, or ready. */
size_t relays_count(const relays *s);
/* Tell an agent that has begun of those that are ready. */
void relays_join(relays *s, ice *agent);
/* Is it of a relay? Then *inner is what somebody sent to *relayed, if it is that. */
bool relays_unwrap(relays *s, generations *agents, const lk_addr *to, const lk_addr *from,
                   lk_bytes datagram, turn_data *inner, lk_addr *relayed, uint64_t now_ms);
/* What leaves from a relayed address leaves for its server. false: it is lost. */
bool relays_wrap(relays *s, lk_rtc_out *datagram, uint64_t now_ms);
/* What came over the connection with a server, and then message by message (turn.h): for
 * relays_unwrap(), as from that server to no address. False: the connection is to be ended. */
bool relays_take(relays *s, const lk_addr *server, lk_bytes bytes);
bool relays_next(relays *s, const lk_addr *server, lk_bytes *message);
/* That connection has ended, or has to. */
void relays_end(relays *s, generations *agents, const lk_addr *server);
void relays_close(relays *s);
void relays_tick(relays *s, generations *agents, uint64_t now_ms);
uint64_t relays_wake_at(const relays *s);

#endif
