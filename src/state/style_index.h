/* SPDX-License-Identifier: MIT
 * style_index.h - which marks are in force where, in one text.
 *
 * Styles change at anchors only. As many anchors as lie before a place, so high is the number of
 * its gap, and all text in one gap has one style:
 *
 *             1      2      1       2                each mark starts and ends once
 *        The [ quick [ brown ] fox  ] jumps
 *   gap 0     1       2       3      4
 *   marks -   1       1 2     2      -
 *
 * Edits of text leave that as it is. So a position is looked up by its gap, which is entities minus
 * code points before it, and only anchors that come or go make the index stale. */
#ifndef STATE_STYLE_INDEX_H
#define STATE_STYLE_INDEX_H

#include "state/seq.h"

typedef struct style_range { /* of a mark: the gaps from `first` to `last` */
    const text_mark *mark;
    uint32_t first, last;
    uint32_t reach; /* the greatest `last` of those it is in the middle of: see style_index.c */
} style_range;

typedef struct style_index {
    const lk_memory *heap;
    VEC(style_range) ranges; /* by `first`; marks that have not ended style nothing */
    bool stale;
} style_index;

void style_index_init(style_index *x, const lk_memory *heap);
void style_index_drop(style_index *x);
/* Make it anew if it is stale. false when memory is out. O(spans of text). */
bool style_index_refresh(style_index *x, const seq *text);

typedef struct style_set { /* the marks that count, one for each key, by key */
    const text_mark **at;
    size_t len, cap;
} style_set;
/* Those of a gap, in `memory`. false when memory is out. O(log marks + marks in force). */
bool style_index_find(const style_index *x, uint32_t gap, arena *memory, style_set *out);

/* The gap of a position told in all units. */
static inline uint32_t style_gap(const uint32_t at[SEQ_UNITS]) {
    return at[SEQ_ENTITY] - at[LK_CODEPOINT];
}
const text_mark *style_set_get(const style_set *set, uint32_t key);
/* Have they the same keys with equal values? */
bool style_set_equal(const style_set *a, const style_set *b);
/* Do they look alike: the same, where a key that is taken away is no key? */
bool style_set_alike(const style_set *a, const style_set *b);
/* Are they the same marks? */
bool style_set_same(const style_set *a, const style_set *b);

#endif
