/* SPDX-License-Identifier: MIT
 * neighbours.h - with whom of a room a member keeps a channel (docs/PROTOCOL.md section 1.5).
 *
 * In a small room with everybody. In a larger one the room's key puts each name at a place on each
 * of three rings, and a member keeps a channel to those next to it, on both sides: six at most.
 * Everyone who knows the same names comes to the same, so both ends of each channel want it. */
#ifndef HOST_NEIGHBOURS_H
#define HOST_NEIGHBOURS_H

#include "host/seal.h"

enum {
    NEIGHBOUR_RINGS = 3,
    NEIGHBOUR_ALL = 12,  /* so many others are all wanted */
    NEIGHBOUR_TRIES = 4, /* on a ring, past those that cannot be reached */
    NEIGHBOUR_LINKS =
        16, /* so many channels are kept, those that are not wanted any more among them */
};

typedef struct neighbour {
    uint32_t at[NEIGHBOUR_RINGS];
    bool unreached; /* the last attempt failed */
    bool wanted;
} neighbour;

neighbour neighbour_place(const uint8_t key[SEAL_KEY], lk_str room, lk_str name);
/* Say of each of the others whether it is wanted. Cost: 24 looks at each of them. */
void neighbours_choose(const neighbour *self, neighbour *const *others, size_t len);

#endif
