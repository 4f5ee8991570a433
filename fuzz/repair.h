/* SPDX-License-Identifier: MIT
 * repair.h - checksums made right again after a mutation, so that damage gets past them. */
#ifndef FUZZ_REPAIR_H
#define FUZZ_REPAIR_H

#include "base/bytes.h"
#include "base/hash.h"
#include "codec/envelope.h"

/* Write the checksum of [from, from + len) to `at`. */
static inline void fuzz_seal(uint8_t *at, const uint8_t *from, size_t len) {
    uint32_t sum = hash_xx32(from, len, HASH_SEED_LORO);
    for (unsigned i = 0; i < 4; i++) at[i] = (uint8_t)(sum >> (8 * i));
}

/* Make the checksums of a table right, as far as its index can be read. */
static inline void fuzz_repair_table(uint8_t *at, size_t len) {
    if (len < 13) return;
    reader foot = reader_new((lk_bytes){at + len - 4, 4});
    size_t index = reader_u32le(&foot);
    if (index < 5 || index > len - 12) return;
    fuzz_seal(at + len - 8, at + index + 4, len - 12 - index);
    reader r = reader_new((lk_bytes){at + index, len - 8 - index});
    uint32_t count = reader_u32le(&r);
    size_t start = 0;
    for (uint32_t i = 0; i <= count && reader_ok(&r); i++) {
        size_t next = i == count ? index : reader_u32le(&r);
        if (i > 0 && start + 4 <= next && next <= index)
            fuzz_seal(at + next - 4, at + start, next - 4 - start);
        start = next;
        if (i == count) return;
        reader_take(&r, reader_u16le(&r));
        if (!(reader_u8(&r) & 0x80)) reader_take(&r, reader_u16le(&r));
    }
}

/* Make the checksums of a blob right: "loro", 12 bytes of nothing, the checksum of the rest, the
 * mode, and in a snapshot three tables with their own. */
static inline void fuzz_repair_blob(uint8_t *at, size_t len) {
    if (len < 22) return;
    if (at[21] == ENVELOPE_SNAPSHOT) {
        reader r = reader_new((lk_bytes){at + 22, len - 22});
        for (int i = 0; i < 3; i++) {
            lk_bytes section = reader_take(&r, reader_u32le(&r));
            if (reader_ok(&r)) fuzz_repair_table(at + (section.at - at), section.len);
        }
    }
    fuzz_seal(at + 16, at + 20, len - 20);
}

#endif
