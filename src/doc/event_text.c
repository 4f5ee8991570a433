/* SPDX-License-Identifier: MIT
 * event_text.c - what happened to a text: steps along it, with attributes. An insert has those in
 * force where it is in the end. What was retained is told of where its marks are others than before
 * the batch: as it was then, the text is kept in runs of one style from the first step on that can
 * bring or remove an anchor. Batches without such steps keep nothing. */
#include "doc/event_make.h"
#include "doc/rich.h"
#include "model/value.h"

/* ---- before ---- */

void event_text_forget(const lk_memory *heap, batch_styles *styles) {
    if (!styles->kept) return;
    arena_drop(&styles->memory);
    *styles = (batch_styles){0};
    arena_init(&styles->memory, heap);
}

/* Goes along the text as it is now, and tells positions of the text before the batch. */
typedef struct event_text_past {
    delta_walk walk;
    delta_step step;
    bool more;
    uint32_t now, old; /* code points, at the start of `step` */
} event_text_past;

static event_text_past event_text_past_start(const delta *d) {
    event_text_past past = {.walk = delta_start(d, false)};
    past.more = delta_next(&past.walk, &past.step);
    return past;
}

/* What is inserted stands where it was inserted. `now` must not go back. */
static uint32_t event_text_past_of(event_text_past *past, uint32_t now) {
    while (past->more) {
        uint32_t len = past->step.len[LK_CODEPOINT];
        bool deleted = past->step.kind == LK_DELETE, inserted = past->step.kind == LK_INSERT;
        if (!deleted && now < past->now + len) break;
        past->now += deleted ? 0 : len;
        past->old += inserted ? 0 : len;
        past->more = delta_next(&past->walk, &past->step);
    }
    bool inside = past->more && past->step.kind == LK_INSERT;
    return past->old + (inside ? 0 : now - past->now);
}

static bool event_text_keep(lk_doc *doc, batch_entry *entry) {
    const seq *text = state_find_seq(&doc->state, entry->container);
    batch_styles *styles = &entry->styles;
    rich_runs runs = {0};
    arena_reset(&styles->memory);
    if (!rich_cut(doc, entry->container, 0, seq_len(text, SEQ_ENTITY), style_set_same,
                  &styles->memory, &runs))
        return false;
    event_text_past past = event_text_past_start(&entry->delta);
    uint32_t now = 0;
    styles->len = styles->cap = 0;
    for (size_t i = 0; i < runs.len; i++) {
        batch_style *style = arena_vec_push(&styles->memory, styles);
        if (style == NULL) return false;
        *style = (batch_style){event_text_past_of(&past, now), runs.at[i].styles};
        now += runs.at[i].len[LK_CODEPOINT];
    }
    styles->kept = true;
    return true;
}

/* Can the step bring or remove an anchor? */
static bool event_text_restyles(const seq *text, const step *st, bool exact) {
    if (st->kind == STEP_INSERT) return st->bytes == 0;
    if (st->kind == STEP_FILL) return true;
    if (seq_len(text, SEQ_ENTITY) == seq_len(text, LK_CODEPOINT)) return false;
    if (!exact) return true;
    uint32_t start[SEQ_UNITS], end[SEQ_UNITS];
    seq_seek(text, st->pos, SEQ_ENTITY, SEQ_LEFTMOST, start);
    seq_seek(text, st->pos + st->len, SEQ_ENTITY, SEQ_LEFTMOST, end);
    return style_gap(start) != style_gap(end);
}

bool event_text_expect(lk_doc *doc, batch_entry *entry, const step *st, bool exact) {
    const state_slot *slot = doc->state.containers.at[st->container];
    if (slot->kind != LK_TEXT || entry->styles.kept) return true;
    return !event_text_restyles(&slot->as.seq, st, exact) || event_text_keep(doc, entry);
}

/* ---- making the diff ---- */

typedef struct event_text_maker {
    const event_maker *m;
    uint32_t id;
    const seq *text;
    const batch_styles *before; /* NULL: marks are as they were */
    size_t run;                 /* of before, at the place in the old text */
    uint32_t now, old;          /* code points */
    struct {
        lk_delta *at;
        size_t len, cap;
    } deltas;
} event_text_maker;

static bool event_text_attributes_equal(const lk_delta *a, const lk_delta *b) {
    if (a->attribute_len != b->attribute_len) return false;
    for (size_t i = 0; i < a->attribute_len; i++) {
        const lk_entry *x = &a->attributes[i], *y = &b->attributes[i];
        if (x->key.at != y->key.at || !value_equal(&x->value, &y->value)) return false;
    }
    return true;
}

/* Retain or delete, or lengthen the last step if it does the same with the same attributes. */
static bool event_text_push(event_text_maker *t, const lk_delta *d) {
    lk_delta *last = t->deltas.len > 0 ? &t->deltas.at[t->deltas.len - 1] : NULL;
    if (last != NULL && last->kind == d->kind && event_text_attributes_equal(last, d)) {
        for (unsigned u = 0; u < SEQ_ENTITY; u++) last->len[u] += d->len[u];
        return true;
    }
    lk_delta *fresh = arena_vec_push(t->m->memory, &t->deltas);
    if (fresh != NULL) *fresh = *d;
    return fresh != NULL;
}

/* Keys that another mark, or none, decides now. */
static bool event_text_changes(const event_text_maker *t, const style_set *was, const style_set *is,
                               lk_delta *out) {
    const intern *names = &t->m->doc->log.names;
    lk_entry *entries = arena_new(t->m->memory, lk_entry, was->len + is->len);
    if (entries == NULL) return false;
    out->attributes = entries;
    size_t i = 0, k = 0;
    while (i < was->len || k < is->len) {
        bool gone = k == is->len || (i < was->len && was->at[i]->key < is->at[k]->key);
        const text_mark *mark = gone ? was->at[i] : is->at[k];
        bool same = !gone && i < was->len && was->at[i] == mark;
        i += gone || (i < was->len && was->at[i]->key == mark->key);
        k += !gone;
        if (same) continue;
        entries[out->attribute_len++] = (lk_entry){
            names->keys.at[mark->key], gone ? (lk_value){.type = LK_NULL} : *mark->value};
    }
    return true;
}

/* Retain `len` code points that have one style now and had one before. */
static bool event_text_retain_run(event_text_maker *t, uint32_t len, const style_set *styles) {
    static const style_set none;
    const batch_styles *before = t->before;
    const style_set *was = t->run < before->len ? &before->at[t->run].styles : &none;
    lk_delta retain = {.kind = LK_RETAIN};
    uint32_t start[SEQ_UNITS], end[SEQ_UNITS];
    seq_seek(t->text, t->now, LK_CODEPOINT, SEQ_LEFTMOST, start);
    seq_seek(t->text, t->now + len, LK_CODEPOINT, SEQ_LEFTMOST, end);
    for (unsigned u = 0; u < SEQ_ENTITY; u++) retain.len[u] = end[u] - start[u];
    t->now += len;
    t->old += len;
    return (style_set_same(was, styles) || event_text_changes(t, was, styles, &retain)) &&
           event_text_push(t, &retain);
}

/* How many code points of the old text go on with the style at the place. */
static uint32_t event_text_old_run(event_text_maker *t) {
    const batch_styles *before = t->before;
    while (t->run + 1 < before->len && before->at[t->run + 1].from <= t->old) t->run++;
    return t->run + 1 < before->len ? before->at[t->run + 1].from - t->old : UINT32_MAX;
}

/* The runs of the next `len` code points of the text. */
static bool event_text_cut(event_text_maker *t, uint32_t len, rich_joins *joins, rich_runs *out) {
    uint32_t start[SEQ_UNITS], end[SEQ_UNITS];
    seq_seek(t->text, t->now, LK_CODEPOINT, SEQ_LEFTMOST, start);
    seq_seek(t->text, t->now + len, LK_CODEPOINT, SEQ_LEFTMOST, end);
    return rich_cut(t->m->doc, t->id, start[SEQ_ENTITY], end[SEQ_ENTITY] - start[SEQ_ENTITY], joins,
                    t->m->memory, out);
}

static bool event_text_retain(event_text_maker *t, uint32_t len) {
    rich_runs runs = {0};
    if (!event_text_cut(t, len, style_set_same, &runs)) return false;
    for (size_t i = 0; i < runs.len; i++)
        for (uint32_t left = runs.at[i].len[LK_CODEPOINT]; left > 0;) {
            uint32_t part = event_text_old_run(t);
            if (part > left) part = left;
            if (!event_text_retain_run(t, part, &runs.at[i].styles)) return false;
            left -= part;
        }
    return true;
}

static bool event_text_insert(event_text_maker *t, uint32_t len) {
    rich_runs runs = {0};
    if (!event_text_cut(t, len, style_set_equal, &runs)) return false;
    t->now += len;
    for (size_t i = 0; i < runs.len; i++) {
        const rich_run *run = &runs.at[i];
        lk_delta *fresh = arena_vec_push(t->m->memory, &t->deltas);
        if (fresh == NULL) return false;
        *fresh = (lk_delta){.kind = LK_INSERT,
                            .len = {run->len[0], run->len[1], run->len[2]},
                            .text = rich_text(t->text, run, t->m->memory)};
        if (fresh->text.at == NULL) return false;
        if (!rich_attributes(t->m->doc, &run->styles, true, t->m->memory, fresh)) return false;
    }
    return true;
}

static bool event_text_step(event_text_maker *t, const delta_step *s) {
    uint32_t len = s->len[LK_CODEPOINT];
    if (s->kind == LK_INSERT) return event_text_insert(t, len);
    if (s->kind == LK_RETAIN && t->before != NULL) return event_text_retain(t, len);
    lk_delta plain = {.kind = s->kind, .len = {s->len[0], s->len[1], s->len[2]}};
    t->old += len;
    if (s->kind == LK_RETAIN) t->now += len;
    return event_text_push(t, &plain);
}

/* The length of the last of some code points that were not typed in one; 0: it lies behind the one
 * before it in the log, too. */
static uint32_t event_text_last(const event_text_maker *t, uint32_t len) {
    uint32_t start[SEQ_UNITS], end[SEQ_UNITS], last = 0;
    seq_seek(t->text, t->now, LK_CODEPOINT, SEQ_LEFTMOST, start);
    seq_seek(t->text, t->now + len, LK_CODEPOINT, SEQ_LEFTMOST, end);
    seq_walk w = seq_range(t->text, start[SEQ_ENTITY], end[SEQ_ENTITY] - start[SEQ_ENTITY]);
    op_id next = {0, -1};
    const uint8_t *behind = NULL;
    bool apart = true;
    for (seq_span span; seq_walk_next(&w, &span);) {
        if (span.len[LK_CODEPOINT] == 0) {
            next.counter = -1; /* an anchor parts what it stands in */
            continue;
        }
        bool goes_on = span.id.peer == next.peer && span.id.counter == next.counter;
        if (!goes_on) apart = span.data != behind;
        last = (goes_on ? last : 0) + (apart ? span.len[LK_CODEPOINT] : 0);
        next = (op_id){span.id.peer, span.id.counter + (int32_t)span.len[SEQ_ENTITY]};
        behind = (const uint8_t *)span.data + span.len[LK_UTF8];
    }
    return last;
}

/* As in Loro, what is deleted behind an insert is told before its last piece if versions are
 * compared. *kept: what was inserted and is not told yet. */
static bool event_text_compared(event_text_maker *t, const delta_step *s, uint32_t *kept) {
    uint32_t len = *kept, last = 0;
    *kept = 0;
    if (s->kind == LK_INSERT) {
        *kept = len + s->len[LK_CODEPOINT];
        return true;
    }
    if (s->kind == LK_DELETE && len > 0) last = event_text_last(t, len);
    if (!event_text_insert(t, len - last) || !event_text_step(t, s)) return false;
    *kept = last;
    return true;
}

static bool event_text_steps(event_text_maker *t, const batch_entry *batch) {
    bool compared =
        t->m->by != LK_BY_LOCAL && (t->m->by != LK_BY_IMPORT || t->m->doc->events.merging);
    uint32_t kept = 0;
    delta_walk w = delta_start(&batch->delta, false);
    for (delta_step s; delta_next(&w, &s);)
        if (!(compared ? event_text_compared(t, &s, &kept) : event_text_step(t, &s))) return false;
    if (!event_text_insert(t, kept)) return false;
    if (t->before == NULL) return true;
    if (!event_text_retain(t, seq_len(t->text, LK_CODEPOINT) - t->now)) return false;
    if (t->deltas.len == 0) return true;
    const lk_delta *last = &t->deltas.at[t->deltas.len - 1];
    t->deltas.len -= last->kind == LK_RETAIN && last->attribute_len == 0;
    return true;
}

bool event_text_write(const event_maker *m, uint32_t id, const batch_entry *batch_or_null,
                      lk_diff *out) {
    event_text_maker t = {.m = m, .id = id, .text = state_find_seq(&m->doc->state, id)};
    if (batch_or_null != NULL && batch_or_null->styles.kept) t.before = &batch_or_null->styles;
    bool made = batch_or_null != NULL ? event_text_steps(&t, batch_or_null)
                                      : event_text_insert(&t, seq_len(t.text, LK_CODEPOINT));
    out->deltas = t.deltas.at;
    out->delta_len = t.deltas.len;
    return made;
}
