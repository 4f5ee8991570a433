/* SPDX-License-Identifier: MIT
 * change_block_read.c - a block of history is five numbers and eight sections:
 *
 *     counter, atoms, lamport, lamport span, changes
 *     header         peers; per change: atoms, dependencies, lamport
 *     change_meta    per change: time, message
 *     cids           containers, by index into peers and keys
 *     keys           texts
 *     positions      fractional indices of trees
 *     ops            columns: container, prop, tag of the payload, atoms
 *     deletes        columns: what each delete of a sequence deletes
 *     values         the payloads, one after the other
 *
 * Each section has a reader of its own; reading stops after the section that failed first. Memory
 * is paid for by bytes, except for the ops, which LIMIT_BLOCK_OPS bounds. */
#include "base/limits.h"
#include "base/sort.h"
#include "base/utf8.h"
#include "codec/change_block.h"
#include "codec/op_row.h"

enum {
    SECTION_HEADER,
    SECTION_META,
    SECTION_CIDS,
    SECTION_KEYS,
    SECTION_POSITIONS,
    SECTION_OPS,
    SECTION_DELETES,
    SECTION_VALUES,
    SECTIONS,
};

typedef struct block_numbers {
    uint32_t counter, len, lamport, lamport_len;
    size_t change_len;
} block_numbers;

typedef struct block_reader {
    arena *scratch;
    block *out;
    size_t bytes_len;
    block_numbers n;
    reader section[SECTIONS];
    change *changes;
    position_arena positions;
} block_reader;

static block_numbers block_read_numbers(reader *r) {
    block_numbers n = {0};
    n.counter = (uint32_t)reader_uleb(r, LIMIT_COUNTER);
    n.len = (uint32_t)reader_uleb(r, LIMIT_COUNTER - n.counter);
    n.lamport = (uint32_t)reader_uleb(r, LIMIT_COUNTER);
    n.lamport_len = (uint32_t)reader_uleb(r, LIMIT_COUNTER - n.lamport);
    /* Every change but the last costs a byte of the header. */
    n.change_len = (size_t)reader_uleb(r, reader_left(r));
    if (reader_ok(r) && n.change_len == 0) reader_fail(r, LK_ECORRUPT, "block holds no change");
    return n;
}

/* ---- header ---- */

static int block_peer_order(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool block_read_peers(block_reader *b, reader *r) {
    size_t len = (size_t)reader_uleb(r, reader_left(r) / 8);
    uint64_t *peers = reader_need(r, arena_new(b->scratch, uint64_t, len));
    uint64_t *sorted = reader_need(r, arena_new(b->scratch, uint64_t, len));
    if (!reader_ok(r)) return false;
    for (size_t i = 0; i < len; i++) sorted[i] = peers[i] = reader_u64le(r);
    if (len == 0)
        reader_fail(r, LK_ECORRUPT, "block has no peer");
    else if (peers[0] == UINT64_MAX)
        reader_fail(r, LK_ECORRUPT, "peer is reserved");
    sort_items(sorted, len, sizeof *sorted, block_peer_order);
    for (size_t i = 1; i < len; i++)
        if (sorted[i] == sorted[i - 1]) reader_fail(r, LK_ECORRUPT, "peer appears twice");
    b->out->peers = peers;
    b->out->peer_len = len;
    return reader_ok(r);
}

/* Counters and lengths: the last change takes what is left. */
static bool block_read_lengths(block_reader *b, reader *r) {
    uint32_t left = b->n.len, counter = b->n.counter;
    for (size_t i = 0; i < b->n.change_len; i++) {
        bool last = i + 1 == b->n.change_len;
        uint32_t len = last ? left : (uint32_t)reader_uleb(r, left);
        if (len == 0) reader_fail(r, LK_ECORRUPT, "change is empty");
        b->changes[i] = (change){.counter = (int32_t)counter, .len = len};
        left -= len;
        counter += len;
    }
    return reader_ok(r);
}

/* Which changes name their own previous op, and how many others; how many others in all. */
static size_t block_read_dep_counts(block_reader *b, reader *r, bool *own) {
    column owns = column_new(r), counts = column_new(r);
    uint64_t total = 0; /* wider than 32 bits, so that it cannot wrap */
    for (size_t i = 0; i < b->n.change_len; i++) {
        own[i] = column_bool(&owns);
        if (own[i] && b->changes[i].counter == 0)
            reader_fail(r, LK_ECORRUPT, "first change builds on one before");
    }
    column_finish(&owns);
    for (size_t i = 0; i < b->n.change_len; i++) {
        total += b->changes[i].dep_len = column_uint(&counts, UINT32_MAX - 1);
        /* A dependency costs a bit of its column or more. */
        if (total / 8 <= b->bytes_len && total <= LIMIT_COUNTER) continue;
        reader_fail(r, LK_ECORRUPT, "more dependencies than bytes");
        return 0;
    }
    column_finish(&counts);
    return (size_t)total;
}

/* Those of change `c`: its own previous op if `own`, then the next c->dep_len of the columns. A
 * peer may be named once: `seen` holds for each the last change that did, plus one. */
static void block_fill_deps(block_reader *b, reader *r, change *c, bool own, op_id *deps,
                            const int64_t *counters, size_t *seen) {
    c->deps = deps;
    for (size_t i = 0; i < c->dep_len; i++) {
        op_id *dep = &deps[i + own];
        dep->counter = (int32_t)counters[i];
        if (counters[i] < 0 || counters[i] > LIMIT_COUNTER)
            reader_fail(r, LK_ECORRUPT, "counter is out of range");
        size_t mark = (size_t)(c - b->changes) + 1;
        if (dep->peer == 0 || seen[dep->peer] == mark)
            reader_fail(r, LK_ECORRUPT, "dependency names its peer twice");
        seen[dep->peer] = mark;
    }
    if (!own) return;
    deps[0] = (op_id){.peer = 0, .counter = c->counter - 1};
    c->dep_len++;
}

static bool block_read_deps(block_reader *b, reader *r) {
    bool *own = reader_need(r, arena_new(b->scratch, bool, b->n.change_len));
    if (own == NULL) return false;
    size_t len = block_read_dep_counts(b, r, own);
    op_id *deps = reader_need(r, arena_new(b->scratch, op_id, len + b->n.change_len));
    int64_t *counters = reader_need(r, arena_new(b->scratch, int64_t, len));
    size_t *seen = reader_need(r, arena_new(b->scratch, size_t, b->out->peer_len));
    if (!reader_ok(r)) return false;
    column peers = column_new(r);
    op_id *at = deps;
    for (size_t i = 0; i < b->n.change_len; i++, at++)
        for (size_t d = 0; d < b->changes[i].dep_len; d++, at++)
            at[own[i]].peer = column_uint(&peers, (uint32_t)b->out->peer_len - 1);
    column_finish(&peers);
    column_delta_of_delta(r, counters, len);
    for (size_t i = 0; i < b->out->peer_len; i++) seen[i] = 0;
    at = deps;
    for (size_t i = 0; i < b->n.change_len && reader_ok(r); i++) {
        size_t named = b->changes[i].dep_len;
        block_fill_deps(b, r, &b->changes[i], own[i], at, counters, seen);
        at += named + 1;
        counters += named;
    }
    return reader_ok(r);
}

/* A change comes after the one before it; the last ends where the block does. */
static bool block_read_lamports(block_reader *b, reader *r) {
    size_t last = b->n.change_len - 1;
    int64_t *lamports = reader_need(r, arena_new(b->scratch, int64_t, b->n.change_len));
    if (lamports == NULL) return false;
    column_delta_of_delta(r, lamports, last);
    int64_t end = (int64_t)b->n.lamport + b->n.lamport_len, at = b->n.lamport;
    lamports[last] = end - b->changes[last].len;
    if (lamports[0] != at) reader_fail(r, LK_ECORRUPT, "Lamport time is out of order");
    for (size_t i = 0; i <= last && reader_ok(r); i++) {
        if (lamports[i] < at || lamports[i] > end - b->changes[i].len)
            reader_fail(r, LK_ECORRUPT, "Lamport time is out of order");
        b->changes[i].lamport = (uint32_t)lamports[i];
        at = lamports[i] + b->changes[i].len;
    }
    reader_finish(r, "bytes follow the header of a block");
    return reader_ok(r);
}

static bool block_read_header(block_reader *b) {
    reader *r = &b->section[SECTION_HEADER];
    b->changes = reader_need(r, arena_new(b->scratch, change, b->n.change_len));
    if (b->changes == NULL) return false;
    b->out->changes = b->changes;
    b->out->change_len = b->n.change_len;
    return block_read_peers(b, r) && block_read_lengths(b, r) && block_read_deps(b, r) &&
           block_read_lamports(b, r);
}

/* ---- the other tables ---- */

static bool block_read_meta(block_reader *b) {
    reader *r = &b->section[SECTION_META];
    int64_t *times = reader_need(r, arena_new(b->scratch, int64_t, b->n.change_len));
    if (times == NULL) return false;
    column_delta_of_delta(r, times, b->n.change_len);
    column lengths = column_new(r);
    uint64_t most = reader_left(r), total = 0;
    for (size_t i = 0; i < b->n.change_len; i++) {
        b->changes[i].timestamp_s = times[i];
        b->changes[i].message.len = column_uint(&lengths, UINT32_MAX);
        total += b->changes[i].message.len;
        if (total > most) reader_fail(r, LK_ECORRUPT, "messages are longer than the bytes");
    }
    column_finish(&lengths);
    for (size_t i = 0; i < b->n.change_len; i++) {
        lk_bytes text = reader_take(r, b->changes[i].message.len);
        if (!utf8_valid(text.at, text.len)) reader_fail(r, LK_ECORRUPT, "text is not UTF-8");
        b->changes[i].message.at = (const char *)text.at;
    }
    reader_finish(r, "bytes follow the messages");
    return reader_ok(r);
}

/* Is one of them there twice? */
static bool block_keys_repeat(block_reader *b, const lk_str *keys, size_t len) {
    lk_memory memory = arena_memory(b->scratch);
    key_table seen = {.heap = &memory};
    size_t i = 0;
    seen.failed = !vec_reserve(&memory, &seen.keys, len) ||
                  !table_reserve(&seen.index, &memory, (uint32_t)len);
    while (i < len && !seen.failed && key_table_index(&seen, keys[i]) == i) i++;
    if (seen.failed) reader_fail(&b->section[SECTION_KEYS], LK_ENOMEM, "out of memory");
    return i < len && !seen.failed;
}

static bool block_read_keys(block_reader *b) {
    reader *r = &b->section[SECTION_KEYS], count = *r;
    size_t len = 0;
    for (; reader_left(&count) > 0; len++) reader_bytes(&count);
    lk_str *keys = reader_need(r, arena_new(b->scratch, lk_str, len));
    if (!reader_ok(r)) return false;
    bool rising = true;
    for (size_t i = 0; i < len; i++) {
        keys[i] = reader_str(r);
        rising = rising && (i == 0 || sort_str(keys[i - 1], keys[i]) < 0);
    }
    if (!rising && block_keys_repeat(b, keys, len))
        reader_fail(r, LK_ECORRUPT, "key appears twice in the table");
    b->out->keys = keys;
    b->out->key_len = len;
    return reader_ok(r);
}

/* As Loro, take any number of fields that is enough, and do not look at the peer of a root. */
static container_id block_read_cid(block_reader *b, reader *r) {
    if (reader_uleb(r, UINT64_MAX) < 4) reader_fail(r, LK_ECORRUPT, "number of columns is wrong");
    container_id id = {.root = reader_uleb(r, 1) == 1};
    id.kind = reader_u8(r);
    if (id.kind > 127) reader_fail(r, LK_ECORRUPT, "container kind is out of range");
    uint64_t peer = reader_uleb(r, UINT64_MAX);
    int64_t number = reader_zigzag(r);
    if (!id.root && peer >= b->out->peer_len)
        reader_fail(r, LK_ECORRUPT, "peer is not in the table");
    if (number < 0 || number > LIMIT_COUNTER)
        reader_fail(r, LK_ECORRUPT, "counter is out of range");
    if (id.root && (uint64_t)number >= b->out->key_len)
        reader_fail(r, LK_ECORRUPT, "key is not in the table");
    if (!reader_ok(r)) return id;
    if (id.root)
        id.name = b->out->keys[number];
    else
        id.counter = (int32_t)number;
    id.peer = id.root ? 0 : (peer_ix)peer;
    return id;
}

static bool block_read_cids(block_reader *b) {
    reader *r = &b->section[SECTION_CIDS];
    size_t len = (size_t)reader_uleb(r, reader_left(r) / 5); /* each costs 5 bytes or more */
    container_id *cids = reader_need(r, arena_new(b->scratch, container_id, len));
    if (!reader_ok(r)) return false;
    for (size_t i = 0; i < len; i++) cids[i] = block_read_cid(b, r);
    reader_finish(r, "bytes follow the containers");
    b->out->cids = cids;
    b->out->cid_len = len;
    return reader_ok(r);
}

static bool block_read_positions(block_reader *b) {
    reader *r = &b->section[SECTION_POSITIONS];
    if (reader_left(r) == 0) return true;
    b->positions = position_arena_read(r, b->scratch);
    b->out->positions = b->positions.at;
    b->out->position_len = b->positions.len;
    b->out->position_bytes = b->positions.bytes;
    reader_finish(r, "bytes follow the positions");
    return reader_ok(r);
}

/* ---- ops ---- */

/* The columns of a vector, each with its own reader. */
#define BLOCK_COLUMNS 4
typedef struct block_columns {
    reader bytes[BLOCK_COLUMNS];
    column at[BLOCK_COLUMNS];
    size_t len;
} block_columns;

static void block_open_columns(reader *r, block_columns *c, size_t len) {
    c->len = len;
    columnar_expect(r, 1);
    columnar_expect(r, len);
    for (size_t i = 0; i < len; i++) {
        c->bytes[i] = columnar_column(r);
        c->at[i] = column_new(&c->bytes[i]);
    }
    reader_finish(r, "bytes follow the columns");
}

/* The failures of the columns are the section's. */
static bool block_adopt_columns(reader *r, block_columns *c) {
    for (size_t i = 0; i < c->len; i++) reader_adopt(r, &c->bytes[i]);
    return reader_ok(r);
}

/* The bytes of all columns must have ended, and their runs of several values. */
static bool block_close_columns(reader *r, block_columns *c) {
    for (size_t i = 0; i < c->len; i++) {
        if (c->at[i].literal) column_finish(&c->at[i]);
        reader_finish(&c->bytes[i], "column has too many rows");
    }
    return block_adopt_columns(r, c);
}

static bool block_columns_ok(const block_columns *c) {
    for (size_t i = 0; i < c->len; i++)
        if (!reader_ok(&c->bytes[i])) return false;
    return true;
}

enum { OPS_CONTAINER, OPS_PROP, OPS_TAG, OPS_LEN, OPS_COLUMNS };

typedef VEC(op) op_vec;

/* Room for another op: more than the bytes pay for are a bomb. */
static op *block_next_op(block_reader *b, op_vec *ops, reader *r) {
    if (ops->len >= LIMIT_BLOCK_OPS + b->bytes_len) {
        reader_fail(r, LK_ELIMIT, "block has too many operations");
        return NULL;
    }
    op *o = reader_need(r, arena_vec_push(b->scratch, ops));
    if (o != NULL) *o = (op){0};
    return o;
}

/* Read row after row; op lengths must partition the changes. As in Loro, a run may claim rows
 * beyond the last. */
static void block_read_rows(block_reader *b, block_columns *c, op_reader *s, op_vec *ops) {
    change *now = b->changes, *end = b->changes + b->n.change_len;
    uint32_t left = now->len;
    while (now < end && column_more(&c->at[OPS_CONTAINER]) && reader_ok(s->values) &&
           block_columns_ok(c)) {
        op *o = block_next_op(b, ops, s->values);
        if (o == NULL) return;
        int64_t most = (int64_t)b->out->cid_len - 1;
        o->container = (uint32_t)column_delta(&c->at[OPS_CONTAINER], 0, most);
        op_row row = {(int32_t)column_delta(&c->at[OPS_PROP], INT32_MIN, INT32_MAX),
                      column_byte(&c->at[OPS_TAG])};
        o->len = column_uint(&c->at[OPS_LEN], INT32_MAX);
        if (!block_columns_ok(c)) return;
        if (o->len == 0 || o->len > left) {
            reader_fail(&c->bytes[OPS_LEN], LK_ECORRUPT, "operation crosses its change");
            return;
        }
        if (left == now->len) now->op_start = (uint32_t)(ops->len - 1);
        o->counter = now->counter + (int32_t)(now->len - left);
        now->op_len++;
        left -= o->len;
        op_row_read(s, row, o);
        if (left == 0 && ++now < end) left = now->len;
    }
    if (now < end && reader_ok(s->values) && block_columns_ok(c))
        reader_fail(&c->bytes[OPS_LEN], LK_ECORRUPT, "operations are missing");
}

static bool block_read_ops(block_reader *b) {
    reader *r = &b->section[SECTION_OPS], *deleted = &b->section[SECTION_DELETES];
    block_columns rows, deletes = {0};
    block_open_columns(r, &rows, OPS_COLUMNS);
    if (reader_left(deleted) > 0) block_open_columns(deleted, &deletes, DELETE_COLUMNS);
    op_reader s = {.tables = b->out,
                   .positions = b->positions,
                   .scratch = b->scratch,
                   .values = &b->section[SECTION_VALUES]};
    for (size_t i = 0; i < DELETE_COLUMNS; i++)
        s.deletes[i] = deletes.len > 0 ? deletes.at[i] : column_new(deleted);
    op_vec ops = {0};
    if (reader_ok(r) && reader_ok(deleted)) block_read_rows(b, &rows, &s, &ops);
    for (size_t i = 0; i < deletes.len; i++) deletes.at[i] = s.deletes[i];
    b->out->ops = ops.at;
    b->out->op_len = ops.len;
    if (!block_adopt_columns(r, &rows) || !block_adopt_columns(deleted, &deletes) ||
        !reader_ok(s.values))
        return false;
    reader_finish(s.values, "bytes follow the last value");
    return block_close_columns(r, &rows) && block_close_columns(deleted, &deletes);
}

static lk_status block_fault(const block_reader *b, const reader *whole, lk_fault *fault) {
    *fault = whole->fault;
    for (size_t i = 0; i < SECTIONS && fault->code == LK_OK; i++) *fault = b->section[i].fault;
    return fault->code;
}

/* Take the block apart into its sections. */
static reader block_open(block_reader *b, lk_bytes bytes, size_t base_offset) {
    reader r = reader_new(bytes);
    r.base = base_offset;
    b->bytes_len = bytes.len;
    *b->out = (block){0};
    b->n = block_read_numbers(&r);
    for (size_t i = 0; i < SECTIONS; i++)
        b->section[i] = reader_sub(&r, (size_t)reader_uleb(&r, reader_left(&r)));
    reader_finish(&r, "bytes follow the block");
    return r;
}

lk_status change_block_read(lk_bytes bytes, size_t base_offset, arena *scratch, block *out,
                            lk_fault *fault) {
    block_reader b = {.scratch = scratch, .out = out};
    reader r = block_open(&b, bytes, base_offset);
    if (reader_ok(&r))
        (void)(block_read_header(&b) && block_read_meta(&b) && block_read_keys(&b) &&
               block_read_cids(&b) && block_read_positions(&b) && block_read_ops(&b));
    return block_fault(&b, &r, fault);
}

lk_status change_block_read_changes(lk_bytes bytes, size_t base_offset, arena *scratch, block *out,
                                    lk_fault *fault) {
    block_reader b = {.scratch = scratch, .out = out};
    reader r = block_open(&b, bytes, base_offset);
    if (reader_ok(&r)) (void)(block_read_header(&b) && block_read_meta(&b));
    return block_fault(&b, &r, fault);
}

lk_status change_block_read_meta(lk_bytes bytes, size_t base_offset, change_block_meta *out,
                                 lk_fault *fault) {
    reader r = reader_new(bytes);
    r.base = base_offset;
    block_numbers n = block_read_numbers(&r);
    reader header = reader_sub(&r, (size_t)reader_uleb(&r, reader_left(&r)));
    uint64_t peer_len = reader_uleb(&header, UINT64_MAX);
    uint64_t peer = reader_u64le(&header);
    if (reader_ok(&header) && peer_len == 0) reader_fail(&header, LK_ECORRUPT, "block has no peer");
    reader_adopt(&r, &header);
    *out = (change_block_meta){.peer = peer,
                               .counter = (int32_t)n.counter,
                               .len = n.len,
                               .lamport = n.lamport,
                               .lamport_end = n.lamport + n.lamport_len,
                               .change_len = (uint32_t)n.change_len};
    *fault = r.fault;
    return fault->code;
}
