/* SPDX-License-Identifier: MIT
 * alloc.h - an allocator over memory that only grows, for a module without a C library. */
#ifndef WEB_ALLOC_H
#define WEB_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Supplied by the platform: lengthen the memory by at least `len` bytes and say where the new part
 * begins and how long it is. New parts follow the ones before without a gap. false: none left. */
bool alloc_grow(size_t len, uint8_t **start, size_t *got);

/* `len` bytes aligned to 16, or NULL when memory is out. O(1). */
void *alloc_new(size_t len);
/* In place when the block, or the free block behind it, is long enough. NULL leaves `at` as it was.
 */
void *alloc_resize(void *at, size_t len);
void alloc_free(void *at);
/* Bytes in blocks in use, headers included: what tests compare before and after. */
size_t alloc_used(void);

#endif
