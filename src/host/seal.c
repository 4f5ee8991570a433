/* SPDX-License-Identifier: MIT
 * seal.c - keys, and a number for each word, which is the cipher's nonce. */
#include "host/seal.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "host/heap.h"

enum { SEAL_NONCE = 12 };

/* The key of one way: HKDF of the room's key, for "lorikeet signal 1/ROOM/FROM/TO". No name has a
 * slash. */
static void seal_derive(const uint8_t key[SEAL_KEY], lk_str room, lk_str from, lk_str to,
                        uint8_t out[SEAL_KEY]) {
    lk_buf info = HEAP_BUF;
    heap_print(&info, "lorikeet signal 1/%.*s/%.*s/%.*s", (int)room.len, room.at, (int)from.len,
               from.at, (int)to.len, to.at);
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string("digest", digest, 0),
        OSSL_PARAM_construct_octet_string("key", (void *)(uintptr_t)key, SEAL_KEY),
        OSSL_PARAM_construct_octet_string("info", info.at, info.len), OSSL_PARAM_construct_end()};
    EVP_KDF *hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(hkdf);
    LK_ASSERT(EVP_KDF_derive(context, out, SEAL_KEY, params) == 1);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(hkdf);
    lk_buf_free(&info);
}

void seal_begin(seal *s, lk_str room, const uint8_t key[SEAL_KEY], lk_str self, lk_str peer) {
    *s = (seal){0};
    seal_derive(key, room, self, peer, s->out);
    seal_derive(key, room, peer, self, s->in);
}

static void seal_nonce(uint64_t number, uint8_t out[SEAL_NONCE]) {
    memset(out, 0, SEAL_NONCE);
    for (int i = 0; i < 8; i++) out[SEAL_NONCE - 1 - i] = (uint8_t)(number >> 8 * i);
}

/* Room for `len` more bytes at the end of `out`. */
static uint8_t *seal_room(lk_buf *out, size_t len) {
    LK_ASSERT(buf_reserve(out, len));
    return out->at + out->len;
}

uint64_t seal_close(seal *s, lk_bytes word, lk_buf *out) {
    uint8_t nonce[SEAL_NONCE], *at = seal_room(out, word.len + SEAL_TAG);
    seal_nonce(++s->said, nonce);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int len, rest;
    LK_ASSERT(EVP_EncryptInit_ex(context, EVP_chacha20_poly1305(), NULL, s->out, nonce) == 1 &&
              EVP_EncryptUpdate(context, at, &len, word.at, (int)word.len) == 1 &&
              EVP_EncryptFinal_ex(context, at + len, &rest) == 1 &&
              EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG, at + word.len) == 1);
    EVP_CIPHER_CTX_free(context);
    out->len += word.len + SEAL_TAG;
    return s->said;
}

bool seal_open(seal *s, uint64_t number, lk_bytes sealed, lk_buf *out) {
    if (number <= s->heard || sealed.len < SEAL_TAG || sealed.len > INT32_MAX) return false;
    size_t word_len = sealed.len - SEAL_TAG;
    uint8_t nonce[SEAL_NONCE], tag[SEAL_TAG], *at = seal_room(out, word_len);
    seal_nonce(number, nonce);
    memcpy(tag, sealed.at + word_len, SEAL_TAG);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int len, rest;
    LK_ASSERT(EVP_DecryptInit_ex(context, EVP_chacha20_poly1305(), NULL, s->in, nonce) == 1 &&
              EVP_DecryptUpdate(context, at, &len, sealed.at, (int)word_len) == 1 &&
              EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG, tag) == 1);
    bool good = EVP_DecryptFinal_ex(context, at + len, &rest) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!good) return false;
    s->heard = number;
    out->len += word_len;
    return true;
}
