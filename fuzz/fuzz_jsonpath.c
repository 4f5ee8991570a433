/* SPDX-License-Identifier: MIT
 * fuzz_jsonpath.c - text meets a document as a JSONPath query. It is answered, or refused with a
 * place and a reason; what is answered is a query to lk_jsonpath_match(), too. */
#include "fuzz/fuzz.h"

#include "check.h"
#include "lorikeet.h"
#include "loro_vectors.h"

static const char *const fuzz_queries[] = {
    "$.m..[?@.a > 0.5 && @['c'] < 'y' || !(count($..*) == 2)]",
    "$[?length(value(@[0].k)) == 1 || @ == -2.5e3 || @ contains '\\u0077\\n\\ud83e\\udd9c']",
    "$['ml', \"l\"][::-1][1:2, -1, *]",
    "$[?1 in @ && @ in [1, 'two', null, true, [false]]]",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static lk_doc *doc; /* queries change nothing: one for all */
    const lk_bytes all = {loro_updates, sizeof loro_updates};
    if (doc == NULL) {
        doc = lk_new(9, NULL);
        CHECK(doc != NULL);
        CHECK_EQ(lk_import(doc, all, NULL, NULL), LK_OK);
    }
    const lk_str query = {(const char *)data, size};
    const lk_value *out;
    size_t found;
    lk_fault fault;
    lk_status status = lk_jsonpath(doc, query, &out, &found, &fault);
    CHECK(status == LK_OK || status == LK_EVALUE || status == LK_ELIMIT);
    CHECK(fault.offset <= size && (status != LK_EVALUE || fault.what != NULL));
    const lk_path_item path[] = {{.is_key = true, .key = {"m", 1}}, {.index = 0}};
    unsigned match;
    CHECK((lk_jsonpath_match(doc, query, path, 2, &match) == LK_OK) == (fault.code == LK_OK));
    return 0;
}

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    if (n >= sizeof fuzz_queries / sizeof *fuzz_queries) return 0;
    size_t len = strlen(fuzz_queries[n]);
    CHECK(len <= cap);
    memcpy(out, fuzz_queries[n], len);
    return len;
}
