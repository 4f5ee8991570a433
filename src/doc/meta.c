/* SPDX-License-Identifier: MIT
 * meta.c - what a blob says of itself, without a document. */
#include "base/sort.h"
#include "codec/change_block.h"
#include "codec/envelope.h"
#include "codec/snapshot_blob.h"
#include "doc/doc.h"

typedef struct meta_span {
    uint64_t peer;
    int32_t start, end;
} meta_span;

typedef struct meta_reader {
    const lk_memory *heap;
    VEC(meta_span) spans; /* per peer */
    uint32_t changes;
    lk_fault *fault;
} meta_reader;

static lk_status meta_block(meta_reader *m, lk_bytes bytes, size_t offset) {
    change_block_meta head;
    lk_status status = change_block_read_meta(bytes, offset, &head, m->fault);
    if (status != LK_OK) return status;
    m->changes += head.change_len;
    meta_span span = {head.peer, head.counter, head.counter + (int32_t)head.len};
    for (size_t i = m->spans.len; i-- > 0;) {
        meta_span *known = &m->spans.at[i];
        if (known->peer != span.peer) continue;
        if (span.start < known->start) known->start = span.start;
        if (span.end > known->end) known->end = span.end;
        return LK_OK;
    }
    meta_span *fresh = vec_push(m->heap, &m->spans);
    if (fresh == NULL) return LK_ENOMEM;
    *fresh = span;
    return LK_OK;
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
    arena scratch;
    arena_init(&scratch, m->heap);
    lk_status status = envelope_read_sections(body, &sections, m->fault);
    *shallow = status == LK_OK && sections.root.bytes.len > 0;
    if (status == LK_OK)
        status = snapshot_read_history(&sections.history, &scratch, &history, m->fault);
    for (size_t i = 0; i < history.block_len && status == LK_OK; i++)
        status = meta_block(m, history.blocks[i].bytes, history.blocks[i].offset);
    arena_drop(&scratch);
    return status;
}

static int meta_order(const void *a, const void *b) {
    uint64_t x = ((const meta_span *)a)->peer, y = ((const meta_span *)b)->peer;
    return x < y ? -1 : x > y;
}

static lk_status meta_write(meta_reader *m, lk_blob_meta *out) {
    size_t len = m->spans.len;
    sort_items(m->spans.at, len, sizeof *m->spans.at, meta_order);
    out->ids.len = 0;
    if (!buf_reserve(&out->ids, 2 * len * sizeof(lk_id))) return LK_ENOMEM;
    lk_id *ids = (lk_id *)(void *)out->ids.at;
    for (size_t i = 0; i < len; i++) {
        ids[i] = (lk_id){m->spans.at[i].peer, m->spans.at[i].start};
        ids[len + i] = (lk_id){m->spans.at[i].peer, m->spans.at[i].end};
    }
    out->ids.len = 2 * len * sizeof(lk_id);
    out->start_vv = (lk_ids){ids, len};
    out->end_vv = (lk_ids){ids + len, len};
    out->change_count = m->changes;
    return LK_OK;
}

lk_status lk_blob_meta_read(lk_bytes bytes, lk_blob_meta *out, lk_fault *fault_or_null) {
    lk_fault unwanted = {0};
    meta_reader m = {.heap = out->ids.memory == NULL ? &mem_default : out->ids.memory,
                     .fault = fault_or_null == NULL ? &unwanted : fault_or_null};
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
    m.fault->code = status;
    return status;
}
