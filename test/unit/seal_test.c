/* SPDX-License-Identifier: MIT
 * seal_test.c - sealed words of signalling: those of the page (web/workspace/test/seal.test.mjs has
 * the same vector), and what a server may try with them. And base64url. */
#include "host/seal.h"

#include "check.h"
#include "host/base64url.h"
#include "host/heap.h"

#define ROOM ((lk_str){"a-room", 6})
#define ONE ((lk_str){"AAAAAAAAAAAAAAAAAAAAAA", 22})
#define TWO ((lk_str){"BBBBBBBBBBBBBBBBBBBBBB", 22})
static const char word[] = "{\"kind\":\"again\"}";
static const char boxed[] = "8iIQFkIj5BssA7_w89XFwpIa7T0-jlhC5hRBKOm-7fE";

typedef struct box {
    uint64_t number;
    lk_buf sealed;
} box;

static void key_fill(uint8_t key[SEAL_KEY]) {
    for (int i = 0; i < SEAL_KEY; i++) key[i] = (uint8_t)i;
}

static box say(seal *s, const char *text) {
    box b = {.sealed = HEAP_BUF};
    b.number = seal_close(s, (lk_bytes){(const uint8_t *)text, strlen(text)}, &b.sealed);
    return b;
}

static bool hear(seal *s, const box *b, const char *text) {
    lk_buf out = HEAP_BUF;
    bool good = seal_open(s, b->number, (lk_bytes){b->sealed.at, b->sealed.len}, &out);
    if (good) CHECK(out.len == strlen(text) && memcmp(out.at, text, out.len) == 0);
    CHECK(good || out.len == 0);
    lk_buf_free(&out);
    return good;
}

static void check_vector(void) {
    uint8_t key[SEAL_KEY];
    seal one;
    key_fill(key);
    seal_begin(&one, ROOM, key, ONE, TWO);
    box b = say(&one, word);
    lk_buf text = HEAP_BUF;
    base64url_write(&text, (lk_bytes){b.sealed.at, b.sealed.len});
    CHECK_EQ(b.number, 1);
    CHECK(strcmp(heap_str(&text), boxed) == 0);
    lk_buf_free(&text);
    lk_buf_free(&b.sealed);
}

/* Swapped, repeated, reordered, cut, for another one, for another room, of another key. */
static void check_lies(void) {
    uint8_t key[SEAL_KEY], other[SEAL_KEY] = {9};
    seal one, two, elsewhere, stranger, renamed;
    key_fill(key);
    seal_begin(&one, ROOM, key, ONE, TWO);
    seal_begin(&two, ROOM, key, TWO, ONE);
    seal_begin(&renamed, ROOM, key, TWO, (lk_str){"CCCCCCCCCCCCCCCCCCCCCC", 22});
    seal_begin(&elsewhere, (lk_str){"b-room", 6}, key, TWO, ONE);
    seal_begin(&stranger, ROOM, other, TWO, ONE);
    box boxes[3];
    for (int i = 0; i < 3; i++) boxes[i] = say(&one, word);
    CHECK(!hear(&renamed, &boxes[0], "") && !hear(&elsewhere, &boxes[0], ""));
    CHECK(!hear(&stranger, &boxes[0], "") && !hear(&one, &boxes[0], ""));
    for (size_t i = 0; i < boxes[0].sealed.len; i++) {
        boxes[0].sealed.at[i] ^= 1;
        CHECK(!hear(&two, &boxes[0], ""));
        boxes[0].sealed.at[i] ^= 1;
    }
    for (size_t len = boxes[0].sealed.len; boxes[0].sealed.len > 0;) {
        boxes[0].sealed.len--;
        CHECK(!hear(&two, &boxes[0], ""));
        if (boxes[0].sealed.len == 0) {
            boxes[0].sealed.len = len;
            break;
        }
    }
    boxes[0].number = 2;
    CHECK(!hear(&two, &boxes[0], ""));
    boxes[0].number = 1;
    CHECK(hear(&two, &boxes[0], word) && !hear(&two, &boxes[0], ""));
    CHECK(hear(&two, &boxes[2], word) && !hear(&two, &boxes[1], "")); /* the second was held back */
    for (int i = 0; i < 3; i++) lk_buf_free(&boxes[i].sealed);
}

static void check_base64url(void) {
    uint8_t bytes[40];
    for (uint8_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 37 + 250);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        lk_buf text = HEAP_BUF, back = HEAP_BUF;
        base64url_write(&text, (lk_bytes){bytes, len});
        CHECK_EQ(text.len, BASE64URL_LEN(len));
        CHECK_EQ(base64url_span(heap_str(&text)), text.len);
        CHECK(base64url_read(&back, (lk_str){(const char *)text.at, text.len}));
        CHECK(back.len == len && (len == 0 || memcmp(back.at, bytes, len) == 0));
        CHECK(!base64url_read(&back, (lk_str){"AA=", 3}) &&
              !base64url_read(&back, (lk_str){"A", 1}));
        CHECK(!base64url_read(&back, (lk_str){"A\0A", 3}) && back.len == len);
        lk_buf_free(&text);
        lk_buf_free(&back);
    }
}

/* As web/workspace/test/elo_link.test.mjs has them. */
static void check_keys(void) {
    static const struct {
        const char *what, *hex;
    } keys[] = {
        {"lorikeet document 1", "479e475001498556015e640c938c1cd77fcf63e6b80afed38a7d90e9d40ae207"},
        {"lorikeet presence 1", "98ed904d959b45b78e2084c06da8651e0a1a8b125025c4d1151aca6c459b19e4"},
        {"lorikeet word 1", "70361af6357c4f6bb419c409544edef6bcb1bb891b6a11d8646bf66de526767b"},
        {"lorikeet relay 1", "0e540e667b4b84d063fe2702c2ff2c5d507e2d2f10ebb8a21bc68799dfa568fe"},
    };
    uint8_t key[SEAL_KEY], made[SEAL_KEY];
    char text[2 * SEAL_KEY + 1];
    for (uint8_t i = 0; i < SEAL_KEY; i++) key[i] = i;
    for (size_t k = 0; k < countof(keys); k++) {
        seal_derive(key, keys[k].what, (lk_str){"a-room", 6}, made);
        for (int i = 0; i < SEAL_KEY; i++) snprintf(text + 2 * i, 3, "%02x", made[i]);
        CHECK(strcmp(text, keys[k].hex) == 0);
    }
}

/* protocol-e2ee.md, "Normative Test Vector" */
static void check_box(void) {
    static const char header[] =
        "\0\4\1\2\3\4\1\3\2k1\14\x86\xbc\xad\x09\xd5\xe7\xe3\xd7\5\3\xa5\x7e";
    static const uint8_t want[] = {0x69, 0x30, 0xa8, 0xfb, 0xe9, 0x6c, 0xc5, 0xf3, 0x0b, 0x67,
                                   0xf4, 0xbc, 0x7f, 0x53, 0x26, 0x2e, 0x01, 0xb6, 0x28, 0x52};
    lk_bytes bound = {(const uint8_t *)header, sizeof header - 1};
    const uint8_t *iv = bound.at + bound.len - SEAL_IV;
    uint8_t key[SEAL_KEY], plain[] = {1, 2, 'h', 'i'};
    for (uint8_t i = 0; i < SEAL_KEY; i++) key[i] = i;
    lk_buf sealed = HEAP_BUF, back = HEAP_BUF;
    seal_box_close(key, iv, bound, (lk_bytes){plain, sizeof plain}, &sealed);
    CHECK_BYTES(sealed.at, sealed.len, want, sizeof want);
    CHECK(seal_box_open(key, iv, bound, (lk_bytes){sealed.at, sealed.len}, &back));
    CHECK_BYTES(back.at, back.len, plain, sizeof plain);
    bound.len--;
    CHECK(!seal_box_open(key, iv, bound, (lk_bytes){sealed.at, sealed.len}, &back));
    bound.len++;
    for (size_t i = 0; i < sealed.len; i++) {
        sealed.at[i] ^= 1;
        CHECK(!seal_box_open(key, iv, bound, (lk_bytes){sealed.at, sealed.len}, &back));
        sealed.at[i] ^= 1;
    }
    CHECK_EQ(back.len, sizeof plain);
    lk_buf_free(&sealed);
    lk_buf_free(&back);
}

int main(void) {
    check_vector();
    check_keys();
    check_box();
    check_lies();
    check_base64url();
    puts("seal: the page's words, and a server that lies");
    return 0;
}
