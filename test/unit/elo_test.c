/* SPDX-License-Identifier: MIT
 * elo_test.c - the extension's own vector, both sides of every bound, and what is damaged. */
#include "check.h"

#include "base/limits.h"
#include "room/elo.h"
#include "room/frame.h"

/* protocol-e2ee.md, "Normative Test Vector" */
static const uint8_t header[] = {0x00, 0x04, 0x01, 0x02, 0x03, 0x04, 0x01, 0x03,
                                 0x02, 0x6b, 0x31, 0x0c, 0x86, 0xbc, 0xad, 0x09,
                                 0xd5, 0xe7, 0xe3, 0xd7, 0x05, 0x03, 0xa5, 0x7e};
static const uint8_t box[] = {0x69, 0x30, 0xa8, 0xfb, 0xe9, 0x6c, 0xc5, 0xf3, 0x0b, 0x67,
                              0xf4, 0xbc, 0x7f, 0x53, 0x26, 0x2e, 0x01, 0xb6, 0x28, 0x52};

static lk_bytes view(const lk_buf *b) { return (lk_bytes){b->at, b->len}; }

static void record_of(const elo_record *r, size_t box_len, lk_buf *out) {
    static const uint8_t zeroes[64];
    out->len = 0;
    CHECK(elo_header_write(r, out));
    writer w = writer_new(out);
    writer_bytes(&w, box_len == sizeof box ? box : zeroes, box_len);
    CHECK(!w.failed);
}

static void test_vector(void) {
    const uint8_t peer[] = {1, 2, 3, 4};
    elo_record r = {.kind = ELO_SPAN, .peer = {peer, 4}, .start = 1, .end = 3, .key_id = {"k1", 2}};
    r.iv = (lk_bytes){header + sizeof header - ELO_IV, ELO_IV};
    lk_buf bytes = {0};
    CHECK(elo_header_write(&r, &bytes));
    CHECK_BYTES(bytes.at, bytes.len, header, sizeof header);
    record_of(&r, sizeof box, &bytes);
    elo_record read;
    CHECK_EQ(elo_record_read(view(&bytes), &read, NULL), LK_OK);
    CHECK_BYTES(read.header.at, read.header.len, header, sizeof header);
    CHECK_BYTES(read.box.at, read.box.len, box, sizeof box);
    CHECK_BYTES(read.peer.at, read.peer.len, peer, sizeof peer);
    CHECK_EQ(read.start, 1);
    CHECK_EQ(read.end, 3);
    for (size_t len = 0; len < bytes.len; len++)
        CHECK(elo_record_read((lk_bytes){bytes.at, len}, &read, NULL) != LK_OK);
    lk_buf_free(&bytes);
}

static lk_status status_of(elo_record r, size_t box_len) {
    lk_buf bytes = {0};
    elo_record read;
    lk_fault fault;
    record_of(&r, box_len, &bytes);
    lk_status status = elo_record_read(view(&bytes), &read, &fault);
    CHECK((status == LK_OK) == (fault.what == NULL));
    lk_buf_free(&bytes);
    return status;
}

static void test_bounds(void) {
    static const uint8_t long_name[LIMIT_ELO_NAME_BYTES + 1] = "long";
    elo_record good = {.kind = ELO_SPAN, .peer = {long_name, 1}, .start = 0, .end = 1};
    good.iv = (lk_bytes){long_name, ELO_IV};
    good.key_id = (lk_str){"k", 1};
    CHECK_EQ(status_of(good, ELO_TAG), LK_OK);
    CHECK_EQ(status_of(good, ELO_TAG - 1), LK_ECORRUPT);
    elo_record r = good;
    r.peer.len = LIMIT_ELO_NAME_BYTES;
    CHECK_EQ(status_of(r, ELO_TAG), LK_OK);
    r.peer.len++;
    CHECK_EQ(status_of(r, ELO_TAG), LK_ELIMIT);
    r = good, r.key_id = (lk_str){(const char *)long_name, LIMIT_ELO_NAME_BYTES};
    CHECK_EQ(status_of(r, ELO_TAG), LK_OK);
    r.key_id.len++;
    CHECK_EQ(status_of(r, ELO_TAG), LK_ELIMIT);
    r = good, r.start = 1;
    CHECK_EQ(status_of(r, ELO_TAG), LK_ECORRUPT);
    r = good, r.iv.len++;
    CHECK_EQ(status_of(r, ELO_TAG), LK_ECORRUPT);
    r = good, r.end = LIMIT_COUNTER;
    CHECK_EQ(status_of(r, ELO_TAG), LK_OK);
    r.end = LIMIT_COUNTER + 1u;
    CHECK(status_of(r, ELO_TAG) != LK_OK);
}

static void test_snapshot(void) {
    const uint8_t sorted[] = {1, 'a', 5, 1, 'b', 7, 2, 'b', 'a', 9};
    const uint8_t twice[] = {1, 'b', 5, 1, 'b', 7};
    static const uint8_t iv[ELO_IV];
    elo_record r = {.kind = ELO_SNAPSHOT, .version_len = 3, .version = {sorted, sizeof sorted}};
    r.iv = (lk_bytes){iv, ELO_IV};
    CHECK_EQ(status_of(r, ELO_TAG), LK_OK);
    lk_bytes rest = r.version, peer;
    uint32_t end, sum = 0, count = 0;
    while (elo_next_version(&rest, &peer, &end)) sum += end, count++;
    CHECK_EQ(count, 3);
    CHECK_EQ(sum, 21);
    r.version_len = 2, r.version = (lk_bytes){twice, sizeof twice};
    CHECK_EQ(status_of(r, ELO_TAG), LK_ECORRUPT);
    r.version_len = 0, r.version.len = 0;
    CHECK_EQ(status_of(r, ELO_TAG), LK_OK);
    r.version_len = LIMIT_ELO_PEERS + 1;
    CHECK(status_of(r, ELO_TAG) != LK_OK);
}

static void test_container(void) {
    const uint8_t two[] = {2, 1, 'a', 0}, short_by_one[] = {2, 1, 'a'}, over[] = {1, 1, 'a', 0};
    lk_bytes list, one;
    CHECK_EQ(elo_container_read((lk_bytes){two, sizeof two}, &list, NULL), LK_OK);
    CHECK(frame_next_update(&list, &one) && one.len == 1);
    CHECK(frame_next_update(&list, &one) && one.len == 0);
    CHECK(!frame_next_update(&list, &one));
    CHECK(elo_container_read((lk_bytes){short_by_one, 3}, &list, NULL) != LK_OK);
    CHECK(elo_container_read((lk_bytes){over, 4}, &list, NULL) != LK_OK);
    CHECK(elo_container_read((lk_bytes){NULL, 0}, &list, NULL) != LK_OK);
}

static void test_peers(void) {
    const uint64_t peers[] = {0, 9, 10, 123, UINT64_MAX};
    char name[ELO_PEER_TEXT];
    uint64_t peer;
    for (size_t i = 0; i < countof(peers); i++) {
        size_t len = elo_peer_write(peers[i], name);
        CHECK(elo_peer_read((lk_bytes){(const uint8_t *)name, len}, &peer) && peer == peers[i]);
    }
    const char *const wrong[] = {
        "", "01", "-1", "1a", "18446744073709551616", "99999999999999999999"};
    for (size_t i = 0; i < countof(wrong); i++)
        CHECK(!elo_peer_read((lk_bytes){(const uint8_t *)wrong[i], strlen(wrong[i])}, &peer));
}

int main(void) {
    test_vector();
    test_bounds();
    test_snapshot();
    test_container();
    test_peers();
    puts("ok");
    return 0;
}
