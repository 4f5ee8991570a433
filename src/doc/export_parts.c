/* SPDX-License-Identifier: MIT
 * export_parts.c - blobs of less than all that is missing somewhere: chosen spans, and what waits.
 */
#include "base/sort.h"
#include "codec/envelope.h"
#include "doc/export.h"
#include "doc/sealed.h"

static int export_span_order(const void *a, const void *b) {
    const lk_span *x = a, *y = b;
    if (x->peer != y->peer) return x->peer < y->peer ? -1 : 1;
    return x->start < y->start ? -1 : x->start > y->start;
}

/* Spans in order, those that touch as one; how many. */
static size_t export_join_spans(lk_span *spans, size_t len) {
    size_t kept = 0;
    sort_items(spans, len, sizeof *spans, export_span_order);
    for (size_t i = 0; i < len; i++) {
        lk_span *last = kept == 0 ? NULL : &spans[kept - 1];
        if (last == NULL || last->peer != spans[i].peer || last->end < spans[i].start)
            spans[kept++] = spans[i];
        else if (last->end < spans[i].end)
            last->end = spans[i].end;
    }
    return kept;
}

lk_status lk_export_spans(lk_doc *doc, const lk_span *spans, size_t len, lk_buf *out) {
    lk_status status = lk_commit(doc, NULL);
    for (size_t i = 0; i < len && status == LK_OK; i++)
        status = sealed_open_for(doc, (lk_id){spans[i].peer, spans[i].start});
    if (status != LK_OK) return status;
    arena_reset(&doc->scratch);
    lk_span *all = arena_new(&doc->scratch, lk_span, len);
    if (all == NULL) return LK_ENOMEM;
    for (size_t i = 0; i < len; i++) all[i] = spans[i];
    len = export_join_spans(all, len);
    exporter x = {.doc = doc, .bytes = {.memory = &doc->memory}};
    for (size_t i = 0; i < len && status == LK_OK; i++) {
        peer_ix peer = intern_find_peer(&doc->log.names, all[i].peer);
        if (peer == TABLE_NONE) continue;
        int32_t end = dag_peer_end(&doc->log.graph, peer);
        status = export_span(&x, peer, all[i].start < 0 ? 0 : all[i].start,
                             all[i].end < end ? all[i].end : end);
    }
    if (status == LK_OK) status = export_blob(&x, out);
    exporter_drop(&x);
    return status;
}

lk_status lk_export_pending(lk_doc *doc, lk_buf *out) {
    if (doc->pending.len == 0) return LK_OK;
    writer w = writer_new(out);
    size_t start, before = out->len;
    envelope_begin(&w, ENVELOPE_UPDATES, &start);
    for (size_t i = 0; i < doc->pending.len; i++)
        envelope_add_block(&w, (lk_bytes){doc->pending.at[i].bytes, doc->pending.at[i].len});
    envelope_finish(&w, start);
    if (w.failed) out->len = before;
    return w.failed ? LK_ENOMEM : LK_OK;
}
