/* SPDX-License-Identifier: MIT
 * edit_text.c - edits of text. */
#include "base/limits.h"
#include "base/utf8.h"
#include "doc/edit.h"
#include "doc/sealed.h"

/* ---- places ---- */

/* Does text typed at an anchor stay on its left? A style is not to be made out of nowhere, nor one
 * that was taken away here; else it is as the mark expands. */
static bool edit_text_stops(const text_mark *mark, bool starts) {
    if (!starts) return (mark->info & LK_EXPAND_AFTER) != 0;
    bool off =
        mark->value->type == LK_NULL || (mark->value->type == LK_BOOL && !mark->value->as.boolean);
    return off || (mark->info & LK_EXPAND_BEFORE) == 0;
}

static __attribute__((noinline)) uint32_t edit_text_pass(const seq *text, uint32_t pos) {
    seq_walk w = seq_range(text, pos, seq_len(text, SEQ_ENTITY) - pos);
    seq_span span;
    bool starts;
    for (; seq_walk_next(&w, &span); pos++) {
        const text_mark *mark = seq_mark(&span, &starts);
        if (mark == NULL || edit_text_stops(mark, starts)) break;
    }
    return pos;
}

uint32_t edit_text_place(const seq *text, uint32_t pos) {
    return seq_counts_alike(text, LK_CODEPOINT) ? pos : edit_text_pass(text, pos);
}

/* Entity position of `pos` in `unit`, left of all anchors there. */
static lk_status edit_text_seek(const seq *text, size_t pos, lk_unit unit, uint32_t *out) {
    uint32_t all[SEQ_UNITS];
    if (pos > seq_len(text, unit)) return LK_ERANGE;
    *out = (uint32_t)pos;
    if (seq_counts_alike(text, unit)) return LK_OK;
    if (seq_seek(text, (uint32_t)pos, unit, SEQ_LEFTMOST, all) != SEQ_HIT) return LK_ERANGE;
    *out = all[SEQ_ENTITY];
    return LK_OK;
}

/* ---- text ---- */

static bool edit_text_fits(const seq *target, uint32_t points) {
    return seq_len(target, SEQ_ENTITY) + points <= LIMIT_POSITION;
}

/* Mostly. */
static bool edit_text_is_plain(const lk_doc *doc, const seq *target, const op *o) {
    return edit_is_plain(doc, target) && o->as.insert.pos <= seq_len(target, SEQ_ENTITY) &&
           edit_text_fits(target, o->len);
}

/* What is typed where the last key was lengthens the op and the span that went into, and asks for
 * no memory. false: it is not so, and nothing was done. */
static bool edit_text_type_on(lk_doc *doc, lk_ref text, uint32_t pos, lk_str s,
                              const text_len *len) {
    oplog *log = &doc->log;
    uint8_t *copy = log->texts.at;
    uint32_t points = len->unit[LK_CODEPOINT];
    if (!edit_goes_on(doc, text, points) || !oplog_types_on(log, pos, copy)) return false;
    seq *target = edit_seq(doc, text, LK_TEXT);
    seq_span span = seq_measured_span(edit_next_id(doc), copy, len);
    seq_end end;
    if (!edit_text_fits(target, points) || !seq_find_end(target, pos, &span, &end) ||
        !arena_extend(&log->texts, copy, 0, s.len))
        return false;
    __builtin_memcpy(copy, s.at, s.len);
    edit_note_unsent(doc);
    oplog_type_on(log, points, (uint32_t)s.len, doc->open);
    doc->open = true;
    seq_lengthen(target, &end, &span);
    return true;
}

/* What lengthens a span needs no room in the sequence. false: memory is out. */
static bool edit_text_write(lk_doc *doc, seq *target, const op *o, const text_len *len) {
    seq_span span = seq_measured_span(edit_next_id(doc), o->as.insert.text, len);
    uint32_t pos = o->as.insert.pos;
    seq_end end;
    bool lengthens = seq_find_end(target, pos, &span, &end);
    if (!lengthens && !seq_reserve(target, 1, o->as.insert.bytes)) return false;
    if (!edit_write_plain(doc, o)) return false;
    if (lengthens)
        seq_lengthen(target, &end, &span);
    else
        seq_insert(target, pos, &span, NULL);
    return true;
}

static __attribute__((noinline)) lk_status edit_text_insert_any(lk_doc *doc, lk_ref text,
                                                                uint32_t pos, lk_str s,
                                                                const text_len *len) {
    uint32_t points = len->unit[LK_CODEPOINT];
    lk_status status = sealed_wake(doc);
    if (status == LK_OK) status = edit_begin_plain(doc, text, 1, points);
    if (status != LK_OK) return status;
    seq *target = edit_seq(doc, text, LK_TEXT);
    edit_ready ready = edit_save(doc);
    const uint8_t *copy = oplog_text(&doc->log, (lk_bytes){(const uint8_t *)s.at, s.len});
    if (copy == NULL) return edit_abort(doc, ready, LK_ENOMEM);
    uint32_t bytes = (uint32_t)s.len;
    op *o = oplog_slot(&doc->log);
    *o = (op){.kind = OP_TEXT_INSERT,
              .container = text.index,
              .counter = edit_next_id(doc).counter,
              .len = points,
              .as.insert = {.pos = pos, .bytes = bytes, .text = copy}};
    if (edit_text_is_plain(doc, target, o))
        return edit_text_write(doc, target, o, len) ? LK_OK : edit_abort(doc, ready, LK_ENOMEM);
    arena_reset(&doc->scratch);
    step st = {.kind = STEP_INSERT,
               .container = text.index,
               .pos = pos,
               .len = points,
               .bytes = bytes,
               .data = copy};
    return edit_finish(doc, ready, o, &st, 1);
}

lk_status edit_text_insert(lk_doc *doc, lk_ref text, uint32_t pos, lk_str s, const text_len *len) {
    return edit_text_type_on(doc, text, pos, s, len) ? LK_OK
                                                     : edit_text_insert_any(doc, text, pos, s, len);
}

lk_status lk_text_insert(lk_doc *doc, lk_ref text, size_t pos, lk_unit unit, lk_str s) {
    const seq *target = edit_seq(doc, text, LK_TEXT);
    if (target == NULL) return LK_EKIND;
    if (s.len > LIMIT_POSITION) return LK_ELIMIT;
    text_len len;
    if (!utf8_check((const uint8_t *)s.at, s.len, &len)) return LK_EVALUE;
    uint32_t at;
    lk_status status = edit_text_seek(target, pos, unit, &at);
    if (status != LK_OK || s.len == 0) return status;
    return edit_text_insert(doc, text, edit_text_place(target, at), s, &len);
}

lk_status lk_text_delete(lk_doc *doc, lk_ref text, size_t pos, size_t len, lk_unit unit) {
    lk_status status = sealed_wake(doc);
    seq *target = edit_seq(doc, text, LK_TEXT);
    if (status != LK_OK) return status;
    if (target == NULL) return LK_EKIND;
    if (len == 0) return LK_OK; /* wherever: as Loro */
    if (len > UINT32_MAX || pos > UINT32_MAX - len) return LK_ERANGE;
    uint32_t start, end;
    status = edit_text_seek(target, pos, unit, &start);
    if (status == LK_OK) status = edit_text_seek(target, pos + len, unit, &end);
    if (status != LK_OK || start == end) return status;
    return edit_delete(doc, text, target, start, end - start);
}
