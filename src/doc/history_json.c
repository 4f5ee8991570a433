/* SPDX-License-Identifier: MIT
 * history_json.c - history as JSON text. What comes in is written down as an update blob and
 * imported like any other, so there is one way in, and one form in which changes wait. */
#include "base/sort.h"
#include "codec/change_block.h"
#include "codec/envelope.h"
#include "codec/json_updates.h"
#include "doc/export.h"
#include "doc/history.h"
#include "doc/sealed.h"

/* ---- out ---- */

static json_names history_names(const lk_doc *doc) {
    const intern *names = &doc->log.names;
    return (json_names){.peers = names->peers.at,
                        .keys = names->keys.at,
                        .cids = names->containers.at,
                        .cid_size = sizeof *names->containers.at,
                        .interned = true};
}

static void history_put_op(lk_doc *doc, op *o, json_updates_writer *s) {
    if (o->kind == OP_MAP_SET)
        o->as.map.value =
            export_marker(doc, o->container, o->as.map.key, o->as.map.value, &doc->scratch);
    if (o->kind == OP_MAP_SET && o->as.map.value == NULL)
        s->w.failed = true;
    else
        json_updates_op(s, o);
}

/* Where two runs are one change, one delete may go on where the other ended. */
static void history_put_ops(lk_doc *doc, const history_change *c, json_updates_writer *s) {
    const dag *g = &doc->log.graph;
    int32_t at = c->start;
    op held = {0}; /* until it is known whether the next one goes on there */
    for (size_t i = c->first; at < c->end; i++) {
        const dag_run *run = &g->runs.at[g->peers.at[c->peer].runs.at[i]];
        int32_t run_end = run->counter + (int32_t)run->len,
                end = run_end < c->end ? run_end : c->end;
        lv start = run->start + (uint32_t)(at - run->counter);
        oplog_walk w = oplog_walk_new(&doc->log, start, start + (uint32_t)(end - at));
        op o;
        lv op_at;
        while (oplog_walk_next(&w, &o, &op_at, &run)) {
            if (op_join_delete(&held, &o)) continue;
            if (held.len > 0) history_put_op(doc, &held, s);
            held = o;
        }
        at = end;
    }
    if (held.len > 0) history_put_op(doc, &held, s);
}

static void history_put(lk_doc *doc, const json_names *names, const history_change *c,
                        json_updates_writer *s) {
    change said;
    if (!history_read(doc, c, &said)) {
        s->w.failed = true;
        return;
    }
    json_updates_change(s, names, &said);
    history_put_ops(doc, c, s);
    json_updates_change_end(s);
}

typedef struct history_list {
    lk_doc *doc;
    VEC(history_change) changes;
} history_list;

/* Add the parts of changes in [start, end) of a peer. */
static bool history_gather(history_list *list, peer_ix peer, int32_t start, int32_t end) {
    lk_doc *doc = list->doc;
    int32_t begin = doc->log.graph.peers.at[peer].begin;
    for (int32_t at = start > begin ? start : begin; at < end;) {
        history_change whole = history_find(doc, (op_id){peer, at});
        history_change *part = vec_push(&doc->memory, &list->changes);
        if (part == NULL) return false;
        *part = history_clip(doc, &whole, at, end);
        at = part->end;
    }
    return true;
}

static int history_order(const void *a, const void *b) {
    const history_change *x = a, *y = b;
    if (x->lamport != y->lamport) return x->lamport < y->lamport ? -1 : 1;
    return x->author < y->author ? -1 : x->author > y->author;
}

/* Counters of a version vector by the document's numbers, none beyond what there is. */
static int32_t *history_counters(lk_doc *doc, lk_ids vv) {
    const dag *g = &doc->log.graph;
    int32_t *counters = arena_new(&doc->scratch, int32_t, g->peers.len);
    if (counters == NULL) return NULL;
    __builtin_memset(counters, 0, g->peers.len * sizeof *counters);
    for (size_t i = 0; i < vv.len; i++) {
        peer_ix peer = intern_find_peer(&doc->log.names, vv.at[i].peer);
        if (peer >= g->peers.len) continue;
        int32_t end = g->peers.at[peer].end, counter = vv.at[i].counter;
        counters[peer] = counter < 0 ? 0 : counter < end ? counter : end;
    }
    return counters;
}

lk_status lk_json_updates(lk_doc *doc, lk_ids from, const lk_ids *to_or_null, bool numbered,
                          lk_buf *out) {
    lk_ids start;
    lk_status status = lk_commit(doc, NULL);
    if (status == LK_OK) status = sealed_open_after(doc, from);
    if (status == LK_OK) status = lk_frontiers_of(doc, from, &start);
    if (status != LK_OK) return status;
    arena_reset(&doc->scratch);
    const dag *g = &doc->log.graph;
    const int32_t *starts = history_counters(doc, from);
    const int32_t *ends = to_or_null == NULL ? NULL : history_counters(doc, *to_or_null);
    if (starts == NULL || (ends == NULL && to_or_null != NULL)) return LK_ENOMEM;
    history_list list = {.doc = doc};
    bool ok = true;
    for (peer_ix p = 0; p < g->peers.len && ok; p++)
        ok = history_gather(&list, p, starts[p], ends == NULL ? g->peers.at[p].end : ends[p]);
    sort_items(list.changes.at, list.changes.len, sizeof *list.changes.at, history_order);
    size_t before = out->len;
    json_updates_writer s = json_updates_begin(out, &doc->memory, start, numbered);
    json_names names = history_names(doc);
    for (size_t i = 0; i < list.changes.len; i++) history_put(doc, &names, &list.changes.at[i], &s);
    ok = json_updates_end(&s) && ok;
    json_updates_drop(&s);
    vec_drop(&doc->memory, &list.changes);
    if (!ok) out->len = before;
    return ok ? LK_OK : LK_ENOMEM;
}

lk_status lk_json_span(lk_doc *doc, lk_span span, lk_buf *out) {
    lk_status status = sealed_open_for(doc, (lk_id){span.peer, span.start});
    if (status != LK_OK) return status;
    arena_reset(&doc->scratch);
    size_t before = out->len;
    history_list list = {.doc = doc};
    peer_ix peer = intern_find_peer(&doc->log.names, span.peer);
    int32_t end = peer == TABLE_NONE ? 0 : dag_peer_end(&doc->log.graph, peer);
    if (span.end < end) end = span.end;
    bool ok = end == 0 || history_gather(&list, peer, span.start, end);
    json_updates_writer s = json_updates_bare(out, &doc->memory);
    json_names names = history_names(doc);
    writer_u8(&s.w, '[');
    for (size_t i = 0; i < list.changes.len; i++) history_put(doc, &names, &list.changes.at[i], &s);
    writer_u8(&s.w, ']');
    ok = ok && !s.w.failed;
    json_updates_drop(&s);
    vec_drop(&doc->memory, &list.changes);
    if (!ok) out->len = before;
    return ok ? LK_OK : LK_ENOMEM;
}

lk_status lk_json_open(lk_doc *doc, lk_buf *out) {
    lk_change open;
    lk_status status = lk_change_open(doc, &open);
    if (status != LK_OK) return status == LK_EMISSING ? LK_OK : status;
    op_id id = {intern_find_peer(&doc->log.names, open.id.peer), open.id.counter};
    history_change c = history_find(doc, id);
    size_t before = out->len;
    json_updates_writer s = json_updates_begin(out, &doc->memory, open.deps, false);
    json_names names = history_names(doc);
    history_put(doc, &names, &c, &s);
    bool ok = json_updates_end(&s);
    json_updates_drop(&s);
    if (!ok) out->len = before;
    return ok ? LK_OK : LK_ENOMEM;
}

/* ---- in ---- */

static lk_status history_to_blob(lk_str json, arena *scratch, lk_buf *out, lk_fault *fault) {
    json_updates_reader s;
    block b;
    lk_buf bytes = {.memory = scratch->heap};
    writer w = writer_new(out);
    size_t start;
    envelope_begin(&w, ENVELOPE_UPDATES, &start);
    lk_status status = json_updates_open(&s, json, scratch);
    while (status == LK_OK && json_updates_next(&s, &b)) {
        bytes.len = 0;
        status = change_block_write(&b, scratch, &bytes);
        if (status == LK_OK) envelope_add_block(&w, (lk_bytes){bytes.at, bytes.len});
        if (w.failed) status = LK_ENOMEM;
    }
    if (status == LK_OK) status = s.r.fault.code;
    if (!reader_ok(&s.r)) *fault = s.r.fault;
    envelope_finish(&w, start);
    json_updates_close(&s);
    lk_buf_free(&bytes);
    return w.failed ? LK_ENOMEM : status;
}

lk_status lk_json_import(lk_doc *doc, lk_str json, lk_import_status *status_or_null,
                         lk_fault *fault_or_null) {
    lk_fault unwanted = {0}, *fault = fault_or_null == NULL ? &unwanted : fault_or_null;
    *fault = (lk_fault){0};
    lk_buf blob = {.memory = &doc->memory};
    arena_reset(&doc->scratch);
    lk_status status = history_to_blob(json, &doc->scratch, &blob, fault);
    if (status == LK_OK) {
        status = lk_import(doc, (lk_bytes){blob.at, blob.len}, status_or_null, fault);
        fault->offset = 0; /* it would be one in the blob */
    }
    lk_buf_free(&blob);
    fault->code = status;
    if (fault->what == NULL) fault->what = lk_status_text(status);
    return status;
}
