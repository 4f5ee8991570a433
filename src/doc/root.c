/* SPDX-License-Identifier: MIT
 * root.c - from the state at the beginning of a history to what a document is made of:
 *
 *      states ─► names interned ─► steps, which make the same state here
 *                              └─► pieces of the log, which say what its atoms are
 *
 * A state is a door for hostile bytes: nothing in it is older than it says and nothing is younger
 * than the root; each atom is there once; each child is held once, by its parent; and containers
 * nest without cycles.
 *
 * A text that sleeps is one span by nobody at first. To wake it is to read its state once more, now
 * with its spans, and to fill a sequence with these that takes the place of the first one. */
#include "doc/root.h"

#include "base/limits.h"
#include "base/sort.h"
#include "base/utf8.h"
#include "codec/state_blob.h"
#include "oplog/mergeable.h"
#include "state/seq.h"

typedef struct root_loader {
    lk_doc *doc;
    state_names names;
    state_container *states;
    size_t state_len;
    const peer_ix *peers; /* the document's, by index in names */
    const uint32_t *cids; /* likewise */
    uint8_t *held;        /* by container: some value holds it */
    op_id at;             /* the root */
    uint32_t lamport;
    bool waking; /* of the states only texts that sleep are looked at */
    bool sealed; /* there is none: nothing travels to where the history begins, and what is */
    VEC(uint64_t) atoms; /* there need not be known, but for a check: lv << 32 | length */
    lk_fault *fault;
} root_loader;

static bool root_fail(root_loader *l, lk_status status, const char *what) {
    *l->fault = (lk_fault){status, 0, what};
    return false;
}

static bool root_need(root_loader *l, const void *at) {
    return at != NULL || root_fail(l, LK_ENOMEM, "out of memory");
}

/* ---- the operation it begins with ---- */

/* The first atom of the first change, alone. */
static bool root_append(root_loader *l, const block *first) {
    oplog *log = &l->doc->log;
    oplog_names names;
    op_id missing;
    uint32_t known = 0;
    if (!oplog_map_peers(log, first, &l->doc->scratch, &names) ||
        !oplog_map_rest(log, first, &l->doc->scratch, &names))
        return root_need(l, NULL);
    change c = first->changes[0];
    if (oplog_missing(log, &c, &names, &known, &missing))
        return root_fail(l, LK_ECORRUPT, "history lacks what its root builds on");
    op o = op_slice(&first->ops[c.op_start], 0, 1);
    block b = *first;
    c.len = c.op_len = 1;
    c.op_start = 0;
    b.ops = &o;
    const char *what = "out of memory";
    lk_status status = oplog_append(log, &b, &names, &c, &what);
    if (status != LK_OK) return root_fail(l, status, what);
    dag_set_root(&log->graph);
    l->lamport = c.lamport;
    return true;
}

/* These operations have no runs. */
static bool root_leave_out(root_loader *l, lk_ids start) {
    oplog *log = &l->doc->log;
    uint64_t total = 0;
    op_id *ends = arena_new(&l->doc->scratch, op_id, start.len);
    if (!root_need(l, ends)) return false;
    for (size_t i = 0; i < start.len; i++) {
        ends[i] = (op_id){intern_peer(&log->names, start.at[i].peer), start.at[i].counter};
        if (ends[i].peer == TABLE_NONE) return root_need(l, NULL);
        total += (uint32_t)start.at[i].counter;
    }
    if (total >= LIMIT_HISTORY)
        return root_fail(l, LK_ELIMIT, "history is longer than 2^31 operations");
    return dag_begin_late(&log->graph, ends, start.len) || root_need(l, NULL);
}

static bool root_begin(root_loader *l, const snapshot_history *history, const block *first) {
    oplog *log = &l->doc->log;
    if (!root_leave_out(l, history->start_vv)) return false;
    lk_id at = history->start_frontiers.at[0];
    l->at = (op_id){intern_peer(&log->names, at.peer), at.counter};
    if (l->at.peer == TABLE_NONE) return root_need(l, NULL);
    if (dag_peer_end(&log->graph, l->at.peer) != at.counter)
        return root_fail(l, LK_ECORRUPT, "history does not begin where it says");
    return root_append(l, first);
}

static int root_lv_order(const void *a, const void *b) {
    lv x = *(const lv *)a, y = *(const lv *)b;
    return x < y ? -1 : x > y;
}

/* Nothing of the history is looked at, up to its end. */
static bool root_seal(root_loader *l, const snapshot_tip *tip) {
    oplog *log = &l->doc->log;
    size_t len = tip->frontiers.len;
    lv *heads = arena_new(&l->doc->scratch, lv, len);
    if (!root_need(l, heads) || !root_leave_out(l, tip->vv)) return false;
    for (size_t i = 0; i < len; i++) {
        lk_id head = tip->frontiers.at[i];
        op_id at = {intern_find_peer(&log->names, head.peer), head.counter};
        if (dag_peer_end(&log->graph, at.peer) - 1 != at.counter)
            return root_fail(l, LK_ECORRUPT, "history does not end where it says");
        heads[i] = dag_lv(&log->graph, at);
    }
    sort_items(heads, len, sizeof *heads, root_lv_order);
    l->at = (op_id){TABLE_NONE, 0};
    l->sealed = true;
    l->lamport = tip->lamport;
    return dag_seal(&log->graph, heads, len, tip->lamport) || root_need(l, NULL);
}

/* ---- names ---- */

static bool root_read(root_loader *l, const snapshot_root *root) {
    arena *scratch = &l->doc->scratch;
    l->names.scratch = scratch;
    l->states = arena_new(scratch, state_container, root->len);
    if (!root_need(l, l->states)) return false;
    for (size_t i = 0; i < root->len; i++) {
        lk_bytes key = root->pairs[i].key;
        if (l->waking && (key.at[0] & (uint8_t)~STATE_ROOT) != LK_TEXT) continue;
        if (state_blob_read(&root->pairs[i], &l->names, &l->states[l->state_len++], l->fault) !=
            LK_OK)
            return false;
    }
    return true;
}

static bool root_knows(const root_loader *l, op_id id) {
    const dag *g = &l->doc->log.graph;
    return id.peer < g->peers.len &&
           id.counter < g->peers.at[id.peer].begin + (id.peer == l->at.peer);
}

static op_id root_id(const root_loader *l, op_id id) {
    return (op_id){l->peers[id.peer], id.counter};
}

/* Was the container made before the root, or the map that it is a mergeable child of? */
static bool root_knows_container(const root_loader *l, const container_id *id) {
    op_id made = {id->peer, id->counter};
    uint64_t wide;
    if (mergeable_base(id, &wide, &made.counter))
        made.peer = intern_find_peer(&l->doc->log.names, wide);
    else if (id->root)
        return true;
    return made.peer != TABLE_NONE && root_knows(l, made);
}

/* The document's number of a container; TABLE_NONE if something is wrong. */
static uint32_t root_intern(root_loader *l, container_id id) {
    if (!root_knows_container(l, &id)) {
        root_fail(l, LK_ECORRUPT, "container is younger than the state it is in");
        return TABLE_NONE;
    }
    uint32_t found = intern_container(&l->doc->log.names, &id);
    if (found == TABLE_NONE) root_need(l, NULL);
    return found;
}

/* Loro also writes states of containers made after the root, empty: those are not of it. */
static void root_drop_younger(root_loader *l) {
    size_t kept = 0;
    for (size_t i = 0; i < l->state_len; i++)
        if (l->cids[l->states[i].cid] != TABLE_NONE) l->states[kept++] = l->states[i];
    l->state_len = kept;
}

static bool root_map_names(root_loader *l) {
    arena *scratch = &l->doc->scratch;
    peer_ix *peers = arena_new(scratch, peer_ix, l->names.peers.len);
    uint32_t *cids = arena_new(scratch, uint32_t, l->names.cids.len);
    if (!root_need(l, peers) || !root_need(l, cids)) return false;
    for (size_t i = 0; i < l->names.peers.len; i++) {
        peers[i] = intern_peer(&l->doc->log.names, l->names.peers.at[i]);
        if (peers[i] == TABLE_NONE) return root_need(l, NULL);
    }
    for (size_t i = 0; i < l->names.cids.len; i++) {
        container_id id = l->names.cids.at[i];
        if (!id.root) id.peer = peers[id.peer];
        cids[i] = TABLE_NONE;
        if (!root_knows_container(l, &id)) continue;
        cids[i] = root_intern(l, id);
        if (cids[i] == TABLE_NONE) return false;
    }
    l->peers = peers;
    l->cids = cids;
    root_drop_younger(l);
    return true;
}

/* The document's number of a container that a state names. */
static bool root_named(root_loader *l, uint32_t cid, uint32_t *out) {
    *out = l->cids[cid];
    return *out != TABLE_NONE ||
           root_fail(l, LK_ECORRUPT, "container is younger than the state it is in");
}

/* The map of a node's data. */
static container_id root_meta(const root_loader *l, const state_node *node) {
    return container_of_node(root_id(l, node->id));
}

static bool root_intern_nodes(root_loader *l) {
    for (size_t i = 0; i < l->state_len; i++) {
        const state_container *c = &l->states[i];
        if (l->names.cids.at[c->cid].kind != LK_TREE) continue;
        for (size_t k = 0; k < c->as.tree.len; k++)
            if (root_intern(l, root_meta(l, &c->as.tree.nodes[k])) == TABLE_NONE) return false;
    }
    return true;
}

/* ---- who holds whom ---- */

static bool root_set_parent(root_loader *l, uint32_t child, uint32_t parent) {
    container_name *name = &l->doc->log.names.containers.at[child];
    if (name->id.root) return true;
    if (name->parent != CONTAINER_NONE && name->parent != parent)
        return root_fail(l, LK_ECORRUPT, "container has two parents");
    name->parent = parent;
    return true;
}

static bool root_hold(root_loader *l, uint32_t child, uint32_t parent) {
    if (l->held[child] || l->doc->log.names.containers.at[child].id.root)
        return root_fail(l, LK_ECORRUPT, "container stands in two places");
    l->held[child] = 1;
    return root_set_parent(l, child, parent);
}

/* The containers in a value are children of `parent`. */
static bool root_hold_value(root_loader *l, const lk_value *value, uint32_t parent) {
    bool fine = true;
    uint32_t child;
    if (value->type == LK_CONTAINER)
        return root_named(l, value->as.container.index, &child) && root_hold(l, child, parent);
    for (uint32_t i = 0; value->type == LK_VALUES && i < value->len && fine; i++)
        fine = root_hold_value(l, &value->as.values[i], parent);
    for (uint32_t i = 0; value->type == LK_ENTRIES && i < value->len && fine; i++)
        fine = root_hold_value(l, &value->as.entries[i].value, parent);
    return fine;
}

static bool root_set_parents(root_loader *l) {
    size_t len = l->doc->log.names.containers.len;
    l->held = arena_alloc(&l->doc->scratch, len);
    if (!root_need(l, l->held)) return false;
    __builtin_memset(l->held, 0, len);
    for (size_t i = 0; i < l->state_len; i++) {
        const state_container *c = &l->states[i];
        uint32_t parent;
        if (!c->has_parent) continue;
        if (!root_named(l, c->parent, &parent)) return false;
        if (!root_set_parent(l, l->cids[c->cid], parent)) return false;
    }
    return true;
}

/* From every container, its parents lead up to an end. */
static bool root_check_nesting(root_loader *l) {
    const intern *names = &l->doc->log.names;
    uint32_t *walk = arena_new(&l->doc->scratch, uint32_t, names->containers.len);
    if (!root_need(l, walk)) return false;
    __builtin_memset(walk, 0, names->containers.len * sizeof *walk);
    for (uint32_t i = 0; i < names->containers.len; i++) {
        uint32_t at = i;
        for (; at != CONTAINER_NONE && walk[at] == 0; at = names->containers.at[at].parent)
            walk[at] = i + 1;
        if (at != CONTAINER_NONE && walk[at] == i + 1)
            return root_fail(l, LK_ECORRUPT, "containers nest in a circle");
    }
    return true;
}

/* A copy in the log; the value's children are held by `parent`. */
static bool root_value(root_loader *l, const lk_value *value, uint32_t parent, lk_value *out) {
    if (!root_hold_value(l, value, parent)) return false;
    return oplog_state_value(&l->doc->log, value, l->cids, out) || root_need(l, NULL);
}

/* ---- steps and pieces ---- */

static int root_id_order(const void *a, const void *b) {
    const op_id *x = a, *y = b;
    if (x->peer != y->peer) return x->peer < y->peer ? -1 : 1;
    return x->counter < y->counter ? -1 : x->counter > y->counter;
}

static step *root_step(root_loader *l, step_kind kind, uint32_t container) {
    step *st = vec_push(&l->doc->memory, &l->doc->steps);
    if (root_need(l, st)) *st = (step){.kind = kind, .container = container};
    return st;
}

/* The step is what that operation did. */
static bool root_stamp(root_loader *l, step *st, op_id id, uint32_t lamport) {
    st->id = id;
    st->lamport = lamport;
    st->peer_wide = l->doc->log.names.peers.at[id.peer];
    return lamport <= l->lamport ||
           root_fail(l, LK_ECORRUPT, "state holds what is later than the root");
}

/* Of the root the operation itself is there: it must be one that could have made this. */
static bool root_made(root_loader *l, const op *made) {
    const op *o = &l->doc->log.ops.at[0];
    bool place = (o->kind == OP_MOVE || o->kind == OP_LIST_INSERT) &&
                 (made->kind == OP_MOVE || made->kind == OP_LIST_INSERT);
    return (o->container == made->container && (o->kind == made->kind || place)) ||
           root_fail(l, LK_ECORRUPT, "state at the root does not have what the root did");
}

/* Can `peer` have made so many atoms by then? */
static bool root_atoms(root_loader *l, op_id first, uint32_t len, uint32_t lamport) {
    op_id last = {first.peer, first.counter + (int32_t)len - 1};
    if (len > (uint32_t)(LIMIT_COUNTER - first.counter) || !root_knows(l, last) ||
        lamport > l->lamport || len - 1 > l->lamport - lamport)
        return root_fail(l, LK_ECORRUPT, "state holds what is later than the root");
    if (!l->sealed) return true;
    uint64_t *atoms = arena_vec_push(&l->doc->scratch, &l->atoms);
    if (!root_need(l, atoms)) return false;
    *atoms = (uint64_t)dag_lv(&l->doc->log.graph, first) << 32 | len;
    return true;
}

/* `peer` made these atoms. */
static bool root_piece(root_loader *l, peer_ix peer, uint32_t lamport, const op *made) {
    if (!root_atoms(l, (op_id){peer, made->counter}, made->len, lamport)) return false;
    if (l->sealed) return true;
    op o = *made;
    if (peer == l->at.peer && made->counter + (int32_t)made->len - 1 == l->at.counter) {
        if (!root_made(l, made)) return false;
        if (made->len == 1) return true;
        o = op_slice(made, 0, made->len - 1);
    }
    oplog *log = &l->doc->log;
    oplog_piece *piece = vec_push(log->heap, &log->pieces);
    if (!root_need(l, piece)) return false;
    *piece = (oplog_piece){dag_lv(&log->graph, (op_id){peer, o.counter}), lamport, o};
    return true;
}

static bool root_check_atoms(root_loader *l) {
    uint64_t *spare = arena_new(&l->doc->scratch, uint64_t, l->atoms.len);
    if (!root_need(l, spare)) return false;
    sort_numbers(l->atoms.at, l->atoms.len, spare);
    for (size_t i = 1; i < l->atoms.len; i++)
        if ((l->atoms.at[i - 1] >> 32) + (uint32_t)l->atoms.at[i - 1] > l->atoms.at[i] >> 32)
            return root_fail(l, LK_ECORRUPT, "state has an operation twice");
    return true;
}

/* Order the pieces by where they begin, if each atom is there once. They are large: what is sorted
 * is where they go. */
static bool root_sort_pieces(root_loader *l) {
    oplog *log = &l->doc->log;
    size_t len = log->pieces.len;
    arena *scratch = &l->doc->scratch;
    uint64_t *places = arena_new(scratch, uint64_t, len),
             *spare = arena_new(scratch, uint64_t, len);
    oplog_piece *sorted = arena_new(scratch, oplog_piece, len);
    if (!root_need(l, places) || !root_need(l, spare) || !root_need(l, sorted)) return false;
    for (size_t i = 0; i < len; i++) places[i] = (uint64_t)log->pieces.at[i].at << 32 | i;
    sort_numbers(places, len, spare);
    for (size_t i = 0; i < len; i++) {
        sorted[i] = log->pieces.at[(uint32_t)places[i]];
        if (i > 0 && sorted[i - 1].at + sorted[i - 1].made.len > sorted[i].at)
            return root_fail(l, LK_ECORRUPT, "state has an operation twice");
    }
    if (len > 0) __builtin_memcpy(log->pieces.at, sorted, len * sizeof *sorted);
    return true;
}

static bool root_check_pieces(root_loader *l) {
    return l->sealed ? root_check_atoms(l) : root_sort_pieces(l);
}

/* A register is as that step makes it. */
static bool root_register(root_loader *l, const step *st, uint32_t name, uint32_t more) {
    oplog *log = &l->doc->log;
    if (l->sealed && st->kind == STEP_MAP) return true;
    oplog_register *r = vec_push(log->heap, &log->registers);
    if (!root_need(l, r)) return false;
    *r = (oplog_register){.container = st->container,
                          .name = {name, more},
                          .lamport = st->lamport,
                          .peer = st->id.peer,
                          .data = st->data};
    return true;
}

/* What registers are ordered by, from the least significant on. */
static uint32_t root_register_digit(const oplog_register *r, unsigned digit) {
    return digit == 2 ? r->container : r->name[1 - digit];
}

/* Where the registers are, in their order. As pieces they are large. */
static uint64_t *root_register_places(root_loader *l) {
    const oplog_register *all = l->doc->log.registers.at;
    size_t len = l->doc->log.registers.len;
    arena *scratch = &l->doc->scratch;
    uint64_t *places = arena_new(scratch, uint64_t, len),
             *spare = arena_new(scratch, uint64_t, len);
    if (!root_need(l, places) || !root_need(l, spare)) return NULL;
    for (size_t i = 0; i < len; i++) places[i] = i;
    for (unsigned digit = 0; digit < 3; digit++) {
        for (size_t i = 0; i < len; i++) {
            uint32_t at = (uint32_t)places[i];
            places[i] = (uint64_t)root_register_digit(&all[at], digit) << 32 | at;
        }
        sort_numbers(places, len, spare);
    }
    return places;
}

/* Is each register there once? Then order those that are kept. */
static bool root_sort_registers(root_loader *l) {
    oplog_register *all = l->doc->log.registers.at;
    size_t len = l->doc->log.registers.len;
    const uint64_t *places = root_register_places(l);
    if (places == NULL) return false;
    for (size_t i = 1; i < len; i++)
        if (oplog_register_order(&all[(uint32_t)places[i - 1]], &all[(uint32_t)places[i]]) == 0)
            return root_fail(l, LK_ECORRUPT, "state has an element twice");
    if (l->sealed) l->doc->log.registers.len = len = 0;
    oplog_register *sorted = arena_new(&l->doc->scratch, oplog_register, len);
    if (!root_need(l, sorted)) return false;
    for (size_t i = 0; i < len; i++) sorted[i] = all[(uint32_t)places[i]];
    if (len > 0) __builtin_memcpy(all, sorted, len * sizeof *sorted);
    return true;
}

/* ---- text ---- */

/* A mark of a state, in the log. */
static text_mark *root_mark(root_loader *l, uint32_t id, const state_span *span,
                            const state_mark *from) {
    oplog *log = &l->doc->log;
    text_mark *mark = arena_new(&log->log, text_mark, 1);
    lk_value *value = arena_new(&log->log, lk_value, 1);
    if (!root_need(l, mark) || !root_need(l, value) || !root_value(l, &from->value, id, value))
        return NULL;
    log->names.containers.at[id].styled = true;
    op_id own = root_id(l, span->id);
    *mark = (text_mark){.id = own,
                        .lamport = span->lamport,
                        .key = intern_key(&log->names, from->key),
                        .peer_wide = log->names.peers.at[own.peer],
                        .value = value,
                        .info = from->info};
    return mark->key != TABLE_NONE || root_need(l, NULL) ? mark : NULL;
}

/* The marks of a text, by where they start. */
typedef struct root_marks {
    text_mark **at;
    size_t len;
} root_marks;

static int root_mark_order(const void *a, const void *b) {
    return root_id_order(&(*(text_mark *const *)a)->id, &(*(text_mark *const *)b)->id);
}

static bool root_make_marks(root_loader *l, uint32_t id, const state_text *text, root_marks *out) {
    out->len = 0;
    out->at = arena_new(&l->doc->scratch, text_mark *, text->mark_len);
    if (!root_need(l, out->at)) return false;
    for (size_t i = 0; i < text->span_len; i++) {
        if (text->spans[i].len != 0) continue;
        text_mark *mark = root_mark(l, id, &text->spans[i], &text->marks[out->len]);
        if (mark == NULL) return false;
        out->at[out->len++] = mark;
    }
    sort_items(out->at, out->len, sizeof *out->at, root_mark_order);
    return true;
}

/* The mark that starts with that operation, or ends with it. */
static text_mark *root_find_mark(root_loader *l, const root_marks *marks, op_id id, bool ends) {
    size_t low = 0, high = marks->len;
    id.counter -= ends;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (root_id_order(&marks->at[mid]->id, &id) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    if (low < marks->len && root_id_order(&marks->at[low]->id, &id) == 0) return marks->at[low];
    root_fail(l, LK_ECORRUPT, "mark ends that did not start");
    return NULL;
}

static bool root_anchor(root_loader *l, const root_marks *marks, const state_span *from, op *made,
                        seq_span *span) {
    bool ends = from->len < 0;
    text_mark *mark = root_find_mark(l, marks, span->id, ends);
    if (mark == NULL) return false;
    *span = seq_anchor_span(span->id, mark);
    made->kind = ends ? OP_MARK_END : OP_MARK_START;
    op_mark *told = arena_new(&l->doc->log.log, op_mark, 1);
    if (!root_need(l, told)) return false;
    *told = (op_mark){.key = mark->key, .info = mark->info, .value = mark->value, .anchored = mark};
    made->as.mark = told;
    op *root = &l->doc->log.ops.at[0]; /* one mark is at one address */
    if (root_id_order(&span->id, &l->at) != 0 || root->kind != made->kind) return true;
    if (!ends) {
        told->start = root->as.mark->start;
        told->end = root->as.mark->end;
    }
    root->as.mark = told;
    return true;
}

typedef struct root_source { /* of a text's spans */
    root_marks marks;
    lk_bytes left;
    bool flat; /* every code point is a byte */
} root_source;

static void root_take_text(root_source *from, uint32_t points, seq_span *span) {
    lk_bytes *left = &from->left;
    text_len own = {{points, points, points}};
    if (!from->flat) utf8_seek(left->at, left->len, points, LK_CODEPOINT, &own);
    span->data = left->at;
    __builtin_memcpy(span->len, own.unit, sizeof own.unit);
    span->len[SEQ_ENTITY] = points;
    *left = (lk_bytes){left->at + own.unit[LK_UTF8], left->len - own.unit[LK_UTF8]};
}

static bool root_span(root_loader *l, uint32_t id, root_source *from, const state_span *of,
                      seq_span *span) {
    *span = (seq_span){.id = root_id(l, of->id)};
    if (of->len > 0) root_take_text(from, (uint32_t)of->len, span);
    if (of->len > 0 && l->sealed)
        return root_atoms(l, span->id, span->len[SEQ_ENTITY], of->lamport);
    op made = {.kind = OP_TEXT_INSERT, .container = id, .counter = of->id.counter, .len = 1};
    if (of->len > 0) {
        made.len = (uint32_t)of->len;
        made.as.insert.text = span->data;
        made.as.insert.bytes = span->len[LK_UTF8];
    } else if (!root_anchor(l, &from->marks, of, &made, span)) {
        return false;
    }
    return root_piece(l, span->id.peer, of->lamport, &made);
}

static bool root_fill(root_loader *l, uint32_t id, const seq_span *spans, size_t span_len,
                      const state_text *text) {
    uint64_t len = 0;
    for (size_t i = 0; i < span_len; i++) len += spans[i].len[SEQ_ENTITY];
    step *st = root_step(l, STEP_FILL, id);
    if (st == NULL) return false;
    st->data = spans;
    st->key = (uint32_t)span_len;
    st->len = len < UINT32_MAX ? (uint32_t)len : UINT32_MAX;
    st->bytes = (uint32_t)text->text.len;
    return true;
}

/* The spans of a text whose bytes are in the log. */
static bool root_spans(root_loader *l, uint32_t id, const state_text *text, const uint8_t *at,
                       const text_len *len) {
    root_source from = {.left = {at, text->text.len},
                        .flat = len->unit[LK_CODEPOINT] == text->text.len};
    seq_span *spans = arena_new(&l->doc->scratch, seq_span, text->span_len);
    if (!root_need(l, spans) || !root_make_marks(l, id, text, &from.marks)) return false;
    for (size_t i = 0; i < text->span_len; i++)
        if (!root_span(l, id, &from, &text->spans[i], &spans[i])) return false;
    return text->span_len == 0 || root_fill(l, id, spans, text->span_len, text);
}

static bool root_text(root_loader *l, uint32_t id, const state_text *text) {
    const uint8_t *from = (const uint8_t *)text->text.at;
    text_len len = utf8_measure(from, text->text.len);
    const uint8_t *at = oplog_text(&l->doc->log, (lk_bytes){from, text->text.len});
    if (!root_need(l, at)) return false;
    if (!text->asleep) return root_spans(l, id, text, at, &len);
    seq_span *all = arena_new(&l->doc->scratch, seq_span, 1);
    if (!root_need(l, all)) return false;
    *all = seq_measured_span((op_id){SEQ_NOBODY, 0}, at, &len);
    l->doc->asleep = true;
    return root_fill(l, id, all, 1, text);
}

/* ---- list ---- */

static bool root_list(root_loader *l, uint32_t id, const state_list *list) {
    lk_value *values = arena_new(&l->doc->log.log, lk_value, list->len);
    if (!root_need(l, values)) return false;
    for (size_t i = 0; i < list->len; i++)
        if (!root_value(l, &list->items[i].value, id, &values[i])) return false;
    for (size_t i = 0, end; i < list->len; i = end) {
        const state_item *first = &list->items[i];
        for (end = i + 1; end < list->len; end++) { /* one run of ids and times */
            const state_item *next = &list->items[end];
            if (next->id.peer != first->id.peer ||
                next->id.counter - first->id.counter != (int32_t)(end - i) ||
                next->lamport - first->lamport != end - i)
                break;
        }
        op made = {.kind = OP_LIST_INSERT,
                   .container = id,
                   .counter = first->id.counter,
                   .len = (uint32_t)(end - i)};
        made.as.list.values = &values[i];
        op_id own = root_id(l, first->id);
        step *st = root_step(l, STEP_INSERT, id);
        if (st == NULL || !root_stamp(l, st, own, first->lamport)) return false;
        st->pos = (uint32_t)i;
        st->len = made.len;
        st->data = made.as.list.values;
        if (!root_piece(l, own.peer, first->lamport, &made)) return false;
    }
    return true;
}

/* ---- movable list ---- */

/* Let an element stand on the place that `st` makes; its value lies in the log. */
static bool root_elem(root_loader *l, const state_place *place, step *st, lk_value *value) {
    step_registers *all = arena_new(&l->doc->log.log, step_registers, 1);
    if (!root_need(l, all) || !root_value(l, &place->value, st->container, value)) return false;
    peer_ix by = l->peers[place->written.peer];
    *all = (step_registers){.exists = true,
                            .place = st->id,
                            .placed_lamport = st->lamport,
                            .placed_peer_wide = st->peer_wide,
                            .value = value,
                            .writer = {by, place->written.lamport},
                            .writer_peer_wide = l->doc->log.names.peers.at[by]};
    st->kind = STEP_STANDING;
    st->as.elem = (step_elem){l->peers[place->elem.peer], place->elem.lamport};
    st->data = all;
    if (!root_register(l, st, st->as.elem.peer, st->as.elem.lamport)) return false;
    return (place->written.lamport <= l->lamport && place->elem.lamport <= l->lamport) ||
           root_fail(l, LK_ECORRUPT, "state holds what is later than the root");
}

static bool root_place(root_loader *l, uint32_t id, uint32_t pos, const state_place *place) {
    op_id own = root_id(l, place->id);
    step *st = root_step(l, STEP_PLACES, id);
    if (st == NULL || !root_stamp(l, st, own, place->lamport)) return false;
    st->pos = pos;
    st->len = 1;
    /* Of an empty place it is not known what was there: as if something was moved here, and on. */
    op made = {.kind = OP_MOVE, .container = id, .counter = own.counter, .len = 1};
    step_elem elem = {own.peer, place->lamport};
    if (place->shows) {
        lk_value *value = arena_new(&l->doc->log.log, lk_value, 1);
        if (!root_need(l, value) || !root_elem(l, place, st, value)) return false;
        elem = st->as.elem;
        if (elem.peer == own.peer && elem.lamport == place->lamport) {
            made.kind = OP_LIST_INSERT;
            made.as.list.values = value;
            return root_piece(l, own.peer, place->lamport, &made);
        }
    }
    made.as.move.elem_peer = elem.peer;
    made.as.move.elem_lamport = elem.lamport;
    return root_piece(l, own.peer, place->lamport, &made);
}

static bool root_movable(root_loader *l, uint32_t id, const state_movable *from) {
    for (size_t i = 0; i < from->len; i++)
        if (!root_place(l, id, (uint32_t)i, &from->places[i])) return false;
    return true;
}

/* ---- map ---- */

/* The marker of a mergeable child becomes the child. */
static bool root_map_value(root_loader *l, uint32_t id, const state_entry *entry, lk_value *out) {
    intern *names = &l->doc->log.names;
    container_kind kind;
    if (!mergeable_marked(names, id, entry->key, &entry->value, &kind))
        return root_value(l, &entry->value, id, out);
    if (names->long_names > LIMIT_CHILD_NAMES_BYTES)
        return root_fail(l, LK_ELIMIT, "names of mergeable children are too long");
    uint32_t child = mergeable_child(names, id, entry->key, kind);
    *out = (lk_value){.type = LK_CONTAINER, .as.container = {child}};
    return child != TABLE_NONE || root_need(l, NULL);
}

static bool root_map(root_loader *l, uint32_t id, const state_map *from) {
    for (size_t i = 0; i < from->len; i++) {
        const state_entry *entry = &from->entries[i];
        step *st = root_step(l, STEP_MAP, id);
        if (st == NULL || !root_stamp(l, st, (op_id){l->peers[entry->peer], 0}, entry->lamport))
            return false;
        st->len = 1;
        st->key = intern_key(&l->doc->log.names, entry->key);
        if (st->key == TABLE_NONE) return root_need(l, NULL);
        if (!entry->deleted) {
            lk_value *value = arena_new(&l->doc->log.log, lk_value, 1);
            if (!root_need(l, value) || !root_map_value(l, id, entry, value)) return false;
            st->data = value;
        }
        if (!root_register(l, st, st->key, 0)) return false;
    }
    return true;
}

/* ---- tree ---- */

/* Is none of these there twice? Sorts them. */
static bool root_unique(root_loader *l, op_id *ids, size_t len) {
    sort_items(ids, len, sizeof *ids, root_id_order);
    for (size_t i = 1; i < len; i++)
        if (root_id_order(&ids[i - 1], &ids[i]) == 0)
            return root_fail(l, LK_ECORRUPT, "state has an element twice");
    return true;
}

static bool root_node(root_loader *l, uint32_t id, const state_tree *from, const state_node *node) {
    op_id move = root_id(l, node->move);
    step *st = root_step(l, STEP_TREE, id);
    if (st == NULL || !root_stamp(l, st, move, node->lamport)) return false;
    if (!root_knows(l, move))
        return root_fail(l, LK_ECORRUPT, "state holds what is later than the root");
    lk_bytes position = {oplog_bytes(&l->doc->log, node->position.at, node->position.len),
                         node->position.len};
    if (!root_need(l, position.at)) return false;
    container_id meta = root_meta(l, node);
    st->len = 1;
    op_tree *to = arena_new(&l->doc->scratch, op_tree, 1);
    if (!root_need(l, to)) return false;
    *to = (op_tree){.node = root_id(l, node->id),
                    .has_parent = node->parent >= STATE_NODE_FIRST,
                    .deletes = node->parent == STATE_NODE_DELETED,
                    .position = position};
    if (to->has_parent) to->parent = root_id(l, from->nodes[node->parent - STATE_NODE_FIRST].id);
    st->data = to;
    st->as.node.meta = intern_find_container(&l->doc->log.names, &meta);
    return root_hold(l, st->as.node.meta, id);
}

static int root_node_order(const void *a, const void *b) {
    const step *x = a, *y = b;
    if (x->lamport != y->lamport) return x->lamport < y->lamport ? -1 : 1;
    return x->peer_wide < y->peer_wide ? -1 : x->peer_wide > y->peer_wide;
}

static bool root_tree(root_loader *l, uint32_t id, const state_tree *from) {
    step_list *steps = &l->doc->steps;
    size_t first = steps->len;
    op_id *ids = arena_new(&l->doc->scratch, op_id, from->len);
    op_id *moves = arena_new(&l->doc->scratch, op_id, from->len);
    if (!root_need(l, ids) || !root_need(l, moves)) return false;
    for (size_t i = 0; i < from->len; i++) {
        ids[i] = root_id(l, from->nodes[i].id);
        moves[i] = (op_id){l->peers[from->nodes[i].move.peer], (int32_t)from->nodes[i].lamport};
        if (!root_node(l, id, from, &from->nodes[i])) return false;
    }
    /* A tree takes its moves in order most easily. */
    sort_items(steps->at + first, steps->len - first, sizeof *steps->at, root_node_order);
    return root_unique(l, ids, from->len) && root_unique(l, moves, from->len);
}

/* ---- all ---- */

static bool root_content(root_loader *l, const state_container *c) {
    uint32_t id = l->cids[c->cid];
    switch (l->names.cids.at[c->cid].kind) {
    case LK_TEXT: return root_text(l, id, &c->as.text);
    case LK_LIST: return root_list(l, id, &c->as.list);
    case LK_MAP: return root_map(l, id, &c->as.map);
    case LK_MOVABLE_LIST: return root_movable(l, id, &c->as.movable);
    case LK_TREE: return root_tree(l, id, &c->as.tree);
    case LK_COUNTER: {
        step *st = root_step(l, STEP_COUNT, id);
        if (st != NULL) st->as.count = c->as.counter;
        return st != NULL;
    }
    default: return true; /* kept in the bytes of the whole */
    }
}

static bool root_keep(root_loader *l, lk_bytes bytes) {
    lk_bytes *root = &l->doc->log.root;
    *root = (lk_bytes){oplog_bytes(&l->doc->log, bytes.at, bytes.len), bytes.len};
    return root_need(l, root->at);
}

static bool root_states(root_loader *l, const snapshot_root *root) {
    bool fine =
        root_read(l, root) && root_map_names(l) && root_intern_nodes(l) && root_set_parents(l);
    for (size_t i = 0; i < l->state_len && fine; i++) fine = root_content(l, &l->states[i]);
    return fine && root_check_nesting(l) && root_check_pieces(l) && root_sort_registers(l);
}

lk_status root_load(lk_doc *doc, const snapshot_history *history, const snapshot_root *root,
                    const block *first, bool lazily, lk_fault *fault) {
    root_loader l = {.doc = doc, .names.lazily = lazily, .fault = fault};
    bool fine =
        root_begin(&l, history, first) && root_states(&l, root) && root_keep(&l, root->bytes);
    return fine ? LK_OK : fault->code;
}

/* May the state stand for a history that is not read? What nothing here understands is kept there
 * alone, and roots that cannot be asked for come to be by it alone. */
static bool root_stands_alone(root_loader *l) {
    for (size_t i = 0; i < l->names.cids.len; i++) {
        const container_id *id = &l->names.cids.at[i];
        bool fine = id->kind <= LK_COUNTER &&
                    (!id->root || mergeable_named(id) || doc_root_name_valid(id->name));
        if (!fine) return root_fail(l, LK_EVERSION, "state is not all there is");
    }
    return true;
}

lk_status root_load_tip(lk_doc *doc, const snapshot_tip *tip, const snapshot_root *at_end,
                        lk_fault *fault) {
    root_loader l = {.doc = doc, .names.lazily = true, .fault = fault};
    bool fine = root_seal(&l, tip) && root_states(&l, at_end) && root_stands_alone(&l);
    return fine ? LK_OK : fault->code;
}

/* ---- waking ---- */

static bool root_wake_text(root_loader *l, const state_container *c) {
    uint32_t id = l->cids[c->cid];
    const state_text *text = &c->as.text;
    seq_walk w = seq_range(state_find_seq(&l->doc->state, id), 0, 1);
    seq_span first;
    if (!seq_walk_next(&w, &first) || first.id.peer != SEQ_NOBODY) return true;
    text_len len = utf8_measure(first.data, text->text.len);
    return root_spans(l, id, text, first.data, &len);
}

/* Carry out the steps: new sequences take the place of those that slept. All or none. */
static bool root_exchange(root_loader *l) {
    const step_list *steps = &l->doc->steps;
    seq *fresh = arena_new(&l->doc->scratch, seq, steps->len);
    bool fine = root_need(l, fresh);
    size_t made = 0;
    for (; made < steps->len && fine; made++) {
        const step *st = &steps->at[made];
        seq_init(&fresh[made], SEQ_TEXT, &l->doc->memory);
        fine = root_need(l, seq_reserve_fill(&fresh[made], st->key, st->bytes) ? fresh : NULL);
    }
    for (size_t i = 0; i < made; i++) {
        const step *st = &steps->at[i];
        seq *own = state_find_seq(&l->doc->state, st->container);
        seq_edit whole;
        if (fine) seq_fill(&fresh[i], st->data, st->key, &whole);
        seq old = fine ? *own : fresh[i];
        if (fine) *own = fresh[i];
        seq_drop(&old);
    }
    return fine;
}

static bool root_wake_all(root_loader *l, lk_bytes states) {
    sstable found;
    if (sstable_read(states, 0, LIMIT_SNAPSHOT_BYTES, &l->doc->scratch, &found, l->fault) != LK_OK)
        return false;
    snapshot_root root = {.pairs = found.pairs, .len = found.len};
    bool fine = root_read(l, &root) && root_map_names(l);
    for (size_t i = 0; i < l->state_len && fine; i++) fine = root_wake_text(l, &l->states[i]);
    return fine && root_check_pieces(l) && root_exchange(l);
}

lk_status root_wake(lk_doc *doc, lk_bytes states) {
    const dag *g = &doc->log.graph;
    lk_fault fault = {0};
    arena scratch = doc->scratch;
    size_t pieces = doc->log.pieces.len;
    root_loader l = {.doc = doc, .waking = true, .sealed = doc->sealed.at != NULL, .fault = &fault};
    l.at = l.sealed ? (op_id){TABLE_NONE, 0} : dag_id(g, g->floor - 1);
    l.lamport = l.sealed ? g->sealed : dag_lamport(g, g->floor - 1);
    arena_init(&doc->scratch, &doc->memory);
    doc->steps.len = 0;
    doc->asleep = !root_wake_all(&l, states);
    if (doc->asleep) doc->log.pieces.len = pieces;
    doc->steps.len = 0;
    arena_drop(&doc->scratch);
    doc->scratch = scratch;
    return doc->asleep ? fault.code : LK_OK;
}
