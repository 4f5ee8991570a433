/* SPDX-License-Identifier: MIT
 * mirror.h - a file and a text that are the same. The file counts as one more writer: a second
 * document, the shadow, holds exactly what the file shows. An edit of the file is an edit of the
 * shadow, which merges into the document like anybody else's; so what others write between two
 * saves of an editor is never undone by the second one.
 *
 *     file ──read──► shadow ──import──► document        (somebody saved)
 *     file ◄─write── shadow ◄─import─── document        (others wrote)
 *
 * A file that only follows is never read into the shadow: what somebody saved is kept as PATH.orig,
 * and the file shows the document again. */
#ifndef HOST_MIRROR_H
#define HOST_MIRROR_H

#include "host/loop.h"

typedef struct mirror mirror;

typedef struct mirror_events {
    void *context;
    /* The file was edited: bring these updates into the document, and make them durable first.
     * Others must not hear of an edit that we could forget while the file remembers it. */
    void (*edited)(void *context, lk_bytes updates);
    void (*matches)(void *context);                /* the file shows all of the document */
    void (*note)(void *context, const char *text); /* something people should know */
    /* A mark behind all that was to be made durable until now, and whether it has been reached: the
     * file shows nothing that we could forget, or it would look like an edit of the file later. */
    uint64_t (*barrier)(void *context);
    bool (*durable)(void *context, uint64_t barrier);
} mirror_events;

typedef struct mirror_options {
    loop *loop;
    lk_doc *doc;
    lk_doc *shadow;   /* becomes the mirror's; holds what the file showed when we last looked */
    bool known;       /* we have looked before; else the file is new to the document */
    bool reads;       /* the file only follows: what is saved there is kept beside it */
    const char *path; /* must stay */
    lk_str text;      /* the name of the root text */
} mirror_options;

/* Reads the file. NULL, and a sentence in `why`, if that fails or it is not UTF-8. Nothing else
 * happens before mirror_begin(). */
mirror *mirror_new(const mirror_options *options, const mirror_events *events, lk_buf *why);
void mirror_free(mirror *m);

/* A file that is new to a document is best compared with it when the document is complete. */
bool mirror_waits(const mirror *m);
/* Go, once the documents are loaded. If the file is new: its text goes into an empty document;
 * where both have text and they differ, the file's is kept beside it as PATH.orig, and the file
 * shows the document. */
void mirror_begin(mirror *m);

/* The document changed: the file follows within 10 ms. */
void mirror_touch(mirror *m);
/* More is durable now. */
void mirror_stored(mirror *m);
/* Do now what is to be done, in both directions. True if the file shows all of the document. */
bool mirror_sync(mirror *m);

#endif
