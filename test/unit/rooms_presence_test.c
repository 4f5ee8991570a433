/* SPDX-License-Identifier: MIT
 * rooms_presence_test.c - what members of a sealed room show one another, as who keeps the room
 * takes it: from whom, how much, how often, for how long. */
#include "host/rooms.h"

#include "base/limits.h"
#include "check.h"
#include "host/heap.h"
#include "host/presence_store.h"
#include "host/rooms_word.h"
#include "room/frame.h"

#define ROOM ((lk_str){"a-room", 6})

static const uint8_t word[ROOMS_WORD_LEN] = ROOMS_WORD_MAGIC "our word";
static const uint8_t other[ROOMS_WORD_LEN] = ROOMS_WORD_MAGIC "another one";
static int64_t now_ms = 1000000;

static int64_t unix_ms(void) { return now_ms; }

/* ---- somebody there ---- */

typedef struct side {
    rooms_member *member;
    frame_kind last; /* the answer, and with which code */
    uint8_t code;
    size_t updates, bytes;
    bool slow;
} side;

static void side_hear(void *conn, lk_bytes message) {
    side *s = conn;
    frame f;
    CHECK_EQ(frame_decode(message, &f, NULL), LK_OK);
    if (f.kind == FRAME_UPDATE) {
        CHECK_EQ(f.crdt, FRAME_EPHEMERAL);
        s->updates++, s->bytes += f.list.len;
        return;
    }
    s->last = f.kind, s->code = f.code;
}
static size_t side_queued(void *conn) { return ((side *)conn)->slow ? SIZE_MAX : 0; }
static void side_close(void *conn) {
    (void)conn;
    CHECK(false);
}
static void note(const char *text) { (void)text; }

static rooms *keeper_new(bool plain) {
    return rooms_new(&(rooms_options){.plain = plain,
                                      .seed = 1,
                                      .unix_ms = unix_ms,
                                      .send = side_hear,
                                      .queued = side_queued,
                                      .close = side_close,
                                      .note = note});
}

static void side_say(side *s, frame f) {
    lk_buf bytes = HEAP_BUF;
    f.room = ROOM;
    CHECK(frame_encode(&f, &bytes));
    s->last = FRAME_LEAVE;
    rooms_feed(s->member, (lk_bytes){bytes.at, bytes.len}, (uint64_t)now_ms);
    lk_buf_free(&bytes);
}

static frame_kind side_join(side *s, frame_crdt crdt, const uint8_t *with) {
    lk_bytes payload = {with, with == NULL ? 0 : ROOMS_WORD_LEN};
    side_say(s, (frame){.crdt = crdt, .kind = FRAME_JOIN_REQUEST, .payload = payload});
    return s->last;
}

static void side_enter(side *s, rooms *r) {
    *s = (side){.member = rooms_enter(r, s, (uint64_t)now_ms)};
    CHECK_EQ(side_join(s, FRAME_ELO, word), FRAME_JOIN_OK);
    CHECK_EQ(side_join(s, FRAME_EPHEMERAL, word), FRAME_JOIN_OK);
}

/* An entry of so many bytes. The status of the answer. */
static uint8_t side_show(side *s, const char *key, size_t len) {
    static const uint8_t zeros[PRESENCE_STORE_UPDATE];
    lk_ephemeral *theirs = lk_ephemeral_new(30000, NULL);
    lk_buf update = {0};
    lk_value value = {.type = LK_BINARY, .len = (uint32_t)len, .as.bytes = zeros};
    /* by a clock that is wrong */
    CHECK_EQ(lk_ephemeral_set(theirs, (lk_str){key, strlen(key)}, &value, (uint64_t)now_ms - 900000,
                              &update),
             LK_OK);
    lk_bytes view = {update.at, update.len};
    side_say(s,
             (frame){.crdt = FRAME_EPHEMERAL, .kind = FRAME_UPDATE, .count = 1, .updates = &view});
    CHECK_EQ(s->last, FRAME_ACK);
    lk_ephemeral_free(theirs);
    lk_buf_free(&update);
    return s->code;
}

/* ---- */

/* Only with the word, only beside the room itself, and only where that has one. */
static void test_word(bool plain) {
    rooms *r = keeper_new(plain);
    side a, b = {0}, c = {0};
    b.member = rooms_enter(r, &b, 0), c.member = rooms_enter(r, &c, 0);
    frame_kind outside = plain ? FRAME_JOIN_OK : FRAME_JOIN_ERROR;
    side_enter(&a, r);
    CHECK_EQ(side_join(&b, FRAME_EPHEMERAL, word), outside);
    CHECK_EQ(side_join(&b, FRAME_ELO, other), FRAME_JOIN_ERROR);
    CHECK_EQ(side_join(&c, FRAME_ELO, word), FRAME_JOIN_OK);
    CHECK_EQ(side_join(&c, FRAME_EPHEMERAL, other), outside);
    CHECK_EQ(side_show(&a, "k", 10), ACK_OK);
    CHECK(b.updates == 0 && c.updates == 0); /* where they are, if anywhere, is another room */
    side_say(&a, (frame){.crdt = FRAME_ELO, .kind = FRAME_LEAVE});
    CHECK_EQ(side_join(&a, FRAME_EPHEMERAL, word), outside);
    rooms_leave(a.member), rooms_leave(b.member), rooms_leave(c.member);
    rooms_free(r);
}

static void test_without_word(void) {
    rooms *r = keeper_new(false);
    side a = {0};
    a.member = rooms_enter(r, &a, 0);
    CHECK_EQ(side_join(&a, FRAME_ELO, NULL), FRAME_JOIN_OK);
    CHECK_EQ(side_join(&a, FRAME_EPHEMERAL, word), FRAME_JOIN_ERROR);
    CHECK_EQ(side_join(&a, FRAME_EPHEMERAL, NULL), FRAME_JOIN_ERROR);
    rooms_leave(a.member);
    rooms_free(r);
}

/* It goes to the others, to who comes later, and away 30 s after it came. */
static void test_life(void) {
    rooms *r = keeper_new(false);
    side a, b, c, d;
    side_enter(&a, r), side_enter(&b, r);
    CHECK_EQ(rooms_stats_read(r).rooms, 1);
    CHECK_EQ(side_show(&a, "k", 100), ACK_OK);
    CHECK(a.updates == 0 && b.updates == 1 && b.bytes > 100);
    now_ms += 29000;
    side_enter(&c, r);
    CHECK(c.updates == 1 && c.bytes > 100);
    now_ms += 2000;
    side_enter(&d, r);
    CHECK_EQ(d.updates, 0);
    rooms_leave(a.member), rooms_leave(b.member), rooms_leave(c.member), rooms_leave(d.member);
    rooms_tick(r, (uint64_t)now_ms), rooms_tick(r, (uint64_t)now_ms + 20000);
    CHECK(rooms_stats_read(r).rooms == 0 && rooms_stats_read(r).bytes == 0);
    rooms_free(r);
}

/* Little waits for who reads slowly: the rest comes when it is shown again. */
static void test_slow(void) {
    rooms *r = keeper_new(false);
    side a, b;
    side_enter(&a, r), side_enter(&b, r);
    b.slow = true;
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(side_show(&a, "k", 1000), ACK_OK);
        now_ms += 100;
    }
    b.slow = false;
    rooms_drained(b.member);
    size_t waited = b.updates;
    CHECK(waited > 14 && waited < 20);
    CHECK_EQ(side_show(&a, "k", 100), ACK_OK);
    CHECK_EQ(b.updates, waited + 1);
    rooms_leave(a.member), rooms_leave(b.member);
    rooms_free(r);
}

static void test_bounds(void) {
    enum { LEN = 8000, EACH = 1 << 20 };
    rooms *r = keeper_new(false);
    side a, b;
    side_enter(&a, r), side_enter(&b, r);
    CHECK_EQ(side_show(&a, "large", PRESENCE_STORE_UPDATE), ACK_PAYLOAD_TOO_LARGE);
    CHECK_EQ(side_show(&a, "large", PRESENCE_STORE_UPDATE - 100), ACK_OK);
    CHECK_EQ(b.updates, 1);
    /* one may say so much */
    size_t taken = 0;
    while (side_show(&a, "k", LEN) == ACK_OK) taken++, now_ms += 50;
    CHECK(a.code == ACK_RATE_LIMITED && taken > EACH / LEN * 9 / 10 && taken <= EACH / LEN);
    CHECK_EQ(b.updates, 1 + taken);
    now_ms += 10000;
    CHECK_EQ(side_show(&a, "k", LEN), ACK_OK);
    /* and all together: of what was shown again only the newest counts, after a while */
    char key[24];
    for (int i = 0; i < 70; i++) {
        (void)snprintf(key, sizeof key, "a%d", i);
        CHECK_EQ(side_show(&a, key, LEN), ACK_OK);
    }
    size_t i = 0;
    for (uint8_t code = ACK_OK; code == ACK_OK; i++) {
        (void)snprintf(key, sizeof key, "b%zu", i);
        code = side_show(&b, key, LEN);
    }
    CHECK(b.code == ACK_PAYLOAD_TOO_LARGE && i > 50 && i < 62);
    CHECK(rooms_stats_read(r).bytes <= PRESENCE_STORE_BYTES + 1000);
    now_ms += 31000;
    CHECK_EQ(side_show(&b, "later", LEN), ACK_OK);
    CHECK(rooms_stats_read(r).bytes < 2 * LEN);
    rooms_leave(a.member), rooms_leave(b.member);
    rooms_free(r);
}

/* In fragments comes nothing that may be shown. */
static void test_fragments(void) {
    rooms *r = keeper_new(false);
    side a, b;
    side_enter(&a, r), side_enter(&b, r);
    frame f = {.crdt = FRAME_EPHEMERAL, .kind = FRAME_FRAGMENT_HEADER, .count = 1, .total = 1};
    side_say(&a, f);
    f.kind = FRAME_FRAGMENT, f.payload = (lk_bytes){word, 1};
    side_say(&a, f);
    CHECK(a.last == FRAME_LEAVE && b.updates == 0);
    rooms_leave(a.member), rooms_leave(b.member);
    rooms_free(r);
}

int main(void) {
    test_word(false);
    test_word(true);
    test_without_word();
    test_life();
    test_slow();
    test_bounds();
    test_fragments();
    puts("rooms: presence of sealed rooms, from whom, how much and for how long");
    return 0;
}
