/* SPDX-License-Identifier: MIT
 * mesh.h - everyone in the room, or in a large one some, each on a DataChannel of their own
 * (docs/PROTOCOL.md sections 1.2 and 1.5).
 * Finds them by signalling, keeps trying, and hands out links that messages go over. */
#ifndef HOST_MESH_H
#define HOST_MESH_H

#include "host/address.h"
#include "host/loop.h"
#include "host/web.h"

typedef struct mesh mesh;

typedef struct mesh_events {
    void *context;
    /* `relay`: it keeps the room without its key, and only understands %ELO. */
    void (*opened)(void *context, uint32_t link, bool relay);
    void (*message)(void *context, uint32_t link, lk_bytes message);
    void (*closed)(void *context, uint32_t link);
    /* The room has become one in which not everybody is linked with everybody, or no such room.
     * May be NULL. */
    void (*sparse)(void *context, bool sparse);
    /* The server said who else is in the room. */
    void (*welcome)(void *context, size_t others);
    void (*note)(void *context, const char *text); /* for people to read */
    /* More can be sent than mesh_queued() says that waits. May be NULL. */
    void (*drained)(void *context, uint32_t link);
} mesh_events;

typedef struct mesh_options {
    loop *loop;
    web *web;
    address_url server; /* views that must stay */
    lk_str room;
    lk_bytes key;        /* of SEAL_KEY bytes; likewise */
    const address *stun; /* asked in addition to those that the server names */
    size_t stun_len;
    bool relay;    /* be one: `key` is what mesh_relay_key() made of the room's */
    bool loopback; /* use 127.0.0.1 and ::1, too */
} mesh_options;

/* What a relay of the room is given of its key: enough to be met, no way back to the key. */
void mesh_relay_key(const uint8_t *key, lk_str room, uint8_t *out);

/* lk_rtc_global_init() comes first. */
mesh *mesh_new(const mesh_options *options, const mesh_events *events);
/* Says goodbye to everyone. */
void mesh_free(mesh *m);

void mesh_send(mesh *m, uint32_t link, lk_bytes message);
/* Bytes that its channel has not taken yet. */
size_t mesh_queued(const mesh *m, uint32_t link);
/* Has not all left that was sent on it? */
bool mesh_holds(const mesh *m, uint32_t link);
/* Has somebody been here for a while whom no link leads to? */
bool mesh_apart(const mesh *m);
/* Give a link up: `closed` follows at once. If its peer is still around, there will be another. */
void mesh_hang_up(mesh *m, uint32_t link);

#endif
