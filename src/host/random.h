/* SPDX-License-Identifier: MIT
 * random.h - unpredictable bytes. */
#ifndef HOST_RANDOM_H
#define HOST_RANDOM_H

#include "base/mem.h"

/* Aborts if the system has no randomness to give. */
void random_bytes(void *into, size_t len);
uint64_t random_u64(void);

/* 16 random bytes in base64url: names of rooms and of signalling peers. */
#define RANDOM_NAME_LEN 22
void random_name(char out[RANDOM_NAME_LEN + 1]);

#endif
