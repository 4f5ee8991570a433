/* SPDX-License-Identifier: MIT
 * version_codec.c - version vectors and frontiers as postcard writes a map and a vector: a count,
 * then peer and counter of each. In a version vector the counter is an exclusive end, in frontiers
 * an operation. Writers differ in the order of a map, so readers sort. */
#include "codec/version_codec.h"

#include "base/limits.h"
#include "base/sort.h"

static int version_order(const void *a, const void *b) {
    const lk_id *x = a, *y = b;
    if (x->peer != y->peer) return x->peer < y->peer ? -1 : 1;
    return (x->counter > y->counter) - (x->counter < y->counter);
}

/* Read and sort; a version vector drops its zeroes. */
static lk_ids version_read(reader *r, arena *scratch, bool vector) {
    /* An entry costs two bytes or more, so memory is paid for by bytes. */
    size_t count = (size_t)reader_uleb(r, reader_left(r) / 2), len = 0;
    lk_id *ids = arena_new(scratch, lk_id, count);
    if (ids == NULL) {
        reader_fail(r, LK_ENOMEM, "out of memory");
        return (lk_ids){0};
    }
    for (size_t i = 0; i < count && reader_ok(r); i++) {
        uint64_t peer = reader_uleb(r, UINT64_MAX);
        int64_t counter = reader_zigzag(r);
        if (counter < 0 || counter > LIMIT_COUNTER)
            reader_fail(r, LK_ECORRUPT, "counter is out of range");
        if (!vector || counter > 0) ids[len++] = (lk_id){peer, (int32_t)counter};
    }
    sort_items(ids, len, sizeof *ids, version_order);
    for (size_t i = 1; i < len; i++)
        if (ids[i].peer == ids[i - 1].peer)
            reader_fail(r, LK_ECORRUPT, "peer appears twice in a version");
    return reader_ok(r) ? (lk_ids){ids, len} : (lk_ids){0};
}

lk_ids version_read_vv(reader *r, arena *scratch) { return version_read(r, scratch, true); }

lk_ids version_read_frontiers(reader *r, arena *scratch) { return version_read(r, scratch, false); }

void version_write(writer *w, lk_ids ids) {
    writer_uleb(w, ids.len);
    for (size_t i = 0; i < ids.len; i++) {
        writer_uleb(w, ids.at[i].peer);
        writer_zigzag(w, ids.at[i].counter);
    }
}

static lk_status version_encode(lk_ids ids, lk_buf *out) {
    writer w = writer_new(out);
    size_t start = out->len;
    version_write(&w, ids);
    if (w.failed) out->len = start;
    return w.failed ? LK_ENOMEM : LK_OK;
}

static lk_status version_decode(lk_bytes bytes, bool vector, lk_buf *out, lk_fault *fault) {
    arena scratch;
    arena_init(&scratch, out->memory == NULL ? &mem_default : out->memory);
    reader r = reader_new(bytes);
    lk_ids ids = version_read(&r, &scratch, vector);
    reader_finish(&r, "bytes follow the version");
    if (reader_ok(&r) && !buf_append(out, ids.at, ids.len * sizeof *ids.at))
        reader_fail(&r, LK_ENOMEM, "out of memory");
    arena_drop(&scratch);
    if (fault != NULL) *fault = r.fault;
    return r.fault.code;
}

lk_status lk_vv_encode(lk_ids vv, lk_buf *out) { return version_encode(vv, out); }

lk_status lk_vv_decode(lk_bytes bytes, lk_buf *out, lk_fault *fault_or_null) {
    return version_decode(bytes, true, out, fault_or_null);
}

lk_status lk_frontiers_encode(lk_ids frontiers, lk_buf *out) {
    return version_encode(frontiers, out);
}

lk_status lk_frontiers_decode(lk_bytes bytes, lk_buf *out, lk_fault *fault_or_null) {
    return version_decode(bytes, false, out, fault_or_null);
}
