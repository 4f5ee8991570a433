/* SPDX-License-Identifier: MIT
 * room_sparse_test.c - rooms where not everyone is linked with everyone: how edits find their way,
 * and presence its own. */
#include "base/limits.h"
#include "room_world.h"

/* On a line all the same, but once the way is known nothing waits. */
static void passed_on_at_once(void) {
    world *w = world_new(4, 5);
    for (uint32_t i = 0; i < 3; i++) world_connect(w, i, i + 1, 5);
    world_settle(w, 10000);
    for (int i = 0; i < 3; i++) {
        world_type(w, 0, "k");
        world_settle(w, 3 * 600);
    }
    world_type(w, 0, "at once");
    world_run(w, 3 * 5 + 1);
    CHECK_EQ(lk_op_count(w->nodes[3].doc), lk_op_count(w->nodes[0].doc));
    world_free(w);
}

/* Two ways lead to the last of four. In the end it gets everything once, by one of them; and by the
 * other when that breaks. */
static void one_way_of_two(void) {
    world *w = world_new(4, 6);
    w->sparse = true;
    for (uint32_t i = 0; i < w->len; i++) lk_room_sparse(w->nodes[i].room, true, w->now_ms);
    for (uint32_t i = 1; i < 3; i++) {
        world_connect(w, 0, i, 5);
        world_connect(w, i, 3, 5 + 2 * i);
    }
    world_settle(w, 10000);
    for (int i = 0; i < 60; i++) {
        if (i == 40) w->counts = (world_counts){0};
        world_type(w, 0, "k");
        world_run(w, 200);
    }
    CHECK_EQ(w->counts.of_kind[FRAME_UPDATE], 3 * 20);
    for (uint32_t i = 1; i < 3; i++) {
        world_cut(w, i, 3);
        world_type(w, 0, "k");
        world_settle(w, 3000);
        CHECK_EQ(lk_op_count(w->nodes[3].doc), lk_op_count(w->nodes[0].doc));
        world_connect(w, i, 3, 5);
        world_settle(w, 3000);
    }
    world_check_same(w);
    world_free(w);
}

/* In a sparse room it goes all the way, comes from there again and again, and stays when a link on
 * the way breaks that is not the only one. */
static void far_presence(void) {
    world *w = world_new(5, 9);
    const lk_value one = {.type = LK_I64, .as.i64 = 1};
    for (uint32_t i = 0; i < w->len; i++) {
        lk_room_sparse(w->nodes[i].room, true, w->now_ms);
        world_connect(w, i, (i + 1) % w->len, 5);
    }
    world_run(w, 100);
    CHECK_EQ(lk_room_presence_set(w->nodes[0].room, STR("a"), &one, w->now_ms), LK_OK);
    world_run(w, 1000);
    for (uint32_t i = 0; i < w->len; i++) world_check_presence(w, i, "{\"a\":1}");
    world_cut(w, 0, 1);
    world_run(w, 100000);
    for (uint32_t i = 0; i < w->len; i++) world_check_presence(w, i, "{\"a\":1}");
    CHECK_EQ(lk_room_presence_set(w->nodes[0].room, STR("a"), NULL, w->now_ms), LK_OK);
    world_run(w, 1500);
    for (uint32_t i = 0; i < w->len; i++) world_check_presence(w, i, "{}");
    world_free(w);
}

/* A room that is small again has a cursor still to pass on: nothing waits for that for ever, and
 * the other hears of it. */
static void no_longer_sparse(void) {
    world *w = world_new(2, 11);
    lk_value cursor = {.type = LK_I64};
    for (uint32_t i = 0; i < w->len; i++) lk_room_sparse(w->nodes[i].room, true, w->now_ms);
    world_connect(w, 0, 1, 5);
    world_run(w, 1000);
    for (; cursor.as.i64 < 2; cursor.as.i64++)
        CHECK_EQ(lk_room_presence_set(w->nodes[0].room, STR("a"), &cursor, w->now_ms), LK_OK);
    CHECK(lk_room_wake_at(w->nodes[0].room) < w->now_ms + 1000);
    for (uint32_t i = 0; i < w->len; i++) lk_room_sparse(w->nodes[i].room, false, w->now_ms);
    world_run(w, 30000);
    world_check_presence(w, 1, "{\"a\":1}");
    world_free(w);
}

/* What many show goes in portions, and all of it. */
static void much_presence(void) {
    world *w = world_new(3, 9);
    static uint8_t shown[3000];
    const lk_value value = {.type = LK_BINARY, .len = sizeof shown, .as.bytes = shown};
    for (uint32_t i = 0; i < w->len; i++) lk_room_sparse(w->nodes[i].room, true, w->now_ms);
    for (char key = 'a'; key < 'a' + 20; key++)
        CHECK_EQ(lk_room_presence_set(w->nodes[0].room, (lk_str){&key, 1}, &value, w->now_ms),
                 LK_OK);
    world_connect(w, 0, 1, 5);
    world_connect(w, 1, 2, 5);
    w->counts = (world_counts){0};
    world_run(w, 1000);
    CHECK(w->counts.bytes < 2 * 5 * 12000);
    world_run(w, 4000);
    for (uint32_t i = 0; i < w->len; i++) {
        lk_buf json = {0};
        CHECK_EQ(lk_room_presence_json(w->nodes[i].room, &json), LK_OK);
        CHECK(json.len > 20 * sizeof shown);
        lk_buf_free(&json);
    }
    world_free(w);
}

/* ---- liars ---- */

typedef struct liar {
    lk_doc *doc;
    lk_room *room;
    size_t passed_on; /* bytes for the honest link */
    uint32_t errors;
} liar;
enum { LIAR = 1, HONEST = 2 };

static void liar_poll(liar *v) {
    for (const lk_room_out *out; (out = lk_room_poll(v->room)) != NULL;) {
        if (out->kind == LK_ROOM_SEND && out->link == HONEST) v->passed_on += out->bytes.len;
        v->errors += out->kind == LK_ROOM_ERROR;
    }
}

static void liar_say(liar *v, lk_link link, frame f) {
    lk_buf bytes = {0};
    f.room = STR("room");
    if (f.crdt == 0) f.crdt = FRAME_LORO;
    CHECK(frame_encode(&f, &bytes));
    (void)lk_room_feed(v->room, link, (lk_bytes){bytes.at, bytes.len}, 1000);
    lk_buf_free(&bytes);
    liar_poll(v);
}

/* A victim with a liar and an honest peer, both of whom it knows. */
static liar liar_new(void) {
    liar v = {.doc = lk_new(1, NULL)};
    v.room = lk_room_new(v.doc, &(lk_room_options){.room_id = STR("room"), .seed = 5}, NULL);
    lk_room_sparse(v.room, true, 1000);
    for (lk_link link = LIAR; link <= HONEST; link++) {
        CHECK_EQ(lk_room_open(v.room, link, 1000), LK_OK);
        liar_say(&v, link, (frame){.kind = FRAME_JOIN_REQUEST});
        liar_say(&v, link, (frame){.kind = FRAME_JOIN_OK, .may_write = true});
    }
    v.passed_on = 0;
    return v;
}

static void liar_free(liar *v) {
    lk_room_free(v->room);
    lk_free(v->doc);
}

/* Thousands of updates whose past never comes: the victim keeps them, the room is spared. */
static void endless_waiting(void) {
    liar v = liar_new();
    lk_doc *other = lk_new(9, NULL);
    lk_ref text;
    CHECK_EQ(lk_root(other, LK_TEXT, STR("text"), &text), LK_OK);
    for (int i = 0; i < 3000; i++) {
        lk_buf update = {0};
        CHECK_EQ(lk_text_insert(other, text, 0, LK_UTF8, STR("never whole")), LK_OK);
        CHECK_EQ(lk_export_local(other, &update), LK_OK);
        lk_bytes one = {update.at, update.len};
        if (i > 0)
            liar_say(
                &v, LIAR,
                (frame){.kind = FRAME_UPDATE, .batch = (uint64_t)i, .count = 1, .updates = &one});
        lk_buf_free(&update);
    }
    CHECK(v.passed_on > 1000 && v.passed_on < 2 * 65536);
    CHECK_EQ(v.errors, 0);
    lk_free(other);
    liar_free(&v);
}

/* More presence than a room holds, by way of somebody honest: it stays a link. */
static void endless_presence(void) {
    liar v = liar_new();
    lk_ephemeral *crowd = lk_ephemeral_new(30000, NULL);
    const lk_value value = {.type = LK_BOOL, .as.boolean = true};
    for (int round = 0; round < 3; round++) {
        lk_buf update = {0}, one = {0};
        for (int i = 0; i < 2000; i++) {
            char key[16];
            int len = snprintf(key, sizeof key, "%d-%d", round, i);
            CHECK_EQ(lk_ephemeral_set(crowd, (lk_str){key, (size_t)len}, &value, 1000, &one),
                     LK_OK);
        }
        CHECK_EQ(lk_ephemeral_encode(crowd, NULL, 0, 1000, &update), LK_OK);
        lk_bytes bytes = {update.at, update.len};
        liar_say(
            &v, LIAR,
            (frame){.crdt = FRAME_EPHEMERAL, .kind = FRAME_UPDATE, .count = 1, .updates = &bytes});
        lk_buf_free(&one);
        lk_buf_free(&update);
    }
    CHECK_EQ(v.errors, 0);
    lk_ephemeral_free(crowd);
    liar_free(&v);
}

/* But what is too large for any room is, whoever sent it. */
static void large_presence(void) {
    liar v = liar_new();
    static char text[LIMIT_PRESENCE_BYTES + 1];
    lk_ephemeral *other = lk_ephemeral_new(30000, NULL);
    lk_buf update = {0};
    lk_value value = {
        .type = LK_STRING, .len = sizeof text, .as.bytes = memset(text, 'x', sizeof text)};
    CHECK_EQ(lk_ephemeral_set(other, STR("key"), &value, 1000, &update), LK_OK);
    lk_bytes bytes = {update.at, update.len};
    liar_say(&v, LIAR,
             (frame){.crdt = FRAME_EPHEMERAL, .kind = FRAME_UPDATE, .count = 1, .updates = &bytes});
    CHECK_EQ(v.errors, 1);
    lk_buf_free(&update);
    lk_ephemeral_free(other);
    liar_free(&v);
}

int main(void) {
    passed_on_at_once();
    one_way_of_two();
    far_presence();
    no_longer_sparse();
    much_presence();
    endless_waiting();
    endless_presence();
    large_presence();
    printf("room_sparse: 8 scenarios\n");
    return 0;
}
