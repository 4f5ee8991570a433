/* SPDX-License-Identifier: MIT
 * fractional_index_test.c - the strings that loro-crdt 1.17.1 makes, and random bounds. */
#include "base/fractional_index.h"

#include "base/sort.h"
#include "check.h"
#include "meter.h"

static meter heap;
static const lk_memory test_heap = {.context = &heap, .resize = meter_resize};
static arena memory;

static lk_bytes parse(const char *hex, uint8_t *room) {
    size_t len = strlen(hex) / 2;
    for (size_t i = 0; i < len; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
        room[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return (lk_bytes){room, len};
}

static void expect(const char *left, const char *right, const char *want) {
    uint8_t rooms[3][16];
    lk_bytes out, wanted = parse(want, rooms[2]);
    CHECK(fractional_index_between(&memory, parse(left, rooms[0]), parse(right, rooms[1]), &out));
    CHECK_BYTES(out.at, out.len, wanted.at, wanted.len);
}

static void test_known(void) {
    static const char *const known[][3] = {
        {"", "", "80"},
        {"", "80", "7f80"},
        {"", "8180", "80"},
        {"", "7f80", "7e80"},
        {"", "0080", "007f80"},
        {"", "0180", "0080"},
        {"", "00ff80", "0080"},
        {"80", "", "8180"},
        {"7f80", "", "80"},
        {"ff80", "", "ff8180"},
        {"ff4080", "", "ff80"},
        {"80", "8180", "817f80"},
        {"7f80", "80", "7f8180"},
        {"7f80", "8180", "8080"},
        {"7f80", "7f8180", "7f817f80"},
        {"80", "80ff80", "8080"},
        {"8180", "8280", "818180"},
        {"8180", "8380", "8280"},
        {"1080", "9080", "5080"},
        {"7f7f80", "7f80", "7f7f8180"},
        {"80", "808080", "807f80"},
        {"817f80", "8180", "817f8180"},
        {"807f", "8181", "8080"},
        {"ff", "ff80", "ff7f80"},
        {"40", "8040", "803f80"},
        {"81807fb2", "818080c1", "81807fb380"},
        {"807f", "80b2", "807f80"}, /* here Loro's own panics */
    };
    for (size_t i = 0; i < countof(known); i++) expect(known[i][0], known[i][1], known[i][2]);
}

static void test_spread(void) {
    static const char *const want[] = {"817e80", "817f80", "817f8180", "8180",
                                       "818180", "8280",   "8380"};
    uint8_t room[8], left[8];
    lk_bytes out[7];
    CHECK(fractional_index_spread(&memory, parse("80", left), (lk_bytes){0}, out, 7));
    for (size_t i = 0; i < 7; i++) {
        lk_bytes wanted = parse(want[i], room);
        CHECK_BYTES(out[i].at, out[i].len, wanted.at, wanted.len);
    }
}

/* Insert at random places: always strictly between, whatever the jitter. */
static void test_random(uint64_t seed) {
    rng r = {seed};
    lk_bytes row[200];
    uint64_t draw = seed;
    size_t len = 0;
    while (len < countof(row)) {
        size_t at = rng_below(&r, (uint32_t)len + 1);
        lk_bytes left = {0}, right = {0}, fresh;
        if (at > 0) left = row[at - 1];
        if (at < len) right = row[at];
        CHECK(fractional_index_between(&memory, left, right, &fresh));
        lk_bytes plain = fresh;
        CHECK(fractional_index_jitter(&memory, &fresh, rng_below(&r, 3), &draw));
        if (at < len && sort_bytes(fresh, right) >= 0) fresh = plain;
        CHECK(at == 0 || sort_bytes(left, fresh) < 0);
        CHECK(at == len || sort_bytes(fresh, right) < 0);
        memmove(&row[at + 1], &row[at], (len++ - at) * sizeof *row);
        row[at] = fresh;
    }
}

/* Bounds that nobody sane made: an answer, within its room. */
static void test_odd(uint64_t seed) {
    rng r = {seed};
    uint8_t bytes[2][4];
    lk_bytes bound[2], out[5];
    for (int i = 0; i < 2; i++) {
        bound[i] = (lk_bytes){bytes[i], rng_below(&r, 5)};
        for (size_t k = 0; k < 4; k++) bytes[i][k] = (uint8_t)(rng_below(&r, 5) * 0x3fu + 2);
        for (size_t k = 0; k < 4; k++) bytes[i][k] = (uint8_t)(bytes[i][k] - 2);
    }
    CHECK(fractional_index_spread(&memory, bound[0], bound[1], out, 5));
}

int main(void) {
    arena_init(&memory, &test_heap);
    test_known();
    test_spread();
    for (uint64_t seed = 1; seed <= 40; seed++) test_random(seed);
    for (uint64_t seed = 1; seed <= 20000; seed++) test_odd(seed);
    arena_drop(&memory);
    CHECK_EQ(heap.blocks, 0);
    puts("fractional_index: those of loro-crdt; 40 x 200 random inserts in order");
    return 0;
}
