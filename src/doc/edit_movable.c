/* SPDX-License-Identifier: MIT
 * edit_movable.c - edits of movable lists. Callers count elements, operations count places. */
#include "base/limits.h"
#include "doc/edit.h"

static movable *edit_movable_of(const lk_doc *doc, lk_ref ref) {
    LK_ASSERT(ref.index < doc->state.containers.len);
    return state_find_movable(&doc->state, ref.index);
}

/* The place in front of which something goes, so that it comes to stand at `pos`; as in Loro right
 * before the element there, behind the empty places before it. */
uint32_t edit_movable_gap(const movable *m, size_t pos) {
    uint32_t at[SEQ_UNITS];
    movable_at(m, (uint32_t)pos, LK_UTF8, at);
    return at[SEQ_ENTITY];
}

static lk_status edit_movable_insert(lk_doc *doc, lk_ref list, size_t pos, const lk_value *values,
                                     size_t len, const lk_value **copied) {
    const movable *m = edit_movable_of(doc, list);
    if (m == NULL) return LK_EKIND;
    if (pos > movable_len(m, LK_UTF8)) return LK_ERANGE;
    return edit_insert(doc, list, edit_movable_gap(m, pos), values, len, copied);
}

lk_status lk_movable_insert(lk_doc *doc, lk_ref list, size_t pos, const lk_value *values,
                            size_t len) {
    const lk_value *copied;
    for (size_t i = 0; i < len; i++)
        if (!edit_value_valid(&values[i], 0)) return LK_EVALUE;
    return edit_movable_insert(doc, list, pos, values, len, &copied);
}

lk_status lk_movable_insert_container(lk_doc *doc, lk_ref list, size_t pos, lk_kind kind,
                                      lk_ref *out) {
    lk_value child = edit_child(kind);
    const lk_value *copied;
    lk_status status = edit_movable_insert(doc, list, pos, &child, 1, &copied);
    if (status == LK_OK) *out = copied->as.container;
    return status;
}

/* ---- deleting ---- */

typedef struct edit_movable_run { /* places side by side with consecutive ids */
    op_id start;
    uint32_t pos, len;
} edit_movable_run;

/* The next run of places that something stands on; *at is the position of the next place. */
static bool edit_movable_next(movable_walk *w, uint32_t *at, uint32_t *left,
                              edit_movable_run *run) {
    const movable_elem *elem;
    op_id place;
    run->len = 0;
    while (*left > 0) {
        movable_walk before = *w;
        if (!movable_next(w, &place, &elem)) break;
        bool follows = run->len > 0 && elem != NULL && place.peer == run->start.peer &&
                       place.counter == run->start.counter + (int32_t)run->len;
        if (run->len > 0 && !follows) {
            *w = before;
            break;
        }
        if (elem != NULL) {
            if (run->len++ == 0) *run = (edit_movable_run){place, *at, 1};
            (*left)--;
        }
        (*at)++;
    }
    return run->len > 0;
}

/* Deletes the runs from the first to the last; fills `ops` if it is not NULL. How many there are.
 */
static size_t edit_movable_runs(const movable *m, lk_ref list, size_t pos, size_t len, op *ops,
                                step *steps) {
    uint32_t at = edit_movable_gap(m, pos), left = (uint32_t)len, gone = 0;
    movable_walk w = movable_range(m, at, UINT32_MAX);
    edit_movable_run run;
    size_t count = 0;
    for (; edit_movable_next(&w, &at, &left, &run); count++) {
        if (ops == NULL) continue;
        run.pos -= gone;
        gone += run.len;
        ops[count] = (op){.kind = OP_DELETE,
                          .container = list.index,
                          .len = run.len,
                          .as.del = {.pos = run.pos, .start = run.start}};
        steps[count] =
            (step){.kind = STEP_DELETE, .container = list.index, .pos = run.pos, .len = run.len};
    }
    return count;
}

lk_status lk_movable_delete(lk_doc *doc, lk_ref list, size_t pos, size_t len) {
    const movable *m = edit_movable_of(doc, list);
    if (m == NULL) return LK_EKIND;
    if (len == 0) return LK_OK; /* as in Loro, wherever that is */
    uint32_t have = movable_len(m, LK_UTF8);
    if (pos > have || len > have - pos) return LK_ERANGE;
    size_t runs = edit_movable_runs(m, list, pos, len, NULL, NULL);
    lk_status status = edit_begin(doc, list, runs, (uint32_t)len);
    if (status != LK_OK) return status;
    op *ops = arena_new(&doc->scratch, op, runs);
    step *steps = arena_new(&doc->scratch, step, runs);
    if (ops == NULL || steps == NULL) return LK_ENOMEM;
    edit_movable_runs(m, list, pos, len, ops, steps);
    return edit_finish(doc, edit_save(doc), ops, steps, runs);
}

/* ---- setting, moving ---- */

static lk_status edit_movable_set(lk_doc *doc, lk_ref list, size_t pos, const lk_value *value,
                                  const lk_value **copied) {
    const movable *m = edit_movable_of(doc, list);
    uint32_t at[SEQ_UNITS];
    if (m == NULL) return LK_EKIND;
    if (pos >= movable_len(m, LK_UTF8)) return LK_ERANGE;
    step_elem elem = movable_at(m, (uint32_t)pos, LK_UTF8, at)->id;
    lk_status status = edit_begin(doc, list, 1, 1);
    if (status != LK_OK) return status;
    edit_ready ready = edit_save(doc);
    *copied = oplog_value(&doc->log, value, list.index, edit_next_id(doc));
    if (*copied == NULL) return edit_abort(doc, ready, LK_ENOMEM);
    op o = {.kind = OP_SET,
            .container = list.index,
            .len = 1,
            .as.set = {.elem_peer = elem.peer, .elem_lamport = elem.lamport, .value = *copied}};
    step st = {
        .kind = STEP_SET, .container = list.index, .len = 1, .data = *copied, .as.elem = elem};
    return edit_finish(doc, ready, &o, &st, 1);
}

lk_status lk_movable_set(lk_doc *doc, lk_ref list, size_t pos, const lk_value *value) {
    const lk_value *copied;
    if (!edit_value_valid(value, 0)) return LK_EVALUE;
    return edit_movable_set(doc, list, pos, value, &copied);
}

lk_status lk_movable_set_container(lk_doc *doc, lk_ref list, size_t pos, lk_kind kind,
                                   lk_ref *out) {
    lk_value child = edit_child(kind);
    const lk_value *copied;
    lk_status status = edit_movable_set(doc, list, pos, &child, &copied);
    if (status == LK_OK) *out = copied->as.container;
    return status;
}

lk_status lk_movable_move(lk_doc *doc, lk_ref list, size_t from, size_t to) {
    movable *m = edit_movable_of(doc, list);
    uint32_t at[SEQ_UNITS];
    if (m == NULL) return LK_EKIND;
    if (from == to) return LK_OK; /* as in Loro, wherever that is */
    uint32_t have = movable_len(m, LK_UTF8);
    if (from >= have || to >= have) return LK_ERANGE;
    lk_status status = edit_begin(doc, list, 1, 1);
    if (status != LK_OK) return status;
    uint32_t gap = edit_movable_gap(m, to);
    step_elem elem = movable_near(m, (uint32_t)from, LK_UTF8, at)->id;
    op o = {.kind = OP_MOVE,
            .container = list.index,
            .len = 1,
            .as.move = {.from = at[SEQ_ENTITY],
                        .to = gap,
                        .elem_peer = elem.peer,
                        .elem_lamport = elem.lamport}};
    step steps[] = {
        {.kind = STEP_DELETE, .container = list.index, .pos = at[SEQ_ENTITY], .len = 1},
        {.kind = STEP_PLACE, .container = list.index, .pos = gap, .len = 1, .as.elem = elem}};
    return edit_finish(doc, edit_save(doc), &o, steps, 1);
}
