/* SPDX-License-Identifier: MIT
 * store.h - a document on disk: the blobs it was made of, in order. The only door to SQLite.
 *
 * What store_append() has acknowledged survives a kill and a power cut (WAL, synchronous=FULL). One
 * process at a time has a store open. A store may be used by any thread, one at a time. */
#ifndef HOST_STORE_H
#define HOST_STORE_H

#include "base/mem.h"

typedef struct store store;

/* Open, or make, the store in the file `path`. NULL, and a sentence appended to `why`, if it cannot
 * be opened, is damaged, is something else, or is in use by another process. */
store *store_open(const char *path, lk_buf *why);
void store_close(store *s);

/* Append blobs, all or none, durably. If `mark` is not NULL, note before that what is in the store
 * so far is what that file shows. On failure false and a sentence in `why`. */
bool store_append(store *s, const lk_bytes *blobs, size_t count, const char *mark, lk_buf *why);
/* Remove the `count` blobs at these positions, durably; those that are not there are gone. */
bool store_remove(store *s, const int64_t *at, size_t count, lk_buf *why);
/* The position of the last blob that the file `mark` shows, 0 if it shows none; -1 if it was never
 * noted. */
int64_t store_marked(store *s, const char *mark);
/* How many files are noted. */
int64_t store_mark_count(store *s);

/* One blob after the other, oldest first: start with *at = 0. The view dies at the next call.
 * STORE_END after the last. */
typedef enum store_step { STORE_BLOB, STORE_END, STORE_FAILED } store_step;
store_step store_next(store *s, int64_t *at, lk_bytes *blob, lk_buf *why);

/* The position of the last blob, 0 if there is none; -1 if that cannot be read. */
int64_t store_last(store *s);
/* Is the database sound? Reads all of it. Else what is wrong goes to `why`, a line each. */
bool store_intact(store *s, lk_buf *why);

/* Replace the `count` blobs at these positions (as store_next() left them in *at) by one that holds
 * all that they hold. The file `mark` (may be NULL) shows everything; of other files it is no
 * longer known what they show. All or none, durably. */
bool store_compact(store *s, const int64_t *at, size_t count, lk_bytes blob, const char *mark,
                   lk_buf *why);

#endif
