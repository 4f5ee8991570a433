/* SPDX-License-Identifier: MIT
 * sstable.h - sorted key-value pairs in compressed blocks, what the sections of a snapshot are made
 * of (docs/FORMAT.md, "SSTable"). An empty section is an empty table. */
#ifndef CODEC_SSTABLE_H
#define CODEC_SSTABLE_H

#include "base/bytes.h"

typedef struct sstable_pair {
    lk_bytes key, value;
    size_t offset; /* of the stored block that holds it, in the outermost bytes */
} sstable_pair;

typedef struct sstable {
    const sstable_pair *pairs; /* in strictly ascending byte order of keys */
    size_t len;
} sstable;

/* Read all pairs; they live in `scratch` or are views of `bytes`. All checksums are checked. What
 * unpacks to more than `max` bytes is refused. LK_ECORRUPT, LK_ELIMIT, LK_EVERSION, LK_ENOMEM. */
lk_status sstable_read(lk_bytes bytes, size_t base_offset, size_t max, arena *scratch, sstable *out,
                       lk_fault *fault);
/* The last pair whose key is `key` or before it; its key is at NULL if there is none. Unpacks the
 * one block that holds it. Statuses as above. */
lk_status sstable_seek(lk_bytes bytes, size_t base_offset, size_t max, lk_bytes key, arena *scratch,
                       sstable_pair *out, lk_fault *fault);
/* The value of `key`, or false. O(log n). */
bool sstable_find(const sstable *table, lk_bytes key, lk_bytes *value);

/* Append a table of pairs in strictly ascending order of keys (offset is not used). Nothing is
 * appended for no pairs. LK_ELIMIT for a key of 64 KiB or more, or if all is larger than a blob may
 * be; LK_ENOMEM. */
lk_status sstable_write(const sstable_pair *pairs, size_t len, const lk_memory *heap, lk_buf *out);

/* Append a table of what `table` holds and of these pairs, which take the place of those with the
 * same keys. The blocks of it that none belongs into are copied as they are. Statuses of both. */
lk_status sstable_write_on(lk_bytes table, size_t max, const sstable_pair *pairs, size_t len,
                           arena *scratch, lk_buf *out);

#endif
