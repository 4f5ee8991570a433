/* SPDX-License-Identifier: MIT
 * block_blob.h - an update blob of one block made by hand, as no honest peer would. */
#ifndef TEST_BLOCK_BLOB_H
#define TEST_BLOCK_BLOB_H

#include "check.h"
#include "codec/change_block.h"
#include "codec/envelope.h"

/* The caller frees it. */
static inline lk_buf block_blob(const block *b) {
    arena scratch;
    arena_init(&scratch, &mem_default);
    lk_buf bytes = {0}, blob = {0};
    CHECK_EQ(change_block_write(b, &scratch, &bytes), LK_OK);
    writer w = writer_new(&blob);
    size_t start;
    envelope_begin(&w, ENVELOPE_UPDATES, &start);
    envelope_add_block(&w, (lk_bytes){bytes.at, bytes.len});
    envelope_finish(&w, start);
    lk_buf_free(&bytes);
    arena_drop(&scratch);
    return blob;
}

#endif
