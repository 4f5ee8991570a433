/* SPDX-License-Identifier: MIT
 * wasm_diff.c - diffs that come back from JavaScript. There containers have their spelled ids only,
 * so all of them come as strangers: numbers of strings, which follow the diffs.
 *
 *   diffs     uleb count, diffs as in wire.h but for
 *               container   uleb number of its id, instead of the ref
 *               value       of lists and maps: 1 and such a number, or 0 and a value
 *               tree        no index, no old place
 *             uleb count, ids as strings */
#include "shim.h"

#include "base/limits.h"

typedef struct diff_reader {
    reader r;
    uint32_t ids; /* numbers up to this are used */
} diff_reader;

/* An array of as many items as follow; at least a byte each. */
static void *diff_many(diff_reader *d, size_t item_len, size_t *len) {
    *len = (size_t)reader_uleb(&d->r, reader_left(&d->r));
    void *items = arena_array(&web.scratch, *len, item_len);
    if (items == NULL) reader_fail(&d->r, LK_ENOMEM, "out of memory");
    if (!reader_ok(&d->r)) *len = 0;
    return items;
}

static lk_ref diff_ref(diff_reader *d) {
    uint32_t number = (uint32_t)reader_uleb(&d->r, LK_STRANGER - 1);
    if (number >= d->ids) d->ids = number + 1;
    return (lk_ref){LK_STRANGER + number};
}

static lk_str diff_str(diff_reader *d) {
    lk_bytes bytes = reader_bytes(&d->r);
    return (lk_str){(const char *)bytes.at, bytes.len};
}

static void diff_value(diff_reader *d, lk_value *out) {
    if (reader_u8(&d->r) == 0) {
        wire_value_read(&d->r, &web.scratch, out);
        return;
    }
    *out = (lk_value){.type = LK_CONTAINER, .as.container = diff_ref(d)};
}

static void diff_step(diff_reader *d, lk_delta *out) {
    size_t len;
    *out = (lk_delta){.kind = (lk_delta_kind)reader_u8(&d->r)};
    if (out->kind == LK_INSERT) {
        lk_value *values = diff_many(d, sizeof *values, &len);
        for (size_t i = 0; i < len; i++) diff_value(d, &values[i]);
        out->values = values;
    } else {
        len = (size_t)reader_uleb(&d->r, UINT32_MAX);
    }
    out->len[0] = (uint32_t)len;
}

static void diff_change(diff_reader *d, lk_map_change *out) {
    *out = (lk_map_change){.key = diff_str(d)};
    out->deleted = reader_u8(&d->r) == 0;
    if (!out->deleted) diff_value(d, &out->value);
}

static void diff_node(diff_reader *d, lk_tree_change *out) {
    *out = (lk_tree_change){.action = (lk_tree_action)reader_u8(&d->r)};
    out->target = wire_id_read(&d->r);
    if (out->action == LK_TREE_DELETE) return;
    out->has_parent = reader_u8(&d->r) == 1;
    if (out->has_parent) out->parent = wire_id_read(&d->r);
    out->fractional_index = reader_bytes(&d->r);
}

static void diff_read(diff_reader *d, lk_diff *out) {
    *out = (lk_diff){.target = diff_ref(d)};
    out->kind = (lk_kind)reader_u8(&d->r);
    if (out->kind == LK_COUNTER) {
        out->increment = reader_f64le(&d->r);
    } else if (out->kind == LK_MAP) {
        lk_map_change *changes = diff_many(d, sizeof *changes, &out->change_len);
        for (size_t i = 0; i < out->change_len; i++) diff_change(d, &changes[i]);
        out->changes = changes;
    } else if (out->kind == LK_TREE) {
        lk_tree_change *nodes = diff_many(d, sizeof *nodes, &out->node_len);
        for (size_t i = 0; i < out->node_len; i++) diff_node(d, &nodes[i]);
        out->nodes = nodes;
    } else if (out->kind == LK_TEXT) {
        out->deltas = wire_text_delta_read(&d->r, &web.scratch, &out->delta_len);
    } else {
        lk_delta *deltas = diff_many(d, sizeof *deltas, &out->delta_len);
        for (size_t i = 0; i < out->delta_len; i++) diff_step(d, &deltas[i]);
        out->deltas = deltas;
    }
}

lk_status WEB(w_apply_diff)(lk_doc *doc, bool full_state, size_t len) {
    diff_reader d = {.r = reader_new(shim_bytes(len))};
    size_t count, names;
    shim_scratch();
    lk_diff *diffs = diff_many(&d, sizeof *diffs, &count);
    for (size_t i = 0; i < count; i++) diff_read(&d, &diffs[i]);
    lk_str *ids = diff_many(&d, sizeof *ids, &names);
    for (size_t i = 0; i < names; i++) ids[i] = diff_str(&d);
    if (!reader_ok(&d.r)) return d.r.fault.code;
    LK_ASSERT(names >= d.ids);
    lk_apply_options options = {LK_UTF16, ids, names, full_state};
    return lk_apply_diff(doc, diffs, count, &options);
}
