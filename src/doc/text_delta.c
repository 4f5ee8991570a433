/* SPDX-License-Identifier: MIT
 * text_delta.c - a text edited by the steps of a delta, as Loro does it: first all inserts and
 * deletes, then the marks that give everything its attributes.
 *
 * What can be wrong is found before anything is done. Memory that runs out between the edits spends
 * the document. */
#include "base/limits.h"
#include "base/utf8.h"
#include "doc/edit.h"
#include "model/value.h"

typedef struct text_delta_styles { /* what a range is to be marked with; positions are those in the
                                    * end
                                    */
    uint64_t start, end;
    const lk_entry *at;
    size_t len;
} text_delta_styles;

typedef struct text_delta_plan {
    lk_doc *doc;
    lk_ref text;
    lk_unit unit;
    arena memory;
    text_delta_styles *styles; /* one for each step; many are empty */
    uint64_t len;              /* of the text when all is inserted and deleted */
    uint64_t points;           /* code points inserted */
} text_delta_plan;

static uint32_t text_delta_len(const lk_delta *d, lk_unit unit) {
    if (d->kind != LK_INSERT) return d->len[unit];
    return utf8_measure((const uint8_t *)d->text.at, d->text.len).unit[unit];
}

/* ---- checking ---- */

/* Is there a border between characters? */
static bool text_delta_border(const text_delta_plan *p, uint64_t pos) {
    uint32_t all[SEQ_UNITS];
    if (pos > UINT32_MAX) return false;
    return seq_seek(state_find_seq(&p->doc->state, p->text.index), (uint32_t)pos, p->unit,
                    SEQ_LEFTMOST, all) == SEQ_HIT;
}

static lk_status text_delta_check_attributes(const text_delta_plan *p, const lk_delta *d) {
    lk_expand expand;
    for (size_t i = 0; i < d->attribute_len; i++) {
        const lk_entry *entry = &d->attributes[i];
        if (!edit_entry_valid(entry, 0)) return LK_EVALUE;
        bool known = styles_find(&p->doc->styles, entry->key, &expand);
        if (!known && entry->value.type != LK_NULL) return LK_EMISSING;
    }
    return LK_OK;
}

/* One step; *old goes along the text as it is, *now as it will be. */
static lk_status text_delta_check_step(text_delta_plan *p, const lk_delta *d, uint64_t *old,
                                       uint64_t *now) {
    if (d->kind == LK_INSERT && !utf8_valid((const uint8_t *)d->text.at, d->text.len))
        return LK_EVALUE;
    uint32_t len = text_delta_len(d, p->unit);
    bool bare = d->kind == LK_RETAIN || len == 0;
    if (!bare && !text_delta_border(p, *old)) return LK_ERANGE;
    if (d->kind == LK_INSERT) {
        p->len += len;
        p->points += utf8_measure((const uint8_t *)d->text.at, d->text.len).unit[LK_CODEPOINT];
    } else {
        *old += len;
    }
    if (d->kind == LK_DELETE) {
        if (!bare && !text_delta_border(p, *old)) return LK_ERANGE;
        p->len -= len;
    } else {
        *now += len;
    }
    return d->kind == LK_DELETE ? LK_OK : text_delta_check_attributes(p, d);
}

/* Newlines that a style which starts at `start` needs, in a text of *len. That *len then stops
 * short of them is how Loro counts. */
static uint64_t text_delta_padding(uint64_t start, uint64_t *len) {
    if (start < *len) return 0;
    uint64_t more = start - *len + 1;
    *len = start;
    return more;
}

bool text_delta_marks_fit(const lk_delta *deltas, size_t count, lk_unit unit, uint64_t *len) {
    uint64_t now = 0, counted = *len;
    while (count > 0 && deltas[count - 1].attribute_len == 0) count--; /* often all */
    for (size_t i = 0; i < count; i++) {
        uint64_t start = now;
        if (deltas[i].kind != LK_DELETE) now += text_delta_len(&deltas[i], unit);
        if (deltas[i].kind != LK_RETAIN || deltas[i].attribute_len == 0) continue;
        *len += text_delta_padding(start, &counted);
        if (start == now || now > *len) return false;
    }
    return true;
}

/* Plan the styles of retains, and check all steps. */
static lk_status text_delta_check(text_delta_plan *p, const lk_delta *deltas, size_t count) {
    const seq *from = state_find_seq(&p->doc->state, p->text.index);
    uint64_t old = 0, now = 0;
    p->len = seq_len(from, p->unit);
    for (size_t i = 0; i < count; i++) {
        uint64_t start = now;
        lk_status status = text_delta_check_step(p, &deltas[i], &old, &now);
        if (status != LK_OK) return status;
        p->styles[i] = (text_delta_styles){.start = start, .end = now};
        if (deltas[i].kind != LK_RETAIN) continue;
        p->styles[i].at = deltas[i].attributes;
        p->styles[i].len = deltas[i].attribute_len;
    }
    uint64_t real = p->len;
    if (!text_delta_marks_fit(deltas, count, p->unit, &real)) return LK_ERANGE;
    return seq_len(from, SEQ_ENTITY) + p->points + real - p->len > LIMIT_POSITION ? LK_ELIMIT
                                                                                  : LK_OK;
}

/* ---- carrying out ---- */

static const lk_value *text_delta_attribute(const lk_delta *d, lk_str key) {
    for (size_t i = 0; i < d->attribute_len; i++) {
        lk_str other = d->attributes[i].key;
        if (other.len == key.len && __builtin_memcmp(other.at, key.at, key.len) == 0)
            return &d->attributes[i].value;
    }
    return NULL;
}

/* What an insert at a gap has to be marked with, so that it has its attributes and no others. */
static bool text_delta_override(text_delta_plan *p, const lk_delta *d, uint32_t gap,
                                text_delta_styles *out) {
    const style_index *styles = state_find_styles(&p->doc->state, p->text.index);
    const intern *names = &p->doc->log.names;
    style_set set;
    if (styles == NULL || !style_index_find(styles, gap, &p->memory, &set)) return false;
    lk_entry *entries = arena_new(&p->memory, lk_entry, set.len + d->attribute_len);
    if (entries == NULL) return false;
    for (size_t i = 0; i < set.len; i++) {
        lk_str key = names->keys.at[set.at[i]->key];
        const lk_value *wanted = text_delta_attribute(d, key);
        if (wanted != NULL && value_equal(wanted, set.at[i]->value)) continue;
        entries[out->len++] =
            (lk_entry){key, wanted == NULL ? (lk_value){.type = LK_NULL} : *wanted};
    }
    for (size_t i = 0; i < d->attribute_len; i++) {
        uint32_t key = intern_find_key(names, d->attributes[i].key);
        if (style_set_get(&set, key) == NULL) entries[out->len++] = d->attributes[i];
    }
    out->at = entries;
    return true;
}

static lk_status text_delta_insert(text_delta_plan *p, const lk_delta *d,
                                   text_delta_styles *styles) {
    const seq *text = state_find_seq(&p->doc->state, p->text.index);
    uint32_t at[SEQ_UNITS];
    seq_seek(text, (uint32_t)styles->start, p->unit, SEQ_LEFTMOST, at);
    uint32_t pos = edit_text_place(text, at[SEQ_ENTITY]);
    if (!text_delta_override(p, d, pos - at[LK_CODEPOINT], styles)) return LK_ENOMEM;
    text_len len = utf8_measure((const uint8_t *)d->text.at, d->text.len);
    return edit_text_insert(p->doc, p->text, pos, d->text, &len);
}

static lk_status text_delta_edit_all(text_delta_plan *p, const lk_delta *deltas, size_t count) {
    lk_status status = LK_OK;
    for (size_t i = 0; i < count && status == LK_OK; i++) {
        const lk_delta *d = &deltas[i];
        if (d->kind == LK_INSERT && d->text.len > 0)
            status = text_delta_insert(p, d, &p->styles[i]);
        else if (d->kind == LK_DELETE)
            status = lk_text_delete(p->doc, p->text, (size_t)p->styles[i].start,
                                    text_delta_len(d, p->unit), p->unit);
    }
    return status;
}

static lk_status text_delta_pad(text_delta_plan *p, uint64_t len, uint64_t at) {
    char *lines = arena_bytes(&p->memory, (size_t)len);
    if (lines == NULL) return LK_ENOMEM;
    __builtin_memset(lines, '\n', (size_t)len);
    return lk_text_insert(p->doc, p->text, (size_t)at, p->unit, (lk_str){lines, (size_t)len});
}

static lk_status text_delta_mark_all(text_delta_plan *p, size_t count) {
    uint64_t len = p->len;
    lk_status status = LK_OK;
    for (size_t i = 0; i < count && status == LK_OK; i++) {
        const text_delta_styles *styles = &p->styles[i];
        if (styles->len == 0) continue;
        uint64_t end = len, more = text_delta_padding(styles->start, &len);
        if (more > 0) status = text_delta_pad(p, more, end);
        for (size_t k = 0; k < styles->len && status == LK_OK; k++)
            status = edit_mark_set(p->doc, p->text, (size_t)styles->start, (size_t)styles->end,
                                   p->unit, &styles->at[k], true);
    }
    return status;
}

lk_status lk_text_apply_delta(lk_doc *doc, lk_ref text, const lk_delta *deltas, size_t len,
                              lk_unit unit) {
    if (edit_seq(doc, text, LK_TEXT) == NULL) return LK_EKIND;
    if (!doc_shows(doc, text.index)) return LK_ESTATE;
    text_delta_plan p = {.doc = doc, .text = text, .unit = unit};
    arena_init(&p.memory, &doc->memory);
    p.styles = arena_new(&p.memory, text_delta_styles, len);
    lk_status status = p.styles == NULL ? LK_ENOMEM : text_delta_check(&p, deltas, len);
    if (status == LK_OK) {
        status = text_delta_edit_all(&p, deltas, len);
        if (status == LK_OK) status = text_delta_mark_all(&p, len);
        status = doc_spend(doc, status);
    }
    arena_drop(&p.memory);
    return status;
}
