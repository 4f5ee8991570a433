/* SPDX-License-Identifier: MIT
 * export.c - history as bytes. A block names peers, keys and containers by small numbers of its
 * own, given out as they are first used (a sparse set: members[i] is the document's number of the
 * block's i, where[d] its inverse, and neither is ever cleared). So exporting a keystroke costs the
 * keystroke. */
#include "doc/export.h"

#include "codec/change_block.h"
#include "codec/envelope.h"
#include "doc/checkout.h"
#include "doc/sealed.h"
#include "oplog/mergeable.h"

/* A block is closed when it holds this much, so that readers can take one without all others. In
 * snapshots they hold so many times that: each is compressed for itself. */
#define EXPORT_BLOCK_OPS 1024u
#define EXPORT_BLOCK_BYTES (16u * 1024u)
#define EXPORT_PACKED 4u

static uint32_t export_local(lk_doc *doc, export_names *names, uint32_t id) {
    if (id >= names->where.len) {
        size_t more = id + 1 - names->where.len;
        if (!vec_reserve(&doc->memory, &names->where, more)) return TABLE_NONE;
        __builtin_memset(names->where.at + names->where.len, 0, more * sizeof *names->where.at);
        names->where.len += more;
    }
    uint32_t at = names->where.at[id];
    if (at < names->members.len && names->members.at[at] == id) return at;
    uint32_t *fresh = vec_push(&doc->memory, &names->members);
    if (fresh == NULL) return TABLE_NONE;
    *fresh = id;
    return names->where.at[id] = (uint32_t)names->members.len - 1;
}

typedef struct export_block_maker { /* in the scratch of the document */
    lk_doc *doc;
    VEC(op) ops;
    VEC(change) changes;
    size_t bytes;
    const dag_run *last; /* run of the last change */
    bool failed;
} export_block_maker;

static peer_ix export_peer(export_block_maker *m, peer_ix peer) {
    uint32_t at = export_local(m->doc, &m->doc->export_peers, peer);
    if (at == TABLE_NONE) m->failed = true;
    return at;
}

static uint32_t export_key(export_block_maker *m, uint32_t key) {
    uint32_t at = export_local(m->doc, &m->doc->export_keys, key);
    if (at == TABLE_NONE) m->failed = true;
    return at;
}

static uint32_t export_cid(export_block_maker *m, uint32_t id) {
    uint32_t at = export_local(m->doc, &m->doc->export_cids, id);
    if (at == TABLE_NONE) m->failed = true;
    const container_id *name = &m->doc->log.names.containers.at[id].id;
    if (!name->root) export_peer(m, name->peer);
    return at;
}

/* Values of the log name child containers by number; those of a block, by kind. */
static const lk_value *export_values(export_block_maker *m, const lk_value *values, size_t len) {
    bool plain = true;
    for (size_t i = 0; i < len; i++) plain &= values[i].type < LK_VALUES;
    if (plain) return values;
    lk_value *copy = arena_new(&m->doc->scratch, lk_value, len);
    if (copy == NULL) {
        m->failed = true;
        return values;
    }
    for (size_t i = 0; i < len; i++) {
        copy[i] = values[i];
        if (values[i].type == LK_VALUES)
            copy[i].as.values = export_values(m, values[i].as.values, values[i].len);
        if (values[i].type == LK_CONTAINER) {
            uint32_t child = values[i].as.container.index;
            copy[i].as.container.index = m->doc->log.names.containers.at[child].id.kind;
        }
        if (values[i].type != LK_ENTRIES) continue;
        lk_entry *entries = arena_new(&m->doc->scratch, lk_entry, values[i].len);
        if (entries == NULL) {
            m->failed = true;
            return values;
        }
        for (uint32_t k = 0; k < values[i].len; k++) {
            const lk_entry *entry = &values[i].as.entries[k];
            entries[k] = (lk_entry){entry->key, *export_values(m, &entry->value, 1)};
        }
        copy[i].as.entries = entries;
    }
    return copy;
}

const lk_value *export_marker(const lk_doc *doc, uint32_t parent, uint32_t key,
                              const lk_value *value, arena *scratch) {
    if (value->type != LK_CONTAINER) return value;
    const container_id *child = &doc->log.names.containers.at[value->as.container.index].id;
    if (!child->root) return value;
    uint8_t *bytes = arena_bytes(scratch, MERGEABLE_MARKER_LEN);
    lk_value *marker = arena_new(scratch, lk_value, 1);
    if (bytes == NULL || marker == NULL) return NULL;
    mergeable_mark(&doc->log.names, parent, doc->log.names.keys.at[key], child->kind, bytes);
    *marker = (lk_value){.type = LK_BINARY, .len = MERGEABLE_MARKER_LEN, .as.bytes = bytes};
    return marker;
}

static void export_map_set(export_block_maker *m, uint32_t parent, op *o) {
    const lk_value *value =
        export_marker(m->doc, parent, o->as.map.key, o->as.map.value, &m->doc->scratch);
    if (value == NULL) m->failed = true;
    o->as.map.value = export_values(m, value == NULL ? o->as.map.value : value, 1);
    o->as.map.key = export_key(m, o->as.map.key);
    m->bytes += o->as.map.value->len;
}

static void export_mark(export_block_maker *m, op *o) {
    op_mark *mark = arena_copy(&m->doc->scratch, o->as.mark, sizeof *mark);
    if (mark == NULL) {
        m->failed = true;
        return;
    }
    mark->key = export_key(m, mark->key);
    mark->value = export_values(m, mark->value, 1);
    o->as.mark = mark;
}

static void export_tree_op(export_block_maker *m, op *o) {
    op_tree *to = arena_copy(&m->doc->scratch, o->as.tree, sizeof *to);
    if (to == NULL) {
        m->failed = true;
        return;
    }
    to->node.peer = export_peer(m, to->node.peer);
    if (to->has_parent) to->parent.peer = export_peer(m, to->parent.peer);
    o->as.tree = to;
}

/* Where two runs are one change, one delete may go on where the other ended. */
static bool export_goes_on(const export_block_maker *m, const op *o) {
    if (m->ops.len == m->changes.at[m->changes.len - 1].op_start) return false;
    return op_join_delete(&m->ops.at[m->ops.len - 1], o);
}

static void export_op(export_block_maker *m, op o) {
    uint32_t container = o.container;
    o.container = export_cid(m, container);
    switch (o.kind) {
    case OP_TEXT_INSERT: m->bytes += o.as.insert.bytes; break;
    case OP_LIST_INSERT:
        o.as.list.values = export_values(m, o.as.list.values, o.len);
        m->bytes += o.len * sizeof(uint64_t);
        break;
    case OP_DELETE: o.as.del.start.peer = export_peer(m, o.as.del.start.peer); break;
    case OP_MAP_DELETE: o.as.map.key = export_key(m, o.as.map.key); break;
    case OP_MAP_SET: export_map_set(m, container, &o); break;
    case OP_MARK_START: export_mark(m, &o); break;
    case OP_MOVE: o.as.move.elem_peer = export_peer(m, o.as.move.elem_peer); break;
    case OP_SET:
        o.as.set.elem_peer = export_peer(m, o.as.set.elem_peer);
        o.as.set.value = export_values(m, o.as.set.value, 1);
        break;
    case OP_TREE: export_tree_op(m, &o); break;
    case OP_MARK_END:
    case OP_COUNTER:
    case OP_UNKNOWN: break;
    }
    if (export_goes_on(m, &o)) return;
    op *fresh = arena_vec_push(&m->doc->scratch, &m->ops);
    if (fresh == NULL)
        m->failed = true;
    else
        *fresh = o;
}

/* ---- changes ---- */

static void export_deps(export_block_maker *m, const dag_run *run, uint32_t skip, change *c) {
    const dag *g = &m->doc->log.graph;
    uint32_t len = skip > 0 ? 1 : run->parent_len - run->self_implied;
    op_id *deps = arena_new(&m->doc->scratch, op_id, len);
    if (deps == NULL) {
        m->failed = true;
        return;
    }
    for (uint32_t i = 0; i < len; i++) {
        lv dep = skip > 0 ? run->start + skip - 1 : g->parents.at[run->parent_start + i];
        deps[i] = dag_id(g, dep);
        deps[i].peer = export_peer(m, deps[i].peer);
    }
    c->deps = deps;
    c->dep_len = len;
}

/* Add a run's atoms [skip, end): to the change before if the two are one to the eye. */
static void export_run(export_block_maker *m, const dag_run *run, uint32_t skip, uint32_t end) {
    const oplog *log = &m->doc->log;
    bool joins = skip == 0 && m->last != NULL && oplog_joins(log, m->last, run);
    if (!joins) {
        change *c = arena_vec_push(&m->doc->scratch, &m->changes);
        if (c == NULL) {
            m->failed = true;
            return;
        }
        const oplog_change *from = &log->changes.at[run - log->graph.runs.at];
        *c = (change){.counter = run->counter + (int32_t)skip,
                      .lamport = run->lamport + skip,
                      .timestamp_s = from->timestamp_s,
                      .message = from->message,
                      .op_start = (uint32_t)m->ops.len};
        export_deps(m, run, skip, c);
    }
    change *c = &m->changes.at[m->changes.len - 1];
    oplog_walk w = oplog_walk_new(log, run->start + skip, run->start + end);
    op o;
    lv at;
    const dag_run *same;
    while (oplog_walk_next(&w, &o, &at, &same)) export_op(m, o);
    c->len += end - skip;
    c->op_len = (uint32_t)m->ops.len - c->op_start;
    m->last = run;
}

/* ---- blocks ---- */

static void export_begin(export_block_maker *m, peer_ix peer) {
    m->doc->export_peers.members.len = 0;
    m->doc->export_keys.members.len = 0;
    m->doc->export_cids.members.len = 0;
    m->ops.len = m->changes.len = m->bytes = 0;
    m->last = NULL;
    export_peer(m, peer);
}

/* The tables of the block, from the numbers given out. */
static bool export_tables(export_block_maker *m, block *b) {
    lk_doc *doc = m->doc;
    /* Loro's deleted root of trees counts as a peer of its own. */
    uint64_t *peers = arena_new(&doc->scratch, uint64_t, doc->export_peers.members.len);
    lk_str *keys = arena_new(&doc->scratch, lk_str, doc->export_keys.members.len);
    container_id *cids = arena_new(&doc->scratch, container_id, doc->export_cids.members.len);
    if (peers == NULL || keys == NULL || cids == NULL) return false;
    for (size_t i = 0; i < doc->export_peers.members.len; i++)
        peers[i] = doc->log.names.peers.at[doc->export_peers.members.at[i]];
    for (size_t i = 0; i < doc->export_keys.members.len; i++)
        keys[i] = doc->log.names.keys.at[doc->export_keys.members.at[i]];
    for (size_t i = 0; i < doc->export_cids.members.len; i++) {
        cids[i] = doc->log.names.containers.at[doc->export_cids.members.at[i]].id;
        if (!cids[i].root) cids[i].peer = doc->export_peers.where.at[cids[i].peer];
    }
    *b = (block){.peers = peers,
                 .peer_len = doc->export_peers.members.len,
                 .keys = keys,
                 .key_len = doc->export_keys.members.len,
                 .cids = cids,
                 .cid_len = doc->export_cids.members.len,
                 .changes = m->changes.at,
                 .change_len = m->changes.len,
                 .ops = m->ops.at,
                 .op_len = m->ops.len};
    return true;
}

static lk_status export_end(export_block_maker *m, exporter *x, peer_ix peer) {
    if (m->failed) return LK_ENOMEM;
    if (m->changes.len == 0) return LK_OK;
    block b;
    exported_block *entry = arena_vec_push(&m->doc->scratch, &x->blocks);
    if (entry == NULL || !export_tables(m, &b)) return LK_ENOMEM;
    *entry = (exported_block){.peer = m->doc->log.names.peers.at[peer],
                              .counter = m->changes.at[0].counter,
                              .start = x->bytes.len};
    lk_status status = change_block_write(&b, &m->doc->scratch, &x->bytes);
    entry->len = x->bytes.len - entry->start;
    return status;
}

/* The first run of a peer that reaches beyond `start`, as an index into its runs. */
static size_t export_first_run(const dag *g, const dag_peer *p, int32_t start) {
    size_t low = 0, high = p->runs.len;
    while (high - low > 1) {
        size_t mid = (low + high) / 2;
        if (g->runs.at[p->runs.at[mid]].counter <= start)
            low = mid;
        else
            high = mid;
    }
    return low;
}

static lk_status export_blocks(export_block_maker *m, exporter *x, peer_ix peer, int32_t start,
                               int32_t end) {
    const dag *g = &m->doc->log.graph;
    const dag_peer *p = &g->peers.at[peer];
    uint32_t times = x->packed ? EXPORT_PACKED : 1;
    export_begin(m, peer);
    for (size_t i = export_first_run(g, p, start); i < p->runs.len; i++) {
        const dag_run *run = &g->runs.at[p->runs.at[i]];
        if (run->counter >= end) break;
        uint32_t skip = run->counter < start ? (uint32_t)(start - run->counter) : 0;
        int32_t run_end = run->counter + (int32_t)run->len;
        uint32_t stop = run_end > end ? (uint32_t)(end - run->counter) : run->len;
        export_run(m, run, skip, stop);
        if (m->ops.len < times * EXPORT_BLOCK_OPS && m->bytes < times * EXPORT_BLOCK_BYTES)
            continue;
        lk_status status = export_end(m, x, peer);
        if (status != LK_OK) return status;
        export_begin(m, peer);
    }
    return export_end(m, x, peer);
}

lk_status export_span(exporter *x, peer_ix peer, int32_t start, int32_t end) {
    if (start >= end) return LK_OK;
    export_block_maker m = {.doc = x->doc};
    return export_blocks(&m, x, peer, start, end);
}

void exporter_drop(exporter *x) { lk_buf_free(&x->bytes); }

/* ---- blobs ---- */

lk_status export_blob(const exporter *x, lk_buf *out) {
    writer w = writer_new(out);
    size_t start, before = out->len;
    envelope_begin(&w, ENVELOPE_UPDATES, &start);
    for (size_t i = 0; i < x->blocks.len; i++) {
        const exported_block *entry = &x->blocks.at[i];
        envelope_add_block(&w, (lk_bytes){x->bytes.at + entry->start, entry->len});
    }
    envelope_finish(&w, start);
    if (w.failed) out->len = before;
    return w.failed ? LK_ENOMEM : LK_OK;
}

lk_status export_past(lk_doc *doc, const int32_t *ends, lk_buf *out) {
    if (doc->log.graph.floor > 0) return export_late_past(doc, ends, out);
    exporter x = {.doc = doc, .bytes = {.memory = &doc->memory}};
    lk_status status = LK_OK;
    for (peer_ix p = 0; p < doc->log.graph.peers.len && status == LK_OK; p++)
        status = export_span(&x, p, 0, ends[p]);
    if (status == LK_OK) status = export_blob(&x, out);
    exporter_drop(&x);
    return status;
}

static lk_status export_updates(lk_doc *doc, lk_ids from, lk_buf *out) {
    const dag *g = &doc->log.graph;
    lk_status status = sealed_open_after(doc, from);
    if (status != LK_OK) return status;
    arena_reset(&doc->scratch);
    int32_t *starts = arena_new(&doc->scratch, int32_t, g->peers.len);
    if (starts == NULL) return LK_ENOMEM;
    __builtin_memset(starts, 0, g->peers.len * sizeof *starts);
    for (size_t i = 0; i < from.len; i++) {
        peer_ix peer = intern_find_peer(&doc->log.names, from.at[i].peer);
        if (peer < g->peers.len && from.at[i].counter > 0) starts[peer] = from.at[i].counter;
    }
    exporter x = {.doc = doc, .bytes = {.memory = &doc->memory}};
    for (peer_ix p = 0; p < g->peers.len && status == LK_OK; p++)
        status = export_span(&x, p, starts[p], g->peers.at[p].end);
    if (status == LK_OK) status = export_blob(&x, out);
    exporter_drop(&x);
    return status;
}

lk_status lk_export(lk_doc *doc, lk_export_mode mode, lk_ids from, lk_buf *out) {
    lk_status status = lk_commit(doc, NULL);
    if (status != LK_OK) return status;
    return mode == LK_UPDATES ? export_updates(doc, from, out)
                              : export_snapshot(doc, mode, from, out);
}

lk_status lk_export_local(lk_doc *doc, lk_buf *out) {
    lk_status status = lk_commit(doc, NULL);
    if (status != LK_OK || doc->unsent.len == 0) return status;
    arena_reset(&doc->scratch);
    lk_memory memory = arena_memory(&doc->scratch);
    exporter x = {.doc = doc, .bytes = {.memory = &memory}};
    for (size_t i = 0; i < doc->unsent.len && status == LK_OK; i++) {
        op_id first = doc->unsent.at[i];
        status =
            export_span(&x, first.peer, first.counter, dag_peer_end(&doc->log.graph, first.peer));
    }
    if (status == LK_OK) status = export_blob(&x, out);
    if (status == LK_OK) doc->unsent.len = 0;
    return status;
}
