/* SPDX-License-Identifier: MIT
 * change_block_test.c - blocks that Loro wrote come out as the right nouns and go back to the same
 * bytes; blocks that break a rule are refused, and those just inside a bound are not. The writer
 * does not check its nouns, so it is the forge for the bad ones. */
#define _GNU_SOURCE /* memmem */
#include "codec/change_block.h"

#include "base/limits.h"
#include "check.h"
#include "codec/envelope.h"
#include "loro_vectors.h"

/* ---- what Loro wrote ---- */

static lk_bytes vector_block(size_t index, size_t *offset) {
    envelope_mode mode;
    reader body;
    lk_fault fault;
    lk_bytes bytes = {0};
    CHECK_EQ(envelope_open((lk_bytes){loro_updates, sizeof loro_updates}, &mode, &body, &fault),
             LK_OK);
    for (size_t i = 0; i <= index; i++) CHECK(envelope_next_block(&body, &bytes, offset));
    return bytes;
}

static block read_vector(size_t index, arena *scratch) {
    size_t offset;
    lk_bytes bytes = vector_block(index, &offset);
    block b;
    lk_fault fault;
    CHECK_EQ(change_block_read(bytes, offset, scratch, &b, &fault), LK_OK);
    return b;
}

static void check_str(lk_str got, const char *want) {
    CHECK_BYTES(got.at, got.len, want, strlen(want));
}

static const op *check_op(const block *b, size_t at, op_kind kind, int32_t counter, uint32_t len) {
    CHECK_EQ(b->ops[at].kind, kind);
    CHECK_EQ(b->ops[at].counter, counter);
    CHECK_EQ(b->ops[at].len, len);
    return &b->ops[at];
}

static void check_tree(const block *b, size_t at, int32_t node, bool has_parent, int32_t parent,
                       const char *position) {
    const op *o = check_op(b, at, OP_TREE, b->ops[at].counter, 1);
    CHECK_EQ(o->as.tree->node.peer, 0);
    CHECK_EQ(o->as.tree->node.counter, node);
    CHECK_EQ(o->as.tree->has_parent, has_parent);
    if (has_parent) CHECK_EQ(o->as.tree->parent.counter, parent);
    CHECK_BYTES(o->as.tree->position.at, o->as.tree->position.len, position, strlen(position));
}

static void test_first_peer(void) {
    arena scratch;
    arena_init(&scratch, &mem_default);
    block b = read_vector(0, &scratch);
    CHECK_EQ(b.peer_len, 3);
    CHECK(b.peers[0] == 1 && b.peers[1] == UINT64_MAX && b.peers[2] == UINT64_MAX - 1);
    CHECK_EQ(b.change_len, 2);
    check_str(b.changes[0].message, "text");
    CHECK_EQ(b.changes[0].timestamp_s, 1700000000);
    CHECK_EQ(b.changes[0].dep_len, 0);
    CHECK_EQ(b.changes[1].counter, 6);
    CHECK_EQ(b.changes[1].len, 6);
    CHECK_EQ(b.changes[1].lamport, 23);
    CHECK_EQ(b.changes[1].dep_len, 1);
    CHECK(b.changes[1].deps[0].peer == 2 && b.changes[1].deps[0].counter == 16);
    CHECK_EQ(b.changes[1].op_start, 4);
    CHECK_EQ(b.changes[1].op_len, 6);
    CHECK_EQ(b.cid_len, 3);
    check_str(b.cids[0].name, "t");
    CHECK(b.cids[0].root && b.cids[0].kind == LK_TEXT && b.cids[2].kind == LK_COUNTER);

    const op *o = check_op(&b, 0, OP_TEXT_INSERT, 0, 3);
    CHECK_BYTES(o->as.insert.text, o->as.insert.bytes, "h\xc3\xa9\xf0\x90\x90\x80", 7);
    o = check_op(&b, 1, OP_MARK_START, 3, 1);
    CHECK(o->as.mark->start == 0 && o->as.mark->end == 2 && o->as.mark->info == 0x84);
    check_str(b.keys[o->as.mark->key], "bold");
    CHECK(o->as.mark->value->type == LK_BOOL && o->as.mark->value->as.boolean);
    check_op(&b, 2, OP_MARK_END, 4, 1);
    o = check_op(&b, 3, OP_DELETE, 5, 1);
    CHECK(o->as.del.pos == 1 && o->as.del.start.peer == 0 && o->as.del.start.counter == 0);
    check_tree(&b, 4, 6, false, 0, "\x80");
    check_tree(&b, 5, 7, true, 6, "\x80");
    check_tree(&b, 6, 7, false, 0, "\x7f\x80");
    check_tree(&b, 7, 6, true, 0x7fffffff, "");
    CHECK(b.ops[7].as.tree->deletes && !b.ops[6].as.tree->deletes);
    CHECK(check_op(&b, 8, OP_COUNTER, 10, 1)->as.delta == 2);
    CHECK(check_op(&b, 9, OP_COUNTER, 11, 1)->as.delta == -0.5);
    arena_drop(&scratch);
}

static void check_list_values(const lk_value *v) {
    CHECK_EQ(v[0].type, LK_NULL);
    CHECK(v[1].type == LK_BOOL && v[1].as.boolean);
    CHECK(v[2].type == LK_I64 && v[2].as.i64 == -5);
    CHECK(v[3].type == LK_F64 && v[3].as.f64 == 0.5);
    CHECK_EQ(v[4].type, LK_STRING);
    CHECK_BYTES(v[4].as.bytes, v[4].len, "s", 1);
}

static void test_second_peer(void) {
    arena scratch;
    arena_init(&scratch, &mem_default);
    block b = read_vector(1, &scratch);
    CHECK(b.peers[0] == UINT64_MAX - 1);
    CHECK_EQ(b.changes[1].dep_len, 1);
    CHECK(b.changes[1].deps[0].peer == 0 && b.changes[1].deps[0].counter == 12);
    const op *o = check_op(&b, 0, OP_LIST_INSERT, 0, 5);
    check_list_values(o->as.list.values);
    o = check_op(&b, 1, OP_LIST_INSERT, 5, 1);
    CHECK_EQ(o->as.list.pos, 1);
    CHECK_EQ(o->as.list.values[0].type, LK_BINARY);
    CHECK_BYTES(o->as.list.values[0].as.bytes, o->as.list.values[0].len, "\1\2", 2);
    o = check_op(&b, 2, OP_DELETE, 6, 2);
    CHECK(o->as.del.pos == 2 && !o->as.del.reversed && o->as.del.start.counter == 1);
    o = check_op(&b, 3, OP_LIST_INSERT, 8, 1);
    CHECK_EQ(o->as.list.values[0].type, LK_ENTRIES);
    check_str(o->as.list.values[0].as.entries[0].key, "k");
    CHECK_EQ(o->as.list.values[0].as.entries[0].value.as.values[0].as.i64, 1);
    o = check_op(&b, 4, OP_MAP_SET, 9, 1);
    check_str(b.keys[o->as.map.key], "a");
    o = check_op(&b, 5, OP_MAP_SET, 10, 1);
    CHECK(o->as.map.value->type == LK_CONTAINER && o->as.map.value->as.container.index == LK_TEXT);
    o = check_op(&b, 6, OP_TEXT_INSERT, 11, 1);
    const container_id *child = &b.cids[o->container];
    CHECK(!child->root && child->peer == 0 && child->counter == 10 && child->kind == LK_TEXT);
    CHECK(check_op(&b, 7, OP_MAP_DELETE, 12, 1)->as.map.value == NULL);
    check_op(&b, 8, OP_LIST_INSERT, 13, 2);
    o = check_op(&b, 9, OP_MOVE, 15, 1);
    CHECK(o->as.move.from == 0 && o->as.move.to == 1);
    CHECK(o->as.move.elem_peer == 0 && o->as.move.elem_lamport == 19);
    o = check_op(&b, 10, OP_SET, 16, 1);
    CHECK(o->as.set.elem_lamport == 20 && o->as.set.value->type == LK_STRING);
    arena_drop(&scratch);
}

static void test_same_bytes(void) {
    arena scratch;
    arena_init(&scratch, &mem_default);
    for (size_t i = 0; i < 2; i++) {
        size_t offset;
        lk_bytes bytes = vector_block(i, &offset);
        block b = read_vector(i, &scratch);
        lk_buf out = {0};
        CHECK_EQ(change_block_write(&b, &scratch, &out), LK_OK);
        CHECK_BYTES(out.at, out.len, bytes.at, bytes.len);
        lk_buf_free(&out);
        change_block_meta meta;
        lk_fault fault;
        CHECK_EQ(change_block_read_meta(bytes, offset, &meta, &fault), LK_OK);
        CHECK(meta.peer == b.peers[0] && meta.change_len == b.change_len);
        CHECK_EQ(meta.counter, 0);
        CHECK_EQ(meta.len, i == 0 ? 12 : 17);
        CHECK_EQ(meta.lamport, i == 0 ? 0 : 6);
        CHECK_EQ(meta.lamport_end, i == 0 ? 29 : 23);
    }
    arena_drop(&scratch);
}

/* ---- sections that are not used up ---- */

enum { SECTION_COUNT = 8 };

/* The block again, one section longer or shorter by a byte; false if that cannot be. */
static bool resize_section(lk_bytes bytes, size_t section, bool longer, lk_buf *out) {
    reader r = reader_new(bytes);
    writer w = writer_new(out);
    for (size_t i = 0; i < 5; i++) writer_uleb(&w, reader_uleb(&r, UINT64_MAX));
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        lk_bytes part = reader_bytes(&r);
        if (i == section && !longer && part.len == 0) return false;
        size_t start = writer_open(&w);
        writer_raw(&w, part.at, i == section && !longer ? part.len - 1 : part.len);
        if (i == section && longer) writer_u8(&w, 0xff);
        writer_close(&w, start);
    }
    CHECK(reader_ok(&r) && reader_left(&r) == 0);
    return true;
}

static void test_exact_sections(void) {
    arena scratch;
    arena_init(&scratch, &mem_default);
    size_t refused = 0;
    for (size_t i = 0; i < 2 * SECTION_COUNT * 2; i++) {
        size_t offset;
        lk_buf out = {0};
        bool longer = i % 2 == 0;
        if (resize_section(vector_block(i / 2 / SECTION_COUNT, &offset), i / 2 % SECTION_COUNT,
                           longer, &out)) {
            block b;
            lk_fault fault;
            CHECK_EQ(change_block_read((lk_bytes){out.at, out.len}, 0, &scratch, &b, &fault),
                     LK_ECORRUPT);
            CHECK(fault.offset <= out.len && fault.what != NULL);
            refused++;
        }
        lk_buf_free(&out);
        arena_reset(&scratch);
    }
    CHECK_EQ(refused, 2 * SECTION_COUNT * 2 - 1); /* the second block has no positions to shorten */
    arena_drop(&scratch);
}

/* ---- rules and bounds ---- */

typedef struct forge { /* one change of peer 7 with one op, to be bent */
    uint64_t peers[3];
    lk_str keys[2];
    container_id cids[1];
    op_id deps[2];
    change changes[2];
    op ops[2];
    lk_value value;
    block b;
} forge;

static forge *forge_new(container_kind kind, op o) {
    forge *f = calloc(1, sizeof *f);
    CHECK(f != NULL);
    f->peers[0] = 7;
    f->peers[1] = 8;
    f->peers[2] = UINT64_MAX;
    f->keys[0] = (lk_str){"root", 4};
    f->keys[1] = (lk_str){"key", 3};
    f->cids[0] = (container_id){.kind = kind, .root = true, .name = f->keys[0]};
    f->ops[0] = o;
    f->changes[0] = (change){.len = o.len, .op_len = 1};
    f->b = (block){.peers = f->peers,
                   .peer_len = 3,
                   .keys = f->keys,
                   .key_len = 2,
                   .cids = f->cids,
                   .cid_len = 1,
                   .changes = f->changes,
                   .change_len = 1,
                   .ops = f->ops,
                   .op_len = 1};
    return f;
}

/* Write the block and read it again. */
static lk_status forge_try(forge *f) {
    arena scratch;
    arena_init(&scratch, &mem_default);
    lk_buf out = {0};
    block b;
    lk_fault fault;
    CHECK_EQ(change_block_write(&f->b, &scratch, &out), LK_OK);
    lk_status status = change_block_read((lk_bytes){out.at, out.len}, 0, &scratch, &b, &fault);
    CHECK_EQ(fault.code, status);
    CHECK(status == LK_OK || fault.what != NULL);
    lk_buf_free(&out);
    arena_drop(&scratch);
    return status;
}

static lk_status forge_end(forge *f) {
    lk_status status = forge_try(f);
    free(f);
    return status;
}

static op text_insert(uint32_t pos, uint32_t len, const char *text) {
    op o = {.kind = OP_TEXT_INSERT, .len = len};
    o.as.insert.pos = pos;
    o.as.insert.text = (const uint8_t *)text;
    o.as.insert.bytes = (uint32_t)strlen(text);
    return o;
}

static op delete_op(uint32_t pos, uint32_t len, bool reversed, int32_t counter) {
    op o = {.kind = OP_DELETE, .len = len};
    o.as.del.pos = pos;
    o.as.del.reversed = reversed;
    o.as.del.start.counter = counter;
    return o;
}

static void test_positions(void) {
    CHECK_EQ(forge_end(forge_new(LK_TEXT, text_insert(LIMIT_POSITION, 1, "x"))), LK_OK);
    CHECK_EQ(forge_end(forge_new(LK_TEXT, text_insert(LIMIT_POSITION + 1, 1, "x"))), LK_ECORRUPT);
    CHECK_EQ(forge_end(forge_new(LK_TEXT, delete_op(LIMIT_POSITION - 3, 3, false, 0))), LK_OK);
    CHECK_EQ(forge_end(forge_new(LK_TEXT, delete_op(LIMIT_POSITION - 2, 3, false, 0))),
             LK_ECORRUPT);
    CHECK_EQ(forge_end(forge_new(LK_LIST, delete_op(2, 3, true, 0))), LK_OK);
    CHECK_EQ(forge_end(forge_new(LK_LIST, delete_op(1, 3, true, 0))), LK_ECORRUPT);
}

static void test_lengths(void) {
    CHECK_EQ(forge_end(forge_new(LK_TEXT, text_insert(0, 2, "\xf0\x90\x90\x80x"))), LK_OK);
    CHECK_EQ(forge_end(forge_new(LK_TEXT, text_insert(0, 3, "\xf0\x90\x90\x80x"))), LK_ECORRUPT);
    CHECK_EQ(forge_end(forge_new(LK_TEXT, text_insert(0, 1, "\xff"))), LK_ECORRUPT);
    op end = {.kind = OP_MARK_END, .len = 2};
    CHECK_EQ(forge_end(forge_new(LK_TEXT, end)), LK_ECORRUPT);
    forge *f = forge_new(LK_TEXT, text_insert(0, 2, "ab"));
    f->changes[0].len = 3; /* one atom that no op makes */
    CHECK_EQ(forge_end(f), LK_ECORRUPT);
    f = forge_new(LK_TEXT, text_insert(0, 2, "ab"));
    f->changes[0].len = 1; /* an op across two changes */
    f->changes[1] = (change){.counter = 1, .len = 1, .lamport = 1};
    f->b.change_len = 2;
    CHECK_EQ(forge_end(f), LK_ECORRUPT);
}

static void test_counters(void) {
    forge *f = forge_new(LK_TEXT, text_insert(0, 2, "ab"));
    f->changes[0].counter = LIMIT_COUNTER - 2;
    f->changes[0].lamport = LIMIT_COUNTER - 2;
    CHECK_EQ(forge_try(f), LK_OK);
    f->changes[0].counter++;
    CHECK_EQ(forge_try(f), LK_ECORRUPT);
    f->changes[0].counter--;
    f->changes[0].lamport++;
    CHECK_EQ(forge_end(f), LK_ECORRUPT);
    CHECK_EQ(forge_end(forge_new(LK_LIST, delete_op(0, 3, false, LIMIT_COUNTER - 3))), LK_OK);
    CHECK_EQ(forge_end(forge_new(LK_LIST, delete_op(0, 3, false, LIMIT_COUNTER - 2))), LK_ECORRUPT);
}

static void test_lamports(void) {
    forge *f = forge_new(LK_TEXT, text_insert(0, 2, "ab"));
    f->ops[1] = text_insert(0, 2, "ab");
    f->b.op_len = f->b.change_len = 2;
    f->changes[1] = (change){.counter = 2, .len = 2, .lamport = 2};
    CHECK_EQ(forge_try(f), LK_OK);
    f->changes[1].lamport = 1; /* before the end of the change in front */
    CHECK_EQ(forge_end(f), LK_ECORRUPT);
}

static void test_deps(void) {
    forge *f = forge_new(LK_TEXT, text_insert(0, 1, "a"));
    f->changes[0].counter = 5;
    f->changes[0].deps = f->deps;
    f->changes[0].dep_len = 2;
    f->deps[0] = (op_id){0, 4};
    f->deps[1] = (op_id){1, LIMIT_COUNTER};
    CHECK_EQ(forge_try(f), LK_OK);
    f->deps[0] = (op_id){1, 3}; /* the same peer twice */
    CHECK_EQ(forge_try(f), LK_ECORRUPT);
    f->changes[0].counter = 0; /* nothing comes before the first op */
    f->deps[0] = (op_id){0, -1};
    CHECK_EQ(forge_end(f), LK_ECORRUPT);
}

static void test_tables(void) {
    forge *f = forge_new(LK_TEXT, text_insert(0, 1, "a"));
    f->peers[1] = 7;
    CHECK_EQ(forge_try(f), LK_ECORRUPT);
    f->peers[1] = 8;
    CHECK_EQ(forge_try(f), LK_OK);
    f->ops[0].container = 1;
    CHECK_EQ(forge_try(f), LK_ECORRUPT);
    f->ops[0].container = 0;
    f->cids[0] = (container_id){.kind = LK_TEXT, .peer = 3};
    CHECK_EQ(forge_try(f), LK_ECORRUPT);
    f->cids[0].peer = 2;
    CHECK_EQ(forge_try(f), LK_OK);
    f->cids[0].counter = -1;
    CHECK_EQ(forge_end(f), LK_ECORRUPT);
    op o = {.kind = OP_MAP_DELETE, .len = 1};
    o.as.map.key = 1;
    CHECK_EQ(forge_end(forge_new(LK_MAP, o)), LK_OK);
    o.as.map.key = 2;
    CHECK_EQ(forge_end(forge_new(LK_MAP, o)), LK_ECORRUPT);
}

/* A block with `len` keys, up or down, and behind them `last`, in place of one that was written. */
static lk_status try_keys(int len, bool down, int last) {
    char names[41][16], is[16];
    lk_str keys[41];
    lk_fault fault;
    arena scratch;
    arena_init(&scratch, &mem_default);
    for (int i = 0; i <= len; i++) {
        snprintf(names[i], sizeof names[i], "k%d", 50 + (down ? -i : i));
        keys[i] = (lk_str){names[i], 3};
    }
    forge *f = forge_new(LK_TEXT, text_insert(0, 1, "a"));
    f->cids[0].name = keys[0];
    f->b.keys = keys;
    f->b.key_len = (size_t)len + 1;
    lk_buf out = {0};
    CHECK_EQ(change_block_write(&f->b, &scratch, &out), LK_OK);
    uint8_t *at = memmem(out.at, out.len, names[len], 3);
    CHECK(at != NULL);
    snprintf(is, sizeof is, "k%d", 50 + (down ? -last : last));
    memcpy(at, is, 3);
    lk_status status = change_block_read((lk_bytes){out.at, out.len}, 0, &scratch, &f->b, &fault);
    lk_buf_free(&out);
    arena_drop(&scratch);
    free(f);
    return status;
}

static void test_keys(void) {
    const int lens[] = {1, 2, 9, 40};
    for (size_t i = 0; i < countof(lens); i++)
        for (int down = 0; down < 2; down++) {
            int len = lens[i];
            CHECK_EQ(try_keys(len, down, len), LK_OK);
            CHECK_EQ(try_keys(len, down, 0), LK_ECORRUPT);
            CHECK_EQ(try_keys(len, down, len / 2), LK_ECORRUPT);
            CHECK_EQ(try_keys(len, down, len - 1), LK_ECORRUPT);
        }
}

/* An operation in a container it does not suit. */
static void test_kinds(void) {
    static const container_kind kinds[] = {LK_MAP, LK_LIST, LK_TREE, LK_MOVABLE_LIST, LK_COUNTER};
    for (size_t i = 0; i < countof(kinds); i++)
        CHECK_EQ(forge_end(forge_new(kinds[i], text_insert(0, 1, "a"))), LK_ECORRUPT);
    CHECK_EQ(forge_end(forge_new(LK_MAP, delete_op(0, 1, false, 0))), LK_ECORRUPT);
}

/* A map set to `depth` lists inside one another. */
static lk_status try_depth(size_t depth) {
    lk_value *lists = calloc(depth, sizeof *lists);
    CHECK(lists != NULL);
    for (size_t i = 0; i < depth; i++)
        lists[i] = (lk_value){.type = LK_VALUES,
                              .len = i + 1 < depth,
                              .as.values = i + 1 < depth ? lists + i + 1 : 0};
    op o = {.kind = OP_MAP_SET, .len = 1};
    o.as.map.key = 1;
    o.as.map.value = lists;
    lk_status status = forge_end(forge_new(LK_MAP, o));
    free(lists);
    return status;
}

static void test_values(void) {
    CHECK_EQ(try_depth(LIMIT_DEPTH), LK_OK);
    CHECK_EQ(try_depth(LIMIT_DEPTH + 1), LK_ELIMIT);
    lk_entry entries[2] = {{.key = {"b", 1}}, {.key = {"a", 1}}};
    lk_value map = {.type = LK_ENTRIES, .len = 2, .as.entries = entries};
    op o = {.kind = OP_MAP_SET, .len = 1};
    o.as.map.value = &map;
    CHECK_EQ(forge_end(forge_new(LK_MAP, o)), LK_OK);
    entries[1].key = entries[0].key;
    CHECK_EQ(forge_end(forge_new(LK_MAP, o)), LK_ECORRUPT);
}

/* Operations of containers to come are kept, unless they lean on the tables of their block. */
static void test_unknown(void) {
    op_unknown unknown = {
        .prop = -3, .value_kind = 0x80 | 40, .payload = {(const uint8_t *)"\3abc", 4}};
    op o = {.kind = OP_UNKNOWN, .len = 1, .as.unknown = &unknown};
    forge *f = forge_new(9, o);
    forge *known = forge_new(LK_MAP, o);
    CHECK_EQ(forge_end(known), LK_EVERSION);
    CHECK_EQ(forge_try(f), LK_OK);
    unknown.value_kind = 11; /* a value: a list of a string */
    unknown.payload = (lk_bytes){(const uint8_t *)"\7\1\5\1s", 5};
    CHECK_EQ(forge_try(f), LK_OK);
    unknown.payload = (lk_bytes){(const uint8_t *)"\10\1\0\1", 4}; /* a map */
    CHECK_EQ(forge_end(f), LK_EVERSION);
}

/* Rows that cost nothing: so many and no more. */
static lk_status try_many_ops(size_t len) {
    op *ops = calloc(len, sizeof *ops);
    CHECK(ops != NULL);
    for (size_t i = 0; i < len; i++) ops[i] = (op){.kind = OP_MAP_DELETE, .len = 1};
    forge *f = forge_new(LK_MAP, ops[0]);
    f->changes[0].len = (uint32_t)len;
    f->b.ops = ops;
    f->b.op_len = len;
    lk_status status = forge_end(f);
    free(ops);
    return status;
}

static void test_many_ops(void) {
    CHECK_EQ(try_many_ops(LIMIT_BLOCK_OPS), LK_OK);
    CHECK_EQ(try_many_ops(LIMIT_BLOCK_OPS + 1000), LK_ELIMIT);
}

/* Positions that each repeat the one before and add a byte grow quadratically. */
static lk_status try_positions(size_t len) {
    uint8_t *zeroes = calloc(1, len + 1);
    op *ops = calloc(len, sizeof *ops);
    op_tree *trees = calloc(len, sizeof *trees);
    CHECK(zeroes != NULL && ops != NULL && trees != NULL);
    for (size_t i = 0; i < len; i++) {
        trees[i].position = (lk_bytes){zeroes, i + 1};
        ops[i] = (op){.kind = OP_TREE, .len = 1, .as.tree = &trees[i]};
    }
    forge *f = forge_new(LK_TREE, ops[0]);
    f->changes[0].len = (uint32_t)len;
    f->b.ops = ops;
    f->b.op_len = len;
    lk_status status = forge_end(f);
    free(ops);
    free(trees);
    free(zeroes);
    return status;
}

static void test_many_positions(void) {
    CHECK_EQ(try_positions(11584), LK_OK);     /* 11584 * 11585 / 2 <= LIMIT_POSITION_BYTES */
    CHECK_EQ(try_positions(11586), LK_ELIMIT); /* 11586 * 11587 / 2 >  LIMIT_POSITION_BYTES */
}

int main(void) {
    test_first_peer();
    test_second_peer();
    test_same_bytes();
    test_exact_sections();
    test_positions();
    test_lengths();
    test_counters();
    test_lamports();
    test_deps();
    test_tables();
    test_keys();
    test_kinds();
    test_values();
    test_unknown();
    test_many_ops();
    test_many_positions();
    printf("change_block: nouns, bytes, bounds\n");
    return 0;
}
