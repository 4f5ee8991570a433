/* SPDX-License-Identifier: MIT
 * ed25519.c - points of -x^2 + y^2 = 1 + d x^2 y^2 over fe25519.h, and numbers modulo their order
 *
 *   L = 2^252 + 27742317777372353535851937790883648493
 *
 * Points are (X : Y : Z : T) with x = X/Z, y = Y/Z, xy = T/Z; the formulas are those of Hisil,
 * Wong, Carter and Dawson (2008), which hold for all points. A multiple is made four bits at a time
 * from a table of sixteen, each read as a whole whichever is wanted: nothing depends on secrets but
 * what is computed. */
#include "base/ed25519.h"

#include "base/fe25519.h"
#include "base/sha512.h"

typedef struct ed25519_point {
    fe25519 x, y, z, t;
} ed25519_point;

typedef struct ed25519_summand {  /* a point as it is added */
    fe25519 minus, plus, z2, td2; /* Y - X, Y + X, 2 Z, 2 d T */
} ed25519_summand;

/* 2 d, a square root of -1, and the base point. */
static const fe25519 ed25519_d2 = {{45281625, 27714825, 36363642, 13898781, 229458, 15978800,
                                    54557047, 27058993, 29715967, 9444199}};
static const fe25519 ed25519_d = {{56195235, 13857412, 51736253, 6949390, 114729, 24766616,
                                   60832955, 30306712, 48412415, 21499315}};
static const fe25519 ed25519_i = {{34513072, 25610706, 9377949, 3500415, 12389472, 33281959,
                                   41962654, 31548777, 326685, 11406482}};
static const ed25519_point ed25519_base = {{{52811034, 25909283, 16144682, 17082669, 27570973,
                                             30858332, 40966398, 8378388, 20764389, 8758491}},
                                           {{40265304, 26843545, 13421772, 20132659, 26843545,
                                             6710886, 53687091, 13421772, 40265318, 26843545}},
                                           {{1}},
                                           {{28827043, 27438313, 39759291, 244362, 8635006,
                                             11264893, 19351346, 13413597, 16611511, 27139452}}};
static const fe25519 ed25519_zero, ed25519_one = {{1}};

/* ---- points ---- */

static ed25519_summand ed25519_prepare(const ed25519_point *p) {
    return (ed25519_summand){fe25519_sub(&p->y, &p->x), fe25519_add(&p->y, &p->x),
                             fe25519_add(&p->z, &p->z), fe25519_mul(&p->t, &ed25519_d2)};
}

static ed25519_point ed25519_combine(const fe25519 *e, const fe25519 *f, const fe25519 *g,
                                     const fe25519 *h) {
    return (ed25519_point){fe25519_mul(e, f), fe25519_mul(g, h), fe25519_mul(f, g),
                           fe25519_mul(e, h)};
}

static ed25519_point ed25519_add(const ed25519_point *p, const ed25519_summand *q) {
    fe25519 minus = fe25519_sub(&p->y, &p->x), plus = fe25519_add(&p->y, &p->x);
    fe25519 a = fe25519_mul(&minus, &q->minus), b = fe25519_mul(&plus, &q->plus);
    fe25519 c = fe25519_mul(&p->t, &q->td2), d = fe25519_mul(&p->z, &q->z2);
    fe25519 e = fe25519_sub(&b, &a), f = fe25519_sub(&d, &c);
    fe25519 g = fe25519_add(&d, &c), h = fe25519_add(&b, &a);
    return ed25519_combine(&e, &f, &g, &h);
}

static ed25519_point ed25519_double(const ed25519_point *p) {
    fe25519 a = fe25519_square(&p->x), b = fe25519_square(&p->y), c = fe25519_square(&p->z);
    fe25519 sum = fe25519_add(&p->x, &p->y), square = fe25519_square(&sum);
    fe25519 h = fe25519_add(&a, &b), g = fe25519_sub(&a, &b);
    fe25519 e = fe25519_sub(&h, &square), twice = fe25519_add(&c, &c);
    fe25519 f = fe25519_add(&twice, &g);
    return ed25519_combine(&e, &f, &g, &h);
}

/* Entry `wanted` of the table, by way of all of them. */
static ed25519_summand ed25519_choose(const ed25519_summand table[16], uint32_t wanted) {
    ed25519_summand out = {0};
    for (uint32_t n = 0; n < 16; n++) {
        int32_t mask = -(int32_t)(((n ^ wanted) - 1) >> 31);
        const fe25519 *from[] = {&table[n].minus, &table[n].plus, &table[n].z2, &table[n].td2};
        fe25519 *to[] = {&out.minus, &out.plus, &out.z2, &out.td2};
        for (int part = 0; part < 4; part++)
            for (int i = 0; i < 10; i++) to[part]->limb[i] |= from[part]->limb[i] & mask;
    }
    return out;
}

/* The sum of `count` (at most 2) points, each so many times; times are of 256 bits. */
static ed25519_point ed25519_multiply(const ed25519_point *points, uint32_t (*times)[8],
                                      int count) {
    ed25519_summand table[2][16];
    ed25519_point sum = {ed25519_zero, ed25519_one, ed25519_one, ed25519_zero};
    for (int k = 0; k < count; k++) {
        ed25519_point multiple = sum; /* nothing */
        for (int n = 0; n < 16; n++) {
            table[k][n] = ed25519_prepare(&multiple);
            if (n == 0)
                multiple = points[k];
            else
                multiple = ed25519_add(&multiple, &table[k][1]);
        }
    }
    for (int digit = 63; digit >= 0; digit--) {
        for (int i = 0; i < 4 && digit < 63; i++) sum = ed25519_double(&sum);
        for (int k = 0; k < count; k++) {
            uint32_t n = times[k][digit / 8] >> 4 * (digit & 7) & 15;
            ed25519_summand chosen = ed25519_choose(table[k], n);
            sum = ed25519_add(&sum, &chosen);
        }
    }
    return sum;
}

static void ed25519_encode(const ed25519_point *p, uint8_t out[ED25519_KEY]) {
    uint8_t x[32];
    fe25519 inverse = fe25519_invert(&p->z);
    fe25519 affine_x = fe25519_mul(&p->x, &inverse), affine_y = fe25519_mul(&p->y, &inverse);
    fe25519_write(&affine_x, x);
    fe25519_write(&affine_y, out);
    out[31] = (uint8_t)(out[31] | (x[0] & 1) << 7);
}

/* RFC 8032, section 5.1.3: x = u v^3 (u v^7)^((p-5)/8) with u = y^2 - 1, v = d y^2 + 1, or that
 * times the square root of -1. */
static bool ed25519_decode(const uint8_t bytes[ED25519_KEY], ed25519_point *out) {
    uint8_t x_bytes[32];
    fe25519 y = fe25519_read(bytes), yy = fe25519_square(&y);
    fe25519 u = fe25519_sub(&yy, &ed25519_one), dyy = fe25519_mul(&yy, &ed25519_d);
    fe25519 v = fe25519_add(&dyy, &ed25519_one), v2 = fe25519_square(&v);
    fe25519 v3 = fe25519_mul(&v2, &v), v6 = fe25519_square(&v3), v7 = fe25519_mul(&v6, &v);
    fe25519 uv7 = fe25519_mul(&u, &v7), root = fe25519_root(&uv7), uv3 = fe25519_mul(&u, &v3);
    fe25519 x = fe25519_mul(&uv3, &root), xx = fe25519_square(&x), vxx = fe25519_mul(&xx, &v);
    fe25519 other = fe25519_sub(&ed25519_zero, &u);
    if (!fe25519_equal(&vxx, &u)) {
        if (!fe25519_equal(&vxx, &other)) return false;
        x = fe25519_mul(&x, &ed25519_i);
    }
    fe25519_write(&x, x_bytes);
    bool negative = bytes[31] >> 7 != 0, zero = fe25519_equal(&x, &ed25519_zero);
    if (zero && negative) return false;
    if ((x_bytes[0] & 1) != negative) x = fe25519_sub(&ed25519_zero, &x);
    *out = (ed25519_point){x, y, ed25519_one, fe25519_mul(&x, &y)};
    return true;
}

/* ---- numbers modulo L, in words, the lowest first ---- */

static const uint32_t ed25519_order[8] = {0x5cf5d3ed, 0x5812631a, 0xa2f79cd6, 0x14def9de,
                                          0,          0,          0,          0x10000000};

static void ed25519_words(const uint8_t *bytes, uint32_t *out, int count) {
    for (int i = 0; i < count; i++)
        out[i] = (uint32_t)bytes[4 * i] | (uint32_t)bytes[4 * i + 1] << 8 |
                 (uint32_t)bytes[4 * i + 2] << 16 | (uint32_t)bytes[4 * i + 3] << 24;
}

/* `a` less L, and whether it was less than that: 0 or 1. */
static uint32_t ed25519_less(const uint32_t a[8], uint32_t out[8]) {
    uint64_t borrow = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t word = (uint64_t)a[i] - ed25519_order[i] - borrow;
        out[i] = (uint32_t)word;
        borrow = word >> 63;
    }
    return (uint32_t)borrow;
}

/* The rest of 512 bits, bit by bit: the topmost 251 are less than L. */
static void ed25519_reduce(const uint32_t x[16], uint32_t out[8]) {
    uint32_t rest[8], less[8];
    for (int i = 0; i < 8; i++) rest[i] = x[8 + i] >> 5 | (i < 7 ? x[9 + i] << 27 : 0);
    for (int bit = 260; bit >= 0; bit--) {
        for (int i = 7; i > 0; i--) rest[i] = rest[i] << 1 | rest[i - 1] >> 31;
        rest[0] = rest[0] << 1 | (x[bit / 32] >> (bit & 31) & 1);
        uint32_t keep = 0 - ed25519_less(rest, less);
        for (int i = 0; i < 8; i++) rest[i] = (rest[i] & keep) | (less[i] & ~keep);
    }
    __builtin_memcpy(out, rest, sizeof rest);
}

/* a b + c */
static void ed25519_multiply_add(const uint32_t a[8], const uint32_t b[8], const uint32_t c[8],
                                 uint32_t out[8]) {
    uint32_t product[16] = {0};
    __builtin_memcpy(product, c, 8 * sizeof *c);
    for (int i = 0; i < 8; i++) {
        uint64_t carry = 0;
        for (int k = 0; k < 8; k++) {
            carry += (uint64_t)a[i] * b[k] + product[i + k];
            product[i + k] = (uint32_t)carry;
            carry >>= 32;
        }
        product[i + 8] = (uint32_t)carry;
    }
    ed25519_reduce(product, out);
}

/* ---- signatures ---- */

/* SHA-512 of these four, as a number modulo L. */
static void ed25519_hash(lk_bytes one, lk_bytes two, lk_bytes head, lk_bytes body,
                         uint32_t out[8]) {
    sha512 s;
    uint8_t hash[SHA512_LEN];
    uint32_t words[16];
    sha512_begin(&s);
    sha512_add(&s, one);
    sha512_add(&s, two);
    sha512_add(&s, head);
    sha512_add(&s, body);
    sha512_end(&s, hash);
    ed25519_words(hash, words, 16);
    ed25519_reduce(words, out);
}

typedef struct ed25519_secret { /* what a seed stands for */
    uint32_t scalar[1][8];
    uint8_t prefix[32];
} ed25519_secret;

static void ed25519_unfold(const uint8_t seed[ED25519_KEY], ed25519_secret *out) {
    sha512 s;
    uint8_t hash[SHA512_LEN];
    sha512_begin(&s);
    sha512_add(&s, (lk_bytes){seed, ED25519_KEY});
    sha512_end(&s, hash);
    hash[0] &= 0xf8;
    hash[31] = (uint8_t)((hash[31] & 0x7f) | 0x40);
    ed25519_words(hash, out->scalar[0], 8);
    __builtin_memcpy(out->prefix, hash + 32, 32);
}

void ed25519_public(const uint8_t seed[ED25519_KEY], uint8_t out[ED25519_KEY]) {
    ed25519_secret secret;
    ed25519_unfold(seed, &secret);
    ed25519_point point = ed25519_multiply(&ed25519_base, secret.scalar, 1);
    ed25519_encode(&point, out);
}

void ed25519_sign(const uint8_t seed[ED25519_KEY], const uint8_t key[ED25519_KEY], lk_bytes head,
                  lk_bytes body, uint8_t out[ED25519_SIGNATURE]) {
    ed25519_secret secret;
    uint32_t r[1][8], k[8], s[8];
    ed25519_unfold(seed, &secret);
    ed25519_hash((lk_bytes){secret.prefix, 32}, (lk_bytes){0}, head, body, r[0]);
    ed25519_point point = ed25519_multiply(&ed25519_base, r, 1);
    ed25519_encode(&point, out);
    ed25519_hash((lk_bytes){out, 32}, (lk_bytes){key, ED25519_KEY}, head, body, k);
    ed25519_multiply_add(k, secret.scalar[0], r[0], s);
    for (int i = 0; i < 32; i++) out[32 + i] = (uint8_t)(s[i / 4] >> 8 * (i & 3));
}

bool ed25519_verify(const uint8_t key[ED25519_KEY], lk_bytes head, lk_bytes body,
                    const uint8_t signature[ED25519_SIGNATURE]) {
    ed25519_point points[2] = {ed25519_base};
    uint32_t times[2][8], less[8];
    uint8_t again[32], differ = 0;
    ed25519_words(signature + 32, times[0], 8);
    if (ed25519_less(times[0], less) == 0 || !ed25519_decode(key, &points[1])) return false;
    points[1].x = fe25519_sub(&ed25519_zero, &points[1].x);
    points[1].t = fe25519_sub(&ed25519_zero, &points[1].t);
    ed25519_hash((lk_bytes){signature, 32}, (lk_bytes){key, ED25519_KEY}, head, body, times[1]);
    ed25519_point r = ed25519_multiply(points, times, 2);
    ed25519_encode(&r, again);
    for (int i = 0; i < 32; i++) differ |= again[i] ^ signature[i];
    return differ == 0;
}
