/* SPDX-License-Identifier: MIT
 * table.c - at most three quarters full; growing rehashes from the stored hashes. */
#include "base/table.h"

#define TABLE_CAP_MIN 16u

void table_drop(table *t, const lk_memory *heap) {
    mem_free(heap, t->slots, t->cap * sizeof *t->slots);
    *t = (table){0};
}

static void table_put(table *t, uint32_t hash, uint32_t value) {
    uint32_t slot = hash & (t->cap - 1);
    while (t->slots[slot].value != TABLE_NONE) slot = (slot + 1) & (t->cap - 1);
    t->slots[slot] = (table_slot){hash, value};
}

bool table_reserve(table *t, const lk_memory *heap, uint32_t more) {
    uint64_t want = (uint64_t)t->len + more;
    if (want * 4 <= (uint64_t)t->cap * 3) return true;
    uint64_t cap = t->cap == 0 ? TABLE_CAP_MIN : t->cap;
    while (want * 4 > cap * 3) cap *= 2;
    if (cap > UINT32_MAX / sizeof(table_slot)) return false;
    table grown = {.cap = (uint32_t)cap, .len = t->len};
    grown.slots = mem_alloc(heap, grown.cap * sizeof *grown.slots);
    if (grown.slots == NULL) return false;
    for (uint32_t i = 0; i < grown.cap; i++) grown.slots[i] = (table_slot){0, TABLE_NONE};
    for (uint32_t i = 0; i < t->cap; i++)
        if (t->slots[i].value != TABLE_NONE) table_put(&grown, t->slots[i].hash, t->slots[i].value);
    table_drop(t, heap);
    *t = grown;
    return true;
}

uint32_t table_next(table_probe *probe) {
    const table *t = probe->table;
    if (t->cap == 0) return TABLE_NONE;
    for (;;) {
        table_slot slot = t->slots[probe->slot];
        if (slot.value == TABLE_NONE) return TABLE_NONE;
        probe->slot = (probe->slot + 1) & (t->cap - 1);
        if (slot.hash == probe->hash) return slot.value;
    }
}

uint32_t table_first(const table *t, uint32_t hash, table_probe *probe) {
    *probe = (table_probe){t, hash, t->cap == 0 ? 0 : hash & (t->cap - 1)};
    return table_next(probe);
}

void table_add(table *t, uint32_t hash, uint32_t value) {
    LK_ASSERT(((uint64_t)t->len + 1) * 4 <= (uint64_t)t->cap * 3);
    table_put(t, hash, value);
    t->len++;
}

void table_rewind(table *t, uint32_t len) {
    /* Linear probing has no holes: lift everything out and put back what stays. In place, by
     * walking cyclically from the slot after a free one, so that no chain is cut. */
    if (t->cap == 0 || t->len == 0) return;
    uint32_t start = 0;
    while (t->slots[start].value != TABLE_NONE) start++;
    t->len = 0;
    for (uint32_t n = 1; n <= t->cap; n++) {
        uint32_t at = (start + n) & (t->cap - 1);
        table_slot slot = t->slots[at];
        if (slot.value == TABLE_NONE) continue;
        t->slots[at].value = TABLE_NONE;
        if (slot.value >= len) continue;
        table_put(t, slot.hash, slot.value);
        t->len++;
    }
}
