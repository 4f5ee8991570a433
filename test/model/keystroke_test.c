/* SPDX-License-Identifier: MIT
 * keystroke_test.c - what one key costs on the wire does not grow with the document: the update of
 * a key typed into 10 MB is as long as that of one typed into 1 kB, but for longer counters. */
#include "check.h"

#include "lorikeet.h"

enum { KEYS = 50, CHUNKS = 100, VARINT_GROWTH = 12, UPDATE_MAX = 128 };

static lk_ref keystroke_text(lk_doc *doc) {
    lk_ref text;
    CHECK_EQ(lk_root(doc, LK_TEXT, (lk_str){"text", 4}, &text), LK_OK);
    return text;
}

/* The longest update of KEYS keys typed in the middle of a document of `size` bytes. */
static size_t keystroke_bytes(size_t size) {
    size_t chunk_len = size / CHUNKS, longest = 0;
    char *chunk = malloc(chunk_len);
    CHECK(chunk != NULL);
    memset(chunk, 'x', chunk_len);
    lk_doc *here = lk_new(1, NULL), *there = lk_new(2, NULL);
    CHECK(here != NULL && there != NULL);
    lk_ref text = keystroke_text(here);
    rng random = {size};
    for (size_t i = 0; i < CHUNKS; i++) {
        size_t at = rng_below(&random, (uint32_t)(i * chunk_len) + 1);
        CHECK_EQ(lk_text_insert(here, text, at, LK_UTF8, (lk_str){chunk, chunk_len}), LK_OK);
    }
    lk_buf update = {0};
    CHECK_EQ(lk_export_local(here, &update), LK_OK);
    CHECK_EQ(lk_import(there, (lk_bytes){update.at, update.len}, NULL, NULL), LK_OK);
    for (size_t i = 0; i < KEYS; i++) {
        update.len = 0;
        CHECK_EQ(lk_text_insert(here, text, size / 2 + i, LK_UTF8, (lk_str){"k", 1}), LK_OK);
        CHECK_EQ(lk_export_local(here, &update), LK_OK);
        CHECK_EQ(lk_import(there, (lk_bytes){update.at, update.len}, NULL, NULL), LK_OK);
        if (update.len > longest) longest = update.len;
    }
    CHECK_EQ(lk_text_len(there, keystroke_text(there), LK_UTF8), size + KEYS);
    lk_buf_free(&update);
    lk_free(here);
    lk_free(there);
    free(chunk);
    return longest;
}

int main(void) {
    size_t small = keystroke_bytes(1000), middle = keystroke_bytes(100 * 1000),
           large = keystroke_bytes(10 * 1000 * 1000);
    printf("one key: %zu bytes at 1 kB, %zu at 100 kB, %zu at 10 MB\n", small, middle, large);
    CHECK(small <= UPDATE_MAX);
    CHECK(middle <= small + VARINT_GROWTH && large <= small + VARINT_GROWTH);
    return 0;
}
