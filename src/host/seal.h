/* SPDX-License-Identifier: MIT
 * seal.h - what peers say to one another through a server that shall neither read nor change it
 * (docs/PROTOCOL.md section 1.3): ChaCha20-Poly1305 (RFC 8439) under keys of their own for the two
 * ways between two peers, which HKDF-SHA256 (RFC 5869) makes of the room's key. And the records of
 * %ELO (section 3): AES-256-GCM; and who may write (section 2.1): Ed25519 (RFC 8032). The only door
 * to OpenSSL's ciphers. */
#ifndef HOST_SEAL_H
#define HOST_SEAL_H

#include "base/mem.h"
#include "lorikeet_room.h"

enum { SEAL_KEY = 32, SEAL_TAG = 16 };

typedef struct seal { /* between us and one peer, each under one name */
    uint8_t out[SEAL_KEY], in[SEAL_KEY];
    uint64_t said, heard; /* numbers of the last words */
} seal;

/* Names are those that signalling knows, new for each connection: a key is used for one series of
 * words. */
void seal_begin(seal *s, lk_str room, const uint8_t key[SEAL_KEY], lk_str self, lk_str peer);
/* Append the word, sealed, to `out`: SEAL_TAG bytes more. Returns its number, which goes along. */
uint64_t seal_close(seal *s, lk_bytes word, lk_buf *out);
/* Append what was sealed. false if that peer did not seal it for us as this number, or it is not
 * later than what came before; nothing is changed then. */
bool seal_open(seal *s, uint64_t number, lk_bytes sealed, lk_buf *out);

/* The same for a slip (slip.h), which people carry: it may be opened at any time, and more than
 * once. A random nonce, the words and the tag. */
void seal_slip_close(const uint8_t key[SEAL_KEY], lk_str room, lk_bytes words, lk_buf *out);
bool seal_slip_open(const uint8_t key[SEAL_KEY], lk_str room, lk_bytes sealed, lk_buf *out);

/* ---- records of %ELO ---- */

enum { SEAL_IV = 12 };

/* HKDF of the key for "WHAT/ROOM": keys of other uses, from which nobody finds the way back. */
void seal_derive(const uint8_t key[SEAL_KEY], const char *what, lk_str room, uint8_t out[SEAL_KEY]);
/* Append `plain`, encrypted and with its tag: SEAL_TAG bytes more. An iv is used once. */
void seal_box_close(const uint8_t key[SEAL_KEY], const uint8_t iv[SEAL_IV], lk_bytes header,
                    lk_bytes plain, lk_buf *out);
/* Append what is in the box. false if it was not closed so, with nothing changed. */
bool seal_box_open(const uint8_t key[SEAL_KEY], const uint8_t iv[SEAL_IV], lk_bytes header,
                   lk_bytes box, lk_buf *out);

/* ---- who may write ---- */

typedef struct seal_keys {   /* what a link gives */
    uint8_t read[SEAL_KEY];  /* the room's key: whoever may read has it */
    uint8_t check[SEAL_KEY]; /* tells whose signature is one: likewise */
    uint8_t sign[SEAL_KEY];  /* makes them */
    bool writes;             /* there is `sign` */
    lk_str id;               /* of the document; a view that must stay */
} seal_keys;

/* Those of who may write, all of them made of one. */
void seal_keys_make(const uint8_t key[SEAL_KEY], lk_str room, seal_keys *out);
/* The same for another document of the room. */
void seal_keys_name(const seal_keys *room, lk_str id, seal_keys *out);
/* A document's guard by these keys, which must stay. */
lk_guard seal_guard(const seal_keys *keys);

/* SHA-256; and comparing without telling by the time it takes how far two are the same. */
void seal_hash(lk_bytes bytes, uint8_t out[SEAL_KEY]);
bool seal_equal(const uint8_t *a, const uint8_t *b, size_t len);

#endif
