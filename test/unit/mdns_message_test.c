/* SPDX-License-Identifier: MIT
 * mdns_message_test.c - questions as browsers understand them, their answers, and what others in
 * the network may say. */
#include "host/mdns_message.h"

#include "check.h"

#define NAME "4a9a58c8-34a1-4e9c-8a9a-f2a34a9a58c8.local"
#define LABELS                                                                                     \
    "\44"                                                                                          \
    "4a9a58c8-34a1-4e9c-8a9a-f2a34a9a58c8"                                                         \
    "\5"                                                                                           \
    "local"
#define BYTES(literal) ((lk_bytes){(const uint8_t *)(literal), sizeof(literal) - 1})
#define RESPONSE(questions, answers) "\0\0\x84\0\0" questions "\0" answers "\0\0\0\0"
/* type, class, TTL of two minutes, data */
#define A "\0\1\x80\1\0\0\0\x78\0\4\xc0\0\2\7"
#define AAAA "\0\34\x80\1\0\0\0\x78\0\20\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7"

static const lk_addr v4 = {.family = 4, .ip = {192, 0, 2, 7}};
static const lk_addr v6 = {.family = 6, .ip = {0x20, 1, 0xd, 0xb8, [15] = 7}};

static void check_question(void) {
    uint8_t out[MDNS_QUERY];
    mdns_query_write((lk_str){NAME, HIDDEN_NAME}, 4, out);
    lk_bytes want = BYTES("\0\0\0\0\0\1\0\0\0\0\0\0" LABELS "\0\0\1\0\1");
    CHECK_BYTES(out, sizeof out, want.at, want.len);
    mdns_query_write((lk_str){NAME, HIDDEN_NAME}, 6, out);
    want = BYTES("\0\0\0\0\0\1\0\0\0\0\0\0" LABELS "\0\0\34\0\1");
    CHECK_BYTES(out, sizeof out, want.at, want.len);
    mdns_answers answers;
    CHECK(!mdns_answers_open((lk_bytes){out, sizeof out}, &answers)); /* as it comes back to us */
}

/* How many addresses the name has there, and that they are those. */
static size_t count(lk_bytes message) {
    mdns_answers answers;
    mdns_answer a;
    size_t found = 0;
    uint8_t *copy = malloc(message.len + 1); /* so that an overrun is seen */
    if (message.len > 0) memcpy(copy, message.at, message.len);
    message.at = copy;
    if (mdns_answers_open(message, &answers))
        while (mdns_answers_next(&answers, &a)) {
            const lk_addr *want = a.addr.family == 4 ? &v4 : &v6;
            CHECK_BYTES(a.name, sizeof a.name, NAME, HIDDEN_NAME);
            CHECK(memcmp(&a.addr, want, sizeof a.addr) == 0);
            found++;
        }
    free(copy);
    return found;
}

static void check_answers(void) {
    CHECK_EQ(count(BYTES(RESPONSE("\0", "\1") LABELS "\0" A)), 1);
    CHECK_EQ(count(BYTES(RESPONSE("\0", "\1") LABELS "\0" AAAA)), 1);
    CHECK_EQ(count(BYTES(RESPONSE("\0", "\2") LABELS "\0" A LABELS "\0" AAAA)), 2);
    CHECK_EQ(count(BYTES(RESPONSE("\0", "\2") LABELS "\0" A "\xc0\xc" AAAA)), 2);
    /* behind a question, and with the end of the name elsewhere */
    CHECK_EQ(count(BYTES(RESPONSE("\1", "\1") LABELS "\0\0\1\0\1\xc0\xc" A)), 1);
    CHECK_EQ(count(BYTES(RESPONSE("\1", "\1") "\5LOCAL\0\0\1\0\1"
                                              "\44"
                                              "4A9A58C8-34A1-4E9C-8A9A-F2A34A9A58C8\xc0\xc" A)),
             1);
    /* among others, and in the additional records */
    CHECK_EQ(count(BYTES(RESPONSE("\0", "\3") "\3any\5local\0" A LABELS "\0" A "\0" A)), 1);
    CHECK_EQ(count(BYTES("\0\0\x84\0\0\0\0\0\0\0\0\1" LABELS "\0" A)), 1);
    CHECK_EQ(count(BYTES(RESPONSE("\0", "\1") LABELS "\0" A "what follows is no matter")), 1);
}

static void check_others(void) {
    CHECK_EQ(count(BYTES("")), 0);
    CHECK_EQ(count(BYTES("\0\0\0\0\0\0\0\1\0\0\0\0" LABELS "\0" A)), 0);   /* a question */
    CHECK_EQ(count(BYTES("\0\0\x84\3\0\0\0\1\0\0\0\0" LABELS "\0" A)), 0); /* an error */
    CHECK_EQ(count(BYTES("\0\0\xa4\0\0\0\0\1\0\0\0\0" LABELS "\0" A)), 0); /* another opcode */
    CHECK_EQ(count(BYTES(RESPONSE("\0", "\0") LABELS "\0" A)), 0);
    CHECK_EQ(count(BYTES(RESPONSE("\0", "\1") LABELS "\3com\0" A)), 0);
    CHECK_EQ(count(BYTES(RESPONSE("\0", "\1") LABELS "\0\0\1\0\3\0\0\0\x78\0\4\xc0\0\2\7")), 0);
    CHECK_EQ(count(BYTES(RESPONSE("\0", "\1") LABELS "\0\0\1\0\1\0\0\0\0\0\4\xc0\0\2\7")), 0);
    CHECK_EQ(count(BYTES(RESPONSE("\0", "\1") LABELS "\0\0\1\0\1\0\0\0\x78\0\3\xc0\0\2")), 0);
    CHECK_EQ(count(BYTES(RESPONSE("\0", "\1") LABELS "\0\0\x2f\0\1\0\0\0\x78\0\4\xc0\0\2\7")), 0);
}

/* Names that lead nowhere, in circles, or on for ever. */
static void check_names(void) {
    CHECK_EQ(count(BYTES(RESPONSE("\0", "\1") "\xc0\xc" A)), 0);
    CHECK_EQ(count(BYTES(RESPONSE("\0", "\1") "\1x\xc0\xc" A)), 0);
    CHECK_EQ(count(BYTES(RESPONSE("\0", "\1") "\xc0\xe\0" A)), 0);
    CHECK_EQ(count(BYTES(RESPONSE("\0", "\1") "\xff\xff" A)), 0);
    CHECK_EQ(count(BYTES(RESPONSE("\0", "\1") "\x80\xc" A)), 0);
    /* each points to the one before, the first to the name; all stand in a record of no interest */
    for (int pointers = 8; pointers <= 9; pointers++) {
        uint8_t message[256] = "\0\0\x84\0\0\0\0\2\0\0\0\0\0\0\20\0\1\0\0\0\x78\0";
        size_t at = 23, to = 23;
        memcpy(message + at, LABELS, sizeof LABELS);
        at += sizeof LABELS;
        for (int i = 0; i < pointers; i++, to = at, at += 2)
            message[at] = 0xc0, message[at + 1] = (uint8_t)to;
        message[22] = (uint8_t)(at - 2 - 23); /* the last one is the name of the next record */
        memcpy(message + at, A, sizeof A - 1);
        CHECK_EQ(count((lk_bytes){message, at + sizeof A - 1}), pointers == 8);
    }
    uint8_t endless[4096] = "\0\0\x84\0\0\0\0\1\0\0\0\0";
    for (size_t at = 12; at + 2 < sizeof endless; at += 2) endless[at] = 1, endless[at + 1] = 'x';
    CHECK_EQ(count((lk_bytes){endless, sizeof endless}), 0);
}

static void check_damage(void) {
    static const char whole[] = RESPONSE("\1", "\2") LABELS "\0\0\1\0\1\xc0\xc" A "\xc0\xc" AAAA;
    for (size_t len = 0; len < sizeof whole - 1; len++)
        CHECK(count((lk_bytes){(const uint8_t *)whole, len}) <= 1);
    CHECK_EQ(count(BYTES(whole)), 2);
}

int main(void) {
    check_question();
    check_answers();
    check_others();
    check_names();
    check_damage();
    puts("mdns_message: questions, answers, and others");
    return 0;
}
