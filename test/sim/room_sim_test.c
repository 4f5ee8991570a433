/* SPDX-License-Identifier: MIT
 * room_sim_test.c - three to thirty rooms on networks that break. Whatever happened, once enough
 * links are up everyone holds the same document and says so, nothing that anyone stored is missing,
 * which is all that was ever acknowledged, and no honest peer was called a liar.
 *
 *     sim_messages: room ─► message ─► room                          thousands of seeds a minute
 *     sim_network:  room ─► mesh ─► session ─► lk_rtc ─► datagram    and back: all of it
 *                   room ─► elo_link ─► mesh ─► rooms ─► file        a relay
 *
 * In half of the rooms what is written is signed, and some members only read. On a network there
 * are one to three documents, which not everybody has open from the beginning, and in half of the
 * signed rooms a relay (machines.h, relay_machine.h).
 *
 * In the first, messages are late, links go and come, all of one side lose all of the other, peers
 * die and come back with what they had stored. In the second that is so because datagrams are lost,
 * repeated, reordered and late, machines change their addresses, sleep, or are in the dark for
 * longer than any session lasts, and so is the server, which forgets everything, or loses words.
 * Where there is a relay, all leave in the end, it is killed, and one who comes and finds nobody
 * else gets everything from it.
 * The same seed takes the same course.
 *
 * usage: room_sim_test [--network | --messages] [--record] [-v] [--seeds N] [SEED]
 *        without SEED: one of its own, printed; without N and SEED: some of both kinds
 *
 * --record prints for each seed a line of JSON with the updates and what came of them, for
 * test/conform/sim.mjs; -v what meshes say. */
#define _POSIX_C_SOURCE 200809L
#include "relay_machine.h"

#include "base/str.h"
#include "host/elo_links.h"
#include "host/mesh.h"
#include "host/neighbours.h"

#include <signal.h>
#include <time.h>

#define SIM_SEEDS 60
#ifdef __SANITIZE_ADDRESS__
#define SIM_NETWORKS 1
#else
#define SIM_NETWORKS 4
#endif

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

static void sim_edit(world *w, uint32_t i) {
    world_node *n = &w->nodes[i];
    if (world_reads_only(w, i)) return;
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

/* The next link to be made anew. A room gives one up that was in the dark for long, and has nothing
 * else to say of honest peers. */
static bool sim_gives_up(world_node *n, lk_link *link) {
    if (n->broken.len == 0) return false;
    CHECK(strcmp(n->error, "no answer to our join") == 0);
    *link = n->broken.at[--n->broken.len];
    return true;
}

static void sim_redial(world *w) {
    for (uint32_t i = 0; i < w->len; i++)
        for (lk_link to; sim_gives_up(&w->nodes[i], &to);) {
            const world_link *l = world_up(w, i, to);
            if (l == NULL) continue;
            uint32_t latency_ms = l->latency_ms;
            world_cut(w, i, to);
            world_connect(w, i, to, latency_ms);
        }
}

static void sim_step(world *w) {
    uint32_t what = rng_below(&w->random, 100), a = rng_below(&w->random, w->len);
    uint32_t b = (a + 1 + rng_below(&w->random, w->len - 1)) % w->len;
    if (what < 70) {
        sim_edit(w, a);
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
    sim_redial(w);
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

/* Is that node let in by all to whom there is a link? Relays, who never ask to be let in
 * themselves, do not count as joined. */
static bool sim_joined(const world_node *n, size_t relays) {
    lk_room_stats stats = lk_room_stats_read(n->room);
    return stats.joined + relays == stats.links;
}

static bool sim_all_joined(const world *w) {
    for (uint32_t i = 0; i < w->len; i++)
        if (!sim_joined(&w->nodes[i], 0)) return false;
    return world_synced(w);
}

static void sim_settle(world *w) {
    uint64_t until = w->now_ms + 180000;
    for (world_run(w, 1); !sim_all_joined(w); world_run(w, 50), sim_redial(w))
        CHECK(w->now_ms < until);
}

/* What is on any disk is in the document that all have. */
static void sim_check_disks(world *w) {
    for (uint32_t i = 0; i < w->len; i++) {
        const world_queue *disk = &w->nodes[i].disk;
        for (size_t k = 0; k < disk->len; k++) {
            lk_import_status got;
            lk_bytes blob, row = {disk->at[k].bytes, disk->at[k].len};
            while (row.len > 0) {
                CHECK_EQ(lk_room_blob_next(&row, &blob), LK_OK);
                CHECK_EQ(lk_import(w->nodes[0].doc, blob, &got, NULL), LK_OK);
                CHECK_EQ(got.success_len, 0);
            }
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
        CHECK(n->storing.len == 0 && n->denied == 0);
    }
}

static void sim_check_document(world *w) {
    world_check_same(w);
    sim_check_level(w);
    sim_check_disks(w);
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
    const char *before = "\"";
    for (size_t i = 0; i < n->disk.len; i++) {
        lk_bytes blob, row = {n->disk.at[i].bytes, n->disk.at[i].len};
        for (; row.len > 0; before = ",\"") {
            CHECK_EQ(lk_room_blob_next(&row, &blob), LK_OK);
            printf("%s", before);
            for (size_t k = 0; k < blob.len; k++) printf("%02x", blob.at[k]);
            printf("\"");
        }
    }
    printf("]}\n");
    lk_buf_free(&json);
}

/* ---- over messages ---- */

static void sim_messages(uint64_t seed, bool record) {
    rng shape = {seed}, trust = {~seed};
    uint32_t len = 3 + rng_below(&shape, 28);
    bool guarded = rng_below(&trust, 2) == 0;
    world *w = world_new_of(len, seed, guarded, guarded ? rng_below(&trust, len / 2 + 1) : 0);
    w->store_ms = rng_below(&shape, 2) * 80;
    w->late_percent = rng_below(&shape, 3) * 10;
    if (rng_below(&shape, 2) == 0) w->message_max = 1024;
    w->sparse = rng_below(&shape, 2) == 0; /* those that start again, at first */
    for (uint32_t step = 0; step < 60 + 4 * w->len; step++) sim_step(w);
    sim_heal(w);
    sim_settle(w);
    sim_check_document(w);
    sim_restart_all(w);
    if (record) sim_record(w, seed);
    world_free(w);
}

/* ---- over a network ---- */

/* After the last trouble: sessions that died are given up after 30 s, tries are up to 15 s apart,
 * and on a network that still loses some one in a row may fail. */
#define SIM_PATIENCE_MS 120000
/* Longer than a session lasts that nobody answers on. */
#define SIM_CALM_MS 40000

/* As in app/carrier.c. */
#define SIM_LOOK_MS 1000
/* The most documents a room has. */
#define SIM_DOCS 3
static const lk_str sim_ids[SIM_DOCS] = {{"room", 4}, {"room/a", 6}, {"room/\xc3\xb6", 7}};

typedef struct sim_room sim_room;
typedef struct sim_member sim_member;

typedef struct sim_sealing { /* of a document */
    sim_member *member;
    uint32_t d;
    elo_links *links; /* those that lead to a relay */
} sim_sealing;

struct sim_member {
    sim_room *room;
    uint32_t i;
    bool open[SIM_DOCS]; /* the first always; of the others it says that it has not got them */
    VEC(lk_link) links;
    sim_sealing sealed[SIM_DOCS];
    loop machine;
    mesh *mesh;      /* NULL: it left */
    uint32_t closed; /* links */
};

struct sim_room {
    rng random;
    uint32_t len, doc_len;
    sim_member *members;
    world *docs[SIM_DOCS]; /* a node of each is a member's document */
    uint64_t look_ms;      /* when it is looked next what links hold */
    relay_machine *relay;  /* NULL: none */
};

static const uint8_t sim_key[SEAL_KEY] = "one key for all of this room's";

static uint64_t sim_equal_ms, sim_whole_ms, sim_alone_ms; /* how long that took, at most */
static uint64_t sim_datagrams;
static bool sim_verbose;

static world_node *sim_node(const sim_member *m, uint32_t d) {
    return &m->room->docs[d]->nodes[m->i];
}

/* What is carried waits for it no longer. */
static void sim_wake_docs(const sim_member *m) {
    for (uint32_t d = 0; d < m->room->doc_len; d++) sim_node(m, d)->next_ms = 0;
}

/* ---- to and from relays ---- */

static void sim_sealed(void *context, uint32_t link, lk_bytes message) {
    const sim_sealing *s = context;
    mesh_send(s->member->mesh, link, message);
}

static void sim_unsealed(void *context, uint32_t link, lk_bytes message) {
    const sim_sealing *s = context;
    (void)lk_room_feed(sim_node(s->member, s->d)->room, link, message, clock_ms);
}

static void sim_refused(void *context) {
    (void)context;
    CHECK(!"what a relay keeps is what it was given");
}

static elo_links *sim_elo_links(sim_sealing *s) {
    const sim_member *m = s->member;
    lk_guard guard = world_guard(m->room->docs[s->d], m->i, &mem_default);
    return elo_links_new(&(elo_links_options){.doc = sim_node(m, s->d)->doc,
                                              .room = sim_ids[s->d],
                                              .key = sim_key,
                                              .guard = &guard,
                                              .context = s,
                                              .send = sim_sealed,
                                              .feed = sim_unsealed,
                                              .refused = sim_refused});
}

static bool sim_awake(const sim_member *m) { return m->machine.asleep_ms <= clock_ms; }

/* What is due is sent. */
static void sim_tick(sim_member *m) {
    if (m->mesh == NULL || !sim_awake(m)) return;
    lan.here = &m->machine;
    for (uint32_t d = 0; d < m->room->doc_len; d++) elo_links_tick(m->sealed[d].links);
    lan.here = NULL;
}

static uint64_t sim_tick_at(const sim_member *m) {
    uint64_t at = UINT64_MAX;
    for (uint32_t d = 0; d < m->room->doc_len && m->mesh != NULL; d++) {
        uint64_t due_ms = elo_links_wake_at(m->sealed[d].links);
        if (due_ms < at) at = due_ms;
    }
    return machine_max(at, m->machine.asleep_ms);
}
/* ---- what meshes tell ---- */

static void sim_join(sim_member *m, uint32_t d, lk_link link, bool sealed) {
    if (sealed) elo_links_add(m->sealed[d].links, link);
    CHECK_EQ(lk_room_open(sim_node(m, d)->room, link, clock_ms), LK_OK);
}

static void sim_opened(void *context, uint32_t link, bool sealed) {
    sim_member *m = context;
    *vec_push(&mem_default, &m->links) = link;
    for (uint32_t d = 0; d < m->room->doc_len; d++)
        if (m->open[d]) sim_join(m, d, link, sealed);
    sim_wake_docs(m);
}

/* Does it lead to a relay? (The first document is always open.) */
static bool sim_is_sealed(const sim_member *m, uint32_t link) {
    return elo_links_has(m->sealed[0].links, link);
}

static size_t sim_relays(const sim_member *m) {
    size_t count = 0;
    for (size_t i = 0; i < m->links.len; i++) count += sim_is_sealed(m, m->links.at[i]);
    return count;
}

/* A document more, on all links there are. */
static void sim_open(sim_member *m, uint32_t d) {
    for (size_t i = 0; i < m->links.len && !m->open[d]; i++)
        sim_join(m, d, m->links.at[i], sim_is_sealed(m, m->links.at[i]));
    m->open[d] = true;
    sim_node(m, d)->next_ms = 0;
}

/* To the document it is for; what is for none that is open the first one answers. */
static void sim_message(void *context, uint32_t link, lk_bytes message) {
    sim_member *m = context;
    lk_str id = {NULL, 0};
    uint32_t d = m->room->doc_len;
    (void)lk_room_of(message, &id);
    while (--d > 0 && !(m->open[d] && str_equal(id, sim_ids[d]))) continue;
    elo_links *sealed = m->sealed[d].links;
    if (elo_links_has(sealed, link))
        CHECK(elo_links_open(sealed, link, message));
    else
        (void)lk_room_feed(sim_node(m, d)->room, link, message, clock_ms);
    sim_node(m, d)->next_ms = 0;
}

static void sim_closed(void *context, uint32_t link) {
    sim_member *m = context;
    m->closed++;
    for (size_t i = m->links.len; i-- > 0;)
        if (m->links.at[i] == link) m->links.at[i] = m->links.at[--m->links.len];
    for (uint32_t d = 0; d < m->room->doc_len; d++) {
        elo_links_close(m->sealed[d].links, link);
        lk_room_close(sim_node(m, d)->room, link);
    }
    sim_wake_docs(m);
}

static void sim_sparse(void *context, bool sparse) {
    sim_member *m = context;
    for (uint32_t d = 0; d < m->room->doc_len; d++)
        lk_room_sparse(sim_node(m, d)->room, sparse, clock_ms);
    sim_wake_docs(m);
}

static void sim_welcome(void *context, size_t others) { (void)context, (void)others; }

static void sim_note(void *context, const char *text) {
    const sim_member *m = context;
    CHECK(strstr(text, "another key") == NULL); /* nobody has one */
    if (sim_verbose) fprintf(stderr, "%8" PRIu64 " %2u %s\n", clock_ms - lan.began_ms, m->i, text);
}

static void sim_carry(world *w, uint32_t from, uint32_t to, lk_bytes message) {
    const sim_room *r = w->carrier;
    sim_member *m = &r->members[from];
    uint32_t d = 0;
    while (r->docs[d] != w) d++;
    elo_links *sealed = m->sealed[d].links;
    lan.here = &m->machine;
    if (elo_links_has(sealed, to))
        elo_links_seal(sealed, to, message);
    else
        mesh_send(m->mesh, to, message);
    lan.here = NULL;
}

static void sim_hang_up(sim_room *r) {
    for (uint32_t i = 0; i < r->len; i++) {
        sim_member *m = &r->members[i];
        lan.here = &m->machine;
        for (uint32_t d = 0; d < r->doc_len; d++)
            for (lk_link link; sim_gives_up(sim_node(m, d), &link);) mesh_hang_up(m->mesh, link);
        lan.here = NULL;
    }
}

static mesh_options sim_mesh(const uint8_t key[SEAL_KEY]) {
    mesh_options options = {.room = STR("room"), .key = {key, SEAL_KEY}};
    CHECK(address_url_read(STR("http://10.0.0.1:8787"), &options.server));
    return options;
}

static void sim_enter(sim_member *m) {
    mesh_options options = sim_mesh(sim_key);
    options.loop = &m->machine, options.web = &lan.web;
    mesh_events events = {m,          sim_opened,  sim_message, sim_closed,
                          sim_sparse, sim_welcome, sim_note,    NULL};
    for (uint32_t d = 0; d < m->room->doc_len; d++) {
        m->sealed[d] = (sim_sealing){.member = m, .d = d};
        m->sealed[d].links = sim_elo_links(&m->sealed[d]);
    }
    m->mesh = mesh_new(&options, &events);
}

static void sim_leave(sim_member *m) {
    mesh_free(m->mesh);
    m->mesh = NULL;
    for (uint32_t d = 0; d < m->room->doc_len; d++) elo_links_free(m->sealed[d].links);
}

static void sim_choose_docs(sim_member *m) {
    for (uint32_t d = 0; d < m->room->doc_len; d++)
        m->open[d] = d == 0 || rng_below(&m->room->random, 2) == 0;
}

/* The program is killed, or the machine loses its power; then it begins again, and not always with
 * the same documents. */
static void sim_crash(sim_member *m, bool power) {
    m->machine.dying = true, m->machine.lost = power;
    sim_leave(m);
    for (uint32_t d = 0; d < m->room->doc_len; d++) world_stop(m->room->docs[d], m->i);
    lan_happen();
    m->machine.dying = m->machine.lost = false;
    for (uint32_t d = 0; d < m->room->doc_len; d++) world_start(m->room->docs[d], m->i);
    sim_choose_docs(m);
    sim_enter(m);
}

static void sim_clock(sim_room *r, uint64_t ms) {
    clock_ms = ms;
    for (uint32_t d = 0; d < r->doc_len; d++) r->docs[d]->now_ms = ms;
}

static void sim_look(sim_room *r) {
    if (r->look_ms > clock_ms) return;
    r->look_ms = clock_ms + SIM_LOOK_MS;
    for (uint32_t i = 0; i < r->len; i++) {
        sim_member *m = &r->members[i];
        for (size_t k = 0; k < m->links.len && sim_awake(m); k++) {
            if (!mesh_holds(m->mesh, m->links.at[k])) continue;
            for (uint32_t d = 0; d < r->doc_len; d++)
                if (m->open[d]) lk_room_held(sim_node(m, d)->room, m->links.at[k], clock_ms);
        }
    }
}

static uint64_t sim_next(const sim_room *r) {
    uint64_t at = lan_next();
    if (r->look_ms < at) at = r->look_ms;
    for (uint32_t d = 0; d < r->doc_len; d++) {
        uint64_t doc_at = world_next(r->docs[d]);
        if (doc_at < at) at = doc_at;
    }
    for (uint32_t i = 0; i < r->len; i++) {
        uint64_t member_at = sim_tick_at(&r->members[i]);
        if (member_at < at) at = member_at;
    }
    return at;
}

static void sim_run(sim_room *r, uint64_t ms) {
    uint64_t until = clock_ms + ms;
    for (uint64_t at; (at = sim_next(r)) <= until;) {
        if (at > clock_ms) sim_clock(r, at);
        lan_happen();
        sim_look(r);
        for (uint32_t d = 0; d < r->doc_len; d++) world_happen(r->docs[d]);
        sim_hang_up(r);
        for (uint32_t i = 0; i < r->len; i++) sim_tick(&r->members[i]);
    }
    sim_clock(r, until);
}

static uint64_t sim_until(sim_room *r, uint32_t most_s) {
    return clock_ms + 1000 * (uint64_t)rng_below(&r->random, most_s);
}

static void sim_conditions(sim_room *r) {
    bool bad = rng_below(&r->random, 2) == 0;
    lan.net.now = (conditions){.loss = rng_below(&r->random, bad ? 20 : 2),
                               .copies = rng_below(&r->random, bad ? 10 : 2),
                               .delay_ms = 1 + rng_below(&r->random, 80),
                               .jitter_ms = rng_below(&r->random, bad ? 80 : 3)};
    lan.web.words_lost = bad ? rng_below(&r->random, 10) : 0;
}

/* An address becomes another one, a second one comes, or the first one goes. */
static void sim_move(sim_room *r, loop *m) {
    switch (rng_below(&r->random, 4)) {
    case 0:
        m->addr_len = 2;
        machine_move(m, 1);
        break;
    case 1:
        m->addrs[0] = m->addrs[m->addr_len - 1];
        m->addr_len = 1;
        break;
    default: machine_move(m, 0);
    }
}

/* Much at once: links go down and come up while it is on its way. */
static void sim_paste(world *w, uint32_t i) {
    static char much[200000 + 1];
    if (world_reads_only(w, i)) return;
    memset(much, 'm', sizeof much - 1);
    world_type(w, i, much + rng_below(&w->random, sizeof much - 1));
}

static void sim_sleep(sim_member *m) {
    machine_sleep(&m->machine, sim_until(m->room, 90));
    for (uint32_t d = 0; d < m->room->doc_len; d++) sim_node(m, d)->next_ms = m->machine.asleep_ms;
}

static void sim_part(sim_room *r) {
    lan.sides = rng_u64(&r->random), lan.one_way = rng_below(&r->random, 3) == 0;
    lan.parted_ms = sim_until(r, 50);
}

/* The relay's: it moves, is in the dark, or killed. */
static void sim_trouble_relay(sim_room *r) {
    relay_machine *m = r->relay;
    uint32_t what = rng_below(&r->random, 8);
    if (what == 0)
        sim_move(r, &m->machine);
    else if (what == 1)
        m->machine.dark_ms = sim_until(r, 50);
    else if (what < 4)
        relay_machine_kill(m, what == 2);
}

static void sim_trouble(sim_room *r) {
    sim_member *m = &r->members[rng_below(&r->random, r->len)];
    uint32_t what = rng_below(&r->random, 100), d = rng_below(&r->random, r->doc_len);
    if (r->relay != NULL) sim_trouble_relay(r);
    if (!sim_awake(m)) {
        /* nothing happens to it */
    } else if (what < 2) {
        sim_paste(r->docs[d], m->i);
    } else if (what < 58) {
        sim_edit(r->docs[d], m->i);
    } else if (what < 60) {
        sim_open(m, d);
    } else if (what < 64) {
        sim_presence(r->docs[d], m->i);
    } else if (what < 70) {
        sim_conditions(r);
    } else if (what < 78) {
        sim_move(r, &m->machine);
    } else if (what < 83) {
        m->machine.dark_ms = sim_until(r, 50);
    } else if (what < 87) {
        m->machine.mute_ms = sim_until(r, 50);
    } else if (what < 90) {
        sim_part(r);
    } else if (what < 92) {
        hub_end(sim_until(r, 20));
    } else if (what < 94) {
        sim_sleep(m);
    } else {
        if (what < 97) m->machine.dark_ms = sim_until(r, 50);
        sim_crash(m, what < 97);
    }
    bool pause = rng_below(&r->random, 4) == 0;
    sim_run(r, rng_below(&r->random, pause ? 6000 : 200));
}

/* In the end everyone has opened everything. */
static void sim_end_trouble(sim_room *r) {
    lan.net.now = (conditions){rng_below(&r->random, 6), rng_below(&r->random, 6),
                               1 + rng_below(&r->random, 50), rng_below(&r->random, 20)};
    lan.web.words_lost = 0, lan.web.up_ms = lan.parted_ms = 0;
    if (r->relay != NULL) r->relay->machine.dark_ms = 0;
    for (uint32_t i = 0; i < r->len; i++) {
        sim_member *m = &r->members[i];
        m->machine.dark_ms = m->machine.mute_ms = m->machine.asleep_ms = 0;
        for (uint32_t d = 0; d < r->doc_len; d++) sim_open(m, d);
    }
}

/* Has everyone all that anyone has? */
static bool sim_equal(const sim_room *r) {
    for (uint32_t d = 0; d < r->doc_len; d++) {
        const world_node *nodes = r->docs[d]->nodes;
        for (uint32_t i = 1; i < r->len; i++)
            if (lk_op_count(nodes[i].doc) != lk_op_count(nodes[0].doc)) return false;
    }
    return true;
}

/* And stored it? */
static bool sim_stored(const sim_room *r) {
    for (uint32_t d = 0; d < r->doc_len; d++)
        for (uint32_t i = 0; i < r->len; i++)
            if (r->docs[d]->nodes[i].storing.len > 0) return false;
    return sim_equal(r);
}

/* How many there are for each to be linked with. */
static uint32_t sim_others(const sim_room *r) { return r->len - (r->relay == NULL); }

/* And is linked with everyone there is to be linked with, and with nobody who is gone? */
static bool sim_linked(const sim_room *r) {
    uint32_t others = sim_others(r);
    for (uint32_t d = 0; d < r->doc_len; d++)
        for (uint32_t i = 0; i < r->len; i++) {
            const world_node *n = &r->docs[d]->nodes[i];
            lk_room_stats stats = lk_room_stats_read(n->room);
            bool few = others > NEIGHBOUR_ALL ? stats.links < 2 : stats.links != others;
            if (few || !sim_joined(n, sim_relays(&r->members[i]))) return false;
        }
    return sim_equal(r);
}

/* And says that everyone has it? */
static bool sim_whole(const sim_room *r) {
    for (uint32_t d = 0; d < r->doc_len; d++)
        if (!world_synced(r->docs[d])) return false;
    return sim_linked(r);
}

static void sim_say_who_lacks(const world *w) {
    for (uint32_t i = 0; i < w->len; i++) {
        lk_room_stats stats = lk_room_stats_read(w->nodes[i].room);
        fprintf(stderr, "%.*s: %u: %zu ops, %u links, %u joined, %u absent, synced %d\n",
                (int)w->id.len, w->id.at, i, lk_op_count(w->nodes[i].doc), (unsigned)stats.links,
                (unsigned)stats.joined, (unsigned)stats.absent, w->nodes[i].synced);
    }
}

static void sim_run_until(sim_room *r, bool (*so)(const sim_room *r), uint64_t *slowest_ms) {
    uint64_t began_ms = clock_ms;
    for (sim_run(r, 1); !so(r) && clock_ms - began_ms < SIM_PATIENCE_MS;) sim_run(r, 50);
    for (uint32_t d = 0; d < r->doc_len && !so(r); d++) sim_say_who_lacks(r->docs[d]);
    CHECK(so(r));
    if (clock_ms - began_ms > *slowest_ms) *slowest_ms = clock_ms - began_ms;
}

static void sim_recover(sim_room *r) {
    sim_end_trouble(r);
    sim_run_until(r, sim_equal, &sim_equal_ms);
    sim_run_until(r, sim_whole, &sim_whole_ms);
}

/* Nothing changes; but who only reads may ask for everything in one envelope, and whoever sends
 * that is behind until it has come. */
static void sim_rest(sim_room *r) {
    sim_run(r, SIM_CALM_MS);
    CHECK(sim_linked(r));
    sim_run_until(r, sim_whole, &sim_whole_ms);
}

/* Then it stays so. A link may be let go that outlived a name and was replaced, once. */
static void sim_calm(sim_room *r) {
    for (uint32_t i = 0; i < r->len; i++) r->members[i].closed = 0;
    sim_rest(r);
    for (uint32_t i = 0; i < r->len; i++) CHECK(r->members[i].closed <= sim_others(r));
}

/* Who has another address now keeps all links. In a large room those that nobody wants any more may
 * end. */
static void sim_keep(sim_room *r) {
    sim_member *m = &r->members[rng_below(&r->random, r->len)];
    if (sim_others(r) > NEIGHBOUR_ALL) return;
    m->closed = 0;
    machine_move(&m->machine, 0);
    m->machine.addr_len = 1;
    sim_rest(r);
    CHECK_EQ(m->closed, 0);
}

/* Who comes when all others left, and has nothing, gets everything from the relay, even if that
 * was killed in between. */
static void sim_come_alone(sim_room *r) {
    sim_member *m = &r->members[rng_below(&r->random, r->len)];
    for (uint32_t i = 0; i < r->len; i++) sim_leave(&r->members[i]);
    relay_machine_kill(r->relay, false);
    for (uint32_t d = 0; d < r->doc_len; d++) {
        world_stop(r->docs[d], m->i);
        world_clear(&sim_node(m, d)->disk);
        world_start(r->docs[d], m->i);
    }
    sim_enter(m);
    sim_run_until(r, sim_stored, &sim_alone_ms);
    for (uint32_t d = 0; d < r->doc_len; d++) world_check_same(r->docs[d]);
}

static void sim_relay_begin(sim_room *r) {
    static uint8_t key[SEAL_KEY];
    mesh_relay_key(sim_key, sim_ids[0], key);
    mesh_options where = sim_mesh(key);
    r->relay = calloc(1, sizeof *r->relay);
    relay_machine_begin(r->relay, (uint8_t)r->len, &where);
}

static void sim_begin(sim_room *r, uint64_t seed) {
    rng shape = {seed};
    lan_begin(seed);
    *r = (sim_room){.random = {seed}, .len = 3 + rng_below(&shape, 28)};
    uint32_t store_ms = rng_below(&shape, 2) * 80;
    r->doc_len = 1 + rng_below(&shape, SIM_DOCS);
    bool guarded = rng_below(&shape, 2) == 0, kept = guarded && rng_below(&shape, 2) == 0;
    uint32_t readers = guarded ? rng_below(&shape, r->len / 2 + 1) : 0;
    for (uint32_t d = 0; d < r->doc_len; d++) {
        world *w = world_new_named(sim_ids[d], r->len, seed + d, guarded, readers);
        w->carrier = r, w->carry = sim_carry;
        w->store_ms = store_ms;
        r->docs[d] = w;
    }
    sim_clock(r, clock_ms);
    sim_conditions(r);
    r->members = calloc(r->len, sizeof *r->members);
    for (uint32_t i = 0; i < r->len; i++) {
        sim_member *m = &r->members[i];
        *m = (sim_member){.room = r, .i = i};
        machine_begin(&m->machine, (uint8_t)i);
        sim_choose_docs(m);
        sim_enter(m);
    }
    if (kept) sim_relay_begin(r);
}

static void sim_end(sim_room *r) {
    for (uint32_t i = 0; i < r->len; i++) {
        sim_member *m = &r->members[i];
        if (m->mesh != NULL) sim_leave(m);
        vec_drop(&mem_default, &m->links);
    }
    if (r->relay != NULL) relay_machine_end(r->relay);
    lan_end();
    sim_datagrams += lan.net.order;
    free(r->relay);
    free(r->members);
}

/* Returns what was the course. */
static uint64_t sim_network(uint64_t seed, bool record) {
    sim_room r;
    sim_begin(&r, seed);
    for (uint32_t step = 0; step < 60 + 2 * r.len; step++) sim_trouble(&r);
    sim_recover(&r);
    sim_calm(&r);
    sim_keep(&r);
    for (uint32_t d = 0; d < r.doc_len; d++) sim_check_document(r.docs[d]);
    if (r.relay != NULL) sim_come_alone(&r);
    CHECK_EQ(lan.web.thrown_out, 0);
    sim_end(&r);
    for (uint32_t d = 0; d < r.doc_len; d++) {
        sim_restart_all(r.docs[d]);
        if (record) sim_record(r.docs[d], seed);
        world_free(r.docs[d]);
    }
    return lan.course;
}

static uint64_t sim_seed;

/* A failed check says which seed to run again. */
static void sim_say_seed(int signal_number) {
    (void)signal_number;
    fprintf(stderr, "room_sim: seed %" PRIu64 "\n", sim_seed);
}

typedef struct sim_job {
    bool messages, network, record;
    uint64_t first, count;
} sim_job;

static sim_job sim_read(int argc, char **argv) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    sim_job job = {.first = (uint64_t)now.tv_sec * 1000};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--record") == 0)
            job.record = true;
        else if (strcmp(argv[i], "--network") == 0)
            job.network = true;
        else if (strcmp(argv[i], "--messages") == 0)
            job.messages = true;
        else if (strcmp(argv[i], "-v") == 0)
            sim_verbose = true;
        else if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc)
            job.count = strtoull(argv[++i], NULL, 10);
        else
            job.first = strtoull(argv[i], NULL, 10), job.count += job.count == 0;
    }
    return job;
}

static void sim_say(const char *how, uint64_t first, uint64_t count) {
    printf("room_sim: seeds %" PRIu64 " to %" PRIu64 ", 3 to 30 peers each, over %s\n", first,
           first + count - 1, how);
}

/* What failed once: an answer to a join that came too late; two snapshots, of which a relay took
 * one at a time; a relay that began anew whenever it was asked for more, and readers who gave on
 * all that was signed at once for each peer of it. */
static const uint64_t sim_messages_failed[] = {1795674266018};
static const uint64_t sim_networks_failed[] = {91014, 235511987};

static void sim_play_messages(const sim_job *job, uint64_t count) {
    for (size_t i = 0; !job->record && i < countof(sim_messages_failed); i++)
        sim_messages(sim_seed = sim_messages_failed[i], false);
    for (sim_seed = job->first; sim_seed < job->first + count; sim_seed++)
        sim_messages(sim_seed, job->record);
    if (!job->record) sim_say("messages", job->first, count);
}

static void sim_play_networks(const sim_job *job, uint64_t count) {
    for (size_t i = 0; !job->record && i < countof(sim_networks_failed); i++)
        (void)sim_network(sim_seed = sim_networks_failed[i], false);
    for (sim_seed = job->first; sim_seed < job->first + count; sim_seed++) {
        uint64_t course = sim_network(sim_seed, job->record);
        /* the same seed takes the same course */
        if (sim_seed == job->first && !job->record) CHECK(sim_network(sim_seed, false) == course);
    }
    if (job->record) return;
    sim_say("a network", job->first, count);
    printf("%" PRIu64 " datagrams; after the last trouble all had all within %" PRIu64
           " ms, and %" PRIu64
           " ms later nobody had a link to one who is gone; from a relay one who "
           "came alone had all within %" PRIu64 " ms\n",
           sim_datagrams, sim_equal_ms, sim_whole_ms, sim_alone_ms);
}

int main(int argc, char **argv) {
    sim_job job = sim_read(argc, argv);
    signal(SIGABRT, sim_say_seed);
    bool both = job.messages == job.network;
    if (both || job.messages) sim_play_messages(&job, job.count == 0 ? SIM_SEEDS : job.count);
    if (both || job.network) sim_play_networks(&job, job.count == 0 ? SIM_NETWORKS : job.count);
    return 0;
}
