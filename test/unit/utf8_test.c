/* SPDX-License-Identifier: MIT
 * utf8_test.c - validity of every sequence of up to three bytes and the edges of four, against the
 * table of RFC 3629; counting and seeking against a decoder that goes one by one. */
#include "base/utf8.h"

#include "check.h"

/* Length of the well-formed sequence `at` begins with, by decoding and asking what the shortest
 * form would be; 0: ill-formed. */
static size_t twin_sequence(const uint8_t *at, size_t len, uint32_t *point) {
    size_t need = at[0] < 0x80             ? 1
                  : (at[0] & 0xe0) == 0xc0 ? 2
                  : (at[0] & 0xf0) == 0xe0 ? 3
                  : (at[0] & 0xf8) == 0xf0 ? 4
                                           : 0;
    if (need == 0 || need > len) return 0;
    uint32_t v = need == 1 ? at[0] : at[0] & (0x7fu >> need);
    for (size_t i = 1; i < need; i++) {
        if ((at[i] & 0xc0) != 0x80) return 0;
        v = v << 6 | (at[i] & 0x3f);
    }
    size_t shortest = v < 0x80 ? 1 : v < 0x800 ? 2 : v < 0x10000 ? 3 : 4;
    *point = v;
    return shortest != need || v > 0x10ffff || (v >= 0xd800 && v < 0xe000) ? 0 : need;
}

static bool twin_valid(const uint8_t *at, size_t len) {
    uint32_t point;
    for (size_t i = 0, step; i < len; i += step)
        if ((step = twin_sequence(at + i, len - i, &point)) == 0) return false;
    return true;
}

/* Exactly sized blocks, so that a sanitizer sees one byte too far. */
static void test_valid_one(const uint8_t *bytes, size_t len) {
    uint8_t *exact = malloc(len > 0 ? len : 1);
    memcpy(exact, bytes, len);
    CHECK_EQ(utf8_valid(exact, len), twin_valid(bytes, len));
    text_len checked;
    CHECK_EQ(utf8_check(exact, len, &checked), twin_valid(bytes, len));
    if (twin_valid(bytes, len)) {
        text_len measured = utf8_measure(exact, len);
        CHECK(memcmp(&checked, &measured, sizeof checked) == 0);
    }
    free(exact);
}

static void test_valid(void) {
    static const uint8_t edges[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                    0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
                                    0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xff};
    enum { EDGES = sizeof edges };
    for (uint32_t v = 0; v < 1u << 16; v++) {
        uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};
        test_valid_one(b, 1);
        test_valid_one(b, 2);
    }
    for (uint32_t v = 0; v < 256u * 256 * EDGES; v++) {
        uint8_t b[3] = {(uint8_t)(v >> 8), (uint8_t)v, edges[v >> 16]};
        if (b[0] >= 0xe0) test_valid_one(b, 3);
    }
    for (uint32_t v = 0; v < (uint32_t)EDGES * EDGES * EDGES * EDGES; v++) {
        uint8_t b[4] = {edges[v % EDGES], edges[v / EDGES % EDGES],
                        edges[v / EDGES / EDGES % EDGES], edges[v / EDGES / EDGES / EDGES]};
        if (b[0] >= 0xe0) test_valid_one(b, 4);
    }
    /* A bad byte at each place of a long run, which goes eight bytes at a time. */
    uint8_t run[40];
    for (size_t bad = 0; bad < sizeof run; bad++) {
        memset(run, 'x', sizeof run);
        run[bad] = 0xc3;
        test_valid_one(run, sizeof run);
        if (bad + 1 < sizeof run) run[bad + 1] = 0xa9;
        test_valid_one(run, sizeof run);
        test_valid_one(run, bad + 1);
    }
}

static size_t test_encode(uint32_t v, uint8_t *out) {
    size_t len = v < 0x80 ? 1 : v < 0x800 ? 2 : v < 0x10000 ? 3 : 4;
    static const uint8_t lead[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = len; i-- > 1; v >>= 6) out[i] = (uint8_t)(0x80 | (v & 0x3f));
    out[0] = (uint8_t)(lead[len] | v);
    return len;
}

/* Every scalar value goes through utf8_next and measures right. */
static void test_points(void) {
    for (uint32_t v = 0; v <= 0x10ffff; v++) {
        uint8_t b[4];
        const uint8_t *at = b;
        size_t len = test_encode(v, b);
        bool surrogate = v >= 0xd800 && v < 0xe000;
        CHECK_EQ(utf8_valid(b, len), !surrogate);
        if (surrogate) continue;
        CHECK_EQ(utf8_next(&at), v);
        CHECK(at == b + len);
        text_len measured = utf8_measure(b, len);
        CHECK_EQ(measured.unit[LK_UTF8], len);
        CHECK_EQ(measured.unit[LK_CODEPOINT], 1);
        CHECK_EQ(measured.unit[LK_UTF16], v > 0xffff ? 2 : 1);
    }
}

static uint32_t test_random_point(rng *r) {
    static const uint32_t edges[] = {0x7f,   0x80,   0x7ff,   0x800,   0xd7ff,
                                     0xe000, 0xffff, 0x10000, 0x10ffff};
    if (rng_below(r, 4) == 0) return edges[rng_below(r, sizeof edges / sizeof *edges)];
    return rng_below(r, 3) ? 0x20 + rng_below(r, 0x5f) : 0xa0 + rng_below(r, 0x800);
}

/* Every position of every unit of random texts, past the end too. */
static void test_seek(void) {
    rng r = {1};
    for (uint32_t n = 0; n < 2000; n++) {
        uint8_t text[200];
        uint32_t points = rng_below(&r, 50), starts[51][3] = {{0}};
        for (uint32_t i = 0; i < points; i++) {
            uint32_t v = test_random_point(&r);
            size_t len = test_encode(v, text + starts[i][LK_UTF8]);
            starts[i + 1][LK_UTF8] = starts[i][LK_UTF8] + (uint32_t)len;
            starts[i + 1][LK_CODEPOINT] = i + 1;
            starts[i + 1][LK_UTF16] = starts[i][LK_UTF16] + (len == 4 ? 2 : 1);
        }
        uint32_t bytes = starts[points][LK_UTF8];
        text_len all = utf8_measure(text, bytes);
        for (uint32_t i = 0; i <= points; i++)
            CHECK_EQ(utf8_offset(text, bytes, points, i), starts[i][LK_UTF8]);
        for (unsigned u = 0; u < 3; u++) {
            CHECK_EQ(all.unit[u], starts[points][u]);
            for (uint32_t pos = 0, i = 0; pos <= starts[points][u]; pos++) {
                while (i < points && starts[i + 1][u] <= pos) i++;
                text_len at;
                CHECK_EQ(utf8_seek(text, bytes, pos, (lk_unit)u, &at), starts[i][LK_UTF8]);
                for (unsigned v = 0; v < 3; v++) CHECK_EQ(at.unit[v], starts[i][v]);
            }
            text_len at;
            CHECK(utf8_seek(text, bytes, starts[points][u] + 1, (lk_unit)u, &at) == SIZE_MAX);
        }
    }
}

int main(void) {
    test_valid();
    test_points();
    test_seek();
    puts("utf8: validity by the table, every scalar value, positions in every unit");
    return 0;
}
