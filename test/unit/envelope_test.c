/* SPDX-License-Identifier: MIT
 * envelope_test.c - blobs that Loro wrote open; other modes and damage are told apart, and every
 * failure says where. */
#include "codec/envelope.h"

#include "base/hash.h"
#include "check.h"
#include "loro_vectors.h"

static lk_status try_open(const uint8_t *at, size_t len, lk_fault *fault) {
    envelope_mode mode;
    reader body;
    lk_status status = envelope_open((lk_bytes){at, len}, &mode, &body, fault);
    CHECK_EQ(fault->code, status);
    CHECK((status == LK_OK) == (fault->what == NULL));
    return status;
}

static void seal(uint8_t *blob, size_t len) {
    uint32_t sum = hash_xx32(blob + 20, len - 20, HASH_SEED_LORO);
    for (int i = 0; i < 4; i++) blob[16 + i] = (uint8_t)(sum >> (8 * i));
}

static void test_open(void) {
    envelope_mode mode;
    reader body;
    lk_fault fault;
    CHECK_EQ(envelope_open((lk_bytes){loro_updates, sizeof loro_updates}, &mode, &body, &fault), 0);
    CHECK_EQ(mode, ENVELOPE_UPDATES);
    lk_bytes block;
    size_t offset = 0, blocks = 0, total = 22;
    while (envelope_next_block(&body, &block, &offset)) {
        CHECK_EQ(block.at - loro_updates, offset);
        total = offset + block.len;
        blocks++;
    }
    CHECK(reader_ok(&body));
    CHECK_EQ(blocks, 2);
    CHECK_EQ(total, sizeof loro_updates);

    CHECK_EQ(envelope_open((lk_bytes){loro_snapshot, sizeof loro_snapshot}, &mode, &body, &fault),
             0);
    CHECK_EQ(mode, ENVELOPE_SNAPSHOT);
    envelope_sections sections;
    CHECK_EQ(envelope_read_sections(&body, &sections, &fault), LK_OK);
    CHECK_EQ(sections.history.offset, 26);
    CHECK(sections.history.bytes.len > 0 && sections.state.bytes.len > 0);
    CHECK_EQ(sections.root.bytes.len, 0);
    CHECK_EQ(sections.root.offset, sizeof loro_snapshot);
}

static void test_damage(void) {
    uint8_t blob[sizeof loro_updates];
    lk_fault fault;
    for (size_t i = 0; i < sizeof blob; i++) {
        memcpy(blob, loro_updates, sizeof blob);
        blob[i] ^= 0x10;
        bool ignored = i >= 4 && i < 16; /* nobody reads the twelve zeroes */
        CHECK_EQ(try_open(blob, sizeof blob, &fault), ignored ? LK_OK : LK_ECORRUPT);
        if (!ignored) CHECK_EQ(fault.offset, i < 4 ? 0 : 16);
    }
    for (size_t len = 0; len < sizeof blob; len++) {
        CHECK_EQ(try_open(loro_updates, len, &fault), LK_ECORRUPT);
        CHECK(fault.offset <= len);
    }
}

static void test_modes(void) {
    for (unsigned mode = 0; mode < 0x200; mode++) {
        uint8_t blob[sizeof loro_updates];
        lk_fault fault;
        memcpy(blob, loro_updates, sizeof blob);
        blob[20] = (uint8_t)(mode >> 8);
        blob[21] = (uint8_t)mode;
        seal(blob, sizeof blob);
        CHECK_EQ(try_open(blob, sizeof blob, &fault), mode == 3 || mode == 4 ? LK_OK : LK_EVERSION);
        if (fault.code != LK_OK) CHECK_EQ(fault.offset, 20);
    }
}

static void test_bad_bodies(void) {
    static const uint8_t too_long[] = {2, 9}, empty[] = {0}, endless[] = {0xff, 0xff};
    static const lk_bytes bodies[] = {
        {too_long, sizeof too_long}, {empty, sizeof empty}, {endless, sizeof endless}};
    for (size_t i = 0; i < countof(bodies); i++) {
        reader body = reader_new(bodies[i]);
        lk_bytes block;
        size_t offset;
        CHECK(!envelope_next_block(&body, &block, &offset));
        CHECK_EQ(body.fault.code, LK_ECORRUPT);
    }
    static const uint8_t sections[] = {1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0xee};
    for (size_t len = 0; len <= sizeof sections; len++) {
        reader body = reader_new((lk_bytes){sections, len});
        envelope_sections out;
        lk_fault fault;
        bool whole = len == sizeof sections - 1;
        CHECK_EQ(envelope_read_sections(&body, &out, &fault), whole ? LK_OK : LK_ECORRUPT);
    }
}

/* What is written behind other bytes opens from where it began. */
static void test_write(void) {
    lk_buf out = {0};
    writer w = writer_new(&out);
    size_t start;
    writer_u8(&w, 0xee);
    envelope_begin(&w, ENVELOPE_UPDATES, &start);
    envelope_add_block(&w, (lk_bytes){(const uint8_t *)"abc", 3});
    envelope_finish(&w, start);
    CHECK(!w.failed);
    CHECK_EQ(start, 1);
    envelope_mode mode;
    reader body;
    lk_fault fault;
    lk_bytes block;
    size_t offset;
    CHECK_EQ(envelope_open((lk_bytes){out.at + 1, out.len - 1}, &mode, &body, &fault), LK_OK);
    CHECK(envelope_next_block(&body, &block, &offset));
    CHECK_BYTES(block.at, block.len, "abc", 3);
    CHECK(!envelope_next_block(&body, &block, &offset) && reader_ok(&body));
    lk_buf_free(&out);
}

int main(void) {
    test_open();
    test_damage();
    test_modes();
    test_bad_bodies();
    test_write();
    printf("envelope: open, damage, modes, write\n");
    return 0;
}
