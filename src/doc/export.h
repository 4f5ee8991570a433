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
    bool packed;                /* for a snapshot: larger blocks */
    lk_buf bytes;               /* blocks, one after the other */
    VEC(exported_block) blocks; /* in the scratch of the document */
};

/* Write a peer's ops with counters [start, end) as blocks of bounded size. LK_ENOMEM. */
lk_status export_span(exporter *x, peer_ix peer, int32_t start, int32_t end);
/* Append the blocks as one update blob. LK_ENOMEM. */
lk_status export_blob(const exporter *x, lk_buf *out);
void exporter_drop(exporter *x);

/* A value of a map as the bytes have it: a mergeable child as its marker, made in `scratch`. NULL
 * when memory is out. */
const lk_value *export_marker(const lk_doc *doc, uint32_t parent, uint32_t key,
                              const lk_value *value, arena *scratch);
/* Append, as one blob, what a version holds: `ends` by peer. */
lk_status export_past(lk_doc *doc, const int32_t *ends, lk_buf *out);

typedef struct export_part {      /* a part of the history */
    const int32_t *starts, *ends; /* by peer */
    lk_ids vv, frontiers;         /* the end */
    lk_bytes kept;                /* the history before it, as a snapshot's table; or empty */
    bool late;                    /* it begins here: */
    lk_ids start_vv, start_frontiers;
    bool replay;   /* it says all: leave the state out */
    lk_bytes root; /* the state at a late beginning, as it came; empty: the one that shows */
} export_part;
/* snapshot.c: append a snapshot of that part. Its ids may lie in scratch. */
lk_status export_snapshot_part(lk_doc *doc, const export_part *part, lk_buf *out);

/* shallow.c: append one of the snapshots of lk_export_mode. */
lk_status export_snapshot(lk_doc *doc, lk_export_mode mode, lk_ids frontiers, lk_buf *out);
/* Append what a version of a document that began late holds, as a snapshot that begins as late. */
lk_status export_late_past(lk_doc *doc, const int32_t *ends, lk_buf *out);

#endif
