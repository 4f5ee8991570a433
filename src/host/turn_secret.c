/* SPDX-License-Identifier: MIT
 * turn_secret.c - EXPIRY:PEER, and its HMAC-SHA1 under the secret in base64. */
#include "host/turn_secret.h"

#include <inttypes.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "host/heap.h"

#define TURN_SECRET_LIFETIME_S 86400

void turn_secret_mint(lk_str secret, lk_str peer, int64_t now_s, lk_buf *username,
                      lk_buf *password) {
    uint8_t mac[20], text[29]; /* four characters for each three bytes, and a NUL */
    heap_print(username, "%" PRId64 ":%.*s", now_s + TURN_SECRET_LIFETIME_S, (int)peer.len,
               peer.at);
    LK_ASSERT(HMAC(EVP_sha1(), secret.at, (int)secret.len, username->at, username->len, mac,
                   NULL) != NULL);
    int len = EVP_EncodeBlock(text, mac, sizeof mac);
    buf_append(password, text, (size_t)len);
}
