/* SPDX-License-Identifier: MIT
 * addr_test.c - which addresses are real, which may be sent to, and how they are spelled. */
#include "check.h"

#include "base/mem.h"
#include "rtc/addr.h"

static lk_addr addr(const char *text) {
    lk_addr a;
    CHECK(addr_read((lk_str){text, strlen(text)}, 1, &a));
    char back[ADDR_TEXT];
    addr_print(&a, back);
    CHECK_BYTES(back, strlen(back), text, strlen(text));
    return a;
}

static void check_usable(const char *text, bool usable, bool loopback) {
    lk_addr a = addr(text);
    CHECK_EQ(addr_usable(&a), usable);
    CHECK_EQ(addr_loopback(&a), loopback);
    a.port = 0;
    CHECK(!addr_usable(&a));
}

static void check_names(void) {
    static const char *const names[] = {
        "",          "localhost",    "10.0.0",
        "1.2.3.4.5", "fe80::1%eth0", "4a9a58c8-34a1-4e9c-8a9a-f2a34a9a58c8.local",
        "[::1]"};
    lk_addr a;
    for (size_t i = 0; i < countof(names); i++)
        CHECK(!addr_read((lk_str){names[i], strlen(names[i])}, 1, &a));
}

int main(void) {
    check_usable("10.1.2.3", true, false);
    check_usable("223.255.255.255", true, false);
    check_usable("224.0.0.1", false, false);
    check_usable("255.255.255.255", false, false);
    check_usable("0.0.0.0", false, false);
    check_usable("169.254.169.254", false, false);
    check_usable("169.253.0.1", true, false);
    check_usable("127.9.9.9", true, true);
    check_usable("::1", true, true);
    check_usable("::", false, false);
    check_usable("fe80::1", false, false);
    check_usable("febf::1", false, false);
    check_usable("fec0::1", true, false);
    check_usable("ff02::1", false, false);
    check_usable("::ffff:10.0.0.1", false, false);
    check_usable("2001:db8::1", true, false);
    check_names();
    lk_addr a = addr("10.0.0.1"), b = a;
    CHECK(addr_equal(&a, &b));
    b.port = 2;
    CHECK(!addr_equal(&a, &b) && addr_same_host(&a, &b));
    printf("addr_test: ok\n");
    return 0;
}
