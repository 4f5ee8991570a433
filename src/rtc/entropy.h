/* SPDX-License-Identifier: MIT
 * entropy.h - random bytes for ICE: OpenSSL's, or for tests the same ones for the same seed. */
#ifndef RTC_ENTROPY_H
#define RTC_ENTROPY_H

#include "base/mem.h"

typedef struct entropy {
    uint64_t state; /* 0: OpenSSL's random */
} entropy;

void entropy_bytes(entropy *e, void *out, size_t len);
uint64_t entropy_u64(entropy *e);
/* `len` characters of the ice-char alphabet (RFC 8839 section 5.4), six bits each. */
void entropy_text(entropy *e, char *out, size_t len);

#endif
