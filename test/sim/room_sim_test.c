/* SPDX-License-Identifier: MIT
 * room_sim_test.c - three to five rooms on a network that breaks, for hundreds of seeds. Whatever
 * happened, once all links are up everyone holds the same document and says so, nothing that
 * anyone stored is missing, and no honest peer was called a liar. */
#include "room_world.h"

#include <signal.h>

static void sim_edit(world *w) {
    uint32_t i = rng_below(&w->random, w->len);
    world_node *n = &w->nodes[i];
    size_t len = lk_text_len(n->doc, n->text, LK_CODEPOINT);
    char text[8];
    size_t text_len = 1 + rng_below(&w->random, sizeof text - 1);
    for (size_t k = 0; k < text_len; k++) text[k] = (char)('a' + rng_below(&w->random, 26));
    for (uint32_t edits = 1 + rng_below(&w->random, 3); edits > 0; edits--) {
        uint32_t what = rng_below(&w->random, 10);
        size_t pos = rng_below(&w->random, (uint32_t)len + 1);
        if (what == 0) {
            lk_value value = {.type = LK_I64, .as.i64 = (int64_t)rng_below(&w->random, 100)};
            CHECK_EQ(lk_map_set(n->doc, n->map, (lk_str){text, 1}, &value), LK_OK);
        } else if (what < 4 && pos < len) {
            CHECK_EQ(lk_text_delete(n->doc, n->text, pos, 1, LK_CODEPOINT), LK_OK);
        } else {
            CHECK_EQ(lk_text_insert(n->doc, n->text, pos, LK_CODEPOINT, (lk_str){text, text_len}),
                     LK_OK);
        }
        len = lk_text_len(n->doc, n->text, LK_CODEPOINT);
    }
    CHECK_EQ(lk_room_edited(n->room, w->now_ms), LK_OK);
    world_poll(w, i);
}

static void sim_partition(world *w) {
    uint32_t side = rng_below(&w->random, 1u << w->len);
    for (uint32_t a = 0; a < w->len; a++)
        for (uint32_t b = 0; b < w->len; b++)
            if ((side >> a & 1) != (side >> b & 1)) world_cut(w, a, b);
}

static void sim_presence(world *w, uint32_t i) {
    lk_value value = {.type = LK_I64, .as.i64 = (int64_t)rng_below(&w->random, 100)};
    CHECK_EQ(lk_room_presence_set(w->nodes[i].room, STR("cursor"), &value, w->now_ms), LK_OK);
    world_poll(w, i);
}

static void sim_step(world *w) {
    uint32_t what = rng_below(&w->random, 100), a = rng_below(&w->random, w->len);
    uint32_t b = (a + 1 + rng_below(&w->random, w->len - 1)) % w->len;
    if (what < 70) {
        sim_edit(w);
    } else if (what < 80) {
        world_cut(w, a, b);
    } else if (what < 94) {
        world_connect(w, a, b, rng_below(&w->random, 200));
    } else if (what < 96) {
        sim_partition(w);
    } else if (what < 98) {
        world_stop(w, a);
        world_start(w, a);
    } else {
        sim_presence(w, a);
    }
    bool pause = rng_below(&w->random, 4) == 0;
    world_run(w, rng_below(&w->random, pause ? 3000 : 60));
}

/* A mesh, a star or a line; all of them must do. */
static void sim_heal(world *w) {
    uint32_t shape = rng_below(&w->random, 3);
    for (uint32_t a = 0; a < w->len; a++)
        for (uint32_t b = a + 1; b < w->len; b++) {
            bool wanted = shape == 0 || (shape == 1 && a == 0) || (shape == 2 && b == a + 1);
            if (wanted)
                world_connect(w, a, b, rng_below(&w->random, 200));
            else
                world_cut(w, a, b);
        }
}

/* What is on any disk is in the document that all have. */
static void sim_check_disks(world *w) {
    for (uint32_t i = 0; i < w->len; i++) {
        const world_queue *disk = &w->nodes[i].disk;
        for (size_t k = 0; k < disk->len; k++) {
            lk_import_status got;
            lk_bytes stored = {disk->at[k].bytes, disk->at[k].len};
            CHECK_EQ(lk_import(w->nodes[0].doc, stored, &got, NULL), LK_OK);
            CHECK_EQ(got.success_len, 0);
        }
    }
}

/* Everyone again from what is on their disk alone: SYNCED was a promise about that too. */
static void sim_restart_all(world *w) {
    lk_buf before = world_json(w, 0);
    for (uint32_t i = 0; i < w->len; i++) {
        world_stop(w, i);
        world_start(w, i);
        lk_buf after = world_json(w, i);
        CHECK_BYTES(after.at, after.len, before.at, before.len);
        lk_buf_free(&after);
    }
    lk_buf_free(&before);
}

static void sim_check_level(const world *w) {
    for (uint32_t i = 0; i < w->len; i++) {
        const world_node *n = &w->nodes[i];
        lk_room_stats stats = lk_room_stats_read(n->room);
        CHECK(stats.synced && stats.unacked_bytes == 0 && stats.unstored == 0);
        CHECK_EQ(stats.joined, stats.links);
        CHECK_EQ(n->storing.len, 0);
        if (n->errors > 0) fprintf(stderr, "%s\n", n->error);
        CHECK_EQ(n->errors, 0);
    }
}

static void sim(uint64_t seed) {
    rng shape = {seed};
    world *w = world_new(3 + rng_below(&shape, 3), seed);
    w->store_ms = rng_below(&shape, 2) * 80;
    if (rng_below(&shape, 2) == 0) w->message_max = 1024;
    for (int step = 0; step < 120; step++) sim_step(w);
    sim_heal(w);
    world_settle(w, 120000);
    world_check_same(w);
    sim_check_level(w);
    sim_check_disks(w);
    sim_restart_all(w);
    world_free(w);
}

static uint64_t sim_seed;

/* A failed check says which seed to run again. */
static void sim_say_seed(int signal_number) {
    (void)signal_number;
    fprintf(stderr, "seed %" PRIu64 "\n", sim_seed);
}

int main(int argc, char **argv) {
    uint64_t first = 1, last = 300;
    if (argc > 1) first = last = strtoull(argv[1], NULL, 10);
    signal(SIGABRT, sim_say_seed);
    for (sim_seed = first; sim_seed <= last; sim_seed++) sim(sim_seed);
    printf("room_sim: seeds %" PRIu64 " to %" PRIu64 ", 120 steps each\n", first, last);
    return 0;
}
