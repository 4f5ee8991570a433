/* SPDX-License-Identifier: MIT
 * cursor_test.c - cursors of one writer beside a dumb twin that keeps every atom in a row, on what
 * a reader has merged in pieces; and bytes that are no cursors. */
#include "check.h"
#include "lorikeet.h"
#include "meter.h"

static lk_str str_of(const char *s) { return (lk_str){s, strlen(s)}; }

#define ATOMS 600u

typedef struct twin { /* the atoms ever inserted, in order; their bytes are all different ids */
    struct {
        int32_t counter;
        bool alive;
    } row[ATOMS];
    size_t len;
} twin;

/* Index in the row behind the `pos`-th atom alive. */
static size_t twin_seek(const twin *t, size_t pos) {
    size_t at = 0;
    for (; pos > 0; at++) pos -= t->row[at].alive;
    return at;
}

static void twin_insert(twin *t, size_t pos, int32_t counter) {
    size_t at = twin_seek(t, pos);
    memmove(&t->row[at + 1], &t->row[at], (t->len - at) * sizeof t->row[0]);
    t->row[at].counter = counter;
    t->row[at].alive = true;
    t->len++;
}

static void twin_delete(twin *t, size_t pos) { t->row[twin_seek(t, pos + 1) - 1].alive = false; }

static size_t twin_place(const twin *t, int32_t counter) {
    size_t alive = 0;
    for (size_t i = 0; i < t->len; i++) {
        if (t->row[i].counter == counter) return alive;
        alive += t->row[i].alive;
    }
    abort();
}

static bool twin_alive(const twin *t, int32_t counter) {
    for (size_t i = 0; i < t->len; i++)
        if (t->row[i].counter == counter) return t->row[i].alive;
    abort();
}

static void expect_places(lk_doc *doc, const twin *t, const lk_buf *cursors, size_t count) {
    for (size_t i = 0; i < count; i++) {
        lk_bytes bytes = {cursors[i].at, cursors[i].len};
        lk_cursor cursor;
        lk_cursor_place place, again;
        lk_buf update = {0}, id = {0}, none = {0};
        CHECK_EQ(lk_cursor_read(bytes, &cursor, &id, NULL), LK_OK);
        CHECK_BYTES(id.at, id.len, "cid:root-text:Text", 18);
        CHECK(!cursor.at_end && cursor.side == LK_RIGHT);
        CHECK_EQ(lk_cursor_resolve(doc, bytes, LK_CODEPOINT, &place, &update), LK_OK);
        CHECK_EQ(place.pos, twin_place(t, cursor.atom.counter));
        bool alive = twin_alive(t, cursor.atom.counter);
        CHECK_EQ(place.side, alive ? LK_RIGHT : LK_LEFT);
        CHECK_EQ(update.len == 0, alive);
        if (!alive) {
            bytes = (lk_bytes){update.at, update.len};
            CHECK_EQ(lk_cursor_resolve(doc, bytes, LK_CODEPOINT, &again, &none), LK_OK);
            CHECK_EQ(again.pos, place.pos);
            CHECK_EQ(none.len, 0);
        }
        lk_buf_free(&update);
        lk_buf_free(&id);
    }
}

static void test_twin(uint64_t seed) {
    rng random = {seed};
    static twin t;
    static lk_buf cursors[ATOMS];
    size_t count = 0, len = 0;
    t.len = 0;
    lk_doc *doc = lk_new(7, NULL), *reader = lk_new(8, NULL);
    lk_ref text, list;
    CHECK_EQ(lk_root(doc, LK_TEXT, str_of("text"), &text), LK_OK);
    CHECK_EQ(lk_root(doc, LK_LIST, str_of("list"), &list), LK_OK);
    lk_value value = {.type = LK_NULL};
    for (int32_t counter = 0; counter < (int32_t)ATOMS; counter++) {
        uint32_t roll = rng_below(&random, 8);
        if (roll < 4 || len == 0) {
            size_t pos = rng_below(&random, (uint32_t)len + 1);
            CHECK_EQ(lk_text_insert(doc, text, pos, LK_CODEPOINT, str_of("\xc3\xa9")), LK_OK);
            twin_insert(&t, pos, counter);
            len++;
            CHECK_EQ(lk_cursor_new(doc, text, pos, LK_CODEPOINT, LK_RIGHT, &cursors[count++]),
                     LK_OK);
        } else if (roll < 7) {
            size_t pos = rng_below(&random, (uint32_t)len);
            CHECK_EQ(lk_text_delete(doc, text, pos, 1, LK_CODEPOINT), LK_OK);
            twin_delete(&t, pos);
            len--;
        } else {
            CHECK_EQ(lk_list_insert(doc, list, 0, &value, 1), LK_OK);
        }
        if (rng_below(&random, 20) > 0) continue;
        lk_buf blob = {0};
        CHECK_EQ(lk_export_local(doc, &blob), LK_OK);
        CHECK_EQ(lk_import(reader, (lk_bytes){blob.at, blob.len}, NULL, NULL), LK_OK);
        lk_buf_free(&blob);
        expect_places(doc, &t, cursors, count);
        expect_places(reader, &t, cursors, count);
    }
    for (size_t i = 0; i < count; i++) lk_buf_free(&cursors[i]);
    lk_free(doc);
    lk_free(reader);
}

static void test_refused(void) {
    lk_doc *doc = lk_new(7, NULL);
    lk_ref text, map;
    lk_cursor_place place;
    lk_buf out = {0};
    CHECK_EQ(lk_root(doc, LK_TEXT, str_of("text"), &text), LK_OK);
    CHECK_EQ(lk_root(doc, LK_MAP, str_of("map"), &map), LK_OK);
    CHECK_EQ(lk_text_insert(doc, text, 0, LK_UTF8, str_of("a\xf0\x9f\x90\xa6")), LK_OK);
    CHECK_EQ(lk_cursor_new(doc, map, 0, LK_UTF8, LK_LEFT, &out), LK_EKIND);
    CHECK_EQ(lk_cursor_new(doc, text, 2, LK_UTF16, LK_LEFT, &out), LK_ERANGE);
    CHECK_EQ(out.len, 0);
    CHECK_EQ(lk_cursor_new(doc, text, 1, LK_UTF16, LK_LEFT, &out), LK_OK);
    for (size_t len = 0; len < out.len; len++)
        CHECK_EQ(lk_cursor_resolve(doc, (lk_bytes){out.at, len}, LK_UTF8, &place, NULL),
                 LK_ECORRUPT);
    /* Every byte changed in every way: a place in the text, or none. */
    for (size_t i = 0; i < out.len; i++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            uint8_t was = out.at[i];
            out.at[i] = (uint8_t)byte;
            lk_status status =
                lk_cursor_resolve(doc, (lk_bytes){out.at, out.len}, LK_UTF8, &place, NULL);
            CHECK(status == LK_EMISSING || status == LK_ECORRUPT ||
                  (status == LK_OK && place.pos <= 5));
            out.at[i] = was;
        }
    }
    lk_buf_free(&out);
    lk_free(doc);
}

/* Memory runs out at each request once while a deleted atom is looked up. */
static void test_memory(void) {
    meter m = {0};
    lk_memory memory = {.context = &m, .resize = meter_resize};
    lk_doc *doc = lk_new(7, &memory);
    lk_ref text;
    lk_cursor_place place;
    lk_buf cursor = {0};
    CHECK_EQ(lk_root(doc, LK_TEXT, str_of("text"), &text), LK_OK);
    CHECK_EQ(lk_text_insert(doc, text, 0, LK_UTF8, str_of("abcdef")), LK_OK);
    CHECK_EQ(lk_cursor_new(doc, text, 2, LK_UTF8, LK_LEFT, &cursor), LK_OK);
    CHECK_EQ(lk_text_delete(doc, text, 1, 3, LK_UTF8), LK_OK);
    for (uint64_t n = 1;; n++) {
        lk_buf update = {.memory = &memory};
        m.requests = 0;
        m.fail_at = n;
        lk_status status =
            lk_cursor_resolve(doc, (lk_bytes){cursor.at, cursor.len}, LK_UTF8, &place, &update);
        bool reached = m.requests >= n;
        m.fail_at = 0;
        CHECK_EQ(status, reached ? LK_ENOMEM : LK_OK);
        lk_check(doc);
        lk_buf_free(&update);
        if (reached) continue;
        CHECK_EQ(place.pos, 1);
        break;
    }
    lk_buf_free(&cursor);
    lk_free(doc);
    CHECK_EQ(m.bytes, 0);
}

int main(int argc, char **argv) {
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    for (uint64_t i = 0; i < 3; i++) test_twin(seed + i);
    test_refused();
    test_memory();
    return 0;
}
