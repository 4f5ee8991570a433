/* SPDX-License-Identifier: MIT
 * delta.h - adds up edits made one after the other into one delta against the state before the
 * first: steps of retain, insert and delete. What was inserted and deleted again leaves no trace;
 * the last step is never a retain. Inserts and deletes at one place are in the order of what they
 * inserted and deleted, as Loro's are: undoing is carried past them.
 *
 * Inserts carry lengths only: their content is read off the final state, at the step's position. */
#ifndef STATE_DELTA_H
#define STATE_DELTA_H

#include "base/btree.h"

/* Where what is inserted stands if something was deleted there. */
typedef enum delta_gap {
    DELTA_BEHIND,
    DELTA_BEHIND_NOT_LAST, /* before it, if nothing else happened from there on */
    DELTA_BEFORE,
} delta_gap;

typedef struct delta {
    btree tree;
    delta_gap gap; /* may be set at any time */
} delta;

typedef struct delta_step {
    lk_delta_kind kind;
    uint32_t len[3]; /* by lk_unit */
    uint32_t at[3];  /* where it stands in the final state; a delete stands where it left a gap */
} delta_step;

typedef struct delta_walk {
    const delta *delta;
    bool pairs;
    btree_pos pos;        /* of the next place */
    uint32_t part;        /* which one is next of: */
    uint32_t parts[3][3]; /* what it retains, inserts, deletes */
    uint32_t at[3];       /* position in the final state */
} delta_walk;

void delta_init(delta *d, const lk_memory *heap);
void delta_drop(delta *d);
/* Forget all edits; keeps the memory for the next. */
void delta_reset(delta *d);
/* Make room so that the next `edits` calls of delta_edit() cannot fail; one that removes and
 * inserts counts twice. */
bool delta_reserve(delta *d, size_t edits);
/* At position `at` of the state as all edits so far left it, `removed` went and `inserted` came;
 * each by lk_unit. (The first three of each array of a seq_edit.) Done in one, what is inserted
 * stands in front, unless that splits what was kept no more. Needs a reserve. O(log k) amortised
 * over k edits. */
void delta_edit(delta *d, const uint32_t at[3], const uint32_t removed[3],
                const uint32_t inserted[3]);
/* Was what is at this position inserted? */
bool delta_inserted(const delta *d, uint32_t at);
bool delta_empty(const delta *d);
/* An upper bound on the steps delta_next() yields. */
size_t delta_count_max(const delta *d);

/* In order; `pairs`: between two retains all that was inserted in one, then all that was deleted.
 */
delta_walk delta_start(const delta *d, bool pairs);
bool delta_next(delta_walk *w, delta_step *out);

void delta_check(const delta *d);

#endif
