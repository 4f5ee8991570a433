/* SPDX-License-Identifier: MIT
 * undo_list.h - movable lists in undo. Their elements keep who they are, so a step is taken back
 * element by element, wherever others have brought them meanwhile:
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

typedef struct undo_elem { /* of the list before the step */
    step_elem id;
    const lk_value *value;
    uint32_t what; /* happened to it */
} undo_elem;

typedef struct undo_places { /* that a step deleted */
    op_id start;
    uint32_t len;
} undo_places;

typedef struct undo_move { /* made a place */
    op_id place;
    step_elem elem;
} undo_move;

typedef struct undo_list { /* arrays in the arena of undo_lists */
    uint32_t container;
    VEC(step_elem) made;
    VEC(undo_places) gone;
    VEC(undo_move) moves;
    remap touched; /* elements: what happened to them */
    VEC(undo_elem) before;
} undo_list;

typedef struct undo_lists {
    const lk_doc *doc;
    arena *memory;
    remap *elems; /* elements that were made anew */
    VEC(undo_list) lists;
} undo_lists;

/* What operations [start, end) did to movable lists. false when memory is out. */
bool undo_lists_gather(undo_lists *l, lv start, lv end);
/* The document shows what was before them: remember that. */
bool undo_lists_look(undo_lists *l);
void undo_lists_drop(undo_lists *l);
undo_list *undo_lists_find(const undo_lists *l, uint32_t container);
/* Take it back in the list as it is now. */
lk_status undo_list_apply(apply *a, const undo_list *list, remap *elems);

#endif
