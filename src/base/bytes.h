/* SPDX-License-Identifier: MIT
 * bytes.h - reading and writing bytes.
 * A reader that has failed stays failed and reads zeroes, so decoding is straight-line code with
 * one decision at the end. The first failure is kept: which byte, and a literal saying what is
 * wrong. A writer appends to an lk_buf and is sticky the same way (memory is its only failure). */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include "base/mem.h"

typedef struct reader {
    const uint8_t *start, *at, *end;
    size_t base;    /* offset of `start` in the outermost bytes, for faults */
    lk_fault fault; /* code LK_OK until the first failure */
} reader;

reader reader_new(lk_bytes bytes);
/* A reader of the next `len` bytes, with offsets in the same outermost bytes; skips them in `r`. */
reader reader_sub(reader *r, size_t len);
static inline size_t reader_left(const reader *r) { return (size_t)(r->end - r->at); }
static inline bool reader_ok(const reader *r) { return r->fault.code == LK_OK; }
static inline size_t reader_offset(const reader *r) { return r->base + (size_t)(r->at - r->start); }
/* Record a failure at the current byte, unless there is one already. */
void reader_fail(reader *r, lk_status code, const char *what);
/* `made`, new of an arena; NULL is a failure: memory is out. */
void *reader_need(reader *r, void *made);
/* Take over the failure of a reader made by reader_sub. */
void reader_adopt(reader *r, const reader *sub);

uint8_t reader_u8(reader *r);
uint16_t reader_u16le(reader *r);
uint16_t reader_u16be(reader *r);
uint32_t reader_u32le(reader *r);
uint32_t reader_u32be(reader *r);
uint64_t reader_u64le(reader *r);
uint64_t reader_u64be(reader *r);
double reader_f64le(reader *r);
double reader_f64be(reader *r);
/* Unsigned LEB128 no larger than `max`; fails on a longer or larger one. */
uint64_t reader_uleb(reader *r, uint64_t max);
/* Signed LEB128 with sign extension. */
int64_t reader_sleb(reader *r);
/* Postcard's signed integers: zigzag over unsigned LEB128. */
int64_t reader_zigzag(reader *r);
/* The next `len` bytes, or empty and failed. */
lk_bytes reader_take(reader *r, size_t len);
/* uleb length, then that many bytes. */
lk_bytes reader_bytes(reader *r);
/* The same, and it must be UTF-8. */
lk_str reader_str(reader *r);
/* Fails unless everything was read. */
void reader_finish(reader *r, const char *what);

typedef struct writer {
    lk_buf *out;
    bool failed; /* memory ran out */
} writer;

static inline writer writer_new(lk_buf *out) { return (writer){out, false}; }
void writer_raw(writer *w, const void *at, size_t len);
inline void writer_u8(writer *w, uint8_t v) {
    lk_buf *out = w->out;
    if (w->failed || out->len == out->cap)
        writer_raw(w, &v, 1);
    else
        out->at[out->len++] = v;
}
void writer_u16le(writer *w, uint16_t v);
void writer_u16be(writer *w, uint16_t v);
void writer_u32le(writer *w, uint32_t v);
void writer_u32be(writer *w, uint32_t v);
void writer_u64le(writer *w, uint64_t v);
void writer_u64be(writer *w, uint64_t v);
void writer_f64le(writer *w, double v);
void writer_f64be(writer *w, double v);
void writer_uleb(writer *w, uint64_t v);
void writer_sleb(writer *w, int64_t v);
void writer_zigzag(writer *w, int64_t v);
/* uleb length, then the bytes. */
void writer_bytes(writer *w, const void *at, size_t len);
/* What is written between the two gets its uleb length in front. `start` is what the first gave;
 * costs a byte, and above 127 bytes, the moving of all of them. */
size_t writer_open(writer *w);
void writer_close(writer *w, size_t start);

#endif
