/* SPDX-License-Identifier: MIT
 * tree.h - the derived state of a movable tree. Every operation says "from here on, this node hangs
 * below that one"; operations take effect in the order (lamport, peer), and one that would hang a
 * node below itself has none. When an older one arrives late, the later ones are undone, and done
 * again after it (Kleppmann et al., "A highly-available move operation for replicated trees",
 * 2021).
 *
 *      moves   [ create a | create b | move b below a | move a below b: no effect | delete a ] */
#ifndef STATE_TREE_H
#define STATE_TREE_H

#include "base/table.h"
#include "model/step.h"

#define TREE_NONE UINT32_MAX          /* not made yet */
#define TREE_ROOT (UINT32_MAX - 1)    /* above the roots */
#define TREE_DELETED (UINT32_MAX - 2) /* above what was deleted */

typedef struct tree_node {
    op_id id;
    uint32_t parent; /* node, or one of the above */
    uint32_t
        move; /* the last one with an effect; its position places the node among its siblings */
    uint32_t meta; /* container of its data; CONTAINER_NONE until it is made */
} tree_node;

typedef struct tree_move {
    op_id id;
    uint32_t lamport;
    uint64_t peer_wide;
    uint32_t node, parent;
    lk_bytes position;
    bool effective;
    uint32_t old_parent, old_move; /* what it replaced */
} tree_move;

typedef struct tree {
    const lk_memory *heap;
    VEC(tree_node) nodes;
    VEC(tree_move) moves; /* in order of effect */
    table by_id;          /* of nodes */
} tree;

void tree_init(tree *t, const lk_memory *heap);
void tree_drop(tree *t);
/* Make room for so many moves. */
bool tree_reserve(tree *t, uint32_t moves);
/* Needs that room. O(log n), and the moves that come later in the order. */
void tree_apply(tree *t, const step *st);

/* All nodes below the root, or all deleted ones, such that siblings follow each other in order,
 * parents before their children: fills `order` (room for all nodes) and returns how many. `scratch`
 * holds its work; SIZE_MAX when memory is out. */
size_t tree_order(const tree *t, uint32_t top, arena *scratch, uint32_t *order);

#endif
