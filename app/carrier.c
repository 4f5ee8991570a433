/* SPDX-License-Identifier: MIT
 * carrier.c - links, each of which carries all documents.
 *
 *     mesh, or slips ─┬─ link 1, 2, 3...       ─┬─► replica without a name: also what is for none
 *     uplink ─────────┴─ link 0x80000001...     └─► replica NAME...: what bears its id
 *
 * Every link is opened and closed in all of them: a document that the other end has not got costs
 * an answer. What of several documents waits for one link takes turns (host/turns.h). */
#include "carrier.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "host/document.h"
#include "host/heap.h"
#include "host/uplink.h"

/* A new file waits for the others' document: this long if the server cannot be asked who is there,
 * and this long if somebody is there and cannot be reached. */
#define CARRIER_ALONE_MS 3000
#define CARRIER_UNREACHED_MS 15000
/* How often it is looked whether the server is needed as a way, and what links hold; those of the
 * mesh are small. */
#define CARRIER_LOOK_MS 1000
#define CARRIER_UPLINKS 0x80000000u

struct carrier {
    carrier_options options;
    VEC(replica *) documents;
    mesh *mesh;       /* NULL: by hand */
    slips *slips;     /* NULL: by a server */
    uplink *uplink;   /* likewise */
    uint32_t uplinks; /* links it has been */
    VEC(uint32_t) links;
    loop_handle *begin, *look;
    lk_buf told; /* names of the list that are ours or that people were told of, between "/" */
    bool apart;  /* some who are here cannot be reached directly */
};

static void carrier_say(const char *text) { fprintf(stderr, "lorikeet join: %s\n", text); }

/* ---- what documents tell ---- */

static void carrier_send(void *context, uint32_t link, lk_bytes message) {
    carrier *c = context;
    if (c->slips != NULL)
        slips_send(c->slips, link, message);
    else if (link < CARRIER_UPLINKS)
        mesh_send(c->mesh, link, message);
    else if (link == CARRIER_UPLINKS + c->uplinks)
        uplink_send(c->uplink, message);
}

static void carrier_hang_up(void *context, uint32_t link) {
    carrier *c = context;
    if (c->slips != NULL)
        slips_hang_up(c->slips, link);
    else if (link < CARRIER_UPLINKS)
        mesh_hang_up(c->mesh, link);
    else if (link == CARRIER_UPLINKS + c->uplinks)
        uplink_hang_up(c->uplink);
}

static bool carrier_holds(const carrier *c, uint32_t link) {
    if (c->slips != NULL) return slips_holds(c->slips, link);
    return link < CARRIER_UPLINKS ? mesh_holds(c->mesh, link) : uplink_holds(c->uplink);
}

/* Is it new? Then it is remembered. Names have no "/". */
static bool carrier_hears_of(carrier *c, lk_str name) {
    lk_buf entry = HEAP_BUF;
    heap_print(&entry, "/%.*s/", (int)name.len, name.at);
    bool known = memmem(c->told.at, c->told.len, entry.at, entry.len) != NULL;
    if (!known) buf_append(&c->told, entry.at + 1, entry.len - 1);
    lk_buf_free(&entry);
    return !known;
}

/* Ours into the list of the room's documents, and what else is in it to people. */
static void carrier_list(carrier *c) {
    lk_str name;
    size_t cursor = 0;
    for (size_t i = 1; i < c->options.document_len; i++) {
        (void)carrier_hears_of(c, c->options.documents[i].name);
        replica_list(c->documents.at[0], c->options.documents[i].name);
    }
    while (replica_listed(c->documents.at[0], &cursor, &name))
        if (document_name_good(name) && carrier_hears_of(c, name))
            fprintf(stderr, "lorikeet join: the room has another document, --doc \"%.*s=FILE\"\n",
                    (int)name.len, name.at);
}

static void carrier_settled(void *context) {
    carrier *c = context;
    if (replica_settled(c->documents.at[0])) carrier_list(c); /* which may unsettle it */
    for (size_t i = 0; i < c->documents.len; i++)
        if (!replica_settled(c->documents.at[i])) return;
    puts("synced");
    fflush(stdout);
}

/* ---- what links tell ---- */

static void carrier_opened(void *context, uint32_t link, bool sealed) {
    carrier *c = context;
    *vec_push(&heap_memory, &c->links) = link;
    for (size_t i = 0; i < c->documents.len; i++) replica_opened(c->documents.at[i], link, sealed);
}

/* To the document it is for; what is for none of ours the first one answers. */
static void carrier_message(void *context, uint32_t link, lk_bytes message) {
    carrier *c = context;
    lk_str id;
    size_t at = c->documents.len;
    if (lk_room_of(message, &id) == LK_OK)
        while (--at > 0 && !str_equal(replica_id(c->documents.at[at]), id)) continue;
    else
        at = 0;
    replica_message(c->documents.at[at], link, message);
}

static void carrier_closed(void *context, uint32_t link) {
    carrier *c = context;
    for (size_t i = c->links.len; i-- > 0;)
        if (c->links.at[i] == link) c->links.at[i] = c->links.at[--c->links.len];
    for (size_t i = 0; i < c->documents.len; i++) replica_closed(c->documents.at[i], link);
}

static void carrier_sparse(void *context, bool sparse) {
    carrier *c = context;
    for (size_t i = 0; i < c->documents.len; i++) replica_sparse(c->documents.at[i], sparse);
}

static void carrier_up_opened(void *context) {
    carrier *c = context;
    carrier_opened(c, CARRIER_UPLINKS + ++c->uplinks, true);
}

static void carrier_up_message(void *context, lk_bytes message) {
    carrier *c = context;
    carrier_message(c, CARRIER_UPLINKS + c->uplinks, message);
}

static void carrier_up_closed(void *context) {
    carrier *c = context;
    carrier_closed(c, CARRIER_UPLINKS + c->uplinks);
}

static void carrier_look_at_links(carrier *c) {
    for (size_t k = 0; k < c->links.len; k++) {
        if (!carrier_holds(c, c->links.at[k])) continue;
        for (size_t i = 0; i < c->documents.len; i++)
            replica_held(c->documents.at[i], c->links.at[k]);
    }
}

static void carrier_look_at_mesh(carrier *c) {
    bool apart = mesh_apart(c->mesh);
    if (apart != c->apart)
        carrier_say(apart
                        ? "no packet passes to some who are here: going through the server, sealed"
                        : "everyone here is reached without the server again");
    c->apart = apart;
    uplink_want(c->uplink, apart);
}

static void carrier_look(void *context) {
    carrier *c = context;
    if (c->mesh != NULL) carrier_look_at_mesh(c);
    carrier_look_at_links(c);
    for (size_t i = 0; i < c->documents.len; i++) replica_look(c->documents.at[i]);
    loop_timer_start(c->look, CARRIER_LOOK_MS);
}

static void carrier_begin(void *context) {
    carrier *c = context;
    for (size_t i = 0; i < c->documents.len; i++) replica_begin(c->documents.at[i]);
    carrier_list(c);
}

static void carrier_welcome(void *context, size_t others) {
    carrier *c = context;
    if (others == 0)
        carrier_begin(c);
    else
        loop_timer_start(c->begin, CARRIER_UNREACHED_MS);
}

static void carrier_note(void *context, const char *text) {
    (void)context;
    carrier_say(text);
}

/* ---- beginning and end ---- */

static void carrier_opened_by_hand(void *context, uint32_t link) {
    carrier_opened(context, link, false);
}

static void carrier_meet_by_hand(carrier *c) {
    const carrier_options *o = &c->options;
    slips_options options = {.by_hand = {.loop = o->loop,
                                         .room = o->mesh.room,
                                         .key = o->mesh.key,
                                         .stun = o->mesh.stun,
                                         .stun_len = o->mesh.stun_len,
                                         .loopback = o->mesh.loopback},
                             .link = o->link,
                             .offer = o->offer};
    c->slips = slips_new(&options, &(by_hand_events){.context = c,
                                                     .opened = carrier_opened_by_hand,
                                                     .message = carrier_message,
                                                     .closed = carrier_closed,
                                                     .note = carrier_note});
}

static void carrier_meet(carrier *c) {
    const carrier_options *o = &c->options;
    mesh_options peers = o->mesh;
    peers.loop = o->loop, peers.web = o->web;
    mesh_events events = {c,
                          carrier_opened,
                          carrier_message,
                          carrier_closed,
                          carrier_sparse,
                          carrier_welcome,
                          carrier_note,
                          NULL};
    uplink_options up = {o->loop, o->web, o->mesh.server};
    c->mesh = mesh_new(&peers, &events);
    c->uplink = uplink_new(
        &up, &(uplink_events){c, carrier_up_opened, carrier_up_message, carrier_up_closed});
}

static bool carrier_open_documents(carrier *c, lk_buf *why) {
    replica_events events = {c, carrier_send, carrier_hang_up, carrier_settled};
    for (size_t i = 0; i < c->options.document_len; i++) {
        replica_options document = c->options.documents[i];
        document.loop = c->options.loop;
        replica *r = replica_new(&document, &events, why);
        if (r == NULL) return false;
        *vec_push(&heap_memory, &c->documents) = r;
    }
    return true;
}

static void carrier_drop(carrier *c) {
    for (size_t i = 0; i < c->documents.len; i++) replica_free(c->documents.at[i]);
    vec_drop(&heap_memory, &c->documents);
    vec_drop(&heap_memory, &c->links);
    lk_buf_free(&c->told);
    heap_free(carrier, c);
}

carrier *carrier_new(const carrier_options *options, lk_buf *why) {
    carrier *c = heap_new(carrier);
    c->options = *options, c->told = (lk_buf)HEAP_BUF;
    heap_print(&c->told, "/");
    if (!carrier_open_documents(c, why)) {
        bool mirrored;
        for (size_t i = 0; i < c->documents.len; i++)
            (void)replica_finish(c->documents.at[i], &mirrored);
        carrier_drop(c);
        return NULL;
    }
    if (!options->documents[0].keys->writes)
        carrier_say("this link only reads: what others write is shown");
    c->begin = loop_timer(options->loop, carrier_begin, c);
    c->look = loop_timer(options->loop, carrier_look, c);
    loop_timer_start(c->look, CARRIER_LOOK_MS);
    LK_ASSERT(lk_rtc_global_init() == LK_OK);
    if (options->by_hand)
        carrier_meet_by_hand(c);
    else
        carrier_meet(c);
    /* Who answers an offer has somebody to wait for, however long it takes. */
    if (options->offer.len == 0) loop_timer_start(c->begin, CARRIER_ALONE_MS);
    return c;
}

bool carrier_free(carrier *c, bool *mirrored) {
    bool stored = true;
    for (size_t i = 0; i < c->documents.len; i++)
        stored &= replica_finish(c->documents.at[i], &mirrored[i]);
    loop_close(c->begin);
    loop_close(c->look);
    if (c->uplink != NULL) uplink_free(c->uplink);
    if (c->mesh != NULL) mesh_free(c->mesh);
    if (c->slips != NULL) slips_free(c->slips);
    lk_rtc_global_drop();
    carrier_drop(c);
    return stored;
}
