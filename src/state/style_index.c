/* SPDX-License-Identifier: MIT
 * style_index.c - the ranges of all marks as an interval tree without pointers: they are sorted by
 * where they start, the middle one is the root, the middles of both halves are its children, and
 * `reach` says how far anything in a half goes.
 *
 *      first    1   1   2   4   7   8   9
 *      last     9   3   2   5   9   8   9
 *      reach    9   9   2  [9]  9   9   9         [ ]: the root */
#include "state/style_index.h"

#include "base/sort.h"
#include "model/value.h"

void style_index_init(style_index *x, const lk_memory *heap) {
    *x = (style_index){.heap = heap, .stale = true};
}

void style_index_drop(style_index *x) { vec_drop(x->heap, &x->ranges); }

/* ---- making ---- */

typedef struct style_end {
    const text_mark *mark;
    uint32_t gap; /* the last one it covers */
} style_end;
typedef VEC(style_end) style_ends;

static int style_end_order(const void *a, const void *b) {
    const text_mark *x = ((const style_end *)a)->mark, *y = ((const style_end *)b)->mark;
    return x < y ? -1 : x > y;
}

/* All starts into x->ranges, all ends into `ends`. */
static bool style_index_collect(style_index *x, const seq *text, style_ends *ends) {
    seq_walk w = seq_range(text, 0, seq_len(text, SEQ_ENTITY));
    seq_span span;
    uint32_t gap = 0;
    while (seq_walk_next(&w, &span)) {
        bool starts;
        const text_mark *mark = seq_mark(&span, &starts);
        if (mark == NULL) continue;
        style_range *range = starts ? vec_push(x->heap, &x->ranges) : NULL;
        style_end *end = starts ? NULL : vec_push(x->heap, ends);
        if (range == NULL && end == NULL) return false;
        if (starts)
            *range = (style_range){.mark = mark, .first = gap + 1};
        else
            *end = (style_end){mark, gap};
        gap++;
    }
    return true;
}

/* Tell each range where it ends; those that do not go. */
static void style_index_close(style_index *x, const style_ends *ends) {
    size_t kept = 0;
    for (size_t i = 0; i < x->ranges.len; i++) {
        style_range range = x->ranges.at[i];
        size_t low = 0, high = ends->len;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (ends->at[middle].mark < range.mark)
                low = middle + 1;
            else
                high = middle;
        }
        if (low == ends->len || ends->at[low].mark != range.mark) continue;
        range.last = ends->at[low].gap;
        x->ranges.at[kept++] = range;
    }
    x->ranges.len = kept;
}

static uint32_t style_index_reach(style_index *x, size_t low, size_t high) {
    if (low >= high) return 0;
    size_t middle = (low + high) / 2;
    uint32_t left = style_index_reach(x, low, middle);
    uint32_t right = style_index_reach(x, middle + 1, high);
    uint32_t reach = x->ranges.at[middle].last;
    if (left > reach) reach = left;
    if (right > reach) reach = right;
    return x->ranges.at[middle].reach = reach;
}

bool style_index_refresh(style_index *x, const seq *text) {
    if (!x->stale) return true;
    style_ends ends = {0};
    x->ranges.len = 0;
    bool done = style_index_collect(x, text, &ends);
    if (done) {
        sort_items(ends.at, ends.len, sizeof *ends.at, style_end_order);
        style_index_close(x, &ends);
        style_index_reach(x, 0, x->ranges.len);
        x->stale = false;
    }
    vec_drop(x->heap, &ends);
    return done;
}

/* ---- asking ---- */

/* Where the first key from `key` on is. */
static size_t style_set_seek(const style_set *set, uint32_t key) {
    size_t low = 0, high = set->len;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (set->at[middle]->key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Let `mark` count for its key, unless another does. */
static bool style_set_add(style_set *set, const text_mark *mark, arena *memory) {
    size_t at = style_set_seek(set, mark->key);
    if (at < set->len && set->at[at]->key == mark->key) {
        if (text_mark_beats(mark, set->at[at])) set->at[at] = mark;
        return true;
    }
    size_t behind = set->len - at;
    if (arena_vec_push(memory, set) == NULL) return false;
    __builtin_memmove(set->at + at + 1, set->at + at, behind * sizeof *set->at);
    set->at[at] = mark;
    return true;
}

static bool style_index_search(const style_index *x, size_t low, size_t high, uint32_t gap,
                               arena *memory, style_set *out) {
    while (low < high) {
        size_t middle = (low + high) / 2;
        const style_range *range = &x->ranges.at[middle];
        if (range->reach < gap) return true;
        if (!style_index_search(x, low, middle, gap, memory, out)) return false;
        if (range->first > gap) return true;
        if (range->last >= gap && !style_set_add(out, range->mark, memory)) return false;
        low = middle + 1;
    }
    return true;
}

bool style_index_find(const style_index *x, uint32_t gap, arena *memory, style_set *out) {
    LK_ASSERT(!x->stale);
    *out = (style_set){0};
    return style_index_search(x, 0, x->ranges.len, gap, memory, out);
}

const text_mark *style_set_get(const style_set *set, uint32_t key) {
    size_t at = style_set_seek(set, key);
    return at < set->len && set->at[at]->key == key ? set->at[at] : NULL;
}

static bool style_set_match(const text_mark *a, const text_mark *b) {
    return a == b || (a->key == b->key && value_equal(a->value, b->value));
}

bool style_set_equal(const style_set *a, const style_set *b) {
    if (a->len != b->len) return false;
    for (size_t i = 0; i < a->len; i++)
        if (!style_set_match(a->at[i], b->at[i])) return false;
    return true;
}

/* The next key from `i` on that shows. */
static size_t style_set_shown(const style_set *set, size_t i) {
    while (i < set->len && set->at[i]->value->type == LK_NULL) i++;
    return i;
}

bool style_set_alike(const style_set *a, const style_set *b) {
    size_t i = style_set_shown(a, 0), k = style_set_shown(b, 0);
    while (i < a->len && k < b->len) {
        if (!style_set_match(a->at[i], b->at[k])) return false;
        i = style_set_shown(a, i + 1);
        k = style_set_shown(b, k + 1);
    }
    return i == a->len && k == b->len;
}

bool style_set_same(const style_set *a, const style_set *b) {
    if (a->len != b->len) return false;
    for (size_t i = 0; i < a->len; i++)
        if (a->at[i] != b->at[i]) return false;
    return true;
}
