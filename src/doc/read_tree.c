/* SPDX-License-Identifier: MIT
 * read_tree.c - what trees hold. */
#include "doc/doc.h"
#include "state/sibling.h"

static const tree *read_tree_of(const lk_doc *doc, lk_ref ref) {
    LK_ASSERT(ref.index < doc->state.containers.len);
    const tree *t = state_find_tree(&doc->state, ref.index);
    LK_ASSERT(t != NULL);
    return t;
}

static lk_node read_tree_node(const lk_doc *doc, const tree *t, uint32_t at) {
    const tree_node *n = &t->nodes.at[at];
    lk_node out = {.id = doc_wide(doc, n->id),
                   .deleted = !tree_lives(t, at),
                   .has_parent = n->parent < TREE_DELETED,
                   .children = sibling_count(t, at),
                   .last_move = doc_wide(doc, t->moves.at[n->move].id),
                   .data = {n->meta},
                   .index = sibling_index(t, at),
                   .fractional_index = n->key.position};
    if (out.has_parent) out.parent = doc_wide(doc, t->nodes.at[n->parent].id);
    return out;
}

/* A node that was made; TREE_NONE if there is none. */
static uint32_t read_tree_find(const lk_doc *doc, const tree *t, lk_id id) {
    peer_ix peer = intern_find_peer(&doc->log.names, id.peer);
    uint32_t at = peer == TABLE_NONE ? TREE_NONE : tree_find(t, (op_id){peer, id.counter});
    return at == TREE_NONE || t->nodes.at[at].move == TREE_NONE ? TREE_NONE : at;
}

lk_status lk_tree_get(const lk_doc *doc, lk_ref tree_ref, lk_id node, lk_node *out) {
    const tree *t = read_tree_of(doc, tree_ref);
    uint32_t at = read_tree_find(doc, t, node);
    if (at == TREE_NONE) return LK_EMISSING;
    *out = read_tree_node(doc, t, at);
    return LK_OK;
}

lk_status lk_tree_child(const lk_doc *doc, lk_ref tree_ref, const lk_id *parent_or_null,
                        size_t index, lk_node *out) {
    const tree *t = read_tree_of(doc, tree_ref);
    uint32_t parent = parent_or_null == NULL ? TREE_ROOT : read_tree_find(doc, t, *parent_or_null);
    if (parent == TREE_NONE) return LK_EMISSING;
    if (index >= sibling_count(t, parent)) return LK_ERANGE;
    *out = read_tree_node(doc, t, sibling_at(t, parent, (uint32_t)index));
    return LK_OK;
}

bool lk_tree_positioned(const lk_doc *doc, lk_ref tree_ref) {
    return !read_tree_of(doc, tree_ref)->unordered;
}

size_t lk_tree_roots(const lk_doc *doc, lk_ref tree_ref) {
    return sibling_count(read_tree_of(doc, tree_ref), TREE_ROOT);
}

bool lk_tree_next(const lk_doc *doc, lk_ref tree_ref, size_t *cursor, lk_node *out) {
    const tree *t = read_tree_of(doc, tree_ref);
    while (*cursor < t->nodes.len) {
        uint32_t at = (uint32_t)(*cursor)++;
        if (t->nodes.at[at].move == TREE_NONE) continue;
        *out = read_tree_node(doc, t, at);
        return true;
    }
    return false;
}
