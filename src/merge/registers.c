/* SPDX-License-Identifier: MIT
 * registers.c - a hash table of chains, each from the newest write to the oldest. */
#include "merge/registers.h"

#include "base/sort.h"

void registers_init(registers *r, const oplog *log) {
    *r = (registers){.heap = log->heap, .log = log};
}

void registers_drop(registers *r) {
    vec_drop(r->heap, &r->chains);
    vec_drop(r->heap, &r->writes);
    table_drop(&r->by_name, r->heap);
    r->upto = 0;
}

bool register_of(const op *o, register_name *out) {
    *out = (register_name){.container = o->container};
    switch (o->kind) {
    case OP_MAP_SET:
    case OP_MAP_DELETE:
        out->kind = REGISTER_KEY;
        out->key = o->as.map.key;
        return true;
    case OP_MOVE:
        out->kind = REGISTER_PLACE;
        out->peer = o->as.move.elem_peer;
        out->lamport = o->as.move.elem_lamport;
        return true;
    case OP_SET:
        out->kind = REGISTER_VALUE;
        out->peer = o->as.set.elem_peer;
        out->lamport = o->as.set.elem_lamport;
        return true;
    default: return false;
    }
}

static bool register_same(const register_name *a, const register_name *b) {
    return a->kind == b->kind && a->container == b->container && a->key == b->key &&
           a->peer == b->peer && a->lamport == b->lamport;
}

static uint32_t register_hash(const registers *r, const register_name *name) {
    const uint64_t *secret = r->heap->hash_key;
    uint64_t who = (uint64_t)name->peer << 32 | name->lamport;
    uint64_t what = (uint64_t)name->container << 32 | name->key;
    uint64_t hash = keyed_hash_u64(secret, what ^ (uint64_t)name->kind << 62);
    return keyed_hash_u64(secret, who ^ hash << 32);
}

static register_chain *registers_find(const registers *r, const register_name *name) {
    table_probe probe;
    uint32_t i = table_first(&r->by_name, register_hash(r, name), &probe);
    while (i != TABLE_NONE && !register_same(&r->chains.at[i].name, name)) i = table_next(&probe);
    return i == TABLE_NONE ? NULL : &r->chains.at[i];
}

/* The chain of a register, made if it is new; NULL when memory is out. */
static register_chain *registers_chain(registers *r, const register_name *name) {
    register_chain *chain = registers_find(r, name);
    if (chain != NULL) return chain;
    if (!vec_reserve(r->heap, &r->chains, 1) || !table_reserve(&r->by_name, r->heap, 1))
        return NULL;
    table_add(&r->by_name, register_hash(r, name), (uint32_t)r->chains.len);
    chain = &r->chains.at[r->chains.len++];
    *chain = (register_chain){*name, REGISTER_NONE};
    return chain;
}

typedef struct register_fresh { /* a write that is not in its chain yet */
    uint32_t chain, lamport;
    uint64_t peer_wide;
    op_id id;
} register_fresh;
typedef VEC(register_fresh) register_fresh_list;

/* By chain, the latest first. */
static int register_fresh_order(const void *a, const void *b) {
    const register_fresh *x = a, *y = b;
    if (x->chain != y->chain) return x->chain < y->chain ? -1 : 1;
    if (x->lamport != y->lamport) return x->lamport > y->lamport ? -1 : 1;
    return x->peer_wide > y->peer_wide ? -1 : x->peer_wide < y->peer_wide;
}

static bool registers_collect(registers *r, register_fresh_list *out) {
    oplog_walk w = oplog_walk_new(r->log, r->upto, r->log->graph.end);
    op o;
    lv at;
    const dag_run *run;
    register_name name;
    while (oplog_walk_next(&w, &o, &at, &run)) {
        if (!register_of(&o, &name)) continue;
        const register_chain *chain = registers_chain(r, &name);
        register_fresh *fresh = chain == NULL ? NULL : vec_push(r->heap, out);
        if (fresh == NULL) return false;
        *fresh = (register_fresh){.chain = (uint32_t)(chain - r->chains.at),
                                  .lamport = run->lamport + (at - run->start),
                                  .peer_wide = r->log->names.peers.at[run->peer],
                                  .id = {run->peer, o.counter}};
    }
    return true;
}

static bool registers_later(const registers *r, const register_write *a, const register_fresh *b) {
    if (a->lamport != b->lamport) return a->lamport > b->lamport;
    return r->log->names.peers.at[a->id.peer] > b->peer_wide;
}

/* Weave sorted writes into their chains, each of which is walked once. Needs room. */
static void registers_weave(registers *r, const register_fresh_list *fresh) {
    uint32_t *link = NULL;
    for (size_t i = 0; i < fresh->len; i++) {
        const register_fresh *f = &fresh->at[i];
        if (i == 0 || f->chain != f[-1].chain) link = &r->chains.at[f->chain].newest;
        while (*link != REGISTER_NONE && registers_later(r, &r->writes.at[*link], f))
            link = &r->writes.at[*link].older;
        register_write *write = &r->writes.at[r->writes.len];
        *write = (register_write){f->id, f->lamport, *link};
        *link = (uint32_t)r->writes.len++;
        link = &write->older;
    }
}

bool registers_update(registers *r) {
    register_fresh_list fresh = {0};
    if (r->upto < r->log->graph.floor) r->upto = r->log->graph.floor;
    bool done = registers_collect(r, &fresh) && vec_reserve(r->heap, &r->writes, fresh.len);
    if (done) {
        sort_items(fresh.at, fresh.len, sizeof *fresh.at, register_fresh_order);
        registers_weave(r, &fresh);
        r->upto = r->log->graph.end;
    }
    vec_drop(r->heap, &fresh);
    return done;
}

const register_write *registers_at(const registers *r, const register_name *name,
                                   const int32_t *ends, size_t len) {
    const register_chain *chain = registers_find(r, name);
    uint32_t i = chain == NULL ? REGISTER_NONE : chain->newest;
    for (; i != REGISTER_NONE; i = r->writes.at[i].older) {
        const register_write *write = &r->writes.at[i];
        if (write->id.peer < len && write->id.counter < ends[write->id.peer]) return write;
    }
    return NULL;
}
