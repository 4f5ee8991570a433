/* SPDX-License-Identifier: MIT
 * json_read.c - taking JSON text apart. */
#include "base/json_read.h"

#include "base/hex.h"
#include "base/json.h"

/* ---- tokens ---- */

uint8_t json_read_peek(reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
    return r->at < r->end ? *r->at : 0;
}

static void json_read_fail(reader *r, const char *what) {
    reader_fail(r, LK_ECORRUPT, r->at == r->end ? "text ends too early" : what);
}

/* Take this character, or fail. */
static void json_read_mark(reader *r, uint8_t mark, const char *what) {
    if (json_read_peek(r) == mark)
        r->at++;
    else
        json_read_fail(r, what);
}

static void json_read_word(reader *r, const char *word) {
    size_t len = __builtin_strlen(word);
    if (reader_left(r) >= len && __builtin_memcmp(r->at, word, len) == 0)
        r->at += len;
    else
        json_read_fail(r, "no value");
}

bool json_read_null(reader *r) {
    if (json_read_peek(r) != 'n') return false;
    json_read_word(r, "null");
    return true;
}

void json_read_end(reader *r) {
    json_read_peek(r);
    reader_finish(r, "text goes on behind its end");
}

/* ---- strings ---- */

static uint32_t json_read_hex(reader *r) {
    uint32_t v = 0;
    for (int i = 0; i < 4; i++) {
        int digit = r->at < r->end ? hex_digit((char)*r->at) : -1;
        if (digit < 0) {
            json_read_fail(r, "escape is not four hexadecimal digits");
            return 0;
        }
        v = v << 4 | (uint32_t)digit;
        r->at++;
    }
    return v;
}

/* What follows \u: one code point, which may take two escapes. */
static uint32_t json_read_code(reader *r) {
    uint32_t code = json_read_hex(r);
    if (code - 0xd800 >= 0x800) return code;
    bool second = code < 0xdc00 && reader_left(r) >= 2 && r->at[0] == '\\' && r->at[1] == 'u';
    if (second) r->at += 2;
    uint32_t low = second ? json_read_hex(r) - 0xdc00 : UINT32_MAX;
    if (low < 0x400) return 0x10000 + ((code - 0xd800) << 10) + low;
    json_read_fail(r, "escape is half a surrogate pair");
    return 0;
}

static uint8_t *json_read_put(uint8_t *to, uint32_t code) {
    unsigned more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t front[] = {0, 0xc0, 0xe0, 0xf0};
    *to++ = (uint8_t)(front[more] | code >> 6 * more);
    while (more-- > 0) *to++ = (uint8_t)(0x80 | (code >> 6 * more & 0x3f));
    return to;
}

/* What follows a backslash, appended at `to`: never longer than the escape. */
static uint8_t *json_read_escape(reader *r, uint8_t *to) {
    static const char shorts[] = "\"\"\\\\//b\bt\tn\nf\fr\r";
    uint8_t c = r->at < r->end ? *r->at : 0;
    for (const char *s = shorts; *s != 0; s += 2) {
        if ((uint8_t)*s != c) continue;
        r->at++;
        return json_read_put(to, (uint8_t)s[1]);
    }
    if (c != 'u') {
        json_read_fail(r, "escape is not known");
        return to;
    }
    r->at++;
    return json_read_put(to, json_read_code(r));
}

/* Find the closing quote; *escapes: are there any? */
static const uint8_t *json_read_span(reader *r, bool *escapes) {
    *escapes = false;
    const uint8_t *at = r->at;
    for (; at < r->end && *at != '"'; at++) {
        if (*at < 0x20) {
            r->at = at;
            json_read_fail(r, "control character in a string");
            return r->at;
        }
        if (*at != '\\') continue;
        *escapes = true;
        if (++at == r->end) break;
    }
    if (at < r->end) return at;
    r->at = r->end;
    json_read_fail(r, NULL);
    return r->at;
}

lk_str json_read_string(reader *r, arena *scratch) {
    bool escapes;
    json_read_mark(r, '"', "no string");
    const uint8_t *start = r->at, *end = json_read_span(r, &escapes);
    if (!reader_ok(r)) return (lk_str){"", 0};
    if (!escapes) {
        r->at = end + 1;
        return (lk_str){(const char *)start, (size_t)(end - start)};
    }
    uint8_t *text = arena_bytes(scratch, (size_t)(end - start)), *to = text;
    if (text == NULL) {
        reader_fail(r, LK_ENOMEM, "out of memory");
        return (lk_str){"", 0};
    }
    while (reader_ok(r) && r->at < end) {
        if (*r->at != '\\') {
            *to++ = *r->at++;
            continue;
        }
        r->at++;
        to = json_read_escape(r, to);
    }
    if (reader_ok(r)) r->at = end + 1;
    return (lk_str){(const char *)text, reader_ok(r) ? (size_t)(to - text) : 0};
}

/* ---- numbers ---- */

#define JSON_EXPONENT 100000

typedef struct json_decimal_text { /* (-)digits times ten to the exponent */
    uint64_t digits;
    int exponent;
    bool negative, whole, more; /* more: digits were left out */
} json_decimal_text;

static bool json_read_is_digit(const reader *r) {
    return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

/* Nineteen digits are kept, and whether others follow that are not 0. Returns how many there were.
 */
static size_t json_read_digits(reader *r, json_decimal_text *d, bool fraction) {
    const uint8_t *start = r->at;
    for (; json_read_is_digit(r); r->at++) {
        unsigned digit = (unsigned)(*r->at - '0');
        bool fits = d->digits < 1000000000000000000u;
        if (fits) d->digits = d->digits * 10 + digit;
        if (!fits && digit != 0) d->more = true;
        if (fits == fraction && d->exponent > -JSON_EXPONENT && d->exponent < JSON_EXPONENT)
            d->exponent += fraction ? -1 : 1;
    }
    return (size_t)(r->at - start);
}

static void json_read_exponent(reader *r, json_decimal_text *d) {
    bool negative = r->at < r->end && *r->at == '-';
    if (negative || (r->at < r->end && *r->at == '+')) r->at++;
    const uint8_t *start = r->at;
    int exponent = 0;
    for (; json_read_is_digit(r); r->at++)
        if (exponent < 2 * JSON_EXPONENT) exponent = exponent * 10 + (*r->at - '0');
    if (r->at == start) json_read_fail(r, "number has no digits");
    d->exponent += negative ? -exponent : exponent;
}

static json_decimal_text json_read_decimal(reader *r) {
    json_decimal_text d = {.negative = json_read_peek(r) == '-', .whole = true};
    if (d.negative) r->at++;
    bool zero = r->at < r->end && *r->at == '0';
    size_t len = json_read_digits(r, &d, false);
    if (len == 0 || (zero && len > 1)) json_read_fail(r, "no number");
    if (r->at < r->end && *r->at == '.') {
        d.whole = false;
        r->at++;
        if (json_read_digits(r, &d, true) == 0) json_read_fail(r, "number has no digits");
    }
    if (r->at < r->end && (*r->at | 0x20) == 'e') {
        d.whole = false;
        r->at++;
        json_read_exponent(r, &d);
    }
    return d;
}

void json_read_number(reader *r, lk_value *out) {
    json_decimal_text d = json_read_decimal(r);
    bool whole = d.whole && d.exponent == 0 && d.digits <= (uint64_t)INT64_MAX + d.negative;
    if (whole) {
        int64_t v = (int64_t)(d.negative ? 0 - d.digits : d.digits);
        *out = (lk_value){.type = LK_I64, .as.i64 = v};
        return;
    }
    double v = json_double(d.digits, d.exponent, d.more);
    *out = (lk_value){.type = LK_F64, .as.f64 = d.negative ? -v : v};
    if (v > 0x1.fffffffffffffp1023) json_read_fail(r, "number is too large");
}

int64_t json_read_int(reader *r, int64_t min, int64_t max) {
    lk_value v = {.type = LK_F64};
    const uint8_t *start = r->at;
    json_read_number(r, &v);
    if (reader_ok(r) && v.type == LK_I64 && v.as.i64 >= min && v.as.i64 <= max) return v.as.i64;
    if (reader_ok(r)) r->at = start;
    json_read_fail(r, "number is out of range");
    return min;
}

/* ---- arrays and objects ---- */

/* Take the opening bracket or a comma; false behind the closing one. */
static bool json_read_next(reader *r, bool *first, uint8_t open, uint8_t close) {
    bool begins = *first;
    *first = false;
    if (begins) json_read_mark(r, open, open == '[' ? "no array" : "no object");
    if (json_read_peek(r) == close) {
        r->at++;
        return false;
    }
    if (!begins) json_read_mark(r, ',', "neither a comma nor the end");
    return reader_ok(r);
}

bool json_read_item(reader *r, bool *first) { return json_read_next(r, first, '[', ']'); }

bool json_read_key(reader *r, arena *scratch, bool *first, lk_str *key) {
    if (!json_read_next(r, first, '{', '}')) return false;
    *key = json_read_string(r, scratch);
    json_read_mark(r, ':', "no colon behind a key");
    return reader_ok(r);
}

/* A string that nobody wants. */
static void json_read_pass(reader *r) {
    bool escapes;
    json_read_mark(r, '"', "no string");
    const uint8_t *end = json_read_span(r, &escapes);
    if (reader_ok(r)) r->at = end + 1;
}

static void json_read_skip_at(reader *r, unsigned depth) {
    if (depth == JSON_DEPTH) reader_fail(r, LK_ELIMIT, "text is nested too deep");
    bool first = true;
    switch (json_read_peek(r)) {
    case '"': json_read_pass(r); return;
    case 't': json_read_word(r, "true"); return;
    case 'f': json_read_word(r, "false"); return;
    case 'n': json_read_word(r, "null"); return;
    case '[':
        while (json_read_item(r, &first)) json_read_skip_at(r, depth + 1);
        return;
    case '{':
        while (json_read_next(r, &first, '{', '}')) {
            json_read_pass(r);
            json_read_mark(r, ':', "no colon behind a key");
            json_read_skip_at(r, depth + 1);
        }
        return;
    default: json_read_decimal(r); return;
    }
}

void json_read_skip(reader *r) { json_read_skip_at(r, 0); }

static bool json_read_same(const uint8_t *at, const uint8_t *end, const char *name) {
    size_t len = __builtin_strlen(name);
    return (size_t)(end - at) == len && __builtin_memcmp(at, name, len) == 0;
}

void json_read_members(reader *r, const char *const *names, size_t len, const uint8_t **at) {
    for (size_t i = 0; i < len; i++) at[i] = NULL;
    bool first = true;
    while (json_read_next(r, &first, '{', '}')) {
        json_read_peek(r); /* past the white space in front of it */
        const uint8_t *key = r->at + 1;
        json_read_pass(r);
        const uint8_t *key_end = r->at - 1;
        json_read_mark(r, ':', "no colon behind a key");
        if (!reader_ok(r)) return;
        for (size_t i = 0; i < len; i++) {
            if (!json_read_same(key, key_end, names[i])) continue;
            if (at[i] != NULL) json_read_fail(r, "member comes twice");
            at[i] = r->at;
        }
        json_read_skip(r);
    }
}
