/* SPDX-License-Identifier: MIT
 * address_test.c - addresses as people write them, right and wrong. */
#include "host/address.h"

#include "check.h"

static lk_str str(const char *text) { return (lk_str){text, strlen(text)}; }

static void good(const char *text, uint16_t default_port, const char *host, uint16_t port) {
    address at;
    CHECK(address_read(str(text), default_port, &at));
    CHECK_BYTES(at.host.at, at.host.len, host, strlen(host));
    CHECK_EQ(at.port, port);
}

static void bad(const char *text, uint16_t default_port) {
    address at;
    CHECK(!address_read(str(text), default_port, &at));
}

static void hosts_and_ports(void) {
    good("127.0.0.1:80", 0, "127.0.0.1", 80);
    good("localhost:0", 0, "localhost", 0);
    good("a.b:65535", 0, "a.b", 65535);
    good("[::1]:8080", 0, "::1", 8080);
    good("stun.example", 3478, "stun.example", 3478);
    good("[::1]", 3478, "::1", 3478);
    const char *wrong[] = {"",      "x",     ":80",     "x:",      "x:65536", "x:-1",
                           "x:8 0", "[::1",  "[::1]80", "[]:80",   "x:1:2",   "x:99999999999",
                           "x:+1",  "x:0x1", "[::1]:",  "[::1]:x", " :80x"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) bad(wrong[i], 0);
    bad("x:", 3478);
    char name[260];
    memset(name, 'x', sizeof name);
    memcpy(name + 253, ":1", 3);
    address at;
    CHECK(address_read(str(name), 0, &at));
    memcpy(name + 253, "x:1", 4);
    bad(name, 0);
}

static void urls(void) {
    address_url url;
    CHECK(address_url_read(str("http://127.0.0.1:8080/a?b#/c"), &url));
    CHECK(!url.tls);
    CHECK_EQ(url.at.port, 8080);
    CHECK_BYTES(url.authority.at, url.authority.len, "127.0.0.1:8080", 14);
    CHECK_BYTES(url.rest.at, url.rest.len, "/a?b#/c", 7);
    CHECK(address_url_read(str("https://[::1]"), &url));
    CHECK(url.tls);
    CHECK_EQ(url.at.port, 443);
    CHECK_EQ(url.rest.len, 0);
    CHECK(address_url_read(str("http://x#y"), &url));
    CHECK_BYTES(url.rest.at, url.rest.len, "#y", 2);
    const char *wrong[] = {"", "http://", "http:///", "ftp://x", "x", "http://x:0", "HTTP//x:1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK(!address_url_read(str(wrong[i]), &url));
}

static void numbers(void) {
    lk_addr a, b;
    char text[64];
    CHECK(address_numeric(str("127.1.2.3"), 7, &a) && a.family == 4 && a.port == 7);
    CHECK(address_is_loopback(&a));
    address_write(&a, text);
    CHECK(strcmp(text, "127.1.2.3") == 0);
    CHECK(address_numeric(str("10.0.0.1"), 7, &b) && !address_is_loopback(&b));
    CHECK(!address_equal(&a, &b));
    CHECK(address_numeric(str("::1"), 7, &a) && a.family == 6 && address_is_loopback(&a));
    CHECK(address_numeric(str("::2"), 7, &b) && !address_is_loopback(&b));
    CHECK(!address_equal(&a, &b));
    b.ip[15] = 1;
    CHECK(address_equal(&a, &b));
    b.port = 8;
    CHECK(!address_equal(&a, &b));
    CHECK(!address_numeric(str("localhost"), 7, &a));
    CHECK(!address_numeric(str(""), 7, &a));
    CHECK(!address_numeric(str("1.2.3"), 7, &a));
}

int main(void) {
    hosts_and_ports();
    urls();
    numbers();
    return 0;
}
