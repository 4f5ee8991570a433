/* SPDX-License-Identifier: MIT
 * edit_tree.c - edits of trees. A node among siblings gets a fractional index between theirs. Where
 * these are equal, because peers made them at the same time, those behind it move, too: as in Loro,
 * all that have the index of the one before it get new ones. */
#include "base/fractional_index.h"
#include "codec/op_row.h"
#include "doc/edit.h"
#include "state/sibling.h"

static const lk_bytes edit_tree_default = {(const uint8_t *)"\x80", 1};

static tree *edit_tree_of(const lk_doc *doc, lk_ref ref) {
    LK_ASSERT(ref.index < doc->state.containers.len);
    return state_find_tree(&doc->state, ref.index);
}

static uint32_t edit_tree_find(const lk_doc *doc, const tree *t, lk_id id) {
    peer_ix peer = intern_find_peer(&doc->log.names, id.peer);
    return peer == TABLE_NONE ? TREE_NONE : tree_find(t, (op_id){peer, id.counter});
}

/* Was it made, and not been deleted itself? As in Loro: what hangs below something deleted can be
 * moved out of there. */
static bool edit_tree_movable(const tree *t, uint32_t node) {
    return node != TREE_NONE && t->nodes.at[node].parent != TREE_NONE &&
           t->nodes.at[node].parent != TREE_DELETED;
}

/* Where a node goes. */
typedef struct edit_tree_spot {
    lk_doc *doc;
    lk_ref ref;
    tree *tree;
    uint32_t node; /* TREE_NONE: it is new */
    uint32_t parent;
    size_t index; /* among the siblings without itself */
    size_t moved; /* siblings that get a new position */
    op_id bin;    /* of deletes: what the history calls their parent */
} edit_tree_spot;

/* The sibling at `index`, the node itself not counted; TREE_NONE past the end. */
static uint32_t edit_tree_sibling(const edit_tree_spot *s, size_t index) {
    bool among = s->node != TREE_NONE && s->tree->nodes.at[s->node].parent == s->parent;
    if (among && index >= sibling_index(s->tree, s->node)) index++;
    return index > UINT32_MAX ? TREE_NONE : sibling_at(s->tree, s->parent, (uint32_t)index);
}

static lk_bytes edit_tree_position(const edit_tree_spot *s, size_t index) {
    uint32_t node = edit_tree_sibling(s, index);
    return node == TREE_NONE ? (lk_bytes){0} : s->tree->nodes.at[node].key.position;
}

static bool edit_tree_same(lk_bytes a, lk_bytes b) {
    return a.len == b.len && (a.len == 0 || __builtin_memcmp(a.at, b.at, a.len) == 0);
}

/* Siblings behind the spot that have the position of the one before it. */
static size_t edit_tree_equals(const edit_tree_spot *s) {
    if (s->tree->unordered || s->index == 0) return 0;
    lk_bytes left = edit_tree_position(s, s->index - 1);
    size_t count = 0;
    while (edit_tree_sibling(s, s->index + count) != TREE_NONE &&
           edit_tree_same(left, edit_tree_position(s, s->index + count)))
        count++;
    return count;
}

/* Positions of the node and of what moves with it, in the log. */
static bool edit_tree_positions(const edit_tree_spot *s, lk_bytes *out) {
    lk_doc *doc = s->doc;
    *out = edit_tree_default;
    if (s->tree->unordered) return true;
    lk_bytes left = {0}, right = edit_tree_position(s, s->index + s->moved);
    if (s->index > 0) left = edit_tree_position(s, s->index - 1);
    if (!fractional_index_spread(&doc->log.log, left, right, out, s->moved + 1)) return false;
    uint64_t seed = doc->peer ^ (uint64_t)edit_next_id(doc).counter << 32;
    for (size_t i = 0; i <= s->moved; i++)
        if (!fractional_index_jitter(&doc->log.log, &out[i], s->tree->jitter, &seed)) return false;
    return true;
}

static void edit_tree_hang(const edit_tree_spot *s, op_id node, lk_bytes position, uint32_t data,
                           op_tree *to, op *o, step *st) {
    *to = (op_tree){.node = node,
                    .parent = s->bin,
                    .has_parent = s->parent != TREE_ROOT,
                    .deletes = s->parent == TREE_DELETED,
                    .position = position};
    if (s->parent < TREE_DELETED) to->parent = s->tree->nodes.at[s->parent].id;
    *o = (op){.kind = OP_TREE, .container = s->ref.index, .len = 1, .as.tree = to};
    *st = (step){.kind = STEP_TREE,
                 .container = s->ref.index,
                 .len = 1,
                 .data = to,
                 .as.node = {.meta = data, .own = true}};
}

/* Put the node there, one that is new with its data. */
static lk_status edit_tree_put(edit_tree_spot *s, op_id *made) {
    lk_doc *doc = s->doc;
    s->moved = edit_tree_equals(s);
    size_t len = s->moved + 1;
    lk_status status = edit_begin(doc, s->ref, len, (uint32_t)len);
    if (status != LK_OK) return status;
    op *ops = arena_new(&doc->scratch, op, len);
    step *steps = arena_new(&doc->scratch, step, len);
    lk_bytes *positions = arena_new(&doc->scratch, lk_bytes, len);
    if (ops == NULL || steps == NULL || positions == NULL) return LK_ENOMEM;
    edit_ready ready = edit_save(doc);
    op_tree *to = arena_new(&doc->log.log, op_tree, len);
    if (to == NULL || !edit_tree_positions(s, positions)) return edit_abort(doc, ready, LK_ENOMEM);
    op_id node = s->node == TREE_NONE ? edit_next_id(doc) : s->tree->nodes.at[s->node].id;
    uint32_t data = TREE_NONE;
    if (s->node == TREE_NONE && (data = oplog_node(&doc->log, node, s->ref.index)) == TABLE_NONE)
        return edit_abort(doc, ready, LK_ENOMEM);
    edit_tree_hang(s, node, positions[0], data, &to[0], &ops[0], &steps[0]);
    for (size_t i = 1; i < len; i++) {
        uint32_t sibling = edit_tree_sibling(s, s->index + i - 1);
        edit_tree_hang(s, s->tree->nodes.at[sibling].id, positions[i], TREE_NONE, &to[i], &ops[i],
                       &steps[i]);
    }
    *made = node;
    return edit_finish(doc, ready, ops, steps, len);
}

/* ---- calls ---- */

static lk_status edit_tree_spot_of(lk_doc *doc, lk_ref ref, const lk_id *parent, size_t index,
                                   edit_tree_spot *out) {
    tree *t = edit_tree_of(doc, ref);
    if (t == NULL) return LK_EKIND;
    *out = (edit_tree_spot){
        .doc = doc, .ref = ref, .tree = t, .node = TREE_NONE, .parent = TREE_ROOT, .index = index};
    if (parent != NULL) out->parent = edit_tree_find(doc, t, *parent);
    if (out->parent == TREE_NONE || (parent != NULL && t->nodes.at[out->parent].move == TREE_NONE))
        return LK_EMISSING;
    return t->unordered && index != LK_TREE_END ? LK_ESTATE : LK_OK;
}

lk_status lk_tree_create(lk_doc *doc, lk_ref tree_ref, const lk_id *parent_or_null, size_t index,
                         lk_id *out) {
    edit_tree_spot s;
    lk_status status = edit_tree_spot_of(doc, tree_ref, parent_or_null, index, &s);
    if (status != LK_OK) return status;
    uint32_t have = sibling_count(s.tree, s.parent);
    if (s.index == LK_TREE_END) s.index = have;
    if (s.index > have) return LK_ERANGE;
    op_id made;
    status = edit_tree_put(&s, &made);
    if (status == LK_OK) *out = doc_wide(doc, made);
    return status;
}

/* Take a node that lives to a place. */
static lk_status edit_tree_move(edit_tree_spot *s, lk_id node) {
    s->node = edit_tree_find(s->doc, s->tree, node);
    if (!edit_tree_movable(s->tree, s->node)) return LK_EMISSING;
    bool among = s->tree->nodes.at[s->node].parent == s->parent;
    uint32_t have = sibling_count(s->tree, s->parent) - among;
    if (s->index == LK_TREE_END) s->index = have;
    if (among && s->index == sibling_index(s->tree, s->node)) return LK_OK;
    if (s->index > have) return LK_ERANGE;
    if (tree_is_below(s->tree, s->parent, s->node)) return LK_ESTATE;
    op_id moved;
    return edit_tree_put(s, &moved);
}

lk_status lk_tree_move(lk_doc *doc, lk_ref tree_ref, lk_id node, const lk_id *parent_or_null,
                       size_t index) {
    edit_tree_spot s;
    lk_status status = edit_tree_spot_of(doc, tree_ref, parent_or_null, index, &s);
    return status == LK_OK ? edit_tree_move(&s, node) : status;
}

lk_status lk_tree_move_beside(lk_doc *doc, lk_ref tree_ref, lk_id node, lk_id sibling, bool after) {
    edit_tree_spot s;
    lk_status status = edit_tree_spot_of(doc, tree_ref, NULL, LK_TREE_END, &s);
    if (status != LK_OK) return status;
    if (s.tree->unordered) return LK_ESTATE;
    uint32_t beside = edit_tree_find(doc, s.tree, sibling);
    uint32_t moved = edit_tree_find(doc, s.tree, node);
    if (!edit_tree_movable(s.tree, beside) || moved == TREE_NONE) return LK_EMISSING;
    s.parent = s.tree->nodes.at[beside].parent;
    s.index = sibling_index(s.tree, beside) + (after ? 1 : 0);
    bool among = s.tree->nodes.at[moved].parent == s.parent;
    if (among && sibling_index(s.tree, moved) < s.index) s.index--;
    return edit_tree_move(&s, node);
}

lk_status lk_tree_delete(lk_doc *doc, lk_ref tree_ref, lk_id node) {
    tree *t = edit_tree_of(doc, tree_ref);
    if (t == NULL) return LK_EKIND;
    uint32_t found = edit_tree_find(doc, t, node);
    if (!edit_tree_movable(t, found)) return LK_EMISSING;
    lk_status status = edit_begin(doc, tree_ref, 1, 1);
    if (status != LK_OK) return status;
    edit_ready ready = edit_save(doc);
    op_id bin = {intern_peer(&doc->log.names, TREE_DELETED_PEER), TREE_DELETED_COUNTER};
    op_tree *to = arena_new(&doc->log.log, op_tree, 1);
    if (to == NULL || bin.peer == TABLE_NONE) return edit_abort(doc, ready, LK_ENOMEM);
    edit_tree_spot s = {.doc = doc, .ref = tree_ref, .tree = t, .parent = TREE_DELETED, .bin = bin};
    op o;
    step st;
    edit_tree_hang(&s, t->nodes.at[found].id, (lk_bytes){0}, TREE_NONE, to, &o, &st);
    return edit_finish(doc, ready, &o, &st, 1);
}

lk_status lk_tree_positions(lk_doc *doc, lk_ref tree_ref, bool on, unsigned jitter) {
    tree *t = edit_tree_of(doc, tree_ref);
    if (t == NULL) return LK_EKIND;
    if (jitter > LK_TREE_JITTER_MAX) return LK_ELIMIT;
    t->unordered = !on;
    t->jitter = jitter;
    return LK_OK;
}
