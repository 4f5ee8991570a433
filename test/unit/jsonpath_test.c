/* SPDX-License-Identifier: MIT
 * jsonpath_test.c - queries cut short and changed byte by byte, none of which may do more than
 * fail; what they find in all kinds of containers; memory that runs out. (Against the published
 * package: web/package/test/jsonpath.test.mjs.) */
#include "check.h"
#include "lorikeet.h"
#include "loro_vectors.h"
#include "meter.h"

static lk_str str_of(const char *s) { return (lk_str){s, strlen(s)}; }

static lk_doc *make_doc(const lk_memory *memory) {
    lk_doc *doc = lk_new(1, memory);
    CHECK(doc != NULL);
    CHECK_EQ(lk_import(doc, (lk_bytes){loro_updates, sizeof loro_updates}, NULL, NULL), LK_OK);
    lk_ref map, list, text;
    CHECK_EQ(lk_root(doc, LK_MAP, str_of("m"), &map), LK_OK);
    const lk_value one = {.type = LK_I64, .as.i64 = 1};
    const lk_value items[] = {one, {.type = LK_F64, .as.f64 = 2.5}, {.type = LK_NULL}};
    const lk_value nested = {.type = LK_VALUES, .len = 3, .as.values = items};
    CHECK_EQ(lk_map_set(doc, map, str_of("v"), &nested), LK_OK);
    CHECK_EQ(lk_map_set_container(doc, map, str_of("l"), LK_LIST, &list), LK_OK);
    CHECK_EQ(lk_list_insert(doc, list, 0, items, 3), LK_OK);
    CHECK_EQ(lk_map_set_container(doc, map, str_of("t"), LK_TEXT, &text), LK_OK);
    CHECK_EQ(lk_text_insert(doc, text, 0, LK_UTF8, str_of("words")), LK_OK);
    return doc;
}

static const struct {
    const char *query;
    size_t finds;
} asked[] = {
    {"$", 1},
    {"$.m.v[*]", 3},
    {"$.m.l[?(@ > 0.5 && @ < 2.5)]", 1},
    {"$.m[?@ == 'words']", 1},
    {"$.m[?length(value(@)) == 3]", 2},
    {"$.m[?1 in @]", 2},
    {"$.m['v', \"l\"][::-1]", 6},
    {"$.m.l[?!(count($.m.*) == 2)]", 3},
    {"$.m[?@[0] == $.m.l[0]]", 2},
    {"$.m.t[?@ contains '\\u0077\\n']", 0},
};

static void test_finds(lk_doc *doc) {
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        const lk_value *out;
        size_t len;
        lk_fault fault;
        CHECK_EQ(lk_jsonpath(doc, str_of(asked[i].query), &out, &len, &fault), LK_OK);
        CHECK_EQ(len, asked[i].finds);
    }
}

/* In a block of exactly its size, so that a sanitizer sees one byte too far. */
static void expect_harmless(lk_doc *doc, const char *query, size_t len) {
    char *exact = malloc(len == 0 ? 1 : len);
    CHECK(exact != NULL);
    memcpy(exact, query, len);
    const lk_value *out;
    size_t found;
    lk_fault fault;
    lk_status status = lk_jsonpath(doc, (lk_str){exact, len}, &out, &found, &fault);
    CHECK(status == LK_OK || status == LK_EVALUE || status == LK_ELIMIT);
    CHECK(fault.offset <= len && (status != LK_EVALUE || fault.what != NULL));
    lk_path_item path[] = {{.is_key = true, .key = {"m", 1}}, {.index = 0}};
    unsigned match;
    CHECK((lk_jsonpath_match(doc, (lk_str){exact, len}, path, 2, &match) == LK_OK) ==
          (fault.code == LK_OK));
    free(exact);
}

static void test_damage(lk_doc *doc, uint64_t seed) {
    rng random = {seed};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        size_t len = strlen(asked[i].query);
        char bytes[64];
        for (size_t cut = 0; cut <= len; cut++) expect_harmless(doc, asked[i].query, cut);
        for (unsigned k = 0; k < 2000; k++) {
            static const char alphabet[] = "$@.[]()'\"\\*?!&|<>=,:-0a\xf0\x9f in contains count(";
            memcpy(bytes, asked[i].query, len);
            for (uint32_t n = rng_below(&random, 3); n < 3; n++)
                bytes[rng_below(&random, (uint32_t)len)] =
                    alphabet[rng_below(&random, sizeof alphabet)];
            expect_harmless(doc, bytes, len);
        }
    }
}

static void test_memory(void) {
    meter m = {0};
    lk_memory memory = {.context = &m, .resize = meter_resize};
    lk_doc *doc = make_doc(&memory);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        for (uint64_t n = 1;; n++) {
            const lk_value *out;
            size_t len;
            m.requests = 0;
            m.fail_at = n;
            lk_status status = lk_jsonpath(doc, str_of(asked[i].query), &out, &len, NULL);
            bool reached = m.requests >= n;
            m.fail_at = 0;
            CHECK_EQ(status, reached ? LK_ENOMEM : LK_OK);
            if (!reached) break;
        }
    }
    lk_free(doc);
    CHECK_EQ(m.bytes, 0);
}

int main(int argc, char **argv) {
    lk_doc *doc = make_doc(NULL);
    test_finds(doc);
    test_damage(doc, argc > 1 ? strtoull(argv[1], NULL, 10) : 1);
    lk_free(doc);
    test_memory();
    return 0;
}
