/* SPDX-License-Identifier: MIT
 * veil.h - between a room and somebody who shall keep its document without reading it
 * (docs/PROTOCOL.md section 3): what the room says in %LOR goes out in %ELO, sealed, and the other
 * way round. The room takes the other end for a peer like any other. One veil for each link. */
#ifndef HOST_VEIL_H
#define HOST_VEIL_H

#include "base/mem.h"

typedef struct veil veil;

typedef struct veil_options {
    lk_doc *doc;        /* the room's */
    lk_str room;        /* a view that must stay */
    const uint8_t *key; /* of the link; SEAL_KEY bytes */
    size_t message_max; /* that the other end takes */
    void *context;
    void (*out)(void *context, lk_bytes message); /* send it */
    void (*in)(void *context, lk_bytes message);  /* feed it to the room */
    /* Something was not sealed with this key, or was changed. It is left out; told once. */
    void (*refused)(void *context);
} veil_options;

veil *veil_new(const veil_options *options);
void veil_free(veil *v);

/* A message that the room wants sent. */
void veil_seal(veil *v, lk_bytes message);
/* A message that came. false: it is none, or no honest end would send it; hang up. */
bool veil_open(veil *v, lk_bytes message);

#endif
