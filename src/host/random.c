/* SPDX-License-Identifier: MIT
 * random.c - OpenSSL's generator. */
#include "host/random.h"

#include <limits.h>

#include <openssl/rand.h>

void random_bytes(void *into, size_t len) {
    LK_ASSERT(len <= INT_MAX && RAND_bytes(into, (int)len) == 1);
}

uint64_t random_u64(void) {
    uint64_t v;
    random_bytes(&v, sizeof v);
    return v;
}

void random_base64url(const uint8_t *bytes, size_t len, char *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    int have = 0;
    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | bytes[i];
        for (have += 8; have >= 6; have -= 6) *out++ = digits[bits >> (have - 6) & 63];
    }
    if (have > 0) *out++ = digits[bits << (6 - have) & 63];
    *out = 0;
}

void random_name(char out[RANDOM_NAME_LEN + 1]) {
    uint8_t bytes[16];
    random_bytes(bytes, sizeof bytes);
    random_base64url(bytes, sizeof bytes, out);
}
