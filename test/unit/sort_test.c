/* SPDX-License-Identifier: MIT
 * sort_test.c - against the C library's qsort, and the order of byte strings. */
#include "base/sort.h"

#include "check.h"

static int int_order(const void *a, const void *b) {
    uint32_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static int upper_order(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a >> 32, y = *(const uint64_t *)b >> 32;
    return (x > y) - (x < y);
}

static void test_numbers(rng *random) {
    static const uint32_t tops[] = {1, 200, 300, 70000, 1u << 30};
    for (uint32_t round = 0; round < 2000; round++) {
        uint64_t numbers[100], want[100], spare[100];
        uint32_t len = rng_below(random, 101), top = tops[rng_below(random, countof(tops))];
        for (uint32_t i = 0; i < len; i++) /* by its upper half alone, so the lower is a function */
            numbers[i] = want[i] = (uint64_t)rng_below(random, top) << 32;
        for (uint32_t i = 0; i < len; i++) numbers[i] |= numbers[i] >> 40, want[i] |= want[i] >> 40;
        if (len > 0) qsort(want, len, sizeof *want, upper_order);
        sort_numbers(numbers, len, spare);
        CHECK_BYTES(numbers, len * sizeof *numbers, want, len * sizeof *want);
    }
}

int main(void) {
    rng random = {5};
    test_numbers(&random);
    for (uint32_t round = 0; round < 3000; round++) {
        uint32_t items[100], want[100], len = rng_below(&random, 101),
                                        spread = 1 + rng_below(&random, 200);
        for (uint32_t i = 0; i < len; i++) items[i] = want[i] = rng_below(&random, spread);
        if (len > 0) qsort(want, len, sizeof *want, int_order);
        sort_items(items, len, sizeof *items, int_order);
        CHECK_BYTES(items, len * sizeof *items, want, len * sizeof *want);
    }
    const lk_str order[] = {{NULL, 0}, {"", 0},  {"a", 1},   {"a\0", 2},
                            {"ab", 2}, {"b", 1}, {"\xff", 1}};
    for (size_t i = 0; i < countof(order); i++)
        for (size_t j = 0; j < countof(order); j++) {
            int got = sort_str(order[i], order[j]);
            size_t a = i < 1 ? 1 : i, b = j < 1 ? 1 : j; /* both empty strings are equal */
            CHECK_EQ((got > 0) - (got < 0), (a > b) - (a < b));
        }
    printf("sort: 3000 arrays, byte strings\n");
    return 0;
}
