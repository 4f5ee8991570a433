/* SPDX-License-Identifier: MIT
 * doc.c - documents: making, versions, names of containers, and the one road from history to state.
 */
#include "doc/sealed.h"
#include "doc/undo.h"

#include "base/utf8.h"
#include "oplog/mergeable.h"

/* Who writes with a fresh random peer has a fresh key. */
static void doc_draw_key(uint64_t key[2], uint64_t peer) {
    if ((key[0] | key[1]) != 0) return;
    for (uint64_t i = 0; i < 2; i++) {
        const uint64_t from[2] = {peer, i};
        uint64_t upper = keyed_hash(from, "upper half", 10),
                 lower = keyed_hash(from, "lower half", 10);
        key[i] = upper << 32 | lower;
    }
}

lk_doc *lk_new(uint64_t peer, const lk_memory *memory_or_null) {
    const lk_memory *memory = memory_or_null == NULL ? &mem_default : memory_or_null;
    if (peer == UINT64_MAX) return NULL;
    lk_doc *doc = mem_zalloc(memory, sizeof *doc);
    if (doc == NULL) return NULL;
    doc->memory = *memory;
    doc_draw_key(doc->memory.hash_key, peer);
    doc->peer = peer;
    doc->self = TABLE_NONE;
    doc->merge_interval_s = OPLOG_MERGE_INTERVAL_S;
    oplog_init(&doc->log, &doc->memory);
    merge_init(&doc->merge, &doc->log);
    travel_init(&doc->travel, &doc->log);
    state_init(&doc->state, &doc->memory);
    arena_init(&doc->scratch, &doc->memory);
    events_init(&doc->events, &doc->memory);
    styles_init(&doc->styles, &doc->memory);
    return doc;
}

static void doc_drop_names(const lk_memory *memory, export_names *names) {
    vec_drop(memory, &names->members);
    vec_drop(memory, &names->where);
}

void lk_free(lk_doc *doc) {
    if (doc == NULL) return;
    lk_memory memory = doc->memory;
    for (size_t i = 0; i < doc->pending.len; i++)
        mem_free(&memory, doc->pending.at[i].bytes, doc->pending.at[i].len);
    vec_drop(&memory, &doc->pending);
    sealed_drop(doc);
    vec_drop(&memory, &doc->unsent);
    vec_drop(&memory, &doc->steps);
    vec_drop(&memory, &doc->shown_heads);
    vec_drop(&memory, &doc->shown_ends);
    vec_drop(&memory, &doc->version);
    vec_drop(&memory, &doc->frontiers);
    vec_drop(&memory, &doc->success);
    vec_drop(&memory, &doc->waiting);
    vec_drop(&memory, &doc->left_out);
    vec_drop(&memory, &doc->shut);
    vec_drop(&memory, &doc->path);
    vec_drop(&memory, &doc->hidden_roots);
    vec_drop(&memory, &doc->visits);
    vec_drop(&memory, &doc->retreat);
    vec_drop(&memory, &doc->forward);
    vec_drop(&memory, &doc->touched);
    doc_drop_names(&memory, &doc->export_peers);
    doc_drop_names(&memory, &doc->export_keys);
    doc_drop_names(&memory, &doc->export_cids);
    undo_drop_all(doc);
    events_drop(&doc->events);
    arena_drop(&doc->styles.memory);
    merge_drop(&doc->merge);
    travel_drop(&doc->travel);
    state_drop(&doc->state);
    oplog_drop(&doc->log);
    arena_drop(&doc->scratch);
    mem_free(&memory, doc, sizeof *doc);
}

uint64_t lk_peer(const lk_doc *doc) { return doc->peer; }

lk_status lk_set_peer(lk_doc *doc, uint64_t peer) {
    if (peer == UINT64_MAX) return LK_EVALUE;
    lk_status status = lk_commit(doc, NULL);
    if (status == LK_OK) status = sealed_open_for(doc, (lk_id){peer, 0});
    if (status != LK_OK) return status;
    doc->peer = peer;
    doc->self = intern_find_peer(&doc->log.names, peer);
    undo_change_peer(doc);
    return LK_OK;
}

/* ---- versions ---- */

size_t lk_op_count(const lk_doc *doc) {
    const dag *g = &doc->log.graph;
    return doc->sealed.at != NULL ? g->end : g->end - g->begin;
}

lk_status lk_change_count(lk_doc *doc, size_t *out) {
    oplog_part(&doc->log);
    lk_status status = sealed_open(doc);
    if (status != LK_OK) return status;
    const dag *g = &doc->log.graph;
    *out = oplog_change_count(&doc->log);
    if (!doc->open) return LK_OK;
    /* what is not committed was counted, unless it happens to look like part of what is */
    const dag_run *newest = &g->runs.at[g->runs.len - 1];
    const dag_peer *p = &g->peers.at[newest->peer];
    bool joined =
        p->runs.len > 1 && oplog_joins(&doc->log, &g->runs.at[p->runs.at[p->runs.len - 2]], newest);
    *out -= !joined;
    return LK_OK;
}

/* ---- containers ---- */

bool doc_add_states(lk_doc *doc) {
    const intern *names = &doc->log.names;
    size_t had = doc->state.containers.len;
    for (size_t i = had; i < names->containers.len; i++) {
        const container_id *id = &names->containers.at[i].id;
        if (state_add(&doc->state, id->kind, id->root && !mergeable_named(id))) continue;
        state_rewind(&doc->state, had);
        return false;
    }
    return true;
}

bool doc_root_name_valid(lk_str name) {
    if (name.len == 0 || !utf8_valid((const uint8_t *)name.at, name.len)) return false;
    if (mergeable_named(&(container_id){.root = true, .name = name})) return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] == '/' || name.at[i] == 0) return false;
    return true;
}

lk_status lk_root(lk_doc *doc, lk_kind kind, lk_str name, lk_ref *out) {
    if (!doc_root_name_valid(name)) return LK_EVALUE;
    container_id id = {.kind = (container_kind)kind, .root = true, .name = name};
    intern_mark mark = intern_save(&doc->log.names);
    uint32_t found = intern_container(&doc->log.names, &id);
    if (found == TABLE_NONE) return LK_ENOMEM;
    if (!doc_add_states(doc)) {
        intern_rewind(&doc->log.names, mark);
        return LK_ENOMEM;
    }
    *out = (lk_ref){found};
    return LK_OK;
}

bool lk_root_next(const lk_doc *doc, size_t *cursor, lk_ref *out) {
    const intern *names = &doc->log.names;
    while (*cursor < names->containers.len) {
        uint32_t at = (uint32_t)(*cursor)++;
        const container_id *id = &names->containers.at[at].id;
        if (!id->root || mergeable_named(id)) continue;
        *out = (lk_ref){at};
        return true;
    }
    return false;
}

static const container_name *doc_name(const lk_doc *doc, lk_ref ref) {
    LK_ASSERT(ref.index < doc->log.names.containers.len);
    return &doc->log.names.containers.at[ref.index];
}

lk_kind lk_ref_kind(const lk_doc *doc, lk_ref ref) { return (lk_kind)doc_name(doc, ref)->id.kind; }

static uint32_t doc_find_container(const lk_doc *doc, container_id id, uint64_t peer) {
    if (!id.root) id.peer = intern_find_peer(&doc->log.names, peer);
    return intern_find_container(&doc->log.names, &id);
}

lk_status lk_container_by_id(lk_doc *doc, lk_str id, lk_ref *out) {
    container_id name;
    uint64_t peer;
    if (!container_id_parse(id, &name, &peer)) return LK_EVALUE;
    uint32_t found = doc_find_container(doc, name, peer);
    if (found == TABLE_NONE && (!name.root || mergeable_named(&name))) {
        lk_status status = sealed_open(doc); /* it may have been deleted */
        if (status != LK_OK) return status;
        found = doc_find_container(doc, name, peer);
    }
    *out = (lk_ref){found};
    if (found != TABLE_NONE) return LK_OK;
    if (!name.root || name.kind > LK_COUNTER || mergeable_named(&name)) return LK_EMISSING;
    return lk_root(doc, (lk_kind)name.kind, name.name, out);
}

lk_status lk_container_id(const lk_doc *doc, lk_ref ref, lk_buf *out) {
    const container_id *id = &doc_name(doc, ref)->id;
    uint64_t peer = id->root ? 0 : doc->log.names.peers.at[id->peer];
    return container_id_print(id, peer, out) ? LK_OK : LK_ENOMEM;
}

bool lk_container_parent(const lk_doc *doc, lk_ref ref, lk_ref *out) {
    uint32_t parent = doc_name(doc, ref)->parent;
    if (parent == CONTAINER_NONE) return false;
    *out = (lk_ref){parent};
    return true;
}

/* Does it hang below a root? `hidden`: perhaps by way of mergeable children that do not show. */
static bool doc_hangs(const lk_doc *doc, uint32_t container, bool hidden) {
    for (;;) {
        const container_name *name = &doc->log.names.containers.at[container];
        bool mergeable = name->id.root && name->parent != CONTAINER_NONE;
        if (!hidden || !mergeable) {
            if (!doc->state.containers.at[container]->present) return false;
            if (name->parent == CONTAINER_NONE) return name->id.root;
            if (!state_holds(&doc->state, name->parent, &name->id)) return false;
        }
        container = name->parent;
    }
}

bool doc_shows(const lk_doc *doc, uint32_t container) { return doc_hangs(doc, container, false); }
bool doc_may_show(const lk_doc *doc, uint32_t container) { return doc_hangs(doc, container, true); }

bool lk_container_shows(const lk_doc *doc, lk_ref ref) {
    LK_ASSERT(ref.index < doc->log.names.containers.len);
    return doc_shows(doc, ref.index);
}

lk_status doc_spend(lk_doc *doc, lk_status status) {
    if (status != LK_ENOMEM) return status;
    doc->spent = true;
    return LK_ESPENT;
}

/* ---- the road ---- */

lk_status doc_prepare(lk_doc *doc, const step *steps, size_t len) {
    lk_status status = state_prepare(&doc->state, steps, len, &doc->scratch);
    if (status != LK_OK) return status;
    return events_prepare(doc, steps, len) ? LK_OK : LK_ENOMEM;
}

static void doc_appeared(void *context, uint32_t container) {
    events *e = context;
    LK_ASSERT(e->appeared.len < e->appeared.cap);
    e->appeared.at[e->appeared.len++] = container;
}

void doc_advance(lk_doc *doc, const step *steps, size_t len) {
    events *e = &doc->events;
    state_watch watch = {e->number, e, doc_appeared};
    state_change done = {0};
    for (size_t i = 0; i < len; i++) {
        if (e->watching && i > 0) done = (state_change){0};
        state_apply(&doc->state, &steps[i], e->watching ? &watch : NULL, &done);
        /* As in Loro: that the same was written again is told of edits here only. */
        if (e->watching && (doc->open || !done.same)) events_note(e, &steps[i], &done, doc->open);
    }
    if (e->watching) events_settle(doc);
    state_settle(&doc->state, steps, len);
}
