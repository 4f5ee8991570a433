/* SPDX-License-Identifier: MIT
 * fractional_index.c - strings are made of a part of a bound, one changed digit, and the middle. */
#include "base/fractional_index.h"

#define MIDDLE 0x80u

typedef struct index_maker { /* room for all that can come */
    uint8_t *at;
    size_t len;
} index_maker;

static void fractional_index_add(index_maker *m, lk_bytes digits, size_t len) {
    if (len > 0) __builtin_memcpy(m->at + m->len, digits.at, len);
    m->len += len;
}

static void fractional_index_digit(index_maker *m, unsigned digit) {
    m->at[m->len++] = (uint8_t)digit;
}

static lk_bytes fractional_index_tail(lk_bytes digits, size_t from) {
    return (lk_bytes){digits.at + from, digits.len - from};
}

/* As short a string as goes before `right`. */
static void fractional_index_before(index_maker *m, lk_bytes right) {
    size_t i = 0;
    while (i < right.len && right.at[i] == 0) i++;
    fractional_index_add(m, right, i);
    if (i == right.len) return; /* nothing sorts before zeroes */
    if (right.at[i] <= MIDDLE) fractional_index_digit(m, right.at[i] - 1u);
    fractional_index_digit(m, MIDDLE);
}

/* As short a string as goes after `left`. */
static void fractional_index_after(index_maker *m, lk_bytes left) {
    size_t i = 0;
    while (i < left.len && left.at[i] == 0xff) i++;
    fractional_index_add(m, left, i);
    if (i < left.len && left.at[i] >= MIDDLE) fractional_index_digit(m, left.at[i] + 1u);
    fractional_index_digit(m, MIDDLE);
}

static void fractional_index_part(index_maker *m, lk_bytes left, lk_bytes right) {
    size_t shorter = left.len < right.len ? left.len : right.len, i = 0;
    while (i + 1 < shorter && left.at[i] == right.at[i]) i++;
    unsigned low = left.at[i], high = right.at[i];
    if (i + 1 < shorter && high > low + 1) {
        fractional_index_add(m, left, i);
        fractional_index_digit(m, low + (high - low) / 2);
        fractional_index_digit(m, MIDDLE);
    } else if (i + 1 == shorter && left.len < right.len) {
        fractional_index_add(m, right, i + 1);
        fractional_index_before(m, fractional_index_tail(right, i + 1));
    } else {
        fractional_index_add(m, left, i + 1);
        fractional_index_after(m, fractional_index_tail(left, i + 1));
    }
}

bool fractional_index_between(arena *to, lk_bytes left, lk_bytes right, lk_bytes *out) {
    size_t longest = left.len > right.len ? left.len : right.len;
    index_maker m = {.at = arena_bytes(to, longest + 2)};
    if (m.at == NULL) return false;
    if (left.len > 0 && right.len > 0)
        fractional_index_part(&m, left, right);
    else if (right.len > 0)
        fractional_index_before(&m, right);
    else
        fractional_index_after(&m, left);
    *out = (lk_bytes){m.at, m.len};
    return true;
}

/* The middle one first, then those on either side: as deep as len has bits. */
bool fractional_index_spread(arena *to, lk_bytes left, lk_bytes right, lk_bytes *out, size_t len) {
    if (len == 0) return true;
    size_t middle = len / 2;
    return fractional_index_between(to, left, right, &out[middle]) &&
           fractional_index_spread(to, left, out[middle], out, middle) &&
           fractional_index_spread(to, out[middle], right, out + middle + 1, len - middle - 1);
}

bool fractional_index_jitter(arena *to, lk_bytes *index, unsigned jitter, uint64_t *seed) {
    if (jitter == 0) return true;
    uint8_t *at = arena_bytes(to, index->len + jitter);
    if (at == NULL) return false;
    index_maker m = {.at = at};
    fractional_index_add(&m, *index, index->len);
    for (unsigned i = 0; i < jitter; i++) { /* splitmix64 */
        uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        fractional_index_digit(&m, (unsigned)(z >> 56));
    }
    *index = (lk_bytes){at, m.len};
    return true;
}
