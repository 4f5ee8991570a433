/* SPDX-License-Identifier: MIT
 * ed25519_test.c - signatures: those of RFC 8032, section 7.1, and those of OpenSSL, both ways, for
 * every length that a block of SHA-512 ends in. */
#include "base/ed25519.h"

#include "base/sha512.h"
#include "check.h"
#include "host/heap.h"
#include "host/seal.h"

static void read_hex(const char *text, uint8_t *out) {
    for (size_t i = 0; text[2 * i] != 0; i++) {
        unsigned byte;
        CHECK(sscanf(text + 2 * i, "%2x", &byte) == 1);
        out[i] = (uint8_t)byte;
    }
}

static const char *const vectors[][4] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6"
     "594a7c15e9716ed28dc027beceea1ec40a"},
};

static void check_vectors(void) {
    for (size_t i = 0; i < countof(vectors); i++) {
        uint8_t seed[32], key[32], want[64], got[64], message[2] = {0};
        read_hex(vectors[i][0], seed);
        read_hex(vectors[i][1], want);
        ed25519_public(seed, key);
        CHECK_BYTES(key, 32, want, 32);
        read_hex(vectors[i][2], message);
        read_hex(vectors[i][3], want);
        lk_bytes whole = {message, i};
        ed25519_sign(seed, key, whole, (lk_bytes){0}, got);
        CHECK_BYTES(got, 64, want, 64);
        CHECK(ed25519_verify(key, (lk_bytes){0}, whole, got));
    }
}

/* What OpenSSL signs for a room, and what we do. */
static void check_beside(void) {
    rng random = {3};
    uint8_t root[SEAL_KEY], ours[64], theirs[64], body[400];
    for (size_t n = 0; n < sizeof body; n++) {
        for (int i = 0; i < SEAL_KEY; i++) root[i] = (uint8_t)rng_u64(&random);
        for (size_t i = 0; i < n; i++) body[i] = (uint8_t)rng_u64(&random);
        seal_keys keys;
        seal_keys_make(root, (lk_str){"a-room", 6}, &keys);
        lk_guard guard = seal_guard(&keys);
        uint8_t key[32];
        ed25519_public(keys.sign, key);
        CHECK_BYTES(key, 32, keys.check, 32);
        lk_bytes head = {(const uint8_t *)"lorikeet update 1/a-room/", 25}, blob = {body, n};
        guard.sign(guard.context, blob, theirs);
        ed25519_sign(keys.sign, key, head, blob, ours);
        CHECK_BYTES(ours, 64, theirs, 64);
        CHECK(ed25519_verify(key, head, blob, theirs));
        CHECK(guard.verify(guard.context, blob, ours));
        /* and what is none */
        size_t bit = rng_below(&random, 512);
        ours[bit / 8] ^= (uint8_t)(1 << (bit & 7));
        CHECK(!ed25519_verify(key, head, blob, ours) && !guard.verify(guard.context, blob, ours));
        if (n > 0) {
            body[rng_below(&random, (uint32_t)n)] ^= 1;
            CHECK(!ed25519_verify(key, head, blob, theirs));
        }
        key[rng_below(&random, 32)] ^= (uint8_t)(1 << rng_below(&random, 8));
        CHECK(!ed25519_verify(key, head, (lk_bytes){body, n}, theirs));
    }
}

/* The number of a signature is less than the order of the group: else everyone could make a second
 * one of each. */
static void check_second(void) {
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    uint8_t seed[32] = {1}, key[32], signature[64];
    ed25519_public(seed, key);
    ed25519_sign(seed, key, (lk_bytes){0}, (lk_bytes){seed, 32}, signature);
    CHECK(ed25519_verify(key, (lk_bytes){0}, (lk_bytes){seed, 32}, signature));
    unsigned carry = 0;
    for (int i = 0; i < 32; i++) {
        carry += signature[32 + i] + order[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    CHECK(!ed25519_verify(key, (lk_bytes){0}, (lk_bytes){seed, 32}, signature));
}

int main(void) {
    check_vectors();
    check_beside();
    check_second();
    puts("ed25519: 3 vectors, 400 messages beside OpenSSL");
    return 0;
}
