/* SPDX-License-Identifier: MIT
 * stdlib.h - for the WASM build: what web/libc.c has of it. */
#ifndef WEB_LIBC_STDLIB_H
#define WEB_LIBC_STDLIB_H

#include <stddef.h>

void *malloc(size_t len);
void *calloc(size_t count, size_t len);
void *realloc(void *at, size_t len);
void free(void *at);

#endif
