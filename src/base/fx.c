/* SPDX-License-Identifier: MIT
 * fx.c - Rust's hash table (a "Swiss table") without its contents: which slot each number lands in.
 *
 *      slots    [ 5 | - | 0 | 2 | - | - | 1 | 3 ]      read from the left: 5 0 2 1 3
 *
 * A number takes the first free slot of the eight from where its hash points; else of the next
 * eight 8 further on, then 16, 24, ... Seven of eight slots are used at most; then it doubles, and
 * all move in the order of the old slots. */
#include "base/fx.h"

#define FX_FREE UINT32_MAX
#define FX_GROUP 8u /* slots that are looked at together */

/* ---- hashes: rustc-hash 2 on 32 bits ---- */

static uint32_t fx_add(uint32_t state, uint32_t word) { return (state + word) * 0x93d765ddu; }

static uint32_t fx_finish(uint32_t state) { return state << 15 | state >> 17; }

uint32_t fx_hash_numbers(const uint32_t *numbers, size_t len) {
    uint32_t state = 0;
    for (size_t i = 0; i < len; i++) state = fx_add(state, numbers[i]);
    return fx_finish(state);
}

uint32_t fx_hash_number(uint32_t number) { return fx_hash_numbers(&number, 1); }

/* `len` bytes as a number, little-endian. */
static uint64_t fx_load(const uint8_t *at, unsigned len) {
    uint64_t word = 0;
    while (len-- > 0) word = word << 8 | at[len];
    return word;
}

/* Each half times the other one's other half. */
static uint64_t fx_mix(uint64_t a, uint64_t b) {
    uint64_t outer = (uint64_t)(uint32_t)a * (b >> 32), inner = (a >> 32) * (uint32_t)b;
    return outer ^ (inner << 32 | inner >> 32);
}

static uint64_t fx_digest(const uint8_t *at, size_t len) {
    uint64_t a = 0x243f6a8885a308d3u, b = 0x13198a2e03707344u;
    const uint8_t *end = at + len;
    if (len >= 8) {
        for (; end - at > 16; at += 16) {
            uint64_t next = fx_mix(a ^ fx_load(at, 8), fx_load(at + 8, 8) ^ 0xa4093822299f31d0u);
            a = b;
            b = next;
        }
        a ^= fx_load(len > 16 ? end - 16 : at, 8);
        b ^= fx_load(end - 8, 8);
    } else if (len >= 4) {
        a ^= fx_load(at, 4);
        b ^= fx_load(end - 4, 4);
    } else if (len > 0) {
        a ^= at[0];
        b ^= (uint64_t)end[-1] << 8 | at[len / 2];
    }
    return fx_mix(a, b) ^ len;
}

/* A string is its bytes, then 255, which ends it. */
uint32_t fx_hash_str(lk_str s) {
    uint64_t digest = fx_digest((const uint8_t *)s.at, s.len);
    uint32_t words[] = {(uint32_t)digest, (uint32_t)(digest >> 32), 0xff};
    return fx_hash_numbers(words, countof(words));
}

/* ---- tables ---- */

typedef struct fx_table {
    uint32_t *slots;
    uint32_t mask;     /* one less than the slots there are */
    uint64_t patience; /* slots that may yet be looked at */
} fx_table;

static uint32_t fx_slots(size_t items) {
    uint32_t slots = 4;
    while ((uint64_t)slots * 7 < (uint64_t)items * 8) slots *= 2;
    return slots;
}

static bool fx_open(fx_table *t, arena *scratch, uint32_t slots) {
    t->slots = arena_new(scratch, uint32_t, slots);
    t->mask = slots - 1;
    for (uint32_t i = 0; t->slots != NULL && i < slots; i++) t->slots[i] = FX_FREE;
    return t->slots != NULL;
}

/* Needs a free slot. */
static void fx_put(fx_table *t, uint32_t number, uint32_t hash) {
    for (uint32_t far = FX_GROUP; t->patience > 0; hash += far, far += FX_GROUP) {
        for (uint32_t i = 0; i < FX_GROUP; i++) {
            uint32_t *slot = &t->slots[(hash + i) & t->mask];
            if (*slot != FX_FREE) continue;
            *slot = number;
            return;
        }
        t->patience--;
    }
}

/* Read from the left; how many. */
static size_t fx_read(const fx_table *t, uint32_t *out) {
    size_t len = 0;
    for (uint32_t i = 0; i <= t->mask; i++)
        if (t->slots[i] != FX_FREE) out[len++] = t->slots[i];
    return len;
}

bool fx_reorder(arena *scratch, const uint32_t *hashes, uint32_t *order, size_t len, bool sized) {
    uint32_t *told = arena_new(scratch, uint32_t, len);
    fx_table t = {.patience = 64 * (uint64_t)len};
    if (told == NULL || !fx_open(&t, scratch, sized ? fx_slots(len) : 4)) return false;
    for (size_t i = 0; i < len; i++) {
        if (fx_slots(i + 1) > t.mask + 1) {
            size_t had = fx_read(&t, told);
            if (!fx_open(&t, scratch, 2 * (t.mask + 1))) return false;
            for (size_t k = 0; k < had; k++) fx_put(&t, told[k], hashes[told[k]]);
        }
        fx_put(&t, order[i], hashes[order[i]]);
    }
    if (t.patience > 0) fx_read(&t, order);
    return true;
}
