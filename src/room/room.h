/* SPDX-License-Identifier: MIT
 * room.h - the room inside: what its three files share.
 *
 *   room.c           the public calls, time, whether all is level
 *   room_receive.c   a message from a link becomes changes, answers, storing
 *   room_send.c      joins, updates, acknowledgements on their way out
 *
 * An acknowledgement waits in line as a receipt. Receipts leave in order, each once its own bytes
 * and those of all before it are durable: an update that brought nothing new may have brought bytes
 * that an earlier one has yet to store. */
#ifndef ROOM_ROOM_H
#define ROOM_ROOM_H

#include "room/keep.h"
#include "room/link.h"
#include "room/outbox.h"
#include "room/presence.h"
#include "room/signed.h"

/* The payload of joins of who can sign, in a guarded room. */
#define ROOM_SIGNS ((lk_str){"lksg\1", 5})

/* The application's code in a join's answer: there is no such room here. */
#define ROOM_NOT_HERE ((lk_str){"not_here", 8})

/* A join without an answer, or anything else, for so long: the other end does not speak this. */
#define ROOM_JOIN_TIMEOUT_MS 30000u

typedef struct receipt {
    uint64_t first, last; /* tokens of the STOREs it waits for */
    uint32_t left;        /* of those */
    uint32_t serial;      /* of the link that is to hear of it; 0: a local edit, nobody is */
    uint64_t batch;
    uint64_t knowing; /* links that need not be told of it */
    bool news, large; /* it brought something new; too much to tell others by its batch id */
} receipt;

/* Something that arrived on one link and may have to be passed on to others. */
#define ARRIVAL_SPANS 64u
typedef struct arrival {
    uint64_t batch;
    uint64_t due_ms;
    VEC(lk_span) spans; /* what it holds; none: too many to name */
    lk_buf update; /* the bytes of a small one. To be passed on under its own id it must stay as it
                      is: what someone has who has the batch is to be the same everywhere. */
} arrival;

struct lk_room {
    lk_memory memory; /* `heap` of everything in here is its address */
    lk_doc *doc;
    lk_buf id;
    uint32_t message_max;
    uint64_t random;
    uint64_t now_ms;
    int64_t unix_offset_ms;
    uint32_t last_serial;
    uint64_t last_token;

    have mine; /* the document's version, as far as it was taken in; of who only reads, and as far
                  as it can be given on */
    uint64_t mine_total;
    bool guarded;
    lk_guard guard;
    keep_list keep;       /* of who only reads */
    uint64_t whole_at_ms; /* it asks for one envelope instead of all of those */
    VEC(link) links;
    VEC(receipt) receipts;
    VEC(arrival) arrivals;
    presence presence;
    uint64_t refresh_at_ms; /* of presence written here */
    uint64_t pass_at_ms;    /* presence goes on to those that lack it */
    uint64_t passed_ms;     /* when it last did */
    outbox out;
    lk_buf local;   /* edits exported and not yet sent on; not empty only after memory ran out */
    lk_buf scratch; /* one call's */
    lk_buf signed_; /* one call's: an update on its way out of a guarded room */
    VEC(lk_span) spans;   /* one call's */
    uint64_t told_all_ms; /* when others were last told the whole version */
    bool sparse;          /* see lk_room_sparse() */
    bool synced;          /* as it is */
    bool synced_told;     /* as it was last told */
    bool left_out_told;   /* LK_ROOM_LEFT_OUT */
    bool behind_since;    /* it was not synced at some moment since then */
    lk_room_out view;
};

/* ---- room.c ---- */

link *room_link(lk_room *room, lk_link id);
/* Nothing more is read from or sent to the link; LK_ROOM_ERROR will say `why`. Returns `status`. */
lk_status room_break(link *l, lk_status status, const char *why);
uint64_t room_random(lk_room *room);
/* Raise the room's version by what was imported or written. */
bool room_mine_raise(lk_room *room, uint64_t peer, int32_t end);
/* Read the version from the document, where raising cannot tell what changed. */
bool room_mine_read(lk_room *room);
/* The document's operations and ours agree in number, as far as they need to. */
bool room_mine_whole(const lk_room *room);
/* It is guarded, and we cannot sign. */
static inline bool room_only_reads(const lk_room *room) {
    return room->guarded && room->guard.sign == NULL;
}
void room_arrival_drop(lk_room *room, arrival *a);
/* Pass on what arrived, was to be passed on by `due_ms` and is still lacked. */
void room_forward(lk_room *room, uint64_t due_ms);
/* Let receipts leave whose bytes are durable. */
void room_settle_receipts(lk_room *room);

/* ---- room_send.c: failures of memory break the link they concern ---- */

frame room_frame(const lk_room *room, frame_crdt crdt, frame_kind kind);
void room_send(lk_room *room, link *l, const frame *f);
void room_send_join(lk_room *room, link *l, frame_crdt crdt);
/* Join again as if nothing were here, so as to get everything in one. */
void room_send_join_anew(lk_room *room, link *l);
void room_send_join_ok(lk_room *room, link *l, frame_crdt crdt);
void room_send_join_error(lk_room *room, link *l, const frame *request, uint8_t code,
                          const char *message);
void room_send_ack(lk_room *room, link *l, frame_crdt crdt, uint64_t batch, uint8_t status);
/* Everything the link lacks and was not sent, as one update or one batch of fragments. */
void room_send_missing(lk_room *room, link *l);
/* The operations of an update, into room->spans. */
lk_status room_read_spans(lk_room *room, lk_bytes update);
/* What has just come from a link, at once to links that are likely to wait for it. Returns their
 * bits. */
uint64_t room_send_on(lk_room *room, const link *from, const arrival *a);
/* What came a while ago, to a link that still lacks it: from now on it gets things at once. */
void room_send_late(lk_room *room, link *l, const arrival *a);
/* What was sent and never acknowledged, again. */
void room_send_again(lk_room *room, link *l);
/* Commit, store and send on what was written here since the last time. */
lk_status room_send_local(lk_room *room);
/* A presence update to one link, or to all when NULL. */
void room_send_presence(lk_room *room, link *only, lk_bytes update);
/* All presence there is, to a link that joined it. */
void room_send_all_presence(lk_room *room, link *l);
/* In a sparse room: what there is of presence goes on to everyone who lacks it, now or soon. */
void room_pass_presence(lk_room *room);
/* Tell the other links that l's batch arrived here, so that they need not pass it on. */
void room_send_news(lk_room *room, link *l);
/* When the other end should have acknowledged what is in flight. */
void room_await_ack(lk_room *room, link *l);

/* ---- room_receive.c ---- */

lk_status room_receive(lk_room *room, link *l, const frame *f);

#endif
