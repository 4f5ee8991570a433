/* SPDX-License-Identifier: MIT
 * op_row.c - which tags a container of which kind may hold, and what they carry:
 *
 *     text           STRING at prop   DELETE_SEQ at prop   MARK_START at prop   NULL: a mark ends
 *     list           VALUE at prop, a list of what is inserted   DELETE_SEQ at prop
 *     movable list   as list, and LIST_MOVE to prop, LIST_SET
 *     map            VALUE under key prop   DELETE_ONCE of key prop
 *     tree           TREE_MOVE: create, move and delete
 *     counter        I64 or F64
 *     any other      whatever comes, kept as it is */
#include "codec/op_row.h"

#include "base/limits.h"
#include "base/utf8.h"

/* ---- reading ---- */

static void op_fail(op_reader *s, const char *what) { reader_fail(s->values, LK_ECORRUPT, what); }

/* An operation that is always one atom. */
static void op_check_single(op_reader *s, const op *o) {
    if (o->len != 1) op_fail(s, "length of the operation is wrong");
}

static uint32_t op_read_pos(op_reader *s, int32_t prop, uint32_t len) {
    if (prop >= 0 && len <= LIMIT_POSITION && (uint32_t)prop <= LIMIT_POSITION - len)
        return (uint32_t)prop;
    op_fail(s, "position is out of range");
    return 0;
}

static peer_ix op_read_peer(op_reader *s) {
    return (peer_ix)reader_uleb(s->values, s->tables->peer_len - 1);
}

static op_id op_read_id(op_reader *s) {
    op_id id = {.peer = op_read_peer(s)};
    id.counter = (int32_t)reader_uleb(s->values, LIMIT_COUNTER);
    return id;
}

static uint32_t op_read_lamport(op_reader *s) {
    return (uint32_t)reader_uleb(s->values, LIMIT_COUNTER);
}

static const lk_value *op_read_value(op_reader *s) {
    lk_value *value = reader_need(s->values, arena_new(s->scratch, lk_value, 1));
    if (value == NULL) return NULL;
    op_value_reader v = {s->values, s->scratch, s->tables->keys, s->tables->key_len, false};
    op_value_read(&v, value);
    return value;
}

static void op_read_insert(op_reader *s, int32_t prop, op *o) {
    lk_str text = reader_str(s->values);
    o->kind = OP_TEXT_INSERT;
    o->as.insert.pos = op_read_pos(s, prop, 0);
    o->as.insert.bytes = (uint32_t)text.len;
    o->as.insert.text = (const uint8_t *)text.at;
    if (utf8_measure(o->as.insert.text, text.len).unit[LK_CODEPOINT] != o->len)
        op_fail(s, "length of the operation is wrong");
}

static void op_read_list_insert(op_reader *s, int32_t prop, op *o) {
    const lk_value *value = op_read_value(s);
    o->kind = OP_LIST_INSERT;
    o->as.list.pos = op_read_pos(s, prop, 0);
    if (value == NULL) return;
    o->as.list.values = value->as.values;
    if (value->type != LK_VALUES || value->len != o->len)
        op_fail(s, "length of the operation is wrong");
}

static void op_read_delete(op_reader *s, int32_t prop, op *o) {
    int64_t peer = column_delta(&s->deletes[DELETE_PEER], 0, (int64_t)s->tables->peer_len - 1);
    int64_t counter = column_delta(&s->deletes[DELETE_COUNTER], 0, LIMIT_COUNTER);
    int64_t len = column_delta(&s->deletes[DELETE_LEN], -LIMIT_COUNTER, LIMIT_COUNTER);
    o->kind = OP_DELETE;
    o->as.del.reversed = len < 0;
    o->as.del.start = (op_id){(peer_ix)peer, (int32_t)counter};
    bool reversed = len < 0;
    if (reversed) len = -len;
    if (len != o->len) op_fail(s, "length of the operation is wrong");
    if (counter + len > LIMIT_COUNTER) op_fail(s, "counter is out of range");
    o->as.del.pos = op_read_pos(s, prop, reversed ? 1 : o->len);
    if (reversed && prop < len - 1) op_fail(s, "position is out of range");
}

static void op_read_mark(op_reader *s, int32_t prop, op *o) {
    op_check_single(s, o);
    o->kind = OP_MARK_START;
    op_mark *mark = reader_need(s->values, arena_new(s->scratch, op_mark, 1));
    if (mark == NULL) return;
    *mark = (op_mark){.info = reader_u8(s->values)};
    o->as.mark = mark;
    uint32_t len = (uint32_t)reader_uleb(s->values, LIMIT_POSITION);
    uint64_t key = reader_uleb(s->values, UINT64_MAX);
    if (key >= s->tables->key_len) op_fail(s, "key is not in the table");
    mark->key = (uint32_t)key;
    mark->start = op_read_pos(s, prop, len);
    mark->end = mark->start + len;
    mark->value = op_read_value(s);
}

static void op_read_mark_end(op_reader *s, int32_t prop, op *o) {
    op_check_single(s, o);
    o->kind = OP_MARK_END;
    if (prop != 0) op_fail(s, "position is out of range");
}

static void op_read_map(op_reader *s, op_row row, op *o) {
    op_check_single(s, o);
    o->kind = row.tag == TAG_VALUE ? OP_MAP_SET : OP_MAP_DELETE;
    if (row.prop < 0 || (size_t)row.prop >= s->tables->key_len)
        op_fail(s, "key is not in the table");
    o->as.map.key = (uint32_t)row.prop;
    o->as.map.value = row.tag == TAG_VALUE ? op_read_value(s) : NULL;
}

static void op_read_move(op_reader *s, int32_t prop, op *o) {
    op_check_single(s, o);
    o->kind = OP_MOVE;
    o->as.move.from = (uint32_t)reader_uleb(s->values, LIMIT_POSITION);
    o->as.move.to = op_read_pos(s, prop, 0);
    o->as.move.elem_peer = op_read_peer(s);
    o->as.move.elem_lamport = op_read_lamport(s);
}

static void op_read_set(op_reader *s, int32_t prop, op *o) {
    op_check_single(s, o);
    o->kind = OP_SET;
    if (prop != 0) op_fail(s, "position is out of range");
    o->as.set.elem_peer = op_read_peer(s);
    o->as.set.elem_lamport = op_read_lamport(s);
    o->as.set.value = op_read_value(s);
}

static void op_read_tree(op_reader *s, int32_t prop, op *o) {
    op_check_single(s, o);
    o->kind = OP_TREE;
    if (prop != 0) op_fail(s, "position is out of range");
    op_tree *tree = reader_need(s->values, arena_new(s->scratch, op_tree, 1));
    if (tree == NULL) return;
    *tree = (op_tree){.node = op_read_id(s)};
    o->as.tree = tree;
    uint64_t position = reader_uleb(s->values, UINT64_MAX);
    tree->has_parent = reader_u8(s->values) == 0;
    if (tree->has_parent) tree->parent = op_read_id(s);
    if (!reader_ok(s->values)) return;
    tree->deletes = tree->has_parent && s->tables->peers[tree->parent.peer] == TREE_DELETED_PEER &&
                    tree->parent.counter == TREE_DELETED_COUNTER;
    if (tree->deletes) return;
    if (position >= s->positions.len) {
        op_fail(s, "position is not in the table");
        return;
    }
    tree->position = s->positions.at[position];
    tree->position_at = (uint32_t)position;
}

static void op_read_counter(op_reader *s, op_row row, op *o) {
    op_check_single(s, o);
    o->kind = OP_COUNTER;
    if (row.prop != 0) op_fail(s, "position is out of range");
    o->as.delta = row.tag == TAG_I64 ? (double)reader_sleb(s->values) : reader_f64be(s->values);
}

/* Skip a payload that is to be kept. Those that name tables of this block would mean something else
 * in another, so they cannot be. */
static void op_skip_payload(op_reader *s, uint8_t tag) {
    op_value_reader v = {s->values, s->scratch, s->tables->keys, s->tables->key_len, false};
    lk_value value;
    if (tag >= TAG_FUTURE) {
        reader_bytes(s->values);
        return;
    }
    switch ((op_tag)tag) {
    case TAG_I64:
    case TAG_DELTA_INT: reader_sleb(s->values); return;
    case TAG_F64: reader_f64be(s->values); return;
    case TAG_STRING: reader_str(s->values); return;
    case TAG_BINARY: reader_bytes(s->values); return;
    case TAG_CONTAINER_INDEX: reader_uleb(s->values, UINT64_MAX); return;
    case TAG_VALUE:
        op_value_read(&v, &value);
        if (!v.used_keys) return;
        break;
    case TAG_MARK_START:
    case TAG_TREE_MOVE_OLD:
    case TAG_LIST_MOVE:
    case TAG_LIST_SET:
    case TAG_TREE_MOVE: break;
    default: return; /* NULL, true, false and the deletes have none */
    }
    reader_fail(s->values, LK_EVERSION, "operation of an unknown container names tables");
}

static void op_read_unknown(op_reader *s, op_row row, op *o) {
    op_check_single(s, o);
    const uint8_t *payload = s->values->at;
    op_skip_payload(s, row.tag);
    size_t len = reader_ok(s->values) ? (size_t)(s->values->at - payload) : 0;
    uint8_t kind = (uint8_t)(row.tag >= TAG_FUTURE ? row.tag | TAG_FUTURE_BIT : row.tag);
    op_unknown *unknown = reader_need(s->values, arena_new(s->scratch, op_unknown, 1));
    if (unknown == NULL) return;
    *unknown = (op_unknown){.prop = row.prop, .value_kind = kind, .payload = {payload, len}};
    o->kind = OP_UNKNOWN;
    o->as.unknown = unknown;
}

/* Text, list, movable list. */
static bool op_read_sequence(op_reader *s, container_kind kind, op_row row, op *o) {
    if (row.tag == TAG_DELETE_SEQ)
        op_read_delete(s, row.prop, o);
    else if (kind == LK_TEXT && row.tag == TAG_STRING)
        op_read_insert(s, row.prop, o);
    else if (kind == LK_TEXT && row.tag == TAG_MARK_START)
        op_read_mark(s, row.prop, o);
    else if (kind == LK_TEXT && row.tag == TAG_NULL)
        op_read_mark_end(s, row.prop, o);
    else if (kind != LK_TEXT && row.tag == TAG_VALUE)
        op_read_list_insert(s, row.prop, o);
    else if (kind == LK_MOVABLE_LIST && row.tag == TAG_LIST_MOVE)
        op_read_move(s, row.prop, o);
    else if (kind == LK_MOVABLE_LIST && row.tag == TAG_LIST_SET)
        op_read_set(s, row.prop, o);
    else
        return false;
    return true;
}

void op_row_read(op_reader *s, op_row row, op *o) {
    bool known = true;
    row.tag &= (uint8_t)~TAG_FUTURE_BIT;
    container_kind kind = s->tables->cids[o->container].kind;
    switch (kind) {
    case LK_TEXT:
    case LK_LIST:
    case LK_MOVABLE_LIST: known = op_read_sequence(s, kind, row, o); break;
    case LK_MAP:
        known = row.tag == TAG_VALUE || row.tag == TAG_DELETE_ONCE;
        if (known) op_read_map(s, row, o);
        break;
    case LK_TREE:
        known = row.tag == TAG_TREE_MOVE;
        if (known) op_read_tree(s, row.prop, o);
        break;
    case LK_COUNTER:
        known = row.tag == TAG_I64 || row.tag == TAG_F64;
        if (known) op_read_counter(s, row, o);
        break;
    default: op_read_unknown(s, row, o); break;
    }
    if (known) return;
    if (row.tag >= TAG_FUTURE)
        reader_fail(s->values, LK_EVERSION, "operation is not known");
    else
        op_fail(s, "operation does not suit its container");
}

/* ---- writing ---- */

static void op_write_id(writer *w, op_id id) {
    writer_uleb(w, id.peer);
    writer_uleb(w, (uint64_t)id.counter);
}

static op_row op_write_delete(op_writer *s, const op *o) {
    size_t row = s->delete_len++;
    s->deletes[DELETE_PEER][row] = o->as.del.start.peer;
    s->deletes[DELETE_COUNTER][row] = o->as.del.start.counter;
    s->deletes[DELETE_LEN][row] = o->as.del.reversed ? -(int64_t)o->len : (int64_t)o->len;
    return (op_row){(int32_t)o->as.del.pos, TAG_DELETE_SEQ};
}

static op_row op_write_mark(op_writer *s, const op *o) {
    writer_u8(s->values, o->as.mark->info);
    writer_uleb(s->values, o->as.mark->end - o->as.mark->start);
    writer_uleb(s->values, o->as.mark->key);
    op_value_write(s->values, s->keys, o->as.mark->value);
    return (op_row){(int32_t)o->as.mark->start, TAG_MARK_START};
}

static op_row op_write_tree(op_writer *s, const op *o) {
    bool deletes = o->as.tree->deletes;
    op_write_id(s->values, o->as.tree->node);
    writer_uleb(s->values, deletes ? 0 : position_arena_find(&s->positions, o->as.tree->position));
    writer_u8(s->values, !o->as.tree->has_parent);
    if (o->as.tree->has_parent) op_write_id(s->values, o->as.tree->parent);
    return (op_row){0, TAG_TREE_MOVE};
}

/* Since 1.17 Loro writes a counter's delta as an integer only if it is exactly one. */
static op_row op_write_counter(op_writer *s, const op *o) {
    double delta = o->as.delta;
    if (delta > -(double)(2 << 26) && delta < (double)(2 << 26) &&
        (double)(int64_t)delta == delta) {
        writer_sleb(s->values, (int64_t)delta);
        return (op_row){0, TAG_I64};
    }
    writer_f64be(s->values, delta);
    return (op_row){0, TAG_F64};
}

static op_row op_write_list_insert(op_writer *s, const op *o) {
    lk_value list = {.type = LK_VALUES, .len = o->len, .as.values = o->as.list.values};
    op_value_write(s->values, s->keys, &list);
    return (op_row){(int32_t)o->as.list.pos, TAG_VALUE};
}

op_row op_row_write(op_writer *s, const op *o) {
    writer *w = s->values;
    switch (o->kind) {
    case OP_TEXT_INSERT:
        writer_bytes(w, o->as.insert.text, o->as.insert.bytes);
        return (op_row){(int32_t)o->as.insert.pos, TAG_STRING};
    case OP_LIST_INSERT: return op_write_list_insert(s, o);
    case OP_DELETE: return op_write_delete(s, o);
    case OP_MAP_SET:
        op_value_write(w, s->keys, o->as.map.value);
        return (op_row){(int32_t)o->as.map.key, TAG_VALUE};
    case OP_MAP_DELETE: return (op_row){(int32_t)o->as.map.key, TAG_DELETE_ONCE};
    case OP_MARK_START: return op_write_mark(s, o);
    case OP_MARK_END: return (op_row){0, TAG_NULL};
    case OP_MOVE:
        writer_uleb(w, o->as.move.from);
        writer_uleb(w, o->as.move.elem_peer);
        writer_uleb(w, o->as.move.elem_lamport);
        return (op_row){(int32_t)o->as.move.to, TAG_LIST_MOVE};
    case OP_SET:
        writer_uleb(w, o->as.set.elem_peer);
        writer_uleb(w, o->as.set.elem_lamport);
        op_value_write(w, s->keys, o->as.set.value);
        return (op_row){0, TAG_LIST_SET};
    case OP_TREE: return op_write_tree(s, o);
    case OP_COUNTER: return op_write_counter(s, o);
    case OP_UNKNOWN:
        writer_raw(w, o->as.unknown->payload.at, o->as.unknown->payload.len);
        return (op_row){o->as.unknown->prop, o->as.unknown->value_kind};
    }
    __builtin_trap();
}
