/* SPDX-License-Identifier: MIT
 * turns.c - a queue for each room that something waits for. Invariant: none is empty, and there is
 * a lane for each. */
#include "host/turns.h"

#include <string.h>

#include "base/keyed_hash.h"
#include "host/heap.h"

static void turns_queue_drop(turns_queue *q) {
    for (size_t i = q->head; i < q->messages.len; i++) lk_buf_free(&q->messages.at[i]);
    vec_drop(&heap_memory, &q->messages);
}

void turns_drop(turns *t) {
    for (size_t i = 0; i < t->queues.len; i++) turns_queue_drop(&t->queues.at[i]);
    vec_drop(&heap_memory, &t->queues);
    lanes_drop(&t->lanes);
    lk_buf_free(&t->taken);
}

static turns_queue *turns_queue_of(turns *t, uint32_t key) {
    for (size_t i = 0; i < t->queues.len; i++)
        if (t->queues.at[i].key == key) return &t->queues.at[i];
    turns_queue *q = vec_push(&heap_memory, &t->queues);
    *q = (turns_queue){.key = key};
    return q;
}

void turns_put(turns *t, lk_bytes message) {
    lk_str id = {NULL, 0};
    (void)lk_room_of(message, &id);
    turns_queue *q = turns_queue_of(t, keyed_hash(heap_memory.hash_key, id.at, id.len));
    lk_buf copy = HEAP_BUF;
    buf_append(&copy, message.at, message.len);
    *vec_push(&heap_memory, &q->messages) = copy;
    q->bytes += message.len;
    lanes_add(&t->lanes, q->key, message.len);
}

static lk_buf turns_queue_take(turns_queue *q) {
    lk_buf first = q->messages.at[q->head++];
    q->bytes -= first.len;
    if (q->head > q->messages.len / 2) { /* the rest costs less to move than what has gone */
        q->messages.len -= q->head;
        memmove(q->messages.at, q->messages.at + q->head, q->messages.len * sizeof first);
        q->head = 0;
    }
    return first;
}

bool turns_take(turns *t, lk_bytes *message) {
    if (turns_empty(t)) return false;
    turns_queue *q = turns_queue_of(t, lanes_next(&t->lanes));
    lk_buf_free(&t->taken);
    t->taken = turns_queue_take(q);
    *message = (lk_bytes){t->taken.at, t->taken.len};
    lanes_turn_over(&t->lanes, q->key, q->bytes);
    if (q->bytes > 0) return true;
    turns_queue_drop(q);
    *q = t->queues.at[--t->queues.len];
    return true;
}
