/* SPDX-License-Identifier: MIT
 * fuzz_root.c - a document begins with a state and a history of hostile make. The input is records
 * of u16le length of a key, u16le length of a value, key, value:
 *
 *     first     the value is the change block that holds the operation it begins with
 *     others    states of containers
 *
 * They become a shallow snapshot whose tables are sound, so that damage gets to where states turn
 * into documents. Either the import succeeds and the document can be replayed and edited, or it
 * holds nothing. */
#include "base/sort.h"
#include "check.h"
#include "codec/change_block.h"
#include "codec/snapshot_blob.h"
#include "fuzz/fuzz.h"
#include "loro_vectors.h"

enum { FUZZ_RECORDS = 64 };

static lk_buf fuzz_blobs[2];      /* with nothing behind the root, and with more */
static lk_id fuzz_vv[8], fuzz_at; /* where they begin */
static size_t fuzz_vv_len;

static void fuzz_prepare(void) {
    if (fuzz_blobs[0].len > 0) return;
    lk_doc *full = lk_new(7, NULL), *late = lk_new(8, NULL);
    lk_ref text;
    CHECK(full != NULL && late != NULL);
    CHECK_EQ(lk_import(full, (lk_bytes){loro_updates, sizeof loro_updates}, NULL, NULL), LK_OK);
    CHECK_EQ(lk_export(full, LK_SHALLOW, lk_frontiers(full), &fuzz_blobs[0]), LK_OK);
    lk_bytes blob = {fuzz_blobs[0].at, fuzz_blobs[0].len};
    CHECK_EQ(lk_import(late, blob, NULL, NULL), LK_OK);
    lk_ids vv = lk_shallow_vv(late);
    for (size_t i = 0; i < vv.len; i++) fuzz_vv[fuzz_vv_len++] = vv.at[i];
    fuzz_at = lk_shallow_frontiers(late).at[0];
    CHECK_EQ(lk_set_peer(late, fuzz_at.peer), LK_OK); /* one block holds it all */
    CHECK_EQ(lk_root(late, LK_TEXT, (lk_str){"text", 4}, &text), LK_OK);
    CHECK_EQ(lk_text_insert(late, text, 0, LK_UTF8, (lk_str){"more", 4}), LK_OK);
    CHECK_EQ(lk_export(late, LK_SNAPSHOT, (lk_ids){0}, &fuzz_blobs[1]), LK_OK);
    lk_free(full);
    lk_free(late);
}

static int fuzz_order(const void *a, const void *b) {
    return sort_bytes(((const sstable_pair *)a)->key, ((const sstable_pair *)b)->key);
}

static size_t fuzz_records(const uint8_t *data, size_t size, sstable_pair *out) {
    reader r = reader_new((lk_bytes){data, size});
    size_t len = 0;
    while (reader_left(&r) > 0 && len < FUZZ_RECORDS) {
        size_t key_len = reader_u16le(&r), value_len = reader_u16le(&r);
        out[len] = (sstable_pair){.key = reader_take(&r, key_len)};
        out[len].value = reader_take(&r, value_len);
        if (!reader_ok(&r)) break;
        len++;
    }
    return len;
}

/* Can it stand in the table, behind the states that are kept? The writer's own key cannot. */
static bool fuzz_fits(const sstable_pair *kept, size_t len, const sstable_pair *next) {
    sstable_pair own = {.key = {(const uint8_t *)"fr", 2}};
    return fuzz_order(&own, next) != 0 && (len == 0 || fuzz_order(&kept[len - 1], next) != 0);
}

/* A blob of the records; false if they cannot make one. */
static bool fuzz_make(const uint8_t *data, size_t size, arena *scratch, lk_buf *out) {
    sstable_pair records[FUZZ_RECORDS];
    size_t len = fuzz_records(data, size, records), kept = 0;
    change_block_meta meta;
    lk_fault fault;
    if (len == 0 || change_block_read_meta(records[0].value, 0, &meta, &fault) != LK_OK)
        return false;
    sstable_pair *states = records + 1;
    sort_items(states, len - 1, sizeof *states, fuzz_order);
    for (size_t i = 0; i + 1 < len; i++)
        if (fuzz_fits(states, kept, &states[i])) states[kept++] = states[i];
    snapshot_block first = {.peer = meta.peer, .counter = meta.counter, .bytes = records[0].value};
    snapshot_parts parts = {.blocks = &first,
                            .block_len = 1,
                            .states = states,
                            .state_len = kept,
                            .late = true,
                            .start_vv = {fuzz_vv, fuzz_vv_len},
                            .start_frontiers = {&fuzz_at, 1}};
    return snapshot_write(&parts, scratch, out) == LK_OK;
}

/* What a document that was begun must stand. */
static void fuzz_use(lk_doc *doc) {
    lk_ref text;
    lk_buf out = {0};
    lk_check(doc);
    CHECK_EQ(lk_root(doc, LK_TEXT, (lk_str){"text", 4}, &text), LK_OK);
    CHECK_EQ(lk_text_insert(doc, text, 0, LK_UTF8, (lk_str){"x", 1}), LK_OK);
    CHECK_EQ(lk_commit(doc, NULL), LK_OK);
    CHECK_EQ(lk_export(doc, LK_SHALLOW, lk_frontiers(doc), &out), LK_OK);
    lk_check(doc);
    lk_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_prepare();
    arena scratch;
    arena_init(&scratch, &mem_default);
    lk_buf blob = {0};
    lk_doc *doc = lk_new(9, NULL);
    CHECK(doc != NULL);
    lk_watch(doc, true);
    if (fuzz_make(data, size, &scratch, &blob)) {
        lk_fault fault;
        lk_status status = lk_import(doc, (lk_bytes){blob.at, blob.len}, NULL, &fault);
        CHECK_EQ(fault.code, status);
        if (status == LK_OK)
            fuzz_use(doc);
        else
            CHECK(lk_op_count(doc) == 0 && lk_version(doc).len == 0 && !lk_is_shallow(doc));
    }
    lk_free(doc);
    lk_buf_free(&blob);
    arena_drop(&scratch);
    return 0;
}

static void fuzz_put(writer *w, lk_bytes key, lk_bytes value) {
    writer_u16le(w, (uint16_t)key.len);
    writer_u16le(w, (uint16_t)value.len);
    writer_raw(w, key.at, key.len);
    writer_raw(w, value.at, value.len);
}

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    fuzz_prepare();
    if (n >= countof(fuzz_blobs)) return 0;
    arena scratch;
    arena_init(&scratch, &mem_default);
    lk_buf seed = {0};
    writer w = writer_new(&seed);
    envelope_mode mode;
    envelope_sections sections;
    snapshot_history history;
    snapshot_root root;
    reader body;
    lk_fault fault;
    lk_bytes blob = {fuzz_blobs[n].at, fuzz_blobs[n].len};
    CHECK_EQ(envelope_open(blob, &mode, &body, &fault), LK_OK);
    CHECK_EQ(envelope_read_sections(&body, &sections, &fault), LK_OK);
    CHECK_EQ(snapshot_read_history(&sections.history, &scratch, &history, &fault), LK_OK);
    CHECK_EQ(snapshot_read_root(&sections.root, history.start_frontiers, &scratch, &root, &fault),
             LK_OK);
    CHECK_EQ(history.block_len, 1);
    fuzz_put(&w, (lk_bytes){0}, history.blocks[0].bytes);
    for (size_t i = 0; i < root.len; i++) fuzz_put(&w, root.pairs[i].key, root.pairs[i].value);
    CHECK(seed.len <= cap);
    memcpy(out, seed.at, seed.len);
    size_t len = seed.len;
    lk_buf_free(&seed);
    arena_drop(&scratch);
    return len;
}
