/* SPDX-License-Identifier: MIT
 * random.h - unpredictable bytes, and the base64url they are shown in. */
#ifndef HOST_RANDOM_H
#define HOST_RANDOM_H

#include "base/mem.h"

/* Aborts if the system has no randomness to give. */
void random_bytes(void *into, size_t len);
uint64_t random_u64(void);

/* base64url without padding (RFC 4648, section 5): `len` bytes become (4 * len + 2) / 3
 * characters and a NUL. */
void random_base64url(const uint8_t *bytes, size_t len, char *out);
/* 16 random bytes so spelled: names of rooms and of signalling peers. */
#define RANDOM_NAME_LEN 22
void random_name(char out[RANDOM_NAME_LEN + 1]);

#endif
