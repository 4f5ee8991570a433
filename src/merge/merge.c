/* SPDX-License-Identifier: MIT
 * merge.c - moves the standing version, plays operations in, and keeps or drops the trackers. */
#include "merge/merge.h"

#include "base/limits.h"

/* Trackers shorter than this are kept anyway. */
#define MERGE_KEEP 1024u

void merge_init(merge *m, oplog *log) {
    *m = (merge){.heap = log->heap, .log = log};
    player_init(&m->player, log);
}

void merge_forget(merge *m) {
    player_forget(&m->player);
    m->live = false;
}

void merge_drop(merge *m) {
    player_drop(&m->player);
    m->live = false;
}

void merge_settle(merge *m) {
    if (!m->live) return;
    lv first = m->player.base == LV_NONE ? 0 : m->player.base + 1;
    lv quiet = m->log->graph.end - m->concurrent;
    bool stale = quiet > MERGE_KEEP && quiet > m->concurrent - first;
    if (stale || m->player.by_lv.failed) merge_forget(m);
}

static bool merge_add_write(merge *m, const op *o, const dag_run *run, step_list *out) {
    step s = steps_write(m->log, o, run);
    return steps_add(m->heap, out, &s);
}

/* ---- operations made on everything there is ---- */

static lk_status merge_direct(merge *m, const op *o, const dag_run *run, step_list *out) {
    if (steps_writes(m->log, o)) return merge_add_write(m, o, run, out) ? LK_OK : LK_ENOMEM;
    if (!player_tracks(&m->player, o)) return LK_OK;
    step s;
    uint32_t pos;
    if (o->kind == OP_DELETE) {
        if (!player_delete_pos(o, &pos)) return LK_ERANGE;
        s = steps_delete(o, pos, o->len);
        return steps_add(m->heap, out, &s) ? LK_OK : LK_ENOMEM;
    }
    if (o->kind == OP_MOVE) {
        s = steps_delete(o, o->as.move.from, 1);
        if (!steps_add(m->heap, out, &s)) return LK_ENOMEM;
    }
    s = steps_insert(m->log, o, run, player_insert_pos(o));
    return steps_add(m->heap, out, &s) ? LK_OK : LK_ENOMEM;
}

/* ---- operations made elsewhere ---- */

static lk_status merge_emit_cuts(merge *m, const op *o, step_list *out) {
    for (size_t i = 0; i < m->player.cuts.len && out != NULL; i++) {
        step s = steps_delete(o, m->player.cuts.at[i].pos, m->player.cuts.at[i].len);
        if (!steps_add(m->heap, out, &s)) return LK_ENOMEM;
    }
    return LK_OK;
}

/* Play in an operation at the standing version, which must be where it was made. */
static lk_status merge_play(merge *m, const op *o, lv at, const dag_run *run, step_list *out) {
    if (!player_tracks(&m->player, o)) {
        if (!player_skip(&m->player, o->len)) return LK_ENOMEM;
        if (out == NULL || !steps_writes(m->log, o)) return LK_OK;
        return merge_add_write(m, o, run, out) ? LK_OK : LK_ENOMEM;
    }
    uint32_t merged;
    lk_status status = player_play(&m->player, o, at, &merged);
    if (status == LK_OK) status = merge_emit_cuts(m, o, out);
    if (status != LK_OK || out == NULL || o->kind == OP_DELETE) return status;
    step s = steps_insert(m->log, o, run, merged);
    s.behind = player_find(&m->player, o->container)->behind;
    return steps_add(m->heap, out, &s) ? LK_OK : LK_ENOMEM;
}

static lk_status merge_check_cost(const merge *m) {
    return m->player.by_lv.pieces > LIMIT_MERGE_PIECES ? LK_ELIMIT : LK_OK;
}

/* Play in the part of a run that begins at `start`, where it was made. */
static lk_status merge_run_here(merge *m, const dag_run *run, lv start, lv end, step_list *out) {
    lv before;
    size_t len;
    const lv *parents = player_parents(m->log, run, start, &before, &len);
    if (!player_stands_on(&m->player, parents, len)) {
        bool reaches;
        lk_status status = player_aim(&m->player, parents, len, &reaches);
        if (status == LK_OK) {
            LK_ASSERT(reaches);
            status = player_move(&m->player);
        }
        if (status != LK_OK) return status;
    }
    oplog_walk w = oplog_walk_new(m->log, start, end);
    op o;
    lv at;
    const dag_run *same;
    while (oplog_walk_next(&w, &o, &at, &same)) {
        lk_status status = merge_play(m, &o, at, same, out);
        if (status == LK_OK) status = merge_check_cost(m);
        if (status != LK_OK) return status;
    }
    lv last = end - 1;
    m->upto = end;
    return player_stand(&m->player, &last, 1) ? LK_OK : LK_ENOMEM;
}

static lk_status merge_run_merged(merge *m, lv start, lv end) {
    oplog_walk w = oplog_walk_new(m->log, start, end);
    op o;
    lv at;
    const dag_run *run;
    while (oplog_walk_next(&w, &o, &at, &run)) {
        lk_status status = player_tracks(&m->player, &o) ? player_play_merged(&m->player, &o, at)
                                                         : merge_play(m, &o, at, run, NULL);
        if (status == LK_OK) status = merge_check_cost(m);
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
        const lv *parents = player_parents(m->log, run, m->upto, &before, &len);
        bool stands = player_stands_on(&m->player, parents, len);
        lk_status status = run->on_top && !stands ? merge_run_merged(m, m->upto, stop)
                                                  : merge_run_here(m, run, m->upto, stop, NULL);
        if (status != LK_OK) return status;
    }
    return LK_OK;
}

/* Trackers that reach back to where `heads` are concurrent with the rest. */
static lk_status merge_begin(merge *m, const lv *heads, size_t len) {
    dag *g = &m->log->graph;
    lv base;
    merge_forget(m);
    if (!dag_base(g, g->heads.at, g->heads.len, heads, len, &base)) return LK_ENOMEM;
    if (!player_begin(&m->player, base)) return LK_ENOMEM;
    m->upto = m->concurrent = base == LV_NONE ? 0 : base + 1;
    m->live = true;
    return LK_OK;
}

/* Do the trackers reach back to where a run was made? Whatever came after their base builds on it:
 * merge_begin() found it so, and what did not since had them begin anew. */
static bool merge_reaches(const merge *m, const lv *parents, size_t len) {
    lv base = m->player.base, floor = m->log->graph.floor;
    bool reaches = base == LV_NONE;
    for (size_t i = 0; i < len; i++) reaches |= parents[i] >= base || base < floor;
    return m->live && reaches;
}

static lk_status merge_concurrent(merge *m, const dag_run *run, lv start, lv end, step_list *out) {
    lv before;
    size_t len;
    const lv *parents = player_parents(m->log, run, start, &before, &len);
    lk_status status = merge_reaches(m, parents, len) ? LK_OK : merge_begin(m, parents, len);
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
    const dag *g = &m->log->graph;
    lk_status status = LK_OK;
    const dag_run *run = start < g->end ? dag_run_of(g, start) : NULL;
    for (; start < g->end && status == LK_OK; run++) {
        status = merge_run(m, run, start, out);
        start = run->start + run->len;
    }
    if (status == LK_OK) {
        merge_settle(m);
        return LK_OK;
    }
    merge_forget(m);
    if (status == LK_ELIMIT) *what = "concurrent deletions take out too many pieces";
    if (status != LK_ERANGE) return status;
    *what = "operation reaches outside what its author could see";
    return LK_ECORRUPT;
}
