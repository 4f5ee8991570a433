/* SPDX-License-Identifier: MIT
 * tree.c - moves in their order, undone and redone around late ones. The array of moves has a gap
 * where the tree stands in their order, so that many late ones in a row cost one pass over those
 * after them. */
#include "state/tree.h"

#include "state/sibling.h"

void tree_init(tree *t, const lk_memory *heap) {
    *t = (tree){.heap = heap, .roots = TREE_NONE, .deleted = TREE_NONE};
}

void tree_drop(tree *t) {
    vec_drop(t->heap, &t->nodes);
    vec_drop(t->heap, &t->moves);
    vec_drop(t->heap, &t->touched);
    table_drop(&t->by_id, t->heap);
}

bool tree_reserve(tree *t, uint32_t moves) {
    LK_ASSERT(t->late == 0);
    /* A move can name two nodes that were never heard of. */
    return vec_reserve(t->heap, &t->moves, moves) &&
           vec_reserve(t->heap, &t->nodes, (size_t)moves * 2) &&
           table_reserve(&t->by_id, t->heap, moves * 2);
}

/* ---- nodes ---- */

static uint32_t tree_hash(const tree *t, op_id id) {
    return keyed_hash_u64(t->heap->hash_key, (uint64_t)id.peer << 32 | (uint32_t)id.counter);
}

uint32_t tree_find(const tree *t, op_id id) {
    table_probe probe;
    uint32_t i = table_first(&t->by_id, tree_hash(t, id), &probe);
    for (; i != TABLE_NONE; i = table_next(&probe))
        if (t->nodes.at[i].id.peer == id.peer && t->nodes.at[i].id.counter == id.counter) break;
    return i;
}

/* The record of a node, made if it is new. */
static uint32_t tree_node_of(tree *t, op_id id) {
    uint32_t i = tree_find(t, id);
    if (i != TREE_NONE) return i;
    LK_ASSERT(t->nodes.len < t->nodes.cap);
    t->nodes.at[t->nodes.len] = (tree_node){.id = id,
                                            .parent = TREE_NONE,
                                            .move = TREE_NONE,
                                            .meta = TREE_NONE,
                                            .touch = TREE_NONE,
                                            .below = TREE_NONE};
    table_add(&t->by_id, tree_hash(t, id), (uint32_t)t->nodes.len);
    return (uint32_t)t->nodes.len++;
}

bool tree_lives(const tree *t, uint32_t node) {
    while (node < TREE_DELETED) node = t->nodes.at[node].parent;
    return node == TREE_ROOT;
}

bool tree_is_below(const tree *t, uint32_t node, uint32_t above) {
    while (node < TREE_DELETED) {
        if (node == above) return true;
        node = t->nodes.at[node].parent;
    }
    return false;
}

/* ---- doing and undoing ---- */

static void tree_touch_node(tree *t, uint32_t node) {
    tree_node *n = &t->nodes.at[node];
    if (!t->recording || n->touch != TREE_NONE) return;
    LK_ASSERT(t->touched.len < t->touched.cap);
    n->touch = (uint32_t)t->touched.len++;
    t->touched.at[n->touch] = (tree_touch){.node = node, .parent = n->parent, .key = n->key};
}

static void tree_hang(tree *t, uint32_t node, uint32_t parent, uint32_t move) {
    tree_node *n = &t->nodes.at[node];
    tree_touch_node(t, node);
    sibling_remove(t, node);
    n->parent = parent;
    n->move = move;
    n->key = move == TREE_NONE ? (tree_key){0} : t->moves.at[move].key;
    sibling_add(t, node);
}

/* Carry out the move behind those in effect. */
static void tree_do(tree *t, const tree_move *move) {
    uint32_t at = (uint32_t)t->moves.len++;
    tree_move *m = &t->moves.at[at];
    *m = *move;
    m->effective = !tree_is_below(t, m->parent, m->node);
    if (!m->effective) return;
    m->old_parent = t->nodes.at[m->node].parent;
    m->old_move = t->nodes.at[m->node].move;
    tree_hang(t, m->node, m->parent, at);
}

/* Take back the last move in effect. */
static tree_move tree_undo(tree *t) {
    tree_move m = t->moves.at[t->moves.len - 1];
    if (m.effective) tree_hang(t, m.node, m.old_parent, m.old_move);
    t->moves.len--;
    return m;
}

static bool tree_before(const tree_key *a, const tree_key *b) {
    return a->lamport != b->lamport ? a->lamport < b->lamport : a->peer_wide < b->peer_wide;
}

static const tree_move *tree_late(const tree *t) { return &t->moves.at[t->moves.cap - t->late]; }

/* Let those moves be in effect that come up to `key`, itself included. */
static void tree_seek(tree *t, const tree_key *key) {
    while (t->moves.len > 0 && tree_before(key, &t->moves.at[t->moves.len - 1].key)) {
        tree_move m = tree_undo(t);
        t->late++;
        t->moves.at[t->moves.cap - t->late] = m;
    }
    while (t->late > 0 && !tree_before(key, &tree_late(t)->key)) {
        tree_move m = *tree_late(t);
        t->late--;
        tree_do(t, &m);
    }
}

void tree_settle(tree *t) {
    while (t->late > 0) {
        tree_move m = *tree_late(t);
        t->late--;
        tree_do(t, &m);
    }
}

/* ---- steps ---- */

static tree_move tree_move_of(tree *t, const step *st) {
    const op_tree *to = st->data;
    tree_move m = {.id = st->id,
                   .key = {to->position, st->lamport, st->peer_wide},
                   .node = tree_node_of(t, to->node),
                   .parent = TREE_ROOT};
    if (to->deletes) {
        m.parent = TREE_DELETED;
        m.key.position = (lk_bytes){0}; /* a snapshot gives them one, operations do not */
    } else if (to->has_parent)
        m.parent = tree_node_of(t, to->parent);
    if (st->as.node.meta != UINT32_MAX) t->nodes.at[m.node].meta = st->as.node.meta;
    return m;
}

/* An operation made here, after all others, is told of as what it is, though nobody may see it. */
static void tree_append_own(tree *t, const tree_move *m, tree_item *done) {
    const tree_node *n = &t->nodes.at[m->node];
    bool fresh = n->move == TREE_NONE, gone = m->parent == TREE_DELETED;
    *done = (tree_item){.node = m->node, .old_parent = n->parent};
    if (!fresh) done->old_index = sibling_index(t, m->node);
    tree_do(t, m);
    if (!t->moves.at[t->moves.len - 1].effective || t->recording) return;
    done->parent = m->parent;
    done->position = m->key.position;
    if (!gone) done->index = sibling_index(t, m->node);
    done->what = fresh ? TREE_CREATED : gone ? TREE_GONE : TREE_MOVED;
}

/* A move after all others, told of at once. */
static void tree_append(tree *t, const tree_move *m, tree_item *done) {
    uint32_t node = m->node;
    bool lived = tree_lives(t, node);
    done->node = node;
    done->old_parent = t->nodes.at[node].parent;
    if (lived) done->old_index = sibling_index(t, node);
    bool back = !lived && t->nodes.at[node].below != TREE_NONE && tree_lives(t, m->parent);
    if (back) t->recording = true; /* what is below it comes back, too */
    tree_do(t, m);
    if (!t->moves.at[t->moves.len - 1].effective || t->recording) return;
    bool lives = tree_lives(t, node);
    done->parent = m->parent;
    done->position = m->key.position;
    if (lives) done->index = sibling_index(t, node);
    done->what = lives ? (lived ? TREE_MOVED : TREE_CREATED) : lived ? TREE_GONE : TREE_STAYS;
}

static void tree_back(tree *t, const step *st) {
    tree_key key = {.lamport = st->lamport, .peer_wide = st->peer_wide};
    tree_seek(t, &key);
    tree_move m = tree_undo(t);
    LK_ASSERT(m.id.peer == st->id.peer && m.id.counter == st->id.counter);
}

void tree_apply(tree *t, const step *st, tree_item *done) {
    *done = (tree_item){.what = TREE_STAYS};
    if (st->kind == STEP_BACK) {
        tree_back(t, st);
        return;
    }
    tree_move fresh = tree_move_of(t, st);
    tree_seek(t, &fresh.key);
    if (!t->watched || t->recording)
        tree_do(t, &fresh);
    else if (st->as.node.own)
        tree_append_own(t, &fresh, done);
    else
        tree_append(t, &fresh, done);
}

/* ---- reading ---- */

size_t tree_order(const tree *t, uint32_t top, uint32_t *order) {
    size_t done = 0, count = 0; /* order[done..count) still has children to list */
    for (uint32_t parent = top;; parent = order[done++]) {
        for (uint32_t at = sibling_first(t, parent); at != TREE_NONE; at = sibling_next(t, at))
            order[count++] = at;
        if (done == count) return count;
    }
}

size_t tree_families(const tree *t, uint32_t top, uint32_t *order) {
    size_t count = 0;
    for (uint32_t above = top, next;; above = next) {
        next = sibling_first(t, above);
        for (uint32_t at = next; at != TREE_NONE; at = sibling_next(t, at)) order[count++] = at;
        while (next == TREE_NONE && above != top) {
            next = sibling_next(t, above);
            above = t->nodes.at[above].parent;
        }
        if (next == TREE_NONE) return count;
    }
}

void tree_check(const tree *t) {
    LK_ASSERT(t->late == 0);
    size_t hung = sibling_count(t, TREE_ROOT) + sibling_count(t, TREE_DELETED), made = 0;
    sibling_check(t, TREE_ROOT);
    sibling_check(t, TREE_DELETED);
    for (uint32_t i = 0; i < t->nodes.len; i++) {
        const tree_node *n = &t->nodes.at[i];
        sibling_check(t, i);
        hung += sibling_count(t, i);
        LK_ASSERT((n->parent == TREE_NONE) == (n->move == TREE_NONE));
        if (n->move == TREE_NONE) continue;
        const tree_move *m = &t->moves.at[n->move];
        made++;
        LK_ASSERT(m->node == i && m->parent == n->parent && m->effective);
        LK_ASSERT(sibling_order(&m->key, &n->key) == 0);
    }
    LK_ASSERT(hung == made);
    for (size_t i = 1; i < t->moves.len; i++)
        LK_ASSERT(tree_before(&t->moves.at[i - 1].key, &t->moves.at[i].key));
}
