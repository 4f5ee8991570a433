/* SPDX-License-Identifier: MIT
 * blobs.h - documents out of files of Loro bytes, for the commands that need no network. */
#ifndef APP_BLOBS_H
#define APP_BLOBS_H

#include "cli.h"

/* An empty document that nobody writes to. */
lk_doc *blobs_new(void);
/* Merge a file, binary or JSON updates, into the document; `news` may be NULL. CLI_OK, or what to
 * exit with after complaining. */
int blobs_import(const char *command, lk_doc *doc, const char *name, lk_import_status *news);
/* Import what a room stored at once: its blobs (lk_room_blob_next()). What is wrong is in `fault`.
 */
bool blobs_import_stored(lk_doc *doc, lk_bytes stored, lk_fault *fault);
/* A document that holds all the files, imported in that order. NULL after complaining, and *code is
 * what to exit with. */
lk_doc *blobs_load(const char *command, const cli_list *files, int *code);

/* "COUNTER@PEER,COUNTER@PEER": of a version vector exclusive ends, of frontiers the operations
 * themselves; in any order. Appends lk_id records sorted by peer; a peer may come once. */
bool blobs_version_read(const char *text, lk_buf *out);
lk_ids blobs_ids(const lk_buf *version);
/* The same for frontiers that `option` gave, of which the document must hold all. CLI_OK, or what
 * to exit with after complaining. */
int blobs_frontiers(const char *command, const char *option, const char *text, lk_doc *doc,
                    lk_buf *out);

#endif
