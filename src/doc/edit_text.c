/* SPDX-License-Identifier: MIT
 * edit_text.c - edits of text. */
#include "base/limits.h"
#include "base/utf8.h"
#include "doc/edit.h"

/* Entity position of `pos` in `unit`. */
static lk_status edit_seek(const seq *text, size_t pos, lk_unit unit, uint32_t *out) {
    uint32_t all[SEQ_UNITS];
    if (pos > UINT32_MAX) return LK_ERANGE;
    if (seq_seek(text, (uint32_t)pos, unit, SEQ_LEFTMOST, all) != SEQ_HIT) return LK_ERANGE;
    *out = all[SEQ_ENTITY];
    return LK_OK;
}

static lk_status edit_text_insert(lk_doc *doc, lk_ref text, uint32_t pos, lk_str s) {
    uint32_t points = utf8_measure((const uint8_t *)s.at, s.len).unit[LK_CODEPOINT];
    lk_status status = edit_begin(doc, text, 1, points);
    if (status != LK_OK) return status;
    edit_ready ready = edit_save(doc);
    const uint8_t *copy = oplog_text(&doc->log, (lk_bytes){(const uint8_t *)s.at, s.len});
    if (copy == NULL) return edit_abort(doc, ready, LK_ENOMEM);
    uint32_t bytes = (uint32_t)s.len;
    op o = {.kind = OP_TEXT_INSERT,
            .container = text.index,
            .len = points,
            .as.insert = {.pos = pos, .bytes = bytes, .text = copy}};
    step st = {.kind = STEP_INSERT,
               .container = text.index,
               .pos = pos,
               .len = points,
               .bytes = bytes,
               .data = copy};
    return edit_finish(doc, ready, &o, &st, 1);
}

lk_status lk_text_insert(lk_doc *doc, lk_ref text, size_t pos, lk_unit unit, lk_str s) {
    const seq *target = edit_seq(doc, text, LK_TEXT);
    if (target == NULL) return LK_EKIND;
    if (s.len > LIMIT_POSITION) return LK_ELIMIT;
    if (!utf8_valid((const uint8_t *)s.at, s.len)) return LK_EVALUE;
    uint32_t at;
    lk_status status = edit_seek(target, pos, unit, &at);
    if (status != LK_OK || s.len == 0) return status;
    return edit_text_insert(doc, text, at, s);
}

lk_status lk_text_delete(lk_doc *doc, lk_ref text, size_t pos, size_t len, lk_unit unit) {
    const seq *target = edit_seq(doc, text, LK_TEXT);
    if (target == NULL) return LK_EKIND;
    if (len > UINT32_MAX || pos > UINT32_MAX - len) return LK_ERANGE;
    uint32_t start, end;
    lk_status status = edit_seek(target, pos, unit, &start);
    if (status == LK_OK) status = edit_seek(target, pos + len, unit, &end);
    if (status != LK_OK || start == end) return status;
    return edit_delete(doc, text, target, start, end - start);
}
