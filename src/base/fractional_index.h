/* SPDX-License-Identifier: MIT
 * fractional_index.h - byte strings between byte strings: they order siblings, so that a move
 * writes nothing but the position of what moves. The bytes are those that Loro makes.
 *
 * A string reads as digits in base 256 with a last one of 0x80, the middle: before 80 comes 7f 80,
 * after it 81 80, and between 80 and 81 80 is 81 7f 80. */
#ifndef BASE_FRACTIONAL_INDEX_H
#define BASE_FRACTIONAL_INDEX_H

#include "base/mem.h"

/* A string after `left` and before `right`; an empty one is no bound. Where nothing fits in
 * between, one that sorts beside them. The bytes go to `to`; false when memory is out. */
bool fractional_index_between(arena *to, lk_bytes left, lk_bytes right, lk_bytes *out);
/* `len` strings in order, likewise. */
bool fractional_index_spread(arena *to, lk_bytes left, lk_bytes right, lk_bytes *out, size_t len);
/* Append `jitter` bytes drawn from *seed, so that what two peers put in one place differs. */
bool fractional_index_jitter(arena *to, lk_bytes *index, unsigned jitter, uint64_t *seed);

#endif
