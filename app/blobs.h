/* SPDX-License-Identifier: MIT
 * blobs.h - documents out of files of Loro bytes, for the commands that need no network. */
#ifndef APP_BLOBS_H
#define APP_BLOBS_H

#include "cli.h"

/* A document that holds all the files, imported in that order. NULL after complaining, and *code is
 * what to exit with. */
lk_doc *blobs_load(const char *command, const cli_list *files, int *code);

/* "COUNTER@PEER,COUNTER@PEER": exclusive ends, in any order. Appends lk_id records sorted by peer;
 * a peer may come once. */
bool blobs_version_read(const char *text, lk_buf *out);

#endif
