/* SPDX-License-Identifier: MIT
 * json.c - strings and numbers as JavaScript prints them.
 *
 * A double is printed by Steele and White's free-format algorithm on big integers: with
 * v = value / unit exactly, digits are taken off the top until what is left is smaller than half
 * the way to a neighbouring double. Slow beside table-driven methods (about a microsecond), but
 * short, exact, and in need of no tables. They are read by long division of the same integers. */
#include "base/json.h"

/* ---- strings ---- */

static void json_escape(writer *w, uint8_t c) {
    static const char shorts[] = "\"\"\\\\\bb\tt\nn\ff\rr";
    for (const char *s = shorts; *s != 0; s += 2) {
        if ((uint8_t)*s != c) continue;
        writer_u8(w, '\\');
        writer_u8(w, (uint8_t)s[1]);
        return;
    }
    static const char hex[] = "0123456789abcdef";
    writer_raw(w, "\\u00", 4);
    writer_u8(w, (uint8_t)hex[c >> 4]);
    writer_u8(w, (uint8_t)hex[c & 15]);
}

/* Which bytes of a word are to be escaped? Those below have their top bit set, at least the first
 * of them; nothing but zero, where none is. */
static uint64_t json_escapes(uint64_t word) {
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    uint64_t quote = word ^ ones * '"', slash = word ^ ones * '\\';
    uint64_t below = (word - ones * 0x20) & ~word;
    return (below | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & tops;
}

/* Where the next byte stands that is to be escaped. */
static size_t json_plain(const char *at, size_t len) {
    size_t i = 0;
    uint64_t word;
    for (; len - i >= sizeof word; i += sizeof word) {
        __builtin_memcpy(&word, at + i, sizeof word);
        if (json_escapes(word) != 0) break;
    }
    while (i < len && (uint8_t)at[i] >= 0x20 && at[i] != '"' && at[i] != '\\') i++;
    return i;
}

void json_quote(writer *w, lk_str s) {
    writer_u8(w, '"');
    json_quote_part(w, s);
    writer_u8(w, '"');
}

void json_quote_part(writer *w, lk_str s) {
    for (;;) {
        size_t plain = json_plain(s.at, s.len);
        writer_raw(w, s.at, plain);
        if (plain == s.len) return;
        json_escape(w, (uint8_t)s.at[plain]);
        s = (lk_str){s.at + plain + 1, s.len - plain - 1};
    }
}

/* ---- integers ---- */

void json_u64(writer *w, uint64_t v) {
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    writer_raw(w, digits + at, sizeof digits - at);
}

void json_i64(writer *w, int64_t v) {
    if (v < 0) writer_u8(w, '-');
    json_u64(w, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/* ---- doubles ---- */

/* The largest number met is below 2^1140: the smallest double's denominator 2^1076 times ten. */
#define BIG_WORDS 36

typedef struct big { /* least significant word first; words from `len` on are not kept */
    uint32_t word[BIG_WORDS];
    uint32_t len;
} big;

static void big_push(big *b, uint32_t word) {
    LK_ASSERT(b->len < BIG_WORDS);
    b->word[b->len++] = word;
}

static big big_of(uint64_t v) {
    big b = {.len = 0};
    for (; v != 0; v >>= 32) big_push(&b, (uint32_t)v);
    return b;
}

static void big_mul(big *b, uint32_t factor) {
    uint64_t carry = 0;
    for (uint32_t i = 0; i < b->len; i++) {
        carry += (uint64_t)b->word[i] * factor;
        b->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0) big_push(b, (uint32_t)carry);
}

static void big_shift(big *b, uint32_t bits) {
    for (; bits >= 31; bits -= 31) big_mul(b, 1u << 31);
    big_mul(b, 1u << bits);
}

static int big_compare(const big *a, const big *b) {
    if (a->len != b->len) return a->len < b->len ? -1 : 1;
    for (uint32_t i = a->len; i-- > 0;)
        if (a->word[i] != b->word[i]) return a->word[i] < b->word[i] ? -1 : 1;
    return 0;
}

static big big_sum(const big *a, const big *b) {
    big sum = {.len = 0};
    uint64_t carry = 0;
    for (uint32_t i = 0; i < a->len || i < b->len; i++) {
        carry += (i < a->len ? a->word[i] : 0u);
        carry += (i < b->len ? b->word[i] : 0u);
        big_push(&sum, (uint32_t)carry);
        carry >>= 32;
    }
    if (carry != 0) big_push(&sum, (uint32_t)carry);
    return sum;
}

/* a -= b, for a >= b. */
static void big_sub(big *a, const big *b) {
    uint64_t borrow = 0;
    for (uint32_t i = 0; i < a->len; i++) {
        uint64_t take = borrow + (i < b->len ? b->word[i] : 0u);
        borrow = a->word[i] < take;
        a->word[i] = (uint32_t)(a->word[i] - take);
    }
    while (a->len > 0 && a->word[a->len - 1] == 0) a->len--;
}

typedef struct json_decimal { /* 0.d1 d2 d3 ... times ten to the `point` */
    char digit[17];           /* no double needs more */
    int len, point;
} json_decimal;

typedef struct json_ratio { /* what is left to print, and half the distances to the neighbours */
    big value, below, above, unit;
    bool even; /* the bounds themselves still read back as the number */
} json_ratio;

/* value + above reaches the unit? */
static bool json_reaches(const json_ratio *q) {
    big top = big_sum(&q->value, &q->above);
    int order = big_compare(&top, &q->unit);
    return q->even ? order >= 0 : order > 0;
}

static void json_tenfold(json_ratio *q) {
    big_mul(&q->value, 10);
    big_mul(&q->below, 10);
    big_mul(&q->above, 10);
}

/* Bits of a positive finite double as the four integers, all over twice the unit so that half a
 * distance is whole. */
static json_ratio json_ratio_of(uint64_t bits) {
    uint64_t fraction = bits & 0xfffffffffffffu;
    int raised = (int)(bits >> 52);
    uint64_t mantissa = raised == 0 ? fraction : fraction | 1ull << 52;
    int exponent = (raised == 0 ? 1 : raised) - 1075;
    /* under a power of two, doubles lie twice as close */
    bool near_below = fraction == 0 && raised > 1;
    uint32_t up = exponent > 0 ? (uint32_t)exponent : 0,
             down = exponent < 0 ? (uint32_t)-exponent : 0;
    json_ratio q = {big_of(mantissa), big_of(1), big_of(1), big_of(1), (mantissa & 1) == 0};
    big_shift(&q.value, up + 1 + near_below);
    big_shift(&q.below, up);
    big_shift(&q.above, up + near_below);
    big_shift(&q.unit, down + 1 + near_below);
    return q;
}

static json_decimal json_shortest(uint64_t bits) {
    json_ratio q = json_ratio_of(bits);
    json_decimal d = {.len = 0, .point = 0};
    while (json_reaches(&q)) {
        big_mul(&q.unit, 10);
        d.point++;
    }
    for (;;) {
        json_ratio tenfold = q;
        json_tenfold(&tenfold);
        if (json_reaches(&tenfold)) break;
        q = tenfold;
        d.point--;
    }
    for (bool low = false, high = false; !low && !high;) {
        json_tenfold(&q);
        int digit = 0;
        for (; big_compare(&q.value, &q.unit) >= 0; digit++) big_sub(&q.value, &q.unit);
        int order = big_compare(&q.value, &q.below);
        low = q.even ? order <= 0 : order < 0;
        high = json_reaches(&q);
        if (high) {
            big twice = q.value;
            big_mul(&twice, 2);
            digit += !low || big_compare(&twice, &q.unit) >= 0;
        }
        LK_ASSERT(d.len < (int)sizeof d.digit && digit <= 9);
        d.digit[d.len++] = (char)('0' + digit);
    }
    return d;
}

static void json_zeroes(writer *w, int count) {
    for (; count > 0; count--) writer_u8(w, '0');
}

/* ECMA-262, Number::toString, steps 6 to 12; n there is `point` here, and k is `len`. */
static void json_layout(writer *w, const json_decimal *d) {
    if (d->point > 21 || d->point < -5) {
        writer_u8(w, (uint8_t)d->digit[0]);
        if (d->len > 1) writer_u8(w, '.');
        writer_raw(w, d->digit + 1, (size_t)d->len - 1);
        writer_raw(w, d->point > 0 ? "e+" : "e", d->point > 0 ? 2 : 1);
        json_i64(w, d->point - 1);
    } else if (d->point >= d->len) {
        writer_raw(w, d->digit, (size_t)d->len);
        json_zeroes(w, d->point - d->len);
    } else if (d->point > 0) {
        writer_raw(w, d->digit, (size_t)d->point);
        writer_u8(w, '.');
        writer_raw(w, d->digit + d->point, (size_t)(d->len - d->point));
    } else {
        writer_raw(w, "0.", 2);
        json_zeroes(w, -d->point);
        writer_raw(w, d->digit, (size_t)d->len);
    }
}

void json_f64(writer *w, double v) {
    uint64_t bits;
    __builtin_memcpy(&bits, &v, sizeof bits);
    bool negative = bits >> 63;
    bits &= ~(uint64_t)0 >> 1;
    if (bits >> 52 == 0x7ff) {
        writer_raw(w, "null", 4);
    } else if (bits == 0) {
        writer_u8(w, '0'); /* minus zero too, as JavaScript has it */
    } else {
        json_decimal d = json_shortest(bits);
        if (negative) writer_u8(w, '-');
        json_layout(w, &d);
    }
}

/* ---- decimal to double ---- */

/* Beyond these powers of ten, times 2^64, all is infinite or rounds to zero. */
#define DECIMAL_MAX 310
#define DECIMAL_MIN (-343)

static uint32_t big_bits(const big *b) {
    return b->len * 32 - (uint32_t)__builtin_clz(b->word[b->len - 1]);
}

/* quotient / 2^63 * 2^exponent as the bits of the nearest double, to even if two are as near. The
 * quotient has 63 or 64 bits; `more`: it was cut off. */
static uint64_t json_round(uint64_t quotient, bool more, int exponent) {
    if (quotient >> 63 == 0) {
        quotient <<= 1;
        exponent--;
    }
    if (exponent > 1023) return 0x7ffull << 52;
    /* 53 bits are kept, fewer of a number below 2^-1022, whose exponent is stored as 0 */
    int drop = exponent < -1022 ? 11 + (-1022 - exponent) : 11;
    if (drop > 64) return 0;
    uint64_t kept = drop == 64 ? 0 : quotient >> drop, half = 1ull << (drop - 1);
    uint64_t rest = drop == 64 ? quotient : quotient & ((1ull << drop) - 1);
    bool up = rest > half || (rest == half && (more || (kept & 1) != 0));
    uint64_t raised = exponent < -1022 ? 0 : (uint64_t)(exponent + 1022);
    return (raised << 52) + kept + up; /* a carry goes into the exponent, where it belongs */
}

double json_double(uint64_t digits, int exponent, bool more) {
    uint64_t bits = 0;
    if (digits != 0 && exponent > DECIMAL_MAX) bits = 0x7ffull << 52;
    if (digits != 0 && exponent >= DECIMAL_MIN && exponent <= DECIMAL_MAX) {
        big value = big_of(digits), unit = big_of(1);
        for (int i = 0; i < exponent; i++) big_mul(&value, 10);
        for (int i = 0; i > exponent; i--) big_mul(&unit, 10);
        int shift = (int)big_bits(&value) - (int)big_bits(&unit);
        if (shift > 0) big_shift(&unit, (uint32_t)shift);
        if (shift < 0) big_shift(&value, (uint32_t)-shift);
        uint64_t quotient = 0;
        for (int i = 0; i < 64; i++) {
            bool reaches = big_compare(&value, &unit) >= 0;
            if (reaches) big_sub(&value, &unit);
            quotient = quotient << 1 | reaches;
            big_mul(&value, 2);
        }
        bits = json_round(quotient, more || value.len > 0, shift);
    }
    double v;
    __builtin_memcpy(&v, &bits, sizeof v);
    return v;
}
