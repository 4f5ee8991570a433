/* SPDX-License-Identifier: MIT
 * relay.c - a mesh whose links lead to rooms, of which there is one.
 *
 *     mesh: message ─► rooms ─┬► the room's file
 *                             └► outbox ─► mesh: answers, and updates for the others
 *
 * A channel that is written to may close, or have a message for us, at once. So what the rooms want
 * sent waits until they are done, and they make no more of it than channels take. */
#include "relay.h"

#include "host/heap.h"
#include "host/random.h"
#include "host/rooms.h"

#define RELAY_TICK_MS 1000
/* What every browser takes (RFC 8841, section 6.1, and docs/PROTOCOL.md section 2). */
#define RELAY_MESSAGE_MAX (64u << 10)

typedef struct relay_peer {
    relay *relay;
    uint32_t link;
    rooms_member *member;
    size_t leaving; /* bytes for it in the outbox */
    bool over;      /* to be hung up */
} relay_peer;

typedef struct relay_out {
    uint32_t link;
    lk_buf message;
} relay_out;

struct relay {
    relay_options options;
    mesh *mesh;
    rooms *rooms;
    loop_handle *tick, *flush;
    VEC(relay_peer *) peers;
    VEC(relay_out) outbox;
    bool sending;
};

static relay_peer *relay_find(const relay *r, uint32_t link) {
    for (size_t i = 0; i < r->peers.len; i++)
        if (r->peers.at[i]->link == link) return r->peers.at[i];
    return NULL;
}

/* ---- what the rooms want ---- */

static void relay_send(void *conn, lk_bytes message) {
    relay_peer *p = conn;
    relay_out *out = vec_push(&heap_memory, &p->relay->outbox);
    *out = (relay_out){.link = p->link, .message = HEAP_BUF};
    buf_append(&out->message, message.at, message.len);
    p->leaving += message.len;
    if (p->relay->outbox.len == 1) loop_timer_start(p->relay->flush, 0);
}

static void relay_flush(void *context) {
    relay *r = context;
    if (r->sending) return;
    r->sending = true;
    for (size_t i = 0; i < r->outbox.len; i++) { /* it may grow meanwhile */
        relay_out out = r->outbox.at[i];
        mesh_send(r->mesh, out.link, (lk_bytes){out.message.at, out.message.len});
        relay_peer *p = relay_find(r, out.link);
        if (p != NULL) p->leaving -= out.message.len;
        if (p != NULL && p->leaving == 0) rooms_drained(p->member);
        lk_buf_free(&out.message);
    }
    r->outbox.len = 0;
    r->sending = false;
}

static size_t relay_queued(void *conn) {
    const relay_peer *p = conn;
    return p->leaving + mesh_queued(p->relay->mesh, p->link);
}

static void relay_close(void *conn) { ((relay_peer *)conn)->over = true; }

/* ---- what the mesh tells ---- */

static void relay_opened(void *context, uint32_t link, bool other) {
    relay *r = context;
    (void)other;
    relay_peer *p = heap_new(relay_peer);
    p->relay = r, p->link = link;
    p->member = rooms_enter(r->rooms, p, loop_now_ms());
    *vec_push(&heap_memory, &r->peers) = p;
}

static void relay_message(void *context, uint32_t link, lk_bytes message) {
    relay_peer *p = relay_find(context, link);
    if (p == NULL) return;
    rooms_feed(p->member, message, loop_now_ms());
    relay_flush(p->relay);
}

static void relay_closed(void *context, uint32_t link) {
    relay *r = context;
    size_t at = 0;
    while (at < r->peers.len && r->peers.at[at]->link != link) at++;
    if (at == r->peers.len) return;
    relay_peer *p = r->peers.at[at];
    r->peers.at[at] = r->peers.at[--r->peers.len];
    rooms_leave(p->member);
    heap_free(relay_peer, p);
}

static void relay_drained(void *context, uint32_t link) {
    const relay_peer *p = relay_find(context, link);
    if (p != NULL) rooms_drained(p->member);
}

static void relay_welcome(void *context, size_t others) {
    const relay *r = context;
    (void)others;
    r->options.welcome();
}

static void relay_note(void *context, const char *text) {
    const relay *r = context;
    r->options.note(text);
}

static void relay_tick(void *context) {
    relay *r = context;
    for (size_t i = r->peers.len; i-- > 0;)
        if (r->peers.at[i]->over) mesh_hang_up(r->mesh, r->peers.at[i]->link);
    rooms_tick(r->rooms, loop_now_ms());
    loop_timer_start(r->tick, RELAY_TICK_MS);
}

/* ---- beginning and end ---- */

relay *relay_new(const relay_options *options) {
    relay *r = heap_new(relay);
    r->options = *options;
    r->rooms = rooms_new(&(rooms_options){.loop = options->loop,
                                          .folder = options->folder,
                                          .only = options->mesh.room,
                                          .message_max = RELAY_MESSAGE_MAX,
                                          .seed = random_u64(),
                                          .unix_ms = loop_unix_ms,
                                          .send = relay_send,
                                          .queued = relay_queued,
                                          .close = relay_close,
                                          .note = options->note});
    r->tick = loop_timer(options->loop, relay_tick, r);
    r->flush = loop_timer(options->loop, relay_flush, r);
    loop_timer_start(r->tick, RELAY_TICK_MS);
    mesh_options peers = options->mesh;
    peers.loop = options->loop, peers.web = options->web, peers.relay = true;
    r->mesh = mesh_new(&peers, &(mesh_events){r, relay_opened, relay_message, relay_closed, NULL,
                                              relay_welcome, relay_note, relay_drained});
    return r;
}

void relay_free(relay *r) {
    mesh_free(r->mesh);
    loop_close(r->tick);
    loop_close(r->flush);
    rooms_free(r->rooms);
    for (size_t i = 0; i < r->outbox.len; i++) lk_buf_free(&r->outbox.at[i].message);
    vec_drop(&heap_memory, &r->outbox);
    vec_drop(&heap_memory, &r->peers);
    heap_free(relay, r);
}
