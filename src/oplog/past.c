/* SPDX-License-Identifier: MIT
 * past.c - ids are looked up in the graph, and what was made there among the operations. Of what is
 * older than the history nothing more is known than that. */
#include "oplog/past.h"

#include "oplog/mergeable.h"

/* Is `id` in the past of an operation of `run`, the newest? */
static lk_status past_knows(oplog *log, const dag_run *run, const op *o, op_id id, bool *out) {
    *out = id.counter < o->counter;
    if (id.peer == run->peer) return LK_OK;
    return dag_sees(&log->graph, run, id, out) ? LK_OK : LK_ENOMEM;
}

/* Was the container of `o` made in its past? Then containers nest without cycles, and whoever has
 * the past of `o` can take it. */
static lk_status past_container(oplog *log, const dag_run *run, const op *o, bool *out) {
    const container_id *id = &log->names.containers.at[o->container].id;
    op_id made = {id->peer, id->counter};
    uint64_t wide;
    *out = false;
    if (mergeable_base(id, &wide, &made.counter)) {
        made.peer = intern_find_peer(&log->names, wide);
        if (made.peer == TABLE_NONE) return LK_OK;
    } else if (id->root) {
        *out = true;
        return LK_OK;
    }
    return past_knows(log, run, o, made, out);
}

/* Was the element of a movable list that `o` moves or sets inserted there in its past? What is
 * older than the history is believed. */
static lk_status past_elem(oplog *log, const dag_run *run, const op *o, bool *out) {
    const dag *g = &log->graph;
    peer_ix peer = o->kind == OP_SET ? o->as.set.elem_peer : o->as.move.elem_peer;
    uint32_t lamport = o->kind == OP_SET ? o->as.set.elem_lamport : o->as.move.elem_lamport;
    *out = false;
    if (peer >= g->peers.len) return LK_OK;
    const dag_peer *p = &g->peers.at[peer];
    op_id made;
    if (!dag_find_lamport(g, peer, lamport, &made)) {
        *out = p->begin > 0 && (p->runs.len == 0 || lamport < g->runs.at[p->runs.at[0]].lamport);
        return LK_OK;
    }
    lk_status status = past_knows(log, run, o, made, out);
    if (status != LK_OK || !*out) return status;
    const op *insert = oplog_op(log, dag_lv(g, made));
    *out = insert->kind == OP_LIST_INSERT && insert->container == o->container;
    return LK_OK;
}

/* Was the node of `o` made in its past, by an operation on the same tree? Then its data is no
 * container of another place, which might hold this tree. */
static lk_status past_node(oplog *log, const dag_run *run, const op *o, bool *out) {
    const dag *g = &log->graph;
    op_id made = o->as.tree->node;
    container_id id = container_of_node(made);
    *out = made.peer == run->peer && made.counter == o->counter;
    if (*out || made.peer >= g->peers.len) return LK_OK;
    lk_status status = past_knows(log, run, o, made, out);
    if (status != LK_OK || !*out) return status;
    uint32_t data = intern_find_container(&log->names, &id);
    bool left_out = data == TABLE_NONE && dag_lv(g, made) < g->floor; /* deleted before the root */
    if (left_out && (data = oplog_node(log, made, o->container)) == TABLE_NONE) return LK_ENOMEM;
    *out = data != TABLE_NONE && log->names.containers.at[data].parent == o->container;
    return LK_OK;
}

lk_status past_check(oplog *log, const dag_run *run, const op *o, const char **what) {
    bool known;
    lk_status status = past_container(log, run, o, &known);
    if (status == LK_OK && !known) {
        *what = "operation in a container that is not made yet";
        return LK_ECORRUPT;
    }
    if (status == LK_OK && (o->kind == OP_SET || o->kind == OP_MOVE))
        status = past_elem(log, run, o, &known);
    if (status == LK_OK && o->kind == OP_TREE) status = past_node(log, run, o, &known);
    if (status != LK_OK || known) return status;
    *what = o->kind == OP_TREE ? "node is not of the tree" : "element is not in the list";
    return LK_ECORRUPT;
}
