/* SPDX-License-Identifier: MIT
 * oplog.c - growing and walking the history. */
#include "oplog/oplog.h"

#include "base/limits.h"
#include "base/str.h"
#include "oplog/mergeable.h"
#include "oplog/past.h"

void oplog_init(oplog *log, const lk_memory *heap) {
    *log = (oplog){.heap = heap};
    arena_init(&log->log, heap);
    arena_init(&log->texts, heap);
    intern_init(&log->names, heap, &log->log);
    dag_init(&log->graph, heap);
}

void oplog_drop(oplog *log) {
    intern_drop(&log->names);
    dag_drop(&log->graph);
    vec_drop(log->heap, &log->changes);
    vec_drop(log->heap, &log->ops);
    vec_drop(log->heap, &log->pieces);
    vec_drop(log->heap, &log->registers);
    arena_drop(&log->log);
    arena_drop(&log->texts);
}

bool oplog_save(const oplog *log, arena *scratch, oplog_mark *out) {
    *out = (oplog_mark){.names = intern_save(&log->names),
                        .graph = dag_save(&log->graph),
                        .log = arena_save(&log->log),
                        .texts = arena_save(&log->texts),
                        .changes = log->changes.len,
                        .ops = log->ops.len,
                        .head_len = log->graph.heads.len};
    if (log->changes.len > 0) out->last_change = log->changes.at[log->changes.len - 1];
    if (log->ops.len > 0) out->last_op = log->ops.at[log->ops.len - 1];
    out->heads = arena_new(scratch, lv, out->head_len);
    if (out->heads == NULL) return false;
    for (size_t i = 0; i < out->head_len; i++) out->heads[i] = log->graph.heads.at[i];
    return true;
}

void oplog_rewind(oplog *log, const oplog_mark *mark) {
    intern_rewind(&log->names, mark->names);
    dag_rewind(&log->graph, mark->graph, mark->heads, mark->head_len);
    log->changes.len = mark->changes;
    log->ops.len = mark->ops;
    if (mark->changes > 0) log->changes.at[mark->changes - 1] = mark->last_change;
    if (mark->ops > 0) log->ops.at[mark->ops - 1] = mark->last_op;
    arena_rewind(&log->log, mark->log);
    arena_rewind(&log->texts, mark->texts);
    log->values_end = NULL;
    log->onward.end = 0;
    if (log->graph.end > 0) return;
    log->pieces.len = log->registers.len = 0;
    log->root = (lk_bytes){0};
}

/* ---- copies into the log ---- */

const uint8_t *oplog_text(oplog *log, lk_bytes text) {
    uint8_t *at = arena_bytes(&log->texts, text.len);
    if (at != NULL && text.len > 0) __builtin_memcpy(at, text.at, text.len);
    return at;
}

const uint8_t *oplog_bytes(oplog *log, const uint8_t *from, size_t len) {
    uint8_t *at = arena_bytes(&log->log, len);
    if (at != NULL && len > 0) __builtin_memcpy(at, from, len);
    return at;
}

typedef struct oplog_children { /* what containers in values are */
    const uint32_t *cids;       /* these, by the index they have there; or, if NULL, */
    uint32_t container;         /* children of this one, which have only a kind */
    op_id id;                   /* and are made by this operation */
} oplog_children;

/* Intern a child container that a value names by kind. */
static bool oplog_child(oplog *log, lk_value *value, const oplog_children *of) {
    uint32_t *index = &value->as.container.index;
    if (of->cids != NULL) {
        *index = of->cids[*index];
        return true;
    }
    container_id name = {
        .kind = (container_kind)*index, .peer = of->id.peer, .counter = of->id.counter};
    *index = intern_container(&log->names, &name);
    if (*index == TABLE_NONE) return false;
    log->names.containers.at[*index].parent = of->container;
    return true;
}

static bool oplog_copy_value(oplog *log, const lk_value *from, lk_value *to,
                             const oplog_children *of);

static bool oplog_copy_entries(oplog *log, const lk_value *from, lk_value *to,
                               const oplog_children *of) {
    lk_entry *entries = arena_new(&log->log, lk_entry, from->len);
    if (entries == NULL) return false;
    for (uint32_t i = 0; i < from->len; i++) {
        const lk_entry *entry = &from->as.entries[i];
        const uint8_t *key = oplog_bytes(log, (const uint8_t *)entry->key.at, entry->key.len);
        if (key == NULL) return false;
        entries[i].key = (lk_str){(const char *)key, entry->key.len};
        if (!oplog_copy_value(log, &entry->value, &entries[i].value, of)) return false;
    }
    to->as.entries = entries;
    return true;
}

static bool oplog_copy_value(oplog *log, const lk_value *from, lk_value *to,
                             const oplog_children *of) {
    *to = *from;
    switch (from->type) {
    case LK_STRING:
    case LK_BINARY:
        to->as.bytes = oplog_bytes(log, from->as.bytes, from->len);
        return to->as.bytes != NULL;
    case LK_VALUES: {
        lk_value *items = arena_new(&log->log, lk_value, from->len);
        if (items == NULL) return false;
        for (uint32_t i = 0; i < from->len; i++)
            if (!oplog_copy_value(log, &from->as.values[i], &items[i], of)) return false;
        to->as.values = items;
        return true;
    }
    case LK_ENTRIES: return oplog_copy_entries(log, from, to, of);
    case LK_CONTAINER: return oplog_child(log, to, of);
    default: return true;
    }
}

const lk_value *oplog_values(oplog *log, const lk_value *values, size_t len, uint32_t container,
                             op_id id) {
    lk_value *copy = arena_new(&log->log, lk_value, len);
    if (copy == NULL) return NULL;
    for (size_t i = 0; i < len; i++) {
        oplog_children of = {NULL, container, {id.peer, id.counter + (int32_t)i}};
        if (!oplog_copy_value(log, &values[i], &copy[i], &of)) return NULL;
    }
    return copy;
}

bool oplog_state_value(oplog *log, const lk_value *value, const uint32_t *cids, lk_value *out) {
    oplog_children of = {.cids = cids};
    return oplog_copy_value(log, value, out, &of);
}

const lk_value *oplog_value(oplog *log, const lk_value *value, uint32_t container, op_id id) {
    /* The elements of a list that is the whole value are numbered like those of a list insert. */
    if (value->type == LK_VALUES) {
        lk_value *copy = arena_new(&log->log, lk_value, 1);
        const lk_value *items = oplog_values(log, value->as.values, value->len, container, id);
        if (copy == NULL || items == NULL) return NULL;
        *copy = (lk_value){.type = LK_VALUES, .len = value->len, .as.values = items};
        return copy;
    }
    return oplog_values(log, value, 1, container, id);
}

const lk_value *oplog_map_value(oplog *log, uint32_t key, const lk_value *value, uint32_t container,
                                op_id id) {
    intern *names = &log->names;
    container_kind kind;
    if (!mergeable_marked(names, container, names->keys.at[key], value, &kind))
        return oplog_value(log, value, container, id);
    lk_value *copy = arena_new(&log->log, lk_value, 1);
    uint32_t child = mergeable_child(names, container, names->keys.at[key], kind);
    if (copy == NULL || child == TABLE_NONE) return NULL;
    *copy = (lk_value){.type = LK_CONTAINER, .as.container = {child}};
    return copy;
}

bool oplog_mark_start(oplog *log, op_id id, uint32_t key, op *o) {
    op_mark *mark = arena_copy(&log->log, o->as.mark, sizeof *mark);
    text_mark *m = arena_new(&log->log, text_mark, 1);
    const lk_value *value = oplog_value(log, o->as.mark->value, o->container, id);
    if (mark == NULL || m == NULL || value == NULL) return false;
    *m = (text_mark){.id = id,
                     .key = key,
                     .peer_wide = log->names.peers.at[id.peer],
                     .value = value,
                     .info = o->as.mark->info};
    mark->key = key;
    mark->value = value;
    mark->anchored = m;
    o->as.mark = mark;
    log->names.containers.at[o->container].styled = true;
    return true;
}

/* ---- ops ---- */

/* Values inserted one by one are gathered in an array with room for more: the log's newest. */
static bool op_join_list(oplog *log, op *a, const op *b) {
    const lk_value *end = a->as.list.values + a->len;
    if (a->as.list.pos + a->len != b->as.list.pos) return false;
    if (end == b->as.list.values) return true;
    if (end != log->values_end || b->len > log->values_room) {
        size_t len = (size_t)a->len + b->len;
        lk_value *fresh = arena_new(&log->log, lk_value, 2 * len);
        if (fresh == NULL) return false;
        __builtin_memcpy(fresh, a->as.list.values, a->len * sizeof *fresh);
        a->as.list.values = fresh;
        log->values_end = fresh + a->len;
        log->values_room = 2 * len - a->len;
    }
    __builtin_memcpy(log->values_end, b->as.list.values, b->len * sizeof *b->as.list.values);
    log->values_end += b->len;
    log->values_room -= b->len;
    return true;
}

/* Lengthen `a` by `b`, which follows it at once, if the two are one to the eye. If there is no
 * memory for that, they stay two. */
static bool op_join(oplog *log, op *a, const op *b) {
    if (a->kind != b->kind || a->container != b->container) return false;
    switch (a->kind) {
    case OP_TEXT_INSERT:
        if (a->as.insert.pos + a->len != b->as.insert.pos) return false;
        if (a->as.insert.text + a->as.insert.bytes != b->as.insert.text) return false;
        a->as.insert.bytes += b->as.insert.bytes;
        break;
    case OP_LIST_INSERT:
        if (!op_join_list(log, a, b)) return false;
        break;
    case OP_DELETE: return op_join_delete(a, b);
    default: return false;
    }
    a->len += b->len;
    return true;
}

/* May what the peer writes on these heads turn out to be part of the newest change? */
static bool oplog_may_go_on(const oplog *log, peer_ix peer, const lv *heads, size_t len) {
    const dag *g = &log->graph;
    if (g->runs.len == 0 || g->runs.at[g->runs.len - 1].peer != peer) return false;
    const oplog_change *newest = &log->changes.at[log->changes.len - 1];
    return len == 1 && g->heads.len == 1 && heads[0] + 1 == g->end && g->floor != g->end &&
           newest->message.len == 0 && newest->timestamp_s >= 0;
}

/* May it as the one before it could, with nothing in between? */
static bool oplog_goes_on_again(const oplog *log, peer_ix peer, const lv *heads, size_t len) {
    const dag *g = &log->graph;
    return log->onward.end == g->end && len == 1 && heads[0] + 1 == g->end &&
           g->runs.at[g->runs.len - 1].peer == peer;
}

bool oplog_begin(oplog *log, peer_ix peer, const lv *heads, size_t len) {
    dag *g = &log->graph;
    if (oplog_goes_on_again(log, peer, heads, len)) {
        log->onward.at = ONWARD_BEGUN;
        return true;
    }
    if (!vec_reserve(log->heap, &log->changes, 1)) return false;
    if (oplog_may_go_on(log, peer, heads, len)) {
        if (!dag_reserve_splits(g, 1)) return false;
        log->onward.at = ONWARD_BEGUN;
        return true;
    }
    uint32_t lamport = 0;
    for (size_t i = 0; i < len; i++) {
        uint32_t after = dag_lamport(g, heads[i]) + 1;
        if (after > lamport) lamport = after;
    }
    if (dag_append(g, peer, 0, lamport, heads, (uint32_t)len) == NULL) return false;
    log->changes.at[log->changes.len++] = (oplog_change){.op_start = (uint32_t)log->ops.len};
    return true;
}

/* A mark learns when it was made, as it enters the newest run. */
static void oplog_stamp(oplog *log, const op *o) {
    const dag_run *run = &log->graph.runs.at[log->graph.runs.len - 1];
    if (o->kind == OP_MARK_START)
        o->as.mark->anchored->lamport = run->lamport + (uint32_t)(o->counter - run->counter);
}

bool oplog_push(oplog *log, const op *o) {
    oplog_part(log);
    if (!vec_reserve(log->heap, &log->ops, 1)) return false;
    oplog_change *newest = &log->changes.at[log->changes.len - 1];
    op *fresh = oplog_slot(log), *last = newest->op_len > 0 ? fresh - 1 : NULL;
    if (fresh != o) *fresh = *o;
    oplog_stamp(log, fresh);
    if (log->onward.at == ONWARD_BEGUN) {
        log->onward.at = ONWARD_ONE;
        log->onward.before = *last;
    }
    if (last == NULL || !op_join(log, last, fresh)) {
        log->ops.len++;
        newest->op_len++;
    }
    dag_extend(&log->graph, fresh->len);
    return true;
}

/* The op of that change: it stays behind the one that it lengthens. */
static const op *oplog_own(const oplog *log) {
    const op *last = &log->ops.at[log->ops.len - 1];
    return last->counter == log->onward.before.counter ? last + 1 : last;
}

void oplog_part(oplog *log) {
    if (log->onward.at != ONWARD_ONE) return;
    dag *g = &log->graph;
    const op *own = oplog_own(log);
    uint32_t at = (uint32_t)(own - log->ops.at);
    if (at == log->ops.len)
        log->ops.at[log->ops.len++ - 1] = log->onward.before;
    else
        log->changes.at[log->changes.len - 1].op_len--;
    dag_rest rest = dag_cut_last(g, g->runs.at[g->runs.len - 1].len - own->len);
    rest.on_top = true;
    dag_add_rest(g, rest);
    log->changes.at[log->changes.len++] = (oplog_change){.op_start = at, .op_len = 1};
    log->onward.at = ONWARD_NONE;
}

/* Is `b` on `a` and nothing else, at most `apart` seconds later, with the same message? */
static bool oplog_continues(const oplog *log, const dag_run *a, const dag_run *b, int64_t apart) {
    const dag *g = &log->graph;
    const oplog_change *x = &log->changes.at[a - g->runs.at], *y = &log->changes.at[b - g->runs.at];
    /* unsigned, since times from elsewhere may lie anywhere */
    uint64_t later = (uint64_t)y->timestamp_s - (uint64_t)x->timestamp_s;
    return a->peer == b->peer && b->counter == a->counter + (int32_t)a->len && b->parent_len == 1 &&
           g->parents.at[b->parent_start] == a->start + a->len - 1 && !b->self_implied &&
           b->lamport == a->lamport + a->len && str_equal(x->message, y->message) && apart >= 0 &&
           later <= (uint64_t)apart;
}

bool oplog_joins(const oplog *log, const dag_run *a, const dag_run *b) {
    return !log->changes.at[b - log->graph.runs.at].begins && oplog_continues(log, a, b, 0);
}

/* ---- blocks ---- */

/* Loro keeps the changes of a peer in blocks of about this many bytes, and a change that does not
 * fit begins another one: it stays a change of its own. What fits goes by estimates (seen in
 * loro-crdt 1.17.1): of an operation those below, of a block 4 more, and of each change after its
 * first 4 for each dependency. What lengthens the operation before it adds nothing, and if that is
 * all a change does, it fits even where the 8 bytes of a change would not. */
#define OPLOG_BLOCK_BYTES 4096u
enum { OPLOG_DEP_BYTES = 4, OPLOG_HEAD_BYTES = 4 };

static uint64_t oplog_op_bytes(const op *o) {
    switch (o->kind) {
    case OP_TEXT_INSERT: return o->as.insert.bytes;
    case OP_LIST_INSERT: return 4 * (uint64_t)o->len;
    case OP_MAP_SET:
    case OP_MAP_DELETE: return 3;
    case OP_DELETE:
    case OP_MOVE:
    case OP_TREE: return 8;
    case OP_SET: return 7;
    case OP_MARK_START: return 10;
    case OP_MARK_END: return 1;
    case OP_COUNTER:
    case OP_UNKNOWN: return 4;
    }
    return 0;
}

/* Of the newest change; not counted on where that is more than a block. */
static uint64_t oplog_newest_bytes(const oplog *log) {
    const oplog_change *c = &log->changes.at[log->changes.len - 1];
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < c->op_len && bytes <= OPLOG_BLOCK_BYTES; i++)
        bytes += oplog_op_bytes(&log->ops.at[c->op_start + i]);
    return bytes;
}

/* The run of the same peer before the newest one, or NULL. */
static const dag_run *oplog_previous(const dag *g) {
    const dag_peer *p = &g->peers.at[g->runs.at[g->runs.len - 1].peer];
    return p->runs.len < 2 ? NULL : &g->runs.at[p->runs.at[p->runs.len - 2]];
}

/* Does the first operation of a change go on where the last one of the change before left off? */
static bool oplog_goes_on(const oplog *log, const oplog_change *before, const oplog_change *c) {
    return c->op_len > 0 && before->op_len > 0 &&
           op_goes_on(&log->ops.at[before->op_start + before->op_len - 1],
                      &log->ops.at[c->op_start]);
}

/* May `c`, the newest change, become part of the one of its peer before it? Not if others wrote in
 * between, and the root stays alone. */
static bool oplog_may_join(const oplog *log, const oplog_change *c) {
    const dag *g = &log->graph;
    const dag_run *run = &g->runs.at[g->runs.len - 1];
    return !c->begins && run[-1].peer == run->peer && run->start != g->floor;
}

static uint64_t oplog_dep_bytes(const dag_run *run) {
    return OPLOG_DEP_BYTES * (uint64_t)(run->parent_len - run->self_implied);
}

/* Find the block of the newest change, which takes `own` bytes of it. Does the change stay with the
 * one before it, as part of that? */
static bool oplog_enter_block(oplog *log, uint64_t own, int64_t apart_s) {
    const dag *g = &log->graph;
    const dag_run *run = &g->runs.at[g->runs.len - 1], *previous = oplog_previous(g);
    oplog_change *c = &log->changes.at[log->changes.len - 1];
    uint64_t deps = oplog_dep_bytes(run), before = 0;
    int64_t needs = (int64_t)(own + deps);
    uint64_t adds = own + deps;
    bool continues = previous != NULL && oplog_continues(log, previous, run, apart_s);
    if (previous != NULL) {
        const oplog_change *older = &log->changes.at[previous - g->runs.at];
        bool goes_on = continues && oplog_goes_on(log, older, c);
        before = older->block_bytes;
        if (continues) adds = own - (goes_on ? oplog_op_bytes(&log->ops.at[c->op_start]) : 0);
        if (goes_on && c->op_len == 1) needs = (int64_t)own - OPLOG_HEAD_BYTES;
    }
    c->begins = previous == NULL || (int64_t)before + needs > (int64_t)OPLOG_BLOCK_BYTES;
    uint64_t bytes = c->begins ? own + OPLOG_HEAD_BYTES : before + adds;
    c->block_bytes = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
    return continues && oplog_may_join(log, c);
}

/* ---- closing ---- */

/* Make the newest change part of the one before. */
static void oplog_join_newest(oplog *log) {
    oplog_change *y = &log->changes.at[--log->changes.len], *x = y - 1;
    bool joins =
        y->op_len > 0 && op_join(log, &log->ops.at[y->op_start - 1], &log->ops.at[y->op_start]);
    x->block_bytes = y->block_bytes;
    if (joins) {
        op *at = &log->ops.at[y->op_start];
        size_t behind = (size_t)(log->ops.at + log->ops.len - (at + 1));
        __builtin_memmove(at, at + 1, behind * sizeof *at);
        log->ops.len--;
    }
    x->op_len += y->op_len - joins;
    dag_join_last(&log->graph);
}

void oplog_close(oplog *log, int64_t apart_s) {
    if (oplog_enter_block(log, oplog_newest_bytes(log), apart_s)) oplog_join_newest(log);
}

bool oplog_close_on(oplog *log, int64_t apart_s) {
    if (log->onward.at != ONWARD_ONE || apart_s < 0) return false;
    oplog_change *c = &log->changes.at[log->changes.len - 1];
    const op *own = oplog_own(log);
    uint64_t bytes = c->block_bytes + oplog_op_bytes(own);
    if (bytes + OPLOG_DEP_BYTES > OPLOG_BLOCK_BYTES) return false;
    if (own != oplog_slot(log) && !op_goes_on(&log->onward.before, own))
        c->block_bytes = (uint32_t)bytes;
    log->onward.at = ONWARD_NONE;
    log->onward.end = log->graph.end;
    return true;
}

/* What a block takes of an empty change's operations from `start` on: at least one. */
static uint32_t oplog_block_ops(const oplog *log, uint32_t start, uint32_t end) {
    uint64_t bytes = OPLOG_HEAD_BYTES;
    uint32_t at = start;
    do bytes += oplog_op_bytes(&log->ops.at[at++]);
    while (at < end && bytes + oplog_op_bytes(&log->ops.at[at]) < OPLOG_BLOCK_BYTES);
    return at - start;
}

/* Is the newest change, of `own` bytes, too large for any block? */
static bool oplog_oversized(const oplog *log, uint64_t own) {
    const dag *g = &log->graph;
    const dag_run *run = &g->runs.at[g->runs.len - 1];
    return own + OPLOG_HEAD_BYTES + oplog_dep_bytes(run) > OPLOG_BLOCK_BYTES;
}

bool oplog_reserve_close(oplog *log, uint64_t *own) {
    *own = oplog_newest_bytes(log);
    if (!oplog_oversized(log, *own)) return true;
    const oplog_change *c = &log->changes.at[log->changes.len - 1];
    uint32_t end = c->op_start + c->op_len;
    size_t splits = 0;
    for (uint32_t at = c->op_start; at < end; splits++) at += oplog_block_ops(log, at, end);
    return vec_reserve(log->heap, &log->changes, splits) && dag_reserve_splits(&log->graph, splits);
}

/* Close what fits a block of the newest change; the rest becomes the newest change. */
static void oplog_close_front(oplog *log, uint32_t op_len, int64_t apart_s) {
    oplog_change *c = &log->changes.at[log->changes.len - 1], rest = *c;
    uint32_t cut = c->op_start + op_len;
    int32_t start = log->ops.at[c->op_start].counter;
    rest.op_len -= op_len;
    c->op_len = op_len;
    dag_rest behind = dag_cut_last(&log->graph, (uint32_t)(log->ops.at[cut].counter - start));
    oplog_close(log, apart_s);
    dag_add_rest(&log->graph, behind);
    rest.op_start = (uint32_t)log->ops.len - rest.op_len;
    log->changes.at[log->changes.len++] = rest;
}

void oplog_close_own(oplog *log, uint64_t own, int64_t apart_s) {
    for (; oplog_oversized(log, own); own = oplog_newest_bytes(log)) {
        const oplog_change *c = &log->changes.at[log->changes.len - 1];
        uint32_t fits = oplog_block_ops(log, c->op_start, c->op_start + c->op_len);
        if (fits == c->op_len) break;
        oplog_close_front(log, fits, apart_s);
    }
    if (oplog_enter_block(log, own, apart_s)) oplog_join_newest(log);
}

/* The newest change comes from a block that is kept as it is. */
static void oplog_close_kept(oplog *log, size_t bytes, bool first) {
    const dag *g = &log->graph;
    const dag_run *run = &g->runs.at[g->runs.len - 1], *previous = oplog_previous(g);
    oplog_change *c = &log->changes.at[log->changes.len - 1];
    c->begins = first;
    c->block_bytes = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
    if (previous != NULL && oplog_may_join(log, c) && oplog_continues(log, previous, run, 0))
        oplog_join_newest(log);
}

/* ---- changes from elsewhere ---- */

bool oplog_map_peers(oplog *log, const block *b, arena *scratch, oplog_names *out) {
    peer_ix *peers = arena_new(scratch, peer_ix, b->peer_len);
    if (peers == NULL) return false;
    for (size_t i = 0; i < b->peer_len; i++) {
        peers[i] = intern_peer(&log->names, b->peers[i]);
        if (peers[i] == TABLE_NONE) return false;
    }
    *out = (oplog_names){.peers = peers};
    return true;
}

bool oplog_map_rest(oplog *log, const block *b, arena *scratch, oplog_names *names) {
    if (names->cids != NULL) return true;
    uint32_t *keys = arena_new(scratch, uint32_t, b->key_len);
    uint32_t *cids = arena_new(scratch, uint32_t, b->cid_len);
    lk_bytes *positions = arena_new(scratch, lk_bytes, b->position_len);
    if (keys == NULL || cids == NULL || positions == NULL) return false;
    for (size_t i = 0; i < b->key_len; i++) {
        keys[i] = intern_key(&log->names, b->keys[i]);
        if (keys[i] == TABLE_NONE) return false;
    }
    for (size_t i = 0; i < b->cid_len; i++) cids[i] = TABLE_NONE;
    for (size_t i = 0; i < b->position_len; i++) positions[i] = (lk_bytes){0};
    names->keys = keys;
    names->cids = cids;
    names->positions = positions;
    return true;
}

/* A container comes to exist by an operation on it, not by being named in a table. As in Loro,
 * those that a change writes to come before those that it makes. */
static bool oplog_map_cids(oplog *log, const block *b, const oplog_names *names, const change *c,
                           int32_t from) {
    for (const op *o = &b->ops[c->op_start]; o < &b->ops[c->op_start] + c->op_len; o++) {
        if (o->counter + (int32_t)o->len <= from) continue;
        if (names->cids[o->container] != TABLE_NONE) continue;
        container_id id = b->cids[o->container];
        if (!id.root) id.peer = names->peers[id.peer];
        names->cids[o->container] = intern_container(&log->names, &id);
        if (names->cids[o->container] == TABLE_NONE) return false;
    }
    return true;
}

bool oplog_missing(const oplog *log, const change *c, const oplog_names *names, uint32_t *known,
                   op_id *out) {
    *out = (op_id){names->peers[0], c->counter - 1};
    if (dag_peer_end(&log->graph, out->peer) < c->counter) return true;
    for (; *known < c->dep_len; ++*known) {
        *out = (op_id){names->peers[c->deps[*known].peer], c->deps[*known].counter};
        if (out->counter >= dag_peer_end(&log->graph, out->peer)) return true;
    }
    return false;
}

/* The parents of a change as lvs, in scratch space of the caller. Blocks name each peer once. */
static uint32_t oplog_parents(const oplog *log, const oplog_names *names, const change *c,
                              uint32_t skip, lv *out) {
    const dag *g = &log->graph;
    if (skip > 0) {
        out[0] = dag_lv(g, (op_id){names->peers[0], c->counter + (int32_t)skip - 1});
        return 1;
    }
    for (uint32_t i = 0; i < c->dep_len; i++)
        out[i] = dag_lv(g, (op_id){names->peers[c->deps[i].peer], c->deps[i].counter});
    return c->dep_len;
}

uint32_t oplog_node(oplog *log, op_id node, uint32_t tree) {
    container_id id = container_of_node(node);
    uint32_t data = intern_container(&log->names, &id);
    if (data != TABLE_NONE) log->names.containers.at[data].parent = tree;
    return data;
}

/* Operations with one position share it. */
static bool oplog_adopt_position(oplog *log, const oplog_names *names, op_tree *tree) {
    if (tree->deletes) return true;
    lk_bytes *own = &names->positions[tree->position_at];
    const lk_bytes from = tree->position;
    if (own->at == NULL) *own = (lk_bytes){oplog_bytes(log, from.at, from.len), from.len};
    tree->position = *own;
    return own->at != NULL;
}

static bool oplog_adopt_tree(oplog *log, const oplog_names *names, peer_ix peer, op *o) {
    op_tree *tree = arena_copy(&log->log, o->as.tree, sizeof *tree);
    if (tree == NULL) return false;
    o->as.tree = tree;
    tree->node.peer = names->peers[tree->node.peer];
    bool creates = tree->node.peer == peer && tree->node.counter == o->counter;
    if (creates && oplog_node(log, tree->node, o->container) == TABLE_NONE) return false;
    if (tree->has_parent) tree->parent.peer = names->peers[tree->parent.peer];
    return oplog_adopt_position(log, names, tree);
}

static bool oplog_adopt_unknown(oplog *log, op *o) {
    op_unknown *unknown = arena_copy(&log->log, o->as.unknown, sizeof *unknown);
    if (unknown == NULL) return false;
    o->as.unknown = unknown;
    unknown->payload.at = oplog_bytes(log, unknown->payload.at, unknown->payload.len);
    return unknown->payload.at != NULL;
}

/* The op with the document's indices and the log's memory. */
static bool oplog_adopt(oplog *log, const oplog_names *names, peer_ix peer, op *o) {
    o->container = names->cids[o->container];
    op_id id = {peer, o->counter};
    switch (o->kind) {
    case OP_TEXT_INSERT:
        o->as.insert.text = oplog_text(log, (lk_bytes){o->as.insert.text, o->as.insert.bytes});
        return o->as.insert.text != NULL;
    case OP_LIST_INSERT:
        o->as.list.values = oplog_values(log, o->as.list.values, o->len, o->container, id);
        return o->as.list.values != NULL;
    case OP_DELETE: o->as.del.start.peer = names->peers[o->as.del.start.peer]; return true;
    case OP_MAP_DELETE: o->as.map.key = names->keys[o->as.map.key]; return true;
    case OP_MAP_SET:
        o->as.map.key = names->keys[o->as.map.key];
        o->as.map.value = oplog_map_value(log, o->as.map.key, o->as.map.value, o->container, id);
        return o->as.map.value != NULL;
    case OP_MARK_START: return oplog_mark_start(log, id, names->keys[o->as.mark->key], o);
    case OP_MOVE: o->as.move.elem_peer = names->peers[o->as.move.elem_peer]; return true;
    case OP_SET:
        o->as.set.elem_peer = names->peers[o->as.set.elem_peer];
        o->as.set.value = oplog_value(log, o->as.set.value, o->container, id);
        return o->as.set.value != NULL;
    case OP_TREE: return oplog_adopt_tree(log, names, peer, o);
    case OP_UNKNOWN: return oplog_adopt_unknown(log, o);
    case OP_MARK_END:
    case OP_COUNTER: return true;
    }
    return false;
}

/* The piece that holds `at`, or NULL. */
static const oplog_piece *oplog_find_piece(const oplog *log, lv at) {
    size_t low = 0, high = log->pieces.len;
    while (high - low > 1) {
        size_t mid = (low + high) / 2;
        if (log->pieces.at[mid].at <= at)
            low = mid;
        else
            high = mid;
    }
    const oplog_piece *piece = &log->pieces.at[low];
    return low < high && at - piece->at < piece->made.len ? piece : NULL;
}

/* The end of a mark knows what its start says. false: nothing started. Of the root this is only
 * known when the pieces are (root.c). */
static bool oplog_mark_end(const oplog *log, peer_ix peer, op *o) {
    const dag *g = &log->graph;
    if (g->begin > 0 && g->end == g->begin + 1) return true;
    if (o->counter == 0) return false;
    lv before = dag_lv(g, (op_id){peer, o->counter - 1});
    if (before < g->begin && oplog_find_piece(log, before) == NULL) return false;
    const op *start = oplog_op(log, before);
    if (start->kind != OP_MARK_START || start->container != o->container) return false;
    o->as.mark = start->as.mark;
    return true;
}

static lk_status oplog_append_ops(oplog *log, const dag_run *run, const block *b,
                                  const oplog_names *names, const change *c, uint32_t skip,
                                  const char **what) {
    int32_t from = c->counter + (int32_t)skip;
    if (!oplog_map_cids(log, b, names, c, from)) return LK_ENOMEM;
    for (uint32_t i = 0; i < c->op_len; i++) {
        const op *source = &b->ops[c->op_start + i];
        if (source->counter + (int32_t)source->len <= from) continue;
        uint32_t cut = source->counter < from ? (uint32_t)(from - source->counter) : 0;
        op o = cut == 0 ? *source : op_slice(source, cut, source->len - cut);
        if (!oplog_adopt(log, names, names->peers[0], &o)) return LK_ENOMEM;
        if (log->names.long_names > LIMIT_CHILD_NAMES_BYTES) {
            *what = "names of mergeable children are too long";
            return LK_ELIMIT;
        }
        lk_status status = past_check(log, run, &o, what);
        if (status != LK_OK) return status;
        if (o.kind == OP_MARK_END && !oplog_mark_end(log, names->peers[0], &o)) {
            *what = "mark ends that did not start";
            return LK_ECORRUPT;
        }
        oplog_stamp(log, &o);
        oplog_change *newest = &log->changes.at[log->changes.len - 1];
        if (newest->op_len > 0 && op_join(log, &log->ops.at[log->ops.len - 1], &o)) continue;
        op *fresh = vec_push(log->heap, &log->ops);
        if (fresh == NULL) return LK_ENOMEM;
        *fresh = o;
        newest->op_len++;
    }
    return LK_OK;
}

bool oplog_left_out(const oplog *log, const change *c, const oplog_names *names) {
    const dag *g = &log->graph;
    int32_t end = dag_peer_end(g, names->peers[0]);
    if (g->floor == g->begin) return false;
    if (end > c->counter) return dag_lv(g, (op_id){names->peers[0], end - 1}) + 1 < g->floor;
    for (uint32_t i = 0; i < c->dep_len; i++) {
        op_id dep = {names->peers[c->deps[i].peer], c->deps[i].counter};
        if (dep.counter < dag_peer_end(g, dep.peer) && dag_lv(g, dep) + 1 < g->floor) return true;
    }
    return c->dep_len == 0;
}

lk_status oplog_append(oplog *log, const block *b, const oplog_names *names, const change *c,
                       const char **what) {
    dag *g = &log->graph;
    uint32_t skip = (uint32_t)(dag_peer_end(g, names->peers[0]) - c->counter);
    LK_ASSERT(skip < c->len && !oplog_left_out(log, c, names));
    arena_mark before = arena_save(&log->log);
    lv *parents = arena_new(&log->log, lv, c->dep_len + 1);
    if (parents == NULL || !vec_reserve(log->heap, &log->changes, 1)) return LK_ENOMEM;
    uint32_t parent_len = oplog_parents(log, names, c, skip, parents);
    uint32_t lamport = c->lamport + skip;
    for (uint32_t i = 0; i < parent_len; i++) {
        if (dag_lamport(g, parents[i]) < lamport) continue;
        *what = "change is not later than what it builds on";
        return LK_ECORRUPT;
    }
    if (c->len - skip > LIMIT_HISTORY - g->end) {
        *what = "history is longer than 2^31 operations";
        return LK_ELIMIT;
    }
    const dag_run *run =
        dag_append(g, names->peers[0], c->len - skip, lamport, parents, parent_len);
    arena_rewind(&log->log, before);
    if (run == NULL) return LK_ENOMEM;
    oplog_change fresh = {.timestamp_s = c->timestamp_s, .op_start = (uint32_t)log->ops.len};
    log->changes.at[log->changes.len++] = fresh;
    if (c->message.len > 0) {
        const uint8_t *at = oplog_bytes(log, (const uint8_t *)c->message.at, c->message.len);
        if (at == NULL) return LK_ENOMEM;
        log->changes.at[log->changes.len - 1].message = (lk_str){(const char *)at, c->message.len};
    }
    lk_status status = oplog_append_ops(log, run, b, names, c, skip, what);
    if (status == LK_OK && b->kept_bytes > 0)
        oplog_close_kept(log, b->kept_bytes, c == b->changes && skip == 0);
    else if (status == LK_OK)
        oplog_close(log, 0);
    return status;
}

/* ---- a beginning that was sealed ---- */

void oplog_swap(oplog *a, oplog *b) {
    oplog was = *a;
    *a = *b;
    *b = was;
    b->names = a->names;
    b->log = a->log;
    b->texts = a->texts;
    a->names = was.names;
    a->log = was.log;
    a->texts = was.texts;
}

/* The parents of a run of `newer` as they are called in `log`, in its memory; NULL when that is
 * out.
 */
static const lv *oplog_followed(oplog *log, const dag *newer, const dag_run *run) {
    lv *parents = arena_new(&log->log, lv, run->parent_len);
    for (uint32_t i = 0; parents != NULL && i < run->parent_len; i++) {
        parents[i] = newer->parents.at[run->parent_start + i];
        if (parents[i] < newer->begin) parents[i] = dag_lv(&log->graph, dag_id(newer, parents[i]));
    }
    return parents;
}

bool oplog_follow(oplog *log, const oplog *newer) {
    const dag *from = &newer->graph;
    LK_ASSERT(log->graph.end == from->begin);
    for (size_t i = 0; i < from->runs.len; i++) {
        const dag_run *run = &from->runs.at[i];
        oplog_change c = newer->changes.at[i];
        arena_mark before = arena_save(&log->log);
        const lv *parents = oplog_followed(log, from, run);
        if (parents == NULL || !vec_reserve(log->heap, &log->changes, 1) ||
            !vec_reserve(log->heap, &log->ops, c.op_len) ||
            dag_append(&log->graph, run->peer, run->len, run->lamport, parents,
                       run->parent_len - run->self_implied) == NULL)
            return false;
        arena_rewind(&log->log, before);
        const op *ops = newer->ops.at + c.op_start;
        c.op_start = (uint32_t)log->ops.len;
        log->changes.at[log->changes.len++] = c;
        for (uint32_t k = 0; k < c.op_len; k++) log->ops.at[log->ops.len++] = ops[k];
        /* its block began with it, for all that was known */
        if (from->peers.at[run->peer].begin > 0) oplog_enter_block(log, oplog_newest_bytes(log), 0);
    }
    return true;
}

/* ---- reading ---- */

uint32_t oplog_lamport(const oplog *log, lv at, uint32_t *more) {
    if (at < log->graph.begin) {
        const oplog_piece *piece = oplog_find_piece(log, at);
        LK_ASSERT(piece != NULL);
        *more = piece->made.len - (at - piece->at);
        return piece->lamport + (at - piece->at);
    }
    const dag_run *run = dag_run_of(&log->graph, at);
    *more = run->len - (at - run->start);
    return run->lamport + (at - run->start);
}

bool oplog_piece_at(const oplog *log, lv at, op *out, dag_run *run) {
    const oplog_piece *piece = oplog_find_piece(log, at);
    if (piece == NULL) return false;
    uint32_t skip = at - piece->at;
    *out = op_slice(&piece->made, skip, piece->made.len - skip);
    *run = (dag_run){.start = piece->at,
                     .len = piece->made.len,
                     .peer = dag_id(&log->graph, at).peer,
                     .counter = piece->made.counter,
                     .lamport = piece->lamport};
    return true;
}

int oplog_register_order(const void *a, const void *b) {
    const oplog_register *x = a, *y = b;
    if (x->container != y->container) return x->container < y->container ? -1 : 1;
    if (x->name[0] != y->name[0]) return x->name[0] < y->name[0] ? -1 : 1;
    return x->name[1] < y->name[1] ? -1 : x->name[1] > y->name[1];
}

static const oplog_register *oplog_register_of(const oplog *log, const oplog_register *name) {
    size_t low = 0, high = log->registers.len;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (oplog_register_order(&log->registers.at[mid], name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    const oplog_register *found = &log->registers.at[low];
    return low < log->registers.len && oplog_register_order(found, name) == 0 ? found : NULL;
}

const oplog_register *oplog_find_register(const oplog *log, uint32_t container, uint32_t key) {
    oplog_register name = {.container = container, .name = {key, 0}};
    return oplog_register_of(log, &name);
}

const oplog_register *oplog_find_elem(const oplog *log, uint32_t container, peer_ix peer,
                                      uint32_t lamport) {
    oplog_register name = {.container = container, .name = {peer, lamport}};
    return oplog_register_of(log, &name);
}

/* Index of the op of `run` that holds `counter`. */
static size_t oplog_find_op(const oplog *log, const dag_run *run, int32_t counter) {
    const oplog_change *c = &log->changes.at[run - log->graph.runs.at];
    size_t low = c->op_start, high = c->op_start + c->op_len;
    while (high - low > 1) {
        size_t mid = (low + high) / 2;
        if (log->ops.at[mid].counter <= counter)
            low = mid;
        else
            high = mid;
    }
    return low;
}

const op *oplog_op(const oplog *log, lv at) {
    if (at < log->graph.begin) {
        const oplog_piece *piece = oplog_find_piece(log, at);
        LK_ASSERT(piece != NULL);
        return &piece->made;
    }
    const dag_run *run = dag_run_of(&log->graph, at);
    return &log->ops.at[oplog_find_op(log, run, run->counter + (int32_t)(at - run->start))];
}

oplog_walk oplog_walk_new(const oplog *log, lv start, lv end) {
    oplog_walk w = {.log = log, .at = start, .end = end};
    if (start >= end) return w;
    const dag_run *run = dag_run_of(&log->graph, start);
    w.run = (uint32_t)(run - log->graph.runs.at);
    w.op = oplog_find_op(log, run, run->counter + (int32_t)(start - run->start));
    return w;
}

bool oplog_walk_next(oplog_walk *w, op *out, lv *at, const dag_run **run) {
    if (w->at >= w->end) return false;
    const dag_run *r = &w->log->graph.runs.at[w->run];
    if (w->at == r->start + r->len) r = &w->log->graph.runs.at[++w->run];
    const op *o = &w->log->ops.at[w->op];
    lv op_start = r->start + (uint32_t)(o->counter - r->counter), op_end = op_start + o->len;
    uint32_t skip = w->at - op_start;
    lv end = op_end < w->end ? op_end : w->end;
    *out = skip == 0 && end == op_end ? *o : op_slice(o, skip, end - w->at);
    *at = w->at;
    *run = r;
    w->at = end;
    if (end == op_end) w->op++;
    return true;
}

size_t oplog_change_count(const oplog *log) {
    const dag *g = &log->graph;
    size_t count = 0;
    for (size_t p = 0; p < g->peers.len; p++) {
        count += g->peers.at[p].runs.len;
        for (size_t i = 1; i < g->peers.at[p].runs.len; i++) {
            const uint32_t *runs = g->peers.at[p].runs.at;
            count -= oplog_joins(log, &g->runs.at[runs[i - 1]], &g->runs.at[runs[i]]);
        }
    }
    return count;
}
