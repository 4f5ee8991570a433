/* SPDX-License-Identifier: MIT
 * turns.h - messages that wait for one channel. Each is for a room, and rooms take turns (lanes.h):
 * what waits behind what is decided anew for each message. */
#ifndef HOST_TURNS_H
#define HOST_TURNS_H

#include "host/lanes.h"
#include "lorikeet_room.h"

typedef struct turns_queue { /* what waits for one room */
    uint32_t key;            /* the hash of its id */
    size_t bytes;
    size_t head; /* messages that have gone */
    VEC(lk_buf) messages;
} turns_queue;

typedef struct turns { /* all zero: empty */
    VEC(turns_queue) queues;
    lanes lanes;
    lk_buf taken;
} turns;

void turns_drop(turns *t);
static inline bool turns_empty(const turns *t) { return t->queues.len == 0; }
/* Copies the message, which is one of a room. Those for one room keep their order. */
void turns_put(turns *t, lk_bytes message);
/* The next one: a view until the next call. False: none waits. */
bool turns_take(turns *t, lk_bytes *message);

#endif
