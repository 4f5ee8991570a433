/* SPDX-License-Identifier: MIT
 * mem.h - the only caller of malloc. Three lifetimes, and the parameter name says which:
 *   heap     single blocks through lk_memory, freed one by one
 *   log      an arena that lives as long as the document; only ever grows, or rewinds to a mark
 *   scratch  an arena for one call, reset when the call returns
 * Sanitizer builds (LK_ARENA_SINGLE) give each arena request its own block, so that an overrun of
 * one byte is seen. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "lorikeet.h"

/* Our bugs and the caller's trap, in release too. */
#define LK_ASSERT(condition) ((condition) ? (void)0 : __builtin_trap())
/* Expensive checks, in test, fuzz and stress builds only. */
#ifdef LK_CHECKS
#define LK_CHECK(condition) LK_ASSERT(condition)
#else
#define LK_CHECK(condition) ((void)0)
#endif

#define countof(array) (sizeof(array) / sizeof((array)[0]))

/* ---- heap ---- */

extern const lk_memory mem_default; /* the C library's */

/* NULL when memory is out. Sizes are in bytes; mem_free needs the size it was allocated with. */
void *mem_alloc(const lk_memory *heap, size_t len);
void *mem_zalloc(const lk_memory *heap, size_t len);
void *mem_resize(const lk_memory *heap, void *at, size_t old_len, size_t new_len);
void mem_free(const lk_memory *heap, void *at, size_t len);

/* A growable array: { T *at; size_t len, cap; }. Growth doubles. */
#define VEC(T)                                                                                     \
    struct {                                                                                       \
        T *at;                                                                                     \
        size_t len, cap;                                                                           \
    }
/* Make room for `more` further items; false when memory is out, with nothing changed. Mostly there
 * is: that is seen without a call, but for WebAssembly, whose size counts. */
#define vec_reserve(heap, vec, more)                                                               \
    (vec_has_room((vec), (more)) ||                                                                \
     mem_vec_reserve((heap), (void **)(void *)&(vec)->at, &(vec)->cap, (vec)->len, (more),         \
                     sizeof *(vec)->at))
#ifdef __wasm__
#define vec_has_room(vec, more) false
#else
#define vec_has_room(vec, more) ((more) <= (vec)->cap - (vec)->len)
#endif
/* Append an item, uninitialised, and point at it, or NULL. */
#define vec_push(heap, vec) (vec_reserve(heap, vec, 1) ? &(vec)->at[(vec)->len++] : NULL)
#define vec_drop(heap, vec)                                                                        \
    (mem_free((heap), (vec)->at, (vec)->cap * sizeof *(vec)->at), (vec)->at = NULL,                \
     (vec)->len = (vec)->cap = 0)
bool mem_vec_reserve(const lk_memory *heap, void **at, size_t *cap, size_t len, size_t more,
                     size_t item_len);

/* ---- arenas ---- */

typedef struct arena_block arena_block;
typedef struct arena {
    const lk_memory *heap;
    arena_block *last; /* newest block; blocks link backwards */
    uint8_t *at, *end; /* free part of the newest block */
    size_t block_len;  /* size of the next block */
    bool failed;       /* sticky: some request could not be met */
} arena;
typedef struct arena_mark {
    arena_block *last;
    uint8_t *at;
} arena_mark;

void arena_init(arena *a, const lk_memory *heap);
void arena_drop(arena *a);
/* Forget everything; keeps one block, the newest that is not large, for the next call. */
void arena_reset(arena *a);
static inline arena_mark arena_save(const arena *a) { return (arena_mark){a->last, a->at}; }
/* Give back everything requested since `mark`. */
void arena_rewind(arena *a, arena_mark mark);
/* `len` bytes aligned for any type, uninitialised; NULL (and a->failed) when memory is out. A
 * length of 0 yields a valid pointer. */
void *arena_alloc(arena *a, size_t len);
/* The same without alignment, for text. */
void *arena_bytes(arena *a, size_t len);
/* A copy of that, aligned for any type; NULL when memory is out. */
void *arena_copy(arena *a, const void *from, size_t len);
/* If `at`..`at+len` is the newest request and there is room, lengthen it in place. */
bool arena_extend(arena *a, const void *at, size_t len, size_t more);
/* An allocator for what lives no longer than the arena: nothing is given back before. What grows is
 * the newest request, or is copied. */
lk_memory arena_memory(arena *a);
/* An array of `count` items, likewise. */
void *arena_array(arena *a, size_t count, size_t item_len);
#define arena_new(a, T, count) ((T *)arena_array((a), (count), sizeof(T)))

/* A VEC whose array lives in an arena: point at a new, uninitialised item, or NULL. What it outgrew
 * stays behind in the arena, less than it holds. */
#define arena_vec_push(a, vec)                                                                     \
    (mem_arena_vec_reserve((a), (void **)(void *)&(vec)->at, &(vec)->cap, (vec)->len,              \
                           sizeof *(vec)->at)                                                      \
         ? &(vec)->at[(vec)->len++]                                                                \
         : NULL)
bool mem_arena_vec_reserve(arena *a, void **at, size_t *cap, size_t len, size_t item_len);

/* ---- owned buffers (lk_buf) ---- */

bool buf_reserve(lk_buf *buf, size_t more);
bool buf_append(lk_buf *buf, const void *at, size_t len);

#endif
