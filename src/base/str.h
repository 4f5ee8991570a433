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

#endif
