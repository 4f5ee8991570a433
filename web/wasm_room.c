/* SPDX-License-Identifier: MIT
 * wasm_room.c - lorikeet_room.h spelled in numbers. Times are f64 milliseconds. */
#include "lorikeet_room.h"
#include "shim.h"

/* guard: its number, or 0. */
lk_room *WEB(w_room_new)(lk_doc *doc, size_t id_len, uint64_t seed, uint32_t message_max,
                         double unix_offset_ms, uint32_t guard, bool writes) {
    lk_guard who = shim_guard(guard, writes);
    lk_room_options options = {
        .room_id = shim_str(id_len),
        .seed = seed,
        .message_max = message_max,
        .unix_offset_ms = (int64_t)unix_offset_ms,
        .guard = guard != 0 ? &who : NULL,
    };
    return lk_room_new(doc, &options, NULL);
}

void WEB(w_room_free)(lk_room *room) { lk_room_free(room); }

lk_status WEB(w_room_open)(lk_room *room, lk_link link, double now_ms) {
    return lk_room_open(room, link, (uint64_t)now_ms);
}

void WEB(w_room_close)(lk_room *room, lk_link link) { lk_room_close(room, link); }

void WEB(w_room_held)(lk_room *room, lk_link link, double now_ms) {
    lk_room_held(room, link, (uint64_t)now_ms);
}

void WEB(w_room_sparse)(lk_room *room, bool sparse, double now_ms) {
    lk_room_sparse(room, sparse, (uint64_t)now_ms);
}

/* Arguments: a message. Result: the id of the room it is for. */
lk_status WEB(w_room_of)(size_t len) {
    lk_str id;
    lk_status status = lk_room_of(shim_bytes(len), &id);
    writer w = shim_result();
    if (status == LK_OK) writer_raw(&w, id.at, id.len);
    return status == LK_OK ? shim_written(&w) : status;
}

lk_status WEB(w_room_feed)(lk_room *room, lk_link link, size_t len, double now_ms) {
    return lk_room_feed(room, link, shim_bytes(len), (uint64_t)now_ms);
}

lk_status WEB(w_room_edited)(lk_room *room, double now_ms) {
    return lk_room_edited(room, (uint64_t)now_ms);
}

/* 1: it waits for its past. */
int32_t WEB(w_room_restore)(lk_room *room, size_t len, double now_ms) {
    bool waits;
    lk_status status = lk_room_restore(room, shim_bytes(len), &waits, (uint64_t)now_ms);
    return status == LK_OK ? waits : status;
}

/* Result: the update. */
lk_status WEB(w_room_whole)(lk_room *room) {
    writer w = shim_result();
    return lk_room_whole(room, w.out);
}

/* Arguments: what was stored. Result, for each of its parts: how many bytes that is, and its blob
 * as bytes with their length. */
lk_status WEB(w_room_parts)(size_t len) {
    lk_bytes rest = shim_bytes(len), blob;
    writer w = shim_result();
    lk_status status = LK_OK;
    do {
        size_t before = rest.len;
        status = lk_room_blob_next(&rest, &blob);
        writer_uleb(&w, before - rest.len);
        if (status == LK_OK) writer_bytes(&w, blob.at, blob.len);
    } while (rest.len > 0 && status == LK_OK);
    return status == LK_OK ? shim_written(&w) : status;
}

void WEB(w_room_stored)(lk_room *room, uint64_t token) { lk_room_stored(room, token); }
void WEB(w_room_tick)(lk_room *room, double now_ms) { lk_room_tick(room, (uint64_t)now_ms); }

/* Infinity: never. */
double WEB(w_room_wake_at)(const lk_room *room) {
    uint64_t at = lk_room_wake_at(room);
    return at == UINT64_MAX ? __builtin_inf() : (double)at;
}

/* Arguments: the key as a string, the value. */
lk_status WEB(w_room_presence_set)(lk_room *room, size_t len, double now_ms) {
    reader r = reader_new(shim_bytes(len));
    lk_bytes key = reader_bytes(&r);
    lk_value value;
    lk_status status = shim_value(&r, &value);
    if (status != LK_OK) return status;
    lk_str name = {(const char *)key.at, key.len};
    return lk_room_presence_set(room, name, &value, (uint64_t)now_ms);
}

lk_status WEB(w_room_presence_json)(const lk_room *room) {
    writer w = shim_result();
    return lk_room_presence_json(room, w.out);
}

/* 1 with what to do next in the result region: kind byte, uleb link, u64le token, what as a string,
 * and the bytes to the end. 0 when there is nothing. */
int32_t WEB(w_room_poll)(lk_room *room) {
    const lk_room_out *out = lk_room_poll(room);
    if (out == NULL) return 0;
    writer w = shim_result();
    writer_u8(&w, (uint8_t)out->kind);
    writer_uleb(&w, out->link);
    writer_u64le(&w, out->token);
    writer_bytes(&w, out->what, out->what == NULL ? 0 : __builtin_strlen(out->what));
    writer_raw(&w, out->bytes.at, out->bytes.len);
    return w.failed ? LK_ENOMEM : 1;
}

/* Result: links, joined, absent, unacked bytes and unstored as f64, synced as a byte. */
lk_status WEB(w_room_stats)(const lk_room *room) {
    lk_room_stats stats = lk_room_stats_read(room);
    writer w = shim_result();
    writer_f64le(&w, stats.links);
    writer_f64le(&w, stats.joined);
    writer_f64le(&w, stats.absent);
    writer_f64le(&w, (double)stats.unacked_bytes);
    writer_f64le(&w, (double)stats.unstored);
    writer_u8(&w, stats.synced);
    return shim_written(&w);
}
