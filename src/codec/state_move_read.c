/* SPDX-License-Identifier: MIT
 * state_move_read.c - movable lists and trees, as state_move_write.c draws them, read strictly. */
#include "base/limits.h"
#include "codec/position_arena.h"
#include "codec/state_reader.h"

/* ---- movable list ---- */

enum { ROW_EMPTY, ROW_FIRST, ROW_UNSET, ROW_COLUMNS };
enum { STAMP_PEER, STAMP_LAMPORT, STAMP_COLUMNS };
enum { MOVABLE_ROWS, MOVABLE_PLACES, MOVABLE_ELEMS, MOVABLE_WRITES, MOVABLE_FIELDS };

typedef struct state_movable_reader {
    state_reader *s;
    state_columns at[MOVABLE_FIELDS];
    VEC(state_place) places;
} state_movable_reader;

static state_stamp state_read_stamp(state_movable_reader *m, size_t field) {
    state_columns *c = &m->at[field];
    peer_ix peer = state_read_peer(m->s, &c->at[STAMP_PEER]);
    return (state_stamp){peer, (uint32_t)column_delta(&c->at[STAMP_LAMPORT], 0, LIMIT_COUNTER)};
}

static bool state_movable_ok(state_movable_reader *m) {
    for (size_t i = 0; i < MOVABLE_FIELDS; i++) state_columns_ok(m->s, &m->at[i]);
    return reader_ok(&m->s->r);
}

/* A place, empty or with that value. */
static bool state_read_place(state_movable_reader *m, const lk_value *value, bool first,
                             bool unset) {
    state_limit_rows(m->s, m->places.len);
    state_place *place = reader_need(&m->s->r, arena_vec_push(m->s->scratch, &m->places));
    if (place == NULL) return false;
    *place = (state_place){.shows = value != NULL};
    place->id = state_read_id(m->s, &m->at[MOVABLE_PLACES], &place->lamport);
    if (value == NULL) return state_movable_ok(m);
    place->value = *value;
    place->elem = (state_stamp){place->id.peer, place->lamport};
    if (!first) place->elem = state_read_stamp(m, MOVABLE_ELEMS);
    place->written = unset ? place->elem : state_read_stamp(m, MOVABLE_WRITES);
    return state_movable_ok(m);
}

/* Row 0 stands for the start: empty places may come first. */
static void state_read_rows(state_movable_reader *m, const lk_value *values, size_t len) {
    state_columns *rows = &m->at[MOVABLE_ROWS];
    for (size_t i = 0; i <= len && reader_ok(&m->s->r); i++) {
        int64_t empty = column_delta(&rows->at[ROW_EMPTY], 0, INT32_MAX);
        bool first = column_bool(&rows->at[ROW_FIRST]);
        bool unset = column_bool(&rows->at[ROW_UNSET]);
        if (i > 0 && !state_read_place(m, &values[i - 1], first, unset)) return;
        while (empty-- > 0)
            if (!state_read_place(m, NULL, false, false)) return;
    }
}

void state_read_movable(state_reader *s, state_movable *out) {
    static const size_t columns[] = {ROW_COLUMNS, ID_LEN, STAMP_COLUMNS, STAMP_COLUMNS};
    state_movable_reader m = {.s = s};
    size_t len = (size_t)reader_uleb(&s->r, reader_left(&s->r));
    lk_value *values = reader_need(&s->r, arena_new(s->scratch, lk_value, len));
    if (values == NULL) return;
    for (size_t i = 0; i < len; i++) state_value_read(&s->r, s->names, &values[i]);
    state_read_peers(s);
    columnar_expect(&s->r, MOVABLE_FIELDS);
    for (size_t i = 0; i < MOVABLE_FIELDS; i++) {
        columnar_expect(&s->r, columns[i]);
        state_open_columns(s, &m.at[i], columns[i]);
    }
    state_read_rows(&m, values, len);
    for (size_t i = 0; i < MOVABLE_FIELDS && reader_ok(&s->r); i++)
        state_close_columns(s, &m.at[i]);
    *out = (state_movable){m.places.at, m.places.len};
}

/* ---- tree ---- */

typedef struct state_tree_reader {
    state_reader *s;
    state_columns ids, parents, moves;
    reader positions; /* a plain column: their number, then each */
    position_arena sorted;
} state_tree_reader;

static bool state_tree_ok(state_tree_reader *t) {
    state_columns_ok(t->s, &t->ids);
    state_columns_ok(t->s, &t->parents);
    state_columns_ok(t->s, &t->moves);
    reader_adopt(&t->s->r, &t->positions);
    return reader_ok(&t->s->r);
}

/* Parents come before their children. */
static void state_read_node(state_tree_reader *t, size_t row, state_node *out) {
    out->id.peer = state_read_peer(t->s, &t->ids.at[ID_PEER]);
    out->id.counter = (int32_t)column_delta(&t->ids.at[ID_COUNTER], 0, LIMIT_COUNTER);
    int64_t most = STATE_NODE_FIRST + (int64_t)row - 1;
    out->parent = (uint32_t)column_delta(&t->parents.at[0], 0, most);
    out->move = state_read_id(t->s, &t->moves, &out->lamport);
    uint64_t position = reader_uleb(&t->positions, UINT64_MAX);
    if (position < t->sorted.len)
        out->position = t->sorted.at[position];
    else
        reader_fail(&t->positions, LK_ECORRUPT, "position is not in the table");
}

static void state_close_tree(state_tree_reader *t) {
    state_close_columns(t->s, &t->ids);
    state_close_columns(t->s, &t->parents);
    state_close_columns(t->s, &t->moves);
    reader_finish(&t->positions, "column has too many rows");
    reader_adopt(&t->s->r, &t->positions);
}

void state_read_tree(state_reader *s, state_tree *out) {
    state_tree_reader t = {.s = s};
    state_read_peers(s);
    columnar_expect(&s->r, 4);
    columnar_expect(&s->r, 2);
    state_open_columns(s, &t.ids, 2);
    columnar_expect(&s->r, 5);
    state_open_columns(s, &t.parents, 1);
    state_open_columns(s, &t.moves, ID_LEN);
    t.positions = columnar_column(&s->r);
    reader arena_bytes = columnar_column(&s->r);
    reader_bytes(&s->r); /* reserved */
    if (!reader_ok(&s->r)) return;
    t.sorted = position_arena_read(&arena_bytes, s->scratch);
    reader_finish(&arena_bytes, "bytes follow the positions");
    reader_adopt(&s->r, &arena_bytes);
    size_t len = (size_t)reader_uleb(&t.positions, reader_left(&t.positions));
    state_node *nodes = reader_need(&s->r, arena_new(s->scratch, state_node, len));
    if (nodes == NULL) return;
    for (size_t i = 0; i < len && state_tree_ok(&t); i++) state_read_node(&t, i, &nodes[i]);
    if (state_tree_ok(&t)) state_close_tree(&t);
    *out = (state_tree){nodes, len};
}
