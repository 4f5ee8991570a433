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

int main(void) {
    rng random = {5};
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
