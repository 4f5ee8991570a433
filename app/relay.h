/* SPDX-License-Identifier: MIT
 * relay.h - a member of a room that keeps it for the others without being able to read it: peers
 * reach it by WebRTC like one another, and find in it a receiver of %ELO. */
#ifndef APP_RELAY_H
#define APP_RELAY_H

#include "host/mesh.h"

typedef struct relay relay;

typedef struct relay_options {
    loop *loop;
    web *web;
    const char *folder;             /* where the room is kept; must stay */
    mesh_options mesh;              /* loop, web and relay are filled in */
    void (*welcome)(void);          /* the server let it in: it keeps the room */
    void (*note)(const char *text); /* for people to read */
} relay_options;

/* lk_rtc_global_init() comes first. */
relay *relay_new(const relay_options *options);
void relay_free(relay *r);

#endif
