/* SPDX-License-Identifier: MIT
 * mem.c - the only caller of malloc; arenas.
 *
 *   arena:  [block] <- [block] <- [block | used......|free ]     blocks double from 4 KiB to 1 MiB
 *                                                    at    end
 * A mark is (newest block, at); rewinding frees the blocks made since. */
#include "base/mem.h"

#include <stdlib.h>

#define ARENA_BLOCK_MIN 4096u
#define ARENA_BLOCK_MAX (1u << 20)
#define ARENA_BLOCK_KEPT (32u << 10) /* by a reset, at most */
#define ARENA_ALIGN 16u              /* no type of ours needs more */

struct arena_block {
    arena_block *before;
    size_t len; /* of the whole block, header included */
};
#define ARENA_HEADER ((sizeof(arena_block) + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN)

static void *mem_default_resize(void *context, void *at, size_t old_len, size_t new_len) {
    (void)context, (void)old_len;
    if (new_len == 0) {
        free(at);
        return NULL;
    }
    return realloc(at, new_len);
}

const lk_memory mem_default = {.resize = mem_default_resize};

void *mem_alloc(const lk_memory *heap, size_t len) {
    return heap->resize(heap->context, NULL, 0, len == 0 ? 1 : len);
}

void *mem_zalloc(const lk_memory *heap, size_t len) {
    void *at = mem_alloc(heap, len);
    if (at != NULL) __builtin_memset(at, 0, len);
    return at;
}

void *mem_resize(const lk_memory *heap, void *at, size_t old_len, size_t new_len) {
    return heap->resize(heap->context, at, old_len == 0 && at != NULL ? 1 : old_len,
                        new_len == 0 ? 1 : new_len);
}

void mem_free(const lk_memory *heap, void *at, size_t len) {
    if (at != NULL) heap->resize(heap->context, at, len == 0 ? 1 : len, 0);
}

bool mem_vec_reserve(const lk_memory *heap, void **at, size_t *cap, size_t len, size_t more,
                     size_t item_len) {
    if (more <= *cap - len) return true;
    if (more > SIZE_MAX / item_len / 2 - len) return false;
    size_t least = item_len == 1 ? 64 : 4;
    size_t grown = *cap < least ? least : *cap * 2;
    if (grown < len + more) grown = len + more;
    void *fresh = mem_resize(heap, *at, *cap * item_len, grown * item_len);
    if (fresh == NULL) return false;
    *at = fresh;
    *cap = grown;
    return true;
}

void arena_init(arena *a, const lk_memory *heap) {
    *a = (arena){.heap = heap, .block_len = ARENA_BLOCK_MIN};
}

static void arena_pop(arena *a) {
    arena_block *block = a->last;
    a->last = block->before;
    mem_free(a->heap, block, block->len);
}

void arena_drop(arena *a) {
    while (a->last != NULL) arena_pop(a);
    arena_init(a, a->heap);
}

#ifndef LK_ARENA_SINGLE
static void arena_drop_before(arena *a, arena_block *block) {
    while (block->before != NULL) {
        arena_block *older = block->before;
        block->before = older->before;
        mem_free(a->heap, older, older->len);
    }
}
#endif

void arena_reset(arena *a) {
#ifdef LK_ARENA_SINGLE
    while (a->last != NULL) arena_pop(a);
    a->at = a->end = NULL;
#else
    while (a->last != NULL && a->last->len > ARENA_BLOCK_KEPT) arena_pop(a);
    a->at = a->end = NULL;
    a->block_len = ARENA_BLOCK_MIN;
    if (a->last != NULL) {
        arena_drop_before(a, a->last);
        a->at = (uint8_t *)a->last + ARENA_HEADER;
        a->end = (uint8_t *)a->last + a->last->len;
        a->block_len = 2 * a->last->len;
    }
#endif
    a->failed = false;
}

void arena_rewind(arena *a, arena_mark mark) {
    while (a->last != mark.last) arena_pop(a);
    a->at = mark.at;
    a->end = a->last == NULL ? NULL : (uint8_t *)a->last + a->last->len;
    a->failed = false;
}

/* A new newest block with room for `len`; blocks double, so that their number stays logarithmic. */
static bool arena_grow(arena *a, size_t len) {
    if (len > SIZE_MAX - ARENA_HEADER - ARENA_ALIGN) return false;
    size_t need = ARENA_HEADER + len;
#ifndef LK_ARENA_SINGLE
    if (need < a->block_len) need = a->block_len;
    if (a->block_len < ARENA_BLOCK_MAX) a->block_len *= 2;
#endif
    arena_block *block = mem_alloc(a->heap, need);
    if (block == NULL) return false;
    *block = (arena_block){.before = a->last, .len = need};
    a->last = block;
    a->at = (uint8_t *)block + ARENA_HEADER;
    a->end = (uint8_t *)block + need;
    return true;
}

static void *arena_take(arena *a, size_t len, size_t align) {
    size_t pad = (size_t)(-(uintptr_t)a->at & (align - 1));
#ifdef LK_ARENA_SINGLE
    bool fits = false;
#else
    bool fits =
        a->last != NULL && (size_t)(a->end - a->at) >= pad && (size_t)(a->end - a->at) - pad >= len;
#endif
    if (!fits) {
        if (!arena_grow(a, len)) {
            a->failed = true;
            return NULL;
        }
        pad = 0;
    }
    void *at = a->at + pad;
    a->at += pad + len;
    return at;
}

void *arena_alloc(arena *a, size_t len) { return arena_take(a, len, ARENA_ALIGN); }

void *arena_array(arena *a, size_t count, size_t item_len) {
    if (count <= SIZE_MAX / item_len) return arena_alloc(a, count * item_len);
    a->failed = true;
    return NULL;
}

void *arena_copy(arena *a, const void *from, size_t len) {
    void *copy = arena_alloc(a, len);
    if (copy != NULL) __builtin_memcpy(copy, from, len);
    return copy;
}

void *arena_bytes(arena *a, size_t len) { return arena_take(a, len, 1); }

bool arena_extend(arena *a, const void *at, size_t len, size_t more) {
    if (a->last == NULL || (const uint8_t *)at + len != a->at) return false;
    if ((size_t)(a->end - a->at) < more) return false;
    a->at += more;
    return true;
}

static void *arena_resize(void *context, void *at, size_t old_len, size_t new_len) {
    if (new_len <= old_len) return new_len == 0 ? NULL : at;
    if (at != NULL && arena_extend(context, at, old_len, new_len - old_len)) return at;
    void *moved = arena_alloc(context, new_len);
    if (moved != NULL && old_len > 0) __builtin_memcpy(moved, at, old_len);
    return moved;
}

lk_memory arena_memory(arena *a) {
    lk_memory memory = *a->heap;
    memory.context = a, memory.resize = arena_resize;
    return memory;
}

bool mem_arena_vec_reserve(arena *a, void **at, size_t *cap, size_t len, size_t item_len) {
    if (len < *cap) return true;
    size_t grown = *cap == 0 ? 16 : 2 * *cap;
    if (grown > SIZE_MAX / item_len) {
        a->failed = true;
        return false;
    }
    void *moved = arena_alloc(a, grown * item_len);
    if (moved == NULL) return false;
    if (len > 0) __builtin_memcpy(moved, *at, len * item_len);
    *at = moved;
    *cap = grown;
    return true;
}

static const lk_memory *buf_heap(const lk_buf *buf) {
    return buf->memory == NULL ? &mem_default : buf->memory;
}

bool buf_reserve(lk_buf *buf, size_t more) {
    return mem_vec_reserve(buf_heap(buf), (void **)(void *)&buf->at, &buf->cap, buf->len, more, 1);
}

bool buf_append(lk_buf *buf, const void *at, size_t len) {
    if (len > buf->cap - buf->len && !buf_reserve(buf, len)) return false;
    if (len > 0) __builtin_memcpy(buf->at + buf->len, at, len);
    buf->len += len;
    return true;
}

void lk_buf_free(lk_buf *buf) {
    mem_free(buf_heap(buf), buf->at, buf->cap);
    buf->at = NULL;
    buf->len = buf->cap = 0;
}

const char *lk_status_text(lk_status status) {
    switch (status) {
#define X(name, code, text)                                                                        \
    case LK_##name: return text;
        LK_STATUS_MAP(X)
#undef X
    }
    return "unknown status";
}
