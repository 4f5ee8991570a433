/* SPDX-License-Identifier: MIT
 * undo_stack.c - steps and what others did between them. */
#include "doc/undo_stack.h"

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

static bool undo_push(const lk_memory *heap, undo_parts *out, lk_delta_kind kind, uint32_t len) {
    if (len == 0) return true;
    if (out->len > 0 && out->at[out->len - 1].kind == kind) {
        out->at[out->len - 1].len += len;
        return true;
    }
    undo_part *fresh = vec_push(heap, out);
    if (fresh != NULL) *fresh = (undo_part){kind, len};
    return fresh != NULL;
}

/* The part under way; behind the last one all is kept. */
static undo_part undo_part_at(const undo_parts *parts, size_t i, uint32_t taken) {
    if (i == parts->len) return (undo_part){LK_RETAIN, UINT32_MAX};
    return (undo_part){parts->at[i].kind, parts->at[i].len - taken};
}

/* `a`, then `b`. As in Loro, what is inserted where something was deleted comes behind that. */
static bool undo_parts_compose(const lk_memory *heap, const undo_parts *a, const undo_parts *b,
                               undo_parts *out) {
    size_t i = 0, k = 0;
    uint32_t a_taken = 0, b_taken = 0;
    bool ready = true;
    while (ready && (i < a->len || k < b->len)) {
        undo_part x = undo_part_at(a, i, a_taken), y = undo_part_at(b, k, b_taken);
        uint32_t len = x.len < y.len ? x.len : y.len;
        bool alone = x.kind == LK_DELETE || y.kind == LK_INSERT;
        if (x.kind == LK_DELETE) {
            ready = undo_push(heap, out, LK_DELETE, len = x.len);
        } else if (y.kind == LK_INSERT) {
            ready = undo_push(heap, out, LK_INSERT, len = y.len);
        } else if (y.kind == LK_RETAIN || x.kind == LK_RETAIN) {
            ready = undo_push(heap, out, y.kind == LK_DELETE ? LK_DELETE : x.kind, len);
        }
        if (!alone || x.kind == LK_DELETE) a_taken += len;
        if (!alone || x.kind != LK_DELETE) b_taken += len;
        if (i < a->len && a_taken == a->at[i].len) i++, a_taken = 0;
        if (k < b->len && b_taken == b->at[k].len) k++, b_taken = 0;
    }
    while (out->len > 0 && out->at[out->len - 1].kind == LK_RETAIN) out->len--;
    return ready;
}

static bool undo_place_edit(const lk_memory *heap, undo_place *place, const lk_diff *diff) {
    undo_parts then = {0}, sum = {0};
    bool ready = true;
    for (size_t i = 0; i < diff->delta_len && ready; i++)
        ready = undo_push(heap, &then, diff->deltas[i].kind, diff->deltas[i].len[LK_CODEPOINT]);
    ready = ready && undo_parts_compose(heap, &place->parts, &then, &sum);
    vec_drop(heap, &then);
    if (ready) {
        vec_drop(heap, &place->parts);
        place->parts = sum;
    } else {
        vec_drop(heap, &sum);
    }
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
