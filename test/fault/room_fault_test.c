/* SPDX-License-Identifier: MIT
 * room_fault_test.c - memory runs out once in a room, at every allocation there is. The call says
 * so or the link is reported; nothing traps, nothing leaks, and after the link was opened again
 * everyone has everything, on disk too. */
#include "room_world.h"

static uint64_t fault_left; /* allocations until the one that fails; 0: none does */
static uint64_t fault_bytes;

static void *fault_resize(void *context, void *at, size_t old_len, size_t new_len) {
    (void)context;
    if (new_len > (at == NULL ? 0 : old_len) && fault_left > 0 && --fault_left == 0) return NULL;
    fault_bytes += new_len;
    fault_bytes -= at == NULL ? 0 : old_len;
    return mem_default.resize(NULL, at, old_len, new_len);
}

static const lk_memory fault_memory = {.resize = fault_resize};

/* An edit that is tried again when there was no memory for it. */
static void fault_edit(world *w, uint32_t i, const char *s) {
    world_node *n = &w->nodes[i];
    CHECK_EQ(lk_text_insert(n->doc, n->text, 0, LK_UTF8, (lk_str){s, strlen(s)}), LK_OK);
    lk_status status = lk_room_edited(n->room, w->now_ms);
    if (status == LK_ENOMEM) status = lk_room_edited(n->room, w->now_ms);
    CHECK_EQ(status, LK_OK);
    world_poll(w, i);
    world_run(w, 150);
}

static void fault_connect(world *w) {
    const uint32_t pairs[3][2] = {{0, 1}, {1, 2}, {0, 2}};
    for (size_t k = 0; k < 3; k++) {
        uint32_t a = pairs[k][0], b = pairs[k][1];
        world_cut(w, a, b);
        world_link_add(w, a, b, 0);
        world_link_add(w, b, a, 0);
        for (int side = 0; side < 2; side++) {
            lk_room *room = w->nodes[side == 0 ? a : b].room;
            lk_link link = side == 0 ? b : a;
            if (lk_room_open(room, link, w->now_ms) == LK_ENOMEM)
                CHECK_EQ(lk_room_open(room, link, w->now_ms), LK_OK);
        }
    }
    world_run(w, 1000);
}

static void fault_script(world *w) {
    const lk_value here = {.type = LK_BOOL, .as.boolean = true};
    fault_edit(w, 0, "first");
    fault_connect(w);
    for (uint32_t i = 0; i < 3; i++) {
        if (!world_reads_only(w, i)) fault_edit(w, i, "typed");
        lk_status status = lk_room_presence_set(w->nodes[i].room, STR("k"), &here, w->now_ms);
        CHECK(status == LK_OK || status == LK_ENOMEM);
        world_run(w, 150);
    }
    char many[3000];
    memset(many, 'm', sizeof many - 1);
    many[sizeof many - 1] = 0;
    fault_edit(w, 1, many);
}

static void fault_check_disks(world *w) {
    lk_buf want = world_json(w, 0);
    for (uint32_t i = 0; i < w->len; i++) {
        world_stop(w, i);
        world_start(w, i);
        lk_buf got = world_json(w, i);
        CHECK_BYTES(got.at, got.len, want.at, want.len);
        lk_buf_free(&got);
    }
    lk_buf_free(&want);
}

typedef enum fault_room { FAULT_SMALL, FAULT_SPARSE, FAULT_GUARDED, FAULT_ROOMS } fault_room;

/* One run whose n-th allocation fails; false when there are not as many. In a guarded room the last
 * one only reads. */
static bool fault_run(uint64_t n, fault_room kind) {
    world *w = world_new_of(3, 1, kind == FAULT_GUARDED, 1);
    for (uint32_t i = 0; i < w->len; i++) world_stop(w, i);
    w->sparse = kind == FAULT_SPARSE;
    w->memory = &fault_memory;
    w->message_max = 1024;
    for (uint32_t i = 0; i < w->len; i++) world_start(w, i);
    fault_left = n;
    fault_script(w);
    bool failed = fault_left == 0;
    fault_left = 0;
    fault_connect(w);
    world_settle(w, 60000);
    world_check_same(w);
    fault_check_disks(w);
    world_free(w);
    CHECK_EQ(fault_bytes, 0);
    return failed;
}

int main(void) {
    lk_doc *doc = lk_new(1, NULL); /* a room that cannot be made is not made */
    for (uint64_t n = 1; n <= 2; n++) {
        fault_left = n;
        CHECK(lk_room_new(doc, &(lk_room_options){.room_id = STR("room")}, &fault_memory) == NULL);
        CHECK_EQ(fault_bytes, 0);
    }
    lk_free(doc);
    for (fault_room kind = FAULT_SMALL; kind < FAULT_ROOMS; kind++) {
        uint64_t n = 1;
        while (fault_run(n, kind)) n++;
        CHECK(n > 100);
        printf("room_fault: each of %" PRIu64 " allocations failed once\n", n - 1);
    }
    return 0;
}
