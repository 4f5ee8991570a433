/* SPDX-License-Identifier: MIT
 * tree.c - moves in their order, undone and redone around late ones. */
#include "state/tree.h"

#include "base/sort.h"

void tree_init(tree *t, const lk_memory *heap) { *t = (tree){.heap = heap}; }

void tree_drop(tree *t) {
    vec_drop(t->heap, &t->nodes);
    vec_drop(t->heap, &t->moves);
    table_drop(&t->by_id, t->heap);
}

bool tree_reserve(tree *t, uint32_t moves) {
    /* A move can name two nodes that were never heard of. */
    return vec_reserve(t->heap, &t->moves, moves) &&
           vec_reserve(t->heap, &t->nodes, (size_t)moves * 2) &&
           table_reserve(&t->by_id, t->heap, moves * 2);
}

static uint32_t tree_node_of(tree *t, op_id id) {
    uint32_t hash = hash_u64((uint64_t)id.peer << 32 | (uint32_t)id.counter);
    table_probe probe;
    uint32_t i = table_first(&t->by_id, hash, &probe);
    for (; i != TABLE_NONE; i = table_next(&probe))
        if (t->nodes.at[i].id.peer == id.peer && t->nodes.at[i].id.counter == id.counter) return i;
    t->nodes.at[t->nodes.len] =
        (tree_node){.id = id, .parent = TREE_NONE, .move = TREE_NONE, .meta = UINT32_MAX};
    table_add(&t->by_id, hash, (uint32_t)t->nodes.len);
    return (uint32_t)t->nodes.len++;
}

static bool tree_is_below(const tree *t, uint32_t node, uint32_t above) {
    while (node < TREE_DELETED) {
        if (node == above) return true;
        node = t->nodes.at[node].parent;
    }
    return false;
}

static void tree_redo(tree *t, size_t at) {
    tree_move *m = &t->moves.at[at];
    tree_node *node = &t->nodes.at[m->node];
    m->effective = !tree_is_below(t, m->parent, m->node);
    if (!m->effective) return;
    m->old_parent = node->parent;
    m->old_move = node->move;
    node->parent = m->parent;
    node->move = (uint32_t)at;
}

static void tree_undo(tree *t, size_t at) {
    const tree_move *m = &t->moves.at[at];
    if (!m->effective) return;
    t->nodes.at[m->node].parent = m->old_parent;
    t->nodes.at[m->node].move = m->old_move;
}

static bool tree_before(const tree_move *a, const tree_move *b) {
    return a->lamport != b->lamport ? a->lamport < b->lamport : a->peer_wide < b->peer_wide;
}

void tree_apply(tree *t, const step *st) {
    const step_node *to = &st->as.tree;
    tree_move fresh = {.id = st->id,
                       .lamport = st->lamport,
                       .peer_wide = st->peer_wide,
                       .node = tree_node_of(t, to->node),
                       .parent = TREE_ROOT,
                       .position = to->position};
    if (to->deletes)
        fresh.parent = TREE_DELETED;
    else if (to->has_parent)
        fresh.parent = tree_node_of(t, to->parent);
    if (to->meta != UINT32_MAX) t->nodes.at[fresh.node].meta = to->meta;
    size_t at = t->moves.len++;
    while (at > 0 && tree_before(&fresh, &t->moves.at[at - 1])) {
        tree_undo(t, at - 1);
        t->moves.at[at] = t->moves.at[at - 1];
        at--;
    }
    t->moves.at[at] = fresh;
    for (; at < t->moves.len; at++) tree_redo(t, at);
}

/* ---- order ---- */

typedef struct tree_row { /* a node as sorting sees it */
    uint32_t parent, node;
    const tree_move *move;
} tree_row;

static int tree_row_order(const void *a, const void *b) {
    const tree_row *x = a, *y = b;
    if (x->parent != y->parent) return x->parent < y->parent ? -1 : 1;
    int by_position = sort_bytes(x->move->position, y->move->position);
    if (by_position != 0) return by_position;
    return tree_before(x->move, y->move) ? -1 : tree_before(y->move, x->move);
}

/* The first row of a parent's children. */
static size_t tree_children(const tree_row *rows, size_t len, uint32_t parent) {
    size_t low = 0, high = len;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (rows[mid].parent < parent)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

size_t tree_order(const tree *t, uint32_t top, arena *scratch, uint32_t *order) {
    tree_row *rows = arena_new(scratch, tree_row, t->nodes.len);
    if (rows == NULL) return SIZE_MAX;
    size_t len = 0;
    for (uint32_t i = 0; i < t->nodes.len; i++) {
        const tree_node *node = &t->nodes.at[i];
        if (node->move != TREE_NONE)
            rows[len++] = (tree_row){node->parent, i, &t->moves.at[node->move]};
    }
    sort_items(rows, len, sizeof *rows, tree_row_order);
    size_t done = 0, count = 0; /* order[done..count) still has children to list */
    for (uint32_t parent = top;; parent = order[done++]) {
        for (size_t i = tree_children(rows, len, parent); i < len && rows[i].parent == parent; i++)
            order[count++] = rows[i].node;
        if (done == count) return count;
    }
}
