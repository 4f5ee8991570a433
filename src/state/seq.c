/* SPDX-License-Identifier: MIT
 * seq.c - spans in a B-tree, measured in bytes, code points, UTF-16 and entities.
 *
 *     [7@A "Hell"] [3@B "o, "] [9@B anchor] [0@C "w"] [11@A "orld"]
 *
 * Neighbours that continue each other are one span, with one bound: a span with non-ASCII text has
 * at most SPAN_BYTES, so that turning a position inside it into another unit is bounded work. In an
 * ASCII span, and in a list, all units are equal and the work is one addition.
 *
 * A span's lengths are what its item measures: the tree keeps them, and the item the rest. */
#include "state/seq.h"

#ifdef LK_STRESS
#define SPAN_BYTES 12u
#else
#define SPAN_BYTES 512u
#endif
/* A piece cut at a code point border is at most this much shorter than SPAN_BYTES. */
#define SPAN_SLACK 3u

typedef struct seq_item {
    op_id id;
    const void *data;
} seq_item;

static const btree_class seq_class = {.item_len = sizeof(seq_item)};

static btree_sums seq_measure(const seq_span *span) {
    btree_sums sums;
    __builtin_memcpy(&sums, span->len, sizeof sums);
    return sums;
}

static inline seq_span seq_load(const seq *s, btree_pos at) {
    const seq_item *item = btree_item(&s->tree, at);
    seq_span span = {.id = item->id, .data = item->data};
    __builtin_memcpy(span.len, btree_sums_of(at)->by, sizeof span.len);
    return span;
}

static void seq_store(seq *s, btree_pos at, const seq_span *span) {
    *(seq_item *)btree_item(&s->tree, at) = (seq_item){span->id, span->data};
    btree_changed(&s->tree, at, seq_measure(span));
}

static btree_pos seq_put(seq *s, btree_pos at, const seq_span *span) {
    seq_item item = {span->id, span->data};
    return btree_insert(&s->tree, at, &item, seq_measure(span));
}

static void seq_append(seq *s, const seq_span *span) {
    seq_item item = {span->id, span->data};
    btree_append(&s->tree, &item, seq_measure(span));
}

/* ---- spans ---- */

seq_span seq_text_span(op_id id, const uint8_t *text, uint32_t bytes) {
    text_len len = utf8_measure(text, bytes);
    return seq_measured_span(id, text, &len);
}

seq_span seq_measured_span(op_id id, const uint8_t *text, const text_len *len) {
    uint32_t points = len->unit[LK_CODEPOINT];
    return (seq_span){id, {len->unit[LK_UTF8], points, len->unit[LK_UTF16], points}, text};
}

seq_span seq_list_span(op_id id, const lk_value *values, uint32_t len) {
    return (seq_span){id, {len, len, len, len}, values};
}

seq_span seq_anchor_span(op_id id, const text_mark *mark_or_null) {
    return (seq_span){id, {0, 0, 0, 1}, mark_or_null};
}

static bool seq_hidden(const seq_span *span) { return span->len[LK_CODEPOINT] == 0; }

const text_mark *seq_mark(const seq_span *span, bool *starts) {
    if (!seq_hidden(span)) return NULL;
    const text_mark *mark = span->data;
    *starts = span->id.counter == mark->id.counter;
    return mark;
}

/* All units count alike: ASCII, or a list. (Bytes alone tell, for no code point has fewer.) */
static bool seq_flat(const seq_span *span) { return span->len[LK_UTF8] == span->len[SEQ_ENTITY]; }

/* How many bytes of memory the first `units` (by LK_UTF8 in text) of the content take. */
static size_t seq_stride(const seq *s, uint32_t units) {
    return (size_t)units * (s->kind == SEQ_LIST ? sizeof(lk_value) : 1);
}

/* The first `pos` of `unit` in a span, in all units; false: inside a code point, rounded down. */
static bool seq_within(const seq_span *span, uint32_t pos, unsigned unit, uint32_t out[SEQ_UNITS]) {
    if (pos == span->len[unit]) {
        __builtin_memcpy(out, span->len, sizeof span->len);
        return true;
    }
    if (pos == 0 || seq_flat(span)) {
        for (unsigned u = 0; u < SEQ_UNITS; u++) out[u] = pos;
        return true;
    }
    text_len at;
    lk_unit scan = unit == SEQ_ENTITY ? LK_CODEPOINT : (lk_unit)unit;
    utf8_seek(span->data, span->len[LK_UTF8], pos, scan, &at);
    __builtin_memcpy(out, at.unit, sizeof at.unit);
    out[SEQ_ENTITY] = at.unit[LK_CODEPOINT];
    return out[unit] == pos;
}

/* Drop everything from entity `at` on; returns what was dropped. */
static __attribute__((noinline)) seq_span seq_cut(const seq *s, seq_span *span, uint32_t at) {
    uint32_t keep[SEQ_UNITS];
    seq_within(span, at, SEQ_ENTITY, keep);
    seq_span rest = *span;
    rest.id.counter += (int32_t)at;
    for (unsigned u = 0; u < SEQ_UNITS; u++) rest.len[u] -= keep[u];
    if (at > 0 && !seq_hidden(span))
        rest.data = (const uint8_t *)span->data + seq_stride(s, keep[LK_UTF8]);
    __builtin_memcpy(span->len, keep, sizeof keep);
    return rest;
}

/* Does `next` continue `span`, and may they be one? */
static bool seq_joins(const seq *s, const seq_span *span, const seq_span *next) {
    uint32_t bytes = span->len[LK_UTF8] + next->len[LK_UTF8];
    return span->id.peer == next->id.peer &&
           (int64_t)span->id.counter + span->len[SEQ_ENTITY] == next->id.counter &&
           !seq_hidden(span) && !seq_hidden(next) &&
           (const uint8_t *)span->data + seq_stride(s, span->len[LK_UTF8]) == next->data &&
           (bytes <= SPAN_BYTES || (seq_flat(span) && seq_flat(next)));
}

static void seq_join(seq_span *span, const seq_span *next) {
    for (unsigned u = 0; u < SEQ_UNITS; u++) span->len[u] += next->len[u];
}

/* Take a piece of bounded size off the front of *span. */
static seq_span seq_take(const seq *s, seq_span *span) {
    seq_span piece = *span;
    if (seq_flat(span) || span->len[LK_UTF8] <= SPAN_BYTES) {
        *span = (seq_span){0};
        return piece;
    }
    /* Scan these bytes only, not the whole span. The cut may round down. */
    text_len at;
    size_t bytes = SPAN_BYTES;
    while ((((const uint8_t *)span->data)[bytes] & 0xc0) == 0x80) bytes--;
    at = utf8_measure(span->data, bytes);
    __builtin_memcpy(piece.len, at.unit, sizeof at.unit);
    piece.len[SEQ_ENTITY] = at.unit[LK_CODEPOINT];
    span->id.counter += (int32_t)piece.len[SEQ_ENTITY];
    span->data = (const uint8_t *)span->data + seq_stride(s, (uint32_t)bytes);
    for (unsigned u = 0; u < SEQ_UNITS; u++) span->len[u] -= piece.len[u];
    return piece;
}

/* ---- editing ---- */

void seq_init(seq *s, seq_kind kind, const lk_memory *heap) {
    s->kind = kind;
    btree_init(&s->tree, &seq_class, heap, NULL);
}

void seq_drop(seq *s) { btree_drop(&s->tree); }

/* Spans that text needs beside those it comes in, because they are too long. */
static size_t seq_pieces(size_t text_bytes) { return text_bytes / (SPAN_BYTES - SPAN_SLACK); }

bool seq_reserve(seq *s, size_t edits, size_t text_bytes) {
    /* Either kind of edit splits at most one span; an insert brings one more, and further ones
     * only for text too long for one. */
    size_t pieces = seq_pieces(text_bytes);
    if (edits > UINT32_MAX / 4) return false;
    btree_settle(&s->tree, 2 * edits + pieces);
    return btree_reserve(&s->tree, 2 * edits + pieces);
}

/* The item at entity `pos`, which starts there: one that holds it in its middle is split. Also its
 * rank. */
static btree_pos seq_open(seq *s, uint32_t pos, btree_sums *rank) {
    btree_pos at = btree_find_near(&s->tree, SEQ_ENTITY, pos, rank);
    uint32_t offset = pos - rank->by[SEQ_ENTITY];
    if (offset == 0) return at;
    seq_span left = seq_load(s, at), rest = seq_cut(s, &left, offset);
    seq_store(s, at, &left);
    for (unsigned u = 0; u < SEQ_UNITS; u++) rank->by[u] += left.len[u];
    return seq_put(s, (btree_pos){at.leaf, at.slot + 1}, &rest);
}

/* Make the item at `at` one with the item before it, if it continues that. */
static void seq_mend(seq *s, btree_pos at) {
    if (btree_at_end(&s->tree, at)) return;
    if (at.slot == btree_leaf_len(at.leaf)) btree_next(&s->tree, &at);
    btree_pos before = at;
    if (!btree_prev(&s->tree, &before)) return;
    seq_span left = seq_load(s, before), right = seq_load(s, at);
    if (!seq_joins(s, &left, &right)) return;
    seq_join(&left, &right);
    seq_store(s, before, &left);
    btree_remove(&s->tree, at);
}

static void seq_edit_start(seq_edit *edit, const btree_sums *rank) {
    *edit = (seq_edit){{0}, {0}, {0}};
    __builtin_memcpy(edit->at, rank->by, sizeof edit->at);
}

bool seq_find_end(seq *s, uint32_t pos, const seq_span *span, seq_end *out) {
    if (pos == 0) return false;
    out->at = btree_find_near(&s->tree, SEQ_ENTITY, pos - 1, &out->rank);
    seq_span before = seq_load(s, out->at);
    return out->rank.by[SEQ_ENTITY] + before.len[SEQ_ENTITY] == pos && seq_joins(s, &before, span);
}

void seq_lengthen(seq *s, const seq_end *end, const seq_span *span) {
    btree_sums more = seq_measure(span);
    btree_grew(&s->tree, end->at, &more);
}

void seq_insert(seq *s, uint32_t pos, const seq_span *span, seq_edit *out_or_null) {
    LK_ASSERT(pos <= seq_len(s, SEQ_ENTITY) && span->len[SEQ_ENTITY] > 0);
    seq_edit edit;
    seq_end end;
    if (seq_find_end(s, pos, span, &end)) {
        seq_edit_start(&edit, &end.rank);
        for (unsigned u = 0; u < SEQ_UNITS; u++) edit.at[u] += btree_sums_of(end.at)->by[u];
        seq_lengthen(s, &end, span);
    } else {
        btree_sums rank;
        btree_pos at = seq_open(s, pos, &rank);
        seq_edit_start(&edit, &rank);
        for (seq_span rest = *span; rest.len[SEQ_ENTITY] > 0;) {
            seq_span piece = seq_take(s, &rest);
            at = seq_put(s, at, &piece);
            at.slot++; /* one past the end of a leaf is a place to insert at */
        }
        seq_mend(s, at);
    }
    __builtin_memcpy(edit.inserted, span->len, sizeof edit.inserted);
    if (out_or_null != NULL) *out_or_null = edit;
}

bool seq_reserve_fill(seq *s, size_t spans, size_t text_bytes) {
    return btree_reserve_appends(&s->tree, spans + seq_pieces(text_bytes));
}

void seq_fill(seq *s, const seq_span *spans, size_t len, seq_edit *out) {
    LK_ASSERT(btree_empty(&s->tree));
    seq_span newest = {0};
    for (size_t i = 0; i < len; i++) {
        for (seq_span rest = spans[i]; rest.len[SEQ_ENTITY] > 0;) {
            seq_span piece = seq_take(s, &rest);
            if (newest.len[SEQ_ENTITY] > 0 && seq_joins(s, &newest, &piece)) {
                seq_join(&newest, &piece);
                continue;
            }
            if (newest.len[SEQ_ENTITY] > 0) seq_append(s, &newest);
            newest = piece;
        }
    }
    if (newest.len[SEQ_ENTITY] > 0) seq_append(s, &newest);
    btree_raise(&s->tree);
    *out = (seq_edit){{0}, {0}, {0}};
    __builtin_memcpy(out->inserted, s->tree.total.by, sizeof out->inserted);
}

/* Remove `len` entities of the item at `at`, from `offset` on; where what followed them is. */
static btree_pos seq_excise(seq *s, btree_pos at, uint32_t offset, uint32_t len, seq_edit *edit) {
    seq_span kept = seq_load(s, at);
    if (len == kept.len[SEQ_ENTITY]) {
        for (unsigned u = 0; u < SEQ_UNITS; u++) edit->removed[u] += kept.len[u];
        return btree_remove(&s->tree, at);
    }
    seq_span gone = seq_cut(s, &kept, offset), rest = seq_cut(s, &gone, len);
    for (unsigned u = 0; u < SEQ_UNITS; u++) edit->removed[u] += gone.len[u];
    seq_store(s, at, offset == 0 ? &rest : &kept);
    if (offset == 0) return at;
    if (rest.len[SEQ_ENTITY] > 0) return seq_put(s, (btree_pos){at.leaf, at.slot + 1}, &rest);
    btree_next(&s->tree, &at);
    return at;
}

void seq_delete(seq *s, uint32_t pos, uint32_t len, seq_edit *out_or_null) {
    LK_ASSERT(pos <= seq_len(s, SEQ_ENTITY) && len <= seq_len(s, SEQ_ENTITY) - pos);
    seq_edit edit = {{0}, {0}, {0}};
    uint32_t at[SEQ_UNITS] = {0};
    btree_sums rank;
    btree_pos item = btree_find_near(&s->tree, SEQ_ENTITY, pos, &rank);
    uint32_t offset = pos - rank.by[SEQ_ENTITY];
    if (offset > 0) {
        seq_span first = seq_load(s, item);
        seq_within(&first, offset, SEQ_ENTITY, at);
    }
    for (unsigned u = 0; u < SEQ_UNITS; u++) edit.at[u] = rank.by[u] + at[u];
    while (edit.removed[SEQ_ENTITY] < len) {
        uint32_t left = len - edit.removed[SEQ_ENTITY];
        uint32_t here = btree_sums_of(item)->by[SEQ_ENTITY] - offset;
        item = seq_excise(s, item, offset, left < here ? left : here, &edit);
        offset = 0;
    }
    /* What was parted by something deleted now may be one again. */
    if (len > 0) seq_mend(s, item);
    if (out_or_null != NULL) *out_or_null = edit;
}

bool seq_find_part(seq *s, uint32_t pos, uint32_t len, seq_part *out) {
    btree_sums rank;
    if (pos >= seq_len(s, SEQ_ENTITY)) return false;
    out->at = btree_find_near(&s->tree, SEQ_ENTITY, pos, &rank);
    out->span = seq_load(s, out->at);
    uint32_t offset = pos - rank.by[SEQ_ENTITY], left = out->span.len[SEQ_ENTITY] - offset;
    out->offset = offset;
    out->len = len;
    out->start = (op_id){out->span.id.peer, out->span.id.counter + (int32_t)offset};
    return !seq_hidden(&out->span) && (offset == 0 ? len <= left : len == left);
}

void seq_shorten(seq *s, const seq_part *part) {
    const seq_span *span = &part->span;
    seq_span gone = *span;
    if (part->len == span->len[SEQ_ENTITY]) {
        seq_mend(s, btree_remove(&s->tree, part->at));
        return;
    }
    if (seq_flat(span)) {
        for (unsigned u = 0; u < SEQ_UNITS; u++) gone.len[u] = part->len;
    } else {
        gone = seq_cut(s, &gone, part->offset);
        seq_cut(s, &gone, part->len);
    }
    if (part->offset == 0) {
        seq_item *item = btree_item(&s->tree, part->at);
        item->id.counter += (int32_t)part->len;
        item->data = (const uint8_t *)item->data + seq_stride(s, gone.len[LK_UTF8]);
    }
    btree_sums less;
    for (unsigned u = 0; u < SEQ_UNITS; u++) less.by[u] = -gone.len[u];
    btree_grew(&s->tree, part->at, &less);
}

/* ---- reading ---- */

/* Step over items that are invisible in `unit`: from the leftmost place to the rightmost. */
static uint32_t seq_skip_hidden(const seq *s, btree_pos at, unsigned unit) {
    uint32_t hidden = 0;
    while (!btree_at_end(&s->tree, at)) {
        const btree_sums *item = btree_sums_of(at);
        if (item->by[unit] > 0) break;
        hidden += item->by[SEQ_ENTITY];
        btree_next(&s->tree, &at);
    }
    return hidden;
}

seq_hit seq_seek(const seq *s, uint32_t pos, unsigned unit, seq_side side,
                 uint32_t out[SEQ_UNITS]) {
    bool past = pos > seq_len(s, unit);
    if (past) {
        pos = seq_len(s, unit);
        side = SEQ_RIGHTMOST;
    }
    /* The item that holds what is just before `pos` ends or splits at the leftmost place. */
    uint32_t within[SEQ_UNITS] = {0};
    btree_sums rank = {0};
    btree_pos at = btree_first(&s->tree);
    bool whole = true;
    if (pos > 0) {
        at = btree_find_rank(&s->tree, unit, pos - 1, &rank);
        seq_span item = seq_load(s, at);
        whole = seq_within(&item, pos - rank.by[unit], unit, within);
        if (within[SEQ_ENTITY] == item.len[SEQ_ENTITY]) btree_next(&s->tree, &at);
    }
    for (unsigned u = 0; u < SEQ_UNITS; u++) out[u] = rank.by[u] + within[u];
    if (side == SEQ_RIGHTMOST) out[SEQ_ENTITY] += seq_skip_hidden(s, at, unit);
    return past ? SEQ_PAST : whole ? SEQ_HIT : SEQ_INSIDE;
}

const lk_value *seq_get(const seq *s, uint32_t index, op_id *id_or_null) {
    LK_ASSERT(s->kind == SEQ_LIST);
    if (index >= seq_len(s, SEQ_ENTITY)) return NULL;
    uint32_t offset;
    const seq_item *item = btree_item(&s->tree, btree_find(&s->tree, SEQ_ENTITY, index, &offset));
    if (id_or_null != NULL)
        *id_or_null = (op_id){item->id.peer, item->id.counter + (int32_t)offset};
    return (const lk_value *)item->data + offset;
}

seq_walk seq_range(const seq *s, uint32_t pos, uint32_t len) {
    uint32_t total = seq_len(s, SEQ_ENTITY);
    if (pos > total) pos = total;
    seq_walk w = {.seq = s, .pos = pos, .left = len < total - pos ? len : total - pos};
    w.at = btree_find(&s->tree, SEQ_ENTITY, pos, &w.skip);
    return w;
}

bool seq_walk_next(seq_walk *w, seq_span *out) {
    if (w->left == 0) return false;
    seq_span span = seq_load(w->seq, w->at);
    if (w->skip > 0) span = seq_cut(w->seq, &span, w->skip);
    if (span.len[SEQ_ENTITY] > w->left) seq_cut(w->seq, &span, w->left);
    w->pos += span.len[SEQ_ENTITY];
    w->left -= span.len[SEQ_ENTITY];
    w->skip = 0;
    btree_next(&w->seq->tree, &w->at);
    *out = span;
    return true;
}

/* The walk has seen `len` entities of the item at hand. */
static void seq_walk_past(seq_walk *w, uint32_t len) {
    w->skip += len;
    w->pos += len;
    w->left -= len;
    if (w->skip < btree_sums_of(w->at)->by[SEQ_ENTITY]) return;
    w->skip = 0;
    btree_next(&w->seq->tree, &w->at);
}

bool seq_walk_run(seq_walk *w, seq_run *out) {
    *out = (seq_run){0};
    while (w->left > 0) {
        seq_span item = seq_load(w->seq, w->at);
        op_id id = {item.id.peer, item.id.counter + (int32_t)w->skip};
        uint32_t here = item.len[SEQ_ENTITY] - w->skip;
        if (here > w->left) here = w->left;
        if (seq_hidden(&item)) {
            if (out->len > 0) break;
            seq_walk_past(w, here);
            continue;
        }
        if (out->len == 0) *out = (seq_run){id, w->pos, 0};
        if (id.peer != out->start.peer || id.counter != out->start.counter + (int32_t)out->len)
            break;
        out->len += here;
        seq_walk_past(w, here);
    }
    return out->len > 0;
}

/* ---- checking ---- */

static void seq_check_span(const seq *s, const seq_span *span) {
    LK_ASSERT(span->len[SEQ_ENTITY] > 0);
    LK_ASSERT((int64_t)span->id.counter + span->len[SEQ_ENTITY] <= (int64_t)INT32_MAX + 1);
    if (seq_hidden(span)) {
        LK_ASSERT(s->kind == SEQ_TEXT && span->len[SEQ_ENTITY] == 1);
        for (unsigned u = 0; u < SEQ_ENTITY; u++) LK_ASSERT(span->len[u] == 0);
        return;
    }
    LK_ASSERT(seq_flat(span) || (s->kind == SEQ_TEXT && span->len[LK_UTF8] <= SPAN_BYTES));
    if (s->kind == SEQ_LIST) return;
    text_len len = utf8_measure(span->data, span->len[LK_UTF8]);
    for (unsigned u = 0; u < SEQ_ENTITY; u++) LK_ASSERT(span->len[u] == len.unit[u]);
    LK_ASSERT(span->len[SEQ_ENTITY] == span->len[LK_CODEPOINT]);
}

void seq_check(const seq *s) {
    btree_check(&s->tree, NULL);
    btree_pos at = btree_first(&s->tree);
    for (bool more = !btree_at_end(&s->tree, at); more; more = btree_next(&s->tree, &at)) {
        seq_span span = seq_load(s, at);
        seq_check_span(s, &span);
    }
}
