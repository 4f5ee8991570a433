/* SPDX-License-Identifier: MIT
 * ephemeral_test.c - stores and awareness of their own: published bytes, what is told, what is too
 * old, damage, and memory that runs out. (presence_test.c has what rooms share with them.) */
#include "check.h"
#include "lorikeet_room.h"
#include "meter.h"

#define STR(s) ((lk_str){(s), sizeof(s) - 1})

static void set(lk_ephemeral *e, const char *key, const lk_value *value, uint64_t now) {
    lk_buf update = {0};
    CHECK_EQ(lk_ephemeral_set(e, (lk_str){key, strlen(key)}, value, now, &update), LK_OK);
    lk_buf_free(&update);
}

/* What the last call did, as "+added ~updated -removed". */
static void expect_told(lk_ephemeral *e, const char *want) {
    const lk_ephemeral_change *changes;
    size_t len, at = 0;
    char told[64] = "";
    CHECK_EQ(lk_ephemeral_changes(e, &changes, &len), LK_OK);
    for (size_t i = 0; i < len; i++)
        at += (size_t)snprintf(told + at, sizeof told - at, "%c%.*s", "+~-"[changes[i].what],
                               (int)changes[i].key.len, changes[i].key.at);
    CHECK_BYTES(told, at, want, strlen(want));
}

static const lk_value one = {.type = LK_I64, .as.i64 = 1}, null_value = {.type = LK_NULL};

static void test_store(void) {
    lk_ephemeral *a = lk_ephemeral_new(50, NULL), *b = lk_ephemeral_new(50, NULL);
    lk_buf update = {0};
    lk_value value;
    int64_t updated;
    set(a, "k", &one, 1000);
    expect_told(a, "+k");
    set(a, "k", &null_value, 1001);
    expect_told(a, "~k");
    CHECK_EQ(lk_ephemeral_get(a, STR("k"), &value, &updated), LK_OK);
    CHECK(value.type == LK_NULL && updated == 1001);
    set(a, "gone", NULL, 1001);
    expect_told(a, "");
    set(a, "n", &one, 1002);
    set(a, "n", NULL, 1003);
    expect_told(a, "-n");
    CHECK_EQ(lk_ephemeral_len(a), 1);
    CHECK_EQ(lk_ephemeral_encode(a, NULL, 0, 1051, &update), LK_OK);
    CHECK_EQ(update.at[0], 3);
    CHECK_EQ(lk_ephemeral_apply(b, (lk_bytes){update.at, update.len}, 1051, NULL), LK_OK);
    expect_told(b, "+k");
    CHECK_EQ(lk_ephemeral_apply(b, (lk_bytes){update.at, update.len}, 1051, NULL), LK_OK);
    expect_told(b, "");
    lk_ephemeral_expire(b, 1051); /* as old as may be */
    expect_told(b, "");
    lk_ephemeral_expire(b, 1052);
    expect_told(b, "-k");
    CHECK_EQ(lk_ephemeral_get(b, STR("k"), &value, NULL), LK_EMISSING);
    CHECK_EQ(lk_ephemeral_apply(b, (lk_bytes){update.at, update.len}, 1052, NULL), LK_OK);
    CHECK_EQ(lk_ephemeral_len(b), 0);
    update.len = 0;
    lk_str keys[] = {STR("n"), STR("none"), STR("k")};
    CHECK_EQ(lk_ephemeral_encode(a, keys, 3, 1052, &update), LK_OK);
    CHECK_EQ(update.at[0], 1); /* k is too old, and there is no none */
    CHECK_EQ(lk_ephemeral_apply(b, (lk_bytes){update.at, update.len - 1}, 1052, NULL), LK_ECORRUPT);
    lk_buf_free(&update);
    lk_ephemeral_free(a);
    lk_ephemeral_free(b);
}

/* AwarenessWasm.encodeAll() of peer 7 with {x: 1}, by loro-crdt 1.17.1; and of the largest peer. */
static const uint8_t published[] = {0x01, 0x07, 0x02, 0x06, 0x01, 0x01, 0x78, 0x03, 0x02};
static const uint8_t largest[] = {0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0x01, 0x04, 0x00};

static void test_awareness(void) {
    lk_ephemeral *a = lk_awareness_new(50, NULL);
    lk_buf update = {0};
    lk_value value;
    int64_t came;
    CHECK_EQ(lk_ephemeral_apply(a, (lk_bytes){published, sizeof published}, 1000, NULL), LK_OK);
    expect_told(a, "+7");
    CHECK_EQ(lk_ephemeral_encode(a, NULL, 0, 1000, &update), LK_OK);
    CHECK_BYTES(update.at, update.len, published, sizeof published);
    CHECK_EQ(lk_ephemeral_get(a, STR("7"), &value, &came), LK_OK);
    CHECK(value.type == LK_ENTRIES && value.len == 1 && came == 1000);
    CHECK_EQ(lk_ephemeral_apply(a, (lk_bytes){largest, sizeof largest}, 1001, NULL), LK_OK);
    expect_told(a, "+18446744073709551615");
    update.len = 0;
    lk_str peer = STR("18446744073709551615");
    CHECK_EQ(lk_ephemeral_encode(a, &peer, 1, 1001, &update), LK_OK);
    CHECK_BYTES(update.at, update.len, largest, sizeof largest);
    CHECK_EQ(lk_ephemeral_set(a, STR("18446744073709551616"), &one, 0, &update), LK_EVALUE);
    CHECK_EQ(lk_ephemeral_set(a, STR("me"), &one, 0, &update), LK_EVALUE);
    CHECK_EQ(lk_ephemeral_set(a, STR(""), &one, 0, &update), LK_EVALUE);
    CHECK_EQ(lk_ephemeral_set(a, STR("7"), NULL, 0, &update), LK_EVALUE);
    set(a, "8", &null_value, 1002);
    update.len = 0;
    lk_str own = STR("8");
    CHECK_EQ(lk_ephemeral_encode(a, &own, 1, 1002, &update), LK_OK);
    const uint8_t others_word[] = {0x01, 0x08, 0x08, 0x00}; /* a later counter, but of our peer */
    CHECK_EQ(lk_ephemeral_apply(a, (lk_bytes){others_word, 4}, 1002, NULL), LK_OK);
    expect_told(a, "");
    lk_ephemeral_expire(a, 1051);
    expect_told(a, "-7");
    lk_buf_free(&update);
    lk_ephemeral_free(a);
}

static void test_memory(void) {
    const lk_value items[] = {one, null_value};
    const lk_value list = {.type = LK_VALUES, .len = 2, .as.values = items};
    for (uint64_t n = 1;; n++) {
        meter m = {.fail_at = n};
        lk_memory memory = {.context = &m, .resize = meter_resize};
        lk_buf update = {.memory = &memory};
        lk_value value;
        const lk_ephemeral_change *changes;
        size_t len;
        lk_ephemeral *e = lk_ephemeral_new(50, &memory);
        lk_status status = e == NULL ? LK_ENOMEM : LK_OK;
        if (status == LK_OK) status = lk_ephemeral_set(e, STR("k"), &list, 1, &update);
        if (status == LK_OK) status = lk_ephemeral_get(e, STR("k"), &value, NULL);
        if (status == LK_OK) status = lk_ephemeral_changes(e, &changes, &len);
        if (status == LK_OK) status = lk_ephemeral_encode(e, NULL, 0, 1, &update);
        bool reached = m.requests >= n;
        CHECK_EQ(status, reached ? LK_ENOMEM : LK_OK);
        lk_buf_free(&update);
        lk_ephemeral_free(e);
        CHECK_EQ(m.bytes, 0);
        if (!reached) break;
    }
}

int main(void) {
    test_store();
    test_awareness();
    test_memory();
    return 0;
}
