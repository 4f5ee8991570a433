/* SPDX-License-Identifier: MIT
 * op_row.h - one operation of a change block. It is spread over the block: a row (container, prop,
 * tag, len), a payload in the values section that the tag announces, for deletes of sequences a row
 * of delete_start_ids, and indices into the tables (docs/FORMAT.md, "Operations"). */
#ifndef CODEC_OP_ROW_H
#define CODEC_OP_ROW_H

#include "codec/columnar.h"
#include "codec/op_value.h"
#include "codec/position_arena.h"
#include "model/op.h"

typedef enum op_tag {
    TAG_NULL = 0,
    TAG_I64 = 3,
    TAG_F64 = 4,
    TAG_STRING = 5,
    TAG_BINARY = 6,
    TAG_CONTAINER_INDEX = 7,
    TAG_DELETE_ONCE = 8,
    TAG_DELETE_SEQ = 9,
    TAG_DELTA_INT = 10,
    TAG_VALUE = 11,
    TAG_MARK_START = 12,
    TAG_TREE_MOVE_OLD = 13,
    TAG_LIST_MOVE = 14,
    TAG_LIST_SET = 15,
    TAG_TREE_MOVE = 16,
    TAG_FUTURE = 17, /* to 127: a length and bytes; written with TAG_FUTURE_BIT */
} op_tag;
#define TAG_FUTURE_BIT 0x80

/* Loro's deleted root, the parent of deleted tree nodes. */
#define TREE_DELETED_PEER UINT64_MAX
#define TREE_DELETED_COUNTER 0x7fffffff

typedef struct op_row {
    int32_t prop;
    uint8_t tag;
} op_row;

enum { DELETE_PEER, DELETE_COUNTER, DELETE_LEN, DELETE_COLUMNS };

typedef struct op_reader { /* what the ops of one block are read from */
    const block *tables;   /* peers, keys and cids */
    position_arena positions;
    arena *scratch;
    reader *values;
    column deletes[DELETE_COLUMNS];
} op_reader;

/* Fill in kind and content of `out`, whose container, counter and len are known. Failures go to
 * s->values or the readers of s->deletes. */
void op_row_read(op_reader *s, op_row row, op *out);

typedef struct op_writer { /* what the ops of one block are written to */
    position_arena positions;
    key_table *keys;
    writer *values;
    int64_t *deletes[DELETE_COLUMNS]; /* room for a row per op */
    size_t delete_len;
} op_writer;

op_row op_row_write(op_writer *s, const op *o);

#endif
