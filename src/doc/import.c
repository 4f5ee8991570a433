/* SPDX-License-Identifier: MIT
 * import.c - bytes from elsewhere, all of them or none:
 *
 *      open the blob ─► decode blocks ─► append what has its past ─► plan ─► prepare │ advance
 *                       (scratch)        (log, can be rewound)      (steps)          │ cannot fail
 *
 * Blocks are grouped by peer. Changes are taken in causal order by always going on with the peer
 * whose next change has the smallest Lamport time, and staying with it as long as its changes have
 * their past: so branches are read one after the other and the merge does not jump between them. A
 * change whose turn it is and which still misses something will not get it from this blob, since
 * what a change builds on has smaller Lamport times. It waits as encoded bytes, and is read again
 * when what it misses is here. */
#include "base/limits.h"
#include "base/sort.h"
#include "codec/change_block.h"
#include "codec/envelope.h"
#include "codec/snapshot_blob.h"
#include "codec/state_blob.h"
#include "doc/root.h"

typedef struct import_block {
    block b;
    oplog_names names;
    lk_bytes bytes;
    size_t next; /* change */
} import_block;

typedef struct importer {
    lk_doc *doc;
    VEC(import_block) blocks; /* of a round sorted by peer and counter */
    VEC(size_t) queue;        /* one block of each peer: heap by Lamport time of the next change */
    uint8_t *taken;           /* per doc->pending: its block is among ours */
    doc_pending *waiting;     /* what waits in the end */
    size_t waiting_len, waiting_bytes, waiting_free_ops;
    size_t free_ops;     /* of the blocks read */
    size_t blob_len;     /* blocks of the blob itself; those that had waited come after them */
    const int32_t *ends; /* next counters before, of end_len peers */
    size_t end_len;
    bool snapshot; /* a document that held nothing begins with one of the blobs */
    bool several;  /* blobs are read */
    bool alone;    /* what waited for the blob is dropped, not read */
    bool late;     /* the document begins where the blob's history does: */
    snapshot_history history;
    snapshot_root root;
    lk_fault *fault;
} importer;

static lk_status import_fault(importer *in, lk_status status, const char *what) {
    *in->fault = (lk_fault){status, 0, what};
    return status;
}

/* ---- decoding ---- */

/* Operations of a block that its bytes do not pay for: many small blocks must not claim many each.
 */
static size_t import_free_ops(const import_block *x) {
    return x->b.op_len > x->bytes.len ? x->b.op_len - x->bytes.len : 0;
}

static lk_status import_add(importer *in, lk_bytes bytes, size_t offset) {
    import_block *fresh = vec_push(&in->doc->memory, &in->blocks);
    if (fresh == NULL) return import_fault(in, LK_ENOMEM, "out of memory");
    *fresh = (import_block){.bytes = bytes};
    lk_status status = change_block_read(bytes, offset, &in->doc->scratch, &fresh->b, in->fault);
    if (status != LK_OK) return status;
    in->free_ops += import_free_ops(fresh);
    if (in->free_ops <= LIMIT_BLOCK_OPS) return LK_OK;
    *in->fault = (lk_fault){LK_ELIMIT, offset, "blob has too many operations"};
    return LK_ELIMIT;
}

static lk_status import_updates(importer *in, reader *body) {
    lk_bytes bytes;
    size_t offset;
    while (envelope_next_block(body, &bytes, &offset)) {
        lk_status status = import_add(in, bytes, offset);
        if (status != LK_OK) return status;
    }
    if (!reader_ok(body)) *in->fault = body->fault;
    return body->fault.code;
}

/* A document that holds nothing can begin where a shallow history does. To others the state there
 * says nothing: they take the changes, or let them wait. */
static lk_status import_find_root(importer *in, const snapshot_history *history,
                                  const envelope_section *section) {
    if (!history->shallow) return LK_OK;
    if (history->start_frontiers.len != 1)
        return import_fault(in, LK_EVERSION, "history begins at several operations");
    in->late = true;
    in->history = *history;
    return snapshot_read_root(section, history->start_frontiers, &in->doc->scratch, &in->root,
                              in->fault);
}

/* Root containers that nothing ever happened to are there too, for a document that holds nothing.
 */
static lk_status import_roots(importer *in, const envelope_sections *sections) {
    lk_doc *doc = in->doc;
    sstable states;
    arena_mark mark = arena_save(&doc->scratch);
    lk_status status = snapshot_read_states(sections, &doc->scratch, &states, in->fault);
    for (size_t i = 0; i < states.len && status == LK_OK; i++) {
        container_id id;
        if (!state_blob_root(states.pairs[i].key, &id)) continue;
        if (id.kind > LK_COUNTER || !doc_root_name_valid(id.name)) continue;
        if (intern_container(&doc->log.names, &id) == TABLE_NONE)
            status = import_fault(in, LK_ENOMEM, "out of memory");
    }
    arena_rewind(&doc->scratch, mark);
    return status;
}

/* Loro's counters hold something from when they are asked for. */
static bool import_holds_nothing(const lk_doc *doc) {
    const intern *names = &doc->log.names;
    for (size_t i = 0; i < names->containers.len; i++)
        if (names->containers.at[i].id.kind == LK_COUNTER) return false;
    return doc->log.graph.end == 0 && !doc->detached;
}

/* A document that holds something does not look at what stands behind the history, as in Loro. */
static lk_status import_snapshot(importer *in, reader *body) {
    envelope_sections sections;
    snapshot_history history;
    arena *scratch = &in->doc->scratch;
    bool begins = import_holds_nothing(in->doc) && !in->late;
    lk_status status = begins ? envelope_read_sections(body, &sections, in->fault)
                              : envelope_read_history(body, &sections.history, in->fault);
    if (status == LK_OK && begins) status = import_roots(in, &sections);
    if (status != LK_OK) return status;
    status = snapshot_read_history(&sections.history, scratch, &history, in->fault);
    if (status == LK_OK && begins) status = import_find_root(in, &history, &sections.root);
    in->snapshot |= begins && history.block_len > 0;
    for (size_t i = 0; i < history.block_len && status == LK_OK; i++)
        status = import_add(in, history.blocks[i].bytes, history.blocks[i].offset);
    return status;
}

static lk_status import_decode(importer *in, lk_bytes bytes) {
    envelope_mode mode;
    reader body;
    if (bytes.len > LIMIT_BLOB_BYTES) return import_fault(in, LK_ELIMIT, "blob is too large");
    lk_status status = envelope_open(bytes, &mode, &body, in->fault);
    if (status != LK_OK) return status;
    return mode == ENVELOPE_SNAPSHOT ? import_snapshot(in, &body) : import_updates(in, &body);
}

/* ---- order ---- */

static uint64_t import_peer(const import_block *x) { return x->b.peers[0]; }

static int32_t import_counter(const import_block *x) { return x->b.changes[0].counter; }

static int import_order(const void *a, const void *b) {
    const import_block *x = a, *y = b;
    if (import_peer(x) != import_peer(y)) return import_peer(x) < import_peer(y) ? -1 : 1;
    return import_counter(x) < import_counter(y) ? -1 : import_counter(x) > import_counter(y);
}

static const change *import_next(const importer *in, size_t at) {
    const import_block *x = &in->blocks.at[at];
    return &x->b.changes[x->next];
}

static bool import_enqueue(importer *in, size_t block_at) {
    if (!vec_reserve(&in->doc->memory, &in->queue, 1)) return false;
    uint32_t lamport = import_next(in, block_at)->lamport;
    size_t i = in->queue.len++;
    for (; i > 0 && import_next(in, in->queue.at[(i - 1) / 2])->lamport > lamport; i = (i - 1) / 2)
        in->queue.at[i] = in->queue.at[(i - 1) / 2];
    in->queue.at[i] = block_at;
    return true;
}

static size_t import_dequeue(importer *in) {
    size_t top = in->queue.at[0], last = in->queue.at[--in->queue.len], len = in->queue.len;
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= len) break;
        size_t *q = in->queue.at;
        if (child + 1 < len &&
            import_next(in, q[child + 1])->lamport < import_next(in, q[child])->lamport)
            child++;
        if (import_next(in, q[child])->lamport >= import_next(in, last)->lamport) break;
        q[i] = q[child];
        i = child;
    }
    if (len > 0) in->queue.at[i] = last;
    return top;
}

/* ---- appending ---- */

/* Skip what is known; true if the peer's next change is in this block. */
static bool import_skip_known(const importer *in, import_block *x) {
    int32_t end = dag_peer_end(&in->doc->log.graph, x->names.peers[0]);
    while (x->next < x->b.change_len) {
        const change *c = &x->b.changes[x->next];
        if (c->counter + (int32_t)c->len > end) return true;
        x->next++;
    }
    return false;
}

/* Append changes of one peer, from the block `at` on, as long as they have their past. *at becomes
 * the block that stopped it, or the first block of the next peer; *stuck says which. */
static lk_status import_run(importer *in, size_t *at, bool *stuck) {
    uint64_t peer = import_peer(&in->blocks.at[*at]);
    *stuck = false;
    for (; *at < in->blocks.len && import_peer(&in->blocks.at[*at]) == peer; ++*at) {
        import_block *x = &in->blocks.at[*at];
        while (import_skip_known(in, x)) {
            const change *c = &x->b.changes[x->next];
            op_id missing;
            if (oplog_missing(&in->doc->log, c, &x->names, &missing)) {
                *stuck = true;
                return LK_OK;
            }
            const char *what = "out of memory";
            if (!oplog_map_rest(&in->doc->log, &x->b, &in->doc->scratch, &x->names))
                return import_fault(in, LK_ENOMEM, what);
            lk_status status = oplog_append(&in->doc->log, &x->b, &x->names, c, &what);
            if (status != LK_OK) return import_fault(in, status, what);
        }
    }
    return LK_OK;
}

/* Append what can be of the blocks from `start` on. */
static lk_status import_round(importer *in, size_t start) {
    lk_doc *doc = in->doc;
    sort_items(in->blocks.at + start, in->blocks.len - start, sizeof *in->blocks.at, import_order);
    for (size_t i = start; i < in->blocks.len; i++) {
        import_block *x = &in->blocks.at[i];
        if (!oplog_map_peers(&doc->log, &x->b, &doc->scratch, &x->names))
            return import_fault(in, LK_ENOMEM, "out of memory");
        bool first = i == start || import_peer(x) != import_peer(x - 1);
        if (first && !import_enqueue(in, i)) return import_fault(in, LK_ENOMEM, "out of memory");
    }
    while (in->queue.len > 0) {
        size_t at = import_dequeue(in);
        bool stuck;
        lk_status status = import_run(in, &at, &stuck);
        if (status != LK_OK) return status;
        if (!stuck || in->queue.len == 0) continue;
        bool older = import_next(in, in->queue.at[0])->lamport < import_next(in, at)->lamport;
        if (older && !import_enqueue(in, at)) return import_fault(in, LK_ENOMEM, "out of memory");
    }
    return LK_OK;
}

/* Is what a waiting block misses here by now? */
static bool import_may_go(const importer *in, const doc_pending *p) {
    peer_ix peer = intern_find_peer(&in->doc->log.names, p->missing.peer);
    return peer != TABLE_NONE && dag_peer_end(&in->doc->log.graph, peer) > p->missing.counter;
}

/* Blocks of earlier rounds that were stuck may go on by what later rounds brought. */
static lk_status import_unstick(importer *in, size_t end) {
    for (size_t i = 0; i < end;) {
        import_block *x = &in->blocks.at[i];
        op_id missing;
        bool stuck = true;
        bool may_go = import_skip_known(in, x) &&
                      !oplog_missing(&in->doc->log, &x->b.changes[x->next], &x->names, &missing);
        size_t at = i++;
        if (!may_go) continue;
        lk_status status = import_run(in, &at, &stuck);
        if (status != LK_OK) return status;
        i = 0;
    }
    return LK_OK;
}

/* Begin with the root, which stands first in some block. */
static lk_status import_begin_late(importer *in) {
    lk_id at = in->history.start_frontiers.at[0];
    for (size_t i = 0; i < in->blocks.len; i++) {
        const import_block *x = &in->blocks.at[i];
        if (import_peer(x) == at.peer && import_counter(x) == at.counter)
            return root_load(in->doc, &in->history, &in->root, &x->b, in->fault);
    }
    return import_fault(in, LK_ECORRUPT, "history lacks the operation it begins with");
}

/* Append the blob's blocks, then those that waited for them, and so on. */
static lk_status import_append(importer *in) {
    size_t start = 0;
    lk_status begun = in->late ? import_begin_late(in) : LK_OK;
    if (begun != LK_OK) return begun;
    in->free_ops = 0; /* what waited is counted for itself, and kept to the same limit */
    do {
        lk_status status = import_round(in, start);
        if (status == LK_OK) status = import_unstick(in, start);
        if (status != LK_OK) return status;
        start = in->blocks.len;
        for (size_t i = 0; i < in->doc->pending.len; i++) {
            const doc_pending *p = &in->doc->pending.at[i];
            if (in->taken[i] || !import_may_go(in, p)) continue;
            in->taken[i] = true;
            if (in->alone) continue;
            status = import_add(in, (lk_bytes){p->bytes, p->len}, 0);
            if (status != LK_OK) return status;
        }
    } while (in->blocks.len > start);
    return LK_OK;
}

/* ---- what waits ---- */

static bool import_waits_already(const importer *in, lk_span span) {
    for (size_t i = 0; i < in->waiting_len; i++) {
        const lk_span *other = &in->waiting[i].span;
        if (other->peer == span.peer && other->start <= span.start && other->end >= span.end)
            return true;
    }
    return false;
}

/* What a block still holds from its next change on. */
static lk_span import_rest(const import_block *x) {
    const change *last = &x->b.changes[x->b.change_len - 1];
    return (lk_span){import_peer(x), x->b.changes[x->next].counter,
                     last->counter + (int32_t)last->len};
}

/* Does the author's operation before `c` lack, though it builds on nothing else that does? Then it
 * builds on something that does not know its own past. */
static bool import_skips(const importer *in, const import_block *x, const change *c) {
    const dag *g = &in->doc->log.graph;
    if (dag_peer_end(g, x->names.peers[0]) >= c->counter) return false;
    for (const op_id *dep = c->deps; dep < c->deps + c->dep_len; dep++) {
        if (dep->peer == 0) return false;
        if (dag_peer_end(g, x->names.peers[dep->peer]) <= dep->counter) return false;
    }
    return true;
}

/* As in Loro, the roots that are going to be written to exist already. */
static bool import_make_roots(importer *in, const import_block *x) {
    const change *c = &x->b.changes[x->next];
    for (size_t i = c->op_start; i < x->b.op_len; i++) {
        const container_id *id = &x->b.cids[x->b.ops[i].container];
        if (id->root && intern_container(&in->doc->log.names, id) == TABLE_NONE) return false;
    }
    return true;
}

/* The rest of a block waits. */
static lk_status import_wait(importer *in, const import_block *x) {
    lk_doc *doc = in->doc;
    const change *c = &x->b.changes[x->next];
    if (import_skips(in, x, c))
        return import_fault(in, LK_ECORRUPT, "change skips operations of its author");
    for (const change *late = c; late < x->b.changes + x->b.change_len; late++)
        if (oplog_left_out(&doc->log, late, &x->names))
            return import_fault(in, LK_EMISSING, "change builds on what is left out here");
    if (!import_make_roots(in, x)) return import_fault(in, LK_ENOMEM, "out of memory");
    doc_pending p = {.bytes = (uint8_t *)(uintptr_t)x->bytes.at,
                     .len = x->bytes.len,
                     .free_ops = import_free_ops(x),
                     .span = import_rest(x)};
    if (import_waits_already(in, p.span)) return LK_OK;
    op_id missing;
    if (!oplog_missing(&doc->log, c, &x->names, &missing)) /* its turn came too early: it lied */
        return import_fault(in, LK_ECORRUPT, "change is not later than what it builds on");
    p.missing = doc_wide(doc, missing);
    if (p.len > LIMIT_PENDING_BYTES - in->waiting_bytes ||
        p.free_ops > LIMIT_BLOCK_OPS - in->waiting_free_ops)
        return import_fault(in, LK_ELIMIT, "too much waits for its past");
    p.bytes = mem_alloc(&doc->memory, p.len);
    if (p.bytes == NULL) return import_fault(in, LK_ENOMEM, "out of memory");
    __builtin_memcpy(p.bytes, x->bytes.at, p.len);
    in->waiting[in->waiting_len++] = p;
    in->waiting_bytes += p.len;
    in->waiting_free_ops += p.free_ops;
    return LK_OK;
}

/* Make the new list of what waits. Blocks that waited and were not read stay as they are. */
static lk_status import_make_waiting(importer *in) {
    lk_doc *doc = in->doc;
    in->waiting = arena_new(&doc->scratch, doc_pending, doc->pending.len + in->blocks.len);
    if (in->waiting == NULL || !vec_reserve(&doc->memory, &doc->pending, in->blocks.len))
        return import_fault(in, LK_ENOMEM, "out of memory");
    for (size_t i = 0; i < doc->pending.len; i++) {
        if (in->taken[i]) continue;
        in->waiting[in->waiting_len++] = doc->pending.at[i];
        in->waiting_bytes += doc->pending.at[i].len;
        in->waiting_free_ops += doc->pending.at[i].free_ops;
    }
    for (size_t i = 0; i < in->blocks.len; i++) {
        import_block *x = &in->blocks.at[i];
        if (!import_skip_known(in, x)) continue;
        lk_status status = import_wait(in, x);
        if (status != LK_OK) return status;
    }
    return LK_OK;
}

/* Of the old list or the new one, the blocks that are not in the other go. */
static void import_settle_waiting(importer *in, bool keep_new) {
    lk_doc *doc = in->doc;
    size_t kept = 0; /* blocks that were not taken stand first in the new list, in order */
    for (size_t i = 0; i < doc->pending.len; i++) {
        if (!in->taken[i])
            kept++;
        else if (keep_new)
            mem_free(&doc->memory, doc->pending.at[i].bytes, doc->pending.at[i].len);
    }
    if (keep_new) {
        for (size_t i = 0; i < in->waiting_len; i++) doc->pending.at[i] = in->waiting[i];
        doc->pending.len = in->waiting_len;
        return;
    }
    for (size_t i = kept; i < in->waiting_len; i++)
        mem_free(&doc->memory, in->waiting[i].bytes, in->waiting[i].len);
}

/* ---- what is told ---- */

/* Tell that this waits. */
static void import_add_waiting(lk_doc *doc, lk_span span) {
    size_t k = 0;
    while (k < doc->waiting.len && doc->waiting.at[k].peer != span.peer) k++;
    if (k == doc->waiting.len) doc->waiting.at[doc->waiting.len++] = span;
    lk_span *all = &doc->waiting.at[k];
    if (span.start < all->start) all->start = span.start;
    if (span.end > all->end) all->end = span.end;
}

/* What the blob waits for is told, not what others left waiting. Of several blobs Loro tells both.
 */
static bool import_report_waiting(importer *in) {
    lk_doc *doc = in->doc;
    doc->waiting.len = 0;
    if (!vec_reserve(&doc->memory, &doc->waiting, in->blob_len + in->waiting_len)) return false;
    for (size_t i = 0; i < in->blob_len; i++)
        if (import_skip_known(in, &in->blocks.at[i]))
            import_add_waiting(doc, import_rest(&in->blocks.at[i]));
    for (size_t i = 0; i < in->waiting_len && in->several; i++)
        import_add_waiting(doc, in->waiting[i].span);
    return true;
}

static bool import_report(importer *in) {
    lk_doc *doc = in->doc;
    const dag *g = &doc->log.graph;
    doc->success.len = 0;
    if (!vec_reserve(&doc->memory, &doc->success, g->peers.len)) return false;
    for (peer_ix p = 0; p < g->peers.len; p++) {
        int32_t before = p < in->end_len ? in->ends[p] : 0;
        if (g->peers.at[p].end == before) continue;
        lk_span span = {doc->log.names.peers.at[p], before, g->peers.at[p].end};
        doc->success.at[doc->success.len++] = span;
    }
    return import_report_waiting(in);
}

/* ---- all or nothing ---- */

/* The state shows the past and stays as it is. That it can follow one day is seen by planning it.
 */
static lk_status import_plan_unseen(importer *in) {
    lk_doc *doc = in->doc;
    const dag *g = &doc->log.graph;
    travel_end from, to = {g->heads.at, g->heads.len, NULL};
    to.ends = arena_new(&doc->scratch, int32_t, g->peers.len);
    lk_status status = to.ends == NULL ? LK_ENOMEM : doc_shown_end(doc, &from);
    if (status == LK_OK) status = travel_ends(&doc->travel, &from, &to);
    if (status == LK_OK) status = doc_plan_travel(doc, &from, &to);
    events_cancel(&doc->events);
    doc->steps.len = 0;
    return status == LK_OK ? status
                           : import_fault(in, status, "operation reaches outside its container");
}

static lk_status import_plan(importer *in, lv start) {
    lk_doc *doc = in->doc;
    const char *what = "out of memory";
    if (start < doc->log.graph.floor) start = doc->log.graph.floor; /* the rest is in the root */
    if (!doc_add_states(doc)) return import_fault(in, LK_ENOMEM, what);
    if (doc->detached) return import_plan_unseen(in);
    lk_status status = merge_plan(&doc->merge, start, &doc->steps, &what);
    if (status != LK_OK) return import_fault(in, status, what);
    status = doc_prepare(doc, doc->steps.at, doc->steps.len);
    if (status == LK_OK) return LK_OK;
    merge_drop(&doc->merge); /* it has played in what is about to be forgotten */
    merge_init(&doc->merge, &doc->log);
    if (status != LK_ERANGE) return import_fault(in, status, what);
    return import_fault(in, LK_ECORRUPT, "operation reaches outside its container");
}

static lk_status import_all(importer *in, const lk_bytes *blobs, size_t len, lv start) {
    lk_doc *doc = in->doc;
    in->taken = arena_alloc(&doc->scratch, doc->pending.len);
    if (in->taken == NULL) return import_fault(in, LK_ENOMEM, "out of memory");
    __builtin_memset(in->taken, 0, doc->pending.len);
    doc->steps.len = 0;
    lk_status status = LK_OK;
    for (size_t i = 0; i < len && status == LK_OK; i++) status = import_decode(in, blobs[i]);
    in->blob_len = in->blocks.len;
    if (status == LK_OK) status = import_append(in);
    if (status == LK_OK) status = import_make_waiting(in);
    if (status == LK_OK && !import_report(in))
        status = import_fault(in, LK_ENOMEM, "out of memory");
    if (status == LK_OK) status = import_plan(in, start);
    return status;
}

/* Where each peer's operations end. */
static int32_t *import_ends(lk_doc *doc) {
    const dag *g = &doc->log.graph;
    int32_t *ends = arena_new(&doc->scratch, int32_t, g->peers.len);
    for (size_t p = 0; ends != NULL && p < g->peers.len; p++) ends[p] = g->peers.at[p].end;
    return ends;
}

/* More heads than this are not compared: whoever has so many is not following one writer. */
#define ON_TOP_HEADS 16u

/* Have all operations from `start` on the whole version `heads` before it in their past? */
static bool import_on_top(const dag *g, lv start, const lv *heads, size_t len) {
    if (len > ON_TOP_HEADS) return false;
    for (size_t i = g->runs.len; i-- > 0;) {
        const dag_run *run = &g->runs.at[i];
        if (run->start + run->len <= start) break;
        if (run->start < start) return len == 1 && heads[0] == start - 1; /* it was lengthened */
        size_t old = 0, found = 0;
        for (uint32_t p = 0; p < run->parent_len; p++) {
            lv parent = g->parents.at[run->parent_start + p];
            old += parent < start;
            for (size_t h = 0; h < len; h++) found += heads[h] == parent;
        }
        if (old == run->parent_len && (old != len || found != len)) return false;
    }
    return true;
}

/* Tell of it. Loro reads several blobs detached and then checks out what it got, unless it begins
 * with a snapshot; who listens sees that. */
static void import_tell(const importer *in, const oplog_mark *before) {
    lk_doc *doc = in->doc;
    doc->events.on_top =
        import_on_top(&doc->log.graph, before->graph.end, before->heads, before->head_len);
    if (in->several && !in->snapshot)
        events_finish(doc, LK_BY_CHECKOUT, (lk_str){"checkout", 8});
    else
        events_finish(doc, LK_BY_IMPORT, (lk_str){0});
}

static lk_status import_run_all(lk_doc *doc, const lk_bytes *blobs, size_t len, bool alone,
                                lk_fault *fault) {
    arena_reset(&doc->scratch);
    importer in = {.doc = doc, .alone = alone, .several = len > 1, .fault = fault};
    oplog_mark mark;
    in.end_len = doc->log.graph.peers.len;
    in.ends = import_ends(doc);
    bool ready = in.ends != NULL && oplog_save(&doc->log, &doc->scratch, &mark) &&
                 (!doc->events.watching || events_begin(doc));
    if (!ready) return import_fault(&in, LK_ENOMEM, "out of memory");
    lk_status status = import_all(&in, blobs, len, mark.graph.end);
    if (in.taken != NULL && in.waiting != NULL) import_settle_waiting(&in, status == LK_OK);
    vec_drop(&doc->memory, &in.blocks);
    vec_drop(&doc->memory, &in.queue);
    if (status != LK_OK) {
        events_cancel(&doc->events);
        state_rewind(&doc->state, mark.names.containers);
        oplog_rewind(&doc->log, &mark);
        return status;
    }
    doc_advance(doc, doc->steps.at, doc->steps.len);
    bool changed = doc->log.graph.end > mark.graph.end && !doc->detached;
    if (changed && doc->events.watching) import_tell(&in, &mark);
    return LK_OK;
}

lk_status lk_import_batch(lk_doc *doc, const lk_bytes *blobs, size_t len,
                          lk_import_status *status_or_null, lk_fault *fault_or_null) {
    lk_fault unwanted = {0}, *fault = fault_or_null == NULL ? &unwanted : fault_or_null;
    *fault = (lk_fault){0};
    lk_status status = lk_commit(doc, NULL);
    if (status == LK_OK) status = import_run_all(doc, blobs, len, false, fault);
    /* Damage in what waited shows only now. It must not keep out the blob it waited for, so it
     * goes, unless the blob is damaged itself; a peer that has something better will send it again.
     */
    if ((status == LK_ECORRUPT || status == LK_EMISSING) && doc->pending.len > 0)
        status = import_run_all(doc, blobs, len, true, fault);
    fault->code = status;
    if (fault->what == NULL) fault->what = lk_status_text(status);
    if (status == LK_OK && status_or_null != NULL)
        *status_or_null = (lk_import_status){doc->success.at, doc->success.len, doc->waiting.at,
                                             doc->waiting.len};
    return status;
}

lk_status lk_import(lk_doc *doc, lk_bytes bytes, lk_import_status *status_or_null,
                    lk_fault *fault_or_null) {
    return lk_import_batch(doc, &bytes, 1, status_or_null, fault_or_null);
}
