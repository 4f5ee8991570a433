/* SPDX-License-Identifier: MIT
 * fuzz_sstable.c - tables of keys and values. What is read has its keys in order, finds them, and
 * comes back the same from what is written of it. */
#include "codec/sstable.h"

#include "fuzz/fuzz.h"
#include "fuzz/repair.h"

/* Tables of hostile make may unpack to much; here they need not. */
#define FUZZ_TABLE_BYTES (4u << 20)

static bool fuzz_same(lk_bytes a, lk_bytes b) {
    return a.len == b.len && (a.len == 0 || __builtin_memcmp(a.at, b.at, a.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    arena scratch;
    sstable table, again;
    lk_fault fault;
    arena_init(&scratch, &mem_default);
    lk_status status =
        sstable_read((lk_bytes){data, size}, 0, FUZZ_TABLE_BYTES, &scratch, &table, &fault);
    LK_ASSERT(fault.code == status && fault.offset <= size);
    if (status == LK_OK) {
        lk_buf out = {0};
        LK_ASSERT(sstable_write(table.pairs, table.len, &mem_default, &out) == LK_OK);
        status = sstable_read((lk_bytes){out.at, out.len}, 0, SIZE_MAX, &scratch, &again, &fault);
        LK_ASSERT(status == LK_OK && again.len == table.len);
        for (size_t i = 0; i < table.len; i++) {
            lk_bytes found;
            LK_ASSERT(fuzz_same(table.pairs[i].key, again.pairs[i].key));
            LK_ASSERT(sstable_find(&again, table.pairs[i].key, &found));
            LK_ASSERT(fuzz_same(table.pairs[i].value, found));
        }
        lk_buf_free(&out);
    }
    arena_drop(&scratch);
    return 0;
}

/* Tables of one short pair, of many with common beginnings, and of one too large for a block. */
size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    static uint8_t keys[64][8], value[9000];
    static const size_t lens[] = {3, 300, sizeof value};
    sstable_pair pairs[64];
    if (n >= sizeof lens / sizeof *lens) return 0;
    size_t len = n == 1 ? 64 : 1;
    for (size_t i = 0; i < len; i++) {
        __builtin_memcpy(keys[i], "key 0000", 8);
        keys[i][7] = (uint8_t)i;
        pairs[i] = (sstable_pair){{keys[i], 8}, {value, lens[n]}, 0};
    }
    for (size_t i = 0; i < sizeof value; i++) value[i] = (uint8_t)(i * i);
    lk_buf table = {0};
    LK_ASSERT(sstable_write(pairs, len, &mem_default, &table) == LK_OK);
    LK_ASSERT(table.len <= cap);
    __builtin_memcpy(out, table.at, table.len);
    size_t written = table.len;
    lk_buf_free(&table);
    return written;
}

void fuzz_repair(uint8_t *data, size_t size) { fuzz_repair_table(data, size); }
