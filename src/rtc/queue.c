/* SPDX-License-Identifier: MIT
 * queue.c - records and their bytes in two arrays that only grow at the end:
 *
 *     items  [ gone | gone | first | ... ]         bytes  [ gone gone | first_byte ... ]
 *
 * Space in front is taken back when something is pushed, never when something is popped, so that
 * what was popped last stays readable. */
#include "rtc/queue.h"

#define QUEUE_KEPT_BYTES (256u << 10) /* a burst larger than this is not kept in reserve */

void queue_init(queue *q, const lk_memory *heap) { *q = (queue){.heap = heap}; }

void queue_drop(queue *q) {
    vec_drop(q->heap, &q->items);
    vec_drop(q->heap, &q->bytes);
    queue_init(q, q->heap);
}

/* Take back the space in front, if it is all there is or at least half of it. */
static void queue_reclaim(queue *q) {
    if (q->first == q->items.len) {
        q->first = q->items.len = q->first_byte = q->bytes.len = 0;
        if (q->bytes.cap > QUEUE_KEPT_BYTES) vec_drop(q->heap, &q->bytes);
        return;
    }
    if (q->first < q->items.len / 2 || q->first_byte < q->bytes.len / 2) return;
    q->items.len -= q->first;
    __builtin_memmove(q->items.at, q->items.at + q->first, q->items.len * sizeof *q->items.at);
    for (size_t i = 0; i < q->items.len; i++) q->items.at[i].offset -= q->first_byte;
    q->bytes.len -= q->first_byte;
    if (q->bytes.len > 0) __builtin_memmove(q->bytes.at, q->bytes.at + q->first_byte, q->bytes.len);
    q->first = q->first_byte = 0;
}

bool queue_push(queue *q, queue_item item, lk_bytes bytes) {
    if (q->first > 0) queue_reclaim(q);
    if (!vec_reserve(q->heap, &q->items, 1) || !vec_reserve(q->heap, &q->bytes, bytes.len))
        return false;
    item.offset = q->bytes.len;
    item.len = bytes.len;
    q->items.at[q->items.len++] = item;
    if (bytes.len > 0) __builtin_memcpy(q->bytes.at + q->bytes.len, bytes.at, bytes.len);
    q->bytes.len += bytes.len;
    return true;
}

const queue_item *queue_first(const queue *q) {
    return q->first < q->items.len ? &q->items.at[q->first] : NULL;
}

lk_bytes queue_bytes(const queue *q, const queue_item *item) {
    if (item->len == 0) return (lk_bytes){(const uint8_t *)"", 0};
    return (lk_bytes){q->bytes.at + item->offset, item->len};
}

void queue_pop(queue *q) {
    LK_ASSERT(q->first < q->items.len);
    q->first_byte += q->items.at[q->first++].len;
}
