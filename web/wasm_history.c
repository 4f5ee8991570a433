/* SPDX-License-Identifier: MIT
 * wasm_history.c - history across the border: JSON updates as text, changes as
 *
 *     change    u64le peer, uleb counter, uleb length, uleb lamport, f64le timestamp,
 *               string message, ids deps */
#include "base/limits.h"
#include "shim.h"

static void shim_change_write(writer *w, const lk_change *c) {
    writer_u64le(w, c->id.peer);
    writer_uleb(w, (uint32_t)c->id.counter);
    writer_uleb(w, c->len);
    writer_uleb(w, c->lamport);
    writer_f64le(w, (double)c->timestamp_s);
    writer_bytes(w, c->message.at, c->message.len);
    wire_ids_write(w, c->deps);
}

static lk_status shim_change(lk_status status, const lk_change *c) {
    if (status != LK_OK) return status;
    writer w = shim_result();
    shim_change_write(&w, c);
    return shim_written(&w);
}

/* uleb count, (u64le peer, uleb start, uleb end)s, in scratch. */
static size_t shim_spans(reader *r, lk_span **out) {
    shim_scratch();
    size_t count = (size_t)reader_uleb(r, reader_left(r));
    lk_span *spans = *out = arena_new(&web.scratch, lk_span, count);
    if (spans == NULL) reader_fail(r, LK_ENOMEM, "out of memory");
    for (size_t i = 0; i < count && reader_ok(r); i++) {
        spans[i].peer = reader_u64le(r);
        spans[i].start = (int32_t)reader_uleb(r, LIMIT_COUNTER);
        spans[i].end = (int32_t)reader_uleb(r, LIMIT_COUNTER);
    }
    return count;
}

lk_status WEB(w_change_at)(lk_doc *doc, uint64_t peer, int32_t counter) {
    lk_change c;
    lk_status status = lk_change_at(doc, (lk_id){peer, counter}, &c);
    return shim_change(status, &c);
}

/* The first one that reaches beyond `counter`. */
lk_status WEB(w_change_after)(lk_doc *doc, uint64_t peer, int32_t counter) {
    lk_change c;
    lk_status status = lk_change_after(doc, (lk_id){peer, counter}, &c);
    return shim_change(status, &c);
}

lk_status WEB(w_change_at_lamport)(lk_doc *doc, uint64_t peer, uint32_t lamport) {
    lk_change c;
    lk_status status = lk_change_at_lamport(doc, peer, lamport, &c);
    return shim_change(status, &c);
}

lk_status WEB(w_change_open)(lk_doc *doc) {
    lk_change c;
    lk_status status = lk_change_open(doc, &c);
    return shim_change(status, &c);
}

/* Arguments: the message. */
lk_status WEB(w_describe)(lk_doc *doc, size_t len, double timestamp_s) {
    lk_commit_options options = {.message = shim_str(len), .timestamp_s = (int64_t)timestamp_s};
    return lk_describe(doc, &options);
}

void WEB(w_merge_interval)(lk_doc *doc, double seconds) {
    lk_set_merge_interval(doc, (int64_t)seconds);
}

/* Arguments: ids. */
lk_status WEB(w_travel)(lk_doc *doc, size_t len) {
    lk_ids from;
    lk_status status = shim_ids(len, &from);
    return status == LK_OK ? lk_travel(doc, from) : status;
}

lk_status WEB(w_travel_next)(lk_doc *doc) {
    lk_change c;
    lk_status status = lk_travel_next(doc, &c);
    return shim_change(status, &c);
}

/* Arguments: two times ids. Result: two times spans. */
lk_status WEB(w_spans_between)(lk_doc *doc, size_t len) {
    reader r = reader_new(shim_bytes(len));
    lk_span_diff diff;
    shim_scratch();
    lk_ids from = wire_ids_read(&r, &web.scratch), to = wire_ids_read(&r, &web.scratch);
    if (!reader_ok(&r)) return r.fault.code;
    lk_status status = lk_spans_between(doc, from, to, &diff);
    if (status != LK_OK) return status;
    writer w = shim_result();
    wire_spans_write(&w, diff.retreat, diff.retreat_len);
    wire_spans_write(&w, diff.forward, diff.forward_len);
    return shim_written(&w);
}

/* Result: uleb count, ulebs: references. */
lk_status WEB(w_changed_containers)(lk_doc *doc, uint64_t peer, int32_t start, int32_t end) {
    const lk_ref *refs;
    size_t count;
    lk_status status = lk_changed_containers(doc, (lk_span){peer, start, end}, &refs, &count);
    if (status != LK_OK) return status;
    writer w = shim_result();
    writer_uleb(&w, count);
    for (size_t i = 0; i < count; i++) writer_uleb(&w, refs[i].index);
    return shim_written(&w);
}

/* ---- as JSON ---- */

/* Arguments: from as ids, then either nothing or to as ids. */
lk_status WEB(w_json_updates)(lk_doc *doc, bool numbered, size_t len) {
    reader r = reader_new(shim_bytes(len));
    shim_scratch();
    lk_ids from = wire_ids_read(&r, &web.scratch), to = {0};
    bool ends = reader_left(&r) > 0;
    if (ends) to = wire_ids_read(&r, &web.scratch);
    if (!reader_ok(&r)) return r.fault.code;
    return lk_json_updates(doc, from, ends ? &to : NULL, numbered, shim_result().out);
}

lk_status WEB(w_json_span)(lk_doc *doc, uint64_t peer, int32_t start, int32_t end) {
    return lk_json_span(doc, (lk_span){peer, start, end}, shim_result().out);
}

lk_status WEB(w_json_open)(lk_doc *doc) { return lk_json_open(doc, shim_result().out); }

lk_status WEB(w_json_import)(lk_doc *doc, size_t len) {
    lk_import_status got;
    lk_status status = lk_json_import(doc, shim_str(len), &got, &web.fault);
    return shim_imported(status, &got);
}

/* Arguments: the text as a string, spans. */
lk_status WEB(w_json_redact)(size_t len) {
    reader r = reader_new(shim_bytes(len));
    lk_bytes text = reader_bytes(&r);
    lk_span *spans;
    size_t count = shim_spans(&r, &spans);
    lk_str json = {(const char *)text.at, text.len};
    if (!reader_ok(&r)) return r.fault.code;
    return lk_json_redact(json, spans, count, shim_result().out, &web.fault);
}

/* ---- parts ---- */

/* Arguments: spans. */
lk_status WEB(w_export_spans)(lk_doc *doc, size_t len) {
    reader r = reader_new(shim_bytes(len));
    lk_span *spans;
    size_t count = shim_spans(&r, &spans);
    if (!reader_ok(&r)) return r.fault.code;
    return lk_export_spans(doc, spans, count, shim_result().out);
}

lk_status WEB(w_export_pending)(lk_doc *doc) { return lk_export_pending(doc, shim_result().out); }

/* Arguments: uleb count, blobs as byte strings. */
lk_status WEB(w_import_batch)(lk_doc *doc, size_t len) {
    reader r = reader_new(shim_bytes(len));
    shim_scratch();
    size_t count = (size_t)reader_uleb(&r, reader_left(&r));
    lk_bytes *blobs = arena_new(&web.scratch, lk_bytes, count);
    if (blobs == NULL) return LK_ENOMEM;
    for (size_t i = 0; i < count; i++) blobs[i] = reader_bytes(&r);
    if (!reader_ok(&r)) return r.fault.code;
    lk_import_status got;
    lk_status status = lk_import_batch(doc, blobs, count, &got, &web.fault);
    return shim_imported(status, &got);
}
