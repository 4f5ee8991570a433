/* SPDX-License-Identifier: MIT
 * steps.c - fields of operations as fields of steps. */
#include "merge/steps.h"

bool steps_writes(const oplog *log, const op *o) {
    container_kind kind = log->names.containers.at[o->container].id.kind;
    switch (o->kind) {
    case OP_MAP_SET:
    case OP_MAP_DELETE: return kind == LK_MAP;
    case OP_SET: return kind == LK_MOVABLE_LIST;
    case OP_TREE: return kind == LK_TREE;
    case OP_COUNTER: return kind == LK_COUNTER;
    default: return false;
    }
}

/* A step of that operation, with its id and Lamport time. */
static step steps_of(const oplog *log, const op *o, const dag_run *run, step_kind kind) {
    return (step){.kind = kind,
                  .container = o->container,
                  .len = o->len,
                  .id = {run->peer, o->counter},
                  .lamport = run->lamport + (uint32_t)(o->counter - run->counter),
                  .peer_wide = log->names.peers.at[run->peer]};
}

step steps_insert(const oplog *log, const op *o, const dag_run *run, uint32_t pos) {
    step s = steps_of(log, o, run, o->kind == OP_MOVE ? STEP_PLACE : STEP_INSERT);
    s.pos = pos;
    if (o->kind == OP_TEXT_INSERT) {
        s.data = o->as.insert.text;
        s.bytes = o->as.insert.bytes;
    } else if (o->kind == OP_MARK_START || o->kind == OP_MARK_END) {
        s.data = o->as.mark->anchored;
    } else if (o->kind == OP_LIST_INSERT) {
        s.data = o->as.list.values;
    } else if (o->kind == OP_MOVE) {
        s.as.elem = (step_elem){o->as.move.elem_peer, o->as.move.elem_lamport};
    }
    return s;
}

step steps_delete(const op *o, uint32_t pos, uint32_t len) {
    return (step){.kind = STEP_DELETE, .container = o->container, .pos = pos, .len = len};
}

static step steps_tree(const oplog *log, const op *o, const dag_run *run) {
    step s = steps_of(log, o, run, STEP_TREE);
    container_id meta = container_of_node(o->as.tree->node);
    s.data = o->as.tree;
    s.as.node.meta = intern_find_container(&log->names, &meta);
    return s;
}

step steps_write(const oplog *log, const op *o, const dag_run *run) {
    step s;
    switch (o->kind) {
    case OP_SET:
        s = steps_of(log, o, run, STEP_SET);
        s.data = o->as.set.value;
        s.as.elem = (step_elem){o->as.set.elem_peer, o->as.set.elem_lamport};
        return s;
    case OP_TREE: return steps_tree(log, o, run);
    case OP_COUNTER:
        s = steps_of(log, o, run, STEP_COUNT);
        s.as.count = o->as.delta;
        return s;
    default:
        s = steps_of(log, o, run, STEP_MAP);
        s.key = o->as.map.key;
        s.data = o->as.map.value;
        return s;
    }
}

bool steps_add(const lk_memory *heap, step_list *out, const step *s) {
    step *fresh = vec_push(heap, out);
    if (fresh != NULL) *fresh = *s;
    return fresh != NULL;
}
