/* SPDX-License-Identifier: MIT
 * fuzz_liar.c - what is well spelled need not be true. Bytes are changes of three peers, eight
 * each: who, what, on what past, where, how much, and three more. Blocks and checksums are sound;
 * positions, elements, nodes and what deletions say they delete are as they come.
 *
 * One document gets all in one blob, another one change after the other. Each takes or refuses
 * them; who took all shows what a replay shows, and the other one, too; and looking at any past
 * version and coming back changes nothing. */
#include "check.h"
#include "codec/change_block.h"
#include "codec/envelope.h"
#include "fuzz/fuzz.h"

enum { PEERS = 3, CHANGE_BYTES = 8, CHANGES_MAX = 64 };

typedef struct lie {
    uint8_t who, what, past, where, size, peer, number, more;
} lie;

typedef struct liar {
    int32_t ends[PEERS];
    uint32_t lamports[PEERS][2 * CHANGES_MAX]; /* by counter */
} liar;

static const uint64_t fuzz_peers[PEERS] = {7, UINT64_MAX - 2, 3};
/* Roots by their kind, then keys of maps and styles. */
static const lk_str fuzz_keys[] = {{"map", 3},  {"list", 4},  {"text", 4}, {"tree", 4},
                                   {"move", 4}, {"count", 5}, {"a", 1},    {"b", 1}};

/* The author stands first in the block's table: where is a peer there? */
static peer_ix fuzz_ix(uint32_t peer, uint32_t author) {
    return peer == author ? 0 : peer == 0 ? author : peer;
}

static op_id fuzz_id(const lie *l, uint32_t author) {
    return (op_id){fuzz_ix(l->peer % PEERS, author), l->number};
}

static const lk_value *fuzz_value(const lie *l) {
    static const lk_value values[] = {{.type = LK_NULL},
                                      {.type = LK_I64, .as.i64 = 5},
                                      {.type = LK_CONTAINER, .as.container = {LK_TEXT}},
                                      {.type = LK_CONTAINER, .as.container = {LK_MAP}}};
    return &values[l->more % 4];
}

typedef struct liar_ops { /* of one change */
    op ops[2];
    op_mark mark;
    op_tree tree;
} liar_ops;

static op fuzz_text(const lie *l, uint32_t author) {
    static const char text[] = "abcdefgh";
    op o = {.kind = OP_TEXT_INSERT, .len = 1 + l->size % 8};
    if (l->what & 8) {
        o.kind = OP_DELETE;
        o.as.del.pos = l->where;
        o.as.del.reversed = (l->more & 1) && l->where + 1u >= o.len;
        o.as.del.start = fuzz_id(l, author);
        return o;
    }
    o.as.insert.pos = l->where;
    o.as.insert.text = (const uint8_t *)text;
    o.as.insert.bytes = o.len;
    return o;
}

static op fuzz_list(const lie *l, uint32_t author, bool movable) {
    op o = {.kind = OP_LIST_INSERT, .len = 1};
    if (movable && (l->what & 24) == 24) {
        o.kind = OP_MOVE;
        o.as.move.from = l->where;
        o.as.move.to = l->size;
        o.as.move.elem_peer = fuzz_ix(l->peer % PEERS, author);
        o.as.move.elem_lamport = l->number;
    } else if (movable && (l->what & 16)) {
        o.kind = OP_SET;
        o.as.set.elem_peer = fuzz_ix(l->peer % PEERS, author);
        o.as.set.elem_lamport = l->number;
        o.as.set.value = fuzz_value(l);
    } else if (l->what & 8) {
        return fuzz_text(l, author);
    } else {
        o.as.list.pos = l->where;
        o.as.list.values = fuzz_value(l);
    }
    return o;
}

static op fuzz_tree(const lie *l, uint32_t author, int32_t counter, op_tree *tree) {
    static const uint8_t positions[][2] = {{0x80}, {0x7f, 0x80}, {0x81}};
    *tree = (op_tree){.node = l->what & 8 ? (op_id){0, counter} : fuzz_id(l, author),
                      .has_parent = l->more & 1,
                      .parent = {fuzz_ix(l->where % PEERS, author), l->size},
                      .position = {positions[l->more / 2 % 3], 1 + (l->more / 2 % 3 == 1)}};
    return (op){.kind = OP_TREE, .len = 1, .as.tree = tree};
}

static size_t fuzz_ops(const lie *l, uint32_t author, int32_t counter, container_kind kind,
                       liar_ops *made) {
    op *out = made->ops;
    out[0] = (op){.kind = OP_COUNTER, .len = 1, .as.delta = l->where};
    switch (kind) {
    case LK_TEXT:
        if (l->what & 16) {
            made->mark = (op_mark){.start = l->where,
                                   .end = l->where + l->size % 8u,
                                   .key = 6,
                                   .info = l->more,
                                   .value = fuzz_value(l)};
            out[0] = (op){.kind = OP_MARK_START, .len = 1, .as.mark = &made->mark};
            out[1] = (op){.kind = OP_MARK_END, .len = 1, .counter = counter + 1};
            out[0].counter = counter;
            return 2;
        }
        out[0] = fuzz_text(l, author);
        break;
    case LK_LIST: out[0] = fuzz_list(l, author, false); break;
    case LK_MOVABLE_LIST: out[0] = fuzz_list(l, author, true); break;
    case LK_MAP:
        out[0] = (op){.kind = l->what & 8 ? OP_MAP_DELETE : OP_MAP_SET, .len = 1};
        out[0].as.map.key = 6 + l->where % 2;
        out[0].as.map.value = l->what & 8 ? NULL : fuzz_value(l);
        break;
    case LK_TREE: out[0] = fuzz_tree(l, author, counter, &made->tree); break;
    default: break;
    }
    out[0].counter = counter;
    return 1;
}

/* What the change builds on: the author's previous operation, unless it hides that, and some of
 * what others wrote, or will have. Its Lamport time fits, unless it lies. */
static uint32_t fuzz_deps(liar *w, const lie *l, uint32_t author, op_id *deps, uint32_t *lamport) {
    uint32_t len = 0;
    *lamport = 0;
    for (uint32_t p = 0; p < PEERS; p++) {
        int32_t end = w->ends[p];
        int32_t counter = p == author ? end - 1 : (int32_t)(end * (l->past >> (2 * p) & 3) / 3) - 1;
        if (counter < 0 || (p == author && (l->past & 64))) continue;
        deps[len++] = (op_id){fuzz_ix(p, author), counter + (l->past == 255)};
        if (w->lamports[p][counter] >= *lamport) *lamport = w->lamports[p][counter] + 1;
    }
    int32_t own = w->ends[author] - 1; /* Lamport times of a peer ascend */
    if (own >= 0 && w->lamports[author][own] >= *lamport) *lamport = w->lamports[author][own] + 1;
    if (l->past & 128) *lamport += l->more;
    return len;
}

static lk_buf fuzz_change(liar *w, const lie *l) {
    uint32_t author = l->who % PEERS;
    uint64_t peers[PEERS];
    for (uint32_t p = 0; p < PEERS; p++) peers[fuzz_ix(p, author)] = fuzz_peers[p];
    container_kind kind = l->what % 6;
    container_id cid = {.kind = kind, .root = true, .name = fuzz_keys[kind]};
    if (l->what & 32)
        cid = (container_id){
            .kind = kind, .peer = fuzz_ix(l->size % PEERS, author), .counter = l->number};
    op_id deps[PEERS];
    liar_ops made;
    change c = {.counter = w->ends[author], .deps = deps};
    c.dep_len = fuzz_deps(w, l, author, deps, &c.lamport);
    c.op_len = (uint32_t)fuzz_ops(l, author, c.counter, kind, &made);
    for (uint32_t i = 0; i < c.op_len; i++) c.len += made.ops[i].len;
    block b = {.peers = peers,
               .peer_len = PEERS,
               .keys = fuzz_keys,
               .key_len = sizeof fuzz_keys / sizeof *fuzz_keys,
               .cids = &cid,
               .cid_len = 1,
               .changes = &c,
               .change_len = 1,
               .ops = made.ops,
               .op_len = c.op_len};
    lk_buf out = {0};
    arena scratch;
    arena_init(&scratch, &mem_default);
    CHECK_EQ(change_block_write(&b, &scratch, &out), LK_OK);
    arena_drop(&scratch);
    for (uint32_t i = 0; i < c.len; i++)
        w->lamports[author][w->ends[author]++ % (2 * CHANGES_MAX)] = c.lamport + i;
    return out;
}

static lk_status fuzz_feed(lk_doc *doc, const lk_buf *blocks, size_t len) {
    lk_buf blob = {0};
    lk_fault fault;
    size_t start;
    writer w = writer_new(&blob);
    envelope_begin(&w, ENVELOPE_UPDATES, &start);
    for (size_t i = 0; i < len; i++)
        envelope_add_block(&w, (lk_bytes){blocks[i].at, blocks[i].len});
    envelope_finish(&w, start);
    lk_status status = lk_import(doc, (lk_bytes){blob.at, blob.len}, NULL, &fault);
    CHECK_EQ(fault.code, status);
    lk_buf_free(&blob);
    return status;
}

/* Look at past versions, and come back to the same. What deletions say they deleted is believed
 * there (docs/LIMITS.md), so that it may not be what a replay gives. */
static void fuzz_look_back(lk_doc *doc, const lie *l) {
    lk_buf before = {0}, after = {0};
    CHECK_EQ(lk_json(doc, &before), LK_OK);
    lk_ids all = lk_version(doc);
    for (size_t i = 0; i < all.len; i++) {
        lk_id at = {all.at[i].peer, l->number % all.at[i].counter};
        lk_status status = lk_checkout(doc, (lk_ids){&at, 1});
        CHECK(status == LK_OK || status == LK_ECORRUPT);
        CHECK_EQ(lk_attach(doc), LK_OK);
        all = lk_version(doc);
    }
    CHECK_EQ(lk_json(doc, &after), LK_OK);
    CHECK_BYTES(after.at, after.len, before.at, before.len);
    lk_buf_free(&before);
    lk_buf_free(&after);
}

static void fuzz_meet(const lk_buf *blocks, size_t len, const lie *last) {
    lk_doc *whole = lk_new(9, NULL), *parts = lk_new(8, NULL);
    CHECK(whole != NULL && parts != NULL);
    lk_watch(parts, true);
    lk_status status = fuzz_feed(whole, blocks, len);
    for (size_t i = 0; i < len; i++) {
        if (fuzz_feed(parts, &blocks[i], 1) != LK_OK) status = LK_ECORRUPT;
        while (lk_poll(parts) != NULL) {}
    }
    lk_check(whole);
    lk_check(parts);
    if (status == LK_OK) {
        lk_buf a = {0}, b = {0};
        CHECK_EQ(lk_json(whole, &a), LK_OK);
        CHECK_EQ(lk_json(parts, &b), LK_OK);
        CHECK_BYTES(a.at, a.len, b.at, b.len);
        lk_buf_free(&a);
        lk_buf_free(&b);
    }
    fuzz_look_back(parts, last);
    lk_free(whole);
    lk_free(parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static liar w;
    lk_buf blocks[CHANGES_MAX];
    lie l = {0};
    size_t len = 0;
    w = (liar){0};
    for (; len < CHANGES_MAX && (len + 1) * CHANGE_BYTES <= size; len++) {
        memcpy(&l, data + len * CHANGE_BYTES, CHANGE_BYTES);
        if (w.ends[l.who % PEERS] + 8 > 2 * CHANGES_MAX) break;
        blocks[len] = fuzz_change(&w, &l);
    }
    fuzz_meet(blocks, len, &l);
    for (size_t i = 0; i < len; i++) lk_buf_free(&blocks[i]);
    return 0;
}

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    rng random = {n + 1};
    size_t len = CHANGE_BYTES * 24;
    if (n >= 8 || cap < len) return 0;
    for (size_t i = 0; i < len; i++) out[i] = (uint8_t)rng_below(&random, i % 8 < 3 ? 256 : 12);
    return len;
}

uint32_t fuzz_count(void) { return 5000; }
