/* SPDX-License-Identifier: MIT
 * alloc_test.c - the WASM module's allocator, compiled for this machine over a region that grows.
 * The dumb twin is the list of live blocks, each filled with its own byte. */
#include "../../web/alloc.c"

#include "check.h"

#define REGION_LEN (64u << 20)
#define SLOTS 600

static _Alignas(16) uint8_t region[REGION_LEN];
static size_t region_used;
static size_t region_end = REGION_LEN; /* where memory runs out */

bool alloc_grow(size_t len, uint8_t **start, size_t *got) {
    len = (len + 65535) / 65536 * 65536;
    if (len > region_end - region_used) return false;
    *start = region + region_used;
    *got = len;
    region_used += len;
    return true;
}

typedef struct slot {
    uint8_t *at;
    size_t len;
    uint8_t fill;
} slot;

static slot slots[SLOTS];

static void slot_check(const slot *s, size_t len) {
    /* all bytes are equal when the first is right and each equals the next */
    if (len == 0) return;
    CHECK_EQ(s->at[0], s->fill);
    CHECK(memcmp(s->at, s->at + 1, len - 1) == 0);
}

static void slot_fill(slot *s, uint8_t *at, size_t len, uint8_t fill) {
    CHECK_EQ((uintptr_t)at % 16, 0);
    memset(at, fill, len);
    *s = (slot){at, len, fill};
}

/* Neighbours agree about sizes, free blocks never touch, and lists hold exactly the free blocks. */
static void heap_check(void) {
    size_t freed = 0, hung = 0, used = 0;
    uint32_t before = 0;
    block *b = (block *)(void *)(region + HEADER);
    for (; (uint8_t *)b + HEADER != heap.end; b = block_behind(b)) {
        CHECK_EQ(b->before, before);
        before = block_size(b);
        if (b->size & USED) {
            used += before;
            continue;
        }
        freed++;
        CHECK(block_behind(b)->size & USED);
    }
    for (uint32_t power = 0; power < 32; power++)
        for (uint32_t part = 0; part < LISTS; part++) {
            bool marked = heap.powers >> power & 1 && heap.parts[power] >> part & 1;
            CHECK_EQ(marked, heap.lists[power][part] != NULL);
            for (block *at = heap.lists[power][part]; at != NULL; at = at->next) hung++;
        }
    CHECK_EQ(hung, freed);
    CHECK_EQ(alloc_used(), used);
}

static size_t random_len(rng *r) {
    uint32_t most = rng_below(r, 8) == 0 ? 200000 : rng_below(r, 4) == 0 ? 4000 : 200;
    return rng_below(r, most);
}

static void test_against_twin(uint64_t seed) {
    rng r = {seed};
    size_t before = alloc_used();
    for (int step = 0; step < 10000; step++) {
        slot *s = &slots[rng_below(&r, SLOTS)];
        size_t len = random_len(&r);
        uint8_t fill = (uint8_t)rng_u64(&r);
        slot_check(s, s->len);
        if (s->at == NULL) {
            uint8_t *at = alloc_new(len);
            CHECK(at != NULL);
            slot_fill(s, at, len, fill);
        } else if (rng_below(&r, 2) == 0) {
            uint8_t *at = alloc_resize(s->at, len);
            CHECK(at != NULL);
            s->at = at;
            slot_check(s, len < s->len ? len : s->len);
            slot_fill(s, at, len, fill);
        } else {
            alloc_free(s->at);
            *s = (slot){0};
        }
        if (step % 200 == 0) heap_check();
    }
    for (size_t i = 0; i < SLOTS; i++) {
        slot_check(&slots[i], slots[i].len);
        alloc_free(slots[i].at);
        slots[i] = (slot){0};
    }
    heap_check();
    CHECK_EQ(alloc_used(), before);
}

/* What was freed is used again: the same work a second time needs no more memory. */
static void test_reuse(void) {
    size_t grown = region_used;
    for (int round = 0; round < 10; round++) test_against_twin(7);
    CHECK(region_used - grown <= 2 * GROW_MIN);
}

static void test_grows_in_place(void) {
    uint8_t *at = alloc_new(1000);
    uint8_t *behind = alloc_new(100000);
    alloc_free(behind);
    CHECK(alloc_resize(at, 50000) == at);
    CHECK(alloc_resize(at, 10) == at);
    alloc_free(at);
}

static void test_out_of_memory(void) {
    size_t before = alloc_used(), room = region_end;
    region_end = region_used;
    uint8_t *at = alloc_new(5000);
    CHECK(at != NULL);
    memset(at, 0x5a, 5000);
    CHECK(alloc_new(REGION_LEN) == NULL);
    CHECK(alloc_new(SIZE_MAX) == NULL);
    CHECK(alloc_resize(at, REGION_LEN) == NULL);
    for (size_t i = 0; i < 5000; i++) CHECK_EQ(at[i], 0x5a);
    alloc_free(at);
    CHECK_EQ(alloc_used(), before);
    heap_check();
    region_end = room;
}

int main(void) {
    for (uint64_t seed = 1; seed <= 8; seed++) test_against_twin(seed);
    test_reuse();
    test_grows_in_place();
    test_out_of_memory();
    puts("alloc: against a twin, reuse, growth, exhaustion");
    return 0;
}
