/* SPDX-License-Identifier: MIT
 * replica.h - one document that takes part in one room: where the engine, the room, the mesh, the
 * store and the file meet. */
#ifndef APP_REPLICA_H
#define APP_REPLICA_H

#include "host/journal.h"
#include "host/mesh.h"
#include "host/mirror.h"
#include "host/seal.h"
#include "slips.h"

typedef struct replica replica;

typedef struct replica_options {
    loop *loop;
    web *web;
    lk_doc *doc;           /* stays yours */
    store *store;          /* stays yours; only the replica uses it meanwhile */
    mesh_options mesh;     /* loop and web are filled in */
    const seal_keys *keys; /* of the room; must stay */
    bool by_hand;          /* instead of by the mesh's server: */
    lk_str link, offer;    /* as in slips.h */
    mirror_options mirror; /* loop, doc and text are filled in; path NULL: no file */
} replica_options;

/* Give a room that only reads what the store has. */
void replica_restore(lk_room *room, store *s);

/* NULL, and a sentence in `why`, if the file cannot be used. */
replica *replica_new(const replica_options *options, lk_buf *why);
/* Bring the file and the store up to date and say goodbye. False if the store could not be;
 * *mirrored says whether the file shows the document. */
bool replica_free(replica *r, bool *mirrored);

#endif
