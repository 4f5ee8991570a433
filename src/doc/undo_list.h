/* SPDX-License-Identifier: MIT
 * undo_list.h - movable lists in undo. Their elements keep who they are, so each span of a step is
 * taken back element by element, the newest span first, wherever others have brought them
 * meanwhile:
 *
 *      made     goes           gone    is made anew, as what it was for steps before
 *      moved    goes back      set     says again what it said
 *
 * Its place is behind the nearest element that was before it and still is; else in front of the
 * nearest behind it; else at the beginning. */
#ifndef DOC_UNDO_LIST_H
#define DOC_UNDO_LIST_H

#include "doc/apply.h"

enum { UNDO_MOVED = 1, UNDO_SET = 2, UNDO_GONE = 4 };

typedef struct undo_elem { /* of the list before the span */
    step_elem id;
    const lk_value *value;
    uint32_t what; /* happened to it */
} undo_elem;

typedef struct undo_places { /* that a span deleted */
    op_id start;
    uint32_t len;
} undo_places;

typedef struct undo_move { /* made a place */
    op_id place;
    step_elem elem;
} undo_move;

typedef struct undo_made { /* an element */
    step_elem id;
    uint32_t pos; /* behind the span, from 1 on; 0: it was gone again */
} undo_made;

typedef struct undo_list { /* what one span did to one list; arrays in the arena of undo_lists */
    uint32_t container;
    size_t span;
    VEC(undo_made) made;
    VEC(undo_places) gone;
    VEC(undo_move) moves;
    remap touched; /* elements: what happened to them */
    VEC(undo_elem) before;
} undo_list;

typedef struct undo_lists {
    const lk_doc *doc;
    arena *memory;
    remap *elems;         /* elements that were made anew */
    VEC(undo_list) lists; /* by span */
    size_t span;          /* which one is gathered or looked at */
} undo_lists;

/* What operations [start, end) of the span did to movable lists. false when memory is out. */
bool undo_lists_gather(undo_lists *l, lv start, lv end);
/* The document shows what was behind the span, or before it: remember that. */
bool undo_lists_look(undo_lists *l, bool before);
void undo_lists_drop(undo_lists *l);
bool undo_lists_have(const undo_lists *l, uint32_t container);
/* Take back what the step did to that list, in the list as it is now. */
lk_status undo_lists_apply(apply *a, const undo_lists *l, uint32_t container);

#endif
