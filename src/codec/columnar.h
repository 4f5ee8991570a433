/* SPDX-License-Identifier: MIT
 * columnar.h - the columns of serde_columnar 0.3.14, read one row at a time and written from whole
 * arrays (docs/FORMAT.md, "Columns").
 *
 * A column reads from a reader that someone else owns, and fails it. A column that stands alone in
 * its bytes ends where they end (column_more); one that others follow ends after a known number of
 * rows (column_finish). A run may claim any number of rows for a few bytes, so no count read from
 * here may size memory by itself. */
#ifndef CODEC_COLUMNAR_H
#define CODEC_COLUMNAR_H

#include "base/bytes.h"

typedef struct column {
    reader *r;
    uint64_t run;      /* rows left of the current segment */
    bool literal;      /* the segment spells out each row */
    bool started;      /* BoolRle: the first run was read; DeltaOfDelta: the first value was */
    int64_t value;     /* row repeated, or last row */
    int64_t delta;     /* DeltaRle: repeated step; DeltaOfDelta: last step */
    uint32_t bits;     /* DeltaOfDelta: unread bits of the last byte taken */
    uint8_t last_bits; /* DeltaOfDelta: what the stream says of its last byte */
    uint8_t byte;
} column;

column column_new(reader *r);
/* Is there another row? Only for a column that is alone in its reader. */
bool column_more(const column *c);
/* The column must end here: fails its reader inside a run. */
void column_finish(column *c);

/* AnyRle of unsigned integers, of single bytes. */
uint64_t column_uint(column *c, uint64_t max);
uint8_t column_byte(column *c);
/* DeltaRle, checked to lie in [min, max]. */
int64_t column_delta(column *c, int64_t min, int64_t max);
/* BoolRle. */
bool column_bool(column *c);
/* DeltaOfDelta of exactly `len` values into `out`. */
void column_delta_of_delta(reader *r, int64_t *out, size_t len);

/* Begin reading a struct of `fields`, or a vector of that many columns: fails unless it says so. */
void columnar_expect(reader *r, uint64_t fields);
/* The bytes of one column. */
reader columnar_column(reader *r);

void columnar_write_uint(writer *w, const int64_t *rows, size_t len);
void columnar_write_byte(writer *w, const int64_t *rows, size_t len);
void columnar_write_delta(writer *w, const int64_t *rows, size_t len);
void columnar_write_bool(writer *w, const int64_t *rows, size_t len);
void columnar_write_delta_of_delta(writer *w, const int64_t *rows, size_t len);

#endif
