/* SPDX-License-Identifier: MIT
 * keyed_hash_test.c - the values of another SipHash-1-3; names that are alike under one key are not
 * under another, and each document has its own. */
#include "base/keyed_hash.h"
#include "check.h"
#include "doc/doc.h"

enum { BUCKETS = 1024 };

static const uint64_t zeros[2], other[2] = {0xaed66ce184be2329, 0xebe9bbf1f1499052};

/* What CPython 3.11 hashes bytes to with PYTHONHASHSEED=0, and 1, which makes `other`. */
static void test_values(void) {
    static const struct {
        size_t len;
        uint32_t hash;
    } known[] = {
        {9, 0x95124362}, {15, 0xbb91c9ea}, {16, 0x33a5c5b7}, {17, 0x2c009c1d}, {33, 0xdfa4c9f6}};
    uint8_t bytes[33];
    for (uint8_t i = 0; i < sizeof bytes; i++) bytes[i] = i;
    for (size_t i = 0; i < countof(known); i++)
        CHECK_EQ(keyed_hash(zeros, bytes, known[i].len), known[i].hash);
    CHECK_EQ(keyed_hash(other, bytes, sizeof bytes), 0x2dbf5292);
    CHECK_EQ(keyed_hash(other, "\1\2", 2), keyed_hash_u64(other, 0x201) ^ 2);
    CHECK(keyed_hash(other, "\1\2", 2) != keyed_hash(other, "\1\2\0", 3));
}

static uint32_t worst(const uint32_t counts[BUCKETS]) {
    uint32_t most = 0;
    for (uint32_t b = 0; b < BUCKETS; b++)
        if (counts[b] > most) most = counts[b];
    return most;
}

/* Neighbouring numbers, those that differ in high bits, and nearly equal bytes must not crowd. */
static void test_spread(const uint64_t key[2]) {
    uint32_t low[BUCKETS] = {0}, high[BUCKETS] = {0}, names[BUCKETS] = {0};
    for (uint32_t i = 0; i < 4 * BUCKETS; i++) {
        char name[16];
        int len = snprintf(name, sizeof name, i % 2 == 0 ? "%u" : "key number %u", i);
        low[keyed_hash_u64(key, i) % BUCKETS]++;
        high[keyed_hash_u64(key, (uint64_t)i << 48) % BUCKETS]++;
        names[keyed_hash(key, name, (size_t)len) % BUCKETS]++;
    }
    CHECK(worst(low) < 20 && worst(high) < 20 && worst(names) < 20); /* 4 on average */
}

/* Whoever chooses numbers and names by a key that is not in use has chosen them at random. */
static void test_chosen(void) {
    uint32_t numbers[BUCKETS] = {0}, names[BUCKETS] = {0}, number_len = 0, name_len = 0;
    uint8_t name[12] = {0};
    for (uint64_t i = 0; number_len < 4 * BUCKETS || name_len < 4 * BUCKETS; i++) {
        if (keyed_hash_u64(zeros, i) % BUCKETS == 0)
            numbers[keyed_hash_u64(other, i) % BUCKETS]++, number_len++;
        memcpy(name, &i, sizeof i);
        if (keyed_hash(zeros, name, sizeof name) % BUCKETS == 0)
            names[keyed_hash(other, name, sizeof name) % BUCKETS]++, name_len++;
    }
    CHECK(worst(numbers) < 24 && worst(names) < 24);
}

static void test_documents(void) {
    lk_memory keyed = mem_default;
    keyed.hash_key[1] = 7;
    lk_doc *docs[] = {lk_new(0, NULL), lk_new(1, NULL), lk_new(1, &keyed), NULL};
    CHECK_EQ(lk_fork(docs[2], 5, NULL, &docs[3]), LK_OK);
    const uint64_t *keys[4];
    for (size_t i = 0; i < 4; i++) keys[i] = docs[i]->memory.hash_key;
    CHECK(keys[0][0] != keys[1][0] && keys[0][1] != keys[1][1] && keys[0][0] != keys[0][1]);
    CHECK(keys[2][0] == 0 && keys[2][1] == 7);
    CHECK(keys[3][0] == 0 && keys[3][1] == 7);
    for (size_t i = 0; i < 4; i++) lk_free(docs[i]);
}

int main(void) {
    test_values();
    test_spread(zeros);
    test_spread(other);
    test_chosen();
    test_documents();
    puts("keyed_hash: known values; spread under every key");
    return 0;
}
