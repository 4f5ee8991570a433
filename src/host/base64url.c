/* SPDX-License-Identifier: MIT
 * base64url.c - six bits a character. */
#include "host/base64url.h"

#include <string.h>

#include "host/heap.h"

static const char base64url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_write(lk_buf *out, lk_bytes bytes) {
    uint32_t bits = 0;
    int have = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        bits = bits << 8 | bytes.at[i];
        for (have += 8; have >= 6; have -= 6)
            buf_append(out, &base64url_digits[bits >> (have - 6) & 63], 1);
    }
    if (have > 0) buf_append(out, &base64url_digits[bits << (6 - have) & 63], 1);
}

static bool base64url_digit(char c, uint32_t *value) {
    const char *at = c == 0 ? NULL : strchr(base64url_digits, c);
    if (at == NULL) return false;
    *value = (uint32_t)(at - base64url_digits);
    return true;
}

bool base64url_read(lk_buf *out, lk_str text) {
    size_t before = out->len;
    uint32_t bits = 0, value = 0;
    int have = 0;
    bool good = true;
    for (size_t i = 0; i < text.len && good; i++) {
        good = base64url_digit(text.at[i], &value);
        bits = bits << 6 | value;
        have += 6;
        if (have < 8) continue;
        have -= 8;
        uint8_t byte = (uint8_t)(bits >> have);
        buf_append(out, &byte, 1);
    }
    good = good && have < 6;
    if (!good) out->len = before;
    return good;
}

bool base64url_is(lk_str text) {
    uint32_t value;
    for (size_t i = 0; i < text.len; i++)
        if (!base64url_digit(text.at[i], &value)) return false;
    return true;
}

size_t base64url_span(const char *text) { return strspn(text, base64url_digits); }
