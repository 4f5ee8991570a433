/* SPDX-License-Identifier: MIT
 * room_sim_test.c - three to thirty rooms on networks that break. Whatever happened, once enough
 * links are up everyone holds the same document and says so, nothing that anyone stored is missing,
 * which is all that was ever acknowledged, and no honest peer was called a liar.
 *
 *     sim_messages: room ─► message ─► room                          thousands of seeds a minute
 *     sim_network:  room ─► mesh ─► session ─► lk_rtc ─► datagram    and back: all of it
 * (machines.h)
 *                   one to three documents, which not everybody has open from the beginning
 *
 * In the first, messages are late, links go and come, all of one side lose all of the other, peers
 * die and come back with what they had stored. In the second that is so because datagrams are lost,
 * repeated, reordered and late, machines change their addresses, sleep, or are in the dark for
 * longer than any session lasts, and so is the server, which forgets everything, or loses words.
 * The same seed takes the same course.
 *
 * usage: room_sim_test [--network | --messages] [--record] [-v] [--seeds N] [SEED]
 *        without SEED: one of its own, printed; without N and SEED: some of both kinds
 *
 * --record prints for each seed a line of JSON with the updates and what came of them, for
 * test/conform/sim.mjs; -v what meshes say. */
#define _POSIX_C_SOURCE 200809L
#include "machines.h"

#include "base/str.h"
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

/* Is everyone let in by all to whom there is a link, and has what they have? */
static bool sim_joined(const world *w) {
    for (uint32_t i = 0; i < w->len; i++) {
        lk_room_stats stats = lk_room_stats_read(w->nodes[i].room);
        if (!w->nodes[i].synced || stats.joined != stats.links) return false;
    }
    return true;
}

static void sim_settle(world *w) {
    uint64_t until = w->now_ms + 180000;
    for (world_run(w, 1); !sim_joined(w); world_run(w, 50), sim_redial(w)) CHECK(w->now_ms < until);
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
        CHECK_EQ(n->storing.len, 0);
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
    for (size_t i = 0; i < n->disk.len; i++) {
        printf(i == 0 ? "\"" : ",\"");
        for (size_t k = 0; k < n->disk.at[i].len; k++) printf("%02x", n->disk.at[i].bytes[k]);
        printf("\"");
    }
    printf("]}\n");
    lk_buf_free(&json);
}

/* ---- over messages ---- */

static void sim_messages(uint64_t seed, bool record) {
    rng shape = {seed};
    world *w = world_new(3 + rng_below(&shape, 28), seed);
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
typedef struct sim_member {
    sim_room *room;
    uint32_t i;
    bool open[SIM_DOCS]; /* of the others it says that it has not got them */
    VEC(lk_link) links;
    loop machine;
    mesh *mesh;
    uint32_t closed; /* links */
} sim_member;

struct sim_room {
    rng random;
    uint32_t len, doc_len;
    sim_member *members;
    world *docs[SIM_DOCS]; /* a node of each is a member's document */
    uint64_t look_ms;      /* when it is looked next what links hold */
};

static uint64_t sim_equal_ms, sim_whole_ms; /* how long that took, at most */
static uint64_t sim_datagrams;
static bool sim_verbose;

static world_node *sim_node(const sim_member *m, uint32_t d) {
    return &m->room->docs[d]->nodes[m->i];
}

/* What is carried waits for it no longer. */
static void sim_wake_docs(const sim_member *m) {
    for (uint32_t d = 0; d < m->room->doc_len; d++) sim_node(m, d)->next_ms = 0;
}

static void sim_opened(void *context, uint32_t link, bool relay) {
    sim_member *m = context;
    CHECK(!relay);
    *vec_push(&mem_default, &m->links) = link;
    for (uint32_t d = 0; d < m->room->doc_len; d++)
        if (m->open[d]) CHECK_EQ(lk_room_open(sim_node(m, d)->room, link, clock_ms), LK_OK);
    sim_wake_docs(m);
}

/* A document more, on all links there are. */
static void sim_open(sim_member *m, uint32_t d) {
    for (size_t i = 0; i < m->links.len && !m->open[d]; i++)
        CHECK_EQ(lk_room_open(sim_node(m, d)->room, m->links.at[i], clock_ms), LK_OK);
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
    (void)lk_room_feed(sim_node(m, d)->room, link, message, clock_ms);
    sim_node(m, d)->next_ms = 0;
}

static void sim_closed(void *context, uint32_t link) {
    sim_member *m = context;
    m->closed++;
    for (size_t i = m->links.len; i-- > 0;)
        if (m->links.at[i] == link) m->links.at[i] = m->links.at[--m->links.len];
    for (uint32_t d = 0; d < m->room->doc_len; d++) lk_room_close(sim_node(m, d)->room, link);
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
    sim_member *m = &((sim_room *)w->carrier)->members[from];
    lan.here = &m->machine;
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

static void sim_enter(sim_member *m) {
    static const uint8_t key[SEAL_KEY] = "one key for all of this room's";
    mesh_options options = {
        .loop = &m->machine, .web = &lan.web, .room = STR("room"), .key = {key, sizeof key}};
    CHECK(address_url_read(STR("http://10.0.0.1:8787"), &options.server));
    mesh_events events = {m,          sim_opened,  sim_message, sim_closed,
                          sim_sparse, sim_welcome, sim_note,    NULL};
    m->mesh = mesh_new(&options, &events);
}

static void sim_choose_docs(sim_member *m) {
    for (uint32_t d = 0; d < m->room->doc_len; d++)
        m->open[d] = d == 0 || rng_below(&m->room->random, 2) == 0;
}

/* The program is killed, or the machine loses its power; then it begins again, and not always with
 * the same documents. */
static void sim_crash(sim_member *m, bool power) {
    m->machine.dying = true, m->machine.lost = power;
    mesh_free(m->mesh);
    vec_drop(&mem_default, &m->links);
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
        for (size_t k = 0; k < m->links.len && m->machine.asleep_ms <= clock_ms; k++) {
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

static void sim_trouble(sim_room *r) {
    sim_member *m = &r->members[rng_below(&r->random, r->len)];
    uint32_t what = rng_below(&r->random, 100), d = rng_below(&r->random, r->doc_len);
    if (m->machine.asleep_ms > clock_ms) {
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

/* And is linked with everyone there is to be linked with, and with nobody who is gone? */
static bool sim_whole(const sim_room *r) {
    for (uint32_t d = 0; d < r->doc_len; d++) {
        for (uint32_t i = 0; i < r->len; i++) {
            lk_room_stats stats = lk_room_stats_read(r->docs[d]->nodes[i].room);
            bool few = r->len > NEIGHBOUR_ALL + 1 ? stats.links < 2 : stats.links != r->len - 1;
            if (few) return false;
        }
        if (!sim_joined(r->docs[d])) return false;
    }
    return sim_equal(r);
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

/* Then it stays so. A link may be let go that outlived a name and was replaced, once. */
static void sim_calm(sim_room *r) {
    for (uint32_t i = 0; i < r->len; i++) r->members[i].closed = 0;
    sim_run(r, SIM_CALM_MS);
    CHECK(sim_whole(r));
    for (uint32_t i = 0; i < r->len; i++) CHECK(r->members[i].closed < r->len);
}

/* Who has another address now keeps all links. In a large room those that nobody wants any more may
 * end. */
static void sim_keep(sim_room *r) {
    sim_member *m = &r->members[rng_below(&r->random, r->len)];
    if (r->len > NEIGHBOUR_ALL + 1) return;
    m->closed = 0;
    machine_move(&m->machine, 0);
    m->machine.addr_len = 1;
    sim_run(r, SIM_CALM_MS);
    CHECK_EQ(m->closed, 0);
    CHECK(sim_whole(r));
}

static void sim_begin(sim_room *r, uint64_t seed) {
    rng shape = {seed};
    lan_begin(seed);
    *r = (sim_room){.random = {seed}, .len = 3 + rng_below(&shape, 28)};
    uint32_t store_ms = rng_below(&shape, 2) * 80;
    r->doc_len = 1 + rng_below(&shape, SIM_DOCS);
    for (uint32_t d = 0; d < r->doc_len; d++) {
        world *w = world_new_named(sim_ids[d], r->len, seed + d, false, 0);
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
}

static void sim_end(sim_room *r) {
    for (uint32_t i = 0; i < r->len; i++) {
        mesh_free(r->members[i].mesh);
        vec_drop(&mem_default, &r->members[i].links);
    }
    lan_end();
    sim_datagrams += lan.net.order;
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

/* What failed once: an answer to a join that came too late. */
static const uint64_t sim_failed_once[] = {1795674266018};

static void sim_play_messages(const sim_job *job, uint64_t count) {
    for (size_t i = 0; !job->record && i < countof(sim_failed_once); i++)
        sim_messages(sim_seed = sim_failed_once[i], false);
    for (sim_seed = job->first; sim_seed < job->first + count; sim_seed++)
        sim_messages(sim_seed, job->record);
    if (!job->record) sim_say("messages", job->first, count);
}

static void sim_play_networks(const sim_job *job, uint64_t count) {
    for (sim_seed = job->first; sim_seed < job->first + count; sim_seed++) {
        uint64_t course = sim_network(sim_seed, job->record);
        /* the same seed takes the same course */
        if (sim_seed == job->first && !job->record) CHECK(sim_network(sim_seed, false) == course);
    }
    if (job->record) return;
    sim_say("a network", job->first, count);
    printf("%" PRIu64 " datagrams; after the last trouble all had all within %" PRIu64
           " ms, and %" PRIu64 " ms later nobody had a link to one who is gone\n",
           sim_datagrams, sim_equal_ms, sim_whole_ms);
}

int main(int argc, char **argv) {
    sim_job job = sim_read(argc, argv);
    signal(SIGABRT, sim_say_seed);
    bool both = job.messages == job.network;
    if (both || job.messages) sim_play_messages(&job, job.count == 0 ? SIM_SEEDS : job.count);
    if (both || job.network) sim_play_networks(&job, job.count == 0 ? SIM_NETWORKS : job.count);
    return 0;
}
