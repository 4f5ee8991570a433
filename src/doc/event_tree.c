/* SPDX-License-Identifier: MIT
 * event_tree.c - what happened to trees: nodes that came, moved and went, each item true when its
 * turn comes. */
#include "doc/event_make.h"
#include "state/sibling.h"

typedef struct event_tree_taker {
    const lk_memory *heap;
    batch_entry *entry;
} event_tree_taker;

static bool event_tree_take(void *context, const tree_item *item) {
    event_tree_taker *to = context;
    tree_item *fresh = vec_push(to->heap, &to->entry->items);
    if (fresh != NULL) *fresh = *item;
    return fresh != NULL;
}

bool event_tree_gather(events *e) {
    for (size_t i = 0; i < e->batch_len; i++) {
        batch_entry *entry = &e->batch.at[i];
        if (entry->tree == NULL || !entry->tree->recording) continue;
        size_t had = entry->items.len;
        event_tree_taker to = {e->heap, entry};
        if (!tree_tell(entry->tree, event_tree_take, &to)) {
            entry->items.len = had;
            return false;
        }
        tree_unwatch(entry->tree);
    }
    return true;
}

static lk_id event_tree_id(const event_maker *m, const tree *t, uint32_t node) {
    return node == TREE_ROOT ? (lk_id){0} : doc_wide(m->doc, t->nodes.at[node].id);
}

static void event_tree_put(const event_maker *m, const tree *t, const tree_item *item, lk_diff *out,
                           lk_tree_change *changes) {
    lk_tree_action action = item->what == TREE_CREATED ? LK_TREE_CREATE
                            : item->what == TREE_MOVED ? LK_TREE_MOVE
                                                       : LK_TREE_DELETE;
    lk_tree_change *c = &changes[out->node_len++];
    *c = (lk_tree_change){.action = action, .target = event_tree_id(m, t, item->node)};
    if (action != LK_TREE_DELETE) {
        c->has_parent = item->parent != TREE_ROOT;
        c->parent = event_tree_id(m, t, item->parent);
        c->index = item->index;
        c->fractional_index = item->position;
    }
    if (action != LK_TREE_CREATE) {
        c->had_parent = item->old_parent != TREE_ROOT;
        c->old_parent = event_tree_id(m, t, item->old_parent);
        c->old_index = item->old_index;
    }
}

/* All nodes, parents before their children. */
static bool event_tree_whole(const event_maker *m, const tree *t, lk_diff *out) {
    uint32_t *order = arena_new(m->memory, uint32_t, t->nodes.len);
    if (order == NULL) return false;
    size_t len = tree_order(t, TREE_ROOT, order);
    lk_tree_change *changes = arena_new(m->memory, lk_tree_change, len);
    if (changes == NULL) return false;
    out->nodes = changes;
    for (size_t i = 0; i < len; i++) {
        const tree_node *n = &t->nodes.at[order[i]];
        tree_item item = {.what = TREE_CREATED,
                          .node = order[i],
                          .parent = n->parent,
                          .index = sibling_index(t, order[i]),
                          .position = n->key.position};
        event_tree_put(m, t, &item, out, changes);
    }
    return true;
}

bool event_tree_write(const event_maker *m, uint32_t id, const batch_entry *batch_or_null,
                      lk_diff *out) {
    const tree *t = state_find_tree(&m->doc->state, id);
    if (batch_or_null == NULL) return event_tree_whole(m, t, out);
    lk_tree_change *changes = arena_new(m->memory, lk_tree_change, batch_or_null->items.len);
    if (changes == NULL) return false;
    out->nodes = changes;
    for (size_t i = 0; i < batch_or_null->items.len; i++)
        event_tree_put(m, t, &batch_or_null->items.at[i], out, changes);
    return true;
}
