/* SPDX-License-Identifier: MIT
 * heap.c - an allocator that prints and aborts where the C library's returns NULL. */
#include "host/heap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/random.h"

static void *heap_resize(void *context, void *at, size_t old_len, size_t new_len) {
    (void)context;
    void *moved = mem_default.resize(mem_default.context, at, old_len, new_len);
    if (moved == NULL && new_len > 0) {
        fprintf(stderr, "lorikeet: out of memory (%zu bytes were wanted)\n", new_len);
        abort();
    }
    return moved;
}

const lk_memory heap_memory = {.resize = heap_resize};

lk_doc *heap_doc(uint64_t peer) {
    lk_memory memory = heap_memory;
    random_bytes(memory.hash_key, sizeof memory.hash_key);
    return lk_new(peer, &memory);
}

void heap_print(lk_buf *out, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    LK_ASSERT(len >= 0);
    buf_reserve(out, (size_t)len + 1);
    va_start(arguments, format);
    vsnprintf((char *)out->at + out->len, (size_t)len + 1, format, arguments);
    va_end(arguments);
    out->len += (size_t)len;
}

const char *heap_str(lk_buf *buf) {
    buf_reserve(buf, 1);
    buf->at[buf->len] = 0;
    return (const char *)buf->at;
}
