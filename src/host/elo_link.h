/* SPDX-License-Identifier: MIT
 * elo_link.h - between a room and somebody who shall keep its document without reading it
 * (docs/PROTOCOL.md section 3): what the room says in %LOR goes out in %ELO, sealed, and the other
 * way round; what it shows goes in %EPH, sealed likewise. The room takes the other end for a peer
 * like any other. One for each such link. */
#ifndef HOST_ELO_LINK_H
#define HOST_ELO_LINK_H

#include "base/mem.h"
#include "lorikeet_room.h"

typedef struct elo_link elo_link;

typedef struct elo_link_options {
    lk_doc *doc;           /* the room's */
    lk_str room;           /* a view that must stay */
    const uint8_t *key;    /* the room's; SEAL_KEY bytes */
    const lk_guard *guard; /* the room's; copied */
    size_t message_max;    /* that the other end takes */
    int64_t (*unix_ms)(void);
    void *context;
    void (*out)(void *context, lk_bytes message); /* send it */
    void (*in)(void *context, lk_bytes message);  /* feed it to the room */
    /* Something was not sealed with this key, or not signed, or changed. It is left out; told
     * once. */
    void (*refused)(void *context);
} elo_link_options;

elo_link *elo_link_new(const elo_link_options *options);
void elo_link_free(elo_link *v);

/* A message that the room wants sent. */
void elo_link_seal(elo_link *v, lk_bytes message);
/* A message that came. false: it is none, or no honest end would send it; hang up. */
bool elo_link_open(elo_link *v, lk_bytes message);
/* What is shown waits a little, as it may change: when tick is wanted, or UINT64_MAX. */
uint64_t elo_link_wake_at(const elo_link *v);
void elo_link_tick(elo_link *v, uint64_t now_ms);

#endif
