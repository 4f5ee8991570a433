/* SPDX-License-Identifier: MIT
 * utf8.h - validate, count and convert between bytes, code points (Unicode scalar values) and
 * UTF-16. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/mem.h"

/* Lengths of a piece of text, by lk_unit. */
typedef struct text_len {
    uint32_t unit[3];
} text_len;

/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms)? */
bool utf8_valid(const uint8_t *at, size_t len);
/* Count valid UTF-8 of less than 4 GiB. */
text_len utf8_measure(const uint8_t *at, size_t len);
/* Both: false if it is not well-formed. */
bool utf8_check(const uint8_t *at, size_t len, text_len *out);
/* Bytes in front of position `pos` of the given unit within valid UTF-8, and `pos` in all units
 * into *out. A position inside a code point is rounded down to its start; past the end: SIZE_MAX.
 */
size_t utf8_seek(const uint8_t *at, size_t len, size_t pos, lk_unit unit, text_len *out);
/* Bytes in front of code point `pos` of `len` bytes that hold `points` of them. O(1) for ASCII and
 * near either end. */
size_t utf8_offset(const uint8_t *at, size_t len, size_t points, size_t pos);
/* Decode one code point of valid UTF-8 and advance *at. */
uint32_t utf8_next(const uint8_t **at);

#endif
