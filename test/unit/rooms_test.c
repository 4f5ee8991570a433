/* SPDX-License-Identifier: MIT
 * rooms_test.c - what a member of several rooms is sent, in which order and how much at once: the
 * rooms of a server or a relay take turns on its connection. Counted in bytes and messages. */
#include "host/rooms.h"

#include "base/bytes.h"
#include "base/str.h"
#include "check.h"
#include "host/heap.h"
#include "lorikeet_room.h"
#include "room/elo.h"
#include "room/frame.h"

#define MESSAGE_MAX (64u << 10)
#define AHEAD (128u << 10) /* as in rooms.c */
#define ROOMS 4
#define LARGE (5u << 20)

static const lk_str ids[ROOMS] = {{"room", 4}, {"room/a", 6}, {"room/b", 6}, {"room/c", 6}};

typedef struct conn {
    rooms_member *member;
    VEC(lk_buf) line; /* sent, and not read yet */
    size_t queued;    /* bytes of them */
    size_t read;      /* bytes of those that were */
    size_t most;      /* that were queued at once */
    bool closed;
} conn;

static void conn_send(void *context, lk_bytes message) {
    conn *c = context;
    lk_buf copy = HEAP_BUF;
    buf_append(&copy, message.at, message.len);
    *vec_push(&heap_memory, &c->line) = copy;
    c->queued += message.len;
    if (c->queued > c->most) c->most = c->queued;
}
static size_t conn_queued(void *context) { return ((conn *)context)->queued; }
static void conn_close(void *context) { ((conn *)context)->closed = true; }
static void conn_note(const char *text) { (void)text; }
static int64_t conn_unix_ms(void) { return 1000000; }

static rooms *rooms_begin(void) {
    return rooms_new(&(rooms_options){.message_max = MESSAGE_MAX,
                                      .unix_ms = conn_unix_ms,
                                      .send = conn_send,
                                      .queued = conn_queued,
                                      .close = conn_close,
                                      .note = conn_note});
}

static void conn_open(conn *c, rooms *r) {
    *c = (conn){0};
    c->member = rooms_enter(r, c, 0);
}

static void conn_end(conn *c) {
    rooms_leave(c->member);
    for (size_t i = 0; i < c->line.len; i++) lk_buf_free(&c->line.at[i]);
    vec_drop(&heap_memory, &c->line);
}

static void say(conn *c, frame f) {
    lk_buf bytes = HEAP_BUF;
    f.crdt = FRAME_ELO;
    CHECK(frame_encode(&f, &bytes));
    rooms_feed(c->member, (lk_bytes){bytes.at, bytes.len}, 0);
    lk_buf_free(&bytes);
}

static void join(conn *c, uint32_t room) {
    say(c, (frame){.kind = FRAME_JOIN_REQUEST, .room = ids[room]});
}

/* A record of `len` bytes, of operations [at, at + 1) of one peer, in fragments. */
static void write_record(conn *c, uint32_t room, uint32_t at, size_t len) {
    static const uint8_t iv[ELO_IV];
    elo_record r = {.kind = ELO_SPAN, .peer = {(const uint8_t *)"1", 1}, .start = at};
    r.end = at + 1, r.iv = (lk_bytes){iv, ELO_IV};
    lk_buf record = HEAP_BUF, container = HEAP_BUF;
    uint8_t *box = calloc(1, len);
    CHECK(elo_header_write(&r, &record));
    writer one = writer_new(&record), w = writer_new(&container);
    writer_bytes(&one, box, len);
    writer_uleb(&w, 1);
    writer_bytes(&w, record.at, record.len);
    size_t each = frame_fragment_room(ids[room].len, MESSAGE_MAX);
    frame f = {.kind = FRAME_FRAGMENT_HEADER, .room = ids[room], .batch = at + 1};
    f.count = (uint32_t)((container.len + each - 1) / each), f.total = (uint32_t)container.len;
    say(c, f);
    f.kind = FRAME_FRAGMENT;
    for (size_t done = 0; done < container.len; done += each, f.index++) {
        size_t left = container.len - done;
        f.payload = (lk_bytes){container.at + done, left < each ? left : each};
        say(c, f);
    }
    free(box);
    lk_buf_free(&record);
    lk_buf_free(&container);
}

/* The next message on the line, a view; its room is *room. False: none. */
static bool conn_read(conn *c, lk_buf *message, frame *f, uint32_t *room) {
    if (c->line.len == 0) return false;
    lk_buf_free(message);
    *message = c->line.at[0];
    memmove(c->line.at, c->line.at + 1, --c->line.len * sizeof *message);
    c->queued -= message->len, c->read += message->len;
    CHECK(message->len <= MESSAGE_MAX);
    CHECK_EQ(frame_decode((lk_bytes){message->at, message->len}, f, NULL), LK_OK);
    for (*room = 0; !str_equal(f->room, ids[*room]);) CHECK(++*room < ROOMS);
    rooms_drained(c->member);
    return true;
}

/* Read until there is an update of the room. Returns how many bytes that took. */
static size_t read_until(conn *c, uint32_t wanted) {
    lk_buf message = HEAP_BUF;
    frame f = {0};
    uint32_t room = ROOMS;
    size_t before = c->read;
    while (room != wanted || f.kind != FRAME_UPDATE) CHECK(conn_read(c, &message, &f, &room));
    lk_buf_free(&message);
    return c->read - before;
}

static void read_all(conn *c, size_t bytes_of[ROOMS]) {
    lk_buf message = HEAP_BUF;
    frame f;
    for (uint32_t room; conn_read(c, &message, &f, &room);) bytes_of[room] += message.len;
    lk_buf_free(&message);
}

/* 5 MB of one room and a little of others: in one record, or in many. */
static void small_comes_early(uint32_t records) {
    rooms *r = rooms_begin();
    conn writer_, reader_;
    conn_open(&writer_, r), conn_open(&reader_, r);
    for (uint32_t room = 0; room < 2; room++) join(&writer_, room);
    for (uint32_t i = 0; i < records; i++) write_record(&writer_, 0, i, LARGE / records);
    write_record(&writer_, 1, 0, 1000);
    join(&reader_, 0);
    join(&reader_, 1);
    CHECK(read_until(&reader_, 1) <= AHEAD + 3 * MESSAGE_MAX);
    /* what is written meanwhile passes by, too */
    uint32_t keys = 1;
    for (; reader_.read < LARGE - 2 * (AHEAD + 3 * MESSAGE_MAX); keys++) {
        write_record(&writer_, 1, keys, 100);
        CHECK(read_until(&reader_, 1) <= AHEAD + 3 * MESSAGE_MAX);
    }
    CHECK(keys > 10);
    size_t bytes_of[ROOMS] = {0};
    read_all(&reader_, bytes_of);
    CHECK(reader_.read > LARGE && reader_.read < LARGE + LARGE / 20);
    CHECK(reader_.most <= AHEAD + 2 * MESSAGE_MAX);
    conn_end(&writer_), conn_end(&reader_);
    rooms_free(r);
}

/* Of several large ones one goes after the other: pieces of each in turn might come too late. */
static void large_ones_follow(void) {
    rooms *r = rooms_begin();
    conn writer_, reader_;
    conn_open(&writer_, r), conn_open(&reader_, r);
    for (uint32_t room = 0; room < ROOMS; room++) {
        join(&writer_, room);
        write_record(&writer_, room, 0, 1u << 20);
    }
    for (uint32_t room = 0; room < ROOMS; room++) join(&reader_, room);
    lk_buf message = HEAP_BUF;
    frame f;
    uint32_t room, last = ROOMS, changes = 0;
    while (conn_read(&reader_, &message, &f, &room)) {
        if (f.kind == FRAME_JOIN_OK) continue;
        changes += room != last;
        last = room;
    }
    CHECK_EQ(changes, ROOMS);
    CHECK_EQ(rooms_stats_read(r).members, 2);
    lk_buf_free(&message);
    conn_end(&writer_), conn_end(&reader_);
    rooms_free(r);
}

/* What a member does when a part of what it lacks has come. */
typedef enum midway { LEAVES, ASKS_AGAIN, ASKS_FOR_MORE } midway;

/* Who leaves gets no more; who asks for the same again gets the rest, and who asks for something
 * else all of that. */
static void left_in_the_middle(midway what) {
    static const uint8_t empty = 0; /* a version of no peers, other bytes than none */
    rooms *r = rooms_begin();
    conn writer_, reader_;
    conn_open(&writer_, r), conn_open(&reader_, r);
    for (uint32_t room = 0; room < 2; room++) {
        join(&writer_, room);
        write_record(&writer_, room, 0, LARGE);
    }
    for (uint32_t room = 0; room < 2; room++) join(&reader_, room);
    lk_buf message = HEAP_BUF;
    frame f;
    uint32_t room;
    size_t bytes_of[ROOMS] = {0}, before = 0;
    while (reader_.read < LARGE / 2) {
        CHECK(conn_read(&reader_, &message, &f, &room));
        before += room == 0 ? message.len : 0;
    }
    lk_buf_free(&message);
    if (what == LEAVES)
        say(&reader_, (frame){.kind = FRAME_LEAVE, .room = ids[0]});
    else if (what == ASKS_AGAIN)
        join(&reader_, 0);
    else
        say(&reader_, (frame){.kind = FRAME_JOIN_REQUEST, .room = ids[0], .version = {&empty, 1}});
    read_all(&reader_, bytes_of);
    size_t all = before + bytes_of[0], slack = AHEAD + 2 * MESSAGE_MAX;
    CHECK(before > slack && bytes_of[1] >= LARGE);
    if (what == LEAVES) CHECK(bytes_of[0] <= slack);
    if (what == ASKS_AGAIN) CHECK(all >= LARGE && all < LARGE + MESSAGE_MAX);
    if (what == ASKS_FOR_MORE) CHECK(bytes_of[0] >= LARGE);
    CHECK(!reader_.closed);
    conn_end(&writer_), conn_end(&reader_);
    rooms_free(r);
}

int main(void) {
    small_comes_early(1);
    small_comes_early(5000);
    large_ones_follow();
    left_in_the_middle(LEAVES);
    left_in_the_middle(ASKS_AGAIN);
    left_in_the_middle(ASKS_FOR_MORE);
    puts("ok");
    return 0;
}
