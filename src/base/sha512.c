/* SPDX-License-Identifier: MIT
 * sha512.c - SHA-512 as FIPS 180-4 has it: blocks of 128 bytes, 80 rounds each. */
#include "base/sha512.h"

/* Fractional parts of the square roots of the first 8 primes, and of the cube roots of 80. */
static const uint64_t sha512_start[8] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};
static const uint64_t sha512_rounds[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
    0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
    0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
    0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
    0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
    0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
    0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
    0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
    0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
    0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
    0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
    0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
    0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
    0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
    0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
    0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
    0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

void sha512_begin(sha512 *s) {
    *s = (sha512){0};
    __builtin_memcpy(s->state, sha512_start, sizeof s->state);
}

static uint64_t sha512_turn(uint64_t x, int by) { return x >> by | x << (64 - by); }

static uint64_t sha512_load(const uint8_t *at) {
    uint64_t x = 0;
    for (int i = 0; i < 8; i++) x = x << 8 | at[i];
    return x;
}

static void sha512_store(uint64_t x, uint8_t *at) {
    for (int i = 0; i < 8; i++) at[i] = (uint8_t)(x >> (56 - 8 * i));
}

/* The message schedule; only the last 16 words of it are needed at a time. */
static uint64_t sha512_word(uint64_t w[16], int t) {
    uint64_t a = w[(t + 1) & 15], b = w[(t + 14) & 15];
    uint64_t s0 = sha512_turn(a, 1) ^ sha512_turn(a, 8) ^ a >> 7;
    uint64_t s1 = sha512_turn(b, 19) ^ sha512_turn(b, 61) ^ b >> 6;
    return w[t & 15] += s0 + w[(t + 9) & 15] + s1;
}

static void sha512_block(uint64_t state[8], const uint8_t *block) {
    uint64_t w[16], v[8];
    for (int t = 0; t < 16; t++) w[t] = sha512_load(block + 8 * t);
    __builtin_memcpy(v, state, sizeof v);
    for (int t = 0; t < 80; t++) {
        uint64_t word = t < 16 ? w[t] : sha512_word(w, t), a = v[0], e = v[4];
        uint64_t s1 = sha512_turn(e, 14) ^ sha512_turn(e, 18) ^ sha512_turn(e, 41);
        uint64_t s0 = sha512_turn(a, 28) ^ sha512_turn(a, 34) ^ sha512_turn(a, 39);
        uint64_t one = v[7] + s1 + ((e & v[5]) ^ (~e & v[6])) + sha512_rounds[t] + word;
        uint64_t two = s0 + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
        for (int i = 7; i > 0; i--) v[i] = v[i - 1];
        v[4] += one;
        v[0] = one + two;
    }
    for (int i = 0; i < 8; i++) state[i] += v[i];
}

void sha512_add(sha512 *s, lk_bytes bytes) {
    while (bytes.len > 0) {
        size_t at = s->len % SHA512_BLOCK, room = SHA512_BLOCK - at;
        size_t take = bytes.len < room ? bytes.len : room;
        const uint8_t *block = bytes.at;
        if (take < SHA512_BLOCK) {
            __builtin_memcpy(s->block + at, bytes.at, take);
            block = s->block;
        }
        if (take == room) sha512_block(s->state, block);
        s->len += take;
        bytes = (lk_bytes){bytes.at + take, bytes.len - take};
    }
}

void sha512_end(sha512 *s, uint8_t out[SHA512_LEN]) {
    static const uint8_t padding[SHA512_BLOCK] = {0x80};
    uint8_t bits[16] = {0};
    size_t at = s->len % SHA512_BLOCK;
    sha512_store(s->len << 3, bits + 8);
    sha512_add(s, (lk_bytes){padding, (at < 112 ? 112 : 240) - at});
    sha512_add(s, (lk_bytes){bits, sizeof bits});
    for (int i = 0; i < 8; i++) sha512_store(s->state[i], out + 8 * i);
}
