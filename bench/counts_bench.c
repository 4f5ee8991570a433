/* SPDX-License-Identifier: MIT
 * counts_bench.c - the hot paths on fixed inputs, to be counted (counts.sh): how many instructions
 * they take, and how often they ask for memory. Nothing here depends on the time or on chance.
 *
 *     prepare ─► a stage: documents, updates     not counted
 *     play    ─► counted()                       all that it calls is
 *
 * usage: counts_bench          the names of all works, one a line
 *        counts_bench NAME     play that one; prints how many requests for memory it made */
#include "check.h"
#include "meter.h"

enum { KEYS = 4000, OTHERS = 1000, ENTRIES = 2000 };

typedef struct stage {
    meter memory;
    rng random;
    lk_doc *here, *there;
    lk_undo *undo;
    lk_buf out;
    size_t ends[KEYS]; /* of updates in `out` */
    size_t cursor;     /* where the next key goes */
} stage;

static lk_doc *open_document(stage *s, uint64_t peer) {
    lk_memory memory = {.context = &s->memory, .resize = meter_resize};
    lk_doc *doc = lk_new(peer, &memory);
    CHECK(doc != NULL);
    return doc;
}

static lk_ref root(lk_doc *doc, lk_kind kind) {
    lk_ref ref;
    CHECK_EQ(lk_root(doc, kind, (lk_str){"work", 4}, &ref), LK_OK);
    return ref;
}

static lk_value number(int64_t n) { return (lk_value){.type = LK_I64, .as.i64 = n}; }

/* ---- people who type ---- */

/* One key: mostly behind the last one, one in eight takes one away, one in 32 goes elsewhere. */
static void press_key(stage *s, lk_doc *doc) {
    lk_ref text = root(doc, LK_TEXT);
    size_t len = lk_text_len(doc, text, LK_UTF16);
    if (rng_below(&s->random, 32) == 0 || s->cursor > len)
        s->cursor = rng_below(&s->random, (uint32_t)len + 1);
    if (rng_below(&s->random, 8) == 0 && s->cursor > 0) {
        CHECK_EQ(lk_text_delete(doc, text, --s->cursor, 1, LK_UTF16), LK_OK);
    } else {
        char key = (char)('a' + rng_below(&s->random, 26));
        CHECK_EQ(lk_text_insert(doc, text, s->cursor++, LK_UTF16, (lk_str){&key, 1}), LK_OK);
    }
    CHECK_EQ(lk_commit(doc, NULL), LK_OK);
}

static void send_update(stage *s, lk_doc *from, lk_doc *to) {
    s->out.len = 0;
    CHECK_EQ(lk_export_local(from, &s->out), LK_OK);
    CHECK_EQ(lk_import(to, (lk_bytes){s->out.at, s->out.len}, NULL, NULL), LK_OK);
}

static void type_keys(stage *s) {
    for (size_t i = 0; i < KEYS; i++) {
        press_key(s, s->here);
        s->out.len = 0;
        CHECK_EQ(lk_export_local(s->here, &s->out), LK_OK);
    }
}

/* The same of who keeps it to themselves. */
static void write_much(stage *s) {
    for (size_t i = 0; i < KEYS; i++) press_key(s, s->here);
}

static void save_keys(stage *s) {
    for (size_t i = 0; i < KEYS; i++) {
        press_key(s, s->here);
        CHECK_EQ(lk_export_local(s->here, &s->out), LK_OK);
        s->ends[i] = s->out.len;
    }
}
static void take_keys(stage *s) {
    for (size_t i = 0, at = 0; i < KEYS; at = s->ends[i++])
        CHECK_EQ(lk_import(s->there, (lk_bytes){s->out.at + at, s->ends[i] - at}, NULL, NULL),
                 LK_OK);
}

static void type_both(stage *s) {
    for (size_t i = 0; i < OTHERS; i++) {
        press_key(s, s->here);
        press_key(s, s->there);
        lk_buf mine = {0};
        CHECK_EQ(lk_export_local(s->here, &mine), LK_OK);
        send_update(s, s->there, s->here);
        CHECK_EQ(lk_import(s->there, (lk_bytes){mine.at, mine.len}, NULL, NULL), LK_OK);
        lk_buf_free(&mine);
    }
}

/* `there` wrote a lot while it was away, and hears of what was written meanwhile key by key. */
static void write_apart(stage *s) {
    save_keys(s);
    s->cursor = 0;
    for (size_t i = 0; i < KEYS; i++) press_key(s, s->there);
}

/* ---- blobs ---- */

static void export_as(stage *s, lk_export_mode mode) {
    s->out.len = 0;
    CHECK_EQ(lk_export(s->here, mode, (lk_ids){0}, &s->out), LK_OK);
}
static void export_updates(stage *s) { export_as(s, LK_UPDATES); }
static void export_snapshot(stage *s) { export_as(s, LK_SNAPSHOT); }
static void save_updates(stage *s) {
    write_much(s);
    export_updates(s);
}
static void save_snapshot(stage *s) {
    write_much(s);
    export_snapshot(s);
}
static void take_blob(stage *s) {
    CHECK_EQ(lk_import(s->there, (lk_bytes){s->out.at, s->out.len}, NULL, NULL), LK_OK);
}

/* ---- the past ---- */

static void travel(stage *s) {
    for (size_t i = 0; i < 20; i++) {
        lk_id id = {1, (int32_t)rng_below(&s->random, KEYS)};
        CHECK_EQ(lk_checkout(s->here, (lk_ids){&id, 1}), LK_OK);
    }
    CHECK_EQ(lk_attach(s->here), LK_OK);
}
static void write_undoable(stage *s) {
    s->undo = lk_undo_new(s->here);
    CHECK(s->undo != NULL);
    lk_undo_set_max(s->undo, KEYS);
    write_much(s);
}
static void undo_keys(stage *s) {
    lk_undo_done done;
    for (size_t i = 0; i < OTHERS; i++) CHECK_EQ(lk_undo_step(s->undo, LK_UNDO, &done), LK_OK);
}

/* ---- what is not text ---- */

static void set_keys(stage *s) {
    lk_ref map = root(s->here, LK_MAP);
    for (size_t i = 0; i < KEYS; i++) {
        char name[8];
        int len = snprintf(name, sizeof name, "%u", rng_below(&s->random, 500));
        lk_value value = number((int64_t)i);
        CHECK_EQ(lk_map_set(s->here, map, (lk_str){name, (size_t)len}, &value), LK_OK);
    }
    CHECK_EQ(lk_commit(s->here, NULL), LK_OK);
}

static void fill_list(stage *s) {
    lk_ref list = root(s->here, LK_MOVABLE_LIST);
    for (size_t i = 0; i < ENTRIES; i++) {
        lk_value value = number((int64_t)i);
        CHECK_EQ(lk_movable_insert(s->here, list, i, &value, 1), LK_OK);
    }
    CHECK_EQ(lk_commit(s->here, NULL), LK_OK);
}
static void move_entries(stage *s) {
    lk_ref list = root(s->here, LK_MOVABLE_LIST);
    for (size_t i = 0; i < KEYS; i++)
        CHECK_EQ(lk_movable_move(s->here, list, rng_below(&s->random, ENTRIES),
                                 rng_below(&s->random, ENTRIES)),
                 LK_OK);
    CHECK_EQ(lk_commit(s->here, NULL), LK_OK);
}

static void grow_tree(stage *s) {
    lk_ref tree = root(s->here, LK_TREE);
    lk_id nodes[ENTRIES];
    for (uint32_t i = 0; i < ENTRIES; i++) {
        const lk_id *parent = i == 0 ? NULL : &nodes[rng_below(&s->random, i)];
        CHECK_EQ(lk_tree_create(s->here, tree, parent, LK_TREE_END, &nodes[i]), LK_OK);
    }
    CHECK_EQ(lk_commit(s->here, NULL), LK_OK);
}
static void move_nodes(stage *s) {
    lk_ref tree = root(s->here, LK_TREE);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        lk_id node = {1, (int32_t)rng_below(&s->random, ENTRIES)};
        lk_id parent = {1, (int32_t)rng_below(&s->random, ENTRIES)};
        lk_status status = lk_tree_move(s->here, tree, node, &parent, LK_TREE_END);
        CHECK(status == LK_OK || status == LK_ESTATE); /* below itself */
    }
    CHECK_EQ(lk_commit(s->here, NULL), LK_OK);
}

/* ---- all of it ---- */

static const struct work {
    const char *name;
    void (*prepare)(stage *s); /* or NULL */
    void (*play)(stage *s);
} works[] = {
    {"type-4000-keys", NULL, type_keys},
    {"commit-4000-keys", NULL, write_much},
    {"take-4000-keys", save_keys, take_keys},
    {"both-type-1000-keys", NULL, type_both},
    {"take-4000-keys-with-4000-own", write_apart, take_keys},
    {"export-updates", write_much, export_updates},
    {"import-updates", save_updates, take_blob},
    {"export-snapshot", write_much, export_snapshot},
    {"import-snapshot", save_snapshot, take_blob},
    {"checkout-20-versions", write_much, travel},
    {"undo-1000-keys", write_undoable, undo_keys},
    {"map-4000-sets", NULL, set_keys},
    {"movable-list-4000-moves", fill_list, move_entries},
    {"tree-2000-nodes", NULL, grow_tree},
    {"tree-2000-moves", grow_tree, move_nodes},
};
enum { WORKS = sizeof works / sizeof *works };

/* What counts.sh counts. */
static __attribute__((noinline)) void counted(const struct work *work, stage *s) {
    work->play(s);
    __asm__ volatile("" ::: "memory"); /* no tail call: the count ends where this returns */
}

static void play(const struct work *work) {
    static stage s;
    s.random.state = 7;
    s.here = open_document(&s, 1);
    s.there = open_document(&s, 2);
    if (work->prepare != NULL) work->prepare(&s);
    uint64_t before = s.memory.requests;
    counted(work, &s);
    printf("%" PRIu64 "\n", s.memory.requests - before);
    if (s.undo != NULL) lk_undo_free(s.undo);
    lk_buf_free(&s.out);
    lk_free(s.here);
    lk_free(s.there);
}

int main(int argc, char **argv) {
    for (size_t i = 0; i < WORKS; i++) {
        if (argc == 1) printf("%s\n", works[i].name);
        if (argc == 2 && strcmp(argv[1], works[i].name) == 0) return play(&works[i]), 0;
    }
    return argc == 1 ? 0 : 2;
}
