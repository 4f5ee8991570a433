/* SPDX-License-Identifier: MIT
 * keyed_hash.c - SipHash-1-3 and multiply-shift. */
#include "base/keyed_hash.h"

typedef struct sip { /* the state, as the paper names it */
    uint64_t v0, v1, v2, v3;
} sip;

static uint64_t sip_rotate(uint64_t v, int bits) { return v << bits | v >> (64 - bits); }

static void sip_round(sip *s) {
    s->v0 += s->v1, s->v2 += s->v3;
    s->v1 = sip_rotate(s->v1, 13) ^ s->v0, s->v3 = sip_rotate(s->v3, 16) ^ s->v2;
    s->v0 = sip_rotate(s->v0, 32);
    s->v2 += s->v1, s->v0 += s->v3;
    s->v1 = sip_rotate(s->v1, 17) ^ s->v2, s->v3 = sip_rotate(s->v3, 21) ^ s->v0;
    s->v2 = sip_rotate(s->v2, 32);
}

/* At most eight bytes, little-endian. */
static uint64_t sip_word(const uint8_t *at, size_t len) {
    uint64_t word = 0;
    for (size_t i = 0; i < len; i++) word |= (uint64_t)at[i] << 8 * i;
    return word;
}

static void sip_take(sip *s, uint64_t word) {
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

uint32_t keyed_hash_u64(const uint64_t key[2], uint64_t v) {
    /* The constants are for the key of zeros. */
    uint64_t high = (key[0] ^ 0x9e3779b97f4a7c15) * (v >> 32);
    uint64_t low = (key[1] ^ 0xd6e8feb86659fd93) * (uint32_t)v;
    uint32_t hash = (uint32_t)((high + low) >> 32);
    /* One to one, and numbers in a row do not stay in a row, which would fill tables unevenly. */
    hash = (hash ^ hash >> 16) * 0x7feb352d;
    return hash ^ hash >> 15;
}

uint32_t keyed_hash(const uint64_t key[2], const void *at, size_t len) {
    if (len <= 8) return keyed_hash_u64(key, sip_word(at, len)) ^ (uint32_t)len;
    sip s = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
             key[1] ^ 0x7465646279746573};
    const uint8_t *bytes = at;
    size_t whole = len / 8 * 8;
    for (size_t i = 0; i < whole; i += 8) sip_take(&s, sip_word(bytes + i, 8));
    uint64_t rest = len == whole ? 0 : sip_word(bytes + whole, len - whole);
    sip_take(&s, (uint64_t)len << 56 | rest);
    s.v2 ^= 0xff;
    for (int i = 0; i < 3; i++) sip_round(&s);
    return (uint32_t)(s.v0 ^ s.v1 ^ s.v2 ^ s.v3);
}
