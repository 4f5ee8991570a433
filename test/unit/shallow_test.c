/* SPDX-License-Identifier: MIT
 * shallow_test.c - a snapshot whose history begins late is of use only to a document that has the
 * beginning. Anyone else is told so, instead of shown an empty document. */
#include "check.h"
#include "codec/change_block.h"
#include "codec/snapshot_blob.h"
#include "codec/version_codec.h"

static lk_bytes keep(lk_buf *buf, arena *scratch) {
    uint8_t *at = arena_bytes(scratch, buf->len);
    memcpy(at, buf->at, buf->len);
    lk_bytes kept = {at, buf->len};
    lk_buf_free(buf);
    return kept;
}

/* The operation 1@7, which inserts "b" behind what 0@7 inserted. */
static lk_bytes second_op(arena *scratch) {
    const uint64_t peers[1] = {7};
    const op_id deps[1] = {{0, 0}};
    const lk_str keys[1] = {{"t", 1}};
    const container_id cids[1] = {{.kind = LK_TEXT, .root = true, .name = {"t", 1}}};
    const change c = {
        .counter = 1, .len = 1, .lamport = 1, .op_len = 1, .deps = deps, .dep_len = 1};
    op o = {.kind = OP_TEXT_INSERT, .counter = 1, .len = 1};
    o.as.insert.pos = 1;
    o.as.insert.text = (const uint8_t *)"b";
    o.as.insert.bytes = 1;
    const block b = {peers, 1, keys, 1, cids, 1, &c, 1, &o, 1};
    lk_buf out = {0};
    CHECK_EQ(change_block_write(&b, scratch, &out), LK_OK);
    return keep(&out, scratch);
}

static lk_bytes version(int32_t counter, arena *scratch) {
    const lk_id id = {7, counter};
    lk_buf out = {0};
    writer w = writer_new(&out);
    version_write(&w, (lk_ids){&id, 1});
    return keep(&out, scratch);
}

/* 1@7 alone, of a history that begins before it. */
static lk_buf make_shallow(arena *scratch) {
    const sstable_pair pairs[] = {
        {.key = {(const uint8_t *)"\0\0\0\0\0\0\0\7\0\0\0\1", 12}, .value = second_op(scratch)},
        {.key = {(const uint8_t *)"fr", 2}, .value = version(1, scratch)},
        {.key = {(const uint8_t *)"sf", 2}, .value = version(0, scratch)},
        {.key = {(const uint8_t *)"sv", 2}, .value = version(1, scratch)},
        {.key = {(const uint8_t *)"vv", 2}, .value = version(2, scratch)},
    };
    lk_buf table = {0}, blob = {0};
    CHECK_EQ(sstable_write(pairs, countof(pairs), &mem_default, &table), LK_OK);
    writer w = writer_new(&blob);
    size_t start;
    envelope_begin(&w, ENVELOPE_SNAPSHOT, &start);
    writer_u32le(&w, (uint32_t)table.len);
    writer_raw(&w, table.at, table.len);
    writer_u32le(&w, 1);
    writer_u8(&w, 'E');
    writer_u32le(&w, 0);
    envelope_finish(&w, start);
    lk_buf_free(&table);
    return blob;
}

int main(void) {
    arena scratch;
    arena_init(&scratch, &mem_default);
    lk_buf blob = make_shallow(&scratch), first = {0}, json = {0};
    lk_doc *author = lk_new(7, NULL), *doc = lk_new(9, NULL);
    lk_fault fault;
    lk_ref text;
    CHECK_EQ(lk_root(author, LK_TEXT, (lk_str){"t", 1}, &text), LK_OK);
    CHECK_EQ(lk_text_insert(author, text, 0, LK_UTF8, (lk_str){"a", 1}), LK_OK);
    CHECK_EQ(lk_export(author, LK_UPDATES, (lk_ids){0}, &first), LK_OK);

    CHECK_EQ(lk_import(doc, (lk_bytes){blob.at, blob.len}, NULL, &fault), LK_EVERSION);
    CHECK_EQ(lk_op_count(doc), 0);
    CHECK_EQ(lk_import(doc, (lk_bytes){first.at, first.len}, NULL, &fault), LK_OK);
    CHECK_EQ(lk_import(doc, (lk_bytes){blob.at, blob.len}, NULL, &fault), LK_OK);
    CHECK_EQ(lk_json(doc, &json), LK_OK);
    CHECK_BYTES(json.at, json.len, "{\"t\":\"ab\"}", 10);

    lk_buf_free(&json);
    lk_buf_free(&first);
    lk_buf_free(&blob);
    lk_free(author);
    lk_free(doc);
    arena_drop(&scratch);
    printf("shallow: refused without its beginning, merged with it\n");
    return 0;
}
