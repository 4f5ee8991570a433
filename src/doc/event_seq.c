/* SPDX-License-Identifier: MIT
 * event_seq.c - what happened to lists: steps along them. What was inserted is read off the final
 * state. */
#include "doc/event_make.h"

static bool event_seq_list(const seq *list, lk_value *out, uint32_t pos, uint32_t len) {
    seq_walk w = seq_range(list, pos, len);
    seq_span span;
    while (seq_walk_next(&w, &span)) {
        __builtin_memcpy(out, span.data, span.len[SEQ_ENTITY] * sizeof *out);
        out += span.len[SEQ_ENTITY];
    }
    return true;
}

static bool event_seq_movable(const movable *list, lk_value *out, uint32_t pos, uint32_t len) {
    uint32_t at[SEQ_UNITS];
    movable_at(list, pos, LK_UTF8, at);
    movable_walk w = movable_range(list, at[SEQ_ENTITY], UINT32_MAX);
    const movable_elem *elem;
    op_id place;
    while (len > 0 && movable_next(&w, &place, &elem)) {
        if (elem == NULL) continue;
        *out++ = *elem->value;
        len--;
    }
    return len == 0;
}

/* Copy what an insert inserted, which is at `pos` now. */
static bool event_seq_insert(const event_maker *m, const state_slot *from, lk_delta *out,
                             uint32_t pos) {
    lk_value *copy = arena_new(m->memory, lk_value, out->len[0]);
    if (copy == NULL) return false;
    out->values = copy;
    return from->kind == LK_LIST ? event_seq_list(&from->as.seq, copy, pos, out->len[0])
                                 : event_seq_movable(&from->as.movable, copy, pos, out->len[0]);
}

static bool event_seq_whole(const event_maker *m, const state_slot *from, lk_diff *out) {
    const btree *row = from->kind == LK_MOVABLE_LIST ? &from->as.movable.row : &from->as.seq.tree;
    if (row->total.by[LK_UTF8] == 0) return true;
    lk_delta *all = arena_new(m->memory, lk_delta, 1);
    if (all == NULL) return false;
    *all = (lk_delta){.kind = LK_INSERT};
    for (unsigned unit = 0; unit < 3; unit++) all->len[unit] = row->total.by[unit];
    out->deltas = all;
    out->delta_len = 1;
    return event_seq_insert(m, from, all, 0);
}

bool event_seq_write(const event_maker *m, uint32_t id, const batch_entry *batch_or_null,
                     lk_diff *out) {
    const state_slot *from = m->doc->state.containers.at[id];
    if (batch_or_null == NULL) return event_seq_whole(m, from, out);
    const delta *d = &batch_or_null->delta;
    lk_delta *deltas = arena_new(m->memory, lk_delta, delta_count_max(d));
    if (deltas == NULL) return false;
    out->deltas = deltas;
    bool made = m->by == LK_BY_LOCAL && from->kind == LK_LIST;
    delta_walk w = delta_start(d, !made);
    delta_step s;
    while (delta_next(&w, &s)) {
        lk_delta *next = &deltas[out->delta_len++];
        *next = (lk_delta){.kind = s.kind, .len = {s.len[0], s.len[1], s.len[2]}};
        if (s.kind == LK_INSERT && !event_seq_insert(m, from, next, s.at[LK_UTF8])) return false;
    }
    return true;
}
