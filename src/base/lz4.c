/* SPDX-License-Identifier: MIT
 * lz4.c - the only file that includes liblz4. The library's memory comes from the scratch arena. */
#include "base/lz4.h"

#define LZ4F_STATIC_LINKING_ONLY /* for an allocator of one's own */
#include <lz4frame.h>

#include "base/limits.h"

/* "LZ4 frame format": the magic number, little-endian; skippable frames have others. */
static const uint8_t lz4_magic[4] = {0x04, 0x22, 0x4d, 0x18};

static void *lz4_alloc(void *scratch, size_t len) { return arena_alloc(scratch, len); }

static void lz4_free(void *scratch, void *at) {
    (void)scratch;
    (void)at;
}

lz4_reader lz4_reader_new(arena *scratch) { return (lz4_reader){.scratch = scratch}; }

static bool lz4_open(lz4_reader *z) {
    if (z->context != NULL) {
        LZ4F_resetDecompressionContext(z->context);
        return true;
    }
    LZ4F_CustomMem memory = {
        .customAlloc = lz4_alloc, .customFree = lz4_free, .opaqueState = z->scratch};
    z->context = LZ4F_createDecompressionContext_advanced(memory, LZ4F_VERSION);
    return z->context != NULL;
}

/* Twice the room for *out, of which `used` is filled, at most `max`. */
static bool lz4_grow(arena *scratch, lk_bytes *out, size_t used, size_t max) {
    size_t len = out->len > max / 2 ? max : 2 * out->len;
    if (arena_extend(scratch, out->at, out->len, len - out->len)) {
        out->len = len;
        return true;
    }
    uint8_t *at = arena_bytes(scratch, len);
    if (at == NULL) return false;
    __builtin_memcpy(at, out->at, used);
    *out = (lk_bytes){at, len};
    return true;
}

lk_status lz4_read(lz4_reader *z, lk_bytes frame, size_t max, lk_bytes *out) {
    if (frame.len < sizeof lz4_magic || __builtin_memcmp(frame.at, lz4_magic, 4) != 0)
        return LK_ECORRUPT;
    if (!lz4_open(z)) return LK_ENOMEM;
    if (max / LIMIT_LZ4_RATIO > frame.len) max = frame.len * LIMIT_LZ4_RATIO;
    size_t first = frame.len * 3 < max ? frame.len * 3 : max;
    lk_bytes room = {arena_bytes(z->scratch, first), first};
    if (room.at == NULL) return LK_ENOMEM;
    size_t used = 0, taken = 0, hint = 1;
    while (hint != 0) {
        size_t more = room.len - used, given = frame.len - taken;
        hint = LZ4F_decompress(z->context, (uint8_t *)(uintptr_t)room.at + used, &more,
                               frame.at + taken, &given, NULL);
        if (LZ4F_isError(hint)) return z->scratch->failed ? LK_ENOMEM : LK_ECORRUPT;
        used += more;
        taken += given;
        if (hint == 0 || more + given > 0) continue;
        if (used < room.len) return LK_ECORRUPT;
        if (room.len == max) return LK_ELIMIT;
        if (!lz4_grow(z->scratch, &room, used, max)) return LK_ENOMEM;
    }
    *out = (lk_bytes){room.at, used};
    return taken == frame.len ? LK_OK : LK_ECORRUPT;
}

lk_status lz4_write(lk_bytes bytes, lk_buf *out) {
    LZ4F_preferences_t preferences = {.autoFlush = 1};
    preferences.frameInfo.blockMode = LZ4F_blockIndependent;
    preferences.frameInfo.blockSizeID = bytes.len <= 64u << 10    ? LZ4F_max64KB
                                        : bytes.len <= 256u << 10 ? LZ4F_max256KB
                                                                  : LZ4F_max4MB;
    size_t bound = LZ4F_compressFrameBound(bytes.len, &preferences);
    if (!buf_reserve(out, bound)) return LK_ENOMEM;
    size_t len = LZ4F_compressFrame(out->at + out->len, bound, bytes.at, bytes.len, &preferences);
    if (LZ4F_isError(len)) return LK_ENOMEM;
    out->len += len;
    return LK_OK;
}
