/* SPDX-License-Identifier: MIT
 * tracker.h - one text or list while it is being merged: every atom that any operation since a base
 * version inserted, deleted ones too, in their final order, with what two versions see of them:
 *
 *   here     the standing version, moved to and fro to where the next operation was made
 *   merged   everything together: the document
 *
 *      base text              inserted since           rest of the base text
 *      [ T H E _ Q U ]        [ I C K ] [ E R ]        [ _ F O X ... and a tail without end ]
 *      here  6                3         0 (not yet)    ...
 *      merged 6               3         2              ...
 *
 * Items are runs of atoms with consecutive ids, in a B-tree that sums both visible lengths, so
 * either position is one descent. Ids are lvs; atoms of the base text, whose operations are older
 * than the base, have ids of their own from TRACKER_BASE. The base text's length is not needed: it
 * is longer than any text can be, and whoever reaches into the tail was lying.
 *
 * An operation is applied where it was made (Fugue, with Loro's order of siblings), and its effect
 * on the document is read off the merged sum. Eg-walker: Gentle and Kleppmann 2024; Fugue: Weidner
 * et al. 2023. */
#ifndef MERGE_TRACKER_H
#define MERGE_TRACKER_H

#include "merge/id_index.h"
#include "model/step.h"
#include "oplog/oplog.h"

#define TRACKER_BASE 0x80000000u
#define TRACKER_BASE_LEN 0x40000000u /* above LIMIT_POSITION */
#define TRACKER_NONE UINT32_MAX      /* no atom: before the first, after the last */

typedef struct tracker_item {
    uint32_t id, len;
    uint32_t left;      /* the atom before the first one when it was inserted */
    uint32_t right;     /* the first atom after it that its author knew */
    uint32_t dels : 30; /* deletes of it that the standing version knows */
    uint32_t here : 1;  /* its insertion is known there */
    uint32_t gone : 1;  /* deleted in the merged document */
} tracker_item;

enum { TRACKER_HERE, TRACKER_MERGED, TRACKER_ALL };

typedef struct tracker {
    btree items;
    id_index base;   /* places of base atoms */
    id_index *by_lv; /* places of the others, shared by all trackers of a merge */
    const oplog *log;
    uint32_t owner; /* own number, in the runs of by_lv */
    bool behind;    /* what was inserted last stands behind all that is gone there */
} tracker;

void tracker_init(tracker *t, const oplog *log);
void tracker_drop(tracker *t);
/* Empty it, but for the memory that a small one needs. */
void tracker_clear(tracker *t);
/* Of an empty one: put the base text in. false when memory is out. */
bool tracker_begin(tracker *t, id_index *by_lv, uint32_t owner);

/* Each operation must be the next one of by_lv. Positions count what the named version sees.
 * LK_ERANGE if it reaches beyond that; LK_ENOMEM. After a failure the tracker is only good to be
 * dropped. */

/* Insert `len` atoms at a position of the standing version; *merged: where that is in the document.
 */
lk_status tracker_insert(tracker *t, uint32_t pos, lv id, uint32_t len, uint32_t *merged);
/* Insert at a position of the document, for an operation that knew all of it. The standing version
 * does not see it yet. */
lk_status tracker_insert_merged(tracker *t, uint32_t pos, lv id, uint32_t len);

typedef struct tracker_cut { /* part of the document that goes; later ones count without it */
    uint32_t pos, len;
} tracker_cut;
typedef VEC(tracker_cut) tracker_cuts;

/* Delete [pos, pos + len) of the standing version. `reversed`: the atoms of the operation go from
 * the right. Appends to `cuts` what was still in the document. */
lk_status tracker_delete(tracker *t, uint32_t pos, uint32_t len, bool reversed, tracker_cuts *cuts);
/* Delete [pos, pos + len) of the document, by an operation the standing version does not see yet.
 */
lk_status tracker_delete_merged(tracker *t, uint32_t pos, uint32_t len, bool reversed);

/* Move what stands at `from` to `to`, counted without it: a delete and an insert in one operation.
 */
lk_status tracker_move(tracker *t, uint32_t from, uint32_t to, lv id, tracker_cuts *cuts,
                       uint32_t *merged);
lk_status tracker_move_merged(tracker *t, uint32_t from, uint32_t to, lv id);

/* Let the standing version know (or no longer know) the insertion of these atoms. */
lk_status tracker_show(tracker *t, uint32_t id, uint32_t len, bool known);
/* The same for one deletion of them. */
lk_status tracker_hide(tracker *t, uint32_t id, uint32_t len, bool known);

/* Take what the standing version sees for the document: from now on `gone` means unseen by it. */
void tracker_settle(tracker *t);

/* The item that holds an atom, and the atom's place among all, for fugue.c. O(log n). */
btree_pos tracker_locate(tracker *t, uint32_t id, uint32_t *offset);
uint32_t tracker_rank(tracker *t, uint32_t id);

void tracker_check(tracker *t);

#endif
