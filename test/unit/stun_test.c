/* SPDX-License-Identifier: MIT
 * stun_test.c - the STUN codec: the vectors of RFC 5769, round trips, and damage. */
#include "check.h"

#include "rtc/addr.h"
#include "rtc/stun.h"

static const lk_str password = {"VOkJxbRl1RmTxUk/WvJxBt", 22};

/* RFC 5769 section 2.1 */
static const uint8_t request[] = {
    0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
    0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 'S',  'T',  'U',  'N',  ' ',  't',  'e',  's',
    't',  ' ',  'c',  'l',  'i',  'e',  'n',  't',  0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff,
    0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09,
    'e',  'v',  't',  'j',  ':',  'h',  '6',  'v',  'Y',  0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14,
    0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49,
    0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf};

/* sections 2.2 and 2.3 */
static const uint8_t response4[] = {
    0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
    0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 't',  'e',  's',  't',  ' ',  'v',  'e',  'c',
    't',  'o',  'r',  0x20, 0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
    0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3, 0x8c, 0x74, 0x89, 0xf9,
    0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7, 0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96};
static const uint8_t response6[] = {
    0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
    0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 't',  'e',  's',  't',  ' ',  'v',  'e',  'c',
    't',  'o',  'r',  0x20, 0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa,
    0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9, 0x00, 0x08, 0x00, 0x14,
    0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b, 0xf1, 0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75,
    0xbf, 0xe3, 0xed, 0x41, 0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c};

#define BYTES(array) ((lk_bytes){(array), sizeof(array)})

static void check_request(void) {
    stun_message m;
    CHECK(stun_is(BYTES(request)));
    CHECK_EQ(stun_read(BYTES(request), &m, NULL), LK_OK);
    CHECK_EQ(m.type, STUN_REQUEST);
    CHECK_BYTES(m.username.at, m.username.len, "evtj:h6vY", 9);
    CHECK(m.has_priority && m.priority == 0x6e0001ff);
    CHECK(m.controlled && !m.controlling && !m.use_candidate);
    CHECK(m.tie_breaker == 0x932ff9b151263b36u);
    CHECK_EQ(m.unknown, 0); /* SOFTWARE is one that may be ignored */
    CHECK(stun_verify(BYTES(request), &m, password));
    CHECK(!stun_verify(BYTES(request), &m, (lk_str){"VOkJxbRl1RmTxUk/WvJxBu", 22}));
    CHECK(!stun_verify(BYTES(request), &m, (lk_str){password.at, 21}));
}

static void check_response(lk_bytes bytes, const char *ip) {
    stun_message m;
    lk_addr want;
    CHECK(addr_read((lk_str){ip, strlen(ip)}, 32853, &want));
    CHECK_EQ(stun_read(bytes, &m, NULL), LK_OK);
    CHECK_EQ(m.type, STUN_SUCCESS);
    CHECK(addr_equal(&m.mapped, &want));
    CHECK(stun_verify(bytes, &m, password));
}

static void check_round_trip(void) {
    const uint8_t id[STUN_ID] = "abcdefghijk";
    lk_addr addr = {.family = 6, .port = 4711, .ip = {0xfd, 1, 2, 3, [15] = 9}};
    stun_writer w;
    stun_message m;
    stun_begin(&w, STUN_REQUEST, id);
    stun_username(&w, (lk_str){"their", 5}, (lk_str){"our", 3});
    stun_priority(&w, 77);
    stun_role(&w, true, 0x0102030405060708u);
    stun_use_candidate(&w);
    stun_mapped(&w, &addr);
    stun_error(&w, 487, (lk_str){"Role Conflict", 13});
    lk_bytes bytes = stun_seal(&w, password);
    CHECK_EQ(stun_read(bytes, &m, NULL), LK_OK);
    CHECK_BYTES(m.id, STUN_ID, id, STUN_ID);
    CHECK_BYTES(m.username.at, m.username.len, "their:our", 9);
    CHECK(m.has_priority && m.priority == 77 && m.use_candidate);
    CHECK(m.controlling && !m.controlled && m.tie_breaker == 0x0102030405060708u);
    CHECK(addr_equal(&m.mapped, &addr));
    CHECK_EQ(m.error, 487);
    CHECK(stun_verify(bytes, &m, password));
    /* the largest credentials there may be fit */
    char longest[256];
    memset(longest, 'x', sizeof longest);
    stun_begin(&w, STUN_REQUEST, id);
    stun_username(&w, (lk_str){longest, 256}, (lk_str){longest, 256});
    bytes = stun_seal(&w, (lk_str){longest, 256});
    CHECK_EQ(stun_read(bytes, &m, NULL), LK_OK);
    CHECK_EQ(m.username.len, 513);
    CHECK(stun_verify(bytes, &m, (lk_str){longest, 256}));
}

/* What comes after MESSAGE-INTEGRITY is not believed, and unknown attributes are told. */
static void check_order(void) {
    const uint8_t id[STUN_ID] = {0};
    stun_writer w;
    stun_message m;
    stun_begin(&w, STUN_REQUEST, id);
    stun_priority(&w, 1);
    stun_seal(&w, password);
    w.len -= 8; /* its FINGERPRINT goes */
    stun_use_candidate(&w);
    lk_bytes bytes = stun_seal(&w, (lk_str){"", 0});
    CHECK_EQ(stun_read(bytes, &m, NULL), LK_OK);
    CHECK(m.has_priority && !m.use_candidate);
    CHECK(stun_verify(bytes, &m, password));
    uint8_t unknown[] = {0, 1, 0, 4, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0,
                         0, 0, 0, 0, 0,    0,    0,    0,    0, 5, 0, 0};
    CHECK_EQ(stun_read(BYTES(unknown), &m, NULL), LK_OK);
    CHECK_EQ(m.unknown, 5);
    CHECK(!stun_verify(BYTES(unknown), &m, password)); /* not signed at all */
}

/* No damage of one bit before FINGERPRINT gets through, and no truncation. */
static void check_damage(void) {
    uint8_t bytes[sizeof request];
    stun_message m;
    for (size_t bit = 0; bit < (sizeof request - 8) * 8; bit++) {
        memcpy(bytes, request, sizeof request);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(stun_read(BYTES(bytes), &m, NULL) != LK_OK ||
              !stun_verify(BYTES(bytes), &m, password));
    }
    for (size_t len = 0; len < sizeof request; len++) {
        uint8_t *exact = malloc(len + 1);
        memcpy(exact, request, len);
        lk_fault fault;
        CHECK_EQ(stun_read((lk_bytes){exact, len}, &m, &fault), LK_ECORRUPT);
        CHECK(fault.what != NULL);
        free(exact);
    }
}

int main(void) {
    check_request();
    check_response(BYTES(response4), "192.0.2.1");
    check_response(BYTES(response6), "2001:db8:1234:5678:11:2233:4455:6677");
    check_round_trip();
    check_order();
    check_damage();
    printf("stun_test: ok\n");
    return 0;
}
