/* SPDX-License-Identifier: MIT
 * kinds_test.c - movable lists, trees and counters: what edits and reads say at their bounds. (That
 * they merge is for the model tests; that they do so as Loro does, for test/conform.) */
#include "check.h"
#include "lorikeet.h"

static lk_str str_of(const char *s) { return (lk_str){s, strlen(s)}; }

static lk_ref root_of(lk_doc *doc, lk_kind kind) {
    lk_ref ref;
    CHECK_EQ(lk_root(doc, kind, str_of("root"), &ref), LK_OK);
    return ref;
}

static void expect_json(lk_doc *doc, lk_ref ref, const char *want) {
    lk_buf out = {0};
    CHECK_EQ(lk_container_json(doc, ref, &out), LK_OK);
    CHECK_BYTES(out.at, out.len, want, strlen(want));
    lk_buf_free(&out);
}

static void test_movable(void) {
    lk_doc *doc = lk_new(7, NULL);
    lk_ref list = root_of(doc, LK_MOVABLE_LIST), text = root_of(doc, LK_TEXT), child;
    lk_value numbers[4], nested = {.type = LK_CONTAINER};
    for (int i = 0; i < 4; i++) numbers[i] = (lk_value){.type = LK_I64, .as.i64 = i};
    CHECK_EQ(lk_movable_insert(doc, text, 0, numbers, 1), LK_EKIND);
    CHECK_EQ(lk_movable_insert(doc, list, 1, numbers, 1), LK_ERANGE);
    CHECK_EQ(lk_movable_insert(doc, list, 0, &nested, 1), LK_EVALUE);
    CHECK_EQ(lk_movable_insert(doc, list, 0, numbers, 4), LK_OK);
    CHECK_EQ(lk_movable_move(doc, list, 0, 3), LK_OK);
    CHECK_EQ(lk_movable_move(doc, list, 0, 4), LK_ERANGE);
    CHECK_EQ(lk_movable_move(doc, list, 9, 9), LK_OK);
    expect_json(doc, list, "[1,2,3,0]");
    CHECK_EQ(lk_movable_set(doc, list, 4, numbers), LK_ERANGE);
    CHECK_EQ(lk_movable_set(doc, list, 3, &nested), LK_EVALUE);
    CHECK_EQ(lk_set_peer(doc, 8), LK_OK);
    CHECK_EQ(lk_movable_set(doc, list, 3, &numbers[3]), LK_OK);
    CHECK_EQ(lk_movable_set_container(doc, list, 0, LK_LIST, &child), LK_OK);
    lk_movable_writers who;
    CHECK_EQ(lk_movable_who(doc, list, 3, &who), LK_OK);
    CHECK(who.creator == 7 && who.mover == 7 && who.editor == 8);
    CHECK_EQ(lk_movable_who(doc, list, 4, &who), LK_ERANGE);
    CHECK_EQ(lk_movable_delete(doc, list, 3, 2), LK_ERANGE);
    CHECK_EQ(lk_movable_delete(doc, list, 9, 0), LK_OK);
    CHECK(lk_container_shows(doc, child));
    CHECK_EQ(lk_movable_delete(doc, list, 0, 3), LK_OK);
    CHECK(!lk_container_shows(doc, child));
    CHECK_EQ(lk_list_insert(doc, child, 0, numbers, 1), LK_ESTATE);
    expect_json(doc, list, "[3]");
    CHECK_EQ(lk_movable_len(doc, list), 1);
    lk_check(doc);
    lk_free(doc);
}

typedef lk_status read_part(const lk_doc *doc, lk_ref list, size_t pos, size_t len, lk_value *out);
typedef lk_status get_one(const lk_doc *doc, lk_ref list, size_t pos, lk_value *out);

enum { PARTS_LEN = 300 };

/* Part by part as one by one. */
static void expect_parts(const lk_doc *doc, lk_ref list, read_part *read, get_one *get) {
    enum { PART = 16 };
    lk_value part[PART], one;
    for (size_t pos = 0; pos <= PARTS_LEN; pos++) {
        size_t left = PARTS_LEN - pos, len = left < PART ? left : PART;
        CHECK_EQ(read(doc, list, pos, len, part), LK_OK);
        for (size_t i = 0; i < len; i++) {
            CHECK_EQ(get(doc, list, pos + i, &one), LK_OK);
            CHECK(part[i].type == one.type && part[i].as.i64 == one.as.i64);
        }
        CHECK_EQ(read(doc, list, pos, left + 1, part), LK_ERANGE);
    }
    CHECK_EQ(read(doc, list, PARTS_LEN + 1, 0, part), LK_ERANGE);
}

static void test_parts(void) {
    lk_doc *doc = lk_new(7, NULL), *other = lk_new(8, NULL);
    lk_ref list = root_of(doc, LK_LIST), movable = root_of(doc, LK_MOVABLE_LIST);
    for (int64_t i = 0; i < PARTS_LEN; i++) {
        lk_value number = {.type = LK_I64, .as.i64 = i};
        CHECK_EQ(lk_list_insert(doc, list, (size_t)(i / 2), &number, 1), LK_OK);
        CHECK_EQ(lk_movable_insert(doc, movable, (size_t)i, &number, 1), LK_OK);
    }
    lk_buf bytes = {0};
    CHECK_EQ(lk_export(doc, LK_UPDATES, (lk_ids){0}, &bytes), LK_OK);
    CHECK_EQ(lk_import(other, (lk_bytes){bytes.at, bytes.len}, NULL, NULL), LK_OK);
    for (size_t i = 0; i < PARTS_LEN; i += 3) { /* both move these: one of two places stays empty */
        CHECK_EQ(lk_movable_move(doc, movable, i, PARTS_LEN - 1 - i), LK_OK);
        CHECK_EQ(lk_movable_move(other, root_of(other, LK_MOVABLE_LIST), i, i / 2), LK_OK);
    }
    bytes.len = 0;
    CHECK_EQ(lk_export(other, LK_UPDATES, (lk_ids){0}, &bytes), LK_OK);
    CHECK_EQ(lk_import(doc, (lk_bytes){bytes.at, bytes.len}, NULL, NULL), LK_OK);
    CHECK(lk_list_len(doc, list) == PARTS_LEN && lk_movable_len(doc, movable) == PARTS_LEN);
    expect_parts(doc, list, lk_list_read, lk_list_get);
    expect_parts(doc, movable, lk_movable_read, lk_movable_get);
    lk_buf_free(&bytes);
    lk_free(other);
    lk_free(doc);
}

static lk_id create(lk_doc *doc, lk_ref tree, const lk_id *parent, size_t index) {
    lk_id out;
    CHECK_EQ(lk_tree_create(doc, tree, parent, index, &out), LK_OK);
    return out;
}

/* The children of a parent, as the last digits of their counters. */
static void expect_children(lk_doc *doc, lk_ref tree, const lk_id *parent, const char *want) {
    lk_node node;
    size_t count = 0;
    for (; lk_tree_child(doc, tree, parent, count, &node) == LK_OK; count++) {
        CHECK_EQ('0' + node.id.counter % 10, want[count]);
        CHECK_EQ(node.index, count);
    }
    CHECK_EQ(count, strlen(want));
}

static void test_tree(void) {
    lk_doc *doc = lk_new(7, NULL);
    lk_ref tree = root_of(doc, LK_TREE), text = root_of(doc, LK_TEXT);
    lk_id nobody = {9, 9}, made;
    CHECK_EQ(lk_tree_create(doc, text, NULL, 0, &made), LK_EKIND);
    CHECK_EQ(lk_tree_create(doc, tree, &nobody, 0, &made), LK_EMISSING);
    CHECK_EQ(lk_tree_create(doc, tree, NULL, 1, &made), LK_ERANGE);
    lk_id a = create(doc, tree, NULL, 0), b = create(doc, tree, NULL, LK_TREE_END);
    lk_id c = create(doc, tree, NULL, 1), d = create(doc, tree, &a, 0);
    expect_children(doc, tree, NULL, "021");
    CHECK_EQ(lk_tree_move(doc, tree, a, &d, 0), LK_ESTATE);
    CHECK_EQ(lk_tree_move(doc, tree, a, &a, LK_TREE_END), LK_ESTATE);
    CHECK_EQ(lk_tree_move(doc, tree, a, NULL, 3), LK_ERANGE);
    CHECK_EQ(lk_tree_move(doc, tree, nobody, NULL, 0), LK_EMISSING);
    CHECK_EQ(lk_tree_move(doc, tree, a, NULL, 2), LK_OK);
    expect_children(doc, tree, NULL, "210");
    CHECK_EQ(lk_tree_move_beside(doc, tree, a, c, true), LK_OK);
    expect_children(doc, tree, NULL, "201");
    CHECK_EQ(lk_tree_move_beside(doc, tree, b, d, false), LK_OK);
    expect_children(doc, tree, &a, "13");
    lk_node node;
    CHECK_EQ(lk_tree_get(doc, tree, b, &node), LK_OK);
    CHECK(node.has_parent && !node.deleted && node.index == 0 && node.parent.counter == a.counter);
    CHECK_EQ(lk_ref_kind(doc, node.data), LK_MAP);
    CHECK_EQ(lk_tree_delete(doc, tree, a), LK_OK);
    CHECK_EQ(lk_tree_delete(doc, tree, a), LK_EMISSING);
    CHECK_EQ(lk_tree_get(doc, tree, b, &node), LK_OK);
    CHECK(node.deleted && node.has_parent && !lk_container_shows(doc, node.data));
    CHECK_EQ(lk_tree_move(doc, tree, a, NULL, 0), LK_EMISSING);
    CHECK_EQ(lk_tree_move(doc, tree, b, NULL, 0), LK_OK); /* out of what was deleted */
    expect_children(doc, tree, NULL, "12");
    CHECK(lk_container_shows(doc, node.data));
    CHECK_EQ(lk_tree_roots(doc, tree), 2);
    lk_check(doc);
    lk_free(doc);
}

/* What is done below a deleted node is told of, too. */
static void test_below_deleted(void) {
    lk_doc *doc = lk_new(7, NULL);
    lk_ref tree = root_of(doc, LK_TREE);
    lk_id a = create(doc, tree, NULL, 0), b = create(doc, tree, &a, 0);
    CHECK_EQ(lk_tree_delete(doc, tree, a), LK_OK);
    CHECK_EQ(lk_commit(doc, NULL), LK_OK);
    CHECK_EQ(lk_watch(doc, true), LK_OK);
    lk_id c = create(doc, tree, &a, 1);
    CHECK_EQ(lk_tree_move(doc, tree, b, NULL, 0), LK_OK);
    CHECK_EQ(lk_tree_delete(doc, tree, c), LK_OK);
    CHECK_EQ(lk_commit(doc, NULL), LK_OK);
    const lk_event *event = lk_poll(doc);
    CHECK(event != NULL && event->diff_len == 1 && event->diffs[0].node_len == 3);
    const lk_tree_change *changes = event->diffs[0].nodes;
    CHECK(changes[0].action == LK_TREE_CREATE && changes[0].index == 1);
    CHECK(changes[0].has_parent && changes[0].parent.counter == a.counter);
    CHECK(changes[1].action == LK_TREE_MOVE && changes[1].had_parent && !changes[1].has_parent);
    CHECK(changes[2].action == LK_TREE_DELETE && changes[2].old_index == 0);
    lk_check(doc);
    lk_free(doc);
}

static void test_positions(void) {
    lk_doc *doc = lk_new(7, NULL);
    lk_ref tree = root_of(doc, LK_TREE);
    lk_id made;
    lk_node node;
    CHECK_EQ(lk_tree_positions(doc, tree, true, LK_TREE_JITTER_MAX + 1), LK_ELIMIT);
    CHECK_EQ(lk_tree_positions(doc, tree, true, 3), LK_OK);
    create(doc, tree, NULL, 0);
    CHECK_EQ(lk_tree_child(doc, tree, NULL, 0, &node), LK_OK);
    CHECK(node.fractional_index.len == 4 && node.fractional_index.at[0] == 0x80);
    CHECK_EQ(lk_tree_positions(doc, tree, false, 0), LK_OK);
    CHECK_EQ(lk_tree_create(doc, tree, NULL, 0, &made), LK_ESTATE);
    create(doc, tree, NULL, LK_TREE_END);
    /* Two peers that put nodes in the same place: a third one between these moves what is behind.
     */
    CHECK_EQ(lk_tree_positions(doc, tree, true, 0), LK_OK);
    lk_tree_positions(doc, tree, false, 0);
    for (int i = 0; i < 3; i++) create(doc, tree, NULL, LK_TREE_END);
    lk_tree_positions(doc, tree, true, 0);
    expect_children(doc, tree, NULL, "12340");
    create(doc, tree, NULL, 2);
    expect_children(doc, tree, NULL, "125340");
    lk_check(doc);
    lk_free(doc);
}

static void test_counter(void) {
    lk_doc *doc = lk_new(7, NULL);
    lk_ref counter = root_of(doc, LK_COUNTER), text = root_of(doc, LK_TEXT);
    CHECK_EQ(lk_counter_add(doc, text, 1), LK_EKIND);
    CHECK_EQ(lk_counter_add(doc, counter, 2.5), LK_OK);
    CHECK_EQ(lk_counter_add(doc, counter, -1), LK_OK);
    CHECK(lk_counter_value(doc, counter) == 1.5);
    lk_check(doc);
    lk_free(doc);
}

/* In whatever order tenths arrive: their sum is one, but for rounding. */
static void test_rounding(void) {
    static const uint8_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                        {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const double tenths[] = {0.1, 0.2, 0.7};
    lk_buf updates[3] = {0};
    for (uint64_t i = 0; i < 3; i++) {
        lk_doc *doc = lk_new(i + 1, NULL);
        CHECK_EQ(lk_counter_add(doc, root_of(doc, LK_COUNTER), tenths[i]), LK_OK);
        CHECK_EQ(lk_export(doc, LK_UPDATES, (lk_ids){0}, &updates[i]), LK_OK);
        lk_free(doc);
    }
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        lk_doc *doc = lk_new(9, NULL);
        for (size_t k = 0; k < 3; k++) {
            const lk_buf *update = &updates[orders[i][k]];
            CHECK_EQ(lk_import(doc, (lk_bytes){update->at, update->len}, NULL, NULL), LK_OK);
        }
        double off = lk_counter_value(doc, root_of(doc, LK_COUNTER)) - 1;
        CHECK(off > -1e-15 && off < 1e-15);
        lk_check(doc);
        lk_free(doc);
    }
    for (size_t i = 0; i < 3; i++) lk_buf_free(&updates[i]);
}

int main(void) {
    test_rounding();
    test_movable();
    test_parts();
    test_tree();
    test_below_deleted();
    test_positions();
    test_counter();
    puts("kinds: movable lists, trees and counters at their bounds");
    return 0;
}
