/* SPDX-License-Identifier: MIT
 * room_sparse_test.c - rooms where not everyone is linked with everyone: how edits find their way,
 * and presence its own. */
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

static void check_presence(const world *w, uint32_t i, const char *want) {
    lk_buf out = {0};
    CHECK_EQ(lk_room_presence_json(w->nodes[i].room, &out), LK_OK);
    CHECK_BYTES(out.at, out.len, want, strlen(want));
    lk_buf_free(&out);
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
    for (uint32_t i = 0; i < w->len; i++) check_presence(w, i, "{\"a\":1}");
    world_cut(w, 0, 1);
    world_run(w, 100000);
    for (uint32_t i = 0; i < w->len; i++) check_presence(w, i, "{\"a\":1}");
    CHECK_EQ(lk_room_presence_set(w->nodes[0].room, STR("a"), NULL, w->now_ms), LK_OK);
    world_run(w, 1500);
    for (uint32_t i = 0; i < w->len; i++) check_presence(w, i, "{}");
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

int main(void) {
    passed_on_at_once();
    one_way_of_two();
    far_presence();
    much_presence();
    printf("room_sparse: 4 scenarios\n");
    return 0;
}
