/* SPDX-License-Identifier: MIT
 * rewrite.c - take blobs apart into nouns and write the nouns again, for vectors.test.mjs.
 *
 * usage: rewrite IN OUT [IN OUT ...]     exits 1, and says where and why, when IN is refused */
#include "base/limits.h"
#include "check.h"
#include "codec/change_block.h"
#include "codec/snapshot_blob.h"
#include "codec/state_blob.h"

/* Blocks and states, kept until the program ends. */
static arena rewrite_kept;
static lk_fault rewrite_fault;

static lk_bytes rewrite_keep(lk_buf *buf) {
    uint8_t *at = arena_bytes(&rewrite_kept, buf->len);
    CHECK(at != NULL);
    if (buf->len > 0) memcpy(at, buf->at, buf->len);
    lk_bytes kept = {at, buf->len};
    lk_buf_free(buf);
    return kept;
}

static bool rewrite_block(lk_bytes bytes, size_t offset, lk_bytes *out) {
    block b;
    lk_buf buf = {0};
    if (change_block_read(bytes, offset, &rewrite_kept, &b, &rewrite_fault) != LK_OK) return false;
    CHECK_EQ(change_block_write(&b, &rewrite_kept, &buf), LK_OK);
    *out = rewrite_keep(&buf);
    return true;
}

static bool rewrite_updates(reader *body, lk_buf *out) {
    writer w = writer_new(out);
    size_t start, offset;
    lk_bytes bytes, again;
    envelope_begin(&w, ENVELOPE_UPDATES, &start);
    while (envelope_next_block(body, &bytes, &offset)) {
        if (!rewrite_block(bytes, offset, &again)) return false;
        envelope_add_block(&w, again);
    }
    envelope_finish(&w, start);
    rewrite_fault = body->fault;
    return reader_ok(body);
}

static bool rewrite_state(const sstable_pair *pair, sstable_pair *out) {
    state_names names = {.scratch = &rewrite_kept};
    state_container state;
    lk_buf key = {0}, value = {0};
    if (state_blob_read(pair, &names, &state, &rewrite_fault) != LK_OK) return false;
    state_tables tables = state_names_tables(&names);
    writer w = writer_new(&key);
    state_blob_write_key(&tables, state.cid, &w);
    CHECK_EQ(state_blob_write(&tables, &state, &rewrite_kept, &value), LK_OK);
    *out = (sstable_pair){.key = rewrite_keep(&key), .value = rewrite_keep(&value)};
    return true;
}

static bool rewrite_snapshot(reader *body, lk_buf *out) {
    envelope_sections sections;
    snapshot_history h;
    sstable table;
    if (envelope_read_sections(body, &sections, &rewrite_fault) != LK_OK ||
        snapshot_read_history(&sections.history, &rewrite_kept, &h, &rewrite_fault) != LK_OK ||
        sstable_read(sections.state.bytes, sections.state.offset, LIMIT_SNAPSHOT_BYTES,
                     &rewrite_kept, &table, &rewrite_fault) != LK_OK)
        return false;
    snapshot_block *blocks = arena_new(&rewrite_kept, snapshot_block, h.block_len);
    sstable_pair *states = arena_new(&rewrite_kept, sstable_pair, table.len);
    CHECK(blocks != NULL && states != NULL);
    for (size_t i = 0; i < h.block_len; i++) {
        blocks[i] = h.blocks[i];
        if (!rewrite_block(h.blocks[i].bytes, h.blocks[i].offset, &blocks[i].bytes)) return false;
    }
    for (size_t i = 0; i < table.len; i++)
        if (!rewrite_state(&table.pairs[i], &states[i])) return false;
    snapshot_parts parts = {.vv = h.vv,
                            .frontiers = h.frontiers,
                            .blocks = blocks,
                            .block_len = h.block_len,
                            .states = states,
                            .state_len = table.len};
    CHECK_EQ(snapshot_write(&parts, &rewrite_kept, out), LK_OK);
    return true;
}

static bool rewrite_blob(lk_bytes blob, lk_buf *out) {
    envelope_mode mode;
    reader body;
    if (envelope_open(blob, &mode, &body, &rewrite_fault) != LK_OK) return false;
    return mode == ENVELOPE_SNAPSHOT ? rewrite_snapshot(&body, out) : rewrite_updates(&body, out);
}

static lk_buf rewrite_load(const char *path) {
    lk_buf buf = {0};
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    for (int c; (c = fgetc(file)) != EOF;) {
        uint8_t byte = (uint8_t)c;
        CHECK(buf_append(&buf, &byte, 1));
    }
    fclose(file);
    return buf;
}

int main(int argc, char **argv) {
    arena_init(&rewrite_kept, &mem_default);
    for (int i = 1; i + 1 < argc; i += 2) {
        lk_buf in = rewrite_load(argv[i]), out = {0};
        if (!rewrite_blob((lk_bytes){in.at, in.len}, &out)) {
            fprintf(stderr, "%s: byte %zu: %s\n", argv[i], rewrite_fault.offset,
                    rewrite_fault.what);
            return 1;
        }
        FILE *file = fopen(argv[i + 1], "wb");
        CHECK(file != NULL);
        CHECK_EQ(fwrite(out.at, 1, out.len, file), out.len);
        CHECK_EQ(fclose(file), 0);
        lk_buf_free(&in);
        lk_buf_free(&out);
        arena_reset(&rewrite_kept);
    }
    arena_drop(&rewrite_kept);
    return 0;
}
