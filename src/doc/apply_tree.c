/* SPDX-License-Identifier: MIT
 * apply_tree.c - the steps of a tree's diff, carried out on nodes as they are by now: one that is
 * not there is made anew, one that is there already moves. Nodes keep the fractional index that the
 * diff gives them, which is what tells their place. */
#include "doc/apply.h"
#include "doc/edit.h"
#include "state/sibling.h"

/* Where a node shall hang. */
typedef struct apply_spot {
    apply *a;
    uint32_t id; /* of the tree's container */
    tree *tree;
    uint32_t parent; /* a node, or TREE_ROOT */
    lk_bytes position;
} apply_spot;

static bool apply_tree_parent(apply_spot *s, const lk_tree_change *told) {
    s->parent = TREE_ROOT;
    if (!told->has_parent) return true;
    uint32_t number = apply_follow(s->a, apply_node(s->a, told->parent));
    return apply_find_node(s->a, s->tree, number, &s->parent) && tree_lives(s->tree, s->parent);
}

/* Hang a node there; TREE_NONE: a new one. */
static lk_status apply_tree_put(apply_spot *s, uint32_t node, uint32_t *data) {
    lk_doc *doc = s->a->doc;
    lk_status status = edit_begin(doc, (lk_ref){s->id}, 1, 1);
    if (status != LK_OK) return status;
    edit_ready ready = edit_save(doc);
    bool fresh = node == TREE_NONE, inner = s->parent != TREE_ROOT;
    op_id id = fresh ? edit_next_id(doc) : s->tree->nodes.at[node].id;
    op_tree *to = arena_new(&doc->log.log, op_tree, 1);
    uint8_t *copy = arena_bytes(&doc->log.log, s->position.len);
    *data = fresh ? oplog_node(&doc->log, id, s->id) : TREE_NONE;
    if (to == NULL || copy == NULL || (fresh && *data == TABLE_NONE))
        return edit_abort(doc, ready, LK_ENOMEM);
    __builtin_memcpy(copy, s->position.at, s->position.len);
    *to = (op_tree){.node = id, .has_parent = inner, .position = {copy, s->position.len}};
    if (inner) to->parent = s->tree->nodes.at[s->parent].id;
    op o = {.kind = OP_TREE, .container = s->id, .len = 1, .as.tree = to};
    step st = {.kind = STEP_TREE,
               .container = s->id,
               .len = 1,
               .data = to,
               .as.node = {.meta = *data, .own = true}};
    return edit_finish(doc, ready, &o, &st, 1);
}

static bool apply_tree_same(const apply_spot *s, uint32_t node) {
    const tree_node *n = &s->tree->nodes.at[node];
    return n->parent == s->parent && n->key.position.len == s->position.len &&
           __builtin_memcmp(n->key.position.at, s->position.at, s->position.len) == 0;
}

static lk_status apply_tree_place(apply_spot *s, const lk_tree_change *told) {
    apply *a = s->a;
    uint32_t number = apply_node(a, told->target), node, data;
    s->position = told->fractional_index;
    if (!apply_tree_parent(s, told)) return LK_OK;
    bool there = apply_find_node(a, s->tree, apply_follow(a, number), &node);
    if (there && tree_lives(s->tree, node)) {
        bool idle = apply_tree_same(s, node) || tree_is_below(s->tree, s->parent, node);
        return idle ? LK_OK : apply_tree_put(s, node, &data);
    }
    if (!remap_reserve(a->remap, 1)) return LK_ENOMEM;
    lk_status status = apply_tree_put(s, TREE_NONE, &data);
    if (status == LK_OK) remap_put(a->remap, apply_follow(a, number), data);
    return status;
}

static lk_status apply_tree_remove(const apply_spot *s, const lk_tree_change *told) {
    uint32_t number = apply_follow(s->a, apply_node(s->a, told->target)), node;
    if (!apply_find_node(s->a, s->tree, number, &node) || !tree_lives(s->tree, node)) return LK_OK;
    lk_id id = doc_wide(s->a->doc, s->tree->nodes.at[node].id);
    return lk_tree_delete(s->a->doc, (lk_ref){s->id}, id);
}

lk_status apply_tree(apply *a, uint32_t id, const lk_diff *diff) {
    apply_spot s = {.a = a, .id = id, .tree = state_find_tree(&a->doc->state, id)};
    lk_status status = LK_OK;
    for (size_t i = 0; i < diff->node_len && status == LK_OK; i++) {
        const lk_tree_change *told = &diff->nodes[i];
        status = told->action == LK_TREE_DELETE ? apply_tree_remove(&s, told)
                                                : apply_tree_place(&s, told);
    }
    return status;
}
