/* SPDX-License-Identifier: MIT
 * op_value.h - values inside operations (docs/FORMAT.md, "Values"): a tag, then what it says. Keys
 * of maps are indices into the key table of the block. Values in states are written otherwise: see
 * state_value.h. */
#ifndef CODEC_OP_VALUE_H
#define CODEC_OP_VALUE_H

#include "base/table.h"
#include "model/id.h"

typedef struct op_value_reader {
    reader *r;
    arena *scratch;
    const lk_str *keys;
    size_t key_len;
    bool used_keys; /* some value named a key: its bytes mean nothing outside this block */
} op_value_reader;

/* Read one value; entries of maps come sorted by key. Lists and maps live in scratch, texts and
 * binaries are views. */
void op_value_read(op_value_reader *v, lk_value *out);

/* The keys of a block being written, each once, in order of first use. */
typedef struct key_table {
    VEC(lk_str) keys;
    table index;
    const lk_memory *heap;
    bool failed; /* memory ran out */
} key_table;

void key_table_drop(key_table *t);
/* The index of `key`, which is added if need be. Keys are views and must live as long. */
uint32_t key_table_index(key_table *t, lk_str key);

void op_value_write(writer *w, key_table *keys, const lk_value *value);

#endif
