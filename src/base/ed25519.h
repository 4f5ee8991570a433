/* SPDX-License-Identifier: MIT
 * ed25519.h - signatures (RFC 8032, Ed25519) where there is no other cryptography, as in a page.
 * The message is `head` and `body`, one behind the other. Programs take OpenSSL's (host/seal.h),
 * which makes the same ones. */
#ifndef BASE_ED25519_H
#define BASE_ED25519_H

#include "base/mem.h"

enum { ED25519_KEY = 32, ED25519_SIGNATURE = 64 };

/* The key that checks what is signed with this one. */
void ed25519_public(const uint8_t seed[ED25519_KEY], uint8_t out[ED25519_KEY]);
/* `key` is the seed's own. Takes as long for one seed as for another. */
void ed25519_sign(const uint8_t seed[ED25519_KEY], const uint8_t key[ED25519_KEY], lk_bytes head,
                  lk_bytes body, uint8_t out[ED25519_SIGNATURE]);
bool ed25519_verify(const uint8_t key[ED25519_KEY], lk_bytes head, lk_bytes body,
                    const uint8_t signature[ED25519_SIGNATURE]);

#endif
