/* SPDX-License-Identifier: MIT
 * sort.h - sorting in place, without memory and without a bad case. Not stable. */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include "base/mem.h"

/* Negative, 0 or positive, as memcmp. */
typedef int sort_order(const void *a, const void *b);

void sort_items(void *items, size_t len, size_t item_len, sort_order *order);

/* Numbers by their upper 32 bits, in four passes at most; `spare` has room for as many. */
void sort_numbers(uint64_t *numbers, size_t len, uint64_t *spare);

/* Byte strings in lexicographic order, a prefix first; UTF-8 so compared is in code point order. */
int sort_bytes(lk_bytes a, lk_bytes b);
int sort_str(lk_str a, lk_str b);

#endif
