/* SPDX-License-Identifier: MIT
 * undo.c - undo managers. A step is a span of own operations. Undoing it is the difference from
 * behind it to before it, carried past what others did since, made as edits:
 *
 *      before ──step──► behind ──others──► now
 *         ▲───── A ───────┘                 │
 *                                           ▼
 *                        A past others: edits with origin "undo", a step of the other stack
 *
 * A step during which others' operations arrived is several spans, each on top of what it knew:
 * each is undone behind itself, with the undoing of those before it carried along (undo_spans()).
 */
#include "doc/undo.h"

#include "doc/checkout.h"
#include "doc/sealed.h"
#include "doc/undo_list.h"
#include "doc/undo_plain.h"
#include "doc/undo_stack.h"

#define UNDO_UNREADY (-1)

struct lk_undo {
    lk_doc *doc;
    undo_stack stacks[2]; /* by lk_undo_stack */
    undo_stack popped;    /* the step taken back last, for what is asked about it */
    remap remap, elems;   /* containers, and elements of movable lists, that undoing made anew */
    int32_t next;         /* own operations from here on are of no step; UNDO_UNREADY after the past
                             was shown, until the next commit */
    int64_t now_ms, begun_ms, interval_ms; /* begun: the newest step */
    size_t max;
    VEC(lk_str) excluded; /* prefixes of origins */
    bool paused, busy;    /* busy: hearing itself */
    bool grouping, pushed;
    bool parted; /* the step taken back last was apart from the one below, by what others did */
    int32_t group_start;
    VEC(uint32_t) group; /* containers that it changed */
    lk_undo_push push;   /* not told yet */
};

/* ---- making ---- */

static const lk_memory *undo_heap(const lk_undo *u) { return &u->doc->memory; }

static int32_t undo_own_end(const lk_doc *doc) { return dag_peer_end(&doc->log.graph, doc->self); }

static void undo_watch(lk_doc *doc) { events_watch(&doc->events, doc->undos.len > 0); }

lk_undo *lk_undo_new(lk_doc *doc) {
    if (lk_commit(doc, NULL) != LK_OK || !vec_reserve(&doc->memory, &doc->undos, 1)) return NULL;
    lk_undo *u = mem_zalloc(&doc->memory, sizeof *u);
    if (u == NULL) return NULL;
    u->doc = doc;
    u->max = SIZE_MAX;
    u->next = undo_own_end(doc);
    u->stacks[LK_UNDO].heap = u->stacks[LK_REDO].heap = u->popped.heap = &doc->memory;
    remap_init(&u->remap, &doc->memory);
    remap_init(&u->elems, &doc->memory);
    doc->undos.at[doc->undos.len++] = u;
    undo_watch(doc);
    return u;
}

static void undo_free(lk_undo *u) {
    const lk_memory *heap = undo_heap(u);
    undo_stack_drop(&u->stacks[LK_UNDO]);
    undo_stack_drop(&u->stacks[LK_REDO]);
    undo_stack_drop(&u->popped);
    remap_drop(&u->remap);
    remap_drop(&u->elems);
    for (size_t i = 0; i < u->excluded.len; i++)
        mem_free(heap, (void *)(uintptr_t)u->excluded.at[i].at, u->excluded.at[i].len);
    vec_drop(heap, &u->excluded);
    vec_drop(heap, &u->group);
    mem_free(heap, u, sizeof *u);
}

void lk_undo_free(lk_undo *u) {
    if (u == NULL) return;
    lk_doc *doc = u->doc;
    size_t kept = 0;
    for (size_t i = 0; i < doc->undos.len; i++)
        if (doc->undos.at[i] != u) doc->undos.at[kept++] = doc->undos.at[i];
    LK_ASSERT(kept + 1 == doc->undos.len);
    doc->undos.len = kept;
    undo_free(u);
    undo_watch(doc);
}

void undo_drop_all(lk_doc *doc) {
    for (size_t i = 0; i < doc->undos.len; i++) undo_free(doc->undos.at[i]);
    vec_drop(&doc->memory, &doc->undos);
}

/* ---- settings ---- */

void lk_undo_set_interval(lk_undo *u, int64_t interval_ms) { u->interval_ms = interval_ms; }
void lk_undo_time(lk_undo *u, int64_t now_ms) { u->now_ms = now_ms; }
void lk_undo_set_max(lk_undo *u, size_t steps) { u->max = steps; }
void lk_undo_group_end(lk_undo *u) { u->grouping = false; }
void lk_undo_pause(lk_undo *u, bool paused) { u->paused = paused; }
bool lk_undo_is_paused(const lk_undo *u) { return u->paused; }

lk_status lk_undo_exclude(lk_undo *u, lk_str prefix) {
    const lk_memory *heap = undo_heap(u);
    if (!vec_reserve(heap, &u->excluded, 1)) return LK_ENOMEM;
    char *copy = NULL;
    if (prefix.len > 0 && (copy = mem_alloc(heap, prefix.len)) == NULL) return LK_ENOMEM;
    if (prefix.len > 0) __builtin_memcpy(copy, prefix.at, prefix.len);
    u->excluded.at[u->excluded.len++] = (lk_str){copy, prefix.len};
    return LK_OK;
}

lk_status lk_undo_group_start(lk_undo *u) {
    if (u->grouping || u->next == UNDO_UNREADY) return LK_ESTATE;
    u->grouping = true;
    u->group_start = u->next;
    u->group.len = 0;
    return LK_OK;
}

size_t lk_undo_count(const lk_undo *u, lk_undo_stack which) { return u->stacks[which].items.len; }

void lk_undo_clear(lk_undo *u, lk_undo_stack which) { undo_stack_clear(&u->stacks[which]); }

static void undo_forget(lk_undo *u) {
    undo_stack_clear(&u->stacks[LK_UNDO]);
    undo_stack_clear(&u->stacks[LK_REDO]);
}

/* ---- hearing ---- */

static bool undo_excludes(const lk_undo *u, lk_str origin) {
    for (size_t i = 0; i < u->excluded.len; i++) {
        lk_str prefix = u->excluded.at[i];
        if (prefix.len <= origin.len &&
            (prefix.len == 0 || __builtin_memcmp(prefix.at, origin.at, prefix.len) == 0))
            return true;
    }
    return false;
}

static bool undo_grouped(const lk_undo *u, uint32_t container) {
    for (size_t i = 0; i < u->group.len; i++)
        if (u->group.at[i] == container) return true;
    return false;
}

/* Did others leave alone what the group changed? */
static bool undo_group_apart(const lk_undo *u, const undo_item *top) {
    for (size_t i = 0; i < u->group.len; i++)
        if (undo_item_changed(top, u->group.at[i])) return false;
    return true;
}

static bool undo_group_add(lk_undo *u, const lk_event *event) {
    for (size_t i = 0; u->grouping && i < event->diff_len; i++) {
        uint32_t container = event->diffs[i].target.index;
        if (undo_grouped(u, container)) continue;
        uint32_t *fresh = vec_push(undo_heap(u), &u->group);
        if (fresh == NULL) return false;
        *fresh = container;
    }
    return true;
}

/* Shall what was just committed belong to the step on top, by time or group? */
static bool undo_follows(const lk_undo *u) {
    bool grouped = u->grouping && u->next != u->group_start;
    bool soon = u->now_ms - u->begun_ms < u->interval_ms;
    return u->stacks[LK_UNDO].items.len > 0 && (grouped || soon);
}

/* And may it, for what others did since? */
static bool undo_joins(const lk_undo *u) {
    const undo_item *top = undo_stack_top(&u->stacks[LK_UNDO]);
    return undo_follows(u) && (top->others.len == 0 || (u->grouping && undo_group_apart(u, top)));
}

/* Own operations up to `end` were committed. */
static bool undo_record(lk_undo *u, int32_t end) {
    undo_stack *s = &u->stacks[LK_UNDO];
    if (u->next == UNDO_UNREADY || u->next == end) {
        u->next = end;
        return true;
    }
    bool joins = !u->parted && undo_joins(u), merges = joins && undo_stack_top(s)->end == u->next;
    if (!vec_reserve(s->heap, &s->items, 1)) return false;
    u->pushed = true;
    u->push = (lk_undo_push){merges, u->next, end};
    if (merges) {
        undo_stack_top(s)->end = end;
    } else {
        if (!undo_follows(u)) u->begun_ms = u->now_ms;
        undo_stack_push(s, u->next, end);
        /* As in Loro, what others did stays on top if the group is apart from it. */
        if (joins) undo_stack_lift(s);
    }
    u->next = end;
    u->parted = false;
    undo_stack_clear(&u->stacks[LK_REDO]);
    while (s->items.len > u->max) undo_stack_trim(s);
    return true;
}

static bool undo_others(lk_undo *u, const lk_event *event) {
    u->parted = false;
    return undo_stack_others(&u->stacks[LK_UNDO], event->diffs, event->diff_len) &&
           undo_stack_others(&u->stacks[LK_REDO], event->diffs, event->diff_len);
}

static bool undo_hear_local(lk_undo *u, const lk_event *event) {
    int32_t end = undo_own_end(u->doc);
    if (!u->paused && !undo_excludes(u, event->origin))
        return undo_group_add(u, event) && undo_record(u, end);
    u->next = end;
    return undo_others(u, event);
}

/* A node that others brought back is itself again. */
static void undo_restore_nodes(lk_undo *u, const lk_diff *diff) {
    const intern *names = &u->doc->log.names;
    for (size_t i = 0; i < diff->node_len; i++) {
        if (diff->nodes[i].action != LK_TREE_CREATE) continue;
        lk_id node = diff->nodes[i].target;
        container_id id = {
            .kind = LK_MAP, .peer = intern_find_peer(names, node.peer), .counter = node.counter};
        uint32_t data = intern_find_container(names, &id);
        uint64_t to;
        if (remap_find(&u->remap, data, &to)) remap_put(&u->remap, data, data);
    }
}

static bool undo_hear_import(lk_undo *u, const lk_event *event) {
    bool apart = true;
    for (size_t i = 0; i < event->diff_len; i++) {
        apart = apart && !undo_grouped(u, event->diffs[i].target.index);
        undo_restore_nodes(u, &event->diffs[i]);
    }
    if (!apart) u->grouping = false;
    return undo_others(u, event);
}

static bool undo_hear_one(lk_undo *u, const lk_event *event) {
    if (u->busy) return true;
    if (event->by == LK_BY_LOCAL) return undo_hear_local(u, event);
    if (event->by == LK_BY_IMPORT) return undo_hear_import(u, event);
    if (u->paused) return true;
    u->next = UNDO_UNREADY;
    return false;
}

void undo_hear(lk_doc *doc, const lk_event *event) {
    for (size_t i = 0; i < doc->undos.len; i++)
        if (!undo_hear_one(doc->undos.at[i], event)) undo_forget(doc->undos.at[i]);
}

void undo_lose(lk_doc *doc) {
    for (size_t i = 0; i < doc->undos.len; i++) {
        if (doc->undos.at[i]->busy) continue; /* it knows what it does */
        undo_forget(doc->undos.at[i]);
        doc->undos.at[i]->next = undo_own_end(doc);
    }
}

void undo_change_peer(lk_doc *doc) { undo_lose(doc); }

/* ---- the difference that undoes a step ---- */

typedef struct undo_span { /* own operations without others' between them */
    int32_t start;
    lk_id last;
    lk_ids before; /* the version it was made on */
} undo_span;

typedef VEC(lk_tree_change) undo_nodes;

typedef struct undo_work {
    lk_undo *undo;
    undo_plain plain; /* of all operations of the step */
    arena memory;
    VEC(undo_span) spans;      /* in the arena */
    VEC(queued_event *) diffs; /* in the arena; what the patch is made of */
    patch patch;
    undo_lists lists;
} undo_work;

static lk_ids undo_ids(undo_work *w, const lv *heads, size_t len) {
    const lk_doc *doc = w->undo->doc;
    lk_id *ids = arena_new(&w->memory, lk_id, len);
    if (ids == NULL) return (lk_ids){0};
    return (lk_ids){ids, doc_write_frontiers(doc, (doc_heads){heads, len}, ids)};
}

/* The first own operation from `at` on that somebody else built on; LV_NONE if there is none. */
static lv undo_built_on(const lk_doc *doc, lv at) {
    const dag *g = &doc->log.graph;
    lv first = LV_NONE;
    for (const dag_run *run = dag_run_of(g, at); run < g->runs.at + g->runs.len; run++) {
        if (run->peer == doc->self) continue;
        const lv *parents = &g->parents.at[run->parent_start];
        for (uint32_t i = 0; i < run->parent_len; i++)
            if (parents[i] >= at && parents[i] < first && dag_id(g, parents[i]).peer == doc->self)
                first = parents[i];
    }
    return first;
}

/* As in Loro, a span also ends with what others built on. */
static lk_status undo_split(undo_work *w, const undo_item *item) {
    const lk_doc *doc = w->undo->doc;
    const dag *g = &doc->log.graph;
    lv built_on = LV_NONE; /* the first from here on */
    for (int32_t at = item->start; at < item->end;) {
        lv here = dag_lv(g, (op_id){doc->self, at}), before = LV_NONE;
        const dag_run *run = dag_run_of(g, here);
        if (at > 0) before = dag_lv(g, (op_id){doc->self, at - 1});
        const lv *parents = &g->parents.at[run->parent_start];
        size_t len = run->parent_len;
        if (at > run->counter) {
            parents = &before;
            len = 1;
        }
        bool follows = at > item->start && len == 1 && parents[0] == before && built_on != before;
        if (!follows) {
            undo_span *fresh = arena_vec_push(&w->memory, &w->spans);
            if (fresh == NULL) return LK_ENOMEM;
            fresh->start = at;
            fresh->before = undo_ids(w, parents, len);
            if (fresh->before.at == NULL) return LK_ENOMEM;
        }
        int32_t end = run->counter + (int32_t)run->len;
        if (end > item->end) end = item->end;
        if (at == item->start || built_on < here) built_on = undo_built_on(doc, here);
        if (built_on < here + (lv)(end - at)) end = at + (int32_t)(built_on - here) + 1;
        w->lists.span = w->spans.len - 1;
        undo_plain_gather(&w->plain, doc, here, here + (lv)(end - at));
        if (!undo_lists_gather(&w->lists, here, here + (lv)(end - at))) return LK_ENOMEM;
        at = end;
        w->spans.at[w->spans.len - 1].last = (lk_id){doc->peer, at - 1};
    }
    return LK_OK;
}

static bool undo_look(void *context, bool arrived) { return undo_lists_look(context, arrived); }

/* A view that lives as long as the work does. */
static lk_status undo_diff(undo_work *w, lk_ids from, lk_ids to, bool look, const lk_event **out) {
    lk_doc *doc = w->undo->doc;
    queued_event **kept = arena_vec_push(&w->memory, &w->diffs);
    if (kept == NULL) return LK_ENOMEM;
    *kept = NULL;
    checkout_ask ask = {.from = from,
                        .to = to,
                        .kept = true,
                        .look = look ? undo_look : NULL,
                        .context = &w->lists};
    lk_status status = checkout_diff(doc, &ask, out);
    if (status == LK_OK) *kept = events_keep(&doc->events);
    return status;
}

/* ---- trees are taken back operation by operation, the newest first, as in Loro ---- */

/* Append what undoes the operation at `counter` in a tree. */
static lk_status undo_tree_op(undo_work *w, const undo_span *span, int32_t counter, lk_ref target,
                              undo_nodes *out) {
    uint64_t peer = w->undo->doc->peer;
    lk_id newer = {peer, counter}, older = {peer, counter - 1};
    lk_ids before = counter == span->start ? span->before : (lk_ids){&older, 1};
    const lk_event *event;
    lk_status status = undo_diff(w, (lk_ids){&newer, 1}, before, false, &event);
    for (size_t i = 0; status == LK_OK && i < event->diff_len; i++) {
        const lk_diff *diff = &event->diffs[i];
        for (size_t k = 0; diff->target.index == target.index && k < diff->node_len; k++) {
            lk_tree_change *fresh = arena_vec_push(&w->memory, out);
            if (fresh == NULL) return LK_ENOMEM;
            *fresh = diff->nodes[k];
        }
    }
    return status;
}

/* The own operation that holds this counter. */
static const op *undo_own_op(const lk_doc *doc, int32_t counter) {
    return oplog_op(&doc->log, dag_lv(&doc->log.graph, (op_id){doc->self, counter}));
}

static lk_status undo_tree(undo_work *w, const undo_span *span, lk_diff *diff) {
    undo_nodes nodes = {0};
    lk_status status = LK_OK;
    for (int32_t at = span->last.counter; at >= span->start && status == LK_OK;) {
        const op *o = undo_own_op(w->undo->doc, at);
        if (o->kind == OP_TREE && o->container == diff->target.index)
            status = undo_tree_op(w, span, at, diff->target, &nodes);
        at = o->counter - 1;
    }
    diff->nodes = nodes.at;
    diff->node_len = nodes.len;
    return status;
}

/* Did the span leave alone what a container hangs in? Else it may have come or gone as a whole, and
 * is told of as such. */
static bool undo_stays(const lk_doc *doc, const undo_span *span, uint32_t id) {
    const container_name *names = doc->log.names.containers.at;
    for (int32_t at = span->start; at <= span->last.counter;) {
        const op *o = undo_own_op(doc, at);
        uint32_t above = names[id].parent;
        while (above != CONTAINER_NONE && above != o->container) above = names[above].parent;
        if (above != CONTAINER_NONE) return false;
        at = o->counter + (int32_t)o->len;
    }
    return true;
}

/* Of each tree that the span edited the diff, which is new where all came to nothing. */
static bool undo_trees_find(undo_work *w, const undo_span *span, patch *back) {
    for (int32_t at = span->start; at <= span->last.counter;) {
        const op *o = undo_own_op(w->undo->doc, at);
        at = o->counter + (int32_t)o->len;
        if (o->kind != OP_TREE || patch_find(back, (lk_ref){o->container}) != NULL) continue;
        if (!undo_stays(w->undo->doc, span, o->container)) continue;
        lk_diff *fresh = arena_vec_push(&w->memory, back);
        if (fresh == NULL) return false;
        *fresh = (lk_diff){.target = {o->container}, .kind = LK_TREE};
    }
    return true;
}

static lk_status undo_trees(undo_work *w, const undo_span *span, patch *back) {
    if (!undo_trees_find(w, span, back)) return LK_ENOMEM;
    lk_status status = LK_OK;
    for (size_t i = 0; i < back->len && status == LK_OK; i++) {
        lk_diff *diff = &back->at[i];
        if (diff->kind == LK_TREE && undo_stays(w->undo->doc, span, diff->target.index))
            status = undo_tree(w, span, diff);
    }
    return status;
}

/* What undoes span `i` behind it. */
static lk_status undo_back(undo_work *w, size_t i, patch *back) {
    const undo_span *span = &w->spans.at[i];
    lk_ids last = {&span->last, 1};
    if (w->plain.holds) {
        lk_diff *diff = arena_vec_push(&w->memory, back);
        if (diff == NULL) return LK_ENOMEM;
        lk_status status =
            undo_plain_diff(w->undo->doc, last, span->before, &w->memory, diff, &back->len);
        if (status != LK_EMISSING) return status;
    }
    const lk_event *event;
    w->lists.span = i;
    lk_status status = undo_diff(w, last, span->before, true, &event);
    for (size_t k = 0; status == LK_OK && k < event->diff_len; k++) {
        lk_diff *diff = arena_vec_push(&w->memory, back);
        if (diff == NULL) return LK_ENOMEM;
        *diff = event->diffs[k];
    }
    if (status == LK_OK)
        status =
            undo_plain_order(w->undo->doc, last, span->before, &w->memory, back->at, back->len);
    return status == LK_OK ? undo_trees(w, span, back) : status;
}

/* Put span `i`'s undoing and what was carried so far together, behind that span, and carry it to
 * behind the next. */
static lk_status undo_span_add(undo_work *w, size_t i) {
    const undo_span *span = &w->spans.at[i];
    patch back = {.memory = &w->memory, .remap = &w->undo->remap};
    const lk_event *on;
    lk_ids last = {&span->last, 1};
    lk_status status = undo_back(w, i, &back);
    if (status != LK_OK) return status;
    patch carried = w->patch;
    w->patch = (patch){.memory = &w->memory, .remap = &w->undo->remap};
    bool ready = patch_transform(&carried, back.at, back.len) &&
                 patch_compose(&w->patch, back.at, back.len) &&
                 patch_compose(&w->patch, carried.at, carried.len);
    if (!ready) return LK_ENOMEM;
    if (i + 1 == w->spans.len) return LK_OK;
    lk_ids next = {&w->spans.at[i + 1].last, 1};
    status = undo_diff(w, last, next, false, &on);
    if (status != LK_OK) return status;
    return patch_transform(&w->patch, on->diffs, on->diff_len) ? LK_OK : LK_ENOMEM;
}

static lk_status undo_spans(undo_work *w, const undo_item *item) {
    lk_status status = undo_split(w, item);
    for (size_t i = 0; i < w->spans.len && status == LK_OK; i++) status = undo_span_add(w, i);
    return status;
}

/* Movable lists that say the same before the step and behind it are put right, too. */
static bool undo_lists_tell(undo_work *w) {
    for (size_t i = 0; i < w->lists.lists.len; i++) {
        const undo_list *list = &w->lists.lists.at[i];
        lk_ref target = {list->container};
        bool told = patch_find(&w->patch, target) != NULL ||
                    !undo_stays(w->undo->doc, &w->spans.at[list->span], list->container);
        if (told) continue;
        lk_diff *fresh = arena_vec_push(&w->memory, &w->patch);
        if (fresh == NULL) return false;
        *fresh = (lk_diff){.target = target, .kind = LK_MOVABLE_LIST};
    }
    return true;
}

/* ---- stepping ---- */

static lk_status undo_apply(undo_work *w) {
    lk_undo *u = w->undo;
    apply_order order = {.diffs = w->patch.at,
                         .len = w->patch.len,
                         .unit = LK_CODEPOINT,
                         .own = true,
                         .lists = &w->lists};
    lk_commit_options options = {.origin = {"undo", 4}};
    u->busy = true;
    lk_status status = apply_diffs(u->doc, &order, &u->remap);
    if (status == LK_OK) status = lk_commit(u->doc, &options);
    u->busy = false;
    return status;
}

/* The step on top is taken back: what others did since is as if it had never been, and goes to the
 * step before. `others` is that. */
static void undo_pop(lk_undo *u, undo_stack *from, const patch *others) {
    undo_stack_clear(&u->popped);
    u->popped.items.at[u->popped.items.len++] = from->items.at[--from->items.len];
    undo_item *item = undo_stack_top(&u->popped);
    const undo_item *below = undo_stack_top(from);
    bool behind = below != NULL && below->others.len > 0 && others->len == 0;
    u->parted = from == &u->stacks[LK_UNDO] && behind;
    undo_item_empty(from, item);
    if (!undo_stack_others(&u->popped, others->at, others->len) ||
        !undo_stack_others(from, others->at, others->len))
        undo_forget(u);
}

/* What others did, if the step had not been. */
static bool undo_carry_others(undo_work *w, const patch *others, patch *out) {
    for (size_t i = 0; i < others->len; i++) {
        lk_diff *fresh = arena_vec_push(&w->memory, out);
        if (fresh == NULL) return false;
        *fresh = others->at[i];
        const lk_diff *mine = patch_find(&w->patch, fresh->target);
        if (mine == NULL) continue;
        patch_steps steps = {.memory = &w->memory};
        if (!patch_steps_transform(&steps, fresh, mine, false)) return false;
        fresh->deltas = steps.at;
        fresh->delta_len = steps.len;
    }
    return true;
}

static lk_status undo_take(undo_work *w, lk_undo_stack which, lk_undo_done *out) {
    lk_undo *u = w->undo;
    undo_stack *from = &u->stacks[which], *to = &u->stacks[!which];
    patch since = {.memory = &w->memory, .remap = &u->remap}, others = since;
    lk_status status = undo_spans(w, undo_stack_top(from));
    if (status != LK_OK) return status;
    bool ready = undo_stack_tell(from, &since) && undo_carry_others(w, &since, &others) &&
                 patch_transform(&w->patch, since.at, since.len) && undo_lists_tell(w) &&
                 vec_reserve(to->heap, &to->items, 1) &&
                 vec_reserve(u->popped.heap, &u->popped.items, 1);
    if (!ready) return LK_ENOMEM;
    out->made_start = undo_own_end(u->doc);
    status = undo_apply(w);
    /* What fits no more is left: where a mergeable child went and came, Loro loses count, too. */
    if (status != LK_OK && status != LK_ERANGE) return status;
    undo_pop(u, from, &others);
    const undo_item *item = undo_stack_top(&u->popped);
    out->popped = true;
    out->start = item->start;
    out->end = item->end;
    out->note = (lk_bytes){item->note, item->note_len};
    u->next = out->made_end = undo_own_end(u->doc);
    out->changed = out->made_end != out->made_start;
    if (out->changed) undo_stack_push(to, out->made_start, out->made_end);
    return LK_OK;
}

lk_status lk_undo_step(lk_undo *u, lk_undo_stack which, lk_undo_done *out) {
    *out = (lk_undo_done){0};
    lk_status status = lk_commit(u->doc, NULL);
    if (status != LK_OK || u->paused || u->stacks[which].items.len == 0) return status;
    if (u->doc->detached && !u->doc->edits_past) return LK_EDETACHED;
    status = sealed_open(u->doc);
    if (status != LK_OK) return status;
    undo_work w = {.undo = u, .plain = undo_plain_new()};
    arena_init(&w.memory, undo_heap(u));
    w.patch = (patch){.memory = &w.memory, .remap = &u->remap};
    w.lists = (undo_lists){.doc = u->doc, .memory = &w.memory, .elems = &u->elems};
    status = undo_take(&w, which, out);
    for (size_t i = 0; i < w.diffs.len; i++) events_release(&u->doc->events, w.diffs.at[i]);
    undo_lists_drop(&w.lists);
    arena_drop(&w.memory);
    return status;
}

/* ---- notes and cursors ---- */

bool lk_undo_pushed(lk_undo *u, lk_undo_push *out) {
    bool pushed = u->pushed;
    *out = u->push;
    u->pushed = false;
    return pushed;
}

lk_status lk_undo_note(lk_undo *u, lk_undo_stack which, lk_bytes note) {
    undo_item *top = undo_stack_top(&u->stacks[which]);
    if (top == NULL) return LK_OK;
    uint8_t *copy = NULL;
    if (note.len > 0 && (copy = mem_alloc(undo_heap(u), note.len)) == NULL) return LK_ENOMEM;
    if (note.len > 0) __builtin_memcpy(copy, note.at, note.len);
    mem_free(undo_heap(u), top->note, top->note_len);
    top->note = copy;
    top->note_len = note.len;
    return LK_OK;
}

bool lk_undo_top(const lk_undo *u, lk_undo_stack which, lk_bytes *out) {
    const undo_item *top = undo_stack_top(&u->stacks[which]);
    if (top != NULL) *out = (lk_bytes){top->note, top->note_len};
    return top != NULL;
}

/* Where a position was before a text or list was changed so; at an insert it stays in front. */
static uint32_t undo_carry_pos(const lk_diff *diff, uint32_t pos) {
    uint32_t at = 0;
    for (size_t i = 0; i < diff->delta_len && at <= pos; i++) {
        uint32_t len = diff->deltas[i].len[LK_CODEPOINT];
        if (diff->deltas[i].kind == LK_DELETE) {
            pos = pos - at > len ? pos - len : at;
            continue;
        }
        if (diff->deltas[i].kind == LK_INSERT && at == pos) break;
        if (diff->deltas[i].kind == LK_INSERT) pos += len;
        at += len;
    }
    return pos;
}

static lk_status undo_cursor_at(lk_undo *u, uint32_t id, const lk_cursor *cursor, lk_buf *out) {
    patch since = {.remap = &u->remap};
    arena memory;
    arena_init(&memory, undo_heap(u));
    since.memory = &memory;
    bool ready = u->popped.items.len == 0 || undo_stack_tell(&u->popped, &since);
    const lk_diff *diff = ready ? patch_find(&since, (lk_ref){id}) : NULL;
    uint32_t pos = cursor->origin;
    if (diff != NULL) pos = undo_carry_pos(diff, pos);
    if (cursor->at_end) pos = cursor->side == LK_LEFT ? 0 : UINT32_MAX;
    arena_drop(&memory);
    if (!ready) return LK_ENOMEM;
    return lk_cursor_new(u->doc, (lk_ref){id}, pos, LK_CODEPOINT, cursor->side, out);
}

lk_status lk_undo_cursor(lk_undo *u, lk_bytes bytes, lk_buf *out) {
    lk_cursor cursor;
    lk_ref ref;
    lk_buf spelling = {.memory = undo_heap(u)};
    lk_status status = lk_cursor_read(bytes, &cursor, &spelling, NULL);
    lk_str id = {(const char *)spelling.at, spelling.len};
    if (status == LK_OK) status = lk_container_by_id(u->doc, id, &ref);
    lk_buf_free(&spelling);
    if (status != LK_OK) return status;
    return undo_cursor_at(u, (uint32_t)remap_follow(&u->remap, ref.index), &cursor, out);
}
