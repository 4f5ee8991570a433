/* SPDX-License-Identifier: MIT
 * change_block.h - one block of history <-> the nouns of model/op.h (docs/FORMAT.md, "Change
 * block").
 *
 * Reading is strict: every section is used up exactly, ops partition the counters of the changes
 * exactly, every index is in range, every position, counter and Lamport time is in its domain. What
 * comes out needs no further checks of shape; whether ids and positions exist is the oplog's to
 * ask. */
#ifndef CODEC_CHANGE_BLOCK_H
#define CODEC_CHANGE_BLOCK_H

#include "model/op.h"

/* Read one block. Tables and ops live in `scratch`; texts, keys and binaries are views of `bytes`.
 * Offsets in *fault count from `base_offset` before the first byte.
 *
 * In the deps of a change, its own previous op, where the bytes name it, comes first. (They do not
 * where another dep has it in its past.) Values hold containers by their raw kind, entries of map
 * values come sorted by key. An OP_TREE that deletes has has_parent set and names its parent,
 * Loro's deleted root. LK_ECORRUPT, LK_EVERSION, LK_ELIMIT, LK_ENOMEM. */
lk_status change_block_read(lk_bytes bytes, size_t base_offset, arena *scratch, block *out,
                            lk_fault *fault);

/* The same without operations and their tables. */
lk_status change_block_read_changes(lk_bytes bytes, size_t base_offset, arena *scratch, block *out,
                                    lk_fault *fault);

/* What a block says of itself, without reading its ops. */
typedef struct change_block_meta {
    uint64_t peer;
    int32_t counter;      /* first */
    uint32_t len;         /* atoms */
    uint32_t lamport;     /* of the first atom */
    uint32_t lamport_end; /* one past that of the last */
    uint32_t change_len;
} change_block_meta;
lk_status change_block_read_meta(lk_bytes bytes, size_t base_offset, change_block_meta *out,
                                 lk_fault *fault);

/* Append the block `b` to `out`. The tables are written as they stand, so they should hold what the
 * changes use, in order of first use, with peers[0] the author; keys inside map values are added as
 * needed. A tree delete needs UINT64_MAX among the peers. Changes must be consecutive in counter
 * and their ops must partition them. LK_ENOMEM. */
lk_status change_block_write(const block *b, arena *scratch, lk_buf *out);

#endif
