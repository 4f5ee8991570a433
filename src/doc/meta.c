/* SPDX-License-Identifier: MIT
 * meta.c - what a blob says of itself, without a document. Spans and dependencies are gathered from
 * the blocks as they come, then sorted and joined. */
#include "base/sort.h"
#include "codec/change_block.h"
#include "codec/envelope.h"
#include "codec/snapshot_blob.h"
#include "doc/doc.h"

typedef struct meta_reader {
    const lk_memory *heap;
    arena scratch;
    VEC(lk_span) spans; /* of blocks; in the end, per peer */
    VEC(lk_id) deps;    /* of changes; in the end, those that lie before the spans */
    uint32_t changes;
    uint32_t first, last; /* Lamport times of the changes that come first and last, and these: */
    int64_t first_s, last_s;
    lk_fault *fault;
} meta_reader;

static lk_status meta_change(meta_reader *m, const block *b, const change *c) {
    if (m->changes == 0 || c->lamport < m->first) {
        m->first = c->lamport;
        m->first_s = c->timestamp_s;
    }
    if (m->changes++ == 0 || c->lamport >= m->last) {
        m->last = c->lamport;
        m->last_s = c->timestamp_s;
    }
    for (uint32_t i = 0; i < c->dep_len; i++) {
        lk_id *dep = vec_push(m->heap, &m->deps);
        if (dep == NULL) return LK_ENOMEM;
        *dep = (lk_id){b->peers[c->deps[i].peer], c->deps[i].counter};
    }
    return LK_OK;
}

static lk_status meta_block(meta_reader *m, lk_bytes bytes, size_t offset) {
    block b;
    arena_mark mark = arena_save(&m->scratch);
    lk_status status = change_block_read_changes(bytes, offset, &m->scratch, &b, m->fault);
    if (status != LK_OK) return status;
    lk_span *span = vec_push(m->heap, &m->spans);
    if (span == NULL) return LK_ENOMEM;
    const change *last = &b.changes[b.change_len - 1];
    *span = (lk_span){b.peers[0], b.changes[0].counter, last->counter + (int32_t)last->len};
    for (size_t i = 0; i < b.change_len && status == LK_OK; i++)
        status = meta_change(m, &b, &b.changes[i]);
    arena_rewind(&m->scratch, mark);
    return status;
}

static lk_status meta_updates(meta_reader *m, reader *body) {
    lk_bytes bytes;
    size_t offset;
    while (envelope_next_block(body, &bytes, &offset)) {
        lk_status status = meta_block(m, bytes, offset);
        if (status != LK_OK) return status;
    }
    if (!reader_ok(body)) *m->fault = body->fault;
    return body->fault.code;
}

static lk_status meta_snapshot(meta_reader *m, reader *body, bool *shallow) {
    envelope_sections sections;
    snapshot_history history = {0};
    lk_status status = envelope_read_sections(body, &sections, m->fault);
    *shallow = status == LK_OK && sections.root.bytes.len > 0;
    if (status == LK_OK)
        status = snapshot_read_history(&sections.history, &m->scratch, &history, m->fault);
    for (size_t i = 0; i < history.block_len && status == LK_OK; i++)
        status = meta_block(m, history.blocks[i].bytes, history.blocks[i].offset);
    /* it begins at its root, whatever its first changes name, or at nothing */
    m->deps.len = 0;
    if (!*shallow) m->first_s = 0;
    for (size_t i = 0; i < history.start_frontiers.len && status == LK_OK && *shallow; i++) {
        lk_id *id = vec_push(m->heap, &m->deps);
        if (id == NULL) return LK_ENOMEM;
        *id = history.start_frontiers.at[i];
    }
    return status;
}

static int meta_span_order(const void *a, const void *b) {
    uint64_t x = ((const lk_span *)a)->peer, y = ((const lk_span *)b)->peer;
    return x < y ? -1 : x > y;
}

static int meta_id_order(const void *a, const void *b) {
    const lk_id *x = a, *y = b;
    if (x->peer != y->peer) return x->peer < y->peer ? -1 : 1;
    return x->counter < y->counter ? -1 : x->counter > y->counter;
}

static void meta_join_spans(meta_reader *m) {
    size_t kept = 0;
    sort_items(m->spans.at, m->spans.len, sizeof *m->spans.at, meta_span_order);
    for (size_t i = 0; i < m->spans.len; i++) {
        lk_span next = m->spans.at[i], *last = kept == 0 ? NULL : &m->spans.at[kept - 1];
        if (last == NULL || last->peer != next.peer) {
            m->spans.at[kept++] = next;
            continue;
        }
        if (next.start < last->start) last->start = next.start;
        if (next.end > last->end) last->end = next.end;
    }
    m->spans.len = kept;
}

/* Keep the dependencies that the blob does not hold, each once. */
static void meta_keep_deps(meta_reader *m) {
    size_t kept = 0, span = 0;
    sort_items(m->deps.at, m->deps.len, sizeof *m->deps.at, meta_id_order);
    for (size_t i = 0; i < m->deps.len; i++) {
        lk_id dep = m->deps.at[i];
        if (kept > 0 && meta_id_order(&m->deps.at[kept - 1], &dep) == 0) continue;
        while (span < m->spans.len && m->spans.at[span].peer < dep.peer) span++;
        bool here = span < m->spans.len && m->spans.at[span].peer == dep.peer;
        if (!here || dep.counter < m->spans.at[span].start) m->deps.at[kept++] = dep;
    }
    m->deps.len = kept;
}

static lk_status meta_write(meta_reader *m, lk_blob_meta *out) {
    meta_join_spans(m);
    if (!out->snapshot) meta_keep_deps(m);
    size_t len = m->spans.len, total = 2 * len + m->deps.len;
    out->ids.len = 0;
    if (!buf_reserve(&out->ids, total * sizeof(lk_id))) return LK_ENOMEM;
    lk_id *ids = (lk_id *)(void *)out->ids.at;
    for (size_t i = 0; i < len; i++) {
        ids[i] = (lk_id){m->spans.at[i].peer, m->spans.at[i].start};
        ids[len + i] = (lk_id){m->spans.at[i].peer, m->spans.at[i].end};
    }
    for (size_t i = 0; i < m->deps.len; i++) ids[2 * len + i] = m->deps.at[i];
    out->ids.len = total * sizeof(lk_id);
    out->start_vv = (lk_ids){ids, len};
    out->end_vv = (lk_ids){ids + len, len};
    out->start_frontiers = (lk_ids){ids + 2 * len, m->deps.len};
    out->change_count = m->changes;
    out->start_timestamp_s = m->first_s;
    out->end_timestamp_s = m->last_s;
    return LK_OK;
}

lk_status lk_blob_meta_read(lk_bytes bytes, lk_blob_meta *out, lk_fault *fault_or_null) {
    lk_fault unwanted = {0};
    meta_reader m = {.heap = out->ids.memory == NULL ? &mem_default : out->ids.memory,
                     .fault = fault_or_null == NULL ? &unwanted : fault_or_null};
    arena_init(&m.scratch, m.heap);
    *m.fault = (lk_fault){0};
    envelope_mode mode;
    reader body;
    lk_status status = envelope_open(bytes, &mode, &body, m.fault);
    if (status == LK_OK) {
        out->snapshot = mode == ENVELOPE_SNAPSHOT;
        out->shallow = false;
        status = out->snapshot ? meta_snapshot(&m, &body, &out->shallow) : meta_updates(&m, &body);
    }
    if (status == LK_OK) status = meta_write(&m, out);
    vec_drop(m.heap, &m.spans);
    vec_drop(m.heap, &m.deps);
    arena_drop(&m.scratch);
    m.fault->code = status;
    return status;
}
