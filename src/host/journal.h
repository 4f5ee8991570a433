/* SPDX-License-Identifier: MIT
 * journal.h - writes to a store without making anybody wait. Making bytes durable takes the disk
 * milliseconds; a keystroke must not. So blobs are gathered here, a thread of libuv's pool commits
 * all that have gathered in one transaction, and then this thread hears of it. */
#ifndef HOST_JOURNAL_H
#define HOST_JOURNAL_H

#include "host/loop.h"
#include "host/store.h"

typedef struct journal journal;

typedef struct journal_events {
    void *context;
    /* Those bytes are durable, in the store at that position. */
    void (*stored)(void *context, uint64_t token, int64_t at);
    /* A commit failed, and will be tried again; told once until one succeeds. */
    void (*failed)(void *context, const char *why);
} journal_events;

/* While there is a journal, only it uses the store. */
journal *journal_new(loop *l, store *s, const journal_events *events);
/* Waits for the commit under way, then commits what is left, and tells. False if that failed. */
bool journal_flush(journal *j);
/* What is not committed is lost. */
void journal_free(journal *j);

/* Copies the bytes. */
void journal_add(journal *j, uint64_t token, lk_bytes bytes);
/* How many blobs were added, and how many of those, the first ones, are durable. */
uint64_t journal_added(const journal *j);
uint64_t journal_stored(const journal *j);
/* What is at that position is not needed any more: it goes with a later commit, or never. */
void journal_remove(journal *j, int64_t at);
/* The file `name` now shows everything added so far. Noted with the next commit. */
void journal_mark(journal *j, const char *name);
/* Begin to commit what was added, unless a commit is under way, which then goes on with it. */
void journal_commit(journal *j);

#endif
