/* SPDX-License-Identifier: MIT
 * presence_test.c - bytes of the published EphemeralStore both ways, who wins, time, limits,
 * damage. */
#include "check.h"

#include "base/limits.h"
#include "room/presence.h"

#define STR(s) ((lk_str){(s), sizeof(s) - 1})

static lk_value i64(int64_t v) { return (lk_value){.type = LK_I64, .as.i64 = v}; }

static lk_value string(const char *s) {
    return (lk_value){
        .type = LK_STRING, .len = (uint32_t)strlen(s), .as.bytes = (const uint8_t *)s};
}

static void check_json(const presence *p, const char *want) {
    lk_buf out = {0};
    CHECK(presence_json(p, &out));
    CHECK_BYTES(out.at, out.len, want, strlen(want));
    lk_buf_free(&out);
}

static void set(presence *p, const char *key, const lk_value *value, int64_t stamp) {
    lk_buf out = {0};
    CHECK_EQ(presence_set(p, (lk_str){key, strlen(key)}, value, stamp, 0, &out), LK_OK);
    lk_buf_free(&out);
}

/* {b: {x: [null, true, 1.5, -3, "hé"], y: Uint8Array [1, 2]}}, as EphemeralStore.encode() of
 * loro-crdt 1.17.1 wrote it (maps keep no order; it put y first). */
static const uint8_t published[] = {
    0x01, 0x01, 0x62, 0x01, 0x06, 0x02, 0x01, 0x79, 0x08, 0x02, 0x01, 0x02, 0x01, 0x78,
    0x05, 0x05, 0x00, 0x01, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0x3f,
    0x03, 0x05, 0x04, 0x03, 0x68, 0xc3, 0xa9, 0x9e, 0xf7, 0xe1, 0xd6, 0xc0, 0x68};
#define PUBLISHED_STAMP 1795387309519 /* the zigzag at its end */

static void vectors(void) {
    presence p = {.heap = &mem_default};
    bool changed;
    CHECK_EQ(presence_apply(&p, (lk_bytes){published, sizeof published}, 1, 0, &changed, NULL),
             LK_OK);
    CHECK(changed);
    CHECK_EQ(p.entries.at[0].stamp_ms, PUBLISHED_STAMP);
    check_json(&p, "{\"b\":{\"y\":[1,2],\"x\":[null,true,1.5,-3,\"h\u00e9\"]}}");
    lk_buf out = {0};
    CHECK(presence_encode(&p, false, &out));
    CHECK_BYTES(out.at, out.len, published, sizeof published);
    presence_drop(&p);

    const uint8_t bin[] = {1, 2};
    const lk_value items[] = {{.type = LK_NULL},
                              {.type = LK_BOOL, .as.boolean = true},
                              {.type = LK_F64, .as.f64 = 1.5},
                              i64(-3),
                              string("h\u00e9")};
    const lk_entry entries[] = {{STR("y"), {.type = LK_BINARY, .len = 2, .as.bytes = bin}},
                                {STR("x"), {.type = LK_VALUES, .len = 5, .as.values = items}}};
    const lk_value value = {.type = LK_ENTRIES, .len = 2, .as.entries = entries};
    out.len = 0;
    CHECK_EQ(presence_set(&p, STR("b"), &value, PUBLISHED_STAMP, 0, &out), LK_OK);
    CHECK_BYTES(out.at, out.len, published, sizeof published);

    const uint8_t deleted[] = {0x01, 0x01, 0x62, 0x00, 0xa0, 0xf7, 0xe1, 0xd6, 0xc0, 0x68};
    out.len = 0;
    CHECK_EQ(presence_set(&p, STR("b"), NULL, 0, 0, &out), LK_OK); /* must outdo its own past */
    CHECK_BYTES(out.at, out.len, deleted, sizeof deleted);
    check_json(&p, "{}");
    presence_drop(&p);
    lk_buf_free(&out);
}

/* The update that sets `key` to `value` at `stamp`, from elsewhere. */
static lk_buf update_of(const char *key, const lk_value *value, int64_t stamp) {
    presence other = {.heap = &mem_default};
    lk_buf out = {0};
    CHECK_EQ(presence_set(&other, (lk_str){key, strlen(key)}, value, stamp, 0, &out), LK_OK);
    presence_drop(&other);
    return out;
}

static bool apply(presence *p, const char *key, const lk_value *value, int64_t stamp,
                  uint64_t now) {
    lk_buf bytes = update_of(key, value, stamp);
    bool changed;
    CHECK_EQ(presence_apply(p, (lk_bytes){bytes.at, bytes.len}, 1, now, &changed, NULL), LK_OK);
    lk_buf_free(&bytes);
    return changed;
}

static void later_wins(void) {
    presence p = {.heap = &mem_default};
    const lk_value one = i64(1), two = i64(2);
    CHECK(apply(&p, "k", &one, 100, 0));
    CHECK(!apply(&p, "k", &two, 100, 0)); /* as old: the first stays, as in EphemeralStore */
    CHECK(!apply(&p, "k", &two, 99, 0));
    CHECK(!apply(&p, "k", &one, 101, 0)); /* newer, but nothing to be seen */
    CHECK(!apply(&p, "k", NULL, 101, 0));
    CHECK(apply(&p, "k", NULL, 102, 0));
    CHECK(!apply(&p, "k", &two, 102, 0)); /* a deletion counts as a write */
    check_json(&p, "{}");
    CHECK(apply(&p, "k", &two, 103, 0));
    CHECK(apply(&p, "a", &one, -5, 0));
    CHECK(apply(&p, "", &one, 0, 0));
    check_json(&p, "{\"\":1,\"a\":1,\"k\":2}");
    presence_drop(&p);
}

static void time_passes(void) {
    presence p = {.heap = &mem_default};
    const lk_value one = i64(1);
    CHECK_EQ(presence_wake_at(&p), UINT64_MAX);
    set(&p, "mine", &one, 50);
    CHECK(apply(&p, "theirs", &one, 1u << 30, 1000)); /* its clock does not matter */
    CHECK_EQ(presence_wake_at(&p), 30000);
    CHECK(presence_refresh(&p, 40, 20000));
    CHECK(!presence_expire(&p, 30999));
    check_json(&p, "{\"mine\":1,\"theirs\":1}");
    CHECK(presence_expire(&p, 31000));
    check_json(&p, "{\"mine\":1}");
    CHECK_EQ(p.entries.at[0].stamp_ms, 51); /* the refresh had to outdo the first stamp */
    CHECK(apply(&p, "theirs", &one, 2, 40000));
    presence_forsake(&p, 2, false, 40000);
    CHECK_EQ(p.entries.at[1].expires_ms, 70000);
    presence_forsake(&p, 1, false, 40000);
    CHECK_EQ(p.entries.at[1].expires_ms, 43000);
    set(&p, "mine", NULL, 60);
    CHECK(!presence_refresh(&p, 70, 41000)); /* a deletion is not kept alive */
    presence_drop(&p);
}

static void limits(void) {
    presence p = {.heap = &mem_default};
    char *big = malloc(LIMIT_PRESENCE_BYTES + 1);
    memset(big, 'x', LIMIT_PRESENCE_BYTES + 1);
    lk_buf out = {0};
    /* one byte of key, one of tag, three of length */
    lk_value value = {
        .type = LK_STRING, .len = LIMIT_PRESENCE_BYTES - 5, .as.bytes = (const uint8_t *)big};
    CHECK_EQ(presence_set(&p, STR("k"), &value, 1, 0, &out), LK_OK);
    bool changed;
    presence q = {.heap = &mem_default};
    CHECK_EQ(presence_apply(&q, (lk_bytes){out.at, out.len}, 1, 0, &changed, NULL), LK_OK);
    value.len++;
    CHECK_EQ(presence_set(&p, STR("k"), &value, 2, 0, &out), LK_ELIMIT);
    free(big);

    const lk_value bad_text = {.type = LK_STRING, .len = 1, .as.bytes = (const uint8_t *)"\xff"};
    const lk_value container = {.type = LK_CONTAINER};
    CHECK_EQ(presence_set(&p, STR("k"), &bad_text, 1, 0, &out), LK_EVALUE);
    CHECK_EQ(presence_set(&p, STR("k"), &container, 1, 0, &out), LK_EVALUE);
    CHECK_EQ(presence_set(&p, STR("\xff"), NULL, 1, 0, &out), LK_EVALUE);

    const lk_value one = i64(1);
    for (int i = (int)q.entries.len; i < LIMIT_PRESENCE_ENTRIES; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        apply(&q, key, &one, 1, 0);
    }
    out.len = 0;
    CHECK_EQ(presence_set(&q, STR("one more"), &one, 1, 0, &out), LK_ELIMIT);
    CHECK_EQ(presence_set(&q, STR("k"), &one, 9, 0, &out), LK_OK); /* its place is there */
    presence_drop(&p);
    presence_drop(&q);
    lk_buf_free(&out);
}

static void nesting(void) {
    uint8_t bytes[600];
    for (int depth = LIMIT_DEPTH; depth <= LIMIT_DEPTH + 1; depth++) {
        size_t len = 0;
        const uint8_t head[] = {1, 1, 'k', 1};
        memcpy(bytes, head, sizeof head);
        len = sizeof head;
        for (int i = 1; i < depth; i++) bytes[len++] = 5, bytes[len++] = 1;
        bytes[len++] = 0; /* null */
        bytes[len++] = 2; /* the stamp */
        presence p = {.heap = &mem_default};
        bool changed;
        CHECK_EQ(presence_apply(&p, (lk_bytes){bytes, len}, 1, 0, &changed, NULL),
                 depth <= LIMIT_DEPTH ? LK_OK : LK_ELIMIT);
        presence_drop(&p);
    }
}

static void refusals(void) {
    const struct {
        uint8_t bytes[16];
        size_t len, offset;
    } bad[] = {
        {{0}, 0, 0},                          /* nothing at all */
        {{9, 1, 'k', 0, 2}, 5, 1},            /* more entries than bytes */
        {{1, 1, 'k', 2, 2}, 5, 4},            /* an option of 2 */
        {{1, 1, 'k', 1, 7, 0, 2}, 7, 5},      /* a container */
        {{1, 1, 'k', 1, 1, 2, 2}, 7, 6},      /* a boolean of 2 */
        {{1, 1, 0xff, 0, 2}, 5, 3},           /* a key that is not UTF-8 */
        {{1, 1, 'k', 1, 5, 200, 1, 2}, 8, 7}, /* more items than bytes */
        {{0, 0}, 2, 1},                       /* a byte too many */
    };
    presence p = {.heap = &mem_default};
    const lk_value one = i64(1);
    set(&p, "stays", &one, 1);
    for (size_t i = 0; i < countof(bad); i++) {
        bool changed;
        lk_fault fault;
        lk_bytes bytes = {bad[i].bytes, bad[i].len};
        CHECK_EQ(presence_apply(&p, bytes, 1, 0, &changed, &fault), LK_ECORRUPT);
        CHECK(!changed && fault.what != NULL);
        if (fault.offset != bad[i].offset) fprintf(stderr, "case %zu\n", i);
        CHECK_EQ(fault.offset, bad[i].offset);
        check_json(&p, "{\"stays\":1}");
    }
    presence_drop(&p);
}

/* Every truncation is refused; any other damage is refused or read, and what was read prints and
 * goes round. */
static void damage(void) {
    rng r = {3};
    for (int round = 0; round < 50000; round++) {
        size_t len = round < (int)sizeof published ? (size_t)round : sizeof published;
        uint8_t *bytes = malloc(len + 1);
        memcpy(bytes, published, len);
        for (uint32_t n = rng_below(&r, 4); len == sizeof published && n > 0; n--)
            bytes[rng_below(&r, (uint32_t)len)] = (uint8_t)rng_u64(&r);
        presence p = {.heap = &mem_default}, q = {.heap = &mem_default};
        bool changed;
        lk_status status = presence_apply(&p, (lk_bytes){bytes, len}, 1, 0, &changed, NULL);
        CHECK(len == sizeof published || status != LK_OK);
        CHECK(status == LK_OK || p.entries.len == 0);
        lk_buf out = {0}, first = {0}, second = {0};
        CHECK(presence_encode(&p, false, &out) && presence_json(&p, &first));
        CHECK_EQ(presence_apply(&q, (lk_bytes){out.at, out.len}, 1, 0, &changed, NULL), LK_OK);
        CHECK(presence_json(&q, &second));
        CHECK_BYTES(second.at, second.len, first.at, first.len);
        lk_buf_free(&out);
        lk_buf_free(&first);
        lk_buf_free(&second);
        presence_drop(&p);
        presence_drop(&q);
        free(bytes);
    }
}

int main(void) {
    vectors();
    later_wins();
    time_passes();
    limits();
    nesting();
    refusals();
    damage();
    printf("presence: published bytes, order, time, limits, 50000 damaged updates\n");
    return 0;
}
