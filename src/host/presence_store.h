/* SPDX-License-Identifier: MIT
 * presence_store.h - what members of a sealed room show one another (docs/PROTOCOL.md section
 * 3.3), as who keeps the room holds it: entries that it cannot read, each for 30 s after it came.
 * Whose clock is wrong is seen as long as anybody. In memory alone. */
#ifndef HOST_PRESENCE_STORE_H
#define HOST_PRESENCE_STORE_H

#include "host/shared_bytes.h"
#include "room/presence.h"

/* An update, and all entries of a room: what shows a name and a cursor has some 300 bytes, of a
 * member or two in a thousand. What is written again counts twice until it is weighed. */
#define PRESENCE_STORE_UPDATE (16u << 10)
#define PRESENCE_STORE_BYTES (1u << 20)

typedef struct presence_store {
    presence entries;
    size_t bytes; /* taken in since it was weighed, and what there was then */
    uint64_t weighed_ms;
} presence_store;

void presence_store_drop(presence_store *s);
/* LK_ECORRUPT; LK_ELIMIT: it is too large, or there is no room for it. */
lk_status presence_store_take(presence_store *s, lk_bytes update, uint64_t now_ms);
/* Append all there is, in updates of PRESENCE_STORE_UPDATE at most. */
void presence_store_all(presence_store *s, uint64_t now_ms, shared_bytes_list *out);

#endif
