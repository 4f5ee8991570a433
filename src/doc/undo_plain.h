/* SPDX-License-Identifier: MIT
 * undo_plain.h - steps that the history alone can undo: typing in one text that was never styled,
 * editing one list of plain values, counting. Any other step is undone by letting the state show
 * what was before it, which costs what happened since. (So is a deletion of containers in a list.)
 */
#ifndef DOC_UNDO_PLAIN_H
#define DOC_UNDO_PLAIN_H

#include "doc/doc.h"

typedef struct undo_plain { /* what a step's operations have in common */
    uint32_t container;
    bool holds; /* they are all plain, and of that container */
} undo_plain;

undo_plain undo_plain_new(void);
/* Add operations. */
void undo_plain_gather(undo_plain *p, const lk_doc *doc, lv start, lv end);
/* What leads from one version to another one before it, between which are plain operations only:
 * *len diffs, 0 or 1. LK_EMISSING: only the state can tell; LK_ECORRUPT, LK_ENOMEM. O(what lies
 * between). */
lk_status undo_plain_diff(lk_doc *doc, lk_ids from, lk_ids to, arena *memory, lk_diff *out,
                          size_t *len);
/* The state told `diffs` of the same: let texts and lists among them that are plain come and go in
 * the order in which history has it. LK_ECORRUPT, LK_ENOMEM. Cost likewise. */
lk_status undo_plain_order(lk_doc *doc, lk_ids from, lk_ids to, arena *memory, lk_diff *diffs,
                           size_t len);

#endif
