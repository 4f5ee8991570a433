/* SPDX-License-Identifier: MIT
 * contents.c - the three kinds of stores. A document is made of its rows; other rows stay rows. */
#include "contents.h"

#include <string.h>

#include "blobs.h"
#include "host/elo_records.h"
#include "host/heap.h"
#include "host/room_store.h"
#include "print.h"
#include "room/signed.h"

struct contents {
    lk_doc *doc; /* one of these three */
    elo_records *records;
    lk_ephemeral *entries;
    VEC(lk_buf) rows; /* those to be kept as they are */
    bool bare;        /* there are others, which the document is to be kept for */
    bool has_word;
    lk_buf all, waiting; /* contents_again()'s */
};

static bool contents_is_named(const char *path, const char *end) {
    size_t len = strlen(path), tail = strlen(end);
    return len >= tail && strcmp(path + len - tail, end) == 0;
}

static void contents_pass(void *context, shared_bytes *record) { (void)context, (void)record; }

contents *contents_new(const char *path) {
    contents *c = heap_new(contents);
    c->all = c->waiting = (lk_buf)HEAP_BUF;
    if (contents_is_named(path, ".sealed"))
        c->records = elo_records_new(&(elo_records_events){c, contents_pass, contents_pass});
    else if (contents_is_named(path, ".entries"))
        c->entries = lk_ephemeral_new(UINT64_MAX, &heap_memory);
    else
        c->doc = blobs_new();
    return c;
}

void contents_free(contents *c) {
    lk_free(c->doc);
    if (c->records != NULL) elo_records_free(c->records);
    lk_ephemeral_free(c->entries);
    for (size_t i = 0; i < c->rows.len; i++) lk_buf_free(&c->rows.at[i]);
    vec_drop(&heap_memory, &c->rows);
    lk_buf_free(&c->all);
    lk_buf_free(&c->waiting);
    heap_free(contents, c);
}

static bool contents_read(contents *c, lk_bytes row, lk_fault *fault) {
    if (c->doc != NULL) return blobs_import_stored(c->doc, row, fault);
    if (c->entries != NULL) {
        fault->code = lk_ephemeral_apply(c->entries, row, 0, fault);
    } else if (room_store_is_word(row)) {
        c->has_word = true;
    } else {
        fault->code = elo_records_load(c->records, row, 1, fault);
    }
    return fault->code == LK_OK;
}

bool contents_take(contents *c, lk_bytes row, lk_fault *fault) {
    bool as_it_is = c->doc == NULL || signed_is(row);
    if (!as_it_is) c->bare = true;
    if (!contents_read(c, row, fault)) return false;
    if (!as_it_is) return true;
    lk_buf *copy = vec_push(&heap_memory, &c->rows);
    *copy = (lk_buf)HEAP_BUF;
    buf_append(copy, row.at, row.len);
    return true;
}

static void contents_tell_operations(lk_ids version, lk_buf *out) {
    uint64_t count = 0;
    for (size_t i = 0; i < version.len; i++) count += (uint64_t)version.at[i].counter;
    print_count(out, count, "operation");
    heap_print(out, " of ");
    print_count(out, version.len, "peer");
}

static void contents_tell_records(contents *c, lk_buf *out) {
    lk_buf version = HEAP_BUF, ids = HEAP_BUF;
    elo_records_version(c->records, &version);
    LK_ASSERT(lk_vv_decode((lk_bytes){version.at, version.len}, &ids, NULL) == LK_OK);
    contents_tell_operations(blobs_ids(&ids), out);
    heap_print(out, ", sealed");
    if (!c->has_word) heap_print(out, "; without a word: all who know the room's name may write");
    lk_buf_free(&version);
    lk_buf_free(&ids);
}

static void contents_tell_document(contents *c, lk_buf *out) {
    contents_tell_operations(lk_log_version(c->doc), out);
    LK_ASSERT(lk_export_pending(c->doc, &c->waiting) == LK_OK);
    if (c->waiting.len > 0) heap_print(out, "; some wait for others, which are not there");
    c->waiting.len = 0;
}

void contents_tell(contents *c, lk_buf *out) {
    heap_print(out, "which hold ");
    if (c->records != NULL) {
        contents_tell_records(c, out);
    } else if (c->entries != NULL) {
        size_t len = lk_ephemeral_len(c->entries);
        heap_print(out, "%zu %s", len, len == 1 ? "entry" : "entries");
    } else {
        contents_tell_document(c, out);
    }
}

static void contents_add(contents_rows *out, const lk_buf *row) {
    *vec_push(&heap_memory, out) = (lk_bytes){row->at, row->len};
}

void contents_again(contents *c, contents_rows *out) {
    for (size_t i = 0; i < c->rows.len; i++) contents_add(out, &c->rows.at[i]);
    if (c->doc == NULL || (!c->bare && c->rows.len > 0)) return;
    c->all.len = c->waiting.len = 0;
    LK_ASSERT(lk_export(c->doc, LK_SNAPSHOT, (lk_ids){0}, &c->all) == LK_OK);
    LK_ASSERT(lk_export_pending(c->doc, &c->waiting) == LK_OK);
    contents_add(out, &c->all);
    if (c->bare && c->waiting.len > 0) contents_add(out, &c->waiting);
}
