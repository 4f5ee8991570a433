/* SPDX-License-Identifier: MIT
 * fuzz_room.c - a whole conversation, damaged. The input is what one end said:
 *
 *   record: length (2, little-endian) | message        length 0: time passes, and the victim types
 *
 * The seeds are recorded from two real rooms. The victim hears the input on one link. Whatever it
 * hears, a message that is refused leaves its document as it was, the document stays whole, and on
 * another link an honest peer still gets all of it. */
#include "fuzz/fuzz.h"

#include "base/hash.h"
#include "base/keyed_hash.h"
#include "check.h"
#include "room/frame.h"

#define FUZZ_STEP_MS 700u

typedef struct side {
    lk_doc *doc;
    lk_room *room;
    lk_ref text;
    uint64_t now_ms;
    bool synced;
} side;

static side side_new(uint64_t peer) {
    const lk_room_options options = {
        .room_id = {"room", 4}, .seed = peer, .message_max = 1024, .unix_offset_ms = 1};
    side s = {.doc = lk_new(peer, NULL), .now_ms = 1};
    CHECK_EQ(lk_root(s.doc, LK_TEXT, (lk_str){"text", 4}, &s.text), LK_OK);
    s.room = lk_room_new(s.doc, &options, NULL);
    CHECK(s.room != NULL);
    return s;
}

static void side_free(side *s) {
    lk_room_free(s->room);
    lk_free(s->doc);
}

static void side_type(side *s, const char *text) {
    CHECK_EQ(lk_text_insert(s->doc, s->text, 0, LK_UTF8, (lk_str){text, strlen(text)}), LK_OK);
    CHECK_EQ(lk_room_edited(s->room, s->now_ms), LK_OK);
}

/* Do what the room wants; its messages go to `other` on link `there`, and to `record`. */
static bool side_poll(side *s, side *other, lk_link there, lk_buf *record) {
    bool any = false;
    for (const lk_room_out *out; (out = lk_room_poll(s->room)) != NULL; any = true) {
        if (out->kind == LK_ROOM_STORE)
            lk_room_stored(s->room, out->token);
        else if (out->kind == LK_ROOM_SYNCED || out->kind == LK_ROOM_BEHIND)
            s->synced = out->kind == LK_ROOM_SYNCED;
        if (out->kind != LK_ROOM_SEND || other == NULL) continue;
        if (record != NULL) {
            uint8_t len[2] = {(uint8_t)out->bytes.len, (uint8_t)(out->bytes.len >> 8)};
            CHECK(buf_append(record, len, 2));
            CHECK(buf_append(record, out->bytes.at, out->bytes.len));
        }
        CHECK_EQ(lk_room_feed(other->room, there, out->bytes, other->now_ms), LK_OK);
    }
    return any;
}

static void talk(side *a, side *b, lk_link link_of_a, lk_link link_of_b, lk_buf *record) {
    while (side_poll(a, b, link_of_b, record) || side_poll(b, a, link_of_a, NULL)) {}
}

static void step(side *s) {
    s->now_ms += FUZZ_STEP_MS;
    lk_room_tick(s->room, s->now_ms);
    side_type(s, "v");
}

/* Two sides meet; the first says all kinds of things. */
static void converse(uint32_t n, lk_buf *record) {
    const lk_value here = {.type = LK_STRING, .len = 4, .as.bytes = (const uint8_t *)"here"};
    char many[1500];
    memset(many, 'm', sizeof many - 1);
    many[sizeof many - 1] = 0;
    side a = side_new(11), b = side_new(22);
    side_type(&b, "the victim's own");
    if (n == 1) side_type(&a, many);
    CHECK_EQ(lk_room_open(a.room, 2, 1), LK_OK);
    CHECK_EQ(lk_room_open(b.room, 1, 1), LK_OK);
    talk(&a, &b, 2, 1, record);
    for (int i = 0; i < 3; i++) {
        side_type(&a, i == 1 ? "\u00e9\U0001f99c" : "a");
        CHECK_EQ(lk_text_delete(a.doc, a.text, 0, 1, LK_CODEPOINT), LK_OK);
        CHECK_EQ(lk_room_presence_set(a.room, (lk_str){"k", 1}, &here, 1), LK_OK);
        talk(&a, &b, 2, 1, record);
        CHECK(buf_append(record, "\0\0", 2));
        step(&b);
        talk(&a, &b, 2, 1, record);
    }
    CHECK(a.synced && b.synced);
    side_free(&a);
    side_free(&b);
}

/* What a room does not say by itself. */
static void speak(lk_buf *record) {
    const frame said[] = {
        {.kind = FRAME_JOIN_REQUEST},
        {.kind = FRAME_JOIN_OK, .may_write = true, .version = {(const uint8_t *)"\1\26\4", 3}},
        {.kind = FRAME_ACK, .batch = 1, .code = ACK_FRAGMENT_TIMEOUT},
        {.kind = FRAME_FRAGMENT_HEADER, .batch = 5, .count = 2, .total = 400},
        {.kind = FRAME_FRAGMENT, .batch = 5, .index = 1, .payload = {(const uint8_t *)"ab", 2}},
        {.kind = FRAME_ROOM_ERROR, .code = ROOM_REJOIN_SUGGESTED},
        {.kind = FRAME_LEAVE},
        {.kind = FRAME_JOIN_ERROR, .code = JOIN_AUTH_FAILED},
    };
    for (size_t i = 0; i < countof(said); i++) {
        frame f = said[i];
        f.crdt = FRAME_LORO;
        f.room = (lk_str){"room", 4};
        lk_buf bytes = {0};
        CHECK(frame_encode(&f, &bytes));
        uint8_t len[2] = {(uint8_t)bytes.len, (uint8_t)(bytes.len >> 8)};
        CHECK(buf_append(record, len, 2) && buf_append(record, bytes.at, bytes.len));
        lk_buf_free(&bytes);
    }
}

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    if (n > 2) return 0;
    lk_buf record = {0};
    if (n < 2)
        converse(n, &record);
    else
        speak(&record);
    CHECK(record.len <= cap);
    size_t len = record.len;
    memcpy(out, record.at, len);
    lk_buf_free(&record);
    return len;
}

/* The next record of the input; false at its end. */
static bool next_record(const uint8_t **at, size_t *left, lk_bytes *out) {
    if (*left < 2) return false;
    size_t len = (size_t)((*at)[0] | (*at)[1] << 8);
    *at += 2, *left -= 2;
    if (len > *left) len = *left;
    *out = (lk_bytes){*at, len};
    *at += len, *left -= len;
    return true;
}

/* Checksums of the updates in whole messages, as codec/envelope.c has them. */
void fuzz_repair(uint8_t *data, size_t size) {
    const uint8_t *at = data;
    lk_bytes message, update;
    frame f;
    while (next_record(&at, &size, &message)) {
        if (frame_decode(message, &f, NULL) != LK_OK || f.kind != FRAME_UPDATE) continue;
        while (frame_next_update(&f.list, &update)) {
            if (update.len < 22 || memcmp(update.at, "loro", 4) != 0) continue;
            uint32_t sum = hash_xx32(update.at + 20, update.len - 20, HASH_SEED_LORO);
            uint8_t *to = data + (update.at - data) + 16;
            for (int i = 0; i < 4; i++) to[i] = (uint8_t)(sum >> (8 * i));
        }
    }
}

static void feed(side *victim, lk_bytes message) {
    frame f;
    bool one = frame_decode(message, &f, NULL) != LK_OK || f.count <= 1;
    size_t ops = lk_op_count(victim->doc);
    uint8_t *exact = malloc(message.len + 1);
    memcpy(exact, message.at, message.len);
    lk_status status =
        lk_room_feed(victim->room, 1, (lk_bytes){exact, message.len}, victim->now_ms);
    if (status != LK_OK && one) CHECK_EQ(lk_op_count(victim->doc), ops);
    free(exact);
    side_poll(victim, NULL, 0, NULL);
}

/* Does a root say anything? Those of changes that wait are there already, of any kind. */
static bool tells(lk_doc *doc, lk_ref root) {
    lk_kind kind = lk_ref_kind(doc, root);
    if (kind == LK_COUNTER) return lk_counter_value(doc, root) != 0;
    return kind < LK_COUNTER && lk_root_shows(doc, root);
}

/* The version, and a sum over what the roots tell: their order differs. */
static void describe(side *s, lk_buf out[2]) {
    CHECK_EQ(lk_vv_encode(lk_version(s->doc), &out[0]), LK_OK);
    lk_hide_empty_roots(s->doc, true);
    uint64_t sum = 0;
    lk_ref root;
    for (size_t cursor = 0; lk_root_next(s->doc, &cursor, &root);) {
        if (!tells(s->doc, root)) continue;
        lk_buf told = {0};
        CHECK_EQ(lk_container_id(s->doc, root, &told), LK_OK);
        CHECK_EQ(lk_container_json(s->doc, root, &told), LK_OK);
        sum += hash_xx32(told.at, told.len, HASH_SEED_LORO);
        lk_buf_free(&told);
    }
    CHECK(buf_append(&out[1], &sum, sizeof sum));
}

/* Someone honest comes by another link and gets everything. */
static void meet_honest(side *victim) {
    side honest = side_new(33);
    honest.now_ms = victim->now_ms;
    lk_room_close(victim->room, 1);
    CHECK_EQ(lk_room_open(victim->room, 9, victim->now_ms), LK_OK);
    CHECK_EQ(lk_room_open(honest.room, 9, honest.now_ms), LK_OK);
    talk(victim, &honest, 9, 9, NULL);
    CHECK(victim->synced && honest.synced);
    lk_buf mine[2] = {0}, theirs[2] = {0};
    describe(victim, mine);
    describe(&honest, theirs);
    for (int i = 0; i < 2; i++) {
        CHECK_BYTES(theirs[i].at, theirs[i].len, mine[i].at, mine[i].len);
        lk_buf_free(&mine[i]);
        lk_buf_free(&theirs[i]);
    }
    side_free(&honest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    side victim = side_new(22);
    side_type(&victim, "the victim's own");
    CHECK_EQ(lk_room_open(victim.room, 1, 1), LK_OK);
    side_poll(&victim, NULL, 0, NULL);
    const uint8_t *at = data;
    size_t left = size;
    for (lk_bytes message; next_record(&at, &left, &message);) {
        if (message.len > 0)
            feed(&victim, message);
        else
            step(&victim);
    }
    if (keyed_hash((uint64_t[2]){0}, data, size) % 16 == 0) meet_honest(&victim);
    side_free(&victim);
    return 0;
}
