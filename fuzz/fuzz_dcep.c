/* SPDX-License-Identifier: MIT
 * fuzz_dcep.c - messages that open data channels. What is accepted is written back alike. */
#include "fuzz/fuzz.h"

#include "check.h"
#include "rtc/dcep.h"

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    static const uint8_t ack[] = {2};
    static const uint8_t open[] = {3,   0x82, 1,   0,   0,   0,   2,   1,   0,   9,   0,  2,
                                   'l', 'o',  'r', 'o', '-', 's', 'y', 'n', 'c', 'v', '1'};
    const uint8_t *seed = n == 0 ? open : ack;
    size_t len = n == 0 ? sizeof open : n == 1 ? sizeof ack : 0;
    CHECK(len <= cap);
    memcpy(out, seed, len);
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    dcep_message m;
    lk_fault fault;
    lk_buf out = {0};
    if (dcep_read((lk_bytes){data, size}, &m, &fault) != LK_OK) {
        CHECK(fault.what != NULL && fault.offset <= size);
        return 0;
    }
    CHECK_EQ(dcep_write(&m, &out), LK_OK);
    CHECK_BYTES(out.at, out.len, data, size);
    lk_buf_free(&out);
    return 0;
}
