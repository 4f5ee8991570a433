/* SPDX-License-Identifier: MIT
 * apply_text.c - edits of texts. Loro makes its own diffs as they are. Of those that it was given,
 * where something goes and something else comes, the first comes first:
 *
 *      given    [delete 2, insert a, delete 1, insert b]      insert a, delete 3, insert b */
#include "doc/apply.h"

typedef struct apply_writer {
    lk_delta *at;
    size_t len;
    size_t gap; /* where the last retain ended */
} apply_writer;

/* Put a step before those from `at` on; deletes side by side become one. */
static void apply_put(apply_writer *w, size_t at, const lk_delta *d) {
    bool joins = d->kind == LK_DELETE && at > w->gap && w->at[at - 1].kind == LK_DELETE;
    if (joins) {
        for (unsigned unit = 0; unit < 3; unit++) w->at[at - 1].len[unit] += d->len[unit];
        return;
    }
    __builtin_memmove(&w->at[at + 1], &w->at[at], (w->len++ - at) * sizeof *w->at);
    w->at[at] = *d;
}

static void apply_put_own(apply_writer *w, const lk_delta *d) { w->at[w->len++] = *d; }

/* What comes where something has just gone comes before that, unless something did already. */
static void apply_put_given(apply_writer *w, const lk_delta *d) {
    size_t at = w->len;
    bool goes = at > w->gap && w->at[at - 1].kind == LK_DELETE;
    bool pair = goes && at > w->gap + 1 && w->at[at - 2].kind == LK_INSERT;
    apply_put(w, d->kind == LK_INSERT && goes && !pair ? at - 1 : at, d);
}

lk_status apply_text(apply *a, uint32_t id, const lk_diff *diff) {
    apply_writer w = {.at = arena_new(&a->memory, lk_delta, diff->delta_len)};
    if (w.at == NULL) return LK_ENOMEM;
    for (size_t i = 0; i < diff->delta_len; i++) {
        const lk_delta *d = &diff->deltas[i];
        if (d->kind != LK_RETAIN) {
            (a->order->own ? apply_put_own : apply_put_given)(&w, d);
            continue;
        }
        w.at[w.len++] = *d;
        w.gap = w.len;
    }
    return lk_text_apply_delta(a->doc, (lk_ref){id}, w.at, w.len, a->order->unit);
}
