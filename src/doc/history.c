/* SPDX-License-Identifier: MIT
 * history.c - asking who did what, when, and on what. A walk to the past takes the change with the
 * latest end next, so that it meets each only after all that build on it. */
#include "doc/history.h"

#include "base/sort.h"
#include "doc/sealed.h"

/* ---- changes ---- */

static const dag_run *history_run(const lk_doc *doc, peer_ix peer, size_t at) {
    const dag *g = &doc->log.graph;
    return &g->runs.at[g->peers.at[peer].runs.at[at]];
}

static bool history_is_open(const lk_doc *doc, const dag_run *run) {
    const dag *g = &doc->log.graph;
    return doc->open && run == &g->runs.at[g->runs.len - 1];
}

int32_t history_end(lk_doc *doc, peer_ix peer) {
    oplog_part(&doc->log);
    const dag *g = &doc->log.graph;
    const dag_run *newest = g->runs.len == 0 ? NULL : &g->runs.at[g->runs.len - 1];
    if (doc->open && newest->peer == peer) return newest->counter;
    return dag_peer_end(g, peer);
}

bool history_known(lk_doc *doc, lk_id id, op_id *out) {
    *out = (op_id){intern_find_peer(&doc->log.names, id.peer), id.counter};
    if (out->peer >= doc->log.graph.peers.len) return false;
    return id.counter >= doc->log.graph.peers.at[out->peer].begin &&
           id.counter < history_end(doc, out->peer);
}

/* Is the run part of the change before it? */
static bool history_joins(const lk_doc *doc, peer_ix peer, size_t at) {
    const dag_run *run = history_run(doc, peer, at);
    return !history_is_open(doc, run) &&
           oplog_joins(&doc->log, history_run(doc, peer, at - 1), run);
}

history_change history_find(lk_doc *doc, op_id id) {
    oplog_part(&doc->log);
    size_t runs = doc->log.graph.peers.at[id.peer].runs.len, low = 0, high = runs;
    while (high - low > 1) {
        size_t mid = (low + high) / 2;
        if (history_run(doc, id.peer, mid)->counter <= id.counter)
            low = mid;
        else
            high = mid;
    }
    uint64_t author = doc->log.names.peers.at[id.peer];
    history_change c = {.peer = id.peer, .author = author, .first = low, .last = low};
    while (c.first > 0 && history_joins(doc, id.peer, c.first)) c.first--;
    while (c.last + 1 < runs && history_joins(doc, id.peer, c.last + 1)) c.last++;
    const dag_run *first = history_run(doc, id.peer, c.first);
    const dag_run *last = history_run(doc, id.peer, c.last);
    c.start = first->counter;
    c.end = last->counter + (int32_t)last->len;
    c.lamport = first->lamport;
    return c;
}

history_change history_clip(const lk_doc *doc, const history_change *c, int32_t start,
                            int32_t end) {
    history_change part = *c;
    if (start > part.start) {
        part.start = start;
        while (part.first < part.last &&
               history_run(doc, c->peer, part.first + 1)->counter <= start)
            part.first++;
        part.lamport = c->lamport + (uint32_t)(start - c->start); /* joined runs have no gaps */
    }
    if (end < part.end) part.end = end;
    return part;
}

bool history_read(lk_doc *doc, const history_change *c, change *out) {
    const dag *g = &doc->log.graph;
    const dag_run *run = history_run(doc, c->peer, c->first);
    const oplog_change *said = &doc->log.changes.at[run - g->runs.at];
    uint32_t skip = (uint32_t)(c->start - run->counter);
    uint32_t len = skip > 0 ? 1 : run->parent_len - run->self_implied;
    op_id *deps = arena_new(&doc->scratch, op_id, len);
    if (deps == NULL) return false;
    for (uint32_t i = 0; i < len; i++)
        deps[i] =
            dag_id(g, skip > 0 ? run->start + skip - 1 : g->parents.at[run->parent_start + i]);
    *out = (change){.peer = c->peer,
                    .counter = c->start,
                    .len = (uint32_t)(c->end - c->start),
                    .lamport = c->lamport,
                    .timestamp_s = said->timestamp_s,
                    .message = said->message,
                    .deps = deps,
                    .dep_len = len};
    return true;
}

static lk_status history_show(lk_doc *doc, const history_change *c, lk_change *out) {
    change read;
    arena_reset(&doc->scratch);
    if (!history_read(doc, c, &read)) return LK_ENOMEM;
    lk_id *deps = arena_new(&doc->scratch, lk_id, read.dep_len);
    if (deps == NULL) return LK_ENOMEM;
    for (uint32_t i = 0; i < read.dep_len; i++) deps[i] = doc_wide(doc, read.deps[i]);
    *out = (lk_change){.id = doc_wide(doc, (op_id){c->peer, c->start}),
                       .len = read.len,
                       .lamport = read.lamport,
                       .timestamp_s = read.timestamp_s,
                       .message = read.message,
                       .deps = {deps, read.dep_len}};
    return LK_OK;
}

lk_status lk_change_at(lk_doc *doc, lk_id id, lk_change *out) {
    op_id known;
    lk_status status = sealed_open_for(doc, id);
    if (status != LK_OK) return status;
    if (!history_known(doc, id, &known)) return LK_EMISSING;
    history_change c = history_find(doc, known);
    return history_show(doc, &c, out);
}

lk_status lk_change_after(lk_doc *doc, lk_id id, lk_change *out) {
    lk_status status = sealed_open_for(doc, id);
    peer_ix peer = intern_find_peer(&doc->log.names, id.peer);
    if (status != LK_OK) return status;
    if (peer >= doc->log.graph.peers.len) return LK_EMISSING;
    int32_t begin = doc->log.graph.peers.at[peer].begin;
    return lk_change_at(doc, (lk_id){id.peer, id.counter < begin ? begin : id.counter}, out);
}

lk_status lk_change_open(lk_doc *doc, lk_change *out) {
    const dag *g = &doc->log.graph;
    if (!doc->open) return LK_EMISSING;
    oplog_part(&doc->log);
    const dag_run *newest = &g->runs.at[g->runs.len - 1];
    history_change c = history_find(doc, (op_id){newest->peer, newest->counter});
    return history_show(doc, &c, out);
}

lk_status lk_change_at_lamport(lk_doc *doc, uint64_t peer, uint32_t lamport, lk_change *out) {
    oplog_part(&doc->log);
    lk_status status = sealed_open_for(doc, (lk_id){peer, 0});
    peer_ix ix = intern_find_peer(&doc->log.names, peer);
    if (status != LK_OK) return status;
    if (ix >= doc->log.graph.peers.len) return LK_EMISSING;
    const dag_peer *p = &doc->log.graph.peers.at[ix];
    size_t low = 0, high = p->runs.len;
    while (low < high) { /* the first run that begins later */
        size_t mid = (low + high) / 2;
        const dag_run *run = history_run(doc, ix, mid);
        if (run->lamport <= lamport && !history_is_open(doc, run))
            low = mid + 1;
        else
            high = mid;
    }
    if (low == 0) return LK_EMISSING;
    return lk_change_at(doc, doc_wide(doc, (op_id){ix, history_run(doc, ix, low - 1)->counter}),
                        out);
}

/* ---- walking to the past ---- */

/* Later comes first. */
static bool history_later(const lk_doc *doc, const visit *a, const visit *b) {
    if (a->lamport != b->lamport) return a->lamport > b->lamport;
    return doc->log.names.peers.at[a->id.peer] > doc->log.names.peers.at[b->id.peer];
}

static bool history_push(lk_doc *doc, op_id id) {
    if (id.counter < doc->log.graph.peers.at[id.peer].begin) return true; /* forgotten */
    if (!vec_reserve(&doc->memory, &doc->visits, 1)) return false;
    history_change c = history_find(doc, id);
    visit item = {c.lamport + (uint32_t)(c.end - c.start), {c.peer, c.start}};
    visit *heap = doc->visits.at;
    size_t i = doc->visits.len++;
    for (; i > 0 && history_later(doc, &item, &heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = item;
    return true;
}

static visit history_pop(lk_doc *doc) {
    visit *heap = doc->visits.at, top = heap[0], last = heap[--doc->visits.len];
    size_t i = 0, len = doc->visits.len;
    for (size_t child; (child = 2 * i + 1) < len; i = child) {
        if (child + 1 < len && history_later(doc, &heap[child + 1], &heap[child])) child++;
        if (!history_later(doc, &heap[child], &last)) break;
        heap[i] = heap[child];
    }
    if (len > 0) heap[i] = last;
    return top;
}

lk_status lk_travel(lk_doc *doc, lk_ids from) {
    doc->visits.len = 0;
    lk_status status = sealed_open(doc);
    for (size_t i = 0; i < from.len && status == LK_OK; i++) {
        op_id id;
        status = history_known(doc, from.at[i], &id) ? LK_OK : LK_EMISSING;
        if (status == LK_OK && !history_push(doc, id)) status = LK_ENOMEM;
        if (status != LK_OK) doc->visits.len = 0;
    }
    return status;
}

lk_status lk_travel_next(lk_doc *doc, lk_change *out) {
    if (doc->visits.len == 0) return LK_EMISSING;
    visit top = doc->visits.at[0];
    history_change c = history_find(doc, top.id);
    const dag *g = &doc->log.graph;
    const dag_run *run = history_run(doc, c.peer, c.first);
    if (!vec_reserve(&doc->memory, &doc->visits, run->parent_len)) return LK_ENOMEM;
    lk_status status = history_show(doc, &c, out);
    if (status != LK_OK) return status;
    while (doc->visits.len > 0 && doc->visits.at[0].id.peer == top.id.peer &&
           doc->visits.at[0].id.counter == top.id.counter)
        history_pop(doc);
    for (uint32_t i = 0; i < run->parent_len; i++) {
        lv parent = g->parents.at[run->parent_start + i];
        if (parent >= g->begin) history_push(doc, dag_id(g, parent));
    }
    return LK_OK;
}

/* ---- spans ---- */

static bool history_heads(lk_doc *doc, lk_ids frontiers, lv *out) {
    for (size_t i = 0; i < frontiers.len; i++) {
        op_id id;
        if (!history_known(doc, frontiers.at[i], &id)) return false;
        out[i] = dag_lv(&doc->log.graph, id);
    }
    return true;
}

static lk_span *history_span_of(lk_doc *doc, doc_spans *all, uint64_t peer) {
    for (size_t i = all->len; i-- > 0;)
        if (all->at[i].peer == peer) return &all->at[i];
    lk_span *fresh = vec_push(&doc->memory, all);
    if (fresh != NULL) *fresh = (lk_span){peer, INT32_MAX, 0};
    return fresh;
}

/* Spans of lvs as one span per peer: between two versions there are no gaps. */
static bool history_spans_write(lk_doc *doc, const dag_spans *spans, doc_spans *out) {
    const dag *g = &doc->log.graph;
    out->len = 0;
    for (size_t i = 0; i < spans->len; i++) {
        lv first = spans->at[i].start > g->begin ? spans->at[i].start : g->begin;
        for (lv at = first; at < spans->at[i].end;) {
            const dag_run *run = dag_run_of(g, at);
            lv run_end = run->start + run->len;
            lv end = run_end < spans->at[i].end ? run_end : spans->at[i].end;
            lk_span *span = history_span_of(doc, out, doc->log.names.peers.at[run->peer]);
            if (span == NULL) return false;
            int32_t start = run->counter + (int32_t)(at - run->start);
            int32_t stop = start + (int32_t)(end - at);
            if (start < span->start) span->start = start;
            if (stop > span->end) span->end = stop;
            at = end;
        }
    }
    return true;
}

lk_status lk_spans_between(lk_doc *doc, lk_ids from, lk_ids to, lk_span_diff *out) {
    for (size_t i = 0; i < from.len + to.len; i++) {
        lk_id id = i < from.len ? from.at[i] : to.at[i - from.len];
        lk_status status = sealed_open_for(doc, id);
        if (status != LK_OK) return status;
    }
    arena_reset(&doc->scratch);
    lv *a = arena_new(&doc->scratch, lv, from.len), *b = arena_new(&doc->scratch, lv, to.len);
    if (a == NULL || b == NULL) return LK_ENOMEM;
    if (!history_heads(doc, from, a) || !history_heads(doc, to, b)) return LK_EMISSING;
    dag_spans only_a = {0}, only_b = {0};
    bool done = dag_diff(&doc->log.graph, a, from.len, b, to.len, &only_a, &only_b) &&
                history_spans_write(doc, &only_a, &doc->retreat) &&
                history_spans_write(doc, &only_b, &doc->forward);
    vec_drop(&doc->memory, &only_a);
    vec_drop(&doc->memory, &only_b);
    *out = (lk_span_diff){doc->retreat.at, doc->retreat.len, doc->forward.at, doc->forward.len};
    return done ? LK_OK : LK_ENOMEM;
}

typedef struct history_touched { /* a container, when it was touched */
    uint32_t container, turn;
} history_touched;

static int history_container_order(const void *a, const void *b) {
    const history_touched *x = a, *y = b;
    if (x->container != y->container) return x->container < y->container ? -1 : 1;
    return x->turn < y->turn ? -1 : x->turn > y->turn;
}

static int history_turn_order(const void *a, const void *b) {
    uint32_t x = ((const history_touched *)a)->turn, y = ((const history_touched *)b)->turn;
    return x < y ? -1 : x > y;
}

/* Leave each container once, where it was touched first. */
static bool history_once(lk_doc *doc) {
    size_t len = doc->touched.len, kept = 0;
    history_touched *all = arena_new(&doc->scratch, history_touched, len);
    if (all == NULL) return false;
    for (size_t i = 0; i < len; i++)
        all[i] = (history_touched){doc->touched.at[i].index, (uint32_t)i};
    sort_items(all, len, sizeof *all, history_container_order);
    for (size_t i = 0; i < len; i++)
        if (kept == 0 || all[i].container != all[kept - 1].container) all[kept++] = all[i];
    sort_items(all, kept, sizeof *all, history_turn_order);
    for (size_t i = 0; i < kept; i++) doc->touched.at[i] = (lk_ref){all[i].container};
    doc->touched.len = kept;
    return true;
}

static bool history_touch(lk_doc *doc, const dag_run *run, int32_t start, int32_t end) {
    lv first = run->start + (uint32_t)(start - run->counter);
    oplog_walk w = oplog_walk_new(&doc->log, first, first + (uint32_t)(end - start));
    op o;
    lv at;
    while (oplog_walk_next(&w, &o, &at, &run)) {
        size_t len = doc->touched.len;
        if (len > 0 && doc->touched.at[len - 1].index == o.container) continue;
        lk_ref *fresh = vec_push(&doc->memory, &doc->touched);
        if (fresh == NULL) return false;
        *fresh = (lk_ref){o.container};
    }
    return true;
}

lk_status lk_changed_containers(lk_doc *doc, lk_span span, const lk_ref **out, size_t *len) {
    doc->touched.len = *len = 0;
    lk_status status = sealed_open_for(doc, (lk_id){span.peer, span.start});
    if (status != LK_OK) return status;
    arena_reset(&doc->scratch);
    peer_ix peer = intern_find_peer(&doc->log.names, span.peer);
    const dag *g = &doc->log.graph;
    if (peer >= g->peers.len) return LK_OK;
    int32_t end = history_end(doc, peer), at = g->peers.at[peer].begin;
    if (span.end < end) end = span.end;
    if (span.start > at) at = span.start;
    while (at < end) {
        const dag_run *run = dag_run_of(g, dag_lv(g, (op_id){peer, at}));
        int32_t stop = run->counter + (int32_t)run->len;
        if (stop > end) stop = end;
        if (!history_touch(doc, run, at, stop)) return LK_ENOMEM;
        at = stop;
    }
    if (!history_once(doc)) return LK_ENOMEM;
    *out = doc->touched.at;
    *len = doc->touched.len;
    return LK_OK;
}
