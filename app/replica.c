/* SPDX-License-Identifier: MIT
 * replica.c - what happens when, in one place.
 *
 *     carrier: message ────────► room ─┬► SEND ───► carrier  at once (to relays by an elo_link,
 *                                      │                     as by way of the server)
 *     file: edit ─► journal ─► room ───┤
 *                                      ├► STORE ──► journal ─► room: stored ─► acks leave
 *                                      └► CHANGED ► mirror     within 10 ms, once it is durable
 *
 * Every event ends in replica_pump(), which empties the room's queue. An event may come up while it
 * runs (a link that closes as it is written to); then the pump that runs goes on with it. */
#include "replica.h"

#include <stdio.h>
#include <string.h>

#include "host/elo_links.h"
#include "host/heap.h"
#include "host/random.h"
#include "lorikeet_room.h"
#include "who.h"

#define REPLICA_LIST ((lk_str){"documents", 9})
/* What every peer takes. Larger messages carry no more per second, and hold up other documents. */
#define REPLICA_MESSAGE_MAX (64u << 10)

/* The token of a blob that is no LK_ROOM_STORE but the oldest of `edits`. */
#define REPLICA_EDIT UINT64_MAX

struct replica {
    replica_options options;
    replica_events events;
    lk_room *room;
    journal *journal;
    mirror *mirror; /* NULL: no file */
    who *who;
    loop_handle *wake;
    VEC(lk_buf) edits;    /* of the file, on their way through the journal */
    elo_links *elo_links; /* to relays, and to the server as one */
    VEC(lk_link) broken;  /* links to hang up once the queue is empty */
    bool pumping, again, settled, over;
};

static void replica_say(const replica *r, const char *text) {
    lk_str name = r->options.name;
    fprintf(stderr, "lorikeet join: %.*s%s%s\n", (int)name.len, name.at, name.len > 0 ? ": " : "",
            text);
}

static void replica_note(void *context, const char *text) { replica_say(context, text); }

/* ---- relays ---- */

static void replica_sealed(void *context, uint32_t link, lk_bytes message) {
    replica *r = context;
    r->events.send(r->events.context, link, message);
}

static void replica_unsealed(void *context, uint32_t link, lk_bytes message) {
    replica *r = context;
    (void)lk_room_feed(r->room, link, message, loop_now_ms());
}

static void replica_refused(void *context) {
    replica_say(context, "something kept for this room was not sealed with the room's key, or was "
                         "changed; it is left out");
}

static elo_links *replica_elo_links(replica *r) {
    lk_guard guard = seal_guard(r->options.keys);
    return elo_links_new(&(elo_links_options){.doc = r->options.doc,
                                              .room = r->options.keys->id,
                                              .key = r->options.keys->read,
                                              .guard = &guard,
                                              .context = r,
                                              .send = replica_sealed,
                                              .feed = replica_unsealed,
                                              .refused = replica_refused});
}

static void replica_send(replica *r, uint32_t link, lk_bytes message) {
    if (elo_links_has(r->elo_links, link))
        elo_links_seal(r->elo_links, link, message);
    else
        r->events.send(r->events.context, link, message);
}

/* ---- the pump ---- */

static void replica_out(replica *r, const lk_room_out *out) {
    switch (out->kind) {
    case LK_ROOM_SEND: replica_send(r, out->link, out->bytes); break;
    case LK_ROOM_STORE: journal_add(r->journal, out->token, out->bytes); break;
    case LK_ROOM_CHANGED:
        if (r->mirror != NULL) mirror_touch(r->mirror);
        break;
    case LK_ROOM_BEHIND: r->settled = false; break;
    case LK_ROOM_ERROR:
        replica_say(r, out->what);
        *vec_push(&heap_memory, &r->broken) = out->link;
        break;
    case LK_ROOM_DENIED:
        replica_say(
            r, "someone who may only read tried to change the document; nothing of it was taken");
        break;
    case LK_ROOM_LEFT_OUT:
        replica_say(r, "changes came that this document cannot take in, as the beginning of its "
                       "history is missing; they were left out: join with a new file to have them");
        break;
    case LK_ROOM_PRESENCE: who_changed(r->who); break;
    case LK_ROOM_JOINED:
    case LK_ROOM_SYNCED: break; /* asked for by its state below */
    }
}

static void replica_drain(replica *r) {
    const lk_room_out *out;
    while ((out = lk_room_poll(r->room)) != NULL) replica_out(r, out);
    elo_links_tick(r->elo_links);
    while (r->broken.len > 0) r->events.hang_up(r->events.context, r->broken.at[--r->broken.len]);
    journal_commit(r->journal);
}

/* Do the others have what is here? Those who have not got this document do not count. */
static bool replica_level(const replica *r) {
    lk_room_stats stats = lk_room_stats_read(r->room);
    return stats.synced || (stats.links > 0 && stats.absent == stats.links);
}

/* Tell it once everything is: all peers have what we have, and so have the disk and the file. */
static void replica_settle(replica *r) {
    bool level = replica_level(r);
    r->settled = r->settled && level;
    if (!level || r->settled) return;
    if (r->mirror != NULL && mirror_waits(r->mirror)) mirror_begin(r->mirror);
    /* replica_stored() leads back here */
    if (lk_room_stats_read(r->room).unstored > 0 || r->edits.len > 0) return;
    if (r->mirror != NULL && !mirror_sync(r->mirror)) return;
    if (r->again) return; /* the file had news */
    r->settled = true;
    r->events.settled(r->events.context);
}

static uint64_t replica_wake_at(const replica *r) {
    uint64_t room_ms = lk_room_wake_at(r->room), links_ms = elo_links_wake_at(r->elo_links);
    return room_ms < links_ms ? room_ms : links_ms;
}

static void replica_pump(replica *r) {
    r->again = true;
    if (r->pumping || r->over) return;
    r->pumping = true;
    while (r->again) {
        r->again = false;
        replica_drain(r);
        if (!r->again) replica_settle(r);
    }
    r->pumping = false;
    uint64_t wake_ms = replica_wake_at(r), now_ms = loop_now_ms();
    if (wake_ms != UINT64_MAX) loop_timer_start(r->wake, wake_ms > now_ms ? wake_ms - now_ms : 0);
}

static void replica_wake(void *context) {
    replica *r = context;
    lk_room_tick(r->room, loop_now_ms());
    replica_pump(r);
}

/* ---- what the carrier tells ---- */

void replica_opened(replica *r, uint32_t link, bool sealed) {
    if (sealed) elo_links_add(r->elo_links, link);
    LK_ASSERT(lk_room_open(r->room, link, loop_now_ms()) == LK_OK);
    replica_pump(r);
}

void replica_message(replica *r, uint32_t link, lk_bytes message) {
    /* What is wrong with it comes out as LK_ROOM_ERROR. */
    if (!elo_links_has(r->elo_links, link))
        (void)lk_room_feed(r->room, link, message, loop_now_ms());
    else if (!elo_links_open(r->elo_links, link, message))
        *vec_push(&heap_memory, &r->broken) = link;
    replica_pump(r);
}

void replica_closed(replica *r, uint32_t link) {
    elo_links_close(r->elo_links, link);
    lk_room_close(r->room, link);
    replica_pump(r);
}

void replica_sparse(replica *r, bool sparse) {
    lk_room_sparse(r->room, sparse, loop_now_ms());
    replica_pump(r);
}

void replica_held(replica *r, uint32_t link) { lk_room_held(r->room, link, loop_now_ms()); }

lk_str replica_id(const replica *r) { return r->options.keys->id; }
bool replica_settled(const replica *r) { return r->settled; }

void replica_begin(replica *r) {
    if (r->mirror != NULL && mirror_waits(r->mirror)) mirror_begin(r->mirror);
    replica_pump(r);
}

void replica_look(replica *r) {
    uint32_t link;
    for (size_t cursor = 0; elo_links_stale(r->elo_links, &cursor, &link);)
        *vec_push(&heap_memory, &r->broken) = link;
    if (r->broken.len > 0) replica_pump(r);
}

/* ---- the list of documents: keys of a map, so that lists merge ---- */

static lk_ref replica_list_of(const replica *r) {
    lk_ref list;
    LK_ASSERT(lk_root(r->options.doc, LK_MAP, REPLICA_LIST, &list) == LK_OK);
    return list;
}

void replica_list(replica *r, lk_str name) {
    const lk_value here = {.type = LK_BOOL, .as.boolean = true};
    lk_ref list = replica_list_of(r);
    lk_value value;
    if (!r->options.keys->writes || lk_map_get(r->options.doc, list, name, &value) == LK_OK) return;
    LK_ASSERT(lk_map_set(r->options.doc, list, name, &here) == LK_OK);
    LK_ASSERT(lk_room_edited(r->room, loop_now_ms()) == LK_OK);
    if (r->mirror != NULL) mirror_touch(r->mirror);
    r->settled = false;
    replica_pump(r);
}

bool replica_listed(const replica *r, size_t *cursor, lk_str *name) {
    lk_entry entry;
    if (!lk_map_next(r->options.doc, replica_list_of(r), cursor, &entry)) return false;
    *name = entry.key;
    return true;
}

/* ---- what the store and the file tell ---- */

/* The oldest edit is durable: now it becomes part of the document, and others hear of it. What the
 * room wants stored for that is stored already. */
static void replica_edit(replica *r) {
    lk_buf edit = r->edits.at[0];
    r->edits.len--;
    memmove(&r->edits.at[0], &r->edits.at[1], r->edits.len * sizeof edit);
    LK_ASSERT(lk_import(r->options.doc, (lk_bytes){edit.at, edit.len}, NULL, NULL) == LK_OK);
    lk_buf_free(&edit);
    LK_ASSERT(lk_room_edited(r->room, loop_now_ms()) == LK_OK);
    const lk_room_out *out;
    while ((out = lk_room_poll(r->room)) != NULL) {
        uint64_t token = out->token;
        if (out->kind == LK_ROOM_STORE)
            lk_room_stored(r->room, token);
        else
            replica_out(r, out);
    }
}

static void replica_stored(void *context, uint64_t token, int64_t at) {
    replica *r = context;
    (void)at;
    if (token == REPLICA_EDIT)
        replica_edit(r);
    else
        lk_room_stored(r->room, token);
    replica_pump(r);
    if (r->mirror != NULL) mirror_stored(r->mirror);
}

static void replica_not_stored(void *context, const char *why) {
    lk_buf text = HEAP_BUF;
    heap_print(&text, "nothing is acknowledged until this is mended: %s", why);
    replica_say(context, heap_str(&text));
    lk_buf_free(&text);
}

static void replica_edited(void *context, lk_bytes updates) {
    replica *r = context;
    lk_buf copy = HEAP_BUF;
    buf_append(&copy, updates.at, updates.len);
    *vec_push(&heap_memory, &r->edits) = copy;
    journal_add(r->journal, REPLICA_EDIT, updates);
    journal_commit(r->journal);
}

static uint64_t replica_barrier(void *context) {
    replica *r = context;
    return journal_added(r->journal);
}

static bool replica_durable(void *context, uint64_t barrier) {
    replica *r = context;
    return journal_stored(r->journal) >= barrier;
}

static void replica_matches(void *context) {
    replica *r = context;
    journal_mark(r->journal, r->options.mirror.path);
    /* Perhaps this was all that was waited for. */
    if (!r->settled && !r->pumping) replica_pump(r);
}

/* ---- beginning and end ---- */

static int64_t replica_unix_offset_ms(void) { return loop_unix_ms() - (int64_t)loop_now_ms(); }

static bool replica_mirror(replica *r, lk_buf *why) {
    if (r->options.mirror.path == NULL) return true;
    mirror_options options = r->options.mirror;
    options.loop = r->options.loop, options.doc = r->options.doc, options.text = REPLICA_TEXT;
    mirror_events events = {.context = r,
                            .edited = replica_edited,
                            .matches = replica_matches,
                            .note = replica_note,
                            .barrier = replica_barrier,
                            .durable = replica_durable};
    r->mirror = mirror_new(&options, &events, why);
    return r->mirror != NULL;
}

void replica_restore(lk_room *room, store *s) {
    lk_buf why = HEAP_BUF;
    lk_bytes stored;
    int64_t at = 0;
    bool waits;
    while (store_next(s, &at, &stored, &why) == STORE_BLOB)
        (void)lk_room_restore(room, stored, &waits, loop_now_ms());
    lk_buf_free(&why);
}

/* The room, which only takes what was signed by these keys. */
static lk_room *replica_room(const replica_options *options) {
    lk_guard guard = seal_guard(options->keys);
    lk_room_options room = {.room_id = options->keys->id,
                            .message_max = REPLICA_MESSAGE_MAX,
                            .seed = random_u64(),
                            .unix_offset_ms = replica_unix_offset_ms(),
                            .guard = &guard};
    lk_room *made = lk_room_new(options->doc, &room, &heap_memory);
    LK_ASSERT(made != NULL);
    if (!options->keys->writes) replica_restore(made, options->store);
    return made;
}

replica *replica_new(const replica_options *options, const replica_events *events, lk_buf *why) {
    replica *r = heap_new(replica);
    r->options = *options, r->events = *events;
    if (!replica_mirror(r, why)) {
        heap_free(replica, r);
        return NULL;
    }
    r->room = replica_room(options);
    r->elo_links = replica_elo_links(r);
    r->who = who_new(options->loop, r->room, options->person, replica_note, r);
    r->wake = loop_timer(options->loop, replica_wake, r);
    journal_events stored = {r, replica_stored, replica_not_stored};
    r->journal = journal_new(options->loop, options->store, &stored);
    if (r->mirror != NULL && !mirror_waits(r->mirror)) mirror_begin(r->mirror);
    return r;
}

bool replica_finish(replica *r, bool *mirrored) {
    /* The file may have news, which have to be stored, and what is stored goes into the file. */
    bool stored = true;
    *mirrored = r->mirror == NULL;
    who_leave(r->who);
    for (int round = 0; stored && round < 4; round++) {
        if (r->mirror != NULL) *mirrored = mirror_sync(r->mirror);
        replica_pump(r);
        stored = journal_flush(r->journal);
    }
    r->over = true;
    return stored;
}

void replica_free(replica *r) {
    journal_free(r->journal);
    if (r->mirror != NULL) mirror_free(r->mirror);
    who_free(r->who);
    elo_links_free(r->elo_links);
    lk_room_free(r->room);
    loop_close(r->wake);
    for (size_t i = 0; i < r->edits.len; i++) lk_buf_free(&r->edits.at[i]);
    vec_drop(&heap_memory, &r->edits);
    vec_drop(&heap_memory, &r->broken);
    heap_free(replica, r);
}
