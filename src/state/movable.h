/* SPDX-License-Identifier: MIT
 * movable.h - the derived state of a movable list: places in a row, and elements that stand on
 * them.
 *
 *      places     p0   p1   p2   p3         one per insert and per move, those not deleted; p1
 * stands elements   A         B    C          empty: its element was moved elsewhere at the same
 * time
 *
 * An element has two registers, each written last by the largest (lamport, peer): the place it
 * stands on, and its value. It shows if its place is not deleted. Operations count all places,
 * readers only those that something stands on. */
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
    op_id place;
    movable_version placed, written;
    step_elem writer; /* of the value */
    const lk_value *value;
    bool shows; /* its place is there */
} movable_elem;

typedef struct movable {
    const lk_memory *heap;
    seq places; /* data NULL: empty */
    VEC(movable_elem) elems;
    table by_id, by_place; /* of elems; a place stays in the table when its element leaves it */
} movable;

void movable_init(movable *m, const lk_memory *heap);
void movable_drop(movable *m);
/* Make room for steps on this list: so many, with so many values inserted. */
bool movable_reserve(movable *m, uint32_t steps, uint32_t values);
/* The element of that id, or the one that stands on that place; NULL if there is none. */
movable_elem *movable_find(const movable *m, step_elem id);
movable_elem *movable_on(const movable *m, op_id place);
/* Carry out an insert, delete, place or set. Needs that room. What names an element that is not
 * there does nothing, or makes an empty place. */
void movable_apply(movable *m, const step *st);
/* Walk the elements that show, in order. */
typedef struct movable_walk {
    const movable *list;
    seq_walk places;
    seq_span span;
    uint32_t at; /* in span */
} movable_walk;
movable_walk movable_start(const movable *m);
/* The next place: its id, and its element, NULL if it is empty. false at the end. */
bool movable_next(movable_walk *w, op_id *place, const movable_elem **elem);

#endif
