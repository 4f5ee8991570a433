/* SPDX-License-Identifier: MIT
 * fuzz_lz4.c - frames. The first byte says what the rest is: 0 a frame to unpack, which may be
 * refused but never unpacks to more than it may; 1 bytes to pack, which come back. */
#include "base/lz4.h"
#include "fuzz/fuzz.h"

enum { FUZZ_MAX = 1 << 20 };

static void fuzz_unpack(lk_bytes frame, arena *scratch) {
    lz4_reader z = lz4_reader_new(scratch);
    lk_bytes out;
    lk_status status = lz4_read(&z, frame, FUZZ_MAX, &out);
    LK_ASSERT(status == LK_OK || status == LK_ECORRUPT || status == LK_ELIMIT);
    if (status != LK_OK) return;
    LK_ASSERT(out.len <= FUZZ_MAX);
    uint8_t sum = 0; /* touch every byte, for ASan */
    for (size_t i = 0; i < out.len; i++) sum ^= out.at[i];
    __asm__ volatile("" : : "r"(sum));
}

static void fuzz_pack(lk_bytes bytes, arena *scratch) {
    lk_buf frame = {0};
    lk_bytes out;
    LK_ASSERT(lz4_write(bytes, &frame) == LK_OK);
    lz4_reader z = lz4_reader_new(scratch);
    LK_ASSERT(lz4_read(&z, (lk_bytes){frame.at, frame.len}, bytes.len, &out) == LK_OK);
    LK_ASSERT(out.len == bytes.len);
    LK_ASSERT(bytes.len == 0 || __builtin_memcmp(out.at, bytes.at, bytes.len) == 0);
    lk_buf_free(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    lk_bytes rest = {data + 1, size - 1};
    arena scratch;
    arena_init(&scratch, &mem_default);
    if (data[0] % 2 == 0)
        fuzz_unpack(rest, &scratch);
    else
        fuzz_pack(rest, &scratch);
    arena_drop(&scratch);
    return 0;
}

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    uint8_t text[600];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (uint8_t)(i % (n == 0 ? 7 : 251));
    if (n > 2) return 0;
    LK_ASSERT(cap > 2 * sizeof text);
    out[0] = n == 2;
    if (n == 2) {
        __builtin_memcpy(out + 1, text, sizeof text);
        return 1 + sizeof text;
    }
    lk_buf frame = {0};
    LK_ASSERT(lz4_write((lk_bytes){text, sizeof text}, &frame) == LK_OK);
    __builtin_memcpy(out + 1, frame.at, frame.len);
    size_t len = 1 + frame.len;
    lk_buf_free(&frame);
    return len;
}
