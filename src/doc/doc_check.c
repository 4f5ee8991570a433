/* SPDX-License-Identifier: MIT
 * doc_check.c - the deepest invariant: the state is what a replay of the history gives. */
#include "doc/sealed.h"

/* Each node that was made has data of its own. */
static void check_nodes(const lk_doc *doc, const tree *t, uint32_t id) {
    for (uint32_t i = 0; i < t->nodes.len; i++)
        if (t->nodes.at[i].move != TREE_NONE)
            LK_ASSERT(doc->log.names.containers.at[t->nodes.at[i].meta].parent == id);
}

static void check_structures(const lk_doc *doc) {
    for (uint32_t i = 0; i < doc->state.containers.len; i++) {
        const seq *s = state_find_seq(&doc->state, i);
        const movable *m = state_find_movable(&doc->state, i);
        const tree *t = state_find_tree(&doc->state, i);
        if (s != NULL) seq_check(s);
        if (m != NULL) movable_check(m);
        if (t != NULL) tree_check(t);
        if (t != NULL) check_nodes(doc, t, i);
    }
    for (size_t i = 0; i < doc->merge.player.trackers.len; i++)
        tracker_check(doc->merge.player.trackers.at[i]);
}

static void check_print(const lk_doc *doc, uint32_t id, lk_buf *out) {
    lk_status status = lk_container_json(doc, (lk_ref){id}, out);
    LK_ASSERT(status == LK_OK);
}

/* The container of the same id in `replay`; false if nothing ever happened to it. */
static bool check_find(const lk_doc *doc, const lk_doc *replay, uint32_t id, lk_ref *out) {
    const intern *theirs = &replay->log.names;
    container_id name = doc->log.names.containers.at[id].id;
    if (!name.root) name.peer = intern_find_peer(theirs, doc->log.names.peers.at[name.peer]);
    out->index =
        name.root || name.peer != TABLE_NONE ? intern_find_container(theirs, &name) : TABLE_NONE;
    return out->index < replay->state.containers.len;
}

static void check_same_json(const lk_doc *doc, lk_doc *replay) {
    lk_buf ours = {.memory = &doc->memory}, theirs = {.memory = &doc->memory};
    for (uint32_t i = 0; i < doc->state.containers.len; i++) {
        lk_ref same;
        ours.len = theirs.len = 0;
        check_print(doc, i, &ours);
        if (check_find(doc, replay, i, &same)) {
            check_print(replay, same.index, &theirs);
            LK_ASSERT(ours.len == theirs.len);
            LK_ASSERT(__builtin_memcmp(ours.at, theirs.at, ours.len) == 0);
        } else {
            LK_ASSERT(ours.len <= 4); /* "[]", "{}", "\"\"", "null" */
        }
    }
    lk_buf_free(&ours);
    lk_buf_free(&theirs);
}

double check_rounding(const lk_doc *doc, uint32_t id) {
    oplog_walk w = oplog_walk_new(&doc->log, doc->log.graph.floor, doc->log.graph.end);
    double sum = __builtin_fabs(*state_find_counter(&doc->state, id)) * 0x1p-40;
    op o;
    lv at;
    const dag_run *run;
    while (oplog_walk_next(&w, &o, &at, &run))
        if (o.kind == OP_COUNTER && o.container == id) sum += __builtin_fabs(o.as.delta) * 0x1p-40;
    return sum; /* of parts, since the whole may be more than there is */
}

/* Counters are nearly the same; then the replay's are made the same, for the JSON. */
static void check_counters(const lk_doc *doc, lk_doc *replay) {
    for (uint32_t i = 0; i < doc->state.containers.len; i++) {
        const double *ours = state_find_counter(&doc->state, i);
        lk_ref same;
        if (ours == NULL || !check_find(doc, replay, i, &same)) continue;
        double *theirs = &replay->state.containers.at[same.index]->as.counter;
        LK_ASSERT(!(__builtin_fabs(*ours - *theirs) > check_rounding(doc, i)));
        *theirs = *ours;
    }
}

static void check_same_ids(lk_ids a, lk_ids b) {
    LK_ASSERT(a.len == b.len);
    for (size_t i = 0; i < a.len; i++)
        LK_ASSERT(a.at[i].peer == b.at[i].peer && a.at[i].counter == b.at[i].counter);
}

void lk_check(lk_doc *doc) {
    lk_doc *replay;
    check_structures(doc);
    if (sealed_open(doc) != LK_OK) return; /* there is nothing to compare with */
    lk_status status = lk_fork(doc, doc->peer == 0, NULL, &replay);
    LK_ASSERT(status == LK_OK);
    check_counters(doc, replay);
    check_same_json(doc, replay);
    check_same_ids(lk_version(doc), lk_version(replay));
    check_same_ids(lk_frontiers(doc), lk_frontiers(replay));
    lk_free(replay);
}
