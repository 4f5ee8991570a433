/* SPDX-License-Identifier: MIT
 * hex.h - hexadecimal digits, as SDP has them. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include "base/mem.h"

/* The value of a digit of either case, or -1. */
int hex_digit(char c);
/* "AB:CD:...": is that all of `text`, and so many bytes? Else `out` may hold some of them. */
bool hex_read_colons(lk_str text, uint8_t *out, size_t len);

#endif
