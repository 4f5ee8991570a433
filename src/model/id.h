/* SPDX-License-Identifier: MIT
 * id.h - naming operations and containers.
 * Inside, peers are small indices into a table: the document's (oplog/intern) or one block's
 * (codec). Wide 64-bit peers appear at the borders and wherever two peers are ordered: the order is
 * that of the unsigned 64-bit numbers. */
#ifndef MODEL_ID_H
#define MODEL_ID_H

#include "base/bytes.h"

typedef uint32_t peer_ix;

typedef struct op_id {
    peer_ix peer;
    int32_t counter;
} op_id;

/* LK_MAP.. as in lorikeet.h, or a kind this build does not know (6..127), which is kept as it came.
 */
typedef uint8_t container_kind;

typedef struct container_id {
    container_kind kind;
    bool root;
    lk_str name;  /* root */
    peer_ix peer; /* else: the operation that made it; index into the table at hand */
    int32_t counter;
} container_id;

/* The data of a node of a tree. */
static inline container_id container_of_node(op_id node) {
    return (container_id){.kind = LK_MAP, .peer = node.peer, .counter = node.counter};
}

/* "cid:root-NAME:Text", "cid:COUNTER@PEER:Map". `peer` is the wide form of id->peer. */
bool container_id_print(const container_id *id, uint64_t peer, lk_buf *out);
/* Parse that; id->peer is left 0 and the wide peer goes to *peer. false if it is no container id.
 */
bool container_id_parse(lk_str text, container_id *id, uint64_t *peer);

/* For those and other spellings of ids: take `prefix`, or a decimal number of at most `max` without
 * leading zeroes, off the front of *text. */
bool id_skip(lk_str *text, const char *prefix);
bool id_parse_number(lk_str *text, uint64_t max, uint64_t *out);

const char *container_kind_name(container_kind kind); /* "Map".. or "Unknown" */

#endif
