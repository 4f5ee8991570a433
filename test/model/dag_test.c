/* SPDX-License-Identifier: MIT
 * dag_test.c - a causal graph that begins late beside one that knows the whole history: from the
 * root on, both answer alike. */
#include "check.h"
#include "oplog/dag.h"

enum { PEERS = 3 };

/* Append to both graphs the same run on the same parents. */
static void append(dag *full, dag *late, peer_ix peer, uint32_t len, const lv *parents,
                   uint32_t parent_len) {
    uint32_t lamport = full->end * 2; /* later than everything */
    CHECK(dag_append(full, peer, len, lamport, parents, parent_len) != NULL);
    if (late != NULL) CHECK(dag_append(late, peer, len, lamport, parents, parent_len) != NULL);
}

/* Some of the lvs from `low` on, none in the past of another, or all heads. */
static uint32_t pick(dag *g, rng *r, lv low, lv *out) {
    if (rng_below(r, 3) == 0) {
        for (size_t i = 0; i < g->heads.len; i++) out[i] = g->heads.at[i];
        return (uint32_t)g->heads.len;
    }
    uint32_t len = 0;
    for (uint32_t tries = 1 + rng_below(r, 2); tries > 0; tries--) {
        lv at = low + rng_below(r, g->end - low);
        bool related = false, held;
        for (uint32_t i = 0; i < len; i++) {
            CHECK(dag_contains(g, &out[i], 1, at, &held));
            related |= held;
            CHECK(dag_contains(g, &at, 1, out[i], &held));
            related |= held;
        }
        if (!related) out[len++] = at;
    }
    return len;
}

static void same_spans(const dag_spans *a, const dag_spans *b) {
    CHECK_EQ(a->len, b->len);
    for (size_t i = 0; i < a->len; i++)
        CHECK(a->at[i].start == b->at[i].start && a->at[i].end == b->at[i].end);
}

/* Questions about versions from the root on. */
static void compare(dag *full, dag *late, rng *r) {
    lv root = late->floor - 1, a[PEERS + 2], b[PEERS + 2], base[2];
    uint32_t a_len = pick(full, r, root, a), b_len = pick(full, r, root, b);
    bool held[2];
    lv at = rng_below(r, full->end);
    CHECK(dag_contains(full, a, a_len, at, &held[0]) && dag_contains(late, a, a_len, at, &held[1]));
    CHECK_EQ(held[0], held[1]);
    CHECK(dag_base(full, a, a_len, b, b_len, &base[0]));
    CHECK(dag_base(late, a, a_len, b, b_len, &base[1]));
    CHECK_EQ(base[0], base[1]);
    dag_spans only[4] = {0};
    CHECK(dag_diff(full, a, a_len, b, b_len, &only[0], &only[1]));
    CHECK(dag_diff(late, a, a_len, b, b_len, &only[2], &only[3]));
    same_spans(&only[0], &only[2]);
    same_spans(&only[1], &only[3]);
    for (size_t i = 0; i < 4; i++) vec_drop(full->heap, &only[i]);
    at = root + rng_below(r, full->end - root);
    CHECK_EQ(dag_lamport(full, at), dag_lamport(late, at));
    op_id id = dag_id(late, at);
    CHECK(id.peer == dag_id(full, at).peer && id.counter == dag_id(full, at).counter);
    CHECK_EQ(dag_lv(late, id), at);
}

/* Does the newest run know some of the others' operations? As its parents do. */
static void look(dag *full, dag *late, rng *r) {
    const dag_run *run = &full->runs.at[full->runs.len - 1];
    const lv *parents = full->parents.at + run->parent_start;
    for (uint32_t i = rng_below(r, 3); i > 0; i--) {
        op_id id = {rng_below(r, PEERS), (int32_t)rng_below(r, 12)};
        if (id.peer == run->peer) continue;
        bool held = false, sees[2];
        if (id.counter < dag_peer_end(full, id.peer))
            CHECK(dag_contains(full, parents, run->parent_len, dag_lv(full, id), &held));
        CHECK(dag_sees(full, run, id, &sees[0]));
        CHECK(dag_sees(late, &late->runs.at[late->runs.len - 1], id, &sees[1]));
        CHECK(sees[0] == held && sees[1] == held);
    }
}

/* What is older than the root can be named, and counts as one version with it. */
static void check_older(dag *late, const dag *full) {
    lv root = late->floor - 1, base;
    for (lv at = 0; at < root; at++) {
        op_id id = dag_id(late, at);
        CHECK(id.counter < late->peers.at[id.peer].begin);
        CHECK_EQ(dag_lv(late, id), at);
        CHECK(dag_lamport(late, at) <= dag_lamport(full, dag_lv(full, id)));
        dag_spans none[2] = {0};
        CHECK(dag_diff(late, &at, 1, &root, 1, &none[0], &none[1]));
        CHECK(none[0].len == 0 && none[1].len == 0);
        CHECK(dag_base(late, &at, 1, late->heads.at, late->heads.len, &base));
        CHECK_EQ(base, root);
    }
}

static void run(uint64_t seed) {
    rng r = {seed};
    dag full, late;
    lv parents[PEERS + 2];
    dag_init(&full, &mem_default);
    dag_init(&late, &mem_default);
    for (uint32_t i = rng_below(&r, 8) + 1; i > 0; i--) {
        uint32_t len = full.end == 0 ? 0 : pick(&full, &r, 0, parents);
        append(&full, NULL, rng_below(&r, PEERS), 1 + rng_below(&r, 4), parents, len);
    }
    op_id ends[PEERS];
    for (peer_ix p = 0; p < PEERS; p++) ends[p] = (op_id){p, dag_peer_end(&full, p)};
    CHECK(dag_begin_late(&late, ends, PEERS));
    CHECK_EQ(late.end, full.end);
    uint32_t heads = (uint32_t)full.heads.len;
    for (uint32_t i = 0; i < heads; i++)
        parents[i] = dag_lv(&late, dag_id(&full, full.heads.at[i]));
    lv on_full[PEERS + 2];
    for (uint32_t i = 0; i < heads; i++) on_full[i] = full.heads.at[i];
    peer_ix author = rng_below(&r, PEERS);
    append(&full, NULL, author, 1, on_full, heads);
    uint32_t lamport = dag_lamport(&full, full.end - 1);
    CHECK(dag_append(&late, author, 1, lamport, parents, heads) != NULL);
    dag_set_root(&late);
    dag_mark mark = dag_save(&late);
    lv root = late.floor - 1;
    for (uint32_t i = rng_below(&r, 12); i > 0; i--) {
        uint32_t len = pick(&full, &r, root, parents);
        append(&full, &late, rng_below(&r, PEERS), 1 + rng_below(&r, 4), parents, len);
        look(&full, &late, &r);
    }
    for (uint32_t i = 0; i < 40; i++) compare(&full, &late, &r);
    check_older(&late, &full);
    dag_rewind(&late, mark, &root, 1);
    CHECK(late.floor == root + 1 && late.end == late.floor);
    dag_rewind(&late, (dag_mark){0}, NULL, 0); /* the beginning is taken back, too */
    CHECK(late.end == 0 && late.floor == 0 && dag_peer_end(&late, author) == 0);
    dag_drop(&full);
    dag_drop(&late);
}

int main(void) {
    for (uint64_t seed = 1; seed <= 300; seed++) run(seed);
    puts("dag: 300 late beginnings from seed 1 answer like the whole history");
    return 0;
}
