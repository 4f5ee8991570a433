/* SPDX-License-Identifier: MIT
 * room_sim_test.c - three to thirty rooms on a network that breaks: messages are late, links go and
 * come, all of one side lose all of the other, peers die and come back with what they had stored.
 * Whatever happened, once enough links are up everyone holds the same document and says so, nothing
 * that anyone stored is missing, which is all that was ever acknowledged, and no honest peer was
 * called a liar.
 *
 * usage: room_sim_test [--record] [--seeds N] [SEED]      without SEED: one of its own, printed
 *
 * --record prints for each seed a line of JSON with the updates and what came of them, for
 * test/conform/sim.mjs. */
#define _POSIX_C_SOURCE 200809L
#include "room_world.h"

#include <signal.h>
#include <time.h>

#define SIM_SEEDS 60

static void sim_edit_text(world *w, world_node *n) {
    size_t len = lk_text_len(n->doc, n->text, LK_CODEPOINT);
    size_t pos = rng_below(&w->random, (uint32_t)len + 1);
    char text[8];
    size_t text_len = 1 + rng_below(&w->random, sizeof text - 1);
    for (size_t k = 0; k < text_len; k++) text[k] = (char)('a' + rng_below(&w->random, 26));
    lk_status status =
        rng_below(&w->random, 3) == 0 && pos < len
            ? lk_text_delete(n->doc, n->text, pos, 1, LK_CODEPOINT)
            : lk_text_insert(n->doc, n->text, pos, LK_CODEPOINT, (lk_str){text, text_len});
    CHECK_EQ(status, LK_OK);
}

static void sim_edit_list(world *w, world_node *n) {
    uint32_t len = (uint32_t)lk_movable_len(n->doc, n->list);
    lk_value value = {.type = LK_I64, .as.i64 = (int64_t)rng_below(&w->random, 100)};
    uint32_t what = len == 0 ? 0 : rng_below(&w->random, 4);
    size_t pos = len == 0 ? 0 : rng_below(&w->random, len);
    lk_status status = what == 0   ? lk_movable_insert(n->doc, n->list, pos, &value, 1)
                       : what == 1 ? lk_movable_set(n->doc, n->list, pos, &value)
                       : what == 2
                           ? lk_movable_delete(n->doc, n->list, pos, 1)
                           : lk_movable_move(n->doc, n->list, pos, rng_below(&w->random, len));
    CHECK_EQ(status, LK_OK);
}

static void sim_edit_map(world *w, world_node *n) {
    char key = (char)('a' + rng_below(&w->random, 5));
    lk_value value = {.type = LK_I64, .as.i64 = (int64_t)rng_below(&w->random, 100)};
    CHECK_EQ(lk_map_set(n->doc, n->map, (lk_str){&key, 1}, &value), LK_OK);
}

static void sim_edit(world *w) {
    uint32_t i = rng_below(&w->random, w->len);
    world_node *n = &w->nodes[i];
    for (uint32_t edits = 1 + rng_below(&w->random, 3); edits > 0; edits--) {
        uint32_t what = rng_below(&w->random, 10);
        if (what == 0)
            sim_edit_map(w, n);
        else if (what < 3)
            sim_edit_list(w, n);
        else
            sim_edit_text(w, n);
    }
    CHECK_EQ(lk_room_edited(n->room, w->now_ms), LK_OK);
    world_poll(w, i);
}

static void sim_partition(world *w) {
    uint64_t side = rng_u64(&w->random);
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

/* Is there to be a link between two? A mesh, a star, a line or some rings through all; all of them
 * must do. */
static bool sim_wanted(uint32_t shape, uint32_t len, uint32_t a, uint32_t b) {
    uint32_t apart = b - a;
    switch (shape) {
    case 0: return true;
    case 1: return a == 0;
    case 2: return apart == 1;
    default: return apart == 1 || apart == 1 + len / 4 || apart == 1 + len / 2;
    }
}

static void sim_heal(world *w) {
    uint32_t shape = rng_below(&w->random, 4);
    for (uint32_t a = 0; a < w->len; a++)
        for (uint32_t b = a + 1; b < w->len; b++) {
            if (sim_wanted(shape, w->len, a, b))
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

/* ---- for others to judge ---- */

static void sim_record(const world *w, uint64_t seed) {
    const world_node *n = &w->nodes[0];
    lk_ids version = lk_version(n->doc);
    lk_buf json = world_json(w, 0);
    printf("{\"seed\":%" PRIu64 ",\"peers\":%u,\"json\":%.*s,\"version\":{", seed, w->len,
           (int)json.len, (const char *)json.at);
    for (size_t i = 0; i < version.len; i++)
        printf("%s\"%" PRIu64 "\":%d", i == 0 ? "" : ",", version.at[i].peer,
               version.at[i].counter);
    printf("},\"updates\":[");
    for (size_t i = 0; i < n->disk.len; i++) {
        printf(i == 0 ? "\"" : ",\"");
        for (size_t k = 0; k < n->disk.at[i].len; k++) printf("%02x", n->disk.at[i].bytes[k]);
        printf("\"");
    }
    printf("]}\n");
    lk_buf_free(&json);
}

/* ---- one seed ---- */

static void sim(uint64_t seed, bool record) {
    rng shape = {seed};
    world *w = world_new(3 + rng_below(&shape, 28), seed);
    w->store_ms = rng_below(&shape, 2) * 80;
    w->late_percent = rng_below(&shape, 3) * 10;
    if (rng_below(&shape, 2) == 0) w->message_max = 1024;
    w->sparse = rng_below(&shape, 2) == 0; /* those that start again, at first */
    for (uint32_t step = 0; step < 60 + 4 * w->len; step++) sim_step(w);
    sim_heal(w);
    world_settle(w, 180000);
    world_check_same(w);
    sim_check_level(w);
    sim_check_disks(w);
    sim_restart_all(w);
    if (record) sim_record(w, seed);
    world_free(w);
}

static uint64_t sim_seed;

/* A failed check says which seed to run again. */
static void sim_say_seed(int signal_number) {
    (void)signal_number;
    fprintf(stderr, "room_sim: seed %" PRIu64 "\n", sim_seed);
}

int main(int argc, char **argv) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t first = (uint64_t)now.tv_sec * 1000, count = 0;
    bool record = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--record") == 0)
            record = true;
        else if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc)
            count = strtoull(argv[++i], NULL, 10);
        else
            first = strtoull(argv[i], NULL, 10), count += count == 0;
    }
    if (count == 0) count = SIM_SEEDS;
    signal(SIGABRT, sim_say_seed);
    for (sim_seed = first; sim_seed < first + count; sim_seed++) sim(sim_seed, record);
    if (!record)
        printf("room_sim: seeds %" PRIu64 " to %" PRIu64 ", 3 to 30 peers each\n", first,
               first + count - 1);
    return 0;
}
