/* SPDX-License-Identifier: MIT
 * on_top.c - Loro's rule, as far as it shows (found by experiments with loro-crdt 1.17):
 *
 *      all that came knows all that was there      if each operation builds on heads of then, on
 *                                                  others that came, and on its author's last one
 *                                                  only if that is one of these; a line of
 *                                                  operations may do without that once
 *      else                                        of each map if all that came knows what was
 *                                                  there of it, and of the other containers that
 *                                                  it writes to, but for counters
 */
#include "doc/on_top.h"

typedef struct on_top {
    oplog *log;
    lv end;
    const lv *heads; /* ascending */
    size_t len;
    lv first; /* what is before is left out, and counts as known */
} on_top;

/* What a run, or the part of it that came, builds on. */
static const lv *on_top_parents(const on_top *o, const dag_run *run, lv *before, size_t *len) {
    lv first = run->start < o->end ? o->end : run->start;
    return player_parents(o->log, run, first, before, len);
}

static bool on_top_is_head(const on_top *o, lv at) { return dag_is_among(o->heads, o->len, at); }

/* Its author's last operation before it, which may be left out; LV_NONE if there is none. */
static lv on_top_last(const on_top *o, const dag_run *run) {
    if (run->start < o->end || run->counter == 0) return LV_NONE;
    return dag_lv(&o->log->graph, (op_id){run->peer, run->counter - 1});
}

/* The same, if it is not. */
static lv on_top_own(const on_top *o, const dag_run *run) {
    lv own = on_top_last(o, run);
    return own < o->first ? LV_NONE : own;
}

/* ---- all that was there ---- */

/* Does a run know all heads, by itself or through another one that came? */
static bool on_top_knows(const on_top *o, const dag_run *run) {
    lv before;
    size_t len, heads = 0;
    const lv *parents = on_top_parents(o, run, &before, &len);
    for (size_t i = 0; i < len; i++) {
        if (parents[i] >= o->end) return true;
        heads += on_top_is_head(o, parents[i]);
    }
    return heads == o->len;
}

/* Does it build on nothing older than the heads? */
static bool on_top_meets(const on_top *o, const dag_run *run) {
    lv before;
    size_t len;
    const lv *parents = on_top_parents(o, run, &before, &len);
    for (size_t i = 0; i < len; i++)
        if (parents[i] < o->end && !on_top_is_head(o, parents[i])) return false;
    lv own = on_top_own(o, run);
    return own == LV_NONE || own >= o->end || on_top_is_head(o, own);
}

/* Is what came a line from all heads on, which leaves its author's last operation once at most? */
static bool on_top_is_line(const on_top *o, const dag_run *first) {
    const dag *g = &o->log->graph;
    unsigned elsewhere = 0;
    for (const dag_run *run = first; run < g->runs.at + g->runs.len; run++) {
        lv before;
        size_t len;
        const lv *parents = on_top_parents(o, run, &before, &len);
        lv at = run->start < o->end ? o->end : run->start, own = on_top_own(o, run);
        bool leaves = own != LV_NONE;
        for (size_t i = 0; i < len; i++) leaves &= parents[i] != own;
        elsewhere += leaves;
        if (at == o->end ? len != o->len : len != 1 || parents[0] != at - 1) return false;
    }
    return elsewhere <= 1;
}

/* ---- all that was there of some containers ---- */

static uint8_t *on_top_written(const on_top *o, arena *scratch) {
    size_t len = o->log->names.containers.len;
    uint8_t *out = arena_alloc(scratch, len);
    if (out == NULL) return NULL;
    __builtin_memset(out, 0, len);
    oplog_walk w = oplog_walk_new(o->log, o->end, o->log->graph.end);
    op piece;
    lv at;
    const dag_run *run;
    while (oplog_walk_next(&w, &piece, &at, &run))
        out[piece.container] = o->log->names.containers.at[piece.container].id.kind != LK_COUNTER;
    return out;
}

/* What came does not know these. false: some are not of maps. */
static bool on_top_miss(const on_top *o, const dag_spans *spans, const uint8_t *written,
                        uint8_t *out) {
    for (size_t i = 0; i < spans->len; i++) {
        oplog_walk w = oplog_walk_new(o->log, spans->at[i].start, spans->at[i].end);
        op piece;
        lv at;
        const dag_run *run;
        while (oplog_walk_next(&w, &piece, &at, &run)) {
            bool is_map = o->log->names.containers.at[piece.container].id.kind == LK_MAP;
            if (written[piece.container] && !is_map) return false;
            out[piece.container] = 0;
        }
    }
    return true;
}

/* false: nothing stands on top, or memory is out. */
static bool on_top_miss_all(const on_top *o, lk_doc *doc, const dag_run *first, uint8_t *out) {
    dag *g = &o->log->graph;
    const uint8_t *written = on_top_written(o, &doc->scratch);
    if (written == NULL) return false;
    for (const dag_run *run = first; run < g->runs.at + g->runs.len; run++) {
        lv before;
        size_t len;
        const lv *parents = on_top_parents(o, run, &before, &len);
        bool later = false;
        for (size_t i = 0; i < len; i++) later |= parents[i] >= o->end;
        if (later) continue;
        if (on_top_last(o, run) < o->first) return false; /* as in Loro: it may know nothing */
        if (!dag_diff(g, o->heads, o->len, parents, len, &doc->travel.back, &doc->travel.forth) ||
            !on_top_miss(o, &doc->travel.back, written, out))
            return false;
    }
    return true;
}

/* Does all that came know all that was there, and *stands: does it stand on that as a whole? */
static bool on_top_knows_all(const on_top *o, const dag_run *first, bool *stands) {
    const dag *g = &o->log->graph;
    bool knows = true, meets = true;
    for (const dag_run *run = first; run < g->runs.at + g->runs.len; run++) {
        knows &= on_top_knows(o, run);
        meets &= on_top_meets(o, run);
    }
    *stands = knows && (meets || on_top_is_line(o, first));
    return knows;
}

const uint8_t *on_top_find(lk_doc *doc, lv end, const lv *before, size_t len) {
    const dag *g = &doc->log.graph;
    on_top o = {&doc->log, end, before, len, doc->sealed.at == NULL ? g->begin : 0};
    uint8_t *out = arena_alloc(&doc->scratch, doc->log.names.containers.len);
    if (out == NULL) return NULL;
    bool all = true;
    const dag_run *first = len == 0 ? NULL : dag_run_of(g, end);
    bool knows = len == 0 || on_top_knows_all(&o, first, &all);
    __builtin_memset(out, all || !knows, doc->log.names.containers.len);
    return knows || on_top_miss_all(&o, doc, first, out) ? out : NULL;
}
