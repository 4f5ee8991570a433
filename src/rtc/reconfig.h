/* SPDX-License-Identifier: MIT
 * reconfig.h - keeps requests to reset streams (RFC 6525) out of usrsctp's way: one travels when
 * all data before it has been acknowledged, in either direction. */
#ifndef RTC_RECONFIG_H
#define RTC_RECONFIG_H

#include "base/mem.h"

typedef struct reconfig {     /* one direction */
    lk_buf held;              /* a packet with nothing but the request; empty: none */
    uint32_t last;            /* the TSN it waits for */
    uint32_t acked;           /* the cumulative TSN acknowledged so far */
    bool known;               /* there was an acknowledgement */
    uint32_t tries, patience; /* how often it came again meanwhile, and how often it may */
} reconfig;

/* A request goes all the same when it was sent `patience` times again. */
void reconfig_init(reconfig *r, uint32_t patience, const lk_memory *heap);
void reconfig_drop(reconfig *r);
/* A packet that goes this way: a request that comes too early is taken out, and any is made fit for
 * usrsctp. */
void reconfig_pass(reconfig *r, uint8_t *packet, size_t len);
/* A packet that goes the other way: what does it acknowledge? */
void reconfig_hear(reconfig *r, const uint8_t *packet, size_t len);
/* Is it time for what is held? Then hand *held over as a packet, and empty it. */
bool reconfig_due(const reconfig *r);

#endif
