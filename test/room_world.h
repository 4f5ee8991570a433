/* SPDX-License-Identifier: MIT
 * room_world.h - rooms on a virtual network: messages take time but keep order, links break and
 * lose what was on them, storing takes time, nodes die and come back from what they stored. Time is
 * virtual: the world jumps to the next thing that happens. The same seed, the same run.
 *
 * A packet lost below a reliable channel holds up what is behind it: `late_percent` of messages
 * take longer, and all after them wait. What carries messages may also be something else: `carry`.
 *
 * In a guarded world the last `readers` nodes only read. A signature is a checksum with a secret in
 * it, which those who only read promise not to make.
 *
 * Each node remembers when something is next to happen to it, so that a step costs a look at each
 * node, and rooms of hundreds can be played. */
#ifndef TEST_ROOM_WORLD_H
#define TEST_ROOM_WORLD_H

#include "check.h"

#include "base/mem.h"
#include "lorikeet_room.h"
#include "room/frame.h"

#define STR(s) ((lk_str){(s), sizeof(s) - 1})

typedef struct world_message {
    uint64_t at_ms;
    uint64_t token; /* of a STORE */
    uint8_t *bytes;
    size_t len;
} world_message;

typedef VEC(world_message) world_queue;

typedef struct world_link {
    uint32_t peer;
    uint32_t latency_ms;
    world_queue coming; /* from there */
} world_link;

typedef struct world_node {
    lk_doc *doc;
    lk_room *room;
    lk_ref text, map, list;
    VEC(world_link) links;
    world_queue storing, disk;
    uint64_t next_ms;    /* nothing happens to it before */
    uint64_t bytes_in;   /* messages that came */
    bool synced;         /* as last told */
    uint32_t errors;     /* LK_ROOM_ERRORs told */
    const char *error;   /* the last one */
    VEC(lk_link) broken; /* links they are about, for who gives them up */
    uint32_t denied;     /* LK_ROOM_DENIEDs told */
    uint32_t presence_told, joined_told, changed_told;
} world_node;

typedef struct world_counts { /* of messages sent */
    uint64_t bytes, messages, of_kind[FRAME_ACK + 1];
    size_t largest;
} world_counts;

typedef struct world world;
struct world {
    rng random;
    uint64_t now_ms;
    uint32_t len;
    lk_str id; /* of the rooms */
    bool guarded;
    uint32_t readers;
    world_node *nodes;
    uint32_t store_ms;     /* storing takes up to that */
    uint32_t late_percent; /* messages that wait for a packet to be sent again */
    bool hold_stores;      /* nothing becomes durable */
    bool sparse;           /* rooms are told so when they start */
    int lose_kind;         /* messages of that kind vanish; -1: none */
    uint32_t message_max;
    const lk_memory *memory; /* of the rooms; NULL: the C library's */
    world_counts counts;
    lk_buf *record; /* messages from node 0, each after its length, if not NULL */
    /* Carries a message instead of the links; NULL: they do. */
    void (*carry)(world *w, uint32_t from, uint32_t to, lk_bytes message);
    void *carrier;
};

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

static inline void world_checksum(lk_bytes blob, uint8_t out[LK_SIGNATURE]) {
    uint64_t hash = 0x243f6a8885a308d3u; /* FNV-1a */
    for (size_t i = 0; i < blob.len; i++) hash = (hash ^ blob.at[i]) * 0x100000001b3u;
    for (size_t i = 0; i < LK_SIGNATURE; i++) {
        hash *= 0x100000001b3u;
        out[i] = (uint8_t)(hash >> 56);
    }
}

/* Takes memory for a moment. */
static inline bool world_sign(void *context, lk_bytes blob, uint8_t out[LK_SIGNATURE]) {
    const lk_memory *memory = context;
    void *work = mem_alloc(memory, LK_SIGNATURE);
    if (work == NULL) return false;
    mem_free(memory, work, LK_SIGNATURE);
    world_checksum(blob, out);
    return true;
}

static inline bool world_verify(void *context, lk_bytes blob,
                                const uint8_t signature[LK_SIGNATURE]) {
    uint8_t real[LK_SIGNATURE];
    (void)context;
    world_checksum(blob, real);
    return memcmp(real, signature, LK_SIGNATURE) == 0;
}

static inline bool world_reads_only(const world *w, uint32_t i) {
    return w->guarded && i + w->readers >= w->len;
}

/* The guard of that node's room, which takes memory from `memory`. */
static inline lk_guard world_guard(const world *w, uint32_t i, const lk_memory *memory) {
    void *context = (void *)(uintptr_t)memory;
    return (lk_guard){context, world_reads_only(w, i) ? NULL : world_sign, world_verify};
}

/* What the node had stored, into its document. */
static inline void world_load(world_node *n) {
    for (size_t k = 0; k < n->disk.len; k++) {
        lk_bytes blob, row = {n->disk.at[k].bytes, n->disk.at[k].len};
        do {
            CHECK_EQ(lk_room_blob_next(&row, &blob), LK_OK);
            CHECK_EQ(lk_import(n->doc, blob, NULL, NULL), LK_OK);
        } while (row.len > 0);
    }
}

static inline void world_restore(world_node *n, uint64_t now_ms) {
    bool waits;
    for (size_t k = 0; k < n->disk.len; k++) {
        lk_bytes row = {n->disk.at[k].bytes, n->disk.at[k].len};
        CHECK_EQ(lk_room_restore(n->room, row, &waits, now_ms), LK_OK);
    }
}

static inline void world_start(world *w, uint32_t i) {
    world_node *n = &w->nodes[i];
    bool reads = world_reads_only(w, i);
    n->doc = lk_new(rng_u64(&w->random) >> 1, NULL);
    CHECK(n->doc != NULL);
    if (!reads) world_load(n);
    CHECK_EQ(lk_root(n->doc, LK_TEXT, STR("text"), &n->text), LK_OK);
    CHECK_EQ(lk_root(n->doc, LK_MAP, STR("map"), &n->map), LK_OK);
    CHECK_EQ(lk_root(n->doc, LK_MOVABLE_LIST, STR("list"), &n->list), LK_OK);
    lk_room_options options = {
        .room_id = w->id, .seed = rng_u64(&w->random), .message_max = w->message_max};
    const lk_memory *memory = w->memory == NULL ? &mem_default : w->memory;
    lk_guard guard = world_guard(w, i, memory);
    if (w->guarded) options.guard = &guard;
    n->room = lk_room_new(n->doc, &options, w->memory);
    CHECK(n->room != NULL);
    if (reads) world_restore(n, w->now_ms);
    if (w->sparse) lk_room_sparse(n->room, true, w->now_ms);
    n->synced = false;
    n->next_ms = 0;
}

static inline world *world_new_named(lk_str id, uint32_t len, uint64_t seed, bool guarded,
                                     uint32_t readers) {
    world *w = calloc(1, sizeof *w);
    w->id = id;
    w->random.state = seed;
    w->guarded = guarded;
    w->readers = readers;
    w->len = len;
    w->nodes = calloc(len, sizeof *w->nodes);
    w->now_ms = 1000;
    w->lose_kind = -1;
    for (uint32_t i = 0; i < len; i++) world_start(w, i);
    return w;
}

static inline world *world_new_of(uint32_t len, uint64_t seed, bool guarded, uint32_t readers) {
    return world_new_named(STR("room"), len, seed, guarded, readers);
}
static inline world *world_new(uint32_t len, uint64_t seed) {
    return world_new_of(len, seed, false, 0);
}

/* The end at `from` of the link to `to`, or NULL. */
static inline world_link *world_up(const world *w, uint32_t from, uint32_t to) {
    for (size_t i = 0; i < w->nodes[from].links.len; i++)
        if (w->nodes[from].links.at[i].peer == to) return &w->nodes[from].links.at[i];
    return NULL;
}

static inline void world_link_drop(world *w, uint32_t from, uint32_t to) {
    world_link *l = world_up(w, from, to);
    lk_room_close(w->nodes[from].room, to);
    world_clear(&l->coming);
    *l = w->nodes[from].links.at[--w->nodes[from].links.len];
    w->nodes[from].next_ms = 0;
}

static inline void world_cut(world *w, uint32_t a, uint32_t b) {
    if (world_up(w, a, b) == NULL) return;
    world_link_drop(w, a, b);
    world_link_drop(w, b, a);
}

static inline void world_link_add(world *w, uint32_t from, uint32_t to, uint32_t latency_ms) {
    world_link *l = vec_push(&mem_default, &w->nodes[from].links);
    CHECK(l != NULL);
    *l = (world_link){.peer = to, .latency_ms = latency_ms};
    w->nodes[from].next_ms = 0;
}

static inline void world_connect(world *w, uint32_t a, uint32_t b, uint32_t latency_ms) {
    if (world_up(w, a, b) != NULL) return;
    world_link_add(w, a, b, latency_ms);
    world_link_add(w, b, a, latency_ms);
    CHECK_EQ(lk_room_open(w->nodes[a].room, b, w->now_ms), LK_OK);
    CHECK_EQ(lk_room_open(w->nodes[b].room, a, w->now_ms), LK_OK);
}

static inline void world_mesh(world *w, uint32_t latency_ms) {
    for (uint32_t a = 0; a < w->len; a++)
        for (uint32_t b = a + 1; b < w->len; b++) world_connect(w, a, b, latency_ms);
}

/* The node dies with what it had not stored. */
static inline void world_stop(world *w, uint32_t i) {
    while (w->nodes[i].links.len > 0) world_cut(w, i, w->nodes[i].links.at[0].peer);
    lk_room_free(w->nodes[i].room);
    lk_free(w->nodes[i].doc);
    world_clear(&w->nodes[i].storing);
    vec_drop(&mem_default, &w->nodes[i].broken);
}

static inline void world_free(world *w) {
    for (uint32_t i = 0; i < w->len; i++) {
        world_stop(w, i);
        world_clear(&w->nodes[i].disk);
        vec_drop(&mem_default, &w->nodes[i].links);
    }
    free(w->nodes);
    free(w);
}

/* How much longer than the way a message takes: each of its packets may be lost, more than once. */
static inline uint64_t world_late_ms(world *w) {
    uint64_t late = 0;
    for (uint64_t wait = 100; rng_below(&w->random, 100) < w->late_percent; wait *= 2) late += wait;
    return late;
}

static inline void world_carry(world *w, uint32_t from, uint32_t to, lk_bytes message) {
    world_link *there = world_up(w, to, from);
    CHECK(there != NULL);
    world_queue *q = &there->coming;
    uint64_t at = w->now_ms + there->latency_ms + (w->late_percent == 0 ? 0 : world_late_ms(w));
    if (q->len > 0 && q->at[q->len - 1].at_ms > at) at = q->at[q->len - 1].at_ms;
    world_put(q, world_message_of(message, at, 0));
    if (at < w->nodes[to].next_ms) w->nodes[to].next_ms = at;
}

static inline void world_send(world *w, uint32_t from, const lk_room_out *out) {
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
    (w->carry == NULL ? world_carry : w->carry)(w, from, out->link, out->bytes);
}

/* Do all that a node's room wants done. */
static inline void world_poll(world *w, uint32_t i) {
    world_node *n = &w->nodes[i];
    n->next_ms = 0; /* somebody called its room, or it is about to be looked at anyway */
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
            *vec_push(&mem_default, &n->broken) = out->link;
            break;
        case LK_ROOM_DENIED: n->denied++; break;
        case LK_ROOM_LEFT_OUT: CHECK(!"nobody here began late"); break;
        }
    }
}

static inline uint64_t world_node_next(const world *w, uint32_t i) {
    const world_node *n = &w->nodes[i];
    uint64_t at = lk_room_wake_at(n->room);
    if (!w->hold_stores && n->storing.len > 0 && n->storing.at[0].at_ms < at)
        at = n->storing.at[0].at_ms;
    for (size_t k = 0; k < n->links.len; k++) {
        const world_queue *q = &n->links.at[k].coming;
        if (q->len > 0 && q->at[0].at_ms < at) at = q->at[0].at_ms;
    }
    return at;
}

static inline uint64_t world_next(const world *w) {
    uint64_t at = UINT64_MAX;
    for (uint32_t i = 0; i < w->len; i++) {
        if (w->nodes[i].next_ms <= w->now_ms) w->nodes[i].next_ms = world_node_next(w, i);
        if (w->nodes[i].next_ms < at) at = w->nodes[i].next_ms;
    }
    return at;
}

/* Take what has come by one link, and do what that asks for. */
static inline void world_deliver(world *w, uint32_t to, size_t link) {
    world_node *n = &w->nodes[to];
    world_queue *q = &n->links.at[link].coming;
    while (q->len > 0 && q->at[0].at_ms <= w->now_ms) {
        world_message m = world_pop(q);
        n->bytes_in += m.len;
        lk_room_feed(n->room, n->links.at[link].peer, (lk_bytes){m.bytes, m.len}, w->now_ms);
        free(m.bytes);
        world_poll(w, to);
    }
}

static inline void world_node_happen(world *w, uint32_t i) {
    world_node *n = &w->nodes[i];
    while (!w->hold_stores && n->storing.len > 0 && n->storing.at[0].at_ms <= w->now_ms) {
        world_message m = world_pop(&n->storing);
        world_put(&n->disk, m);
        lk_room_stored(n->room, m.token);
    }
    for (size_t k = 0; k < n->links.len; k++) world_deliver(w, i, k);
    if (lk_room_wake_at(n->room) <= w->now_ms) {
        lk_room_tick(n->room, w->now_ms);
        CHECK(lk_room_wake_at(n->room) > w->now_ms);
    }
    world_poll(w, i);
}

static inline void world_happen(world *w) {
    for (uint32_t i = 0; i < w->len; i++)
        if (w->nodes[i].next_ms <= w->now_ms) world_node_happen(w, i);
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

static inline void world_check_presence(const world *w, uint32_t i, const char *want) {
    lk_buf out = {0};
    CHECK_EQ(lk_room_presence_json(w->nodes[i].room, &out), LK_OK);
    CHECK_BYTES(out.at, out.len, want, strlen(want));
    lk_buf_free(&out);
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
