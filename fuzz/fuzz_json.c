/* SPDX-License-Identifier: MIT
 * fuzz_json.c - text meets a document as JSON updates. Either it is imported and the state is what
 * a replay of the history gives, or it is refused with a place and a reason, and nothing changed.
 * What was imported goes out as JSON and comes in again as the same history. */
#include "fuzz/fuzz.h"

#include "check.h"
#include "lorikeet.h"
#include "loro_vectors.h"

static lk_buf fuzz_seeds[3];

static lk_doc *fuzz_doc(bool empty) {
    lk_doc *doc = lk_new(9, NULL);
    CHECK(doc != NULL);
    lk_bytes all = {loro_updates, sizeof loro_updates};
    if (!empty) CHECK_EQ(lk_import(doc, all, NULL, NULL), LK_OK);
    return doc;
}

static void fuzz_prepare(void) {
    if (fuzz_seeds[0].len > 0) return;
    lk_doc *doc = fuzz_doc(false);
    lk_id cut = {1, 4};
    CHECK_EQ(lk_json_updates(doc, (lk_ids){0}, NULL, true, &fuzz_seeds[0]), LK_OK);
    CHECK_EQ(lk_json_updates(doc, (lk_ids){0}, NULL, false, &fuzz_seeds[1]), LK_OK);
    CHECK_EQ(lk_json_updates(doc, (lk_ids){&cut, 1}, NULL, true, &fuzz_seeds[2]), LK_OK);
    lk_free(doc);
}

static void fuzz_show(lk_doc *doc, lk_buf *out) {
    CHECK_EQ(lk_json_updates(doc, (lk_ids){0}, NULL, true, out), LK_OK);
    CHECK_EQ(lk_json(doc, out), LK_OK);
}

/* Every root by itself: of those with one name, the JSON of a document shows the one that it came
 * to know last. Counters add up in another order, which rounds otherwise: see lk_check(). */
static void fuzz_same_roots(const lk_doc *doc, lk_doc *copy) {
    lk_ref root, other;
    for (size_t cursor = 0; lk_root_next(doc, &cursor, &root);) {
        lk_buf id = {0}, want = {0}, got = {0};
        if (lk_ref_kind(doc, root) == LK_COUNTER) continue;
        CHECK_EQ(lk_container_id(doc, root, &id), LK_OK);
        lk_str spelling = {(const char *)id.at, id.len};
        CHECK_EQ(lk_container_by_id(copy, spelling, &other), LK_OK);
        CHECK_EQ(lk_container_json(doc, root, &want), LK_OK);
        CHECK_EQ(lk_container_json(copy, other, &got), LK_OK);
        CHECK_BYTES(got.at, got.len, want.at, want.len);
        lk_buf_free(&id);
        lk_buf_free(&want);
        lk_buf_free(&got);
    }
}

/* Out and in again. */
static void fuzz_again(lk_doc *doc) {
    lk_buf json = {0}, again = {0};
    lk_doc *copy = lk_new(9, NULL);
    CHECK(copy != NULL);
    CHECK_EQ(lk_json_updates(doc, (lk_ids){0}, NULL, false, &json), LK_OK);
    CHECK_EQ(lk_json_import(copy, (lk_str){(const char *)json.at, json.len}, NULL, NULL), LK_OK);
    CHECK_EQ(lk_json_updates(copy, (lk_ids){0}, NULL, false, &again), LK_OK);
    CHECK_BYTES(again.at, again.len, json.at, json.len);
    fuzz_same_roots(doc, copy);
    lk_buf_free(&json);
    lk_buf_free(&again);
    lk_free(copy);
}

static void fuzz_meet(lk_str json, bool empty) {
    lk_doc *doc = fuzz_doc(empty);
    lk_buf before = {0}, after = {0};
    fuzz_show(doc, &before);
    lk_fault fault;
    lk_import_status got;
    lk_status status = lk_json_import(doc, json, &got, &fault);
    CHECK_EQ(fault.code, status);
    fuzz_show(doc, &after);
    if (status == LK_OK) {
        bool waits =
            got.pending_len > 0; /* for what goes out with nothing, but has made its roots */
        lk_check(doc);
        if (!waits) fuzz_again(doc);
    } else {
        CHECK(fault.what != NULL && fault.offset <= json.len);
        CHECK_BYTES(after.at, after.len, before.at, before.len);
    }
    lk_buf_free(&before);
    lk_buf_free(&after);
    lk_free(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_prepare();
    fuzz_meet((lk_str){(const char *)data, size}, true);
    fuzz_meet((lk_str){(const char *)data, size}, false);
    const lk_span span = {1, 2, 9};
    lk_buf redacted = {0};
    lk_status status =
        lk_json_redact((lk_str){(const char *)data, size}, &span, 1, &redacted, NULL);
    CHECK(status == LK_OK || redacted.len == 0);
    lk_buf_free(&redacted);
    return 0;
}

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    fuzz_prepare();
    if (n >= sizeof fuzz_seeds / sizeof *fuzz_seeds) return 0;
    CHECK(fuzz_seeds[n].len <= cap);
    memcpy(out, fuzz_seeds[n].at, fuzz_seeds[n].len);
    return fuzz_seeds[n].len;
}
