/* SPDX-License-Identifier: MIT
 * lz4_test.c - frames there and back, frames of every kind the format has, and the bound on what
 * they unpack to. */
#include "base/lz4.h"

#include <lz4frame.h>

#include "base/limits.h"
#include "check.h"

static uint8_t *make_bytes(size_t len, rng *random, uint32_t spread) {
    uint8_t *bytes = malloc(len + 1);
    CHECK(bytes != NULL);
    for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)rng_below(random, spread);
    return bytes;
}

static void test_there_and_back(void) {
    static const size_t lengths[] = {
        0, 1, 100, 4096, 64 << 10, (64 << 10) + 1, (256 << 10) + 1, (4 << 20) + 1, 9 << 20};
    static const uint8_t head[] = {0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82};
    rng random = {3};
    arena scratch;
    arena_init(&scratch, &mem_default);
    lz4_reader z = lz4_reader_new(&scratch); /* one for all, as a table uses it */
    for (size_t i = 0; i < 2 * countof(lengths); i++) {
        size_t len = lengths[i / 2];
        uint8_t *bytes = make_bytes(len, &random, i % 2 ? 256 : 3);
        lk_buf frame = {0};
        CHECK_EQ(lz4_write((lk_bytes){bytes, len}, &frame), LK_OK);
        if (len <= 64 << 10) CHECK_BYTES(frame.at, sizeof head, head, sizeof head);
        lk_bytes out;
        CHECK_EQ(lz4_read(&z, (lk_bytes){frame.at, frame.len}, len, &out), LK_OK);
        CHECK_BYTES(out.at, out.len, bytes, len);
        if (len > 0)
            CHECK_EQ(lz4_read(&z, (lk_bytes){frame.at, frame.len}, len - 1, &out), LK_ELIMIT);
        free(bytes);
        lk_buf_free(&frame);
    }
    arena_drop(&scratch);
}

/* Linked blocks, checksums, a content size: no Loro writes them, every LZ4 reader reads them. */
static void test_other_frames(void) {
    rng random = {4};
    size_t len = 200000;
    uint8_t *bytes = make_bytes(len, &random, 4);
    LZ4F_preferences_t preferences = {
        .frameInfo = {.blockMode = LZ4F_blockLinked,
                      .contentChecksumFlag = LZ4F_contentChecksumEnabled,
                      .blockChecksumFlag = LZ4F_blockChecksumEnabled,
                      .contentSize = len}};
    size_t bound = LZ4F_compressFrameBound(len, &preferences);
    uint8_t *frame = malloc(bound);
    size_t frame_len = LZ4F_compressFrame(frame, bound, bytes, len, &preferences);
    CHECK(!LZ4F_isError(frame_len));
    arena scratch;
    arena_init(&scratch, &mem_default);
    lz4_reader z = lz4_reader_new(&scratch);
    lk_bytes out;
    CHECK_EQ(lz4_read(&z, (lk_bytes){frame, frame_len}, len, &out), LK_OK);
    CHECK_BYTES(out.at, out.len, bytes, len);
    frame[frame_len - 1] ^= 1; /* checksum of the content */
    CHECK_EQ(lz4_read(&z, (lk_bytes){frame, frame_len}, len, &out), LK_ECORRUPT);
    frame[frame_len - 1] ^= 1;
    CHECK_EQ(lz4_read(&z, (lk_bytes){frame, frame_len}, len, &out), LK_OK);
    arena_drop(&scratch);
    free(frame);
    free(bytes);
}

static void test_damage(void) {
    rng random = {6};
    uint8_t *bytes = make_bytes(300, &random, 3);
    lk_buf frame = {0};
    CHECK_EQ(lz4_write((lk_bytes){bytes, 300}, &frame), LK_OK);
    CHECK(buf_append(&frame, "x", 1)); /* one byte behind the frame */
    arena scratch;
    arena_init(&scratch, &mem_default);
    for (size_t len = 0; len <= frame.len; len++) {
        lz4_reader z = lz4_reader_new(&scratch);
        lk_bytes out;
        lk_status status = lz4_read(&z, (lk_bytes){frame.at, len}, 1000, &out);
        CHECK_EQ(status, len == frame.len - 1 ? LK_OK : LK_ECORRUPT);
        arena_reset(&scratch);
    }
    arena_drop(&scratch);
    lk_buf_free(&frame);
    free(bytes);
}

int main(void) {
    test_there_and_back();
    test_other_frames();
    test_damage();
    printf("lz4: frames there and back, other frames, damage\n");
    return 0;
}
