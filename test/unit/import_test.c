/* SPDX-License-Identifier: MIT
 * import_test.c - importing is all or nothing: truncated and mutated blobs, checksums put right,
 * either merge or leave the document byte for byte as it was. And what waits for its past. */
#include "base/hash.h"
#include "block_blob.h"

static lk_str str_of(const char *s) { return (lk_str){s, strlen(s)}; }

static lk_ref text_of(lk_doc *doc) {
    lk_ref text;
    CHECK_EQ(lk_root(doc, LK_TEXT, str_of("text"), &text), LK_OK);
    return text;
}

static void type(lk_doc *doc, size_t pos, const char *s) {
    CHECK_EQ(lk_text_insert(doc, text_of(doc), pos, LK_UTF16, str_of(s)), LK_OK);
}

static lk_buf export_all(lk_doc *doc, lk_export_mode mode, lk_ids from) {
    lk_buf out = {0};
    CHECK_EQ(lk_export(doc, mode, from, &out), LK_OK);
    return out;
}

static lk_status import(lk_doc *doc, const lk_buf *blob, lk_import_status *status) {
    return lk_import(doc, (lk_bytes){blob->at, blob->len}, status, NULL);
}

/* A document with all that this engine has, written by three peers at once. */
static lk_doc *make_source(void) {
    lk_doc *docs[3];
    lk_ref list, map, child;
    for (uint64_t i = 0; i < 3; i++) {
        docs[i] = lk_new(i * 1000 + 7, NULL);
        if (i > 0) {
            lk_buf blob = export_all(docs[0], LK_UPDATES, (lk_ids){0});
            CHECK_EQ(import(docs[i], &blob, NULL), LK_OK);
            lk_buf_free(&blob);
        }
        type(docs[i], 0, "\xf0\x9f\x90\xa6 one two three\n");
        CHECK_EQ(lk_text_delete(docs[i], text_of(docs[i]), 3, 4, LK_UTF16), LK_OK);
        CHECK_EQ(lk_root(docs[i], LK_LIST, str_of("list"), &list), LK_OK);
        CHECK_EQ(lk_root(docs[i], LK_MAP, str_of("map"), &map), LK_OK);
        lk_value inner[2] = {{.type = LK_F64, .as.f64 = 1.5}, {.type = LK_NULL}};
        lk_entry entry = {str_of("k"), {.type = LK_VALUES, .len = 2, .as.values = inner}};
        lk_value values[2] = {{.type = LK_ENTRIES, .len = 1, .as.entries = &entry},
                              {.type = LK_BINARY, .len = 3, .as.bytes = (const uint8_t *)"\0\1\2"}};
        CHECK_EQ(lk_list_insert(docs[i], list, 0, values, 2), LK_OK);
        CHECK_EQ(lk_map_set_container(docs[i], map, str_of("child"), LK_TEXT, &child), LK_OK);
        CHECK_EQ(lk_text_insert(docs[i], child, 0, LK_UTF8, str_of("deep")), LK_OK);
        CHECK_EQ(lk_map_ensure(docs[i], map, str_of("shared"), LK_MAP, &child), LK_OK);
        CHECK_EQ(lk_map_ensure(docs[i], child, str_of(">"), LK_LIST, &child), LK_OK);
        CHECK_EQ(lk_list_insert(docs[i], child, 0, values, 2), LK_OK);
        lk_commit_options options = {.message = str_of("said"), .timestamp_s = 1700000000};
        CHECK_EQ(lk_commit(docs[i], &options), LK_OK);
    }
    for (int i = 1; i < 3; i++) {
        lk_buf blob = export_all(docs[i], LK_UPDATES, (lk_ids){0});
        CHECK_EQ(import(docs[0], &blob, NULL), LK_OK);
        lk_buf_free(&blob);
        lk_free(docs[i]);
    }
    type(docs[0], 2, "end");
    CHECK_EQ(lk_commit(docs[0], NULL), LK_OK);
    return docs[0];
}

static void put_checksum_right(uint8_t *blob, size_t len) {
    if (len < 20) return;
    uint32_t sum = hash_xx32(blob + 20, len - 20, HASH_SEED_LORO);
    for (int i = 0; i < 4; i++) blob[16 + i] = (uint8_t)(sum >> (8 * i));
}

typedef struct victim { /* a document that has something to lose, and what it had */
    lk_doc *doc;
    lk_buf before;
} victim;

static victim victim_new(void) {
    victim v = {.doc = lk_new(5, NULL)};
    type(v.doc, 0, "mine, unfinished");
    v.before = export_all(v.doc, LK_UPDATES, (lk_ids){0});
    return v;
}

static void victim_expect_unharmed(victim *v) {
    lk_buf now = export_all(v->doc, LK_UPDATES, (lk_ids){0});
    CHECK_BYTES(now.at, now.len, v->before.at, v->before.len);
    lk_buf_free(&now);
}

static void victim_free(victim *v) {
    lk_buf_free(&v->before);
    lk_free(v->doc);
}

/* Feed a blob in a block of exactly its size, so that a sanitizer sees one byte too far. */
static bool feed(victim *v, const uint8_t *bytes, size_t len, bool checksum_right) {
    uint8_t *exact = malloc(len == 0 ? 1 : len);
    CHECK(exact != NULL);
    memcpy(exact, bytes, len);
    if (checksum_right) put_checksum_right(exact, len);
    lk_fault fault;
    lk_status status = lk_import(v->doc, (lk_bytes){exact, len}, NULL, &fault);
    CHECK_EQ(fault.code, status);
    CHECK(fault.what != NULL && fault.offset <= len);
    free(exact);
    if (status == LK_OK) return true;
    victim_expect_unharmed(v);
    return false;
}

static void test_truncations(const lk_buf *blob) {
    victim v = victim_new();
    for (size_t len = 0; len < blob->len; len++) {
        CHECK(!feed(&v, blob->at, len, false));
        /* With the checksum put right, a blob that ends between two blocks is a smaller blob. */
        if (!feed(&v, blob->at, len, true)) continue;
        lk_check(v.doc);
        victim_free(&v);
        v = victim_new();
    }
    CHECK(feed(&v, blob->at, blob->len, false));
    lk_check(v.doc);
    victim_free(&v);
}

static void mutate(rng *random, uint8_t *bytes, size_t len) {
    uint32_t count = 1 + rng_below(random, 3);
    while (count-- > 0) {
        size_t at = 22 + rng_below(random, (uint32_t)(len - 22));
        switch (rng_below(random, 4)) {
        case 0: bytes[at] ^= (uint8_t)(1u << rng_below(random, 8)); break;
        case 1: bytes[at] = (uint8_t)rng_u64(random); break;
        case 2: bytes[at]++; break;
        default: bytes[at] = rng_below(random, 2) ? 0xff : 0; break;
        }
    }
}

static void test_mutations(const lk_buf *blob, uint64_t seed, uint32_t count) {
    rng random = {seed};
    uint8_t *bytes = malloc(blob->len);
    CHECK(bytes != NULL);
    uint32_t merged = 0;
    victim v = victim_new();
    for (uint32_t i = 0; i < count; i++) {
        memcpy(bytes, blob->at, blob->len);
        mutate(&random, bytes, blob->len);
        if (!feed(&v, bytes, blob->len, true)) continue;
        merged++;
        lk_check(v.doc);
        victim_free(&v);
        v = victim_new();
    }
    CHECK(merged < count);
    printf("%" PRIu32 " mutations of %zu bytes: %" PRIu32 " merged, the others changed nothing\n",
           count, blob->len, merged);
    victim_free(&v);
    free(bytes);
}

/* Changes one by one, last first: all wait until the first comes. */
static void test_pending(void) {
    lk_doc *author = lk_new(1, NULL), *late = lk_new(2, NULL);
    lk_buf blobs[5] = {0};
    for (size_t i = 0; i < 5; i++) {
        type(author, i, "x");
        lk_commit_options options = {.message = str_of("step")};
        CHECK_EQ(lk_commit(author, &options), LK_OK);
        CHECK_EQ(lk_export_local(author, &blobs[i]), LK_OK);
    }
    lk_import_status status;
    for (size_t i = 4; i > 0; i--) {
        CHECK_EQ(import(late, &blobs[i], &status), LK_OK);
        CHECK_EQ(status.success_len, 0);
        CHECK_EQ(status.pending_len, 1);
        CHECK_EQ(status.pending[0].start, i);
        CHECK_EQ(status.pending[0].end, i + 1); /* of this blob only */
        CHECK_EQ(lk_text_len(late, text_of(late), LK_UTF8), 0);
    }
    CHECK_EQ(import(late, &blobs[0], &status), LK_OK);
    CHECK_EQ(status.success_len, 1);
    CHECK_EQ(status.success[0].end, 5);
    CHECK_EQ(status.pending_len, 0);
    CHECK_EQ(lk_text_len(late, text_of(late), LK_UTF8), 5);
    lk_check(late);
    for (size_t i = 0; i < 5; i++) lk_buf_free(&blobs[i]);
    lk_free(author);
    lk_free(late);
}

static void test_twice(const lk_buf *blob) {
    lk_doc *doc = lk_new(9, NULL);
    lk_import_status status;
    CHECK_EQ(import(doc, blob, &status), LK_OK);
    size_t ops = lk_op_count(doc);
    CHECK(status.success_len == 3 && ops > 0);
    lk_watch(doc, true);
    CHECK_EQ(import(doc, blob, &status), LK_OK);
    CHECK_EQ(status.success_len, 0);
    CHECK_EQ(lk_op_count(doc), ops);
    CHECK(lk_poll(doc) == NULL);
    lk_free(doc);
}

/* Changes one by one, together, in any order, and with one that is damaged. */
/* A document that goes on as a peer it read of counts on from what that peer wrote. */
static void test_own_end(const lk_doc *source, const lk_buf *blob) {
    lk_doc *heir = lk_new(lk_peer(source), NULL), *other = lk_new(9, NULL);
    CHECK_EQ(lk_own_end(heir), 0);
    CHECK_EQ(import(heir, blob, NULL), LK_OK);
    CHECK_EQ(import(other, blob, NULL), LK_OK);
    CHECK(lk_own_end(source) > 0);
    CHECK_EQ(lk_own_end(heir), lk_own_end(source));
    CHECK_EQ(lk_own_end(other), 0);
    type(heir, 0, "ab");
    CHECK_EQ(lk_own_end(heir), lk_own_end(source) + 2);
    lk_free(heir);
    lk_free(other);
}

static void test_batch(void) {
    lk_doc *source = lk_new(1, NULL), *copy = lk_new(2, NULL);
    lk_buf blobs[3] = {0};
    lk_bytes views[4];
    for (size_t i = 0; i < 3; i++) {
        type(source, i, "x");
        CHECK_EQ(lk_export_local(source, &blobs[i]), LK_OK);
        views[2 - i] = (lk_bytes){blobs[i].at, blobs[i].len};
    }
    lk_watch(copy, true);
    views[3] = (lk_bytes){blobs[1].at, blobs[1].len - 1};
    CHECK_EQ(lk_import_batch(copy, views, 4, NULL, NULL), LK_ECORRUPT);
    CHECK_EQ(lk_op_count(copy), 0);
    CHECK(lk_poll(copy) == NULL);
    lk_import_status status;
    CHECK_EQ(lk_import_batch(copy, views, 2, &status, NULL), LK_OK); /* the first is missing */
    CHECK_EQ(status.success_len, 0);
    CHECK_EQ(status.pending_len, 1);
    lk_buf waits = {0};
    CHECK_EQ(lk_export_pending(copy, &waits), LK_OK);
    CHECK(waits.len > 0);
    CHECK_EQ(lk_import_batch(copy, views, 3, &status, NULL), LK_OK);
    CHECK_EQ(status.success_len, 1);
    CHECK_EQ(status.success[0].end, 3);
    const lk_event *event = lk_poll(copy);
    CHECK(event != NULL && event->by == LK_BY_CHECKOUT);
    CHECK(lk_poll(copy) == NULL);
    CHECK_EQ(lk_import_batch(copy, NULL, 0, &status, NULL), LK_OK);
    lk_check(copy);
    for (size_t i = 0; i < 3; i++) lk_buf_free(&blobs[i]);
    lk_buf_free(&waits);
    lk_free(source);
    lk_free(copy);
}

#define CHANGE(id, deps, lamport, container)                                                       \
    "{\"id\":\"" id "\",\"timestamp\":0,\"deps\":[" deps "],\"lamport\":" lamport                  \
    ",\"ops\":[{\"container\":\"cid:root-" container "\",\"counter\":2,\"content\":{"              \
    "\"type\":\"insert\",\"key\":\"k\",\"value\":1}}]}"
#define HISTORY(changes) "{\"schema_version\":1,\"peers\":null,\"changes\":[" changes "]}"

/* A change whose deps are here has its author's operations before it among their past, or it lies.
 * One that waits for what it names is believed, and the roots it writes to exist already. */
static void test_gaps(void) {
    lk_doc *doc = lk_new(2, NULL);
    lk_import_status status;
    lk_str lies = str_of(HISTORY(CHANGE("2@1", "", "0", "m:Map")));
    lk_str waits = str_of(HISTORY(CHANGE("2@1", "\"1@1\"", "2", "m:Map")));
    size_t cursor = 0;
    lk_ref root;
    CHECK_EQ(lk_json_import(doc, lies, NULL, NULL), LK_ECORRUPT);
    CHECK(!lk_root_next(doc, &cursor, &root));
    CHECK_EQ(lk_json_import(doc, waits, &status, NULL), LK_OK);
    CHECK_EQ(status.pending_len, 1);
    CHECK(lk_root_next(doc, &cursor, &root));
    lk_check(doc);
    lk_free(doc);
}

/* A root without a name, which nobody can ask for, is taken and passed on. */
static void test_nameless(void) {
    const uint64_t peer = 66;
    const lk_str keys[] = {{"", 0}};
    const container_id cid = {.kind = LK_TEXT, .root = true, .name = {"", 0}};
    const change c = {.len = 6, .op_len = 1};
    op o = {.kind = OP_TEXT_INSERT, .len = 6};
    o.as.insert.text = (const uint8_t *)"nobody";
    o.as.insert.bytes = 6;
    block b = {.peers = &peer,
               .peer_len = 1,
               .keys = keys,
               .key_len = 1,
               .cids = &cid,
               .cid_len = 1,
               .changes = &c,
               .change_len = 1,
               .ops = &o,
               .op_len = 1};
    lk_buf blob = block_blob(&b), json = {0};
    lk_doc *doc = lk_new(9, NULL);
    CHECK_EQ(lk_import(doc, (lk_bytes){blob.at, blob.len}, NULL, NULL), LK_OK);
    CHECK_EQ(lk_json(doc, &json), LK_OK);
    CHECK_BYTES(json.at, json.len, "{\"\":\"nobody\"}", 13);
    lk_check(doc);
    lk_buf_free(&json);
    lk_buf_free(&blob);
    lk_free(doc);
}

int main(int argc, char **argv) {
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint32_t count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 10000;
    lk_doc *source = make_source();
    lk_check(source);
    lk_buf updates = export_all(source, LK_UPDATES, (lk_ids){0});
    lk_buf snapshot = export_all(source, LK_SNAPSHOT, (lk_ids){0});
    test_nameless();
    test_pending();
    test_batch();
    test_gaps();
    test_own_end(source, &updates);
    test_twice(&updates);
    test_twice(&snapshot);
    test_truncations(&updates);
    test_truncations(&snapshot);
    test_mutations(&updates, seed, count);
    test_mutations(&snapshot, seed, count);
    lk_buf_free(&updates);
    lk_buf_free(&snapshot);
    lk_free(source);
    return 0;
}
