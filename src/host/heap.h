/* SPDX-License-Identifier: MIT
 * heap.h - the memory of the program. The libraries report that memory is out; the program has
 * nothing better to do than to say so and stop, so its own code has no branches for it. */
#ifndef HOST_HEAP_H
#define HOST_HEAP_H

#include "base/mem.h"

extern const lk_memory heap_memory; /* never returns NULL for a non-zero length */
/* A new document in it, keyed at random (lk_memory.hash_key), that writes as `peer`. */
lk_doc *heap_doc(uint64_t peer);

#define HEAP_BUF {.memory = &heap_memory}
/* One zeroed T, and its end. */
#define heap_new(T) ((T *)mem_zalloc(&heap_memory, sizeof(T)))
#define heap_free(T, at) mem_free(&heap_memory, (at), sizeof(T))

/* Append as printf does; the bytes are followed by a NUL that is not counted. */
__attribute__((format(printf, 2, 3))) void heap_print(lk_buf *out, const char *format, ...);
/* The buffer as a C string. */
const char *heap_str(lk_buf *buf);

#endif
