/* SPDX-License-Identifier: MIT
 * hidden_name_test.c - names that hide addresses, what is none, and hexadecimal digits beside the C
 * library's. */
#include "base/hidden_name.h"

#include <ctype.h>

#include "base/hex.h"
#include "check.h"

#define NAME "4a9a58c8-34a1-4e9c-8a9a-f2a34a9a58c8.local"

static bool reads(const char *text, size_t len) {
    uint8_t uuid[HIDDEN_UUID];
    return hidden_name_read((lk_str){text, len}, uuid);
}

static void check_name(const char *text) {
    static const uint8_t wanted[HIDDEN_UUID] = {0x4a, 0x9a, 0x58, 0xc8, 0x34, 0xa1, 0x4e, 0x9c,
                                                0x8a, 0x9a, 0xf2, 0xa3, 0x4a, 0x9a, 0x58, 0xc8};
    uint8_t uuid[HIDDEN_UUID];
    char back[HIDDEN_NAME];
    CHECK(hidden_name_read((lk_str){text, HIDDEN_NAME}, uuid));
    CHECK_BYTES(uuid, sizeof uuid, wanted, sizeof wanted);
    hidden_name_write(uuid, back);
    CHECK_BYTES(back, sizeof back, NAME, HIDDEN_NAME);
}

/* Any other character at any place. */
static void check_none(void) {
    char text[] = NAME "s";
    for (size_t i = 0; i <= sizeof text; i++)
        CHECK_EQ(i < sizeof text && reads(text, i), i == HIDDEN_NAME);
    for (size_t i = 0; i < HIDDEN_NAME; i++) {
        bool digit = isxdigit((unsigned char)NAME[i]) && i < 36;
        for (int c = 0; c < 256; c++) {
            text[i] = (char)c;
            CHECK_EQ(reads(text, HIDDEN_NAME), digit ? isxdigit(c) != 0 : tolower(c) == NAME[i]);
        }
        text[i] = NAME[i];
    }
}

static void check_hex(void) {
    static const char digits[] = "0123456789abcdef";
    for (int c = 0; c < 256; c++) {
        const char *at = isxdigit(c) ? strchr(digits, tolower(c)) : NULL;
        CHECK_EQ(hex_digit((char)c), at == NULL ? -1 : (int)(at - digits));
    }
    static const char *const none[] = {"",       "0a",       "0a:b1:",   "0a:b1:c",  "0a:b1:c2:",
                                       "0ab1c2", "0a-b1-c2", "0a:b1-c2", "0a:g1:c2", "0a:b1:c2:d3"};
    const uint8_t wanted[] = {0x0a, 0xb1, 0xc2};
    uint8_t out[3];
    CHECK(hex_read_colons((lk_str){"0a:B1:c2", 8}, out, sizeof out));
    CHECK_BYTES(out, sizeof out, wanted, sizeof wanted);
    for (size_t i = 0; i < countof(none); i++)
        CHECK(!hex_read_colons((lk_str){none[i], strlen(none[i])}, out, sizeof out));
    CHECK_EQ(hex_byte("b1"), 0xb1);
    CHECK_EQ(hex_byte("b"), -1);
    CHECK_EQ(hex_byte(""), -1);
    lk_buf text = {0};
    writer w = writer_new(&text);
    hex_write(&w, (lk_bytes){wanted, sizeof wanted});
    hex_write_colons(&w, (lk_bytes){wanted, sizeof wanted});
    CHECK_BYTES(text.at, text.len, "0AB1C20A:B1:C2", 14);
    lk_buf_free(&text);
}

int main(void) {
    check_name(NAME);
    check_name("4A9A58C8-34A1-4E9C-8A9A-F2A34A9A58C8.Local");
    check_none();
    check_hex();
    puts("hidden_name: each character at each place");
    return 0;
}
