/* SPDX-License-Identifier: MIT
 * fuzz_frame.c - messages of the room protocol. What is read is written back to something that
 * reads the same. */
#include "fuzz/fuzz.h"

#include "check.h"
#include "room/frame.h"

#define ROOM ((lk_str){"r\u00e9um", 5})

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    static const uint8_t part[300] = {1, 2, 3};
    const lk_bytes few = {part, 5}, many[] = {{part, 300}, {part, 0}, {part, 1}};
    const frame seeds[] = {
        {.kind = FRAME_JOIN_REQUEST, .payload = few, .version = few},
        {.kind = FRAME_JOIN_OK, .may_write = true, .version = few, .payload = few},
        {.kind = FRAME_JOIN_ERROR, .code = JOIN_VERSION_UNKNOWN, .message = ROOM, .version = few},
        {.kind = FRAME_JOIN_ERROR, .code = JOIN_APP_ERROR, .message = ROOM, .app_code = ROOM},
        {.kind = FRAME_UPDATE, .batch = 7, .count = 3, .updates = many},
        {.kind = FRAME_FRAGMENT_HEADER, .batch = 7, .count = 300, .total = 70000000},
        {.kind = FRAME_FRAGMENT, .batch = 7, .index = 299, .payload = few},
        {.kind = FRAME_ROOM_ERROR, .code = ROOM_EVICTED, .message = ROOM},
        {.kind = FRAME_LEAVE},
        {.kind = FRAME_ACK, .batch = 7, .code = ACK_FRAGMENT_TIMEOUT},
    };
    if (n >= countof(seeds)) return 0;
    frame f = seeds[n];
    f.crdt = n % 2 == 0 ? FRAME_LORO : FRAME_EPHEMERAL;
    f.room = ROOM;
    lk_buf bytes = {0};
    CHECK(frame_encode(&f, &bytes));
    CHECK(bytes.len <= cap);
    size_t len = bytes.len;
    memcpy(out, bytes.at, len);
    lk_buf_free(&bytes);
    return len;
}

/* The updates of `f`, as an array. */
static lk_bytes *fuzz_updates(const frame *f) {
    lk_bytes *updates = calloc(f->count + 1u, sizeof *updates);
    CHECK(updates != NULL);
    lk_bytes rest = f->list;
    uint32_t n = 0;
    for (lk_bytes one; frame_next_update(&rest, &one); n++) {
        CHECK(n < f->count);
        updates[n] = one;
    }
    CHECK_EQ(n, f->count);
    return updates;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    frame f, again;
    lk_fault fault;
    if (frame_decode((lk_bytes){data, size}, &f, &fault) != LK_OK) {
        CHECK(fault.what != NULL && fault.offset <= size);
        return 0;
    }
    lk_bytes *updates = f.kind == FRAME_UPDATE ? fuzz_updates(&f) : NULL;
    f.updates = updates;
    lk_buf first = {0}, second = {0};
    CHECK(frame_encode(&f, &first));
    CHECK_EQ(frame_decode((lk_bytes){first.at, first.len}, &again, NULL), LK_OK);
    CHECK_EQ(again.kind, f.kind);
    again.updates = updates;
    CHECK(frame_encode(&again, &second));
    CHECK_BYTES(second.at, second.len, first.at, first.len);
    lk_buf_free(&first);
    lk_buf_free(&second);
    free(updates);
    return 0;
}
