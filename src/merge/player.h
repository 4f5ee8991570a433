/* SPDX-License-Identifier: MIT
 * player.h - plays operations into trackers, each at the version where it was made.
 *
 *      by_lv   base+1 ...................... end      what became of each operation
 *      here    the standing version of all trackers, as heads; moved only by the difference to
 *              where the next operation was made
 *
 * Two use it: merge.h, whose trackers stay while concurrency lasts, and travel.h, which plays what
 * lies between two versions and reads off how they differ. */
#ifndef MERGE_PLAYER_H
#define MERGE_PLAYER_H

#include "merge/tracker.h"
#include "oplog/oplog.h"

typedef struct player {
    const lk_memory *heap;
    oplog *log;
    lv base;      /* LV_NONE: from the start */
    VEC(lv) here; /* heads of the standing version */
    id_index by_lv;
    VEC(tracker *) trackers;
    tracker *spare;             /* an empty one for the next that is needed, or NULL */
    VEC(uint32_t) by_container; /* number of the tracker, plus one; 0: none yet */
    dag_spans retreat, advance;
    tracker_cuts cuts; /* what the last operation took out of the document */
} player;

void player_init(player *p, oplog *log);
void player_drop(player *p);
/* Drop the trackers; keeps the memory that a small one needs. */
void player_forget(player *p);
/* Begin anew at `base`. false when memory is out. */
bool player_begin(player *p, lv base);

/* Is it an operation on a sequence that has a state here? */
bool player_tracks(const player *p, const op *o);
/* The tracker of a container; NULL if it has none. */
tracker *player_find(const player *p, uint32_t container);

/* Entity position of an insert. */
uint32_t player_insert_pos(const op *o);
/* First position of a delete; false if it reaches below 0. */
bool player_delete_pos(const op *o, uint32_t *pos);
/* The heads an atom was made on: its run's parents, or the atom before it, kept at *before. */
const lv *player_parents(const oplog *log, const dag_run *run, lv at, lv *before, size_t *len);
bool player_stands_on(const player *p, const lv *heads, size_t len);

/* Find the difference between the standing version and `heads`; *reaches: the trackers reach back
 * that far. player_move() then goes there. */
lk_status player_aim(player *p, const lv *heads, size_t len, bool *reaches);
lk_status player_move(player *p);
/* From now on, take what the standing version sees for the document. false when memory is out. */
bool player_settle(player *p);
/* Stand on `heads`, having played up to there. false when memory is out. */
bool player_stand(player *p, const lv *heads, size_t len);

/* Each of these must get the next operation of by_lv. After a failure the trackers are only good to
 * be dropped. */

/* Play an operation that player_tracks() at the standing version, which must be where it was made.
 * *merged: where an insert stands in the document; p->cuts: what left it. LK_ERANGE, LK_ENOMEM. */
lk_status player_play(player *p, const op *o, lv at, uint32_t *merged);
/* The same for one that knew the whole document and has been done, behind the back of the standing
 * version. */
lk_status player_play_merged(player *p, const op *o, lv at);
/* So many operations are no concern of any tracker. false when memory is out. */
bool player_skip(player *p, uint32_t len);

#endif
