/* SPDX-License-Identifier: MIT
 * by_hand.h - peers that meet without any server: people carry an offer one way and an answer back
 * (slip.h).
 *
 *     offer ─► slip ─── people ──► hear there ─► slip ─── people ──► hear here ─► opened
 *
 * Nobody can ask for a new session here: a channel that ends is over. */
#ifndef HOST_BY_HAND_H
#define HOST_BY_HAND_H

#include "host/loop.h"

typedef struct by_hand by_hand;

typedef struct by_hand_events { /* as in mesh.h */
    void *context;
    void (*ready)(void *context); /* now there may be slips */
    /* A slip to be carried: our offer, or our answer to somebody's. */
    void (*slip)(void *context, bool answer, const char *text);
    void (*opened)(void *context, uint32_t link);
    void (*message)(void *context, uint32_t link, lk_bytes message);
    void (*closed)(void *context, uint32_t link);
    void (*note)(void *context, const char *text); /* for people to read */
} by_hand_events;

typedef struct by_hand_options {
    loop *loop;
    lk_str room;
    lk_bytes key;        /* of SEAL_KEY bytes */
    const address *stun; /* all views must stay */
    size_t stun_len;
    bool loopback;
} by_hand_options;

/* lk_rtc_global_init() comes first. */
by_hand *by_hand_new(const by_hand_options *options, const by_hand_events *events);
void by_hand_free(by_hand *b);

/* Make an offer, for one other peer. One that was made before and not answered is forgotten. */
void by_hand_offer(by_hand *b);
/* The text of a slip that somebody else made: an offer, which is answered, or the answer to ours.
 */
void by_hand_hear(by_hand *b, lk_str text);

void by_hand_send(by_hand *b, uint32_t link, lk_bytes message);
bool by_hand_holds(const by_hand *b, uint32_t link);
void by_hand_hang_up(by_hand *b, uint32_t link);

#endif
