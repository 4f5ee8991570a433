/* SPDX-License-Identifier: MIT
 * merge.h - from operations to what they do to the document.
 *
 * An operation made on everything there is (one person types, the others watch) does to the
 * document what it says. One that was made elsewhere is played into a tracker of its container, at
 * the version where it was made; what it does to the document is read off there.
 *
 *      lv     ... base | ............ | upto | ........ end
 *                      \ in trackers /        \ made on top of everything: played in when next
 * needed
 *
 * The trackers stay from one call to the next, and the version they stand at moves only by the
 * difference to the next operation's past: while two people type at once, each keystroke costs
 * O(log n). They begin at the newest version that everything after it has seen, are rebuilt further
 * back when something older than that arrives, and are dropped when nothing concurrent has come for
 * as long as they reach back.
 *
 * All of this is a cache: after a failure it is dropped and nothing is lost. */
#ifndef MERGE_MERGE_H
#define MERGE_MERGE_H

#include "merge/player.h"
#include "merge/steps.h"

typedef struct merge {
    const lk_memory *heap;
    oplog *log;
    bool live;
    lv upto;       /* operations before this are in the trackers */
    lv concurrent; /* one past the newest operation that was not made on top */
    player player;
} merge;

void merge_init(merge *m, oplog *log);
void merge_drop(merge *m);
/* Drop the trackers: they are built again when next needed. */
void merge_forget(merge *m);

/* Append to `out` what the operations [start, end of the log) do, in order. Everything before
 * `start` has been done. LK_ECORRUPT (*what) when a position lies outside what its author could
 * see; LK_ELIMIT (likewise); LK_ENOMEM. */
lk_status merge_plan(merge *m, lv start, step_list *out, const char **what);
/* Operations were done without asking (local edits): drop the trackers if they are not worth
 * keeping. */
void merge_settle(merge *m);

#endif
