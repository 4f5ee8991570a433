/* SPDX-License-Identifier: MIT
 * movable.h - the derived state of a movable list: places in a row, and elements that stand on
 * them.
 *
 *      places     p0   p1   p2   p3     one per insert and per move, those not deleted
 *      elements   A         B    C      p1 is empty: its element was moved elsewhere meanwhile
 *
 * An element has two registers, each written last by the largest (lamport, peer): the place it
 * stands on, and its value. It shows if its place is there. Operations count all places
 * (SEQ_ENTITY), readers only those that something stands on (every lk_unit). */
#ifndef STATE_MOVABLE_H
#define STATE_MOVABLE_H

#include "base/table.h"
#include "model/step.h"
#include "state/seq.h"

typedef struct movable_version {
    uint32_t lamport;
    uint64_t peer_wide;
} movable_version;

typedef struct movable_elem {
    step_elem id;
    uint32_t place; /* in places; TABLE_NONE: unheard of */
    movable_version placed, written;
    step_elem writer; /* of the value */
    const lk_value *value;
} movable_elem;

typedef struct movable_place {
    op_id id;
    uint32_t elem;    /* that stands on it; TABLE_NONE: empty, or not there */
    btree_leaf *leaf; /* where it is in the row; NULL: it is not there */
} movable_place;

typedef struct movable {
    const lk_memory *heap;
    btree row; /* of the places that are there */
    VEC(movable_place) places;
    VEC(movable_elem) elems;
    table by_id, by_place; /* of elems, of places: all that were ever heard of */
} movable;

/* `m` must stay where it is. */
void movable_init(movable *m, const lk_memory *heap);
void movable_drop(movable *m);
/* Make room for steps that insert so many places and name so many elements or places in all. */
bool movable_reserve(movable *m, uint32_t places, uint32_t names);

static inline uint32_t movable_len(const movable *m, unsigned unit) {
    return m->row.total.by[unit];
}
/* The element of that id, or NULL. O(1). */
const movable_elem *movable_find(const movable *m, step_elem id);
bool movable_shows(const movable *m, const movable_elem *elem);
op_id movable_place_of(const movable *m, const movable_elem *elem);
/* The element at `pos` of `unit`, NULL if it is an empty place or past the end, and where it is in
 * all units. O(log n). */
const movable_elem *movable_at(const movable *m, uint32_t pos, unsigned unit,
                               uint32_t at[SEQ_UNITS]);
/* The same, and what is looked for there next is found faster. */
const movable_elem *movable_near(movable *m, uint32_t pos, unsigned unit, uint32_t at[SEQ_UNITS]);
/* Where an element that shows is, in all units. O(log n). */
void movable_rank(const movable *m, const movable_elem *elem, uint32_t at[SEQ_UNITS]);

typedef struct movable_edits { /* what a step did, one after the other; each may be nothing */
    seq_edit first, second;
} movable_edits;
/* Carry out an insert, delete, place, set, places or elem. Needs that room. What names an element
 * that is not there does nothing, or makes an empty place. O(log n) for each place. */
void movable_apply(movable *m, const step *st, movable_edits *out);

/* Walks places in order. Stale after an edit. */
typedef struct movable_walk {
    const movable *list;
    btree_pos at;
    uint32_t left;
} movable_walk;
/* Those from entity `pos` on, `len` of them at most. */
movable_walk movable_range(const movable *m, uint32_t pos, uint32_t len);
/* Those from the element at `pos` of LK_UTF8 on, to the end. */
movable_walk movable_from(const movable *m, uint32_t pos);
/* The next place: its id, and its element, NULL if it is empty. false at the end. */
bool movable_next(movable_walk *w, op_id *place, const movable_elem **elem);

/* Traps unless row, places and elements agree. O(n). */
void movable_check(const movable *m);

#endif
