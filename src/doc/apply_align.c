/* SPDX-License-Identifier: MIT
 * apply_align.c - children of maps that peers share keep what they hold while they are hidden. When
 * a diff shows one again and tells all it holds, only what is different is written, and what is the
 * same stays what it was. What is kept below such a child is told whole, too, so it is aligned,
 * too.
 */
#include "doc/apply.h"
#include "doc/edit.h"
#include "model/value.h"

lk_status apply_expect(apply *a, uint32_t id) {
    if (!a->order->full || id >= LK_STRANGER) return LK_OK;
    if (!remap_reserve(&a->hidden, 1)) return LK_ENOMEM;
    remap_put(&a->hidden, id, APPLY_HIDDEN);
    return LK_OK;
}

/* Is what shall be there already there? A container that is stays. */
static bool apply_align_same(const apply *a, const lk_value *want, const lk_value *have) {
    if (want->type != LK_CONTAINER || have->type != LK_CONTAINER) return value_equal(want, have);
    return apply_follow(a, apply_number(a, want->as.container)) == have->as.container.index;
}

static lk_status apply_align_keep(apply *a, const lk_value *have) {
    return have->type == LK_CONTAINER ? apply_expect(a, have->as.container.index) : LK_OK;
}

/* ---- lists ---- */

static lk_value apply_align_at(const apply *a, lk_ref list, uint32_t pos) {
    lk_value value = {.type = LK_NULL};
    bool moves = lk_ref_kind(a->doc, list) == LK_MOVABLE_LIST;
    lk_status status =
        moves ? lk_movable_get(a->doc, list, pos, &value) : lk_list_get(a->doc, list, pos, &value);
    LK_ASSERT(status == LK_OK);
    return value;
}

/* What the list shall hold, as one row of values. */
static bool apply_align_row(apply *a, const lk_diff *diff, lk_delta *out) {
    *out = (lk_delta){.kind = LK_INSERT};
    for (size_t i = 0; i < diff->delta_len; i++) out->len[0] += diff->deltas[i].len[0];
    lk_value *values = arena_new(&a->memory, lk_value, out->len[0]);
    if (values == NULL) return false;
    out->values = values;
    for (size_t i = 0; i < diff->delta_len; i++) {
        __builtin_memcpy(values, diff->deltas[i].values, diff->deltas[i].len[0] * sizeof *values);
        values += diff->deltas[i].len[0];
    }
    return true;
}

/* Elements at the front and at the end that are the same stay. */
static lk_status apply_align_list(apply *a, lk_ref list, const lk_diff *diff) {
    bool moves = lk_ref_kind(a->doc, list) == LK_MOVABLE_LIST;
    uint32_t have = (uint32_t)(moves ? lk_movable_len(a->doc, list) : lk_list_len(a->doc, list));
    lk_delta row;
    if (!apply_align_row(a, diff, &row)) return LK_ENOMEM;
    uint32_t want = row.len[0], front = 0, back = 0;
    lk_status status = LK_OK;
    for (; front < have && front < want && status == LK_OK; front++) {
        lk_value value = apply_align_at(a, list, front);
        if (!apply_align_same(a, &row.values[front], &value)) break;
        status = apply_align_keep(a, &value);
    }
    for (; front + back < have && front + back < want && status == LK_OK; back++) {
        lk_value value = apply_align_at(a, list, have - back - 1);
        if (!apply_align_same(a, &row.values[want - back - 1], &value)) break;
        status = apply_align_keep(a, &value);
    }
    if (status != LK_OK) return status;
    row.values += front;
    row.len[0] = want - front - back;
    lk_delta steps[3] = {{.kind = LK_RETAIN, .len = {front, front, front}},
                         {.kind = LK_DELETE, .len = {have - front - back}},
                         row};
    lk_diff wanted = {.deltas = steps, .delta_len = 3};
    return apply_list(a, list.index, &wanted);
}

/* ---- maps ---- */

static const lk_map_change *apply_align_wanted(const lk_diff *diff, lk_str key) {
    for (size_t i = 0; i < diff->change_len; i++) {
        lk_str other = diff->changes[i].key;
        bool same = other.len == key.len && __builtin_memcmp(other.at, key.at, key.len) == 0;
        if (same && !diff->changes[i].deleted) return &diff->changes[i];
    }
    return NULL;
}

static lk_status apply_align_map(apply *a, lk_ref ref, const lk_diff *diff) {
    lk_entry have;
    lk_status status = LK_OK;
    for (size_t cursor = 0; status == LK_OK && lk_map_next(a->doc, ref, &cursor, &have);)
        if (apply_align_wanted(diff, have.key) == NULL)
            status = lk_map_delete(a->doc, ref, have.key);
    for (size_t i = 0; i < diff->change_len && status == LK_OK; i++) {
        const lk_map_change *want = &diff->changes[i];
        bool there = lk_map_get(a->doc, ref, want->key, &have.value) == LK_OK;
        if (want->deleted) continue;
        bool stays = there && apply_align_same(a, &want->value, &have.value);
        status = stays ? apply_align_keep(a, &have.value) : apply_key(a, ref.index, want);
    }
    return status;
}

/* ---- trees ---- */

static bool apply_align_node(apply *a, const lk_diff *diff, lk_id id) {
    uint32_t data = apply_follow(a, apply_node(a, id));
    for (size_t i = 0; i < diff->node_len; i++)
        if (apply_follow(a, apply_node(a, diff->nodes[i].target)) == data) return true;
    return false;
}

static lk_status apply_align_tree(apply *a, lk_ref ref, const lk_diff *diff) {
    lk_node node;
    lk_status status = LK_OK;
    for (size_t cursor = 0; status == LK_OK && lk_tree_next(a->doc, ref, &cursor, &node);) {
        if (node.deleted) continue;
        status = apply_align_node(a, diff, node.id) ? apply_expect(a, node.data.index)
                                                    : lk_tree_delete(a->doc, ref, node.id);
    }
    return status == LK_OK ? apply_tree(a, ref.index, diff) : status;
}

lk_status apply_align(apply *a, uint32_t id, const lk_diff *diff) {
    lk_ref ref = {id};
    remap_put(&a->hidden, id, APPLY_ALIGNED);
    switch (lk_ref_kind(a->doc, ref)) {
    case LK_MAP: return apply_align_map(a, ref, diff);
    case LK_TREE: return apply_align_tree(a, ref, diff);
    case LK_TEXT: return apply_align_text(a, ref, diff);
    case LK_COUNTER: {
        double by = diff->increment - lk_counter_value(a->doc, ref);
        return by == 0 ? LK_OK : lk_counter_add(a->doc, ref, by);
    }
    default: return apply_align_list(a, ref, diff);
    }
}

lk_status apply_align_rest(apply *a) {
    static const lk_diff empty;
    lk_status status = LK_OK;
    for (size_t i = 0; i < a->hidden.pairs.len && status == LK_OK; i++)
        if (a->hidden.pairs.at[i].to == APPLY_HIDDEN)
            status = apply_align(a, (uint32_t)a->hidden.pairs.at[i].from, &empty);
    return status;
}
