/* SPDX-License-Identifier: MIT
 * reconfig_test.c - requests to reset streams wait for the acknowledgement of what they follow. */
#include "check.h"

#include "rtc/reconfig.h"

enum { HEADER = 12, SACK = 16, REQUEST = 4 + 18 + 2, DATA = 20 };

/* A packet: header, DATA, RE-CONFIG with an answer-to number and a last TSN, and DATA again. */
static const uint8_t request[] = {
    0x13, 0x88, 0x13, 0x88, 9, 9,  9, 9,  0, 0, 0, 0, /* ports, tag, checksum */
    0,    3,    0,    17,   0, 0,  0, 10, 0, 1, 0, 0, 0, 0, 0, 53, 'x', 0, 0, 0, /* DATA */
    130,  0,    0,    22,   0, 13, 0, 18, 0, 0, 0, 1, 0, 0, 0, 2,  0,   0, 0, 10,
    0,    1,    0,    0, /* RE-CONFIG */
    0,    3,    0,    17,   0, 0,  0, 11, 0, 1, 0, 0, 0, 0, 0, 53, 'y', 0, 0, 0};
enum { RECONFIG_AT = HEADER + DATA, LAST_AT = RECONFIG_AT + 16, ANSWER_AT = RECONFIG_AT + 12 };

static void hear(reconfig *r, uint8_t acked) {
    uint8_t packet[HEADER + SACK] = {[HEADER] = 3, [HEADER + 3] = SACK, [HEADER + 7] = acked};
    reconfig_hear(r, packet, sizeof packet);
}

/* Does the request pass? If not, it is held, and the rest is as it was. */
static bool passes(reconfig *r) {
    uint8_t packet[sizeof request], want[sizeof request];
    memcpy(packet, request, sizeof packet);
    memcpy(want, request, sizeof want);
    reconfig_pass(r, packet, sizeof packet);
    bool passed = packet[RECONFIG_AT] == 130;
    want[RECONFIG_AT] = packet[RECONFIG_AT];
    want[ANSWER_AT] ^= 0x80; /* fits no request of ours */
    CHECK_BYTES(packet, sizeof packet, want, sizeof want);
    if (passed) return true;
    want[RECONFIG_AT] = 130;
    CHECK_EQ(r->held.len, HEADER + REQUEST);
    CHECK_BYTES(r->held.at, HEADER, request, HEADER);
    CHECK_BYTES(r->held.at + HEADER, REQUEST, want + RECONFIG_AT, REQUEST);
    return false;
}

static void test_order(void) {
    reconfig r;
    reconfig_init(&r, 2, &mem_default);
    CHECK(passes(&r)); /* nothing was acknowledged yet: there was no data */
    hear(&r, 9);
    CHECK(!passes(&r) && !reconfig_due(&r));
    CHECK(!passes(&r)); /* sent again */
    hear(&r, 8);        /* an old one */
    CHECK(!reconfig_due(&r));
    hear(&r, 10);
    CHECK(reconfig_due(&r));
    r.held.len = 0;
    CHECK(!reconfig_due(&r));
    CHECK(passes(&r));
    reconfig_drop(&r);
}

static void test_patience(void) {
    reconfig r;
    reconfig_init(&r, 2, &mem_default);
    hear(&r, 9);
    CHECK(!passes(&r) && !passes(&r) && passes(&r));
    reconfig_drop(&r);
}

/* Around the end of the numbers. */
static void test_wrap(void) {
    reconfig r;
    reconfig_init(&r, 2, &mem_default);
    uint8_t packet[HEADER + SACK] = {[HEADER] = 3, [HEADER + 3] = SACK};
    memset(packet + HEADER + 4, 0xff, 4);
    reconfig_hear(&r, packet, sizeof packet);
    CHECK(!passes(&r));
    hear(&r, 10);
    CHECK(reconfig_due(&r));
    reconfig_drop(&r);
}

/* Cut off anywhere, and with lengths that lie, a packet is left alone or held, and never read
 * beyond its end. */
static void test_damage(void) {
    reconfig r;
    reconfig_init(&r, 2, &mem_default);
    hear(&r, 9);
    for (size_t len = 0; len <= sizeof request; len++)
        for (size_t at = 0; at < len; at++) {
            uint8_t *packet = malloc(len);
            CHECK(packet != NULL);
            memcpy(packet, request, len);
            packet[at] ^= 0xff;
            reconfig_pass(&r, packet, len);
            reconfig_hear(&r, packet, len);
            free(packet);
        }
    reconfig_drop(&r);
}

int main(void) {
    test_order();
    test_patience();
    test_wrap();
    test_damage();
    printf("reconfig_test: ok\n");
    return 0;
}
