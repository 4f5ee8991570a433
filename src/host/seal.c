/* SPDX-License-Identifier: MIT
 * seal.c - keys; a number for each word, which is the cipher's nonce; boxes; signatures. */
#include "host/seal.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "host/document.h"
#include "host/heap.h"
#include "host/random.h"

enum { SEAL_NONCE = 12 };

static void seal_hkdf(const uint8_t key[SEAL_KEY], const lk_buf *info, uint8_t out[SEAL_KEY]) {
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string("digest", digest, 0),
        OSSL_PARAM_construct_octet_string("key", (void *)(uintptr_t)key, SEAL_KEY),
        OSSL_PARAM_construct_octet_string("info", info->at, info->len), OSSL_PARAM_construct_end()};
    EVP_KDF *hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(hkdf);
    LK_ASSERT(EVP_KDF_derive(context, out, SEAL_KEY, params) == 1);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(hkdf);
}

void seal_derive(const uint8_t key[SEAL_KEY], const char *what, lk_str room,
                 uint8_t out[SEAL_KEY]) {
    lk_buf info = HEAP_BUF;
    heap_print(&info, "%s/%.*s", what, (int)room.len, room.at);
    seal_hkdf(key, &info, out);
    lk_buf_free(&info);
}

/* The key of one way. No name has a slash. */
static void seal_way(const uint8_t key[SEAL_KEY], lk_str room, lk_str from, lk_str to,
                     uint8_t out[SEAL_KEY]) {
    lk_buf path = HEAP_BUF;
    heap_print(&path, "%.*s/%.*s/%.*s", (int)room.len, room.at, (int)from.len, from.at, (int)to.len,
               to.at);
    seal_derive(key, "lorikeet signal 1", (lk_str){(const char *)path.at, path.len}, out);
    lk_buf_free(&path);
}

void seal_begin(seal *s, lk_str room, const uint8_t key[SEAL_KEY], lk_str self, lk_str peer) {
    *s = (seal){0};
    seal_way(key, room, self, peer, s->out);
    seal_way(key, room, peer, self, s->in);
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

/* An AEAD cipher with a tag of 16 bytes and a nonce of 12; `header` is bound to it. */
static void seal_encrypt(const EVP_CIPHER *cipher, const uint8_t *key, const uint8_t *nonce,
                         lk_bytes header, lk_bytes plain, lk_buf *out) {
    uint8_t *at = seal_room(out, plain.len + SEAL_TAG);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int len, rest;
    LK_ASSERT(EVP_EncryptInit_ex(context, cipher, NULL, key, nonce) == 1);
    if (header.len > 0)
        LK_ASSERT(EVP_EncryptUpdate(context, NULL, &len, header.at, (int)header.len) == 1);
    LK_ASSERT(EVP_EncryptUpdate(context, at, &len, plain.at, (int)plain.len) == 1 &&
              EVP_EncryptFinal_ex(context, at + len, &rest) == 1 &&
              EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG, at + plain.len) == 1);
    EVP_CIPHER_CTX_free(context);
    out->len += plain.len + SEAL_TAG;
}

static bool seal_decrypt(const EVP_CIPHER *cipher, const uint8_t *key, const uint8_t *nonce,
                         lk_bytes header, lk_bytes box, lk_buf *out) {
    if (box.len < SEAL_TAG || box.len > INT32_MAX) return false;
    size_t plain_len = box.len - SEAL_TAG;
    uint8_t tag[SEAL_TAG], *at = seal_room(out, plain_len);
    memcpy(tag, box.at + plain_len, SEAL_TAG);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int len, rest;
    LK_ASSERT(EVP_DecryptInit_ex(context, cipher, NULL, key, nonce) == 1);
    if (header.len > 0)
        LK_ASSERT(EVP_DecryptUpdate(context, NULL, &len, header.at, (int)header.len) == 1);
    LK_ASSERT(EVP_DecryptUpdate(context, at, &len, box.at, (int)plain_len) == 1 &&
              EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG, tag) == 1);
    bool good = EVP_DecryptFinal_ex(context, at + len, &rest) == 1;
    EVP_CIPHER_CTX_free(context);
    if (good) out->len += plain_len;
    return good;
}

/* ---- words ---- */

uint64_t seal_close(seal *s, lk_bytes word, lk_buf *out) {
    uint8_t nonce[SEAL_NONCE];
    seal_nonce(++s->said, nonce);
    seal_encrypt(EVP_chacha20_poly1305(), s->out, nonce, (lk_bytes){0}, word, out);
    return s->said;
}

bool seal_open(seal *s, uint64_t number, lk_bytes sealed, lk_buf *out) {
    uint8_t nonce[SEAL_NONCE];
    if (number <= s->heard) return false;
    seal_nonce(number, nonce);
    if (!seal_decrypt(EVP_chacha20_poly1305(), s->in, nonce, (lk_bytes){0}, sealed, out))
        return false;
    s->heard = number;
    return true;
}

/* ---- slips ---- */

void seal_slip_close(const uint8_t key[SEAL_KEY], lk_str room, lk_bytes words, lk_buf *out) {
    uint8_t own[SEAL_KEY], nonce[SEAL_NONCE];
    seal_derive(key, "lorikeet slip 1", room, own);
    random_bytes(nonce, sizeof nonce);
    buf_append(out, nonce, sizeof nonce);
    seal_encrypt(EVP_chacha20_poly1305(), own, nonce, (lk_bytes){0}, words, out);
}

bool seal_slip_open(const uint8_t key[SEAL_KEY], lk_str room, lk_bytes sealed, lk_buf *out) {
    uint8_t own[SEAL_KEY];
    if (sealed.len < SEAL_NONCE) return false;
    seal_derive(key, "lorikeet slip 1", room, own);
    lk_bytes box = {sealed.at + SEAL_NONCE, sealed.len - SEAL_NONCE};
    return seal_decrypt(EVP_chacha20_poly1305(), own, sealed.at, (lk_bytes){0}, box, out);
}

/* ---- records ---- */

void seal_box_close(const uint8_t key[SEAL_KEY], const uint8_t iv[SEAL_IV], lk_bytes header,
                    lk_bytes plain, lk_buf *out) {
    seal_encrypt(EVP_aes_256_gcm(), key, iv, header, plain, out);
}

bool seal_box_open(const uint8_t key[SEAL_KEY], const uint8_t iv[SEAL_IV], lk_bytes header,
                   lk_bytes box, lk_buf *out) {
    return seal_decrypt(EVP_aes_256_gcm(), key, iv, header, box, out);
}

/* ---- signatures ---- */

void seal_keys_make(const uint8_t key[SEAL_KEY], lk_str room, seal_keys *out) {
    *out = (seal_keys){.writes = true, .id = room};
    seal_derive(key, "lorikeet read 1", room, out->read);
    seal_derive(key, "lorikeet write 1", room, out->sign);
    size_t len = SEAL_KEY;
    EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, out->sign, SEAL_KEY);
    LK_ASSERT(pair != NULL && EVP_PKEY_get_raw_public_key(pair, out->check, &len) == 1);
    EVP_PKEY_free(pair);
}

void seal_keys_name(const seal_keys *room, lk_str id, seal_keys *out) {
    *out = *room;
    out->id = id;
}

/* What a signature is made for: the blob, in this document. Those of a document with a name begin
 * otherwise, so that nothing signed for one of them is a blob of the room's first. */
static lk_buf seal_said(const seal_keys *keys, lk_bytes blob) {
    lk_buf said = HEAP_BUF;
    heap_print(&said, "lorikeet %s 1/%.*s/", document_is_named(keys->id) ? "named" : "update",
               (int)keys->id.len, keys->id.at);
    buf_append(&said, blob.at, blob.len);
    return said;
}

static bool seal_sign(void *context, lk_bytes blob, uint8_t out[LK_SIGNATURE]) {
    const seal_keys *keys = context;
    lk_buf said = seal_said(keys, blob);
    size_t len = LK_SIGNATURE;
    EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, keys->sign, SEAL_KEY);
    EVP_MD_CTX *work = EVP_MD_CTX_new();
    LK_ASSERT(EVP_DigestSignInit(work, NULL, NULL, NULL, pair) == 1 &&
              EVP_DigestSign(work, out, &len, said.at, said.len) == 1);
    EVP_MD_CTX_free(work);
    EVP_PKEY_free(pair);
    lk_buf_free(&said);
    return true;
}

static bool seal_verify(void *context, lk_bytes blob, const uint8_t signature[LK_SIGNATURE]) {
    const seal_keys *keys = context;
    lk_buf said = seal_said(keys, blob);
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, keys->check, SEAL_KEY);
    EVP_MD_CTX *work = EVP_MD_CTX_new();
    bool good = EVP_DigestVerifyInit(work, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(work, signature, LK_SIGNATURE, said.at, said.len) == 1;
    EVP_MD_CTX_free(work);
    EVP_PKEY_free(key);
    lk_buf_free(&said);
    return good;
}

lk_guard seal_guard(const seal_keys *keys) {
    return (lk_guard){.context = (void *)(uintptr_t)keys,
                      .sign = keys->writes ? seal_sign : NULL,
                      .verify = seal_verify};
}

void seal_hash(lk_bytes bytes, uint8_t out[SEAL_KEY]) {
    LK_ASSERT(EVP_Digest(bytes.at, bytes.len, out, NULL, EVP_sha256(), NULL) == 1);
}

bool seal_equal(const uint8_t *a, const uint8_t *b, size_t len) {
    return CRYPTO_memcmp(a, b, len) == 0;
}
