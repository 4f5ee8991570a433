/* SPDX-License-Identifier: MIT
 * turns.c - lanes in the order of their turns. Who had one goes to the end, a lane without messages
 * goes away. Invariant: no lane is empty. */
#include "host/turns.h"

#include <string.h>

#include "base/table.h"
#include "host/heap.h"

/* More than that in a lane are many: a large update, not somebody's typing. */
#define TURNS_MANY (64u << 10)

static void turns_lane_drop(turns_lane *lane) {
    for (size_t i = lane->head; i < lane->messages.len; i++) lk_buf_free(&lane->messages.at[i]);
    vec_drop(&heap_memory, &lane->messages);
}

void turns_drop(turns *t) {
    for (size_t i = 0; i < t->lanes.len; i++) turns_lane_drop(&t->lanes.at[i]);
    vec_drop(&heap_memory, &t->lanes);
    lk_buf_free(&t->taken);
}

static turns_lane *turns_lane_of(turns *t, lk_bytes message) {
    lk_str id = {NULL, 0};
    (void)lk_room_of(message, &id);
    uint32_t hash = hash_bytes(id.at, id.len, 0);
    for (size_t i = 0; i < t->lanes.len; i++)
        if (t->lanes.at[i].hash == hash) return &t->lanes.at[i];
    turns_lane *lane = vec_push(&heap_memory, &t->lanes);
    *lane = (turns_lane){.hash = hash};
    return lane;
}

void turns_put(turns *t, lk_bytes message) {
    turns_lane *lane = turns_lane_of(t, message);
    lk_buf copy = HEAP_BUF;
    buf_append(&copy, message.at, message.len);
    *vec_push(&heap_memory, &lane->messages) = copy;
    lane->bytes += message.len;
}

static bool turns_is_many(const turns *t, const turns_lane *lane) {
    return t->quota > 0 && lane->hash == t->many;
}

/* The first lane with few bytes, or the lane of many: if there is none, the first with so many
 * becomes it. lanes.len: there is no such lane. */
static size_t turns_find(turns *t, bool many) {
    size_t i = 0;
    for (; i < t->lanes.len; i++) {
        const turns_lane *lane = &t->lanes.at[i];
        bool large = lane->bytes > TURNS_MANY;
        if (many ? turns_is_many(t, lane) || (t->quota == 0 && large)
                 : !turns_is_many(t, lane) && !large)
            break;
    }
    if (many && i < t->lanes.len && t->quota == 0)
        t->many = t->lanes.at[i].hash, t->quota = t->lanes.at[i].bytes;
    return i;
}

static lk_buf turns_lane_take(turns_lane *lane) {
    lk_buf first = lane->messages.at[lane->head++];
    lane->bytes -= first.len;
    if (lane->head > lane->messages.len / 2) { /* the rest costs less to move than what has gone */
        lane->messages.len -= lane->head;
        memmove(lane->messages.at, lane->messages.at + lane->head,
                lane->messages.len * sizeof first);
        lane->head = 0;
    }
    return first;
}

/* Whose turn it was goes to the end, or away. */
static void turns_move_on(turns *t, size_t at) {
    turns_lane lane = t->lanes.at[at];
    t->lanes.len--;
    memmove(&t->lanes.at[at], &t->lanes.at[at + 1], (t->lanes.len - at) * sizeof lane);
    if (lane.messages.len > 0)
        t->lanes.at[t->lanes.len++] = lane;
    else
        turns_lane_drop(&lane);
}

bool turns_take(turns *t, lk_bytes *message) {
    if (turns_empty(t)) return false;
    size_t at = turns_find(t, t->many_next);
    bool many = at < t->lanes.len ? t->many_next : !t->many_next;
    if (at == t->lanes.len) at = turns_find(t, many);
    lk_buf_free(&t->taken);
    t->taken = turns_lane_take(&t->lanes.at[at]);
    if (many) t->quota -= t->taken.len;
    t->many_next = !many;
    *message = (lk_bytes){t->taken.at, t->taken.len};
    turns_move_on(t, at);
    return true;
}
