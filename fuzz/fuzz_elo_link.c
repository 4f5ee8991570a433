/* SPDX-License-Identifier: MIT
 * fuzz_elo_link.c - what a relay, or the server, says to a member of a sealed room (talk.h).
 * Whatever it says, the member's document stays whole, and nothing goes out in the clear. */
#include "fuzz/fuzz.h"
#include "fuzz/talk.h"

#include "host/elo_link.h"
#include "host/seal.h"
#include "lorikeet_room.h"
#include "room/elo.h"
#include "room/signed.h"

#define SECRET "what nobody else may read"
#define NOW_MS 1000000

static const uint8_t key[SEAL_KEY] = {7};

/* What opens was sealed here, so it may as well be signed quickly. */
static bool quick_sign(void *context, lk_bytes blob, uint8_t out[LK_SIGNATURE]) {
    (void)context, (void)blob;
    memset(out, 1, LK_SIGNATURE);
    return true;
}
static bool quick_verify(void *context, lk_bytes blob, const uint8_t signature[LK_SIGNATURE]) {
    (void)context, (void)blob;
    return signature[0] == 1;
}
static const lk_guard guard = {NULL, quick_sign, quick_verify};

typedef struct member {
    lk_doc *doc;
    lk_room *room;
    elo_link *link;
    bool over; /* the room gave the link up */
} member;

/* ---- what an honest relay says ---- */

/* A container with one record, which opens. */
static void seed_container(lk_buf *out, elo_kind kind) {
    static const uint8_t iv[ELO_IV] = {1}, version[] = {1, '5', 5};
    elo_record r = {.kind = kind, .key_id = {"lorikeet-1", 10}, .iv = {iv, ELO_IV}};
    if (kind == ELO_SPAN)
        r.peer = (lk_bytes){(const uint8_t *)"5", 1}, r.end = 5;
    else
        r.version = (lk_bytes){version, sizeof version}, r.version_len = 1;
    uint8_t record_key[SEAL_KEY];
    lk_buf blob = {0}, plain = HEAP_BUF, record = HEAP_BUF, box = HEAP_BUF;
    talk_document(&blob, kind == ELO_SPAN ? LK_UPDATES : LK_SNAPSHOT);
    CHECK(signed_write(&guard, (lk_bytes){blob.at, blob.len}, &plain));
    seal_derive(key, "lorikeet document 1", TALK_ROOM, record_key);
    CHECK(elo_header_write(&r, &record));
    seal_box_close(record_key, iv, (lk_bytes){record.at, record.len},
                   (lk_bytes){plain.at, plain.len}, &box);
    writer one = writer_new(&record), w = writer_new(out);
    writer_bytes(&one, box.at, box.len);
    writer_uleb(&w, 1);
    writer_bytes(&w, record.at, record.len);
    lk_buf_free(&blob);
    lk_buf_free(&plain);
    lk_buf_free(&record);
    lk_buf_free(&box);
}

/* An entry that another member shows, which opens. */
static void seed_shown(lk_buf *out) {
    static const uint8_t iv[SEAL_IV] = {2};
    static const char header[] = "name/1000000";
    uint8_t shown_key[SEAL_KEY];
    lk_buf plain = {0}, value = HEAP_BUF;
    lk_ephemeral *theirs = lk_ephemeral_new(30000, NULL), *keeper = lk_ephemeral_new(30000, NULL);
    lk_value at = {.type = LK_I64, .as.i64 = 7};
    CHECK_EQ(lk_ephemeral_set(theirs, (lk_str){"cursor", 6}, &at, NOW_MS, &plain), LK_OK);
    seal_derive(key, "lorikeet presence 1", TALK_ROOM, shown_key);
    buf_append(&value, iv, sizeof iv);
    seal_box_close(shown_key, iv, (lk_bytes){(const uint8_t *)header, sizeof header - 1},
                   (lk_bytes){plain.at, plain.len}, &value);
    lk_value box = {.type = LK_BINARY, .len = (uint32_t)value.len, .as.bytes = value.at};
    CHECK_EQ(lk_ephemeral_set(keeper, (lk_str){"name", 4}, &box, NOW_MS, out), LK_OK);
    lk_ephemeral_free(theirs);
    lk_ephemeral_free(keeper);
    lk_buf_free(&plain);
    lk_buf_free(&value);
}

static void seed_talk(writer *w, frame_crdt crdt, lk_bytes update) {
    const frame talk[] = {
        {.kind = FRAME_JOIN_OK},
        {.kind = FRAME_UPDATE, .batch = 1, .count = 1, .updates = &update},
        {.kind = FRAME_ACK, .batch = 1},
        talk_fragments(update),
        talk_fragment(update, 0),
        talk_fragment(update, 1),
    };
    for (size_t i = 0; i < countof(talk); i++) talk_put(w, crdt, talk[i]);
}

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    if (n > ELO_SNAPSHOT + 1) return 0;
    bool shown = n > ELO_SNAPSHOT;
    lk_buf update = HEAP_BUF, bytes = HEAP_BUF;
    if (shown)
        seed_shown(&update);
    else
        seed_container(&update, (elo_kind)n);
    writer w = writer_new(&bytes);
    seed_talk(&w, shown ? FRAME_EPHEMERAL : FRAME_ELO, (lk_bytes){update.at, update.len});
    lk_buf_free(&update);
    return talk_seed(&bytes, out, cap);
}

/* ---- a member ---- */

static void member_out(void *context, lk_bytes message) {
    (void)context;
    frame f;
    CHECK_EQ(frame_decode(message, &f, NULL), LK_OK);
    size_t len = strlen(SECRET);
    for (size_t i = 0; i + len <= message.len; i++) CHECK(memcmp(message.at + i, SECRET, len) != 0);
}
static void member_in(void *context, lk_bytes message) {
    member *m = context;
    if (!m->over && lk_room_feed(m->room, 1, message, 0) != LK_OK) m->over = true;
}
static int64_t member_unix_ms(void) { return NOW_MS; }
static void member_refused(void *context) { (void)context; }

static void member_pump(member *m) {
    const lk_room_out *out;
    while ((out = lk_room_poll(m->room)) != NULL) {
        if (out->kind == LK_ROOM_SEND) elo_link_seal(m->link, out->bytes);
        if (out->kind == LK_ROOM_STORE) lk_room_stored(m->room, out->token);
        if (out->kind == LK_ROOM_ERROR) m->over = true;
    }
}

static void member_begin(member *m) {
    lk_ref text;
    *m = (member){.doc = lk_new(9, NULL)};
    CHECK_EQ(lk_root(m->doc, LK_TEXT, (lk_str){"t", 1}, &text), LK_OK);
    CHECK_EQ(lk_text_insert(m->doc, text, 0, LK_UTF8, (lk_str){SECRET, strlen(SECRET)}), LK_OK);
    CHECK_EQ(lk_commit(m->doc, NULL), LK_OK);
    lk_room_options options = {.room_id = TALK_ROOM, .seed = 1, .guard = &guard};
    m->room = lk_room_new(m->doc, &options, NULL);
    m->link = elo_link_new(&(elo_link_options){.doc = m->doc,
                                               .room = TALK_ROOM,
                                               .key = key,
                                               .guard = &guard,
                                               .message_max = 4096,
                                               .unix_ms = member_unix_ms,
                                               .context = m,
                                               .out = member_out,
                                               .in = member_in,
                                               .refused = member_refused});
    CHECK_EQ(lk_room_open(m->room, 1, 0), LK_OK);
    lk_value shown = {
        .type = LK_STRING, .len = strlen(SECRET), .as.bytes = (const uint8_t *)SECRET};
    CHECK_EQ(lk_room_presence_set(m->room, (lk_str){SECRET, strlen(SECRET)}, &shown, 0), LK_OK);
    member_pump(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    member m;
    member_begin(&m);
    reader in = reader_new((lk_bytes){data, size});
    for (uint64_t now_ms = 0; reader_left(&in) > 0 && !m.over; now_ms += 1000) {
        size_t len = reader_u16be(&in), left = reader_left(&in);
        if (!elo_link_open(m.link, reader_take(&in, len < left ? len : left))) break;
        member_pump(&m);
        lk_room_tick(m.room, now_ms);
        member_pump(&m);
        elo_link_tick(m.link, now_ms);
    }
    lk_check(m.doc);
    lk_room_free(m.room);
    elo_link_free(m.link);
    lk_free(m.doc);
    return 0;
}
