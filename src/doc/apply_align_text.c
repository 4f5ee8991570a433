/* SPDX-License-Identifier: MIT
 * apply_align_text.c - a hidden text that shows again gets the characters that a diff tells of,
 * then their styles: marks go where the two differ, and only there.
 *
 *      it holds    The [quick brown] fox
 *      wanted      The [quick] brown fox        keep 9, unmark 6
 */
#include "base/str.h"
#include "base/utf8.h"
#include "doc/apply.h"
#include "doc/patch.h"
#include "doc/rich.h"
#include "model/value.h"

static const lk_entry *align_entry(const lk_delta *d, lk_str key) {
    for (size_t i = 0; i < d->attribute_len; i++)
        if (str_equal(d->attributes[i].key, key)) return &d->attributes[i];
    return NULL;
}

/* What turns the attributes of `have` into those of `want`; as in Loro, a key that is already taken
 * away is taken away again. false when memory is out. */
static bool align_attributes(arena *memory, const lk_delta *want, const lk_delta *have,
                             lk_delta *out) {
    lk_entry *entries = arena_new(memory, lk_entry, want->attribute_len + have->attribute_len);
    if (entries == NULL) return false;
    out->attributes = entries;
    for (size_t i = 0; i < want->attribute_len; i++) {
        const lk_entry *w = &want->attributes[i], *now = align_entry(have, w->key);
        bool same = now == NULL ? w->value.type == LK_NULL : value_equal(&w->value, &now->value);
        if (!same) entries[out->attribute_len++] = *w;
    }
    for (size_t i = 0; i < have->attribute_len; i++) {
        lk_str key = have->attributes[i].key;
        if (align_entry(want, key) == NULL)
            entries[out->attribute_len++] = (lk_entry){key, {.type = LK_NULL}};
    }
    return true;
}

static bool align_attributes_equal(const lk_delta *a, const lk_delta *b) {
    if (a->attribute_len != b->attribute_len) return false;
    for (size_t i = 0; i < a->attribute_len; i++) {
        const lk_entry *other = align_entry(b, a->attributes[i].key);
        if (other == NULL || !value_equal(&a->attributes[i].value, &other->value)) return false;
    }
    return true;
}

/* Where neighbours change alike, one mark does for both. */
static bool align_push(patch_steps *out, const lk_delta *part) {
    lk_delta *last = out->len > 0 ? &out->at[out->len - 1] : NULL;
    if (last == NULL || !align_attributes_equal(last, part)) return patch_steps_push(out, part);
    last->len[LK_CODEPOINT] += part->len[LK_CODEPOINT];
    return true;
}

typedef struct align_reader { /* goes along the text as it is */
    apply *a;
    rich_runs runs;
    size_t next;
    lk_delta have; /* the attributes of the run under way */
    uint32_t left; /* code points of it */
} align_reader;

static bool align_open(align_reader *r, apply *a, lk_ref text) {
    uint32_t all = seq_len(state_find_seq(&a->doc->state, text.index), SEQ_ENTITY);
    *r = (align_reader){.a = a};
    return rich_cut(a->doc, text.index, 0, all, style_set_equal, &a->memory, &r->runs);
}

/* The next piece, of no more than `most`, to be as `want` says. */
static bool align_step(align_reader *r, const lk_delta *want, uint32_t most, lk_delta *out) {
    if (r->left == 0) {
        const rich_run *run = &r->runs.at[r->next++];
        r->left = run->len[LK_CODEPOINT];
        if (!rich_attributes(r->a->doc, &run->styles, true, &r->a->memory, &r->have)) return false;
    }
    uint32_t len = r->left < most ? r->left : most;
    r->left -= len;
    *out = (lk_delta){.kind = LK_RETAIN, .len = {len, len, len}};
    return align_attributes(&r->a->memory, want, &r->have, out);
}

/* The text has the characters by now. */
static bool align_styles(apply *a, lk_ref text, const lk_diff *diff, patch_steps *out) {
    align_reader r;
    if (!align_open(&r, a, text)) return false;
    for (size_t i = 0; i < diff->delta_len; i++) {
        const lk_delta *want = &diff->deltas[i];
        const uint8_t *at = (const uint8_t *)want->text.at;
        uint32_t left = utf8_measure(at, want->text.len).unit[LK_CODEPOINT];
        while (left > 0) {
            lk_delta part;
            if (!align_step(&r, want, left, &part) || !align_push(out, &part)) return false;
            left -= part.len[LK_CODEPOINT];
        }
    }
    return true;
}

static lk_status align_characters(apply *a, lk_ref text, const lk_diff *diff) {
    lk_buf all = {.memory = &a->doc->memory};
    lk_status status = LK_OK;
    for (size_t i = 0; i < diff->delta_len && status == LK_OK; i++)
        if (!buf_append(&all, diff->deltas[i].text.at, diff->deltas[i].text.len))
            status = LK_ENOMEM;
    if (status == LK_OK)
        status = lk_text_update(a->doc, text, (lk_str){(const char *)all.at, all.len}, false);
    lk_buf_free(&all);
    return status;
}

lk_status apply_align_text(apply *a, lk_ref text, const lk_diff *diff) {
    lk_status status = align_characters(a, text, diff);
    patch_steps steps = {.memory = &a->memory};
    if (status != LK_OK) return status;
    if (!align_styles(a, text, diff, &steps)) return LK_ENOMEM;
    return lk_text_apply_delta(a->doc, text, steps.at, steps.len, LK_CODEPOINT);
}
