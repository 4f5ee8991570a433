/* SPDX-License-Identifier: MIT
 * presence_link.h - what a room shows, between it and somebody who keeps it without reading it
 * (docs/PROTOCOL.md section 3.3): each entry goes out as an entry, sealed, under a name that this
 * link alone uses; of several changes in a row the last one goes. The half of an elo_link that
 * nothing is stored of. */
#ifndef HOST_PRESENCE_LINK_H
#define HOST_PRESENCE_LINK_H

#include "host/seal.h"
#include "room/presence.h"

typedef struct presence_link {
    uint8_t key[SEAL_KEY];
    uint8_t secret[SEAL_KEY]; /* names are made of it */
    presence showing;         /* not sent yet */
    size_t sealed;            /* of those, while they are being sent */
    uint64_t due_ms;          /* when they may be; UINT64_MAX: there are none */
    uint64_t shown_ms;        /* when the last ones were */
    int64_t stamp_ms;         /* of those */
} presence_link;

void presence_link_init(presence_link *p, const uint8_t key[SEAL_KEY], lk_str room);
void presence_link_drop(presence_link *p);

/* An update of the room's waits to be sent. */
void presence_link_show(presence_link *p, lk_bytes update);
/* Append an update of what waits, sealed. false: that was all. Not before due_ms. */
bool presence_link_seal(presence_link *p, uint64_t now_ms, int64_t unix_ms, lk_buf *out);
/* Append an update for the room of what opens in a sealed one; nothing, if that is nothing. */
void presence_link_open(const presence_link *p, lk_bytes update, int64_t unix_ms, lk_buf *out);

#endif
