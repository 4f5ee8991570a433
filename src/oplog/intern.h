/* SPDX-License-Identifier: MIT
 * intern.h - wide names as small integers, one table of each kind per document. Records only grow,
 * so a failed import gives back what it interned by resetting three lengths (intern_rewind). */
#ifndef OPLOG_INTERN_H
#define OPLOG_INTERN_H

#include "base/table.h"
#include "model/id.h"

#define CONTAINER_NONE UINT32_MAX

typedef struct container_name {
    container_id id; /* peer: of this document */
    uint32_t
        parent;  /* the container whose operation made it; CONTAINER_NONE: root, or not seen yet */
    bool styled; /* text was marked in it, once */
} container_name;

typedef struct intern {
    const lk_memory *heap;
    arena *log; /* owns the names */
    VEC(uint64_t) peers;
    VEC(lk_str) keys;
    VEC(container_name) containers;
    table peer_table, key_table, container_table;
    size_t long_names; /* mergeable.h: what LIMIT_CHILD_NAMES_BYTES bounds */
} intern;

typedef struct intern_mark {
    size_t peers, keys, containers;
} intern_mark;

void intern_init(intern *in, const lk_memory *heap, arena *log);
void intern_drop(intern *in);
static inline intern_mark intern_save(const intern *in) {
    return (intern_mark){in->peers.len, in->keys.len, in->containers.len};
}
void intern_rewind(intern *in, intern_mark mark);

/* The index of a name, given one if it has none; TABLE_NONE when memory is out. */
peer_ix intern_peer(intern *in, uint64_t peer);
uint32_t intern_key(intern *in, lk_str key);
uint32_t intern_container(intern *in, const container_id *id);
/* The index of a name, or TABLE_NONE if it has none. */
peer_ix intern_find_peer(const intern *in, uint64_t peer);
uint32_t intern_find_key(const intern *in, lk_str key);
uint32_t intern_find_container(const intern *in, const container_id *id);

#endif
