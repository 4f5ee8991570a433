/* SPDX-License-Identifier: MIT
 * sibling.c - weight-balanced trees (Nievergelt and Reingold, 1973), with the parameters 3 and 2 of
 * Hirai and Yamamoto, "Balancing weight-balanced trees", 2011: with the weight of a subtree being
 * its count plus one, no side weighs more than three times the other. So they are O(log n) deep
 * whatever the order of arrival, and rank and selection come for free. */
#include "state/sibling.h"

#include "base/sort.h"

int sibling_order(const tree_key *a, const tree_key *b) {
    int by_position = sort_bytes(a->position, b->position);
    if (by_position != 0) return by_position;
    if (a->lamport != b->lamport) return a->lamport < b->lamport ? -1 : 1;
    if (a->peer_wide != b->peer_wide) return a->peer_wide < b->peer_wide ? -1 : 1;
    return 0;
}

static tree_node *sibling_node(const tree *t, uint32_t node) { return &t->nodes.at[node]; }

static uint32_t sibling_size(const tree *t, uint32_t node) {
    return node == TREE_NONE ? 0 : sibling_node(t, node)->count;
}

static const uint32_t *sibling_top(const tree *t, uint32_t parent) {
    if (parent == TREE_ROOT) return &t->roots;
    return parent == TREE_DELETED ? &t->deleted : &sibling_node(t, parent)->below;
}

/* What points down at `node`: its parent in this tree, or the top. */
static uint32_t *sibling_link(tree *t, uint32_t node) {
    uint32_t up = sibling_node(t, node)->up;
    if (up == TREE_NONE) return (uint32_t *)sibling_top(t, sibling_node(t, node)->parent);
    return sibling_node(t, up)->left == node ? &sibling_node(t, up)->left
                                             : &sibling_node(t, up)->right;
}

static void sibling_count_up(tree *t, uint32_t node) {
    tree_node *n = sibling_node(t, node);
    n->count = 1 + sibling_size(t, n->left) + sibling_size(t, n->right);
}

/* Lift the left or right child of `node` into its place. */
static uint32_t sibling_rotate(tree *t, uint32_t node, bool left) {
    tree_node *n = sibling_node(t, node);
    uint32_t child = left ? n->left : n->right;
    tree_node *c = sibling_node(t, child);
    uint32_t *link = sibling_link(t, node), inner = left ? c->right : c->left;
    c->up = n->up;
    *link = child;
    n->up = child;
    *(left ? &n->left : &n->right) = inner;
    *(left ? &c->right : &c->left) = node;
    if (inner != TREE_NONE) sibling_node(t, inner)->up = node;
    sibling_count_up(t, node);
    sibling_count_up(t, child);
    return child;
}

/* Balance `node`, whose subtrees are balanced, and all above it. */
static void sibling_balance(tree *t, uint32_t node) {
    for (; node != TREE_NONE; node = sibling_node(t, node)->up) {
        const tree_node *n = sibling_node(t, node);
        sibling_count_up(t, node);
        uint64_t left = sibling_size(t, n->left) + 1, right = sibling_size(t, n->right) + 1;
        if (left <= 3 * right && right <= 3 * left) continue;
        bool heavy = left > right; /* the left side */
        uint32_t child = heavy ? n->left : n->right;
        const tree_node *c = sibling_node(t, child);
        uint64_t outer = sibling_size(t, heavy ? c->left : c->right) + 1;
        uint64_t inner = sibling_size(t, heavy ? c->right : c->left) + 1;
        if (inner >= 2 * outer) sibling_rotate(t, child, !heavy);
        node = sibling_rotate(t, node, heavy);
    }
}

void sibling_add(tree *t, uint32_t node) {
    tree_node *n = sibling_node(t, node);
    if (n->parent == TREE_NONE) return;
    uint32_t *link = (uint32_t *)sibling_top(t, n->parent);
    n->up = n->left = n->right = TREE_NONE;
    while (*link != TREE_NONE) {
        n->up = *link;
        tree_node *above = sibling_node(t, n->up);
        link = sibling_order(&n->key, &above->key) < 0 ? &above->left : &above->right;
    }
    *link = node;
    sibling_balance(t, node);
}

void sibling_remove(tree *t, uint32_t node) {
    tree_node *n = sibling_node(t, node);
    if (n->parent == TREE_NONE) return;
    uint32_t *link = sibling_link(t, node), from = n->up, child = n->left;
    if (n->left == TREE_NONE || n->right == TREE_NONE) {
        child = n->left == TREE_NONE ? n->right : n->left;
    } else { /* the next one in order takes its place */
        uint32_t next = n->right;
        while (sibling_node(t, next)->left != TREE_NONE) next = sibling_node(t, next)->left;
        tree_node *heir = sibling_node(t, next);
        from = next;
        if (next != n->right) {
            from = heir->up;
            sibling_node(t, from)->left = heir->right;
            if (heir->right != TREE_NONE) sibling_node(t, heir->right)->up = from;
            heir->right = n->right;
            sibling_node(t, n->right)->up = next;
        }
        heir->left = n->left;
        sibling_node(t, n->left)->up = next;
        child = next;
    }
    *link = child;
    if (child != TREE_NONE) sibling_node(t, child)->up = n->up;
    sibling_balance(t, from);
}

/* ---- reading ---- */

static uint32_t sibling_leftmost(const tree *t, uint32_t node) {
    while (node != TREE_NONE && sibling_node(t, node)->left != TREE_NONE)
        node = sibling_node(t, node)->left;
    return node;
}

uint32_t sibling_first(const tree *t, uint32_t parent) {
    return sibling_leftmost(t, *sibling_top(t, parent));
}

uint32_t sibling_next(const tree *t, uint32_t node) {
    const tree_node *n = sibling_node(t, node);
    if (n->right != TREE_NONE) return sibling_leftmost(t, n->right);
    while (n->up != TREE_NONE && sibling_node(t, n->up)->right == node) {
        node = n->up;
        n = sibling_node(t, node);
    }
    return n->up;
}

uint32_t sibling_count(const tree *t, uint32_t parent) {
    return sibling_size(t, *sibling_top(t, parent));
}

uint32_t sibling_at(const tree *t, uint32_t parent, uint32_t index) {
    uint32_t node = *sibling_top(t, parent);
    while (node != TREE_NONE) {
        const tree_node *n = sibling_node(t, node);
        uint32_t before = sibling_size(t, n->left);
        if (index == before) return node;
        node = index < before ? n->left : n->right;
        if (index > before) index -= before + 1;
    }
    return TREE_NONE;
}

uint32_t sibling_index(const tree *t, uint32_t node) {
    const tree_node *n = sibling_node(t, node);
    uint32_t index = sibling_size(t, n->left);
    for (; n->up != TREE_NONE; n = sibling_node(t, node)) {
        const tree_node *up = sibling_node(t, n->up);
        if (up->right == node) index += 1 + sibling_size(t, up->left);
        node = n->up;
    }
    return index;
}

void sibling_check(const tree *t, uint32_t parent) {
    uint32_t before = TREE_NONE, count = 0;
    for (uint32_t at = sibling_first(t, parent); at != TREE_NONE; at = sibling_next(t, at)) {
        const tree_node *n = sibling_node(t, at);
        uint64_t left = sibling_size(t, n->left), right = sibling_size(t, n->right);
        LK_ASSERT(n->parent == parent && n->count == left + right + 1);
        LK_ASSERT(left + 1 <= 3 * (right + 1) && right + 1 <= 3 * (left + 1));
        LK_ASSERT(sibling_index(t, at) == count && sibling_at(t, parent, count) == at);
        if (before != TREE_NONE)
            LK_ASSERT(sibling_order(&sibling_node(t, before)->key, &n->key) < 0);
        before = at;
        count++;
    }
    LK_ASSERT(count == sibling_count(t, parent));
}
