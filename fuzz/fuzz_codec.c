/* SPDX-License-Identifier: MIT
 * fuzz_codec.c - the door where documents enter. The first byte says what the rest is:
 *
 *     0   a blob: envelope, change blocks or the tables of a snapshot, container states
 *     1   one change block
 *     2   one table
 *     3   one container state: u8 length of the key, key, value
 *
 * Anything may be refused. What is read must be writable, and be read from what was written as the
 * same. */
#include "codec/change_block.h"
#include "codec/snapshot_blob.h"
#include "codec/state_blob.h"
#include "fuzz/fuzz.h"
#include "fuzz/repair.h"
#include "loro_vectors.h"

enum { FUZZ_BLOB, FUZZ_BLOCK, FUZZ_TABLE, FUZZ_STATE, FUZZ_KINDS };

/* Tables of hostile make may unpack to much; here they need not. */
#define FUZZ_TABLE_BYTES (8u << 20)

static void fuzz_check_fault(lk_status status, const lk_fault *fault) {
    LK_ASSERT(fault->code == status && (status == LK_OK) == (fault->what == NULL));
}

/* Write `b`; the same bytes come out of what is read from them. */
static void fuzz_rewrite_block(const block *b, arena *scratch) {
    lk_buf first = {0}, second = {0};
    block again;
    lk_fault fault;
    LK_ASSERT(change_block_write(b, scratch, &first) == LK_OK);
    LK_ASSERT(change_block_read((lk_bytes){first.at, first.len}, 0, scratch, &again, &fault) ==
              LK_OK);
    LK_ASSERT(again.op_len == b->op_len && again.change_len == b->change_len);
    LK_ASSERT(change_block_write(&again, scratch, &second) == LK_OK);
    LK_ASSERT(first.len == second.len && __builtin_memcmp(first.at, second.at, first.len) == 0);
    lk_buf_free(&first);
    lk_buf_free(&second);
}

static void fuzz_block(lk_bytes bytes, arena *scratch) {
    block b;
    lk_fault fault;
    change_block_meta meta;
    lk_status status = change_block_read(bytes, 0, scratch, &b, &fault);
    fuzz_check_fault(status, &fault);
    if (status != LK_OK) return;
    LK_ASSERT(change_block_read_meta(bytes, 0, &meta, &fault) == LK_OK);
    LK_ASSERT(meta.peer == b.peers[0] && meta.change_len == b.change_len);
    fuzz_rewrite_block(&b, scratch);
}

static void fuzz_state(const sstable_pair *pair, arena *scratch) {
    state_names names = {.scratch = scratch};
    state_container state;
    lk_fault fault;
    lk_status status = state_blob_read(pair, &names, &state, &fault);
    fuzz_check_fault(status, &fault);
    if (status != LK_OK) return;
    state_tables tables = state_names_tables(&names);
    lk_buf value = {0}, key = {0};
    writer w = writer_new(&key);
    state_blob_write_key(&tables, state.cid, &w);
    LK_ASSERT(state_blob_write(&tables, &state, scratch, &value) == LK_OK);
    sstable_pair again = {{key.at, key.len}, {value.at, value.len}, 0};
    LK_ASSERT(state_blob_read(&again, &names, &state, &fault) == LK_OK);
    lk_buf_free(&key);
    lk_buf_free(&value);
}

static void fuzz_table(lk_bytes bytes, size_t offset, arena *scratch) {
    sstable table, again;
    lk_fault fault;
    lk_status status = sstable_read(bytes, offset, FUZZ_TABLE_BYTES, scratch, &table, &fault);
    fuzz_check_fault(status, &fault);
    if (status != LK_OK) return;
    lk_buf out = {0};
    LK_ASSERT(sstable_write(table.pairs, table.len, scratch->heap, &out) == LK_OK);
    LK_ASSERT(sstable_read((lk_bytes){out.at, out.len}, 0, SIZE_MAX, scratch, &again, &fault) ==
              LK_OK);
    LK_ASSERT(again.len == table.len);
    lk_buf_free(&out);
    for (size_t i = 0; i < table.len; i++) {
        if (table.pairs[i].key.len == 12)
            fuzz_block(table.pairs[i].value, scratch);
        else
            fuzz_state(&table.pairs[i], scratch);
    }
}

static void fuzz_snapshot(reader *body, arena *scratch) {
    envelope_sections sections;
    snapshot_history history;
    lk_fault fault;
    lk_status status = envelope_read_sections(body, &sections, &fault);
    fuzz_check_fault(status, &fault);
    if (status != LK_OK) return;
    status = snapshot_read_history(&sections.history, scratch, &history, &fault);
    fuzz_check_fault(status, &fault);
    for (size_t i = 0; i < history.block_len && status == LK_OK; i++)
        fuzz_block(history.blocks[i].bytes, scratch);
    fuzz_table(sections.state.bytes, sections.state.offset, scratch);
    fuzz_table(sections.root.bytes, sections.root.offset, scratch);
}

static void fuzz_blob(lk_bytes blob, arena *scratch) {
    envelope_mode mode;
    reader body;
    lk_fault fault;
    lk_bytes block_bytes;
    size_t offset;
    lk_status status = envelope_open(blob, &mode, &body, &fault);
    fuzz_check_fault(status, &fault);
    LK_ASSERT(fault.offset <= blob.len);
    if (status != LK_OK) return;
    if (mode == ENVELOPE_SNAPSHOT)
        fuzz_snapshot(&body, scratch);
    else
        while (envelope_next_block(&body, &block_bytes, &offset)) fuzz_block(block_bytes, scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    lk_bytes rest = {data + 1, size - 1};
    arena scratch;
    arena_init(&scratch, &mem_default);
    switch (data[0] % FUZZ_KINDS) {
    case FUZZ_BLOB: fuzz_blob(rest, &scratch); break;
    case FUZZ_BLOCK: fuzz_block(rest, &scratch); break;
    case FUZZ_TABLE: fuzz_table(rest, 0, &scratch); break;
    case FUZZ_STATE:
        if (rest.len > 0 && rest.at[0] < rest.len) {
            size_t key_len = rest.at[0];
            sstable_pair pair = {
                {rest.at + 1, key_len}, {rest.at + 1 + key_len, rest.len - 1 - key_len}, 0};
            fuzz_state(&pair, &scratch);
        }
        break;
    }
    arena_drop(&scratch);
    return 0;
}

/* ---- seeds: the document of loro_vectors.h, whole and in parts ---- */

static size_t fuzz_put(uint8_t kind, lk_bytes head, lk_bytes rest, uint8_t *out, size_t cap) {
    if (1 + head.len + rest.len > cap) return 0;
    out[0] = kind;
    __builtin_memcpy(out + 1, head.at, head.len);
    __builtin_memcpy(out + 1 + head.len, rest.at, rest.len);
    return 1 + head.len + rest.len;
}

static size_t fuzz_seed_block(uint32_t n, uint8_t *out, size_t cap) {
    envelope_mode mode;
    reader body;
    lk_fault fault;
    lk_bytes bytes = {0};
    size_t offset;
    envelope_open((lk_bytes){loro_updates, sizeof loro_updates}, &mode, &body, &fault);
    for (uint32_t i = 0; i <= n; i++) envelope_next_block(&body, &bytes, &offset);
    return fuzz_put(FUZZ_BLOCK, (lk_bytes){out, 0}, bytes, out, cap);
}

static size_t fuzz_seed_state(uint32_t n, const sstable *table, uint8_t *out, size_t cap) {
    if (n >= table->len || table->pairs[n].key.len > 254) return 0;
    lk_bytes key = table->pairs[n].key;
    uint8_t head[255] = {(uint8_t)key.len};
    __builtin_memcpy(head + 1, key.at, key.len);
    return fuzz_put(FUZZ_STATE, (lk_bytes){head, 1 + key.len}, table->pairs[n].value, out, cap);
}

static size_t fuzz_seed_table(uint32_t n, uint8_t *out, size_t cap) {
    envelope_mode mode;
    reader body;
    lk_fault fault;
    envelope_sections sections;
    arena scratch;
    sstable table;
    arena_init(&scratch, &mem_default);
    envelope_open((lk_bytes){loro_snapshot, sizeof loro_snapshot}, &mode, &body, &fault);
    envelope_read_sections(&body, &sections, &fault);
    sstable_read(sections.state.bytes, 0, FUZZ_TABLE_BYTES, &scratch, &table, &fault);
    lk_bytes none = {out, 0};
    size_t len = n == 0   ? fuzz_put(FUZZ_TABLE, none, sections.history.bytes, out, cap)
                 : n == 1 ? fuzz_put(FUZZ_TABLE, none, sections.state.bytes, out, cap)
                          : fuzz_seed_state(n - 2, &table, out, cap);
    arena_drop(&scratch);
    return len;
}

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    lk_bytes none = {out, 0};
    switch (n) {
    case 0:
        return fuzz_put(FUZZ_BLOB, none, (lk_bytes){loro_updates, sizeof loro_updates}, out, cap);
    case 1:
        return fuzz_put(FUZZ_BLOB, none, (lk_bytes){loro_snapshot, sizeof loro_snapshot}, out, cap);
    case 2:
    case 3: return fuzz_seed_block(n - 2, out, cap);
    default: return fuzz_seed_table(n - 4, out, cap);
    }
}

/* ---- repair ---- */

void fuzz_repair(uint8_t *data, size_t size) {
    if (size == 0) return;
    uint8_t *at = data + 1;
    size_t len = size - 1;
    if (data[0] % FUZZ_KINDS == FUZZ_TABLE) fuzz_repair_table(at, len);
    if (data[0] % FUZZ_KINDS == FUZZ_BLOB) fuzz_repair_blob(at, len);
}
