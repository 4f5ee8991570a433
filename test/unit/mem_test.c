/* SPDX-License-Identifier: MIT
 * mem_test.c - arenas beside a list of what was handed out, vectors and buffers; every failure of
 * the heap, and sizes that would wrap. */
#include "base/mem.h"

#include "check.h"

static size_t heap_left = SIZE_MAX, heap_bytes;

/* Counts bytes by the sizes its callers say, so that a wrong old_len shows. */
static void *test_resize(void *context, void *at, size_t old_len, size_t new_len) {
    (void)context;
    CHECK((at == NULL) == (old_len == 0));
    if (new_len == 0) {
        heap_bytes -= old_len;
        free(at);
        return NULL;
    }
    if (heap_left == 0) return NULL;
    heap_left--;
    void *moved = realloc(at, new_len);
    CHECK(moved != NULL);
    heap_bytes += new_len - old_len;
    return moved;
}

static const lk_memory test_heap = {.resize = test_resize};

/* ---- arenas ---- */

typedef struct grant {
    uint8_t *at;
    size_t len;
} grant;

enum { GRANTS_MAX = 400 };

typedef struct world {
    arena arena;
    grant grants[GRANTS_MAX];
    size_t len;
    rng r;
} world;

static uint8_t world_byte(size_t i) { return (uint8_t)(i * 37 + 11); }

static void world_check(const world *w) {
    for (size_t i = 0; i < w->len; i++)
        for (size_t k = 0; k < w->grants[i].len; k++) CHECK_EQ(w->grants[i].at[k], world_byte(i));
}

static void world_grant(world *w) {
    bool aligned = rng_below(&w->r, 2);
    size_t len = rng_below(&w->r, 50) == 0 ? rng_below(&w->r, 1u << 16) : rng_below(&w->r, 60);
    uint8_t *at = aligned ? arena_alloc(&w->arena, len) : arena_bytes(&w->arena, len);
    CHECK(at != NULL && !w->arena.failed);
    if (aligned) CHECK_EQ((uintptr_t)at % _Alignof(max_align_t), 0);
    memset(at, world_byte(w->len), len);
    w->grants[w->len++] = (grant){at, len};
}

/* Lengthen the newest; only the newest can be. */
static void world_extend(world *w) {
    if (w->len < 2) return;
    grant *last = &w->grants[w->len - 1], *older = last - 1;
    if (older->at + older->len != w->arena.at)
        CHECK(!arena_extend(&w->arena, older->at, older->len, 1));
    size_t more = rng_below(&w->r, 20);
    if (!arena_extend(&w->arena, last->at, last->len, more)) return;
    memset(last->at + last->len, world_byte(w->len - 1), more);
    last->len += more;
}

static void test_arena(uint64_t seed) {
    world *w = calloc(1, sizeof *w);
    w->r.state = seed;
    arena_init(&w->arena, &test_heap);
    for (uint32_t round = 0; round < 30; round++) {
        size_t marked_len = rng_below(&w->r, GRANTS_MAX);
        while (w->len < marked_len) world_grant(w);
        marked_len = w->len;
        arena_mark mark = arena_save(&w->arena);
        while (w->len < GRANTS_MAX) {
            world_grant(w);
            if (rng_below(&w->r, 3) == 0 && w->len - 1 > marked_len) world_extend(w);
        }
        world_check(w);
        size_t full = heap_bytes;
        arena_rewind(&w->arena, mark);
        w->len = marked_len;
        CHECK(heap_bytes <= full);
        world_check(w);
        if (rng_below(&w->r, 3) > 0) continue;
        arena_reset(&w->arena);
        w->len = 0;
    }
    arena_drop(&w->arena);
    CHECK_EQ(heap_bytes, 0);
    free(w);
}

/* A reset gives back all blocks but one, which is not large; what fits it asks for nothing. */
static void test_arena_reset(void) {
    arena a;
    arena_init(&a, &test_heap);
    CHECK_EQ(heap_bytes, 0);
    for (uint32_t i = 0; i < 1000; i++) CHECK(arena_alloc(&a, 10000) != NULL);
    CHECK(heap_bytes >= 1000 * 10000);
    arena_reset(&a);
    size_t kept = heap_bytes;
    CHECK(kept <= 32 * 1024);
    for (uint32_t round = 0; round < 10; round++) {
        CHECK(arena_alloc(&a, 10000) != NULL);
        if (round > 0) CHECK_EQ(heap_bytes, kept);
        kept = heap_bytes;
        arena_reset(&a);
    }
    for (uint32_t i = 0; i < 3; i++) CHECK(arena_alloc(&a, 3000) != NULL);
    arena_drop(&a);
    CHECK_EQ(heap_bytes, 0);
}

/* What a growing array leaves behind in the arena is less than it holds. */
static void test_arena_vec(void) {
    arena a;
    arena_init(&a, &test_heap);
    VEC(uint32_t) v = {NULL, 0, 0};
    for (uint32_t i = 0; i < 5000; i++) {
        uint32_t *item = arena_vec_push(&a, &v);
        CHECK(item != NULL);
        *item = i;
    }
    for (uint32_t i = 0; i < 5000; i++) CHECK_EQ(v.at[i], i);
    CHECK(heap_bytes < 8 * v.cap * sizeof *v.at);
    heap_left = 0;
    while (!a.failed && v.len < 1u << 20) (void)arena_vec_push(&a, &v);
    CHECK(a.failed && v.len < 1u << 20 && v.at[4999] == 4999);
    heap_left = SIZE_MAX;
    arena_drop(&a);
    CHECK_EQ(heap_bytes, 0);
}

static void test_arena_failing(void) {
    arena a;
    arena_init(&a, &test_heap);
    CHECK(arena_alloc(&a, 0) != NULL);
    heap_left = 0;
    CHECK(arena_alloc(&a, 1 << 20) == NULL && a.failed);
    CHECK(arena_alloc(&a, SIZE_MAX) == NULL);
    heap_left = SIZE_MAX;
    CHECK(arena_alloc(&a, SIZE_MAX - 8) == NULL);
    CHECK(a.failed); /* sticky, until the next call begins */
    arena_reset(&a);
    CHECK(!a.failed);
    CHECK(arena_new(&a, uint64_t, SIZE_MAX / 4) == NULL && a.failed);
    arena_drop(&a);
    CHECK_EQ(heap_bytes, 0);
}

/* ---- vectors, buffers, blocks ---- */

static void test_vec(void) {
    VEC(uint32_t) v = {NULL, 0, 0};
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t *item = vec_push(&test_heap, &v);
        CHECK(item != NULL);
        *item = i;
    }
    CHECK(v.cap < 2048);
    for (uint32_t i = 0; i < 1000; i++) CHECK_EQ(v.at[i], i);
    size_t cap = v.cap;
    heap_left = 0;
    CHECK(vec_reserve(&test_heap, &v, v.cap - v.len));
    CHECK(!vec_reserve(&test_heap, &v, v.cap - v.len + 1));
    heap_left = SIZE_MAX;
    CHECK(!vec_reserve(&test_heap, &v, SIZE_MAX));
    CHECK(!vec_reserve(&test_heap, &v, SIZE_MAX / 4 - 100));
    CHECK(v.cap == cap && v.len == 1000 && v.at[999] == 999);
    vec_drop(&test_heap, &v);
    CHECK(v.at == NULL && v.len == 0 && v.cap == 0);
    CHECK_EQ(heap_bytes, 0);
}

static void test_buf(void) {
    lk_buf buf = {.memory = &test_heap};
    CHECK(buf_append(&buf, NULL, 0));
    for (uint32_t i = 0; i < 3000; i++) CHECK(buf_append(&buf, &(uint8_t){(uint8_t)i}, 1));
    for (uint32_t i = 0; i < 3000; i++) CHECK_EQ(buf.at[i], (uint8_t)i);
    heap_left = 0;
    CHECK(!buf_append(&buf, buf.at, buf.cap));
    CHECK_EQ(buf.len, 3000);
    heap_left = SIZE_MAX;
    lk_buf_free(&buf);
    CHECK_EQ(heap_bytes, 0);
    CHECK(buf.at == NULL && buf.len == 0 && buf.cap == 0);
    lk_buf_free(&buf);
}

static void test_blocks(void) {
    uint8_t *zero = mem_zalloc(&test_heap, 100), *none = mem_alloc(&test_heap, 0);
    CHECK(zero != NULL && none != NULL);
    for (size_t i = 0; i < 100; i++) CHECK_EQ(zero[i], 0);
    none = mem_resize(&test_heap, none, 0, 10);
    CHECK(none != NULL);
    none = mem_resize(&test_heap, none, 10, 0);
    mem_free(&test_heap, none, 0);
    mem_free(&test_heap, zero, 100);
    mem_free(&test_heap, NULL, 100);
    CHECK_EQ(heap_bytes, 0);
}

/* Every status has its message. */
static void test_status(void) {
#define X(name, code, text) CHECK(strcmp(lk_status_text(LK_##name), text) == 0);
    LK_STATUS_MAP(X)
#undef X
    CHECK(lk_status_text((lk_status)1) != NULL);
}

int main(void) {
    for (uint64_t seed = 1; seed <= 5; seed++) test_arena(seed);
    test_arena_reset();
    test_arena_vec();
    test_arena_failing();
    test_vec();
    test_buf();
    test_blocks();
    test_status();
    puts("mem: arenas, vectors, buffers; failing and wrapping requests");
    return 0;
}
