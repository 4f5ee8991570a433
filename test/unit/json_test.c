/* SPDX-License-Identifier: MIT
 * json_test.c - strings and numbers against what JSON.stringify() printed, and round trips. */
#include "check.h"

#include "base/json.h"

static const struct {
    uint64_t bits;
    const char *text;
} numbers[] = {
    {0x3fb999999999999au, "0.1"},
    {0x3fd3333333333334u, "0.30000000000000004"},
    {0x3ff8000000000000u, "1.5"},
    {0xc002000000000000u, "-2.25"},
    {0x444b1ae4d6e2ef50u, "1e+21"},
    {0x4415af1d78b58c40u, "100000000000000000000"},
    {0x441ac53a7e04bcdau, "123456789012345680000"},
    {0x3eb0c6f7a0b5ed8du, "0.000001"},
    {0x3e7ad7f29abcaf48u, "1e-7"},
    {0x3e8421f5f40d8376u, "1.5e-7"},
    {0x0000000000000001u, "5e-324"},
    {0x7fefffffffffffffu, "1.7976931348623157e+308"},
    {0x0010000000000000u, "2.2250738585072014e-308"},
    {0x000fffffffffffffu, "2.225073858507201e-308"},
    {0x4340000000000000u, "9007199254740992"},
    {0x4330000000000000u, "4503599627370496"},
    {0x3fd5555555555555u, "0.3333333333333333"},
    {0x3fe5555555555555u, "0.6666666666666666"},
    {0x4059000000000000u, "100"},
    {0x44b52d02c7e14af6u, "1e+23"},
    {0x3eb0000000000000u, "9.5367431640625e-7"},
    {0x8000000000000000u, "0"},
    {0x3eb4b3fd5942cd96u, "0.000001234"},
    {0x4011666666666666u, "4.35"},
    {0x0000000000000003u, "1.5e-323"},
    {0x4450000000000000u, "1.1805916207174113e+21"},
    {0x3e10000000000000u, "9.313225746154785e-10"},
    {0x447c7e83209e90b2u, "8.41e+21"},
    {0x3ea0c6f7a0b5ed8du, "5e-7"},
    {0x462f29c4eeb155e5u, "1.2345e+30"},
    {0x7ff0000000000000u, "null"},
    {0xfff0000000000000u, "null"},
    {0x7ff8000000000000u, "null"},
};

static double double_of(uint64_t bits) {
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static void print_f64(lk_buf *out, double v) {
    out->len = 0;
    writer w = writer_new(out);
    json_f64(&w, v);
    writer_u8(&w, 0);
    CHECK(!w.failed);
}

static int digits_of(const char *text) {
    int zeroes = 0, count = 0;
    for (; *text != 0 && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (count == 0 && *text == '0')) continue;
        zeroes = *text == '0' ? zeroes + 1 : 0;
        count++;
    }
    return count - zeroes;
}

/* The printed digits read back as the same double, and fewer would not do. */
static void check_shortest(lk_buf *out, double v) {
    print_f64(out, v);
    const char *text = (const char *)out->at;
    CHECK(strtod(text, NULL) == v);
    for (int digits = 1; digits < digits_of(text); digits++) {
        char fewer[40];
        snprintf(fewer, sizeof fewer, "%.*e", digits - 1, v);
        CHECK(strtod(fewer, NULL) != v);
    }
}

static void doubles(void) {
    lk_buf out = {0};
    for (size_t i = 0; i < countof(numbers); i++) {
        print_f64(&out, double_of(numbers[i].bits));
        CHECK_BYTES(out.at, out.len - 1, numbers[i].text, strlen(numbers[i].text));
    }
    rng r = {1};
    for (int i = 0; i < 5000; i++) {
        uint64_t bits = rng_u64(&r);
        if ((bits >> 52 & 0x7ff) == 0x7ff) continue;
        check_shortest(&out, double_of(bits));
        check_shortest(&out, (double)rng_below(&r, 1000000) / 1000);
    }
    for (int exponent = 0; exponent < 0x7ff; exponent++) /* all powers of two, and neighbours */
        for (int step = -1; step <= 1; step++) {
            uint64_t bits = ((uint64_t)exponent << 52) + (uint64_t)(int64_t)step;
            if (bits < UINT64_MAX) check_shortest(&out, double_of(bits));
        }
    lk_buf_free(&out);
}

static void integers(void) {
    const int64_t v[] = {0, 7, -1, 10, 1234567890123, INT64_MAX, INT64_MIN};
    lk_buf out = {0};
    for (size_t i = 0; i < countof(v); i++) {
        char want[32];
        snprintf(want, sizeof want, "%" PRId64, v[i]);
        out.len = 0;
        writer w = writer_new(&out);
        json_i64(&w, v[i]);
        CHECK_BYTES(out.at, out.len, want, strlen(want));
    }
    lk_buf_free(&out);
}

static void strings(void) {
    const char text[] = "a\"\\/\b\t\n\f\r\x01\x1f\x7f \u00e9\u2028\U0001f99c";
    const char want[] = "\"a\\\"\\\\/\\b\\t\\n\\f\\r\\u0001\\u001f\x7f \u00e9\u2028\U0001f99c\"";
    lk_buf out = {0};
    writer w = writer_new(&out);
    json_quote(&w, (lk_str){text, sizeof text - 1});
    CHECK_BYTES(out.at, out.len, want, sizeof want - 1);
    lk_buf_free(&out);
}

int main(void) {
    strings();
    integers();
    doubles();
    printf("json: strings, integers, %zu published and 16000 other doubles\n", countof(numbers));
    return 0;
}
