/* SPDX-License-Identifier: MIT
 * wasm_undo.c - undo managers. What a step is annotated with is JavaScript's: bytes to us. */
#include "shim.h"

lk_undo *WEB(w_undo_new)(lk_doc *doc) { return lk_undo_new(doc); }
void WEB(w_undo_free)(lk_undo *undo) { lk_undo_free(undo); }

void WEB(w_undo_set_interval)(lk_undo *undo, double interval_ms) {
    lk_undo_set_interval(undo, (int64_t)interval_ms);
}
void WEB(w_undo_set_max)(lk_undo *undo, uint32_t steps) { lk_undo_set_max(undo, steps); }
void WEB(w_undo_time)(lk_undo *undo, double now_ms) { lk_undo_time(undo, (int64_t)now_ms); }
lk_status WEB(w_undo_exclude)(lk_undo *undo, size_t len) {
    return lk_undo_exclude(undo, shim_str(len));
}

lk_status WEB(w_undo_group_start)(lk_undo *undo) { return lk_undo_group_start(undo); }
void WEB(w_undo_group_end)(lk_undo *undo) { lk_undo_group_end(undo); }
void WEB(w_undo_pause)(lk_undo *undo, bool paused) { lk_undo_pause(undo, paused); }
bool WEB(w_undo_is_paused)(const lk_undo *undo) { return lk_undo_is_paused(undo); }
size_t WEB(w_undo_count)(const lk_undo *undo, lk_undo_stack which) {
    return lk_undo_count(undo, which);
}
void WEB(w_undo_clear)(lk_undo *undo, lk_undo_stack which) { lk_undo_clear(undo, which); }

/* Result: popped, changed as bytes; counters of the step and of what it made; its note. */
lk_status WEB(w_undo_step)(lk_undo *undo, lk_undo_stack which) {
    lk_undo_done done;
    lk_status status = lk_undo_step(undo, which, &done);
    if (status != LK_OK) return status;
    writer w = shim_result();
    writer_u8(&w, done.popped);
    writer_u8(&w, done.changed);
    writer_uleb(&w, (uint32_t)done.start);
    writer_uleb(&w, (uint32_t)done.end);
    writer_uleb(&w, (uint32_t)done.made_start);
    writer_uleb(&w, (uint32_t)done.made_end);
    writer_bytes(&w, done.note.at, done.note.len);
    return shim_written(&w);
}

/* 1 with what became of a commit: merged as a byte, counters. */
int32_t WEB(w_undo_pushed)(lk_undo *undo) {
    lk_undo_push push;
    if (!lk_undo_pushed(undo, &push)) return 0;
    writer w = shim_result();
    writer_u8(&w, push.merged);
    writer_uleb(&w, (uint32_t)push.start);
    writer_uleb(&w, (uint32_t)push.end);
    return w.failed ? LK_ENOMEM : 1;
}

lk_status WEB(w_undo_note)(lk_undo *undo, lk_undo_stack which, size_t len) {
    return lk_undo_note(undo, which, shim_bytes(len));
}

/* Result: the note of the newest step. */
lk_status WEB(w_undo_top)(const lk_undo *undo, lk_undo_stack which) {
    lk_bytes note;
    if (!lk_undo_top(undo, which, &note)) return LK_EMISSING;
    writer w = shim_result();
    writer_raw(&w, note.at, note.len);
    return shim_written(&w);
}

lk_status WEB(w_undo_cursor)(lk_undo *undo, size_t len) {
    shim_result();
    return lk_undo_cursor(undo, shim_bytes(len), &web.out);
}
