/* SPDX-License-Identifier: MIT
 * sort.c - heapsort: n log n whatever the input, which may be hostile. Items in order already, the
 * common case, cost one pass. */
#include "base/sort.h"

static void sort_swap(uint8_t *a, uint8_t *b, size_t len) {
    for (; len >= sizeof(uint64_t); len -= sizeof(uint64_t)) {
        uint64_t x, y;
        __builtin_memcpy(&x, a, sizeof x);
        __builtin_memcpy(&y, b, sizeof y);
        __builtin_memcpy(a, &y, sizeof y);
        __builtin_memcpy(b, &x, sizeof x);
        a += sizeof x;
        b += sizeof x;
    }
    while (len-- > 0) {
        uint8_t byte = *a;
        *a++ = *b;
        *b++ = byte;
    }
}

/* Let the item at `at` of the heap sink to its place. Most sink far, so the way down along the
 * larger children is taken first, and the place looked for from there. */
static void sort_sink(uint8_t *items, size_t at, size_t len, size_t item_len, sort_order *order) {
    size_t to = at;
    for (size_t child; (child = 2 * to + 1) < len; to = child)
        if (child + 1 < len && order(items + child * item_len, items + (child + 1) * item_len) < 0)
            child++;
    while (to > at && order(items + at * item_len, items + to * item_len) > 0) to = (to - 1) / 2;
    for (; to > at; to = (to - 1) / 2)
        sort_swap(items + at * item_len, items + to * item_len, item_len);
}

void sort_items(void *items, size_t len, size_t item_len, sort_order *order) {
    uint8_t *at = items;
    size_t sorted = 1;
    while (sorted < len && order(at + (sorted - 1) * item_len, at + sorted * item_len) <= 0)
        sorted++;
    if (sorted >= len) return;
    for (size_t i = len / 2; i-- > 0;) sort_sink(at, i, len, item_len, order);
    for (size_t i = len - 1; i > 0; i--) {
        sort_swap(at, at + i * item_len, item_len);
        sort_sink(at, 0, i, item_len, order);
    }
}

void sort_numbers(uint64_t *numbers, size_t len, uint64_t *spare) {
    uint64_t *from = numbers, *to = spare;
    for (unsigned shift = 32; shift < 64; shift += 8) {
        size_t starts[257] = {0};
        for (size_t i = 0; i < len; i++) starts[(from[i] >> shift & 0xff) + 1]++;
        if (len == 0 || starts[(from[0] >> shift & 0xff) + 1] == len) continue; /* all the same */
        for (size_t b = 0; b < 256; b++) starts[b + 1] += starts[b];
        for (size_t i = 0; i < len; i++) to[starts[from[i] >> shift & 0xff]++] = from[i];
        uint64_t *other = from;
        from = to;
        to = other;
    }
    if (from != numbers) __builtin_memcpy(numbers, from, len * sizeof *numbers);
}

int sort_bytes(lk_bytes a, lk_bytes b) {
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 || a.at == b.at ? 0 : __builtin_memcmp(a.at, b.at, common);
    if (order != 0) return order;
    return (a.len > b.len) - (a.len < b.len);
}

int sort_str(lk_str a, lk_str b) {
    return sort_bytes((lk_bytes){(const uint8_t *)a.at, a.len},
                      (lk_bytes){(const uint8_t *)b.at, b.len});
}
