/* SPDX-License-Identifier: MIT
 * backlog.c - a queue of updates, and the one that is being cut up. */
#include "host/backlog.h"

#include "host/random.h"

/* Bytes of records put into one container. */
#define BACKLOG_CONTAINER (128u << 10)

void backlog_drop(backlog *b) {
    for (size_t i = b->sent; i < b->items.len; i++) shared_bytes_drop(b->items.at[i].update);
    vec_drop(&heap_memory, &b->items);
    if (b->part.update != NULL) shared_bytes_drop(b->part.update);
}

void backlog_push(backlog *b, backlog_item item) {
    *vec_push(&heap_memory, &b->items) = item;
    b->bytes += item.update->len;
}

static backlog_item backlog_take(backlog *b) {
    backlog_item item = b->items.at[b->sent++];
    if (b->sent == b->items.len) b->sent = b->items.len = 0;
    return item;
}

/* Records that wait in a row, in one container. */
static backlog_item backlog_take_records(backlog *b) {
    size_t count = 0, bytes = 0;
    for (size_t i = b->sent; i < b->items.len && bytes < BACKLOG_CONTAINER; i++, count++) {
        if (!b->items.at[i].record) break;
        bytes += b->items.at[i].update->len;
    }
    lk_buf container = HEAP_BUF;
    writer w = writer_new(&container);
    writer_uleb(&w, count);
    for (size_t i = 0; i < count; i++) {
        backlog_item item = backlog_take(b);
        writer_bytes(&w, item.update->at, item.update->len);
        shared_bytes_drop(item.update);
    }
    b->bytes += container.len - bytes;
    backlog_item all = {.update = shared_bytes_new((lk_bytes){container.at, container.len}),
                        .batch = random_u64()};
    lk_buf_free(&container);
    return all;
}

static void backlog_next_part(backlog *b, frame *f, size_t max, lk_buf *message) {
    shared_bytes *update = b->part.update;
    size_t each = frame_fragment_room(f->room.len, max), left = update->len - b->part_at;
    f->kind = FRAME_FRAGMENT;
    f->batch = b->part.batch, f->index = b->part_index++;
    f->payload = (lk_bytes){update->at + b->part_at, left < each ? left : each};
    LK_ASSERT(frame_encode(f, message));
    b->part_at += f->payload.len, b->bytes -= f->payload.len;
    if (b->part_at < update->len) return;
    shared_bytes_drop(update);
    b->part = (backlog_item){0};
}

/* All of an update, or if it is too long for a message the header of its fragments. */
static void backlog_next_update(backlog *b, frame *f, size_t max, lk_buf *message) {
    bool record = b->items.at[b->sent].record;
    backlog_item item = record ? backlog_take_records(b) : backlog_take(b);
    lk_bytes update = shared_bytes_view(item.update);
    bool whole = frame_update_len(f->room.len, update.len) <= max;
    size_t each = frame_fragment_room(f->room.len, max);
    f->kind = whole ? FRAME_UPDATE : FRAME_FRAGMENT_HEADER;
    f->batch = item.batch, f->updates = &update;
    f->count = whole ? 1 : (uint32_t)((update.len + each - 1) / each);
    f->total = (uint32_t)update.len;
    LK_ASSERT(frame_encode(f, message));
    if (!whole) {
        b->part = item, b->part_at = 0, b->part_index = 0;
        return;
    }
    b->bytes -= update.len;
    shared_bytes_drop(item.update);
}

void backlog_next(backlog *b, frame f, size_t max, lk_buf *message) {
    if (b->part.update != NULL)
        backlog_next_part(b, &f, max, message);
    else
        backlog_next_update(b, &f, max, message);
}
