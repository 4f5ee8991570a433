/* SPDX-License-Identifier: MIT
 * merge_test.c - random peers edit containers nested in each other, and exchange what
 * they have in every order. Whatever the order: the same document, equal to a replay, told by
 * events as it came. */
#include "check.h"
#include "lorikeet.h"

#define PEERS 4
#define ROUNDS 60
#define NOTES 16

static const char *const pieces[] = {"a",    "bc", "\xc3\xa9", "\xe6\xbc\xa2", "\xf0\x9f\x90\xa6",
                                     "def\n"};

typedef struct note { /* a version that a document had */
    lk_id heads[PEERS];
    size_t len;
} note;

typedef struct world {
    rng random;
    lk_doc *docs[PEERS];
    note notes[PEERS][NOTES];
    size_t note_len[PEERS];
} world;

static lk_str str_of(const char *s) { return (lk_str){s, strlen(s)}; }

static lk_ref root_of(lk_doc *doc, lk_kind kind, const char *name) {
    lk_ref ref;
    CHECK_EQ(lk_root(doc, kind, str_of(name), &ref), LK_OK);
    return ref;
}

/* A container to edit: a root, or a child of the root map or list. */
static lk_ref pick_container(world *w, lk_doc *doc, lk_kind kind) {
    static const char *const roots[] = {"map", "list", "text", "tree", "movable", "counter"};
    lk_ref list = root_of(doc, LK_LIST, "list");
    for (size_t i = 0; i < lk_list_len(doc, list) && rng_below(&w->random, 2); i++) {
        lk_value value;
        CHECK_EQ(lk_list_get(doc, list, i, &value), LK_OK);
        if (value.type == LK_CONTAINER && lk_ref_kind(doc, value.as.container) == kind)
            return value.as.container;
    }
    return root_of(doc, kind, roots[kind]);
}

static void edit_text(world *w, lk_doc *doc) {
    lk_ref text = pick_container(w, doc, LK_TEXT);
    size_t len = lk_text_len(doc, text, LK_CODEPOINT);
    size_t pos = rng_below(&w->random, (uint32_t)len + 1);
    if (rng_below(&w->random, 3) > 0 || len == 0) {
        lk_str s = str_of(pieces[rng_below(&w->random, 6)]);
        CHECK_EQ(lk_text_insert(doc, text, pos, LK_CODEPOINT, s), LK_OK);
    } else {
        size_t most = len - pos < 5 ? len - pos : 5;
        size_t count = rng_below(&w->random, (uint32_t)most + 1);
        CHECK_EQ(lk_text_delete(doc, text, pos, count, LK_CODEPOINT), LK_OK);
    }
}

static void edit_list(world *w, lk_doc *doc) {
    lk_ref list = pick_container(w, doc, LK_LIST);
    size_t len = lk_list_len(doc, list), pos = rng_below(&w->random, (uint32_t)len + 1);
    uint32_t what = rng_below(&w->random, 5);
    if (what == 0 && pos < len) {
        CHECK_EQ(lk_list_delete(doc, list, pos, 1), LK_OK);
    } else if (what == 1) {
        lk_ref child;
        lk_kind kind = (lk_kind)rng_below(&w->random, 6);
        CHECK_EQ(lk_list_insert_container(doc, list, pos, kind, &child), LK_OK);
    } else {
        lk_value values[2] = {{.type = LK_I64, .as.i64 = (int64_t)rng_below(&w->random, 100)},
                              {.type = LK_BOOL, .as.boolean = true}};
        CHECK_EQ(lk_list_insert(doc, list, pos, values, 1 + what % 2), LK_OK);
    }
}

static void edit_map(world *w, lk_doc *doc) {
    lk_ref map = pick_container(w, doc, LK_MAP);
    lk_str key = str_of(pieces[rng_below(&w->random, 3)]);
    uint32_t what = rng_below(&w->random, 6);
    if (what == 0) {
        CHECK_EQ(lk_map_delete(doc, map, key), LK_OK);
    } else if (what == 1) {
        lk_ref child;
        CHECK_EQ(lk_map_set_container(doc, map, key, LK_TEXT, &child), LK_OK);
        CHECK_EQ(lk_text_insert(doc, child, 0, LK_UTF8, str_of("child")), LK_OK);
    } else {
        lk_value value = {.type = LK_F64, .as.f64 = 0.5 + rng_below(&w->random, 9)};
        CHECK_EQ(lk_map_set(doc, map, key, &value), LK_OK);
    }
}

static void edit_movable(world *w, lk_doc *doc) {
    lk_ref list = pick_container(w, doc, LK_MOVABLE_LIST);
    size_t len = lk_movable_len(doc, list), at = rng_below(&w->random, (uint32_t)len + 1);
    lk_value value = {.type = LK_I64, .as.i64 = (int64_t)rng_below(&w->random, 100)};
    uint32_t what = rng_below(&w->random, 6);
    if (at == len || what == 0) {
        lk_ref child;
        CHECK_EQ(lk_movable_insert(doc, list, at, &value, 1), LK_OK);
        CHECK_EQ(lk_movable_insert_container(doc, list, at, LK_TEXT, &child), LK_OK);
    } else if (what == 1) {
        size_t count = rng_below(&w->random, (uint32_t)(len - at) + 1);
        CHECK_EQ(lk_movable_delete(doc, list, at, count), LK_OK);
    } else if (what == 2) {
        CHECK_EQ(lk_movable_set(doc, list, at, &value), LK_OK);
    } else {
        CHECK_EQ(lk_movable_move(doc, list, at, rng_below(&w->random, (uint32_t)len)), LK_OK);
    }
}

/* A node of a tree, deleted ones too, or false: none. */
static bool pick_node(world *w, lk_doc *doc, lk_ref tree, lk_id *out) {
    uint32_t skip = rng_below(&w->random, 6);
    lk_node node;
    for (size_t cursor = 0; lk_tree_next(doc, tree, &cursor, &node);) {
        *out = node.id;
        if (skip-- == 0) return true;
    }
    return false;
}

static void edit_tree(world *w, lk_doc *doc) {
    lk_ref tree = pick_container(w, doc, LK_TREE);
    lk_id target, other, made;
    bool found = pick_node(w, doc, tree, &target), below = pick_node(w, doc, tree, &other);
    const lk_id *parent = below ? &other : NULL;
    size_t index = rng_below(&w->random, 3) == 0 ? 0 : LK_TREE_END;
    uint32_t what = rng_below(&w->random, 5);
    lk_status status = LK_OK;
    if (!found || what == 0)
        status = lk_tree_create(doc, tree, parent, index, &made);
    else if (what == 1)
        status = lk_tree_delete(doc, tree, target);
    else if (what == 2 && below)
        status = lk_tree_move_beside(doc, tree, target, other, index == 0);
    else
        status = lk_tree_move(doc, tree, target, parent, index);
    /* deleted already, or the other one is below it */
    CHECK(status == LK_OK || status == LK_EMISSING || status == LK_ESTATE);
}

static void edit(world *w, lk_doc *doc) {
    switch (rng_below(&w->random, 7)) {
    case 0: edit_list(w, doc); break;
    case 1: edit_map(w, doc); break;
    case 2: edit_movable(w, doc); break;
    case 3: edit_tree(w, doc); break;
    case 4: CHECK_EQ(lk_counter_add(doc, pick_container(w, doc, LK_COUNTER), 0.25), LK_OK); break;
    default: edit_text(w, doc);
    }
    if (rng_below(&w->random, 2)) CHECK_EQ(lk_commit(doc, NULL), LK_OK);
}

/* `to` gets what it lacks of `from`: all of it, or a part whose past may be missing. */
static void pass_on(world *w, lk_doc *from, lk_doc *to, bool whole) {
    lk_buf bytes = {0};
    lk_ids have = lk_version(to);
    lk_id some[PEERS];
    size_t len = 0;
    for (size_t i = 0; i < have.len; i++) some[len++] = have.at[i];
    if (!whole && len > 0) some[0].counter += (int32_t)rng_below(&w->random, 8);
    CHECK_EQ(lk_export(from, LK_UPDATES, (lk_ids){some, len}, &bytes), LK_OK);
    lk_fault fault = {0};
    lk_status status = lk_import(to, (lk_bytes){bytes.at, bytes.len}, NULL, &fault);
    if (status != LK_OK) fprintf(stderr, "import: %s at %zu\n", fault.what, fault.offset);
    CHECK_EQ(status, LK_OK);
    lk_buf_free(&bytes);
}

static void expect_same(lk_doc *a, lk_doc *b) {
    lk_buf x = {0}, y = {0};
    CHECK_EQ(lk_json(a, &x), LK_OK);
    CHECK_EQ(lk_json(b, &y), LK_OK);
    CHECK_BYTES(x.at, x.len, y.at, y.len);
    lk_buf_free(&x);
    lk_buf_free(&y);
}

static void settle(world *w) {
    for (int twice = 0; twice < 2; twice++)
        for (int i = 0; i < PEERS; i++) {
            int next = (i + 1) % PEERS;
            pass_on(w, w->docs[i], w->docs[next], true);
        }
    for (int i = 1; i < PEERS; i++) expect_same(w->docs[0], w->docs[i]);
}

/* ---- the past ---- */

static void take_note(world *w, uint32_t who) {
    if (w->note_len[who] == NOTES) return;
    lk_ids heads = lk_frontiers(w->docs[who]);
    CHECK(heads.len <= PEERS);
    note *n = &w->notes[who][w->note_len[who]++];
    n->len = heads.len;
    for (size_t i = 0; i < heads.len; i++) n->heads[i] = heads.at[i];
}

/* Show a version noted earlier. lk_check() compares it with a replay of just that version. */
static void look_back(world *w, uint32_t who) {
    if (w->note_len[who] == 0) return;
    const note *n = &w->notes[who][rng_below(&w->random, (uint32_t)w->note_len[who])];
    CHECK_EQ(lk_checkout(w->docs[who], (lk_ids){n->heads, n->len}), LK_OK);
    lk_check(w->docs[who]);
    lk_ids shown = lk_frontiers(w->docs[who]);
    CHECK_EQ(shown.len, n->len);
}

/* Wander about in the past, where news does not reach the eye, and come back. */
static void wander(world *w, uint32_t who) {
    uint32_t other = (who + 1) % PEERS;
    for (uint32_t steps = rng_below(&w->random, 3); steps > 0; steps--) look_back(w, who);
    if (rng_below(&w->random, 2)) pass_on(w, w->docs[other], w->docs[who], true);
    look_back(w, who);
    CHECK_EQ(lk_attach(w->docs[who]), LK_OK);
    CHECK(!lk_is_detached(w->docs[who]));
}

/* A text kept equal to a document's by nothing but its events. */
typedef struct mirror {
    uint16_t at[4096];
    size_t len;
} mirror;

static void mirror_apply(mirror *m, const lk_diff *diff) {
    size_t pos = 0;
    for (size_t i = 0; i < diff->delta_len; i++) {
        const lk_delta *d = &diff->deltas[i];
        size_t len = d->len[LK_CODEPOINT];
        if (d->kind == LK_RETAIN) {
            pos += len;
        } else if (d->kind == LK_DELETE) {
            CHECK(pos + len <= m->len);
            memmove(m->at + pos, m->at + pos + len, (m->len - pos - len) * sizeof *m->at);
            m->len -= len;
        } else {
            CHECK(m->len + len <= 4096);
            memmove(m->at + pos + len, m->at + pos, (m->len - pos) * sizeof *m->at);
            size_t at = 0;
            for (size_t k = 0; k < len; k++) { /* each code point by a hash of its bytes */
                uint16_t hash = (uint8_t)d->text.at[at++];
                while (at < d->text.len && ((uint8_t)d->text.at[at] & 0xc0) == 0x80)
                    hash = (uint16_t)(hash * 31 + (uint8_t)d->text.at[at++]);
                m->at[pos + k] = hash;
            }
            CHECK_EQ(at, d->text.len);
            pos += len;
            m->len += len;
        }
    }
}

static void mirror_follow(mirror *m, lk_doc *doc, lk_ref text) {
    const lk_event *event;
    while ((event = lk_poll(doc)) != NULL)
        for (size_t i = 0; i < event->diff_len; i++)
            if (event->diffs[i].target.index == text.index) mirror_apply(m, &event->diffs[i]);
}

static void mirror_compare(const mirror *m, lk_doc *doc, lk_ref text) {
    static mirror want;
    want.len = 0;
    lk_buf now = {0};
    CHECK_EQ(lk_text_string(doc, text, &now), LK_OK);
    lk_delta all = {.kind = LK_INSERT, .text = {(const char *)now.at, now.len}};
    all.len[LK_CODEPOINT] = (uint32_t)lk_text_len(doc, text, LK_CODEPOINT);
    mirror_apply(&want, &(lk_diff){.deltas = &all, .delta_len = 1});
    CHECK_BYTES(m->at, m->len * sizeof *m->at, want.at, want.len * sizeof *want.at);
    lk_buf_free(&now);
}

static void play(uint64_t seed) {
    static mirror mirrored;
    mirrored.len = 0;
    world w = {.random = {seed}};
    /* Peers in no order, one of them above 2^63. */
    static const uint64_t peers[PEERS] = {77, 3, UINT64_MAX - 2, 1u << 20};
    for (int i = 0; i < PEERS; i++) w.docs[i] = lk_new(peers[i], NULL);
    lk_ref text = root_of(w.docs[0], LK_TEXT, "text");
    lk_watch(w.docs[0], true);
    for (int round = 0; round < ROUNDS; round++) {
        edit(&w, w.docs[rng_below(&w.random, PEERS)]);
        if (rng_below(&w.random, 3) == 0) {
            uint32_t from = rng_below(&w.random, PEERS), to = rng_below(&w.random, PEERS);
            if (from != to) pass_on(&w, w.docs[from], w.docs[to], rng_below(&w.random, 4) > 0);
        }
        uint32_t who = rng_below(&w.random, PEERS);
        if (rng_below(&w.random, 3) == 0) take_note(&w, who);
        if (rng_below(&w.random, 12) == 0) wander(&w, who);
        if (round % 20 == 19) settle(&w);
        mirror_follow(&mirrored, w.docs[0], text);
    }
    settle(&w);
    CHECK_EQ(lk_commit(w.docs[0], NULL), LK_OK);
    mirror_follow(&mirrored, w.docs[0], text);
    mirror_compare(&mirrored, w.docs[0], text);
    for (int i = 0; i < PEERS; i++) {
        lk_check(w.docs[i]);
        lk_free(w.docs[i]);
    }
}

int main(int argc, char **argv) {
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 300;
    for (uint64_t seed = first; seed < first + count; seed++) play(seed);
    printf("%" PRIu64 " random histories from seed %" PRIu64 "\n", count, first);
    return 0;
}
