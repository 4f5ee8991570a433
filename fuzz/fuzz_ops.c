/* SPDX-License-Identifier: MIT
 * fuzz_ops.c - bytes are what three peers do, four each (who and what, where, how much, of what):
 * edits of every kind of container, commits, news passed on whole or in part, looks at the past.
 * Nothing may trap; in the end all show the same, and each what a replay of its history gives. */
#include "fuzz/fuzz.h"

#include "check.h"
#include "lorikeet.h"

enum { PEERS = 3, NOTES = 8, STEP_BYTES = 4, STEPS_MAX = 256 };

typedef struct note { /* a version someone had */
    lk_id heads[PEERS];
    size_t len;
} note;

typedef struct world {
    lk_doc *docs[PEERS];
    note notes[PEERS][NOTES];
    uint8_t note_len[PEERS];
} world;

typedef struct move {
    uint8_t what, where, size, more;
} move;

static const char *const fuzz_texts[] = {"a", "bc", "\xc3\xa9", "\xf0\x9f\x90\xa6", "line\n"};

static lk_str fuzz_str(const char *s) { return (lk_str){s, strlen(s)}; }

/* An edit may be refused (a position, a container that was deleted), but never runs out of memory.
 */
static void fuzz_try(lk_status status) { CHECK(status != LK_ENOMEM && status != LK_ESPENT); }

static const char *const fuzz_names[] = {"map", "list", "text", "tree", "movable", "counter"};

static lk_ref fuzz_root(lk_doc *doc, lk_kind kind) {
    lk_ref root;
    CHECK_EQ(lk_root(doc, kind, fuzz_str(fuzz_names[kind]), &root), LK_OK);
    return root;
}

/* A root, or a child of the map. */
static lk_ref fuzz_pick(lk_doc *doc, lk_kind kind, const move *m) {
    lk_ref root = fuzz_root(doc, kind), map = fuzz_root(doc, LK_MAP);
    lk_value child;
    if (m->more % 4 > 0 || lk_map_get(doc, map, fuzz_str(fuzz_names[kind]), &child) != LK_OK)
        return root;
    bool fits = child.type == LK_CONTAINER && lk_ref_kind(doc, child.as.container) == kind;
    return fits ? child.as.container : root;
}

static lk_value fuzz_value(const move *m) {
    if (m->size % 3 == 0) return (lk_value){.type = LK_I64, .as.i64 = m->more};
    if (m->size % 3 == 1) return (lk_value){.type = LK_F64, .as.f64 = m->more / 3.0};
    const char *text = fuzz_texts[m->more % 5];
    return (lk_value){
        .type = LK_STRING, .len = (uint32_t)strlen(text), .as.bytes = (const uint8_t *)text};
}

static size_t fuzz_at(const move *m, size_t len) { return m->where * (len + 1) / 256; }

static void fuzz_text(lk_doc *doc, const move *m) {
    lk_ref text = fuzz_pick(doc, LK_TEXT, m);
    size_t len = lk_text_len(doc, text, LK_UTF16), at = fuzz_at(m, len);
    size_t most = m->size % 9u < len - at ? m->size % 9u : len - at;
    lk_value value = fuzz_value(m);
    switch (m->size / 16 % 4) {
    case 0: fuzz_try(lk_text_delete(doc, text, at, most, LK_UTF16)); break;
    case 1:
        fuzz_try(lk_text_mark(doc, text, at, at + most, LK_UTF16, fuzz_str("bold"), &value));
        break;
    case 2:
        if (m->more % 8 == 0) {
            fuzz_try(lk_text_unmark(doc, text, at, at + most, LK_UTF16, fuzz_str("bold")));
            break;
        } /* fall through */
    default: fuzz_try(lk_text_insert(doc, text, at, LK_UTF16, fuzz_str(fuzz_texts[m->more % 5])));
    }
}

static void fuzz_list(lk_doc *doc, const move *m) {
    lk_ref list = fuzz_pick(doc, LK_LIST, m), child;
    size_t len = lk_list_len(doc, list), at = fuzz_at(m, len);
    lk_value value = fuzz_value(m);
    if (m->size % 4 == 0)
        fuzz_try(lk_list_delete(doc, list, at, m->size / 4 % 3));
    else if (m->size % 4 == 1)
        fuzz_try(lk_list_insert_container(doc, list, at, (lk_kind)(m->more % 6), &child));
    else
        fuzz_try(lk_list_insert(doc, list, at, &value, 1));
}

static void fuzz_movable(lk_doc *doc, const move *m) {
    lk_ref list = fuzz_pick(doc, LK_MOVABLE_LIST, m), child;
    size_t len = lk_movable_len(doc, list), at = fuzz_at(m, len);
    lk_value value = fuzz_value(m);
    switch (m->size % 6) {
    case 0: fuzz_try(lk_movable_delete(doc, list, at, m->size / 6 % 3)); break;
    case 1: fuzz_try(lk_movable_set(doc, list, at, &value)); break;
    case 2: fuzz_try(lk_movable_move(doc, list, at, m->more % (len + 1))); break;
    case 3:
        fuzz_try(lk_movable_insert_container(doc, list, at, (lk_kind)(m->more % 6), &child));
        break;
    default: fuzz_try(lk_movable_insert(doc, list, at, &value, 1));
    }
}

static void fuzz_map(lk_doc *doc, const move *m) {
    lk_ref map = fuzz_pick(doc, LK_MAP, m), child;
    lk_str key = fuzz_str(m->where % 7 < 6 ? fuzz_names[m->where % 7] : "x");
    lk_value value = fuzz_value(m);
    switch (m->size % 5) {
    case 0: fuzz_try(lk_map_delete(doc, map, key)); break;
    case 1:
        fuzz_try(lk_map_set_container(doc, map, key, (lk_kind)(m->where % 7 % 6), &child));
        break;
    case 2: fuzz_try(lk_map_ensure(doc, map, key, (lk_kind)(m->where % 7 % 6), &child)); break;
    default: fuzz_try(lk_map_set(doc, map, key, &value));
    }
}

/* Node `n` of those ever heard of; false if there is none. */
static bool fuzz_node(lk_doc *doc, lk_ref tree, uint32_t n, lk_id *out) {
    size_t cursor = 0, count = 0;
    lk_node node;
    while (lk_tree_next(doc, tree, &cursor, &node)) count++;
    cursor = 0;
    for (size_t i = 0; count > 0 && i <= n % count; i++) lk_tree_next(doc, tree, &cursor, &node);
    *out = count > 0 ? node.id : (lk_id){0};
    return count > 0;
}

static void fuzz_tree(lk_doc *doc, const move *m) {
    lk_ref tree = fuzz_pick(doc, LK_TREE, m);
    lk_id node, other, made;
    size_t index = m->size % 5 == 0 ? LK_TREE_END : m->size % 3;
    bool some = fuzz_node(doc, tree, m->where, &node);
    fuzz_node(doc, tree, m->more, &other);
    const lk_id *parent = some && m->more % 3 > 0 ? &other : NULL;
    if (!some || m->size % 4 == 0)
        fuzz_try(lk_tree_create(doc, tree, parent, index, &made));
    else if (m->size % 4 == 1)
        fuzz_try(lk_tree_delete(doc, tree, node));
    else if (m->size % 4 == 2)
        fuzz_try(lk_tree_move_beside(doc, tree, node, other, m->more % 2));
    else
        fuzz_try(lk_tree_move(doc, tree, node, parent, index));
}

static void fuzz_edit(lk_doc *doc, uint32_t kind, const move *m) {
    switch (kind) {
    case 0: fuzz_map(doc, m); break;
    case 1: fuzz_list(doc, m); break;
    case 2: fuzz_movable(doc, m); break;
    case 3: fuzz_tree(doc, m); break;
    case 4: fuzz_try(lk_counter_add(doc, fuzz_pick(doc, LK_COUNTER, m), m->size - 100.0)); break;
    default: fuzz_text(doc, m);
    }
}

/* `to` gets what it lacks of `from`, or, if some counters are skipped, a part that may have to
 * wait.
 */
static void fuzz_pass(lk_doc *from, lk_doc *to, uint32_t skip, bool whole) {
    lk_buf bytes = {0};
    lk_ids have = lk_log_version(to);
    lk_id some[PEERS];
    size_t len = 0;
    for (size_t i = 0; i < have.len && i < PEERS; i++) some[len++] = have.at[i];
    if (len > 0) some[0].counter += (int32_t)skip;
    CHECK_EQ(lk_export(from, whole ? LK_SNAPSHOT : LK_UPDATES, (lk_ids){some, len}, &bytes), LK_OK);
    CHECK_EQ(lk_import(to, (lk_bytes){bytes.at, bytes.len}, NULL, NULL), LK_OK);
    lk_buf_free(&bytes);
}

static void fuzz_look_back(world *w, uint32_t who, const move *m) {
    lk_doc *doc = w->docs[who];
    if (w->note_len[who] == 0) return;
    const note *n = &w->notes[who][m->where % w->note_len[who]];
    if (m->size % 2 == 0) {
        CHECK_EQ(lk_checkout(doc, (lk_ids){n->heads, n->len}), LK_OK);
    } else {
        const lk_event *event;
        lk_ids now = lk_frontiers(doc);
        lk_id heads[PEERS];
        for (size_t i = 0; i < now.len; i++) heads[i] = now.at[i];
        lk_ids from = {n->heads, n->len}, to = {heads, now.len};
        CHECK_EQ(lk_diff_between(doc, from, to, &event), LK_OK);
    }
}

static void fuzz_note(world *w, uint32_t who) {
    lk_ids heads = lk_frontiers(w->docs[who]);
    CHECK(heads.len <= PEERS);
    note *n = &w->notes[who][w->note_len[who] % NOTES];
    n->len = heads.len;
    for (size_t i = 0; i < heads.len; i++) n->heads[i] = heads.at[i];
    if (w->note_len[who] < NOTES) w->note_len[who]++;
}

static void fuzz_move(world *w, const move *m) {
    uint32_t who = m->what % PEERS, what = m->what / PEERS % 16;
    lk_doc *doc = w->docs[who], *other = w->docs[(who + 1 + m->where % (PEERS - 1)) % PEERS];
    if (what < 10) {
        fuzz_edit(doc, what, m);
        return;
    }
    CHECK_EQ(lk_commit(doc, NULL), LK_OK);
    switch (what) {
    case 10:
    case 11: fuzz_pass(other, doc, m->size < 200 ? 0 : m->size % 5, false); break;
    case 12: fuzz_pass(other, doc, 0, true); break;
    case 13: fuzz_look_back(w, who, m); break;
    case 14: CHECK_EQ(lk_attach(doc), LK_OK); break;
    default: fuzz_note(w, who);
    }
    while (lk_poll(doc) != NULL) {}
}

static void fuzz_begin(world *w) {
    static const uint64_t peers[PEERS] = {7, UINT64_MAX - 2, 3};
    static const lk_style styles[] = {{{"bold", 4}, LK_EXPAND_AFTER}};
    *w = (world){0};
    for (int i = 0; i < PEERS; i++) {
        w->docs[i] = lk_new(peers[i], NULL);
        CHECK(w->docs[i] != NULL);
        CHECK_EQ(lk_style_config(w->docs[i], styles, 1), LK_OK);
        for (unsigned kind = 0; kind < 6; kind++) fuzz_root(w->docs[i], (lk_kind)kind);
        lk_watch(w->docs[i], i == 0);
    }
}

static void fuzz_settle(world *w) {
    lk_buf shown[PEERS] = {0};
    for (int i = 0; i < PEERS; i++) CHECK_EQ(lk_attach(w->docs[i]), LK_OK);
    for (int i = 0; i < 2 * PEERS; i++)
        fuzz_pass(w->docs[i % PEERS], w->docs[(i + 1) % PEERS], 0, false);
    for (int i = 0; i < PEERS; i++) {
        lk_check(w->docs[i]);
        CHECK_EQ(lk_json(w->docs[i], &shown[i]), LK_OK);
        CHECK_BYTES(shown[i].at, shown[i].len, shown[0].at, shown[0].len);
    }
    for (int i = 0; i < PEERS; i++) {
        lk_buf_free(&shown[i]);
        lk_free(w->docs[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static world w;
    fuzz_begin(&w);
    size_t steps = size / STEP_BYTES;
    for (size_t i = 0; i < steps && i < STEPS_MAX; i++) {
        move m;
        memcpy(&m, data + i * STEP_BYTES, STEP_BYTES);
        fuzz_move(&w, &m);
    }
    fuzz_settle(&w);
    return 0;
}

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    rng random = {n + 1};
    size_t len = STEP_BYTES * 64;
    if (n >= 8 || cap < len) return 0;
    for (size_t i = 0; i < len; i++) out[i] = (uint8_t)rng_below(&random, 256);
    return len;
}

uint32_t fuzz_count(void) { return 3000; }
