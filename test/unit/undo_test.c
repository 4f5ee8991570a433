/* SPDX-License-Identifier: MIT
 * undo_test.c - undo managers: what is taken back, what stays, and what it costs in steps. */
#include "lorikeet.h"

#include "check.h"

typedef struct desk { /* a document, its text and its undo manager */
    lk_doc *doc;
    lk_ref text;
    lk_undo *undo;
} desk;

static desk desk_new(uint64_t peer) {
    desk d = {.doc = lk_new(peer, NULL)};
    CHECK(lk_root(d.doc, LK_TEXT, (lk_str){"t", 1}, &d.text) == LK_OK);
    d.undo = lk_undo_new(d.doc);
    CHECK(d.undo != NULL);
    return d;
}

static void desk_free(desk *d) {
    lk_check(d->doc);
    lk_free(d->doc);
}

static void desk_type(desk *d, size_t pos, const char *s) {
    CHECK(lk_text_insert(d->doc, d->text, pos, LK_UTF8, (lk_str){s, strlen(s)}) == LK_OK);
    CHECK(lk_commit(d->doc, NULL) == LK_OK);
}

static void desk_cut(desk *d, size_t pos, size_t len) {
    CHECK(lk_text_delete(d->doc, d->text, pos, len, LK_UTF8) == LK_OK);
    CHECK(lk_commit(d->doc, NULL) == LK_OK);
}

static void desk_says(desk *d, const char *want) {
    lk_buf got = {0};
    CHECK(lk_text_string(d->doc, d->text, &got) == LK_OK);
    CHECK_BYTES(got.at, got.len, want, strlen(want));
    lk_buf_free(&got);
}

static bool desk_step(desk *d, lk_undo_stack which) {
    lk_undo_done done;
    CHECK(lk_undo_step(d->undo, which, &done) == LK_OK);
    lk_check(d->doc);
    return done.changed;
}

static void desk_sync(desk *from, desk *to) {
    lk_buf bytes = {0};
    CHECK(lk_export(from->doc, LK_UPDATES, lk_version(to->doc), &bytes) == LK_OK);
    CHECK(lk_import(to->doc, (lk_bytes){bytes.at, bytes.len}, NULL, NULL) == LK_OK);
    lk_buf_free(&bytes);
}

static void test_there_and_back(void) {
    desk d = desk_new(1);
    CHECK(!desk_step(&d, LK_UNDO));
    desk_type(&d, 0, "hello");
    desk_type(&d, 5, " world!");
    desk_cut(&d, 0, 2);
    CHECK_EQ(lk_undo_count(d.undo, LK_UNDO), 3);
    CHECK(desk_step(&d, LK_UNDO));
    desk_says(&d, "hello world!");
    CHECK(desk_step(&d, LK_UNDO));
    desk_says(&d, "hello");
    CHECK(desk_step(&d, LK_UNDO));
    desk_says(&d, "");
    CHECK(!desk_step(&d, LK_UNDO));
    for (int i = 0; i < 3; i++) CHECK(desk_step(&d, LK_REDO));
    desk_says(&d, "llo world!");
    CHECK_EQ(lk_undo_count(d.undo, LK_REDO), 0);
    CHECK(desk_step(&d, LK_UNDO));
    desk_type(&d, 0, "x");
    CHECK_EQ(lk_undo_count(d.undo, LK_REDO), 0);
    desk_free(&d);
}

static void test_others_stay(void) {
    desk a = desk_new(1), b = desk_new(2);
    desk_type(&a, 0, "abc");
    desk_type(&a, 3, "def");
    desk_sync(&a, &b);
    desk_type(&b, 1, "XX");
    desk_type(&b, 8, "YY");
    desk_sync(&b, &a);
    desk_says(&a, "aXXbcdefYY");
    CHECK(desk_step(&a, LK_UNDO));
    desk_says(&a, "aXXbcYY");
    CHECK(desk_step(&a, LK_UNDO));
    desk_says(&a, "XXYY");
    CHECK(desk_step(&a, LK_REDO));
    desk_says(&a, "aXXbcYY");
    desk_cut(&b, 0, 4);
    desk_sync(&b, &a);
    CHECK(desk_step(&a, LK_UNDO));
    CHECK(desk_step(&a, LK_REDO));
    CHECK(desk_step(&a, LK_REDO));
    desk_free(&a);
    desk_free(&b);
}

/* A step that others undid is used up, and nothing else is. */
static void test_nothing_left(void) {
    desk a = desk_new(1), b = desk_new(2);
    lk_undo_done done;
    desk_type(&a, 0, "abc");
    desk_type(&a, 3, "d");
    desk_sync(&a, &b);
    desk_cut(&b, 3, 1);
    desk_sync(&b, &a);
    CHECK(lk_undo_step(a.undo, LK_UNDO, &done) == LK_OK);
    CHECK(done.popped && !done.changed);
    CHECK_EQ(lk_undo_count(a.undo, LK_UNDO), 1);
    CHECK_EQ(lk_undo_count(a.undo, LK_REDO), 0);
    desk_says(&a, "abc");
    desk_free(&a);
    desk_free(&b);
}

static void test_steps_join(void) {
    desk d = desk_new(1);
    lk_undo_set_interval(d.undo, 100);
    lk_undo_time(d.undo, 1000);
    desk_type(&d, 0, "a");
    lk_undo_time(d.undo, 1099);
    desk_type(&d, 1, "b");
    lk_undo_time(d.undo, 1100);
    desk_type(&d, 2, "c");
    CHECK_EQ(lk_undo_count(d.undo, LK_UNDO), 2);
    lk_undo_push push;
    CHECK(lk_undo_pushed(d.undo, &push) && !push.merged && push.start == 2 && push.end == 3);
    CHECK(!lk_undo_pushed(d.undo, &push));
    CHECK(desk_step(&d, LK_UNDO));
    desk_says(&d, "ab");
    CHECK(desk_step(&d, LK_UNDO));
    desk_says(&d, "");
    desk_free(&d);
}

static void test_groups(void) {
    desk a = desk_new(1), b = desk_new(2);
    lk_ref apart;
    CHECK(lk_root(b.doc, LK_TEXT, (lk_str){"u", 1}, &apart) == LK_OK);
    CHECK(lk_undo_group_start(a.undo) == LK_OK);
    CHECK(lk_undo_group_start(a.undo) == LK_ESTATE);
    desk_type(&a, 0, "one");
    desk_type(&a, 3, "two");
    desk_sync(&a, &b);
    CHECK(lk_text_insert(b.doc, apart, 0, LK_UTF8, (lk_str){"zzz", 3}) == LK_OK);
    desk_sync(&b, &a);
    desk_type(&a, 6, "three");
    CHECK_EQ(lk_undo_count(a.undo, LK_UNDO), 1);
    desk_sync(&a, &b);
    desk_type(&b, 0, "x");
    desk_sync(&b, &a);
    desk_type(&a, 12, "four");
    CHECK_EQ(lk_undo_count(a.undo, LK_UNDO), 2);
    lk_undo_group_end(a.undo);
    CHECK(desk_step(&a, LK_UNDO));
    desk_says(&a, "xonetwothree");
    CHECK(desk_step(&a, LK_UNDO));
    desk_says(&a, "x");
    CHECK(desk_step(&a, LK_REDO));
    desk_says(&a, "xonetwothree");
    desk_free(&a);
    desk_free(&b);
}

static void desk_count(desk *d, const char *origin) {
    lk_commit_options options = {.origin = {origin, strlen(origin)}};
    lk_ref count;
    CHECK(lk_root(d->doc, LK_COUNTER, (lk_str){"c", 1}, &count) == LK_OK);
    CHECK(lk_counter_add(d->doc, count, 1) == LK_OK);
    CHECK(lk_commit(d->doc, &options) == LK_OK);
}

/* Steps of a group that are apart from what others did leave that on top: it keeps the next apart.
 * Not so what was done before a step that is undone since. */
static void test_groups_apart(bool before) {
    desk d = desk_new(1);
    CHECK(lk_undo_exclude(d.undo, (lk_str){"sys:", 4}) == LK_OK);
    desk_type(&d, 0, "one");
    if (before) desk_count(&d, "sys:");
    CHECK(lk_undo_group_start(d.undo) == LK_OK);
    desk_type(&d, 0, "no");
    CHECK(desk_step(&d, LK_UNDO));
    if (!before) desk_count(&d, "sys:");
    desk_type(&d, 0, "two");
    desk_count(&d, "");
    CHECK_EQ(lk_undo_count(d.undo, LK_UNDO), before ? 2 : 3);
    desk_free(&d);
}

static void test_origins_and_limits(void) {
    desk d = desk_new(1);
    lk_commit_options system = {.origin = {"sys:x", 5}};
    CHECK(lk_undo_exclude(d.undo, (lk_str){"sys:", 4}) == LK_OK);
    desk_type(&d, 0, "hello");
    CHECK(lk_text_insert(d.doc, d.text, 2, LK_UTF8, (lk_str){"SYS", 3}) == LK_OK);
    CHECK(lk_commit(d.doc, &system) == LK_OK);
    CHECK_EQ(lk_undo_count(d.undo, LK_UNDO), 1);
    CHECK(desk_step(&d, LK_UNDO));
    desk_says(&d, "SYS");
    lk_undo_set_max(d.undo, 2);
    for (int i = 0; i < 5; i++) desk_type(&d, 0, "x");
    CHECK_EQ(lk_undo_count(d.undo, LK_UNDO), 2);
    while (desk_step(&d, LK_UNDO)) continue;
    desk_says(&d, "xxxSYS");
    desk_free(&d);
}

static void test_forgetting(void) {
    desk d = desk_new(1);
    desk_type(&d, 0, "abc");
    lk_undo_pause(d.undo, true);
    CHECK(lk_checkout(d.doc, (lk_ids){0}) == LK_OK);
    CHECK(lk_attach(d.doc) == LK_OK);
    CHECK(!desk_step(&d, LK_UNDO));
    lk_undo_pause(d.undo, false);
    CHECK_EQ(lk_undo_count(d.undo, LK_UNDO), 1);
    CHECK(lk_checkout(d.doc, (lk_ids){0}) == LK_OK);
    CHECK(lk_attach(d.doc) == LK_OK);
    CHECK_EQ(lk_undo_count(d.undo, LK_UNDO), 0);
    CHECK(lk_undo_group_start(d.undo) == LK_ESTATE);
    desk_type(&d, 0, "x"); /* the first one after that only says where steps begin again */
    CHECK_EQ(lk_undo_count(d.undo, LK_UNDO), 0);
    desk_type(&d, 0, "y");
    CHECK_EQ(lk_undo_count(d.undo, LK_UNDO), 1);
    CHECK(lk_set_peer(d.doc, 9) == LK_OK);
    CHECK_EQ(lk_undo_count(d.undo, LK_UNDO), 0);
    desk_type(&d, 0, "z");
    CHECK(desk_step(&d, LK_UNDO));
    desk_says(&d, "yxabc");
    lk_undo_free(d.undo);
    desk_type(&d, 0, "w");
    desk_free(&d);
}

/* A container that undoing makes anew is the old one for the steps before. */
static void test_made_anew(void) {
    lk_doc *doc = lk_new(1, NULL);
    lk_undo *undo = lk_undo_new(doc);
    lk_undo_done done;
    lk_ref map, text, now;
    lk_value value;
    lk_str key = {"k", 1};
    CHECK(lk_root(doc, LK_MAP, (lk_str){"m", 1}, &map) == LK_OK);
    CHECK(lk_map_set_container(doc, map, key, LK_TEXT, &text) == LK_OK);
    CHECK(lk_commit(doc, NULL) == LK_OK);
    CHECK(lk_text_insert(doc, text, 0, LK_UTF8, (lk_str){"abc", 3}) == LK_OK);
    CHECK(lk_commit(doc, NULL) == LK_OK);
    CHECK(lk_map_delete(doc, map, key) == LK_OK);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3; i++) {
            CHECK(lk_undo_step(undo, LK_UNDO, &done) == LK_OK && done.changed);
            bool there = lk_map_get(doc, map, key, &value) == LK_OK;
            CHECK(there == (i < 2));
            if (!there) break;
            now = value.as.container;
            CHECK_EQ(lk_text_len(doc, now, LK_UTF8), i == 0 ? 3 : 0);
        }
        for (int i = 0; i < 3; i++)
            CHECK(lk_undo_step(undo, LK_REDO, &done) == LK_OK && done.changed);
        CHECK(lk_map_get(doc, map, key, &value) == LK_EMISSING);
        lk_check(doc);
    }
    lk_free(doc);
}

/* Of a movable list each span is taken back by itself, also where that says what is said already.
 */
static void test_elements(void) {
    desk a = desk_new(1), b = desk_new(2);
    lk_ref list;
    lk_value values[] = {{.type = LK_I64, .as.i64 = 1}, {.type = LK_I64, .as.i64 = 2}}, now;
    lk_undo_done done;
    CHECK(lk_root(a.doc, LK_MOVABLE_LIST, (lk_str){"l", 1}, &list) == LK_OK);
    CHECK(lk_movable_insert(a.doc, list, 0, values, 1) == LK_OK);
    CHECK(lk_commit(a.doc, NULL) == LK_OK);
    CHECK(lk_movable_set(a.doc, list, 0, &values[1]) == LK_OK);
    CHECK(lk_movable_set(a.doc, list, 0, &values[0]) == LK_OK);
    CHECK(lk_undo_step(a.undo, LK_UNDO, &done) == LK_OK && done.changed);
    CHECK_EQ(done.made_end - done.made_start, 1);
    CHECK(lk_undo_group_start(a.undo) == LK_OK);
    CHECK(lk_movable_set(a.doc, list, 0, &values[1]) == LK_OK);
    desk_type(&b, 0, "x");
    desk_sync(&b, &a);
    CHECK(lk_movable_delete(a.doc, list, 0, 1) == LK_OK);
    CHECK(lk_undo_step(a.undo, LK_UNDO, &done) == LK_OK && done.changed);
    CHECK_EQ(done.made_end - done.made_start, 2); /* 2 is made anew, then set to 1 */
    CHECK(lk_movable_get(a.doc, list, 0, &now) == LK_OK && now.as.i64 == 1);
    desk_free(&a);
    desk_free(&b);
}

static void test_notes(void) {
    desk d = desk_new(1);
    lk_bytes note;
    lk_undo_done done;
    CHECK(!lk_undo_top(d.undo, LK_UNDO, &note));
    desk_type(&d, 0, "a");
    CHECK(lk_undo_note(d.undo, LK_UNDO, (lk_bytes){(const uint8_t *)"first", 5}) == LK_OK);
    CHECK(lk_undo_top(d.undo, LK_UNDO, &note));
    CHECK_BYTES(note.at, note.len, "first", 5);
    CHECK(lk_undo_step(d.undo, LK_UNDO, &done) == LK_OK);
    CHECK_BYTES(done.note.at, done.note.len, "first", 5);
    CHECK(done.start == 0 && done.end == 1 && done.made_start == 1 && done.made_end == 2);
    desk_free(&d);
}

/* A cursor made before a step stands there again when the step is taken back. */
static void test_cursors(void) {
    desk a = desk_new(1), b = desk_new(2);
    lk_buf cursor = {0}, now = {0}, update = {0};
    lk_cursor_place place;
    desk_type(&a, 0, "hello world");
    CHECK(lk_cursor_new(a.doc, a.text, 5, LK_UTF8, LK_MIDDLE, &cursor) == LK_OK);
    desk_cut(&a, 0, 6);
    desk_sync(&a, &b);
    desk_type(&b, 0, "XY");
    desk_sync(&b, &a);
    CHECK(desk_step(&a, LK_UNDO));
    CHECK(lk_undo_cursor(a.undo, (lk_bytes){cursor.at, cursor.len}, &now) == LK_OK);
    CHECK(lk_cursor_resolve(a.doc, (lk_bytes){now.at, now.len}, LK_UTF8, &place, &update) == LK_OK);
    lk_buf said = {0};
    CHECK(lk_text_string(a.doc, a.text, &said) == LK_OK);
    CHECK(said.at[place.pos] == ' ');
    lk_buf_free(&said);
    lk_buf_free(&cursor);
    lk_buf_free(&now);
    lk_buf_free(&update);
    desk_free(&a);
    desk_free(&b);
}

/* ---- all the way back and forth again, for what the history alone can tell and what not ---- */

enum { BACK_STEPS = 60 };

static void back_edit(const desk *d, rng *r) {
    lk_ref list, child, counter;
    CHECK(lk_root(d->doc, LK_LIST, (lk_str){"l", 1}, &list) == LK_OK);
    CHECK(lk_root(d->doc, LK_COUNTER, (lk_str){"c", 1}, &counter) == LK_OK);
    size_t text_len = lk_text_len(d->doc, d->text, LK_UTF8), list_len = lk_list_len(d->doc, list);
    lk_value value = {.type = LK_I64, .as.i64 = (int64_t)rng_below(r, 100)};
    switch (rng_below(r, 8)) {
    case 0:
    case 1: {
        size_t pos = rng_below(r, (uint32_t)text_len + 1);
        CHECK(lk_text_insert(d->doc, d->text, pos, LK_UTF8, (lk_str){"abc", 3}) == LK_OK);
        break;
    }
    case 2:
        if (text_len > 1) CHECK(lk_text_delete(d->doc, d->text, 0, 2, LK_UTF8) == LK_OK);
        break;
    case 3:
        CHECK(lk_list_insert(d->doc, list, rng_below(r, (uint32_t)list_len + 1), &value, 1) ==
              LK_OK);
        break;
    case 4:
        CHECK(lk_list_insert_container(d->doc, list, 0, LK_TEXT, &child) == LK_OK);
        CHECK(lk_text_insert(d->doc, child, 0, LK_UTF8, (lk_str){"in", 2}) == LK_OK);
        break;
    case 5:
        if (list_len > 0) CHECK(lk_list_delete(d->doc, list, list_len / 2, 1) == LK_OK);
        break;
    case 6: CHECK(lk_counter_add(d->doc, counter, 1.5) == LK_OK); break;
    default:
        if (rng_below(r, 4) == 0 && text_len > 2)
            CHECK(lk_text_mark(d->doc, d->text, 0, 2, LK_UTF8, (lk_str){"b", 1}, &value) == LK_OK);
    }
}

static void back_json(const desk *d, lk_buf *out) {
    lk_buf_free(out);
    CHECK(lk_json(d->doc, out) == LK_OK);
}

static void test_all_the_way(uint64_t seed) {
    rng r = {seed};
    desk d = desk_new(1);
    lk_expand any = LK_EXPAND_AFTER;
    lk_style_default(d.doc, &any);
    lk_buf was[BACK_STEPS + 1] = {0}, now = {0};
    bool changed[BACK_STEPS + 1] = {0}; /* what came to nothing is not done again */
    size_t steps = 0;
    back_edit(&d, &r);
    CHECK(lk_commit(d.doc, NULL) == LK_OK);
    lk_undo_clear(d.undo, LK_UNDO);
    back_json(&d, &was[0]);
    for (size_t i = 0; i < BACK_STEPS; i++) {
        for (uint32_t k = rng_below(&r, 3) + 1; k > 0; k--) back_edit(&d, &r);
        CHECK(lk_commit(d.doc, NULL) == LK_OK);
        steps = lk_undo_count(d.undo, LK_UNDO);
        back_json(&d, &was[steps]);
    }
    for (size_t i = steps; i-- > 0;) {
        changed[i + 1] = desk_step(&d, LK_UNDO);
        back_json(&d, &now);
        CHECK_BYTES(now.at, now.len, was[i].at, was[i].len);
    }
    for (size_t i = 1; i <= steps; i++) {
        if (changed[i]) CHECK(desk_step(&d, LK_REDO));
        back_json(&d, &now);
        CHECK_BYTES(now.at, now.len, was[i].at, was[i].len);
    }
    for (size_t i = 0; i <= BACK_STEPS; i++) lk_buf_free(&was[i]);
    lk_buf_free(&now);
    desk_free(&d);
}

int main(void) {
    for (uint64_t seed = 1; seed <= 20; seed++) test_all_the_way(seed);
    test_there_and_back();
    test_others_stay();
    test_nothing_left();
    test_steps_join();
    test_groups();
    test_groups_apart(false);
    test_groups_apart(true);
    test_origins_and_limits();
    test_forgetting();
    test_made_anew();
    test_elements();
    test_notes();
    test_cursors();
    return 0;
}
