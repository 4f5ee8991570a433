/* SPDX-License-Identifier: MIT
 * have.c - version vectors of the room: one for the document, two for each link. A keystroke moves
 * one entry of each, which is why they are raised in place and compared by keeping count. */
#include "room/have.h"

void have_drop(have *h, const lk_memory *heap) { vec_drop(heap, &h->ids); }

/* Index of the first entry whose peer is not smaller. */
static size_t have_find(const have *h, uint64_t peer) {
    size_t low = 0, high = h->ids.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (h->ids.at[middle].peer < peer)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int32_t have_end(const have *h, uint64_t peer) {
    size_t at = have_find(h, peer);
    return at < h->ids.len && h->ids.at[at].peer == peer ? h->ids.at[at].counter : 0;
}

uint64_t have_total(const have *h) {
    uint64_t total = 0;
    for (size_t i = 0; i < h->ids.len; i++) total += (uint64_t)h->ids.at[i].counter;
    return total;
}

bool have_raise(have *h, const lk_memory *heap, uint64_t peer, int32_t end) {
    if (end <= 0) return true;
    size_t at = have_find(h, peer);
    if (at < h->ids.len && h->ids.at[at].peer == peer) {
        if (h->ids.at[at].counter < end) h->ids.at[at].counter = end;
        return true;
    }
    if (!vec_reserve(heap, &h->ids, 1)) return false;
    __builtin_memmove(h->ids.at + at + 1, h->ids.at + at, (h->ids.len - at) * sizeof(lk_id));
    h->ids.at[at] = (lk_id){peer, end};
    h->ids.len++;
    return true;
}

void have_lower(have *h, uint64_t peer, int32_t end) {
    size_t at = have_find(h, peer);
    if (at == h->ids.len || h->ids.at[at].peer != peer || h->ids.at[at].counter <= end) return;
    h->ids.at[at].counter = end;
    if (end > 0) return;
    h->ids.len--;
    __builtin_memmove(h->ids.at + at, h->ids.at + at + 1, (h->ids.len - at) * sizeof(lk_id));
}

static bool have_sorted(lk_ids ids) {
    for (size_t i = 1; i < ids.len; i++)
        if (ids.at[i - 1].peer >= ids.at[i].peer) return false;
    return true;
}

/* Heap sort by peer: in place and without a bad case, as others choose the order. */
static void have_sink(lk_id *at, size_t root, size_t len) {
    for (size_t child; (child = 2 * root + 1) < len; root = child) {
        if (child + 1 < len && at[child].peer < at[child + 1].peer) child++;
        if (at[root].peer >= at[child].peer) return;
        lk_id swap = at[root];
        at[root] = at[child];
        at[child] = swap;
    }
}

static void have_sort(lk_id *at, size_t len) {
    for (size_t i = len / 2; i-- > 0;) have_sink(at, i, len);
    for (size_t i = len; i-- > 1;) {
        lk_id swap = at[0];
        at[0] = at[i];
        at[i] = swap;
        have_sink(at, 0, i);
    }
}

bool have_assign(have *h, const lk_memory *heap, lk_ids ids) {
    size_t more = ids.len > h->ids.len ? ids.len - h->ids.len : 0;
    if (!vec_reserve(heap, &h->ids, more)) return false;
    if (ids.len > 0) __builtin_memmove(h->ids.at, ids.at, ids.len * sizeof(lk_id));
    if (!have_sorted(ids)) have_sort(h->ids.at, ids.len);
    size_t kept = 0;
    for (size_t i = 0; i < ids.len; i++) {
        lk_id id = h->ids.at[i];
        if (id.counter <= 0) continue;
        lk_id *last = kept > 0 ? &h->ids.at[kept - 1] : NULL;
        if (last == NULL || last->peer != id.peer)
            h->ids.at[kept++] = id;
        else if (last->counter < id.counter)
            last->counter = id.counter;
    }
    h->ids.len = kept;
    return true;
}

have_gap have_compare(const have *a, const have *b) {
    have_gap gap = {0, 0};
    size_t i = 0, j = 0;
    while (i < a->ids.len || j < b->ids.len) {
        bool from_a = j == b->ids.len || (i < a->ids.len && a->ids.at[i].peer <= b->ids.at[j].peer);
        bool from_b = i == a->ids.len || (j < b->ids.len && b->ids.at[j].peer <= a->ids.at[i].peer);
        int32_t end_a = from_a ? a->ids.at[i++].counter : 0;
        int32_t end_b = from_b ? b->ids.at[j++].counter : 0;
        gap.less += end_a < end_b;
        gap.more += end_a > end_b;
    }
    return gap;
}

void have_gap_move(have_gap *gap, int32_t a_before, int32_t b_before, int32_t a, int32_t b) {
    gap->less += (uint32_t)(a < b) - (uint32_t)(a_before < b_before);
    gap->more += (uint32_t)(a > b) - (uint32_t)(a_before > b_before);
}
