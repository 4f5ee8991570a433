/* SPDX-License-Identifier: MIT
 * sha512.h - SHA-512 (FIPS 180-4), in pieces. */
#ifndef BASE_SHA512_H
#define BASE_SHA512_H

#include "base/mem.h"

enum { SHA512_LEN = 64, SHA512_BLOCK = 128 };

typedef struct sha512 {
    uint64_t state[8];
    uint64_t len; /* so far, in bytes */
    uint8_t block[SHA512_BLOCK];
} sha512;

void sha512_begin(sha512 *s);
void sha512_add(sha512 *s, lk_bytes bytes);
void sha512_end(sha512 *s, uint8_t out[SHA512_LEN]);

#endif
