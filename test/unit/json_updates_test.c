/* SPDX-License-Identifier: MIT
 * json_updates_test.c - history out as JSON text and in again; text that must be refused, with the
 * byte; and text with what was written blotted out. */
#include "base/mem.h"
#include "check.h"
#include "lorikeet.h"
#include "loro_vectors.h"

static lk_str str_of(const char *s) { return (lk_str){s, strlen(s)}; }
static lk_str text_of(const lk_buf *buf) { return (lk_str){(const char *)buf->at, buf->len}; }

static size_t changes_of(lk_doc *doc) {
    size_t count;
    CHECK_EQ(lk_change_count(doc, &count), LK_OK);
    return count;
}

static lk_doc *doc_with_all_kinds(void) {
    lk_doc *doc = lk_new(5, NULL);
    CHECK_EQ(lk_import(doc, (lk_bytes){loro_updates, sizeof loro_updates}, NULL, NULL), LK_OK);
    return doc;
}

/* The state and the version. */
static void show_state(lk_doc *doc, lk_buf *out) {
    out->len = 0;
    CHECK_EQ(lk_json(doc, out), LK_OK);
    CHECK_EQ(lk_vv_encode(lk_version(doc), out), LK_OK);
}

/* The history and the state, as JSON. */
static void show(lk_doc *doc, lk_buf *out) {
    out->len = 0;
    CHECK_EQ(lk_json_updates(doc, (lk_ids){0}, NULL, false, out), LK_OK);
    CHECK_EQ(lk_json(doc, out), LK_OK);
}

static void round_trip(bool numbered) {
    lk_doc *doc = doc_with_all_kinds(), *copy = lk_new(6, NULL);
    lk_buf json = {0}, want = {0}, got = {0};
    CHECK_EQ(lk_json_updates(doc, (lk_ids){0}, NULL, numbered, &json), LK_OK);
    lk_import_status status;
    CHECK_EQ(lk_json_import(copy, text_of(&json), &status, NULL), LK_OK);
    CHECK_EQ(status.success_len, 2);
    CHECK_EQ(status.pending_len, 0);
    lk_check(copy);
    show(doc, &want);
    /* JSON has no binary values: what came through it is what it says */
    show(copy, &got);
    CHECK_BYTES(got.at, got.len, want.at, want.len);
    CHECK_EQ(lk_json_import(copy, text_of(&json), &status, NULL), LK_OK);
    CHECK_EQ(status.success_len, 0);
    lk_buf_free(&json);
    lk_buf_free(&want);
    lk_buf_free(&got);
    lk_free(doc);
    lk_free(copy);
}

/* Every split of the history at a version of one peer: the later half waits for the earlier one. */
static void halves(void) {
    lk_doc *doc = doc_with_all_kinds();
    lk_buf want = {0}, got = {0}, early = {0}, late = {0};
    show_state(doc, &want);
    for (int32_t cut = 0; cut <= 10; cut++) {
        lk_id end = {1, cut};
        lk_ids vv = {&end, 1};
        early.len = late.len = 0;
        CHECK_EQ(lk_json_updates(doc, vv, NULL, true, &late), LK_OK);
        CHECK_EQ(lk_json_updates(doc, (lk_ids){0}, &vv, true, &early), LK_OK);
        lk_doc *copy = lk_new(6, NULL);
        lk_import_status status;
        CHECK_EQ(lk_json_import(copy, text_of(&late), &status, NULL), LK_OK);
        CHECK_EQ(status.pending_len > 0, cut > 0);
        CHECK_EQ(lk_json_import(copy, text_of(&early), &status, NULL), LK_OK);
        lk_check(copy);
        CHECK_EQ(changes_of(copy), changes_of(doc));
        show_state(copy, &got);
        CHECK_BYTES(got.at, got.len, want.at, want.len);
        lk_free(copy);
    }
    lk_buf_free(&want);
    lk_buf_free(&got);
    lk_buf_free(&early);
    lk_buf_free(&late);
    lk_free(doc);
}

#define FRAME(op)                                                                                  \
    "{\"schema_version\":1,\"peers\":[\"7\"],\"changes\":[{\"id\":\"0@0\",\"timestamp\":0,"        \
    "\"deps\":[],\"lamport\":0,\"ops\":[" op "]}]}"
#define OP(container, content)                                                                     \
    FRAME("{\"container\":\"cid:root-x:" container "\",\"counter\":0,\"content\":{" content "}}")

/* What is wrong, and the text that stands at the byte which the fault names. */
static const struct {
    const char *json;
    lk_status status;
    const char *at;
} bad[] = {
    {"", LK_ECORRUPT, ""},
    {"[]", LK_ECORRUPT, "[]"},
    {"{\"schema_version\":2,\"changes\":[]}", LK_EVERSION, NULL},
    {"{\"changes\":[]}", LK_ECORRUPT, NULL},
    {"{\"schema_version\":1}", LK_ECORRUPT, NULL},
    {"{\"schema_version\":1,\"changes\":[]} x", LK_ECORRUPT, "x"},
    {"{\"schema_version\":1,\"changes\":[{\"id\":\"0@0\"}]}", LK_ECORRUPT, NULL},
    {FRAME(""), LK_ECORRUPT, "[]}]}"},
    {OP("Text", "\"type\":\"insert\",\"pos\":-1,\"text\":\"a\""), LK_ECORRUPT, "-1,"},
    {OP("Text", "\"type\":\"insert\",\"pos\":1073741822,\"text\":\"a\""), LK_ECORRUPT,
     "1073741822"},
    {OP("Text", "\"type\":\"insert\",\"pos\":0,\"text\":\"\""), LK_ECORRUPT, "\"\"}}"},
    {OP("Text", "\"type\":\"insert\",\"pos\":0,\"value\":[1]"), LK_ECORRUPT, NULL},
    {OP("Text", "\"type\":\"set\",\"pos\":0"), LK_ECORRUPT, "\"set\""},
    {OP("Text", "\"type\":\"delete\",\"pos\":0,\"len\":0,\"start_id\":\"0@0\""), LK_ECORRUPT,
     "0,\"start"},
    {OP("Text", "\"type\":\"delete\",\"pos\":0,\"len\":-2,\"start_id\":\"0@0\""), LK_ECORRUPT,
     "-2,"},
    {OP("Text", "\"type\":\"delete\",\"pos\":0,\"len\":1,\"start_id\":\"0@1\""), LK_ECORRUPT,
     "\"0@1\""},
    {OP("Text", "\"type\":\"delete\",\"pos\":0,\"len\":1,\"start_id\":\"0\""), LK_ECORRUPT,
     "\"0\"}}"},
    {OP("List", "\"type\":\"insert\",\"pos\":0,\"value\":5"), LK_ECORRUPT, "5}}"},
    {OP("List", "\"type\":\"insert\",\"pos\":0,\"value\":[]"), LK_ECORRUPT, "[]}}"},
    {OP("Map", "\"type\":\"insert\",\"key\":\"k\",\"value\":\"\U0001f99c:cid:1@0:Map\""),
     LK_ECORRUPT, "\"\U0001f99c"},
    {OP("Map", "\"type\":\"insert\",\"key\":\"k\",\"value\":\"\U0001f99c:cid:root-a:Map\""),
     LK_ECORRUPT, "\"\U0001f99c"},
    {OP("Map", "\"type\":\"insert\",\"key\":\"k\",\"value\":{\"a\":1,\"a\":2}"), LK_ECORRUPT,
     "{\"a\":1"},
    {OP("Map", "\"type\":\"insert\",\"type\":\"insert\",\"key\":\"k\",\"value\":1"), LK_ECORRUPT,
     NULL},
    {OP("Tree", "\"type\":\"create\",\"target\":\"1@0\",\"parent\":null"), LK_ECORRUPT, "\"1@0\""},
    {OP("Tree", "\"type\":\"move\",\"target\":\"0@0\",\"parent\":null,\"fractional_index\":\"8g\""),
     LK_ECORRUPT, "\"8g\""},
    {OP("Nothing", "\"type\":\"insert\""), LK_ECORRUPT, "\"cid:root-x:N"},
    {FRAME("{\"container\":\"cid:root-x:Map\",\"counter\":1,\"content\":{\"type\":\"delete\","
           "\"key\":\"k\"}}"),
     LK_ECORRUPT, "1,\"content"},
    /* what only the document can know */
    {OP("Text", "\"type\":\"insert\",\"pos\":1,\"text\":\"a\""), LK_ECORRUPT, "{\"schema"},
    {OP("Text", "\"type\":\"mark_end\""), LK_ECORRUPT, "{\"schema"},
    {OP("MovableList", "\"type\":\"set\",\"elem_id\":\"L0@0\",\"value\":1"), LK_ECORRUPT,
     "{\"schema"},
};

static void refused(void) {
    lk_buf before = {0}, after = {0};
    lk_doc *doc = lk_new(1, NULL);
    show(doc, &before);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        lk_fault fault = {0};
        lk_str json = str_of(bad[i].json);
        CHECK_EQ(lk_json_import(doc, json, NULL, &fault), bad[i].status);
        CHECK_EQ(fault.code, bad[i].status);
        CHECK(fault.offset <= json.len && fault.what != NULL);
        const char *at = bad[i].at == NULL ? NULL : strstr(json.at, bad[i].at);
        if (at != NULL) CHECK_EQ(fault.offset, at - json.at);
        show(doc, &after);
        CHECK_BYTES(after.at, after.len, before.at, before.len);
    }
    /* every prefix of good text is no text */
    const char good[] = OP("Map", "\"type\":\"insert\",\"key\":\"k\",\"value\":[1.5,{\"a\":null}]");
    for (size_t len = 0; len + 1 < sizeof good; len++)
        CHECK_EQ(lk_json_import(doc, (lk_str){good, len}, NULL, NULL), LK_ECORRUPT);
    CHECK_EQ(lk_json_import(doc, str_of(good), NULL, NULL), LK_OK);
    lk_buf_free(&before);
    lk_buf_free(&after);
    lk_free(doc);
}

/* Operations of a container that this build does not know are kept as they came. */
static void unknown(void) {
    const char *const values[] = {"{\"kind\":20,\"data\":[1,2,255]}", "{\"kind\":3,\"data\":[127]}",
                                  "{\"kind\":0,\"data\":[]}", "{\"kind\":127,\"data\":[]}"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char json[512], want[256];
        snprintf(json, sizeof json,
                 OP("Unknown(9)", "\"type\":\"unknown\",\"prop\":-3,\"value\":%s"), values[i]);
        snprintf(want, sizeof want, "\"prop\":-3,\"value_type\":\"Unknown\",\"value\":%s}",
                 values[i]);
        lk_doc *doc = lk_new(1, NULL), *copy = lk_new(2, NULL);
        lk_buf got = {0};
        CHECK_EQ(lk_json_import(doc, str_of(json), NULL, NULL), LK_OK);
        CHECK_EQ(lk_json_updates(doc, (lk_ids){0}, NULL, true, &got), LK_OK);
        CHECK_EQ(lk_json_import(copy, text_of(&got), NULL, NULL), LK_OK);
        CHECK_EQ(lk_op_count(copy), 1);
        CHECK(buf_append(&got, "", 1));
        CHECK(strstr((const char *)got.at, want) != NULL);
        lk_buf_free(&got);
        lk_free(doc);
        lk_free(copy);
    }
    const char *const wrong[] = {"{\"kind\":128,\"data\":[]}", "{\"kind\":3,\"data\":[128]}",
                                 "{\"kind\":3,\"data\":[1,1]}", "{\"kind\":20,\"data\":[256]}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char json[512];
        snprintf(json, sizeof json,
                 OP("Unknown(9)", "\"type\":\"unknown\",\"prop\":0,\"value\":%s"), wrong[i]);
        lk_doc *doc = lk_new(1, NULL);
        CHECK_EQ(lk_json_import(doc, str_of(json), NULL, NULL), LK_ECORRUPT);
        lk_free(doc);
    }
}

static void check_redacted(const lk_span *spans, size_t len, const char *want) {
    lk_doc *doc = lk_new(7, NULL), *copy = lk_new(8, NULL);
    lk_ref text, list, map, child;
    const lk_value values[] = {{.type = LK_I64, .as.i64 = 1}, {.type = LK_F64, .as.f64 = 2}};
    CHECK_EQ(lk_root(doc, LK_TEXT, str_of("t"), &text), LK_OK);
    CHECK_EQ(lk_root(doc, LK_LIST, str_of("l"), &list), LK_OK);
    CHECK_EQ(lk_root(doc, LK_MAP, str_of("m"), &map), LK_OK);
    CHECK_EQ(lk_text_insert(doc, text, 0, LK_UTF8, str_of("a\u00e9\U0001f99cz")), LK_OK); /* 0..4 */
    CHECK_EQ(lk_list_insert(doc, list, 0, values, 2), LK_OK);                             /* 4..6 */
    CHECK_EQ(lk_map_set(doc, map, str_of("k"), values), LK_OK);                           /* 6 */
    CHECK_EQ(lk_map_set_container(doc, map, str_of("c"), LK_LIST, &child), LK_OK);        /* 7 */
    CHECK_EQ(lk_list_insert(doc, child, 0, values, 1), LK_OK);                            /* 8 */
    lk_buf json = {0}, redacted = {0}, got = {0};
    CHECK_EQ(lk_json_updates(doc, (lk_ids){0}, NULL, true, &json), LK_OK);
    CHECK_EQ(lk_json_redact(text_of(&json), spans, len, &redacted, NULL), LK_OK);
    CHECK_EQ(lk_json_import(copy, text_of(&redacted), NULL, NULL), LK_OK);
    lk_check(copy);
    CHECK_EQ(lk_json(copy, &got), LK_OK);
    CHECK_BYTES(got.at, got.len, want, strlen(want));
    lk_buf_free(&json);
    lk_buf_free(&redacted);
    lk_buf_free(&got);
    lk_free(doc);
    lk_free(copy);
}

static void redaction(void) {
    check_redacted(NULL, 0, "{\"l\":[1,2],\"m\":{\"c\":[1],\"k\":1},\"t\":\"a\u00e9\U0001f99cz\"}");
    const lk_span part[] = {{7, 1, 3}, {7, 5, 6}, {9, 0, 100}};
    check_redacted(part, 3, "{\"l\":[1,null],\"m\":{\"c\":[1],\"k\":1},\"t\":\"a\ufffd\ufffdz\"}");
    const lk_span all = {7, 0, INT32_MAX};
    check_redacted(
        &all, 1,
        "{\"l\":[null,null],\"m\":{\"c\":[null],\"k\":null},\"t\":\"\ufffd\ufffd\ufffd\ufffd\"}");
}

int main(void) {
    round_trip(true);
    round_trip(false);
    halves();
    refused();
    unknown();
    redaction();
    printf("json_updates: round trips, halves, %zu refusals, redaction\n",
           sizeof bad / sizeof *bad);
    return 0;
}
