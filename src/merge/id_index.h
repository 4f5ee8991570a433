/* SPDX-License-Identifier: MIT
 * id_index.h - what became of each operation in a tracker: a run-length map from dense ids to
 * places. Inserts name the leaf where their item lives now; deletes name what they deleted.
 *
 *      ids    0..11          12..14          15          16..19
 *      run    INSERT, leaf   BACK, target 7  NOTHING     INSERT, leaf      (a B-tree by length)
 */
#ifndef MERGE_ID_INDEX_H
#define MERGE_ID_INDEX_H

#include "base/btree.h"

typedef enum id_run_kind {
    ID_NOTHING, /* not a sequence operation */
    ID_INSERT,  /* atom i is atom i of the items */
    ID_MOVE,    /* one atom: it is that of the items, and deleted target */
    ID_FORTH,   /* atom i deleted target + i */
    ID_BACK,    /* atom i deleted target + len - 1 - i */
} id_run_kind;

typedef struct id_run {
    uint32_t len;
    uint32_t kind;
    uint32_t owner;   /* tracker */
    uint32_t target;  /* deletes */
    btree_leaf *leaf; /* inserts */
} id_run;

typedef struct id_index {
    btree runs;
    uint32_t first; /* the id of the first atom */
    size_t pieces;  /* what deletes deleted, beyond one each */
    bool failed;    /* a move had no memory */
} id_index;

void id_index_init(id_index *x, const lk_memory *heap, uint32_t first);
void id_index_drop(id_index *x);
/* Begin anew with that id; keeps the memory that a small one needs. */
void id_index_clear(id_index *x, uint32_t first);
/* One past the last id. */
uint32_t id_index_end(const id_index *x);
/* Add ids at the end. false when memory is out. */
bool id_index_append(id_index *x, const id_run *run);
/* Part of the run that holds `id`, from there to its end. */
id_run id_index_at(id_index *x, uint32_t id);
/* The items of these ids live in `leaf` now. When memory is out, x->failed is set and the index is
 * only good to be dropped. */
void id_index_move(id_index *x, uint32_t id, uint32_t len, btree_leaf *leaf);
/* Traps unless the tree holds. O(n). */
void id_index_check(const id_index *x);

#endif
