/* SPDX-License-Identifier: MIT
 * cost_test.c - what input of hostile make costs (docs/LIMITS.md). Each attack is made in three
 * sizes, n, 2n and 4n; the engine is compiled so that it counts the steps it takes (basic blocks,
 * and every sixteen bytes copied), and its memory comes from a meter. So the numbers are the same
 * on every machine, however busy.
 *
 *     attack ─► blobs ─► a document ─► steps, peak of memory ─► how they grow, and how much they
 * are
 */
#include "base/keyed_hash.h"
#include "base/limits.h"
#include "codec/snapshot_blob.h"
#include "cost/forge.h"
#include "meter.h"

/* ---- counting ---- */

static uint64_t cost_steps;

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void) { cost_steps++; }

void *__real_memcpy(void *to, const void *from, size_t len);
void *__wrap_memcpy(void *to, const void *from, size_t len);
void *__wrap_memcpy(void *to, const void *from, size_t len) {
    cost_steps += len / 16;
    return __real_memcpy(to, from, len);
}
void *__real_memmove(void *to, const void *from, size_t len);
void *__wrap_memmove(void *to, const void *from, size_t len);
void *__wrap_memmove(void *to, const void *from, size_t len) {
    cost_steps += len / 16;
    return __real_memmove(to, from, len);
}
void *__real_memset(void *to, int byte, size_t len);
void *__wrap_memset(void *to, int byte, size_t len);
void *__wrap_memset(void *to, int byte, size_t len) {
    cost_steps += len / 16;
    return __real_memset(to, byte, len);
}
int __real_memcmp(const void *a, const void *b, size_t len);
int __wrap_memcmp(const void *a, const void *b, size_t len);
int __wrap_memcmp(const void *a, const void *b, size_t len) {
    cost_steps += len / 16;
    return __real_memcmp(a, b, len);
}

/* ---- attacks on the history ---- */

static const uint64_t one[] = {1};
static container_id root_of(container_kind kind) {
    return (container_id){.kind = kind, .root = true, .name = {"r", 1}};
}
static const lk_str root_key[] = {{"r", 1}};

static forge_change change_of(container_kind kind, const uint64_t *peers, size_t peer_len) {
    return (forge_change){
        .peers = peers, .peer_len = peer_len, .cid = root_of(kind), .keys = root_key, .key_len = 1};
}

/* One peer types at places all over a text. */
static void make_typing(forge *f, uint32_t n) {
    forge_change c = change_of(LK_TEXT, one, 1);
    rng random = {n};
    c.ops = forge_array(f, op, n);
    c.op_len = n;
    for (uint32_t i = 0; i < n; i++) c.ops[i] = forge_text(rng_below(&random, i + 1));
    forge_begin(f);
    forge_add(f, &c);
    forge_end(f);
}

/* n peers, none of whom knows any other, insert at the same place. */
static void make_crowd(forge *f, uint32_t n) {
    forge_begin(f);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t peer = 1000 + i;
        op o = forge_text(0);
        forge_change c = change_of(LK_TEXT, &peer, 1);
        c.lamport = i;
        c.ops = &o;
        c.op_len = 1;
        forge_add(f, &c);
    }
    forge_end(f);
}

/* n peers who know nobody write a map each; then one change builds on all of them. */
static void make_gathering(forge *f, uint32_t n) {
    uint64_t *peers = forge_array(f, uint64_t, n + 1);
    op_id *deps = forge_array(f, op_id, n);
    lk_value null = {.type = LK_NULL};
    forge_begin(f);
    for (uint32_t i = 0; i <= n; i++) {
        peers[i] = 1000 + i;
        if (i > 0) deps[i - 1] = (op_id){i, 0};
        op o = forge_set(0, &null);
        forge_change c = change_of(LK_MAP, i == 0 ? peers : &peers[i], 1);
        c.ops = &o;
        c.op_len = 1;
        if (i > 0) forge_add(f, &c);
    }
    op o = forge_set(0, &null);
    forge_change c = change_of(LK_MAP, peers, n + 1);
    c.deps = deps;
    c.dep_len = n;
    c.lamport = 1;
    c.ops = &o;
    c.op_len = 1;
    forge_add(f, &c);
    forge_end(f);
}

/* n blocks that build on what is not there, and then that. */
static void make_chain(forge *f, uint32_t n) {
    for (int part = 0; part < 2; part++) {
        forge_begin(f);
        for (uint32_t i = part == 0 ? 1 : 0; i < (part == 0 ? n : 1); i++) {
            uint64_t peers[] = {1000 + n - i, 1000 + n - i + 1};
            op_id dep = {1, 0};
            op o = forge_text(0);
            forge_change c = change_of(LK_TEXT, peers, i == 0 ? 1 : 2);
            c.deps = &dep;
            c.dep_len = i > 0;
            c.lamport = i;
            c.ops = &o;
            c.op_len = 1;
            forge_add(f, &c);
        }
        forge_end(f);
    }
}

/* n blocks of as many peers that all wait for one. */
static void make_waiting(forge *f, uint32_t n) {
    for (int part = 0; part < 2; part++) {
        forge_begin(f);
        for (uint32_t i = part == 0 ? 1 : 0; i < (part == 0 ? n : 1); i++) {
            uint64_t peers[] = {1000 + i, 1000};
            op_id dep = {1, 0};
            op o = forge_set(0, &(lk_value){.type = LK_NULL});
            forge_change c = change_of(LK_MAP, peers, i == 0 ? 1 : 2);
            c.deps = &dep;
            c.dep_len = i > 0;
            c.lamport = i > 0;
            c.ops = &o;
            c.op_len = 1;
            forge_add(f, &c);
        }
        forge_end(f);
    }
}

static uint32_t scattered(forge *f, uint64_t peer, uint32_t n) {
    forge_change c = change_of(LK_TEXT, &peer, 1);
    rng random = {peer};
    c.ops = forge_array(f, op, n);
    c.op_len = n;
    for (uint32_t i = 0; i < n; i++) c.ops[i] = forge_text(rng_below(&random, i + 1));
    forge_add(f, &c);
    return n;
}

/* Two peers type for long, all over; then n / 8 others in turn, each of whom knows one of them. */
static void make_swings(forge *f, uint32_t n) {
    forge_begin(f);
    scattered(f, 1, n);
    scattered(f, 2, n);
    for (uint32_t i = 0; i < n / 8; i++) {
        uint64_t peers[] = {1000 + i, 1 + i % 2};
        op_id dep = {1, (int32_t)n - 1};
        op o = forge_text(0);
        forge_change c = change_of(LK_TEXT, peers, 2);
        c.deps = &dep;
        c.dep_len = 1;
        c.lamport = n + i;
        c.ops = &o;
        c.op_len = 1;
        forge_add(f, &c);
    }
    forge_end(f);
}

/* One peer types all over; n / 8 others, each of whom knows that alone, delete it all. */
static void make_erasers(forge *f, uint32_t n) {
    forge_begin(f);
    scattered(f, 1, n);
    scattered(f, 2, 1);
    for (uint32_t i = 0; i < n / 8; i++) {
        uint64_t peers[] = {1000 + i, 1};
        op_id dep = {1, (int32_t)n - 1};
        op o = forge_delete(0, n, (op_id){1, 0});
        forge_change c = change_of(LK_TEXT, peers, 2);
        c.deps = &dep;
        c.dep_len = 1;
        c.lamport = n;
        c.ops = &o;
        c.op_len = 1;
        forge_add(f, &c);
    }
    forge_end(f);
}

/* Two peers who merge each other's last change in each of theirs. */
static void make_criss_cross(forge *f, uint32_t n) {
    const uint64_t peers[2][2] = {{1, 2}, {2, 1}};
    block b[2];
    for (int p = 0; p < 2; p++) {
        change *changes = forge_array(f, change, n);
        op *ops = forge_array(f, op, n);
        op_id *deps = forge_array(f, op_id, 2 * n);
        for (uint32_t i = 0; i < n; i++, deps += 2) {
            deps[0] = (op_id){0, (int32_t)i - 1};
            deps[1] = (op_id){1, (int32_t)i - 1};
            ops[i] = forge_text(0);
            ops[i].counter = (int32_t)i;
            changes[i] = (change){.counter = (int32_t)i,
                                  .len = 1,
                                  .lamport = i,
                                  .deps = deps,
                                  .dep_len = i > 0 ? 2 : 0,
                                  .op_start = i,
                                  .op_len = 1};
        }
        container_id *cid = forge_array(f, container_id, 1);
        *cid = root_of(LK_TEXT);
        b[p] = (block){peers[p], 2, root_key, 1, cid, 1, changes, n, ops, n, NULL, 0, 0};
    }
    forge_begin(f);
    forge_block(f, &b[0]);
    forge_block(f, &b[1]);
    forge_end(f);
}

/* One peer makes a text; n / 2 others, each of whom knows the one before, write elsewhere, beside
 * one who knows nobody; n / 2 more, who know the last of them, write in the text. */
static void make_hearsay(forge *f, uint32_t n) {
    const container_id text = {.kind = LK_TEXT, .peer = 2};
    const lk_value made = {.type = LK_CONTAINER, .as.container = {LK_TEXT}};
    forge_begin(f);
    for (uint32_t i = 0; i <= n + 1; i++) {
        uint64_t before = i <= 1 + n / 2 ? 1000 + i - 1 : 1000 + 1 + n / 2;
        uint64_t peers[] = {1000 + i, before == 1001 ? 1000 : before, 1000};
        op_id dep = {1, 0};
        op o = i == 0           ? forge_set(0, &made)
               : i <= 1 + n / 2 ? forge_set(0, &(lk_value){.type = LK_NULL})
                                : forge_text(0);
        forge_change c = change_of(LK_MAP, peers, i <= 1 ? 1 : i <= 1 + n / 2 ? 2 : 3);
        if (i > 1 + n / 2) c.cid = text;
        c.deps = &dep;
        c.dep_len = i > 1;
        c.lamport = i;
        c.ops = &o;
        c.op_len = 1;
        forge_add(f, &c);
    }
    forge_end(f);
}

/* ---- attacks on maps, lists and trees ---- */

/* Two peers write one key n times each. */
static void make_rivals(forge *f, uint32_t n) {
    static const lk_value null = {.type = LK_NULL};
    forge_begin(f);
    for (uint64_t peer = 1; peer <= 2; peer++) {
        forge_change c = change_of(LK_MAP, &peer, 1);
        c.ops = forge_array(f, op, n);
        c.op_len = n;
        for (uint32_t i = 0; i < n; i++) c.ops[i] = forge_set(0, &null);
        forge_add(f, &c);
    }
    forge_end(f);
}

/* Node i hangs below node i - 1; then the middle one is moved to and fro among the upper ones. */
static void make_deep_tree(forge *f, uint32_t n) {
    forge_change c = change_of(LK_TREE, one, 1);
    const lk_bytes position = {(const uint8_t *)"\x80", 1};
    c.ops = forge_array(f, op, 2 * n);
    c.op_len = 2 * n;
    for (uint32_t i = 0; i < n; i++) {
        op_id node = {0, (int32_t)i}, parent = {0, (int32_t)i - 1};
        c.ops[i] = forge_tree(f, node, i == 0 ? NULL : &parent, position);
    }
    for (uint32_t i = 0; i < n; i++) {
        op_id node = {0, (int32_t)n / 2}, parent = {0, (int32_t)(n / 2 - 1 - i % 2)};
        c.ops[n + i] = forge_tree(f, node, &parent, position);
    }
    forge_begin(f);
    forge_add(f, &c);
    forge_end(f);
}

/* n nodes that share one position of n bytes. */
static void make_long_position(forge *f, uint32_t n) {
    forge_change c = change_of(LK_TREE, one, 1);
    lk_bytes position = {forge_array(f, uint8_t, 4 * n), 4 * n};
    memset((void *)(uintptr_t)position.at, 0x81, position.len);
    c.ops = forge_array(f, op, n);
    c.op_len = n;
    for (uint32_t i = 0; i < n; i++)
        c.ops[i] = forge_tree(f, (op_id){0, (int32_t)i}, NULL, position);
    forge_begin(f);
    forge_add(f, &c);
    forge_end(f);
}

/* Blocks whose tables of positions repeat their predecessors: 24 KB claim 36 MB. */
static void make_position_tables(forge *f, uint32_t n) {
    enum { LONG = 8192, MANY = 4096 };
    lk_bytes *positions = forge_array(f, lk_bytes, MANY);
    uint8_t *bytes = forge_array(f, uint8_t, LONG + MANY);
    memset(bytes, 0x81, LONG + MANY);
    forge_begin(f);
    for (uint32_t b = 0; b < n; b++) {
        uint64_t peer = 1 + b;
        forge_change c = change_of(LK_TREE, &peer, 1);
        c.ops = forge_array(f, op, MANY);
        c.op_len = MANY;
        for (uint32_t i = 0; i < MANY; i++) {
            positions[i] = (lk_bytes){bytes, LONG + i};
            c.ops[i] = forge_tree(f, (op_id){0, (int32_t)i}, NULL, positions[i]);
        }
        forge_add(f, &c);
    }
    forge_end(f);
}

/* Children whose names repeat that of their parent, which is long. */
static void make_long_names(forge *f, uint32_t n) {
    lk_doc *doc = lk_new(1, NULL);
    char *name = forge_array(f, char, 8 * n);
    memset(name, 'a', 8 * n);
    lk_ref map, child;
    CHECK_EQ(lk_root(doc, LK_MAP, (lk_str){name, 8 * n}, &map), LK_OK);
    for (uint32_t i = 0; i < n; i++) {
        char key[16];
        int len = snprintf(key, sizeof key, "%" PRIu32, i);
        CHECK_EQ(lk_map_ensure(doc, map, (lk_str){key, (size_t)len}, LK_TEXT, &child), LK_OK);
    }
    CHECK_EQ(lk_export(doc, LK_UPDATES, (lk_ids){0}, &f->blobs[f->len++]), LK_OK);
    lk_free(doc);
}

/* Map in map in map. */
static void make_nest(forge *f, uint32_t n) {
    lk_doc *doc = lk_new(1, NULL);
    lk_ref map;
    CHECK_EQ(lk_root(doc, LK_MAP, (lk_str){"r", 1}, &map), LK_OK);
    for (uint32_t i = 0; i < n; i++)
        CHECK_EQ(lk_map_set_container(doc, map, (lk_str){"k", 1}, LK_MAP, &map), LK_OK);
    CHECK_EQ(lk_export(doc, LK_UPDATES, (lk_ids){0}, &f->blobs[f->len++]), LK_OK);
    lk_free(doc);
}

/* Style i from i to 2n - i, all with keys of their own. */
static void make_styles(forge *f, uint32_t n) {
    static const lk_value yes = {.type = LK_BOOL, .as.boolean = true};
    forge_change c = change_of(LK_TEXT, one, 1);
    lk_str *keys = forge_array(f, lk_str, n + 1);
    char *names = forge_array(f, char, 8 * (n + 1)), *text = forge_array(f, char, 2 * n);
    memset(text, 'x', 2 * n);
    keys[0] = root_key[0];
    c.keys = keys;
    c.key_len = n + 1;
    c.ops = forge_array(f, op, 2 * n + 1);
    c.op_len = 2 * n + 1;
    c.ops[0] = forge_text(0);
    c.ops[0].len = c.ops[0].as.insert.bytes = 2 * n;
    c.ops[0].as.insert.text = (const uint8_t *)text;
    for (uint32_t i = 0; i < n; i++, names += 8) {
        keys[i + 1] = (lk_str){names, (size_t)snprintf(names, 8, "k%" PRIu32, i)};
        op *start = &c.ops[1 + 2 * i];
        start[0] = (op){.kind = OP_MARK_START, .len = 1}; /* each stands behind those before */
        op_mark *mark = forge_array(f, op_mark, 1);
        *mark = (op_mark){
            .start = 2 * i, .end = 2 * n, .key = i + 1, .info = MARK_ALIVE, .value = &yes};
        start[0].as.mark = mark;
        start[1] = (op){.kind = OP_MARK_END, .len = 1};
    }
    forge_begin(f);
    forge_add(f, &c);
    forge_end(f);
}

/* n writes to one element, and n moves of it. */
static void make_element(forge *f, uint32_t n) {
    lk_doc *doc = lk_new(1, NULL);
    lk_ref list;
    lk_value value = {.type = LK_I64};
    CHECK_EQ(lk_root(doc, LK_MOVABLE_LIST, (lk_str){"r", 1}, &list), LK_OK);
    CHECK_EQ(lk_movable_insert(doc, list, 0, &value, 1), LK_OK);
    CHECK_EQ(lk_movable_insert(doc, list, 0, &value, 1), LK_OK);
    for (uint32_t i = 0; i < n; i++) {
        CHECK_EQ(lk_movable_set(doc, list, i % 2, &value), LK_OK);
        CHECK_EQ(lk_movable_move(doc, list, 0, 1), LK_OK);
    }
    CHECK_EQ(lk_export(doc, LK_UPDATES, (lk_ids){0}, &f->blobs[f->len++]), LK_OK);
    lk_free(doc);
}

/* Peers that all fall into one place of a table, to those who do not know its key. */
static void make_collisions(forge *f, uint32_t n) {
    static const uint64_t guess[2];
    uint64_t peer = 0;
    forge_begin(f);
    for (uint32_t i = 0; i < n; i++) {
        do peer++;
        while (keyed_hash_u64(guess, peer) % 4096 != 0);
        op o = forge_set(0, &(lk_value){.type = LK_NULL});
        forge_change c = change_of(LK_MAP, &peer, 1);
        c.ops = &o;
        c.op_len = 1;
        forge_add(f, &c);
    }
    forge_end(f);
}

/* ---- attacks of other sorts ---- */

/* A snapshot whose state is zeroes, packed as tight as LZ4 can. */
static void make_bomb(forge *f, uint32_t n) {
    sstable_pair zeroes = {.key = {(const uint8_t *)"\x80\1m", 3},
                           .value = {forge_array(f, uint8_t, n), n}};
    snapshot_parts parts = {.states = &zeroes, .state_len = 1};
    CHECK_EQ(snapshot_write(&parts, &f->scratch, &f->blobs[f->len++]), LK_OK);
}

static void put(forge *f, const char *text, uint32_t times) {
    writer w = writer_new(&f->blobs[0]);
    f->len = 1;
    for (uint32_t i = 0; i < times; i++) writer_raw(&w, text, strlen(text));
}

#define JSON_HEAD "{\"schema_version\":1,\"start_version\":{},\"peers\":null,\"changes\":["
#define JSON_CHANGE                                                                                \
    "{\"id\":\"0@1\",\"timestamp\":0,\"deps\":[],\"lamport\":0,\"msg\":null,\"ops\":[{"            \
    "\"container\":"                                                                               \
    "\"cid:root-r:Map\",\"counter\":0,\"content\":{\"type\":\"insert\",\"key\":\"k\",\"value\":"
static void make_json_depth(forge *f, uint32_t n) {
    put(f, JSON_HEAD JSON_CHANGE, 1);
    put(f, "[", n);
    put(f, "]", n);
    put(f, "}}]}]}", 1);
}
static void make_json_ignored(forge *f, uint32_t n) {
    put(f, "{\"what\":", 1);
    put(f, "[{\"\":", n);
    put(f, "0", 1);
    put(f, "}]", n);
    put(f, "}", 1);
}
static void make_json_items(forge *f, uint32_t n) {
    put(f, JSON_HEAD JSON_CHANGE "[0", 1);
    put(f, ",0", n);
    put(f, "]}}]}]}", 1);
}

static void make_query_steps(forge *f, uint32_t n) {
    put(f, "$", 1);
    put(f, "..*", n);
}
static void make_query_depth(forge *f, uint32_t n) {
    put(f, "$[?", 1);
    put(f, "(", n);
    put(f, "@.a==1", 1);
    put(f, ")", n);
    put(f, "]", 1);
}

/* ---- what is done with them ---- */

static lk_status feed_blob(lk_doc *doc, lk_bytes blob) { return lk_import(doc, blob, NULL, NULL); }

static lk_status feed_json(lk_doc *doc, lk_bytes text) {
    return lk_json_import(doc, (lk_str){(const char *)text.at, text.len}, NULL, NULL);
}

/* A query of a document that holds a hundred maps, each in the one before. */
static lk_status feed_query(lk_doc *doc, lk_bytes text) {
    const lk_value *out;
    size_t len;
    lk_ref map;
    CHECK_EQ(lk_root(doc, LK_MAP, (lk_str){"r", 1}, &map), LK_OK);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(lk_map_set_container(doc, map, (lk_str){"k", 1}, LK_MAP, &map), LK_OK);
    return lk_jsonpath(doc, (lk_str){(const char *)text.at, text.len}, &out, &len, NULL);
}

static void use_past(lk_doc *doc) { /* look at the beginning and come back */
    CHECK_EQ(lk_checkout(doc, (lk_ids){0}), LK_OK);
    CHECK_EQ(lk_attach(doc), LK_OK);
}
static void use_json(lk_doc *doc) {
    lk_buf out = {0};
    lk_status status = lk_json(doc, &out);
    CHECK(status == LK_OK || status == LK_ELIMIT);
    lk_buf_free(&out);
}
static void use_delta(lk_doc *doc) {
    lk_ref text;
    const lk_delta *delta;
    size_t len;
    CHECK_EQ(lk_root(doc, LK_TEXT, (lk_str){"r", 1}, &text), LK_OK);
    CHECK_EQ(lk_text_delta(doc, text, &delta, &len), LK_OK);
}
static void use_watching(lk_doc *doc) { lk_watch(doc, true); }
static void use_exports(lk_doc *doc) {
    const lk_export_mode modes[] = {LK_UPDATES, LK_SNAPSHOT};
    for (size_t i = 0; i < countof(modes); i++) {
        lk_buf out = {0};
        CHECK_EQ(lk_export(doc, modes[i], (lk_ids){0}, &out), LK_OK);
        lk_buf_free(&out);
    }
    lk_buf out = {0};
    CHECK_EQ(lk_json_updates(doc, (lk_ids){0}, NULL, true, &out), LK_OK);
    lk_buf_free(&out);
}

/* ---- measuring ---- */

typedef struct attack {
    const char *name;
    void (*make)(forge *f, uint32_t n);
    lk_status (*feed)(lk_doc *doc, lk_bytes bytes);
    void (*before)(lk_doc *doc), (*after)(lk_doc *doc); /* or NULL */
    uint32_t n;
    lk_status status;      /* what the last feeding says */
    uint32_t time, memory; /* grow with this power of the size */
    double steps, bytes;   /* at most, for each byte of the largest size */
} attack;

static const attack attacks[] = {
    {"one types all over", make_typing, feed_blob, NULL, NULL, 1000, LK_OK, 1, 1, 400, 400},
    {"... watched", make_typing, feed_blob, use_watching, NULL, 1000, LK_OK, 1, 1, 400, 400},
    {"... looked back at", make_typing, feed_blob, NULL, use_past, 1000, LK_OK, 1, 1, 3000, 400},
    {"... written out", make_typing, feed_blob, NULL, use_exports, 1000, LK_OK, 1, 1, 800, 400},
    {"branches in turn", make_swings, feed_blob, NULL, NULL, 500, LK_OK, 1, 1, 800, 300},
    {"... looked back at", make_swings, feed_blob, NULL, use_past, 500, LK_OK, 1, 1, 2500, 300},
    {"merges crosswise", make_criss_cross, feed_blob, NULL, NULL, 500, LK_OK, 1, 1, 1500, 600},
    {"... looked back at", make_criss_cross, feed_blob, NULL, use_past, 500, LK_OK, 1, 1, 5000,
     600},
    {"many heads, one merge", make_gathering, feed_blob, NULL, use_past, 500, LK_OK, 1, 1, 200,
     100},
    {"a chain, last link first", make_chain, feed_blob, NULL, NULL, 500, LK_OK, 1, 1, 200, 100},
    {"many wait for one", make_waiting, feed_blob, NULL, NULL, 500, LK_OK, 1, 1, 200, 100},
    {"two write one key", make_rivals, feed_blob, NULL, use_past, 1000, LK_OK, 1, 1, 2000, 1200},
    {"one element set and moved", make_element, feed_blob, NULL, use_past, 500, LK_OK, 1, 1, 2500,
     400},
    {"one long position shared", make_long_position, feed_blob, NULL, NULL, 1000, LK_OK, 1, 1, 200,
     300},
    {"map in map in map", make_nest, feed_blob, NULL, NULL, 500, LK_OK, 1, 1, 150, 300},
    {"... as JSON", make_nest, feed_blob, NULL, use_json, 200, LK_OK, 1, 1, 200, 400},
    {"styles across each other", make_styles, feed_blob, NULL, NULL, 250, LK_OK, 1, 1, 300, 200},
    {"a snapshot of zeroes", make_bomb, feed_blob, NULL, NULL, 1 << 20, LK_OK, 1, 1, 50, 1500},
    {"names of one hash", make_collisions, feed_blob, NULL, NULL, 500, LK_OK, 1, 1, 200, 100},
    {"JSON: items", make_json_items, feed_json, NULL, NULL, 10000, LK_OK, 1, 1, 1000, 400},
    {"JSON: depth", make_json_depth, feed_json, NULL, NULL, 10000, LK_ELIMIT, 1, 1, 500, 100},
    {"JSON: depth, ignored", make_json_ignored, feed_json, NULL, NULL, 10000, LK_ELIMIT, 1, 1, 500,
     100},
    {"query: depth", make_query_depth, feed_query, NULL, NULL, 10000, LK_ELIMIT, 1, 1, 500, 100},
    {"query: steps", make_query_steps, feed_query, NULL, NULL, 50, LK_ELIMIT, 1, 1, 60000, 15000},
    {"a crowd at one place", make_crowd, feed_blob, NULL, NULL, 250, LK_OK, 2, 1, 2000, 100},
    {"told through many", make_hearsay, feed_blob, NULL, NULL, 250, LK_OK, 2, 1, 2000, 100},
    {"all delete it all", make_erasers, feed_blob, NULL, NULL, 500, LK_OK, 2, 2, 40000, 1500},
    {"a deep tree, moved", make_deep_tree, feed_blob, NULL, NULL, 500, LK_OK, 2, 1, 1000, 250},
    {"map in map, watched", make_nest, feed_blob, use_watching, NULL, 500, LK_OK, 2, 2, 1500, 400},
    {"styles, watched", make_styles, feed_blob, use_watching, NULL, 250, LK_OK, 2, 2, 10000, 10000},
    {"styles, as a delta", make_styles, feed_blob, NULL, use_delta, 250, LK_OK, 2, 2, 10000, 10000},
    {"names that grow", make_long_names, feed_blob, NULL, NULL, 250, LK_OK, 2, 2, 8000, 1000},
    {"tables of positions", make_position_tables, feed_blob, NULL, NULL, 1, LK_OK, 2, 1, 10000,
     4000},
};

typedef struct cost {
    size_t input, peak;
    uint64_t steps;
} cost;

static cost measure(const attack *a, uint32_t n) {
    forge f = forge_new();
    a->make(&f, n);
    meter m = {0};
    const lk_memory memory = {.context = &m, .resize = meter_resize};
    lk_doc *doc = lk_new(9, &memory);
    CHECK(doc != NULL);
    cost c = {0};
    lk_status status = LK_OK;
    if (a->before != NULL) a->before(doc);
    cost_steps = 0;
    for (size_t i = 0; i < f.len; i++) {
        c.input += f.blobs[i].len;
        status = a->feed(doc, (lk_bytes){f.blobs[i].at, f.blobs[i].len});
    }
    CHECK_EQ(status, a->status);
    while (lk_poll(doc) != NULL) {}
    if (a->after != NULL) a->after(doc);
    c.steps = cost_steps;
    c.peak = m.peak;
    lk_free(doc);
    CHECK_EQ(m.bytes, 0);
    forge_free(&f);
    return c;
}

/* Has what grew from `small` to `large` grown by that power of the size, give or take a logarithm
 * and what is spent once? */
static bool grows(double small, double large, double size, uint32_t power) {
    double most = 1.6 * (power == 2 ? size * size : size);
    return large <= most * small;
}

static void check(const attack *a, bool table) {
    cost c[3];
    for (int k = 0; k < 3; k++) c[k] = measure(a, a->n << k);
    double size = (double)c[2].input / (double)c[0].input, input = (double)c[2].input;
    double steps = (double)c[2].steps / (double)c[0].steps;
    double bytes = (double)c[2].peak / (double)c[0].peak;
    printf("%-26s %7zu bytes %9.0f steps/byte %5.0f bytes/byte; x%.1f: steps x%.1f, bytes x%.1f\n",
           a->name, c[2].input, (double)c[2].steps / input, (double)c[2].peak / input, size, steps,
           bytes);
    fflush(stdout);
    if (table) return;
    CHECK(grows((double)c[0].steps, (double)c[2].steps, size, a->time));
    CHECK(grows((double)c[0].peak, (double)c[2].peak, size, a->memory));
    CHECK((double)c[2].steps <= a->steps * input && (double)c[2].peak <= a->bytes * input);
}

/* Both sides of the limits that keep what grows with the square from growing on. */
static void check_limits(void) {
    static const struct {
        void (*make)(forge *f, uint32_t n);
        uint32_t within, beyond;
    } limits[] = {
        {make_erasers, 5780, 5810},    /* n pieces times n / 8 - 1: LIMIT_MERGE_PIECES */
        {make_long_names, 2800, 3000}, /* n names of 8 n bytes: LIMIT_CHILD_NAMES_BYTES */
        {make_position_tables, 6, 7},  /* n tables of 40 MB: LIMIT_POSITIONS_BYTES */
    };
    for (size_t i = 0; i < countof(limits); i++) {
        attack a = {.make = limits[i].make, .feed = feed_blob, .status = LK_OK};
        measure(&a, limits[i].within);
        a.status = LK_ELIMIT;
        measure(&a, limits[i].beyond);
    }
}

/* cost_test [--table]: the second only tells. */
int main(int argc, char **argv) {
    bool table = argc > 1 && strcmp(argv[1], "--table") == 0;
    for (size_t i = 0; i < countof(attacks); i++) check(&attacks[i], table);
    if (!table) check_limits();
    return 0;
}
