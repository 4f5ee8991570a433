/* SPDX-License-Identifier: MIT
 * waiting_test.c - a block that waits for its past can be damaged in ways that only its past shows.
 * It must not keep that past out. */
#include "block_blob.h"

/* One change of peer 66 that builds on 0@7: an insert of "!" into text "t" at `pos`. */
static lk_buf forge(uint32_t pos, uint32_t lamport) {
    const uint64_t peers[2] = {66, 7};
    const op_id deps[1] = {{1, 0}};
    const lk_str keys[1] = {{"t", 1}};
    const container_id cids[1] = {{.kind = LK_TEXT, .root = true, .name = {"t", 1}}};
    const change c = {.len = 1, .lamport = lamport, .op_len = 1, .deps = deps, .dep_len = 1};
    op o = {.kind = OP_TEXT_INSERT, .len = 1};
    o.as.insert.pos = pos;
    o.as.insert.text = (const uint8_t *)"!";
    o.as.insert.bytes = 1;
    block b = {.peers = peers,
               .peer_len = 2,
               .keys = keys,
               .key_len = 1,
               .cids = cids,
               .cid_len = 1,
               .changes = &c,
               .change_len = 1,
               .ops = &o,
               .op_len = 1};
    return block_blob(&b);
}

static lk_buf past(void) {
    lk_doc *doc = lk_new(7, NULL);
    lk_ref text;
    lk_buf blob = {0};
    CHECK_EQ(lk_root(doc, LK_TEXT, (lk_str){"t", 1}, &text), LK_OK);
    CHECK_EQ(lk_text_insert(doc, text, 0, LK_UTF8, (lk_str){"a", 1}), LK_OK);
    CHECK_EQ(lk_export(doc, LK_UPDATES, (lk_ids){0}, &blob), LK_OK);
    lk_free(doc);
    return blob;
}

static void check_meeting(lk_buf waits, const char *want) {
    lk_doc *doc = lk_new(9, NULL);
    lk_buf blob = past(), json = {0};
    lk_fault fault;
    lk_import_status status;
    CHECK_EQ(lk_import(doc, (lk_bytes){waits.at, waits.len}, &status, &fault), LK_OK);
    CHECK_EQ(status.pending_len, 1);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(lk_import(doc, (lk_bytes){blob.at, blob.len}, NULL, &fault), LK_OK);
    CHECK_EQ(lk_json(doc, &json), LK_OK);
    CHECK_BYTES(json.at, json.len, want, strlen(want));
    lk_check(doc);
    lk_buf_free(&json);
    lk_buf_free(&blob);
    lk_buf_free(&waits);
    lk_free(doc);
}

/* Damage in the blob that comes is its own: what waits stays. */
static void test_damaged_past(void) {
    lk_doc *doc = lk_new(9, NULL);
    lk_buf waits = forge(1, 1), blob = past(), json = {0};
    lk_fault fault;
    CHECK_EQ(lk_import(doc, (lk_bytes){waits.at, waits.len}, NULL, &fault), LK_OK);
    blob.at[blob.len - 1] ^= 1;
    CHECK_EQ(lk_import(doc, (lk_bytes){blob.at, blob.len}, NULL, &fault), LK_ECORRUPT);
    blob.at[blob.len - 1] ^= 1;
    CHECK_EQ(lk_import(doc, (lk_bytes){blob.at, blob.len}, NULL, &fault), LK_OK);
    CHECK_EQ(lk_json(doc, &json), LK_OK);
    CHECK_BYTES(json.at, json.len, "{\"t\":\"a!\"}", 10);
    lk_buf_free(&json);
    lk_buf_free(&blob);
    lk_buf_free(&waits);
    lk_free(doc);
}

int main(void) {
    check_meeting(forge(1, 1), "{\"t\":\"a!\"}");
    check_meeting(forge(2, 1), "{\"t\":\"a\"}"); /* behind the end of the text */
    check_meeting(forge(1, 0), "{\"t\":\"a\"}"); /* not later than what it builds on */
    test_damaged_past();
    printf("waiting: damage in what waited does not keep out what it waited for\n");
    return 0;
}
