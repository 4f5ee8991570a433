/* SPDX-License-Identifier: MIT
 * undo_stack.c - steps and what others did between them. */
#include "doc/undo_stack.h"

#include "state/delta.h"

/* ---- steps ---- */

void undo_item_empty(const undo_stack *s, undo_item *item) {
    for (size_t i = 0; i < item->others.len; i++) vec_drop(s->heap, &item->others.at[i].parts);
    item->others.len = 0;
}

static void undo_item_drop(undo_stack *s, undo_item *item) {
    undo_item_empty(s, item);
    vec_drop(s->heap, &item->others);
    mem_free(s->heap, item->note, item->note_len);
}

void undo_stack_clear(undo_stack *s) {
    while (s->items.len > 0) undo_stack_pop(s);
}

void undo_stack_drop(undo_stack *s) {
    undo_stack_clear(s);
    vec_drop(s->heap, &s->items);
}

undo_item *undo_stack_top(const undo_stack *s) {
    return s->items.len == 0 ? NULL : &s->items.at[s->items.len - 1];
}

void undo_stack_push(undo_stack *s, int32_t start, int32_t end) {
    LK_ASSERT(s->items.len < s->items.cap);
    s->items.at[s->items.len++] = (undo_item){.start = start, .end = end};
}

void undo_stack_lift(undo_stack *s) {
    undo_item *top = undo_stack_top(s);
    LK_ASSERT(s->items.len > 1 && top->others.len == 0);
    top->others = top[-1].others;
    __builtin_memset(&top[-1].others, 0, sizeof top[-1].others);
}

void undo_stack_pop(undo_stack *s) { undo_item_drop(s, &s->items.at[--s->items.len]); }

void undo_stack_trim(undo_stack *s) {
    undo_item_drop(s, &s->items.at[0]);
    s->items.len--;
    __builtin_memmove(s->items.at, s->items.at + 1, s->items.len * sizeof *s->items.at);
}

/* ---- others ---- */

static undo_place *undo_place_of(const undo_item *item, uint32_t container) {
    for (size_t i = 0; i < item->others.len; i++)
        if (item->others.at[i].container == container) return &item->others.at[i];
    return NULL;
}

bool undo_item_changed(const undo_item *item, uint32_t container) {
    return undo_place_of(item, container) != NULL;
}

typedef struct undo_sum {
    delta sum;
    uint32_t at, come; /* come: inserted last, but not added yet */
} undo_sum;

/* Add a step. What goes right behind what comes is one with it. */
static void undo_sum_add(undo_sum *s, lk_delta_kind kind, uint32_t len) {
    uint32_t gone = kind == LK_DELETE ? len : 0;
    const uint32_t at[3] = {s->at, s->at, s->at}, removed[3] = {gone, gone, gone},
                   inserted[3] = {s->come, s->come, s->come};
    delta_edit(&s->sum, at, removed, inserted);
    s->at += s->come + (kind == LK_RETAIN ? len : 0);
    s->come = kind == LK_INSERT ? len : 0;
}

static bool undo_place_edit(const lk_memory *heap, undo_place *place, const lk_diff *diff) {
    undo_parts *parts = &place->parts;
    undo_sum s = {0};
    delta_init(&s.sum, heap);
    bool ready = delta_reserve(&s.sum, parts->len + diff->delta_len);
    for (size_t i = 0; i < parts->len && ready; i++)
        undo_sum_add(&s, parts->at[i].kind, parts->at[i].len);
    undo_sum_add(&s, LK_RETAIN, 0);
    s.at = 0;
    if (diff->kind != LK_TEXT && parts->len > 0) s.sum.gap = DELTA_BEHIND_NOT_LAST;
    for (size_t i = 0; i < diff->delta_len && ready; i++)
        undo_sum_add(&s, diff->deltas[i].kind, diff->deltas[i].len[LK_CODEPOINT]);
    undo_sum_add(&s, LK_RETAIN, 0);
    parts->len = 0;
    delta_walk w = delta_start(&s.sum, false);
    for (delta_step step; ready && delta_next(&w, &step);) {
        undo_part *fresh = vec_push(heap, parts);
        ready = fresh != NULL;
        if (ready) *fresh = (undo_part){step.kind, step.len[LK_CODEPOINT]};
    }
    delta_drop(&s.sum);
    return ready;
}

bool undo_stack_others(undo_stack *s, const lk_diff *diffs, size_t len) {
    undo_item *item = undo_stack_top(s);
    if (item == NULL) return true;
    for (size_t i = 0; i < len; i++) {
        undo_place *place = undo_place_of(item, diffs[i].target.index);
        if (place == NULL) {
            place = vec_push(s->heap, &item->others);
            if (place == NULL) return false;
            *place = (undo_place){.container = diffs[i].target.index, .kind = diffs[i].kind};
        }
        if (!undo_place_edit(s->heap, place, &diffs[i])) return false;
    }
    return true;
}

static bool undo_place_tell(const undo_place *place, arena *memory, lk_diff *out) {
    const undo_parts *parts = &place->parts;
    lk_delta *deltas = arena_new(memory, lk_delta, parts->len);
    if (deltas == NULL) return false;
    *out = (lk_diff){.target = {place->container},
                     .kind = place->kind,
                     .deltas = deltas,
                     .delta_len = parts->len};
    for (size_t i = 0; i < parts->len; i++) {
        uint32_t len = parts->at[i].len;
        deltas[i] = (lk_delta){.kind = parts->at[i].kind, .len = {len, len, len}};
    }
    return true;
}

bool undo_stack_tell(const undo_stack *s, patch *out) {
    const undo_item *item = undo_stack_top(s);
    for (size_t i = 0; i < item->others.len; i++) {
        lk_diff *diff = arena_vec_push(out->memory, out);
        if (diff == NULL || !undo_place_tell(&item->others.at[i], out->memory, diff)) return false;
    }
    return true;
}
