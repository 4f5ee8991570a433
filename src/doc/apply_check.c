/* SPDX-License-Identifier: MIT
 * apply_check.c - whether diffs fit the document, found out before the first edit: lengths are
 * followed through the diffs, and containers are taken for made when a diff would make them. */
#include "doc/apply.h"
#include "doc/edit.h"

#include "base/utf8.h"
#include "oplog/mergeable.h"

enum { APPLY_MADE = 1, APPLY_UNSEEN }; /* unseen: may hold something, which is hidden */

typedef struct apply_checker {
    apply *a;
    remap made;  /* number: one of the above */
    remap lens;  /* number: length by now, of texts and lists */
    remap moves; /* containers that are not made, but move in their movable list */
} apply_checker;

static lk_status apply_check_made(apply_checker *c, uint32_t number, uint32_t what) {
    if (number == TABLE_NONE || !remap_reserve(&c->made, 1)) return LK_ENOMEM;
    remap_put(&c->made, number, what);
    return LK_OK;
}

static lk_status apply_check_value(apply_checker *c, const lk_value *value, bool in_map) {
    if (value->type != LK_CONTAINER) return edit_value_valid(value, 0) ? LK_OK : LK_EVALUE;
    uint32_t number = apply_number(c->a, value->as.container);
    const container_id *id = apply_id(c->a, number);
    uint64_t moved;
    if (remap_find(&c->moves, apply_follow(c->a, number), &moved)) return LK_OK;
    if (id->kind > LK_COUNTER) return LK_EVALUE;
    return apply_check_made(c, number, in_map && mergeable_named(id) ? APPLY_UNSEEN : APPLY_MADE);
}

/* ---- texts and lists ---- */

static uint32_t apply_check_len(const apply_checker *c, uint32_t id) {
    const state_slot *slot = c->a->doc->state.containers.at[id];
    if (slot->kind == LK_TEXT) return seq_len(&slot->as.seq, c->a->order->unit);
    return slot->kind == LK_LIST ? seq_len(&slot->as.seq, SEQ_ENTITY)
                                 : movable_len(&slot->as.movable, LK_UTF8);
}

/* Is there a border between characters? */
static bool apply_check_border(const apply_checker *c, const seq *text, uint64_t pos) {
    uint32_t all[SEQ_UNITS];
    if (text == NULL) return true;
    return seq_seek(text, (uint32_t)pos, c->a->order->unit, SEQ_LEFTMOST, all) == SEQ_HIT;
}

/* Are all attributes values that text can be marked with? Else *status says why not. */
static bool apply_check_styles(const apply_checker *c, const lk_delta *d, lk_status *status) {
    lk_expand expand;
    for (size_t i = 0; i < d->attribute_len && *status == LK_OK; i++) {
        const lk_entry *entry = &d->attributes[i];
        bool known = styles_find(&c->a->doc->styles, entry->key, &expand);
        if (!edit_entry_valid(entry, 0)) *status = LK_EVALUE;
        if (!known && entry->value.type != LK_NULL) *status = LK_EMISSING;
    }
    return *status == LK_OK;
}

static lk_status apply_check_insert(apply_checker *c, const lk_diff *diff, const lk_delta *d,
                                    uint64_t *len) {
    if (diff->kind == LK_TEXT) {
        const uint8_t *at = (const uint8_t *)d->text.at;
        if (!utf8_valid(at, d->text.len)) return LK_EVALUE;
        *len += utf8_measure(at, d->text.len).unit[c->a->order->unit];
        return LK_OK;
    }
    lk_status status = LK_OK;
    for (uint32_t i = 0; i < d->len[0] && status == LK_OK; i++)
        status = apply_check_value(c, &d->values[i], false);
    *len += d->len[0];
    return status;
}

/* `known`: the container as it is; TABLE_NONE: it will be new. */
static lk_status apply_check_deltas(apply_checker *c, const lk_diff *diff, uint32_t number,
                                    uint32_t known) {
    unsigned unit = diff->kind == LK_TEXT ? c->a->order->unit : 0;
    uint64_t counted;
    bool again = remap_find(&c->lens, number, &counted);
    uint64_t old = again ? counted : known == TABLE_NONE ? 0 : apply_check_len(c, known);
    const seq *text = NULL;
    if (!again && known != TABLE_NONE && diff->kind == LK_TEXT)
        text = state_find_seq(&c->a->doc->state, known);
    uint64_t pos = 0, len = old;
    lk_status status = LK_OK;
    for (size_t i = 0; i < diff->delta_len && status == LK_OK; i++) {
        const lk_delta *d = &diff->deltas[i];
        if (!apply_check_styles(c, d, &status)) break;
        if (d->kind != LK_RETAIN && (pos > old || !apply_check_border(c, text, pos)))
            return LK_ERANGE;
        if (d->kind == LK_INSERT)
            status = apply_check_insert(c, diff, d, &len);
        else
            pos += d->len[unit];
        if (d->kind != LK_DELETE) continue;
        if (pos > old || !apply_check_border(c, text, pos)) return LK_ERANGE;
        len -= d->len[unit];
    }
    if (status != LK_OK) return status;
    bool marks = diff->kind == LK_TEXT;
    if (marks && !text_delta_marks_fit(diff->deltas, diff->delta_len, c->a->order->unit, &len))
        return LK_ERANGE;
    if (len > UINT32_MAX) return LK_ELIMIT;
    if (!remap_reserve(&c->lens, 1)) return LK_ENOMEM;
    remap_put(&c->lens, number, (uint32_t)len);
    return LK_OK;
}

/* ---- maps, trees ---- */

static lk_status apply_check_changes(apply_checker *c, const lk_diff *diff) {
    lk_status status = LK_OK;
    for (size_t i = 0; i < diff->change_len && status == LK_OK; i++) {
        const lk_map_change *told = &diff->changes[i];
        if (!utf8_valid((const uint8_t *)told->key.at, told->key.len)) return LK_EVALUE;
        if (!told->deleted) status = apply_check_value(c, &told->value, true);
    }
    return status;
}

/* Will there be such a node? */
static bool apply_check_node(const apply_checker *c, uint32_t number, uint32_t known) {
    uint64_t what;
    uint32_t node;
    if (remap_find(&c->made, number, &what)) return true;
    return known != TABLE_NONE && apply_find_node(c->a, state_find_tree(&c->a->doc->state, known),
                                                  apply_follow(c->a, number), &node);
}

static lk_status apply_check_nodes(apply_checker *c, const lk_diff *diff, uint32_t known) {
    for (size_t i = 0; i < diff->node_len; i++) {
        const lk_tree_change *told = &diff->nodes[i];
        uint32_t node = apply_node(c->a, told->target);
        uint32_t parent = told->has_parent ? apply_node(c->a, told->parent) : node;
        if (node == TABLE_NONE || parent == TABLE_NONE) return LK_ENOMEM;
        bool there = apply_check_node(c, node, known);
        if (told->action == LK_TREE_DELETE) {
            if (!there) return LK_EMISSING;
            continue;
        }
        if (told->fractional_index.len == 0) return LK_EVALUE;
        if (told->has_parent && !apply_check_node(c, parent, known)) return LK_EMISSING;
        lk_status status = there ? LK_OK : apply_check_made(c, node, APPLY_MADE);
        if (status != LK_OK) return status;
    }
    return LK_OK;
}

/* ---- what is hidden ---- */

/* What it holds will be aligned with the diff, so that lengths say nothing; but what the diff tells
 * of is made. */
static lk_status apply_check_unseen(apply_checker *c, const lk_diff *diff) {
    uint64_t len = 0;
    lk_status status = diff->kind == LK_MAP ? apply_check_changes(c, diff) : LK_OK;
    for (size_t i = 0; i < diff->delta_len && status == LK_OK; i++)
        if (diff->deltas[i].kind == LK_INSERT)
            status = apply_check_insert(c, diff, &diff->deltas[i], &len);
    for (size_t i = 0; i < diff->node_len && status == LK_OK; i++)
        if (diff->nodes[i].action == LK_TREE_CREATE)
            status = apply_check_made(c, apply_node(c->a, diff->nodes[i].target), APPLY_MADE);
    return status;
}

/* ---- all of it ---- */

static lk_status apply_check_diff(apply_checker *c, const lk_diff *diff) {
    uint32_t number = apply_number(c->a, diff->target);
    uint32_t id = apply_follow(c->a, number);
    uint64_t what;
    if (apply_id(c->a, number)->kind != (container_kind)diff->kind) return LK_EKIND;
    bool made = remap_find(&c->made, number, &what);
    if (made && what == APPLY_UNSEEN) return apply_check_unseen(c, diff);
    if (made || id >= LK_STRANGER) {
        /* As in Loro: a child that peers share is left out where its map does not show it. */
        if (!made && mergeable_named(apply_id(c->a, id))) return LK_OK;
        if (!made && !apply_is_root(c->a, id)) return LK_EMISSING;
        id = TABLE_NONE;
    } else if (id == number && !doc_shows(c->a->doc, id)) {
        return LK_OK;
    }
    switch (diff->kind) {
    case LK_MAP: return apply_check_changes(c, diff);
    case LK_TREE: return apply_check_nodes(c, diff, id);
    case LK_COUNTER: return LK_OK;
    case LK_MOVABLE_LIST:
        if (apply_list_planned(c->a, diff, id)) return LK_OK;
        if (id != TABLE_NONE && !apply_row_moves(c->a, id, diff, &c->moves)) return LK_ENOMEM;
        return apply_check_deltas(c, diff, number, id);
    default: return apply_check_deltas(c, diff, number, id);
    }
}

lk_status apply_check(apply *a) {
    apply_checker c = {.a = a};
    remap_init(&c.made, &a->doc->memory);
    remap_init(&c.lens, &a->doc->memory);
    remap_init(&c.moves, &a->doc->memory);
    lk_status status = LK_OK;
    for (size_t i = 0; i < a->order->len && status == LK_OK; i++)
        status = apply_check_diff(&c, &a->order->diffs[i]);
    remap_drop(&c.made);
    remap_drop(&c.lens);
    remap_drop(&c.moves);
    return status;
}
