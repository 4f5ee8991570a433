/* SPDX-License-Identifier: MIT
 * travel.c - what lies between two versions, sorted by where it happened. */
#include "merge/travel.h"

#include "base/sort.h"

void travel_init(travel *t, oplog *log) {
    *t = (travel){.heap = log->heap, .log = log};
    registers_init(&t->registers, log);
    player_init(&t->player, log);
}

void travel_drop(travel *t) {
    registers_drop(&t->registers);
    player_drop(&t->player);
    vec_drop(t->heap, &t->back);
    vec_drop(t->heap, &t->forth);
    vec_drop(t->heap, &t->played);
    vec_drop(t->heap, &t->names);
    vec_drop(t->heap, &t->order);
    vec_drop(t->heap, &t->notes);
    vec_drop(t->heap, &t->tree_back);
    vec_drop(t->heap, &t->tree_forth);
}

/* ---- versions ---- */

/* The part of a span that is one peer's, from its end: the first atom's id and the length. */
static op_id travel_last_part(const dag *g, dag_span span, uint32_t *len) {
    lv part = dag_part_start(g, span.end - 1), start = part > span.start ? part : span.start;
    *len = span.end - start;
    return dag_id(g, start);
}

lk_status travel_ends(travel *t, const travel_end *from, travel_end *to) {
    dag *g = &t->log->graph;
    if (!dag_diff(g, from->heads, from->len, to->heads, to->len, &t->back, &t->forth))
        return LK_ENOMEM;
    __builtin_memcpy(to->ends, from->ends, g->peers.len * sizeof *to->ends);
    uint32_t len;
    for (size_t i = 0; i < t->back.len; i++)
        for (dag_span left = t->back.at[i]; left.end > left.start; left.end -= len) {
            op_id id = travel_last_part(g, left, &len);
            if (id.counter < to->ends[id.peer]) to->ends[id.peer] = id.counter;
        }
    for (size_t i = 0; i < t->forth.len; i++)
        for (dag_span left = t->forth.at[i]; left.end > left.start; left.end -= len) {
            op_id id = travel_last_part(g, left, &len);
            int32_t end = id.counter + (int32_t)len;
            if (end > to->ends[id.peer]) to->ends[id.peer] = end;
        }
    return LK_OK;
}

/* ---- what happened where ---- */

typedef struct travel_trip {
    travel *t;
    const travel_end *from, *to;
    arena *scratch;
    uint8_t *seen;    /* containers */
    uint8_t *touched; /* sequences */
    bool any;         /* of them */
    double *counts;   /* counters */
    step_list *out;
} travel_trip;

static bool travel_push_lv(travel *t, bool back, lv at) {
    lv *fresh = back ? vec_push(t->heap, &t->tree_back) : vec_push(t->heap, &t->tree_forth);
    if (fresh != NULL) *fresh = at;
    return fresh != NULL;
}

bool travel_look(travel *t, const register_name *name) {
    travel_name *fresh = vec_push(t->heap, &t->names);
    if (fresh != NULL) *fresh = (travel_name){*name, (uint32_t)t->names.len};
    return fresh != NULL;
}

static bool travel_see(travel_trip *trip, uint32_t container) {
    if (trip->seen[container]) return true;
    uint32_t *fresh = vec_push(trip->t->heap, &trip->t->order);
    if (fresh == NULL) return false;
    *fresh = container;
    trip->seen[container] = 1;
    return true;
}

/* Sort one operation in. */
static bool travel_sort_op(travel_trip *trip, const op *o, lv at, bool back) {
    travel *t = trip->t;
    register_name name;
    if (!travel_see(trip, o->container)) return false;
    if (player_tracks(&t->player, o)) {
        trip->touched[o->container] = 1;
        trip->any = true;
    }
    if (o->kind == OP_COUNTER) trip->counts[o->container] += back ? -o->as.delta : o->as.delta;
    if (o->kind == OP_TREE && !travel_push_lv(t, back, at)) return false;
    return !register_of(o, &name) || travel_look(t, &name);
}

static bool travel_sort_span(travel_trip *trip, dag_span span, bool back) {
    oplog_walk w = oplog_walk_new(trip->t->log, span.start, span.end);
    op o;
    lv at;
    const dag_run *run;
    while (oplog_walk_next(&w, &o, &at, &run))
        if (!travel_sort_op(trip, &o, at, back)) return false;
    return true;
}

/* From the oldest operation to the newest; spans are told the other way round. */
static bool travel_sort(travel_trip *trip, const dag_spans *back, const dag_spans *forth) {
    size_t b = back->len, f = forth->len;
    while (b + f > 0) {
        bool older = f == 0 || (b > 0 && back->at[b - 1].start < forth->at[f - 1].start);
        dag_span span = older ? back->at[--b] : forth->at[--f];
        if (!travel_sort_span(trip, span, older)) return false;
    }
    return true;
}

/* ---- registers ---- */

/* The place and the value of an element are looked at together. */
static int travel_register_order(const register_name *x, const register_name *y) {
    if (x->container != y->container) return x->container < y->container ? -1 : 1;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    if (x->peer != y->peer) return x->peer < y->peer ? -1 : 1;
    return x->lamport < y->lamport ? -1 : x->lamport > y->lamport;
}

static int travel_name_order(const void *a, const void *b) {
    const travel_name *x = a, *y = b;
    int order = travel_register_order(&x->of, &y->of);
    return order != 0 ? order : x->nth < y->nth ? -1 : x->nth > y->nth;
}

static int travel_nth_order(const void *a, const void *b) {
    const travel_name *x = a, *y = b;
    return x->nth < y->nth ? -1 : x->nth > y->nth;
}

static const register_write *travel_write(const travel_trip *trip, register_name name,
                                          register_kind kind, const travel_end *at) {
    const travel *t = trip->t;
    name.kind = kind;
    return registers_at(&t->registers, &name, at->ends, t->log->graph.peers.len);
}

static const op *travel_op(const travel_trip *trip, op_id id) {
    const oplog *log = trip->t->log;
    return oplog_op(log, dag_lv(&log->graph, id));
}

/* A key shows at `to` what its last write there says; if there was none, what it held when the
 * history began, or nothing. */
static bool travel_key(travel_trip *trip, const register_name *name) {
    const register_write *was = travel_write(trip, *name, REGISTER_KEY, trip->from);
    const register_write *is = travel_write(trip, *name, REGISTER_KEY, trip->to);
    if (was == is) return true;
    const oplog_register *root = oplog_find_register(trip->t->log, name->container, name->key);
    step s = {.kind = STEP_MAP_FORCE,
              .container = name->container,
              .len = 1,
              .key = name->key,
              .id.peer = STEP_UNWRITTEN};
    if (is != NULL) {
        s.id = is->id;
        s.lamport = is->lamport;
        s.peer_wide = trip->t->log->names.peers.at[is->id.peer];
        s.data = travel_op(trip, is->id)->as.map.value;
    } else if (root != NULL) {
        s.id.peer = root->peer;
        s.lamport = root->lamport;
        s.peer_wide = trip->t->log->names.peers.at[root->peer];
        s.data = root->data;
    }
    return steps_add(trip->t->heap, trip->out, &s);
}

/* The insert of an element, and its value there; false if it is none, or not known at `to`. */
static bool travel_elem_insert(const travel_trip *trip, const register_name *name, op_id *id,
                               const lk_value **value) {
    const oplog *log = trip->t->log;
    if (!dag_find_lamport(&log->graph, name->peer, name->lamport, id)) return false;
    if (id->counter >= trip->to->ends[id->peer]) return false;
    const op *o = travel_op(trip, *id);
    if (o->kind != OP_LIST_INSERT || o->container != name->container) return false;
    *value = &o->as.list.values[id->counter - o->counter];
    return true;
}

/* An element before it was moved or written to; not there if it is not known at `to`. */
static step_registers travel_elem_first(const travel_trip *trip, const register_name *name) {
    const oplog *log = trip->t->log;
    const oplog_register *root = oplog_find_elem(log, name->container, name->peer, name->lamport);
    if (root != NULL) return *(const step_registers *)root->data;
    op_id id;
    const lk_value *value;
    if (!travel_elem_insert(trip, name, &id, &value)) return (step_registers){0};
    uint64_t wide = log->names.peers.at[id.peer];
    return (step_registers){.exists = true,
                            .place = id,
                            .placed_lamport = name->lamport,
                            .placed_peer_wide = wide,
                            .value = value,
                            .writer = {id.peer, name->lamport},
                            .writer_peer_wide = wide};
}

static bool travel_elem(travel_trip *trip, const register_name *name) {
    const uint64_t *peers = trip->t->log->names.peers.at;
    step_registers *to = arena_new(trip->scratch, step_registers, 1);
    if (to == NULL) return false;
    *to = travel_elem_first(trip, name);
    const register_write *place = travel_write(trip, *name, REGISTER_PLACE, trip->to);
    const register_write *written = travel_write(trip, *name, REGISTER_VALUE, trip->to);
    if (to->exists && place != NULL) {
        to->place = place->id;
        to->placed_lamport = place->lamport;
        to->placed_peer_wide = peers[place->id.peer];
    }
    if (to->exists && written != NULL) {
        to->value = travel_op(trip, written->id)->as.set.value;
        to->writer = (step_elem){written->id.peer, written->lamport};
        to->writer_peer_wide = peers[written->id.peer];
    }
    step s = {.kind = STEP_ELEM,
              .container = name->container,
              .len = 1,
              .data = to,
              .as.elem = {name->peer, name->lamport}};
    return steps_add(trip->t->heap, trip->out, &s);
}

/* Let each register be named once, in the order of the operations that first did. */
static void travel_unite_names(travel *t) {
    travel_name *names = t->names.at;
    size_t len = 0;
    sort_items(names, t->names.len, sizeof *names, travel_name_order);
    for (size_t i = 0; i < t->names.len; i++)
        if (len == 0 || travel_register_order(&names[i].of, &names[len - 1].of) != 0)
            names[len++] = names[i];
    t->names.len = len;
    sort_items(names, len, sizeof *names, travel_nth_order);
}

static bool travel_registers(travel_trip *trip) {
    travel *t = trip->t;
    if (t->names.len == 0) return true;
    if (!registers_update(&t->registers)) return false;
    travel_unite_names(t);
    for (size_t i = 0; i < t->names.len; i++) {
        const register_name *name = &t->names.at[i].of;
        bool keyed = t->log->names.containers.at[name->container].id.kind == LK_MAP;
        if (keyed ? !travel_key(trip, name) : !travel_elem(trip, name)) return false;
    }
    return true;
}

/* ---- trees and counters ---- */

static bool travel_tree_step(travel_trip *trip, lv at, bool back) {
    const oplog *log = trip->t->log;
    const dag_run *run = dag_run_of(&log->graph, at);
    const op *o = oplog_op(log, at);
    if (!steps_writes(log, o)) return true;
    step s = steps_write(log, o, run);
    if (back) s.kind = STEP_BACK;
    return steps_add(trip->t->heap, trip->out, &s);
}

static int travel_lv_order(const void *a, const void *b) {
    lv x = *(const lv *)a, y = *(const lv *)b;
    return x < y ? -1 : x > y;
}

/* The newest moves go first, and come last: the tree's log is cheapest to change at its end. */
static bool travel_trees(travel_trip *trip) {
    travel *t = trip->t;
    sort_items(t->tree_back.at, t->tree_back.len, sizeof(lv), travel_lv_order);
    sort_items(t->tree_forth.at, t->tree_forth.len, sizeof(lv), travel_lv_order);
    for (size_t i = t->tree_back.len; i-- > 0;)
        if (!travel_tree_step(trip, t->tree_back.at[i], true)) return false;
    for (size_t i = 0; i < t->tree_forth.len; i++)
        if (!travel_tree_step(trip, t->tree_forth.at[i], false)) return false;
    return true;
}

static bool travel_counters(travel_trip *trip) {
    const intern *names = &trip->t->log->names;
    for (uint32_t id = 0; id < names->containers.len; id++) {
        if (names->containers.at[id].id.kind != LK_COUNTER || trip->counts[id] == 0) continue;
        step s = {.kind = STEP_COUNT, .container = id, .len = 1, .as.count = trip->counts[id]};
        if (!steps_add(trip->t->heap, trip->out, &s)) return false;
    }
    return true;
}

/* ---- the whole ---- */

lk_status travel_plan(travel *t, const travel_end *from, const travel_end *to, arena *scratch,
                      step_list *out) {
    size_t containers = t->log->names.containers.len;
    travel_trip trip = {.t = t, .from = from, .to = to, .scratch = scratch, .out = out};
    trip.seen = arena_new(scratch, uint8_t, containers);
    trip.touched = arena_new(scratch, uint8_t, containers);
    trip.counts = arena_new(scratch, double, containers);
    if (trip.seen == NULL || trip.touched == NULL || trip.counts == NULL) return LK_ENOMEM;
    __builtin_memset(trip.seen, 0, containers);
    __builtin_memset(trip.touched, 0, containers);
    __builtin_memset(trip.counts, 0, containers * sizeof *trip.counts);
    t->names.len = t->order.len = t->tree_back.len = t->tree_forth.len = 0;
    if (!dag_diff(&t->log->graph, from->heads, from->len, to->heads, to->len, &t->back, &t->forth))
        return LK_ENOMEM;
    if (!travel_sort(&trip, &t->back, &t->forth)) return LK_ENOMEM;
    if (trip.any) {
        lk_status status = travel_sequences(t, from, to, trip.touched, scratch, out);
        if (status != LK_OK) return status == LK_ENOMEM ? status : LK_ECORRUPT;
    }
    bool planned = travel_registers(&trip) && travel_trees(&trip) && travel_counters(&trip);
    return planned ? LK_OK : LK_ENOMEM;
}
