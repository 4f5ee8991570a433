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

/* An update on its way: `head`, and then the bytes that others hold, too. */
enum { BACKLOG_HEAD = 16 };
typedef struct backlog_part {
    uint8_t head[BACKLOG_HEAD];
    size_t head_len;
    shared_bytes *update; /* NULL: none is on its way */
    uint64_t batch;
    size_t at; /* of head and update, as one */
    uint32_t index;
} backlog_part;

typedef struct backlog { /* all zero: empty */
    VEC(backlog_item) items;
    size_t sent;  /* items at its beginning that are */
    size_t bytes; /* waiting */
    backlog_part part;
} backlog;

void backlog_drop(backlog *b);
/* Takes over the caller's hold of the update. */
void backlog_push(backlog *b, backlog_item item);
/* The next message, of at most `max` bytes; something waits. `f` says which room it is for. */
void backlog_next(backlog *b, frame f, size_t max, lk_buf *message);

#endif
