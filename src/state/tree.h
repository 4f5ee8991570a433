/* SPDX-License-Identifier: MIT
 * tree.h - the derived state of a movable tree. Every operation says "from here on, this node hangs
 * below that one"; operations take effect in the order (lamport, peer), and one that would hang a
 * node below itself has none. When an older one arrives late, the later ones are undone, and done
 * again after it (Kleppmann et al., "A highly-available move operation for replicated trees",
 * 2021).
 *
 *      moves   [ create a | create b | move b below a ]     room     [ a below b: no effect |
 * delete a ] in effect, `len` of them                            undone, `late` of them
 *
 * Between batches nothing is undone. Siblings are kept in order: see sibling.h. */
#ifndef STATE_TREE_H
#define STATE_TREE_H

#include "base/table.h"
#include "model/step.h"

#define TREE_NONE UINT32_MAX          /* not made yet, or no node */
#define TREE_ROOT (UINT32_MAX - 1)    /* above the roots */
#define TREE_DELETED (UINT32_MAX - 2) /* above what was deleted */

typedef struct tree_key { /* orders siblings */
    lk_bytes position;
    uint32_t lamport;
    uint64_t peer_wide;
} tree_key;

typedef struct tree_node {
    op_id id;
    uint32_t parent; /* node, or one of the above */
    uint32_t move;   /* the last one with an effect */
    uint32_t meta;   /* container of its data; TREE_NONE until it is made */
    uint32_t touch;  /* in touched; TREE_NONE: not there */
    tree_key key;    /* of that move */
    uint32_t below;  /* its children, and its place among its siblings: sibling.h */
    uint32_t up, left, right, count;
} tree_node;

typedef struct tree_move {
    op_id id;
    tree_key key;
    uint32_t node, parent;
    bool effective;
    uint32_t old_parent, old_move; /* what it replaced */
} tree_move;

typedef struct tree_touch { /* a node as it was when recording began */
    uint32_t node, parent;
    tree_key key;
    bool lived, lives;
    uint32_t depth, index;
} tree_touch;

typedef struct tree {
    const lk_memory *heap;
    VEC(tree_node) nodes;
    VEC(tree_move) moves; /* those in effect; the undone ones stand at the end of the room */
    size_t late;
    table by_id; /* of nodes */
    uint32_t roots, deleted;
    bool unordered;  /* local moves give all nodes the same position */
    unsigned jitter; /* bytes added to the positions that local moves give */
    bool watched, recording;
    VEC(tree_touch) touched;
    struct {
        uint32_t count;
        bool disorder;
        tree_key last;
    } expected;
} tree;

typedef enum tree_what { TREE_STAYS, TREE_CREATED, TREE_MOVED, TREE_GONE } tree_what;

typedef struct tree_item { /* a node came, moved or went: a step of an event */
    tree_what what;
    uint32_t node;
    uint32_t parent, index;         /* parent: a node or TREE_ROOT */
    uint32_t old_parent, old_index; /* likewise, moved and gone */
    lk_bytes position;
} tree_item;

void tree_init(tree *t, const lk_memory *heap);
void tree_drop(tree *t);
/* Make room for so many moves. */
bool tree_reserve(tree *t, uint32_t moves);
/* Hang a node somewhere (STEP_TREE), or take such an operation back (STEP_BACK). Needs that room.
 * O(log n), the depth, and the moves between this one and the last. tree_settle() ends a row of
 * such calls. What it did goes to *done, if the tree is watched and does not record. */
void tree_apply(tree *t, const step *st, tree_item *done);
void tree_settle(tree *t);

uint32_t tree_find(const tree *t, op_id id); /* TREE_NONE */
/* Was it made, and is it not deleted, nor anything above it? O(depth). */
bool tree_lives(const tree *t, uint32_t node);
/* Is `node` the other one, or below it? */
bool tree_is_below(const tree *t, uint32_t node, uint32_t above);

/* All nodes below the root, or all deleted ones, such that siblings follow each other in order,
 * parents before their children: fills `order` (room for all nodes) and returns how many. */
size_t tree_order(const tree *t, uint32_t top, uint32_t *order);
/* The same, but the children of a node together, then what is below the first of them, and so on:
 * as Loro's snapshots list them. */
size_t tree_families(const tree *t, uint32_t top, uint32_t *order);

/* ---- what changed, for events ---- */

/* This step comes next, and tree_watch() when all that come were named. Those that take effect
 * after all others are told one by one by tree_apply(); if one does not, or brings back what was
 * deleted, the tree records what becomes of its nodes. false when memory is out. */
void tree_expect(tree *t, const step *st);
bool tree_watch(tree *t);
/* What recorded nodes went through, in an order in which each item is true when its turn comes:
 * each is given to take(), until it returns false. Needs a settled tree. */
typedef bool tree_taker(void *context, const tree_item *item);
bool tree_tell(tree *t, tree_taker *take, void *context);
/* Stop recording, forget. */
void tree_unwatch(tree *t);

/* Traps unless nodes, moves and siblings agree. O(n log n). */
void tree_check(const tree *t);

#endif
