/* SPDX-License-Identifier: MIT
 * version_codec_test.c - version vectors and frontiers there and back, sorted, and refused where
 * they contradict themselves. Known bytes are those of loro-crdt 1.17.1. */
#include "codec/version_codec.h"

#include "check.h"

typedef lk_status decode_fn(lk_bytes bytes, lk_buf *out, lk_fault *fault);

static lk_status decode(decode_fn *fn, const char *bytes, size_t len, lk_buf *out) {
    lk_fault fault;
    lk_status status = fn((lk_bytes){(const uint8_t *)bytes, len}, out, &fault);
    CHECK_EQ(status, fault.code);
    if (status != LK_OK) CHECK(out->len == 0 && fault.offset <= len);
    return status;
}

static void test_known(void) {
    lk_buf out = {0};
    const lk_id ids[] = {{7, 3}, {UINT64_MAX - 1, 200}};
    CHECK_EQ(lk_vv_encode((lk_ids){ids, 2}, &out), LK_OK);
    CHECK_BYTES(out.at, out.len, "\2\7\6\xfe\xff\xff\xff\xff\xff\xff\xff\xff\1\x90\3", 15);
    lk_buf back = {0};
    CHECK_EQ(lk_vv_decode((lk_bytes){out.at, out.len}, &back, NULL), LK_OK);
    CHECK_EQ(back.len, sizeof ids);
    const lk_id *got = (const lk_id *)(const void *)back.at;
    for (size_t i = 0; i < 2; i++)
        CHECK(got[i].peer == ids[i].peer && got[i].counter == ids[i].counter);
    lk_buf_free(&back);
    lk_buf_free(&out);
}

static void test_sorted(void) {
    lk_buf out = {0};
    CHECK_EQ(decode(lk_frontiers_decode, "\3\x9\0\1\2\5\4", 7, &out), LK_OK);
    const lk_id *ids = (const lk_id *)(const void *)out.at;
    CHECK_EQ(out.len, 3 * sizeof *ids);
    CHECK(ids[0].peer == 1 && ids[1].peer == 5 && ids[2].peer == 9 && ids[2].counter == 0);
    out.len = 0;
    /* An entry that ends at 0 says nothing. */
    CHECK_EQ(decode(lk_vv_decode, "\2\x9\0\1\2", 5, &out), LK_OK);
    CHECK_EQ(out.len, sizeof *ids);
    lk_buf_free(&out);
}

static void test_bad(void) {
    lk_buf out = {0};
    decode_fn *const both[] = {lk_vv_decode, lk_frontiers_decode};
    for (size_t i = 0; i < 2; i++) {
        CHECK_EQ(decode(both[i], "", 0, &out), LK_ECORRUPT);
        CHECK_EQ(decode(both[i], "\0x", 2, &out), LK_ECORRUPT);                /* bytes follow */
        CHECK_EQ(decode(both[i], "\2\1\2", 3, &out), LK_ECORRUPT);             /* one of two */
        CHECK_EQ(decode(both[i], "\1\1\1", 3, &out), LK_ECORRUPT);             /* counter -1 */
        CHECK_EQ(decode(both[i], "\2\1\2\1\4", 5, &out), LK_ECORRUPT);         /* a peer twice */
        CHECK_EQ(decode(both[i], "\1\1\xfe\xff\xff\xff\x0f", 7, &out), LK_OK); /* 2^31 - 1 */
        out.len = 0;
        CHECK_EQ(decode(both[i], "\1\1\x80\x80\x80\x80\x10", 7, &out), LK_ECORRUPT);
        CHECK_EQ(decode(both[i], "\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 10, &out), LK_ECORRUPT);
    }
    lk_buf_free(&out);
}

int main(void) {
    test_known();
    test_sorted();
    test_bad();
    printf("version_codec: known bytes, order, damage\n");
    return 0;
}
