/* SPDX-License-Identifier: MIT
 * change_block_write.c - the nouns of one block as bytes. Keys inside values are found while ops
 * are written, and the key table comes before them: so payloads and rows are collected first, then
 * the sections are written in order. */
#include "codec/change_block.h"
#include "codec/op_row.h"

enum { ROW_CONTAINER, ROW_PROP, ROW_TAG, ROW_LEN, ROW_COLUMNS };

typedef struct block_writer {
    const block *b;
    writer w;
    arena *scratch;
    key_table keys;
    lk_buf values;
    position_arena positions;
    int64_t *rows[ROW_COLUMNS];
    int64_t *deletes[DELETE_COLUMNS];
    size_t delete_len;
} block_writer;

/* ---- collecting ---- */

static bool block_collect_keys(block_writer *s) {
    const block *b = s->b;
    for (size_t i = 0; i < b->key_len; i++)
        LK_ASSERT(key_table_index(&s->keys, b->keys[i]) == i || s->keys.failed);
    return !s->keys.failed;
}

static bool block_collect_positions(block_writer *s) {
    lk_bytes *positions = arena_new(s->scratch, lk_bytes, s->b->op_len);
    if (positions == NULL) return false;
    size_t len = 0;
    for (size_t i = 0; i < s->b->op_len; i++) {
        const op *o = &s->b->ops[i];
        if (o->kind == OP_TREE && !o->as.tree->deletes) positions[len++] = o->as.tree->position;
    }
    s->positions = position_arena_make(positions, len);
    return true;
}

static bool block_collect_ops(block_writer *s) {
    size_t len = s->b->op_len;
    int64_t *all = arena_new(s->scratch, int64_t, len *(ROW_COLUMNS + DELETE_COLUMNS));
    if (all == NULL) return false;
    for (size_t i = 0; i < ROW_COLUMNS; i++, all += len) s->rows[i] = all;
    for (size_t i = 0; i < DELETE_COLUMNS; i++, all += len) s->deletes[i] = all;
    writer values = writer_new(&s->values);
    op_writer ops = {.positions = s->positions, .keys = &s->keys, .values = &values};
    for (size_t i = 0; i < DELETE_COLUMNS; i++) ops.deletes[i] = s->deletes[i];
    for (size_t i = 0; i < len; i++) {
        const op *o = &s->b->ops[i];
        op_row row = op_row_write(&ops, o);
        s->rows[ROW_CONTAINER][i] = o->container;
        s->rows[ROW_PROP][i] = row.prop;
        s->rows[ROW_TAG][i] = row.tag;
        s->rows[ROW_LEN][i] = o->len;
    }
    s->delete_len = ops.delete_len;
    return !values.failed && !s->keys.failed;
}

/* ---- sections ---- */

static void block_write_numbers(block_writer *s) {
    const change *first = &s->b->changes[0], *last = &s->b->changes[s->b->change_len - 1];
    writer_uleb(&s->w, (uint64_t)first->counter);
    writer_uleb(&s->w, (uint64_t)last->counter + last->len - (uint64_t)first->counter);
    writer_uleb(&s->w, first->lamport);
    writer_uleb(&s->w, last->lamport + last->len - first->lamport);
    writer_uleb(&s->w, s->b->change_len);
}

static bool block_own_dep(const change *c, const op_id *dep) {
    return dep->peer == 0 && dep->counter == c->counter - 1;
}

/* Peer and counter of every dependency but those on the change before; how many that are per
 * change, and whether that one is there. */
typedef struct block_deps {
    int64_t *own, *counts, *peers, *counters;
    size_t len;
} block_deps;

static bool block_collect_deps(block_writer *s, block_deps *d) {
    size_t len = 0, change_len = s->b->change_len;
    for (size_t i = 0; i < change_len; i++) len += s->b->changes[i].dep_len;
    d->own = arena_new(s->scratch, int64_t, change_len);
    d->counts = arena_new(s->scratch, int64_t, change_len);
    d->peers = arena_new(s->scratch, int64_t, len);
    d->counters = arena_new(s->scratch, int64_t, len);
    if (s->scratch->failed) return false;
    d->len = 0;
    for (size_t i = 0; i < change_len; i++) {
        const change *c = &s->b->changes[i];
        d->own[i] = d->counts[i] = 0;
        for (const op_id *dep = c->deps; dep < c->deps + c->dep_len; dep++) {
            if (block_own_dep(c, dep)) {
                d->own[i] = 1;
                continue;
            }
            LK_ASSERT(dep->peer != 0);
            d->counts[i]++;
            d->peers[d->len] = dep->peer;
            d->counters[d->len++] = dep->counter;
        }
    }
    return true;
}

static bool block_write_header(block_writer *s) {
    const block *b = s->b;
    block_deps deps;
    int64_t *lamports = arena_new(s->scratch, int64_t, b->change_len);
    if (lamports == NULL || !block_collect_deps(s, &deps)) return false;
    size_t start = writer_open(&s->w), last = b->change_len - 1;
    writer_uleb(&s->w, b->peer_len);
    for (size_t i = 0; i < b->peer_len; i++) writer_u64le(&s->w, b->peers[i]);
    for (size_t i = 0; i < last; i++) {
        LK_ASSERT((uint32_t)b->changes[i].counter + b->changes[i].len ==
                  (uint32_t)b->changes[i + 1].counter);
        writer_uleb(&s->w, b->changes[i].len);
        lamports[i] = b->changes[i].lamport;
    }
    columnar_write_bool(&s->w, deps.own, b->change_len);
    columnar_write_uint(&s->w, deps.counts, b->change_len);
    columnar_write_uint(&s->w, deps.peers, deps.len);
    columnar_write_delta_of_delta(&s->w, deps.counters, deps.len);
    columnar_write_delta_of_delta(&s->w, lamports, last);
    writer_close(&s->w, start);
    return true;
}

static bool block_write_meta(block_writer *s) {
    size_t len = s->b->change_len, start = writer_open(&s->w);
    int64_t *times = arena_new(s->scratch, int64_t, len);
    int64_t *lengths = arena_new(s->scratch, int64_t, len);
    if (times == NULL || lengths == NULL) return false;
    for (size_t i = 0; i < len; i++) {
        times[i] = s->b->changes[i].timestamp_s;
        lengths[i] = (int64_t)s->b->changes[i].message.len;
    }
    columnar_write_delta_of_delta(&s->w, times, len);
    columnar_write_uint(&s->w, lengths, len);
    for (size_t i = 0; i < len; i++)
        writer_raw(&s->w, s->b->changes[i].message.at, s->b->changes[i].message.len);
    writer_close(&s->w, start);
    return true;
}

static void block_write_cids(block_writer *s) {
    size_t start = writer_open(&s->w);
    writer_uleb(&s->w, s->b->cid_len);
    for (size_t i = 0; i < s->b->cid_len; i++) {
        const container_id *id = &s->b->cids[i];
        writer_uleb(&s->w, 4);
        writer_u8(&s->w, id->root);
        writer_u8(&s->w, id->kind);
        writer_uleb(&s->w, id->root ? 0 : id->peer);
        writer_zigzag(&s->w, id->root ? (int64_t)key_table_index(&s->keys, id->name) : id->counter);
    }
    writer_close(&s->w, start);
}

static void block_write_keys(block_writer *s) {
    size_t start = writer_open(&s->w);
    for (size_t i = 0; i < s->keys.keys.len; i++)
        writer_bytes(&s->w, s->keys.keys.at[i].at, s->keys.keys.at[i].len);
    writer_close(&s->w, start);
}

static bool block_write_positions(block_writer *s) {
    size_t start = writer_open(&s->w);
    bool ok = s->positions.len == 0 || position_arena_write(&s->w, &s->positions, s->scratch);
    writer_close(&s->w, start);
    return ok;
}

typedef void block_column_writer(writer *w, const int64_t *rows, size_t len);

static void block_write_column(writer *w, block_column_writer *write, const int64_t *rows,
                               size_t len) {
    size_t start = writer_open(w);
    write(w, rows, len);
    writer_close(w, start);
}

static void block_write_ops(block_writer *s) {
    size_t start = writer_open(&s->w), len = s->b->op_len;
    writer_uleb(&s->w, 1);
    writer_uleb(&s->w, ROW_COLUMNS);
    block_write_column(&s->w, columnar_write_delta, s->rows[ROW_CONTAINER], len);
    block_write_column(&s->w, columnar_write_delta, s->rows[ROW_PROP], len);
    block_write_column(&s->w, columnar_write_byte, s->rows[ROW_TAG], len);
    block_write_column(&s->w, columnar_write_uint, s->rows[ROW_LEN], len);
    writer_close(&s->w, start);
}

static void block_write_deletes(block_writer *s) {
    size_t start = writer_open(&s->w);
    if (s->delete_len > 0) {
        writer_uleb(&s->w, 1);
        writer_uleb(&s->w, DELETE_COLUMNS);
        for (size_t i = 0; i < DELETE_COLUMNS; i++)
            block_write_column(&s->w, columnar_write_delta, s->deletes[i], s->delete_len);
    }
    writer_close(&s->w, start);
}

static bool block_write_all(block_writer *s) {
    if (!block_collect_keys(s) || !block_collect_positions(s) || !block_collect_ops(s))
        return false;
    block_write_numbers(s);
    if (!block_write_header(s) || !block_write_meta(s)) return false;
    block_write_cids(s);
    if (s->keys.failed) return false;
    block_write_keys(s);
    if (!block_write_positions(s)) return false;
    block_write_ops(s);
    block_write_deletes(s);
    writer_bytes(&s->w, s->values.at, s->values.len);
    return !s->w.failed;
}

lk_status change_block_write(const block *b, arena *scratch, lk_buf *out) {
    LK_ASSERT(b->change_len > 0);
    lk_memory memory = arena_memory(scratch);
    block_writer s = {.b = b,
                      .w = writer_new(out),
                      .scratch = scratch,
                      .keys = {.heap = &memory},
                      .values = {.memory = out->memory}};
    size_t start = out->len;
    bool written = block_write_all(&s);
    if (!written) out->len = start;
    lk_buf_free(&s.values);
    return written ? LK_OK : LK_ENOMEM;
}
