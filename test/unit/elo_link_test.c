/* SPDX-License-Identifier: MIT
 * elo_link_test.c - two rooms that never meet, and between them somebody who keeps what they say
 * and cannot read it: in honesty, and with every lie there is. And members who may only read. */
#include "check.h"

#include "host/elo_link.h"
#include "host/heap.h"
#include "host/presence_link.h"
#include "host/rooms.h"
#include "host/seal.h"
#include "lorikeet_room.h"
#include "room/elo.h"
#include "room/frame.h"
#include "room/signed.h"

#define ROOM ((lk_str){"room", 4})

static seal_keys writes, reads, others; /* others: another room key's */
static int64_t clock_ms = 1000000;
static uint64_t tick_ms;
static int64_t unix_ms(void) { return clock_ms; }
static void note(const char *text) { (void)text; }

typedef struct mail { /* messages on their way */
    VEC(lk_buf) all;
} mail;

static void mail_put(mail *m, lk_bytes message) {
    lk_buf *copy = vec_push(&heap_memory, &m->all);
    *copy = (lk_buf)HEAP_BUF;
    buf_append(copy, message.at, message.len);
}

static void mail_drop(mail *m) {
    for (size_t i = 0; i < m->all.len; i++) lk_buf_free(&m->all.at[i]);
    vec_drop(&heap_memory, &m->all);
}

/* ---- the keeper, and its lies ---- */

typedef enum lie { TRUTH, CHANGED, HEADERS, TWICE, REVERSED, LIES } lie;

static lie how;

static void lie_records(lk_bytes container, lk_buf *out) {
    lk_bytes list, one;
    VEC(lk_bytes) records = {0};
    CHECK_EQ(elo_container_read(container, &list, NULL), LK_OK);
    while (frame_next_update(&list, &one)) *vec_push(&heap_memory, &records) = one;
    size_t n = records.len, times = how == TWICE ? 2 : 1;
    writer w = writer_new(out);
    writer_uleb(&w, n * times);
    for (size_t i = 0; i < n * times; i++) {
        lk_buf record = HEAP_BUF;
        elo_record r;
        lk_bytes from = records.at[how == REVERSED ? n - 1 - i : i % n];
        CHECK_EQ(elo_record_read(from, &r, NULL), LK_OK);
        if (how == HEADERS) r.start = 0, r.end += 100;
        CHECK(elo_header_write(&r, &record));
        writer box = writer_new(&record);
        writer_bytes(&box, r.box.at, r.box.len);
        if (how == CHANGED) record.at[record.len - 20] ^= 1;
        writer_bytes(&w, record.at, record.len);
        lk_buf_free(&record);
    }
    vec_drop(&heap_memory, &records);
}

/* What the keeper says, as it is told to. */
static void keeper_send(void *conn, lk_bytes message) {
    frame f;
    lk_bytes update;
    CHECK_EQ(frame_decode(message, &f, NULL), LK_OK);
    if (f.kind != FRAME_UPDATE || f.crdt != FRAME_ELO || how == TRUTH) {
        mail_put(conn, message);
        return;
    }
    lk_buf container = HEAP_BUF, bytes = HEAP_BUF;
    CHECK(frame_next_update(&f.list, &update));
    lie_records(update, &container);
    update = (lk_bytes){container.at, container.len};
    f.count = 1, f.updates = &update;
    CHECK(frame_encode(&f, &bytes));
    mail_put(conn, (lk_bytes){bytes.at, bytes.len});
    lk_buf_free(&container);
    lk_buf_free(&bytes);
}
static size_t keeper_queued(void *conn) {
    (void)conn;
    return 0;
}
static void keeper_close(void *conn) {
    (void)conn;
    CHECK(false);
}

static rooms *keeper_new(void) {
    return rooms_new(&(rooms_options){.message_max = 4096,
                                      .seed = 1,
                                      .unix_ms = unix_ms,
                                      .send = keeper_send,
                                      .queued = keeper_queued,
                                      .close = keeper_close,
                                      .note = note});
}

/* ---- a peer ---- */

typedef struct side {
    lk_doc *doc;
    lk_ref text;
    lk_room *room;
    elo_link *elo_link;
    rooms_member *member;
    mail in, out;
    struct side *beside; /* by a channel, which is link 2 of both rooms */
    mail channel;        /* to that one */
    bool refused, synced;
} side;

static void side_out(void *context, lk_bytes message) {
    side *s = context;
    for (size_t i = 0; i + 6 <= message.len; i++) CHECK(memcmp(message.at + i, "secret", 6) != 0);
    mail_put(&s->out, message);
}
static void side_in(void *context, lk_bytes message) {
    side *s = context;
    CHECK_EQ(lk_room_feed(s->room, 1, message, 0), LK_OK);
}
static void side_refused(void *context) { ((side *)context)->refused = true; }

static void side_pump(side *s) {
    const lk_room_out *out;
    while ((out = lk_room_poll(s->room)) != NULL) {
        if (out->kind == LK_ROOM_SEND && out->link == 2) mail_put(&s->channel, out->bytes);
        if (out->kind == LK_ROOM_SEND && out->link == 1) elo_link_seal(s->elo_link, out->bytes);
        if (out->kind == LK_ROOM_STORE) lk_room_stored(s->room, out->token);
        if (out->kind == LK_ROOM_SYNCED) s->synced = true;
        CHECK(out->kind != LK_ROOM_ERROR);
    }
}

static elo_link *side_link(side *s, const seal_keys *keys) {
    lk_guard guard = seal_guard(keys);
    return elo_link_new(&(elo_link_options){.doc = s->doc,
                                            .room = ROOM,
                                            .key = keys->read,
                                            .guard = &guard,
                                            .message_max = 4096,
                                            .unix_ms = unix_ms,
                                            .context = s,
                                            .out = side_out,
                                            .in = side_in,
                                            .refused = side_refused});
}

static void side_open(side *s, uint64_t peer, rooms *keeper, const seal_keys *keys) {
    lk_guard guard = seal_guard(keys);
    *s = (side){.doc = lk_new(peer, NULL)};
    CHECK_EQ(lk_root(s->doc, LK_TEXT, (lk_str){"t", 1}, &s->text), LK_OK);
    lk_room_options options = {.room_id = ROOM, .seed = peer, .guard = &guard};
    s->room = lk_room_new(s->doc, &options, NULL);
    s->elo_link = side_link(s, keys);
    s->member = rooms_enter(keeper, &s->in, 0);
    CHECK_EQ(lk_room_open(s->room, 1, 0), LK_OK);
    side_pump(s);
}

static void side_close(side *s) {
    rooms_leave(s->member);
    if (s->room != NULL) lk_room_free(s->room);
    elo_link_free(s->elo_link);
    lk_free(s->doc);
    mail_drop(&s->in);
    mail_drop(&s->out);
    mail_drop(&s->channel);
}

static bool mail_take(mail *m, lk_buf *out) {
    if (m->all.len == 0) return false;
    *out = m->all.at[0];
    memmove(m->all.at, m->all.at + 1, --m->all.len * sizeof m->all.at[0]);
    return true;
}

/* Until nobody says anything; a while after what was before. */
static void settle(side *sides, size_t count) {
    tick_ms += 1000;
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < count; i++) {
            lk_buf message;
            elo_link_tick(sides[i].elo_link, tick_ms);
            while (mail_take(&sides[i].out, &message)) {
                rooms_feed(sides[i].member, (lk_bytes){message.at, message.len}, 0);
                lk_buf_free(&message);
                more = true;
            }
            while (mail_take(&sides[i].in, &message)) {
                CHECK(elo_link_open(sides[i].elo_link, (lk_bytes){message.at, message.len}));
                lk_buf_free(&message);
                side_pump(&sides[i]);
                more = true;
            }
            while (mail_take(&sides[i].channel, &message)) {
                side *to = sides[i].beside;
                CHECK_EQ(lk_room_feed(to->room, 2, (lk_bytes){message.at, message.len}, 0), LK_OK);
                lk_buf_free(&message);
                side_pump(to);
                more = true;
            }
        }
    }
}

static void type(side *s, size_t times) {
    for (size_t i = 0; i < times; i++) {
        CHECK_EQ(lk_text_insert(s->doc, s->text, 0, LK_UTF8, (lk_str){"secret ", 7}), LK_OK);
        CHECK_EQ(lk_room_edited(s->room, 0), LK_OK);
        side_pump(s);
    }
}

static void check_text(side *s, size_t times) {
    lk_buf text = {0};
    CHECK_EQ(lk_text_string(s->doc, s->text, &text), LK_OK);
    CHECK_EQ(text.len, 7 * times);
    lk_buf_free(&text);
}

/* ---- */

/* One writes and goes, the other comes later. The keeper needs little room for it. */
static void test_later(void) {
    rooms *keeper = keeper_new();
    side a, b;
    how = TRUTH;
    side_open(&a, 1, keeper, &writes);
    settle(&a, 1);
    for (int i = 0; i < 20; i++) {
        type(&a, 10);
        settle(&a, 1);
    }
    CHECK(a.synced);
    CHECK(rooms_stats_read(keeper).bytes < 9000);
    side_close(&a);
    side_open(&b, 2, keeper, &writes);
    settle(&b, 1);
    check_text(&b, 200);
    CHECK(!b.refused && b.synced);
    side_close(&b);
    rooms_free(keeper);
}

/* What the room of a writer would say of what `doc` holds that is not in `from`. */
static void say_update(lk_doc *doc, lk_ids from, lk_buf *message) {
    lk_buf blob = HEAP_BUF, update = HEAP_BUF;
    lk_guard guard = seal_guard(&writes);
    CHECK_EQ(lk_export(doc, LK_UPDATES, from, &blob), LK_OK);
    CHECK(signed_write(&guard, (lk_bytes){blob.at, blob.len}, &update));
    lk_bytes view = {update.at, update.len};
    frame f = {
        .crdt = FRAME_LORO, .kind = FRAME_UPDATE, .room = ROOM, .count = 1, .updates = &view};
    CHECK(frame_encode(&f, message));
    lk_buf_free(&blob);
    lk_buf_free(&update);
}

static void write_word(lk_doc *doc) {
    lk_ref text;
    CHECK_EQ(lk_root(doc, LK_TEXT, (lk_str){"t", 1}, &text), LK_OK);
    CHECK_EQ(lk_text_insert(doc, text, 0, LK_UTF8, (lk_str){"secret ", 7}), LK_OK);
}

static void say_word(uint64_t peer, lk_buf *message) {
    lk_doc *doc = lk_new(peer, NULL);
    write_word(doc);
    say_update(doc, (lk_ids){0}, message);
    lk_free(doc);
}

/* Somebody who writes a word, and hears nothing. */
static void write_blind(rooms *keeper, uint64_t peer) {
    lk_buf join = HEAP_BUF, word = HEAP_BUF;
    frame f = {.crdt = FRAME_LORO, .kind = FRAME_JOIN_REQUEST, .room = ROOM};
    CHECK(frame_encode(&f, &join));
    say_word(peer, &word);
    side s = {.doc = lk_new(peer, NULL)};
    s.elo_link = side_link(&s, &writes);
    s.member = rooms_enter(keeper, &s.in, 0);
    elo_link_seal(s.elo_link, (lk_bytes){join.at, join.len});
    elo_link_seal(s.elo_link, (lk_bytes){word.at, word.len});
    for (lk_buf one; mail_take(&s.out, &one); lk_buf_free(&one))
        rooms_feed(s.member, (lk_bytes){one.at, one.len}, 0);
    side_close(&s);
    lk_buf_free(&join);
    lk_buf_free(&word);
}

/* What others signed is given on once; again only if something was refused. */
static void test_once(void) {
    rooms *keeper = keeper_new();
    side s;
    lk_buf word = HEAP_BUF, refusal = HEAP_BUF;
    frame f = {.crdt = FRAME_ELO, .kind = FRAME_ACK, .room = ROOM, .code = ACK_UNKNOWN};
    CHECK(frame_encode(&f, &refusal));
    say_word(1, &word);
    how = TRUTH;
    side_open(&s, 2, keeper, &reads);
    settle(&s, 1);
    for (size_t i = 0; i < 3; i++) {
        if (i == 2) CHECK(elo_link_open(s.elo_link, (lk_bytes){refusal.at, refusal.len}));
        elo_link_seal(s.elo_link, (lk_bytes){word.at, word.len});
        CHECK_EQ(s.out.all.len, i + 1);
    }
    const lk_buf *out = s.out.all.at;
    CHECK(out[0].len > word.len && out[1].len < 32 && out[2].len == out[0].len);
    side_close(&s);
    rooms_free(keeper);
    lk_buf_free(&word);
    lk_buf_free(&refusal);
}

/* `to` gets what `from` holds beside `version`. */
static void bring(lk_doc *from, lk_doc *to, lk_ids version) {
    lk_buf blob = HEAP_BUF;
    CHECK_EQ(lk_export(from, LK_UPDATES, version, &blob), LK_OK);
    CHECK_EQ(lk_import(to, (lk_bytes){blob.at, blob.len}, NULL, NULL), LK_OK);
    lk_buf_free(&blob);
}

/* The same, and the room of `s` passes it on to the keeper, from whom it hears nothing. */
static void pass_on(lk_doc *from, side *s, lk_ids version) {
    lk_buf update = HEAP_BUF;
    bring(from, s->doc, version);
    say_update(from, version, &update);
    elo_link_seal(s->elo_link, (lk_bytes){update.at, update.len});
    lk_buf_free(&update);
    for (lk_buf one; mail_take(&s->out, &one); lk_buf_free(&one))
        rooms_feed(s->member, (lk_bytes){one.at, one.len}, 0);
}

/* A writer is told of words whose past it has not got, by two at once and 64 times by one. The
 * keeper gets them from it all the same, and the past from somebody else. */
static void test_past_later(void) {
    rooms *keeper = keeper_new();
    lk_doc *first = lk_new(1, NULL), *second = lk_new(2, NULL);
    lk_id past = {1, 7}, next[] = {{1, 14}, {2, 7}};
    side s, c;
    how = TRUTH;
    side_open(&s, 3, keeper, &writes);
    settle(&s, 1);
    write_word(first);
    bring(first, second, (lk_ids){0});
    write_word(second);
    bring(second, first, (lk_ids){&past, 1});
    write_word(first);
    pass_on(first, &s, (lk_ids){&past, 1});
    for (size_t i = 0; i < 64; i++, next[0].counter += 7) {
        write_word(first);
        pass_on(first, &s, (lk_ids){next, 2});
    }
    CHECK_EQ(lk_op_count(s.doc), 0);
    side_close(&s);
    write_blind(keeper, 1);
    side_open(&c, 4, keeper, &writes);
    settle(&c, 1);
    check_text(&c, 67);
    side_close(&c);
    lk_free(first), lk_free(second);
    rooms_free(keeper);
}

/* Many peers who wrote a word each: somebody who was given all of it puts it together. */
static void test_crowd(void) {
    rooms *keeper = keeper_new();
    side s;
    how = TRUTH;
    for (uint64_t peer = 1; peer <= 600; peer++) write_blind(keeper, peer);
    size_t before = rooms_stats_read(keeper).bytes;
    side_open(&s, 1000, keeper, &writes);
    settle(&s, 1);
    check_text(&s, 600);
    CHECK(rooms_stats_read(keeper).bytes < before / 4);
    side_close(&s);
    side_open(&s, 1001, keeper, &writes);
    settle(&s, 1);
    check_text(&s, 600);
    side_close(&s);
    rooms_free(keeper);
}

/* Whatever it says of what it keeps, nothing wrong is believed and nothing is lost for good. */
static void test_lies(void) {
    for (how = CHANGED; how < LIES; how++) {
        lie now = how;
        rooms *keeper = keeper_new();
        side a, b, c;
        side_open(&a, 1, keeper, &writes);
        type(&a, 5);
        settle(&a, 1);
        side_open(&b, 2, keeper, &writes);
        settle(&b, 1);
        bool harmless = how == TWICE || how == REVERSED;
        check_text(&b, harmless ? 5 : 0);
        CHECK_EQ(b.refused, !harmless);
        type(&b, 1);
        settle(&b, 1);
        how = TRUTH;
        side_open(&c, 3, keeper, &writes);
        settle(&c, 1);
        check_text(&c, 6);
        CHECK(!c.refused);
        side_close(&a), side_close(&b), side_close(&c);
        rooms_free(keeper);
        how = now;
    }
}

/* Another key: the keeper does not let it in, by the word. */
static void test_key(void) {
    rooms *keeper = keeper_new();
    side a;
    how = TRUTH;
    side_open(&a, 1, keeper, &writes);
    type(&a, 5);
    settle(&a, 1);
    side b = {.doc = lk_new(2, NULL)};
    lk_buf join = HEAP_BUF;
    frame f = {.crdt = FRAME_LORO, .room = ROOM, .kind = FRAME_JOIN_REQUEST};
    b.elo_link = side_link(&b, &others);
    b.member = rooms_enter(keeper, &b.in, 0);
    CHECK(frame_encode(&f, &join));
    elo_link_seal(b.elo_link, (lk_bytes){join.at, join.len});
    lk_buf_free(&join);
    CHECK(mail_take(&b.out, &join));
    rooms_feed(b.member, (lk_bytes){join.at, join.len}, 0);
    lk_buf_free(&join);
    CHECK(mail_take(&b.in, &join));
    CHECK_EQ(frame_decode((lk_bytes){join.at, join.len}, &f, NULL), LK_OK);
    CHECK(f.kind == FRAME_JOIN_ERROR && f.code == JOIN_AUTH_FAILED);
    lk_buf_free(&join);
    rooms_leave(b.member);
    elo_link_free(b.elo_link);
    lk_free(b.doc);
    mail_drop(&b.in);
    mail_drop(&b.out);
    side_close(&a);
    rooms_free(keeper);
}

/* The writer is gone; who reads gets it from the keeper, gives it to another keeper, and from there
 * it comes to the next one. */
static void test_readers(void) {
    rooms *keeper = keeper_new(), *next = keeper_new();
    side a, b, c;
    how = TRUTH;
    side_open(&a, 1, keeper, &writes);
    type(&a, 100);
    settle(&a, 1);
    side_close(&a);
    side_open(&a, 2, keeper, &writes); /* so that what there is comes from two */
    settle(&a, 1);
    type(&a, 3);
    settle(&a, 1);
    side_close(&a);
    side_open(&b, 3, keeper, &reads);
    settle(&b, 1);
    check_text(&b, 103);
    CHECK(!b.refused && b.synced);
    rooms_leave(b.member);
    elo_link_free(b.elo_link);
    lk_room_close(b.room, 1);
    b.elo_link = side_link(&b, &reads);
    b.member = rooms_enter(next, &b.in, 0);
    CHECK_EQ(lk_room_open(b.room, 1, 0), LK_OK);
    side_pump(&b);
    settle(&b, 1);
    side_open(&c, 4, next, &reads);
    settle(&c, 1);
    check_text(&c, 103);
    CHECK(!c.refused && c.synced);
    side_close(&b), side_close(&c);
    rooms_free(keeper), rooms_free(next);
}

/* Somebody who may read seals something of its own: the keeper cannot tell, everybody else can. */
static void test_reader_writes(void) {
    rooms *keeper = keeper_new();
    side a, b;
    seal_keys own = reads;
    how = TRUTH;
    side_open(&a, 1, keeper, &writes);
    type(&a, 5);
    settle(&a, 1);
    own.writes = true; /* it signs, with a key that is not the room's */
    side_open(&b, 2, keeper, &own);
    settle(&b, 1);
    check_text(&b, 5);
    type(&b, 1);
    settle(&b, 1);
    side_close(&b);
    settle(&a, 1);
    check_text(&a, 5);
    CHECK(a.refused);
    side_open(&b, 3, keeper, &reads);
    settle(&b, 1);
    check_text(&b, 5);
    CHECK(b.refused);
    side_close(&a), side_close(&b);
    rooms_free(keeper);
}

/* ---- presence ---- */

static void show(side *s, const char *key, const char *text) {
    lk_value value = {.type = LK_STRING};
    if (text != NULL) value.len = (uint32_t)strlen(text), value.as.bytes = (const uint8_t *)text;
    const lk_value *shown = text == NULL ? NULL : &value;
    CHECK_EQ(lk_room_presence_set(s->room, (lk_str){key, strlen(key)}, shown, 0), LK_OK);
    side_pump(s);
}

static void check_shown(side *s, const char *json) {
    lk_buf shown = {0};
    CHECK_EQ(lk_room_presence_json(s->room, &shown), LK_OK);
    CHECK(shown.len == strlen(json) && memcmp(shown.at, json, shown.len) == 0);
    lk_buf_free(&shown);
}

/* Who writes, who reads and who comes later see one another, and see who goes. */
static void test_presence(void) {
    rooms *keeper = keeper_new();
    side s[3];
    how = TRUTH;
    side_open(&s[0], 1, keeper, &writes), side_open(&s[1], 2, keeper, &reads);
    settle(s, 2);
    show(&s[0], "secret a", "secret name");
    show(&s[0], "secret cursor", "7");
    show(&s[1], "b", "secret reader");
    settle(s, 2);
    side_open(&s[2], 3, keeper, &writes);
    settle(s, 3);
    for (int i = 0; i < 3; i++)
        check_shown(&s[i], "{\"b\":\"secret reader\",\"secret a\":\"secret name\","
                           "\"secret cursor\":\"7\"}");
    show(&s[0], "secret a", NULL);
    show(&s[0], "secret cursor", NULL);
    settle(s, 3);
    for (int i = 0; i < 3; i++) check_shown(&s[i], "{\"b\":\"secret reader\"}");
    for (int i = 0; i < 3; i++) CHECK(!s[i].refused);
    for (int i = 0; i < 3; i++) side_close(&s[i]);
    rooms_free(keeper);
}

/* In a large room, who is met by a channel is shown to those beyond the keeper, and they to him. */
static void test_presence_passes(void) {
    rooms *keeper = keeper_new();
    side s[3];
    how = TRUTH;
    for (uint64_t i = 0; i < 3; i++) side_open(&s[i], 1 + i, keeper, &writes);
    settle(s, 3);
    rooms_leave(s[0].member);
    lk_room_close(s[0].room, 1);
    s[0].member = rooms_enter(keeper, &s[0].in, 0); /* who says nothing there any more */
    for (int i = 0; i < 2; i++) {
        s[i].beside = &s[1 - i];
        CHECK_EQ(lk_room_open(s[i].room, 2, 0), LK_OK);
    }
    for (int i = 0; i < 3; i++) lk_room_sparse(s[i].room, true, 0);
    for (int i = 0; i < 3; i++) side_pump(&s[i]);
    settle(s, 3);
    show(&s[0], "a", "secret a");
    show(&s[2], "c", "secret c");
    for (uint64_t now_ms = 0; now_ms <= 2000; now_ms += 250) {
        for (int i = 0; i < 3; i++) {
            lk_room_tick(s[i].room, now_ms);
            side_pump(&s[i]);
        }
        settle(s, 3);
    }
    for (int i = 0; i < 3; i++) check_shown(&s[i], "{\"a\":\"secret a\",\"c\":\"secret c\"}");
    for (int i = 0; i < 3; i++) side_close(&s[i]);
    rooms_free(keeper);
}

/* Who keeps the room and takes no presence, as it was founded without a word, is told none. */
static void test_presence_refused(void) {
    rooms *keeper = keeper_new();
    side s[2];
    mail founder = {0};
    lk_buf join = HEAP_BUF;
    how = TRUTH;
    rooms_member *first = rooms_enter(keeper, &founder, 0);
    CHECK(
        frame_encode(&(frame){.crdt = FRAME_ELO, .room = ROOM, .kind = FRAME_JOIN_REQUEST}, &join));
    rooms_feed(first, (lk_bytes){join.at, join.len}, 0);
    side_open(&s[0], 1, keeper, &writes), side_open(&s[1], 2, keeper, &writes);
    settle(s, 2);
    show(&s[0], "a", "secret");
    type(&s[0], 1);
    CHECK_EQ(elo_link_wake_at(s[0].elo_link), UINT64_MAX);
    settle(s, 2);
    check_text(&s[1], 1);
    check_shown(&s[1], "{}");
    rooms_leave(first);
    side_close(&s[0]), side_close(&s[1]);
    mail_drop(&founder);
    lk_buf_free(&join);
    rooms_free(keeper);
}

/* Of changes in a row the last one goes, and not sooner than a while after those before. */
static void test_presence_waits(void) {
    rooms *keeper = keeper_new();
    side a;
    how = TRUTH;
    side_open(&a, 1, keeper, &writes);
    settle(&a, 1);
    CHECK_EQ(elo_link_wake_at(a.elo_link), UINT64_MAX);
    tick_ms += 1000;
    for (int i = 0; i < 10; i++) show(&a, "a", i % 2 == 0 ? "x" : "y");
    CHECK(elo_link_wake_at(a.elo_link) <= tick_ms);
    elo_link_tick(a.elo_link, tick_ms);
    CHECK_EQ(a.out.all.len, 1);
    show(&a, "a", "z");
    uint64_t due_ms = elo_link_wake_at(a.elo_link);
    CHECK(due_ms >= tick_ms + 100 && due_ms <= tick_ms + 250);
    elo_link_tick(a.elo_link, due_ms - 1);
    CHECK_EQ(a.out.all.len, 1);
    elo_link_tick(a.elo_link, due_ms);
    CHECK_EQ(a.out.all.len, 2);
    tick_ms = due_ms;
    side_close(&a);
    rooms_free(keeper);
}

/* Many entries, and one that is too large, as far as they may go. */
static void test_presence_many(void) {
    static char large[20000];
    rooms *keeper = keeper_new();
    side s[2];
    char key[16];
    how = TRUTH;
    memset(large, 'x', sizeof large - 1);
    side_open(&s[0], 1, keeper, &writes), side_open(&s[1], 2, keeper, &writes);
    settle(s, 2);
    for (int i = 0; i < 300; i++) {
        (void)snprintf(key, sizeof key, "%d", i);
        show(&s[0], key, i == 150 ? large : "secret");
    }
    show(&s[0], "", NULL);
    settle(s, 2);
    lk_buf shown = {0};
    CHECK_EQ(lk_room_presence_json(s[1].room, &shown), LK_OK);
    size_t count = 0;
    for (size_t i = 0; i + 6 <= shown.len; i++) count += memcmp(shown.at + i, "secret", 6) == 0;
    CHECK_EQ(count, 299);
    lk_buf_free(&shown);
    side_close(&s[0]), side_close(&s[1]);
    rooms_free(keeper);
}

/* The message about presence with one byte of its update changed. */
static lk_buf tamper(lk_bytes message, size_t at) {
    frame f;
    lk_bytes update;
    lk_buf bytes = HEAP_BUF, out = HEAP_BUF;
    CHECK_EQ(frame_decode(message, &f, NULL), LK_OK);
    CHECK(f.crdt == FRAME_EPHEMERAL && frame_next_update(&f.list, &update));
    buf_append(&bytes, update.at, update.len);
    if (at < bytes.len) bytes.at[at] ^= 1;
    update = (lk_bytes){bytes.at, bytes.len};
    f.count = 1, f.updates = &update;
    CHECK(frame_encode(&f, &out));
    lk_buf_free(&bytes);
    return out;
}

/* Whatever is said in place of presence is nothing, and costs nothing; nor is what is old. */
static void test_presence_lies(void) {
    rooms *keeper = keeper_new();
    side a, b;
    how = TRUTH;
    side_open(&a, 1, keeper, &writes), side_open(&b, 2, keeper, &writes);
    settle(&a, 1), settle(&b, 1);
    show(&a, "a", "secret");
    tick_ms += 1000;
    elo_link_tick(a.elo_link, tick_ms);
    lk_bytes honest = {a.out.all.at[0].at, a.out.all.at[0].len};
    size_t around = 4 + 1 + ROOM.len + 1 + 1 + 1 + 8; /* the update */
    for (size_t at = 0; at < honest.len - around; at++) {
        lk_buf changed = tamper(honest, at);
        CHECK(elo_link_open(b.elo_link, (lk_bytes){changed.at, changed.len}));
        side_pump(&b);
        check_shown(&b, "{}");
        lk_buf_free(&changed);
    }
    for (int minutes = -6; minutes <= 6; minutes += 12) {
        clock_ms += minutes * 60000;
        CHECK(elo_link_open(b.elo_link, honest));
        check_shown(&b, "{}");
        clock_ms -= minutes * 60000;
    }
    CHECK(elo_link_open(b.elo_link, honest));
    check_shown(&b, "{\"a\":\"secret\"}");
    CHECK(!b.refused);
    side_close(&a), side_close(&b);
    rooms_free(keeper);
}

/* What the page shows opens here (web/workspace/src/presence_link.ts), at that time. */
static void test_presence_page(void) {
    static const uint8_t update[] = {
        0x01, 0x10, 0x6c, 0x36, 0x6f, 0x31, 0x72, 0x76, 0x62, 0x55, 0x61, 0x34, 0x36, 0x4a,
        0x47, 0x39, 0x6e, 0x6e, 0x01, 0x08, 0x28, 0xdb, 0x75, 0x94, 0x40, 0x84, 0xbb, 0x02,
        0xdb, 0x5e, 0x45, 0x6a, 0x8b, 0x51, 0xee, 0x85, 0x9a, 0xd2, 0x68, 0xea, 0x1c, 0xdd,
        0x75, 0x3c, 0x48, 0x39, 0x91, 0x79, 0xfa, 0x08, 0xdc, 0x90, 0xfd, 0xcd, 0xd3, 0xd9,
        0x44, 0x11, 0x2f, 0xf7, 0x8e, 0x80, 0xa0, 0xab, 0xfe, 0xf9, 0x62};
    uint8_t key[SEAL_KEY];
    for (uint8_t i = 0; i < SEAL_KEY; i++) key[i] = i;
    presence_link p;
    lk_buf opened = HEAP_BUF;
    presence_link_init(&p, key, (lk_str){"a-room", 6});
    presence_link_open(&p, (lk_bytes){update, sizeof update}, 1700000000000, &opened);
    CHECK(opened.len > 10 && memcmp(opened.at, "\1\2me\1\4\4here", 10) == 0);
    presence_link_drop(&p);
    lk_buf_free(&opened);
}

int main(void) {
    static const uint8_t the_key[SEAL_KEY] = {7}, other[SEAL_KEY] = {8};
    seal_keys_make(the_key, ROOM, &writes);
    seal_keys_make(other, ROOM, &others);
    reads = writes;
    reads.writes = false;
    memset(reads.sign, 0, sizeof reads.sign);
    test_later();
    test_readers();
    test_reader_writes();
    test_once();
    test_past_later();
    test_crowd();
    test_lies();
    test_key();
    test_presence();
    test_presence_passes();
    test_presence_refused();
    test_presence_waits();
    test_presence_many();
    test_presence_lies();
    test_presence_page();
    puts("ok");
    return 0;
}
