/* SPDX-License-Identifier: MIT
 * text_update.c - a text made equal to another by few edits. */
#include "base/text_diff.h"
#include "base/utf8.h"
#include "doc/doc.h"

/* The first `points` code points of *rest, which goes on behind them. */
static lk_str update_take(lk_str *rest, uint32_t points) {
    text_len taken;
    utf8_seek((const uint8_t *)rest->at, rest->len, points, LK_CODEPOINT, &taken);
    lk_str part = {rest->at, taken.unit[LK_UTF8]};
    rest->at += part.len;
    rest->len -= part.len;
    return part;
}

static lk_status update_apply(lk_doc *doc, lk_ref text, const text_steps *steps, lk_str fresh) {
    lk_status status = LK_OK;
    size_t pos = 0;
    for (size_t i = 0; i < steps->len && status == LK_OK; i++) {
        const text_step *s = &steps->at[i];
        if (s->kind == LK_DELETE) {
            status = lk_text_delete(doc, text, pos, s->points, LK_CODEPOINT);
            continue;
        }
        lk_str part = update_take(&fresh, s->points);
        if (s->kind == LK_INSERT) status = lk_text_insert(doc, text, pos, LK_CODEPOINT, part);
        pos += s->points;
    }
    return status;
}

static lk_status update_by(lk_doc *doc, lk_ref text, lk_str s, unsigned how) {
    if (lk_ref_kind(doc, text) != LK_TEXT) return LK_EKIND;
    if (!utf8_valid((const uint8_t *)s.at, s.len)) return LK_EVALUE;
    lk_buf now = {.memory = &doc->memory};
    text_steps steps = {0};
    lk_status status = lk_text_string(doc, text, &now);
    lk_str old = {(const char *)now.at, now.len};
    if (status == LK_OK && !text_diff(&doc->memory, old, s, how, &steps)) status = LK_ENOMEM;
    if (status == LK_OK) status = doc_spend(doc, update_apply(doc, text, &steps, s));
    vec_drop(&doc->memory, &steps);
    lk_buf_free(&now);
    return status;
}

lk_status lk_text_update(lk_doc *doc, lk_ref text, lk_str s, bool shortest) {
    return update_by(doc, text, s, shortest ? TEXT_DIFF_SHORTEST : 0);
}

lk_status lk_text_update_lines(lk_doc *doc, lk_ref text, lk_str s, bool shortest) {
    return update_by(doc, text, s, TEXT_DIFF_LINES | (shortest ? TEXT_DIFF_SHORTEST : 0u));
}
