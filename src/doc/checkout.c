/* SPDX-License-Identifier: MIT
 * checkout.c - a document that shows its past. The state travels; the history stays as it is, and
 * goes on growing by imports.
 *
 *      attached    the state shows all there is; imports and edits reach it at once
 *      detached    it shows a version of its own, and imports only reach the history */
#include "doc/checkout.h"

#include "doc/export.h"
#include "doc/sealed.h"

lk_status doc_plan_travel(lk_doc *doc, const travel_end *from, const travel_end *to) {
    lk_status status = sealed_wake(doc);
    doc->steps.len = 0;
    if (status == LK_OK) status = travel_plan(&doc->travel, from, to, &doc->scratch, &doc->steps);
    if (status != LK_OK) return status;
    if (!events_expect(&doc->events, doc->travel.order.at, doc->travel.order.len)) return LK_ENOMEM;
    status = doc_prepare(doc, doc->steps.at, doc->steps.len);
    return status == LK_ERANGE ? LK_ECORRUPT : status;
}

static void checkout_remember(lk_doc *doc, const travel_end *to) {
    size_t peers = doc->log.graph.peers.len;
    doc->shown_heads.len = doc->shown_ends.len = 0;
    for (size_t i = 0; i < to->len; i++) doc->shown_heads.at[doc->shown_heads.len++] = to->heads[i];
    for (size_t p = 0; p < peers; p++) doc->shown_ends.at[doc->shown_ends.len++] = to->ends[p];
}

static lk_status checkout_plan(lk_doc *doc, doc_heads heads, travel_end *to) {
    size_t peers = doc->log.graph.peers.len;
    travel_end from;
    lk_status status = doc_shown_end(doc, &from);
    if (status != LK_OK) return status;
    *to = (travel_end){heads.at, heads.len, arena_new(&doc->scratch, int32_t, peers)};
    bool ready = to->ends != NULL && vec_reserve(&doc->memory, &doc->shown_heads, heads.len) &&
                 vec_reserve(&doc->memory, &doc->shown_ends, peers) &&
                 (!doc->events.watching || events_begin(doc));
    if (!ready) return LK_ENOMEM;
    status = travel_ends(&doc->travel, &from, to);
    return status == LK_OK ? doc_plan_travel(doc, &from, to) : status;
}

lk_status checkout_go(lk_doc *doc, doc_heads heads) {
    travel_end to;
    lk_status status = checkout_plan(doc, heads, &to);
    if (status != LK_OK) {
        events_cancel(&doc->events);
        return status;
    }
    merge_forget(&doc->merge);
    doc_advance(doc, doc->steps.at, doc->steps.len);
    checkout_remember(doc, &to);
    doc->detached = true;
    return LK_OK;
}

lk_status checkout_newest(lk_doc *doc, doc_heads *out) {
    const dag *g = &doc->log.graph;
    lv *heads = arena_new(&doc->scratch, lv, g->heads.len);
    if (heads == NULL) return LK_ENOMEM;
    for (size_t i = 0; i < g->heads.len; i++) heads[i] = g->heads.at[i];
    *out = (doc_heads){heads, g->heads.len};
    return LK_OK;
}

/* ---- there and back ---- */

lk_status checkout_leave(lk_doc *doc, checkout_home *home) {
    *home = (checkout_home){.detached = doc->detached, .watching = doc->events.watching};
    doc_heads shown = doc_shown(doc);
    if (!vec_reserve(&doc->memory, &home->heads, shown.len)) return LK_ENOMEM;
    for (size_t i = 0; i < shown.len; i++) home->heads.at[home->heads.len++] = shown.at[i];
    doc->events.watching = false;
    return LK_OK;
}

lk_status checkout_return(lk_doc *doc, checkout_home *home, lk_status status) {
    doc->events.watching = false;
    lk_status back = checkout_go(doc, (doc_heads){home->heads.at, home->heads.len});
    doc->events.watching = home->watching;
    doc->detached = home->detached;
    vec_drop(&doc->memory, &home->heads);
    return back == LK_OK ? status : doc_spend(doc, back);
}

lk_status checkout_gather(lk_doc *doc) {
    oplog_part(&doc->log);
    lk_status status = sealed_open(doc);
    if (status != LK_OK) return status;
    const dag *g = &doc->log.graph;
    const dag_run *open = &g->runs.at[g->runs.len - 1];
    doc_heads before = {g->parents.at + open->parent_start, open->parent_len};
    checkout_home home;
    if (doc->spent) return LK_ESPENT;
    arena_reset(&doc->scratch);
    status = checkout_leave(doc, &home);
    if (status != LK_OK) return status;
    status = checkout_go(doc, before);
    doc->events.watching = true;
    if (status == LK_OK) status = checkout_go(doc, (doc_heads){home.heads.at, home.heads.len});
    if (status != LK_OK) return checkout_return(doc, &home, status);
    doc->detached = home.detached;
    vec_drop(&doc->memory, &home.heads);
    return LK_OK;
}

/* ---- in public ---- */

static bool checkout_same(doc_heads a, doc_heads b) {
    size_t same = 0;
    for (size_t i = 0; i < a.len; i++)
        for (size_t k = 0; k < b.len; k++) same += a.at[i] == b.at[k];
    return a.len == b.len && same == a.len;
}

bool checkout_shows(const lk_doc *doc, doc_heads heads) {
    return checkout_same(doc_shown(doc), heads);
}

/* It is shown already. Who asks for the newest once more stays with it, as in Loro. */
static void checkout_again(lk_doc *doc, doc_heads heads) {
    const dag *g = &doc->log.graph;
    if (checkout_same((doc_heads){g->heads.at, g->heads.len}, heads)) doc->detached = false;
}

static lk_status checkout_told(lk_doc *doc, doc_heads heads) {
    lk_status status = checkout_go(doc, heads);
    if (status == LK_OK && doc->events.watching)
        events_finish(doc, LK_BY_CHECKOUT, (lk_str){"checkout", 8});
    return status;
}

lk_status lk_checkout(lk_doc *doc, lk_ids frontiers) {
    lk_status status = lk_commit(doc, NULL);
    if (status == LK_OK) status = sealed_open_at(doc, frontiers, false);
    if (status != LK_OK) return status;
    arena_reset(&doc->scratch);
    doc_heads heads;
    status = doc_find_heads(doc, frontiers, &heads);
    if (status != LK_OK) return status;
    if (checkout_shows(doc, heads)) {
        checkout_again(doc, heads);
        return LK_OK;
    }
    if (doc->sealed.at == NULL) return checkout_told(doc, heads);
    status = sealed_open(doc);
    return status == LK_OK ? lk_checkout(doc, frontiers) : status;
}

lk_status lk_detach(lk_doc *doc) {
    lk_status status = lk_commit(doc, NULL);
    if (status == LK_OK) status = sealed_open(doc);
    if (status != LK_OK || doc->detached) return status;
    arena_reset(&doc->scratch);
    doc_heads heads;
    status = checkout_newest(doc, &heads);
    if (status != LK_OK) return status;
    bool watching = doc->events.watching; /* nothing changes, so there is nothing to tell */
    doc->events.watching = false;
    status = checkout_go(doc, heads);
    doc->events.watching = watching;
    return status;
}

lk_status lk_attach(lk_doc *doc) {
    lk_status status = lk_commit(doc, NULL);
    if (status != LK_OK || !doc->detached) return status;
    arena_reset(&doc->scratch);
    doc_heads heads;
    status = checkout_newest(doc, &heads);
    if (status == LK_OK && !checkout_shows(doc, heads)) status = checkout_told(doc, heads);
    if (status == LK_OK) doc->detached = false;
    return status;
}

bool lk_is_detached(const lk_doc *doc) { return doc->detached; }

lk_status lk_edit_detached(lk_doc *doc, bool allowed) {
    lk_status status = lk_commit(doc, NULL);
    if (status == LK_OK) doc->edits_past = allowed;
    return status;
}

lk_status lk_diff_between(lk_doc *doc, lk_ids from, lk_ids to, const lk_event **out) {
    return checkout_diff(doc, &(checkout_ask){.from = from, .to = to}, out);
}

static bool checkout_asked(const checkout_ask *ask, bool arrived) {
    return ask->look == NULL || ask->look(ask->context, arrived);
}

lk_status checkout_diff(lk_doc *doc, const checkout_ask *ask, const lk_event **out) {
    lk_status status = lk_commit(doc, NULL);
    if (status == LK_OK) status = sealed_open(doc);
    if (status != LK_OK) return status;
    checkout_home home;
    doc_heads start, end;
    arena_reset(&doc->scratch);
    status = doc_find_heads(doc, ask->from, &start);
    if (status == LK_OK) status = doc_find_heads(doc, ask->to, &end);
    if (status == LK_OK) status = checkout_leave(doc, &home);
    if (status != LK_OK) return status;
    status = checkout_go(doc, start);
    if (status == LK_OK && !checkout_asked(ask, false)) status = LK_ENOMEM;
    if (status == LK_OK) {
        doc->events.watching = true;
        status = checkout_go(doc, end);
        if (status == LK_OK) *out = events_take(doc, ask->kept);
        if (status == LK_OK && *out == NULL) status = LK_ENOMEM;
        if (status == LK_OK && !checkout_asked(ask, true)) status = LK_ENOMEM;
    }
    return checkout_return(doc, &home, status);
}

/* ---- copies ---- */

/* What was asked for and is empty shows in the copy, too. */
static lk_status checkout_copy_roots(const lk_doc *doc, lk_doc *copy) {
    size_t cursor = 0;
    lk_ref root, made;
    lk_status status = LK_OK;
    while (status == LK_OK && lk_root_next(doc, &cursor, &root)) {
        const container_id *id = &doc->log.names.containers.at[root.index].id;
        if (id->kind > LK_COUNTER || !doc_root_name_valid(id->name)) continue;
        status = lk_root(copy, (lk_kind)id->kind, id->name, &made);
    }
    return status;
}

static lk_status checkout_fork(lk_doc *doc, const travel_end *version, lk_doc *copy) {
    lk_buf bytes = {.memory = &doc->memory};
    lk_status status = export_past(doc, version->ends, &bytes);
    if (status == LK_OK) status = lk_import(copy, (lk_bytes){bytes.at, bytes.len}, NULL, NULL);
    lk_buf_free(&bytes);
    return status == LK_OK ? checkout_copy_roots(doc, copy) : status;
}

lk_status lk_fork(lk_doc *doc, uint64_t peer, const lk_ids *frontiers_or_null, lk_doc **out) {
    lk_status status = lk_commit(doc, NULL);
    if (status == LK_OK) status = sealed_open(doc);
    if (status != LK_OK) return status;
    arena_reset(&doc->scratch);
    travel_end shown, version;
    status = doc_shown_end(doc, &shown);
    if (status != LK_OK) return status;
    version = (travel_end){shown.heads, shown.len,
                           arena_new(&doc->scratch, int32_t, doc->log.graph.peers.len)};
    if (version.ends == NULL) return LK_ENOMEM;
    if (frontiers_or_null != NULL) {
        doc_heads heads;
        status = doc_find_heads(doc, *frontiers_or_null, &heads);
        version.heads = heads.at;
        version.len = heads.len;
    }
    if (status == LK_OK) status = travel_ends(&doc->travel, &shown, &version);
    if (status != LK_OK) return status;
    lk_doc *copy = lk_new(peer, &doc->memory);
    if (copy == NULL) return peer == UINT64_MAX ? LK_EVALUE : LK_ENOMEM;
    status = checkout_fork(doc, &version, copy);
    if (status == LK_OK) status = lk_style_config(copy, doc->styles.at, doc->styles.len);
    if (status == LK_OK) lk_style_default(copy, doc->styles.any ? &doc->styles.expand : NULL);
    if (status == LK_OK)
        *out = copy;
    else
        lk_free(copy);
    return status;
}
