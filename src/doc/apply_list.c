/* SPDX-License-Identifier: MIT
 * apply_list.c - edits of lists. In a movable list a container that goes and comes again moves:
 *
 *      a B c      [keep 1, delete 1, keep 1, insert B]      a c B
 *
 * It is left where it is when its turn to go comes, and taken along when its turn to come does. */
#include "doc/apply.h"
#include "doc/edit.h"

#define APPLY_PARCEL 8u

/* Insert values; containers among them are made anew. */
static lk_status apply_list_put(apply *a, uint32_t id, uint32_t pos, const lk_value *values,
                                uint32_t len) {
    lk_value *fresh = arena_new(&a->memory, lk_value, len);
    if (fresh == NULL || !remap_reserve(a->remap, len)) return LK_ENOMEM;
    for (uint32_t i = 0; i < len; i++) {
        fresh[i] = values[i];
        if (values[i].type != LK_CONTAINER) continue;
        uint32_t number = apply_number(a, values[i].as.container);
        fresh[i] = edit_child((lk_kind)apply_id(a, number)->kind);
    }
    const movable *m = state_find_movable(&a->doc->state, id);
    uint32_t at = m == NULL ? pos : edit_movable_gap(m, pos);
    const lk_value *copied;
    lk_status status = edit_insert(a->doc, (lk_ref){id}, at, fresh, len, &copied);
    for (size_t i = 0; i < len && status == LK_OK; i++)
        if (values[i].type == LK_CONTAINER)
            status =
                apply_adopt(a, apply_number(a, values[i].as.container), copied[i].as.container);
    return status;
}

static bool apply_is_counter(const apply *a, const lk_value *value) {
    return value->type == LK_CONTAINER &&
           (lk_kind)apply_id(a, apply_number(a, value->as.container))->kind == LK_COUNTER;
}

/* What follows a counter goes in after its first operation. */
static lk_status apply_list_insert(apply *a, uint32_t id, uint32_t pos, const lk_delta *d) {
    lk_status status = LK_OK;
    for (uint32_t i = 0, end; i < d->len[0] && status == LK_OK; i = end) {
        for (end = i + 1; end < d->len[0] && !apply_is_counter(a, &d->values[end - 1]);) end++;
        status = apply_list_put(a, id, pos + i, &d->values[i], end - i);
    }
    return status;
}

static lk_status apply_list_delete(apply *a, uint32_t id, uint32_t pos, uint64_t len) {
    bool moves = a->doc->state.containers.at[id]->kind == LK_MOVABLE_LIST;
    return moves ? lk_movable_delete(a->doc, (lk_ref){id}, pos, (size_t)len)
                 : lk_list_delete(a->doc, (lk_ref){id}, pos, (size_t)len);
}

/* What goes between here and the next retain, as one; in undo each step by itself. */
static lk_status apply_list_go(apply *a, uint32_t id, uint32_t pos, const lk_delta *steps,
                               size_t len) {
    uint64_t gone = 0;
    for (size_t i = 0; i < len; i++) {
        if (steps[i].kind != LK_DELETE) continue;
        gone += steps[i].len[0];
        if (!a->order->own || gone == 0) continue;
        lk_status status = apply_list_delete(a, id, pos, gone);
        if (status != LK_OK) return status;
        gone = 0;
    }
    return gone == 0 ? LK_OK : apply_list_delete(a, id, pos, gone);
}

/* How many values come before the last parcel of them: Loro puts inserts that follow each other
 * together while they are no more than 8 values. */
static uint32_t apply_list_before_last(const lk_delta *steps, size_t len) {
    uint32_t before = 0, held = 0;
    for (size_t i = 0; i < len; i++) {
        if (steps[i].kind != LK_INSERT) continue;
        for (uint32_t left = steps[i].len[0], part; left > 0; left -= part) {
            part = left < APPLY_PARCEL ? left : APPLY_PARCEL;
            bool fits = held + part <= APPLY_PARCEL;
            before += fits ? 0 : held;
            held = fits ? held + part : part;
        }
    }
    return before;
}

/* Insert the values [from, to) of those that come; *pos: behind them. */
static lk_status apply_list_some(apply *a, uint32_t id, uint32_t *pos, const lk_delta *steps,
                                 size_t len, uint32_t from, uint32_t to) {
    lk_status status = LK_OK;
    uint32_t at = 0; /* of the step's first value */
    for (size_t i = 0; i < len && status == LK_OK; i++) {
        if (steps[i].kind != LK_INSERT) continue;
        uint32_t first = from > at ? from - at : 0, end = steps[i].len[0];
        at += end;
        if (at > to) end -= at - to < end ? at - to : end;
        if (first >= end) continue;
        lk_delta part = steps[i];
        part.values += first;
        part.len[0] = end - first;
        status = apply_list_insert(a, id, *pos, &part);
        *pos += part.len[0];
    }
    return status;
}

/* Between two retains: what goes goes first, but in undo only before the last parcel. */
static lk_status apply_list_gap(apply *a, uint32_t id, uint32_t *pos, const lk_delta *steps,
                                size_t len) {
    uint32_t before = a->order->own ? apply_list_before_last(steps, len) : 0;
    lk_status status = apply_list_some(a, id, pos, steps, len, 0, before);
    if (status == LK_OK) status = apply_list_go(a, id, *pos, steps, len);
    if (status != LK_OK) return status;
    return apply_list_some(a, id, pos, steps, len, before, UINT32_MAX);
}

lk_status apply_list(apply *a, uint32_t id, const lk_diff *diff) {
    lk_status status = LK_OK;
    uint32_t pos = 0;
    for (size_t i = 0, end; i < diff->delta_len && status == LK_OK; i = end) {
        for (end = i; end < diff->delta_len && diff->deltas[end].kind != LK_RETAIN;) end++;
        status = apply_list_gap(a, id, &pos, diff->deltas + i, end - i);
        if (end < diff->delta_len) pos += diff->deltas[end++].len[0];
    }
    return status;
}

/* Of a movable list all that goes goes first, from the end on, as in Loro. */
static lk_status apply_row_plain(apply *a, uint32_t id, const lk_diff *diff) {
    lk_status status = LK_OK;
    uint32_t before = 0, pos = 0;
    for (size_t i = 0; i < diff->delta_len; i++)
        if (diff->deltas[i].kind != LK_INSERT) before += diff->deltas[i].len[0];
    for (size_t i = diff->delta_len; i-- > 0 && status == LK_OK;) {
        const lk_delta *part = &diff->deltas[i];
        if (part->kind == LK_INSERT) continue;
        before -= part->len[0];
        if (part->kind == LK_DELETE) status = apply_list_delete(a, id, before, part->len[0]);
    }
    for (size_t i = 0; i < diff->delta_len && status == LK_OK; i++) {
        const lk_delta *part = &diff->deltas[i];
        if (part->kind == LK_INSERT) status = apply_list_insert(a, id, pos, part);
        if (part->kind != LK_DELETE) pos += part->len[0];
    }
    return status;
}

/* ---- containers that move ---- */

typedef struct apply_mover {
    apply *a;
    lk_ref ref;
    const movable *list;
    step_elem *ids; /* of the elements before the first edit */
    uint32_t len;
    remap *moving; /* container: number in `ids`, of those that go and come */
} apply_mover;

static bool apply_mover_open(apply_mover *m) {
    m->len = movable_len(m->list, LK_UTF8);
    m->ids = arena_new(&m->a->memory, step_elem, m->len);
    movable_walk w = movable_range(m->list, 0, UINT32_MAX);
    const movable_elem *elem;
    uint32_t i = 0;
    for (op_id place; m->ids != NULL && movable_next(&w, &place, &elem);)
        if (elem != NULL) m->ids[i++] = elem->id;
    return m->ids != NULL;
}

/* Which container comes, if it is one that may be here. */
static bool apply_mover_comes(const apply_mover *m, const lk_value *value, uint32_t *out) {
    if (value->type != LK_CONTAINER) return false;
    *out = apply_follow(m->a, apply_number(m->a, value->as.container));
    return *out < LK_STRANGER;
}

/* Of the elements that go, those that hold one of the containers that come. */
static bool apply_mover_match(apply_mover *m, const lk_diff *diff, const remap *coming) {
    uint32_t i = 0;
    uint64_t known;
    for (size_t d = 0; d < diff->delta_len; d++) {
        if (diff->deltas[d].kind == LK_INSERT) continue;
        for (uint32_t k = 0; k < diff->deltas[d].len[0] && i < m->len; k++, i++) {
            const lk_value *value = movable_find(m->list, m->ids[i])->value;
            if (diff->deltas[d].kind != LK_DELETE || value->type != LK_CONTAINER) continue;
            if (!remap_find(coming, value->as.container.index, &known)) continue;
            if (!remap_reserve(m->moving, 1)) return false;
            remap_put(m->moving, value->as.container.index, i);
        }
    }
    return true;
}

static bool apply_mover_find(apply_mover *m, const lk_diff *diff) {
    remap coming;
    remap_init(&coming, m->moving->heap);
    uint32_t container;
    bool ready = true;
    for (size_t d = 0; d < diff->delta_len; d++)
        for (uint32_t k = 0; diff->deltas[d].kind == LK_INSERT && k < diff->deltas[d].len[0]; k++)
            if (ready && apply_mover_comes(m, &diff->deltas[d].values[k], &container) &&
                (ready = remap_reserve(&coming, 1)))
                remap_put(&coming, container, 0);
    if (ready && coming.pairs.len > 0)
        ready = apply_mover_open(m) && apply_mover_match(m, diff, &coming);
    remap_drop(&coming);
    return ready;
}

static uint32_t apply_mover_rank(const apply_mover *m, uint32_t i) {
    uint32_t at[SEQ_UNITS];
    movable_rank(m->list, movable_find(m->list, m->ids[i]), at);
    return at[LK_UTF8];
}

/* The element's turn to go. *pos: behind what was gone through. */
static lk_status apply_mover_go(apply_mover *m, uint32_t i, uint32_t *pos) {
    const lk_value *value = movable_find(m->list, m->ids[i])->value;
    uint32_t at = apply_mover_rank(m, i);
    uint64_t number;
    bool moves =
        value->type == LK_CONTAINER && remap_find(m->moving, value->as.container.index, &number);
    if (!moves) return lk_movable_delete(m->a->doc, m->ref, *pos = at, 1);
    if (at >= *pos) *pos = at + 1;
    return LK_OK;
}

static lk_status apply_mover_come(apply_mover *m, const lk_value *value, uint32_t *pos) {
    uint32_t container;
    uint64_t number;
    if (apply_mover_comes(m, value, &container) && remap_find(m->moving, container, &number)) {
        uint32_t from = apply_mover_rank(m, (uint32_t)number);
        uint32_t to = from < *pos ? *pos - 1 : *pos;
        *pos = to + 1;
        return from == to ? LK_OK : lk_movable_move(m->a->doc, m->ref, from, to);
    }
    lk_delta one = {.kind = LK_INSERT, .len = {1, 1, 1}, .values = value};
    return apply_list_insert(m->a, m->ref.index, (*pos)++, &one);
}

static lk_status apply_mover_run(apply_mover *m, const lk_diff *diff) {
    lk_status status = LK_OK;
    uint32_t pos = 0, i = 0;
    for (size_t d = 0; d < diff->delta_len && status == LK_OK; d++) {
        const lk_delta *part = &diff->deltas[d];
        for (uint32_t k = 0; k < part->len[0] && status == LK_OK; k++) {
            if (part->kind == LK_INSERT)
                status = apply_mover_come(m, &part->values[k], &pos);
            else if (i < m->len && part->kind == LK_DELETE)
                status = apply_mover_go(m, i++, &pos);
            else if (i < m->len)
                pos = apply_mover_rank(m, i++) + 1;
        }
    }
    return status;
}

static apply_mover apply_mover_of(apply *a, uint32_t id, remap *moving) {
    const movable *list = state_find_movable(&a->doc->state, id);
    return (apply_mover){.a = a, .ref = {id}, .list = list, .moving = moving};
}

bool apply_row_moves(apply *a, uint32_t id, const lk_diff *diff, remap *moving) {
    apply_mover m = apply_mover_of(a, id, moving);
    return apply_mover_find(&m, diff);
}

lk_status apply_row(apply *a, uint32_t id, const lk_diff *diff) {
    remap moving;
    remap_init(&moving, &a->doc->memory);
    apply_mover m = apply_mover_of(a, id, &moving);
    lk_status status = LK_ENOMEM;
    bool ready = apply_mover_find(&m, diff);
    if (ready && moving.pairs.len > 0)
        status = apply_mover_run(&m, diff);
    else if (ready)
        status = apply_row_plain(a, id, diff);
    remap_drop(&moving);
    return status;
}
