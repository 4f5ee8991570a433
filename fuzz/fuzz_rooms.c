/* SPDX-License-Identifier: MIT
 * fuzz_rooms.c - what clients say to the server's rooms (talk.h), spoken by three connections in
 * turn, while a fourth sits in the rooms and must only ever hear messages that can be read. */
#include "fuzz/fuzz.h"
#include "fuzz/talk.h"

#include "host/rooms.h"
#include "host/rooms_word.h"
#include "room/elo.h"

#define CONNS 4

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

/* Join, write, write in fragments, acknowledge, join again, leave: in a room of one kind. */
static void seed_talk(writer *w, frame_crdt crdt, lk_bytes update) {
    const frame talk[] = {
        {.kind = FRAME_JOIN_REQUEST},
        {.kind = FRAME_UPDATE, .batch = 1, .count = 1, .updates = &update},
        {.kind = FRAME_JOIN_REQUEST},
        {.kind = FRAME_JOIN_REQUEST},
        talk_fragments(update),
        {.kind = FRAME_ACK, .batch = 1},
        {.kind = FRAME_LEAVE},
        talk_fragment(update, 0),
        {.kind = FRAME_JOIN_REQUEST},
        {.kind = FRAME_JOIN_REQUEST},
        talk_fragment(update, 1),
    };
    for (size_t i = 0; i < countof(talk); i++) talk_put(w, crdt, talk[i]);
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

/* All three enter a room with a word, and show one another something there. */
static void seed_shown(writer *w, lk_bytes update) {
    static const uint8_t word[ROOMS_WORD_LEN] = ROOMS_WORD_MAGIC;
    const frame join = {.kind = FRAME_JOIN_REQUEST, .payload = {word, sizeof word}},
                show = {.kind = FRAME_UPDATE, .count = 1, .updates = &update},
                leave = {.kind = FRAME_LEAVE};
    const struct {
        frame_crdt crdt;
        frame say;
    } talk[] = {
        {FRAME_ELO, join},       {FRAME_ELO, join},       {FRAME_ELO, join},
        {FRAME_EPHEMERAL, join}, {FRAME_EPHEMERAL, join}, {FRAME_EPHEMERAL, join},
        {FRAME_EPHEMERAL, show}, {FRAME_EPHEMERAL, show}, {FRAME_ELO, leave},
    };
    for (size_t i = 0; i < countof(talk); i++) {
        frame f = talk[i].say;
        f.room = (lk_str){"word", 4};
        talk_put(w, talk[i].crdt, f);
    }
}

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    static const frame_crdt kinds[] = {FRAME_ELO, FRAME_LORO, FRAME_EPHEMERAL,
                                       FRAME_EPHEMERAL_STORED};
    if (n > countof(kinds)) return 0;
    lk_buf bytes = HEAP_BUF, update = {0};
    if (n == 0) seed_sealed(&update);
    if (n == 1) talk_document(&update, LK_UPDATES);
    if (n > 1) seed_entries(&update);
    writer w = writer_new(&bytes);
    if (n < countof(kinds))
        seed_talk(&w, kinds[n], (lk_bytes){update.at, update.len});
    else
        seed_shown(&w, (lk_bytes){update.at, update.len});
    lk_buf_free(&update);
    return talk_seed(&bytes, out, cap);
}

static void fuzz_witness(conn *c) {
    lk_buf bytes = HEAP_BUF;
    frame f = {.crdt = FRAME_ELO, .room = TALK_ROOM, .kind = FRAME_JOIN_REQUEST};
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
