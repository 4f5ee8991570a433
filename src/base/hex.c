/* SPDX-License-Identifier: MIT
 * hex.c - hexadecimal digits, two for each byte. */
#include "base/hex.h"

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool hex_read_colons(lk_str text, uint8_t *out, size_t len) {
    if (text.len != 3 * len - 1) return false;
    for (size_t i = 0; i < len; i++) {
        int high = hex_digit(text.at[3 * i]), low = hex_digit(text.at[3 * i + 1]);
        if (high < 0 || low < 0 || (i + 1 < len && text.at[3 * i + 2] != ':')) return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
