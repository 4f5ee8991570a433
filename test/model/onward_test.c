/* SPDX-License-Identifier: MIT
 * onward_test.c - a change that goes on in the newest run while it is written becomes the very
 * history that one with a run of its own does, and edits that no one watches become the same as
 * those that are. The twin asks for each change before it is committed, and so has it parted, and
 * mostly is watched; both must say and export the same. */
#include "check.h"

#include "lorikeet.h"

enum { ROUNDS = 60, COMMITS = 120 };

typedef struct writer {
    lk_doc *doc;
    lk_ref text, list, map;
} writer;

static lk_ref root(lk_doc *doc, lk_kind kind, const char *name) {
    lk_ref ref;
    CHECK_EQ(lk_root(doc, kind, (lk_str){name, strlen(name)}, &ref), LK_OK);
    return ref;
}

static writer writer_new(void) {
    lk_doc *doc = lk_new(1, NULL);
    CHECK(doc != NULL);
    return (writer){doc, root(doc, LK_TEXT, "t"), root(doc, LK_LIST, "l"), root(doc, LK_MAP, "m")};
}

/* An edit near `cursor`, where typing and deleting go on, mostly; the same of both. */
static void edit(writer *w, rng *random, size_t *cursor) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz\xc3\xa9\xf0\x9f\xa6\x9c";
    size_t len = lk_text_len(w->doc, w->text, LK_CODEPOINT);
    size_t items = lk_list_len(w->doc, w->list);
    lk_value number = {.type = LK_I64, .as.i64 = (int64_t)items};
    uint32_t what = rng_below(random, 22);
    if (*cursor > len || rng_below(random, 12) == 0) *cursor = rng_below(random, (uint32_t)len + 1);
    if (what < 11) {
        size_t at = rng_below(random, 26), bytes = 1 + rng_below(random, 3);
        lk_str s = what > 0 ? (lk_str){letters + at, at + bytes > 26 ? 1 : bytes}
                            : (lk_str){letters + 26, 6};
        CHECK_EQ(lk_text_insert(w->doc, w->text, *cursor, LK_CODEPOINT, s), LK_OK);
        *cursor += lk_text_len(w->doc, w->text, LK_CODEPOINT) - len;
    } else if (what < 14 && *cursor > 0) { /* backwards */
        CHECK_EQ(lk_text_delete(w->doc, w->text, --*cursor, 1, LK_CODEPOINT), LK_OK);
    } else if (what < 16 && *cursor < len) { /* forward */
        CHECK_EQ(lk_text_delete(w->doc, w->text, *cursor, 1, LK_CODEPOINT), LK_OK);
    } else if (what < 18) {
        CHECK_EQ(lk_list_insert(w->doc, w->list, items, &number, 1), LK_OK);
    } else if (what == 20 && *cursor < len) { /* of many pieces */
        size_t gone = 1 + rng_below(random, (uint32_t)(len - *cursor));
        CHECK_EQ(lk_text_delete(w->doc, w->text, *cursor, gone, LK_CODEPOINT), LK_OK);
    } else if (what == 21 && *cursor < len && rng_below(random, 4) == 0) {
        lk_value on = {.type = LK_BOOL, .as.boolean = true};
        lk_str key = {"bold", 4};
        CHECK_EQ(lk_text_mark(w->doc, w->text, *cursor, len, LK_CODEPOINT, key, &on), LK_OK);
    } else if (what == 18 && items > 0) {
        CHECK_EQ(lk_list_delete(w->doc, w->list, items - 1, 1), LK_OK);
    } else {
        CHECK_EQ(lk_map_set(w->doc, w->map, (lk_str){letters + items % 26, 1}, &number), LK_OK);
    }
}

static void commit(writer *w, rng *random) {
    lk_commit_options said = {.message = {"said", 4}, .timestamp_s = rng_below(random, 3)};
    uint32_t how = rng_below(random, 24);
    if (how == 0) said.message.len = 0;
    CHECK_EQ(lk_commit(w->doc, how < 2 ? &said : NULL), LK_OK);
}

/* What others wrote arrives. */
static void receive(writer *w, uint64_t peer) {
    lk_doc *other = lk_new(peer, NULL);
    lk_buf update = {0};
    lk_value number = {.type = LK_I64};
    CHECK(other != NULL);
    CHECK_EQ(lk_map_set(other, root(other, LK_MAP, "o"), (lk_str){"k", 1}, &number), LK_OK);
    CHECK_EQ(lk_export_local(other, &update), LK_OK);
    CHECK_EQ(lk_import(w->doc, (lk_bytes){update.at, update.len}, NULL, NULL), LK_OK);
    lk_buf_free(&update);
    lk_free(other);
}

static void compare_open(writer *a, writer *b) {
    lk_change x = {0}, y = {0};
    CHECK_EQ(lk_change_open(a->doc, &x), lk_change_open(b->doc, &y));
    CHECK(x.id.counter == y.id.counter && x.len == y.len && x.lamport == y.lamport);
    CHECK(x.deps.len == y.deps.len && x.timestamp_s == y.timestamp_s);
}

static void compare(writer *a, writer *b, lk_export_mode mode) {
    lk_buf x = {0}, y = {0};
    CHECK_EQ(lk_export(a->doc, mode, (lk_ids){0}, &x), LK_OK);
    CHECK_EQ(lk_export(b->doc, mode, (lk_ids){0}, &y), LK_OK);
    CHECK_BYTES(x.at, x.len, y.at, y.len);
    lk_buf_free(&x);
    lk_buf_free(&y);
    size_t here = 0, there = 0;
    CHECK_EQ(lk_change_count(a->doc, &here), LK_OK);
    CHECK_EQ(lk_change_count(b->doc, &there), LK_OK);
    CHECK_EQ(here, there);
}

static void play(uint64_t seed) {
    rng random = {seed}, same;
    writer a = writer_new(), b = writer_new();
    size_t cursor = 0, cursor_b;
    CHECK_EQ(lk_watch(a.doc, seed % 4 == 0), LK_OK);
    CHECK_EQ(lk_watch(b.doc, seed % 3 != 0), LK_OK);
    lk_set_merge_interval(a.doc, (int64_t)(seed % 5) - 1);
    lk_set_merge_interval(b.doc, (int64_t)(seed % 5) - 1);
    for (int i = 0; i < COMMITS; i++) {
        size_t edits = rng_below(&random, 4) == 0 ? 1 + rng_below(&random, 4) : 1;
        for (size_t k = 0; k < edits; k++) {
            cursor_b = cursor, same = random;
            edit(&a, &random, &cursor);
            edit(&b, &same, &cursor_b);
            lk_change open; /* none, if what was set was there */
            (void)lk_change_open(b.doc, &open);
        }
        if (rng_below(&random, 8) == 0) compare_open(&a, &b);
        same = random;
        commit(&a, &random);
        commit(&b, &same);
        uint32_t then = rng_below(&random, 40);
        if (then == 0) receive(&a, 100 + (uint64_t)i), receive(&b, 100 + (uint64_t)i);
        if (then == 1) compare(&a, &b, LK_UPDATES);
    }
    compare(&a, &b, LK_UPDATES);
    compare(&a, &b, LK_SNAPSHOT);
    lk_check(a.doc);
    lk_free(a.doc);
    lk_free(b.doc);
}

/* Much in few blocks: what has no room in one begins another. */
static void fill_blocks(void) {
    writer a = writer_new(), b = writer_new(), *both[] = {&a, &b};
    char chunk[97];
    memset(chunk, 'x', sizeof chunk);
    for (size_t i = 0; i < 200; i++) {
        size_t len = 1 + i % sizeof chunk,
               at = i % 2 == 0 ? 0 : lk_text_len(a.doc, a.text, LK_UTF8);
        for (size_t k = 0; k < 2; k++) {
            lk_change open;
            lk_str s = {chunk, len};
            CHECK_EQ(lk_text_insert(both[k]->doc, both[k]->text, at, LK_UTF8, s), LK_OK);
            if (k == 1) CHECK_EQ(lk_change_open(b.doc, &open), LK_OK);
            CHECK_EQ(lk_commit(both[k]->doc, NULL), LK_OK);
        }
    }
    compare(&a, &b, LK_UPDATES);
    size_t changes = 0;
    CHECK_EQ(lk_change_count(a.doc, &changes), LK_OK);
    CHECK(changes > 1);
    lk_free(a.doc);
    lk_free(b.doc);
}

int main(void) {
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) play(seed);
    fill_blocks();
    printf("onward: %d histories of %d commits, from seed 1\n", ROUNDS, COMMITS);
    return 0;
}
