/* SPDX-License-Identifier: MIT
 * import.c - bytes from elsewhere, all of them or none:
 *
 *      open the blob ─► decode blocks ─► append what has its past ─► plan ─► prepare │ advance
 *                       (scratch)        (log, can be rewound)      (steps)          │ cannot fail
 *
 * Blocks are grouped by peer. Changes are taken in causal order, depth first: a change that was
 * waiting for the one just appended goes next, then what follows that one. So branches are read one
 * after the other, each where it begins, and the merge does not jump between them. What still waits
 * in the end is kept as encoded bytes, and read again when what it misses is here.
 *
 * Where the beginning of the history is missing, a change that does not know all of it can never be
 * merged. It is left out, and its author is shut: so is all that comes after it, now and later. */
#include "doc/import.h"
#include "base/limits.h"
#include "base/sort.h"
#include "codec/change_block.h"
#include "codec/envelope.h"
#include "codec/snapshot_blob.h"
#include "codec/state_blob.h"
#include "doc/event_make.h"
#include "doc/on_top.h"
#include "doc/root.h"
#include "doc/sealed.h"
#include "oplog/mergeable.h"

/* A document that is open for long does not keep room for more of them. */
#define IMPORT_STEPS 1024u

typedef struct import_block {
    block b;
    oplog_names names;
    lk_bytes bytes;
    size_t next;    /* change */
    uint32_t known; /* of its dependencies */
} import_block;

typedef struct import_place { /* of a block in order, and where it is */
    uint64_t peer;
    int32_t counter;
    uint32_t at;
} import_place;

typedef struct import_turn { /* of a peer's first block */
    uint32_t lamport;
    size_t block;
} import_turn;

typedef struct import_waiter { /* a node of a heap: who waits for the operations of one peer */
    size_t block;              /* or, if `pending`, of doc->pending */
    int32_t counter;
    bool pending;
    uint32_t rank, left, right;
} import_waiter;

typedef enum import_need { /* what an import that failed would need to go on */
                           IMPORT_NOTHING,
                           IMPORT_REPLAY,  /* the state of the snapshot is not to be believed */
                           IMPORT_HISTORY, /* changes do not build on all that is sealed */
} import_need;

typedef struct importer { /* its arrays are in the scratch of the document */
    lk_doc *doc;
    VEC(import_block) blocks; /* the blob's, by peer and counter; then those that had waited */
    VEC(size_t) ready;        /* blocks whose next change may have its past; the last one goes on */
    VEC(import_waiter) waiters;
    VEC(uint32_t) first_waiter; /* by peer */
    VEC(bool) shut;             /* likewise: what the peer wrote from here on is left out */
    size_t heads;               /* there were */
    uint8_t *taken;             /* per doc->pending: its block is among ours */
    doc_pending *waiting;       /* what waits in the end */
    size_t waiting_len, waiting_bytes, waiting_free_ops;
    size_t free_ops;       /* of the blocks read */
    size_t position_bytes; /* likewise */
    size_t blob_len;       /* blocks of the blob itself; those that had waited come after them */
    const int32_t *ends;   /* next counters before, of end_len peers */
    size_t end_len;
    bool snapshot; /* a document that held nothing begins with one of the blobs */
    bool several;  /* blobs are read */
    bool alone;    /* what waited for the blob is dropped, not read */
    bool lazy;     /* it may begin where the blob's history ends, and did: */
    bool sealed;
    bool plain; /* containers that were here are in its state */
    snapshot_tip tip;
    bool late; /* it begins where the blob's history does: */
    snapshot_history history;
    snapshot_root root;
    import_need need;
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
    import_block *fresh = arena_vec_push(&in->doc->scratch, &in->blocks);
    if (fresh == NULL) return import_fault(in, LK_ENOMEM, "out of memory");
    *fresh = (import_block){.bytes = bytes};
    lk_status status = change_block_read(bytes, offset, &in->doc->scratch, &fresh->b, in->fault);
    if (status != LK_OK) return status;
    in->free_ops += import_free_ops(fresh);
    in->position_bytes += fresh->b.position_bytes;
    if (in->free_ops > LIMIT_BLOCK_OPS)
        *in->fault = (lk_fault){LK_ELIMIT, offset, "blob has too many operations"};
    else if (in->position_bytes > LIMIT_POSITIONS_BYTES)
        *in->fault = (lk_fault){LK_ELIMIT, offset, "positions are too long"};
    return in->fault->code;
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

/* `kept`: the document keeps the blocks as they are. */
static lk_status import_blocks(importer *in, const snapshot_history *history, bool kept) {
    lk_status status = LK_OK;
    for (size_t i = 0; i < history->block_len && status == LK_OK; i++) {
        status = import_add(in, history->blocks[i].bytes, history->blocks[i].offset);
        if (status == LK_OK && kept)
            in->blocks.at[in->blocks.len - 1].b.kept_bytes = history->blocks[i].bytes.len;
    }
    return status;
}

/* How many of these states are of containers that are here? */
static size_t import_count_known(const lk_doc *doc, const snapshot_root *root) {
    size_t known = 0;
    for (size_t i = 0; i < root->len; i++) {
        container_id id;
        known += state_blob_root(root->pairs[i].key, &id) &&
                 intern_find_container(&doc->log.names, &id) != TABLE_NONE;
    }
    return known;
}

static bool import_wrote(const lk_doc *doc, lk_ids vv) {
    for (size_t i = 0; i < vv.len; i++)
        if (vv.at[i].peer == doc->peer) return true;
    return false;
}

/* Begin where the history ends, unless it has to be read at once. */
static lk_status import_seal(importer *in, const envelope_sections *sections) {
    lk_doc *doc = in->doc;
    const envelope_section *from = &sections->state;
    sstable pairs;
    in->need = IMPORT_REPLAY;
    lk_status status = snapshot_read_tip(&sections->history, &doc->scratch, &in->tip, in->fault);
    if (status == LK_OK && import_wrote(doc, in->tip.vv))
        status = import_fault(in, LK_ESTATE, "history goes on here");
    if (status == LK_OK)
        status = sstable_read(from->bytes, from->offset, LIMIT_SNAPSHOT_BYTES, &doc->scratch,
                              &pairs, in->fault);
    if (status != LK_OK) return status;
    snapshot_root root = {.pairs = pairs.pairs, .len = pairs.len};
    in->plain = import_count_known(doc, &root) == doc->log.names.containers.len;
    status = root_load_tip(doc, &in->tip, &root, in->fault);
    in->sealed = status == LK_OK;
    return status;
}

/* A document that holds something does not look at what stands behind the history, as in Loro. */
static lk_status import_snapshot(importer *in, reader *body) {
    envelope_sections sections;
    snapshot_history history;
    bool begins = import_holds_nothing(in->doc) && !in->late;
    lk_status status = begins ? envelope_read_sections(body, &sections, in->fault)
                              : envelope_read_history(body, &sections.history, in->fault);
    if (status == LK_OK && begins && in->lazy) return import_seal(in, &sections);
    if (status == LK_OK && begins) status = import_roots(in, &sections);
    if (status != LK_OK) return status;
    status = snapshot_read_history(&sections.history, &in->doc->scratch, &history, in->fault);
    if (status == LK_OK && begins) status = import_find_root(in, &history, &sections.root);
    in->snapshot |= begins && history.block_len > 0;
    return status == LK_OK ? import_blocks(in, &history, begins) : status;
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
    const import_place *x = a, *y = b;
    if (x->peer != y->peer) return x->peer < y->peer ? -1 : 1;
    return x->counter < y->counter ? -1 : x->counter > y->counter;
}

/* Order the blocks by peer and counter. They are large: what is sorted is where they go. */
static bool import_sort(importer *in) {
    size_t len = in->blocks.len;
    if (len < 2) return true;
    import_place *places = arena_new(&in->doc->scratch, import_place, len);
    import_block *sorted = arena_new(&in->doc->scratch, import_block, len);
    if (places == NULL || sorted == NULL) return false;
    for (size_t i = 0; i < len; i++) {
        const import_block *x = &in->blocks.at[i];
        places[i] = (import_place){import_peer(x), import_counter(x), (uint32_t)i};
    }
    sort_items(places, len, sizeof *places, import_order);
    for (size_t i = 0; i < len; i++) sorted[i] = in->blocks.at[places[i].at];
    __builtin_memcpy(in->blocks.at, sorted, len * sizeof *sorted);
    return true;
}

/* Skip what is known; true if the block holds more. */
static bool import_skip_known(const importer *in, import_block *x) {
    int32_t end = dag_peer_end(&in->doc->log.graph, x->names.peers[0]);
    while (x->next < x->b.change_len) {
        const change *c = &x->b.changes[x->next];
        if (c->counter + (int32_t)c->len > end) return true;
        x->next++;
        x->known = 0;
    }
    return false;
}

static bool import_missing(const importer *in, import_block *x, op_id *out) {
    return oplog_missing(&in->doc->log, &x->b.changes[x->next], &x->names, &x->known, out);
}

/* ---- who waits for whom, in this blob ---- */

static uint32_t import_rank(const importer *in, uint32_t w) {
    return w == TABLE_NONE ? 0 : in->waiters.at[w].rank;
}

/* Two heaps become one, as leftist trees: the way down to the right is short. */
static uint32_t import_meld(importer *in, uint32_t a, uint32_t b) {
    import_waiter *at = in->waiters.at;
    if (a == TABLE_NONE) return b;
    if (b == TABLE_NONE) return a;
    if (at[b].counter < at[a].counter) {
        uint32_t other = a;
        a = b;
        b = other;
    }
    at[a].right = import_meld(in, at[a].right, b);
    if (import_rank(in, at[a].left) < import_rank(in, at[a].right)) {
        uint32_t other = at[a].left;
        at[a].left = at[a].right;
        at[a].right = other;
    }
    at[a].rank = import_rank(in, at[a].right) + 1;
    return a;
}

static bool import_is_shut(const importer *in, peer_ix peer) {
    return peer < in->shut.len && in->shut.at[peer];
}

static bool import_shut(importer *in, peer_ix peer) {
    while (in->shut.len <= peer) {
        bool *fresh = arena_vec_push(&in->doc->scratch, &in->shut);
        if (fresh == NULL) return false;
        *fresh = false;
    }
    in->shut.at[peer] = true;
    return true;
}

/* A block, or what waited for longer, goes on when operation `on` is here. */
static bool import_wait_for(importer *in, op_id on, size_t who, bool pending) {
    arena *scratch = &in->doc->scratch;
    while (in->first_waiter.len <= on.peer) {
        uint32_t *fresh = arena_vec_push(scratch, &in->first_waiter);
        if (fresh == NULL) return false;
        *fresh = TABLE_NONE;
    }
    import_waiter *w = arena_vec_push(scratch, &in->waiters);
    if (w == NULL) return false;
    *w = (import_waiter){.block = who,
                         .counter = on.counter,
                         .pending = pending,
                         .rank = 1,
                         .left = TABLE_NONE,
                         .right = TABLE_NONE};
    uint32_t *first = &in->first_waiter.at[on.peer];
    *first = import_meld(in, *first, (uint32_t)in->waiters.len - 1);
    return true;
}

static bool import_push(importer *in, size_t at) {
    size_t *fresh = arena_vec_push(&in->doc->scratch, &in->ready);
    if (fresh != NULL) *fresh = at;
    return fresh != NULL;
}

/* The bytes that waited are read, unless they are to be dropped. */
static lk_status import_take_pending(importer *in, size_t i) {
    lk_doc *doc = in->doc;
    in->taken[i] = true;
    if (in->alone) return LK_OK;
    lk_status status =
        import_add(in, (lk_bytes){doc->pending.at[i].bytes, doc->pending.at[i].len}, 0);
    if (status != LK_OK) return status;
    import_block *x = &in->blocks.at[in->blocks.len - 1];
    if (oplog_map_peers(&doc->log, &x->b, &doc->scratch, &x->names) &&
        import_push(in, in->blocks.len - 1))
        return LK_OK;
    return import_fault(in, LK_ENOMEM, "out of memory");
}

/* Operations of a peer arrived: who waited for them is ready. Or they never will: who waits is left
 * out as well. */
static lk_status import_wake(importer *in, peer_ix peer) {
    int32_t end = dag_peer_end(&in->doc->log.graph, peer);
    while (peer < in->first_waiter.len && in->first_waiter.at[peer] != TABLE_NONE) {
        import_waiter w = in->waiters.at[in->first_waiter.at[peer]];
        if (w.counter >= end && !import_is_shut(in, peer)) break;
        in->first_waiter.at[peer] = import_meld(in, w.left, w.right);
        if (!w.pending && !import_push(in, w.block))
            return import_fault(in, LK_ENOMEM, "out of memory");
        lk_status status = w.pending ? import_take_pending(in, w.block) : LK_OK;
        if (status != LK_OK) return status;
    }
    return LK_OK;
}

/* ---- appending ---- */

static lk_status import_append_change(importer *in, import_block *x) {
    lk_doc *doc = in->doc;
    const change *c = &x->b.changes[x->next];
    const char *what = "out of memory";
    if (!oplog_map_rest(&doc->log, &x->b, &doc->scratch, &x->names))
        return import_fault(in, LK_ENOMEM, what);
    if (!sealed_carries(doc, &x->b, &x->names, c)) {
        in->need = IMPORT_HISTORY;
        return import_fault(in, LK_EMISSING, "change builds on what is sealed");
    }
    lk_status status = oplog_append(&doc->log, &x->b, &x->names, c, &what);
    return status == LK_OK ? LK_OK : import_fault(in, status, what);
}

/* Can the next change never be merged here? `missing`: what it waits for, or NULL. */
static bool import_left_out(const importer *in, const import_block *x, const op_id *missing) {
    if (missing != NULL) return import_is_shut(in, missing->peer);
    return oplog_left_out(&in->doc->log, &x->b.changes[x->next], &x->names);
}

static lk_status import_leave_out(importer *in, const import_block *x) {
    if (!import_shut(in, x->names.peers[0])) return import_fault(in, LK_ENOMEM, "out of memory");
    return import_wake(in, x->names.peers[0]);
}

/* Append the changes of a block, and of those of its peer that follow it, until one has to wait or
 * others have become ready: they go first, so that the merge stays where it is. */
static lk_status import_run(importer *in, size_t at) {
    for (;;) {
        import_block *x = &in->blocks.at[at];
        op_id missing;
        if (!import_skip_known(in, x)) {
            bool more = ++at < in->blob_len && import_peer(x) == import_peer(x + 1);
            if (!more) return LK_OK;
            continue;
        }
        bool waits = import_missing(in, x, &missing);
        if (import_left_out(in, x, waits ? &missing : NULL)) return import_leave_out(in, x);
        if (waits)
            return import_wait_for(in, missing, at, false)
                       ? LK_OK
                       : import_fault(in, LK_ENOMEM, "out of memory");
        lk_status status = import_append_change(in, x);
        size_t ready = in->ready.len;
        peer_ix peer = x->names.peers[0];
        if (status == LK_OK && !import_push(in, at))
            status = import_fault(in, LK_ENOMEM, "out of memory");
        if (status == LK_OK) status = import_wake(in, peer);
        if (status != LK_OK || in->ready.len > ready + 1) return status;
        in->ready.len = ready;
    }
}

static int import_turn_order(const void *a, const void *b) {
    const import_turn *x = a, *y = b;
    if (x->lamport != y->lamport) return x->lamport > y->lamport ? -1 : 1;
    return x->block < y->block ? -1 : x->block > y->block;
}

/* The first block of each peer waits or is ready, the oldest of all on top. */
static bool import_line_up(importer *in) {
    lk_doc *doc = in->doc;
    import_turn *turns = arena_new(&doc->scratch, import_turn, in->blocks.len);
    size_t len = 0;
    if (turns == NULL) return false;
    for (size_t i = 0; i < in->blocks.len; i++) {
        import_block *x = &in->blocks.at[i];
        if (!oplog_map_peers(&doc->log, &x->b, &doc->scratch, &x->names)) return false;
        if (i == 0 || import_peer(x) != import_peer(x - 1))
            turns[len++] = (import_turn){x->b.changes[0].lamport, i};
    }
    sort_items(turns, len, sizeof *turns, import_turn_order);
    for (size_t i = 0; i < len; i++) {
        import_block *x = &in->blocks.at[turns[i].block];
        op_id missing;
        bool stuck = import_skip_known(in, x) && import_missing(in, x, &missing);
        if (stuck ? !import_wait_for(in, missing, turns[i].block, false)
                  : !import_push(in, turns[i].block))
            return false;
    }
    return true;
}

/* So do blocks that waited before. */
static bool import_recall(importer *in) {
    lk_doc *doc = in->doc;
    for (size_t i = 0; i < doc->pending.len; i++) {
        lk_id missing = doc->pending.at[i].missing;
        peer_ix peer = intern_peer(&doc->log.names, missing.peer);
        if (peer == TABLE_NONE || !import_wait_for(in, (op_id){peer, missing.counter}, i, true))
            return false;
    }
    return true;
}

/* What was left out before stays so, unless its author is at another place by now. */
static bool import_recall_shut(importer *in) {
    lk_doc *doc = in->doc;
    for (size_t i = 0; i < doc->shut.len; i++) {
        peer_ix peer = intern_peer(&doc->log.names, doc->shut.at[i].peer);
        if (peer == TABLE_NONE) return false;
        if (dag_peer_end(&doc->log.graph, peer) != doc->shut.at[i].counter) continue;
        if (!import_shut(in, peer)) return false;
    }
    return true;
}

/* Begin with the root, which stands first in some block. */
static lk_status import_begin_late(importer *in) {
    lk_id at = in->history.start_frontiers.at[0];
    bool lazily = in->doc->lazy && in->blocks.len == 1 && in->doc->pending.len == 0;
    for (size_t i = 0; i < in->blocks.len; i++) {
        const import_block *x = &in->blocks.at[i];
        lazily &= x->b.change_len == 1 && x->b.changes[0].len == 1;
        if (import_peer(x) == at.peer && import_counter(x) == at.counter)
            return root_load(in->doc, &in->history, &in->root, &x->b, lazily, in->fault);
    }
    return import_fault(in, LK_ECORRUPT, "history lacks the operation it begins with");
}

/* Append the blob's blocks, and those that waited for them. */
static lk_status import_append(importer *in) {
    lk_status status = in->late ? import_begin_late(in) : LK_OK;
    if (status != LK_OK) return status;
    in->free_ops = in->position_bytes = 0; /* what waited is counted for itself, likewise */
    if (!import_sort(in) || !import_recall_shut(in) || !import_line_up(in) || !import_recall(in))
        return import_fault(in, LK_ENOMEM, "out of memory");
    for (peer_ix p = 0; p < in->first_waiter.len && status == LK_OK; p++)
        status = import_wake(in, p);
    while (in->ready.len > 0 && status == LK_OK)
        status = import_run(in, in->ready.at[--in->ready.len]);
    return status;
}

lk_status import_history(lk_doc *doc, lk_bytes blob, lk_fault *fault) {
    importer in = {.doc = doc, .fault = fault};
    envelope_mode mode;
    reader body;
    envelope_section section;
    snapshot_history history;
    lk_status status = envelope_open(blob, &mode, &body, fault);
    if (status == LK_OK) status = envelope_read_history(&body, &section, fault);
    if (status == LK_OK) status = snapshot_read_history(&section, &doc->scratch, &history, fault);
    if (status == LK_OK) status = import_blocks(&in, &history, true);
    in.blob_len = in.blocks.len;
    if (status == LK_OK) status = import_append(&in);
    for (size_t i = 0; i < in.blocks.len && status == LK_OK; i++)
        if (import_skip_known(&in, &in.blocks.at[i]))
            status = import_fault(&in, LK_ECORRUPT, "history lacks what it builds on");
    return status;
}

/* ---- what waits ---- */

static int32_t import_end(const import_block *x) {
    const change *last = &x->b.changes[x->b.change_len - 1];
    return last->counter + (int32_t)last->len;
}

/* From where on what a block still holds can never be merged, which is clear of some before all
 * that they build on is here; or its end. */
static int32_t import_first_left_out(const importer *in, const import_block *x) {
    if (import_is_shut(in, x->names.peers[0])) return x->b.changes[x->next].counter;
    for (size_t i = x->next; i < x->b.change_len; i++)
        if (oplog_left_out(&in->doc->log, &x->b.changes[i], &x->names))
            return x->b.changes[i].counter;
    return import_end(x);
}

/* What a block still holds from its next change on and can be merged one day. */
static lk_span import_rest(const importer *in, const import_block *x) {
    return (lk_span){import_peer(x), x->b.changes[x->next].counter, import_first_left_out(in, x)};
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

/* As in Loro, the roots that are going to be written to exist already, though not the children of
 * maps that peers share. */
static bool import_make_roots(importer *in, const import_block *x) {
    const change *c = &x->b.changes[x->next];
    for (size_t i = c->op_start; i < x->b.op_len; i++) {
        const container_id *id = &x->b.cids[x->b.ops[i].container];
        if (!id->root || mergeable_named(id)) continue;
        if (intern_container(&in->doc->log.names, id) == TABLE_NONE) return false;
    }
    return true;
}

/* The rest of a block waits, if it can be merged one day and nothing else that waits holds it, too.
 */
static lk_status import_wait(importer *in, import_block *x, bool doubled) {
    lk_doc *doc = in->doc;
    const change *c = &x->b.changes[x->next];
    lk_span rest = import_rest(in, x);
    if (rest.start >= rest.end) return LK_OK;
    if (import_skips(in, x, c))
        return import_fault(in, LK_ECORRUPT, "change skips operations of its author");
    if (!import_make_roots(in, x)) return import_fault(in, LK_ENOMEM, "out of memory");
    doc_pending p = {.bytes = (uint8_t *)(uintptr_t)x->bytes.at,
                     .len = x->bytes.len,
                     .free_ops = import_free_ops(x),
                     .span = rest};
    if (doubled) return LK_OK;
    op_id missing;
    if (!import_missing(in, x, &missing)) /* two blocks tell different things of one change */
        return import_fault(in, LK_ECORRUPT, "change is told in two ways");
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

typedef struct import_span { /* what waits of a block, and its place among all that do */
    lk_span span;
    size_t at;
} import_span;

static int import_span_order(const void *a, const void *b) {
    const import_span *x = a, *y = b;
    if (x->span.peer != y->span.peer) return x->span.peer < y->span.peer ? -1 : 1;
    if (x->span.start != y->span.start) return x->span.start < y->span.start ? -1 : 1;
    if (x->span.end != y->span.end) return x->span.end > y->span.end ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* For what waited before, and then each block: does what waits of it lie within another? NULL when
 * memory is out. */
static bool *import_find_doubles(importer *in) {
    size_t most = in->waiting_len + in->blocks.len, len = 0;
    import_span *spans = arena_new(&in->doc->scratch, import_span, most);
    bool *doubles = arena_new(&in->doc->scratch, bool, most);
    if (spans == NULL || doubles == NULL) return NULL;
    for (size_t i = 0; i < in->waiting_len; i++)
        spans[len++] = (import_span){in->waiting[i].span, i};
    for (size_t i = 0; i < in->blocks.len; i++)
        if (import_skip_known(in, &in->blocks.at[i]))
            spans[len++] = (import_span){import_rest(in, &in->blocks.at[i]), in->waiting_len + i};
    sort_items(spans, len, sizeof *spans, import_span_order);
    int32_t end = 0;
    for (size_t i = 0; i < len; i++) {
        if (i == 0 || spans[i].span.peer != spans[i - 1].span.peer) end = 0;
        doubles[spans[i].at] = spans[i].span.end <= end;
        if (spans[i].span.end > end) end = spans[i].span.end;
    }
    return doubles;
}

/* Make the new list of what waits. Blocks that waited and were not read stay as they are. */
static lk_status import_make_waiting(importer *in) {
    lk_doc *doc = in->doc;
    in->waiting = arena_new(&doc->scratch, doc_pending, doc->pending.len + in->blocks.len);
    if (in->waiting == NULL || !vec_reserve(&doc->memory, &doc->pending, in->blocks.len) ||
        !vec_reserve(&doc->memory, &doc->shut, in->shut.len))
        return import_fault(in, LK_ENOMEM, "out of memory");
    for (size_t i = 0; i < doc->pending.len; i++) {
        if (in->taken[i]) continue;
        in->waiting[in->waiting_len++] = doc->pending.at[i];
        in->waiting_bytes += doc->pending.at[i].len;
        in->waiting_free_ops += doc->pending.at[i].free_ops;
    }
    const bool *doubles = import_find_doubles(in);
    if (doubles == NULL) return import_fault(in, LK_ENOMEM, "out of memory");
    doubles += in->waiting_len;
    for (size_t i = 0; i < in->blocks.len; i++) {
        import_block *x = &in->blocks.at[i];
        if (!import_skip_known(in, x)) continue;
        lk_status status = import_wait(in, x, doubles[i]);
        if (status != LK_OK) return status;
    }
    return LK_OK;
}

/* The document knows who is shut, for the next import. There is room for it. */
static void import_settle_shut(importer *in) {
    lk_doc *doc = in->doc;
    doc->shut.len = 0;
    for (peer_ix p = 0; p < in->shut.len; p++)
        if (in->shut.at[p])
            doc->shut.at[doc->shut.len++] =
                (lk_id){doc->log.names.peers.at[p], dag_peer_end(&doc->log.graph, p)};
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
        import_settle_shut(in);
        for (size_t i = 0; i < in->waiting_len; i++) doc->pending.at[i] = in->waiting[i];
        doc->pending.len = in->waiting_len;
        return;
    }
    for (size_t i = kept; i < in->waiting_len; i++)
        mem_free(&doc->memory, in->waiting[i].bytes, in->waiting[i].len);
}

/* ---- what is told ---- */

static int import_told_order(const void *a, const void *b) {
    uint64_t x = ((const lk_span *)a)->peer, y = ((const lk_span *)b)->peer;
    return (x > y) - (x < y);
}

/* One span for each peer. */
static void import_join(doc_spans *told) {
    size_t kept = 0;
    sort_items(told->at, told->len, sizeof *told->at, import_told_order);
    for (size_t i = 0; i < told->len; i++) {
        lk_span span = told->at[i];
        if (kept == 0 || told->at[kept - 1].peer != span.peer) told->at[kept++] = span;
        lk_span *all = &told->at[kept - 1];
        if (span.start < all->start) all->start = span.start;
        if (span.end > all->end) all->end = span.end;
    }
    told->len = kept;
}

/* What the blob waits for is told, not what others left waiting. Of several blobs Loro tells both.
 */
static bool import_report_rest(importer *in) {
    lk_doc *doc = in->doc;
    doc->waiting.len = doc->left_out.len = 0;
    if (!vec_reserve(&doc->memory, &doc->waiting, in->blob_len + in->waiting_len)) return false;
    for (size_t i = 0; i < in->blob_len; i++) {
        import_block *x = &in->blocks.at[i];
        if (!import_skip_known(in, x)) continue;
        lk_span waits = import_rest(in, x), left_out = {waits.peer, waits.end, import_end(x)};
        if (!vec_reserve(&doc->memory, &doc->left_out, 1)) return false;
        if (waits.start < waits.end) doc->waiting.at[doc->waiting.len++] = waits;
        if (left_out.start < left_out.end) doc->left_out.at[doc->left_out.len++] = left_out;
    }
    for (size_t i = 0; i < in->waiting_len && in->several; i++)
        doc->waiting.at[doc->waiting.len++] = in->waiting[i].span;
    import_join(&doc->waiting);
    import_join(&doc->left_out);
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
    return import_report_rest(in);
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

/* Is what came of one peer, which was the last to write here, too? */
static bool import_goes_on(const importer *in, lv start) {
    const dag *g = &in->doc->log.graph;
    if (in->heads != 1) return false;
    op_id last = dag_id(g, g->end - 1), before = dag_id(g, start - 1);
    return last.peer == before.peer && (lv)(last.counter - before.counter) == g->end - start;
}

static lk_status import_plan(importer *in, lv start) {
    lk_doc *doc = in->doc;
    const char *what = "out of memory";
    doc->events.merging = in->several || !import_goes_on(in, start);
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

/* Tell of it. Loro reads several blobs detached and then checks out what it got, unless it begins
 * with a snapshot; who listens sees that. */
static void import_tell(const importer *in, const oplog_mark *before) {
    lk_doc *doc = in->doc;
    if (event_map_doubts(doc))
        doc->events.on_top = on_top_find(doc, before->graph.end, before->heads, before->head_len);
    if (in->several && !in->snapshot)
        events_finish(doc, LK_BY_CHECKOUT, (lk_str){"checkout", 8});
    else
        events_finish(doc, LK_BY_IMPORT, (lk_str){0});
    doc->events.on_top = NULL;
}

static lk_status import_try(lk_doc *doc, const lk_bytes *blobs, size_t len, bool alone, bool lazy,
                            import_need *need, lk_fault *fault) {
    arena_reset(&doc->scratch);
    importer in = {.doc = doc, .alone = alone, .lazy = lazy, .several = len > 1, .fault = fault};
    oplog_mark mark;
    in.end_len = doc->log.graph.peers.len;
    in.ends = import_ends(doc);
    doc->log.names.long_names = 0;
    bool ready = in.ends != NULL && oplog_save(&doc->log, &doc->scratch, &mark) &&
                 (!doc->events.watching || events_begin(doc));
    if (!ready) return import_fault(&in, LK_ENOMEM, "out of memory");
    in.heads = mark.head_len;
    lk_status status = import_all(&in, blobs, len, mark.graph.end);
    if (status == LK_OK && in.sealed && !sealed_keep(doc, blobs[0], &in.tip, in.plain))
        status = import_fault(&in, LK_ENOMEM, "out of memory");
    *need = status == LK_ENOMEM ? IMPORT_NOTHING : in.need;
    if (in.taken != NULL && in.waiting != NULL) import_settle_waiting(&in, status == LK_OK);
    if (status != LK_OK) {
        events_cancel(&doc->events);
        state_rewind(&doc->state, mark.names.containers);
        oplog_rewind(&doc->log, &mark);
        doc->asleep = false;
        return status;
    }
    doc_advance(doc, doc->steps.at, doc->steps.len);
    bool changed = doc->log.graph.end > mark.graph.end && !doc->detached;
    if (changed && doc->events.watching) import_tell(&in, &mark);
    if (doc->steps.cap > IMPORT_STEPS) vec_drop(&doc->memory, &doc->steps);
    arena_reset(&doc->scratch);
    return LK_OK;
}

static lk_status import_run_all(lk_doc *doc, const lk_bytes *blobs, size_t len, bool alone,
                                lk_fault *fault) {
    bool lazy = doc->lazy && len == 1 && doc->pending.len == 0;
    import_need need;
    lk_status status = sealed_wake(doc);
    if (status != LK_OK) return status;
    status = import_try(doc, blobs, len, alone, lazy, &need, fault);
    if (status == LK_OK || need == IMPORT_NOTHING) return status;
    *fault = (lk_fault){0};
    status = need == IMPORT_HISTORY ? sealed_open(doc) : LK_OK;
    return status == LK_OK ? import_try(doc, blobs, len, alone, false, &need, fault) : status;
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
    if (status == LK_ECORRUPT && doc->pending.len > 0)
        status = import_run_all(doc, blobs, len, true, fault);
    fault->code = status;
    if (fault->what == NULL) fault->what = lk_status_text(status);
    if (status == LK_OK && status_or_null != NULL)
        *status_or_null = (lk_import_status){
            .success = doc->success.at,
            .success_len = doc->success.len,
            .pending = doc->waiting.at,
            .pending_len = doc->waiting.len,
            .left_out = doc->left_out.at,
            .left_out_len = doc->left_out.len,
        };
    return status;
}

lk_status lk_import(lk_doc *doc, lk_bytes bytes, lk_import_status *status_or_null,
                    lk_fault *fault_or_null) {
    return lk_import_batch(doc, &bytes, 1, status_or_null, fault_or_null);
}
