/* SPDX-License-Identifier: MIT
 * registers.h - who wrote what, by register: the keys of maps, the place and the value of elements
 * of movable lists. At any version the last write holds, by (lamport, peer); the state knows only
 * the last of all, so going back needs the ones before.
 *
 *      register (map 4, "title")   newest -> lamport 9, peer 7 -> lamport 9, peer 3 -> lamport 2
 *
 * An element's insert writes both its registers, and is older than all others, so it is not kept
 * here. Made when first needed: later writes are taken in when next asked for. A cache. */
#ifndef MERGE_REGISTERS_H
#define MERGE_REGISTERS_H

#include "oplog/oplog.h"

#define REGISTER_NONE UINT32_MAX

typedef enum register_kind { REGISTER_KEY, REGISTER_PLACE, REGISTER_VALUE } register_kind;

typedef struct register_name {
    register_kind kind;
    uint32_t container;
    uint32_t key;     /* of a map; or */
    peer_ix peer;     /* the element, by its insert, */
    uint32_t lamport; /* likewise */
} register_name;

typedef struct register_chain {
    register_name name;
    uint32_t newest; /* index in writes */
} register_chain;

typedef struct register_write {
    op_id id;
    uint32_t lamport;
    uint32_t older; /* the next one of its chain, or REGISTER_NONE */
} register_write;

typedef struct registers {
    const lk_memory *heap;
    const oplog *log;
    lv upto; /* operations before this are in */
    VEC(register_chain) chains;
    VEC(register_write) writes;
    table by_name; /* of chains */
} registers;

void registers_init(registers *r, const oplog *log);
void registers_drop(registers *r);
/* Take in what the history holds by now. O(what is new, times its logarithm, and what was written
 * later than that). false when memory is out. */
bool registers_update(registers *r);

/* The register that an operation of `container` writes; false if it writes none. */
bool register_of(const op *o, register_name *out);
/* The write that holds at a version, told as end counters by peer (peers from `len` on: 0); NULL if
 * none does. O(writes newer than it). */
const register_write *registers_at(const registers *r, const register_name *name,
                                   const int32_t *ends, size_t len);

#endif
