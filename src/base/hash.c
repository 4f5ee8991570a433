/* SPDX-License-Identifier: MIT
 * hash.c - the only file that includes xxhash, whose code it takes in whole. */
#include "base/hash.h"

#define XXH_INLINE_ALL
#define XXH_NO_LONG_LONG /* XXH32 alone */
#include <xxhash.h>

uint32_t hash_xx32(const void *at, size_t len, uint32_t seed) { return XXH32(at, len, seed); }
