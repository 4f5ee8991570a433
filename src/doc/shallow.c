/* SPDX-License-Identifier: MIT
 * shallow.c - which part of the history a snapshot holds, and where its state is taken:
 *
 *      ... older ... │ root │ ......... │ end │ ... newer ...
 *        (left out)     ▲                  ▲     (left out)
 *                       the state of a shallow snapshot
 *                                          the state of a full one
 *
 * The root is the newest operation that everything asked for, and everything behind it, builds on.
 * The state goes there and comes back. */
#include "doc/checkout.h"
#include "doc/export.h"
#include "doc/sealed.h"
#include "doc/sealed_write.h"

typedef struct shallow_plan {
    lv root;       /* LV_NONE: nothing is left out at the start */
    doc_heads end; /* in scratch */
    int32_t *ends; /* its end counters by peer */
    bool replay;   /* the state cannot be written: of kinds of the future we keep the history, and
                      the state they came with */
} shallow_plan;

/* ---- where to begin ---- */

/* A style is not parted from its end: go on to that, if everything else builds on it, too. */
static lk_status shallow_keep_style(lk_doc *doc, doc_heads end, lv *at) {
    dag *g = &doc->log.graph;
    if (oplog_op(&doc->log, *at)->kind != OP_MARK_START) return LK_OK;
    op_id id = dag_id(g, *at);
    id.counter++;
    *at = LV_NONE;
    if (id.counter >= dag_peer_end(g, id.peer)) return LK_OK;
    lv next = dag_lv(g, id), base;
    if (!dag_base(g, end.at, end.len, &next, 1, &base)) return LK_ENOMEM;
    if (base == next) *at = next;
    return LK_OK;
}

/* The root of what is asked for in a history up to `end`. */
static lk_status shallow_root(lk_doc *doc, doc_heads asked, doc_heads end, lv *out) {
    dag *g = &doc->log.graph;
    *out = LV_NONE;
    if (asked.len == 0) return LK_OK;
    if (!dag_base(g, end.at, end.len, asked.at, asked.len, out)) return LK_ENOMEM;
    if (*out == LV_NONE || *out < g->floor) return LK_OK;
    return shallow_keep_style(doc, end, out);
}

static bool shallow_has_unknown(const lk_doc *doc) {
    const intern *names = &doc->log.names;
    for (size_t i = 0; i < names->containers.len; i++)
        if (names->containers.at[i].id.kind > LK_COUNTER) return true;
    return false;
}

/* What cannot begin later begins where the document does. */
static void shallow_settle_root(const lk_doc *doc, shallow_plan *plan) {
    const dag *g = &doc->log.graph;
    plan->replay = shallow_has_unknown(doc);
    if (plan->replay) plan->root = LV_NONE;
    if (plan->root == LV_NONE && g->floor > 0) plan->root = g->floor - 1;
}

/* ---- which part ---- */

static lk_status shallow_set_end(lk_doc *doc, doc_heads end, shallow_plan *plan) {
    travel_end shown, there = {end.at, end.len, NULL};
    lk_status status = doc_shown_end(doc, &shown);
    there.ends = arena_new(&doc->scratch, int32_t, doc->log.graph.peers.len);
    if (status == LK_OK && there.ends == NULL) status = LK_ENOMEM;
    if (status == LK_OK) status = travel_ends(&doc->travel, &shown, &there);
    plan->end = end;
    plan->ends = there.ends;
    return status;
}

static lk_status shallow_make_plan(lk_doc *doc, lk_export_mode mode, lk_ids frontiers,
                                   shallow_plan *plan) {
    doc_heads newest = {0}, asked = {0};
    lk_status status = checkout_newest(doc, &newest);
    bool nothing = mode == LK_SNAPSHOT || (frontiers.len == 0 && doc->log.graph.floor == 0);
    if (status == LK_OK && !nothing) status = doc_find_heads(doc, frontiers, &asked);
    bool whole = mode == LK_SNAPSHOT || mode == LK_SHALLOW;
    if (status == LK_OK) status = shallow_set_end(doc, whole ? newest : asked, plan);
    plan->root = LV_NONE;
    bool late = mode == LK_SHALLOW || mode == LK_STATE_ONLY;
    if (status == LK_OK && late) status = shallow_root(doc, asked, plan->end, &plan->root);
    if (status == LK_OK) shallow_settle_root(doc, plan);
    return status;
}

/* ---- writing ---- */

/* End counters as a version vector in scratch. `root`: the peer that is told even if it is 0. */
static lk_status shallow_vv(lk_doc *doc, const int32_t *ends, peer_ix root, lk_ids *out) {
    size_t peers = doc->log.graph.peers.len, len = 0;
    lk_id *ids = arena_new(&doc->scratch, lk_id, peers);
    if (ids == NULL) return LK_ENOMEM;
    for (peer_ix p = 0; p < peers; p++)
        if (ends[p] > 0 || p == root) ids[len++] = doc_wide(doc, (op_id){p, ends[p]});
    doc_sort_ids(ids, len);
    *out = (lk_ids){ids, len};
    return LK_OK;
}

static lk_status shallow_frontiers(lk_doc *doc, doc_heads heads, lk_ids *out) {
    lk_id *ids = arena_new(&doc->scratch, lk_id, heads.len);
    if (ids == NULL) return LK_ENOMEM;
    *out = (lk_ids){ids, doc_write_frontiers(doc, heads, ids)};
    return LK_OK;
}

/* The end counter of a peer among the operations up to `last`, all of which are older. */
static int32_t shallow_peer_end(const dag *g, peer_ix peer, lv last) {
    const dag_peer *p = &g->peers.at[peer];
    for (size_t i = p->runs.len; i-- > 0;) {
        const dag_run *run = &g->runs.at[p->runs.at[i]];
        if (run->start > last) continue;
        uint32_t len = last + 1 - run->start < run->len ? last + 1 - run->start : run->len;
        return run->counter + (int32_t)len;
    }
    return p->begin;
}

/* Counters that the root leaves out, by peer. */
static lk_status shallow_starts(lk_doc *doc, lv root, int32_t **out) {
    const dag *g = &doc->log.graph;
    int32_t *starts = *out = arena_new(&doc->scratch, int32_t, g->peers.len);
    if (starts == NULL) return LK_ENOMEM;
    for (peer_ix p = 0; p < g->peers.len; p++)
        starts[p] = root == LV_NONE ? 0 : shallow_peer_end(g, p, root);
    if (root != LV_NONE) starts[dag_id(g, root).peer] = dag_id(g, root).counter;
    return LK_OK;
}

/* The state shows what is to be written. */
static lk_status shallow_write(lk_doc *doc, const shallow_plan *plan, lk_buf *out) {
    bool late = plan->root != LV_NONE;
    int32_t *starts;
    export_part part = {.ends = plan->ends, .late = late || plan->replay, .replay = plan->replay};
    if (late && plan->root + 1 == doc->log.graph.floor) part.root = doc->log.root;
    lk_status status = shallow_starts(doc, plan->root, &starts);
    part.starts = starts;
    if (status == LK_OK) status = shallow_vv(doc, plan->ends, TABLE_NONE, &part.vv);
    if (status == LK_OK) status = shallow_frontiers(doc, plan->end, &part.frontiers);
    if (status == LK_OK && late)
        status = shallow_vv(doc, starts, dag_id(&doc->log.graph, plan->root).peer, &part.start_vv);
    doc_heads root = {&plan->root, late};
    if (status == LK_OK) status = shallow_frontiers(doc, root, &part.start_frontiers);
    return status == LK_OK ? export_snapshot_part(doc, &part, out) : status;
}

/* A snapshot that goes on from one whose history stays sealed. */
static lk_status shallow_write_on(lk_doc *doc, lk_buf *out) {
    const dag *g = &doc->log.graph;
    arena_reset(&doc->scratch);
    int32_t *starts = arena_new(&doc->scratch, int32_t, g->peers.len);
    int32_t *ends = arena_new(&doc->scratch, int32_t, g->peers.len);
    if (starts == NULL || ends == NULL) return LK_ENOMEM;
    for (peer_ix p = 0; p < g->peers.len; p++) {
        starts[p] = g->peers.at[p].begin;
        ends[p] = g->peers.at[p].end;
    }
    export_part part = {.starts = starts, .ends = ends};
    lk_status status = sealed_write_prepare(doc, &part.kept);
    if (status == LK_OK) status = shallow_vv(doc, ends, TABLE_NONE, &part.vv);
    if (status == LK_OK) status = shallow_frontiers(doc, doc_shown(doc), &part.frontiers);
    return status == LK_OK ? export_snapshot_part(doc, &part, out) : status;
}

lk_status export_snapshot(lk_doc *doc, lk_export_mode mode, lk_ids frontiers, lk_buf *out) {
    shallow_plan plan;
    lk_bytes whole = mode == LK_SNAPSHOT ? sealed_whole(doc) : (lk_bytes){0};
    if (whole.len > 0) return buf_append(out, whole.at, whole.len) ? LK_OK : LK_ENOMEM;
    lk_status status = sealed_wake(doc);
    if (status == LK_OK && mode == LK_SNAPSHOT && sealed_write_can(doc))
        return shallow_write_on(doc, out);
    if (status == LK_OK) status = sealed_open(doc);
    if (status != LK_OK) return status;
    arena_reset(&doc->scratch);
    status = shallow_make_plan(doc, mode, frontiers, &plan);
    if (status != LK_OK) return status;
    bool late = plan.root != LV_NONE;
    doc_heads there = late ? (doc_heads){&plan.root, 1} : plan.end;
    bool own = late && plan.root + 1 == doc->log.graph.floor; /* its state is at hand as bytes */
    if (plan.replay || own || checkout_shows(doc, there)) return shallow_write(doc, &plan, out);
    checkout_home home;
    status = checkout_leave(doc, &home);
    if (status != LK_OK) return status;
    status = checkout_go(doc, there);
    if (status == LK_OK) status = shallow_write(doc, &plan, out);
    return checkout_return(doc, &home, status);
}

lk_status export_late_past(lk_doc *doc, const int32_t *ends, lk_buf *out) {
    const dag *g = &doc->log.graph;
    shallow_plan plan = {.root = g->floor - 1,
                         .ends = arena_new(&doc->scratch, int32_t, g->peers.len)};
    if (plan.ends == NULL) return LK_ENOMEM;
    for (peer_ix p = 0; p < g->peers.len; p++) plan.ends[p] = ends[p];
    return shallow_write(doc, &plan, out);
}

/* ---- where it begins ---- */

/* Is the beginning left out, and not only sealed? */
static bool shallow_late(const lk_doc *doc) {
    return doc->log.graph.floor > 0 && doc->sealed.at == NULL;
}

bool lk_is_shallow(const lk_doc *doc) { return shallow_late(doc); }

lk_ids lk_shallow_vv(lk_doc *doc) {
    const dag *g = &doc->log.graph;
    doc->version.len = 0;
    if (!shallow_late(doc) || !vec_reserve(&doc->memory, &doc->version, g->peers.len))
        return (lk_ids){0};
    peer_ix root = dag_id(g, g->floor - 1).peer;
    for (peer_ix p = 0; p < g->peers.len; p++)
        if (g->peers.at[p].begin > 0 || p == root)
            doc->version.at[doc->version.len++] = doc_wide(doc, (op_id){p, g->peers.at[p].begin});
    doc_sort_ids(doc->version.at, doc->version.len);
    return (lk_ids){doc->version.at, doc->version.len};
}

lk_ids lk_shallow_frontiers(lk_doc *doc) {
    const dag *g = &doc->log.graph;
    doc->frontiers.len = 0;
    if (!shallow_late(doc) || !vec_reserve(&doc->memory, &doc->frontiers, 1)) return (lk_ids){0};
    doc->frontiers.at[doc->frontiers.len++] = doc_wide(doc, dag_id(g, g->floor - 1));
    return (lk_ids){doc->frontiers.at, 1};
}
