/* SPDX-License-Identifier: MIT
 * fe25519.c - arithmetic modulo 2^255 - 19. Limb i weighs 2^ceil(25.5 i), so the product of two odd
 * limbs weighs twice as much as the limb it belongs to, and what lies beyond the tenth comes back
 * 19 times.
 *
 * Bounds: four short ones in sum have limbs of up to 2^27 and 2^26. Ten products of two such are
 * less than 2^58, and 19 times that is less than 2^63. */
#include "base/fe25519.h"

static int fe25519_bits(int limb) { return 26 - (limb & 1); }

fe25519 fe25519_add(const fe25519 *a, const fe25519 *b) {
    fe25519 out;
    for (int i = 0; i < 10; i++) out.limb[i] = a->limb[i] + b->limb[i];
    return out;
}

fe25519 fe25519_sub(const fe25519 *a, const fe25519 *b) {
    fe25519 out;
    for (int i = 0; i < 10; i++) out.limb[i] = a->limb[i] - b->limb[i];
    return out;
}

/* What is more than half of a limb's weight goes on to the next one. */
static void fe25519_carry(int64_t t[10], int limb) {
    int64_t unit = (int64_t)1 << fe25519_bits(limb);
    int64_t carry = (t[limb] + unit / 2) >> fe25519_bits(limb);
    t[limb] -= carry * unit;
    if (limb < 9)
        t[limb + 1] += carry;
    else
        t[0] += 19 * carry;
}

static fe25519 fe25519_shorten(int64_t t[10]) {
    fe25519 out;
    for (int i = 0; i < 10; i++) fe25519_carry(t, i);
    fe25519_carry(t, 0);
    for (int i = 0; i < 10; i++) out.limb[i] = (int32_t)t[i];
    return out;
}

fe25519 fe25519_mul(const fe25519 *a, const fe25519 *b) {
    int64_t t[20] = {0};
    for (int i = 0; i < 10; i++)
        for (int k = 0; k < 10; k++) {
            int64_t product = (int64_t)a->limb[i] * b->limb[k];
            t[i + k] += i & k & 1 ? 2 * product : product;
        }
    for (int i = 0; i < 10; i++) t[i] += 19 * t[i + 10];
    return fe25519_shorten(t);
}

/* a^(2^times) */
static fe25519 fe25519_squares(const fe25519 *a, int times) {
    fe25519 out = *a;
    for (int i = 0; i < times; i++) out = fe25519_square(&out);
    return out;
}

/* a^(2^250 - 1), and a^11: exponents of ones are put together from halves. */
static fe25519 fe25519_ones(const fe25519 *a, fe25519 *eleven) {
    fe25519 two = fe25519_square(a), eight = fe25519_squares(&two, 2);
    fe25519 nine = fe25519_mul(&eight, a);
    *eleven = fe25519_mul(&nine, &two);
    fe25519 twentytwo = fe25519_square(eleven), ones5 = fe25519_mul(&twentytwo, &nine);
    fe25519 up = fe25519_squares(&ones5, 5), ones10 = fe25519_mul(&up, &ones5);
    up = fe25519_squares(&ones10, 10);
    fe25519 ones20 = fe25519_mul(&up, &ones10);
    up = fe25519_squares(&ones20, 20);
    fe25519 ones40 = fe25519_mul(&up, &ones20);
    up = fe25519_squares(&ones40, 10);
    fe25519 ones50 = fe25519_mul(&up, &ones10);
    up = fe25519_squares(&ones50, 50);
    fe25519 ones100 = fe25519_mul(&up, &ones50);
    up = fe25519_squares(&ones100, 100);
    fe25519 ones200 = fe25519_mul(&up, &ones100);
    up = fe25519_squares(&ones200, 50);
    return fe25519_mul(&up, &ones50);
}

fe25519 fe25519_invert(const fe25519 *a) {
    fe25519 eleven, ones = fe25519_ones(a, &eleven), up = fe25519_squares(&ones, 5);
    return fe25519_mul(&up, &eleven);
}

fe25519 fe25519_root(const fe25519 *a) {
    fe25519 eleven, ones = fe25519_ones(a, &eleven), up = fe25519_squares(&ones, 2);
    return fe25519_mul(&up, a);
}

/* ---- bytes ---- */

fe25519 fe25519_read(const uint8_t bytes[32]) {
    int64_t t[10];
    int bit = 0;
    for (int i = 0; i < 10; bit += fe25519_bits(i), i++) {
        uint64_t from = 0; /* five bytes hold a limb wherever it begins */
        for (int k = 0; k < 5 && bit / 8 + k < 32; k++)
            from |= (uint64_t)bytes[bit / 8 + k] << 8 * k;
        t[i] = (int64_t)(from >> (bit & 7) & (((uint64_t)1 << fe25519_bits(i)) - 1));
    }
    return fe25519_shorten(t);
}

void fe25519_write(const fe25519 *a, uint8_t out[32]) {
    int64_t t[10], q;
    for (int i = 0; i < 10; i++) t[i] = a->limb[i];
    fe25519 short_ = fe25519_shorten(t);
    /* q: how often 2^255 - 19 is in it, which is where 19 more would carry past 2^255 */
    q = (19 * (int64_t)short_.limb[9] + ((int64_t)1 << 24)) >> 25;
    for (int i = 0; i < 10; i++) q = (short_.limb[i] + q) >> fe25519_bits(i);
    int64_t carry = 19 * q;
    for (int i = 0; i < 10; i++) {
        carry += short_.limb[i];
        t[i] = carry & (((int64_t)1 << fe25519_bits(i)) - 1);
        carry >>= fe25519_bits(i);
    }
    uint64_t bits = 0;
    int have = 0, at = 0;
    for (int i = 0; i < 10; i++) {
        bits |= (uint64_t)t[i] << have;
        for (have += fe25519_bits(i); have >= 8; have -= 8, bits >>= 8) out[at++] = (uint8_t)bits;
    }
    out[at] = (uint8_t)bits;
}

bool fe25519_equal(const fe25519 *a, const fe25519 *b) {
    uint8_t one[32], two[32], differ = 0;
    fe25519_write(a, one);
    fe25519_write(b, two);
    for (int i = 0; i < 32; i++) differ |= one[i] ^ two[i];
    return differ == 0;
}
