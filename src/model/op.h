/* SPDX-License-Identifier: MIT
 * op.h - what someone did. An op covers `len` consecutive counters (a run of typing is one op); a
 * change is ops of one peer with one causal past. Values, keys, texts are views whose owner is the
 * arena of whoever made the op: codec output lives in scratch, history in the document's log.
 *
 * Positions in text are entity indices: code points and style anchors, each 1 (not UTF-16, not
 * bytes). */
#ifndef MODEL_OP_H
#define MODEL_OP_H

#include "model/text_mark.h"

typedef enum op_kind {
    OP_TEXT_INSERT, /* text: `len` code points */
    OP_LIST_INSERT, /* list, movable list: `len` values */
    OP_DELETE,      /* text, list, movable list: `len` atoms */
    OP_MAP_SET,
    OP_MAP_DELETE,
    OP_MARK_START, /* text style, followed by its OP_MARK_END at the next counter */
    OP_MARK_END,
    OP_MOVE, /* movable list */
    OP_SET,  /* movable list */
    OP_TREE, /* create, move and delete of tree nodes */
    OP_COUNTER,
    OP_UNKNOWN, /* container of an unknown kind: payload kept as it came */
} op_kind;

/* In ops, a container inside a value (LK_CONTAINER) has only its kind, in as.container.index, until
 * the oplog interns it: its id is the op's own (of element i of a top-level list: counter + i). */

typedef struct op_mark {
    uint32_t start, end; /* entity positions */
    uint32_t key;
    uint8_t info; /* MARK_ALIVE.. */
    const lk_value *value;
    text_mark *anchored; /* in the log: the same for the state */
} op_mark;

typedef struct op_tree {
    op_id node;
    op_id parent;         /* when has_parent */
    bool has_parent;      /* false: a root */
    bool deletes;         /* parent is the deleted root */
    lk_bytes position;    /* fractional index; empty when deletes */
    uint32_t position_at; /* in what codec reads: of the block's positions */
} op_tree;

typedef struct op_unknown {
    int32_t prop;
    uint8_t value_kind; /* the tag as it came, canonical form */
    lk_bytes payload;
} op_unknown;

/* What takes more than two words lies elsewhere, and is not changed once it is made: there are many
 * ops, and most write text or a value. */
typedef struct op {
    op_kind kind;
    uint32_t container; /* index: of the block's cids in codec, of the document's containers in the
                           log */
    int32_t counter;    /* of the first atom */
    uint32_t len;       /* atoms */
    union {
        struct {
            uint32_t pos;
            uint32_t bytes; /* length of text */
            const uint8_t *text;
        } insert; /* OP_TEXT_INSERT */
        struct {
            uint32_t pos;
            const lk_value *values; /* len of them */
        } list;                     /* OP_LIST_INSERT */
        struct {
            uint32_t
                pos; /* of the first atom deleted; when reversed, of the rightmost, going left */
            bool reversed; /* Loro's negative length: atom k of the op deletes position pos - k */
            op_id start;   /* smallest id of the run of elements deleted */
        } del;             /* OP_DELETE */
        struct {
            uint32_t key; /* index of the key table */
            const lk_value *value;
        } map;               /* OP_MAP_SET, OP_MAP_DELETE (value NULL) */
        const op_mark *mark; /* OP_MARK_START; in the log also at its OP_MARK_END */
        struct {
            uint32_t from, to;
            peer_ix elem_peer;
            uint32_t elem_lamport;
        } move; /* OP_MOVE */
        struct {
            peer_ix elem_peer;
            uint32_t elem_lamport;
            const lk_value *value;
        } set;                     /* OP_SET */
        const op_tree *tree;       /* OP_TREE */
        double delta;              /* OP_COUNTER */
        const op_unknown *unknown; /* OP_UNKNOWN */
    } as;
} op;

/* Part of an op: `len` of its atoms after the first `skip`, as an op of its own. */
op op_slice(const op *o, uint32_t skip, uint32_t len);
/* Lengthen `a` by `b`, which follows it at once, if both are deletes and one to the eye. Deletes of
 * one element have no direction of their own and join either way. */
bool op_join_delete(op *a, const op *b);
/* Does `b`, which follows `a` at once, go on where that left off? What joins them wants their texts
 * or values to lie together, too. */
bool op_goes_on(const op *a, const op *b);

typedef struct change {
    peer_ix peer;
    int32_t counter; /* first */
    uint32_t len;    /* atoms */
    uint32_t lamport;
    int64_t timestamp_s;
    lk_str message;    /* empty: none */
    const op_id *deps; /* frontiers it builds on, its own previous op included when there is one */
    uint32_t dep_len;
    uint32_t op_start, op_len; /* range of the op array at hand */
} change;

/* Consecutive changes of one peer, as one encoded block holds them. All indices are into these
 * tables. */
typedef struct block {
    const uint64_t *peers; /* peers[0] wrote it */
    size_t peer_len;
    const lk_str *keys;
    size_t key_len;
    const container_id *cids; /* peer: index into peers */
    size_t cid_len;
    const change *changes;
    size_t change_len;
    const op *ops;
    size_t op_len;
    const lk_bytes *positions; /* of tree operations, where the block was read: */
    size_t position_len;
    size_t position_bytes; /* of all together; each may repeat much of the one before */
    size_t kept_bytes;     /* of a snapshot's block, which a new document keeps as it is; else 0 */
} block;

#endif
