/* SPDX-License-Identifier: MIT
 * hidden_name.c - UUIDs as names: 8-4-4-4-12 digits and ".local". */
#include "base/hidden_name.h"

#include "base/hex.h"
#include "base/str.h"

/* Does a hyphen stand before that byte? */
static bool hidden_name_hyphen(size_t byte) { return byte >= 4 && byte <= 10 && byte % 2 == 0; }

bool hidden_name_read(lk_str name, uint8_t uuid[HIDDEN_UUID]) {
    size_t at = 0;
    if (name.len != HIDDEN_NAME) return false;
    for (size_t i = 0; i < HIDDEN_UUID; i++, at += 2) {
        if (hidden_name_hyphen(i) && name.at[at++] != '-') return false;
        int byte = hex_byte(name.at + at);
        if (byte < 0) return false;
        uuid[i] = (uint8_t)byte;
    }
    return str_like((lk_str){name.at + at, name.len - at}, ".local");
}

void hidden_name_write(const uint8_t uuid[HIDDEN_UUID], char name[HIDDEN_NAME]) {
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < HIDDEN_UUID; i++) {
        if (hidden_name_hyphen(i)) name[at++] = '-';
        name[at++] = digits[uuid[i] >> 4];
        name[at++] = digits[uuid[i] & 15];
    }
    __builtin_memcpy(name + at, ".local", HIDDEN_NAME - at);
}
