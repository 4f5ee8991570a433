/* SPDX-License-Identifier: MIT
 * lorikeet_room.h - who has what: the Loro syncing protocol v1 over any transport of whole
 * messages.
 *
 *   lk_room_feed(link, bytes) ─► frame ─► lk_import ─► STORE ─► ack      lk_room_poll() ─► you
 * send, lk_room_edited()          ─► lk_export_local    ─► STORE, SEND store, show
 *
 * A room binds one document to any number of links (a DataChannel, a WebSocket). Both ends of a
 * link are equal: each joins the other with its version vector and answers the other's join with
 * exactly what that lacks. The rules of lorikeet.h hold. Time goes in as milliseconds of any steady
 * clock; nothing here sleeps, sends or stores.
 *
 * Durability: an acknowledgement leaves only after lk_room_stored() for the bytes it acknowledges.
 *
 * Several documents share links, a room each: every message says which room it is for.
 *
 *     lk_str id;
 *     lk_room *to = any;                         // one of ours that has the link open
 *     if (lk_room_of(message, &id) == LK_OK && (found = room_of_id(id)) != NULL) to = found;
 *     lk_room_feed(to, link, message, now_ms);
 *
 * What is for none of ours `any` answers: that there is no such room here. Open a link in all
 * rooms, and close it in all. The other end need not have all of them, and may have one later: both
 * take it up then. Give the rooms turns on what carries their messages, or a large update of one
 * holds up the others; messages of one room stay in order.
 */
#ifndef LORIKEET_ROOM_H
#define LORIKEET_ROOM_H

#include "lorikeet.h"

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

typedef struct lk_room lk_room;
typedef uint32_t lk_link; /* chosen by you, unique among the open links of a room */

/* The largest message the protocol allows, in bytes; larger updates travel as fragments. */
#define LK_MESSAGE_MAX (256u * 1024u)

/* A guarded room: what is not signed by somebody who may write is not taken in, nor passed on,
 * whoever sends it. All members need a guard of the same keys. Who can only verify takes part by
 * what others have signed: it keeps that, in memory too, and gives it on as it is. Without a guard
 * everybody may write. */
#define LK_SIGNATURE 64
typedef struct lk_guard {
    void *context;
    /* Sign an update blob. The signature is to cover which room it is for. False: memory is out.
     * NULL: only reads. */
    bool (*sign)(void *context, lk_bytes blob, uint8_t signature[LK_SIGNATURE]);
    bool (*verify)(void *context, lk_bytes blob, const uint8_t signature[LK_SIGNATURE]);
} lk_guard;

typedef struct lk_room_options {
    lk_str room_id;       /* at most 128 bytes of UTF-8 */
    uint64_t seed;        /* for batch ids and timer jitter; random in programs, fixed in tests */
    uint32_t message_max; /* 0: LK_MESSAGE_MAX; a DataChannel may ask for less, down to 1 KiB */
    /* Unix time minus the clock that goes in as now_ms: presence is stamped with Unix time. */
    int64_t unix_offset_ms;
    const lk_guard *guard; /* copied; NULL: none */
} lk_room_options;

/* A room over `doc`, which stays yours and must outlive the room. NULL when memory is out or the id
 * is longer than the protocol allows. */
lk_room *lk_room_new(lk_doc *doc, const lk_room_options *options, const lk_memory *memory_or_null);
void lk_room_free(lk_room *room);

/* A link opened: joins are sent on it. LK_ESTATE if `link` is open already. */
lk_status lk_room_open(lk_room *room, lk_link link, uint64_t now_ms);
/* A link is gone; what it had not acknowledged is exchanged again by the next join. */
void lk_room_close(lk_room *room, lk_link link);

/* What was to be sent on the link has not all left yet, of this room or of others: what answers it
 * is not missed before it has. Say so every second or so while that is so; without it a link is
 * taken to carry 16 kB/s, for this room alone, and more is sent again than has to be on one that
 * does not. */
void lk_room_held(lk_room *room, lk_link link, uint64_t now_ms);

/* Not everyone in the room is linked with everyone, and links come and go so that they reach all
 * the same: what comes goes on at once, presence too (over the first 64 links). Without this a line
 * or a star of peers works as well, but each hop takes half a second until it is known to be
 * needed, and presence goes one hop. */
void lk_room_sparse(lk_room *room, bool sparse, uint64_t now_ms);

/* The room that a message is for: a view into it, not checked to be UTF-8. LK_ECORRUPT: it is no
 * message of the protocol; LK_ELIMIT: its id is too long. Cost: a look at the first bytes. */
lk_status lk_room_of(lk_bytes message, lk_str *room_id);
/* One whole message from a link. Hostile bytes cost that link an error (LK_ROOM_ERROR is queued and
 * the status returned); other links and the document go on. */
lk_status lk_room_feed(lk_room *room, lk_link link, lk_bytes message, uint64_t now_ms);
/* The document was edited here: commit and send the edit on. What was imported into it past the
 * room goes with it. LK_ESTATE: this room only reads, and the edit stays in this document. Cost:
 * the edit, and for each link one small message. */
lk_status lk_room_edited(lk_room *room, uint64_t now_ms);
/* Who only reads begins with an empty document, or one that holds this already, and gives the room
 * what it STOREd before, or what another room on this device did: it is imported and kept, but not
 * stored again. *waits: for its past. What is not signed (and was stored before the room was
 * guarded) is imported, but cannot be given on. LK_ESTATE if this room can sign; LK_EVALUE if the
 * signature is wrong; else as lk_import(). */
lk_status lk_room_restore(lk_room *room, lk_bytes update, bool *waits, uint64_t now_ms);
/* Append all there is as one update, to store in place of all that was STOREd: a snapshot, signed
 * in a guarded room; of who only reads, what it keeps. LK_ENOMEM. Commits first. */
lk_status lk_room_whole(lk_room *room, lk_buf *out);
/* The next blob of what was STOREd: in a guarded room blobs are signed, and an update may have
 * several. `rest` starts as the update and is empty after the last one. LK_ECORRUPT. */
lk_status lk_room_blob_next(lk_bytes *rest, lk_bytes *blob);
/* Bytes of an LK_ROOM_STORE are durable; acknowledgements that waited for it may leave. */
void lk_room_stored(lk_room *room, uint64_t token);
/* Let time pass: fragment time-outs, resends, forwarding of what a link still lacks. */
void lk_room_tick(lk_room *room, uint64_t now_ms);
/* When lk_room_tick() is next wanted, or UINT64_MAX. */
uint64_t lk_room_wake_at(const lk_room *room);

/* Presence (%EPH): state that is never history. Setting publishes to all links; a null value
 * deletes. */
lk_status lk_room_presence_set(lk_room *room, lk_str key, const lk_value *value, uint64_t now_ms);
/* All entries alive, as JSON: {"key": value, ...}. */
lk_status lk_room_presence_json(const lk_room *room, lk_buf *out);

typedef enum lk_room_out_kind {
    LK_ROOM_SEND,     /* send `bytes` as one binary message on `link` */
    LK_ROOM_STORE,    /* make `bytes` (an update: see lk_room_blob_next()) durable, then
                         lk_room_stored(token) */
    LK_ROOM_JOINED,   /* the other end of `link` let us in */
    LK_ROOM_CHANGED,  /* the document changed by import: see lk_poll() */
    LK_ROOM_PRESENCE, /* presence changed */
    LK_ROOM_SYNCED,   /* every open link (at least one, those absent left out) holds what we hold,
                         and we what it holds */
    LK_ROOM_BEHIND,   /* that ended: something is on its way again */
    LK_ROOM_ERROR,    /* `link` broke the protocol or refused us; `what` says how. Close it */
    LK_ROOM_DENIED,   /* `link` sent what nobody signed who may write; it was left out. Told once */
    LK_ROOM_LEFT_OUT, /* changes came that cannot be merged into this document, which began with a
                         shallow snapshot: lk_import() left them out. Told once */
} lk_room_out_kind;

typedef struct lk_room_out {
    lk_room_out_kind kind;
    lk_link link;
    uint64_t token;
    lk_bytes bytes;
    const char *what; /* a literal */
} lk_room_out;

/* The next thing to do, oldest first, or NULL; a view until the next call on this room. */
const lk_room_out *lk_room_poll(lk_room *room);

typedef struct lk_room_stats {
    uint32_t links, joined; /* links open, and of those joined both ways */
    uint32_t absent;        /* links open whose other end has not got this room, or not yet */
    uint64_t unacked_bytes; /* sent and not yet acknowledged, over all links */
    uint64_t unstored;      /* STOREs not yet told durable */
    bool synced;
} lk_room_stats;
lk_room_stats lk_room_stats_read(const lk_room *room);

/* ---- presence without a room ----
 * Keys with values that are never history and go when nobody repeats them, in the bytes of Loro's
 * EphemeralStore, or of its older Awareness, where the keys are peers (decimal) and each writes its
 * own. Times are Unix milliseconds. */

typedef struct lk_ephemeral lk_ephemeral;

/* NULL when memory is out. `memory` NULL: the C library's. An entry is gone when it is older than
 * `timeout_ms`: by its stamp, or in awareness by when it came. */
lk_ephemeral *lk_ephemeral_new(uint64_t timeout_ms, const lk_memory *memory_or_null);
lk_ephemeral *lk_awareness_new(uint64_t timeout_ms, const lk_memory *memory_or_null);
void lk_ephemeral_free(lk_ephemeral *e);

/* Write an entry and append its update. NULL deletes it (not in awareness). LK_EVALUE, LK_ELIMIT.
 */
lk_status lk_ephemeral_set(lk_ephemeral *e, lk_str key, const lk_value *value_or_null,
                           uint64_t now_ms, lk_buf *update);
/* Take in an update. Damaged bytes change nothing. LK_ECORRUPT, LK_ELIMIT, LK_ENOMEM. */
lk_status lk_ephemeral_apply(lk_ephemeral *e, lk_bytes update, uint64_t now_ms,
                             lk_fault *fault_or_null);
/* Drop what is too old. */
void lk_ephemeral_expire(lk_ephemeral *e, uint64_t now_ms);

typedef enum lk_ephemeral_what { LK_ADDED, LK_UPDATED, LK_REMOVED } lk_ephemeral_what;
typedef struct lk_ephemeral_change {
    lk_ephemeral_what what;
    lk_str key;
} lk_ephemeral_change;
/* What the last of these three calls did: a view until the next. LK_ENOMEM. */
lk_status lk_ephemeral_changes(lk_ephemeral *e, const lk_ephemeral_change **out, size_t *len);

/* Append an update of these keys (NULL: of all), without what is too old. Those deleted are told as
 * such. */
lk_status lk_ephemeral_encode(lk_ephemeral *e, const lk_str *keys_or_null, size_t len,
                              uint64_t now_ms, lk_buf *out);
/* The value of a key, a view until the next call; *updated_ms, which may be NULL: its stamp, or
 * when it came. LK_EMISSING, LK_ENOMEM. */
lk_status lk_ephemeral_get(lk_ephemeral *e, lk_str key, lk_value *out, int64_t *updated_ms);
/* Walk the keys that have a value, sorted: start with *cursor = 0; false at the end. */
bool lk_ephemeral_next(const lk_ephemeral *e, size_t *cursor, lk_str *key);
/* How many there are. */
size_t lk_ephemeral_len(const lk_ephemeral *e);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
