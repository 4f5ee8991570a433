/* SPDX-License-Identifier: MIT
 * text_refine.h - edits that read well: few runs rather than few symbols, as in Loro. */
#ifndef BASE_TEXT_REFINE_H
#define BASE_TEXT_REFINE_H

#include "base/mem.h"

typedef struct text_edit { /* a run of symbols of `a` that goes, or of `b` that comes */
    lk_delta_kind kind;
    uint32_t x, y; /* how much of `a` and of `b` lies before */
    uint32_t len;
} text_edit;

typedef VEC(text_edit) text_edits;

typedef struct text_span { /* a[x..x_end) against b[y..y_end) */
    int64_t x, x_end, y, y_end;
} text_span;

#define REFINE_AREA (128 * 128) /* the product of the lengths is less than that */

typedef enum refined { REFINE_DONE, REFINE_LONG, REFINE_NOMEM } refined;

/* Append the edits of a span; `a` and `b` are all symbols. REFINE_LONG: too much had to be looked
 * at, try something else. *budget shrinks by what that took; at most 10,000 places are looked at.
 */
refined text_refine(const lk_memory *heap, const uint32_t *a, const uint32_t *b, text_span span,
                    int64_t *budget, text_edits *out);

#endif
