/* SPDX-License-Identifier: MIT
 * alloc.c - blocks that know their neighbours, free ones in lists by size.
 *
 *     | before, size | payload ...... | before, size | payload ... | ... | before, END |
 *       ^ block, at 8 mod 16            ^ the block behind              no block, always in use
 *
 * Every block knows its own size and that of the block in front, so a freed block merges with free
 * neighbours at once: two free blocks never touch. Lists hold sizes of one eighth of a power of
 * two, two levels of bitmaps find the first list whose blocks are all long enough (TLSF, Masmano et
 * al. 2004), so every call is O(1) but for growing. */
#include "alloc.h"

#define HEADER 8u
#define UNIT 16u /* sizes are multiples of it, and payloads aligned to it */
#define USED 1u
#define LISTS 8u         /* per power of two */
#define EXACT 128u       /* below, each list holds one size */
#define GROW_MIN 262144u /* memory.grow detaches every view JavaScript holds: not too often */
#define LEN_MAX 0x7fff0000u

typedef struct block {
    uint32_t before; /* size of the block in front, 0 for the first */
    uint32_t size;   /* header included; USED or not */
    struct block *next, *prev;
} block;

#define BLOCK_MIN ((uint32_t)((sizeof(block) + UNIT - 1) / UNIT * UNIT))

static struct {
    block *lists[32][LISTS];
    uint8_t *end; /* one past the memory obtained */
    size_t used;
    uint32_t powers;    /* bit p: some list of power p has blocks */
    uint32_t parts[32]; /* bit i: list i of that power has */
} heap;

static uint32_t block_size(const block *b) { return b->size & ~USED; }
static block *block_behind(block *b) { return (block *)(void *)((uint8_t *)b + block_size(b)); }
static void *block_payload(block *b) { return (uint8_t *)b + HEADER; }
static block *payload_block(void *at) { return (block *)(void *)((uint8_t *)at - HEADER); }

/* The list of `size`; sizes below EXACT share power 0. */
static void alloc_list(uint32_t size, uint32_t *power, uint32_t *part) {
    if (size < EXACT) {
        *power = 0, *part = size / UNIT;
        return;
    }
    *power = 31u - (uint32_t)__builtin_clz(size);
    *part = size >> (*power - 3) & (LISTS - 1);
}

static void alloc_hang(block *b) {
    uint32_t power, part;
    alloc_list(b->size, &power, &part);
    b->prev = NULL;
    b->next = heap.lists[power][part];
    if (b->next != NULL) b->next->prev = b;
    heap.lists[power][part] = b;
    heap.powers |= 1u << power;
    heap.parts[power] |= 1u << part;
}

static void alloc_unhang(block *b) {
    uint32_t power, part;
    alloc_list(b->size, &power, &part);
    if (b->next != NULL) b->next->prev = b->prev;
    if (b->prev != NULL) {
        b->prev->next = b->next;
        return;
    }
    heap.lists[power][part] = b->next;
    if (b->next != NULL) return;
    heap.parts[power] &= ~(1u << part);
    if (heap.parts[power] == 0) heap.powers &= ~(1u << power);
}

/* A free block of at least `size`, taken off its list, or NULL. */
static block *alloc_find(uint32_t size) {
    uint32_t power, part;
    /* the next list boundary: every block of that list and of those above is long enough */
    if (size >= EXACT) size += (1u << (31 - __builtin_clz(size) - 3)) - 1;
    alloc_list(size, &power, &part);
    uint32_t parts = heap.parts[power] & ~0u << part;
    if (parts == 0) {
        uint32_t powers = power == 31 ? 0 : heap.powers & ~0u << (power + 1);
        if (powers == 0) return NULL;
        power = (uint32_t)__builtin_ctz(powers);
        parts = heap.parts[power];
    }
    block *b = heap.lists[power][__builtin_ctz(parts)];
    alloc_unhang(b);
    return b;
}

/* Give a block that is off the lists back to them, merged with its free neighbours. */
static void alloc_release(block *b, uint32_t size) {
    block *behind = (block *)(void *)((uint8_t *)b + size);
    if (!(behind->size & USED)) {
        alloc_unhang(behind);
        size += behind->size;
    }
    block *front = (block *)(void *)((uint8_t *)b - b->before);
    if (b->before != 0 && !(front->size & USED)) {
        alloc_unhang(front);
        size += front->size;
        b = front;
    }
    b->size = size;
    block_behind(b)->before = size;
    alloc_hang(b);
}

/* Cut a block of `size` out of `b` (off the lists, `have` bytes) and release the rest. */
static void *alloc_carve(block *b, uint32_t have, uint32_t size) {
    uint32_t rest = have - size;
    if (rest < BLOCK_MIN) size = have;
    b->size = size | USED;
    heap.used += size;
    block *behind = block_behind(b);
    behind->before = size;
    if (size != have) alloc_release(behind, rest);
    return block_payload(b);
}

/* Put `got` bytes at `start` behind what there is. The end mark becomes the new block's header. */
static void alloc_adopt(uint8_t *start, size_t got) {
    block *b;
    if (heap.end == NULL) {
        uint8_t *first = start + (HEADER - (uintptr_t)start % UNIT + UNIT) % UNIT;
        got -= (size_t)(first - start);
        b = (block *)(void *)first;
        b->before = 0;
    } else {
        b = (block *)(void *)(heap.end - HEADER);
        got += HEADER;
    }
    uint32_t size = (uint32_t)(got - HEADER) / UNIT * UNIT;
    heap.end = (uint8_t *)b + size + HEADER;
    block *mark = (block *)(void *)((uint8_t *)b + size);
    mark->before = size;
    mark->size = USED;
    alloc_release(b, size);
}

static bool alloc_more(uint32_t size) {
    uint8_t *start;
    size_t got;
    size_t need = (size_t)size + (size >> 3) + 2 * UNIT; /* alloc_find() rounds up by an eighth */
    if (!alloc_grow(need < GROW_MIN ? GROW_MIN : need, &start, &got) &&
        !alloc_grow(need, &start, &got))
        return false;
    alloc_adopt(start, got);
    return true;
}

static uint32_t alloc_size(size_t len) {
    uint32_t size = (uint32_t)(len + HEADER + UNIT - 1) / UNIT * UNIT;
    return size < BLOCK_MIN ? BLOCK_MIN : size;
}

void *alloc_new(size_t len) {
    if (len > LEN_MAX) return NULL;
    uint32_t size = alloc_size(len);
    block *b = alloc_find(size);
    if (b == NULL && alloc_more(size)) b = alloc_find(size);
    return b == NULL ? NULL : alloc_carve(b, b->size, size);
}

void alloc_free(void *at) {
    if (at == NULL) return;
    block *b = payload_block(at);
    if (!(b->size & USED)) __builtin_trap(); /* freed twice, or never ours */
    uint32_t size = block_size(b);
    heap.used -= size;
    alloc_release(b, size);
}

void *alloc_resize(void *at, size_t len) {
    if (at == NULL) return alloc_new(len);
    if (len > LEN_MAX) return NULL;
    block *b = payload_block(at);
    uint32_t have = block_size(b), size = alloc_size(len);
    block *behind = block_behind(b);
    uint32_t reach = behind->size & USED ? have : have + behind->size;
    if (size <= reach) {
        if (reach != have) alloc_unhang(behind);
        heap.used -= have;
        return alloc_carve(b, reach, size);
    }
    void *fresh = alloc_new(len);
    if (fresh == NULL) return NULL;
    __builtin_memcpy(fresh, at, have - HEADER);
    alloc_free(at);
    return fresh;
}

size_t alloc_used(void) { return heap.used; }
