/* SPDX-License-Identifier: MIT
 * split_test.c - a blob in pieces comes to the same as the blob, whoever wrote it at once; and what
 * lk_blob_check() finds wrong with one, lk_import() finds, too. */
#include "base/hash.h"
#include "check.h"
#include "codec/envelope.h"
#include "lorikeet.h"
#include "meter.h"

static size_t changes_of(lk_doc *doc) {
    size_t count;
    CHECK_EQ(lk_change_count(doc, &count), LK_OK);
    return count;
}

static lk_str str_of(const char *s) { return (lk_str){s, strlen(s)}; }
static lk_bytes bytes_of(const lk_buf *buf) { return (lk_bytes){buf->at, buf->len}; }

static lk_ref text_of(lk_doc *doc) {
    lk_ref text;
    CHECK_EQ(lk_root(doc, LK_TEXT, str_of("text"), &text), LK_OK);
    return text;
}

/* A change of a few operations, too far apart to be runs. */
static void edit(lk_doc *doc, rng *random) {
    lk_commit_options options = {.message = str_of("m"), .timestamp_s = 1};
    for (int i = 0; i < 3; i++) {
        size_t len = lk_text_len(doc, text_of(doc), LK_UTF16);
        size_t at = rng_below(random, (uint32_t)len + 1);
        CHECK_EQ(lk_text_insert(doc, text_of(doc), at, LK_UTF16, str_of("some words")), LK_OK);
    }
    options.timestamp_s += rng_below(random, 1000000);
    CHECK_EQ(lk_commit(doc, &options), LK_OK);
}

static void send(lk_doc *from, lk_doc *to) {
    lk_buf blob = {0};
    CHECK_EQ(lk_export(from, LK_UPDATES, lk_log_version(to), &blob), LK_OK);
    CHECK_EQ(lk_import(to, bytes_of(&blob), NULL, NULL), LK_OK);
    lk_buf_free(&blob);
}

/* Three peers take `turns` turns; each writes `burst` changes and then tells the next. */
static lk_doc *write_history(rng *random, int turns, int burst) {
    lk_doc *docs[3];
    for (uint64_t i = 0; i < 3; i++) docs[i] = lk_new(10 + i, NULL);
    for (int turn = 0; turn < turns; turn++) {
        for (int i = 0; i < burst; i++) edit(docs[turn % 3], random);
        send(docs[turn % 3], docs[(turn + 1) % 3]);
    }
    for (int i = 1; i < 3; i++) send(docs[i], docs[0]);
    for (int i = 1; i < 3; i++) lk_free(docs[i]);
    return docs[0];
}

static bool next_piece(const lk_buf *pieces, size_t *at, lk_bytes *out) {
    if (*at == pieces->len) return false;
    CHECK(pieces->len - *at > 4);
    const uint8_t *len = pieces->at + *at;
    out->len = (size_t)len[0] | (size_t)len[1] << 8 | (size_t)len[2] << 16 | (size_t)len[3] << 24;
    out->at = len + 4;
    CHECK(out->len <= pieces->len - *at - 4);
    *at += 4 + out->len;
    return true;
}

static void expect_same(lk_doc *a, lk_doc *b) {
    lk_buf x = {0}, y = {0};
    lk_check(b);
    CHECK_EQ(lk_json(a, &x), LK_OK);
    CHECK_EQ(lk_json(b, &y), LK_OK);
    CHECK_EQ(lk_vv_encode(lk_log_version(a), &x), LK_OK);
    CHECK_EQ(lk_vv_encode(lk_log_version(b), &y), LK_OK);
    CHECK_BYTES(y.at, y.len, x.at, x.len);
    CHECK_EQ(changes_of(b), changes_of(a));
    lk_buf_free(&x);
    lk_buf_free(&y);
}

typedef struct outcome {
    size_t pieces, longest, waiting; /* longest: of updates; waiting: pieces that left some */
} outcome;

/* Import the pieces of `blob`; afterwards `doc` shows what `whole` does. */
static outcome import_pieces(lk_doc *whole, lk_doc *doc, const lk_buf *blob, size_t piece_len) {
    lk_buf pieces = {0};
    lk_bytes piece;
    size_t at = 0;
    outcome out = {0};
    lk_import_status status = {0};
    CHECK_EQ(lk_blob_split(bytes_of(blob), piece_len, &pieces, NULL), LK_OK);
    while (next_piece(&pieces, &at, &piece)) {
        CHECK_EQ(lk_blob_check(piece, NULL, NULL), LK_OK);
        CHECK_EQ(lk_import(doc, piece, &status, NULL), LK_OK);
        out.pieces++;
        out.waiting += status.pending_len > 0;
        bool state = piece.at[21] == ENVELOPE_SNAPSHOT;
        if (piece.len > out.longest && !state) out.longest = piece.len;
    }
    CHECK_EQ(status.pending_len, 0);
    lk_buf_free(&pieces);
    expect_same(whole, doc);
    return out;
}

/* A piece ends with the block that fills it, and no block is longer than this: export.c. */
#define LONGEST_BLOCK (80u << 10)

static void test_pieces(lk_export_mode mode, int turns, int burst, bool waits) {
    rng random = {7};
    lk_doc *whole = write_history(&random, turns, burst), *doc = lk_new(1, NULL);
    lk_buf blob = {0};
    CHECK_EQ(lk_export(whole, mode, (lk_ids){0}, &blob), LK_OK);
    outcome small = import_pieces(whole, doc, &blob, 1);
    CHECK(small.pieces >= 3 && small.longest < LONGEST_BLOCK);
    CHECK_EQ(small.waiting > 0, waits);
    import_pieces(whole, doc, &blob, 1); /* again, into a document that knows it all */
    lk_free(doc);
    doc = lk_new(2, NULL);
    outcome large = import_pieces(whole, doc, &blob, LONGEST_BLOCK);
    CHECK(large.pieces < small.pieces && large.longest < 2 * LONGEST_BLOCK);
    lk_free(doc);
    doc = lk_new(3, NULL);
    edit(doc, &random); /* into one that has something of its own */
    send(doc, whole);
    import_pieces(whole, doc, &blob, 1);
    lk_free(doc);
    lk_free(whole);
    lk_buf_free(&blob);
}

/* A root container that nothing ever happened to; a shallow snapshot stays whole. */
static void test_snapshots(void) {
    rng random = {8};
    lk_doc *whole = write_history(&random, 3, 3), *doc = lk_new(1, NULL);
    lk_ref ref;
    lk_buf blob = {0}, pieces = {0};
    CHECK_EQ(lk_root(whole, LK_MAP, str_of("untouched"), &ref), LK_OK);
    CHECK_EQ(lk_export(whole, LK_SNAPSHOT, (lk_ids){0}, &blob), LK_OK);
    import_pieces(whole, doc, &blob, 1);
    lk_free(doc);
    blob.len = 0;
    doc = lk_new(2, NULL);
    CHECK_EQ(lk_export(whole, LK_SHALLOW, lk_frontiers(whole), &blob), LK_OK);
    CHECK_EQ(lk_blob_split(bytes_of(&blob), 1, &pieces, NULL), LK_OK);
    CHECK_BYTES(pieces.at + 4, pieces.len - 4, blob.at, blob.len);
    lk_free(doc);
    lk_free(whole);
    lk_buf_free(&blob);
    lk_buf_free(&pieces);
}

/* Blobs that say nothing have no pieces. */
static void test_nothing(void) {
    lk_doc *doc = lk_new(1, NULL);
    lk_buf blob = {0}, pieces = {0};
    CHECK_EQ(lk_export(doc, LK_UPDATES, (lk_ids){0}, &blob), LK_OK);
    CHECK_EQ(lk_blob_split(bytes_of(&blob), 1, &pieces, NULL), LK_OK);
    CHECK_EQ(pieces.len, 0);
    CHECK_EQ(lk_blob_check(bytes_of(&blob), NULL, NULL), LK_OK);
    lk_buf_free(&blob);
    lk_free(doc);
}

/* Damage behind a checksum that is right: what is refused is refused in the same words. */
static void test_damage(lk_export_mode mode, uint32_t count) {
    rng random = {9};
    lk_doc *whole = write_history(&random, 4, 3);
    lk_buf blob = {0};
    uint32_t refused = 0;
    CHECK_EQ(lk_export(whole, mode, (lk_ids){0}, &blob), LK_OK);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = 22 + rng_below(&random, (uint32_t)blob.len - 22);
        uint8_t kept = blob.at[at];
        lk_fault checked, imported;
        lk_buf pieces = {0};
        lk_doc *doc = lk_new(1, NULL);
        blob.at[at] ^= (uint8_t)(1 + rng_below(&random, 255));
        uint32_t sum = hash_xx32(blob.at + 20, blob.len - 20, HASH_SEED_LORO);
        for (unsigned b = 0; b < 4; b++) blob.at[16 + b] = (uint8_t)(sum >> (8 * b));
        lk_status status = lk_blob_check(bytes_of(&blob), NULL, &checked);
        CHECK_EQ(status, checked.code);
        if (status != LK_OK) {
            refused++;
            CHECK_EQ(lk_import(doc, bytes_of(&blob), NULL, &imported), status);
            CHECK(strcmp(imported.what, checked.what) == 0);
            CHECK_EQ(imported.offset, checked.offset);
        }
        status = lk_blob_split(bytes_of(&blob), 1, &pieces, NULL);
        if (status != LK_OK) CHECK(checked.code != LK_OK && pieces.len == 0);
        lk_buf_free(&pieces);
        lk_free(doc);
        blob.at[at] = kept;
    }
    CHECK(refused > count / 4);
    lk_buf_free(&blob);
    lk_free(whole);
}

/* Each allocation fails once; nothing is appended, nothing stays behind. */
static void test_memory(lk_export_mode mode) {
    rng random = {10};
    lk_doc *whole = write_history(&random, 4, 3);
    lk_buf blob = {0};
    CHECK_EQ(lk_export(whole, mode, (lk_ids){0}, &blob), LK_OK);
    lk_status status = LK_ENOMEM;
    for (uint64_t n = 1; status != LK_OK; n++) {
        meter m = {.fail_at = n};
        lk_memory memory = {.context = &m, .resize = meter_resize};
        lk_buf pieces = {.memory = &memory};
        status = lk_blob_split(bytes_of(&blob), 1, &pieces, NULL);
        if (status == LK_OK) status = lk_blob_check(bytes_of(&blob), &memory, NULL);
        CHECK_EQ(status, m.requests < n ? LK_OK : LK_ENOMEM);
        lk_buf_free(&pieces);
        CHECK_EQ(m.bytes, 0);
    }
    lk_buf_free(&blob);
    lk_free(whole);
}

int main(int argc, char **argv) {
    uint32_t count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 2000;
    lk_export_mode modes[] = {LK_UPDATES, LK_SNAPSHOT};
    for (int i = 0; i < 2; i++) {
        test_pieces(modes[i], 3, 1400, false); /* one turn each */
        test_pieces(modes[i], 300, 2, true);   /* many short ones: blocks build on each other */
        test_damage(modes[i], count);
        test_memory(modes[i]);
    }
    test_snapshots();
    test_nothing();
    return 0;
}
