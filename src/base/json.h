/* SPDX-License-Identifier: MIT
 * json.h - the leaves of JSON text, byte for byte as JSON.stringify() prints them. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/bytes.h"

/* Append the string in quotes; `s` is UTF-8. */
void json_quote(writer *w, lk_str s);
/* The same without the quotes: a part of a string. */
void json_quote_part(writer *w, lk_str s);
void json_i64(writer *w, int64_t v);
void json_u64(writer *w, uint64_t v);
/* The shortest digits that read back as `v` (ECMA-262, Number::toString); null for what JSON has no
 * number for: NaN and the infinities. */
void json_f64(writer *w, double v);
/* The double nearest to digits times ten to the `exponent`; infinite if it is too large. `more`:
 * digits were left out that are not all 0. */
double json_double(uint64_t digits, int exponent, bool more);

#endif
