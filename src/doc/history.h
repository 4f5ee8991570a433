/* SPDX-License-Identifier: MIT
 * history.h - changes as Loro shows them: runs of the history that only arrived apart are one
 * (oplog_joins), and what is not committed is none yet. */
#ifndef DOC_HISTORY_H
#define DOC_HISTORY_H

#include "doc/doc.h"

typedef struct history_change { /* counters [start, end) of one peer, all of one change */
    peer_ix peer;
    uint64_t author;    /* the same, wide */
    size_t first, last; /* its runs, both inclusive, as indices into the peer's */
    int32_t start, end;
    uint32_t lamport; /* of start */
} history_change;

/* The end counter of a peer without the change being written. */
int32_t history_end(lk_doc *doc, peer_ix peer);
/* The change that holds an operation of the history. O(log n + runs of the change). */
history_change history_find(lk_doc *doc, op_id id);
/* The part of it that lies in counters [start, end). */
history_change history_clip(const lk_doc *doc, const history_change *c, int32_t start, int32_t end);
/* The change as a noun with the document's numbers, its deps in scratch; false when memory is out.
 */
bool history_read(lk_doc *doc, const history_change *c, change *out);
/* The operation of that name, if it is in the history. */
bool history_known(lk_doc *doc, lk_id id, op_id *out);

#endif
