/* SPDX-License-Identifier: MIT
 * state_blob.h - the state of one container as a snapshot keeps it (docs/FORMAT.md, "Container
 * states").
 * Peers and containers are named by indices into tables at hand: the document's when writing, ones
 * made by the reader when reading. */
#ifndef CODEC_STATE_BLOB_H
#define CODEC_STATE_BLOB_H

#include "codec/sstable.h"
#include "model/id.h"

typedef struct state_tables {
    const uint64_t *peers;
    size_t peer_len;
    const container_id *cids; /* LK_CONTAINER values are indices here */
    size_t cid_len;
} state_tables;

typedef struct state_span { /* a run of text, or a style anchor, in document order */
    op_id id;
    uint32_t lamport;
    int32_t len; /* code points; 0: a style starts and takes the next mark; -1: it ends */
} state_span;
typedef struct state_mark {
    lk_str key;
    lk_value value;
    uint8_t info; /* as in op.h */
} state_mark;
typedef struct state_text {
    lk_str text; /* what is visible */
    const state_span *spans;
    size_t span_len;
    const state_mark *marks;
    size_t mark_len;
    bool asleep; /* the spans were left out */
} state_text;

typedef struct state_item { /* one visible element */
    lk_value value;
    op_id id;
    uint32_t lamport;
} state_item;
typedef struct state_list {
    const state_item *items;
    size_t len;
} state_list;

typedef struct state_stamp { /* an operation by its Lamport time */
    peer_ix peer;
    uint32_t lamport;
} state_stamp;
typedef struct state_place { /* of a movable list; what follows `shows` only if it does */
    op_id id;
    uint32_t lamport;
    bool shows;
    lk_value value;
    state_stamp elem, written;
} state_place;
typedef struct state_movable {
    const state_place *places;
    size_t len;
} state_movable;

#define STATE_NODE_ROOT 0
#define STATE_NODE_DELETED 1
#define STATE_NODE_FIRST 2
typedef struct state_node { /* of a tree */
    op_id id;
    uint32_t parent; /* one of the above, or that plus the parent's row */
    op_id move;      /* the last one with an effect */
    uint32_t lamport;
    lk_bytes position;
} state_node;
typedef struct state_tree {
    const state_node *nodes; /* those alive, then those deleted; siblings in order */
    size_t len;
} state_tree;

typedef struct state_entry { /* one key ever set */
    lk_str key;
    bool deleted; /* value is not used */
    lk_value value;
    peer_ix peer; /* who wrote last, and when */
    uint32_t lamport;
} state_entry;
typedef struct state_map {
    const state_entry *entries; /* any order; sorted by key when read */
    size_t len;
} state_map;

typedef struct state_container {
    uint32_t cid;    /* its kind says which of `as` */
    bool has_parent; /* false: a root */
    uint32_t parent; /* index into cids */
    uint32_t depth;  /* a root has 1, its child 2 */
    bool opaque;     /* as.opaque, whatever the kind */
    union {
        state_text text;
        state_list list;
        state_map map;
        double counter;
        state_movable movable;
        state_tree tree;
        lk_bytes opaque; /* the state's bytes, as they came */
    } as;
} state_container;

/* In the first byte of a container's key, beside its kind. */
#define STATE_ROOT 0x80

/* Append the key of a container in the state table. */
void state_blob_write_key(const state_tables *tables, uint32_t cid, writer *w);
/* Append its value. LK_ENOMEM. */
lk_status state_blob_write(const state_tables *tables, const state_container *state, arena *scratch,
                           lk_buf *out);

/* What states being read name: entries are added for each, so the same may be there twice. The
 * arrays live in `scratch`, as all that is read does. */
typedef struct state_names {
    arena *scratch;
    VEC(uint64_t) peers;
    VEC(container_id) cids;
    size_t free_rows; /* parts of states that their bytes do not pay for */
    bool lazily;      /* leave out the spans of texts without marks */
} state_names;
state_tables state_names_tables(const state_names *names);

/* Does a key name a root container? Which? */
bool state_blob_root(lk_bytes key, container_id *out);
/* Read one state. LK_ECORRUPT, LK_ELIMIT, LK_ENOMEM. */
lk_status state_blob_read(const sstable_pair *pair, state_names *names, state_container *out,
                          lk_fault *fault);

#endif
