/* SPDX-License-Identifier: MIT
 * json_updates.h - history as JSON text <-> the nouns of model/op.h (docs/FORMAT.md, "Updates as
 * JSON"). Each change stands for itself: what is read is one block per change, which can go
 * wherever a decoded change block can. */
#ifndef CODEC_JSON_UPDATES_H
#define CODEC_JSON_UPDATES_H

#include "base/json_read.h"
#include "codec/op_value.h"
#include "model/op.h"

#define JSON_SCHEMA_VERSION 1

/* ---- reading ---- */

typedef struct json_updates_reader {
    reader r;
    arena *scratch;
    arena_mark mark; /* where the memory of a change begins */
    bool first;
    bool numbered; /* peers are named by their place in a table */
    const uint64_t *peers;
    size_t peer_len;
    const lk_id *start; /* frontiers that the changes go on from */
    size_t start_len;
    /* of the change under way: what its block's numbers stand for */
    VEC(uint64_t) block_peers;
    VEC(container_id) block_cids;
    table peer_index, cid_index;
    key_table keys;
    op_id next; /* of the next atom */
} json_updates_reader;

/* Read what stands before the changes. The text must live as long as the reader; failures are in
 * out->r.fault. Close it in any case. */
lk_status json_updates_open(json_updates_reader *out, lk_str text, arena *scratch);
/* The next change as a block, with what change_block_read() promises of its own; good until the
 * next call. false at the end and after a failure. */
bool json_updates_next(json_updates_reader *s, block *out);
void json_updates_close(json_updates_reader *s);

/* ---- writing ---- */

typedef struct json_names { /* what the numbers in changes and ops stand for */
    const uint64_t *peers;
    const lk_str *keys;
    const void *cids; /* records that begin with a container_id, each so large: */
    size_t cid_size;
    bool interned; /* a container in a value is its number, not its kind */
} json_names;

typedef struct json_updates_writer {
    writer w;
    const lk_memory *heap;
    bool numbered;       /* name peers by their place in a table */
    VEC(uint64_t) table; /* that table, in order of first use */
    table index;
    size_t table_at; /* where its text belongs */
    lk_buf text;     /* of the id being spelled */
    bool more;       /* there is a change, or an operation, before */
    const json_names *names;
    peer_ix author;
} json_updates_writer;

/* Begin a document of updates at the end of `out`: what stands before the changes. `start`:
 * frontiers. Drop the writer in any case. */
json_updates_writer json_updates_begin(lk_buf *out, const lk_memory *heap, lk_ids start,
                                       bool numbered);
/* What stands behind the changes. false if memory ran out somewhere. */
bool json_updates_end(json_updates_writer *s);
/* The changes alone, as an array; or, written one by one, the operations alone. */
json_updates_writer json_updates_bare(lk_buf *out, const lk_memory *heap);
void json_updates_drop(json_updates_writer *s);

/* A change: its operations follow one by one. */
void json_updates_change(json_updates_writer *s, const json_names *names, const change *c);
void json_updates_op(json_updates_writer *s, const op *o);
void json_updates_change_end(json_updates_writer *s);

#endif
