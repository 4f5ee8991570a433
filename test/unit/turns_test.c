/* SPDX-License-Identifier: MIT
 * turns_test.c - what waits for one channel: order within a room, turns between rooms, and of
 * several large updates one after the other. */
#include "check.h"

#include "base/bytes.h"
#include "host/heap.h"
#include "host/turns.h"
#include "room/frame.h"

#define ROOMS 6
#define FRAGMENT (16u << 10)

/* A fragment of room `room`, the `index`th it sent. */
static void put(turns *t, uint32_t room, uint32_t index, size_t len) {
    char id[] = "room/0";
    id[5] = (char)('0' + room);
    uint8_t *payload = calloc(1, len);
    lk_buf bytes = {.memory = &heap_memory};
    frame f = {.crdt = FRAME_LORO, .kind = FRAME_FRAGMENT, .room = {id, sizeof id - 1}};
    f.index = index, f.payload = (lk_bytes){payload, len};
    CHECK(frame_encode(&f, &bytes));
    turns_put(t, (lk_bytes){bytes.at, bytes.len});
    lk_buf_free(&bytes);
    free(payload);
}

/* Of which room the next one is; ROOMS: none. */
static uint32_t take(turns *t, uint32_t *index) {
    lk_bytes message;
    frame f;
    if (!turns_take(t, &message)) return ROOMS;
    CHECK_EQ(frame_decode(message, &f, NULL), LK_OK);
    *index = f.index;
    return (uint32_t)(f.room.at[f.room.len - 1] - '0');
}

static void typing_goes_between(void) {
    turns t = {0};
    uint32_t index;
    for (uint32_t i = 0; i < 64; i++) put(&t, 0, i, FRAGMENT);
    CHECK_EQ(take(&t, &index), 0);
    for (uint32_t key = 0; key < 16; key++) { /* two rooms, a key each */
        put(&t, 1, key, 1), put(&t, 2, key, 1);
        uint32_t seen = 0;
        for (int i = 0; i < 4; i++) seen += take(&t, &index) == 0;
        CHECK_EQ(seen, 2);
    }
    uint32_t left = 0;
    while (take(&t, &index) != ROOMS) left++;
    CHECK_EQ(left, 64 - 33);
    CHECK(turns_empty(&t));
    turns_drop(&t);
}

static void large_ones_follow_each_other(void) {
    turns t = {0};
    uint32_t index, changes = 0, last = 0;
    for (uint32_t room = 0; room < 4; room++)
        for (uint32_t i = 0; i < 32; i++) put(&t, room, i, FRAGMENT);
    put(&t, 4, 0, 1);
    for (uint32_t room; (room = take(&t, &index)) != ROOMS;) {
        if (room == 4) continue;
        changes += room != last;
        last = room;
    }
    CHECK_EQ(changes, 3);
    turns_drop(&t);
}

/* A room that never has little does not hold up another one that has not either. */
static void nobody_starves(void) {
    turns t = {0};
    uint32_t index, sent[2] = {0}, put_in[2] = {0};
    for (uint32_t i = 0; i < 200; i++) {
        for (uint32_t room = 0; room < 2; room++)
            for (int more = 0; more < 4; more++) put(&t, room, put_in[room]++, FRAGMENT);
        sent[take(&t, &index)]++;
    }
    CHECK(sent[0] > 50 && sent[1] > 50);
    turns_drop(&t);
}

static void order_is_kept(uint64_t seed) {
    turns t = {0};
    rng random = {seed};
    uint32_t put_in[ROOMS] = {0}, taken[ROOMS] = {0}, waits[ROOMS] = {0};
    for (uint32_t step = 0; step < 4000; step++) {
        uint32_t index, room = rng_below(&random, ROOMS);
        bool large = room == 0 && rng_below(&random, 8) == 0;
        for (uint32_t more = large ? 1 + rng_below(&random, 40) : 1; more > 0; more--)
            put(&t, room, put_in[room]++, large ? FRAGMENT : 1 + rng_below(&random, 100));
        for (uint32_t some = rng_below(&random, 4); some > 0; some--) {
            uint32_t who = take(&t, &index);
            if (who == ROOMS) break;
            CHECK_EQ(index, taken[who]++);
            for (uint32_t i = 0; i < ROOMS; i++)
                waits[i] = i != who && taken[i] < put_in[i] ? waits[i] + 1 : 0;
            for (uint32_t i = 1; i < ROOMS; i++) CHECK(waits[i] <= 2 * ROOMS);
        }
    }
    for (uint32_t index, who; (who = take(&t, &index)) != ROOMS;) CHECK_EQ(index, taken[who]++);
    for (uint32_t i = 0; i < ROOMS; i++) CHECK_EQ(taken[i], put_in[i]);
    turns_drop(&t);
}

int main(void) {
    typing_goes_between();
    large_ones_follow_each_other();
    nobody_starves();
    for (uint64_t seed = 1; seed <= 20; seed++) order_is_kept(seed);
    return 0;
}
