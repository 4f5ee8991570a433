/* SPDX-License-Identifier: MIT
 * fx_test.c - orders in which loro-crdt 1.17.1 undid keys of a map and told of containers. */
#include "base/fx.h"

#include "check.h"

/* Through so many tables, of which the second one has room from the start. */
static void check_keys(const char *const *keys, size_t len, const char *const *want,
                       unsigned tables) {
    uint32_t hashes[64], order[64];
    arena scratch;
    arena_init(&scratch, &mem_default);
    for (uint32_t i = 0; i < len; i++) {
        hashes[i] = fx_hash_str((lk_str){keys[i], strlen(keys[i])});
        order[i] = i;
    }
    for (unsigned i = 0; i < tables; i++) CHECK(fx_reorder(&scratch, hashes, order, len, i == 1));
    for (size_t i = 0; i < len; i++) CHECK(strcmp(keys[order[i]], want[i]) == 0);
    arena_drop(&scratch);
}

/* Roots by number, in the order they were written to, through three tables. */
static void check_containers(void) {
    static const uint32_t touched[] = {3, 9, 1, 17, 4, 12, 0, 8};
    static const uint32_t told[] = {0, 3, 17, 9, 1, 12, 8, 4};
    uint32_t hashes[8], order[8];
    arena scratch;
    arena_init(&scratch, &mem_default);
    for (uint32_t i = 0; i < 8; i++) {
        hashes[i] = fx_hash_number(touched[i]);
        order[i] = i;
    }
    for (unsigned i = 0; i < 3; i++) CHECK(fx_reorder(&scratch, hashes, order, 8, false));
    for (unsigned i = 0; i < 8; i++) CHECK_EQ(touched[order[i]], told[i]);
    arena_drop(&scratch);
}

/* Hashes that all collide stay as they are, and soon. */
static void check_patience(void) {
    enum { MANY = 20000 };
    static uint32_t hashes[MANY], order[MANY];
    arena scratch;
    arena_init(&scratch, &mem_default);
    for (uint32_t i = 0; i < MANY; i++) order[i] = MANY - 1 - i;
    CHECK(fx_reorder(&scratch, hashes, order, MANY, false));
    for (uint32_t i = 0; i < MANY; i++) CHECK_EQ(order[i], MANY - 1 - i);
    arena_drop(&scratch);
}

int main(void) {
    static const char *const letters[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j",
                                          "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"};
    static const char *const told[] = {"l", "j", "p", "f", "e", "m", "r", "n", "k", "b",
                                       "i", "t", "o", "h", "a", "g", "q", "d", "c", "s"};
    check_keys(letters, countof(letters), told, 3);
    static const char *const keys[] = {"",
                                       "k1",
                                       "\xce\xa9",
                                       "\xf0\x9f\x94\x91",
                                       "title",
                                       "a key of sixteen",
                                       "a key of seventeen",
                                       "a key that is rather longer than thirty-two bytes",
                                       "ab",
                                       "abc",
                                       "abcd",
                                       "abcde",
                                       "abcdefgh",
                                       "abcdefghi"};
    static const char *const undone[] = {"\xf0\x9f\x94\x91",
                                         "",
                                         "a key that is rather longer than thirty-two bytes",
                                         "ab",
                                         "abcdefghi",
                                         "title",
                                         "k1",
                                         "a key of seventeen",
                                         "abc",
                                         "abcde",
                                         "abcdefgh",
                                         "a key of sixteen",
                                         "abcd",
                                         "\xce\xa9"};
    check_keys(keys, countof(keys), undone, 3);
    check_containers();
    check_patience();
    printf("fx: orders of keys and containers\n");
    return 0;
}
