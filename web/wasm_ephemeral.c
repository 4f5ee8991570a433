/* SPDX-License-Identifier: MIT
 * wasm_ephemeral.c - presence without a room, spelled in numbers. Times are f64 milliseconds. */
#include "lorikeet_room.h"
#include "shim.h"

lk_ephemeral *WEB(w_ephemeral_new)(double timeout_ms, bool awareness) {
    uint64_t timeout = timeout_ms > 0 ? (uint64_t)timeout_ms : 0;
    return awareness ? lk_awareness_new(timeout, NULL) : lk_ephemeral_new(timeout, NULL);
}

void WEB(w_ephemeral_free)(lk_ephemeral *e) { lk_ephemeral_free(e); }

/* Arguments: the key as a string, 0 (delete), or 1 and the value. Result: the update. */
lk_status WEB(w_ephemeral_set)(lk_ephemeral *e, size_t len, double now_ms) {
    reader r = reader_new(shim_bytes(len));
    lk_bytes key = reader_bytes(&r);
    lk_value value;
    bool written = reader_u8(&r) == 1;
    lk_status status = written ? shim_value(&r, &value) : LK_OK;
    if (status != LK_OK) return status;
    writer w = shim_result();
    return lk_ephemeral_set(e, (lk_str){(const char *)key.at, key.len}, written ? &value : NULL,
                            (uint64_t)now_ms, w.out);
}

lk_status WEB(w_ephemeral_apply)(lk_ephemeral *e, size_t len, double now_ms) {
    return lk_ephemeral_apply(e, shim_bytes(len), (uint64_t)now_ms, &web.fault);
}

void WEB(w_ephemeral_expire)(lk_ephemeral *e, double now_ms) {
    lk_ephemeral_expire(e, (uint64_t)now_ms);
}

/* Result: uleb count, (kind byte, key as a string)s. */
lk_status WEB(w_ephemeral_changes)(lk_ephemeral *e) {
    const lk_ephemeral_change *changes;
    size_t len;
    lk_status status = lk_ephemeral_changes(e, &changes, &len);
    if (status != LK_OK) return status;
    writer w = shim_result();
    writer_uleb(&w, len);
    for (size_t i = 0; i < len; i++) {
        writer_u8(&w, (uint8_t)changes[i].what);
        writer_bytes(&w, changes[i].key.at, changes[i].key.len);
    }
    return shim_written(&w);
}

/* Arguments: 0 (all), or 1 and uleb count, strings. Result: the update. */
lk_status WEB(w_ephemeral_encode)(lk_ephemeral *e, size_t len, double now_ms) {
    reader r = reader_new(shim_bytes(len));
    lk_str *keys = NULL;
    size_t count = 0;
    if (reader_u8(&r) == 1) {
        count = (size_t)reader_uleb(&r, reader_left(&r));
        keys = arena_new(shim_scratch(), lk_str, count);
        if (keys == NULL) return LK_ENOMEM;
        for (size_t i = 0; i < count; i++) keys[i] = reader_str(&r);
    }
    writer w = shim_result();
    return lk_ephemeral_encode(e, keys, count, (uint64_t)now_ms, w.out);
}

/* Result: f64 the time of its last update, and the value. */
lk_status WEB(w_ephemeral_get)(lk_ephemeral *e, size_t len) {
    lk_value value;
    int64_t updated_ms;
    lk_status status = lk_ephemeral_get(e, shim_str(len), &value, &updated_ms);
    if (status != LK_OK) return status;
    writer w = shim_result();
    writer_f64le(&w, (double)updated_ms);
    wire_value_write(&w, NULL, &value);
    return shim_written(&w);
}

/* Result: a MAP. */
lk_status WEB(w_ephemeral_states)(lk_ephemeral *e) {
    lk_str key;
    writer w = shim_result();
    writer_u8(&w, WIRE_MAP);
    writer_uleb(&w, lk_ephemeral_len(e));
    for (size_t cursor = 0; lk_ephemeral_next(e, &cursor, &key);) {
        lk_value value;
        lk_status status = lk_ephemeral_get(e, key, &value, NULL);
        if (status != LK_OK) return status;
        writer_bytes(&w, key.at, key.len);
        wire_value_write(&w, NULL, &value);
    }
    return shim_written(&w);
}

size_t WEB(w_ephemeral_len)(const lk_ephemeral *e) { return lk_ephemeral_len(e); }
