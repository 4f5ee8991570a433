/* SPDX-License-Identifier: MIT
 * free_ops_test.c - operations that cost no bytes: a blob, and what waits, may claim
 * LIMIT_BLOCK_OPS of them and no more, in however many blocks. */
#include "base/limits.h"
#include "check.h"
#include "codec/change_block.h"
#include "codec/envelope.h"

/* A block of `len` deletes of one key by `peer`, which builds on `dep` if that is not 0. */
static void add_block(writer *w, uint64_t peer, uint64_t dep, size_t len) {
    uint64_t peers[2] = {peer, dep};
    op_id deps[1] = {{1, 0}};
    lk_str keys[2] = {{"m", 1}, {"k", 1}};
    container_id cids[1] = {{.kind = LK_MAP, .root = true, .name = {"m", 1}}};
    change c = {.len = (uint32_t)len,
                .lamport = dep != 0,
                .op_len = (uint32_t)len,
                .deps = deps,
                .dep_len = dep != 0};
    op *ops = calloc(len, sizeof *ops);
    CHECK(ops != NULL);
    for (size_t i = 0; i < len; i++) {
        ops[i] = (op){.kind = OP_MAP_DELETE, .counter = (int32_t)i, .len = 1};
        ops[i].as.map.key = 1;
    }
    block b = {.peers = peers,
               .peer_len = dep != 0 ? 2 : 1,
               .keys = keys,
               .key_len = 2,
               .cids = cids,
               .cid_len = 1,
               .changes = &c,
               .change_len = 1,
               .ops = ops,
               .op_len = len};
    arena scratch;
    arena_init(&scratch, &mem_default);
    lk_buf bytes = {0};
    CHECK_EQ(change_block_write(&b, &scratch, &bytes), LK_OK);
    envelope_add_block(w, (lk_bytes){bytes.at, bytes.len});
    lk_buf_free(&bytes);
    arena_drop(&scratch);
    free(ops);
}

static lk_status import_blocks(lk_doc *doc, uint64_t first_peer, uint64_t dep, size_t count,
                               size_t len) {
    lk_buf blob = {0};
    writer w = writer_new(&blob);
    size_t start;
    lk_fault fault;
    envelope_begin(&w, ENVELOPE_UPDATES, &start);
    for (size_t i = 0; i < count; i++) add_block(&w, first_peer + i, dep, len);
    envelope_finish(&w, start);
    lk_status status = lk_import(doc, (lk_bytes){blob.at, blob.len}, NULL, &fault);
    CHECK_EQ(status, fault.code);
    lk_buf_free(&blob);
    return status;
}

int main(void) {
    enum { QUARTER = LIMIT_BLOCK_OPS / 4 };
    lk_doc *doc = lk_new(9, NULL);
    CHECK(doc != NULL);
    CHECK_EQ(import_blocks(doc, 100, 0, 5, QUARTER), LK_ELIMIT);
    CHECK_EQ(lk_op_count(doc), 0);
    /* Three wait, a fourth and fifth would be too much; what they wait for sets them free. */
    CHECK_EQ(import_blocks(doc, 100, 7, 3, QUARTER), LK_OK);
    CHECK_EQ(import_blocks(doc, 200, 7, 2, QUARTER), LK_ELIMIT);
    CHECK_EQ(lk_op_count(doc), 0);
    CHECK_EQ(import_blocks(doc, 7, 0, 1, 1), LK_OK);
    CHECK_EQ(lk_op_count(doc), 3 * QUARTER + 1);
    CHECK_EQ(import_blocks(doc, 200, 7, 1, QUARTER), LK_OK);
    lk_free(doc);
    printf("free_ops: in blobs, in what waits\n");
    return 0;
}
