/* SPDX-License-Identifier: MIT
 * btree.h - the one ordered tree: a B+ tree of fixed-size items, with sums of up to four metrics
 * going up.
 *
 *              [ sums | sums | sums ]             a node holds, per child, the sums of all below it
 *              /        |         \
 *     [i i i i] <-> [i i i] <-> [i i i i i]       leaves hold items and are linked in order
 *
 * A position in any metric is one descent; an item's rank in all metrics is one climb (nodes know
 * their parents). Items never split by themselves: the owner shortens one and inserts the rest.
 * What an item measures the owner says, and need not keep in the item itself. Sums are 32 bits; the
 * owner keeps totals below 2^32. */
#ifndef BASE_BTREE_H
#define BASE_BTREE_H

#include "base/mem.h"

#define BTREE_METRICS 4

typedef struct btree_leaf btree_leaf;
typedef struct btree_node btree_node;

typedef struct btree_sums {
    uint32_t by[BTREE_METRICS];
} btree_sums;

typedef struct btree_pos { /* an item; slot == btree_leaf_len(leaf) is the end of the tree */
    btree_leaf *leaf;
    uint32_t slot;
} btree_pos;

typedef struct btree_class { /* how a tree treats its items: one const per use */
    uint32_t item_len;       /* bytes: at most 64, a multiple of 4 */
    /* The item now lives in `leaf` (inserted, or moved there by a split or merge). May be NULL. */
    void (*moved)(void *context, const void *item, btree_leaf *leaf);
} btree_class;

typedef struct btree {
    const btree_class *class;
    const lk_memory *heap;
    void *context; /* for class->moved */
    void *root;    /* a leaf when height is 0, else a node; NULL until the first insert */
    uint32_t height;
    btree_sums total;
    uint32_t leaves, nodes; /* in the tree */
    btree_leaf *spare_leaf; /* lists of what btree_reserve() set aside */
    btree_node *spare_node;
    uint32_t spare_leaves, spare_nodes;
    btree_leaf *near;      /* where btree_find_near() was last, or NULL; */
    uint32_t near_slot;    /* an item there, or their number; */
    btree_sums near_rank;  /* the sums of everything before that, */
    btree_sums near_start; /* and of everything before the leaf */
} btree;

/* An empty tree allocates nothing until the first btree_reserve(). */
void btree_init(btree *t, const btree_class *class, const lk_memory *heap, void *context);
void btree_drop(btree *t);

/* Set memory aside so that the next `inserts` calls of btree_insert() cannot fail, whatever is
 * removed between them. What was set aside before counts, and stays. false: memory is out and the
 * tree is as it was. */
bool btree_reserve(btree *t, size_t inserts);
/* The same for that many calls of btree_append(), from an empty tree on. */
bool btree_reserve_appends(btree *t, size_t items);
/* Give back most of what more than `inserts` inserts would need; reserves made before are void. */
void btree_settle(btree *t, size_t inserts);

/* The item that holds position `pos` of `metric`, and how far inside (*offset): the item with
 * rank <= pos < rank + length. Items of length 0 in that metric are never hit. At or past the
 * total: the end. */
btree_pos btree_find(const btree *t, unsigned metric, uint32_t pos, uint32_t *offset);
/* The same, with the item's rank in all metrics (at the end: the total). */
btree_pos btree_find_rank(const btree *t, unsigned metric, uint32_t pos, btree_sums *rank);
/* The same, and remembers the item: while edits and searches stay in its leaf, searches cost what
 * lies between. */
btree_pos btree_find_near(btree *t, unsigned metric, uint32_t pos, btree_sums *rank);
btree_pos btree_first(const btree *t);
btree_pos btree_end(const btree *t);
bool btree_at_end(const btree *t, btree_pos pos);
/* The item itself, and what it measures. What changes it in place tells btree_changed(). */
void *btree_item(const btree *t, btree_pos pos);
const btree_sums *btree_sums_of(btree_pos pos);
/* Step to the next item (false: that was the last; pos becomes the end), or the one before (false:
 * it was the first; pos stays). */
bool btree_next(const btree *t, btree_pos *pos);
bool btree_prev(const btree *t, btree_pos *pos);
/* Sums of everything before the item. */
btree_sums btree_rank(const btree *t, btree_pos pos);
/* Items of `leaf`, which lie in a row, to find one by walking them: they are few. */
uint32_t btree_leaf_len(const btree_leaf *leaf);
static inline bool btree_empty(const btree *t) { return t->root == NULL; }

/* Insert a copy of `item`, which measures `sums`, before `pos`; where it is now. Needs a reserve.
 * Other btree_pos become stale. */
btree_pos btree_insert(btree *t, btree_pos pos, const void *item, btree_sums sums);
/* Build an empty tree in order, at a few instructions an item: append copies of all items, then
 * raise what stands above them. In between nothing else may be done with it. */
void btree_append(btree *t, const void *item, btree_sums sums);
void btree_raise(btree *t);
/* Remove the item; the position of the one that followed. Other btree_pos become stale. */
btree_pos btree_remove(btree *t, btree_pos pos);
/* The item at `pos` measures `sums` now. */
void btree_changed(btree *t, btree_pos pos, btree_sums sums);
/* The same, where it is known by how much it measures more; less wraps. */
void btree_grew(btree *t, btree_pos pos, const btree_sums *by);

/* Remove all items, keeping the memory a small tree needs. */
void btree_clear(btree *t);

/* Traps unless sums, links, fill and order of levels hold, and, where there is a `measure`, unless
 * items measure what it says. O(n). */
void btree_check(const btree *t, btree_sums (*measure_or_null)(const void *item));

#endif
