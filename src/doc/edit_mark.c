/* SPDX-License-Identifier: MIT
 * edit_mark.c - styles put on text and taken away. */
#include "doc/edit.h"
#include "doc/sealed.h"
#include "model/value.h"

typedef struct edit_mark {
    uint32_t start, end; /* entities */
    lk_str key;
    const lk_value *value;
} edit_mark;

/* Inside a code point means behind it, as in Loro. */
static lk_status edit_mark_seek(const seq *text, size_t pos, lk_unit unit, uint32_t *out) {
    uint32_t all[SEQ_UNITS];
    if (pos > UINT32_MAX) return LK_ERANGE;
    seq_hit hit = seq_seek(text, (uint32_t)pos, unit, SEQ_LEFTMOST, all);
    if (hit == SEQ_PAST) return LK_ERANGE;
    if (hit == SEQ_INSIDE) seq_seek(text, all[LK_CODEPOINT] + 1, LK_CODEPOINT, SEQ_LEFTMOST, all);
    *out = edit_text_place(text, all[SEQ_ENTITY]);
    return LK_OK;
}

/* Would the mark change nothing: has everything in the range the value already, or, if it is to be
 * taken away, has nothing the key? An anchor counts as what its mark covers. A range inside one
 * code point is empty: it has what is around it. */
static lk_status edit_mark_idle(lk_doc *doc, lk_ref text, const edit_mark *m, bool *out) {
    const seq *from = edit_seq(doc, text, LK_TEXT);
    const style_index *styles = state_find_styles(&doc->state, text.index);
    if (styles == NULL) return LK_ENOMEM;
    uint32_t key = intern_find_key(&doc->log.names, m->key), at[SEQ_UNITS];
    bool empty = m->start == m->end, all = true, any = false, starts;
    uint32_t start = m->start - empty;
    seq_walk w = seq_range(from, start, m->end + empty - start);
    seq_span span;
    seq_seek(from, start, SEQ_ENTITY, SEQ_LEFTMOST, at);
    for (uint32_t gap = style_gap(at); seq_walk_next(&w, &span);) {
        bool anchor = seq_mark(&span, &starts) != NULL;
        style_set set;
        arena_reset(&doc->scratch);
        if (!style_index_find(styles, gap + (anchor && starts), &doc->scratch, &set))
            return LK_ENOMEM;
        const text_mark *mark = style_set_get(&set, key);
        any |= mark != NULL;
        all &= mark != NULL && value_equal(mark->value, m->value);
        gap += anchor;
    }
    *out = all || ((empty || !any) && m->value->type == LK_NULL);
    return LK_OK;
}

/* Taking a style away grows over the edges that the style left alone, and stays off the others. */
static uint8_t edit_mark_info(lk_expand expand, const lk_value *value) {
    if (value->type == LK_NULL && (expand == LK_EXPAND_NONE || expand == LK_EXPAND_BOTH))
        expand = expand == LK_EXPAND_NONE ? LK_EXPAND_BOTH : LK_EXPAND_NONE;
    return (uint8_t)(MARK_ALIVE | expand);
}

static lk_status edit_mark_write(lk_doc *doc, lk_ref text, const edit_mark *m, lk_expand expand) {
    lk_status status = edit_begin(doc, text, 2, 2);
    if (status != LK_OK) return status;
    edit_ready ready = edit_save(doc);
    uint32_t key = intern_key(&doc->log.names, m->key);
    if (key == TABLE_NONE) return edit_abort(doc, ready, LK_ENOMEM);
    op_mark mark = {.start = m->start,
                    .end = m->end,
                    .info = edit_mark_info(expand, m->value),
                    .value = m->value};
    op start = {.kind = OP_MARK_START, .container = text.index, .len = 1, .as.mark = &mark};
    if (!oplog_mark_start(&doc->log, edit_next_id(doc), key, &start))
        return edit_abort(doc, ready, LK_ENOMEM);
    op ops[2] = {start, start};
    ops[1].kind = OP_MARK_END;
    step steps[2];
    for (int i = 0; i < 2; i++)
        steps[i] = (step){.kind = STEP_INSERT,
                          .container = text.index,
                          .pos = i == 0 ? m->start : m->end + 1,
                          .len = 1,
                          .data = start.as.mark->anchored};
    return edit_finish(doc, ready, ops, steps, 2);
}

lk_status edit_mark_set(lk_doc *doc, lk_ref text, size_t start, size_t end, lk_unit unit,
                        const lk_entry *style, bool lenient) {
    lk_status status = sealed_wake(doc);
    const seq *target = edit_seq(doc, text, LK_TEXT);
    edit_mark m = {.key = style->key, .value = &style->value};
    bool idle;
    lk_expand expand;
    if (status != LK_OK) return status;
    if (target == NULL) return LK_EKIND;
    if (start >= end) return LK_ERANGE;
    if (!edit_entry_valid(style, 0)) return LK_EVALUE;
    if (!doc_shows(doc, text.index)) return LK_ESTATE;
    status = edit_mark_seek(target, start, unit, &m.start);
    if (status == LK_OK) status = edit_mark_seek(target, end, unit, &m.end);
    if (status == LK_OK) status = edit_mark_idle(doc, text, &m, &idle);
    if (status != LK_OK || idle) return status;
    if (!styles_find(&doc->styles, m.key, &expand) && !lenient) return LK_EMISSING;
    return edit_mark_write(doc, text, &m, expand);
}

lk_status lk_text_mark(lk_doc *doc, lk_ref text, size_t start, size_t end, lk_unit unit, lk_str key,
                       const lk_value *value) {
    lk_entry style = {key, *value};
    return edit_mark_set(doc, text, start, end, unit, &style, false);
}

lk_status lk_text_unmark(lk_doc *doc, lk_ref text, size_t start, size_t end, lk_unit unit,
                         lk_str key) {
    static const lk_value nothing = {.type = LK_NULL};
    return lk_text_mark(doc, text, start, end, unit, key, &nothing);
}
