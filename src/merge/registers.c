/* SPDX-License-Identifier: MIT
 * registers.c - a hash table of chains, each from the newest write to the oldest. */
#include "merge/registers.h"

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

static uint32_t register_hash(const register_name *name) {
    uint64_t who = (uint64_t)name->peer << 32 | name->lamport;
    uint64_t what = (uint64_t)name->container << 32 | name->key;
    return hash_u64(who ^ what * 0x9e3779b97f4a7c15u ^ (uint64_t)name->kind << 62);
}

static register_chain *registers_find(const registers *r, const register_name *name) {
    table_probe probe;
    uint32_t i = table_first(&r->by_name, register_hash(name), &probe);
    while (i != TABLE_NONE && !register_same(&r->chains.at[i].name, name)) i = table_next(&probe);
    return i == TABLE_NONE ? NULL : &r->chains.at[i];
}

static bool registers_later(const registers *r, const register_write *a, const register_write *b) {
    const uint64_t *peers = r->log->names.peers.at;
    if (a->lamport != b->lamport) return a->lamport > b->lamport;
    return peers[a->id.peer] > peers[b->id.peer];
}

/* Needs room for one more of everything. */
static void registers_add(registers *r, const register_name *name, register_write write) {
    register_chain *chain = registers_find(r, name);
    if (chain == NULL) {
        table_add(&r->by_name, register_hash(name), (uint32_t)r->chains.len);
        chain = &r->chains.at[r->chains.len++];
        *chain = (register_chain){*name, REGISTER_NONE};
    }
    uint32_t *link = &chain->newest;
    while (*link != REGISTER_NONE && registers_later(r, &r->writes.at[*link], &write))
        link = &r->writes.at[*link].older;
    write.older = *link;
    *link = (uint32_t)r->writes.len;
    r->writes.at[r->writes.len++] = write;
}

bool registers_update(registers *r) {
    if (r->upto < r->log->graph.floor) r->upto = r->log->graph.floor;
    oplog_walk w = oplog_walk_new(r->log, r->upto, r->log->graph.end);
    op o;
    lv at;
    const dag_run *run;
    register_name name;
    while (oplog_walk_next(&w, &o, &at, &run)) {
        if (register_of(&o, &name)) {
            if (!vec_reserve(r->heap, &r->chains, 1) || !vec_reserve(r->heap, &r->writes, 1) ||
                !table_reserve(&r->by_name, r->heap, 1))
                return false;
            uint32_t lamport = run->lamport + (at - run->start);
            registers_add(r, &name, (register_write){{run->peer, o.counter}, lamport, 0});
        }
        r->upto = at + o.len;
    }
    return true;
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
