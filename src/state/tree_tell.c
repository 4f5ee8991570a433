/* SPDX-License-Identifier: MIT
 * tree_tell.c - what became of the nodes that were touched while a tree recorded, as items in an
 * order that a reader can follow: the tree itself goes back to how it was and walks the way again,
 * node by node, and notes its indexes on the way.
 *
 *   1. nodes that live now, from the top down: so what a node is moved below is there already
 *   2. nodes that died, from the bottom up: so none is told to go after what it hung below went
 *   3. nodes that were dead and are: nobody sees
 *
 * What is dead now takes its place at the very end, so that no index counts it. */
#include "base/sort.h"
#include "state/sibling.h"

void tree_expect(tree *t, const step *st) {
    tree_key key = {.lamport = st->lamport, .peer_wide = st->peer_wide};
    bool first = t->expected.count++ == 0, any = !first || t->moves.len > 0;
    if (first && any) t->expected.last = t->moves.at[t->moves.len - 1].key;
    const tree_key *last = &t->expected.last;
    bool later = key.lamport != last->lamport ? key.lamport > last->lamport
                                              : key.peer_wide > last->peer_wide;
    if (st->kind == STEP_BACK || (any && !later)) t->expected.disorder = true;
    t->expected.last = key;
}

bool tree_watch(tree *t) {
    size_t count = t->expected.count;
    t->watched = true;
    t->recording = t->recording || t->expected.disorder;
    t->expected.count = 0;
    t->expected.disorder = false;
    if (t->recording) count = t->nodes.len + 2 * count - t->touched.len;
    return vec_reserve(t->heap, &t->touched, count);
}

void tree_unwatch(tree *t) {
    for (size_t i = 0; i < t->touched.len; i++)
        t->nodes.at[t->touched.at[i].node].touch = TREE_NONE;
    vec_drop(t->heap, &t->touched);
    t->watched = t->recording = false;
}

/* ---- back to how it was ---- */

/* Exchange what a touched node is for what its record remembers. */
static void tree_tell_swap(tree *t, tree_touch *touch) {
    tree_node *n = &t->nodes.at[touch->node];
    tree_touch now = *touch;
    now.parent = n->parent;
    now.key = n->key;
    n->parent = touch->parent;
    n->key = touch->key;
    *touch = now;
}

static uint32_t tree_tell_depth(const tree *t, uint32_t node) {
    uint32_t depth = 0;
    for (; node < TREE_DELETED; node = t->nodes.at[node].parent) depth++;
    return depth;
}

static int tree_tell_order(const void *a, const void *b) {
    const tree_touch *x = a, *y = b;
    if (x->lives != y->lives) return x->lives ? -1 : 1;
    if (x->lived != y->lived && !x->lives) return x->lived ? -1 : 1;
    if (x->depth != y->depth) return (x->depth < y->depth) == x->lives ? -1 : 1;
    if (x->index != y->index) return x->index < y->index ? -1 : 1;
    return x->node < y->node ? -1 : x->node > y->node;
}

/* Note what the nodes are, make them what they were, sort the way. */
static void tree_tell_rewind(tree *t) {
    size_t len = t->touched.len;
    tree_touch *touched = t->touched.at;
    for (size_t i = 0; i < len; i++) {
        touched[i].lives = tree_lives(t, touched[i].node);
        touched[i].depth = tree_tell_depth(t, touched[i].node);
        touched[i].index = touched[i].lives ? sibling_index(t, touched[i].node) : 0;
    }
    for (size_t i = 0; i < len; i++) sibling_remove(t, touched[i].node);
    for (size_t i = 0; i < len; i++) tree_tell_swap(t, &touched[i]);
    for (size_t i = 0; i < len; i++) {
        touched[i].lived = tree_lives(t, touched[i].node);
        if (!touched[i].lives) touched[i].depth = tree_tell_depth(t, touched[i].node);
        if (touched[i].lived) sibling_add(t, touched[i].node);
    }
    sort_items(touched, len, sizeof *touched, tree_tell_order);
    for (uint32_t i = 0; i < len; i++) t->nodes.at[touched[i].node].touch = i;
}

/* ---- and forth again ---- */

typedef struct tree_teller {
    tree *tree;
    tree_taker *take;
    void *context;
    bool going; /* the taker wants more */
} tree_teller;

static void tree_tell_item(tree_teller *w, const tree_item *item) {
    if (w->going) w->going = w->take(w->context, item);
}

static void tree_tell_created(tree_teller *w, uint32_t node, uint32_t index) {
    const tree_node *n = &w->tree->nodes.at[node];
    tree_item item = {.what = TREE_CREATED,
                      .node = node,
                      .parent = n->parent,
                      .index = index,
                      .position = n->key.position};
    tree_tell_item(w, &item);
}

static uint32_t tree_tell_last(const tree *t, uint32_t parent) {
    uint32_t count = sibling_count(t, parent);
    return count == 0 ? TREE_NONE : sibling_at(t, parent, count - 1);
}

static uint32_t tree_tell_before(const tree *t, uint32_t node) {
    uint32_t index = sibling_index(t, node);
    return index == 0 ? TREE_NONE : sibling_at(t, t->nodes.at[node].parent, index - 1);
}

/* A node that was deleted is back, and all below it that was not touched. In Loro's order: the
 * children of a node together, then what is below the last of them, and so on to the first. */
static void tree_tell_revived(tree_teller *w, uint32_t top) {
    const tree *t = w->tree;
    tree_tell_created(w, top, sibling_index(t, top));
    for (uint32_t above = top;;) {
        uint32_t index = 0, next = tree_tell_last(t, above);
        for (uint32_t at = sibling_first(t, above); at != TREE_NONE; at = sibling_next(t, at))
            tree_tell_created(w, at, index++);
        for (; next == TREE_NONE && above != top; above = t->nodes.at[above].parent)
            next = tree_tell_before(t, above);
        if (next == TREE_NONE) return;
        above = next;
    }
}

static void tree_tell_touch(tree_teller *w, tree_touch *touch) {
    tree *t = w->tree;
    uint32_t node = touch->node;
    tree_node *n = &t->nodes.at[node];
    tree_item item = {.node = node, .old_parent = n->parent};
    bool told = n->parent != touch->parent || sort_bytes(n->key.position, touch->key.position) != 0;
    if (touch->lived) {
        item.old_index = sibling_index(t, node);
        sibling_remove(t, node);
    }
    tree_tell_swap(t, touch);
    if (touch->lives) sibling_add(t, node);
    if (!touch->lives) {
        item.what = TREE_GONE;
        if (touch->lived) tree_tell_item(w, &item);
        return;
    }
    if (!touch->lived) {
        tree_tell_revived(w, node);
        return;
    }
    item.what = TREE_MOVED;
    item.parent = n->parent;
    item.index = sibling_index(t, node);
    item.position = n->key.position;
    if (told || item.index != item.old_index) tree_tell_item(w, &item);
}

bool tree_tell(tree *t, tree_taker *take, void *context) {
    LK_ASSERT(t->late == 0);
    tree_teller w = {t, take, context, true};
    tree_tell_rewind(t);
    for (size_t i = 0; i < t->touched.len; i++) tree_tell_touch(&w, &t->touched.at[i]);
    for (size_t i = 0; i < t->touched.len; i++)
        if (!t->touched.at[i].lives) sibling_add(t, t->touched.at[i].node);
    return w.going;
}
