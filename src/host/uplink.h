/* SPDX-License-Identifier: MIT
 * uplink.h - the way through the server, for peers that no packet passes between: a WebSocket to
 * the room that the server keeps sealed (docs/PROTOCOL.md section 3). Open while it is wanted. */
#ifndef HOST_UPLINK_H
#define HOST_UPLINK_H

#include "host/address.h"
#include "host/web.h"

typedef struct uplink uplink;

typedef struct uplink_events {
    void *context;
    void (*opened)(void *context);
    void (*message)(void *context, lk_bytes message);
    void (*closed)(void *context); /* after opened: it is over; there may be another one */
} uplink_events;

typedef struct uplink_options {
    loop *loop;
    web *web;
    address_url server; /* views that must stay */
} uplink_options;

uplink *uplink_new(const uplink_options *options, const uplink_events *events);
void uplink_free(uplink *u);

/* Connect, and connect again whenever it must; or be closed. */
void uplink_want(uplink *u, bool wanted);
void uplink_send(uplink *u, lk_bytes message);
/* Has not all left that was sent on it? */
bool uplink_holds(const uplink *u);
/* Give this connection up; if it is wanted, there will be another one. */
void uplink_hang_up(uplink *u);

#endif
