/* SPDX-License-Identifier: MIT
 * carrier.h - what leads to others, and the documents that share it: everyone in the room by the
 * mesh and the server, or who was met by hand. */
#ifndef APP_CARRIER_H
#define APP_CARRIER_H

#include "host/mesh.h"
#include "replica.h"
#include "slips.h"

typedef struct carrier carrier;

typedef struct carrier_options {
    loop *loop;
    web *web;
    const replica_options *documents; /* the one without a name first; loop is filled in */
    size_t document_len;
    mesh_options mesh;  /* loop and web are filled in */
    bool by_hand;       /* instead of by the mesh's server: */
    lk_str link, offer; /* as in slips.h */
} carrier_options;

/* NULL, and a sentence in `why`, if a file cannot be used. */
carrier *carrier_new(const carrier_options *options, lk_buf *why);
/* Bring files and stores up to date and say goodbye. False if a store could not be; mirrored[i]
 * says whether the file of document i shows it. */
bool carrier_free(carrier *c, bool *mirrored);

#endif
