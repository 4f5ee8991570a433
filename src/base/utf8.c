/* SPDX-License-Identifier: MIT
 * utf8.c - runs of ASCII go eight bytes at a time, and so does counting; the rest goes one code
 * point at a time. */
#include "base/utf8.h"

/* Length of the ASCII run at `at`. */
static size_t utf8_ascii(const uint8_t *at, size_t len) {
    size_t i = 0;
    for (; len - i >= 32; i += 32) {
        uint64_t words[4];
        __builtin_memcpy(words, at + i, 32);
        if ((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080u) break;
    }
    for (; len - i >= 8; i += 8) {
        uint64_t word;
        __builtin_memcpy(&word, at + i, 8);
        if (word & 0x8080808080808080u) break;
    }
    while (i < len && at[i] < 0x80) i++;
    return i;
}

/* Length of the well-formed sequence at `at`, or 0 (RFC 3629, section 4). */
static size_t utf8_sequence(const uint8_t *at, size_t len) {
    uint8_t lead = at[0];
    if (lead < 0x80) return 1;
    size_t need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || len < need) return 0;
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high) return 0;
    for (size_t i = 2; i < need; i++)
        if ((at[i] & 0xc0) != 0x80) return 0;
    return need;
}

bool utf8_valid(const uint8_t *at, size_t len) {
    for (size_t i = 0; i < len;) {
        i += utf8_ascii(at + i, len - i);
        if (i == len) break;
        size_t step = utf8_sequence(at + i, len - i);
        if (step == 0) return false;
        i += step;
    }
    return true;
}

/* How many of the bytes of a word, each 0 or 1, are 1. */
static inline uint32_t utf8_count(uint64_t ones) {
    return (uint32_t)(ones * 0x0101010101010101u >> 56);
}

text_len utf8_measure(const uint8_t *at, size_t len) {
    const uint64_t low = 0x0101010101010101u;
    size_t i = utf8_ascii(at, len);
    uint32_t points = (uint32_t)len, pairs = 0; /* all bytes, without those that go on: 10...... */
    for (; len - i >= 8; i += 8) {
        uint64_t word;
        __builtin_memcpy(&word, at + i, 8);
        points -= utf8_count(word >> 7 & ~(word >> 6) & low);
        pairs += utf8_count(word >> 7 & word >> 6 & word >> 5 & word >> 4 & low);
    }
    for (; i < len; i++) {
        points -= (at[i] & 0xc0) == 0x80;
        pairs += at[i] >= 0xf0;
    }
    return (text_len){{(uint32_t)len, points, points + pairs}};
}

bool utf8_check(const uint8_t *at, size_t len, text_len *out) {
    uint32_t ascii = (uint32_t)utf8_ascii(at, len);
    *out = (text_len){{ascii, ascii, ascii}};
    if (ascii == len) return true;
    if (!utf8_valid(at + ascii, len - ascii)) return false;
    *out = utf8_measure(at, len);
    return true;
}

size_t utf8_seek(const uint8_t *at, size_t len, size_t pos, lk_unit unit, text_len *out) {
    size_t bytes = utf8_ascii(at, pos < len ? pos : len), points = bytes, units = bytes;
    while (bytes < len) {
        uint8_t lead = at[bytes];
        size_t step = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
        size_t next[3] = {bytes + step, points + 1, units + (step == 4 ? 2 : 1)};
        if (next[unit] > pos) break;
        bytes = next[LK_UTF8], points = next[LK_CODEPOINT], units = next[LK_UTF16];
    }
    *out = (text_len){{(uint32_t)bytes, (uint32_t)points, (uint32_t)units}};
    return bytes == len && out->unit[unit] < pos ? SIZE_MAX : bytes;
}

size_t utf8_offset(const uint8_t *at, size_t len, size_t points, size_t pos) {
    text_len before;
    if (len == points) return pos;
    if (pos <= points / 2) return utf8_seek(at, len, pos, LK_CODEPOINT, &before);
    for (size_t left = points - pos; left > 0; left--) {
        len--;
        while ((at[len] & 0xc0) == 0x80) len--;
    }
    return len;
}

uint32_t utf8_next(const uint8_t **at) {
    const uint8_t *p = *at;
    uint32_t lead = p[0];
    size_t more = lead < 0x80 ? 0 : lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    uint32_t point = more == 0 ? lead : lead & (0x3fu >> more);
    for (size_t i = 1; i <= more; i++) point = point << 6 | (p[i] & 0x3f);
    *at = p + more + 1;
    return point;
}
