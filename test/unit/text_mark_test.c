/* SPDX-License-Identifier: MIT
 * text_mark_test.c - anchors as they come from elsewhere: marks that end without a start are
 * refused, marks whose end has not come are kept. */
#include "block_blob.h"

enum { PEER = 7 };

/* An update of one change with these operations in the text "t". */
static lk_buf update_of(const op *ops, uint32_t len, uint32_t atoms) {
    uint64_t peers[1] = {PEER};
    lk_str keys[2] = {{"t", 1}, {"bold", 4}};
    container_id cids[1] = {{.kind = LK_TEXT, .root = true, .name = {"t", 1}}};
    change c = {.len = atoms, .op_len = len};
    block b = {.peers = peers,
               .peer_len = 1,
               .keys = keys,
               .key_len = 2,
               .cids = cids,
               .cid_len = 1,
               .changes = &c,
               .change_len = 1,
               .ops = ops,
               .op_len = len};
    return block_blob(&b);
}

static lk_status import_ops(lk_doc *doc, const op *ops, uint32_t len, uint32_t atoms) {
    lk_buf blob = update_of(ops, len, atoms);
    lk_status status = lk_import(doc, (lk_bytes){blob.at, blob.len}, NULL, NULL);
    lk_buf_free(&blob);
    return status;
}

int main(void) {
    static const lk_value yes = {.type = LK_BOOL, .as.boolean = true};
    op hello = {.kind = OP_TEXT_INSERT,
                .len = 5,
                .as.insert = {.bytes = 5, .text = (const uint8_t *)"hello"}};
    op_mark mark = {.start = 1, .end = 3, .key = 1, .info = 0x84, .value = &yes};
    op start = {.kind = OP_MARK_START, .counter = 5, .len = 1, .as.mark = &mark};
    op end = {.kind = OP_MARK_END, .counter = 6, .len = 1}, lone = {.kind = OP_MARK_END, .len = 1};
    op whole[3] = {hello, start, end};

    lk_doc *doc = lk_new(1, NULL);
    CHECK(doc != NULL);
    CHECK_EQ(import_ops(doc, &lone, 1, 1), LK_ECORRUPT);
    end.counter = 5;
    op unstarted[2] = {hello, end};
    CHECK_EQ(import_ops(doc, unstarted, 2, 6), LK_ECORRUPT);
    CHECK_EQ(lk_op_count(doc), 0);
    CHECK_EQ(import_ops(doc, whole, 2, 6), LK_OK);
    lk_check(doc);
    CHECK_EQ(import_ops(doc, whole, 3, 7), LK_OK);
    lk_check(doc);
    CHECK_EQ(lk_op_count(doc), 7);
    lk_free(doc);
    printf("text_mark: without a start, without an end\n");
    return 0;
}
