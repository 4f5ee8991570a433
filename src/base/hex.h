/* SPDX-License-Identifier: MIT
 * hex.h - hexadecimal digits, as text formats have them. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include "base/bytes.h"

/* The value of a digit of either case, or -1. */
int hex_digit(char c);
/* Of two digits, or -1. The second one is not looked at unless the first is one. */
int hex_byte(const char *digits);
/* In capital letters. */
void hex_write(writer *w, lk_bytes bytes);
/* "AB:CD:...". */
void hex_write_colons(writer *w, lk_bytes bytes);
/* Is that all of `text`, and so many bytes? Else `out` may hold some of them. */
bool hex_read_colons(lk_str text, uint8_t *out, size_t len);

#endif
