/* SPDX-License-Identifier: MIT
 * fuzz_rooms.c - what clients say to the server's rooms: messages, each behind its length (two
 * bytes, big-endian), spoken by three connections in turn, while a fourth sits in the rooms and
 * must only ever hear messages that can be read. */
#include "fuzz/fuzz.h"

#include "check.h"
#include "host/heap.h"
#include "host/rooms.h"
#include "room/elo.h"
#include "room/frame.h"

#define CONNS 4
#define ROOM ((lk_str){"r", 1})

typedef struct conn {
    rooms_member *member;
    bool closed;
    size_t heard;
} conn;

static void conn_send(void *context, lk_bytes message) {
    conn *c = context;
    frame f;
    CHECK(!c->closed);
    CHECK_EQ(frame_decode(message, &f, NULL), LK_OK);
    CHECK(message.len <= LK_MESSAGE_MAX);
    c->heard++;
}
static size_t conn_queued(void *context) {
    /* Some read slowly. */
    return ((conn *)context)->heard % 7 == 6 ? SIZE_MAX : 0;
}
static void conn_close(void *context) { ((conn *)context)->closed = true; }
static void conn_note(const char *text) { (void)text; }
static int64_t conn_unix_ms(void) { return 1000000; }

static void seed_put(writer *w, const frame *f) {
    lk_buf bytes = HEAP_BUF;
    CHECK(frame_encode(f, &bytes));
    writer_u16be(w, (uint16_t)bytes.len);
    writer_raw(w, bytes.at, bytes.len);
    lk_buf_free(&bytes);
}

/* Join, write, write in fragments, acknowledge, join again, leave: in a room of one kind. */
static void seed_talk(writer *w, frame_crdt crdt, lk_bytes update) {
    lk_bytes half = {update.at, update.len / 2},
             rest = {update.at + half.len, update.len - half.len};
    const frame talk[] = {
        {.kind = FRAME_JOIN_REQUEST},
        {.kind = FRAME_UPDATE, .batch = 1, .count = 1, .updates = &update},
        {.kind = FRAME_JOIN_REQUEST},
        {.kind = FRAME_JOIN_REQUEST},
        {.kind = FRAME_FRAGMENT_HEADER, .batch = 2, .count = 2, .total = (uint32_t)update.len},
        {.kind = FRAME_ACK, .batch = 1},
        {.kind = FRAME_LEAVE},
        {.kind = FRAME_FRAGMENT, .batch = 2, .index = 0, .payload = half},
        {.kind = FRAME_JOIN_REQUEST},
        {.kind = FRAME_JOIN_REQUEST},
        {.kind = FRAME_FRAGMENT, .batch = 2, .index = 1, .payload = rest},
    };
    for (size_t i = 0; i < countof(talk); i++) {
        frame f = talk[i];
        f.crdt = crdt, f.room = ROOM;
        seed_put(w, &f);
    }
}

static void seed_sealed(lk_buf *out) {
    static const uint8_t iv[ELO_IV], box[ELO_TAG];
    elo_record r = {
        .kind = ELO_SPAN, .peer = {(const uint8_t *)"1", 1}, .end = 2, .iv = {iv, ELO_IV}};
    lk_buf record = HEAP_BUF;
    CHECK(elo_header_write(&r, &record));
    writer one = writer_new(&record), w = writer_new(out);
    writer_bytes(&one, box, sizeof box);
    writer_uleb(&w, 1);
    writer_bytes(&w, record.at, record.len);
    lk_buf_free(&record);
}

static void seed_entries(lk_buf *out) {
    lk_ephemeral *e = lk_ephemeral_new(UINT64_MAX, NULL);
    lk_value value = {.type = LK_NULL};
    CHECK_EQ(lk_ephemeral_set(e, (lk_str){"key", 3}, &value, 1000000, out), LK_OK);
    lk_ephemeral_free(e);
}

static void seed_document(lk_buf *out) {
    lk_doc *doc = lk_new(5, NULL);
    lk_ref text;
    CHECK_EQ(lk_root(doc, LK_TEXT, (lk_str){"t", 1}, &text), LK_OK);
    CHECK_EQ(lk_text_insert(doc, text, 0, LK_UTF8, (lk_str){"hello", 5}), LK_OK);
    CHECK_EQ(lk_export(doc, LK_UPDATES, (lk_ids){0}, out), LK_OK);
    lk_free(doc);
}

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    static const frame_crdt kinds[] = {FRAME_ELO, FRAME_LORO, FRAME_EPHEMERAL,
                                       FRAME_EPHEMERAL_STORED};
    if (n >= countof(kinds)) return 0;
    lk_buf bytes = HEAP_BUF, update = {0};
    if (n == 0) seed_sealed(&update);
    if (n == 1) seed_document(&update);
    if (n > 1) seed_entries(&update);
    writer w = writer_new(&bytes);
    seed_talk(&w, kinds[n], (lk_bytes){update.at, update.len});
    size_t len = bytes.len;
    CHECK(len <= cap);
    memcpy(out, bytes.at, len);
    lk_buf_free(&bytes);
    lk_buf_free(&update);
    return len;
}

static void fuzz_witness(conn *c) {
    lk_buf bytes = HEAP_BUF;
    frame f = {.crdt = FRAME_ELO, .room = ROOM, .kind = FRAME_JOIN_REQUEST};
    CHECK(frame_encode(&f, &bytes));
    rooms_feed(c->member, (lk_bytes){bytes.at, bytes.len}, 0);
    CHECK_EQ(c->heard, 1);
    lk_buf_free(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    rooms *r = rooms_new(&(rooms_options){.plain = true,
                                          .seed = 1,
                                          .unix_ms = conn_unix_ms,
                                          .send = conn_send,
                                          .queued = conn_queued,
                                          .close = conn_close,
                                          .note = conn_note});
    conn conns[CONNS] = {0};
    for (int i = 0; i < CONNS; i++) conns[i].member = rooms_enter(r, &conns[i], 0);
    fuzz_witness(&conns[3]);
    reader in = reader_new((lk_bytes){data, size});
    for (uint64_t turn = 0; reader_left(&in) > 0; turn++) {
        size_t len = reader_u16be(&in), left = reader_left(&in);
        lk_bytes message = reader_take(&in, len < left ? len : left);
        rooms_feed(conns[turn % 3].member, message, turn * 1000);
        rooms_drained(conns[turn % 3].member);
        rooms_tick(r, turn * 1000);
    }
    CHECK(!conns[3].closed);
    CHECK_EQ(rooms_stats_read(r).members, CONNS);
    for (int i = 0; i < CONNS; i++) rooms_leave(conns[i].member);
    rooms_tick(r, 1u << 30);
    rooms_tick(r, 1u << 31);
    CHECK_EQ(rooms_stats_read(r).rooms, 0);
    CHECK_EQ(rooms_stats_read(r).bytes, 0);
    rooms_free(r);
    return 0;
}
