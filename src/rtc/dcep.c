/* SPDX-License-Identifier: MIT
 * dcep.c - the two messages that open a data channel:
 *
 *     OPEN  3 | type | priority (2) | reliability (4) | label len (2) | protocol len (2) | label |
 *           protocol
 *     ACK   2 */
#include "rtc/dcep.h"

#include "base/bytes.h"
#include "base/utf8.h"

static lk_str dcep_text(reader *r, size_t len) {
    lk_bytes b = reader_take(r, len);
    if (!utf8_valid(b.at, b.len)) reader_fail(r, LK_ECORRUPT, "text is not UTF-8");
    return (lk_str){(const char *)b.at, b.len};
}

/* RFC 8832 section 5.1; what is below the bit is numbered like lk_rtc_reliability. */
#define DCEP_UNORDERED 0x80

static void dcep_type(reader *r, dcep_message *out) {
    uint8_t type = reader_u8(r), kind = type & (DCEP_UNORDERED - 1);
    out->unordered = type != kind;
    out->reliability = (lk_rtc_reliability)kind;
    if (kind > LK_RTC_LIFETIME) reader_fail(r, LK_ECORRUPT, "channel type is unknown");
}

lk_status dcep_read(lk_bytes bytes, dcep_message *out, lk_fault *fault) {
    reader r = reader_new(bytes);
    *out = (dcep_message){.kind = (dcep_kind)reader_u8(&r)};
    if (out->kind == DCEP_OPEN) {
        dcep_type(&r, out);
        out->priority = reader_u16be(&r);
        out->limit = reader_u32be(&r);
        uint16_t label_len = reader_u16be(&r), protocol_len = reader_u16be(&r);
        out->label = dcep_text(&r, label_len);
        out->protocol = dcep_text(&r, protocol_len);
    } else if (out->kind != DCEP_ACK) {
        r.at = r.start;
        reader_fail(&r, LK_ECORRUPT, "message is neither OPEN nor ACK");
    }
    reader_finish(&r, "bytes behind the message");
    if (fault != NULL) *fault = r.fault;
    return r.fault.code;
}

lk_status dcep_write(const dcep_message *m, lk_buf *out) {
    size_t start = out->len;
    writer w = writer_new(out);
    writer_u8(&w, (uint8_t)m->kind);
    if (m->kind == DCEP_OPEN) {
        LK_ASSERT(m->label.len <= UINT16_MAX && m->protocol.len <= UINT16_MAX);
        writer_u8(&w, (uint8_t)(m->reliability | (m->unordered ? DCEP_UNORDERED : 0)));
        writer_u16be(&w, m->priority);
        writer_u32be(&w, m->limit);
        writer_u16be(&w, (uint16_t)m->label.len);
        writer_u16be(&w, (uint16_t)m->protocol.len);
        writer_raw(&w, m->label.at, m->label.len);
        writer_raw(&w, m->protocol.at, m->protocol.len);
    }
    if (w.failed) out->len = start;
    return w.failed ? LK_ENOMEM : LK_OK;
}
