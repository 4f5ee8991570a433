/* SPDX-License-Identifier: MIT
 * outbox.h - what the room wants done, in order. Bytes lie in one buffer and items name ranges of
 * it, so a message to many links is encoded once and typing on allocates nothing. */
#ifndef ROOM_OUTBOX_H
#define ROOM_OUTBOX_H

#include "room/frame.h"

typedef struct outbox_range {
    size_t start, len; /* of the bytes ever appended */
} outbox_range;

typedef struct outbox_item {
    lk_room_out_kind kind;
    bool dropped; /* its link closed */
    lk_link link;
    uint64_t token;
    outbox_range range;
} outbox_item;

typedef struct outbox {
    lk_buf bytes;
    size_t gone; /* bytes appended once and dropped from the front since */
    VEC(outbox_item) items;
    size_t head;                       /* first item not yet taken */
    bool queued[LK_ROOM_LEFT_OUT + 1]; /* such a notice waits already */
} outbox;

void outbox_drop(outbox *o);
/* Make room for `bytes` more bytes and `items` more items, so that putting them cannot fail. */
bool outbox_reserve(outbox *o, size_t bytes, size_t items);
/* Append bytes, or a message, for items to name; false when memory is out. */
bool outbox_bytes(outbox *o, lk_bytes bytes, outbox_range *out);
bool outbox_frame(outbox *o, const frame *f, outbox_range *out);
bool outbox_put(outbox *o, lk_room_out_kind kind, lk_link link, uint64_t token, outbox_range range);
/* Put a notice without bytes, unless one of its kind waits. */
bool outbox_notice(outbox *o, lk_room_out_kind kind);
/* Take the oldest item; false when there is none. The view lives until something is appended. */
bool outbox_take(outbox *o, lk_room_out *out);
/* Forget what was to be sent on `link`. */
void outbox_forget(outbox *o, lk_link link);

#endif
