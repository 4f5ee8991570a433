/* SPDX-License-Identifier: MIT
 * wasm_rich.c - marks and deltas of lorikeet.h spelled in numbers. */
#include "shim.h"

static lk_str shim_key(reader *r) {
    lk_bytes key = reader_bytes(r);
    return (lk_str){(const char *)key.at, key.len};
}

/* Arguments: the key as a string, the value. */
lk_status WEB(w_text_mark)(lk_doc *doc, lk_ref text, size_t start, size_t end, size_t len) {
    reader r = reader_new(shim_bytes(len));
    lk_str key = shim_key(&r);
    lk_value value;
    lk_status status = shim_value(&r, &value);
    return status == LK_OK ? lk_text_mark(doc, text, start, end, LK_UTF16, key, &value) : status;
}

lk_status WEB(w_text_unmark)(lk_doc *doc, lk_ref text, size_t start, size_t end, size_t len) {
    return lk_text_unmark(doc, text, start, end, LK_UTF16, shim_str(len));
}

static lk_status shim_delta(const lk_doc *doc, lk_status status, const lk_delta *deltas,
                            size_t len) {
    if (status != LK_OK) return status;
    writer w = shim_result();
    wire_text_delta_write(&w, doc, deltas, len);
    return shim_written(&w);
}

lk_status WEB(w_text_delta)(lk_doc *doc, lk_ref text) {
    const lk_delta *deltas = NULL;
    size_t len = 0;
    lk_status status = lk_text_delta(doc, text, &deltas, &len);
    return shim_delta(doc, status, deltas, len);
}

lk_status WEB(w_text_slice_delta)(lk_doc *doc, lk_ref text, size_t pos, size_t len, lk_unit unit) {
    const lk_delta *deltas = NULL;
    size_t delta_len = 0;
    lk_status status = lk_text_slice_delta(doc, text, pos, len, unit, &deltas, &delta_len);
    return shim_delta(doc, status, deltas, delta_len);
}

/* Arguments: a delta as in events. */
lk_status WEB(w_text_apply_delta)(lk_doc *doc, lk_ref text, size_t len) {
    reader r = reader_new(shim_bytes(len));
    size_t delta_len;
    shim_scratch();
    const lk_delta *deltas = wire_text_delta_read(&r, &web.scratch, &delta_len);
    if (!reader_ok(&r)) return r.fault.code;
    return lk_text_apply_delta(doc, text, deltas, delta_len, LK_UTF16);
}

/* Arguments: uleb count, (string, byte: lk_expand)s. */
lk_status WEB(w_style_config)(lk_doc *doc, size_t len) {
    reader r = reader_new(shim_bytes(len));
    size_t count = (size_t)reader_uleb(&r, reader_left(&r));
    shim_scratch();
    lk_style *styles = arena_new(&web.scratch, lk_style, count);
    if (styles == NULL) return LK_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        styles[i].key = shim_key(&r);
        styles[i].expand = (lk_expand)reader_u8(&r);
    }
    return lk_style_config(doc, styles, count);
}

/* Below zero: no default. */
void WEB(w_style_default)(lk_doc *doc, int32_t expand) {
    lk_expand chosen = (lk_expand)expand;
    lk_style_default(doc, expand < 0 ? NULL : &chosen);
}
