/* SPDX-License-Identifier: MIT
 * state.c - the table of containers, and steps carried out on them. */
#include "state/state.h"

#include "base/limits.h"

void state_init(state *s, const lk_memory *heap) { *s = (state){.heap = heap}; }

static void state_pop(state *s) {
    state_slot *c = s->containers.at[--s->containers.len];
    if (c->kind == LK_TEXT || c->kind == LK_LIST) seq_drop(&c->as.seq);
    if (c->kind == LK_MAP) map_drop(&c->as.map);
    mem_free(s->heap, c, sizeof *c);
}

void state_rewind(state *s, size_t len) {
    while (s->containers.len > len) state_pop(s);
}

void state_drop(state *s) {
    state_rewind(s, 0);
    vec_drop(s->heap, &s->containers);
}

bool state_add(state *s, container_kind kind, bool root) {
    if (!vec_reserve(s->heap, &s->containers, 1)) return false;
    state_slot *c = mem_zalloc(s->heap, sizeof *c);
    if (c == NULL) return false;
    c->kind = kind;
    c->present = root;
    if (kind == LK_TEXT) seq_init(&c->as.seq, SEQ_TEXT, s->heap);
    if (kind == LK_LIST) seq_init(&c->as.seq, SEQ_LIST, s->heap);
    if (kind == LK_MAP) map_init(&c->as.map, s->heap);
    s->containers.at[s->containers.len++] = c;
    return true;
}

seq *state_find_seq(const state *s, uint32_t id) {
    state_slot *c = s->containers.at[id];
    return c->kind == LK_TEXT || c->kind == LK_LIST ? &c->as.seq : NULL;
}

map *state_find_map(const state *s, uint32_t id) {
    state_slot *c = s->containers.at[id];
    return c->kind == LK_MAP ? &c->as.map : NULL;
}

/* ---- preparing ---- */

typedef struct state_tally { /* what the steps will ask of one state_slot */
    uint64_t len;            /* entities there will be */
    uint32_t edits;
    size_t bytes;
    bool seen;
} state_tally;

static lk_status state_count(const state *s, const step *st, state_tally *tally) {
    bool is_map = state_find_map(s, st->container) != NULL;
    if (is_map != (st->kind == STEP_MAP)) return LK_ERANGE;
    const seq *target = state_find_seq(s, st->container);
    if (!is_map && target == NULL) return LK_ERANGE;
    if (!tally->seen) {
        tally->seen = true;
        tally->len = is_map ? 0 : seq_len(target, SEQ_ENTITY);
    }
    tally->edits++;
    tally->bytes += st->bytes;
    if (is_map) return LK_OK;
    if (st->kind == STEP_INSERT) {
        if (st->pos > tally->len || tally->len + st->len > LIMIT_POSITION) return LK_ERANGE;
        tally->len += st->len;
        return LK_OK;
    }
    if ((uint64_t)st->pos + st->len > tally->len) return LK_ERANGE;
    tally->len -= st->len;
    return LK_OK;
}

static bool state_reserve(state *s, uint32_t id, const state_tally *tally) {
    map *m = state_find_map(s, id);
    if (m != NULL) return map_reserve(m, tally->edits);
    return seq_reserve(state_find_seq(s, id), tally->edits, tally->bytes);
}

lk_status state_prepare(state *s, const step *steps, size_t len, arena *scratch) {
    if (len == 0) return LK_OK;
    size_t count = s->containers.len;
    state_tally *tallies = arena_new(scratch, state_tally, count);
    if (tallies == NULL) return LK_ENOMEM;
    __builtin_memset(tallies, 0, count * sizeof *tallies);
    for (size_t i = 0; i < len; i++) {
        lk_status status = state_count(s, &steps[i], &tallies[steps[i].container]);
        if (status != LK_OK) return status;
    }
    for (size_t i = 0; i < len; i++) {
        state_tally *tally = &tallies[steps[i].container];
        if (!tally->seen) continue;
        tally->seen = false;
        if (!state_reserve(s, steps[i].container, tally)) return LK_ENOMEM;
    }
    return LK_OK;
}

/* ---- applying ---- */

static void state_place(state *s, const lk_value *value, bool present, const state_watch *watch) {
    if (value == NULL || value->type != LK_CONTAINER) return;
    state_slot *child = s->containers.at[value->as.container.index];
    if (present && !child->present && watch != NULL)
        watch->appeared(watch->context, value->as.container.index);
    child->present = present;
}

static void state_write(state *s, const step *st, uint64_t peer_wide, const state_watch *watch,
                        state_change *out) {
    map *m = state_find_map(s, st->container);
    const map_entry *before = map_find(m, st->key);
    const lk_value *old = before == NULL ? NULL : before->value;
    map_entry entry = {.value = st->data,
                       .peer_wide = peer_wide,
                       .key = st->key,
                       .lamport = st->lamport,
                       .peer = st->id.peer};
    out->known = before != NULL;
    out->before = old;
    out->taken = map_set(m, &entry);
    if (!out->taken) return;
    state_place(s, old, false, watch);
    state_place(s, st->data, true, watch);
}

static seq_span state_span(const step *st, container_kind kind) {
    if (st->data == NULL) return seq_anchor_span(st->id);
    if (kind == LK_LIST) return seq_list_span(st->id, st->data, st->len);
    return seq_text_span(st->id, st->data, st->bytes);
}

void state_apply(state *s, const step *st, uint64_t peer_wide, const state_watch *watch_or_null,
                 state_change *out) {
    if (st->kind == STEP_MAP) {
        state_write(s, st, peer_wide, watch_or_null, out);
        return;
    }
    state_slot *c = s->containers.at[st->container];
    if (st->kind == STEP_INSERT) {
        seq_span span = state_span(st, c->kind);
        seq_insert(&c->as.seq, st->pos, &span, &out->edit);
        if (c->kind != LK_LIST) return;
        const lk_value *values = st->data;
        for (uint32_t i = 0; i < st->len; i++) state_place(s, &values[i], true, watch_or_null);
        return;
    }
    if (c->kind == LK_LIST) {
        seq_walk w = seq_range(&c->as.seq, st->pos, st->len);
        seq_span span;
        while (seq_walk_next(&w, &span)) {
            const lk_value *values = span.data;
            for (uint32_t i = 0; i < span.len[SEQ_ENTITY]; i++)
                state_place(s, &values[i], false, watch_or_null);
        }
    }
    seq_delete(&c->as.seq, st->pos, st->len, &out->edit);
}
