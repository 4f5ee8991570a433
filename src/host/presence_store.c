/* SPDX-License-Identifier: MIT
 * presence_store.c - entries by the rules of a room (room/presence.h), and their bounds. */
#include "host/presence_store.h"

#include "host/heap.h"

/* A whole room is much to weigh. */
#define PRESENCE_STORE_WEIGH_MS 1000

void presence_store_drop(presence_store *s) { presence_drop(&s->entries); }

static size_t presence_store_size(const presence_entry *e) { return e->key_len + e->value_len; }

/* What is over goes. */
static void presence_store_weigh(presence_store *s, uint64_t now_ms) {
    (void)presence_expire(&s->entries, now_ms);
    s->bytes = 0, s->weighed_ms = now_ms;
    for (size_t i = 0; i < s->entries.entries.len; i++)
        s->bytes += presence_store_size(&s->entries.entries.at[i]);
}

lk_status presence_store_take(presence_store *s, lk_bytes update, uint64_t now_ms) {
    bool changed;
    if (now_ms >= s->weighed_ms + PRESENCE_STORE_WEIGH_MS) presence_store_weigh(s, now_ms);
    if (update.len > PRESENCE_STORE_UPDATE || s->bytes + update.len > PRESENCE_STORE_BYTES)
        return LK_ELIMIT;
    lk_status status = presence_apply(&s->entries, update, 0, now_ms, &changed, NULL);
    if (status == LK_OK) s->bytes += update.len;
    return status;
}

/* How many entries from `at` on fit an update; one does, for it came in one. */
static size_t presence_store_some(const presence_store *s, size_t at) {
    size_t count = 0, bytes = 0;
    for (; at + count < s->entries.entries.len; count++) {
        bytes += presence_store_size(&s->entries.entries.at[at + count]);
        if (count > 0 && bytes > PRESENCE_STORE_UPDATE / 2) break;
    }
    return count;
}

void presence_store_all(presence_store *s, uint64_t now_ms, shared_bytes_list *out) {
    presence_store_weigh(s, now_ms);
    for (size_t at = 0, count; (count = presence_store_some(s, at)) > 0; at += count) {
        VEC(const presence_entry *) some = {0};
        lk_buf update = HEAP_BUF;
        for (size_t i = 0; i < count; i++)
            *vec_push(&heap_memory, &some) = &s->entries.entries.at[at + i];
        LK_ASSERT(presence_encode_some(&s->entries, some.at, count, &update));
        *vec_push(&heap_memory, out) = shared_bytes_new((lk_bytes){update.at, update.len});
        vec_drop(&heap_memory, &some);
        lk_buf_free(&update);
    }
}
