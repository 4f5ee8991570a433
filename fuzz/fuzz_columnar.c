/* SPDX-License-Identifier: MIT
 * fuzz_columnar.c - columns of every kind. The first byte says which, the rest is the column.
 * Whatever is read from it, written and read again, is the same. */
#include "codec/columnar.h"
#include "fuzz/fuzz.h"

enum { FUZZ_UINT, FUZZ_BYTE, FUZZ_DELTA, FUZZ_BOOL, FUZZ_SECOND, FUZZ_KINDS };
enum { FUZZ_ROWS = 4096 }; /* a run of a few bytes can claim any number */

typedef struct rows {
    int64_t at[FUZZ_ROWS];
    size_t len;
} rows;

static int64_t fuzz_row(column *c, int kind) {
    switch (kind) {
    case FUZZ_UINT: return column_uint(c, UINT32_MAX);
    case FUZZ_BYTE: return column_byte(c);
    case FUZZ_DELTA: return column_delta(c, INT32_MIN, INT32_MAX);
    default: return column_bool(c);
    }
}

/* false: the column was refused. */
static bool fuzz_read(lk_bytes bytes, int kind, rows *out) {
    reader r = reader_new(bytes);
    out->len = 0;
    if (kind == FUZZ_SECOND) {
        out->len = bytes.len < FUZZ_ROWS ? bytes.len : FUZZ_ROWS;
        column_delta_of_delta(&r, out->at, out->len);
        return reader_ok(&r);
    }
    column c = column_new(&r);
    while (out->len < FUZZ_ROWS && reader_ok(&r) && column_more(&c))
        out->at[out->len++] = fuzz_row(&c, kind);
    return reader_ok(&r);
}

static void fuzz_write(const rows *from, int kind, lk_buf *out) {
    writer w = writer_new(out);
    switch (kind) {
    case FUZZ_UINT: columnar_write_uint(&w, from->at, from->len); break;
    case FUZZ_BYTE: columnar_write_byte(&w, from->at, from->len); break;
    case FUZZ_DELTA: columnar_write_delta(&w, from->at, from->len); break;
    case FUZZ_BOOL: columnar_write_bool(&w, from->at, from->len); break;
    default: columnar_write_delta_of_delta(&w, from->at, from->len);
    }
    LK_ASSERT(!w.failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static rows first, again;
    if (size == 0) return 0;
    int kind = data[0] % FUZZ_KINDS;
    if (!fuzz_read((lk_bytes){data + 1, size - 1}, kind, &first)) return 0;
    lk_buf written = {0};
    fuzz_write(&first, kind, &written);
    if (kind == FUZZ_SECOND) { /* its length is told elsewhere: read as many */
        reader r = reader_new((lk_bytes){written.at, written.len});
        again.len = first.len;
        column_delta_of_delta(&r, again.at, again.len);
        LK_ASSERT(reader_ok(&r));
    } else {
        LK_ASSERT(fuzz_read((lk_bytes){written.at, written.len}, kind, &again));
    }
    LK_ASSERT(again.len == first.len);
    for (size_t i = 0; i < first.len; i++) LK_ASSERT(again.at[i] == first.at[i]);
    lk_buf_free(&written);
    return 0;
}

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    static const rows few = {{7, 7, 7, 1, 0, 255, 255, 3}, 8}, bits = {{0, 0, 1, 1, 1, 0}, 6};
    if (n >= FUZZ_KINDS) return 0;
    lk_buf written = {0};
    fuzz_write(n == FUZZ_BOOL ? &bits : &few, (int)n, &written);
    LK_ASSERT(written.len < cap);
    out[0] = (uint8_t)n;
    __builtin_memcpy(out + 1, written.at, written.len);
    size_t len = 1 + written.len;
    lk_buf_free(&written);
    return len;
}
