/* SPDX-License-Identifier: MIT
 * lanes.h - whose turn it is where several documents share a line, so that much of one does not
 * hold up the others. What waits in a lane is its owner's: here it is so many bytes.
 *
 *     lanes ─┬ few bytes: a message each, in turn ────────────┬─► lanes_next
 *            └ many: one lane, until what it held has gone ───┘   one of each in turn
 *
 * A receiver waits for fragments of an update no longer than 10 s. So of several large ones one
 * goes after the other, and not a piece of each. */
#ifndef HOST_LANES_H
#define HOST_LANES_H

#include "base/mem.h"

typedef struct lanes_lane {
    uint32_t key;
    size_t bytes; /* waiting; never 0 */
} lanes_lane;

typedef struct lanes {       /* all zero: empty */
    VEC(lanes_lane) waiting; /* whose turn comes next is first */
    size_t quota;   /* bytes that the lane of many still has in its turn; 0: there is none */
    uint32_t many;  /* its key */
    bool many_next; /* its turn comes before that of the others */
} lanes;

void lanes_drop(lanes *l);
static inline bool lanes_empty(const lanes *l) { return l->waiting.len == 0; }
size_t lanes_bytes(const lanes *l);
/* So many bytes more wait there. */
void lanes_add(lanes *l, uint32_t key, size_t bytes);
/* The lane whose turn it is; they are not empty. Then lanes_turn_over() is due. */
uint32_t lanes_next(lanes *l);
/* A message of it has gone, and so many bytes wait there still. */
void lanes_turn_over(lanes *l, uint32_t key, size_t left);
/* Nothing waits there any more. */
void lanes_forget(lanes *l, uint32_t key);

#endif
