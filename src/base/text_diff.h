/* SPDX-License-Identifier: MIT
 * text_diff.h - what to retain, insert and delete so that one text becomes another. Whole code
 * points only, so no step can part a surrogate pair. */
#ifndef BASE_TEXT_DIFF_H
#define BASE_TEXT_DIFF_H

#include "base/mem.h"

typedef struct text_step {
    lk_delta_kind kind;
    uint32_t points; /* code points; those of an insert come next in the new text */
} text_step;

typedef VEC(text_step) text_steps;

enum { TEXT_DIFF_LINES = 1, TEXT_DIFF_SHORTEST = 2 };

/* Append to *out the steps from `old` to `fresh`, both valid UTF-8 of less than 4 GiB; equal texts
 * take none. The last step is no retain. false: memory is out, and *out is as it was.
 *
 * The steps are Loro's: of parts that are small those that read well (text_refine.c), unless
 * TEXT_DIFF_SHORTEST is in `how`; else a shortest edit (Myers 1986, in linear memory). With
 * TEXT_DIFF_LINES lines that changed are replaced.
 *
 * Where an edit is longer than 2^12 code points, or not found within the budget, Loro would go on
 * looking for it; here it is compared by lines under the same bounds, the lines that changed by
 * code points as far as the budget lasts, and else what differs is replaced. The budget is 2^22
 * operations and a few for each code point, under 0.1 s at 1 MB. */
bool text_diff(const lk_memory *heap, lk_str old, lk_str fresh, unsigned how, text_steps *out);

#endif
