/* SPDX-License-Identifier: MIT
 * columnar_test.c - columns that Loro wrote, and random ones there and back. */
#include "codec/columnar.h"

#include "check.h"

typedef enum strategy { UINT, BYTE, DELTA, BOOL, DELTA_OF_DELTA, STRATEGIES } strategy;

static void write_rows(strategy kind, const int64_t *rows, size_t len, lk_buf *out) {
    static void (*const writers[])(writer *, const int64_t *, size_t) = {
        columnar_write_uint, columnar_write_byte, columnar_write_delta, columnar_write_bool,
        columnar_write_delta_of_delta};
    writer w = writer_new(out);
    writers[kind](&w, rows, len);
    CHECK(!w.failed);
}

static int64_t read_row(strategy kind, column *c) {
    if (kind == UINT) return column_uint(c, UINT32_MAX);
    if (kind == BYTE) return column_byte(c);
    if (kind == BOOL) return column_bool(c);
    return column_delta(c, INT32_MIN, INT32_MAX);
}

static void read_rows(strategy kind, reader *r, int64_t *rows, size_t len) {
    if (kind == DELTA_OF_DELTA) {
        column_delta_of_delta(r, rows, len);
        return;
    }
    column c = column_new(r);
    for (size_t i = 0; i < len; i++) rows[i] = read_row(kind, &c);
    column_finish(&c);
}

static void check_column(strategy kind, const int64_t *rows, size_t len, const void *want,
                         size_t want_len) {
    lk_buf out = {0};
    int64_t back[64] = {0};
    CHECK(len <= 64);
    write_rows(kind, rows, len, &out);
    CHECK_BYTES(out.at, out.len, want, want_len);
    reader r = reader_new((lk_bytes){want, want_len});
    read_rows(kind, &r, back, len);
    reader_finish(&r, "rest");
    CHECK(reader_ok(&r));
    CHECK_BYTES(back, len * sizeof *back, rows, len * sizeof *rows);
    lk_buf_free(&out);
}
#define COLUMN(kind, want, ...)                                                                    \
    check_column(kind, (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / 8, \
                 want, sizeof want - 1)

/* From blocks of loro-crdt 1.17.1. */
static void test_known(void) {
    COLUMN(UINT, "\x01\x05", 5);
    COLUMN(UINT, "\x0a\x01", 1, 1, 1, 1, 1);
    COLUMN(UINT, "\x03\x01\x00\x0e\x01", 1, 0, 1, 1, 1, 1, 1, 1, 1);
    COLUMN(BYTE, "\x03\x05\x0c\x04\x00", 5, 12, 0, 0);
    COLUMN(DELTA, "\x08\x00\x03\x07\x06", 0, 0, 0, 0, -4, -1);
    COLUMN(BOOL, "\x01\x05", 0, 1, 1, 1, 1, 1);
    COLUMN(BOOL, "\x00\x01", 1);
    COLUMN(DELTA_OF_DELTA, "\x01\x00\x00", 0);
    COLUMN(DELTA_OF_DELTA, "\x01\x0c\x00", 6);
    COLUMN(DELTA_OF_DELTA, "\x01\x00\x08\x00", 0, 0, 0, 0, 0, 0, 0, 0, 0);
    COLUMN(DELTA_OF_DELTA, "\x01\x00\x04\xa2\x4e\xc0", 0, 5, 6, 7, 8);
    lk_buf out = {0};
    write_rows(DELTA_OF_DELTA, NULL, 0, &out);
    CHECK_BYTES(out.at, out.len, "\x00\x00", 2);
    lk_buf_free(&out);
}

/* Every code of DeltaOfDelta at both ends of its range. */
static void test_edges(void) {
    static const int64_t edges[] = {0,
                                    1,
                                    -1,
                                    64,
                                    65,
                                    -63,
                                    -64,
                                    256,
                                    257,
                                    -255,
                                    -256,
                                    2048,
                                    2049,
                                    -2047,
                                    -2048,
                                    1 << 20,
                                    (1 << 20) + 1,
                                    -((1 << 20) - 1),
                                    -(1 << 20),
                                    INT64_MAX,
                                    INT64_MIN};
    for (size_t i = 0; i < countof(edges); i++) {
        int64_t rows[4] = {7, (int64_t)(7 + (uint64_t)edges[i]), 0, 0}, back[4];
        rows[2] = rows[1];
        lk_buf out = {0};
        write_rows(DELTA_OF_DELTA, rows, 4, &out);
        reader r = reader_new((lk_bytes){out.at, out.len});
        column_delta_of_delta(&r, back, 4);
        CHECK(reader_ok(&r) && reader_left(&r) == 0);
        CHECK_BYTES(back, sizeof back, rows, sizeof rows);
        lk_buf_free(&out);
    }
}

/* The same rows, in parts. */
static void check_deltas(const lk_buf *from, const int64_t *rows, size_t len, rng *random) {
    reader r = reader_new((lk_bytes){from->at, from->len});
    column c = column_new(&r);
    size_t at = 0;
    while (at < len) {
        int32_t part[64];
        size_t want = 1 + rng_below(random, 40), left = len - at;
        size_t got = column_deltas(&c, INT32_MIN, INT32_MAX, part, want);
        CHECK_EQ(got, want < left ? want : left);
        for (size_t i = 0; i < got; i++) CHECK_EQ(part[i], rows[at + i]);
        at += got;
    }
    int32_t none;
    CHECK_EQ(column_deltas(&c, INT32_MIN, INT32_MAX, &none, 1), 0);
    column_finish(&c);
    CHECK(reader_ok(&r) && reader_left(&r) == 0);
}

static void test_random(void) {
    rng random = {11};
    for (int round = 0; round < 20000; round++) {
        strategy kind = (strategy)rng_below(&random, STRATEGIES);
        int64_t rows[64], back[64];
        size_t len = rng_below(&random, 64) + (kind == BOOL);
        uint32_t spread = 1 + rng_below(&random, kind == BOOL ? 2 : 1u << rng_below(&random, 8));
        if (kind == BOOL) spread = 2;
        for (size_t i = 0; i < len; i++) {
            rows[i] = rng_below(&random, spread);
            if (kind >= DELTA && kind != BOOL && i > 0 && rng_below(&random, 2))
                rows[i] += rows[i - 1];
        }
        lk_buf out = {0};
        write_rows(kind, rows, len, &out);
        reader r = reader_new((lk_bytes){out.at, out.len});
        read_rows(kind, &r, back, len);
        CHECK(reader_ok(&r) && reader_left(&r) == 0);
        if (len > 0) CHECK_BYTES(back, len * 8, rows, len * 8);
        if (kind == DELTA) check_deltas(&out, rows, len, &random);
        lk_buf_free(&out);
    }
}

/* Must be refused somewhere within `len` rows. */
static void check_bad(strategy kind, const char *bytes, size_t bytes_len, size_t len) {
    int64_t rows[64];
    reader r = reader_new((lk_bytes){(const uint8_t *)bytes, bytes_len});
    read_rows(kind, &r, rows, len);
    CHECK_EQ(r.fault.code, LK_ECORRUPT);
}

/* Both sides of the range, in a run and spelled out; and runs that no number holds. */
static void check_range(const char *bytes, size_t bytes_len, int32_t max, bool fine) {
    int32_t rows[64];
    reader r = reader_new((lk_bytes){(const uint8_t *)bytes, bytes_len});
    column c = column_new(&r);
    CHECK_EQ(column_deltas(&c, -1, max, rows, 64), fine ? 3 : 0);
    CHECK_EQ(r.fault.code, fine ? LK_OK : LK_ECORRUPT);
}

static void test_ranges(void) {
    check_range("\x06\x04", 2, 6, true);
    check_range("\x06\x04", 2, 5, false);
    check_range("\x06\x01", 2, 5, false);
    check_range("\x05\x01\x02\x08", 4, 4, true);
    check_range("\x05\x01\x02\x08", 4, 3, false);
    check_range("\x05\x03\x02\x08", 4, 4, false);
    check_range("\x05\x01\x02", 3, 4, false);
    check_range("\x06\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, INT32_MAX, false);
    check_range("\x03\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, INT32_MAX, false);
    check_range("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02", 11, 63, false);
}

static void test_bad(void) {
    check_bad(UINT, "\x00\x01", 2, 1);                 /* a run of none */
    check_bad(UINT, "\x04\x01", 2, 1);                 /* a run of two for one row */
    check_bad(UINT, "\x03\x01", 2, 2);                 /* two literals, one there */
    check_bad(UINT, "\x02\xff\xff\xff\xff\x10", 6, 1); /* 2^32 */
    check_bad(BOOL, "\x01\x00", 2, 2);                 /* an empty run that is not first */
    check_bad(BOOL, "\x03", 1, 2);
    check_bad(DELTA, "\x02\x80\x80\x80\x80\x10", 6, 1); /* 2^31 */
    check_bad(DELTA, "\x04\xff\xff\xff\xff\x0f", 6, 2); /* -2^31 twice */
    check_bad(DELTA, "\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, 1);
    check_bad(DELTA_OF_DELTA, "\x00\x00", 2, 1);             /* no row */
    check_bad(DELTA_OF_DELTA, "\x01\x00\x00", 3, 0);         /* a row too many */
    check_bad(DELTA_OF_DELTA, "\x01\x00\x02\x00", 4, 2);     /* two bits for one row */
    check_bad(DELTA_OF_DELTA, "\x01\x00\x08\xff\xff", 5, 2); /* 64 bits that are not there */
    check_bad(DELTA_OF_DELTA, "\x02\x00\x00", 3, 1);         /* neither none nor some */
}

/* An AnyRle run of 2^63 rows costs ten bytes: rows come one at a time, and the reader ends. */
static void test_endless_run(void) {
    reader r =
        reader_new((lk_bytes){(const uint8_t *)"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x05", 11});
    column c = column_new(&r);
    for (int i = 0; i < 1000; i++) CHECK_EQ(column_uint(&c, 9), 5);
    CHECK(column_more(&c));
    column_finish(&c);
    CHECK_EQ(r.fault.code, LK_ECORRUPT);
    CHECK(!column_more(&c));
}

int main(void) {
    test_known();
    test_edges();
    test_random();
    test_ranges();
    test_bad();
    test_endless_run();
    printf("columnar: known bytes, edges, 20000 random columns, damage\n");
    return 0;
}
