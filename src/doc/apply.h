/* SPDX-License-Identifier: MIT
 * apply.h - the diffs of an event as edits of this document. Containers that a diff inserts are
 * made anew, and what the diffs say of them goes to the new ones:
 *
 *      map: key -> container A      set_container()       A is A' from now on
 *      A:   insert "hi"             text of A'
 *
 * Numbers: of containers as the document has them, and from LK_STRANGER on of those it has not. */
#ifndef DOC_APPLY_H
#define DOC_APPLY_H

#include "doc/doc.h"
#include "doc/remap.h"

struct undo_lists;

typedef struct apply_order {
    const lk_diff *diffs;
    size_t len;
    lk_unit unit; /* of lengths in texts */
    const lk_str *strangers;
    size_t stranger_len;
    bool own;                       /* the diffs were made here, and not handed out */
    bool full;                      /* hidden containers that show again are told whole */
    const struct undo_lists *lists; /* movable lists that are put right by element; or NULL */
} apply_order;

enum { APPLY_HIDDEN, APPLY_ALIGNED, APPLY_BROUGHT };

typedef struct apply {
    lk_doc *doc;
    const apply_order *order;
    remap *remap;          /* what was made anew */
    remap hidden;          /* containers that show again: one of the above */
    intern strangers;      /* those that are not here */
    const uint32_t *given; /* numbers of order->strangers */
    arena memory;          /* of the call */
} apply;

/* Carry all of it out, or nothing. LK_ERANGE, LK_EKIND, LK_EVALUE, LK_EMISSING, LK_EDETACHED;
 * LK_ESPENT when memory runs out halfway. *remap grows. */
lk_status apply_diffs(lk_doc *doc, const apply_order *order, remap *remap);

/* ---- within ---- */

uint32_t apply_number(const apply *a, lk_ref ref);
/* What became of it. */
uint32_t apply_follow(const apply *a, uint32_t number);
const container_id *apply_id(const apply *a, uint32_t number);
/* The number of a tree node's data; TABLE_NONE when memory is out. */
uint32_t apply_node(apply *a, lk_id node);
/* Is it the data of a node of that tree? Which one? */
bool apply_find_node(const apply *a, const tree *t, uint32_t number, uint32_t *out);
/* A root that comes to exist when it is needed. */
bool apply_is_root(const apply *a, uint32_t number);
/* Is that movable list put right by element? */
bool apply_list_planned(const apply *a, const lk_diff *diff, uint32_t id);
/* The edits of one text or list, or of one key of a map. */
lk_status apply_text(apply *a, uint32_t id, const lk_diff *diff);
lk_status apply_list(apply *a, uint32_t id, const lk_diff *diff);
/* Of a movable list. */
lk_status apply_row(apply *a, uint32_t id, const lk_diff *diff);
/* Note the containers that a diff of it takes away and puts in again: they move. false when memory
 * is out. */
bool apply_row_moves(apply *a, uint32_t id, const lk_diff *diff, remap *moving);
lk_status apply_key(apply *a, uint32_t id, const lk_map_change *change);
/* What a diff of the number tells of goes to that container, which was just made for it. Needs room
 * in the remap. As in Loro, a counter begins with an operation that adds nothing. */
lk_status apply_adopt(apply *a, uint32_t number, lk_ref made);
/* This container shows again, with what it held. Its diff is to be aligned with that; in the end,
 * what no diff told of is emptied. */
lk_status apply_expect(apply *a, uint32_t id);
lk_status apply_align(apply *a, uint32_t id, const lk_diff *diff);
lk_status apply_align_text(apply *a, lk_ref text, const lk_diff *diff);
lk_status apply_align_rest(apply *a);
/* Would all of it fit? LK_ENOMEM too. */
lk_status apply_check(apply *a);
/* The edits of one tree. */
lk_status apply_tree(apply *a, uint32_t id, const lk_diff *diff);

#endif
