/* SPDX-License-Identifier: MIT
 * string.h - for the WASM build: what web/libc.c has of it. */
#ifndef WEB_LIBC_STRING_H
#define WEB_LIBC_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *at, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *s);

#endif
