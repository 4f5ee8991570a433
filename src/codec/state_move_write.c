/* SPDX-License-Identifier: MIT
 * state_move_write.c - states in which things move, and what the writers of states share.
 *
 *     movable list   values | peers | rows: empty places after it, is the place the element's
 * first, was the value never set again | places | elements | last writes tree           peers |
 * nodes: ids | nodes: parent, last move, position | positions | nothing */
#include "codec/position_arena.h"
#include "codec/state_writer.h"

bool state_number_peers(state_writer *s) {
    s->numbers = arena_new(s->scratch, uint32_t, s->tables->peer_len);
    if (s->numbers == NULL) return false;
    __builtin_memset(s->numbers, 0, s->tables->peer_len * sizeof *s->numbers);
    return true;
}

uint32_t state_number(state_writer *s, peer_ix peer) {
    if (s->numbers[peer] == 0) {
        peer_ix *added = arena_vec_push(s->scratch, &s->peers);
        if (added == NULL) {
            s->w.failed = true;
            return 0;
        }
        *added = peer;
        s->numbers[peer] = (uint32_t)s->peers.len;
    }
    return s->numbers[peer] - 1;
}

void state_write_peers(state_writer *s) {
    writer_uleb(&s->w, s->peers.len);
    for (size_t i = 0; i < s->peers.len; i++) writer_u64le(&s->w, s->tables->peers[s->peers.at[i]]);
}

void state_write_column(state_writer *s, const int64_t *rows, size_t len) {
    size_t start = writer_open(&s->w);
    columnar_write_delta(&s->w, rows, len);
    writer_close(&s->w, start);
}

bool state_new_columns(state_writer *s, int64_t *columns[], size_t count, size_t len) {
    for (size_t i = 0; i < count; i++)
        if ((columns[i] = arena_new(s->scratch, int64_t, len)) == NULL) return false;
    return true;
}

void state_set_id(state_writer *s, int64_t *columns[], size_t row, op_id id, uint32_t lamport) {
    columns[ID_PEER][row] = state_number(s, id.peer);
    columns[ID_COUNTER][row] = id.counter;
    columns[ID_LAMPORT][row] = (int64_t)lamport - id.counter;
}

/* A BoolRle column, with its length before it. */
static void state_write_flags(state_writer *s, const int64_t *rows, size_t len) {
    size_t start = writer_open(&s->w);
    columnar_write_bool(&s->w, rows, len);
    writer_close(&s->w, start);
}

/* ---- movable list ---- */

enum { ROW_EMPTY, ROW_FIRST, ROW_UNSET, ROW_COLUMNS };
enum { STAMP_PEER, STAMP_LAMPORT, STAMP_COLUMNS };

typedef struct state_stamps { /* ids by peer and Lamport time */
    int64_t *columns[STAMP_COLUMNS];
    size_t len;
} state_stamps;

static bool state_new_stamps(state_writer *s, state_stamps *stamps, size_t len) {
    stamps->len = 0;
    return state_new_columns(s, stamps->columns, STAMP_COLUMNS, len);
}

static void state_add_stamp(state_writer *s, state_stamps *stamps, state_stamp id) {
    stamps->columns[STAMP_PEER][stamps->len] = state_number(s, id.peer);
    stamps->columns[STAMP_LAMPORT][stamps->len++] = id.lamport;
}

static void state_write_stamps(state_writer *s, const state_stamps *stamps) {
    writer_uleb(&s->w, STAMP_COLUMNS);
    for (size_t i = 0; i < STAMP_COLUMNS; i++)
        state_write_column(s, stamps->columns[i], stamps->len);
}

static bool state_stamp_equal(state_stamp a, state_stamp b) {
    return a.peer == b.peer && a.lamport == b.lamport;
}

bool state_write_movable(state_writer *s, const state_movable *list) {
    int64_t *rows[ROW_COLUMNS], *places[ID_COLUMNS];
    state_stamps elems, writes;
    if (!state_new_columns(s, rows, ROW_COLUMNS, list->len + 1) ||
        !state_new_columns(s, places, ID_LEN, list->len) ||
        !state_new_stamps(s, &elems, list->len) || !state_new_stamps(s, &writes, list->len))
        return false;
    size_t row = 0, shown = 0; /* row 0 stands for the start: empty places may come first */
    rows[ROW_EMPTY][0] = 0;
    rows[ROW_FIRST][0] = rows[ROW_UNSET][0] = 1;
    for (size_t i = 0; i < list->len; i++) shown += list->places[i].shows;
    writer_uleb(&s->w, shown);
    for (size_t i = 0; i < list->len; i++) {
        const state_place *place = &list->places[i];
        state_set_id(s, places, i, place->id, place->lamport);
        if (!place->shows) {
            rows[ROW_EMPTY][row]++;
            continue;
        }
        state_value_write(&s->w, s->tables, &place->value);
        rows[ROW_EMPTY][++row] = 0;
        state_stamp first = {place->id.peer, place->lamport};
        rows[ROW_FIRST][row] = state_stamp_equal(first, place->elem);
        rows[ROW_UNSET][row] = state_stamp_equal(place->elem, place->written);
        if (!rows[ROW_FIRST][row]) state_add_stamp(s, &elems, place->elem);
        if (!rows[ROW_UNSET][row]) state_add_stamp(s, &writes, place->written);
    }
    state_write_peers(s);
    writer_uleb(&s->w, 4);
    writer_uleb(&s->w, ROW_COLUMNS);
    state_write_column(s, rows[ROW_EMPTY], row + 1);
    state_write_flags(s, rows[ROW_FIRST], row + 1);
    state_write_flags(s, rows[ROW_UNSET], row + 1);
    writer_uleb(&s->w, ID_LEN);
    for (size_t i = 0; i < ID_LEN; i++) state_write_column(s, places[i], list->len);
    state_write_stamps(s, &elems);
    state_write_stamps(s, &writes);
    return true;
}

/* ---- tree ---- */

enum { NODE_PARENT, NODE_POSITION, NODE_COLUMNS };

static bool state_write_positions(state_writer *s, const position_arena *positions) {
    size_t start = writer_open(&s->w);
    bool written = position_arena_write(&s->w, positions, s->scratch);
    writer_close(&s->w, start);
    return written;
}

/* A plain column: the number of rows, then each. */
static void state_write_plain(state_writer *s, const int64_t *rows, size_t len) {
    size_t start = writer_open(&s->w);
    writer_uleb(&s->w, len);
    for (size_t i = 0; i < len; i++) writer_uleb(&s->w, (uint64_t)rows[i]);
    writer_close(&s->w, start);
}

bool state_write_tree(state_writer *s, const state_tree *tree) {
    int64_t *ids[ID_COLUMNS], *moves[ID_COLUMNS], *nodes[NODE_COLUMNS];
    lk_bytes *positions = arena_new(s->scratch, lk_bytes, tree->len);
    if (positions == NULL || !state_new_columns(s, ids, ID_LEN, tree->len) ||
        !state_new_columns(s, moves, ID_LEN, tree->len) ||
        !state_new_columns(s, nodes, NODE_COLUMNS, tree->len))
        return false;
    for (size_t i = 0; i < tree->len; i++) positions[i] = tree->nodes[i].position;
    position_arena sorted = position_arena_make(positions, tree->len);
    for (size_t i = 0; i < tree->len; i++) state_set_id(s, ids, i, tree->nodes[i].id, 0);
    for (size_t i = 0; i < tree->len; i++) { /* these peers are numbered after all of those */
        const state_node *node = &tree->nodes[i];
        state_set_id(s, moves, i, node->move, node->lamport);
        nodes[NODE_PARENT][i] = node->parent;
        nodes[NODE_POSITION][i] = (int64_t)position_arena_find(&sorted, node->position);
    }
    state_write_peers(s);
    writer_uleb(&s->w, 4);
    writer_uleb(&s->w, 2);
    state_write_column(s, ids[ID_PEER], tree->len);
    state_write_column(s, ids[ID_COUNTER], tree->len);
    writer_uleb(&s->w, 5);
    state_write_column(s, nodes[NODE_PARENT], tree->len);
    for (size_t i = 0; i < ID_LEN; i++) state_write_column(s, moves[i], tree->len);
    state_write_plain(s, nodes[NODE_POSITION], tree->len);
    bool written = state_write_positions(s, &sorted);
    writer_uleb(&s->w, 0);
    return written;
}
