/* SPDX-License-Identifier: MIT
 * room_world.h - rooms on a virtual network: messages take time but keep order, links break and
 * lose what was on them, storing takes time, nodes die and come back from what they stored. Time is
 * virtual: the world jumps to the next thing that happens. The same seed, the same run. */
#ifndef TEST_ROOM_WORLD_H
#define TEST_ROOM_WORLD_H

#include "check.h"

#include "base/mem.h"
#include "lorikeet_room.h"
#include "room/frame.h"

#define WORLD_NODES 8
#define STR(s) ((lk_str){(s), sizeof(s) - 1})

typedef struct world_message {
    uint64_t at_ms;
    uint64_t token; /* of a STORE */
    uint8_t *bytes;
    size_t len;
} world_message;

typedef VEC(world_message) world_queue;

typedef struct world_node {
    lk_doc *doc;
    lk_room *room;
    lk_ref text, map;
    world_queue storing, disk;
    bool synced;       /* as last told */
    uint32_t errors;   /* LK_ROOM_ERRORs told */
    const char *error; /* the last one */
    uint32_t presence_told, joined_told, changed_told;
} world_node;

typedef struct world_counts { /* of messages sent */
    uint64_t bytes, messages, of_kind[FRAME_ACK + 1];
    size_t largest;
} world_counts;

typedef struct world {
    rng random;
    uint64_t now_ms;
    uint32_t len;
    world_node nodes[WORLD_NODES];
    world_queue wires[WORLD_NODES][WORLD_NODES]; /* [from][to] */
    bool up[WORLD_NODES][WORLD_NODES];
    uint32_t latency_ms[WORLD_NODES][WORLD_NODES];
    uint32_t store_ms; /* storing takes up to that */
    bool hold_stores;  /* nothing becomes durable */
    int lose_kind;     /* messages of that kind vanish; -1: none */
    uint32_t message_max;
    const lk_memory *memory; /* of the rooms; NULL: the C library's */
    world_counts counts;
    lk_buf *record; /* messages from node 0, each after its length, if not NULL */
} world;

static inline void world_put(world_queue *q, world_message m) {
    world_message *last = vec_push(&mem_default, q);
    CHECK(last != NULL);
    *last = m;
}

static inline world_message world_message_of(lk_bytes bytes, uint64_t at_ms, uint64_t token) {
    world_message m = {.at_ms = at_ms, .token = token, .bytes = malloc(bytes.len + 1)};
    if (bytes.len > 0) memcpy(m.bytes, bytes.at, bytes.len);
    m.len = bytes.len;
    return m;
}

static inline world_message world_pop(world_queue *q) {
    world_message m = q->at[0];
    q->len--;
    memmove(q->at, q->at + 1, q->len * sizeof *q->at);
    return m;
}

static inline void world_clear(world_queue *q) {
    for (size_t i = 0; i < q->len; i++) free(q->at[i].bytes);
    vec_drop(&mem_default, q);
}

static inline void world_start(world *w, uint32_t i) {
    world_node *n = &w->nodes[i];
    n->doc = lk_new(rng_u64(&w->random) >> 1, NULL);
    CHECK(n->doc != NULL);
    for (size_t k = 0; k < n->disk.len; k++)
        CHECK_EQ(lk_import(n->doc, (lk_bytes){n->disk.at[k].bytes, n->disk.at[k].len}, NULL, NULL),
                 LK_OK);
    CHECK_EQ(lk_root(n->doc, LK_TEXT, STR("text"), &n->text), LK_OK);
    CHECK_EQ(lk_root(n->doc, LK_MAP, STR("map"), &n->map), LK_OK);
    lk_room_options options = {
        .room_id = STR("room"), .seed = rng_u64(&w->random), .message_max = w->message_max};
    n->room = lk_room_new(n->doc, &options, w->memory);
    CHECK(n->room != NULL);
    n->synced = false;
}

static inline world *world_new(uint32_t len, uint64_t seed) {
    world *w = calloc(1, sizeof *w);
    w->random.state = seed;
    w->len = len;
    w->now_ms = 1000;
    w->lose_kind = -1;
    for (uint32_t i = 0; i < len; i++) world_start(w, i);
    return w;
}

static inline void world_cut(world *w, uint32_t a, uint32_t b) {
    if (!w->up[a][b]) return;
    w->up[a][b] = w->up[b][a] = false;
    lk_room_close(w->nodes[a].room, b);
    lk_room_close(w->nodes[b].room, a);
    world_clear(&w->wires[a][b]);
    world_clear(&w->wires[b][a]);
}

static inline void world_connect(world *w, uint32_t a, uint32_t b, uint32_t latency_ms) {
    if (w->up[a][b]) return;
    w->up[a][b] = w->up[b][a] = true;
    w->latency_ms[a][b] = w->latency_ms[b][a] = latency_ms;
    CHECK_EQ(lk_room_open(w->nodes[a].room, b, w->now_ms), LK_OK);
    CHECK_EQ(lk_room_open(w->nodes[b].room, a, w->now_ms), LK_OK);
}

static inline void world_mesh(world *w, uint32_t latency_ms) {
    for (uint32_t a = 0; a < w->len; a++)
        for (uint32_t b = a + 1; b < w->len; b++) world_connect(w, a, b, latency_ms);
}

/* The node dies with what it had not stored. */
static inline void world_stop(world *w, uint32_t i) {
    for (uint32_t k = 0; k < w->len; k++) world_cut(w, i, k);
    lk_room_free(w->nodes[i].room);
    lk_free(w->nodes[i].doc);
    world_clear(&w->nodes[i].storing);
}

static inline void world_free(world *w) {
    for (uint32_t i = 0; i < w->len; i++) {
        world_stop(w, i);
        world_clear(&w->nodes[i].disk);
    }
    free(w);
}

static inline void world_send(world *w, uint32_t from, const lk_room_out *out) {
    uint32_t to = out->link;
    CHECK(to < w->len && w->up[from][to]);
    frame f;
    CHECK_EQ(frame_decode(out->bytes, &f, NULL), LK_OK);
    w->counts.bytes += out->bytes.len;
    w->counts.messages++;
    w->counts.of_kind[f.kind]++;
    if (w->counts.largest < out->bytes.len) w->counts.largest = out->bytes.len;
    if (w->record != NULL && from == 0) {
        uint32_t len = (uint32_t)out->bytes.len;
        CHECK(buf_append(w->record, &len, sizeof len));
        CHECK(buf_append(w->record, out->bytes.at, out->bytes.len));
    }
    if ((int)f.kind == w->lose_kind) return;
    world_queue *wire = &w->wires[from][to];
    uint64_t at = w->now_ms + w->latency_ms[from][to];
    if (wire->len > 0 && wire->at[wire->len - 1].at_ms > at) at = wire->at[wire->len - 1].at_ms;
    world_put(wire, world_message_of(out->bytes, at, 0));
}

/* Do all that a node's room wants done. */
static inline void world_poll(world *w, uint32_t i) {
    world_node *n = &w->nodes[i];
    for (const lk_room_out *out; (out = lk_room_poll(n->room)) != NULL;) {
        switch (out->kind) {
        case LK_ROOM_SEND: world_send(w, i, out); break;
        case LK_ROOM_STORE: {
            uint64_t at = w->now_ms + (w->store_ms == 0 ? 0 : rng_below(&w->random, w->store_ms));
            if (n->storing.len > 0 && n->storing.at[n->storing.len - 1].at_ms > at)
                at = n->storing.at[n->storing.len - 1].at_ms;
            world_put(&n->storing, world_message_of(out->bytes, at, out->token));
            break;
        }
        case LK_ROOM_JOINED: n->joined_told++; break;
        case LK_ROOM_CHANGED: n->changed_told++; break;
        case LK_ROOM_PRESENCE: n->presence_told++; break;
        case LK_ROOM_SYNCED:
            CHECK(!n->synced);
            n->synced = true;
            break;
        case LK_ROOM_BEHIND:
            CHECK(n->synced);
            n->synced = false;
            break;
        case LK_ROOM_ERROR:
            n->errors++;
            n->error = out->what;
            break;
        }
    }
}

static inline uint64_t world_next(const world *w) {
    uint64_t at = UINT64_MAX;
    for (uint32_t i = 0; i < w->len; i++) {
        const world_node *n = &w->nodes[i];
        uint64_t wake = lk_room_wake_at(n->room);
        if (wake < at) at = wake;
        if (!w->hold_stores && n->storing.len > 0 && n->storing.at[0].at_ms < at)
            at = n->storing.at[0].at_ms;
        for (uint32_t k = 0; k < w->len; k++) {
            const world_queue *wire = &w->wires[i][k];
            if (wire->len > 0 && wire->at[0].at_ms < at) at = wire->at[0].at_ms;
        }
    }
    return at;
}

static inline void world_deliver(world *w, uint32_t from, uint32_t to) {
    world_queue *wire = &w->wires[from][to];
    while (wire->len > 0 && wire->at[0].at_ms <= w->now_ms) {
        world_message m = world_pop(wire);
        lk_room_feed(w->nodes[to].room, from, (lk_bytes){m.bytes, m.len}, w->now_ms);
        free(m.bytes);
        world_poll(w, to);
    }
}

static inline void world_happen(world *w) {
    for (uint32_t i = 0; i < w->len; i++) {
        world_node *n = &w->nodes[i];
        while (!w->hold_stores && n->storing.len > 0 && n->storing.at[0].at_ms <= w->now_ms) {
            world_message m = world_pop(&n->storing);
            world_put(&n->disk, m);
            lk_room_stored(n->room, m.token);
        }
        for (uint32_t k = 0; k < w->len; k++) world_deliver(w, k, i);
        if (lk_room_wake_at(n->room) <= w->now_ms) {
            lk_room_tick(n->room, w->now_ms);
            CHECK(lk_room_wake_at(n->room) > w->now_ms);
        }
    }
    for (uint32_t i = 0; i < w->len; i++) world_poll(w, i);
}

/* Let `ms` go by. */
static inline void world_run(world *w, uint64_t ms) {
    uint64_t until = w->now_ms + ms;
    for (uint32_t i = 0; i < w->len; i++) world_poll(w, i);
    for (uint64_t at; (at = world_next(w)) <= until;) {
        if (w->now_ms < at) w->now_ms = at;
        world_happen(w);
    }
    w->now_ms = until;
}

static inline bool world_synced(const world *w) {
    for (uint32_t i = 0; i < w->len; i++)
        if (!w->nodes[i].synced) return false;
    return true;
}

/* Run until everybody says SYNCED; traps if that takes more than `ms`. */
static inline void world_settle(world *w, uint64_t ms) {
    uint64_t until = w->now_ms + ms;
    for (world_run(w, 1); !world_synced(w); world_run(w, 50)) CHECK(w->now_ms < until);
}

static inline void world_type(world *w, uint32_t i, const char *s) {
    world_node *n = &w->nodes[i];
    size_t len = lk_text_len(n->doc, n->text, LK_CODEPOINT);
    size_t pos = len == 0 ? 0 : rng_below(&w->random, (uint32_t)len + 1);
    CHECK_EQ(lk_text_insert(n->doc, n->text, pos, LK_CODEPOINT, (lk_str){s, strlen(s)}), LK_OK);
    CHECK_EQ(lk_room_edited(n->room, w->now_ms), LK_OK);
    world_poll(w, i);
}

static inline lk_buf world_json(const world *w, uint32_t i) {
    lk_buf out = {0};
    CHECK_EQ(lk_json(w->nodes[i].doc, &out), LK_OK);
    return out;
}

/* All documents and versions are equal. */
static inline void world_check_same(world *w) {
    lk_buf json = world_json(w, 0), vv = {0};
    CHECK_EQ(lk_vv_encode(lk_version(w->nodes[0].doc), &vv), LK_OK);
    for (uint32_t i = 1; i < w->len; i++) {
        lk_buf other = world_json(w, i), other_vv = {0};
        CHECK_EQ(lk_vv_encode(lk_version(w->nodes[i].doc), &other_vv), LK_OK);
        CHECK_BYTES(other_vv.at, other_vv.len, vv.at, vv.len);
        CHECK_BYTES(other.at, other.len, json.at, json.len);
        lk_buf_free(&other);
        lk_buf_free(&other_vv);
    }
    lk_buf_free(&json);
    lk_buf_free(&vv);
}

#endif
