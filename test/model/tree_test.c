/* SPDX-License-Identifier: MIT
 * tree_test.c - a tree beside a replay of its moves, sorted anew each time; moves come late and are
 * taken back. And a mirror of lists that follows the tree by nothing but what it tells. */
#include "state/tree.h"

#include "check.h"
#include "meter.h"
#include "state/sibling.h"

#define NODES 24u
#define MOVES 400u
#define BATCH 6u
#define BATCHES 200u
#define ROOT NODES /* in the twin and the mirror */
#define GONE (NODES + 1)
#define NOWHERE (NODES + 2)

static meter heap;
static const lk_memory test_heap = {.context = &heap, .resize = meter_resize};

typedef struct twin {
    step moves[MOVES]; /* sorted */
    size_t len;
    uint32_t parent[NODES];
    const step *last[NODES];
    op_tree told[NODES + BATCHES * BATCH]; /* by the id of the move */
} twin;

static const op_tree *step_tree(const step *st) { return st->data; }

static uint32_t step_target(const step *st) { return (uint32_t)step_tree(st)->node.counter; }

static uint32_t step_parent(const step *st) {
    if (step_tree(st)->deletes) return GONE;
    return step_tree(st)->has_parent ? (uint32_t)step_tree(st)->parent.counter : ROOT;
}

static bool step_before(const step *a, const step *b) {
    return a->lamport != b->lamport ? a->lamport < b->lamport : a->peer_wide < b->peer_wide;
}

static void twin_replay(twin *w) {
    for (uint32_t i = 0; i < NODES; i++) w->parent[i] = NOWHERE;
    memset(w->last, 0, sizeof w->last);
    for (size_t i = 0; i < w->len; i++) {
        uint32_t node = step_target(&w->moves[i]), parent = step_parent(&w->moves[i]), up = parent;
        while (up < NODES && up != node) up = w->parent[up];
        if (up == node) continue;
        w->parent[node] = parent;
        w->last[node] = &w->moves[i];
    }
}

static bool twin_lives(const twin *w, uint32_t node) {
    while (node < NODES) node = w->parent[node];
    return node == ROOT;
}

static int twin_order(const void *a, const void *b) {
    const step *x = *(const step *const *)a, *y = *(const step *const *)b;
    lk_bytes p = step_tree(x)->position, q = step_tree(y)->position;
    size_t len = p.len < q.len ? p.len : q.len;
    int by_position = len == 0 ? 0 : memcmp(p.at, q.at, len);
    if (by_position != 0) return by_position;
    if (p.len != q.len) return p.len < q.len ? -1 : 1;
    return step_before(x, y) ? -1 : 1;
}

/* The children of a node, in order. */
static size_t twin_children(const twin *w, uint32_t parent, uint32_t *out) {
    const step *found[NODES];
    size_t len = 0;
    for (uint32_t i = 0; i < NODES; i++)
        if (w->parent[i] == parent) found[len++] = w->last[i];
    qsort(found, len, sizeof *found, twin_order);
    for (size_t i = 0; i < len; i++) out[i] = step_target(found[i]);
    return len;
}

static uint32_t number_of(const tree *t, uint32_t node) {
    return (uint32_t)t->nodes.at[node].id.counter;
}

static void compare(const tree *t, const twin *w) {
    tree_check(t);
    for (uint32_t parent = 0; parent <= GONE; parent++) {
        uint32_t want[NODES], at = TREE_NONE;
        size_t len = twin_children(w, parent, want);
        uint32_t top = parent == ROOT   ? TREE_ROOT
                       : parent == GONE ? TREE_DELETED
                                        : tree_find(t, (op_id){0, (int32_t)parent});
        if (top != TREE_NONE) at = sibling_first(t, top);
        for (size_t i = 0; i < len; i++, at = sibling_next(t, at))
            CHECK_EQ(number_of(t, at), want[i]);
        CHECK_EQ(at, TREE_NONE);
    }
}

/* ---- the mirror ---- */

typedef struct mirror {
    uint32_t at[ROOT + 1][NODES];
    uint32_t len[ROOT + 1];
    const tree *tree;
} mirror;

static void mirror_take(mirror *m, uint32_t parent, uint32_t index, uint32_t node) {
    uint32_t from = parent == TREE_ROOT ? ROOT : number_of(m->tree, parent);
    CHECK(index < m->len[from]);
    CHECK_EQ(m->at[from][index], node);
    m->len[from]--;
    for (uint32_t i = index; i < m->len[from]; i++) m->at[from][i] = m->at[from][i + 1];
}

static void mirror_put(mirror *m, uint32_t parent, uint32_t index, uint32_t node) {
    uint32_t to = parent == TREE_ROOT ? ROOT : number_of(m->tree, parent);
    CHECK(index <= m->len[to]);
    for (uint32_t i = m->len[to]++; i > index; i--) m->at[to][i] = m->at[to][i - 1];
    m->at[to][index] = node;
}

static void mirror_forget(mirror *m, uint32_t node) {
    for (uint32_t i = 0; i < m->len[node]; i++) mirror_forget(m, m->at[node][i]);
    m->len[node] = 0;
}

static bool mirror_follow(void *context, const tree_item *item) {
    mirror *m = context;
    uint32_t node = number_of(m->tree, item->node);
    if (item->what == TREE_MOVED || item->what == TREE_GONE)
        mirror_take(m, item->old_parent, item->old_index, node);
    if (item->what == TREE_GONE) mirror_forget(m, node);
    if (item->what == TREE_CREATED) CHECK_EQ(m->len[node], 0);
    if (item->what == TREE_MOVED || item->what == TREE_CREATED)
        mirror_put(m, item->parent, item->index, node);
    return true;
}

static void mirror_compare(const mirror *m, const twin *w) {
    for (uint32_t parent = 0; parent <= ROOT; parent++) {
        uint32_t want[NODES];
        size_t len = parent == ROOT || twin_lives(w, parent) ? twin_children(w, parent, want) : 0;
        CHECK_EQ(m->len[parent], len);
        for (size_t i = 0; i < len; i++) CHECK_EQ(m->at[parent][i], want[i]);
    }
}

/* ---- playing ---- */

static const uint8_t positions[] = {0x80, 0x81, 0x80, 0x7f, 0x80, 0x80};

static step random_move(rng *r, twin *w, uint32_t newest, uint32_t ids) {
    step st = {.kind = STEP_TREE, .lamport = newest, .id = {0, (int32_t)ids}};
    if (rng_below(r, 3) == 0) st.lamport = rng_below(r, newest + 1);
    st.peer_wide = rng_below(r, 3) == 0 ? UINT64_MAX - ids : ids;
    uint32_t node = rng_below(r, NODES), parent = rng_below(r, NODES + 4);
    op_tree *to = &w->told[ids];
    *to = (op_tree){.node = {0, (int32_t)node}, .deletes = parent == NODES + 3};
    to->has_parent = parent < NODES && w->parent[parent] != NOWHERE;
    if (to->has_parent) to->parent = (op_id){0, (int32_t)parent};
    if (!to->deletes) to->position = (lk_bytes){&positions[rng_below(r, 5)], 1 + rng_below(r, 2)};
    st.data = to;
    st.as.node.meta = TREE_NONE;
    return st;
}

static void twin_add(twin *w, const step *st) {
    size_t at = w->len++;
    for (; at > 0 && step_before(st, &w->moves[at - 1]); at--) w->moves[at] = w->moves[at - 1];
    w->moves[at] = *st;
}

static step twin_remove(twin *w, size_t at) {
    step st = w->moves[at];
    w->len--;
    for (; at < w->len; at++) w->moves[at] = w->moves[at + 1];
    st.kind = STEP_BACK;
    return st;
}

static void play_batch(rng *r, tree *t, twin *w, mirror *m, uint32_t *ids, bool watch) {
    step steps[BATCH];
    uint32_t len = 1 + rng_below(r, BATCH);
    for (uint32_t i = 0; i < len; i++) {
        bool back = w->len > 0 && (w->len > MOVES - BATCH || rng_below(r, 4) == 0);
        if (back) {
            steps[i] = twin_remove(w, rng_below(r, (uint32_t)w->len));
        } else {
            steps[i] = random_move(r, w, *ids / 2, *ids);
            (*ids)++;
            twin_add(w, &steps[i]);
        }
        twin_replay(w);
    }
    for (uint32_t i = 0; watch && i < len; i++) tree_expect(t, &steps[i]);
    CHECK(tree_reserve(t, len) && (!watch || tree_watch(t)));
    heap.closed = true;
    for (uint32_t i = 0; i < len; i++) {
        tree_item done;
        tree_apply(t, &steps[i], &done);
        if (watch) mirror_follow(m, &done);
    }
    tree_settle(t);
    heap.closed = false;
    compare(t, w);
    if (!watch) return;
    if (t->recording) CHECK(tree_tell(t, mirror_follow, m));
    compare(t, w);
    mirror_compare(m, w);
    tree_unwatch(t);
}

static void play(uint64_t seed, bool watch) {
    rng r = {seed};
    twin *w = calloc(1, sizeof *w);
    tree t;
    mirror *m = calloc(1, sizeof *m);
    uint32_t ids = NODES;
    m->tree = &t;
    tree_init(&t, &test_heap);
    twin_replay(w);
    for (uint32_t n = 0; n < BATCHES; n++) play_batch(&r, &t, w, m, &ids, watch);
    tree_drop(&t);
    CHECK_EQ(heap.blocks, 0);
    free(w);
    free(m);
}

int main(void) {
    for (uint64_t seed = 1; seed <= 60; seed++) play(seed, seed % 4 != 0);
    puts("tree: 60 x 200 batches of moves equal a replay; what they tell leads a mirror");
    return 0;
}
