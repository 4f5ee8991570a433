/* SPDX-License-Identifier: MIT
 * fuzz_import.c - a blob meets documents: an empty one, one that knows a part of what the blob may
 * hold, and one that begins where that part ends. Either the import succeeds and the state is what
 * a replay of the history gives, or it fails and the document is, byte for byte, as it was. And in
 * pieces it meets another one. */
#include "fuzz/fuzz.h"

#include "check.h"
#include "fuzz/repair.h"
#include "lorikeet.h"
#include "loro_vectors.h"

static lk_buf fuzz_base, fuzz_blobs[5]; /* what the second document knows; seeds of ours */

static lk_ref fuzz_root(lk_doc *doc, lk_kind kind, const char *name) {
    lk_ref root;
    CHECK_EQ(lk_root(doc, kind, (lk_str){name, strlen(name)}, &root), LK_OK);
    return root;
}

static void fuzz_export(lk_doc *doc, lk_export_mode mode, lk_ids from, lk_buf *out) {
    CHECK_EQ(lk_export(doc, mode, from, out), LK_OK);
}
static void fuzz_feed(lk_doc *doc, const lk_buf *blob) {
    CHECK_EQ(lk_import(doc, (lk_bytes){blob->at, blob->len}, NULL, NULL), LK_OK);
}

/* Every kind of edit there is, `turn` apart so that peers differ. */
static void fuzz_edit(lk_doc *doc, uint32_t turn) {
    lk_ref text = fuzz_root(doc, LK_TEXT, "text"), list = fuzz_root(doc, LK_LIST, "list"),
           map = fuzz_root(doc, LK_MAP, "map"), child;
    lk_value values[] = {{.type = LK_I64, .as.i64 = turn}, {.type = LK_F64, .as.f64 = 0.5}};
    lk_str key = {turn % 2 == 0 ? "even" : "odd", turn % 2 == 0 ? 4 : 3};
    CHECK_EQ(lk_text_insert(doc, text, turn % 3, LK_CODEPOINT, (lk_str){"a\xf0\x9f\xa6\x9c z", 7}),
             LK_OK);
    CHECK_EQ(lk_text_delete(doc, text, 1, 2, LK_CODEPOINT), LK_OK);
    CHECK_EQ(lk_list_insert(doc, list, 0, values, 2), LK_OK);
    CHECK_EQ(lk_list_insert_container(doc, list, 1, LK_TEXT, &child), LK_OK);
    CHECK_EQ(lk_text_insert(doc, child, 0, LK_UTF8, (lk_str){"in a list", 9}), LK_OK);
    CHECK_EQ(lk_map_set(doc, map, key, values), LK_OK);
    CHECK_EQ(lk_map_set_container(doc, map, (lk_str){"child", 5}, LK_MAP, &child), LK_OK);
    CHECK_EQ(lk_map_delete(doc, map, (lk_str){"odd", 3}), LK_OK);
    CHECK_EQ(lk_list_delete(doc, list, 0, 1), LK_OK);
    CHECK_EQ(lk_commit(doc, NULL), LK_OK);
}

/* Two peers begin from the base and write at once; the blobs are parts and all of what they did. */
static void fuzz_prepare(void) {
    if (fuzz_base.len > 0) return;
    lk_doc *one = lk_new(1, NULL), *two = lk_new(2, NULL);
    CHECK(one != NULL && two != NULL);
    fuzz_edit(one, 0);
    fuzz_export(one, LK_UPDATES, (lk_ids){0}, &fuzz_base);
    fuzz_export(one, LK_SHALLOW, lk_frontiers(one), &fuzz_blobs[4]);
    fuzz_feed(two, &fuzz_base);
    for (uint32_t turn = 1; turn < 4; turn++) fuzz_edit(turn % 2 == 0 ? one : two, turn);
    fuzz_export(two, LK_UPDATES, lk_version(one), &fuzz_blobs[0]);
    fuzz_feed(one, &fuzz_blobs[0]);
    fuzz_edit(one, 4);
    fuzz_export(one, LK_UPDATES, (lk_ids){0}, &fuzz_blobs[1]);
    fuzz_export(one, LK_UPDATES, lk_version(two), &fuzz_blobs[2]);
    fuzz_export(one, LK_SNAPSHOT, (lk_ids){0}, &fuzz_blobs[3]);
    lk_free(one);
    lk_free(two);
}

/* Everything a document shows of itself. */
static void fuzz_show(lk_doc *doc, lk_buf *out) {
    CHECK_EQ(lk_json(doc, out), LK_OK);
    CHECK_EQ(lk_vv_encode(lk_version(doc), out), LK_OK);
    CHECK_EQ(lk_frontiers_encode(lk_frontiers(doc), out), LK_OK);
}

/* Edits of what a blob may have made, which may fail. */
static void fuzz_try(lk_doc *doc) {
    lk_ref root;
    lk_value value = {.type = LK_I64, .as.i64 = 3};
    for (size_t cursor = 0; lk_root_next(doc, &cursor, &root);) {
        lk_id node;
        switch (lk_ref_kind(doc, root)) {
        case LK_TEXT:
            lk_text_insert(doc, root, 1, LK_CODEPOINT, (lk_str){"tried", 5});
            lk_text_delete(doc, root, 0, 3, LK_CODEPOINT);
            break;
        case LK_LIST:
            lk_list_insert(doc, root, 1, &value, 1);
            lk_list_delete(doc, root, 0, 1);
            break;
        case LK_MOVABLE_LIST:
            lk_movable_move(doc, root, 0, 1);
            lk_movable_set(doc, root, 0, &value);
            break;
        case LK_MAP: lk_map_clear(doc, root); break;
        case LK_TREE:
            if (lk_tree_create(doc, root, NULL, 0, &node) == LK_OK)
                lk_tree_move(doc, root, node, NULL, LK_TREE_END);
            break;
        default: lk_counter_add(doc, root, 1);
        }
    }
}

static void fuzz_meet(lk_bytes blob, const lk_buf *known) {
    lk_doc *doc = lk_new(9, NULL);
    CHECK(doc != NULL);
    if (known != NULL) fuzz_feed(doc, known);
    lk_buf before = {0}, after = {0};
    fuzz_show(doc, &before);
    lk_fault fault;
    lk_status status = lk_import(doc, blob, NULL, &fault);
    CHECK_EQ(fault.code, status);
    if (status == LK_OK) {
        if (known == NULL) CHECK_EQ(lk_blob_check(blob, NULL, NULL), LK_OK);
        lk_check(doc);
    } else {
        CHECK(fault.what != NULL && fault.offset <= blob.len);
        fuzz_show(doc, &after);
        CHECK_BYTES(after.at, after.len, before.at, before.len);
    }
    lk_buf_free(&before);
    lk_buf_free(&after);
    lk_free(doc);
}

/* The same in pieces, one after the other. */
static void fuzz_meet_pieces(lk_bytes blob) {
    lk_doc *doc = lk_new(9, NULL);
    lk_buf pieces = {0};
    CHECK(doc != NULL);
    lk_status status = lk_blob_check(blob, NULL, NULL);
    if (lk_blob_split(blob, 1, &pieces, NULL) != LK_OK) CHECK(status != LK_OK);
    for (size_t at = 0; at < pieces.len;) {
        lk_bytes piece = {pieces.at + at + 4, 0};
        for (size_t i = 0; i < 4; i++) piece.len |= (size_t)pieces.at[at + i] << (8 * i);
        lk_status got = lk_import(doc, piece, NULL, NULL);
        if (status == LK_OK) CHECK_EQ(lk_blob_check(piece, NULL, NULL), LK_OK);
        lk_check(doc);
        if (got != LK_OK) break;
        at += 4 + piece.len;
    }
    lk_buf_free(&pieces);
    lk_free(doc);
}

/* A snapshot of it opens, whether its history was read or not. */
static void fuzz_save(lk_doc *doc) {
    lk_buf blob = {0};
    lk_doc *copy = lk_new(10, NULL);
    CHECK(copy != NULL);
    if (lk_export(doc, LK_SNAPSHOT, (lk_ids){0}, &blob) == LK_OK) {
        lk_open_lazily(copy, true);
        CHECK_EQ(lk_import(copy, (lk_bytes){blob.at, blob.len}, NULL, NULL), LK_OK);
        lk_check(copy);
    }
    lk_buf_free(&blob);
    lk_free(copy);
}

/* An empty document does not read the history at first. Then it may turn out to be damaged: that
 * changes nothing, and the document goes on without it. */
static void fuzz_open(lk_bytes blob) {
    lk_doc *doc = lk_new(9, NULL);
    CHECK(doc != NULL);
    lk_buf before = {0}, after = {0}, updates = {0};
    lk_open_lazily(doc, true);
    CHECK_EQ(lk_watch(doc, true), LK_OK);
    if (lk_import(doc, blob, NULL, NULL) == LK_OK) {
        lk_import(doc, (lk_bytes){fuzz_blobs[2].at, fuzz_blobs[2].len}, NULL, NULL);
        fuzz_try(doc);
        fuzz_save(doc);
        lk_import(doc, (lk_bytes){fuzz_blobs[0].at, fuzz_blobs[0].len}, NULL, NULL);
        fuzz_try(doc);
        fuzz_show(doc, &before);
        lk_status status = lk_export(doc, LK_UPDATES, (lk_ids){0}, &updates);
        CHECK(status == LK_OK || updates.len == 0);
        fuzz_show(doc, &after);
        if (status != LK_OK) CHECK_BYTES(after.at, after.len, before.at, before.len);
        lk_check(doc);
        fuzz_try(doc);
    }
    lk_buf_free(&before);
    lk_buf_free(&after);
    lk_buf_free(&updates);
    lk_free(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_prepare();
    fuzz_meet_pieces((lk_bytes){data, size});
    fuzz_open((lk_bytes){data, size});
    fuzz_meet((lk_bytes){data, size}, NULL);
    fuzz_meet((lk_bytes){data, size}, &fuzz_base);
    fuzz_meet((lk_bytes){data, size}, &fuzz_blobs[4]);
    return 0;
}

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    fuzz_prepare();
    lk_bytes seeds[] = {
        {loro_updates, sizeof loro_updates},   {loro_snapshot, sizeof loro_snapshot},
        {fuzz_blobs[0].at, fuzz_blobs[0].len}, {fuzz_blobs[1].at, fuzz_blobs[1].len},
        {fuzz_blobs[2].at, fuzz_blobs[2].len}, {fuzz_blobs[3].at, fuzz_blobs[3].len},
        {fuzz_blobs[4].at, fuzz_blobs[4].len}};
    if (n >= sizeof seeds / sizeof *seeds) return 0;
    CHECK(seeds[n].len <= cap);
    memcpy(out, seeds[n].at, seeds[n].len);
    return seeds[n].len;
}

void fuzz_repair(uint8_t *data, size_t size) { fuzz_repair_blob(data, size); }
