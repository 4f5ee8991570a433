/* SPDX-License-Identifier: MIT
 * hash_test.c - the values that the xxHash specification and Loro's format give. */
#include "base/hash.h"

#include "check.h"

int main(void) {
    CHECK_EQ(hash_xx32("", 0, 0), 0x02cc5d05);
    CHECK_EQ(hash_xx32("abc", 3, 0), 0x32d153ff);
    /* "LZ4 frame format": the checksum of the frame header that Loro writes is 0x82 */
    CHECK_EQ(hash_xx32("\x60\x40", 2, 0) >> 8 & 0xff, 0x82);
    printf("hash: known values\n");
    return 0;
}
