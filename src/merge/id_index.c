/* SPDX-License-Identifier: MIT
 * id_index.c - a B-tree of runs, its only metric their length. */
#include "merge/id_index.h"

static btree_sums id_run_measure(const void *item) {
    return (btree_sums){{((const id_run *)item)->len}};
}

static const btree_class id_index_class = {.item_len = sizeof(id_run)};

void id_index_init(id_index *x, const lk_memory *heap, uint32_t first) {
    btree_init(&x->runs, &id_index_class, heap, NULL);
    id_index_clear(x, first);
}

void id_index_clear(id_index *x, uint32_t first) {
    btree_clear(&x->runs);
    x->first = first;
    x->pieces = 0;
    x->failed = false;
}

void id_index_drop(id_index *x) { btree_drop(&x->runs); }

uint32_t id_index_end(const id_index *x) { return x->first + x->runs.total.by[0]; }

/* Is `b`, right after `a`, more of the same? */
static bool id_run_joins(const id_run *a, const id_run *b) {
    if (a->kind != b->kind || a->owner != b->owner) return false;
    switch (a->kind) {
    case ID_NOTHING: return true;
    case ID_INSERT: return a->leaf == b->leaf;
    case ID_FORTH: return a->target + a->len == b->target;
    default: return false;
    }
}

static void id_index_resize(id_index *x, btree_pos pos, uint32_t len) {
    id_run *run = btree_item(&x->runs, pos);
    run->len = len;
    btree_changed(&x->runs, pos, id_run_measure(run));
}

bool id_index_append(id_index *x, const id_run *run) {
    if (!btree_reserve(&x->runs, 1)) return false;
    btree_pos end = btree_end(&x->runs), last = end;
    if (btree_prev(&x->runs, &last)) {
        const id_run *before = btree_item(&x->runs, last);
        if (id_run_joins(before, run)) {
            id_index_resize(x, last, before->len + run->len);
            return true;
        }
    }
    btree_insert(&x->runs, end, run, id_run_measure(run));
    return true;
}

/* The run without its first `skip` atoms. */
static id_run id_run_tail(const id_run *run, uint32_t skip) {
    id_run tail = *run;
    tail.len -= skip;
    if (run->kind == ID_FORTH) tail.target += skip;
    return tail;
}

id_run id_index_at(id_index *x, uint32_t id) {
    btree_sums rank;
    btree_pos pos = btree_find_near(&x->runs, 0, id - x->first, &rank);
    LK_ASSERT(!btree_at_end(&x->runs, pos));
    return id_run_tail(btree_item(&x->runs, pos), id - x->first - rank.by[0]);
}

/* Cut the run at `pos` so that a new one starts after `skip` of its atoms; where that is. */
static btree_pos id_index_cut(id_index *x, btree_pos pos, uint32_t skip) {
    const id_run *run = btree_item(&x->runs, pos);
    id_run tail = id_run_tail(run, skip);
    LK_ASSERT(run->kind == ID_INSERT);
    id_index_resize(x, pos, skip);
    btree_next(&x->runs, &pos);
    return btree_insert(&x->runs, pos, &tail, id_run_measure(&tail));
}

void id_index_move(id_index *x, uint32_t id, uint32_t len, btree_leaf *leaf) {
    btree_sums rank;
    if (x->failed) return;
    btree_pos pos = btree_find_near(&x->runs, 0, id - x->first, &rank);
    uint32_t skip = id - x->first - rank.by[0];
    while (len > 0) {
        id_run *run = btree_item(&x->runs, pos);
        uint32_t have = run->len - skip, step = have < len ? have : len;
        if (run->leaf != leaf) {
            if (!btree_reserve(&x->runs, 2)) {
                x->failed = true;
                return;
            }
            if (skip > 0) pos = id_index_cut(x, pos, skip);
            if (step < have) {
                /* the first part moves: cut behind it, then come back to it */
                pos = id_index_cut(x, pos, step);
                btree_prev(&x->runs, &pos);
            }
            ((id_run *)btree_item(&x->runs, pos))->leaf = leaf;
        }
        skip = 0;
        len -= step;
        btree_next(&x->runs, &pos);
    }
}

void id_index_check(const id_index *x) { btree_check(&x->runs, id_run_measure); }
