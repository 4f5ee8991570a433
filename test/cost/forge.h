/* SPDX-License-Identifier: MIT
 * forge.h - updates as no honest peer would write them: blocks of operations put together by hand
 * into blobs. */
#ifndef COST_FORGE_H
#define COST_FORGE_H

#include "check.h"
#include "codec/change_block.h"
#include "codec/envelope.h"

typedef struct forge {
    arena scratch;
    lk_buf blobs[8]; /* to be imported one after the other */
    size_t len;
    size_t start;     /* of the blob being written */
    lk_status status; /* what importing the last of them says */
} forge;

static inline forge forge_new(void) {
    forge f = {0};
    arena_init(&f.scratch, &mem_default);
    return f;
}

static inline void forge_free(forge *f) {
    for (size_t i = 0; i < f->len; i++) lk_buf_free(&f->blobs[i]);
    arena_drop(&f->scratch);
}

static inline void forge_begin(forge *f) {
    CHECK(f->len < countof(f->blobs));
    writer w = writer_new(&f->blobs[f->len++]);
    envelope_begin(&w, ENVELOPE_UPDATES, &f->start);
}
static inline void forge_end(forge *f) {
    writer w = writer_new(&f->blobs[f->len - 1]);
    envelope_finish(&w, f->start);
}

/* Zeroed memory for what blocks are made of. */
#define forge_array(f, type, len) ((type *)forge_zeroed((f), (len) * sizeof(type)))
static inline void *forge_zeroed(forge *f, size_t len) {
    void *at = arena_alloc(&f->scratch, len);
    CHECK(at != NULL);
    memset(at, 0, len);
    return at;
}

static inline void forge_raw(forge *f, const lk_buf *bytes) {
    writer w = writer_new(&f->blobs[f->len - 1]);
    envelope_add_block(&w, (lk_bytes){bytes->at, bytes->len});
}

static inline void forge_block(forge *f, const block *b) {
    lk_buf bytes = {0};
    arena scratch;
    arena_init(&scratch, &mem_default);
    CHECK_EQ(change_block_write(b, &scratch, &bytes), LK_OK);
    forge_raw(f, &bytes);
    lk_buf_free(&bytes);
    arena_drop(&scratch);
}

/* One change of `peer` on one container: operations from `counter` on, one after the other. deps
 * name peers by their place in `peers`; peers[0] is the author. */
typedef struct forge_change {
    const uint64_t *peers;
    size_t peer_len;
    container_id cid;
    const lk_str *keys;
    size_t key_len;
    const op_id *deps;
    uint32_t dep_len;
    int32_t counter;
    uint32_t lamport;
    op *ops;
    size_t op_len;
} forge_change;

static inline void forge_add(forge *f, const forge_change *c) {
    uint32_t len = 0;
    for (size_t i = 0; i < c->op_len; i++) {
        c->ops[i].counter = c->counter + (int32_t)len;
        len += c->ops[i].len;
    }
    change one = {.counter = c->counter,
                  .len = len,
                  .lamport = c->lamport,
                  .deps = c->deps,
                  .dep_len = c->dep_len,
                  .op_len = (uint32_t)c->op_len};
    block b = {.peers = c->peers,
               .peer_len = c->peer_len,
               .keys = c->keys,
               .key_len = c->key_len,
               .cids = &c->cid,
               .cid_len = 1,
               .changes = &one,
               .change_len = 1,
               .ops = c->ops,
               .op_len = c->op_len};
    forge_block(f, &b);
}

/* ---- operations ---- */

static inline op forge_text(uint32_t pos) {
    op o = {.kind = OP_TEXT_INSERT, .len = 1};
    o.as.insert.pos = pos;
    o.as.insert.text = (const uint8_t *)"x";
    o.as.insert.bytes = 1;
    return o;
}
static inline op forge_delete(uint32_t pos, uint32_t len, op_id start) {
    op o = {.kind = OP_DELETE, .len = len};
    o.as.del.pos = pos;
    o.as.del.start = start;
    return o;
}
static inline op forge_set(uint32_t key, const lk_value *value) {
    op o = {.kind = OP_MAP_SET, .len = 1};
    o.as.map.key = key;
    o.as.map.value = value;
    return o;
}
static inline op forge_tree(forge *f, op_id node, const op_id *parent, lk_bytes position) {
    op_tree *tree = forge_array(f, op_tree, 1);
    *tree = (op_tree){.node = node, .has_parent = parent != NULL, .position = position};
    if (parent != NULL) tree->parent = *parent;
    return (op){.kind = OP_TREE, .len = 1, .as.tree = tree};
}

#endif
