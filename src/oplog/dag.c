/* SPDX-License-Identifier: MIT
 * dag.c - the causal graph: walks go down from heads with a max-heap of lvs, whole runs at a time.
 */
#include "oplog/dag.h"

enum { SIDE_A = 1, SIDE_B = 2, SIDE_BOTH = 3 };

void dag_init(dag *g, const lk_memory *heap) { *g = (dag){.heap = heap}; }

void dag_drop(dag *g) {
    for (size_t i = 0; i < g->peers.len; i++) vec_drop(g->heap, &g->peers.at[i].runs);
    vec_drop(g->heap, &g->peers);
    vec_drop(g->heap, &g->runs);
    vec_drop(g->heap, &g->parents);
    vec_drop(g->heap, &g->heads);
    vec_drop(g->heap, &g->walk);
    vec_drop(g->heap, &g->sights);
    table_drop(&g->by_pair, g->heap);
}

lv dag_lv(const dag *g, op_id id) {
    const dag_peer *peer = &g->peers.at[id.peer];
    LK_ASSERT(id.counter >= 0 && id.counter < peer->end);
    if (id.counter < peer->begin) return peer->begin_lv + (uint32_t)id.counter;
    /* The last run that starts at or before the counter: mostly a recent one. */
    size_t high = peer->runs.len, step = 1;
    for (; step < high && g->runs.at[peer->runs.at[high - step]].counter > id.counter; step *= 2)
        high -= step;
    size_t low = step < high ? high - step : 0;
    while (high - low > 1) {
        size_t mid = (low + high) / 2;
        if (g->runs.at[peer->runs.at[mid]].counter <= id.counter)
            low = mid;
        else
            high = mid;
    }
    const dag_run *run = &g->runs.at[peer->runs.at[low]];
    return run->start + (uint32_t)(id.counter - run->counter);
}

/* The run that holds `at`, found from another one on, mostly a little further down. */
static size_t dag_find_run(const dag *g, lv at, size_t from) {
    LK_ASSERT(at >= g->begin && at < g->end);
    const dag_run *runs = g->runs.at;
    size_t low = 0, high = g->runs.len, step = 1;
    if (runs[from].start <= at) {
        low = from;
    } else {
        for (high = from; step < high && runs[high - step].start > at; step *= 2) high -= step;
        if (step < high) low = high - step;
    }
    while (high - low > 1) {
        size_t mid = (low + high) / 2;
        if (runs[mid].start <= at)
            low = mid;
        else
            high = mid;
    }
    return low;
}

const dag_run *dag_search_run(const dag *g, lv at) {
    return &g->runs.at[dag_find_run(g, at, g->runs.len - 1)];
}

/* The peer that wrote `at`, which has no run. Their lvs ascend with the peers' numbers. */
static peer_ix dag_peer_before(const dag *g, lv at) {
    peer_ix low = 0, high = (peer_ix)g->peers.len;
    while (high - low > 1) {
        peer_ix mid = (low + high) / 2;
        if (g->peers.at[mid].begin_lv <= at)
            low = mid;
        else
            high = mid;
    }
    return low;
}

op_id dag_id(const dag *g, lv at) {
    if (at < g->begin) {
        peer_ix peer = dag_peer_before(g, at);
        return (op_id){peer, (int32_t)(at - g->peers.at[peer].begin_lv)};
    }
    const dag_run *run = dag_run_of(g, at);
    return (op_id){run->peer, run->counter + (int32_t)(at - run->start)};
}

uint32_t dag_lamport(const dag *g, lv at) {
    if (at < g->begin) return g->sealed > 0 ? g->sealed : (uint32_t)dag_id(g, at).counter;
    const dag_run *run = dag_run_of(g, at);
    return run->lamport + (at - run->start);
}

typedef struct dag_stretch { /* a run, as walks see it */
    lv start;
    const lv *parents;
    uint32_t parent_len;
} dag_stretch;

static dag_stretch dag_stretch_of(dag *g, lv at) {
    if (at < g->floor) return (dag_stretch){0};
    size_t last = g->runs.len - 1;
    g->walked = dag_find_run(g, at, g->walked < last ? g->walked : last);
    const dag_run *run = &g->runs.at[g->walked];
    return (dag_stretch){run->start, g->parents.at + run->parent_start, run->parent_len};
}

bool dag_find_lamport(const dag *g, peer_ix peer, uint32_t lamport, op_id *out) {
    const dag_peer *own = peer < g->peers.len ? &g->peers.at[peer] : NULL;
    size_t low = 0, high = own == NULL ? 0 : own->runs.len; /* the first run that begins later */
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (g->runs.at[own->runs.at[mid]].lamport <= lamport)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == 0) return false;
    const dag_run *run = &g->runs.at[own->runs.at[low - 1]];
    *out = (op_id){peer, run->counter + (int32_t)(lamport - run->lamport)};
    return lamport - run->lamport < run->len;
}

lv dag_part_start(const dag *g, lv at) {
    return at < g->begin ? g->peers.at[dag_peer_before(g, at)].begin_lv : dag_run_of(g, at)->start;
}

static bool dag_push(dag *g, lv at, uint8_t side) {
    if (at < g->floor) at = g->floor - 1; /* one version */
    if (!vec_reserve(g->heap, &g->walk, 1)) return false;
    size_t i = g->walk.len++;
    for (; i > 0 && g->walk.at[(i - 1) / 2].at < at; i = (i - 1) / 2)
        g->walk.at[i] = g->walk.at[(i - 1) / 2];
    g->walk.at[i] = (dag_walk){at, side};
    return true;
}

static dag_walk dag_pop(dag *g) {
    dag_walk top = g->walk.at[0], last = g->walk.at[--g->walk.len];
    size_t i = 0, len = g->walk.len;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= len) break;
        if (child + 1 < len && g->walk.at[child + 1].at > g->walk.at[child].at) child++;
        if (g->walk.at[child].at <= last.at) break;
        g->walk.at[i] = g->walk.at[child];
        i = child;
    }
    if (len > 0) g->walk.at[i] = last;
    return top;
}

/* Those that are not before `least`. */
static bool dag_push_all(dag *g, const lv *at, size_t len, lv least, uint8_t side) {
    for (size_t i = 0; i < len; i++)
        if (at[i] >= least && !dag_push(g, at[i], side)) return false;
    return true;
}

bool dag_contains(dag *g, const lv *heads, size_t len, lv at, bool *out) {
    *out = len > 0;
    if (at < g->floor) return true;
    *out = false;
    g->walk.len = 0;
    if (!dag_push_all(g, heads, len, at, SIDE_A)) return false;
    while (g->walk.len > 0) {
        dag_stretch run = dag_stretch_of(g, dag_pop(g).at);
        if (run.start <= at) {
            *out = true;
            return true;
        }
        while (g->walk.len > 0 && g->walk.at[0].at >= run.start) dag_pop(g);
        if (!dag_push_all(g, run.parents, run.parent_len, at, SIDE_A)) return false;
    }
    return true;
}

/* ---- what peers know ---- */

/* The sight of a pair, made if there is none; NULL when memory is out. */
static dag_sight *dag_sight_of(dag *g, peer_ix by, peer_ix of) {
    uint32_t hash = keyed_hash_u64(g->heap->hash_key, (uint64_t)by << 32 | of);
    table_probe probe;
    uint32_t i = table_first(&g->by_pair, hash, &probe);
    while (i != TABLE_NONE && (g->sights.at[i].by != by || g->sights.at[i].of != of))
        i = table_next(&probe);
    if (i != TABLE_NONE) return &g->sights.at[i];
    if (!table_reserve(&g->by_pair, g->heap, 1)) return NULL;
    dag_sight *fresh = vec_push(g->heap, &g->sights);
    if (fresh == NULL) return NULL;
    *fresh = (dag_sight){by, of, 0};
    table_add(&g->by_pair, hash, (uint32_t)g->sights.len - 1);
    return fresh;
}

static void dag_forget_sights(dag *g) {
    g->sights.len = 0;
    table_rewind(&g->by_pair, 0);
}

static bool dag_push_parents(dag *g, const dag_run *run, lv least) {
    const lv *parents = g->parents.at + run->parent_start;
    return dag_push_all(g, parents, run->parent_len, least, SIDE_A);
}

/* Walk down from a run to the newest that it knows of the author of `id`, but no further than that.
 * *end: what it knows ends there, or goes on; unchanged if it does not know `id`. */
static bool dag_look(dag *g, const dag_run *run, op_id id, int32_t *end) {
    lv least = dag_lv(g, id);
    g->walk.len = 0;
    if (!dag_push_parents(g, run, least)) return false;
    while (g->walk.len > 0) {
        lv at = dag_pop(g).at;
        const dag_run *seen = dag_run_of(g, at);
        if (seen->peer == id.peer || seen->on_top) {
            *end = seen->peer == id.peer ? seen->counter + (int32_t)(at - seen->start) + 1
                                         : id.counter + 1;
            return true;
        }
        while (g->walk.len > 0 && g->walk.at[0].at >= seen->start) dag_pop(g);
        if (!dag_push_parents(g, seen, least)) return false;
    }
    return true;
}

bool dag_sees(dag *g, const dag_run *run, op_id id, bool *out) {
    *out = false;
    if (id.counter >= dag_peer_end(g, id.peer)) return true;
    *out = run->on_top || dag_lv(g, id) < g->floor;
    if (*out) return true;
    dag_sight *sight = dag_sight_of(g, run->peer, id.peer);
    if (sight == NULL) return false;
    if (sight->end <= id.counter && !dag_look(g, run, id, &sight->end)) return false;
    *out = id.counter < sight->end;
    return true;
}

/* Note that [low, high) belongs to one side. Spans come in descending order, so neighbours join. */
static bool dag_emit(dag *g, dag_spans *spans, lv low, lv high) {
    if (low == high) return true;
    if (spans->len > 0 && spans->at[spans->len - 1].start == high) {
        spans->at[spans->len - 1].start = low;
        return true;
    }
    dag_span *span = vec_push(g->heap, spans);
    if (span == NULL) return false;
    *span = (dag_span){low, high};
    return true;
}

static bool dag_emit_side(dag *g, uint8_t side, dag_spans *a, dag_spans *b, lv low, lv high) {
    if (side == SIDE_A) return dag_emit(g, a, low, high);
    if (side == SIDE_B) return dag_emit(g, b, low, high);
    return true;
}

bool dag_diff(dag *g, const lv *a, size_t a_len, const lv *b, size_t b_len, dag_spans *only_a,
              dag_spans *only_b) {
    only_a->len = only_b->len = g->walk.len = 0;
    if (!dag_push_all(g, a, a_len, 0, SIDE_A) || !dag_push_all(g, b, b_len, 0, SIDE_B))
        return false;
    size_t open = g->walk.len; /* entries not yet known to be in both pasts */
    while (open > 0) {
        dag_walk top = dag_pop(g);
        open -= top.side != SIDE_BOTH;
        dag_stretch run = dag_stretch_of(g, top.at);
        while (g->walk.len > 0 && g->walk.at[0].at >= run.start) {
            dag_walk next = dag_pop(g); /* an older atom of the run: from there down, both sides' */
            open -= next.side != SIDE_BOTH;
            if (!dag_emit_side(g, top.side, only_a, only_b, next.at + 1, top.at + 1)) return false;
            top = (dag_walk){next.at, top.side | next.side};
        }
        if (!dag_emit_side(g, top.side, only_a, only_b, run.start, top.at + 1)) return false;
        if (!dag_push_all(g, run.parents, run.parent_len, 0, top.side)) return false;
        if (top.side != SIDE_BOTH) open += run.parent_len;
    }
    return true;
}

bool dag_base(dag *g, const lv *a, size_t a_len, const lv *b, size_t b_len, lv *out) {
    *out = LV_NONE;
    g->walk.len = 0;
    if (a_len == 0 || b_len == 0) return true;
    if (!dag_push_all(g, a, a_len, 0, SIDE_A) || !dag_push_all(g, b, b_len, 0, SIDE_A))
        return false;
    while (g->walk.len > 0) {
        lv top = dag_pop(g).at;
        while (g->walk.len > 0 && g->walk.at[0].at == top) dag_pop(g);
        if (g->walk.len == 0) {
            *out = top;
            return true;
        }
        dag_stretch run = dag_stretch_of(g, top);
        if (g->walk.at[0].at >= run.start) continue; /* the rest of the run stands on that one */
        if (run.parent_len == 0) return true;
        if (!dag_push_all(g, run.parents, run.parent_len, 0, SIDE_A)) return false;
    }
    return true;
}

/* Where `at` is among heads, or where it would be: heads ascend. */
static size_t dag_find_among(const lv *heads, size_t len, lv at) {
    size_t low = 0, high = len;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (heads[mid] < at)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool dag_is_among(const lv *heads, size_t len, lv at) {
    size_t place = dag_find_among(heads, len, at);
    return place < len && heads[place] == at;
}

static size_t dag_find_head(const dag *g, lv at) {
    return dag_find_among(g->heads.at, g->heads.len, at);
}

static bool dag_is_head(const dag *g, lv at) { return dag_is_among(g->heads.at, g->heads.len, at); }

static bool dag_on_top(const dag *g, const lv *parents, uint32_t len) {
    if (len != g->heads.len) return false;
    for (uint32_t i = 0; i < len; i++)
        if (!dag_is_head(g, parents[i])) return false;
    return true;
}

/* The peer's own previous op if the parents' past does not hold it, else LV_NONE. */
static bool dag_missing_self(dag *g, peer_ix peer, const lv *parents, uint32_t len, lv *out) {
    *out = LV_NONE;
    int32_t end = dag_peer_end(g, peer);
    if (end == 0) return true;
    lv own = dag_lv(g, (op_id){peer, end - 1});
    bool held;
    if (!dag_contains(g, parents, len, own, &held)) return false;
    if (!held) *out = own;
    return true;
}

static bool dag_add_peer(dag *g, peer_ix peer) {
    if (peer < g->peers.len) return true;
    if (!vec_reserve(g->heap, &g->peers, peer + 1 - g->peers.len)) return false;
    while (g->peers.len <= peer) g->peers.at[g->peers.len++] = (dag_peer){.begin_lv = g->begin};
    return true;
}

bool dag_begin_late(dag *g, const op_id *ends, size_t len) {
    LK_ASSERT(g->end == 0);
    for (size_t i = 0; i < len; i++)
        if (!dag_add_peer(g, ends[i].peer)) return false;
    for (size_t i = 0; i < len; i++)
        g->peers.at[ends[i].peer].begin = g->peers.at[ends[i].peer].end = ends[i].counter;
    for (peer_ix p = 0; p < g->peers.len; p++) {
        g->peers.at[p].begin_lv = g->end;
        g->end += (uint32_t)g->peers.at[p].begin;
    }
    g->begin = g->floor = g->end;
    return true;
}

void dag_set_root(dag *g) {
    LK_ASSERT(g->end == g->begin + 1);
    g->floor = g->end;
}

bool dag_seal(dag *g, const lv *heads, size_t len, uint32_t lamport) {
    LK_ASSERT(g->end == g->begin);
    if (!vec_reserve(g->heap, &g->heads, len)) return false;
    for (size_t i = 0; i < len; i++) g->heads.at[g->heads.len++] = heads[i];
    g->sealed = lamport;
    return true;
}

static bool dag_reserve_peer(dag *g, peer_ix peer) {
    if (!dag_add_peer(g, peer)) return false;
    return vec_reserve(g->heap, &g->peers.at[peer].runs, 1);
}

/* Heads that became parents go. `places` has room for one number each. O(parents times log of
 * heads, and heads behind the first that goes). */
static void dag_drop_heads(dag *g, const lv *parents, uint32_t len, lv *places) {
    size_t kept = g->heads.len, gone = 0;
    for (uint32_t i = 0; i < len; i++)
        if (dag_is_head(g, parents[i])) places[gone++] = (lv)dag_find_head(g, parents[i]);
    for (size_t i = 0; i < gone; i++) {
        if (places[i] < kept) kept = places[i];
        g->heads.at[places[i]] = LV_NONE;
    }
    for (size_t i = kept; i < g->heads.len; i++)
        if (g->heads.at[i] != LV_NONE) g->heads.at[kept++] = g->heads.at[i];
    g->heads.len = kept;
}

dag_run *dag_append(dag *g, peer_ix peer, uint32_t len, uint32_t lamport, const lv *parents,
                    uint32_t parent_len) {
    lv own = LV_NONE;
    bool follows = parent_len == 1 && dag_on_top(g, parents, 1); /* all there is, and so its own */
    if (!follows && !dag_missing_self(g, peer, parents, parent_len, &own)) return NULL;
    if (!vec_reserve(g->heap, &g->runs, 1) || !vec_reserve(g->heap, &g->heads, 1) ||
        !vec_reserve(g->heap, &g->parents, 2 * ((size_t)parent_len + 1)) ||
        !dag_reserve_peer(g, peer))
        return NULL;
    dag_peer *own_runs = &g->peers.at[peer];
    dag_run *run = &g->runs.at[g->runs.len];
    *run = (dag_run){.start = g->end,
                     .len = len,
                     .peer = peer,
                     .counter = own_runs->end,
                     .lamport = lamport,
                     .parent_start = (uint32_t)g->parents.len,
                     .parent_len = parent_len};
    for (uint32_t i = 0; i < parent_len; i++) g->parents.at[g->parents.len++] = parents[i];
    if (own != LV_NONE) {
        g->parents.at[g->parents.len++] = own;
        run->parent_len++;
        run->self_implied = true;
    }
    const lv *all = g->parents.at + run->parent_start;
    run->on_top = follows || dag_on_top(g, all, run->parent_len);
    if (run->on_top)
        g->heads.len = 0;
    else
        dag_drop_heads(g, all, run->parent_len, g->parents.at + g->parents.len);
    g->end += len;
    g->heads.at[g->heads.len++] = g->end - 1;
    own_runs->runs.at[own_runs->runs.len++] = (uint32_t)g->runs.len++;
    own_runs->end += (int32_t)len;
    return run;
}

void dag_extend(dag *g, uint32_t more) {
    dag_run *run = &g->runs.at[g->runs.len - 1];
    lv *head = &g->heads.at[g->heads.len - 1];
    LK_ASSERT(*head == g->end - 1);
    run->len += more;
    g->end += more;
    *head = g->end - 1;
    g->peers.at[run->peer].end += (int32_t)more;
}

bool dag_reserve_splits(dag *g, size_t splits) {
    dag_peer *p = &g->peers.at[g->runs.at[g->runs.len - 1].peer];
    return vec_reserve(g->heap, &g->runs, splits) && vec_reserve(g->heap, &g->parents, splits) &&
           vec_reserve(g->heap, &p->runs, splits);
}

dag_rest dag_cut_last(dag *g, uint32_t len) {
    dag_run *run = &g->runs.at[g->runs.len - 1];
    dag_rest rest = {run->len - len, run->on_top};
    LK_ASSERT(len > 0 && rest.len > 0);
    run->len = len;
    g->end -= rest.len;
    g->heads.at[g->heads.len - 1] = g->end - 1;
    g->peers.at[run->peer].end -= (int32_t)rest.len;
    return rest;
}

void dag_add_rest(dag *g, dag_rest rest) {
    const dag_run *last = &g->runs.at[g->runs.len - 1];
    dag_run *run = &g->runs.at[g->runs.len];
    dag_peer *p = &g->peers.at[last->peer];
    LK_ASSERT(g->runs.len < g->runs.cap && g->parents.len < g->parents.cap);
    LK_ASSERT(p->runs.len < p->runs.cap);
    *run = (dag_run){.start = g->end,
                     .len = rest.len,
                     .peer = last->peer,
                     .counter = p->end,
                     .lamport = last->lamport + last->len,
                     .parent_start = (uint32_t)g->parents.len,
                     .parent_len = 1,
                     .on_top = rest.on_top};
    g->parents.at[g->parents.len++] = g->end - 1;
    p->runs.at[p->runs.len++] = (uint32_t)g->runs.len++;
    p->end += (int32_t)rest.len;
    g->end += rest.len;
    g->heads.at[g->heads.len - 1] = g->end - 1;
}

void dag_join_last(dag *g) {
    const dag_run *last = &g->runs.at[--g->runs.len];
    g->parents.len = last->parent_start;
    g->peers.at[last->peer].runs.len--;
    g->runs.at[g->runs.len - 1].len += last->len;
}

dag_mark dag_save(const dag *g) {
    uint32_t last_len = g->runs.len == 0 ? 0 : g->runs.at[g->runs.len - 1].len;
    return (dag_mark){g->runs.len, g->parents.len, g->end, last_len};
}

void dag_rewind(dag *g, dag_mark mark, const lv *heads, size_t head_len) {
    while (g->runs.len > mark.runs) {
        const dag_run *run = &g->runs.at[--g->runs.len];
        dag_peer *peer = &g->peers.at[run->peer];
        peer->runs.len--;
        peer->end = run->counter;
    }
    if (mark.runs > 0) {
        dag_run *last = &g->runs.at[mark.runs - 1];
        g->peers.at[last->peer].end -= (int32_t)(last->len - mark.last_len);
        last->len = mark.last_len;
    }
    if (mark.end < g->floor) { /* a late beginning is forgotten, too */
        for (peer_ix p = 0; p < g->peers.len; p++) {
            dag_peer *peer = &g->peers.at[p];
            peer->begin = peer->end = 0;
            peer->begin_lv = 0;
        }
        g->begin = g->floor = 0;
        g->sealed = 0;
    }
    g->parents.len = mark.parents;
    g->end = mark.end;
    for (size_t i = 0; i < head_len; i++) g->heads.at[i] = heads[i];
    g->heads.len = head_len;
    dag_forget_sights(g);
}
