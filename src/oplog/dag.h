/* SPDX-License-Identifier: MIT
 * dag.h - the causal graph. Every operation atom has a local version (lv): its number in order of
 * arrival. Arrival is causal, so a larger lv is never in the past of a smaller one, and graph
 * questions become walks down the numbers:
 *
 *      lv      0 1 2 3 | 4 5 6 | 7 8 | 9
 *      run     peer A  | B     | A   | B     a run: consecutive counters of one peer, each atom on
 *      parents -       | 3     | 3   | 6 8   the one before, the first on the run's parents
 *
 * Runs are the history's changes. Versions are told as heads: lvs none of which is in the past of
 * another.
 *
 * A history may begin late, at one operation, the root, that has all older ones in its past and is
 * itself in the past of all later ones. The older ones have lvs, so that they can be named, but no
 * runs; they and the root count as one version, and walks end there:
 *
 *      lv      0 1 2 3 4   5    | 6 7 | 8
 *      of      A A A B B   root | B   | A        begin = 5, floor = 6
 *              no runs
 *
 * Or the beginning is sealed: nobody looks into it (doc/sealed.h). It has no root then, but ends
 * with its heads, all of which whatever comes later builds on: begin = floor. */
#ifndef OPLOG_DAG_H
#define OPLOG_DAG_H

#include "base/table.h"
#include "model/id.h"

typedef uint32_t lv;
#define LV_NONE UINT32_MAX /* before everything */

typedef struct dag_run {
    lv start;
    uint32_t len;
    peer_ix peer;
    int32_t counter; /* of `start` */
    uint32_t lamport;
    uint32_t parent_start, parent_len; /* into dag.parents */
    bool self_implied; /* the last parent is the own previous op, which the deps did not name */
    bool on_top;       /* built on everything that had arrived before it */
} dag_run;

typedef struct dag_peer { /* one peer's runs, by counter */
    VEC(uint32_t) runs;
    int32_t begin; /* counters before this have no runs; they are the lvs from here on: */
    lv begin_lv;
    int32_t end; /* next counter */
} dag_peer;

typedef struct dag_sight { /* `by` knows what `of` wrote before `end`, at least */
    peer_ix by, of;
    int32_t end;
} dag_sight;

typedef struct dag_walk {
    lv at;
    uint8_t side;
} dag_walk;

typedef struct dag {
    const lk_memory *heap;
    VEC(dag_run) runs; /* by lv */
    VEC(lv) parents;
    VEC(dag_peer) peers;   /* by peer_ix; may be shorter than the intern table */
    VEC(lv) heads;         /* of everything, ascending */
    VEC(dag_walk) walk;    /* heap of the walk under way, kept for its memory */
    size_t walked;         /* the run that a walk was at last: the next one is mostly near it */
    VEC(dag_sight) sights; /* of pairs of peers that dag_sees() was asked of */
    table by_pair;
    lv begin;        /* the first lv that has a run */
    uint32_t sealed; /* the latest Lamport time before it, if that is known */
    lv floor;        /* behind the root; 0 if the history begins at the start */
    lv end;          /* next lv */
} dag;

typedef struct dag_span { /* lvs [start, end) */
    lv start, end;
} dag_span;
typedef VEC(dag_span) dag_spans;

void dag_init(dag *g, const lk_memory *heap);
void dag_drop(dag *g);

/* End counter of a peer; 0 if it wrote nothing. */
static inline int32_t dag_peer_end(const dag *g, peer_ix peer) {
    return peer < g->peers.len ? g->peers.at[peer].end : 0;
}
/* The lv of a known operation. */
lv dag_lv(const dag *g, op_id id);
/* The run that holds `at`, which is not before the beginning. */
const dag_run *dag_search_run(const dag *g, lv at);
static inline const dag_run *dag_run_of(const dag *g, lv at) { /* mostly the newest */
    const dag_run *newest = g->runs.at + g->runs.len - 1;
    return g->runs.len > 0 && newest->start <= at && at < g->end ? newest : dag_search_run(g, at);
}
op_id dag_id(const dag *g, lv at);
/* Before the beginning: the smallest it can be, or the largest if it is sealed. */
uint32_t dag_lamport(const dag *g, lv at);
/* From there on up to `at`, the counters of one peer are consecutive. */
lv dag_part_start(const dag *g, lv at);

/* Begin an empty history late: each of these peers wrote its operations before `counter`, which
 * have no runs. The root comes next, by dag_append() and dag_set_root(). false when memory is out,
 * with nothing changed but for peers that wrote nothing. */
bool dag_begin_late(dag *g, const op_id *ends, size_t len);
/* The one operation appended so far is the root. */
void dag_set_root(dag *g);
/* What was begun late ends with these heads, none of them after `lamport`. false when memory is
 * out.
 */
bool dag_seal(dag *g, const lv *heads, size_t len, uint32_t lamport);
/* The operation of a peer at a Lamport time; false if there is none. */
bool dag_find_lamport(const dag *g, peer_ix peer, uint32_t lamport, op_id *out);

/* Append a run at the end: known parents (frontiers, in any order), the counter following
 * dag_peer_end(). If the parents do not have the peer's own previous op in their past, it is added
 * as a parent. NULL when memory is out, with nothing changed. */
dag_run *dag_append(dag *g, peer_ix peer, uint32_t len, uint32_t lamport, const lv *parents,
                    uint32_t parent_len);
/* Lengthen the newest run, which holds a head, by `more` atoms. */
void dag_extend(dag *g, uint32_t more);

/* Cut the newest run, which holds a head, behind `len` atoms; what is behind becomes a run of its
 * own when it is added. Whatever is cut must be reserved for before. */
typedef struct dag_rest {
    uint32_t len;
    bool on_top;
} dag_rest;
bool dag_reserve_splits(dag *g, size_t splits);
dag_rest dag_cut_last(dag *g, uint32_t len);
void dag_add_rest(dag *g, dag_rest rest);

/* Make the newest run a part of the one before it, which it continues. */
void dag_join_last(dag *g);

typedef struct dag_mark {
    size_t runs, parents;
    lv end;
    uint32_t last_len; /* of the newest run */
} dag_mark;
dag_mark dag_save(const dag *g);
/* Forget what arrived since. `heads` are those of then: the caller kept a copy. */
void dag_rewind(dag *g, dag_mark mark, const lv *heads, size_t head_len);

/* Is `at` in the past of `heads`, or one of them? false when memory is out. */
bool dag_contains(dag *g, const lv *heads, size_t len, lv at, bool *out);
/* Has another peer's operation arrived, and has the newest run it in its past? Remembers what is
 * found, as a peer knows for good: only the first question of a pair of peers walks far, to the
 * newest run of the one that the other knows. false when memory is out. */
bool dag_sees(dag *g, const dag_run *run, op_id id, bool *out);
/* Is it one of these heads, which ascend? O(log n). */
bool dag_is_among(const lv *heads, size_t len, lv at);

/* What only the past of `a` has, and only that of `b`: spans in descending order. O(difference).
 * false when memory is out. */
bool dag_diff(dag *g, const lv *a, size_t a_len, const lv *b, size_t b_len, dag_spans *only_a,
              dag_spans *only_b);

/* The newest atom that both `a` and `b` have in their past, such that whatever they know beside its
 * past has it in its own; LV_NONE if there is none. false when memory is out. */
bool dag_base(dag *g, const lv *a, size_t a_len, const lv *b, size_t b_len, lv *out);

#endif
