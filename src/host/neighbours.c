/* SPDX-License-Identifier: MIT
 * neighbours.c - three rings. Random rings are joined up well: of hundreds of members each is a few
 * steps from each, and it takes many losses at once to part them. Who leaves is closed over by the
 * two beside it. */
#include "host/neighbours.h"

#include "host/heap.h"

neighbour neighbour_place(const uint8_t key[SEAL_KEY], lk_str room, lk_str name) {
    uint8_t hash[SEAL_KEY];
    neighbour n = {0};
    lk_buf path = HEAP_BUF;
    heap_print(&path, "%.*s/%.*s", (int)room.len, room.at, (int)name.len, name.at);
    seal_derive(key, "lorikeet ring 1", (lk_str){(const char *)path.at, path.len}, hash);
    lk_buf_free(&path);
    for (int i = 0; i < NEIGHBOUR_RINGS; i++) {
        const uint8_t *at = hash + 4 * i;
        n.at[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    }
    return n;
}

/* Want those next to `self` on one side of a ring, up to the first that can be reached. */
static void neighbours_walk(const neighbour *self, neighbour *const *others, size_t len, int ring,
                            bool up) {
    int64_t passed = -1;
    for (int tries = 0; tries < NEIGHBOUR_TRIES; tries++) {
        neighbour *next = NULL;
        int64_t least = INT64_MAX;
        for (size_t i = 0; i < len; i++) {
            uint32_t ahead = others[i]->at[ring] - self->at[ring];
            int64_t far = up ? ahead : (uint32_t)-ahead;
            if (far > passed && far < least) next = others[i], least = far;
        }
        if (next == NULL) return;
        next->wanted = true;
        if (!next->unreached) return;
        passed = least;
    }
}

void neighbours_choose(const neighbour *self, neighbour *const *others, size_t len) {
    for (size_t i = 0; i < len; i++) others[i]->wanted = len <= NEIGHBOUR_ALL;
    if (len <= NEIGHBOUR_ALL) return;
    for (int ring = 0; ring < NEIGHBOUR_RINGS; ring++) {
        neighbours_walk(self, others, len, ring, true);
        neighbours_walk(self, others, len, ring, false);
    }
}
