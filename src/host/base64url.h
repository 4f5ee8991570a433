/* SPDX-License-Identifier: MIT
 * base64url.h - bytes as text that fits into a URL: base64url without padding (RFC 4648,
 * section 5). */
#ifndef HOST_BASE64URL_H
#define HOST_BASE64URL_H

#include "base/mem.h"

/* Characters for so many bytes. */
#define BASE64URL_LEN(bytes) ((4 * (bytes) + 2) / 3)

/* Append the text of `bytes`. */
void base64url_write(lk_buf *out, lk_bytes bytes);
/* Append the bytes of `text`. Left over bits of its last character do not count, as in browsers.
 * false if it has other characters, or one too many; `out` is then as it was. */
bool base64url_read(lk_buf *out, lk_str text);
/* Is all of it of the alphabet? */
bool base64url_is(lk_str text);
/* How much of the NUL-terminated `text` is of the alphabet. */
size_t base64url_span(const char *text);

#endif
