/* SPDX-License-Identifier: MIT
 * snapshot_blob.h - a whole document in one blob: its history, and the state at its end
 * (docs/FORMAT.md, "Snapshot"). Replaying the history gives the state, so a reader may leave the
 * state alone. */
#ifndef CODEC_SNAPSHOT_BLOB_H
#define CODEC_SNAPSHOT_BLOB_H

#include "codec/envelope.h"
#include "codec/sstable.h"

typedef struct snapshot_block { /* one change block, as change_block_read() takes it */
    uint64_t peer;
    int32_t counter;
    lk_bytes bytes;
    size_t offset; /* for faults: of the compressed block that held it */
} snapshot_block;

typedef struct snapshot_history {
    lk_ids vv, frontiers;             /* the end */
    bool shallow;                     /* begins after the start: */
    lk_ids start_vv, start_frontiers; /* changes before these are not there */
    const snapshot_block *blocks;     /* sorted by peer, counter */
    size_t block_len;
} snapshot_history;

/* Read the history of a snapshot. LK_ECORRUPT, LK_ELIMIT, LK_EVERSION, LK_ENOMEM. */
lk_status snapshot_read_history(const envelope_section *section, arena *scratch,
                                snapshot_history *out, lk_fault *fault);

typedef struct snapshot_tip { /* where a history ends */
    lk_ids vv, frontiers;
    uint32_t lamport;    /* the latest of all */
    int64_t timestamp_s; /* likewise, of the changes at the end */
} snapshot_tip;

/* Read that of a history that begins at the start, and no more. Statuses as above; LK_ECORRUPT also
 * for one that begins late or holds nothing, LK_ELIMIT for one that ends in many places. */
lk_status snapshot_read_tip(const envelope_section *section, arena *scratch, snapshot_tip *out,
                            lk_fault *fault);

typedef struct snapshot_root { /* the state where a shallow history begins */
    lk_bytes bytes;            /* the whole section */
    const sstable_pair *pairs; /* of containers, as state_blob_read() takes them */
    size_t len;
} snapshot_root;

/* Read it; it must stand at `at`. Statuses as above. */
lk_status snapshot_read_root(const envelope_section *section, lk_ids at, arena *scratch,
                             snapshot_root *out, lk_fault *fault);

/* The states of a snapshot repeat what its history says; a reader that replays the history can
 * leave them alone, but for this: are their tables whole, and which containers do they name?
 * Where the end is left out, those of the beginning. Statuses as above. */
lk_status snapshot_read_states(const envelope_sections *sections, arena *scratch, sstable *out,
                               lk_fault *fault);

typedef struct snapshot_parts { /* a history, and the state at its end */
    lk_ids vv, frontiers;
    const snapshot_block *blocks; /* any order; offset not used */
    size_t block_len;
    lk_bytes kept;        /* the section of a history that these go on; empty: there is none */
    sstable_pair *states; /* as state_blob.h writes them, each key once; sorted in place */
    size_t state_len;
    /* The history begins here, and the states are those of here: whoever reads it replays it. */
    bool late;
    lk_ids start_vv, start_frontiers;
    lk_bytes root; /* those states as they came; empty: as above */
} snapshot_parts;

/* Append a snapshot blob. LK_ELIMIT as sstable_write(), LK_ENOMEM. */
lk_status snapshot_write(const snapshot_parts *parts, arena *scratch, lk_buf *out);

#endif
