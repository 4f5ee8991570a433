/* SPDX-License-Identifier: MIT
 * value_test.c - equal values of every type, and the nearest unequal one. */
#include "model/value.h"

#include "check.h"

static lk_value string(const char *s) {
    return (lk_value){
        .type = LK_STRING, .len = (uint32_t)strlen(s), .as.bytes = (const uint8_t *)s};
}
static lk_value integer(int64_t v) { return (lk_value){.type = LK_I64, .as.i64 = v}; }
static lk_value real(double v) { return (lk_value){.type = LK_F64, .as.f64 = v}; }
static lk_value list(const lk_value *values, uint32_t len) {
    return (lk_value){.type = LK_VALUES, .len = len, .as.values = values};
}
static lk_value map(const lk_entry *entries, uint32_t len) {
    return (lk_value){.type = LK_ENTRIES, .len = len, .as.entries = entries};
}
static lk_entry entry(const char *key, lk_value value) {
    return (lk_entry){{key, strlen(key)}, value};
}

static void same(lk_value a, lk_value b) {
    CHECK(value_equal(&a, &b));
    CHECK(value_equal(&b, &a));
}
static void differ(lk_value a, lk_value b) {
    CHECK(!value_equal(&a, &b));
    CHECK(!value_equal(&b, &a));
}

static void test_plain(void) {
    lk_value null = {.type = LK_NULL}, yes = {.type = LK_BOOL, .as.boolean = true};
    lk_value no = {.type = LK_BOOL};
    same(null, null);
    differ(null, no);
    same(yes, yes);
    differ(yes, no);
    same(integer(-3), integer(-3));
    differ(integer(1), integer(2));
    differ(integer(1), real(1));
    same(real(0.5), real(0.5));
    same(real(__builtin_nan("")), real(__builtin_nan("")));
    differ(real(__builtin_nan("")), real(0));
    same(string(""), string(""));
    same(string("abc"), string("abc"));
    differ(string("abc"), string("abd"));
    differ(string("abc"), string("ab"));
    lk_value bytes = string("abc");
    bytes.type = LK_BINARY;
    differ(bytes, string("abc"));
}

static void test_lists(void) {
    lk_value a[] = {integer(1), string("x")}, b[] = {integer(1), string("x")};
    lk_value c[] = {integer(1), string("y")};
    same(list(a, 2), list(b, 2));
    differ(list(a, 2), list(c, 2));
    differ(list(a, 2), list(b, 1));
    lk_value outer[] = {list(a, 2)}, other[] = {list(c, 2)};
    same(list(outer, 1), list(outer, 1));
    differ(list(outer, 1), list(other, 1));
}

static void test_maps(void) {
    lk_entry a[] = {entry("k", integer(1)), entry("l", integer(2))};
    lk_entry turned[] = {entry("l", integer(2)), entry("k", integer(1))};
    lk_entry value[] = {entry("k", integer(1)), entry("l", integer(3))};
    lk_entry key[] = {entry("k", integer(1)), entry("m", integer(2))};
    same(map(a, 2), map(a, 2));
    same(map(a, 2), map(turned, 2));
    differ(map(a, 2), map(value, 2));
    differ(map(a, 2), map(key, 2));
    differ(map(a, 2), map(a, 1));
}

int main(void) {
    test_plain();
    test_lists();
    test_maps();
    puts("value: plain, lists, maps");
    return 0;
}
