/* SPDX-License-Identifier: MIT
 * lz4.h - LZ4 frames, both ways. The door to liblz4. */
#ifndef BASE_LZ4_H
#define BASE_LZ4_H

#include "base/mem.h"

typedef struct lz4_reader { /* decodes frame after frame, in the same working memory */
    void *context;
    arena *scratch;
} lz4_reader;

/* Good until `scratch` is reset or rewound. */
lz4_reader lz4_reader_new(arena *scratch);

/* Decode one frame that takes up all of `frame`; *out lives in the scratch arena. LK_ECORRUPT,
 * LK_ELIMIT when it grows past `max` bytes or past LIMIT_LZ4_RATIO, LK_ENOMEM. */
lk_status lz4_read(lz4_reader *z, lk_bytes frame, size_t max, lk_bytes *out);

/* Append `bytes` as one frame of independent blocks without checksums, the only kind Loro writes.
 * LK_ENOMEM. */
lk_status lz4_write(lk_bytes bytes, lk_buf *out);

#endif
