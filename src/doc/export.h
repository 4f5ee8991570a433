/* SPDX-License-Identifier: MIT
 * export.h - history as change blocks. */
#ifndef DOC_EXPORT_H
#define DOC_EXPORT_H

#include "doc/doc.h"

typedef struct exported_block {
    uint64_t peer;
    int32_t counter;
    size_t start, len; /* in the buffer of all blocks */
} exported_block;

typedef struct exporter exporter;
struct exporter {
    lk_doc *doc;
    lk_buf bytes; /* blocks, one after the other */
    VEC(exported_block) blocks;
};

/* Write a peer's ops with counters [start, end) as blocks of bounded size. LK_ENOMEM. */
lk_status export_span(exporter *x, peer_ix peer, int32_t start, int32_t end);
void exporter_drop(exporter *x);

/* A value of a map as the bytes have it: a mergeable child as its marker, made in `scratch`. NULL
 * when memory is out. */
const lk_value *export_marker(const lk_doc *doc, uint32_t parent, uint32_t key,
                              const lk_value *value, arena *scratch);
/* Append, as one update blob, what a version holds: `ends` by peer. */
lk_status export_past(lk_doc *doc, const int32_t *ends, lk_buf *out);

/* snapshot.c: append a snapshot of everything. */
lk_status export_snapshot(lk_doc *doc, lk_buf *out);

#endif
