/* SPDX-License-Identifier: MIT
 * replica.h - one document that takes part in a room: where the engine, the room, the store and the
 * file meet. What leads to others is the carrier's (carrier.h), which all documents share. */
#ifndef APP_REPLICA_H
#define APP_REPLICA_H

#include "host/journal.h"
#include "host/mirror.h"
#include "host/seal.h"

/* The text of a document that a file shows. */
#define REPLICA_TEXT ((lk_str){"editor-buffer", 13})

typedef struct replica replica;

typedef struct replica_events {
    void *context;
    void (*send)(void *context, uint32_t link, lk_bytes message);
    void (*hang_up)(void *context, uint32_t link);
    /* replica_settled() is true now, or again. */
    void (*settled)(void *context);
} replica_events;

typedef struct replica_options {
    loop *loop;
    lk_doc *doc;           /* stays yours */
    store *store;          /* stays yours; only the replica uses it meanwhile */
    const seal_keys *keys; /* of the document, with its id; must stay */
    lk_str name;           /* empty: the document without one. Must stay */
    lk_str person;         /* whom to show the others; empty: nobody. Must stay */
    mirror_options mirror; /* loop, doc and text are filled in; path NULL: no file */
} replica_options;

/* Give a room that only reads what the store has. */
void replica_restore(lk_room *room, store *s);

/* NULL, and a sentence in `why`, if the file cannot be used. */
replica *replica_new(const replica_options *options, const replica_events *events, lk_buf *why);
/* Bring the file and the store up to date: the last that happens before replica_free(). False if
 * the store could not be; *mirrored says whether the file shows the document. */
bool replica_finish(replica *r, bool *mirrored);
void replica_free(replica *r);

/* What leads to others. `sealed`: to who keeps documents without their key. */
void replica_opened(replica *r, uint32_t link, bool sealed);
void replica_message(replica *r, uint32_t link, lk_bytes message);
void replica_closed(replica *r, uint32_t link);
void replica_sparse(replica *r, bool sparse);
/* Not all has left yet that was sent on the link; every second or so while that is so. */
void replica_held(replica *r, uint32_t link);

lk_str replica_id(const replica *r);
/* Do all others who are here and have this document have what is here, and the disk and the file,
 * too? So it is if others are here and none of them has it. */
bool replica_settled(const replica *r);
/* Nobody is waited for any more: a file that is new goes into the document. */
void replica_begin(replica *r);
/* Ask those again who gave something wrong, if it is time; every second or so. */
void replica_look(replica *r);

/* ---- of the document without a name, which lists the others ---- */

/* Put a document into the list, unless it is there or this link only reads. */
void replica_list(replica *r, lk_str name);
/* Walk the list: start with *cursor = 0; false at the end. */
bool replica_listed(const replica *r, size_t *cursor, lk_str *name);

#endif
