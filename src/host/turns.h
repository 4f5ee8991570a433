/* SPDX-License-Identifier: MIT
 * turns.h - messages that wait for one channel, in a lane for each document, so that much of one
 * does not hold up the others: what waits behind what is decided anew for each message.
 *
 *     turns_put ─► lanes ─┬ few bytes: a message each, in turn ────────────┬─► turns_take
 *                         └ many: one lane, until what it held has gone ───┘   one of each in turn
 *
 * A receiver waits for fragments of an update no longer than 10 s. So of several large ones one
 * goes after the other, and not a piece of each. */
#ifndef HOST_TURNS_H
#define HOST_TURNS_H

#include "base/mem.h"
#include "lorikeet_room.h"

typedef struct turns_lane {
    uint32_t hash; /* of the id of the room its messages are for */
    size_t bytes;  /* waiting */
    size_t head;   /* messages that have gone */
    VEC(lk_buf) messages;
} turns_lane;

typedef struct turns {     /* all zero: empty */
    VEC(turns_lane) lanes; /* whose turn comes next is first */
    size_t quota;          /* bytes that the lane of many still has in its turn; 0: there is none */
    uint32_t many;         /* its hash */
    bool many_next;        /* its turn comes before that of the others */
    lk_buf taken;
} turns;

void turns_drop(turns *t);
static inline bool turns_empty(const turns *t) { return t->lanes.len == 0; }
/* Copies the message, which is one of a room. Those for one room keep their order. */
void turns_put(turns *t, lk_bytes message);
/* The next one: a view until the next call. False: none waits. */
bool turns_take(turns *t, lk_bytes *message);

#endif
