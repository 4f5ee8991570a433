/* SPDX-License-Identifier: MIT
 * split.c - a blob in pieces that are imported one after the other:
 *
 *     blob ─► blocks ─► each behind all that it builds on ─► updates of a few blocks each
 *
 * A block is put out when the block before it of its peer and all those that its changes build on
 * are; the newest one is asked for first. So the order is depth first: what was written on a branch
 * comes in one go, and the merge does not jump between branches. Peers who wrote at the same time
 * may have blocks that each build on the other: one of them goes first all the same, and what it
 * lacks of its past it waits for inside the document, as any change does.
 *
 * Of operations nothing is read here: that is lk_blob_check()'s, piece by piece. */
#include "base/sort.h"
#include "codec/change_block.h"
#include "codec/envelope.h"
#include "codec/snapshot_blob.h"
#include "doc/doc.h"

#define SPLIT_NONE SIZE_MAX

typedef struct split_block {
    lk_bytes bytes;
    uint64_t peer;
    int32_t counter;
    uint32_t lamport;    /* of its last change */
    size_t dep, dep_end; /* those not asked for yet, of splitter.deps */
    bool before;         /* the block before it was asked for */
    bool asked;          /* it was: it is put out, or somebody waits for it: */
    size_t waits;        /* for it, the block that asked; or SPLIT_NONE */
} split_block;

typedef struct split_turn {
    uint32_t lamport;
    size_t block;
} split_turn;

typedef struct splitter {
    const lk_memory *heap;
    arena scratch;
    bool check;              /* read the operations, too */
    VEC(split_block) blocks; /* by peer and counter */
    VEC(lk_id) deps;
    lk_bytes state; /* of a snapshot */
    bool shallow;
    lk_fault *fault;
} splitter;

/* ---- reading ---- */

static lk_status split_add(splitter *s, lk_bytes bytes, const block *b) {
    split_block *x = vec_push(s->heap, &s->blocks);
    if (x == NULL) return LK_ENOMEM;
    const change *last = &b->changes[b->change_len - 1];
    *x = (split_block){.bytes = bytes, .peer = b->peers[0], .counter = b->changes[0].counter};
    x->lamport = last->lamport;
    x->dep = s->deps.len;
    for (const change *c = b->changes; c <= last; c++) {
        for (const op_id *dep = c->deps; dep < c->deps + c->dep_len; dep++) {
            if (dep->peer == 0) continue;
            lk_id *id = vec_push(s->heap, &s->deps);
            if (id == NULL) return LK_ENOMEM;
            *id = (lk_id){b->peers[dep->peer], dep->counter};
        }
    }
    x->dep_end = s->deps.len;
    return LK_OK;
}

static lk_status split_read_block(splitter *s, lk_bytes bytes, size_t offset) {
    block b;
    arena_mark mark = arena_save(&s->scratch);
    lk_status status = s->check
                           ? change_block_read(bytes, offset, &s->scratch, &b, s->fault)
                           : change_block_read_changes(bytes, offset, &s->scratch, &b, s->fault);
    if (status == LK_OK && !s->check) status = split_add(s, bytes, &b);
    arena_rewind(&s->scratch, mark);
    return status;
}

static lk_status split_read_updates(splitter *s, reader *body) {
    lk_bytes bytes;
    size_t offset;
    while (envelope_next_block(body, &bytes, &offset)) {
        lk_status status = split_read_block(s, bytes, offset);
        if (status != LK_OK) return status;
    }
    if (!reader_ok(body)) *s->fault = body->fault;
    return body->fault.code;
}

static lk_status split_read_snapshot(splitter *s, reader *body) {
    envelope_sections sections;
    snapshot_history history = {0};
    sstable states;
    lk_status status = envelope_read_sections(body, &sections, s->fault);
    if (status == LK_OK && s->check)
        status = snapshot_read_states(&sections, &s->scratch, &states, s->fault);
    if (status == LK_OK)
        status = snapshot_read_history(&sections.history, &s->scratch, &history, s->fault);
    for (size_t i = 0; i < history.block_len && status == LK_OK; i++)
        status = split_read_block(s, history.blocks[i].bytes, history.blocks[i].offset);
    s->state = sections.state.bytes;
    s->shallow = history.shallow;
    return status;
}

static lk_status split_read(splitter *s, lk_bytes blob) {
    envelope_mode mode;
    reader body;
    *s->fault = (lk_fault){0};
    lk_status status = envelope_open(blob, &mode, &body, s->fault);
    if (status != LK_OK) return status;
    return mode == ENVELOPE_SNAPSHOT ? split_read_snapshot(s, &body) : split_read_updates(s, &body);
}

/* ---- order ---- */

static int split_order(const void *a, const void *b) {
    const split_block *x = a, *y = b;
    if (x->peer != y->peer) return x->peer < y->peer ? -1 : 1;
    return x->counter < y->counter ? -1 : x->counter > y->counter;
}

static int split_turn_order(const void *a, const void *b) {
    const split_turn *x = a, *y = b;
    if (x->lamport != y->lamport) return x->lamport > y->lamport ? -1 : 1;
    return x->block < y->block ? -1 : x->block > y->block;
}

/* The last block that begins at that operation of its peer or before; SPLIT_NONE. */
static size_t split_find(const splitter *s, lk_id id) {
    size_t low = 0, high = s->blocks.len;
    split_block key = {.peer = id.peer, .counter = id.counter};
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (split_order(&s->blocks.at[middle], &key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && s->blocks.at[low - 1].peer == id.peer ? low - 1 : SPLIT_NONE;
}

/* A block that has to come before this one, and that nobody asked for yet; SPLIT_NONE. */
static size_t split_missing(splitter *s, size_t at) {
    split_block *x = &s->blocks.at[at];
    bool first = at == 0 || x[-1].peer != x->peer;
    if (!x->before) {
        x->before = true;
        if (!first && !x[-1].asked) return at - 1;
    }
    while (x->dep < x->dep_end) {
        size_t found = split_find(s, s->deps.at[x->dep++]);
        if (found != SPLIT_NONE && !s->blocks.at[found].asked) return found;
    }
    return SPLIT_NONE;
}

/* Put out a block behind what it builds on: write their numbers from order[len] on; the new len. */
static size_t split_put(splitter *s, size_t at, size_t *order, size_t len) {
    split_block *blocks = s->blocks.at;
    blocks[at].waits = SPLIT_NONE;
    while (at != SPLIT_NONE) {
        blocks[at].asked = true;
        size_t missing = split_missing(s, at);
        if (missing != SPLIT_NONE) {
            blocks[missing].waits = at;
            at = missing;
            continue;
        }
        order[len++] = at;
        at = blocks[at].waits;
    }
    return len;
}

/* All blocks in the order in which they are put out; NULL when memory is out. */
static const size_t *split_line_up(splitter *s) {
    size_t len = s->blocks.len, put = 0;
    size_t *order = arena_new(&s->scratch, size_t, len);
    split_turn *turns = arena_new(&s->scratch, split_turn, len);
    if (order == NULL || turns == NULL) return NULL;
    sort_items(s->blocks.at, len, sizeof *s->blocks.at, split_order);
    for (size_t i = 0; i < len; i++) turns[i] = (split_turn){s->blocks.at[i].lamport, i};
    sort_items(turns, len, sizeof *turns, split_turn_order);
    for (size_t i = 0; i < len; i++)
        if (!s->blocks.at[turns[i].block].asked) put = split_put(s, turns[i].block, order, put);
    return order;
}

/* ---- writing ---- */

/* Begin a piece behind room for its length. */
static void split_begin(writer *w, envelope_mode mode, size_t *start) {
    writer_u32le(w, 0);
    envelope_begin(w, mode, start);
}

static void split_end(writer *w, size_t start) {
    envelope_finish(w, start);
    if (w->failed) return;
    size_t len = w->out->len - start;
    for (unsigned i = 0; i < 4; i++) w->out->at[start - 4 + i] = (uint8_t)(len >> (8 * i));
}

/* A snapshot without history: it makes the root containers that nothing ever happened to. */
static void split_write_state(const splitter *s, writer *w) {
    size_t start;
    if (s->state.len == 0) return;
    split_begin(w, ENVELOPE_SNAPSHOT, &start);
    writer_u32le(w, 0);
    writer_u32le(w, (uint32_t)s->state.len);
    writer_raw(w, s->state.at, s->state.len);
    writer_u32le(w, 0);
    split_end(w, start);
}

static lk_status split_write(splitter *s, size_t piece_len, writer *w) {
    const size_t *order = split_line_up(s);
    if (order == NULL) return LK_ENOMEM;
    split_write_state(s, w);
    for (size_t i = 0; i < s->blocks.len && !w->failed;) {
        size_t start;
        split_begin(w, ENVELOPE_UPDATES, &start);
        do envelope_add_block(w, s->blocks.at[order[i++]].bytes);
        while (i < s->blocks.len && w->out->len - start < piece_len && !w->failed);
        split_end(w, start);
    }
    return w->failed ? LK_ENOMEM : LK_OK;
}

/* ---- */

static void split_init(splitter *s, const lk_memory *heap, lk_fault *fault) {
    *s = (splitter){.heap = heap == NULL ? &mem_default : heap, .fault = fault};
    arena_init(&s->scratch, s->heap);
}

static lk_status split_drop(splitter *s, lk_status status) {
    vec_drop(s->heap, &s->blocks);
    vec_drop(s->heap, &s->deps);
    arena_drop(&s->scratch);
    s->fault->code = status;
    if (s->fault->what == NULL) s->fault->what = lk_status_text(status);
    return status;
}

lk_status lk_blob_split(lk_bytes blob, size_t piece_len, lk_buf *out, lk_fault *fault_or_null) {
    lk_fault unwanted;
    splitter s;
    split_init(&s, out->memory, fault_or_null == NULL ? &unwanted : fault_or_null);
    writer w = writer_new(out);
    size_t before = out->len;
    lk_status status = split_read(&s, blob);
    if (status == LK_OK && s.shallow) {
        writer_u32le(&w, (uint32_t)blob.len);
        writer_raw(&w, blob.at, blob.len);
        status = w.failed ? LK_ENOMEM : LK_OK;
    } else if (status == LK_OK) {
        status = split_write(&s, piece_len, &w);
    }
    if (status != LK_OK) out->len = before;
    return split_drop(&s, status);
}

lk_status lk_blob_check(lk_bytes blob, const lk_memory *memory_or_null, lk_fault *fault_or_null) {
    lk_fault unwanted;
    splitter s;
    split_init(&s, memory_or_null, fault_or_null == NULL ? &unwanted : fault_or_null);
    s.check = true;
    return split_drop(&s, split_read(&s, blob));
}
