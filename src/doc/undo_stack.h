/* SPDX-License-Identifier: MIT
 * undo_stack.h - steps that can be undone, and what others did between them.
 *
 *      bottom  [step 1] others [step 2] others [step 3] others      the present
 *
 * What others did to texts and lists is kept as lengths: undoing is carried past it, and only needs
 * to know where it was. When the last step goes, what others did since goes to the step before, as
 * if the step had never been. */
#ifndef DOC_UNDO_STACK_H
#define DOC_UNDO_STACK_H

#include "doc/patch.h"

typedef struct undo_part { /* a step of a delta without content */
    lk_delta_kind kind;
    uint32_t len;
} undo_part;
typedef VEC(undo_part) undo_parts;

typedef struct undo_place { /* a container that others changed */
    uint32_t container;
    lk_kind kind;
    undo_parts parts; /* text, list, movable list */
} undo_place;

typedef struct undo_item {
    int32_t start, end; /* own operations */
    uint8_t *note;
    size_t note_len;
    VEC(undo_place) others; /* since, and before the next step */
} undo_item;

typedef struct undo_stack {
    const lk_memory *heap;
    VEC(undo_item) items;
} undo_stack;

void undo_stack_clear(undo_stack *s);
void undo_stack_drop(undo_stack *s);
undo_item *undo_stack_top(const undo_stack *s); /* NULL: it is empty */
/* A new step on top. Needs room in s->items. */
void undo_stack_push(undo_stack *s, int32_t start, int32_t end);
/* Let what others did since the step below the top be since the top. */
void undo_stack_lift(undo_stack *s);
/* Take the step on top, or the one at the bottom, away, and what others did since. */
void undo_stack_pop(undo_stack *s);
void undo_stack_trim(undo_stack *s);
/* Others did this, after the step on top. false when memory is out: the step is void then. */
bool undo_stack_others(undo_stack *s, const lk_diff *diffs, size_t len);
/* What others did since the step on top, as a patch without content. */
bool undo_stack_tell(const undo_stack *s, patch *out);
/* Forget them. */
void undo_item_empty(const undo_stack *s, undo_item *item);
/* Did others change that container since? */
bool undo_item_changed(const undo_item *item, uint32_t container);

#endif
