/* SPDX-License-Identifier: MIT
 * random.c - OpenSSL's generator. */
#include "host/random.h"

#include <limits.h>
#include <string.h>

#include <openssl/rand.h>

#include "host/base64url.h"
#include "host/heap.h"

void random_bytes(void *into, size_t len) {
    LK_ASSERT(len <= INT_MAX && RAND_bytes(into, (int)len) == 1);
}

uint64_t random_u64(void) {
    uint64_t v;
    random_bytes(&v, sizeof v);
    return v;
}

void random_name(char out[RANDOM_NAME_LEN + 1]) {
    uint8_t bytes[16];
    random_bytes(bytes, sizeof bytes);
    lk_buf text = HEAP_BUF;
    base64url_write(&text, (lk_bytes){bytes, sizeof bytes});
    memcpy(out, heap_str(&text), RANDOM_NAME_LEN + 1);
    lk_buf_free(&text);
}
