/* SPDX-License-Identifier: MIT
 * position_arena.c - fractional indices, sorted, each as what it shares with the one before and the
 * rest. */
#include "codec/position_arena.h"

#include "base/limits.h"
#include "base/sort.h"
#include "codec/columnar.h"

/* `prefix` bytes of the position before, then `rest`. */
static lk_bytes position_join(reader *r, arena *scratch, lk_bytes before, size_t prefix,
                              lk_bytes rest) {
    uint8_t *at = arena_bytes(scratch, prefix + rest.len);
    if (at == NULL) {
        reader_fail(r, LK_ENOMEM, "out of memory");
        return (lk_bytes){r->end, 0};
    }
    __builtin_memcpy(at, before.at, prefix);
    __builtin_memcpy(at + prefix, rest.at, rest.len);
    return (lk_bytes){at, prefix + rest.len};
}

position_arena position_arena_read(reader *r, arena *scratch) {
    columnar_expect(r, 1);
    columnar_expect(r, 2);
    reader prefix_bytes = columnar_column(r), rest_bytes = columnar_column(r);
    column prefixes = column_new(&prefix_bytes);
    size_t len = (size_t)reader_uleb(&rest_bytes, reader_left(&rest_bytes)), total = 0;
    lk_bytes *at = reader_need(r, arena_new(scratch, lk_bytes, len));
    lk_bytes before = {(const uint8_t *)"", 0};
    for (size_t i = 0; i < len && reader_ok(r); i++) {
        size_t prefix = column_uint(&prefixes, UINT32_MAX);
        lk_bytes rest = reader_bytes(&rest_bytes);
        if (prefix > before.len)
            reader_fail(&prefix_bytes, LK_ECORRUPT, "position repeats too much of the one before");
        if (prefix + rest.len > LIMIT_POSITION_BYTES - total)
            reader_fail(&rest_bytes, LK_ELIMIT, "positions are too long");
        reader_adopt(r, &prefix_bytes);
        reader_adopt(r, &rest_bytes);
        if (!reader_ok(r)) break;
        at[i] = before = position_join(r, scratch, before, prefix, rest);
        total += before.len;
    }
    column_finish(&prefixes);
    reader_finish(&prefix_bytes, "column has too many rows");
    reader_finish(&rest_bytes, "column has too many rows");
    reader_adopt(r, &prefix_bytes);
    reader_adopt(r, &rest_bytes);
    return (position_arena){at, reader_ok(r) ? len : 0, total};
}

static int position_order(const void *a, const void *b) {
    return sort_bytes(*(const lk_bytes *)a, *(const lk_bytes *)b);
}

position_arena position_arena_make(lk_bytes *positions, size_t len) {
    sort_items(positions, len, sizeof *positions, position_order);
    size_t kept = 0;
    for (size_t i = 0; i < len; i++)
        if (kept == 0 || position_order(&positions[kept - 1], &positions[i]) != 0)
            positions[kept++] = positions[i];
    return (position_arena){.at = positions, .len = kept};
}

size_t position_arena_find(const position_arena *a, lk_bytes position) {
    size_t low = 0, high = a->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sort_bytes(a->at[middle], position) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    LK_ASSERT(low < a->len && sort_bytes(a->at[low], position) == 0);
    return low;
}

static size_t position_common(lk_bytes a, lk_bytes b) {
    size_t len = 0;
    while (len < a.len && len < b.len && a.at[len] == b.at[len]) len++;
    return len;
}

bool position_arena_write(writer *w, const position_arena *a, arena *scratch) {
    int64_t *prefixes = arena_new(scratch, int64_t, a->len);
    if (prefixes == NULL) return false;
    for (size_t i = 0; i < a->len; i++)
        prefixes[i] = i == 0 ? 0 : (int64_t)position_common(a->at[i - 1], a->at[i]);
    writer_uleb(w, 1);
    writer_uleb(w, 2);
    size_t start = writer_open(w);
    columnar_write_uint(w, prefixes, a->len);
    writer_close(w, start);
    start = writer_open(w);
    writer_uleb(w, a->len);
    for (size_t i = 0; i < a->len; i++)
        writer_bytes(w, a->at[i].at + prefixes[i], a->at[i].len - (size_t)prefixes[i]);
    writer_close(w, start);
    return true;
}
