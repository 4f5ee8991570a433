/* SPDX-License-Identifier: MIT
 * backlog.h - what one member of one room is still to be sent: updates, which it shares with all
 * others they wait for, and which become messages only as they go. */
#ifndef HOST_BACKLOG_H
#define HOST_BACKLOG_H

#include "host/shared_bytes.h"
#include "room/frame.h"

typedef struct backlog_item {
    shared_bytes *update;
    uint64_t batch;
    bool record; /* one of those to be put into a container, which then is the batch */
} backlog_item;

typedef struct backlog { /* all zero: empty */
    VEC(backlog_item) items;
    size_t sent;       /* items at its beginning that are */
    size_t bytes;      /* of updates waiting */
    backlog_item part; /* the one being sent in fragments; its `update` NULL: none */
    size_t part_at;
    uint32_t part_index;
} backlog;

void backlog_drop(backlog *b);
/* Takes over the caller's hold of the update. */
void backlog_push(backlog *b, backlog_item item);
/* The next message, of at most `max` bytes; something waits. `f` says which room it is for. */
void backlog_next(backlog *b, frame f, size_t max, lk_buf *message);

#endif
