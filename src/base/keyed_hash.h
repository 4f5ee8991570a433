/* SPDX-License-Identifier: MIT
 * keyed_hash.h - hashes of names for tables (table.h), under a secret key (lk_memory.hash_key): who
 * does not know it can choose no names that collide more than others. Names come from documents,
 * and documents from strangers. */
#ifndef BASE_KEYED_HASH_H
#define BASE_KEYED_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Up to eight bytes are a number (below). The rest: SipHash-1-3 (Aumasson and Bernstein, 2012; with
 * one round a word and three at the end), its low 32 bits. */
uint32_t keyed_hash(const uint64_t key[2], const void *at, size_t len);
/* Multiply-shift on two halves (Dietzfelbinger et al.): of two numbers, whichever they are, all 32
 * bits are alike under one key in 2^32. */
uint32_t keyed_hash_u64(const uint64_t key[2], uint64_t v);

#endif
