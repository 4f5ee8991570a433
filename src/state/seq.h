/* SPDX-License-Identifier: MIT
 * seq.h - the derived state of one text or list: what is alive, in order, without tombstones.
 *
 * A B-tree of spans. A span is a run of atoms with consecutive ids whose content lies side by side
 * in the document's log, which outlives the sequence: nothing is copied. The anchors of a mark live
 * in band as entities no reader sees: length 1 in SEQ_ENTITY, 0 in every lk_unit.
 *
 *     H i <bold> 🐦 🐦 </bold> !
 *     0 1 2      3  4  5       6        entity positions, what ops count
 *     0 1 2      2  4  6       6        the same in LK_UTF16
 *
 * Several entity positions can share one visible position (2 and 3 above). Positions in an lk_unit
 * mean the leftmost of them, right behind the visible character before, unless a call says other.
 * Positions without a named unit are entity positions. */
#ifndef STATE_SEQ_H
#define STATE_SEQ_H

#include "base/btree.h"
#include "base/utf8.h"
#include "model/text_mark.h"

enum { SEQ_ENTITY = 3, SEQ_UNITS = 4 }; /* 0..2: lk_unit */

typedef enum seq_kind { SEQ_TEXT, SEQ_LIST } seq_kind;

typedef struct seq_span {
    op_id id;                /* of the first atom; atom k has counter + k */
    uint32_t len[SEQ_UNITS]; /* lists: all equal */
    const void *data;        /* UTF-8, an array of lk_value, or of an anchor its text_mark */
} seq_span;

/* The peer of text that sleeps: its ids are not known yet, so it can be read and nothing else. */
#define SEQ_NOBODY UINT32_MAX

typedef struct seq {
    btree tree;
    seq_kind kind;
} seq;

typedef struct seq_edit { /* what a call did: `removed` went and `inserted` came at `at` */
    uint32_t at[SEQ_UNITS], removed[SEQ_UNITS], inserted[SEQ_UNITS];
} seq_edit;

/* ---- making spans ---- */

/* `text` is valid UTF-8 of less than 4 GiB. O(bytes). */
seq_span seq_text_span(op_id id, const uint8_t *text, uint32_t bytes);
/* The same of text that was measured: O(1). */
seq_span seq_measured_span(op_id id, const uint8_t *text, const text_len *len);
seq_span seq_list_span(op_id id, const lk_value *values, uint32_t len);
seq_span seq_anchor_span(op_id id, const text_mark *mark_or_null);
/* The mark that starts or ends here; NULL for text. */
const text_mark *seq_mark(const seq_span *span, bool *starts);

/* ---- editing ---- */

void seq_init(seq *s, seq_kind kind, const lk_memory *heap);
void seq_drop(seq *s);

/* Set memory aside so that the next `edits` calls of seq_insert() and seq_delete(), which insert
 * `text_bytes` of text in all (lists: 0), cannot fail. false: memory is out, nothing changed.
 * Replaces what the last call promised; allocates nothing while what that set aside suffices. */
bool seq_reserve(seq *s, size_t edits, size_t text_bytes);
/* Insert before `pos` <= length. A span that continues the one before it (next id, next byte)
 * lengthens it. Needs a reserve. *out may be NULL. O(log n), plus the bytes of non-ASCII text. */
void seq_insert(seq *s, uint32_t pos, const seq_span *span, seq_edit *out_or_null);
/* Make an empty sequence these spans, in order, as if each were inserted at the end. Needs
 * seq_reserve_fill(), or a seq_reserve() for so many edits. O(spans). */
bool seq_reserve_fill(seq *s, size_t spans, size_t text_bytes);
void seq_fill(seq *s, const seq_span *spans, size_t len, seq_edit *out);
/* Remove `len` entities at `pos`, anchors among them included; the range must lie inside. Needs a
 * reserve. O(spans removed * log n). */
void seq_delete(seq *s, uint32_t pos, uint32_t len, seq_edit *out_or_null);

/* What is typed and deleted, mostly, neither brings a span nor splits one: it is found first, and
 * made afterwards, before any other edit, without a reserve. Both in O(1) where the last edit was,
 * else O(log n). */
typedef struct seq_end { /* where a span can grow */
    btree_pos at;
    btree_sums rank; /* of the span */
} seq_end;
/* Does `span`, inserted before `pos`, lengthen the span before it? */
bool seq_find_end(seq *s, uint32_t pos, const seq_span *span, seq_end *out);
void seq_lengthen(seq *s, const seq_end *end, const seq_span *span);
typedef struct seq_part { /* the beginning, the end, or all of a span */
    btree_pos at;
    seq_span span;
    uint32_t offset, len;
    op_id start; /* of its first atom */
} seq_part;
/* Is the range, which is not empty, text within one span, and at an end of it? */
bool seq_find_part(seq *s, uint32_t pos, uint32_t len, seq_part *out);
void seq_shorten(seq *s, const seq_part *part);

/* ---- reading ---- */

static inline uint32_t seq_len(const seq *s, unsigned unit) { return s->tree.total.by[unit]; }
/* Is a position in this unit the same entity position everywhere? There are no anchors then, and
 * each code point counts as one. */
static inline bool seq_counts_alike(const seq *s, unsigned unit) {
    uint32_t points = seq_len(s, LK_CODEPOINT);
    return seq_len(s, SEQ_ENTITY) == points && seq_len(s, unit) == points;
}

typedef enum seq_side { SEQ_LEFTMOST, SEQ_RIGHTMOST } seq_side;
typedef enum seq_hit { SEQ_HIT, SEQ_INSIDE, SEQ_PAST } seq_hit;

/* `pos` of `unit` (an lk_unit or SEQ_ENTITY) in all units, into out[]. Where entity positions share
 * a visible one, `side` picks. SEQ_INSIDE: inside a code point, rounded down to its start (then the
 * side plays no part); SEQ_PAST: past the end, out[] is the end. O(log n). */
seq_hit seq_seek(const seq *s, uint32_t pos, unsigned unit, seq_side side, uint32_t out[SEQ_UNITS]);

/* The element at `index` of a list and its id, or NULL past the end. O(log n). */
const lk_value *seq_get(const seq *s, uint32_t index, op_id *id_or_null);

/* Walks a range piece by piece. Stale after an edit. */
typedef struct seq_walk {
    const seq *seq;
    btree_pos at;
    uint32_t skip; /* entities of the item at `at` that lie before the walk */
    uint32_t pos;  /* of the next entity */
    uint32_t left; /* entities still to come */
} seq_walk;
/* The range is clipped to the sequence. */
seq_walk seq_range(const seq *s, uint32_t pos, uint32_t len);
/* The next piece, clipped to the range; false at the end. */
bool seq_walk_next(seq_walk *w, seq_span *out);
typedef struct seq_run {
    op_id start;
    uint32_t pos, len;
} seq_run;
/* The next run of atoms with consecutive ids, over as many pieces as it takes but over no anchor;
 * false at the end. Anchors are left out. */
bool seq_walk_run(seq_walk *w, seq_run *out);

/* Traps unless tree, lengths and bounds of spans hold. O(bytes). */
void seq_check(const seq *s);

#endif
