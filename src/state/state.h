/* SPDX-License-Identifier: MIT
 * state.h - what a user sees: the content of every container, by the document's container numbers.
 * It can always be rebuilt by replaying the history, and never touches it.
 *
 * A container is present while some place in its parent holds it; it shows if it and everything
 * above it is present. */
#ifndef STATE_STATE_H
#define STATE_STATE_H

#include "model/step.h"
#include "state/map.h"
#include "state/movable.h"
#include "state/seq.h"
#include "state/style_index.h"
#include "state/tree.h"

typedef struct state_slot {
    container_kind kind;
    bool present;
    bool was_present;    /* before that batch */
    uint32_t batch;      /* the last watched one that placed or displaced it */
    uint32_t tally;      /* of state_prepare(): which may be about it */
    style_index *styles; /* text: made when first asked for */
    union {
        seq seq; /* text, list */
        map map;
        movable movable;
        tree tree;
        double counter;
    } as;
} state_slot;

typedef struct state {
    const lk_memory *heap;
    VEC(state_slot *) containers;
} state;

void state_init(state *s, const lk_memory *heap);
void state_drop(state *s);
/* Give the next container number a state, empty. false when memory is out. */
bool state_add(state *s, container_kind kind, bool root);
/* Containers after the first `len` are unheard of again. */
void state_rewind(state *s, size_t len);

/* The content of a container of that sort; NULL if it is of another. */
seq *state_find_seq(const state *s, uint32_t id);
/* The marks of a text, up to date; NULL when memory is out. */
const style_index *state_find_styles(state *s, uint32_t id);
map *state_find_map(const state *s, uint32_t id);
movable *state_find_movable(const state *s, uint32_t id);
tree *state_find_tree(const state *s, uint32_t id);
const double *state_find_counter(const state *s, uint32_t id);

/* Make room so that state_apply() of these steps, in this order, cannot fail. LK_ERANGE if one
 * reaches outside what its container will hold by then, or does not fit its kind; LK_ENOMEM. */
lk_status state_prepare(state *s, const step *steps, size_t len, arena *scratch);

typedef struct state_change { /* what a step did, for events */
    seq_edit edit, second;    /* texts and lists; the second one may be nothing */
    bool same;                /* movable list: what was written was there */
    bool taken;               /* map: the write won */
    bool known;               /* map: there was a write before, perhaps a deletion */
    const lk_value *before; /* map: what it wrote, NULL: a deletion; movable list: what the element
                               showed, NULL: it did not */
    tree_item tree;         /* tree, unless it records */
} state_change;

/* Is told of children that came to be present, the data of tree nodes excepted. */
typedef struct state_watch {
    uint32_t batch; /* which one this is: 1, 2.. */
    void *context;
    void (*appeared)(void *context, uint32_t container);
} state_watch;

void state_apply(state *s, const step *st, const state_watch *watch_or_null, state_change *out);
/* These were all: what was put off until the end is done. */
void state_settle(state *s, const step *steps, size_t len);
/* Does `parent`, which is a container's, still hold it? */
bool state_holds(const state *s, uint32_t parent, const container_id *child);

#endif
