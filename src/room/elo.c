/* SPDX-License-Identifier: MIT
 * elo.c - containers and records of %ELO. What is read here was written by a stranger: everything
 * that somebody may rely on later (order, bounds, lengths) is checked here. */
#include "room/elo.h"

#include "base/limits.h"
#include "base/sort.h"
#include "room/frame.h"

/* ---- reading ---- */

lk_status elo_container_read(lk_bytes container, lk_bytes *list, lk_fault *fault_or_null) {
    reader r = reader_new(container);
    uint32_t count;
    *list = frame_read_list(&r, &count);
    reader_finish(&r, "bytes follow the records");
    if (fault_or_null != NULL) *fault_or_null = r.fault;
    return r.fault.code;
}

static lk_bytes elo_read_peer(reader *r) {
    lk_bytes peer = reader_bytes(r);
    if (peer.len > LIMIT_ELO_NAME_BYTES) reader_fail(r, LK_ELIMIT, "peer id is too long");
    return peer;
}

static uint32_t elo_read_counter(reader *r) { return (uint32_t)reader_uleb(r, LIMIT_COUNTER); }

static void elo_read_span(reader *r, elo_record *out) {
    out->peer = elo_read_peer(r);
    out->start = elo_read_counter(r);
    out->end = elo_read_counter(r);
    if (reader_ok(r) && out->end <= out->start) reader_fail(r, LK_ECORRUPT, "span is empty");
}

static void elo_read_version(reader *r, elo_record *out) {
    out->version_len = (uint32_t)reader_uleb(r, LIMIT_ELO_PEERS);
    const uint8_t *start = r->at;
    lk_bytes last = {NULL, 0};
    for (uint32_t i = 0; i < out->version_len && reader_ok(r); i++) {
        lk_bytes peer = elo_read_peer(r);
        if (i > 0 && sort_bytes(last, peer) >= 0)
            reader_fail(r, LK_ECORRUPT, "peers of a snapshot are out of order");
        elo_read_counter(r);
        last = peer;
    }
    out->version = (lk_bytes){start, (size_t)(r->at - start)};
}

lk_status elo_record_read(lk_bytes record, elo_record *out, lk_fault *fault_or_null) {
    reader r = reader_new(record);
    elo_record read = {.kind = ELO_SPAN};
    uint8_t kind = reader_u8(&r);
    if (kind == ELO_SPAN) {
        elo_read_span(&r, &read);
    } else if (kind == ELO_SNAPSHOT) {
        read.kind = ELO_SNAPSHOT;
        elo_read_version(&r, &read);
    } else {
        reader_fail(&r, LK_ECORRUPT, "record is of an unknown kind");
    }
    read.key_id = reader_str(&r);
    if (read.key_id.len > LIMIT_ELO_NAME_BYTES) reader_fail(&r, LK_ELIMIT, "key id is too long");
    read.iv = reader_bytes(&r);
    if (reader_ok(&r) && read.iv.len != ELO_IV)
        reader_fail(&r, LK_ECORRUPT, "initialization vector is not of 12 bytes");
    read.header = (lk_bytes){record.at, reader_offset(&r)};
    read.box = reader_bytes(&r);
    if (reader_ok(&r) && read.box.len < ELO_TAG) reader_fail(&r, LK_ECORRUPT, "box has no tag");
    reader_finish(&r, "bytes follow the record");
    if (fault_or_null != NULL) *fault_or_null = r.fault;
    if (reader_ok(&r)) *out = read;
    return r.fault.code;
}

bool elo_next_version(lk_bytes *rest, lk_bytes *peer, uint32_t *end) {
    if (rest->len == 0) return false;
    reader r = reader_new(*rest);
    *peer = reader_bytes(&r);
    *end = elo_read_counter(&r);
    *rest = (lk_bytes){r.at, reader_left(&r)};
    return true;
}

/* ---- writing ---- */

bool elo_header_write(const elo_record *record, lk_buf *out) {
    writer w = writer_new(out);
    writer_u8(&w, (uint8_t)record->kind);
    if (record->kind == ELO_SPAN) {
        writer_bytes(&w, record->peer.at, record->peer.len);
        writer_uleb(&w, record->start);
        writer_uleb(&w, record->end);
    } else {
        writer_uleb(&w, record->version_len);
        writer_raw(&w, record->version.at, record->version.len);
    }
    writer_bytes(&w, record->key_id.at, record->key_id.len);
    writer_bytes(&w, record->iv.at, record->iv.len);
    return !w.failed;
}

/* ---- peers ---- */

bool elo_peer_read(lk_bytes id, uint64_t *peer) {
    uint64_t value = 0;
    if (id.len == 0 || id.len > ELO_PEER_TEXT || (id.len > 1 && id.at[0] == '0')) return false;
    for (size_t i = 0; i < id.len; i++) {
        uint8_t digit = (uint8_t)(id.at[i] - '0');
        if (digit > 9 || value > (UINT64_MAX - digit) / 10) return false;
        value = value * 10 + digit;
    }
    *peer = value;
    return true;
}

size_t elo_peer_write(uint64_t peer, char out[ELO_PEER_TEXT]) {
    size_t len = 1;
    for (uint64_t rest = peer; rest > 9; rest /= 10) len++;
    for (size_t i = len; i > 0; i--, peer /= 10) out[i - 1] = (char)('0' + peer % 10);
    return len;
}
