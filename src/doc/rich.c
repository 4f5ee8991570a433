/* SPDX-License-Identifier: MIT
 * rich.c - text with its styles, read. */
#include "doc/rich.h"

/* The run that the next piece belongs to, begun if need be. */
static rich_run *rich_open(rich_runs *out, size_t before, const style_set *styles, uint32_t pos,
                           rich_joins *joins, arena *memory) {
    rich_run *last = out->len > before ? &out->at[out->len - 1] : NULL;
    if (last != NULL && joins(&last->styles, styles)) return last;
    rich_run *fresh = arena_vec_push(memory, out);
    if (fresh != NULL) *fresh = (rich_run){.pos = pos, .styles = *styles};
    return fresh;
}

/* Cut at anchors. */
static bool rich_cut_styled(const seq *from, const style_index *styles, uint32_t pos, uint32_t len,
                            rich_joins *joins, arena *memory, rich_runs *out) {
    size_t before = out->len;
    uint32_t at[SEQ_UNITS];
    bool fresh = true, starts;
    style_set set = {0};
    seq_walk w = seq_range(from, pos, len);
    seq_span span;
    seq_seek(from, pos, SEQ_ENTITY, SEQ_LEFTMOST, at);
    for (uint32_t gap = style_gap(at); seq_walk_next(&w, &span);) {
        if (seq_mark(&span, &starts) != NULL) {
            fresh = true;
            gap++;
            continue;
        }
        if (fresh && !style_index_find(styles, gap, memory, &set)) return false;
        fresh = false;
        uint32_t start = w.pos - span.len[SEQ_ENTITY];
        rich_run *run = rich_open(out, before, &set, start, joins, memory);
        if (run == NULL) return false;
        for (unsigned u = 0; u < SEQ_ENTITY; u++) run->len[u] += span.len[u];
        run->len[SEQ_ENTITY] = w.pos - run->pos;
    }
    return true;
}

bool rich_cut(lk_doc *doc, uint32_t text, uint32_t pos, uint32_t len, rich_joins *joins,
              arena *memory, rich_runs *out) {
    const seq *from = state_find_seq(&doc->state, text);
    if (len == 0) return true;
    if (seq_len(from, SEQ_ENTITY) > seq_len(from, LK_CODEPOINT)) {
        const style_index *styles = state_find_styles(&doc->state, text);
        return styles != NULL && rich_cut_styled(from, styles, pos, len, joins, memory, out);
    }
    rich_run *run = arena_vec_push(memory, out);
    if (run == NULL) return false;
    uint32_t start[SEQ_UNITS];
    *run = (rich_run){.pos = pos};
    seq_seek(from, pos, SEQ_ENTITY, SEQ_LEFTMOST, start);
    seq_seek(from, pos + len, SEQ_ENTITY, SEQ_LEFTMOST, run->len);
    for (unsigned u = 0; u < SEQ_UNITS; u++) run->len[u] -= start[u];
    return true;
}

lk_str rich_text(const seq *text, const rich_run *run, arena *memory) {
    uint8_t *copy = arena_bytes(memory, run->len[LK_UTF8]), *to = copy;
    seq_walk w = seq_range(text, run->pos, run->len[SEQ_ENTITY]);
    seq_span span;
    while (copy != NULL && seq_walk_next(&w, &span)) {
        if (span.len[LK_UTF8] > 0) __builtin_memcpy(to, span.data, span.len[LK_UTF8]);
        to += span.len[LK_UTF8];
    }
    return (lk_str){(const char *)copy, run->len[LK_UTF8]};
}

bool rich_attributes(const lk_doc *doc, const style_set *styles, bool null, arena *memory,
                     lk_delta *out) {
    lk_entry *entries = arena_new(memory, lk_entry, styles->len);
    if (entries == NULL) return false;
    out->attributes = entries;
    out->attribute_len = 0;
    for (size_t i = 0; i < styles->len; i++) {
        const text_mark *mark = styles->at[i];
        if (mark->value->type == LK_NULL && !null) continue;
        entries[out->attribute_len++] = (lk_entry){doc->log.names.keys.at[mark->key], *mark->value};
    }
    return true;
}

/* ---- reading ---- */

static lk_status rich_delta(lk_doc *doc, lk_ref text, uint32_t pos, uint32_t len, rich_joins *joins,
                            const lk_delta **out, size_t *out_len) {
    const seq *from = state_find_seq(&doc->state, text.index);
    arena *scratch = &doc->scratch;
    rich_runs runs = {0};
    arena_reset(scratch);
    if (!rich_cut(doc, text.index, pos, len, joins, scratch, &runs)) return LK_ENOMEM;
    lk_delta *deltas = arena_new(scratch, lk_delta, runs.len);
    if (deltas == NULL) return LK_ENOMEM;
    for (size_t i = 0; i < runs.len; i++) {
        const rich_run *run = &runs.at[i];
        deltas[i] = (lk_delta){.kind = LK_INSERT,
                               .len = {run->len[0], run->len[1], run->len[2]},
                               .text = rich_text(from, run, scratch)};
        if (deltas[i].text.at == NULL) return LK_ENOMEM;
        if (!rich_attributes(doc, &run->styles, false, scratch, &deltas[i])) return LK_ENOMEM;
    }
    *out = deltas;
    *out_len = runs.len;
    return LK_OK;
}

static const seq *rich_seq(const lk_doc *doc, lk_ref text) {
    LK_ASSERT(text.index < doc->state.containers.len);
    LK_ASSERT(doc->state.containers.at[text.index]->kind == LK_TEXT);
    return state_find_seq(&doc->state, text.index);
}

lk_status lk_text_delta(lk_doc *doc, lk_ref text, const lk_delta **out, size_t *len) {
    uint32_t all = seq_len(rich_seq(doc, text), SEQ_ENTITY);
    return rich_delta(doc, text, 0, all, style_set_equal, out, len);
}

lk_status lk_text_slice_delta(lk_doc *doc, lk_ref text, size_t pos, size_t len, lk_unit unit,
                              const lk_delta **out, size_t *out_len) {
    const seq *from = rich_seq(doc, text);
    uint32_t start[SEQ_UNITS], end[SEQ_UNITS];
    *out = NULL;
    *out_len = 0;
    if (len == 0) return LK_OK;
    if (len > UINT32_MAX || pos > UINT32_MAX - len) return LK_ERANGE;
    if (seq_seek(from, (uint32_t)pos, unit, SEQ_LEFTMOST, start) != SEQ_HIT) return LK_ERANGE;
    if (seq_seek(from, (uint32_t)(pos + len), unit, SEQ_LEFTMOST, end) != SEQ_HIT) return LK_ERANGE;
    return rich_delta(doc, text, start[SEQ_ENTITY], end[SEQ_ENTITY] - start[SEQ_ENTITY],
                      style_set_alike, out, out_len);
}
