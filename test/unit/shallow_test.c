/* SPDX-License-Identifier: MIT
 * shallow_test.c - histories that begin late: documents that begin with a shallow snapshot, edit on
 * and merge; and what cannot be merged with them. */
#include "check.h"
#include "codec/change_block.h"
#include "codec/snapshot_blob.h"
#include "codec/version_codec.h"

static lk_str str_of(const char *s) { return (lk_str){s, strlen(s)}; }

static size_t changes_of(lk_doc *doc) {
    size_t count;
    CHECK_EQ(lk_change_count(doc, &count), LK_OK);
    return count;
}

static lk_doc *doc_of(uint64_t peer) {
    lk_doc *doc = lk_new(peer, NULL);
    CHECK(doc != NULL);
    return doc;
}

static lk_ref root_of(lk_doc *doc, lk_kind kind, const char *name) {
    lk_ref root;
    CHECK_EQ(lk_root(doc, kind, str_of(name), &root), LK_OK);
    return root;
}

static void type(lk_doc *doc, size_t pos, const char *text) {
    lk_ref at = root_of(doc, LK_TEXT, "text");
    CHECK_EQ(lk_text_insert(doc, at, pos, LK_UTF8, str_of(text)), LK_OK);
    CHECK_EQ(lk_commit(doc, NULL), LK_OK);
}

/* A bit of every kind that can be edited. */
static void fill(lk_doc *doc) {
    lk_ref list = root_of(doc, LK_LIST, "list"), map = root_of(doc, LK_MAP, "map"), child;
    lk_value values[] = {{.type = LK_I64, .as.i64 = 7}, {.type = LK_NULL}};
    type(doc, 0, "caf\xc3\xa9 ol\xc3\xa9");
    CHECK_EQ(lk_text_delete(doc, root_of(doc, LK_TEXT, "text"), 2, 2, LK_CODEPOINT), LK_OK);
    CHECK_EQ(lk_list_insert(doc, list, 0, values, 2), LK_OK);
    CHECK_EQ(lk_list_insert_container(doc, list, 1, LK_MAP, &child), LK_OK);
    CHECK_EQ(lk_map_set(doc, child, str_of("k"), values), LK_OK);
    CHECK_EQ(lk_map_set_container(doc, map, str_of("sub"), LK_TEXT, &child), LK_OK);
    CHECK_EQ(lk_text_insert(doc, child, 0, LK_UTF8, str_of("below")), LK_OK);
    CHECK_EQ(lk_map_set(doc, map, str_of("gone"), values), LK_OK);
    CHECK_EQ(lk_map_delete(doc, map, str_of("gone")), LK_OK);
    CHECK_EQ(lk_commit(doc, NULL), LK_OK);
}

static lk_buf export(lk_doc *doc, lk_export_mode mode, lk_ids from) {
    lk_buf out = {0};
    CHECK_EQ(lk_export(doc, mode, from, &out), LK_OK);
    return out;
}

static lk_status import(lk_doc *doc, lk_buf *blob, lk_import_status *status) {
    lk_fault fault;
    lk_status got = lk_import(doc, (lk_bytes){blob->at, blob->len}, status, &fault);
    CHECK_EQ(got, fault.code);
    lk_check(doc);
    return got;
}

static void same(lk_doc *a, lk_doc *b) {
    lk_buf x = {0}, y = {0};
    CHECK_EQ(lk_json(a, &x), LK_OK);
    CHECK_EQ(lk_json(b, &y), LK_OK);
    CHECK_BYTES(x.at, x.len, y.at, y.len);
    x.len = y.len = 0;
    CHECK_EQ(lk_vv_encode(lk_version(a), &x), LK_OK);
    CHECK_EQ(lk_frontiers_encode(lk_frontiers(a), &x), LK_OK);
    CHECK_EQ(lk_vv_encode(lk_version(b), &y), LK_OK);
    CHECK_EQ(lk_frontiers_encode(lk_frontiers(b), &y), LK_OK);
    CHECK_BYTES(x.at, x.len, y.at, y.len);
    lk_buf_free(&x);
    lk_buf_free(&y);
}

/* Send what `to` lacks. */
static void sync(lk_doc *from, lk_doc *to) {
    lk_buf blob = export(from, LK_UPDATES, lk_version(to));
    CHECK_EQ(import(to, &blob, NULL), LK_OK);
    lk_buf_free(&blob);
}

/* A document that holds all, and one that begins where that was. */
static lk_doc *begin_late(lk_doc *full, uint64_t peer) {
    lk_doc *late = doc_of(peer);
    lk_import_status status;
    lk_buf blob = export(full, LK_SHALLOW, lk_frontiers(full));
    CHECK_EQ(import(late, &blob, &status), LK_OK);
    CHECK(status.pending_len == 0 && status.success[0].start == 0);
    lk_buf_free(&blob);
    CHECK(lk_is_shallow(late));
    same(full, late);
    return late;
}

static void test_beginning(void) {
    lk_doc *full = doc_of(1);
    fill(full);
    lk_doc *late = begin_late(full, 2);
    CHECK(!lk_is_shallow(full));
    lk_ids vv = lk_shallow_vv(late);
    int32_t end = lk_version(full).at[0].counter;
    CHECK(vv.len == 1 && vv.at[0].peer == 1 && vv.at[0].counter == end - 1);
    lk_ids at = lk_shallow_frontiers(late);
    CHECK(at.len == 1 && at.at[0].peer == 1 && at.at[0].counter == end - 1);
    CHECK(lk_op_count(late) == 1 && changes_of(late) == 1);
    CHECK(lk_shallow_vv(full).len == 0 && lk_shallow_frontiers(full).len == 0);
    type(late, 3, "late");
    type(full, 3, "full");
    lk_buf again = export(late, LK_SNAPSHOT, (lk_ids){0});
    sync(late, full);
    sync(full, late);
    same(full, late);

    lk_doc *third = doc_of(3); /* a snapshot of it begins as late as it does */
    CHECK_EQ(import(third, &again, NULL), LK_OK);
    CHECK(lk_is_shallow(third) && lk_shallow_vv(third).at[0].counter == end - 1);
    type(third, 0, "third");
    sync(third, full);
    sync(full, late);
    sync(late, third);
    same(full, late);
    same(full, third);

    lk_doc *fourth = begin_late(late, 4); /* later still, since all are one there */
    type(fourth, 1, "4");
    sync(fourth, full);
    same(fourth, full);
    lk_buf_free(&again);
    lk_free(full);
    lk_free(late);
    lk_free(third);
    lk_free(fourth);
}

/* Import: what is left out is [start, end) of `peer`, and nothing waits. */
static void leave_out(lk_doc *doc, const lk_buf *blob, uint64_t peer, int32_t start, int32_t end) {
    lk_import_status got;
    CHECK_EQ(lk_import(doc, (lk_bytes){blob->at, blob->len}, &got, NULL), LK_OK);
    lk_check(doc);
    CHECK(got.pending_len == 0 && got.left_out_len == 1);
    CHECK_EQ(got.left_out[0].peer, peer);
    CHECK_EQ(got.left_out[0].start, start);
    CHECK_EQ(got.left_out[0].end, end);
}

/* What does not know the root cannot be merged. It is left out, with what builds on it, now and
 * later, whether that waited before or comes after it; the rest is taken. */
static void test_concurrent(void) {
    lk_doc *full = doc_of(1), *other = doc_of(2), *third = doc_of(5);
    fill(full);
    sync(full, other);
    type(full, 0, "later ");
    lk_doc *late = begin_late(full, 3);
    lk_doc *copy = begin_late(full, 4);
    type(other, 0, "meanwhile ");
    lk_buf first = export(other, LK_UPDATES, lk_version(full));
    sync(other, third);
    sync(full, third);
    type(third, 0, "third ");
    lk_ids without = {(lk_id[]){{1, lk_version(full).at[0].counter}, {2, 10}}, 2};
    lk_buf builds = export(third, LK_UPDATES, without);
    lk_import_status got;
    CHECK_EQ(import(late, &builds, &got), LK_OK); /* waits for what nobody told of yet */
    CHECK(got.pending_len == 1 && got.left_out_len == 0);
    leave_out(late, &first, 2, 0, 10);
    leave_out(late, &builds, 5, 0, 6);
    same(late, copy);
    type(full, 0, "goes on ");
    sync(full, copy);
    sync(third, full);
    sync(full, third);
    lk_buf all = export(full, LK_UPDATES, (lk_ids){0});
    CHECK_EQ(import(late, &all, &got), LK_OK);
    CHECK(got.success_len == 1 && got.success[0].peer == 1 && got.left_out_len == 2);
    same(late, copy);
    lk_buf_free(&first);
    lk_buf_free(&builds);
    lk_ids before = {&(lk_id){1, 2}, 1}, unknown = {&(lk_id){9, 0}, 1};
    lk_buf out = {0};
    CHECK_EQ(lk_export(late, LK_SHALLOW, before, &out), LK_EMISSING);
    CHECK_EQ(lk_export(late, LK_SHALLOW, unknown, &out), LK_EMISSING);
    CHECK_EQ(lk_export(late, LK_SHALLOW, (lk_ids){0}, &out), LK_EMISSING);
    CHECK_EQ(out.len, 0);
    lk_buf_free(&all);
    lk_free(full);
    lk_free(other);
    lk_free(third);
    lk_free(late);
    lk_free(copy);
}

/* A document that holds something takes only the changes: they wait for what it lacks. */
static void test_into_others(void) {
    lk_doc *full = doc_of(1), *author = doc_of(2), *behind = doc_of(3);
    fill(full);
    lk_buf first = export(full, LK_UPDATES, (lk_ids){0});
    type(full, 0, "more ");
    lk_buf blob = export(full, LK_SHALLOW, lk_frontiers(full));
    type(author, 0, "mine");
    lk_import_status status;
    CHECK_EQ(import(author, &blob, &status), LK_OK);
    CHECK(status.success_len == 0 && status.pending_len == 1);
    CHECK(!lk_is_shallow(author));
    CHECK_EQ(import(behind, &first, NULL), LK_OK);
    type(full, 0, "and more ");
    lk_buf rest = export(full, LK_UPDATES, lk_version(behind));
    CHECK_EQ(import(behind, &rest, NULL), LK_OK);
    CHECK_EQ(import(behind, &blob, NULL), LK_OK); /* knows all of it */
    same(behind, full);
    sync(full, author);
    sync(author, full);
    same(author, full);
    CHECK(!lk_is_shallow(author) && !lk_is_shallow(behind));
    lk_buf_free(&first);
    lk_buf_free(&blob);
    lk_buf_free(&rest);
    lk_free(full);
    lk_free(author);
    lk_free(behind);
}

static lk_doc *from_blob(lk_buf *blob, uint64_t peer) {
    lk_doc *doc = doc_of(peer);
    CHECK_EQ(import(doc, blob, NULL), LK_OK);
    lk_buf_free(blob);
    return doc;
}

/* Frontiers as they are now, kept. */
static lk_id now(lk_doc *doc) {
    lk_ids at = lk_frontiers(doc);
    CHECK_EQ(at.len, 1);
    return at.at[0];
}

/* Versions from the root on can be shown, exported and begun with; older ones are gone. */
static void test_versions(void) {
    lk_doc *full = doc_of(1);
    fill(full);
    lk_id old = now(full);
    lk_ref text = root_of(full, LK_TEXT, "text"), map = root_of(full, LK_MAP, "map");
    CHECK_EQ(lk_text_delete(full, text, 0, 2, LK_CODEPOINT), LK_OK);
    CHECK_EQ(lk_map_delete(full, map, str_of("sub")), LK_OK);
    CHECK_EQ(lk_commit(full, NULL), LK_OK);
    lk_id middle = now(full);
    type(full, 0, "the end");
    lk_id end = now(full);
    lk_ids at_old = {&old, 1}, at_middle = {&middle, 1}, at_end = {&end, 1};

    lk_buf blob = export(full, LK_SHALLOW, at_old);
    same(full, full); /* it shows what it showed */
    lk_doc *late = from_blob(&blob, 2);
    same(full, late);
    CHECK(lk_shallow_frontiers(late).at[0].counter == old.counter);
    const lk_ids shown[] = {at_old, at_middle, at_end, at_old};
    for (size_t i = 0; i < 4; i++) { /* what was deleted since the root comes back */
        CHECK_EQ(lk_checkout(full, shown[i]), LK_OK);
        CHECK_EQ(lk_checkout(late, shown[i]), LK_OK);
        same(full, late);
    }
    lk_id before = {1, old.counter - 1};
    CHECK_EQ(lk_checkout(late, (lk_ids){&before, 1}), LK_EMISSING);
    CHECK_EQ(lk_checkout(late, (lk_ids){0}), LK_EMISSING);
    CHECK_EQ(lk_attach(late), LK_OK);
    CHECK_EQ(lk_attach(full), LK_OK);
    same(full, late);
    lk_change seen; /* asking goes back to the root, and ends there */
    lk_span_diff spans;
    CHECK_EQ(lk_travel(late, at_end), LK_OK);
    while (lk_travel_next(late, &seen) == LK_OK) CHECK(seen.id.counter >= old.counter);
    CHECK_EQ(lk_change_at(late, before, &seen), LK_EMISSING);
    CHECK_EQ(lk_spans_between(late, (lk_ids){0}, at_end, &spans), LK_OK);
    CHECK(spans.forward_len == 1 && spans.forward[0].start == old.counter);

    blob = export(late, LK_SHALLOW, at_middle);
    lk_doc *later = from_blob(&blob, 3);
    CHECK(lk_shallow_frontiers(later).at[0].counter == middle.counter);
    same(full, later);
    blob = export(full, LK_SNAPSHOT_AT, at_middle);
    lk_doc *past = from_blob(&blob, 4);
    CHECK(!lk_is_shallow(past));
    blob = export(late, LK_SNAPSHOT_AT, at_middle);
    lk_doc *late_past = from_blob(&blob, 5);
    CHECK(lk_shallow_frontiers(late_past).at[0].counter == old.counter);
    same(past, late_past);
    blob = export(late, LK_STATE_ONLY, at_middle);
    lk_doc *state = from_blob(&blob, 6);
    CHECK_EQ(lk_op_count(state), 1);
    same(past, state);
    lk_doc *docs[] = {full, late, later, past, late_past, state};
    for (size_t i = 0; i < 6; i++) lk_free(docs[i]);
}

/* A root that is the first operation of all. */
static void test_first(void) {
    lk_doc *full = doc_of(1);
    lk_id first = {1, 0};
    type(full, 0, "abc");
    lk_buf blob = export(full, LK_SHALLOW, (lk_ids){&first, 1});
    lk_doc *late = from_blob(&blob, 2);
    CHECK(lk_is_shallow(late) && lk_op_count(late) == 3);
    lk_ids vv = lk_shallow_vv(late);
    CHECK(vv.len == 1 && vv.at[0].counter == 0);
    CHECK_EQ(lk_checkout(late, (lk_ids){&first, 1}), LK_OK);
    CHECK_EQ(lk_text_len(late, root_of(late, LK_TEXT, "text"), LK_UTF8), 1);
    lk_free(full);
    lk_free(late);
}

/* ---- states made here ---- */

typedef struct opened { /* a shallow snapshot, taken apart */
    snapshot_history history;
    snapshot_root root;
} opened;

static opened open_blob(const lk_buf *blob, arena *scratch) {
    opened o;
    envelope_mode mode;
    envelope_sections sections;
    reader body;
    lk_fault fault;
    CHECK_EQ(envelope_open((lk_bytes){blob->at, blob->len}, &mode, &body, &fault), LK_OK);
    CHECK_EQ(envelope_read_sections(&body, &sections, &fault), LK_OK);
    CHECK_EQ(snapshot_read_history(&sections.history, scratch, &o.history, &fault), LK_OK);
    lk_ids at = o.history.start_frontiers;
    CHECK_EQ(snapshot_read_root(&sections.root, at, scratch, &o.root, &fault), LK_OK);
    return o;
}

/* The same with other states. */
static lk_buf close_blob(const opened *o, sstable_pair *states, size_t len, arena *scratch) {
    lk_buf out = {0};
    snapshot_parts parts = {.vv = o->history.vv,
                            .frontiers = o->history.frontiers,
                            .blocks = o->history.blocks,
                            .block_len = o->history.block_len,
                            .states = states,
                            .state_len = len,
                            .late = true,
                            .start_vv = o->history.start_vv,
                            .start_frontiers = o->history.start_frontiers};
    CHECK_EQ(snapshot_write(&parts, scratch, &out), LK_OK);
    return out;
}

static bool has_pair(const lk_buf *blob, const sstable_pair *wanted, arena *scratch) {
    opened o = open_blob(blob, scratch);
    for (size_t i = 0; i < o.root.len; i++)
        if (o.root.pairs[i].key.len == wanted->key.len &&
            memcmp(o.root.pairs[i].key.at, wanted->key.at, wanted->key.len) == 0)
            return o.root.pairs[i].value.len == wanted->value.len &&
                   memcmp(o.root.pairs[i].value.at, wanted->value.at, wanted->value.len) == 0;
    return false;
}

/* The state of a container of the future goes on as it came, whatever is asked for. */
static void test_future(void) {
    arena scratch;
    arena_init(&scratch, &mem_default);
    lk_doc *full = doc_of(1);
    fill(full);
    lk_buf blob = export(full, LK_SHALLOW, lk_frontiers(full));
    opened o = open_blob(&blob, &scratch);
    sstable_pair *states = arena_new(&scratch, sstable_pair, o.root.len + 1);
    memcpy(states, o.root.pairs, o.root.len * sizeof *states);
    const sstable_pair future = {.key = {(const uint8_t *)"\xcd\3new", 5},
                                 .value = {(const uint8_t *)"\x4d\1\0what?", 8}};
    states[o.root.len] = future;
    lk_buf made = close_blob(&o, states, o.root.len + 1, &scratch);
    lk_doc *late = from_blob(&made, 2);
    type(late, 0, "more");
    lk_buf again = export(late, LK_SNAPSHOT, (lk_ids){0});
    CHECK(has_pair(&again, &future, &scratch));
    lk_buf_free(&again);
    again = export(late, LK_SHALLOW, lk_frontiers(late));
    CHECK(has_pair(&again, &future, &scratch));
    lk_buf_free(&again);
    lk_buf_free(&blob);
    lk_free(full);
    lk_free(late);
    arena_drop(&scratch);
}

/* States that contradict themselves, each other, or the history, are refused. */
static void test_lies(void) {
    arena scratch;
    arena_init(&scratch, &mem_default);
    lk_doc *full = doc_of(1), *doc = doc_of(2);
    type(full, 0, "ab");
    lk_buf blob = export(full, LK_SHALLOW, lk_frontiers(full));
    opened o = open_blob(&blob, &scratch);
    /* "text" holds 0@1 and 1@1, the root. Keys and states of roots and of 0@1, by peer 1. */
    const lk_bytes map = {(const uint8_t *)"\x80\1m", 3}, other = {(const uint8_t *)"\x80\1n", 3};
    const lk_bytes child = {(const uint8_t *)"\2\1\0\0\0\0\0\0\0\0\0\0\0", 13};
#define BYTES(literal) {(const uint8_t *)(literal), sizeof(literal) - 1}
    const lk_bytes holds = BYTES("\0\1\0\1\1k\7\1\1\0\0\0\1\1\0\0\0\0\0\0\0\0\0");
    const lk_bytes later = BYTES("\0\1\0\1\1k\0\0\1\1\0\0\0\0\0\0\0\0\2");
    const lk_bytes in_map = BYTES("\2\2\1\0\1m\1\0\0\3\4\0\0\0\0\0\0");
    const lk_bytes in_other = BYTES("\2\2\1\0\1n\1\0\0\3\4\0\0\0\0\0\0");
    const lk_bytes in_self = BYTES("\2\2\1\1\1\0\0\0\0\3\4\0\0\0\0\0\0");
    const lk_bytes in_young = BYTES("\2\2\1\1\1\4\0\0\0\3\4\0\0\0\0\0\0");
    const struct {
        const char *what;
        lk_bytes keys[3], values[3];
        size_t len;
    } cases[] = {
        {"container stands in two places", {map, other}, {holds, holds}, 2},
        {"container has two parents", {map, child}, {holds, in_other}, 2},
        {"containers nest in a circle", {child}, {in_self}, 1},
        {"container is younger than the state it is in", {child}, {in_young}, 1},
        {"state holds what is later than the root", {map}, {later}, 1},
        {NULL, {map, child}, {holds, in_map}, 2}, /* no lie */
    };
    for (size_t i = 0; i < countof(cases); i++) {
        sstable_pair states[4];
        size_t len = o.root.len;
        memcpy(states, o.root.pairs, len * sizeof *states);
        for (size_t k = 0; k < cases[i].len; k++)
            states[len++] = (sstable_pair){.key = cases[i].keys[k], .value = cases[i].values[k]};
        lk_buf made = close_blob(&o, states, len, &scratch);
        lk_fault fault;
        lk_status status = lk_import(doc, (lk_bytes){made.at, made.len}, NULL, &fault);
        CHECK_EQ(status, cases[i].what == NULL ? LK_OK : LK_ECORRUPT);
        if (cases[i].what != NULL) CHECK(strcmp(fault.what, cases[i].what) == 0);
        if (cases[i].what != NULL) CHECK(lk_op_count(doc) == 0 && !lk_is_shallow(doc));
        lk_buf_free(&made);
    }
    lk_check(doc);
    lk_buf_free(&blob);
    lk_free(full);
    lk_free(doc);
    arena_drop(&scratch);
}

/* The root may only build on what is left out. */
static void test_young_past(void) {
    arena scratch;
    arena_init(&scratch, &mem_default);
    lk_doc *full = doc_of(1), *doc = doc_of(2);
    type(full, 0, "ab");
    lk_buf blob = export(full, LK_SHALLOW, lk_frontiers(full)), forged = {0};
    opened o = open_blob(&blob, &scratch);
    lk_fault fault;
    block b;
    CHECK_EQ(change_block_read(o.history.blocks[0].bytes, 0, &scratch, &b, &fault), LK_OK);
    const uint64_t peers[] = {1, 3};
    const op_id deps[] = {{0, 0}, {1, 0}};
    change c = b.changes[0];
    c.deps = deps;
    c.dep_len = 2;
    b.peers = peers;
    b.peer_len = 2;
    b.changes = &c;
    CHECK_EQ(change_block_write(&b, &scratch, &forged), LK_OK);
    snapshot_block first = o.history.blocks[0];
    first.bytes = (lk_bytes){forged.at, forged.len};
    o.history.blocks = &first;
    sstable_pair *states = arena_new(&scratch, sstable_pair, o.root.len);
    memcpy(states, o.root.pairs, o.root.len * sizeof *states);
    lk_buf made = close_blob(&o, states, o.root.len, &scratch);
    CHECK_EQ(lk_import(doc, (lk_bytes){made.at, made.len}, NULL, &fault), LK_ECORRUPT);
    CHECK(strcmp(fault.what, "history lacks what its root builds on") == 0);
    CHECK_EQ(lk_op_count(doc), 0);
    lk_check(doc);
    lk_buf_free(&forged);
    lk_buf_free(&made);
    lk_buf_free(&blob);
    lk_free(full);
    lk_free(doc);
    arena_drop(&scratch);
}

int main(void) {
    test_young_past();
    test_future();
    test_lies();
    test_beginning();
    test_versions();
    test_first();
    test_concurrent();
    test_into_others();
    printf("shallow: began late, edited on, merged; left out what was concurrent\n");
    return 0;
}
