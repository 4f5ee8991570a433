/* SPDX-License-Identifier: MIT
 * step.h - what merging decides and the state carries out: one edit of one container, in terms of
 * the document as it is after the steps before. Data are views of the log. */
#ifndef MODEL_STEP_H
#define MODEL_STEP_H

#include "model/id.h"

typedef enum step_kind {
    STEP_INSERT, /* text (`bytes` of UTF-8 at data), a style anchor (data NULL), or list values */
    STEP_DELETE,
    STEP_MAP, /* a write: data is the lk_value, NULL deletes */
} step_kind;

typedef struct step {
    step_kind kind;
    uint32_t container;
    uint32_t pos; /* entities */
    uint32_t len; /* entities */
    uint32_t key; /* map */
    uint32_t bytes;
    uint32_t lamport; /* of the first atom */
    op_id id;         /* likewise */
    const void *data;
} step;

#endif
