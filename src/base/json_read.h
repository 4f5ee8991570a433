/* SPDX-License-Identifier: MIT
 * json_read.h - reading JSON text (RFC 8259) from a reader (bytes.h), sticky as that is. Nothing is
 * built: the caller takes what it expects, in the order it wants. Since members of an object come
 * in any order, their places are looked up first, and a place is taken by setting r->at to it:
 *
 *     const uint8_t *at[2];
 *     json_read_members(r, (const char *const[]){"id", "ops"}, 2, at);
 *     const uint8_t *after = r->at;
 *     r->at = at[0]; ... r->at = at[1]; ...
 *     r->at = after;
 *
 * So each byte is looked at as often as objects that are looked up in nest. The text must be UTF-8;
 * what is not JSON is LK_ECORRUPT, nesting deeper than JSON_DEPTH where nobody looks LK_ELIMIT. */
#ifndef BASE_JSON_READ_H
#define BASE_JSON_READ_H

#include "base/bytes.h"

#define JSON_DEPTH 256

/* The byte that the next value begins with, after white space; 0 at the end. */
uint8_t json_read_peek(reader *r);
/* Skip the next value if it is null. */
bool json_read_null(reader *r);
/* Skip one value, whatever it is. */
void json_read_skip(reader *r);
/* A string: a view of the text, or of scratch if it has escapes. */
lk_str json_read_string(reader *r, arena *scratch);
/* A whole number without fraction or exponent. */
int64_t json_read_int(reader *r, int64_t min, int64_t max);
/* Any number: LK_I64 if it is written as a whole one and fits, else LK_F64: the nearest there is,
 * of what the first 19 digits say. */
void json_read_number(reader *r, lk_value *out);
/* Take an array apart: *first is true before the first call. true if an item is next. */
bool json_read_item(reader *r, bool *first);
/* The same for an object: true if a member is next, with its key. */
bool json_read_key(reader *r, arena *scratch, bool *first, lk_str *key);
/* Skip an object; at[i] becomes the place of the value of the member names[i], or NULL. A name that
 * comes twice is a fault. */
void json_read_members(reader *r, const char *const *names, size_t len, const uint8_t **at);
/* Nothing but white space may follow. */
void json_read_end(reader *r);

#endif
