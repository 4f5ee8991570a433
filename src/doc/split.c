/* SPDX-License-Identifier: MIT
 * split.c - a blob in pieces that are imported one after the other:
 *
 *     blob ─► blocks ─► each behind all that it builds on ─► updates of a few blocks each
 *
 * A block is put out when the one before it of its peer is, and all those that its changes build
 * on; what that makes ready goes next. So the order is depth first, as that of import.c: what was
 * written on a branch comes in one go, and the merge does not jump between branches. Peers who
 * wrote at the same time may have blocks that each build on the other. The oldest block that is
 * left goes then: its first change has its past, and what it lacks it waits for inside the
 * document, as any change does.
 *
 * Of operations nothing is read here: that is lk_blob_check()'s, piece by piece. */
#include "base/sort.h"
#include "codec/change_block.h"
#include "codec/envelope.h"
#include "codec/snapshot_blob.h"
#include "doc/doc.h"

typedef struct split_block {
    lk_bytes bytes;
    uint64_t peer;
    int32_t counter;
    uint32_t lamport;    /* of its first change */
    size_t dep, dep_end; /* of splitter.deps */
    size_t needs;        /* what it builds on and is not put out yet, some of it counted twice */
    bool put;            /* out */
} split_block;

typedef struct split_edge { /* `who` builds on `on` */
    size_t on, who;
} split_edge;

typedef struct splitter {
    const lk_memory *heap;
    arena scratch;
    bool check;              /* read the operations, too */
    VEC(split_block) blocks; /* by peer and counter */
    VEC(lk_id) deps;
    VEC(split_edge) edges; /* by `on` */
    VEC(size_t) ready;
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
    x->lamport = b->changes[0].lamport;
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

/* By the block that is built on; who builds on it backwards, since the last one goes first. */
static int split_edge_order(const void *a, const void *b) {
    const split_edge *x = a, *y = b;
    if (x->on != y->on) return x->on < y->on ? -1 : 1;
    return x->who > y->who ? -1 : x->who < y->who;
}

/* The blocks by age: the oldest first. */
static int split_age_order(const void *a, const void *b) {
    const split_block *x = *(const split_block *const *)a, *y = *(const split_block *const *)b;
    if (x->lamport != y->lamport) return x->lamport < y->lamport ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* The last block that begins at that operation of its peer or before; how many there are if none
 * does. */
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
    return low > 0 && s->blocks.at[low - 1].peer == id.peer ? low - 1 : s->blocks.len;
}

/* Does the block behind this one continue its peer? */
static bool split_goes_on(const splitter *s, size_t at) {
    return at + 1 < s->blocks.len && s->blocks.at[at + 1].peer == s->blocks.at[at].peer;
}

static bool split_link(splitter *s) {
    for (size_t i = 0; i < s->blocks.len; i++) {
        split_block *x = &s->blocks.at[i];
        x->needs += i > 0 && split_goes_on(s, i - 1);
        for (; x->dep < x->dep_end; x->dep++) {
            size_t on = split_find(s, s->deps.at[x->dep]);
            if (on == s->blocks.len) continue;
            split_edge *edge = vec_push(s->heap, &s->edges);
            if (edge == NULL) return false;
            *edge = (split_edge){on, i};
            x->needs++;
        }
    }
    sort_items(s->edges.at, s->edges.len, sizeof *s->edges.at, split_edge_order);
    return true;
}

/* A block has one need less. */
static bool split_meet(splitter *s, size_t at) {
    if (--s->blocks.at[at].needs > 0) return true;
    size_t *ready = vec_push(s->heap, &s->ready);
    if (ready != NULL) *ready = at;
    return ready != NULL;
}

/* A block is put out. Of what becomes ready its peer's next block goes last. */
static bool split_put(splitter *s, size_t at) {
    size_t low = 0, high = s->edges.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->edges.at[middle].on < at)
            low = middle + 1;
        else
            high = middle;
    }
    s->blocks.at[at].put = true;
    if (split_goes_on(s, at) && !split_meet(s, at + 1)) return false;
    for (; low < s->edges.len && s->edges.at[low].on == at; low++)
        if (!split_meet(s, s->edges.at[low].who)) return false;
    return true;
}

/* All blocks in the order in which they are put out; NULL when memory is out. */
static const split_block **split_line_up(splitter *s) {
    size_t len = s->blocks.len, put = 0;
    const split_block **order = arena_new(&s->scratch, const split_block *, len);
    const split_block **aged = arena_new(&s->scratch, const split_block *, len);
    if (order == NULL || aged == NULL) return NULL;
    sort_items(s->blocks.at, len, sizeof *s->blocks.at, split_order);
    if (!split_link(s)) return NULL;
    for (size_t i = 0; i < len; i++) aged[i] = &s->blocks.at[i];
    sort_items(aged, len, sizeof *aged, split_age_order);
    for (size_t i = 0; i < len; i++) {
        size_t at = (size_t)(aged[i] - s->blocks.at);
        for (;; at = s->ready.at[--s->ready.len]) {
            if (!s->blocks.at[at].put) {
                order[put++] = &s->blocks.at[at];
                if (!split_put(s, at)) return NULL;
            }
            if (s->ready.len == 0) break;
        }
    }
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
    const split_block **order = split_line_up(s);
    if (order == NULL) return LK_ENOMEM;
    split_write_state(s, w);
    for (size_t i = 0; i < s->blocks.len && !w->failed;) {
        size_t start;
        split_begin(w, ENVELOPE_UPDATES, &start);
        do envelope_add_block(w, order[i++]->bytes);
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
    vec_drop(s->heap, &s->edges);
    vec_drop(s->heap, &s->ready);
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
