/* SPDX-License-Identifier: MIT
 * room_store_test.c - what a room of entries may hold: as much as any other, the newest of each
 * key, and nothing for longer than it lives. */
#include "host/room_store.h"

#include "base/limits.h"
#include "check.h"
#include "host/heap.h"
#include "lorikeet_room.h"

enum { ENTRY = 48 << 20, LIFE_MS = 30000 };
#define START_MS 1000000

static void stored(void *context, uint64_t number) { *(uint64_t *)context = number; }

typedef struct bench {
    room_store *store;
    uint64_t stored, number;
} bench;

static void bench_open(bench *b) {
    lk_buf why = HEAP_BUF;
    *b = (bench){0};
    room_store_options options = {
        .crdt = FRAME_EPHEMERAL, .path = "/nowhere", .context = &b->stored, .stored = stored};
    b->store = room_store_open(&options, &why);
    CHECK(b->store != NULL);
}

/* An entry under `key`, of ENTRY bytes and a few. */
static lk_status bench_write(bench *b, const char *key, int64_t now_ms) {
    static const uint8_t zeros[ENTRY];
    lk_ephemeral *theirs = lk_ephemeral_new(LIFE_MS, NULL);
    lk_buf update = {0};
    lk_value value = {.type = LK_BINARY, .len = ENTRY, .as.bytes = zeros};
    CHECK_EQ(
        lk_ephemeral_set(theirs, (lk_str){key, strlen(key)}, &value, (uint64_t)now_ms, &update),
        LK_OK);
    bool news;
    lk_status status =
        room_store_take(b->store, (lk_bytes){update.at, update.len}, ++b->number, now_ms, &news);
    CHECK(news == (status == LK_OK));
    CHECK_EQ(b->stored == b->number, status == LK_OK);
    CHECK(room_store_bytes(b->store) <= LIMIT_ROOM_BYTES);
    lk_ephemeral_free(theirs);
    lk_buf_free(&update);
    return status;
}

int main(void) {
    static const char *const keys[] = {"a", "b", "c", "d", "e"};
    bench b;
    bench_open(&b);
    int64_t now_ms = START_MS;
    /* what is written again takes no more room */
    for (int i = 0; i < 6; i++) CHECK_EQ(bench_write(&b, keys[0], now_ms += 1000), LK_OK);
    /* others do, until there is none */
    CHECK_EQ(LIMIT_ROOM_BYTES / ENTRY, countof(keys));
    for (size_t i = 1; i < countof(keys); i++)
        CHECK_EQ(bench_write(&b, keys[i], now_ms += 1000), LK_OK);
    CHECK_EQ(bench_write(&b, "one more", now_ms), LK_ELIMIT);
    CHECK_EQ(bench_write(&b, keys[0], now_ms), LK_ELIMIT);
    /* what nobody repeats goes */
    now_ms += LIFE_MS;
    for (size_t i = 0; i < countof(keys); i++)
        CHECK_EQ(bench_write(&b, keys[i], now_ms += 1000), LK_OK);
    CHECK_EQ(bench_write(&b, "one more", now_ms), LK_ELIMIT);
    room_store_close(b.store);
    puts("room_store: entries count, and go");
    return 0;
}
