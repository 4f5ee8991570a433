/* SPDX-License-Identifier: MIT
 * merge.c - moves the standing version, plays operations in, and keeps or drops the trackers. */
#include "merge/merge.h"

/* Trackers shorter than this are kept anyway. */
#define MERGE_KEEP 1024u

void merge_init(merge *m, oplog *log) {
    *m = (merge){.heap = log->heap, .log = log};
    id_index_init(&m->by_lv, m->heap, 0);
}

static void merge_forget(merge *m) {
    for (size_t i = 0; i < m->trackers.len; i++) {
        tracker_drop(m->trackers.at[i]);
        mem_free(m->heap, m->trackers.at[i], sizeof(tracker));
    }
    m->trackers.len = m->by_container.len = 0;
    id_index_drop(&m->by_lv);
    m->live = false;
}

void merge_drop(merge *m) {
    merge_forget(m);
    vec_drop(m->heap, &m->trackers);
    vec_drop(m->heap, &m->by_container);
    vec_drop(m->heap, &m->retreat);
    vec_drop(m->heap, &m->advance);
    vec_drop(m->heap, &m->cuts);
}

void merge_settle(merge *m) {
    if (!m->live) return;
    lv first = m->base == LV_NONE ? 0 : m->base + 1;
    lv quiet = m->log->graph.end - m->concurrent;
    bool stale = quiet > MERGE_KEEP && quiet > m->concurrent - first;
    if (stale || m->by_lv.failed) merge_forget(m);
}

static container_kind merge_kind(const merge *m, const op *o) {
    return m->log->names.containers.at[o->container].id.kind;
}

/* Is it an operation on a sequence that has a state here? */
static bool merge_tracks(const merge *m, const op *o) {
    container_kind kind = merge_kind(m, o);
    switch (o->kind) {
    case OP_TEXT_INSERT:
    case OP_MARK_START:
    case OP_MARK_END: return kind == LK_TEXT;
    case OP_LIST_INSERT: return kind == LK_LIST || kind == LK_MOVABLE_LIST;
    case OP_DELETE: return kind == LK_TEXT || kind == LK_LIST || kind == LK_MOVABLE_LIST;
    case OP_MOVE: return kind == LK_MOVABLE_LIST;
    default: return false;
    }
}

/* Is it an operation whose effect does not depend on what else its author saw? */
static bool merge_writes(const merge *m, const op *o) {
    container_kind kind = merge_kind(m, o);
    switch (o->kind) {
    case OP_MAP_SET:
    case OP_MAP_DELETE: return kind == LK_MAP;
    case OP_SET: return kind == LK_MOVABLE_LIST;
    case OP_TREE: return kind == LK_TREE;
    case OP_COUNTER: return kind == LK_COUNTER;
    default: return false;
    }
}

/* The tracker of a container, made when first needed; NULL when memory is out. */
static tracker *merge_tracker(merge *m, uint32_t container) {
    if (container >= m->by_container.len) {
        size_t more = container + 1 - m->by_container.len;
        if (!vec_reserve(m->heap, &m->by_container, more)) return NULL;
        __builtin_memset(m->by_container.at + m->by_container.len, 0,
                         more * sizeof *m->by_container.at);
        m->by_container.len += more;
    }
    uint32_t number = m->by_container.at[container];
    if (number > 0) return m->trackers.at[number - 1];
    if (!vec_reserve(m->heap, &m->trackers, 1)) return NULL;
    tracker *fresh = mem_alloc(m->heap, sizeof *fresh);
    if (fresh == NULL) return NULL;
    bool ready = tracker_init(fresh, m->log, &m->by_lv, (uint32_t)m->trackers.len);
    m->trackers.at[m->trackers.len++] = fresh;
    if (!ready) return NULL;
    m->by_container.at[container] = (uint32_t)m->trackers.len;
    return fresh;
}

/* ---- what an operation says ---- */

/* Entity position of an insert. A style's end says nothing itself: its start does. */
static uint32_t merge_insert_pos(const merge *m, const op *o, const dag_run *run) {
    switch (o->kind) {
    case OP_TEXT_INSERT: return o->as.insert.pos;
    case OP_LIST_INSERT: return o->as.list.pos;
    case OP_MARK_START: return o->as.mark.start;
    case OP_MOVE: return o->as.move.to;
    default: {
        op_id start = {run->peer, o->counter - 1};
        return oplog_op(m->log, dag_lv(&m->log->graph, start))->as.mark.end + 1;
    }
    }
}

/* A step of that operation, with its id and Lamport time. */
static step merge_step(const merge *m, const op *o, const dag_run *run, step_kind kind) {
    return (step){.kind = kind,
                  .container = o->container,
                  .len = o->len,
                  .id = {run->peer, o->counter},
                  .lamport = run->lamport + (uint32_t)(o->counter - run->counter),
                  .peer_wide = m->log->names.peers.at[run->peer]};
}

static step merge_insert_step(const merge *m, const op *o, const dag_run *run, uint32_t pos) {
    step s = merge_step(m, o, run, o->kind == OP_MOVE ? STEP_PLACE : STEP_INSERT);
    s.pos = pos;
    if (o->kind == OP_TEXT_INSERT) {
        s.data = o->as.insert.text;
        s.bytes = o->as.insert.bytes;
    } else if (o->kind == OP_LIST_INSERT) {
        s.data = o->as.list.values;
    } else if (o->kind == OP_MOVE) {
        s.as.elem = (step_elem){o->as.move.elem_peer, o->as.move.elem_lamport};
    }
    return s;
}

static step merge_delete_step(const op *o, uint32_t pos, uint32_t len) {
    return (step){.kind = STEP_DELETE, .container = o->container, .pos = pos, .len = len};
}

static step merge_tree_step(const merge *m, const op *o, const dag_run *run) {
    step s = merge_step(m, o, run, STEP_TREE);
    container_id meta = {
        .kind = LK_MAP, .peer = o->as.tree.node.peer, .counter = o->as.tree.node.counter};
    s.as.tree = (step_node){.node = o->as.tree.node,
                            .parent = o->as.tree.parent,
                            .has_parent = o->as.tree.has_parent,
                            .deletes = o->as.tree.deletes,
                            .position = o->as.tree.position,
                            .meta = intern_find_container(&m->log->names, &meta)};
    return s;
}

static step merge_write_step(const merge *m, const op *o, const dag_run *run) {
    step s;
    switch (o->kind) {
    case OP_SET:
        s = merge_step(m, o, run, STEP_SET);
        s.data = o->as.set.value;
        s.as.elem = (step_elem){o->as.set.elem_peer, o->as.set.elem_lamport};
        return s;
    case OP_TREE: return merge_tree_step(m, o, run);
    case OP_COUNTER:
        s = merge_step(m, o, run, STEP_COUNT);
        s.as.count = o->as.delta;
        return s;
    default:
        s = merge_step(m, o, run, STEP_MAP);
        s.key = o->as.map.key;
        s.data = o->as.map.value;
        return s;
    }
}

static bool merge_emit(merge *m, step_list *out, const step *s) {
    step *fresh = vec_push(m->heap, out);
    if (fresh != NULL) *fresh = *s;
    return fresh != NULL;
}

static bool merge_emit_write(merge *m, const op *o, const dag_run *run, step_list *out) {
    step s = merge_write_step(m, o, run);
    return merge_emit(m, out, &s);
}

/* First position of a delete; false if it reaches below 0. */
static bool merge_delete_pos(const op *o, uint32_t *pos) {
    *pos = o->as.del.pos;
    if (!o->as.del.reversed) return true;
    if (*pos + 1 < o->len) return false;
    *pos = *pos + 1 - o->len;
    return true;
}

/* ---- operations made on everything there is ---- */

static lk_status merge_direct(merge *m, const op *o, const dag_run *run, step_list *out) {
    if (merge_writes(m, o)) return merge_emit_write(m, o, run, out) ? LK_OK : LK_ENOMEM;
    if (!merge_tracks(m, o)) return LK_OK;
    step s;
    uint32_t pos;
    if (o->kind == OP_DELETE) {
        if (!merge_delete_pos(o, &pos)) return LK_ERANGE;
        s = merge_delete_step(o, pos, o->len);
        return merge_emit(m, out, &s) ? LK_OK : LK_ENOMEM;
    }
    if (o->kind == OP_MOVE) {
        s = merge_delete_step(o, o->as.move.from, 1);
        if (!merge_emit(m, out, &s)) return LK_ENOMEM;
    }
    s = merge_insert_step(m, o, run, merge_insert_pos(m, o, run));
    return merge_emit(m, out, &s) ? LK_OK : LK_ENOMEM;
}

/* ---- operations made elsewhere ---- */

static lk_status merge_emit_cuts(merge *m, const op *o, step_list *out) {
    for (size_t i = 0; i < m->cuts.len && out != NULL; i++) {
        step s = merge_delete_step(o, m->cuts.at[i].pos, m->cuts.at[i].len);
        if (!merge_emit(m, out, &s)) return LK_ENOMEM;
    }
    return LK_OK;
}

static lk_status merge_play_delete(merge *m, tracker *t, const op *o, step_list *out) {
    uint32_t pos;
    if (!merge_delete_pos(o, &pos)) return LK_ERANGE;
    m->cuts.len = 0;
    lk_status status = tracker_delete(t, pos, o->len, o->as.del.reversed, &m->cuts);
    return status == LK_OK ? merge_emit_cuts(m, o, out) : status;
}

/* Play in an operation at the standing version, which must be where it was made. */
static lk_status merge_play(merge *m, const op *o, lv at, const dag_run *run, step_list *out) {
    if (!merge_tracks(m, o)) {
        id_run nothing = {.len = o->len, .kind = ID_NOTHING};
        if (!id_index_append(&m->by_lv, &nothing)) return LK_ENOMEM;
        if (out == NULL || !merge_writes(m, o)) return LK_OK;
        return merge_emit_write(m, o, run, out) ? LK_OK : LK_ENOMEM;
    }
    tracker *t = merge_tracker(m, o->container);
    if (t == NULL) return LK_ENOMEM;
    if (o->kind == OP_DELETE) return merge_play_delete(m, t, o, out);
    uint32_t pos = merge_insert_pos(m, o, run), merged;
    m->cuts.len = 0;
    lk_status status = o->kind == OP_MOVE
                           ? tracker_move(t, o->as.move.from, pos, at, &m->cuts, &merged)
                           : tracker_insert(t, pos, at, o->len, &merged);
    if (status == LK_OK) status = merge_emit_cuts(m, o, out);
    if (status != LK_OK || out == NULL) return status;
    step s = merge_insert_step(m, o, run, merged);
    return merge_emit(m, out, &s) ? LK_OK : LK_ENOMEM;
}

/* Play in an operation that knew everything and has been done, behind the back of the standing
 * version. */
static lk_status merge_play_merged(merge *m, const op *o, lv at, const dag_run *run) {
    if (!merge_tracks(m, o)) return merge_play(m, o, at, run, NULL);
    tracker *t = merge_tracker(m, o->container);
    if (t == NULL) return LK_ENOMEM;
    if (o->kind == OP_MOVE) return tracker_move_merged(t, o->as.move.from, o->as.move.to, at);
    if (o->kind != OP_DELETE)
        return tracker_insert_merged(t, merge_insert_pos(m, o, run), at, o->len);
    uint32_t pos;
    if (!merge_delete_pos(o, &pos)) return LK_ERANGE;
    return tracker_delete_merged(t, pos, o->len, o->as.del.reversed);
}

/* ---- moving the standing version ---- */

static lk_status merge_know(merge *m, dag_span span, bool known) {
    for (lv at = span.start; at < span.end;) {
        id_run run = id_index_at(&m->by_lv, at);
        uint32_t len = run.len < span.end - at ? run.len : span.end - at;
        lk_status status = LK_OK;
        if (run.kind == ID_INSERT || run.kind == ID_MOVE)
            status = tracker_show(m->trackers.at[run.owner], at, len, known);
        if (run.kind == ID_MOVE && status == LK_OK)
            status = tracker_hide(m->trackers.at[run.owner], run.target, 1, known);
        else if (run.kind == ID_FORTH)
            status = tracker_hide(m->trackers.at[run.owner], run.target, len, known);
        else if (run.kind == ID_BACK)
            status =
                tracker_hide(m->trackers.at[run.owner], run.target + run.len - len, len, known);
        if (status != LK_OK) return status;
        at += len;
    }
    return LK_OK;
}

/* Difference between the standing version and a set of heads; *reaches: the trackers reach back
 * that far. */
static lk_status merge_difference(merge *m, const lv *heads, size_t len, bool *reaches) {
    size_t here_len = m->here == LV_NONE ? 0 : 1;
    if (!dag_diff(&m->log->graph, &m->here, here_len, heads, len, &m->retreat, &m->advance))
        return LK_ENOMEM;
    /* Spans descend: if a version does not know the base, the last one to take back reaches below
     * it. */
    *reaches = m->base == LV_NONE || m->retreat.len == 0 ||
               m->retreat.at[m->retreat.len - 1].start > m->base;
    return LK_OK;
}

static lk_status merge_move(merge *m) {
    for (size_t i = 0; i < m->retreat.len; i++) {
        lk_status status = merge_know(m, m->retreat.at[i], false);
        if (status != LK_OK) return status;
    }
    for (size_t i = 0; i < m->advance.len; i++) {
        lk_status status = merge_know(m, m->advance.at[i], true);
        if (status != LK_OK) return status;
    }
    return LK_OK;
}

/* The heads an atom was made on: its run's parents, or the atom before it. */
static const lv *merge_parents(const merge *m, const dag_run *run, lv at, lv *before, size_t *len) {
    *before = at - 1;
    *len = at > run->start ? 1 : run->parent_len;
    return at > run->start ? before : m->log->graph.parents.at + run->parent_start;
}

/* Play in the part of a run that begins at `start`, where it was made. */
static lk_status merge_run_here(merge *m, const dag_run *run, lv start, lv end, step_list *out) {
    lv before;
    size_t len;
    const lv *parents = merge_parents(m, run, start, &before, &len);
    if (len != 1 || parents[0] != m->here) {
        bool reaches;
        lk_status status = merge_difference(m, parents, len, &reaches);
        if (status == LK_OK) {
            LK_ASSERT(reaches);
            status = merge_move(m);
        }
        if (status != LK_OK) return status;
    }
    oplog_walk w = oplog_walk_new(m->log, start, end);
    op o;
    lv at;
    const dag_run *same;
    while (oplog_walk_next(&w, &o, &at, &same)) {
        lk_status status = merge_play(m, &o, at, same, out);
        if (status != LK_OK) return status;
    }
    m->here = end - 1;
    m->upto = end;
    return LK_OK;
}

static lk_status merge_run_merged(merge *m, lv start, lv end) {
    oplog_walk w = oplog_walk_new(m->log, start, end);
    op o;
    lv at;
    const dag_run *run;
    while (oplog_walk_next(&w, &o, &at, &run)) {
        lk_status status = merge_play_merged(m, &o, at, run);
        if (status != LK_OK) return status;
    }
    m->upto = end;
    return LK_OK;
}

/* Play in what has been done since, up to `end`. */
static lk_status merge_catch_up(merge *m, lv end) {
    while (m->upto < end) {
        const dag_run *run = dag_run_of(&m->log->graph, m->upto);
        lv run_end = run->start + run->len, stop = run_end < end ? run_end : end;
        lv before;
        size_t len;
        const lv *parents = merge_parents(m, run, m->upto, &before, &len);
        bool stands = len == 1 && parents[0] == m->here;
        lk_status status = run->on_top && !stands ? merge_run_merged(m, m->upto, stop)
                                                  : merge_run_here(m, run, m->upto, stop, NULL);
        if (status != LK_OK) return status;
    }
    return LK_OK;
}

/* Trackers that reach back to where `heads` are concurrent with the rest. */
static lk_status merge_begin(merge *m, const lv *heads, size_t len) {
    merge_forget(m);
    if (!dag_base(&m->log->graph, heads, len, &m->base)) return LK_ENOMEM;
    m->here = m->base;
    m->upto = m->concurrent = m->base == LV_NONE ? 0 : m->base + 1;
    id_index_init(&m->by_lv, m->heap, m->upto);
    m->live = true;
    return LK_OK;
}

static lk_status merge_concurrent(merge *m, const dag_run *run, lv start, lv end, step_list *out) {
    lv before;
    size_t len;
    const lv *parents = merge_parents(m, run, start, &before, &len);
    bool reaches = m->live;
    lk_status status = LK_OK;
    if (m->live) status = merge_difference(m, parents, len, &reaches);
    if (status == LK_OK && !reaches) status = merge_begin(m, parents, len);
    if (status == LK_OK) status = merge_catch_up(m, start);
    if (status == LK_OK) status = merge_run_here(m, run, start, end, out);
    m->concurrent = end;
    return status;
}

static lk_status merge_run(merge *m, const dag_run *run, lv start, step_list *out) {
    lv end = run->start + run->len;
    if (!run->on_top) return merge_concurrent(m, run, start, end, out);
    oplog_walk w = oplog_walk_new(m->log, start, end);
    op o;
    lv at;
    const dag_run *same;
    while (oplog_walk_next(&w, &o, &at, &same)) {
        lk_status status = merge_direct(m, &o, same, out);
        if (status != LK_OK) return status;
    }
    return LK_OK;
}

lk_status merge_plan(merge *m, lv start, step_list *out, const char **what) {
    lk_status status = LK_OK;
    while (start < m->log->graph.end && status == LK_OK) {
        const dag_run *run = dag_run_of(&m->log->graph, start);
        status = merge_run(m, run, start, out);
        start = run->start + run->len;
    }
    if (status == LK_OK) {
        merge_settle(m);
        return LK_OK;
    }
    merge_forget(m);
    if (status != LK_ERANGE) return status;
    *what = "operation reaches outside what its author could see";
    return LK_ECORRUPT;
}
