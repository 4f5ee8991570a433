/* SPDX-License-Identifier: MIT
 * queue.h - first in, first out: small records, each with a copy of some bytes. */
#ifndef RTC_QUEUE_H
#define RTC_QUEUE_H

#include "base/mem.h"
#include "lorikeet_rtc.h"

typedef struct queue_item {
    int kind; /* of the owner's choosing */
    uint16_t stream;
    uint32_t ppid, channel;
    uint64_t due_ms; /* of no use after that */
    lk_addr local, remote;
    const char *what;
    size_t offset, len; /* where its bytes lie; queue_push() fills these in */
} queue_item;

typedef struct queue {
    const lk_memory *heap;
    VEC(queue_item) items;
    VEC(uint8_t) bytes;
    size_t first;      /* items in front of it are gone */
    size_t first_byte; /* and so are the bytes in front of that */
} queue;

void queue_init(queue *q, const lk_memory *heap);
void queue_drop(queue *q);
/* Append; false when memory is out, with nothing changed. */
bool queue_push(queue *q, queue_item item, lk_bytes bytes);
/* The oldest item, or NULL. */
const queue_item *queue_first(const queue *q);
lk_bytes queue_bytes(const queue *q, const queue_item *item);
/* Remove the oldest item; it and its bytes stay readable until the next push. */
void queue_pop(queue *q);
/* Bytes of all items in it. */
static inline size_t queue_len(const queue *q) { return q->bytes.len - q->first_byte; }

#endif
