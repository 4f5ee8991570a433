/* SPDX-License-Identifier: MIT
 * libc.c - the little of a C library that the engine and LZ4 call. With bulk memory, copying and
 * filling are single instructions, so the builtins below do not call themselves. */
#include "alloc.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 65536u

extern uint8_t __heap_base; /* from the linker: where data and stack end */

bool alloc_grow(size_t len, uint8_t **start, size_t *got) {
    static bool begun;
    size_t pages = (len + PAGE - 1) / PAGE;
    size_t before = __builtin_wasm_memory_grow(0, pages);
    if (before == SIZE_MAX) return false;
    *start = (uint8_t *)(before * PAGE);
    *got = pages * PAGE;
    if (!begun) { /* what is left of the pages the module began with */
        *got += (size_t)(*start - &__heap_base);
        *start = &__heap_base;
        begun = true;
    }
    return true;
}

void *malloc(size_t len) { return alloc_new(len); }
void *realloc(void *at, size_t len) { return alloc_resize(at, len); }
void free(void *at) { alloc_free(at); }

void *calloc(size_t count, size_t len) {
    size_t total;
    if (__builtin_mul_overflow(count, len, &total)) return NULL;
    void *at = alloc_new(total);
    if (at != NULL) memset(at, 0, total);
    return at;
}

void *memcpy(void *restrict to, const void *restrict from, size_t len) {
    return __builtin_memcpy(to, from, len);
}

void *memmove(void *to, const void *from, size_t len) { return __builtin_memmove(to, from, len); }

void *memset(void *at, int byte, size_t len) { return __builtin_memset(at, byte, len); }

int memcmp(const void *a, const void *b, size_t len) {
    const uint8_t *p = a, *q = b;
    for (size_t i = 0; i < len; i++)
        if (p[i] != q[i]) return p[i] < q[i] ? -1 : 1;
    return 0;
}

size_t strlen(const char *s) {
    size_t len = 0;
    while (s[len] != 0) len++;
    return len;
}
