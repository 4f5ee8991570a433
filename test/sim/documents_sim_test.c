/* SPDX-License-Identifier: MIT
 * documents_sim_test.c - several documents over the same links, in virtual time.
 *
 *     rooms of a side ─► turns ─► wire: so many bytes a millisecond, late ─► lk_room_of ─► room
 *
 * Sides open documents one after the other, whenever they like; links break and come again. In the
 * end all who have a document have the same one. And one of them does not wait for another. */
#include "check.h"

#include "base/limits.h"
#include "host/heap.h"
#include "host/turns.h"
#include "room_world.h"

#define SIDES 5
#define DOCS 4
#define AHEAD (128u << 10) /* given to the wire before it has sent it */

static const lk_str ids[DOCS] = {{"room", 4}, {"room/a", 6}, {"room/b", 6}, {"room/\xc3\xb6", 7}};

typedef struct wire { /* one way between two sides */
    turns waiting;
    world_queue on_it;
    uint64_t free_ms_256; /* when all of it is sent, in 1/256 ms */
    uint64_t bytes;       /* that it took */
} wire;

typedef struct side {
    lk_doc *docs[DOCS];
    lk_room *rooms[DOCS]; /* NULL: not opened; the first one always is */
    bool up[SIDES];
    wire to[SIDES];
    uint32_t errors;
    bool synced[DOCS];
    uint64_t heard_ms[DOCS]; /* when a document last changed by others */
} side;

typedef struct lab {
    rng random;
    uint64_t now_ms;
    uint32_t len, bytes_per_ms, latency_ms;
    side sides[SIDES];
} lab;

static void lab_pump(lab *l, uint32_t from, uint32_t to);

static void lab_poll(lab *l, uint32_t i) {
    side *s = &l->sides[i];
    for (uint32_t d = 0; d < DOCS; d++) {
        const lk_room_out *out;
        while (s->rooms[d] != NULL && (out = lk_room_poll(s->rooms[d])) != NULL) {
            if (out->kind == LK_ROOM_SEND) turns_put(&s->to[out->link].waiting, out->bytes);
            if (out->kind == LK_ROOM_STORE) lk_room_stored(s->rooms[d], out->token);
            if (out->kind == LK_ROOM_ERROR) s->errors++;
            if (out->kind == LK_ROOM_CHANGED) s->heard_ms[d] = l->now_ms;
            if (out->kind == LK_ROOM_SYNCED) s->synced[d] = true;
            if (out->kind == LK_ROOM_BEHIND) s->synced[d] = false;
        }
    }
    for (uint32_t to = 0; to < l->len; to++) lab_pump(l, i, to);
}

/* As much onto the wire as may be ahead of it. */
static void lab_pump(lab *l, uint32_t from, uint32_t to) {
    wire *w = &l->sides[from].to[to];
    uint64_t now_256 = l->now_ms * 256, ahead_256 = (uint64_t)AHEAD * 256 / l->bytes_per_ms;
    lk_bytes message;
    if (w->free_ms_256 < now_256) w->free_ms_256 = now_256;
    while (w->free_ms_256 < now_256 + ahead_256 && turns_take(&w->waiting, &message)) {
        w->free_ms_256 += message.len * 256 / l->bytes_per_ms;
        w->bytes += message.len;
        world_put(&w->on_it, world_message_of(message, w->free_ms_256 / 256 + l->latency_ms, 0));
    }
}

/* As lorikeet_room.h says it. */
static void lab_feed(lab *l, uint32_t to, uint32_t from, lk_bytes message) {
    side *s = &l->sides[to];
    lk_room *room = s->rooms[0];
    lk_str id;
    if (lk_room_of(message, &id) == LK_OK)
        for (uint32_t d = 0; d < DOCS; d++) {
            bool is = id.len == ids[d].len && memcmp(id.at, ids[d].at, id.len) == 0;
            if (is && s->rooms[d] != NULL) room = s->rooms[d];
        }
    (void)lk_room_feed(room, from, message, l->now_ms);
}

static void lab_happen(lab *l) {
    for (uint32_t from = 0; from < l->len; from++)
        for (uint32_t to = 0; to < l->len; to++) {
            world_queue *q = &l->sides[from].to[to].on_it;
            while (q->len > 0 && q->at[0].at_ms <= l->now_ms) {
                world_message m = world_pop(q);
                lab_feed(l, to, from, (lk_bytes){m.bytes, m.len});
                free(m.bytes);
            }
        }
    for (uint32_t i = 0; i < l->len; i++) {
        for (uint32_t d = 0; d < DOCS; d++)
            if (l->sides[i].rooms[d] != NULL) lk_room_tick(l->sides[i].rooms[d], l->now_ms);
        lab_poll(l, i);
    }
}

/* Tell rooms of links that have not sent everything. */
static void lab_look(lab *l) {
    for (uint32_t i = 0; i < l->len; i++)
        for (uint32_t to = 0; to < l->len; to++) {
            const wire *w = &l->sides[i].to[to];
            if (turns_empty(&w->waiting) && w->free_ms_256 <= l->now_ms * 256) continue;
            for (uint32_t d = 0; d < DOCS; d++)
                if (l->sides[i].rooms[d] != NULL) lk_room_held(l->sides[i].rooms[d], to, l->now_ms);
        }
}

static void lab_run(lab *l, uint64_t ms) {
    for (uint64_t until = l->now_ms + ms; l->now_ms < until; l->now_ms++) {
        if (l->now_ms % 1000 == 0) lab_look(l);
        lab_happen(l);
    }
}

static void lab_open(lab *l, uint32_t i, uint32_t d) {
    side *s = &l->sides[i];
    if (s->rooms[d] != NULL) return;
    lk_room_options options = {
        .room_id = ids[d], .seed = rng_u64(&l->random), .message_max = 64u << 10};
    s->docs[d] = lk_new(rng_u64(&l->random) >> 1, NULL);
    s->rooms[d] = lk_room_new(s->docs[d], &options, NULL);
    CHECK(s->rooms[d] != NULL);
    for (uint32_t to = 0; to < l->len; to++)
        if (s->up[to]) CHECK_EQ(lk_room_open(s->rooms[d], to, l->now_ms), LK_OK);
    lab_poll(l, i);
}

static void lab_end(lab *l, uint32_t from, uint32_t to, bool up) {
    side *s = &l->sides[from];
    s->up[to] = up;
    turns_drop(&s->to[to].waiting);
    world_clear(&s->to[to].on_it);
    s->to[to] = (wire){0};
    for (uint32_t d = 0; d < DOCS; d++) {
        if (s->rooms[d] == NULL) continue;
        if (up)
            CHECK_EQ(lk_room_open(s->rooms[d], to, l->now_ms), LK_OK);
        else
            lk_room_close(s->rooms[d], to);
    }
}

static void lab_link(lab *l, uint32_t a, uint32_t b, bool up) {
    if (a == b || l->sides[a].up[b] == up) return;
    lab_end(l, a, b, up);
    lab_end(l, b, a, up);
    lab_poll(l, a), lab_poll(l, b);
}

static void lab_begin(lab *l, uint32_t len, uint64_t seed) {
    *l = (lab){.random = {seed}, .now_ms = 1000, .len = len, .bytes_per_ms = 1000};
    l->latency_ms = 20;
    for (uint32_t i = 0; i < len; i++) lab_open(l, i, 0);
}

static void lab_free(lab *l) {
    for (uint32_t a = 0; a < l->len; a++)
        for (uint32_t b = 0; b < l->len; b++) lab_link(l, a, b, false);
    for (uint32_t i = 0; i < l->len; i++)
        for (uint32_t d = 0; d < DOCS; d++) {
            lk_room_free(l->sides[i].rooms[d]);
            lk_free(l->sides[i].docs[d]);
        }
}

static void lab_type(lab *l, uint32_t i, uint32_t d, size_t len) {
    side *s = &l->sides[i];
    lk_ref text;
    char *bytes = malloc(len);
    for (size_t k = 0; k < len; k++) bytes[k] = (char)('a' + rng_below(&l->random, 26));
    CHECK_EQ(lk_root(s->docs[d], LK_TEXT, STR("text"), &text), LK_OK);
    CHECK_EQ(lk_text_insert(s->docs[d], text, 0, LK_CODEPOINT, (lk_str){bytes, len}), LK_OK);
    CHECK_EQ(lk_room_edited(s->rooms[d], l->now_ms), LK_OK);
    free(bytes);
    lab_poll(l, i);
}

static bool lab_same(const lab *l, uint32_t d) {
    size_t ops = SIZE_MAX;
    for (uint32_t i = 0; i < l->len; i++) {
        if (l->sides[i].rooms[d] == NULL) continue;
        if (ops == SIZE_MAX) ops = lk_op_count(l->sides[i].docs[d]);
        if (lk_op_count(l->sides[i].docs[d]) != ops) return false;
    }
    return true;
}

static void check_quiet(const lab *l) {
    for (uint32_t i = 0; i < l->len; i++) CHECK_EQ(l->sides[i].errors, 0);
}

static lk_room_stats stats_of(const lab *l, uint32_t i, uint32_t d) {
    return lk_room_stats_read(l->sides[i].rooms[d]);
}

/* Who has not got a document is none of its members, until it has. */
static void opened_later(void) {
    lab l;
    lab_begin(&l, 3, 1);
    for (uint32_t b = 1; b < 3; b++) lab_link(&l, 0, b, true);
    lab_open(&l, 0, 1);
    lab_type(&l, 0, 0, 10), lab_type(&l, 0, 1, 10);
    lab_run(&l, 200);
    CHECK(l.sides[0].synced[0] && !l.sides[0].synced[1]);
    CHECK_EQ(stats_of(&l, 0, 1).absent, 2);
    CHECK_EQ(stats_of(&l, 0, 1).joined, 0);
    lab_open(&l, 1, 1);
    lab_run(&l, 200);
    CHECK_EQ(stats_of(&l, 0, 1).absent, 1);
    CHECK_EQ(stats_of(&l, 0, 1).joined, 1);
    CHECK(l.sides[0].synced[1] && l.sides[1].synced[1] && lab_same(&l, 1));
    const lk_value here = {.type = LK_BOOL, .as.boolean = true};
    CHECK_EQ(lk_room_presence_set(l.sides[1].rooms[1], STR("k"), &here, l.now_ms), LK_OK);
    lab_poll(&l, 1);
    lab_type(&l, 1, 1, 5);
    lab_run(&l, 200);
    CHECK(lab_same(&l, 1));
    lk_buf json = {0};
    CHECK_EQ(lk_room_presence_json(l.sides[0].rooms[1], &json), LK_OK);
    CHECK_BYTES(json.at, json.len, "{\"k\":true}", 10);
    lk_buf_free(&json);
    lab_run(&l, 40000); /* nothing that was not answered is missed */
    CHECK_EQ(stats_of(&l, 0, 1).absent, 1);
    check_quiet(&l);
    lab_free(&l);
}

/* 4 MB take four seconds; a key in another document takes what is ahead on the wire, at most. */
static void keys_pass_by(void) {
    lab l;
    lab_begin(&l, 2, 2);
    lab_open(&l, 0, 1), lab_open(&l, 1, 1);
    lab_link(&l, 0, 1, true);
    lab_run(&l, 200);
    lab_type(&l, 0, 1, 4000000);
    uint64_t ahead_ms = (AHEAD + 2 * (64u << 10)) / l.bytes_per_ms + l.latency_ms + 2;
    uint32_t keys = 0;
    for (; !lab_same(&l, 1); keys++) {
        uint64_t at_ms = l.now_ms;
        lab_type(&l, 0, 0, 1);
        lab_run(&l, ahead_ms);
        CHECK(lab_same(&l, 0));
        CHECK(l.sides[1].heard_ms[0] > at_ms);
    }
    CHECK(keys > 10);
    check_quiet(&l);
    lab_free(&l);
}

/* Several large ones at once, over a wire on which a piece of each in turn would come too late. */
static void slow_wire(void) {
    lab l;
    lab_begin(&l, 2, 3);
    l.bytes_per_ms = 12;
    for (uint32_t d = 1; d < DOCS; d++) lab_open(&l, 0, d), lab_open(&l, 1, d);
    lab_link(&l, 0, 1, true);
    lab_run(&l, 500);
    for (uint32_t d = 0; d < DOCS; d++) lab_type(&l, 0, d, 250000);
    for (int i = 0; i < 150; i++) lab_run(&l, 1000);
    for (uint32_t d = 0; d < DOCS; d++) CHECK(lab_same(&l, d) && l.sides[0].synced[d]);
    /* nothing went twice, though the last one left after 84 s */
    CHECK(l.sides[0].to[1].bytes < 1000000 + 1000000 / 50);
    check_quiet(&l);
    lab_free(&l);
}

/* ---- what no honest side says ---- */

static void hostile_ids(void) {
    lab l;
    lab_begin(&l, 2, 4);
    lab_link(&l, 0, 1, true);
    lab_run(&l, 100);
    char id[LIMIT_ROOM_ID_BYTES + 1];
    memset(id, 'x', sizeof id);
    lk_buf bytes = {0};
    lk_str got;
    frame f = {.crdt = FRAME_LORO, .kind = FRAME_JOIN_REQUEST, .room = {id, LIMIT_ROOM_ID_BYTES}};
    CHECK(frame_encode(&f, &bytes));
    CHECK_EQ(lk_room_of((lk_bytes){bytes.at, bytes.len}, &got), LK_OK);
    CHECK_BYTES(got.at, got.len, id, LIMIT_ROOM_ID_BYTES);
    for (size_t len = 0; len < bytes.len; len++) { /* all of it that is there is checked */
        uint8_t *cut = malloc(len + 1);
        memcpy(cut, bytes.at, len);
        lk_status status = lk_room_of((lk_bytes){cut, len}, &got);
        CHECK_EQ(status, len < 6 + LIMIT_ROOM_ID_BYTES ? LK_ECORRUPT : LK_OK);
        free(cut);
    }
    bytes.len = 0, f.room.len++;
    CHECK(frame_encode(&f, &bytes));
    CHECK_EQ(lk_room_of((lk_bytes){bytes.at, bytes.len}, &got), LK_ELIMIT);

    /* Joins of what is not here are answered up to a bound; all else is ignored. */
    f.room = (lk_str){"room/", 5};
    for (int i = 0; i < LIMIT_JOINS * 2; i++) {
        bytes.len = 0;
        f.kind = i % 2 == 0 ? FRAME_JOIN_REQUEST : FRAME_UPDATE;
        CHECK(frame_encode(&f, &bytes));
        lab_feed(&l, 1, 0, (lk_bytes){bytes.at, bytes.len});
        lab_poll(&l, 1);
        CHECK_EQ(l.sides[1].errors, i / 2 + 3 > LIMIT_JOINS);
    }
    CHECK(lab_same(&l, 0));
    lk_buf_free(&bytes);
    lab_free(&l);
}

/* Who says again and again that it has not got what it joins. */
static void wavering(void) {
    lab l;
    lab_begin(&l, 2, 5);
    lab_open(&l, 0, 1);
    lab_link(&l, 0, 1, true);
    lab_run(&l, 100);
    lk_buf bytes = {0};
    frame join = {.crdt = FRAME_LORO, .kind = FRAME_JOIN_REQUEST, .room = ids[1]};
    frame absent = join;
    absent.kind = FRAME_JOIN_ERROR, absent.code = JOIN_APP_ERROR;
    absent.app_code = STR("not_here");
    for (int i = 0; i < LIMIT_JOINS; i++) {
        CHECK_EQ(stats_of(&l, 0, 1).absent, 1);
        const frame *said[] = {&join, &absent, &absent};
        for (size_t k = 0; k < countof(said); k++) {
            bytes.len = 0;
            CHECK(frame_encode(said[k], &bytes));
            (void)lk_room_feed(l.sides[0].rooms[1], 1, (lk_bytes){bytes.at, bytes.len}, l.now_ms);
        }
        lab_poll(&l, 0);
    }
    CHECK_EQ(l.sides[0].errors, 0);
    CHECK_EQ(lk_room_feed(l.sides[0].rooms[1], 1, (lk_bytes){bytes.at, bytes.len}, l.now_ms),
             LK_OK);
    bytes.len = 0;
    CHECK(frame_encode(&join, &bytes));
    CHECK_EQ(lk_room_feed(l.sides[0].rooms[1], 1, (lk_bytes){bytes.at, bytes.len}, l.now_ms),
             LK_ELIMIT);
    lk_buf_free(&bytes);
    lab_free(&l);
}

/* ---- anything in any order ---- */

static void lab_step(lab *l) {
    uint32_t what = rng_below(&l->random, 100), i = rng_below(&l->random, l->len);
    uint32_t d = rng_below(&l->random, DOCS), other = rng_below(&l->random, l->len);
    if (what < 10)
        lab_open(l, i, d);
    else if (what < 18)
        lab_link(l, i, other, false);
    else if (what < 40)
        lab_link(l, i, other, true);
    else if (l->sides[i].rooms[d] != NULL)
        lab_type(l, i, d, what < 44 ? 100000 + rng_below(&l->random, 300000) : 1);
    lab_run(l, rng_below(&l->random, 60));
}

static void play(uint64_t seed) {
    lab l;
    rng shape = {seed};
    lab_begin(&l, 2 + rng_below(&shape, SIDES - 1), seed);
    l.bytes_per_ms = 200 + rng_below(&shape, 2000);
    l.latency_ms = rng_below(&shape, 150);
    for (int step = 0; step < 150; step++) lab_step(&l);
    for (uint32_t a = 0; a < l.len; a++)
        for (uint32_t b = 0; b < l.len; b++) lab_link(&l, a, b, true);
    for (int i = 0; i < 60; i++) lab_run(&l, 1000);
    for (uint32_t d = 0; d < DOCS; d++) {
        uint32_t members = 0;
        for (uint32_t i = 0; i < l.len; i++) members += l.sides[i].rooms[d] != NULL;
        CHECK(lab_same(&l, d));
        for (uint32_t i = 0; i < l.len; i++) {
            if (l.sides[i].rooms[d] == NULL) continue;
            CHECK_EQ(l.sides[i].synced[d], members > 1);
            CHECK_EQ(stats_of(&l, i, d).absent, l.len - members);
            CHECK_EQ(stats_of(&l, i, d).joined, members - 1);
        }
    }
    check_quiet(&l);
    lab_free(&l);
}

int main(void) {
    opened_later();
    keys_pass_by();
    slow_wire();
    hostile_ids();
    wavering();
    for (uint64_t seed = 1; seed <= 12; seed++) play(seed);
    puts("documents_sim: several documents over the same links");
    return 0;
}
