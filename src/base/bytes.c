/* SPDX-License-Identifier: MIT
 * bytes.c - the sticky reader and writer. Every read is checked against the end; a failed reader
 * jumps to its end, so that loops over it stop. */
#include "base/bytes.h"

#include "base/utf8.h"

reader reader_new(lk_bytes bytes) {
    const uint8_t *at = bytes.at == NULL ? (const uint8_t *)"" : bytes.at;
    return (reader){.start = at, .at = at, .end = at + bytes.len};
}

void reader_fail(reader *r, lk_status code, const char *what) {
    if (reader_ok(r)) r->fault = (lk_fault){code, reader_offset(r), what};
    r->at = r->end;
}

void *reader_need(reader *r, void *made) {
    if (made == NULL) reader_fail(r, LK_ENOMEM, "out of memory");
    return made;
}

reader reader_sub(reader *r, size_t len) {
    size_t base = reader_offset(r);
    lk_bytes bytes = reader_take(r, len);
    reader sub = reader_new(bytes);
    sub.base = base;
    sub.fault = r->fault;
    return sub;
}

void reader_adopt(reader *r, const reader *sub) {
    if (reader_ok(r) && !reader_ok(sub)) {
        r->fault = sub->fault;
        r->at = r->end;
    }
}

lk_bytes reader_take(reader *r, size_t len) {
    if (len > reader_left(r)) {
        reader_fail(r, LK_ECORRUPT, "bytes end too early");
        return (lk_bytes){r->end, 0};
    }
    lk_bytes taken = {r->at, len};
    r->at += len;
    return taken;
}

/* The next `len` bytes as a number, most significant first if `big`. */
static uint64_t reader_fixed(reader *r, size_t len, bool big) {
    lk_bytes b = reader_take(r, len);
    uint64_t v = 0;
    for (size_t i = 0; i < b.len; i++) v = v << 8 | b.at[big ? i : b.len - 1 - i];
    return v;
}

uint8_t reader_u8(reader *r) { return (uint8_t)reader_fixed(r, 1, false); }
uint16_t reader_u16le(reader *r) { return (uint16_t)reader_fixed(r, 2, false); }
uint16_t reader_u16be(reader *r) { return (uint16_t)reader_fixed(r, 2, true); }
uint32_t reader_u32le(reader *r) { return (uint32_t)reader_fixed(r, 4, false); }
uint32_t reader_u32be(reader *r) { return (uint32_t)reader_fixed(r, 4, true); }
uint64_t reader_u64le(reader *r) { return reader_fixed(r, 8, false); }
uint64_t reader_u64be(reader *r) { return reader_fixed(r, 8, true); }

static double double_of(uint64_t bits) {
    double v;
    __builtin_memcpy(&v, &bits, sizeof v);
    return v;
}

static uint64_t bits_of(double v) {
    uint64_t bits;
    __builtin_memcpy(&bits, &v, sizeof bits);
    return bits;
}

double reader_f64le(reader *r) { return double_of(reader_u64le(r)); }
double reader_f64be(reader *r) { return double_of(reader_u64be(r)); }

uint64_t reader_uleb(reader *r, uint64_t max) {
    uint64_t v = 0;
    if (r->at != r->end && *r->at < 0x80 && *r->at <= max) return *r->at++; /* as most are */
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (r->at == r->end) break;
        uint8_t b = *r->at;
        if (shift == 63 && b > 1) break;
        r->at++;
        v |= (uint64_t)(b & 0x7f) << shift;
        if (b & 0x80) continue;
        if (v <= max) return v;
        reader_fail(r, LK_ECORRUPT, "number is larger than its field allows");
        return 0;
    }
    reader_fail(r, LK_ECORRUPT,
                r->at == r->end ? "bytes end inside a number" : "number is too long");
    return 0;
}

int64_t reader_sleb(reader *r) {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (r->at == r->end) break;
        uint8_t b = *r->at;
        /* the tenth byte holds one bit and its sign extension */
        if (shift == 63 && b != 0 && b != 0x7f) break;
        r->at++;
        v |= (uint64_t)(b & 0x7f) << shift;
        if (b & 0x80) continue;
        if (shift < 57 && (b & 0x40)) v |= ~(uint64_t)0 << (shift + 7);
        return (int64_t)v;
    }
    reader_fail(r, LK_ECORRUPT,
                r->at == r->end ? "bytes end inside a number" : "number is too long");
    return 0;
}

int64_t reader_zigzag(reader *r) {
    uint64_t v = reader_uleb(r, UINT64_MAX);
    return (int64_t)(v >> 1 ^ (~(v & 1) + 1));
}

lk_bytes reader_bytes(reader *r) { return reader_take(r, (size_t)reader_uleb(r, reader_left(r))); }

lk_str reader_str(reader *r) {
    lk_bytes b = reader_bytes(r);
    if (!utf8_valid(b.at, b.len)) {
        reader_fail(r, LK_ECORRUPT, "text is not UTF-8");
        b.len = 0;
    }
    return (lk_str){(const char *)b.at, b.len};
}

void reader_finish(reader *r, const char *what) {
    if (reader_left(r) != 0) reader_fail(r, LK_ECORRUPT, what);
}

void writer_raw(writer *w, const void *at, size_t len) {
    if (!w->failed && !buf_append(w->out, at, len)) w->failed = true;
}

static void writer_fixed(writer *w, uint64_t v, size_t len, bool big) {
    uint8_t b[8];
    for (size_t i = 0; i < len; i++) b[big ? len - 1 - i : i] = (uint8_t)(v >> (8 * i));
    writer_raw(w, b, len);
}

extern inline void writer_u8(writer *w, uint8_t v);
void writer_u16le(writer *w, uint16_t v) { writer_fixed(w, v, 2, false); }
void writer_u16be(writer *w, uint16_t v) { writer_fixed(w, v, 2, true); }
void writer_u32le(writer *w, uint32_t v) { writer_fixed(w, v, 4, false); }
void writer_u32be(writer *w, uint32_t v) { writer_fixed(w, v, 4, true); }
void writer_u64le(writer *w, uint64_t v) { writer_fixed(w, v, 8, false); }
void writer_u64be(writer *w, uint64_t v) { writer_fixed(w, v, 8, true); }
void writer_f64le(writer *w, double v) { writer_u64le(w, bits_of(v)); }
void writer_f64be(writer *w, double v) { writer_u64be(w, bits_of(v)); }

void writer_uleb(writer *w, uint64_t v) {
    for (; v > 0x7f; v >>= 7) writer_u8(w, (uint8_t)(v | 0x80));
    writer_u8(w, (uint8_t)v);
}

void writer_sleb(writer *w, int64_t v) {
    for (;;) {
        uint8_t b = (uint8_t)(v & 0x7f);
        v >>= 7;
        bool last = (v == 0 && !(b & 0x40)) || (v == -1 && (b & 0x40));
        writer_u8(w, (uint8_t)(last ? b : b | 0x80));
        if (last) return;
    }
}

void writer_zigzag(writer *w, int64_t v) {
    writer_uleb(w, (uint64_t)v << 1 ^ (v < 0 ? ~(uint64_t)0 : 0));
}

void writer_bytes(writer *w, const void *at, size_t len) {
    writer_uleb(w, len);
    writer_raw(w, at, len);
}

size_t writer_open(writer *w) {
    writer_u8(w, 0);
    return w->out->len;
}

void writer_close(writer *w, size_t start) {
    if (w->failed) return;
    size_t len = w->out->len - start;
    w->out->at[start - 1] = (uint8_t)(len & 0x7f);
    if (len <= 0x7f) return;
    w->out->at[start - 1] |= 0x80;
    writer_uleb(w, len >> 7); /* behind all, to have room */
    if (w->failed) return;
    uint8_t rest[10];
    size_t rest_len = w->out->len - start - len;
    uint8_t *at = w->out->at + start;
    __builtin_memcpy(rest, at + len, rest_len);
    __builtin_memmove(at + rest_len, at, len);
    __builtin_memcpy(at, rest, rest_len);
}
