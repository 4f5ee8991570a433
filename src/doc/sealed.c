/* SPDX-License-Identifier: MIT
 * sealed.c - what needs the history that was not read, and reading it. */
#include "doc/sealed.h"

#include "doc/checkout.h"
#include "doc/import.h"
#include "doc/root.h"
#include "model/value.h"
#include "oplog/mergeable.h"

bool sealed_keep(lk_doc *doc, lk_bytes blob, const snapshot_tip *tip, bool plain) {
    const dag *g = &doc->log.graph;
    doc_sealed *s = &doc->sealed;
    s->heads.len = 0;
    if (!vec_reserve(&doc->memory, &s->heads, g->heads.len)) return false;
    s->at = mem_alloc(&doc->memory, blob.len);
    if (s->at == NULL) return false;
    __builtin_memcpy(s->at, blob.at, blob.len);
    s->len = blob.len;
    for (size_t i = 0; i < g->heads.len; i++) s->heads.at[s->heads.len++] = g->heads.at[i];
    s->damage = LK_OK;
    s->timestamp_s = tip->timestamp_s;
    s->containers = plain ? doc->log.names.containers.len : 0;
    return true;
}

void sealed_drop(lk_doc *doc) {
    mem_free(&doc->memory, doc->sealed.at, doc->sealed.len);
    doc->sealed.at = NULL;
    vec_drop(&doc->memory, &doc->sealed.heads);
    vec_drop(&doc->memory, &doc->sealed.times);
}

lk_bytes sealed_whole(const lk_doc *doc) {
    const doc_sealed *s = &doc->sealed;
    bool whole = s->at != NULL && doc->log.graph.end == doc->log.graph.begin &&
                 s->containers == doc->log.names.containers.len && doc->hidden_roots.len == 0;
    return whole ? (lk_bytes){s->at, s->len} : (lk_bytes){0};
}

/* ---- what goes without it ---- */

static bool sealed_head(const lk_doc *doc, lv at) {
    return dag_is_among(doc->sealed.heads.at, doc->sealed.heads.len, at);
}

bool sealed_tip(const lk_doc *doc, const lv *heads, size_t len) {
    size_t found = 0;
    for (size_t i = 0; i < len; i++) found += sealed_head(doc, heads[i]);
    return doc->sealed.at != NULL && found == doc->sealed.heads.len;
}

static bool sealed_holds(const lk_doc *doc, op_id id) {
    const dag *g = &doc->log.graph;
    return id.peer < g->peers.len && id.counter < g->peers.at[id.peer].begin;
}

/* Does a change build on all that is sealed? */
static bool sealed_under(const lk_doc *doc, const oplog_names *names, const change *c) {
    const dag *g = &doc->log.graph;
    int32_t end = dag_peer_end(g, names->peers[0]);
    op_id own = {names->peers[0], end - 1};
    if (c->counter < end) /* its rest builds on what is here of it */
        return !sealed_holds(doc, own) ||
               (doc->sealed.heads.len == 1 && sealed_head(doc, dag_lv(g, own)));
    size_t old = 0;
    for (uint32_t i = 0; i < c->dep_len; i++) {
        op_id dep = {names->peers[c->deps[i].peer], c->deps[i].counter};
        if (!sealed_holds(doc, dep)) continue;
        if (!sealed_head(doc, dag_lv(g, dep))) return false;
        old++;
    }
    return c->dep_len > 0 && (old == 0 || old == doc->sealed.heads.len);
}

/* The document's number of a container; TABLE_NONE if it has none. */
static uint32_t sealed_find(const lk_doc *doc, const oplog_names *names, container_id id) {
    if (!id.root) id.peer = names->peers[id.peer];
    return intern_find_container(&doc->log.names, &id);
}

/* Is a container, or the data of a node, one that the state tells of, or none of what is sealed? */
static bool sealed_tells(const lk_doc *doc, const oplog_names *names, container_id id) {
    bool sealed = id.root ? mergeable_named(&id)
                          : sealed_holds(doc, (op_id){names->peers[id.peer], id.counter});
    return !sealed || sealed_find(doc, names, id) != TABLE_NONE;
}

static bool sealed_tells_node(const lk_doc *doc, const oplog_names *names, op_id node) {
    return sealed_tells(doc, names, container_of_node(node));
}

static bool sealed_tells_elem(const lk_doc *doc, const oplog_names *names, container_id in,
                              peer_ix peer, uint32_t lamport) {
    if (lamport > doc->log.graph.sealed) return true;
    uint32_t id = sealed_find(doc, names, in);
    const movable *list =
        id < doc->state.containers.len ? state_find_movable(&doc->state, id) : NULL;
    return list != NULL && movable_find(list, (step_elem){names->peers[peer], lamport}) != NULL;
}

static bool sealed_tells_op(const lk_doc *doc, const block *b, const oplog_names *names,
                            const op *o) {
    container_id in = b->cids[o->container];
    if (!sealed_tells(doc, names, in)) return false;
    switch (o->kind) {
    case OP_MARK_END: return !sealed_holds(doc, (op_id){names->peers[0], o->counter - 1});
    case OP_MOVE:
        return sealed_tells_elem(doc, names, in, o->as.move.elem_peer, o->as.move.elem_lamport);
    case OP_SET:
        return sealed_tells_elem(doc, names, in, o->as.set.elem_peer, o->as.set.elem_lamport);
    case OP_TREE:
        return sealed_tells_node(doc, names, o->as.tree->node) &&
               (o->as.tree->deletes || !o->as.tree->has_parent ||
                sealed_tells_node(doc, names, o->as.tree->parent));
    default: return true;
    }
}

bool sealed_carries(const lk_doc *doc, const block *b, const oplog_names *names, const change *c) {
    if (doc->sealed.at == NULL) return true;
    bool fine = sealed_under(doc, names, c);
    for (uint32_t i = 0; i < c->op_len && fine; i++)
        fine = sealed_tells_op(doc, b, names, &b->ops[c->op_start + i]);
    return fine;
}

/* ---- what does not ---- */

lk_status sealed_open_for(lk_doc *doc, lk_id id) {
    op_id at = {intern_find_peer(&doc->log.names, id.peer), id.counter};
    return doc->sealed.at != NULL && sealed_holds(doc, at) ? sealed_open(doc) : LK_OK;
}

lk_status sealed_open_at(lk_doc *doc, lk_ids version, bool vector) {
    size_t found = 0;
    if (doc->sealed.at == NULL) return LK_OK;
    for (size_t i = 0; i < version.len; i++) {
        op_id id = {intern_find_peer(&doc->log.names, version.at[i].peer),
                    version.at[i].counter - vector};
        if (id.peer >= doc->log.graph.peers.len || id.counter < 0) continue;
        int32_t begin = doc->log.graph.peers.at[id.peer].begin;
        if (id.counter >= begin && dag_peer_end(&doc->log.graph, id.peer) > begin) return LK_OK;
        if (vector && id.counter >= begin) id.counter = begin - 1;
        found +=
            id.counter >= 0 && id.counter < begin && sealed_head(doc, dag_lv(&doc->log.graph, id));
    }
    return found == doc->sealed.heads.len ? LK_OK : sealed_open(doc);
}

lk_status sealed_open_after(lk_doc *doc, lk_ids vv) {
    const dag *g = &doc->log.graph;
    size_t covered = 0, all = 0;
    if (doc->sealed.at == NULL) return LK_OK;
    for (size_t i = 0; i < vv.len; i++) {
        peer_ix peer = intern_find_peer(&doc->log.names, vv.at[i].peer);
        int32_t begin = peer < g->peers.len ? g->peers.at[peer].begin : 0;
        covered += begin > 0 && vv.at[i].counter >= begin;
    }
    for (peer_ix p = 0; p < g->peers.len; p++) all += g->peers.at[p].begin > 0;
    return covered == all ? LK_OK : sealed_open(doc);
}

/* ---- reading it ---- */

typedef struct sealed_aside { /* what stands aside meanwhile */
    oplog log;
    state state;
    arena scratch;
    uint8_t *sealed;
    size_t pending;
    bool watching;
    intern_mark names;
    arena_mark log_mark, texts_mark;
    uint32_t *parents; /* of containers, in the scratch of meanwhile */
} sealed_aside;

/* Caches know the local versions of before. */
static void sealed_forget(lk_doc *doc) {
    merge_drop(&doc->merge);
    merge_init(&doc->merge, &doc->log);
    travel_drop(&doc->travel);
    travel_init(&doc->travel, &doc->log);
}

static void sealed_put_aside(lk_doc *doc, sealed_aside *a) {
    *a = (sealed_aside){.scratch = doc->scratch,
                        .state = doc->state,
                        .sealed = doc->sealed.at,
                        .pending = doc->pending.len,
                        .watching = doc->events.watching,
                        .names = intern_save(&doc->log.names),
                        .log_mark = arena_save(&doc->log.log),
                        .texts_mark = arena_save(&doc->log.texts)};
    oplog_init(&a->log, &doc->memory);
    oplog_swap(&a->log, &doc->log);
    arena_init(&doc->scratch, &doc->memory);
    state_init(&doc->state, &doc->memory);
    doc->sealed.at = NULL;
    doc->pending.len = 0;
    doc->events.watching = false;
    sealed_forget(doc);
}

/* Does a tree record what happens to it, to tell of that later? */
static bool sealed_records(const events *e) {
    for (size_t i = 0; i < e->batch_len && e->started; i++)
        if (e->batch.at[i].tree != NULL) return true;
    return false;
}

/* Exchange the state for the one that stands aside. */
static void sealed_turn(lk_doc *doc, sealed_aside *a) {
    state other = doc->state;
    doc->state = a->state;
    a->state = other;
}

/* The new log and state stay, or those that stood aside come back. */
static void sealed_settle(lk_doc *doc, sealed_aside *a, bool keep_new) {
    if (!keep_new) {
        intern *names = &doc->log.names;
        oplog_swap(&a->log, &doc->log);
        sealed_turn(doc, a);
        for (size_t i = 0; i < a->names.containers && a->parents != NULL; i++)
            names->containers.at[i].parent = a->parents[i];
        state_rewind(&doc->state, a->names.containers);
        intern_rewind(names, a->names);
        arena_rewind(&doc->log.log, a->log_mark);
        arena_rewind(&doc->log.texts, a->texts_mark);
        sealed_forget(doc);
    }
    doc->sealed.at = a->sealed;
    if (keep_new) sealed_drop(doc);
    if (keep_new) doc->asleep = false;
    if (keep_new && sealed_records(&doc->events)) events_cancel(&doc->events);
    state_drop(&a->state);
    oplog_drop(&a->log);
    arena_drop(&doc->scratch);
    doc->scratch = a->scratch;
    doc->pending.len = a->pending;
    doc->events.watching = a->watching;
}

/* Does the history end where the document began? */
static bool sealed_ends(const lk_doc *doc, const sealed_aside *a) {
    const dag *is = &doc->log.graph, *was = &a->log.graph;
    const doc_sealed *s = &doc->sealed;
    uint32_t lamport = 0;
    bool same = is->end == was->begin && is->heads.len == s->heads.len;
    for (peer_ix p = 0; p < was->peers.len && same; p++)
        same = dag_peer_end(is, p) == was->peers.at[p].begin;
    for (size_t i = 0; i < s->heads.len && same; i++) {
        lv head = dag_lv(is, dag_id(was, s->heads.at[i]));
        uint32_t own = dag_lamport(is, head);
        same = dag_is_among(is->heads.at, is->heads.len, head);
        if (own > lamport) lamport = own;
    }
    return same && lamport == was->sealed;
}

static lk_status sealed_replay(lk_doc *doc) {
    const char *what;
    doc->steps.len = 0;
    if (!doc_add_states(doc)) return LK_ENOMEM;
    lk_status status = merge_plan(&doc->merge, 0, &doc->steps, &what);
    if (status == LK_OK)
        status = state_prepare(&doc->state, doc->steps.at, doc->steps.len, &doc->scratch);
    if (status == LK_OK) doc_advance(doc, doc->steps.at, doc->steps.len);
    return status == LK_ERANGE ? LK_ECORRUPT : status;
}

/* What is still to be told of is told by what was there before; but for trees: see below. */
static void sealed_keep_batch(lk_doc *doc, const sealed_aside *a) {
    for (size_t i = 0; i < a->state.containers.len; i++) {
        state_slot *is = doc->state.containers.at[i];
        const state_slot *was = a->state.containers.at[i];
        is->batch = was->batch;
        is->was_present = was->was_present;
    }
}

/* ---- does it lead here? ---- */

/* Are two sums of a counter the same, but for the order? Nearer than lk_check() wants them. */
static bool sealed_same_sum(const lk_doc *doc, uint32_t id, double was, double is) {
    if (!__builtin_isfinite(was) || !__builtin_isfinite(is))
        return !__builtin_isfinite(was) && !__builtin_isfinite(is);
    double apart = __builtin_fabs(was - is), most = check_rounding(doc, id) / 4;
    return apart <= most && __builtin_isfinite(most);
}

/* Sums stay as they were shown. */
static bool sealed_same_counters(lk_doc *doc, const sealed_aside *a) {
    for (uint32_t i = 0; i < doc->state.containers.len; i++) {
        const double *was = state_find_counter(&a->state, i);
        if (was == NULL) continue;
        double *is = &doc->state.containers.at[i]->as.counter;
        if (!sealed_same_sum(doc, i, *was, *is)) return false;
        *is = *was;
    }
    return true;
}

/* Of what slept the text was compared. */
static bool sealed_same_span(const seq_span *x, const seq_span *y) {
    bool x_starts = false, y_starts = false;
    if (x->id.peer == SEQ_NOBODY) return true;
    const text_mark *a = seq_mark(x, &x_starts), *b = seq_mark(y, &y_starts);
    if (x->id.peer != y->id.peer || x->id.counter != y->id.counter) return false;
    if (a == NULL || b == NULL) return a == b;
    return x_starts == y_starts && a->key == b->key && a->info == b->info &&
           value_equal(a->value, b->value);
}

/* Are these the same atoms, with the same marks? */
static bool sealed_same_seq(const seq *was, const seq *is) {
    uint32_t left = seq_len(was, SEQ_ENTITY), part;
    if (left != seq_len(is, SEQ_ENTITY)) return false;
    seq_walk a = seq_range(was, 0, left), b = seq_range(is, 0, left);
    seq_span x = {0}, y = {0};
    for (; left > 0; left -= part) {
        uint32_t *x_len = &x.len[SEQ_ENTITY], *y_len = &y.len[SEQ_ENTITY];
        if (*x_len == 0) seq_walk_next(&a, &x);
        if (*y_len == 0) seq_walk_next(&b, &y);
        if (!sealed_same_span(&x, &y)) return false;
        part = *x_len < *y_len ? *x_len : *y_len;
        *x_len -= part;
        *y_len -= part;
        x.id.counter += (int32_t)part;
        y.id.counter += (int32_t)part;
    }
    return true;
}

static lk_status sealed_compare(lk_doc *doc, sealed_aside *a) {
    lk_buf was = {.memory = &doc->memory}, is = {.memory = &doc->memory};
    sealed_turn(doc, a);
    lk_status status = doc_add_states(doc) ? lk_json(doc, &was) : LK_ENOMEM;
    sealed_turn(doc, a);
    if (status == LK_OK && !sealed_same_counters(doc, a)) status = LK_ECORRUPT;
    if (status == LK_OK) status = lk_json(doc, &is);
    bool same = was.len == is.len && (is.len == 0 || __builtin_memcmp(was.at, is.at, is.len) == 0);
    for (uint32_t i = 0; i < doc->state.containers.len && status == LK_OK && same; i++) {
        const seq *own = state_find_seq(&doc->state, i);
        same =
            own == NULL || !doc_shows(doc, i) || sealed_same_seq(state_find_seq(&a->state, i), own);
    }
    lk_buf_free(&was);
    lk_buf_free(&is);
    return status == LK_OK && !same ? LK_ECORRUPT : status;
}

static lk_status sealed_read(lk_doc *doc, sealed_aside *a) {
    lk_fault fault = {0};
    a->parents = arena_new(&doc->scratch, uint32_t, a->names.containers);
    if (a->parents == NULL) return LK_ENOMEM;
    for (size_t i = 0; i < a->names.containers; i++)
        a->parents[i] = doc->log.names.containers.at[i].parent;
    lk_status status = import_history(doc, (lk_bytes){a->sealed, doc->sealed.len}, &fault);
    if (status == LK_OK && !sealed_ends(doc, a)) status = LK_ECORRUPT;
    if (status == LK_OK && !oplog_follow(&doc->log, &a->log)) status = LK_ENOMEM;
    if (status == LK_OK) status = sealed_replay(doc);
    if (status == LK_OK) status = sealed_compare(doc, a);
    if (status == LK_OK) sealed_keep_batch(doc, a);
    return status;
}

lk_status sealed_open(lk_doc *doc) {
    sealed_aside a;
    if (doc->sealed.at == NULL) return sealed_wake(doc);
    if (doc->spent) return LK_ESPENT;
    if (doc->sealed.damage != LK_OK) return doc->sealed.damage;
    oplog_part(&doc->log);
    events *e = &doc->events;
    bool records = sealed_records(e); /* what it has goes with the state, and is gathered again */
    if (e->late && records && !doc->open) {
        events_finish(doc, e->by, (lk_str){0});
        records = e->late;
    }
    if (e->late && records) return LK_ENOMEM;
    sealed_put_aside(doc, &a);
    lk_status status = sealed_read(doc, &a);
    sealed_settle(doc, &a, status == LK_OK);
    if (status != LK_ENOMEM) doc->sealed.damage = status;
    if (status != LK_OK || !records) return status;
    return doc_spend(doc, checkout_gather(doc));
}

/* ---- what sleeps ---- */

lk_status sealed_sections(const lk_doc *doc, envelope_sections *out, lk_fault *fault) {
    envelope_mode mode;
    reader body;
    lk_status status =
        envelope_open((lk_bytes){doc->sealed.at, doc->sealed.len}, &mode, &body, fault);
    return status == LK_OK ? envelope_read_sections(&body, out, fault) : status;
}

lk_status sealed_rouse(lk_doc *doc) {
    envelope_sections from = {.state.bytes = doc->log.root};
    lk_fault fault;
    bool sealed = doc->sealed.at != NULL;
    lk_status status = sealed ? sealed_sections(doc, &from, &fault) : LK_OK;
    if (status == LK_OK) status = root_wake(doc, from.state.bytes);
    return status == LK_OK || status == LK_ENOMEM || !sealed ? status : sealed_open(doc);
}

void lk_open_lazily(lk_doc *doc, bool on) { doc->lazy = on; }
