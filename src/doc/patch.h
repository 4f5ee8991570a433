/* SPDX-License-Identifier: MIT
 * patch.h - the algebra of diffs, which undo is made of. A patch is a diff for each of some
 * containers, of one version of them.
 *
 *      compose     v0 -- p --> v1 -- q --> v2      p becomes: v0 --> v2
 *
 *      transform   v0 -- p --> .                   p becomes: v1 --> ., with the same effect
 *                     `- q --> v1
 *
 * Lengths are those in code points: what is cut has no others. Diffs and what they point to lie in
 * the patch's arena, or are views of other diffs. */
#ifndef DOC_PATCH_H
#define DOC_PATCH_H

#include "doc/remap.h"

typedef struct patch {
    arena *memory;
    const remap *remap; /* containers that were made anew: diffs of both are diffs of one */
    lk_diff *at;
    size_t len, cap;
} patch;

/* What is said of one container, whatever it became since; NULL: nothing. */
lk_diff *patch_find(const patch *p, lk_ref target);
/* Append diffs of v1 to a patch. false when memory is out: the patch is void then. */
bool patch_compose(patch *p, const lk_diff *diffs, size_t len);
/* Let the patch come after diffs of v0. Where both say something it stands: its inserts come first,
 * its writes and moves count. */
bool patch_transform(patch *p, const lk_diff *over, size_t len);

typedef struct patch_steps { /* a delta being written */
    arena *memory;
    lk_delta *at;
    size_t len, cap;
} patch_steps;

/* Append a step to a delta; one that goes on where the last left off may join it. */
bool patch_steps_push(patch_steps *out, const lk_delta *step);
/* The same for one delta; `first` says whose inserts come first where both insert. What was
 * composed may hold deletes side by side. */
bool patch_steps_compose(patch_steps *out, const lk_diff *a, const lk_diff *b);
bool patch_steps_transform(patch_steps *out, const lk_diff *a, const lk_diff *b, bool first);

#endif
