/* SPDX-License-Identifier: MIT
 * holding.h - a document of ours, as it lies on the disk: its store, its file, and what the file
 * showed when we last looked. */
#ifndef APP_HOLDING_H
#define APP_HOLDING_H

#include <limits.h>

#include "host/seal.h"
#include "host/store.h"

typedef struct holding {
    lk_str name;              /* empty: the room's document without one; a view that must stay */
    const char *file;         /* NULL: none; must stay */
    char file_path[PATH_MAX]; /* absolute: what the store knows the file by */
    lk_buf id;
    seal_keys keys;
    store *store;
    lk_doc *doc, *shadow; /* the shadow becomes the replica's */
    bool known;           /* the store knows what the file showed */
} holding;

/* NULL after complaining: the name or the file cannot be used. */
holding *holding_new(const seal_keys *room, lk_str name, const char *file);
void holding_free(holding *h);

/* Open the store in the folder and read it. False after complaining. */
bool holding_open(holding *h, const char *folder);
/* Make one blob of many. `mirrored`: the file shows the document. */
void holding_compact(holding *h, bool mirrored);

#endif
