/* SPDX-License-Identifier: MIT
 * travel.h - from one version to another: what to do to a state that shows `from` so that it shows
 * `to`.
 *
 *                    ,---- only from ----  from      taken back
 *      ... base ----+
 *                    `----- only to -----  to        done
 *
 * Each sort of container goes its own way:
 *   text, list     what both know since the base is played into trackers, and what the two versions
 *                  see of each atom is compared (travel_seq.c)
 *   map, elements  for each register written in between, the write that holds at `to`
 *   tree           moves are taken out of its log, and put into it
 *   counter        the sum
 *
 * Cost: the containers that differ, and for texts and lists all that was done since the base, which
 * for two versions of one line of history is the older of them. */
#ifndef MERGE_TRAVEL_H
#define MERGE_TRAVEL_H

#include "merge/player.h"
#include "merge/registers.h"
#include "merge/steps.h"

typedef struct travel_end { /* a version, told twice */
    const lv *heads;
    size_t len;
    int32_t *ends; /* end counter by peer, for all peers of the graph */
} travel_end;

typedef struct travel_note { /* who atoms of a base text are */
    uint32_t owner;          /* tracker */
    uint32_t base, len;      /* ids in the tracker */
    op_id id;                /* of the first atom; or */
    bool moved;              /* the place of this element at the base: */
    step_elem elem;
} travel_note;

typedef struct travel_name { /* a register to look at */
    register_name of;
    uint32_t nth; /* in the order of the operations */
} travel_name;

typedef struct travel {
    const lk_memory *heap;
    oplog *log;
    registers registers;
    player player;
    dag_spans back, forth, played;
    VEC(travel_name) names;
    VEC(uint32_t) order; /* containers, in the order of their first operations in between */
    VEC(travel_note) notes;
    VEC(lv) tree_back, tree_forth;
} travel;

/* Look at that register. false when memory is out. */
bool travel_look(travel *t, const register_name *name);

void travel_init(travel *t, oplog *log);
void travel_drop(travel *t);

/* to->ends gets the end counters of that version. LK_ENOMEM. O(difference). */
lk_status travel_ends(travel *t, const travel_end *from, travel_end *to);
/* Append to `out` the steps from `from` to `to`, whose ends are known. What steps point at lies in
 * the log or in `scratch`. LK_ECORRUPT when an operation reaches outside what its author could see;
 * LK_ENOMEM. */
lk_status travel_plan(travel *t, const travel_end *from, const travel_end *to, arena *scratch,
                      step_list *out);

/* travel_seq.c: the steps for the sequences marked in `touched` (by container number), and the
 * places that come back, as registers to look at. LK_ERANGE, LK_ENOMEM. */
lk_status travel_sequences(travel *t, const travel_end *from, const travel_end *to,
                           const uint8_t *touched, arena *scratch, step_list *out);

#endif
