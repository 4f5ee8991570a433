/* SPDX-License-Identifier: MIT
 * lanes.c - lanes in the order of their turns. Who had one goes to the end. */
#include "host/lanes.h"

#include <string.h>

#include "host/heap.h"

/* More than that in a lane are many: a large update, not somebody's typing. */
#define LANES_MANY (64u << 10)

void lanes_drop(lanes *l) { vec_drop(&heap_memory, &l->waiting); }

size_t lanes_bytes(const lanes *l) {
    size_t bytes = 0;
    for (size_t i = 0; i < l->waiting.len; i++) bytes += l->waiting.at[i].bytes;
    return bytes;
}

static size_t lanes_at(const lanes *l, uint32_t key) {
    size_t at = 0;
    while (at < l->waiting.len && l->waiting.at[at].key != key) at++;
    return at;
}

void lanes_add(lanes *l, uint32_t key, size_t bytes) {
    size_t at = lanes_at(l, key);
    if (bytes == 0) return;
    if (at == l->waiting.len) *vec_push(&heap_memory, &l->waiting) = (lanes_lane){.key = key};
    l->waiting.at[at].bytes += bytes;
}

static bool lanes_is_many(const lanes *l, uint32_t key) { return l->quota > 0 && l->many == key; }

/* The first lane with few bytes, or the lane of many: if there is none, the first with so many
 * becomes it. waiting.len: there is no such lane. */
static size_t lanes_find(lanes *l, bool many) {
    size_t i = 0;
    for (; i < l->waiting.len; i++) {
        const lanes_lane *at = &l->waiting.at[i];
        bool is_many = lanes_is_many(l, at->key), large = at->bytes > LANES_MANY;
        if (many ? is_many || (l->quota == 0 && large) : !is_many && !large) break;
    }
    if (many && i < l->waiting.len && l->quota == 0)
        l->many = l->waiting.at[i].key, l->quota = l->waiting.at[i].bytes;
    return i;
}

uint32_t lanes_next(lanes *l) {
    size_t at = lanes_find(l, l->many_next);
    if (at == l->waiting.len) at = lanes_find(l, !l->many_next);
    return l->waiting.at[at].key;
}

/* It goes to the end, or away. */
static void lanes_move_on(lanes *l, size_t at, size_t left) {
    lanes_lane over = {l->waiting.at[at].key, left};
    l->waiting.len--;
    memmove(&l->waiting.at[at], &l->waiting.at[at + 1], (l->waiting.len - at) * sizeof over);
    if (left > 0) l->waiting.at[l->waiting.len++] = over;
}

void lanes_turn_over(lanes *l, uint32_t key, size_t left) {
    size_t at = lanes_at(l, key), before = l->waiting.at[at].bytes;
    size_t gone = before > left ? before - left : 0;
    bool many = lanes_is_many(l, key);
    if (many) l->quota = l->quota > gone ? l->quota - gone : 0;
    if (many && left == 0) l->quota = 0;
    l->many_next = !many;
    lanes_move_on(l, at, left);
}

void lanes_forget(lanes *l, uint32_t key) {
    size_t at = lanes_at(l, key);
    if (at == l->waiting.len) return;
    if (lanes_is_many(l, key)) l->quota = 0;
    lanes_move_on(l, at, 0);
}
