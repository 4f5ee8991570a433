/* SPDX-License-Identifier: MIT
 * fe25519.h - numbers modulo 2^255 - 19, in ten limbs of 26 and 25 bits in turn, the lowest first.
 * Limbs are signed. What comes out of a multiplication is short: limbs of at most 2^25 and 2^24 or
 * a little more. Sums and differences of up to four short ones may be multiplied. Nothing here
 * takes longer for one number than for another. */
#ifndef BASE_FE25519_H
#define BASE_FE25519_H

#include <stdbool.h>
#include <stdint.h>

typedef struct fe25519 {
    int32_t limb[10];
} fe25519;

fe25519 fe25519_add(const fe25519 *a, const fe25519 *b);
fe25519 fe25519_sub(const fe25519 *a, const fe25519 *b);
fe25519 fe25519_mul(const fe25519 *a, const fe25519 *b);
static inline fe25519 fe25519_square(const fe25519 *a) { return fe25519_mul(a, a); }
/* a^(2^255 - 21), which is 1/a. */
fe25519 fe25519_invert(const fe25519 *a);
/* a^(2^252 - 3), from which square roots are made. */
fe25519 fe25519_root(const fe25519 *a);

/* 255 bits, the lowest byte first; the topmost is left out. */
fe25519 fe25519_read(const uint8_t bytes[32]);
/* The same of the smallest number that is equal. */
void fe25519_write(const fe25519 *a, uint8_t out[32]);
bool fe25519_equal(const fe25519 *a, const fe25519 *b);

#endif
