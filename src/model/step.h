/* SPDX-License-Identifier: MIT
 * step.h - what merging decides and the state carries out: one edit of one container, in terms of
 * the document as it is after the steps before. Data are views of the log. */
#ifndef MODEL_STEP_H
#define MODEL_STEP_H

#include "model/op.h"

typedef enum step_kind {
    STEP_INSERT, /* text (`bytes` of UTF-8 at data), an anchor of the mark at data (bytes 0), or
                    list values */
    STEP_FILL, /* an empty text becomes `len` entities of `bytes` in all: data is an array of `key`
                  spans (seq.h) */
    STEP_DELETE,
    STEP_MAP,   /* a write: data is the lk_value, NULL deletes */
    STEP_PLACE, /* movable list: a new place for the element `elem` */
    STEP_SET,   /* movable list: a new value (data) for the element `elem` */
    STEP_TREE,  /* create, move or delete a node, as the op_tree at data says */
    STEP_COUNT, /* add `count` */

    /* To another version, where the winner of before may have to go: */
    STEP_MAP_FORCE, /* the entry becomes exactly data, lamport and peer; id.peer STEP_UNWRITTEN: it
                       never was written */
    STEP_PLACES,    /* movable list: `len` places, empty, with consecutive ids */
    STEP_STANDING,  /* movable list: a place, and on it `elem`, unheard of before, as data says */
    STEP_ELEM,      /* movable list: `elem` becomes exactly what data, its step_registers, says */
    STEP_BACK,      /* tree: the operation `id` goes; cheap if it is the newest */
} step_kind;

#define STEP_UNWRITTEN UINT32_MAX

typedef struct step_elem { /* an element of a movable list, by its insert */
    peer_ix peer;
    uint32_t lamport;
} step_elem;

typedef struct step_registers { /* all there is to an element */
    bool exists;                /* false: it is unheard of */
    op_id place;                /* it stands there if that place is there */
    uint32_t placed_lamport;
    uint64_t placed_peer_wide;
    const lk_value *value;
    step_elem writer; /* of the value */
    uint64_t writer_peer_wide;
} step_registers;

typedef struct step_node {
    uint32_t meta; /* the container of the node's data; UINT32_MAX: as it is */
    bool own;      /* made here just now */
} step_node;

typedef struct step {
    step_kind kind;
    uint32_t container;
    uint32_t pos; /* entities */
    uint32_t len; /* entities */
    uint32_t key; /* map */
    uint32_t bytes;
    uint32_t lamport;   /* of the first atom */
    op_id id;           /* likewise */
    bool behind;        /* insert: it stands behind all that is deleted there */
    uint64_t peer_wide; /* of its writer: orders writes of one Lamport time */
    const void *data;
    union {
        step_elem elem;
        step_node node;
        double count;
    } as;
} step;

#endif
