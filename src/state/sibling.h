/* SPDX-License-Identifier: MIT
 * sibling.h - the children of each node of a tree, in order: by fractional index, then by the time
 * and writer of the move that brought them. They form a balanced binary tree of their own, whose
 * links are in the nodes: nothing is allocated.
 *
 *      node.below ─► c            node.count: how many in this subtree
 *                  ┌─┴─┐          in order: a c d
 *                  a   d                                                                      */
#ifndef STATE_SIBLING_H
#define STATE_SIBLING_H

#include "state/tree.h"

/* Negative if `a` comes before `b`. */
int sibling_order(const tree_key *a, const tree_key *b);
/* Take up a node among the children of nodes[node].parent (TREE_NONE: nowhere), by nodes[node].key;
 * let go of it before either changes. O(log n). */
void sibling_add(tree *t, uint32_t node);
void sibling_remove(tree *t, uint32_t node);
/* The first child of a node (or of TREE_ROOT, TREE_DELETED), or TREE_NONE. O(log n). */
uint32_t sibling_first(const tree *t, uint32_t parent);
/* The next one, or TREE_NONE. O(1) amortised. */
uint32_t sibling_next(const tree *t, uint32_t node);
uint32_t sibling_count(const tree *t, uint32_t parent);
/* The child at `index`, TREE_NONE past the end; and the index of a child. O(log n). */
uint32_t sibling_at(const tree *t, uint32_t parent, uint32_t index);
uint32_t sibling_index(const tree *t, uint32_t node);
/* Traps unless order and balance hold. */
void sibling_check(const tree *t, uint32_t parent);

#endif
