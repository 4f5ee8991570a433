/* SPDX-License-Identifier: MIT
 * hex.c - hexadecimal digits, two for each byte. */
#include "base/hex.h"

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

int hex_byte(const char *digits) {
    int high = hex_digit(digits[0]);
    if (high < 0) return -1;
    int low = hex_digit(digits[1]);
    return low < 0 ? -1 : high << 4 | low;
}

static void hex_write_byte(writer *w, uint8_t byte) {
    static const char digits[] = "0123456789ABCDEF";
    writer_u8(w, (uint8_t)digits[byte >> 4]);
    writer_u8(w, (uint8_t)digits[byte & 15]);
}

void hex_write(writer *w, lk_bytes bytes) {
    for (size_t i = 0; i < bytes.len; i++) hex_write_byte(w, bytes.at[i]);
}

void hex_write_colons(writer *w, lk_bytes bytes) {
    for (size_t i = 0; i < bytes.len; i++) {
        if (i > 0) writer_u8(w, ':');
        hex_write_byte(w, bytes.at[i]);
    }
}

bool hex_read_colons(lk_str text, uint8_t *out, size_t len) {
    if (text.len != 3 * len - 1) return false;
    for (size_t i = 0; i < len; i++) {
        int byte = hex_byte(text.at + 3 * i);
        if (byte < 0 || (i + 1 < len && text.at[3 * i + 2] != ':')) return false;
        out[i] = (uint8_t)byte;
    }
    return true;
}
