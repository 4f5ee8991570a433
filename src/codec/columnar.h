/* SPDX-License-Identifier: MIT
 * columnar.h - the columns of serde_columnar 0.3.14, read one row at a time and written from whole
 * arrays (docs/FORMAT.md, "Columns").
 *
 * A column reads from a reader that someone else owns, and fails it. A column that stands alone in
 * its bytes ends where they end (column_more); one that others follow ends after a known number of
 * rows. Either way column_finish() sees that no run goes on. A run may claim any number of rows for
 * a few bytes, so no count read from here may size memory by itself. */
#ifndef CODEC_COLUMNAR_H
#define CODEC_COLUMNAR_H

#include "base/bytes.h"

typedef struct column {
    reader *r;
    uint64_t run;  /* rows left of the current segment */
    bool literal;  /* AnyRle: the segment spells out each row */
    bool started;  /* BoolRle: the first run was read */
    int64_t value; /* last row */
    int64_t step;  /* DeltaRle: last difference */
} column;

column column_new(reader *r);
/* Is there another row? Only for a column that is alone in its reader. */
bool column_more(const column *c);
/* Fails the reader if a run claims more rows. */
void column_finish(column *c);

/* AnyRle of unsigned integers up to `max`, and of single bytes. */
uint32_t column_uint(column *c, uint32_t max);
uint8_t column_byte(column *c);
/* DeltaRle, checked to lie in [min, max]. */
int64_t column_delta(column *c, int64_t min, int64_t max);
/* The next rows of such a column, at most `len`, which may be fewer only where it is alone in its
 * reader and ends; how many. 0 is in [min, max], and `len` below 2^31. */
size_t column_deltas(column *c, int32_t min, int32_t max, int32_t *out, size_t len);
/* BoolRle. */
bool column_bool(column *c);
/* DeltaOfDelta: `len` values into `out`, modulo 2^64. */
void column_delta_of_delta(reader *r, int64_t *out, size_t len);

/* Read the number of fields of a struct, or of columns of a vector: it must be `count`. */
void columnar_expect(reader *r, uint64_t count);
/* The bytes of one column of a vector. */
reader columnar_column(reader *r);

/* The writers append the bare column; writer_open() and writer_close() around it make it one of a
 * vector. Rows of BoolRle are 0 or 1. */
void columnar_write_uint(writer *w, const int64_t *rows, size_t len);
void columnar_write_byte(writer *w, const int64_t *rows, size_t len);
void columnar_write_delta(writer *w, const int64_t *rows, size_t len);
void columnar_write_bool(writer *w, const int64_t *rows, size_t len);
void columnar_write_delta_of_delta(writer *w, const int64_t *rows, size_t len);

#endif
