/* SPDX-License-Identifier: MIT
 * dcep_test.c - opening messages of data channels: bytes, lies about lengths, bad text. */
#include "check.h"

#include "rtc/dcep.h"

static const uint8_t open_bytes[] = {3,   0x81, 1,   0,   0,   0,   1,   4,   0,   9,   0,  2,
                                     'l', 'o',  'r', 'o', '-', 's', 'y', 'n', 'c', 'v', '1'};

static lk_status refused(const uint8_t *at, size_t len, size_t offset) {
    dcep_message m;
    lk_fault fault;
    lk_status status = dcep_read((lk_bytes){at, len}, &m, &fault);
    CHECK(status != LK_OK && fault.what != NULL);
    CHECK_EQ(fault.offset, offset);
    return status;
}

static void check_open(void) {
    dcep_message m;
    CHECK_EQ(dcep_read((lk_bytes){open_bytes, sizeof open_bytes}, &m, NULL), LK_OK);
    CHECK_EQ(m.kind, DCEP_OPEN);
    CHECK_EQ(m.priority, 256);
    CHECK(m.unordered && m.reliability == LK_RTC_RETRANSMITS && m.limit == 260);
    CHECK_BYTES(m.label.at, m.label.len, "loro-sync", 9);
    CHECK_BYTES(m.protocol.at, m.protocol.len, "v1", 2);
    lk_buf out = {0};
    CHECK_EQ(dcep_write(&m, &out), LK_OK);
    CHECK_BYTES(out.at, out.len, open_bytes, sizeof open_bytes);
    lk_buf_free(&out);
}

static void check_ack(void) {
    dcep_message m, ack = {.kind = DCEP_ACK};
    lk_buf out = {0};
    CHECK_EQ(dcep_write(&ack, &out), LK_OK);
    CHECK_BYTES(out.at, out.len, "\x02", 1);
    CHECK_EQ(dcep_read((lk_bytes){out.at, out.len}, &m, NULL), LK_OK);
    CHECK_EQ(m.kind, DCEP_ACK);
    lk_buf_free(&out);
}

static void check_refusals(void) {
    uint8_t bytes[sizeof open_bytes + 1];
    for (size_t len = 0; len < sizeof open_bytes; len++) {
        dcep_message m;
        CHECK_EQ(dcep_read((lk_bytes){open_bytes, len}, &m, NULL), LK_ECORRUPT);
    }
    memcpy(bytes, open_bytes, sizeof open_bytes);
    bytes[sizeof open_bytes] = 0;
    refused(bytes, sizeof bytes, sizeof open_bytes); /* one byte too many */
    bytes[0] = 1;
    refused(bytes, sizeof open_bytes, 0);
    bytes[0] = 3;
    bytes[1] = 3; /* no such channel type */
    refused(bytes, sizeof open_bytes, 2);
    bytes[1] = 0x82; /* unordered and limited by time is one */
    bytes[14] = 0xff;
    refused(bytes, sizeof open_bytes, 21);
}

int main(void) {
    check_open();
    check_ack();
    check_refusals();
    printf("dcep_test: ok\n");
    return 0;
}
