/* SPDX-License-Identifier: MIT
 * hash.h - xxHash32, the checksum of every Loro format. The door to xxhash. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/mem.h"

/* "LORO", little-endian: the seed of checksums over documents and their blocks. */
#define HASH_SEED_LORO 0x4f524f4cu

uint32_t hash_xx32(const void *at, size_t len, uint32_t seed);

#endif
