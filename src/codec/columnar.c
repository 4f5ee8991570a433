/* SPDX-License-Identifier: MIT
 * columnar.c - run-length columns.
 *
 *   AnyRle        zigzag n: n > 0, then one value for n rows; n < 0, then -n values; 0 is damage
 *   BoolRle       uleb lengths of runs, false first; only the first may be 0
 *   DeltaRle      AnyRle of zigzag differences, the first from 0
 *   DeltaOfDelta  first value as an option; how many bits of the last byte count; then, most
 *                 significant bit first, the change of the difference for every further row:
 *
 *                      0                  0 bits    0
 *                      10                 7 bits    payload - 63
 *                      110                9 bits    payload - 255
 *                      1110              12 bits    payload - 2047
 *                      11110             21 bits    payload - (2^20 - 1)
 *                      11111             64 bits    two's complement */
#include "codec/columnar.h"

column column_new(reader *r) { return (column){.r = r}; }

bool column_more(const column *c) {
    return reader_ok(c->r) && (c->run > 0 || reader_left(c->r) > 0);
}

void column_finish(column *c) {
    if (c->run > 0) reader_fail(c->r, LK_ECORRUPT, "run of a column is too long");
}

/* Enter the next row of an AnyRle column: must its value be read? */
static bool column_enter(column *c) {
    bool fresh = c->run == 0;
    if (fresh) {
        int64_t n = reader_zigzag(c->r);
        if (n == 0) reader_fail(c->r, LK_ECORRUPT, "run of a column is empty");
        c->literal = n < 0;
        c->run = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    }
    if (!reader_ok(c->r)) c->run = 1; /* what a failed column says does not matter, but it ends */
    c->run--;
    return fresh || c->literal;
}

uint32_t column_uint(column *c, uint32_t max) {
    if (column_enter(c)) c->value = (int64_t)reader_uleb(c->r, max);
    return (uint32_t)c->value;
}

uint8_t column_byte(column *c) {
    if (column_enter(c)) c->value = reader_u8(c->r);
    return (uint8_t)c->value;
}

/* reader_zigzag() where most numbers are small. */
static inline int64_t column_step(reader *r) {
    uint64_t v = r->at != r->end && *r->at < 0x80 ? *r->at++ : reader_uleb(r, UINT64_MAX);
    return (int64_t)(v >> 1 ^ (~(v & 1) + 1));
}

int64_t column_delta(column *c, int64_t min, int64_t max) {
    /* Loro computes in 128 bits. A difference of two values in [min, max] fits in 64, so one that
     * does not is out of range anyway. */
    if (column_enter(c)) c->step = column_step(c->r);
    int64_t value;
    bool over = __builtin_add_overflow(c->value, c->step, &value);
    if (over || value < min || value > max) {
        reader_fail(c->r, LK_ECORRUPT, "value of a column is out of range");
        return min;
    }
    c->value = value;
    return value;
}

/* Rows of one segment; false: one is out of range. Steps of a run all go one way, so that its last
 * row tells. */
static bool column_add_steps(column *c, int32_t min, int32_t max, int32_t *out, size_t len) {
    int64_t value = c->value, widest = (int64_t)max - min;
    if (!c->literal) {
        if (c->step < -widest || c->step > widest) return false;
        int64_t last = value + c->step * (int64_t)len;
        if (last < min || last > max) return false;
        for (size_t i = 0; i < len; i++) out[i] = (int32_t)(value += c->step);
    } else {
        for (size_t i = 0; i < len; i++) {
            if (__builtin_add_overflow(value, column_step(c->r), &value) || value < min ||
                value > max)
                return false;
            out[i] = (int32_t)value;
        }
    }
    c->value = value;
    return true;
}

size_t column_deltas(column *c, int32_t min, int32_t max, int32_t *out, size_t len) {
    size_t at = 0;
    while (at < len && column_more(c)) {
        if (column_enter(c) && !c->literal) c->step = reader_zigzag(c->r);
        c->run++; /* none is taken yet */
        size_t part = c->run < len - at ? (size_t)c->run : len - at;
        if (!column_add_steps(c, min, max, out + at, part))
            reader_fail(c->r, LK_ECORRUPT, "value of a column is out of range");
        c->run -= part;
        at += part;
    }
    return reader_ok(c->r) ? at : 0;
}

bool column_bool(column *c) {
    if (!c->started) {
        c->started = true;
        c->run = reader_uleb(c->r, UINT64_MAX);
        if (c->run > 0) return c->run--, false;
        c->value = 1;
        c->run = reader_uleb(c->r, UINT64_MAX);
    } else if (c->run == 0) {
        c->value = !c->value;
        c->run = reader_uleb(c->r, UINT64_MAX);
    }
    if (c->run == 0) reader_fail(c->r, LK_ECORRUPT, "run of a column is empty");
    if (!reader_ok(c->r)) c->run = 1;
    c->run--;
    return c->value != 0;
}

typedef struct column_bits {
    reader *r;
    uint8_t byte;  /* the last one taken */
    unsigned left; /* unread bits of it */
} column_bits;

static uint64_t column_read_bits(column_bits *b, unsigned count) {
    uint64_t v = 0;
    for (; count > 0; count--) {
        if (b->left == 0) {
            b->byte = reader_u8(b->r);
            b->left = 8;
        }
        b->left--;
        v = v << 1 | (b->byte >> b->left & 1);
    }
    return v;
}

static const struct {
    uint8_t bits;
    uint32_t bias;
} column_codes[] = {{0, 0}, {7, 63}, {9, 255}, {12, 2047}, {21, (1u << 20) - 1}, {64, 0}};

static uint64_t column_read_code(column_bits *b) {
    size_t ones = 0;
    while (ones < countof(column_codes) - 1 && column_read_bits(b, 1) != 0) ones++;
    return column_read_bits(b, column_codes[ones].bits) - column_codes[ones].bias;
}

void column_delta_of_delta(reader *r, int64_t *out, size_t len) {
    bool some = reader_uleb(r, 1) == 1;
    if (reader_ok(r) && some != (len > 0))
        reader_fail(r, LK_ECORRUPT, "column has the wrong number of rows");
    uint64_t value = some ? (uint64_t)reader_zigzag(r) : 0, step = 0;
    uint8_t last_bits = reader_u8(r);
    column_bits bits = {.r = r};
    for (size_t i = 0; i < len; i++) {
        if (i > 0) value += step += column_read_code(&bits);
        out[i] = (int64_t)value;
    }
    uint8_t used = len < 2 ? 0 : (uint8_t)(8 - bits.left);
    if (reader_ok(r) && used != last_bits)
        reader_fail(r, LK_ECORRUPT, "column has the wrong number of rows");
}

void columnar_expect(reader *r, uint64_t count) {
    if (reader_uleb(r, UINT64_MAX) != count && reader_ok(r))
        reader_fail(r, LK_ECORRUPT, "number of columns is wrong");
}

reader columnar_column(reader *r) { return reader_sub(r, (size_t)reader_uleb(r, reader_left(r))); }

typedef void columnar_put(writer *w, const int64_t *rows, size_t at);

static void columnar_put_uint(writer *w, const int64_t *rows, size_t at) {
    writer_uleb(w, (uint64_t)rows[at]);
}

static void columnar_put_byte(writer *w, const int64_t *rows, size_t at) {
    writer_u8(w, (uint8_t)rows[at]);
}

static int64_t columnar_step(const int64_t *rows, size_t at) {
    return rows[at] - (at > 0 ? rows[at - 1] : 0);
}

static void columnar_put_step(writer *w, const int64_t *rows, size_t at) {
    writer_zigzag(w, columnar_step(rows, at));
}

/* Do rows `at` and `at` + 1 hold the same item? */
static bool columnar_repeats(const int64_t *rows, size_t len, size_t at, bool steps) {
    if (at + 1 >= len) return false;
    return steps ? columnar_step(rows, at) == columnar_step(rows, at + 1)
                 : rows[at] == rows[at + 1];
}

/* Runs of two and more equal items as such, what lies between as literals. */
static void columnar_write_runs(writer *w, const int64_t *rows, size_t len, bool steps,
                                columnar_put *put) {
    for (size_t at = 0, end; at < len; at = end) {
        end = at;
        while (columnar_repeats(rows, len, end, steps)) end++;
        if (end > at) {
            end++;
            writer_zigzag(w, (int64_t)(end - at));
            put(w, rows, at);
            continue;
        }
        while (end < len && !columnar_repeats(rows, len, end, steps)) end++;
        writer_zigzag(w, -(int64_t)(end - at));
        for (; at < end; at++) put(w, rows, at);
    }
}

void columnar_write_uint(writer *w, const int64_t *rows, size_t len) {
    columnar_write_runs(w, rows, len, false, columnar_put_uint);
}

void columnar_write_byte(writer *w, const int64_t *rows, size_t len) {
    columnar_write_runs(w, rows, len, false, columnar_put_byte);
}

void columnar_write_delta(writer *w, const int64_t *rows, size_t len) {
    columnar_write_runs(w, rows, len, true, columnar_put_step);
}

void columnar_write_bool(writer *w, const int64_t *rows, size_t len) {
    int64_t value = 0;
    for (size_t at = 0; at < len; value = !value) {
        size_t start = at;
        while (at < len && rows[at] == value) at++;
        writer_uleb(w, at - start);
    }
}

typedef struct columnar_bits {
    writer *w;
    uint8_t byte;
    unsigned used; /* bits of it */
} columnar_bits;

static void columnar_put_bits(columnar_bits *b, uint64_t v, unsigned count) {
    while (count-- > 0) {
        if (b->used == 8) {
            writer_u8(b->w, b->byte);
            b->byte = 0;
            b->used = 0;
        }
        b->byte = (uint8_t)(b->byte | (v >> count & 1) << (7 - b->used));
        b->used++;
    }
}

static void columnar_put_code(columnar_bits *b, uint64_t change) {
    size_t ones = change == 0 ? 0 : 1;
    const size_t widest = countof(column_codes) - 1;
    while (ones > 0 && ones < widest &&
           change + column_codes[ones].bias >= (uint64_t)1 << column_codes[ones].bits)
        ones++;
    columnar_put_bits(b, UINT64_MAX, (unsigned)ones);
    if (ones < widest) columnar_put_bits(b, 0, 1);
    columnar_put_bits(b, change + column_codes[ones].bias, column_codes[ones].bits);
}

void columnar_write_delta_of_delta(writer *w, const int64_t *rows, size_t len) {
    writer_u8(w, len > 0);
    if (len > 0) writer_zigzag(w, rows[0]);
    size_t last_bits_at = w->out->len;
    writer_u8(w, 0);
    columnar_bits bits = {.w = w};
    uint64_t step = 0;
    for (size_t i = 1; i < len; i++) {
        uint64_t next = (uint64_t)rows[i] - (uint64_t)rows[i - 1];
        columnar_put_code(&bits, next - step);
        step = next;
    }
    if (bits.used > 0) writer_u8(w, bits.byte);
    if (!w->failed) w->out->at[last_bits_at] = (uint8_t)bits.used;
}
