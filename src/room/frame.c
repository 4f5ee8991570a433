/* SPDX-License-Identifier: MIT
 * frame.c - messages of the Loro syncing protocol v1 (protocol.md, "Message Format" and "Message
 * Types"). Batch ids are eight bytes without a meaning; they are read as one big-endian number. */
#include "room/frame.h"

#include "base/limits.h"
#include "base/utf8.h"

#define FRAME_MAGIC_LEN 4u
#define FRAME_BATCH_LEN 8u

static bool frame_crdt_known(uint32_t magic) {
    switch (magic) {
    case FRAME_LORO:
    case FRAME_EPHEMERAL:
    case FRAME_EPHEMERAL_STORED:
    case FRAME_YJS:
    case FRAME_YJS_AWARENESS:
    case FRAME_ELO:
    case FRAME_FLOCK: return true;
    }
    return false;
}

static uint8_t frame_join_code(uint8_t code) {
    bool known = code <= JOIN_AUTH_FAILED || code == JOIN_APP_ERROR;
    return known ? code : JOIN_UNKNOWN;
}

static uint8_t frame_room_code(uint8_t code) {
    bool known = code == ROOM_REJOIN_SUGGESTED || code == ROOM_EVICTED;
    return known ? code : ROOM_UNKNOWN;
}

static uint8_t frame_ack_status(uint8_t status) {
    bool known = (status <= ACK_FRAGMENT_TIMEOUT && status != 0x02) || status == ACK_APP_ERROR;
    return known ? status : ACK_UNKNOWN;
}

static void frame_read_join_ok(reader *r, frame *f) {
    lk_str permission = reader_str(r);
    bool read = permission.len == 4 && __builtin_memcmp(permission.at, "read", 4) == 0;
    f->may_write = permission.len == 5 && __builtin_memcmp(permission.at, "write", 5) == 0;
    if (!read && !f->may_write) reader_fail(r, LK_ECORRUPT, "permission is neither read nor write");
    f->version = reader_bytes(r);
    f->payload = reader_bytes(r);
}

static void frame_read_join_error(reader *r, frame *f) {
    f->code = frame_join_code(reader_u8(r));
    f->message = reader_str(r);
    if (reader_left(r) == 0) return;
    if (f->code == JOIN_VERSION_UNKNOWN) f->version = reader_bytes(r);
    if (f->code == JOIN_APP_ERROR) f->app_code = reader_str(r);
}

lk_bytes frame_read_list(reader *r, uint32_t *count) {
    /* each takes at least its length byte, so the count is bounded by what is there */
    *count = (uint32_t)reader_uleb(r, reader_left(r));
    const uint8_t *start = r->at;
    for (uint32_t i = 0; i < *count && reader_ok(r); i++) reader_bytes(r);
    return (lk_bytes){start, (size_t)(r->at - start)};
}

static void frame_read_update(reader *r, frame *f) {
    f->list = frame_read_list(r, &f->count);
    f->batch = reader_u64be(r);
    reader_finish(r, "bytes follow the update");
}

static void frame_read_header(reader *r, frame *f) {
    f->batch = reader_u64be(r);
    f->count = (uint32_t)reader_uleb(r, UINT32_MAX);
    f->total = (uint32_t)reader_uleb(r, UINT32_MAX);
    reader_finish(r, "bytes follow the fragment header");
}

static void frame_read_fragment(reader *r, frame *f) {
    f->batch = reader_u64be(r);
    f->index = (uint32_t)reader_uleb(r, UINT32_MAX);
    f->payload = reader_bytes(r);
    reader_finish(r, "bytes follow the fragment");
}

static void frame_read_ack(reader *r, frame *f) {
    f->batch = reader_u64be(r);
    f->code = frame_ack_status(reader_u8(r));
    reader_finish(r, "bytes follow the acknowledgement");
}

static void frame_read_body(reader *r, frame *f) {
    switch (f->kind) {
    case FRAME_JOIN_REQUEST:
        f->payload = reader_bytes(r);
        f->version = reader_bytes(r);
        return;
    case FRAME_JOIN_OK: frame_read_join_ok(r, f); return;
    case FRAME_JOIN_ERROR: frame_read_join_error(r, f); return;
    case FRAME_UPDATE: frame_read_update(r, f); return;
    case FRAME_FRAGMENT_HEADER: frame_read_header(r, f); return;
    case FRAME_FRAGMENT: frame_read_fragment(r, f); return;
    case FRAME_ROOM_ERROR:
        f->code = frame_room_code(reader_u8(r));
        f->message = reader_str(r);
        return;
    case FRAME_LEAVE: return;
    case FRAME_ACK: frame_read_ack(r, f); return;
    }
    reader_fail(r, LK_ECORRUPT, "message is of an unknown kind");
}

static void frame_read_address(reader *r, frame *f) {
    uint32_t magic = reader_u32be(r);
    if (!frame_crdt_known(magic)) reader_fail(r, LK_ECORRUPT, "message has no known magic");
    size_t room_len = (size_t)reader_uleb(r, UINT32_MAX);
    if (room_len > LIMIT_ROOM_ID_BYTES) reader_fail(r, LK_ELIMIT, "room id is too long");
    lk_bytes room = reader_take(r, room_len);
    f->crdt = (frame_crdt)magic;
    f->room = (lk_str){(const char *)room.at, room.len};
}

lk_status lk_room_of(lk_bytes message, lk_str *room_id) {
    reader r = reader_new(message);
    frame f = {0};
    frame_read_address(&r, &f);
    if (reader_ok(&r)) *room_id = f.room;
    return r.fault.code;
}

lk_status frame_decode(lk_bytes message, frame *out, lk_fault *fault_or_null) {
    reader r = reader_new(message);
    frame f = {0};
    if (message.len > LK_MESSAGE_MAX) reader_fail(&r, LK_ELIMIT, "message is too long");
    frame_read_address(&r, &f);
    if (!utf8_valid((const uint8_t *)f.room.at, f.room.len))
        reader_fail(&r, LK_ECORRUPT, "room id is not UTF-8");
    f.kind = (frame_kind)reader_u8(&r);
    if (reader_ok(&r)) frame_read_body(&r, &f);
    if (fault_or_null != NULL) *fault_or_null = r.fault;
    if (reader_ok(&r)) *out = f;
    return r.fault.code;
}

bool frame_next_update(lk_bytes *rest, lk_bytes *out) {
    if (rest->len == 0) return false;
    reader r = reader_new(*rest);
    *out = reader_bytes(&r);
    *rest = (lk_bytes){r.at, reader_left(&r)};
    return true;
}

static void frame_write_str(writer *w, lk_str s) { writer_bytes(w, s.at, s.len); }

static void frame_write_error(writer *w, const frame *f) {
    writer_u8(w, f->code);
    frame_write_str(w, f->message);
    if (f->kind != FRAME_JOIN_ERROR) return;
    if (f->code == JOIN_VERSION_UNKNOWN && f->version.at != NULL)
        writer_bytes(w, f->version.at, f->version.len);
    if (f->code == JOIN_APP_ERROR && f->app_code.len > 0) frame_write_str(w, f->app_code);
}

static void frame_write_body(writer *w, const frame *f) {
    switch (f->kind) {
    case FRAME_JOIN_REQUEST:
        writer_bytes(w, f->payload.at, f->payload.len);
        writer_bytes(w, f->version.at, f->version.len);
        return;
    case FRAME_JOIN_OK:
        frame_write_str(w, f->may_write ? (lk_str){"write", 5} : (lk_str){"read", 4});
        writer_bytes(w, f->version.at, f->version.len);
        writer_bytes(w, f->payload.at, f->payload.len);
        return;
    case FRAME_UPDATE:
        writer_uleb(w, f->count);
        for (uint32_t i = 0; i < f->count; i++)
            writer_bytes(w, f->updates[i].at, f->updates[i].len);
        writer_u64be(w, f->batch);
        return;
    case FRAME_FRAGMENT_HEADER:
        writer_u64be(w, f->batch);
        writer_uleb(w, f->count);
        writer_uleb(w, f->total);
        return;
    case FRAME_FRAGMENT:
        writer_u64be(w, f->batch);
        writer_uleb(w, f->index);
        writer_bytes(w, f->payload.at, f->payload.len);
        return;
    case FRAME_JOIN_ERROR:
    case FRAME_ROOM_ERROR: frame_write_error(w, f); return;
    case FRAME_LEAVE: return;
    case FRAME_ACK:
        writer_u64be(w, f->batch);
        writer_u8(w, f->code);
        return;
    }
}

bool frame_encode(const frame *f, lk_buf *out) {
    writer w = writer_new(out);
    writer_u32be(&w, f->crdt);
    frame_write_str(&w, f->room);
    writer_u8(&w, (uint8_t)f->kind);
    frame_write_body(&w, f);
    return !w.failed;
}

static size_t frame_uleb_len(size_t v) {
    size_t len = 1;
    while (v > 0x7f) v >>= 7, len++;
    return len;
}

static size_t frame_envelope_len(size_t room_len) {
    return FRAME_MAGIC_LEN + frame_uleb_len(room_len) + room_len + 1;
}

size_t frame_update_len(size_t room_len, size_t len) {
    return frame_envelope_len(room_len) + 1 + frame_uleb_len(len) + len + FRAME_BATCH_LEN;
}

size_t frame_fragment_room(size_t room_len, size_t message_max) {
    /* the index and the length are counted as long as they can get */
    size_t around = frame_envelope_len(room_len) + FRAME_BATCH_LEN + frame_uleb_len(UINT32_MAX) +
                    frame_uleb_len(message_max);
    return message_max > around ? message_max - around : 0;
}
