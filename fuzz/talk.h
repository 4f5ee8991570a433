/* SPDX-License-Identifier: MIT
 * talk.h - seeds of conversations in the syncing protocol: messages, each behind its length (two
 * bytes, big-endian). */
#ifndef FUZZ_TALK_H
#define FUZZ_TALK_H

#include "check.h"
#include "host/heap.h"
#include "room/frame.h"

#define TALK_ROOM ((lk_str){"r", 1})

/* Append a message about `crdt`, in the room of all talks if it names none. */
static inline void talk_put(writer *w, frame_crdt crdt, frame f) {
    lk_buf bytes = HEAP_BUF;
    f.crdt = crdt;
    if (f.room.len == 0) f.room = TALK_ROOM;
    CHECK(frame_encode(&f, &bytes));
    writer_u16be(w, (uint16_t)bytes.len);
    writer_raw(w, bytes.at, bytes.len);
    lk_buf_free(&bytes);
}

/* Part `index` of an update that goes as batch 2, in two fragments. */
static inline frame talk_fragment(lk_bytes update, uint32_t index) {
    size_t half = update.len / 2;
    lk_bytes parts[] = {{update.at, half}, {update.at + half, update.len - half}};
    return (frame){.kind = FRAME_FRAGMENT, .batch = 2, .index = index, .payload = parts[index]};
}
static inline frame talk_fragments(lk_bytes update) {
    return (frame){
        .kind = FRAME_FRAGMENT_HEADER, .batch = 2, .count = 2, .total = (uint32_t)update.len};
}

/* A document in which peer 5 wrote "hello". */
static inline void talk_document(lk_buf *out, lk_export_mode mode) {
    lk_doc *doc = lk_new(5, NULL);
    lk_ref text;
    CHECK_EQ(lk_root(doc, LK_TEXT, (lk_str){"t", 1}, &text), LK_OK);
    CHECK_EQ(lk_text_insert(doc, text, 0, LK_UTF8, (lk_str){"hello", 5}), LK_OK);
    CHECK_EQ(lk_export(doc, mode, (lk_ids){0}, out), LK_OK);
    lk_free(doc);
}

/* Hand a talk to the fuzzer, and free it. */
static inline size_t talk_seed(lk_buf *talk, uint8_t *out, size_t cap) {
    size_t len = talk->len;
    CHECK(len <= cap);
    memcpy(out, talk->at, len);
    lk_buf_free(talk);
    return len;
}

#endif
