/* SPDX-License-Identifier: MIT
 * apply.c - diffs become local edits, in Loro's order of operations. All is checked first
 * (apply_check.c); what a tree or a hidden container then turns out not to have is left out. */
#include "doc/apply.h"

#include "doc/checkout.h"
#include "doc/edit.h"
#include "doc/undo_list.h"
#include "oplog/mergeable.h"

/* ---- numbers ---- */

uint32_t apply_number(const apply *a, lk_ref ref) {
    if (ref.index < LK_STRANGER) {
        LK_ASSERT(ref.index < a->doc->state.containers.len);
        return ref.index;
    }
    LK_ASSERT(ref.index - LK_STRANGER < a->order->stranger_len);
    return a->given[ref.index - LK_STRANGER];
}

uint32_t apply_follow(const apply *a, uint32_t number) {
    return (uint32_t)remap_follow(a->remap, number);
}

const container_id *apply_id(const apply *a, uint32_t number) {
    bool known = number < LK_STRANGER;
    const intern *names = known ? &a->doc->log.names : &a->strangers;
    return &names->containers.at[known ? number : number - LK_STRANGER].id;
}

/* The number of a container; id->peer is not set yet. */
static uint32_t apply_name(apply *a, container_id id, uint64_t peer) {
    const intern *names = &a->doc->log.names;
    if (!id.root) id.peer = intern_find_peer(names, peer);
    uint32_t found = intern_find_container(names, &id);
    if (found != TABLE_NONE) return found;
    if (!id.root && (id.peer = intern_peer(&a->strangers, peer)) == TABLE_NONE) return TABLE_NONE;
    found = intern_container(&a->strangers, &id);
    return found == TABLE_NONE ? TABLE_NONE : LK_STRANGER + found;
}

uint32_t apply_node(apply *a, lk_id node) {
    return apply_name(a, (container_id){.kind = LK_MAP, .counter = node.counter}, node.peer);
}

bool apply_find_node(const apply *a, const tree *t, uint32_t number, uint32_t *out) {
    if (number >= LK_STRANGER) return false;
    const container_id *id = apply_id(a, number);
    if (id->root) return false;
    *out = tree_find(t, (op_id){id->peer, id->counter});
    return *out != TREE_NONE;
}

bool apply_is_root(const apply *a, uint32_t number) {
    const container_id *id = apply_id(a, number);
    return id->root && !mergeable_named(id);
}

static lk_status apply_meet(apply *a) {
    const apply_order *order = a->order;
    uint32_t *given = arena_new(&a->memory, uint32_t, order->stranger_len);
    if (given == NULL) return LK_ENOMEM;
    a->given = given;
    for (size_t i = 0; i < order->stranger_len; i++) {
        container_id id;
        uint64_t peer;
        if (!container_id_parse(order->strangers[i], &id, &peer)) return LK_EVALUE;
        given[i] = apply_name(a, id, peer);
        if (given[i] == TABLE_NONE) return LK_ENOMEM;
    }
    return LK_OK;
}

/* ---- movable lists by element ---- */

bool apply_list_planned(const apply *a, const lk_diff *diff, uint32_t id) {
    const undo_lists *lists = a->order->lists;
    return lists != NULL && diff->target.index == id && undo_lists_have(lists, id);
}

/* ---- maps, counters ---- */

lk_status apply_adopt(apply *a, uint32_t number, lk_ref made) {
    remap_put(a->remap, number, made.index);
    return lk_ref_kind(a->doc, made) == LK_COUNTER ? lk_counter_add(a->doc, made, 0) : LK_OK;
}

/* A child that peers share becomes that of this map. */
static lk_status apply_mergeable(apply *a, uint32_t id, lk_str key, uint32_t number) {
    container_kind kind = apply_id(a, number)->kind;
    uint8_t marker[MERGEABLE_MARKER_LEN];
    mergeable_mark(&a->doc->log.names, id, key, kind, marker);
    lk_value value = {.type = LK_BINARY, .len = sizeof marker, .as.bytes = marker}, now;
    const lk_value *copied;
    bool there = lk_map_get(a->doc, (lk_ref){id}, key, &now) == LK_OK && now.type == LK_CONTAINER;
    lk_status status = edit_map_put(a->doc, (lk_ref){id}, key, &value, &copied);
    if (status != LK_OK) return status;
    uint32_t child = copied->as.container.index;
    if (child != number) remap_put(a->remap, number, child);
    return there && now.as.container.index == child ? LK_OK : apply_expect(a, child);
}

lk_status apply_key(apply *a, uint32_t id, const lk_map_change *told) {
    lk_ref ref = {id};
    const lk_value *copied;
    if (told->deleted) return lk_map_delete(a->doc, ref, told->key);
    if (told->value.type != LK_CONTAINER)
        return edit_map_put(a->doc, ref, told->key, &told->value, &copied);
    if (!remap_reserve(a->remap, 1)) return LK_ENOMEM;
    uint32_t number = apply_number(a, told->value.as.container);
    const container_id *child = apply_id(a, number);
    if (mergeable_named(child)) return apply_mergeable(a, id, told->key, number);
    lk_ref made;
    lk_status status = lk_map_set_container(a->doc, ref, told->key, (lk_kind)child->kind, &made);
    return status == LK_OK ? apply_adopt(a, number, made) : status;
}

static lk_status apply_map(apply *a, uint32_t id, const lk_diff *diff) {
    lk_status status = LK_OK;
    for (size_t i = 0; i < diff->change_len && status == LK_OK; i++)
        status = apply_key(a, id, &diff->changes[i]);
    return status;
}

/* ---- all of it ---- */

/* The container that a diff is of by now; TABLE_NONE: nowhere. */
static lk_status apply_target(apply *a, const lk_diff *diff, uint32_t *out) {
    uint32_t number = apply_number(a, diff->target), id = apply_follow(a, number);
    *out = id;
    if (id >= LK_STRANGER) {
        const container_id *name = apply_id(a, id);
        lk_ref root;
        *out = TABLE_NONE;
        if (!apply_is_root(a, id)) return LK_OK;
        if (!remap_reserve(a->remap, 1)) return LK_ENOMEM;
        lk_status status = lk_root(a->doc, (lk_kind)name->kind, name->name, &root);
        if (status != LK_OK) return status;
        remap_put(a->remap, id, *out = root.index);
    } else if (!doc_shows(a->doc, id)) {
        *out = TABLE_NONE;
    }
    return LK_OK;
}

static lk_status apply_one(apply *a, const lk_diff *diff, bool planned) {
    uint32_t id;
    lk_status status = apply_target(a, diff, &id);
    uint64_t hidden;
    if (status != LK_OK || id == TABLE_NONE) return status;
    if (remap_find(&a->hidden, id, &hidden) && hidden == APPLY_HIDDEN)
        return apply_align(a, id, diff);
    switch (diff->kind) {
    case LK_MAP: return apply_map(a, id, diff);
    case LK_TREE: return apply_tree(a, id, diff);
    case LK_COUNTER: return lk_counter_add(a->doc, (lk_ref){id}, diff->increment);
    case LK_TEXT: return apply_text(a, id, diff);
    case LK_MOVABLE_LIST:
        return planned ? undo_lists_apply(a, a->order->lists, id) : apply_row(a, id, diff);
    default: return apply_list(a, id, diff);
    }
}

/* Note the containers that a diff of a map brings. false when memory is out. */
static bool apply_note_brought(apply *a, const lk_diff *diff) {
    for (size_t i = 0; i < diff->change_len; i++) {
        const lk_value *value = &diff->changes[i].value;
        if (diff->changes[i].deleted || value->type != LK_CONTAINER) continue;
        if (!remap_reserve(&a->hidden, 1)) return false;
        remap_put(&a->hidden, apply_follow(a, apply_number(a, value->as.container)), APPLY_BROUGHT);
    }
    return true;
}

/* As in Loro, lists that are undone by element go first, unless they are to show again, even where
 * others brought them back meanwhile. */
static bool apply_is_planned(const apply *a, const lk_diff *diff) {
    uint32_t id = apply_follow(a, apply_number(a, diff->target));
    uint64_t hidden;
    bool brought = remap_find(&a->hidden, id, &hidden) && hidden == APPLY_BROUGHT;
    return diff->kind == LK_MOVABLE_LIST && apply_list_planned(a, diff, id) && !brought &&
           doc_shows(a->doc, id);
}

static lk_status apply_all(apply *a) {
    bool *first = arena_new(&a->memory, bool, a->order->len);
    if (first == NULL) return LK_ENOMEM;
    for (size_t i = 0; a->order->lists != NULL && i < a->order->len; i++)
        if (!apply_note_brought(a, &a->order->diffs[i])) return LK_ENOMEM;
    for (size_t i = 0; i < a->order->len; i++) first[i] = apply_is_planned(a, &a->order->diffs[i]);
    for (unsigned planned = 2; planned-- > 0;)
        for (size_t i = 0; i < a->order->len; i++) {
            if (first[i] != planned) continue;
            lk_status status = doc_spend(a->doc, apply_one(a, &a->order->diffs[i], planned));
            if (status == LK_ESPENT) return status;
        }
    lk_status status = doc_spend(a->doc, apply_align_rest(a));
    return status == LK_ESPENT ? status : LK_OK;
}

lk_status apply_diffs(lk_doc *doc, const apply_order *order, remap *renamed) {
    if (doc->spent) return LK_ESPENT;
    if (doc->detached && !doc->edits_past) return LK_EDETACHED;
    apply a = {.doc = doc, .order = order, .remap = renamed};
    arena_init(&a.memory, &doc->memory);
    intern_init(&a.strangers, &doc->memory, &a.memory);
    remap_init(&a.hidden, &doc->memory);
    lk_status status = apply_meet(&a);
    if (status == LK_OK) status = apply_check(&a);
    if (status == LK_OK) status = apply_all(&a);
    remap_drop(&a.hidden);
    intern_drop(&a.strangers);
    arena_drop(&a.memory);
    return status;
}

/* ---- in public ---- */

static lk_status apply_once(lk_doc *doc, const apply_order *order) {
    remap made;
    remap_init(&made, &doc->memory);
    lk_status status = apply_diffs(doc, order, &made);
    remap_drop(&made);
    return status;
}

lk_status lk_apply_diff(lk_doc *doc, const lk_diff *diffs, size_t len,
                        const lk_apply_options *options) {
    apply_order order = {.diffs = diffs,
                         .len = len,
                         .unit = options->unit,
                         .strangers = options->strangers,
                         .stranger_len = options->stranger_len,
                         .full = options->full_state};
    return apply_once(doc, &order);
}

lk_status lk_revert_to(lk_doc *doc, lk_ids frontiers) {
    if (doc->detached && !doc->edits_past) return LK_EDETACHED;
    lk_status status = lk_commit(doc, NULL);
    if (status != LK_OK) return status;
    lk_ids shown = lk_frontiers(doc);
    if (shown.len == 0 && doc_shown(doc).len > 0) return LK_ENOMEM;
    const lk_event *event;
    checkout_ask ask = {.from = shown, .to = frontiers, .kept = true};
    status = checkout_diff(doc, &ask, &event);
    if (status != LK_OK) return status;
    apply_order order = {
        .diffs = event->diffs, .len = event->diff_len, .unit = LK_CODEPOINT, .own = true};
    return apply_once(doc, &order);
}
