/* SPDX-License-Identifier: MIT
 * edit_counter.c - counters only ever add. */
#include "doc/edit.h"

lk_status lk_counter_add(lk_doc *doc, lk_ref counter, double by) {
    LK_ASSERT(counter.index < doc->state.containers.len);
    if (state_find_counter(&doc->state, counter.index) == NULL) return LK_EKIND;
    lk_status status = edit_begin(doc, counter, 1, 1);
    if (status != LK_OK) return status;
    op o = {.kind = OP_COUNTER, .container = counter.index, .len = 1, .as.delta = by};
    step st = {.kind = STEP_COUNT, .container = counter.index, .len = 1, .as.count = by};
    return edit_finish(doc, edit_save(doc), &o, &st, 1);
}

double lk_counter_value(const lk_doc *doc, lk_ref counter) {
    LK_ASSERT(counter.index < doc->state.containers.len);
    const double *value = state_find_counter(&doc->state, counter.index);
    LK_ASSERT(value != NULL);
    return *value;
}
