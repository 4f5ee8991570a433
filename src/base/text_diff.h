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

/* Append to *out the steps from `old` to `fresh`, both valid UTF-8 of less than 4 GiB; equal texts
 * take none. Kinds alternate, an insert stands before the delete at its place, and the last step is
 * no retain. false: memory is out, and *out is as it was.
 *
 * The steps are a shortest edit (Myers 1986, in linear memory) where that is at most 2^12 code
 * points long and is found within the budget; else shortest by lines under the same bounds, with
 * the lines that changed compared by code points as far as the budget lasts; else what differs is
 * replaced. The budget is 2^22 operations and a few for each code point, under 0.1 s at 1 MB. */
bool text_diff(const lk_memory *heap, lk_str old, lk_str fresh, text_steps *out);
/* The same, only whole lines: a line that changed is replaced. */
bool text_diff_lines(const lk_memory *heap, lk_str old, lk_str fresh, text_steps *out);

#endif
