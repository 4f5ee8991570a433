/* SPDX-License-Identifier: MIT
 * state_reader.h - what the readers of states share. Each fails s->r when something is wrong, and
 * what they return then means nothing. */
#ifndef CODEC_STATE_READER_H
#define CODEC_STATE_READER_H

#include "codec/columnar.h"
#include "codec/state_value.h"

typedef struct state_reader {
    reader r;
    state_names *names;
    arena *scratch;
    size_t peer_base; /* the state's peers are names->peers from here on */
    size_t peer_len;
    size_t bytes_len; /* of the state */
} state_reader;

/* Columns of ids: peer, counter, lamport minus counter; and one more for spans. */
enum { ID_PEER, ID_COUNTER, ID_LAMPORT, ID_LEN, ID_COLUMNS };

typedef struct state_columns { /* do not move it: each column reads from its bytes */
    reader bytes[ID_COLUMNS];
    column at[ID_COLUMNS];
    size_t len;
} state_columns;

void state_read_peers(state_reader *s);
void state_open_columns(state_reader *s, state_columns *c, size_t len);
/* Take over what went wrong in them; nothing did? */
bool state_columns_ok(state_reader *s, const state_columns *c);
/* They must be used up. */
void state_close_columns(state_reader *s, state_columns *c);
/* `len` rows were read, and there is another. A run claims rows for a few bytes: many more than
 * those in all states together are a bomb. */
void state_limit_rows(state_reader *s, size_t len);
peer_ix state_read_peer(state_reader *s, column *c);
/* The next row of the first three columns. */
op_id state_read_id(state_reader *s, state_columns *c, uint32_t *lamport);

/* state_move_read.c */
void state_read_movable(state_reader *s, state_movable *out);
void state_read_tree(state_reader *s, state_tree *out);

#endif
