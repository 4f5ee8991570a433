/* SPDX-License-Identifier: MIT
 * outbox.c - a queue of items over a buffer of bytes.
 *
 *   bytes:  [ taken ........ | of items waiting ............ ]
 *             gone..                                     bytes.len
 * Items are in the order of their bytes, so what lies before the oldest waiting item is dead. It is
 * cut off when it is more than half, which keeps the cost per byte constant; an empty queue starts
 * over. */
#include "room/outbox.h"

/* A buffer that a large exchange has left behind is given back beyond this. */
#define OUTBOX_KEEP (1u << 20)

void outbox_drop(outbox *o) {
    vec_drop(o->bytes.memory, &o->items);
    lk_buf_free(&o->bytes);
}

static void outbox_restart(outbox *o) {
    o->gone += o->bytes.len;
    o->bytes.len = o->items.len = o->head = 0;
    if (o->bytes.cap > OUTBOX_KEEP) lk_buf_free(&o->bytes);
}

static void outbox_compact(outbox *o) {
    if (o->head == o->items.len) {
        outbox_restart(o);
        return;
    }
    if (o->head <= o->items.len / 2) return;
    o->items.len -= o->head;
    __builtin_memmove(o->items.at, o->items.at + o->head, o->items.len * sizeof *o->items.at);
    o->head = 0;
    size_t dead = o->items.at[0].range.start - o->gone;
    if (dead <= o->bytes.len / 2) return;
    o->bytes.len -= dead;
    __builtin_memmove(o->bytes.at, o->bytes.at + dead, o->bytes.len);
    o->gone += dead;
}

bool outbox_reserve(outbox *o, size_t bytes, size_t items) {
    return buf_reserve(&o->bytes, bytes) && vec_reserve(o->bytes.memory, &o->items, items);
}

bool outbox_bytes(outbox *o, lk_bytes bytes, outbox_range *out) {
    *out = (outbox_range){o->gone + o->bytes.len, bytes.len};
    return buf_append(&o->bytes, bytes.at, bytes.len);
}

bool outbox_frame(outbox *o, const frame *f, outbox_range *out) {
    size_t before = o->bytes.len;
    *out = (outbox_range){o->gone + before, 0};
    if (frame_encode(f, &o->bytes)) {
        out->len = o->bytes.len - before;
        return true;
    }
    o->bytes.len = before;
    return false;
}

bool outbox_put(outbox *o, lk_room_out_kind kind, lk_link link, uint64_t token,
                outbox_range range) {
    outbox_item *item = vec_push(o->bytes.memory, &o->items);
    if (item == NULL) return false;
    *item = (outbox_item){kind, false, link, token, range};
    return true;
}

bool outbox_notice(outbox *o, lk_room_out_kind kind) {
    if (o->queued[kind]) return true;
    outbox_range none = {o->gone + o->bytes.len, 0};
    o->queued[kind] = outbox_put(o, kind, 0, 0, none);
    return o->queued[kind];
}

bool outbox_take(outbox *o, lk_room_out *out) {
    /* not after taking: the view last given out must stay until the next call */
    outbox_compact(o);
    while (o->head < o->items.len && o->items.at[o->head].dropped) o->head++;
    if (o->head == o->items.len) return false;
    const outbox_item *item = &o->items.at[o->head++];
    o->queued[item->kind] = false;
    *out = (lk_room_out){.kind = item->kind, .link = item->link, .token = item->token};
    if (item->range.len > 0)
        out->bytes = (lk_bytes){o->bytes.at + (item->range.start - o->gone), item->range.len};
    return true;
}

void outbox_forget(outbox *o, lk_link link) {
    for (size_t i = o->head; i < o->items.len; i++) {
        outbox_item *item = &o->items.at[i];
        bool about = item->kind == LK_ROOM_SEND || item->kind == LK_ROOM_JOINED;
        if (about && item->link == link) item->dropped = true;
    }
}
