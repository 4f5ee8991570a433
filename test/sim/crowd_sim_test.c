/* SPDX-License-Identifier: MIT
 * crowd_sim_test.c - one room of hundreds. Nobody is linked with more than six others: three rings
 * through all, each in an order of its own, closed again around whoever is away. Some type, some
 * crash and come back, everyone shows a cursor. In the end all hold the same and see everyone, and
 * what it cost a peer is what it costs in a smaller room.
 *
 * usage: crowd_sim_test [PEERS TYPISTS SECONDS [SEED]]      without: 50 and 500 peers, compared */
#include "room_world.h"

#ifdef __SANITIZE_ADDRESS__
#define CROWD_MOST 150u
#else
#define CROWD_MOST 500u
#endif
#define CROWD_RINGS 3
#define CROWD_STEP_MS 200
#define CROWD_AWAY_MS 3000

typedef struct crowd {
    world *w;
    uint32_t *rings[CROWD_RINGS];
    uint64_t *back_ms; /* when it comes back; 0: it is here */
    uint32_t edits, crashes, most_links;
    uint64_t bytes, most_bytes; /* a second to one peer while they typed: in the mean, at most */
    uint64_t late_ms;           /* from the last edit until all had everything */
} crowd;

static void crowd_shuffle(crowd *c, uint32_t *order) {
    for (uint32_t i = 0; i < c->w->len; i++) order[i] = i;
    for (uint32_t i = c->w->len - 1; i > 0; i--) {
        uint32_t k = rng_below(&c->w->random, i + 1), other = order[k];
        order[k] = order[i];
        order[i] = other;
    }
}

/* The next on a ring that is here. */
static uint32_t crowd_next(const crowd *c, uint32_t ring, uint32_t at) {
    uint32_t next = at;
    do next = (next + 1) % c->w->len;
    while (c->back_ms[c->rings[ring][next]] != 0);
    return c->rings[ring][next];
}

static bool crowd_wanted(const crowd *c, const bool *wanted, uint32_t a, uint32_t b) {
    return wanted[(size_t)a * c->w->len + b] || wanted[(size_t)b * c->w->len + a];
}

/* Exactly the links there should be. */
static void crowd_link(crowd *c) {
    world *w = c->w;
    bool *wanted = calloc(w->len, w->len);
    for (uint32_t ring = 0; ring < CROWD_RINGS; ring++)
        for (uint32_t at = 0; at < w->len; at++) {
            uint32_t one = c->rings[ring][at];
            if (c->back_ms[one] == 0) wanted[(size_t)one * w->len + crowd_next(c, ring, at)] = true;
        }
    for (uint32_t a = 0; a < w->len; a++) {
        for (size_t k = 0; k < w->nodes[a].links.len;) {
            uint32_t b = w->nodes[a].links.at[k].peer;
            if (crowd_wanted(c, wanted, a, b))
                k++;
            else
                world_cut(w, a, b);
        }
        for (uint32_t b = 0; b < w->len; b++)
            if (a != b && wanted[(size_t)a * w->len + b])
                world_connect(w, a, b, 5 + rng_below(&w->random, 60));
        if (w->nodes[a].links.len > c->most_links) c->most_links = (uint32_t)w->nodes[a].links.len;
    }
    free(wanted);
}

/* A member comes, with what it stored. */
static void crowd_enter(crowd *c, uint32_t i) {
    char key[12];
    int len = snprintf(key, sizeof key, "%u", i);
    lk_value cursor = {.type = LK_I64, .as.i64 = (int64_t)i};
    lk_room *room = c->w->nodes[i].room;
    lk_room_sparse(room, true, c->w->now_ms);
    CHECK_EQ(lk_room_presence_set(room, (lk_str){key, (size_t)len}, &cursor, c->w->now_ms), LK_OK);
}

static crowd crowd_new(uint32_t len, uint64_t seed) {
    crowd c = {.w = world_new(len, seed), .back_ms = calloc(len, sizeof *c.back_ms)};
    c.w->store_ms = 10, c.w->sparse = true;
    for (uint32_t ring = 0; ring < CROWD_RINGS; ring++)
        crowd_shuffle(&c, c.rings[ring] = calloc(len, sizeof **c.rings));
    for (uint32_t i = 0; i < len; i++) crowd_enter(&c, i);
    crowd_link(&c);
    return c;
}

static void crowd_free(crowd *c) {
    for (uint32_t ring = 0; ring < CROWD_RINGS; ring++) free(c->rings[ring]);
    free(c->back_ms);
    world_free(c->w);
}

/* One who does not type dies, and is away for a while. */
static void crowd_crash(crowd *c, uint32_t typists) {
    uint32_t i = rng_below(&c->w->random, c->w->len);
    if (c->back_ms[i] != 0 || i % (c->w->len / typists) == 0) return;
    world_stop(c->w, i);
    world_start(c->w, i);
    c->back_ms[i] = c->w->now_ms + CROWD_AWAY_MS;
    c->crashes++;
}

static void crowd_return(crowd *c, bool all) {
    for (uint32_t i = 0; i < c->w->len; i++) {
        if (c->back_ms[i] == 0 || (!all && c->back_ms[i] > c->w->now_ms)) continue;
        c->back_ms[i] = 0;
        crowd_enter(c, i);
    }
    crowd_link(c);
}

static bool crowd_whole(const crowd *c) {
    size_t most = 0;
    for (uint32_t i = 0; i < c->w->len; i++) {
        size_t ops = lk_op_count(c->w->nodes[i].doc);
        if (ops > most) most = ops;
    }
    for (uint32_t i = 0; i < c->w->len; i++)
        if (lk_op_count(c->w->nodes[i].doc) < most) return false;
    return true;
}

static void crowd_type(crowd *c, uint32_t typists, uint32_t seconds) {
    world *w = c->w;
    for (uint32_t i = 0; i < w->len; i++) w->nodes[i].bytes_in = 0;
    for (uint32_t step = 0; step < seconds * 1000 / CROWD_STEP_MS; step++) {
        for (uint32_t k = 0; k < typists; k++, c->edits++) {
            world_type(w, k * (w->len / typists), "k");
            world_run(w, CROWD_STEP_MS / typists);
        }
        crowd_crash(c, typists);
        crowd_return(c, false);
    }
    for (uint32_t i = 0; i < w->len; i++) {
        uint64_t bytes = w->nodes[i].bytes_in / seconds;
        c->bytes += bytes / w->len;
        if (bytes > c->most_bytes) c->most_bytes = bytes;
    }
    crowd_return(c, true);
    uint64_t since_ms = w->now_ms;
    while (!crowd_whole(c) && w->now_ms < since_ms + 60000) world_run(w, 20);
    c->late_ms = w->now_ms - since_ms;
}

/* Everybody sees everybody. */
static void crowd_check_presence(const crowd *c) {
    for (uint32_t i = 0; i < c->w->len; i++) {
        lk_buf json = {0};
        CHECK_EQ(lk_room_presence_json(c->w->nodes[i].room, &json), LK_OK);
        uint32_t seen = 0;
        for (size_t k = 0; k < json.len; k++) seen += json.at[k] == ':';
        CHECK_EQ(seen, c->w->len);
        lk_buf_free(&json);
    }
}

/* Bytes a second that came to one peer. */
static uint64_t crowd_play(uint32_t peers, uint32_t typists, uint32_t seconds, uint64_t seed) {
    crowd c = crowd_new(peers, seed);
    world_settle(c.w, 60000);
    world_run(c.w, 30000);
    crowd_check_presence(&c);
    crowd_type(&c, typists, seconds);
    world_settle(c.w, 60000);
    world_check_same(c.w);
    crowd_check_presence(&c);
    for (uint32_t i = 0; i < peers; i++) CHECK_EQ(c.w->nodes[i].errors, 0);
    printf("%u peers, %u links at most; %u type %u edits in %u s, %u crash; to a peer come %" PRIu64
           " B/s, %" PRIu64 " at most; all have all %" PRIu64 " ms after the last edit\n",
           peers, c.most_links, typists, c.edits, seconds, c.crashes, c.bytes, c.most_bytes,
           c.late_ms);
    CHECK(c.most_links <= 2 * CROWD_RINGS);
    CHECK(c.late_ms < 10000);
    uint64_t bytes = c.bytes;
    crowd_free(&c);
    return bytes;
}

int main(int argc, char **argv) {
    if (argc > 3) {
        crowd_play((uint32_t)atoi(argv[1]), (uint32_t)atoi(argv[2]), (uint32_t)atoi(argv[3]),
                   argc > 4 ? strtoull(argv[4], NULL, 10) : 1);
        return 0;
    }
    uint32_t most = CROWD_MOST;
    uint64_t few = crowd_play(50, 5, 4, 1), many = crowd_play(most, 5, 4, 1);
    /* a cursor of each of the others comes every 10 to 22 s, by six links at the very most */
    CHECK(many < few * 3 / 2 + 6 * most * 40 / 10);
    return 0;
}
