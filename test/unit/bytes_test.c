/* SPDX-License-Identifier: MIT
 * bytes_test.c - what the writer writes the reader reads, at the edges of every kind; damage is
 * found at the byte where it is, once, and everything behind it reads as zero. */
#include "base/bytes.h"

#include "check.h"

static const uint64_t edges[] = {0,
                                 1,
                                 0x3f,
                                 0x40,
                                 0x7f,
                                 0x80,
                                 0xff,
                                 0x100,
                                 0x1fff,
                                 0x2000,
                                 0x3fff,
                                 0x4000,
                                 0xffff,
                                 0x10000,
                                 0x7fffffff,
                                 0x80000000,
                                 0xffffffff,
                                 UINT64_C(1) << 56,
                                 (UINT64_C(1) << 62) - 1,
                                 UINT64_C(1) << 62,
                                 INT64_MAX,
                                 UINT64_C(1) << 63,
                                 UINT64_MAX - 1,
                                 UINT64_MAX};

static reader test_reader(const lk_buf *buf) { return reader_new((lk_bytes){buf->at, buf->len}); }

static void test_fixed(uint64_t v) {
    lk_buf buf = {0};
    writer w = writer_new(&buf);
    writer_u8(&w, (uint8_t)v);
    writer_u16le(&w, (uint16_t)v);
    writer_u16be(&w, (uint16_t)v);
    writer_u32le(&w, (uint32_t)v);
    writer_u32be(&w, (uint32_t)v);
    writer_u64le(&w, v);
    writer_u64be(&w, v);
    CHECK(!w.failed && buf.len == 29);
    for (unsigned i = 0; i < 8; i++) {
        CHECK_EQ(buf.at[13 + i], (uint8_t)(v >> 8 * i));
        CHECK_EQ(buf.at[28 - i], (uint8_t)(v >> 8 * i));
    }
    reader r = test_reader(&buf);
    CHECK_EQ(reader_u8(&r), (uint8_t)v);
    CHECK_EQ(reader_u16le(&r), (uint16_t)v);
    CHECK_EQ(reader_u16be(&r), (uint16_t)v);
    CHECK_EQ(reader_u32le(&r), (uint32_t)v);
    CHECK_EQ(reader_u32be(&r), (uint32_t)v);
    CHECK(reader_u64le(&r) == v && reader_u64be(&r) == v);
    reader_finish(&r, "more");
    CHECK(reader_ok(&r));
    lk_buf_free(&buf);
}

static void test_varying(uint64_t v) {
    lk_buf buf = {0};
    writer w = writer_new(&buf);
    writer_uleb(&w, v);
    size_t uleb_len = buf.len;
    writer_sleb(&w, (int64_t)v);
    writer_zigzag(&w, (int64_t)v);
    unsigned bits = 1;
    while (bits < 64 && v >> bits != 0) bits++;
    CHECK_EQ(uleb_len, (bits + 6) / 7);
    reader r = test_reader(&buf);
    CHECK(reader_uleb(&r, v) == v);
    CHECK_EQ(reader_sleb(&r), (int64_t)v);
    CHECK_EQ(reader_zigzag(&r), (int64_t)v);
    CHECK(reader_ok(&r) && reader_left(&r) == 0);
    if (v > 0) { /* one below is too small a bound */
        r = test_reader(&buf);
        CHECK_EQ(reader_uleb(&r, v - 1), 0);
        CHECK_EQ(r.fault.code, LK_ECORRUPT);
    }
    for (size_t len = 0; len < uleb_len; len++) { /* every truncation */
        r = reader_new((lk_bytes){buf.at, len});
        CHECK_EQ(reader_uleb(&r, UINT64_MAX), 0);
        CHECK_EQ(r.fault.code, LK_ECORRUPT);
        CHECK_EQ(r.fault.offset, len);
    }
    lk_buf_free(&buf);
}

static void test_doubles(void) {
    static const double values[] = {0.0, -0.0, 1.5, -1e300, 5e-324};
    lk_buf buf = {0};
    writer w = writer_new(&buf);
    for (size_t i = 0; i < 5; i++) {
        writer_f64le(&w, values[i]);
        writer_f64be(&w, values[i]);
    }
    reader r = test_reader(&buf);
    for (size_t i = 0; i < 5; i++) {
        double le = reader_f64le(&r), be = reader_f64be(&r);
        CHECK(memcmp(&le, &values[i], sizeof le) == 0);
        CHECK(memcmp(&be, &values[i], sizeof be) == 0);
    }
    lk_buf_free(&buf);
}

/* Longer than 64 bits, in ten bytes and in eleven; the tenth byte may hold one bit. */
static void test_too_long(void) {
    uint8_t b[11];
    memset(b, 0x80, sizeof b);
    b[9] = 1;
    reader r = reader_new((lk_bytes){b, 10});
    CHECK(reader_uleb(&r, UINT64_MAX) == UINT64_C(1) << 63 && reader_ok(&r));
    b[9] = 2;
    r = reader_new((lk_bytes){b, 10});
    CHECK(reader_uleb(&r, UINT64_MAX) == 0 && !reader_ok(&r));
    CHECK_EQ(r.fault.offset, 9);
    r = reader_new((lk_bytes){b, 10});
    CHECK(reader_sleb(&r) == 0 && !reader_ok(&r));
    b[9] = 0x7f;
    r = reader_new((lk_bytes){b, 10});
    CHECK(reader_sleb(&r) == INT64_MIN && reader_ok(&r));
    b[9] = 0x81, b[10] = 0;
    r = reader_new((lk_bytes){b, 11});
    CHECK(reader_uleb(&r, UINT64_MAX) == 0 && !reader_ok(&r));
    r = reader_new((lk_bytes){b, 11});
    CHECK(reader_sleb(&r) == 0 && !reader_ok(&r));
}

/* The first failure stays, with its offset in the outermost bytes; then all reads are zero. */
static void test_sticky(void) {
    static const uint8_t b[] = {9, 3, 'a', 'b', 'c', 2, 0xc3, 0x28, 7, 7};
    reader r = reader_new((lk_bytes){b, sizeof b});
    CHECK_EQ(reader_u8(&r), 9);
    reader sub = reader_sub(&r, 7);
    lk_str text = reader_str(&sub);
    CHECK_BYTES(text.at, text.len, "abc", 3);
    text = reader_str(&sub);
    CHECK(text.len == 0 && !reader_ok(&sub));
    size_t offset = sub.fault.offset;
    CHECK(offset >= 6 && offset <= 8);
    reader_fail(&sub, LK_ELIMIT, "later");
    CHECK(sub.fault.code == LK_ECORRUPT && sub.fault.offset == offset);
    CHECK(reader_u64le(&sub) == 0 && reader_take(&sub, 1).len == 0);
    CHECK_EQ(reader_u8(&r), 7);
    reader_adopt(&r, &sub);
    CHECK(!reader_ok(&r) && r.fault.offset == offset && reader_left(&r) == 0);
    CHECK_EQ(reader_u8(&r), 0);
}

static void test_lengths(void) {
    static const uint8_t b[] = {4, 1, 2, 3};
    reader r = reader_new((lk_bytes){b, sizeof b});
    CHECK_EQ(reader_bytes(&r).len, 0); /* says four, has three */
    CHECK(!reader_ok(&r));
    r = reader_new((lk_bytes){b, sizeof b});
    CHECK_EQ(reader_take(&r, 4).len, 4);
    CHECK_EQ(reader_take(&r, 0).len, 0);
    CHECK(reader_ok(&r));
    CHECK_EQ(reader_take(&r, SIZE_MAX).len, 0);
    CHECK_EQ(r.fault.offset, 4);
    r = reader_new((lk_bytes){b, sizeof b});
    reader_finish(&r, "bytes are left over");
    CHECK(strcmp(r.fault.what, "bytes are left over") == 0 && r.fault.offset == 0);
    r = reader_new((lk_bytes){NULL, 0});
    reader sub = reader_sub(&r, 1);
    CHECK(!reader_ok(&r) && !reader_ok(&sub));
}

static void *test_refuse(void *context, void *at, size_t old_len, size_t new_len) {
    (void)context, (void)at, (void)old_len, (void)new_len;
    return NULL;
}

static void test_writer(void) {
    const lk_memory none = {.resize = test_refuse};
    lk_buf buf = {.memory = &none};
    writer w = writer_new(&buf);
    writer_u8(&w, 1);
    CHECK(w.failed && buf.len == 0);
    writer_bytes(&w, "x", 1);
    writer_close(&w, writer_open(&w));
    CHECK(w.failed && buf.len == 0);

    lk_buf out = {0};
    w = writer_new(&out);
    writer_u8(&w, 5);
    for (uint32_t len = 0; len < 300; len += 1 + len / 100 * 70) { /* prefixes of 1 and 2 bytes */
        size_t start = writer_open(&w);
        for (uint32_t i = 0; i < len; i++) writer_u8(&w, (uint8_t)i);
        writer_close(&w, start);
    }
    reader r = test_reader(&out);
    CHECK_EQ(reader_u8(&r), 5);
    for (uint32_t len = 0; len < 300; len += 1 + len / 100 * 70) {
        lk_bytes inner = reader_bytes(&r);
        CHECK_EQ(inner.len, len);
        for (uint32_t i = 0; i < len; i++) CHECK_EQ(inner.at[i], (uint8_t)i);
    }
    CHECK(reader_ok(&r) && reader_left(&r) == 0);
    lk_buf_free(&out);
}

int main(void) {
    rng r = {1};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        test_fixed(edges[i]);
        test_varying(edges[i]);
    }
    for (uint32_t i = 0; i < 5000; i++) {
        uint64_t v = rng_u64(&r) >> rng_below(&r, 64);
        test_fixed(v);
        test_varying(v);
    }
    test_doubles();
    test_too_long();
    test_sticky();
    test_lengths();
    test_writer();
    puts("bytes: numbers at every edge both ways, truncations, failures that stay");
    return 0;
}
