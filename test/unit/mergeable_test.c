/* SPDX-License-Identifier: MIT
 * mergeable_test.c - names and markers as Loro has them, what shows when, what a revert or undo
 * shows again, and bytes in which a container would hang below itself. */
#include "oplog/mergeable.h"

#include "block_blob.h"

static lk_str str_of(const char *s) { return (lk_str){s, strlen(s)}; }

typedef struct named {
    const char *key, *id;
    lk_kind kind;
    uint8_t marker[MERGEABLE_MARKER_LEN];
} named;

/* What loro-crdt 1.17.1 makes in cid:root-st>\:Map and in cid:0@18446744073709551613:Map. */
static const named in_root[] = {
    {"v",
     "cid:root-\xf0\x9f\xa4\x9d:$st\\>\\\\>v:Map",
     LK_MAP,
     {0x00, 0x4c, 0x4d, 0x01, 0x00, 0xf7, 0x78, 0x9e}},
    {"a>/",
     "cid:root-\xf0\x9f\xa4\x9d:$st\\>\\\\>a\\>\\s:Counter",
     LK_COUNTER,
     {0x00, 0x4c, 0x4d, 0x01, 0x05, 0x48, 0xaa, 0xac}},
};
static const named in_made = {"k",
                              "cid:root-\xf0\x9f\xa4\x9d:@3w5e11264sgsd:0>k:Text",
                              LK_TEXT,
                              {0x00, 0x4c, 0x4d, 0x01, 0x02, 0xed, 0xc2, 0x20}};
static const named in_mergeable = {"",
                                   "cid:root-\xf0\x9f\xa4\x9d:$st\\>\\\\>v>:Tree",
                                   LK_TREE,
                                   {0x00, 0x4c, 0x4d, 0x01, 0x03, 0xe8, 0xfd, 0x44}};

static lk_ref expect(lk_doc *doc, lk_ref map, const named *want) {
    lk_buf id = {0}, marker = {0};
    lk_ref child, found, parent;
    CHECK_EQ(lk_map_ensure(doc, map, str_of(want->key), want->kind, &child), LK_OK);
    CHECK_EQ(lk_container_id(doc, child, &id), LK_OK);
    CHECK_BYTES(id.at, id.len, want->id, strlen(want->id));
    CHECK_EQ(lk_map_marker(doc, map, str_of(want->key), &marker), LK_OK);
    CHECK_BYTES(marker.at, marker.len, want->marker, sizeof want->marker);
    CHECK_EQ(lk_container_by_id(doc, (lk_str){(const char *)id.at, id.len}, &found), LK_OK);
    CHECK_EQ(found.index, child.index);
    CHECK(lk_container_parent(doc, child, &parent) && parent.index == map.index);
    CHECK(lk_container_shows(doc, child));
    lk_buf_free(&id);
    lk_buf_free(&marker);
    return child;
}

static void test_names(void) {
    lk_doc *doc = lk_new(UINT64_MAX - 2, NULL);
    lk_ref root, made, plain;
    CHECK_EQ(lk_root(doc, LK_MAP, str_of("other"), &plain), LK_OK);
    CHECK_EQ(lk_map_set_container(doc, plain, str_of("m"), LK_MAP, &made), LK_OK);
    expect(doc, made, &in_made);
    CHECK_EQ(lk_root(doc, LK_MAP, str_of("st>\\"), &root), LK_OK);
    lk_ref map = expect(doc, root, &in_root[0]);
    expect(doc, root, &in_root[1]);
    expect(doc, map, &in_mergeable);
    size_t count = 0, cursor = 0;
    while (lk_root_next(doc, &cursor, &root)) count++;
    CHECK_EQ(count, 2);
    lk_check(doc);
    lk_free(doc);
}

static void expect_json(lk_doc *doc, const char *want) {
    lk_buf out = {0};
    CHECK_EQ(lk_json(doc, &out), LK_OK);
    CHECK_BYTES(out.at, out.len, want, strlen(want));
    lk_buf_free(&out);
}

static void test_showing(void) {
    lk_doc *doc = lk_new(1, NULL);
    lk_ref map, list, text, again;
    lk_value one = {.type = LK_I64, .as.i64 = 1};
    CHECK_EQ(lk_root(doc, LK_MAP, str_of("m"), &map), LK_OK);
    CHECK_EQ(lk_map_ensure(doc, map, str_of("k"), LK_LIST, &list), LK_OK);
    CHECK_EQ(lk_list_insert(doc, list, 0, &one, 1), LK_OK);
    size_t ops = lk_op_count(doc);
    CHECK_EQ(lk_map_ensure(doc, map, str_of("k"), LK_LIST, &again), LK_OK);
    CHECK(again.index == list.index && lk_op_count(doc) == ops);
    CHECK_EQ(lk_map_ensure(doc, map, str_of("k"), LK_TEXT, &text), LK_OK);
    expect_json(doc, "{\"m\":{\"k\":\"\"}}");
    CHECK_EQ(lk_list_insert(doc, list, 0, &one, 1), LK_ESTATE);
    CHECK_EQ(lk_map_delete(doc, map, str_of("k")), LK_OK);
    CHECK(!lk_container_shows(doc, text));
    CHECK_EQ(lk_map_marker(doc, map, str_of("k"), NULL), LK_EMISSING);
    CHECK_EQ(lk_map_ensure(doc, map, str_of("k"), LK_LIST, &again), LK_OK);
    expect_json(doc, "{\"m\":{\"k\":[1]}}");
    CHECK_EQ(lk_map_set(doc, map, str_of("k"), &one), LK_OK);
    CHECK_EQ(lk_map_ensure(doc, map, str_of("k"), LK_LIST, &again), LK_EVALUE);
    CHECK_EQ(lk_map_ensure(doc, list, str_of("k"), LK_LIST, &again), LK_EKIND);
    CHECK_EQ(lk_root(doc, LK_MAP, str_of("\xf0\x9f\xa4\x9d:$m>k"), &again), LK_EVALUE);
    CHECK_EQ(lk_container_by_id(doc, str_of("cid:root-\xf0\x9f\xa4\x9d:$m>q:Map"), &again),
             LK_EMISSING);
    lk_check(doc);
    lk_free(doc);
}

/* A text that was marked, and then gone, shows again as it was: it is unmarked. */
static void test_revert(void) {
    lk_doc *doc = lk_new(1, NULL);
    lk_style bold = {.key = str_of("bold"), .expand = LK_EXPAND_AFTER};
    lk_value yes = {.type = LK_BOOL, .as.boolean = true};
    lk_ref map, text;
    CHECK_EQ(lk_style_config(doc, &bold, 1), LK_OK);
    CHECK_EQ(lk_root(doc, LK_MAP, str_of("m"), &map), LK_OK);
    CHECK_EQ(lk_map_ensure(doc, map, str_of("k"), LK_TEXT, &text), LK_OK);
    CHECK_EQ(lk_text_insert(doc, text, 0, LK_CODEPOINT, str_of("hello")), LK_OK);
    CHECK_EQ(lk_commit(doc, NULL), LK_OK);
    lk_id then = lk_frontiers(doc).at[0];
    CHECK_EQ(lk_text_mark(doc, text, 1, 3, LK_CODEPOINT, bold.key, &yes), LK_OK);
    CHECK_EQ(lk_map_delete(doc, map, str_of("k")), LK_OK);
    size_t ops = lk_op_count(doc);
    CHECK_EQ(lk_revert_to(doc, (lk_ids){&then, 1}), LK_OK);
    CHECK_EQ(lk_op_count(doc), ops + 3); /* the marker, and both ends of one mark */
    expect_json(doc, "{\"m\":{\"k\":\"hello\"}}");
    const lk_delta *deltas;
    size_t len;
    CHECK_EQ(lk_text_delta(doc, text, &deltas, &len), LK_OK);
    for (size_t i = 0; i < len; i++) CHECK_EQ(deltas[i].attribute_len, 0);
    lk_check(doc);
    lk_free(doc);
}

/* What comes back is what went, though something like it came meanwhile. */
static void test_revert_retyped(void) {
    lk_doc *doc = lk_new(1, NULL);
    lk_ref map, text;
    CHECK_EQ(lk_root(doc, LK_MAP, str_of("m"), &map), LK_OK);
    CHECK_EQ(lk_map_ensure(doc, map, str_of("k"), LK_TEXT, &text), LK_OK);
    CHECK_EQ(lk_text_insert(doc, text, 0, LK_CODEPOINT, str_of("abc")), LK_OK);
    CHECK_EQ(lk_commit(doc, NULL), LK_OK);
    lk_id then = lk_frontiers(doc).at[0];
    CHECK_EQ(lk_text_delete(doc, text, 1, 1, LK_CODEPOINT), LK_OK);
    CHECK_EQ(lk_text_insert(doc, text, 1, LK_CODEPOINT, str_of("b")), LK_OK);
    CHECK_EQ(lk_map_delete(doc, map, str_of("k")), LK_OK);
    size_t ops = lk_op_count(doc);
    CHECK_EQ(lk_revert_to(doc, (lk_ids){&then, 1}), LK_OK);
    CHECK_EQ(lk_op_count(doc), ops + 3); /* the marker, one goes, one comes */
    expect_json(doc, "{\"m\":{\"k\":\"abc\"}}");
    lk_check(doc);
    lk_free(doc);
}

/* A movable list that was edited and hidden in one step comes back with what it held. */
static void test_undo(void) {
    lk_doc *doc = lk_new(1, NULL);
    lk_value one = {.type = LK_I64, .as.i64 = 1}, two = {.type = LK_I64, .as.i64 = 2};
    lk_ref map, row;
    lk_undo_done done;
    CHECK_EQ(lk_root(doc, LK_MAP, str_of("m"), &map), LK_OK);
    CHECK_EQ(lk_map_ensure(doc, map, str_of("k"), LK_MOVABLE_LIST, &row), LK_OK);
    CHECK_EQ(lk_movable_insert(doc, row, 0, &one, 1), LK_OK);
    CHECK_EQ(lk_movable_insert(doc, row, 1, &two, 1), LK_OK);
    CHECK_EQ(lk_commit(doc, NULL), LK_OK);
    lk_undo *undo = lk_undo_new(doc);
    CHECK_EQ(lk_movable_move(doc, row, 0, 1), LK_OK);
    CHECK_EQ(lk_map_delete(doc, map, str_of("k")), LK_OK);
    CHECK_EQ(lk_commit(doc, NULL), LK_OK);
    CHECK_EQ(lk_undo_step(undo, LK_UNDO, &done), LK_OK);
    expect_json(doc, "{\"m\":{\"k\":[1,2]}}");
    lk_check(doc);
    lk_undo_free(undo);
    lk_free(doc);
}

/* Operation 0 makes a map inside the child, at key "k", of the map that it makes. */
static void test_cycle(void) {
    uint64_t peer = 1;
    lk_str key = str_of("k");
    lk_value child = {.type = LK_CONTAINER, .as.container = {LK_MAP}};
    for (int32_t base = 0; base < 2; base++) {
        const char *name = base == 0 ? "\xf0\x9f\xa4\x9d:@1:0>k" : "\xf0\x9f\xa4\x9d:@1:>k";
        container_id cid = {.kind = LK_MAP, .root = true, .name = str_of(name)};
        op made = {.kind = OP_MAP_SET, .len = 1, .as.map = {.value = &child}};
        change c = {.len = 1, .op_len = 1};
        block b = {.peers = &peer,
                   .peer_len = 1,
                   .keys = &key,
                   .key_len = 1,
                   .cids = &cid,
                   .cid_len = 1,
                   .changes = &c,
                   .change_len = 1,
                   .ops = &made,
                   .op_len = 1};
        lk_buf blob = block_blob(&b);
        lk_doc *doc = lk_new(2, NULL);
        lk_status want = base == 0 ? LK_ECORRUPT : LK_OK; /* the other name is only a strange one */
        CHECK_EQ(lk_import(doc, (lk_bytes){blob.at, blob.len}, NULL, NULL), want);
        expect_json(doc, "{}");
        lk_check(doc);
        lk_free(doc);
        lk_buf_free(&blob);
    }
}

int main(void) {
    test_names();
    test_showing();
    test_revert();
    test_revert_retyped();
    test_undo();
    test_cycle();
    return 0;
}
