/* SPDX-License-Identifier: MIT
 * state_writer.h - what the writers of states share. Peers are numbered per state, in order of
 * first use. */
#ifndef CODEC_STATE_WRITER_H
#define CODEC_STATE_WRITER_H

#include "codec/columnar.h"
#include "codec/state_value.h"

typedef struct state_writer {
    writer w;
    const state_tables *tables;
    arena *scratch;
    uint32_t *numbers; /* of the document's peers in this state, plus one; 0: not used yet */
    VEC(peer_ix) peers;
} state_writer;

/* Columns of ids: peer, counter, lamport minus counter; and one more for spans. */
enum { ID_PEER, ID_COUNTER, ID_LAMPORT, ID_LEN, ID_COLUMNS };

bool state_number_peers(state_writer *s);
/* The number of `peer` in this state. */
uint32_t state_number(state_writer *s, peer_ix peer);
void state_write_peers(state_writer *s);
/* A DeltaRle column, with its length before it. */
void state_write_column(state_writer *s, const int64_t *rows, size_t len);
/* Arrays for columns of `len` rows. */
bool state_new_columns(state_writer *s, int64_t *columns[], size_t count, size_t len);
void state_set_id(state_writer *s, int64_t *columns[], size_t row, op_id id, uint32_t lamport);

/* state_move_write.c */
bool state_write_movable(state_writer *s, const state_movable *list);
bool state_write_tree(state_writer *s, const state_tree *tree);

#endif
