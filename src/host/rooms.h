/* SPDX-License-Identifier: MIT
 * rooms.h - the receiving end of the Loro syncing protocol v1 (protocol.md), as its published
 * clients want it: rooms that take updates in, keep them and pass them on, for connections of any
 * kind that carry whole messages. Sealed rooms (%ELO) are kept without a key; others (%LOR, %EPH,
 * %EPS) only if asked for. Messages in, messages out through functions; no sockets. */
#ifndef HOST_ROOMS_H
#define HOST_ROOMS_H

#include "host/loop.h"

typedef struct rooms rooms;
typedef struct rooms_member rooms_member;

typedef struct rooms_options {
    loop *loop;         /* may be NULL without a folder */
    const char *folder; /* where rooms are kept, a file each; NULL: nowhere, and a room that nobody
                           was in for a while is forgotten. Must stay */
    bool plain;         /* others than sealed ones, too */
    lk_str only;        /* the one room there is, with all its documents (document.h); empty: any */
    uint32_t message_max; /* of what is sent; 0: LK_MESSAGE_MAX */
    uint64_t seed;        /* of the hash of room names; random in programs */
    int64_t (*unix_ms)(void);
    /* These are called with the `conn` of some member from within the calls below, and must not
     * call back. `close` ends a connection that broke the protocol. `queued` says how many bytes
     * wait to be sent; the rest is given once rooms_drained() is called. */
    void (*send)(void *conn, lk_bytes message);
    size_t (*queued)(void *conn);
    void (*close)(void *conn);
    void (*note)(const char *text); /* for people to read */
} rooms_options;

rooms *rooms_new(const rooms_options *options);
/* Every member must have left. Writes what is not written yet; not from within a callback of the
 * loop. */
void rooms_free(rooms *r);

/* A connection came; it is in no room yet. */
rooms_member *rooms_enter(rooms *r, void *conn, uint64_t now_ms);
void rooms_leave(rooms_member *m);
/* One whole message of it. Whatever it is costs an answer or that connection, nothing else. */
void rooms_feed(rooms_member *m, lk_bytes message, uint64_t now_ms);
/* More can be sent. */
void rooms_drained(rooms_member *m);
/* Let time pass; every second or so. */
void rooms_tick(rooms *r, uint64_t now_ms);

typedef struct rooms_stats {
    size_t rooms, members, bytes;
} rooms_stats;
rooms_stats rooms_stats_read(const rooms *r);

#endif
