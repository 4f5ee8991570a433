/* SPDX-License-Identifier: MIT
 * version.c - versions in three spellings: heads (local numbers), frontiers (the ids of heads) and
 * version vectors (how much of each peer). */
#include "base/sort.h"
#include "doc/sealed.h"

lk_id doc_wide(const lk_doc *doc, op_id id) {
    return (lk_id){doc->log.names.peers.at[id.peer], id.counter};
}

static int version_id_order(const void *a, const void *b) {
    uint64_t x = ((const lk_id *)a)->peer, y = ((const lk_id *)b)->peer;
    return x < y ? -1 : x > y;
}

void doc_sort_ids(lk_id *ids, size_t len) { sort_items(ids, len, sizeof *ids, version_id_order); }

/* ---- what is shown, and what there is ---- */

static doc_heads version_all(const lk_doc *doc) {
    return (doc_heads){doc->log.graph.heads.at, doc->log.graph.heads.len};
}

doc_heads doc_shown(const lk_doc *doc) {
    if (!doc->detached) return version_all(doc);
    return (doc_heads){doc->shown_heads.at, doc->shown_heads.len};
}

static int32_t version_shown_end(const lk_doc *doc, peer_ix p) {
    if (!doc->detached) return doc->log.graph.peers.at[p].end;
    return p < doc->shown_ends.len ? doc->shown_ends.at[p] : 0;
}

lk_status doc_shown_end(lk_doc *doc, travel_end *out) {
    size_t peers = doc->log.graph.peers.len;
    doc_heads shown = doc_shown(doc);
    lv *heads = arena_new(&doc->scratch, lv, shown.len);
    *out = (travel_end){heads, shown.len, arena_new(&doc->scratch, int32_t, peers)};
    if (heads == NULL || out->ends == NULL) return LK_ENOMEM;
    for (size_t i = 0; i < shown.len; i++) heads[i] = shown.at[i];
    for (peer_ix p = 0; p < peers; p++) out->ends[p] = version_shown_end(doc, p);
    return LK_OK;
}

size_t doc_write_frontiers(const lk_doc *doc, doc_heads heads, lk_id *out) {
    for (size_t i = 0; i < heads.len; i++)
        out[i] = doc_wide(doc, dag_id(&doc->log.graph, heads.at[i]));
    doc_sort_ids(out, heads.len);
    return heads.len;
}

static lk_ids version_frontiers(lk_doc *doc, doc_heads heads) {
    doc->frontiers.len = 0;
    if (!vec_reserve(&doc->memory, &doc->frontiers, heads.len)) return (lk_ids){0};
    doc->frontiers.len = doc_write_frontiers(doc, heads, doc->frontiers.at);
    return (lk_ids){doc->frontiers.at, doc->frontiers.len};
}

lk_ids lk_frontiers(lk_doc *doc) { return version_frontiers(doc, doc_shown(doc)); }

lk_ids lk_log_frontiers(lk_doc *doc) { return version_frontiers(doc, version_all(doc)); }

static void version_push(lk_doc *doc, peer_ix peer, int32_t end) {
    if (end > 0) doc->version.at[doc->version.len++] = doc_wide(doc, (op_id){peer, end});
}

static lk_ids version_sorted(lk_doc *doc) {
    doc_sort_ids(doc->version.at, doc->version.len);
    return (lk_ids){doc->version.at, doc->version.len};
}

lk_ids lk_version(lk_doc *doc) {
    size_t peers = doc->log.graph.peers.len;
    doc->version.len = 0;
    if (!vec_reserve(&doc->memory, &doc->version, peers)) return (lk_ids){0};
    for (peer_ix p = 0; p < peers; p++) version_push(doc, p, version_shown_end(doc, p));
    return version_sorted(doc);
}

lk_ids lk_log_version(lk_doc *doc) {
    const dag *g = &doc->log.graph;
    doc->version.len = 0;
    if (!vec_reserve(&doc->memory, &doc->version, g->peers.len)) return (lk_ids){0};
    for (peer_ix p = 0; p < g->peers.len; p++) version_push(doc, p, g->peers.at[p].end);
    return version_sorted(doc);
}

int32_t lk_own_end(const lk_doc *doc) {
    peer_ix self = doc->self;
    if (self == TABLE_NONE) self = intern_find_peer(&doc->log.names, doc->peer);
    return self == TABLE_NONE ? 0 : dag_peer_end(&doc->log.graph, self);
}

/* ---- conversions ---- */

/* Drop heads that others build on. They go from the newest down, since only newer ones can. */
static lk_status version_prune(lk_doc *doc, lv *heads, size_t *len) {
    size_t kept = 0;
    for (size_t i = 1; i < *len; i++) /* few: by insertion, the newest first */
        for (size_t k = i; k > 0 && heads[k - 1] < heads[k]; k--) {
            lv swap = heads[k];
            heads[k] = heads[k - 1];
            heads[k - 1] = swap;
        }
    for (size_t i = 0; i < *len; i++) {
        bool known;
        if (!dag_contains(&doc->log.graph, heads, kept, heads[i], &known)) return LK_ENOMEM;
        if (!known) heads[kept++] = heads[i];
    }
    *len = kept;
    return LK_OK;
}

/* Heads that are sealed are those at the end, or sealed_open_at() was not asked. */
static lk_status version_sealed(lk_doc *doc, doc_heads *out) {
    size_t len = doc->sealed.heads.len;
    lv *heads = arena_new(&doc->scratch, lv, len);
    if (heads == NULL) return LK_ENOMEM;
    if (!sealed_tip(doc, out->at, out->len)) return LK_EMISSING;
    for (size_t i = 0; i < len; i++) heads[i] = doc->sealed.heads.at[i];
    *out = (doc_heads){heads, len};
    return LK_OK;
}

/* `past`: the ids are ends of a version vector, else they are operations. */
static lk_status version_find(lk_doc *doc, lk_ids ids, bool past, doc_heads *out) {
    const dag *g = &doc->log.graph;
    lv *heads = arena_new(&doc->scratch, lv, ids.len);
    if (heads == NULL) return LK_ENOMEM;
    *out = (doc_heads){heads, 0};
    for (size_t i = 0; i < ids.len; i++) {
        peer_ix peer = intern_find_peer(&doc->log.names, ids.at[i].peer);
        int32_t counter = ids.at[i].counter, end = dag_peer_end(g, peer);
        if (past) counter = (counter < end ? counter : end) - 1;
        if (past && counter < 0) continue;
        if (counter < 0 || counter >= end) return LK_EMISSING;
        heads[out->len++] = dag_lv(g, (op_id){peer, counter});
    }
    bool newer = false;
    for (size_t i = 0; i < out->len; i++) newer |= heads[i] >= g->begin;
    if (doc->sealed.at != NULL && !newer) return version_sealed(doc, out);
    lk_status status = version_prune(doc, heads, &out->len);
    bool older = out->len == 0 || heads[0] + 1 < g->floor; /* than where the history begins */
    return status == LK_OK && older && g->floor > 0 ? LK_EMISSING : status;
}

lk_status doc_find_heads(lk_doc *doc, lk_ids frontiers, doc_heads *out) {
    return version_find(doc, frontiers, false, out);
}

lk_status lk_vv_of(lk_doc *doc, lk_ids frontiers, lk_ids *out) {
    *out = (lk_ids){0};
    if (frontiers.len == 0) return LK_OK;
    lk_status status = sealed_open_at(doc, frontiers, false);
    if (status != LK_OK) return status;
    arena_reset(&doc->scratch);
    size_t peers = doc->log.graph.peers.len;
    int32_t *ends = arena_new(&doc->scratch, int32_t, 2 * peers);
    doc_heads heads;
    status = doc_find_heads(doc, frontiers, &heads);
    if (status != LK_OK) return status;
    if (ends == NULL || !vec_reserve(&doc->memory, &doc->version, peers)) return LK_ENOMEM;
    __builtin_memset(ends, 0, peers * sizeof *ends);
    travel_end nothing = {.ends = ends}, version = {heads.at, heads.len, ends + peers};
    status = travel_ends(&doc->travel, &nothing, &version);
    if (status != LK_OK) return status;
    doc->version.len = 0;
    for (peer_ix p = 0; p < peers; p++) version_push(doc, p, version.ends[p]);
    *out = version_sorted(doc);
    return LK_OK;
}

lk_status lk_frontiers_of(lk_doc *doc, lk_ids vv, lk_ids *out) {
    lk_status status = sealed_open_at(doc, vv, true);
    if (status != LK_OK) return status;
    arena_reset(&doc->scratch);
    doc_heads heads;
    status = version_find(doc, vv, true, &heads);
    if (status != LK_OK) return status;
    *out = version_frontiers(doc, heads);
    return out->len == heads.len ? LK_OK : LK_ENOMEM;
}

static lk_status version_covers(lk_doc *doc, doc_heads a, doc_heads b, bool *out) {
    *out = true;
    for (size_t i = 0; i < b.len && *out; i++)
        if (!dag_contains(&doc->log.graph, a.at, a.len, b.at[i], out)) return LK_ENOMEM;
    return LK_OK;
}

static lk_status version_compare(lk_doc *doc, doc_heads a, doc_heads b, lk_order *out) {
    bool over, under;
    lk_status status = version_covers(doc, a, b, &over);
    if (status == LK_OK) status = version_covers(doc, b, a, &under);
    if (status != LK_OK) return status;
    *out = over ? (under ? LK_EQUAL : LK_AFTER) : under ? LK_BEFORE : LK_CONCURRENT;
    return LK_OK;
}

lk_status lk_compare(lk_doc *doc, lk_ids a, lk_ids b, lk_order *out) {
    lk_status status = sealed_open_at(doc, a, false);
    if (status == LK_OK) status = sealed_open_at(doc, b, false);
    if (status != LK_OK) return status;
    arena_reset(&doc->scratch);
    doc_heads x, y;
    status = doc_find_heads(doc, a, &x);
    if (status == LK_OK) status = doc_find_heads(doc, b, &y);
    return status == LK_OK ? version_compare(doc, x, y, out) : status;
}
