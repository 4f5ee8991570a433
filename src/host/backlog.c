/* SPDX-License-Identifier: MIT
 * backlog.c - a queue of updates, and the one that is being cut up. */
#include "host/backlog.h"

#include <string.h>

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

/* How many records that wait in a row go into one container; one always does. */
static size_t backlog_count_records(const backlog *b) {
    size_t count = 0, bytes = 0;
    for (size_t i = b->sent; i < b->items.len && b->items.at[i].record; i++, count++) {
        bytes += b->items.at[i].update->len;
        if (count > 0 && bytes > BACKLOG_CONTAINER) break;
    }
    return count;
}

/* Several are small, and copied. */
static shared_bytes *backlog_take_records(backlog *b, size_t count) {
    lk_buf container = HEAP_BUF;
    writer w = writer_new(&container);
    writer_uleb(&w, count);
    for (size_t i = 0; i < count; i++) {
        backlog_item item = backlog_take(b);
        writer_bytes(&w, item.update->at, item.update->len);
        b->bytes -= item.update->len;
        shared_bytes_drop(item.update);
    }
    shared_bytes *all = shared_bytes_new((lk_bytes){container.at, container.len});
    b->bytes += all->len;
    lk_buf_free(&container);
    return all;
}

/* One may be large, and is not: what stands before it in its container is kept apart. */
static void backlog_head(backlog *b, backlog_part *part) {
    lk_buf head = HEAP_BUF;
    writer w = writer_new(&head);
    writer_uleb(&w, 1);
    writer_uleb(&w, part->update->len);
    memcpy(part->head, head.at, head.len);
    part->head_len = head.len;
    b->bytes += head.len;
    lk_buf_free(&head);
}

static void backlog_take_update(backlog *b) {
    bool record = b->items.at[b->sent].record;
    size_t count = record ? backlog_count_records(b) : 1;
    b->part = (backlog_part){.batch = record ? random_u64() : b->items.at[b->sent].batch};
    b->part.update = count > 1 ? backlog_take_records(b, count) : backlog_take(b).update;
    if (record && count == 1) backlog_head(b, &b->part);
}

static size_t backlog_part_len(const backlog_part *part) {
    return part->head_len + part->update->len;
}

/* The next `len` bytes of it; when they were the last ones, it is gone. */
static void backlog_cut(backlog *b, size_t len, lk_buf *out) {
    backlog_part *part = &b->part;
    size_t head = part->at < part->head_len ? part->head_len - part->at : 0;
    if (head > len) head = len;
    buf_append(out, part->head + part->at, head);
    buf_append(out, part->update->at + (part->at + head - part->head_len), len - head);
    part->at += len, b->bytes -= len;
    if (part->at < backlog_part_len(part)) return;
    shared_bytes_drop(part->update);
    *part = (backlog_part){0};
}

static void backlog_next_fragment(backlog *b, frame *f, size_t each, lk_buf *message) {
    size_t left = backlog_part_len(&b->part) - b->part.at;
    lk_buf payload = HEAP_BUF;
    f->kind = FRAME_FRAGMENT;
    f->batch = b->part.batch, f->index = b->part.index++;
    backlog_cut(b, left < each ? left : each, &payload);
    f->payload = (lk_bytes){payload.at, payload.len};
    LK_ASSERT(frame_encode(f, message));
    lk_buf_free(&payload);
}

/* All of an update, or if it is too long for a message the header of its fragments. */
static void backlog_next_update(backlog *b, frame *f, size_t max, size_t each, lk_buf *message) {
    backlog_take_update(b);
    size_t len = backlog_part_len(&b->part);
    lk_buf whole = HEAP_BUF;
    f->kind = frame_update_len(f->room.len, len) <= max ? FRAME_UPDATE : FRAME_FRAGMENT_HEADER;
    f->batch = b->part.batch;
    f->count = f->kind == FRAME_UPDATE ? 1 : (uint32_t)((len + each - 1) / each);
    f->total = (uint32_t)len;
    if (f->kind == FRAME_UPDATE) backlog_cut(b, len, &whole);
    f->updates = &(lk_bytes){whole.at, whole.len};
    LK_ASSERT(frame_encode(f, message));
    lk_buf_free(&whole);
}

void backlog_next(backlog *b, frame f, size_t max, lk_buf *message) {
    size_t each = frame_fragment_room(f.room.len, max);
    if (b->part.update != NULL)
        backlog_next_fragment(b, &f, each, message);
    else
        backlog_next_update(b, &f, max, each, message);
}
