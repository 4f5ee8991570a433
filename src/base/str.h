/* SPDX-License-Identifier: MIT
 * str.h - comparing strings, which are bytes and a length. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/mem.h"

static inline bool str_equal(lk_str a, lk_str b) {
    return a.len == b.len && (a.len == 0 || __builtin_memcmp(a.at, b.at, a.len) == 0);
}

static inline bool str_is(lk_str a, const char *literal) {
    return str_equal(a, (lk_str){literal, __builtin_strlen(literal)});
}
/* An ASCII letter as a small one; all else as it is. */
static inline char str_small(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }
/* Is it that, ASCII letters in either case? The literal has small ones. */
static inline bool str_like(lk_str a, const char *literal) {
    if (a.len != __builtin_strlen(literal)) return false;
    for (size_t i = 0; i < a.len; i++)
        if (str_small(a.at[i]) != literal[i]) return false;
    return true;
}

#endif
